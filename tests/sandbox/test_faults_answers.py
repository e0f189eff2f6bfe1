"""Faults of LeadSquared's own answers and of the world around it."""

from __future__ import annotations

import json

import pytest

from lsqportal.sandbox import FAULTS
from lsqportal.sandbox.faults_answers import EXCEPTION_TYPES, TOPS, WRONG_TYPES

# What the promise "nothing lost, nothing twice, nobody guesses" is tested against
ASKED_FOR = {
    "refuse",
    "accept_and_never_answer",
    "hang_then_write",
    "hang_then_not_write",
    "late_write",
    "reset_before_write",
    "reset_after_write",
    "cut_body",
    "html",
    "empty_body",
    "wrong_types",
    "nul_in_answer",
    "lone_surrogates",
    "nested_lists",
    "rows_missing",
    "rows_doubled",
    "rows_shuffled",
    "row_number_text",
    "ok_with_error_body",
    "rate_429",
    "rate_403",
    "rate_200",
    "error_500",
    "error_500_without_envelope",
    "unauthorized",
    "unauthorized_for_opportunity",
    "yes_without_id",
    "yes_with_foreign_id",
    "refusal_after_partial_write",
    "paging_ignored",
    "owner_replaced",
    "note_changed",
    "identical_row_by_colleague",
    "identical_row_on_other_opportunity",
    "slow_bytes",
    "redirect",
    "oversized_body",
    "wrong_content_type",
    "clock_off",
    "status",
}


@pytest.fixture
def three(crm):
    return [crm.row(note="First"), crm.row(note="Second"), crm.row(note="Third")]


def test_there_is_a_fault_for_everything_that_is_asked_for():
    assert not ASKED_FOR - set(FAULTS)


@pytest.mark.parametrize("exception_type", sorted(EXCEPTION_TYPES))
def test_every_exception_type_can_be_answered(crm, sandbox, exception_type):
    sandbox.fault("error_500", exception_type=exception_type)

    answer = crm.bulk([crm.row()])

    status, words = EXCEPTION_TYPES[exception_type]
    assert answer.status == status
    assert answer.json == {"Status": "Error", "ExceptionType": exception_type, "ExceptionMessage": words}
    assert sandbox.posted() == []


def test_an_errors_words_and_status_can_be_chosen(crm, sandbox):
    sandbox.fault("error_500", exception_type="MXTimeoutException", message="Too slow", status=504, write=True)

    answer = crm.bulk([crm.row()])

    assert (answer.status, answer.json["ExceptionMessage"]) == (504, "Too slow")
    assert len(sandbox.posted()) == 1


def test_a_500_may_have_no_envelope(crm, sandbox):
    sandbox.fault("error_500_without_envelope")

    answer = crm.bulk([crm.row()])

    assert answer.status == 500
    assert b"Runtime Error" in answer.body


@pytest.mark.parametrize("status", [201, 204, 400, 404, 408, 413, 418, 502, 503, 504, 520])
def test_any_status_can_be_answered_without_an_envelope(crm, sandbox, status):
    sandbox.fault("status", status=status)

    answer = crm.bulk([crm.row()])

    assert (answer.status, answer.body) == (status, b"")


def test_any_status_can_be_answered_with_an_envelope(crm, sandbox):
    sandbox.fault("status", status=400, exception_type="MXInvalidInputException", message="No")

    assert crm.bulk([crm.row()]).json["ExceptionMessage"] == "No"


@pytest.mark.parametrize(("name", "status"), [("rate_429", 429), ("rate_403", 403), ("rate_200", 200)])
def test_a_rate_answer_comes_in_three_ways(crm, sandbox, name, status):
    sandbox.fault(name)

    answer = crm.bulk([crm.row()])

    assert (answer.status, answer.json["ExceptionType"]) == (status, "MXAPIRateLimitExceededException")
    assert sandbox.posted() == []


def test_keys_may_suddenly_be_refused(crm, sandbox):
    sandbox.fault("unauthorized", path_contains="")

    assert crm.get("UserManagement.svc/Users.Get").status == 401
    assert crm.get("UserManagement.svc/Users.Get").status == 200


