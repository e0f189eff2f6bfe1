"""The account's limits: a strict sliding window by arrival, and the day (leadsquared-api §14)."""

from __future__ import annotations

import pytest

from lsqportal.sandbox.limits import Limits
from lsqportal.sandbox.switches import Switches

KEY_CHECK = "Authentication.svc/UserByAccessKey.Get"
BULK_PATH = "/v2/ProspectActivity.svc/Bulk/CustomActivity/Add/ByOpportunityId"


def let_in(limits, *arrivals, path="/v2/x"):
    return [limits.turned_away(path, at) is None for at in arrivals]


def test_there_is_no_limit_unless_switched_on(crm):
    assert {crm.get(KEY_CHECK).status for _ in range(40)} == {200}


def test_one_call_too_many_is_429_in_the_sheets_words(crm, sandbox):
    sandbox.switch(rate="3/5s")

    answers = [crm.get(KEY_CHECK) for _ in range(4)]

    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[3].json == {
        "Status": "Error",
        "ExceptionType": "MXAPIRateLimitExceededException",
        "ExceptionMessage": "API calls exceeded the limit of 3 in 5 second(s)",
    }


@pytest.mark.parametrize("status", [429, 403, 200])
def test_the_status_of_a_rate_answer_is_a_switch(crm, sandbox, status):
    sandbox.switch(rate="1/5s", rate_answer=status)
    crm.get(KEY_CHECK)

    answer = crm.get(KEY_CHECK)

    assert (answer.status, answer.json["Status"]) == (status, "Error")


def test_no_retry_after_is_sent(crm, sandbox):
    sandbox.switch(rate="1/5s")
    crm.get(KEY_CHECK)

    assert "retry-after" not in crm.get(KEY_CHECK).headers


def test_retry_after_may_be_sent(crm, sandbox):
    sandbox.switch(rate="1/5s", retry_after=4)
    crm.get(KEY_CHECK)

    assert crm.get(KEY_CHECK).headers["retry-after"] == "4"


def test_a_call_that_is_turned_away_writes_nothing(crm, sandbox):
    sandbox.switch(rate="1/5s")
    crm.bulk([crm.row(note="First")])
    crm.bulk([crm.row(note="Second")])

    assert [activity.note for activity in sandbox.posted()] == ["First"]


def test_the_bulk_call_may_have_a_limit_of_its_own(crm, sandbox):
    sandbox.switch(bulk_rate="1/5s")

    statuses = [crm.bulk([crm.row(note=str(number))]).status for number in range(2)]

    assert statuses == [200, 429]
    assert crm.get(KEY_CHECK).status == 200


def test_the_window_slides_with_the_arrivals():
    limits = Limits(Switches(rate="2/5s"))

    assert let_in(limits, 100.0, 104.9, 104.99, 105.0, 105.1, 109.9, 110.0) == [
        True,
        True,
        False,
        True,
        False,
        True,
        True,
    ]


def test_a_call_that_was_turned_away_does_not_count():
    limits = Limits(Switches(rate="1/5s"))

    assert let_in(limits, 100.0, 101.0, 102.0, 103.0, 105.0) == [True, False, False, False, True]


def test_bulk_calls_count_for_both_limits():
    limits = Limits(Switches(rate="2/5s", bulk_rate="1/5s"))

    assert let_in(limits, 100.0, 100.1, path=BULK_PATH) == [True, False]
    assert let_in(limits, 100.2, 100.3) == [True, False]


@pytest.mark.parametrize("status", [429, 403, 200])
def test_a_used_up_day_stops_every_call(crm, sandbox, status):
    sandbox.switch(day_quota=2, day_quota_answer=status)
    crm.get(KEY_CHECK)
    crm.get(KEY_CHECK)

    answer = crm.get(KEY_CHECK)

    assert (answer.status, answer.json["ExceptionMessage"]) == (
        status,
        "API calls exceeded the limit of 2 in 1 day(s)",
    )


def test_clear_begins_a_new_day(crm, sandbox):
    sandbox.switch(day_quota=1)
    crm.get(KEY_CHECK)
    sandbox.clear()
    sandbox.switch(day_quota=1)

    assert crm.get(KEY_CHECK).status == 200


def test_wrong_keys_use_up_nothing(crm, sandbox):
    sandbox.switch(rate="1/5s")
    crm.send("GET", KEY_CHECK, headers={})

    assert crm.get(KEY_CHECK).status == 200
