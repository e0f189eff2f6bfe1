"""Reading activities back: calls A, B and C of leadsquared-api §11."""

from __future__ import annotations

import re

import pytest

TRAIL = "ProspectActivity.svc/Retrieve"


@pytest.fixture
def thirty(crm, sandbox):
    """Thirty activities beyond the seeded ones on one opportunity."""
    return [
        sandbox.add_activity(crm.home_loan.id, code=102, note=f"No. {number}", owner_email="meera.iyer@sahyadrihfc.in")
        for number in range(30)
    ]


def notes(answer):
    return [row["ActivityEvent_Note"] for row in answer.json["List"]]


def test_activities_of_an_opportunity_are_flat_strings(crm):
    crm.bulk([crm.row(note="Met at Baner")])

    row = crm.activities(activityEventCode=102).json["List"][0]
    assert {type(value) for value in row.values()} <= {str, type(None)}
    assert (row["ActivityEvent"], row["ActivityEvent_Note"], row["Status"]) == (
        "102",
        "Met at Baner",
        "Active",
    )
    assert row["ProspectActivityId"] == crm.sandbox.posted()[0].id


def test_activities_can_be_asked_for_by_type(crm, thirty):
    assert crm.activities(activityEventCode=102).json["RecordCount"] == 30
    assert crm.activities(activityEventCode=258).json["RecordCount"] == 0


def test_without_paging_25_activities_come_silently(crm, thirty):
    answer = crm.activities(activityEventCode=102)

    assert (answer.json["RecordCount"], len(answer.json["List"])) == (30, 25)


def test_activities_page_by_index_and_size(crm, thirty):
    pages = [
        crm.activities({"Paging": {"PageIndex": page, "PageSize": 12}}, activityEventCode=102) for page in (1, 2, 3)
    ]

    assert [len(page.json["List"]) for page in pages] == [12, 12, 6]
    assert len({note for page in pages for note in notes(page)}) == 30


@pytest.mark.parametrize(
    ("keys", "paging", "count"),
    [
        ("page_index", {"Offset": "2", "RowCount": "10"}, 25),
        ("offset", {"Offset": "2", "RowCount": "10"}, 10),
        ("offset", {"PageIndex": 2, "PageSize": 10}, 25),
        ("both", {"Offset": "2", "RowCount": "10"}, 10),
        ("both", {"PageIndex": 2, "PageSize": 10}, 10),
        ("ignored", {"PageIndex": 2, "PageSize": 10, "Offset": "2", "RowCount": "10"}, 25),
    ],
)
def test_which_paging_keys_are_obeyed_is_a_switch(crm, sandbox, thirty, keys, paging, count):
    sandbox.switch(activity_paging=keys)

    assert len(crm.activities({"Paging": paging}, activityEventCode=102).json["List"]) == count


def test_a_page_larger_than_the_largest_is_an_error(crm, thirty):
    answer = crm.activities({"Paging": {"PageIndex": 1, "PageSize": 1001}})

    assert (answer.status, answer.json["ExceptionType"]) == (500, "MXInvalidInputException")
    assert answer.json["ExceptionMessage"] == "PageSize can not be more than 1000"


def test_a_page_larger_than_the_largest_may_be_clamped(crm, sandbox, thirty):
    sandbox.switch(activity_page_size=10, over_page_size="clamp")

    answer = crm.activities({"Paging": {"PageIndex": 1, "PageSize": 100}}, activityEventCode=102)
    assert len(answer.json["List"]) == 10


def test_values_come_only_when_asked_for(crm):
    crm.bulk([crm.row(208, mx_Custom_2="AAAAA1111A")])
    columns = {"Columns": {"Include_CSV": "mx_Custom_2,mx_Custom_3"}}

    plain = crm.activities(activityEventCode=208).json["List"][0]
    asked = crm.activities(columns, activityEventCode=208).json["List"][0]

    assert "mx_Custom_2" not in plain
    assert (asked["mx_Custom_2"], asked["mx_Custom_3"]) == ("AAAAA1111A", None)


