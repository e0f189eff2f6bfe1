"""The controls under /_sandbox/, outside LeadSquared's own addresses."""

from __future__ import annotations

import pytest


def test_switches_are_turned_by_post_and_read_by_get(crm):
    turned = crm.control("POST", "switches", {"bad_row": "per_row"})

    assert turned.json["bad_row"] == "per_row"
    assert crm.control("GET", "switches").json["bad_row"]["allowed"] == [
        "refuse_all",
        "per_row",
        "per_row_missing",
    ]
    assert crm.bulk([crm.bad_row()]).status == 200


def test_a_wrong_switch_is_400_and_says_why(crm):
    answer = crm.control("POST", "switches", {"bad_row": "x"})

    assert answer.status == 400
    assert "refuse_all" in answer.json["error"]


def test_faults_are_armed_by_post(crm):
    crm.control("POST", "faults", {"name": "status", "status": 503, "times": 2, "after": 1})

    assert [crm.bulk([crm.row()]).status for _ in range(4)] == [200, 503, 503, 200]


def test_a_faults_options_may_be_nested(crm):
    crm.control("POST", "faults", {"name": "status", "options": {"status": 502}, "path_contains": "Users"})

    assert crm.get("UserManagement.svc/Users.Get").status == 502


@pytest.mark.parametrize("content", [{"name": "nonsense"}, {}, {"name": "html", "times": "x"}, {"name": "refuse"}])
def test_a_wrong_fault_is_400(crm, content):
    assert crm.control("POST", "faults", content).status == 400


def test_the_port_can_be_closed_for_a_while(crm, sandbox):
    answer = crm.control("POST", "faults", {"name": "refuse", "seconds": 60})

    assert answer.json == {"armed": "refuse"}
    with pytest.raises(ConnectionRefusedError):
        crm.control("GET", "switches")
    sandbox.clear()


def test_faults_are_listed_with_their_options(crm):
    listed = crm.control("GET", "faults").json

    assert listed["hang_then_write"]["options"] == {"seconds": 30.0, "answer": False}
    assert listed["paging_ignored"]["path_contains"] == "GetActivitiesOfOpportunity"


def test_activities_are_listed_all_or_posted_or_of_one_opportunity(crm, sandbox):
    crm.bulk([crm.row(note="Mine")])

    everything = crm.control("GET", "activities").json
    of_one = crm.control("GET", "activities", opportunity_id=crm.home_loan.id).json
    posted = crm.control("GET", "activities", posted=1).json

    assert len(everything) == len(sandbox.activities())
    assert {each["opportunity_id"] for each in of_one} == {crm.home_loan.id}
    assert [each["note"] for each in posted] == ["Mine"]


def test_requests_are_listed_without_those_to_the_controls(crm):
    crm.bulk([crm.row(note="Mine")])

    (request,) = crm.control("GET", "requests").json

    assert (request["method"], request["status"]) == ("POST", 200)
    assert "Mine" in request["body"]


def test_what_hangs_is_released_by_post(crm, sandbox):
    sandbox.fault("late_write")
    with pytest.raises(OSError, match=r"closed connection|reset"):
        crm.bulk([crm.row()])

    crm.control("POST", "release")

    assert len(sandbox.posted()) == 1


def test_clear_and_reset_are_posted(crm, sandbox):
    crm.bulk([crm.row()])
    crm.control("POST", "clear")
    assert (sandbox.requests, len(sandbox.posted())) == ([], 1)

    crm.control("POST", "reset")

    assert sandbox.posted() == []


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "clear", 405), ("GET", "nothing", 404)])
def test_a_wrong_verb_or_path_is_said_so(crm, method, path, status):
    assert crm.control(method, path).status == status


def test_the_controls_need_no_keys_and_no_limit_counts_them(crm, sandbox):
    sandbox.switch(day_quota=1)

    assert [crm.control("GET", "switches").status for _ in range(3)] == [200] * 3


def test_the_account_can_be_made_large(crm, sandbox):
    crm.control("POST", "enlarge", {"types": 100, "fields": 60, "users": 5000})

    own = [each for each in sandbox.activity_types if each.code < 12000]
    assert (len(own), len(sandbox.users), max(len(each.fields) for each in own)) == (100, 5000, 60)
    assert len({user.email for user in sandbox.users}) == 5000


def test_a_size_that_there_is_not_is_400(crm):
    assert crm.control("POST", "enlarge", {"leads": 7}).status == 400


def test_an_activity_can_be_rewritten_as_a_colleague_would(crm, sandbox):
    crm.bulk([crm.row(note="Met her", mx_Custom_1="Met applicant")])
    (activity,) = sandbox.posted()

    answer = crm.control("POST", "rewrite", {"id": activity.id, "note": "Never met", "values": {"mx_Custom_1": ""}})

    (after,) = sandbox.posted()
    assert answer.status == 200
    assert (after.note, after.values["mx_Custom_1"], after.owner_email) == ("Never met", "", activity.owner_email)


def test_an_activity_can_be_deleted(crm, sandbox):
    crm.bulk([crm.row(note="Mine"), crm.row(note="Yours")])
    mine, yours = sandbox.posted()

    crm.control("POST", "delete", {"id": mine.id})

    assert sandbox.posted() == [yours]
    assert crm.activities(ActivityEventCode=102).json["RecordCount"] == len(sandbox.activities(crm.home_loan.id))


@pytest.mark.parametrize(
    ("call", "content"), [("rewrite", {"id": "x"}), ("rewrite", {"id": "x", "code": 1}), ("delete", {"id": "x"})]
)
def test_what_there_is_not_cannot_be_rewritten_or_deleted(crm, call, content):
    assert crm.control("POST", call, content).status == 400
