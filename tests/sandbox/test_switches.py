"""Every open question of leadsquared-api §19 is a switch, and every switch does what its table says."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from lsqportal.sandbox import SWITCHES
from lsqportal.sandbox.switches import Switches


def test_every_line_of_section_19_that_can_be_switched_is():
    lines = {int(each.section.removeprefix("19.")) for each in SWITCHES if each.section.startswith("19.")}

    assert lines == set(range(1, 20)) - {11, 17, 19}


def test_every_default_is_allowed():
    assert Switches(**{each.name: each.default for each in SWITCHES}).changed() == {}


def test_every_value_that_the_table_allows_can_be_set(sandbox):
    kinds = {"<number>": 7, "<seconds>": -1.5, "<rate>": "3/2s"}

    for name, value in itertools.chain.from_iterable(
        [(each.name, kinds.get(value, value)) for value in each.allowed] for each in SWITCHES
    ):
        sandbox.switch(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("no_such_switch", "x"),
        ("bad_row", "sometimes"),
        ("rate", "25 in 5"),
        ("rate", "0/5s"),
        ("day_quota", "many"),
        ("index_lag_seconds", "soon"),
        ("bad_row", "<number>"),
    ],
)
def test_an_unknown_switch_or_value_raises(sandbox, name, value):
    with pytest.raises(ValueError, match=name):
        sandbox.switch(**{name: value})


def test_of_several_switches_one_wrong_leaves_all_as_they_were(crm, sandbox):
    with pytest.raises(ValueError, match="over_25"):
        sandbox.switch(bad_row="per_row", over_25="x")

    assert crm.bulk([crm.bad_row()]).status == 500


def test_clear_puts_switches_faults_and_requests_back(crm, sandbox):
    sandbox.switch(bad_row="per_row")
    sandbox.fault("html")
    sandbox.clear()

    assert sandbox.requests == []
    assert crm.bulk([crm.bad_row()]).status == 500


def test_clear_keeps_what_was_posted_and_reset_does_not(crm, sandbox):
    crm.bulk([crm.row()])

    sandbox.clear()
    assert len(sandbox.posted()) == 1
    sandbox.reset()
    assert sandbox.posted() == []


# 1: failed rows


def test_a_bad_row_may_fail_by_itself(crm, sandbox):
    sandbox.switch(bad_row="per_row")

    answer = crm.bulk([crm.row(), crm.bad_row(), crm.row(note="Third")])

    assert answer.status == 200
    assert [row["ActivityCreated"] for row in answer.rows] == [True, False, True]
    assert answer.rows[1] == {
        "ProspectActivityId": None,
        "ExceptionType": "MXInvalidActivityException",
        "ErrorMessage": "Event Code is invalid or empty",
        "RowNumber": 2,
        "ActivityCreated": False,
    }
    assert len(sandbox.posted()) == 2


def test_a_bad_row_may_be_missing_from_the_answer(crm, sandbox):
    sandbox.switch(bad_row="per_row_missing")

    answer = crm.bulk([crm.row(), crm.bad_row(), crm.row(note="Third")])

    assert [row["RowNumber"] for row in answer.rows] == [1, 3]
    assert len(sandbox.posted()) == 2


@pytest.mark.parametrize(
    ("written", "notes"),
    [
        ("nothing", []),
        ("rows_before_the_bad_one", ["First"]),
        ("all_good_rows", ["First", "Third"]),
    ],
)
def test_what_a_refused_call_writes_is_a_switch(crm, sandbox, written, notes):
    sandbox.switch(refused_writes=written)

    answer = crm.bulk([crm.row(note="First"), crm.bad_row(), crm.row(note="Third")])

    assert answer.status == 500
    assert [activity.note for activity in sandbox.posted()] == notes


@pytest.mark.parametrize("status", [500, 400, 200])
def test_the_status_of_a_refusal_is_a_switch(crm, sandbox, status):
    sandbox.switch(refusal_status=status)

    answer = crm.bulk([crm.bad_row()])

    assert (answer.status, answer.json["Status"]) == (status, "Error")


@pytest.mark.parametrize("key", ["ErrorMessage", "ExceptionMessage", "Message"])
def test_the_key_of_a_failed_rows_words_is_a_switch(crm, sandbox, key):
    sandbox.switch(bad_row="per_row", failed_row_words=key)

    assert crm.bulk([crm.bad_row()]).rows[0][key] == "Event Code is invalid or empty"


def test_a_failed_row_may_say_nothing_at_all(crm, sandbox):
    sandbox.switch(bad_row="per_row", failed_row_words="none", failed_row_type="absent", failed_row_id="absent")

    assert crm.bulk([crm.bad_row()]).rows == [{"RowNumber": 1, "ActivityCreated": False}]


def test_a_failed_rows_id_may_be_an_empty_text(crm, sandbox):
    sandbox.switch(bad_row="per_row", failed_row_id="empty")

    assert crm.bulk([crm.bad_row()]).rows[0]["ProspectActivityId"] == ""


def test_row_numbers_may_be_texts(crm, sandbox):
    sandbox.switch(row_numbers="text")

    assert [row["RowNumber"] for row in crm.bulk([crm.row(), crm.row(note="2")]).rows] == ["1", "2"]


def test_row_numbers_may_be_missing(crm, sandbox):
    sandbox.switch(row_numbers="missing")

    assert "RowNumber" not in crm.bulk([crm.row()]).rows[0]


def test_an_answer_may_only_count(crm, sandbox):
    sandbox.switch(answer_shape="count")

    answer = crm.bulk([crm.row(), crm.row(note="2")])

    assert answer.json == {"Status": "Success", "Message": {"Count": 2}}


# 2: duplicates


@pytest.mark.parametrize(
    ("value", "status", "stored"), [("create_all", 200, 2), ("create_one", 200, 1), ("error", 500, 0)]
)
def test_what_identical_rows_become_is_a_switch(crm, sandbox, value, status, stored):
    sandbox.switch(duplicate_rows=value)

    answer = crm.bulk([crm.row(), crm.row()])

    assert (answer.status, len(sandbox.posted())) == (status, stored)


def test_identical_rows_made_one_share_its_id(crm, sandbox):
    sandbox.switch(duplicate_rows="create_one")

    first, second = crm.bulk([crm.row(), crm.row()]).rows

    assert first["ProspectActivityId"] == second["ProspectActivityId"]
    assert second["ActivityCreated"] is True


# 3: ValidateDropDownOptions


def outside(crm, **more):
    return {**crm.row(208, mx_Custom_1="Locked"), **more}


def test_true_skips_the_validation_as_documented(crm):
    assert crm.bulk([outside(crm, ValidateDropDownOptions=True)]).status == 200
    assert crm.bulk([outside(crm, ValidateDropDownOptions=False)]).status == 500


def test_true_may_enforce_as_the_name_says(crm, sandbox):
    sandbox.switch(validate_dropdown="true_enforces", dropdown_default="store")

    assert crm.bulk([outside(crm, ValidateDropDownOptions=True)]).status == 500
    assert crm.bulk([outside(crm)]).status == 200


def test_the_parameter_may_be_ignored(crm, sandbox):
    sandbox.switch(validate_dropdown="ignored")

    assert crm.bulk([outside(crm, ValidateDropDownOptions=True)]).status == 500


def test_an_account_may_store_any_value_by_default(crm, sandbox):
    sandbox.switch(dropdown_default="store")

    crm.bulk([outside(crm)])

    assert sandbox.posted()[0].values["mx_Custom_1"] == "Locked"


@pytest.mark.parametrize(
    ("place", "in_object", "in_query"), [("object", 200, 500), ("query", 500, 200), ("both", 200, 200)]
)
def test_where_the_parameter_is_looked_for_is_a_switch(crm, sandbox, place, in_object, in_query):
    sandbox.switch(validate_dropdown_place=place)

    assert crm.bulk([outside(crm, ValidateDropDownOptions=True)]).status == in_object
    assert crm.bulk([outside(crm)], ValidateDropDownOptions="true").status == in_query


# 4: undocumented keys


def test_an_activity_date_is_ignored_by_default(crm, sandbox):
    crm.bulk([{**crm.row(), "ActivityDateTime": "2001-02-03 04:05:06"}])

    assert not sandbox.posted()[0].created_on.startswith("2001")


def test_an_activity_date_may_be_honoured(crm, sandbox):
    sandbox.switch(activity_date_time="honoured")

    crm.bulk([{**crm.row(), "ActivityDateTime": "2001-02-03 04:05:06"}])

    assert sandbox.posted()[0].created_on == "2001-02-03 04:05:06"


@pytest.mark.parametrize(
    ("switch", "key"),
    [("activity_date_time", "ActivityDateTime"), ("process_files_async", "ProcessFilesAsync")],
)
def test_undocumented_keys_may_be_refused(crm, sandbox, switch, key):
    sandbox.switch(**{switch: "refused"})

    assert crm.bulk([{**crm.row(), key: "x"}]).status == 500


# 5: owners


@pytest.mark.parametrize("switch", ["owner_missing", "owner_unknown", "owner_inactive"])
def test_a_bad_owner_may_fall_back_to_the_keys_user(crm, sandbox, switch):
    inactive = next(user for user in sandbox.users if not user.active)
    owner = {"owner_missing": "", "owner_unknown": "x@y.zz", "owner_inactive": inactive.email}[switch]
    sandbox.switch(**{switch: "fall_back_to_key_user"})

    crm.bulk([crm.row(owner=owner)])

    assert sandbox.posted()[0].owner_email == sandbox.key_user.email


# 6: opportunities


@pytest.mark.parametrize(("value", "status"), [("accept", 200), ("refuse", 500)])
def test_whether_a_closed_opportunity_takes_activities_is_a_switch(crm, sandbox, value, status):
    sandbox.switch(closed_opportunity=value)
    closed = sandbox.opportunity("Asha Rao", "Personal loan")

    assert crm.bulk([crm.row()], opportunity_id=closed.id).status == status


@pytest.mark.parametrize(("value", "status"), [("any", 200), ("associated", 500)])
def test_whether_a_type_must_be_enabled_for_the_opportunitys_type_is_a_switch(crm, sandbox, value, status):
    sandbox.switch(types_per_opportunity=value)
    row = crm.row(267, mx_Custom_1="Qatar")

    assert crm.bulk([row]).status == status


# 18: automations


def test_an_automation_may_add_an_activity_of_its_own(crm, sandbox):
    sandbox.switch(automations="add_activity")

    answer = crm.bulk([crm.row()])

    assert [activity.code for activity in sandbox.posted()] == [102, 3002]
    assert len(answer.rows) == 1


# What tests may change


def test_a_record_can_be_changed_under_the_clients_feet(crm, sandbox):
    kyc = sandbox.activity_type(208)
    outcome = dataclasses.replace(kyc.fields[0], options=("Met nobody",))
    sandbox.change(dataclasses.replace(kyc, fields=(outcome, *kyc.fields[1:])))

    assert crm.bulk([crm.row(208, mx_Custom_1="Met applicant")]).status == 500
    assert crm.bulk([crm.row(208, mx_Custom_1="Met nobody")]).status == 200
