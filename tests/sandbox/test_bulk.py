"""The bulk call as its page documents it, and what is known of its refusals (leadsquared-api §1, §15)."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
VENDORS_EXAMPLE = [
    {
        "ActivityEvent": 208,
        "ActivityNote": "PAN collected",
        "ActivityOwnerEmail": "meera.iyer@sahyadrihfc.in",
        "Fields": [{"SchemaName": "mx_Custom_2", "Value": "AAAAA1111A"}],
    },
    {
        "ActivityEvent": 102,
        "ActivityNote": "Meeting completed",
        "ActivityOwnerEmail": "kabir.shah@sahyadrihfc.in",
    },
]


def refusal(answer):
    return answer.status, answer.json.get("ExceptionType"), answer.json.get("ExceptionMessage")


def test_the_vendors_own_example_creates_two_activities(crm):
    answer = crm.bulk(VENDORS_EXAMPLE)

    assert answer.status == 200
    assert [row["RowNumber"] for row in answer.rows] == [1, 2]
    assert [row["ActivityCreated"] for row in answer.rows] == [True, True]
    assert all(GUID.fullmatch(row["ProspectActivityId"]) for row in answer.rows)


def test_the_answer_has_only_the_documented_keys(crm):
    answer = crm.bulk(VENDORS_EXAMPLE)

    assert set(answer.json) == {"Response"}
    assert set(answer.rows[0]) == {"ProspectActivityId", "RowNumber", "ActivityCreated"}


def test_what_was_sent_is_what_is_stored(crm, sandbox):
    answer = crm.bulk(VENDORS_EXAMPLE)

    first, second = sandbox.posted(crm.home_loan.id)
    assert [first.id, second.id] == [row["ProspectActivityId"] for row in answer.rows]
    assert (first.code, first.note, first.values) == (208, "PAN collected", {"mx_Custom_2": "AAAAA1111A"})
    assert (first.owner_email, second.owner_email) == (
        "meera.iyer@sahyadrihfc.in",
        "kabir.shah@sahyadrihfc.in",
    )
    assert first.created_by_email == sandbox.key_user.email


def test_without_a_date_an_activity_gets_the_servers_time(crm, sandbox):
    sandbox.switch(clock_offset_seconds=-86400 * 365)

    date = crm.bulk([crm.row()]).headers["date"]

    stored = datetime.strptime(sandbox.posted()[0].created_on, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    assert abs(stored - parsedate_to_datetime(date)) <= timedelta(seconds=1)


def test_25_rows_are_taken(crm, sandbox):
    answer = crm.bulk([crm.row(note=f"No. {number}") for number in range(25)])

    assert [row["RowNumber"] for row in answer.rows] == list(range(1, 26))
    assert len(sandbox.posted()) == 25


def test_26_rows_are_refused_and_none_is_written(crm, sandbox):
    answer = crm.bulk([crm.row(note=f"No. {number}") for number in range(26)])

    assert answer.status == 500
    assert sandbox.posted() == []


def test_26_rows_may_be_truncated_to_25(crm, sandbox):
    sandbox.switch(over_25="truncate")

    answer = crm.bulk([crm.row(note=f"No. {number}") for number in range(26)])

    assert (len(answer.rows), len(sandbox.posted())) == (25, 25)


@pytest.mark.parametrize("body", [{"ActivityEvent": 102}, {"Activities": []}, "text", 1])
def test_a_body_that_is_no_array_is_400(crm, body):
    answer = crm.bulk(body)

    assert answer.status == 400
    assert answer.json["ExceptionMessage"].startswith("Cannot deserialize the current JSON array into type")


def test_no_body_at_all_is_400(crm):
    path = "ProspectActivity.svc/Bulk/CustomActivity/Add/ByOpportunityId"

    assert crm.post(path, opportunityId=crm.home_loan.id).status == 400


@pytest.mark.parametrize(("answer", "status"), [("empty_response", 200), ("error_400", 400), ("error_500", 500)])
def test_what_an_empty_array_gets_is_a_switch(crm, sandbox, answer, status):
    sandbox.switch(empty_array=answer)

    assert crm.bulk([]).status == status


@pytest.mark.parametrize("code", [999, 0, -1, "", None, "abc", True, 12000, 3002, 2.5])
def test_an_event_code_that_is_no_activity_type_is_refused(crm, code):
    assert refusal(crm.bulk([{**crm.row(), "ActivityEvent": code}])) == (
        500,
        "MXInvalidActivityException",
        "Event Code is invalid or empty",
    )


def test_an_event_code_may_be_written_as_text(crm):
    assert crm.bulk([{**crm.row(), "ActivityEvent": "102"}]).status == 200


def test_a_missing_mandatory_field_is_refused_in_the_sheets_words(crm):
    row = crm.document()
    row["Fields"] = [field for field in row["Fields"] if field["SchemaName"] != "mx_Custom_1"]

    assert refusal(crm.bulk([row])) == (
        500,
        "MXInvalidActivityFieldsException",
        "Field name : 'mx_Custom_1' of datatype : 'SearchableDropdown' is mandatory.",
    )


def test_an_empty_mandatory_field_is_refused_too(crm):
    answer = crm.bulk([crm.document(mx_Custom_3=" ")])

    assert answer.json["ExceptionMessage"] == ("Field name : 'mx_Custom_3' of datatype : 'DateTime' is mandatory.")


@pytest.mark.parametrize("name", ["mx_Custom_49", "mx_custom_2", "PAN number", "", None])
def test_a_schema_name_that_the_type_has_not_is_refused(crm, name):
    row = crm.row(208)
    row["Fields"] = [{"SchemaName": name, "Value": "x"}]

    assert refusal(crm.bulk([row]))[:2] == (500, "MXUnknownAttributeException")


@pytest.mark.parametrize(
    ("code", "name", "value"),
    [
        (208, "mx_Custom_6", "twelve"),
        (208, "mx_Custom_6", "1,200"),
        (208, "mx_Custom_3", "2031-02-03"),
        (208, "mx_Custom_3", "03/02/2031 09:10:11"),
        (208, "mx_Custom_3", "2031-02-03T09:10:11Z"),
        (208, "mx_Custom_3", "2031-02-30 09:10:11"),
        (208, "mx_Custom_8", "yes"),
        (208, "mx_Custom_7", "phone"),
        (211, "mx_Custom_1", "no e-mail"),
        (249, "mx_Custom_2", "no e-mail"),
        (252, "mx_Custom_2", "no address"),
        (270, "mx_Custom_1", "25:00"),
    ],
)
def test_a_value_of_a_wrong_type_is_refused(crm, code, name, value):
    mandatory = {249: {"mx_Custom_1": "N. Rao"}, 270: {"mx_Custom_4": "1"}}.get(code, {})

    answer = crm.bulk([crm.row(code, **{**mandatory, name: value})])

    assert refusal(answer)[:2] == (500, "MXInvalidDataTypeException")
    assert name in answer.json["ExceptionMessage"]


@pytest.mark.parametrize(
    ("code", "name", "value"),
    [
        (208, "mx_Custom_6", "-12.5"),
        (208, "mx_Custom_3", "2031-02-03 09:10:11"),
        (208, "mx_Custom_8", "true"),
        (208, "mx_Custom_8", "0"),
        (208, "mx_Custom_7", "+91-9822041736"),
        (208, "mx_Custom_1", "Met applicant"),
        (208, "mx_Custom_4", "PAN card;Aadhaar"),
        (208, "mx_Custom_4", "PAN card,Aadhaar"),
        (211, "mx_Custom_1", "asha.rao@outlook.in"),
        (204, "mx_Custom_1", "Interested"),
        (252, "mx_Custom_2", "https://sahyadrihfc.in/p/7"),
        (201, "mx_Custom_2", "kabir.shah@sahyadrihfc.in"),
        (217, "mx_Custom_1", "Sahyadri Top-up"),
        (208, "mx_Custom_2", "نور – नूर – é – 🙂"),
    ],
)
def test_a_value_of_the_right_type_is_taken(crm, code, name, value):
    mandatory = {217: {"mx_Custom_2": "2031-02-03"}}.get(code, {})

    assert crm.bulk([crm.row(code, **{**mandatory, name: value})]).status == 200


def test_a_number_and_a_truth_value_need_not_be_texts(crm, sandbox):
    row = crm.row(208)
    row["Fields"] = [
        {"SchemaName": "mx_Custom_6", "Value": 12},
        {"SchemaName": "mx_Custom_8", "Value": True},
        {"SchemaName": "mx_Custom_2", "Value": None},
    ]

    crm.bulk([row])

    assert sandbox.posted()[0].values == {"mx_Custom_6": "12", "mx_Custom_8": "true"}


def test_a_list_as_a_value_is_refused(crm):
    row = crm.row(208)
    row["Fields"] = [{"SchemaName": "mx_Custom_2", "Value": ["x"]}]

    assert refusal(crm.bulk([row]))[1] == "MXInvalidDataTypeException"


@pytest.mark.parametrize(
    ("code", "name", "value"),
    [
        (208, "mx_Custom_1", "Locked"),
        (208, "mx_Custom_1", "met applicant"),
        (208, "mx_Custom_1", " Met applicant"),
        (208, "mx_Custom_4", "PAN card;Licence"),
        (201, "mx_Custom_2", "nobody@sahyadrihfc.in"),
        (217, "mx_Custom_1", "No such product"),
    ],
)
def test_a_value_outside_its_list_is_refused(crm, code, name, value):
    mandatory = {217: {"mx_Custom_2": "2031-02-03"}}.get(code, {})

    answer = crm.bulk([crm.row(code, **{**mandatory, name: value})])

    assert refusal(answer)[:2] == (500, "MXInvalidEntityReferenceException")


@pytest.mark.parametrize(
    ("outcome", "reason", "status"),
    [("Not reachable", "Switched off", 200), ("Spoke to applicant", "Switched off", 500)],
)
def test_a_dependent_value_must_fit_its_parents(crm, outcome, reason, status):
    assert crm.bulk([crm.row(214, mx_Custom_1=outcome, mx_Custom_2=reason)]).status == status


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a <SCRIPT src=x>", "javascript:alert(1)"])
@pytest.mark.parametrize("place", ["note", "value"])
def test_what_looks_like_script_is_refused(crm, text, place):
    row = crm.row(208, note=text) if place == "note" else crm.row(208, mx_Custom_2=text)

    assert refusal(crm.bulk([row]))[:2] == (500, "MXXSSException")


def test_an_owner_is_mandatory(crm):
    row = crm.row()
    del row["ActivityOwnerEmail"]

    assert refusal(crm.bulk([row]))[:2] == (500, "MXMandatoryAttributeMissingException")


def test_an_unknown_owner_is_refused(crm):
    assert refusal(crm.bulk([crm.row(owner="f.qureshi@sahyadrihfc.in")]))[:2] == (
        500,
        "MXInvalidEntityReferenceException",
    )


def test_an_inactive_owner_is_refused(crm, sandbox):
    inactive = next(user for user in sandbox.users if not user.active)

    assert crm.bulk([crm.row(owner=inactive.email)]).status == 500


def test_an_owners_email_is_compared_without_case_and_stored_as_the_user_has_it(crm, sandbox):
    crm.bulk([crm.row(owner="Meera.IYER@sahyadrihfc.in")])

    assert sandbox.posted()[0].owner_email == "meera.iyer@sahyadrihfc.in"


def test_an_unknown_opportunity_is_500_with_a_message_only(crm):
    answer = crm.bulk([crm.row()], opportunity_id=str(uuid.uuid4()))

    assert refusal(answer) == (500, None, "Opportunity does not exist")


@pytest.mark.parametrize(("value", "status"), [("envelope_500", 500), ("400", 400), ("404", 404)])
def test_what_an_unknown_opportunity_gets_is_a_switch(crm, sandbox, value, status):
    sandbox.switch(unknown_opportunity=value)

    assert crm.bulk([crm.row()], opportunity_id="nothing").status == status


def test_a_misspelt_opportunity_parameter_is_no_opportunity(crm):
    path = "ProspectActivity.svc/Bulk/CustomActivity/Add/ByOpportunityId"

    answer = crm.post(path, [crm.row()], OpportunityID=crm.home_loan.id)

    assert answer.json["ExceptionMessage"] == "Opportunity does not exist"


def test_an_inner_key_may_be_called_attribute(crm, sandbox):
    row = crm.row(222, mx_Custom_2="5000000")
    inner = [{"Attribute": "mx_CustomObject_1", "Value": "R. Sathe"}]
    row["Fields"].append({"SchemaName": "mx_Custom_1", "Value": "", "Fields": inner})

    crm.bulk([row])

    assert sandbox.posted()[0].values["mx_Custom_1~mx_CustomObject_1"] == "R. Sathe"


def test_an_unknown_inner_field_is_refused(crm):
    row = crm.row(222, mx_Custom_2="5000000")
    inner = [{"SchemaName": "mx_CustomObject_40", "Value": "x"}]
    row["Fields"].append({"SchemaName": "mx_Custom_1", "Value": "", "Fields": inner})

    assert refusal(crm.bulk([row]))[1] == "MXUnknownAttributeException"


def test_an_inner_mandatory_field_is_asked_for_once_its_set_is_used(crm):
    row = crm.row(222, mx_Custom_2="5000000")
    inner = [{"SchemaName": "mx_CustomObject_2", "Value": "+91-9822041736"}]
    row["Fields"].append({"SchemaName": "mx_Custom_1", "Value": "", "Fields": inner})

    assert "mx_Custom_1~mx_CustomObject_1" in crm.bulk([row]).json["ExceptionMessage"]


def test_an_active_users_value_is_stored_as_a_guid(crm, sandbox):
    crm.bulk([crm.row(201, mx_Custom_2="kabir.shah@sahyadrihfc.in")])

    assert sandbox.posted()[0].values["mx_Custom_2"] == sandbox.user("kabir.shah@sahyadrihfc.in").id


def test_by_default_one_bad_row_refuses_the_call_and_nothing_is_written(crm, sandbox):
    answer = crm.bulk([crm.row(), crm.bad_row(), crm.row(note="Third")])

    assert refusal(answer)[:2] == (500, "MXInvalidActivityException")
    assert sandbox.posted() == []