def test_inner_values_are_joined_with_a_tilde(crm):
    valuer = {"SchemaName": "mx_CustomObject_1", "Value": "R. Sathe"}
    row = crm.row(222, mx_Custom_2="5000000")
    row["Fields"].append({"SchemaName": "mx_Custom_1", "Value": "", "Fields": [valuer]})
    crm.bulk([row])
    columns = {"Columns": {"Include_CSV": "mx_Custom_1~mx_CustomObject_1"}}

    found = crm.activities(columns, activityEventCode=222).json["List"][0]

    assert found["mx_Custom_1~mx_CustomObject_1"] == "R. Sathe"


def test_the_creators_columns_come_when_asked_for(crm):
    crm.bulk([crm.row()])
    columns = {"Columns": {"Include_CSV": "CreatedBy,CreatedByName,CreatedByEmailAddress,Owner,OwnerName"}}

    row = crm.activities(columns, activityEventCode=102).json["List"][0]

    assert (row["CreatedByName"], row["CreatedByEmailAddress"]) == (
        "Ananya Bose",
        "ananya.bose@sahyadrihfc.in",
    )
    assert row["CreatedBy"] == crm.sandbox.key_user.id
    assert row["OwnerName"] == "Meera Iyer"


def test_the_creators_columns_may_not_exist(crm, sandbox):
    sandbox.switch(creator_columns="absent")
    crm.bulk([crm.row()])

    row = crm.activities({"Columns": {"Include_CSV": "CreatedBy"}}, activityEventCode=102).json["List"][0]

    assert "CreatedBy" not in row


def test_a_posted_row_appears_at_once_by_default(crm):
    crm.bulk([crm.row(note="Now")])

    assert notes(crm.activities(activityEventCode=102)) == ["Now"]


def test_a_posted_row_may_appear_late_in_the_list_but_at_once_in_the_trail(crm, sandbox):
    sandbox.switch(index_lag_seconds=60)
    crm.bulk([crm.row(note="Now")])

    trail = crm.post(TRAIL, {"Parameter": {"ActivityEvent": 102}}, leadId=crm.home_loan.lead_id)

    assert crm.activities(activityEventCode=102).json == {"RecordCount": 0, "List": []}
    assert trail.json["RecordCount"] == 1


def test_record_count_may_know_more_than_the_list(crm, sandbox):
    sandbox.switch(index_lag_seconds=60, record_count="ahead")
    crm.bulk([crm.row(note="Now")])

    assert crm.activities(activityEventCode=102).json == {"RecordCount": 1, "List": []}


def test_the_event_code_may_be_required(crm, sandbox):
    sandbox.switch(activity_code_required="yes")

    assert crm.activities().status == 500


def test_the_trail_answers_25_rows_without_paging(crm, thirty):
    answer = crm.post(TRAIL, {"Parameter": {"ActivityEvent": 102}}, leadId=crm.home_loan.lead_id).json

    assert (answer["RecordCount"], len(answer["ProspectActivities"])) == (30, 25)


def test_the_trail_pages_by_offset_and_row_count_as_texts(crm, thirty):
    content = {"Parameter": {"ActivityEvent": 102}, "Paging": {"Offset": "1", "RowCount": "20"}}

    answer = crm.post(TRAIL, content, leadId=crm.home_loan.lead_id).json

    assert len(answer["ProspectActivities"]) == 10


@pytest.mark.parametrize(
    ("counts", "offset", "count"),
    [
        ("page_from_0", "0", 20),
        ("page_from_0", "1", 10),
        ("page_from_1", "1", 20),
        ("row", "1", 20),
        ("row", "25", 5),
    ],
)
def test_what_the_trails_offset_counts_is_a_switch(crm, sandbox, thirty, counts, offset, count):
    sandbox.switch(trail_offset=counts)
    content = {"Parameter": {"ActivityEvent": 102}, "Paging": {"Offset": offset, "RowCount": "20"}}

    answer = crm.post(TRAIL, content, leadId=crm.home_loan.lead_id).json

    assert len(answer["ProspectActivities"]) == count