def test_one_opportunity_may_be_forbidden(crm, sandbox):
    other = sandbox.opportunity("Asha Rao", "Balance transfer")
    sandbox.fault("unauthorized_for_opportunity", times=9, opportunity_id=crm.home_loan.id)

    forbidden = crm.bulk([crm.row()])
    assert (forbidden.status, forbidden.json["ExceptionType"]) == (401, "MXUnAuthorizedAccessException")
    assert crm.bulk([crm.row()], opportunity_id=other.id).status == 200
    assert crm.get("Authentication.svc/UserByAccessKey.Get").status == 200


def test_the_wrong_region_is_401_and_names_the_right_host(crm, sandbox):
    sandbox.fault("wrong_region")

    answer = crm.bulk([crm.row()])

    assert answer.status == 401
    assert "api-in22.leadsquared.com" in answer.json["ExceptionMessage"]


@pytest.mark.parametrize(("failed", "word"), [(False, "Error"), (True, "Failed")])
def test_200_may_carry_an_error(crm, sandbox, failed, word):
    sandbox.fault("ok_with_error_body", failed=failed)

    answer = crm.bulk([crm.row()])

    assert (answer.status, answer.json["Status"]) == (200, word)


@pytest.mark.parametrize(
    ("options", "notes"), [({}, ["First", "Second"]), ({"written": 1}, ["First"]), ({"written": 0}, [])]
)
def test_a_refusal_may_have_written_the_rows_before_the_bad_one(crm, sandbox, three, options, notes):
    sandbox.fault("refusal_after_partial_write", **options)

    answer = crm.bulk(three)

    assert (answer.status, answer.json["ExceptionType"]) == (500, "MXInvalidDataTypeException")
    assert [activity.note for activity in sandbox.posted()] == notes


@pytest.mark.parametrize(("options", "numbers"), [({}, [1, 2]), ({"count": 2}, [1]), ({"row": 1}, [2, 3])])
def test_rows_may_be_missing_from_the_answer_though_written(crm, sandbox, three, options, numbers):
    sandbox.fault("rows_missing", **options)

    assert [row["RowNumber"] for row in crm.bulk(three).rows] == numbers
    assert len(sandbox.posted()) == 3


def test_rows_may_be_answered_twice(crm, sandbox, three):
    sandbox.fault("rows_doubled")

    assert [row["RowNumber"] for row in crm.bulk(three).rows] == [1, 1, 2, 2, 3, 3]


def test_a_doubled_row_may_contradict_itself(crm, sandbox, three):
    sandbox.fault("rows_doubled", contradict=True)

    assert [row["ActivityCreated"] for row in crm.bulk(three).rows] == [True, False] * 3


def test_rows_may_be_out_of_order(crm, sandbox, three):
    sandbox.fault("rows_shuffled")

    answer = crm.bulk(three)

    stored = {activity.id: activity.note for activity in sandbox.posted()}
    assert [row["RowNumber"] for row in answer.rows] == [3, 2, 1]
    assert stored[answer.rows[0]["ProspectActivityId"]] == "Third"


def test_row_numbers_may_be_text(crm, sandbox, three):
    sandbox.fault("row_number_text")

    assert [row["RowNumber"] for row in crm.bulk(three).rows] == ["1", "2", "3"]


def test_row_numbers_may_be_of_rows_that_were_never_sent(crm, sandbox, three):
    sandbox.fault("row_number_foreign")

    assert [row["RowNumber"] for row in crm.bulk(three).rows] == [100, 101, 102]


@pytest.mark.parametrize("write", [True, False])
def test_a_yes_may_have_no_id(crm, sandbox, write):
    sandbox.fault("yes_without_id", write=write)

    (row,) = crm.bulk([crm.row()]).rows

    assert (row["ActivityCreated"], row["ProspectActivityId"]) == (True, None)
    assert len(sandbox.posted()) == int(write)


def test_a_yes_may_have_somebody_elses_id(crm, sandbox):
    sandbox.fault("yes_with_foreign_id")

    (row,) = crm.bulk([crm.row()]).rows

    assert row["ProspectActivityId"] in {activity.id for activity in sandbox.activities() if activity.seeded}


def test_a_yes_may_have_written_nothing(crm, sandbox, three):
    sandbox.fault("yes_that_wrote_nothing")

    assert len(crm.bulk(three).rows) == 3
    assert sandbox.posted() == []


