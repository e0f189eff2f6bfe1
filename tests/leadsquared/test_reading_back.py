"""What LeadSquared really holds: all pages, whole or not, by its own clock; against the sandbox."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from activities.leadsquared import OutgoingActivity, OutgoingField, read_bulk, request_body

OWNER = "meera.iyer@sahyadrihfc.in"


@pytest.fixture
def loan(sandbox):
    return sandbox.opportunity("Asha Rao", "Home loan")


def post(client, opportunity_id, *activities):
    raw = client.post_activities(opportunity_id, request_body(activities), row_count=len(activities))
    return read_bulk(raw, row_count=len(activities)).rows


def met(note: str = "Met") -> OutgoingActivity:
    return OutgoingActivity(102, OWNER, note, (OutgoingField("mx_Custom_1", "Pune"),))


def test_posted_activities_are_read_back_with_their_values_and_the_servers_time(client, sandbox, loan):
    rows = post(client, loan.id, met("Met at home"))

    listed = client.activities_of_opportunity(loan.id, columns=["mx_Custom_1"])

    mine = next(each for each in listed.found if each.id == rows[0].activity_id)
    assert (mine.code, mine.note, mine.values["mx_Custom_1"]) == (102, "Met at home", "Pune")
    assert mine.created_by == sandbox.key_user.email
    assert listed.whole is True
    assert abs(listed.server_time - datetime.now(UTC)) < timedelta(seconds=5)


def test_activities_are_read_by_type(client, loan):
    post(client, loan.id, met())

    assert {each.code for each in client.activities_of_opportunity(loan.id, code=102).found} == {102}


def test_activities_from_before_are_left_out_and_the_list_stays_whole(client, loan):
    post(client, loan.id, met())

    listed = client.activities_of_opportunity(loan.id, since=datetime.now(UTC) + timedelta(hours=1))

    assert (listed.found, listed.whole) == ((), True)


@pytest.mark.parametrize("paging", ["page_index", "offset", "both"])
def test_every_page_of_a_long_list_is_read(client, sandbox, loan, paging):
    sandbox.switch(activity_paging=paging, activity_page_size=100)
    _fill(sandbox, loan, 120)

    listed = client.activities_of_opportunity(loan.id, code=102)

    assert (len(listed.found), listed.whole) == (120, True)


def test_smaller_pages_than_asked_for_are_all_read(client, sandbox, loan):
    sandbox.switch(activity_page_size=30, over_page_size="clamp")
    _fill(sandbox, loan, 70)

    listed = client.activities_of_opportunity(loan.id, code=102)

    assert (len(listed.found), listed.whole) == (70, True)


def test_a_list_whose_paging_is_ignored_is_not_whole(client, sandbox, loan):
    sandbox.switch(activity_paging="ignored")
    _fill(sandbox, loan, 40)

    listed = client.activities_of_opportunity(loan.id, code=102)

    assert (len(listed.found), listed.whole) == (25, False)


def test_a_list_that_lags_is_not_whole(client, sandbox, loan):
    sandbox.switch(index_lag_seconds=60, record_count="ahead")
    post(client, loan.id, met())

    assert client.activities_of_opportunity(loan.id, code=102).whole is False


def test_the_trail_of_a_lead_shows_at_once_what_was_posted(client, sandbox, loan):
    sandbox.switch(index_lag_seconds=60)
    rows = post(client, loan.id, met("On the trail"))

    trail = client.activities_of_lead(loan.lead_id)

    mine = next(each for each in trail.found if each.id == rows[0].activity_id)
    assert (mine.code, mine.note, mine.values["mx_Custom_1"]) == (102, "On the trail", "Pune")


def _fill(sandbox, loan, count):
    for number in range(count):
        sandbox.add_activity(loan.id, code=102, note=f"Number {number}", owner_email=OWNER)