def test_the_trail_takes_page_index_too_and_a_thousand_rows(crm, thirty):
    content = {"Parameter": {"ActivityEvent": 102}, "Paging": {"PageIndex": 1, "PageSize": 1000}}

    answer = crm.post(TRAIL, content, leadId=crm.home_loan.lead_id).json

    assert len(answer["ProspectActivities"]) == 30


def test_a_trail_row_has_numbers_and_us_dates_inside(crm):
    crm.bulk([crm.row(208, "PAN", mx_Custom_2="AAAAA1111A")])

    answer = crm.post(TRAIL, {"Parameter": {"ActivityEvent": 208}}, leadId=crm.home_loan.lead_id)
    row = answer.json["ProspectActivities"][0]

    assert (row["EventCode"], row["EventName"], row["ActivityType"]) == (208, "KYC visit", 2)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", row["CreatedOn"])
    assert re.fullmatch(r"\d+/\d+/\d{4} \d+:\d\d:\d\d [AP]M", row["ActivityFields"]["CreatedOn"])
    assert row["ActivityFields"]["mx_Custom_2"] == "AAAAA1111A"


def test_a_trail_rows_pairs_hold_only_what_is_filled(crm):
    crm.bulk([crm.row(208, note="", mx_Custom_2="AAAAA1111A")])

    answer = crm.post(TRAIL, {"Parameter": {"ActivityEvent": 208}}, leadId=crm.home_loan.lead_id)
    pairs = {pair["Key"]: pair["Value"] for pair in answer.json["ProspectActivities"][0]["Data"]}

    assert pairs["mx_Custom_2"] == "AAAAA1111A"
    assert "ActivityEvent_Note" not in pairs


def test_the_trail_holds_opportunities_and_mirror_rows_that_share_an_id(crm):
    content = {"Paging": {"Offset": "0", "RowCount": "1000"}}

    rows = crm.post(TRAIL, content, leadId=crm.home_loan.lead_id).json["ProspectActivities"]

    codes = {row["EventCode"] for row in rows if row["Id"] == crm.home_loan.id}
    assert codes == {12000, 3011}


def test_the_trail_does_not_name_the_opportunity(crm):
    crm.bulk([crm.row()])

    answer = crm.post(TRAIL, {"Parameter": {"ActivityEvent": 102}}, leadId=crm.home_loan.lead_id)

    assert "RelatedOpportunityId" not in answer.json["ProspectActivities"][0]


def test_the_trail_may_name_the_opportunity(crm, sandbox):
    sandbox.switch(trail_names_opportunity="yes")
    crm.bulk([crm.row()])

    answer = crm.post(TRAIL, {"Parameter": {"ActivityEvent": 102}}, leadId=crm.home_loan.lead_id)

    assert answer.json["ProspectActivities"][0]["RelatedOpportunityId"] == crm.home_loan.id


def test_an_activity_by_id_has_metadata_and_values_but_no_author(crm):
    crm.bulk([crm.row(208, "PAN", mx_Custom_2="AAAAA1111A")])
    wanted = crm.sandbox.posted()[0].id

    answer = crm.get("ProspectActivity.svc/GetActivityDetails", activityId=wanted).json

    values = {field["SchemaName"]: field["Value"] for field in answer["Fields"]}
    assert set(answer) == {"ID", "Name", "DisplayName", "Fields"}
    assert (values["mx_Custom_2"], values["ActivityEvent_Note"]) == ("AAAAA1111A", "PAN")


def test_an_unknown_activity_is_500(crm):
    answer = crm.get("ProspectActivity.svc/GetActivityDetails", activityId="nothing")

    assert answer.status == 500
    assert answer.json["ExceptionType"] == "MXUnknownProspectActivityException"
    assert answer.json["ExceptionMessage"] == "Activity does not exist."