@pytest.mark.parametrize("how", sorted(WRONG_TYPES))
def test_rows_of_wrong_types_are_json_and_written(crm, sandbox, how):
    sandbox.fault("wrong_types", how=how)

    answer = crm.bulk([crm.row()])

    assert set(answer.json) == {"Response"}
    assert len(sandbox.posted()) == 1


@pytest.mark.parametrize("how", sorted(TOPS))
def test_an_answer_may_be_no_object(crm, sandbox, how):
    sandbox.fault("wrong_types", how=how)

    assert not isinstance(crm.bulk([crm.row()]).json, dict)


@pytest.mark.parametrize(
    ("name", "options", "piece"),
    [
        ("nul_in_answer", {}, b"\\u0000"),
        ("nul_in_answer", {"raw": True}, b"\x00"),
        ("lone_surrogates", {}, b'"\\ud83d"'),
        ("huge_number", {}, b"9" * 5000),
        ("not_a_number", {}, b"NaN"),
        ("not_utf8", {}, b"\xff\xfe"),
        ("byte_order_mark", {}, b"\xef\xbb\xbf{"),
        ("nested_lists", {}, b"[" * 10000),
    ],
)
def test_an_answer_may_hold_what_breaks_parsers_and_databases(crm, sandbox, name, options, piece):
    sandbox.fault(name, **options)

    answer = crm.bulk([crm.row()])

    assert answer.status == 200
    assert piece in answer.body
    assert len(sandbox.posted()) == 1


def test_nested_lists_may_be_the_whole_answer(crm, sandbox):
    sandbox.fault("nested_lists", beside=False)

    answer = crm.bulk([crm.row()])

    with pytest.raises(RecursionError):
        json.loads(answer.body)


def test_a_list_may_ignore_paging(crm, sandbox):
    for number in range(30):
        sandbox.add_activity(crm.home_loan.id, code=102, note=str(number), owner_email="kabir.shah@x.in")
    sandbox.fault("paging_ignored", times=2)
    paging = {"Paging": {"PageIndex": 2, "PageSize": 10}}

    first, second = (crm.activities(paging, activityEventCode=102).json["List"] for _ in range(2))

    assert len(first) == 25
    assert first == second
    assert len(crm.activities(paging, activityEventCode=102).json["List"]) == 10


def test_an_owner_may_be_replaced_by_the_keys_user(crm, sandbox):
    sandbox.fault("owner_replaced")

    answer = crm.bulk([crm.row()])

    assert answer.rows[0]["ActivityCreated"] is True
    assert sandbox.posted()[0].owner_email == sandbox.key_user.email


def test_a_note_may_be_changed_by_an_automation(crm, sandbox):
    sandbox.fault("note_changed", added=" (checked)")

    crm.bulk([crm.row(note="Met")])

    assert sandbox.posted()[0].note == "Met (checked)"


@pytest.mark.parametrize("after_write", [True, False])
def test_a_colleague_may_post_the_same_at_the_same_time(crm, sandbox, after_write):
    sandbox.fault("identical_row_by_colleague", after_write=after_write)

    (row,) = crm.bulk([crm.row()]).rows

    ours = next(activity for activity in sandbox.posted() if activity.id == row["ProspectActivityId"])
    (theirs,) = (activity for activity in sandbox.posted() if activity.id != ours.id)
    assert (theirs.note, theirs.values, theirs.owner_email) == (ours.note, ours.values, ours.owner_email)
    assert theirs.opportunity_id == ours.opportunity_id
    assert theirs.created_by_email == "rohan.deshpande@sahyadrihfc.in"


def test_the_same_may_appear_on_the_leads_other_opportunity(crm, sandbox):
    sandbox.fault("identical_row_on_other_opportunity", row=2)

    crm.bulk([crm.row(note="First"), crm.row(note="Second")])

    (elsewhere,) = (each for each in sandbox.posted() if each.opportunity_id != crm.home_loan.id)
    assert elsewhere.note == "Second"
    assert elsewhere.lead_id == crm.home_loan.lead_id
    assert elsewhere.created_by_email == sandbox.key_user.email


def test_what_a_colleague_does_goes_with_what_the_line_does(crm, sandbox):
    sandbox.fault("identical_row_by_colleague")
    sandbox.fault("error_500_without_envelope", write=False)

    assert crm.bulk([crm.row()]).status == 500

    assert [activity.created_by_email for activity in sandbox.posted()] == ["rohan.deshpande@sahyadrihfc.in"]
