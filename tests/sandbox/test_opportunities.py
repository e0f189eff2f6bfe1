"""Opportunities of a lead and by id as leadsquared-api §5, §6 and §7 describe them."""

from __future__ import annotations

import dataclasses
import re
import time

import pytest

OF_LEAD = "OpportunityManagement.svc/GetOpportunitiesOfLead"
BY_ID = "OpportunityManagement.svc/GetOpportunityDetails"
BY_IDS = "OpportunityManagement.svc/GetOpportunitiesById"


@pytest.fixture
def asha(crm):
    return crm.sandbox.lead("Asha Rao")


def test_a_get_on_opportunities_of_a_lead_is_405(crm, asha):
    assert crm.get(OF_LEAD, leadId=asha.id).status == 405


def test_a_post_without_a_body_lists_all_opportunities_of_a_lead(crm, asha):
    answer = crm.post(OF_LEAD, leadId=asha.id).json

    assert answer["RecordCount"] == 3
    assert {row["mx_Custom_1"] for row in answer["List"]} == {
        "Home loan",
        "Balance transfer",
        "Personal loan",
    }


def test_rows_are_flat_and_all_strings_or_null(crm, asha):
    row = crm.post(OF_LEAD, leadId=asha.id, opportunityType=12000).json["List"][0]

    assert {type(value) for value in row.values()} == {str, type(None)}
    assert (row["OpportunityEvent"], row["Status"], row["OwnerName"]) == ("12000", "Open", "Kabir Shah")
    assert row["OpportunityId"] == crm.home_loan.id
    assert row["ProspectId"] == asha.id


def test_one_opportunity_type_can_be_asked_for(crm, asha):
    answer = crm.post(OF_LEAD, leadId=asha.id, opportunityType=12001).json

    assert [row["mx_Custom_1"] for row in answer["List"]] == ["Balance transfer"]


def test_without_include_csv_only_a_default_subset_comes_back(crm, asha):
    row = crm.post(OF_LEAD, leadId=asha.id).json["List"][0]

    assert "mx_Custom_3" not in row


def test_include_csv_adds_the_columns_asked_for(crm, asha):
    content = {"Columns": {"Include_CSV": "mx_Custom_3, POwnerEmail,Nonsense"}}

    row = crm.post(OF_LEAD, content, leadId=asha.id, opportunityType=12000).json["List"][0]

    assert row["mx_Custom_3"] == "4850000"
    assert "POwnerEmail" in row
    assert "Nonsense" not in row
    assert "OwnerName" not in row


@pytest.mark.parametrize(("direction", "first"), [("1", "Home loan"), ("0", "Personal loan")])
def test_direction_one_is_newest_first(crm, asha, direction, first):
    content = {"Sorting": {"ColumnName": "CreatedOn", "Direction": direction}}

    assert crm.post(OF_LEAD, content, leadId=asha.id).json["List"][0]["mx_Custom_1"] == first


def test_record_count_is_the_total_not_the_page(crm, asha):
    answer = crm.post(OF_LEAD, {"Paging": {"PageIndex": 2, "PageSize": 2}}, leadId=asha.id).json

    assert (answer["RecordCount"], len(answer["List"])) == (3, 1)


def test_without_paging_there_are_25_rows_silently(crm, sandbox, asha):
    for number in range(30):
        sandbox.change(dataclasses.replace(crm.home_loan, id=f"more-{number}"))

    answer = crm.post(OF_LEAD, leadId=asha.id).json

    assert (answer["RecordCount"], len(answer["List"])) == (33, 25)


@pytest.mark.parametrize("query", [{"leadId": "nobody"}, {"LeadID": "x"}, {}])
def test_an_unknown_lead_or_a_misspelt_parameter_is_an_empty_list(crm, query):
    answer = crm.post(OF_LEAD, **query)

    assert (answer.status, answer.json) == (200, {"RecordCount": 0, "List": []})


def test_opportunity_type_may_be_required(crm, sandbox, asha):
    sandbox.switch(opportunity_type_required="yes")

    assert crm.post(OF_LEAD, leadId=asha.id).status == 500
    assert crm.post(OF_LEAD, leadId=asha.id, opportunityType=12000).status == 200


def test_a_new_opportunity_appears_late_in_the_list_but_at_once_by_id(crm, sandbox, asha):
    sandbox.switch(index_lag_seconds=60)
    sandbox.change(dataclasses.replace(crm.home_loan, id="brand-new", written_at=time.time()))

    listed = {row["OpportunityId"] for row in crm.post(OF_LEAD, leadId=asha.id).json["List"]}

    assert "brand-new" not in listed
    assert crm.get(BY_ID, OpportunityId="brand-new").status == 200


@pytest.mark.parametrize("name", ["OpportunityId", "opportunityId"])
def test_an_opportunity_by_id_takes_either_spelling(crm, name):
    answer = crm.get(BY_ID, **{name: crm.home_loan.id}).json

    values = {field["SchemaName"]: field["Value"] for field in answer["Fields"]}
    assert (answer["Name"], values["mx_Custom_2"], values["Status"]) == ("Home loan", "KYC pending", "Open")


def test_an_id_may_be_written_in_capitals(crm):
    assert crm.get(BY_ID, OpportunityId=crm.home_loan.id.upper()).status == 200


def test_an_opportunity_by_id_has_microsoft_dates_at_its_top(crm):
    answer = crm.get(BY_ID, OpportunityId=crm.home_loan.id).json

    assert re.fullmatch(r"/Date\(\d{13}\+0000\)/", answer["CreatedOn"])
    assert re.fullmatch(r"/Date\(\d{13}\+0000\)/", answer["ModifiedOn"])


def test_an_opportunity_by_id_names_its_lead(crm, asha):
    assert crm.get(BY_ID, OpportunityId=crm.home_loan.id).json["RelatedProspectId"] == asha.id


def test_an_unknown_opportunity_is_500_with_a_message_only(crm):
    answer = crm.get(BY_ID, OpportunityId="11111111-2222-4333-8444-555555555555")

    assert answer.status == 500
    assert answer.json == {"Status": "Error", "ExceptionMessage": "Opportunity does not exist"}


def test_an_opportunity_is_an_activity_too(crm):
    answer = crm.get("ProspectActivity.svc/GetActivityDetails", activityId=crm.home_loan.id).json

    assert (answer["ID"], answer["Name"]) == (crm.home_loan.id, "Home loan")


def test_many_by_id_come_in_one_element_per_search_with_us_dates(crm):
    search = {
        "EventCode": 12000,
        "ProspectActivityId": [crm.home_loan.id, "unknown"],
        "Columns": {"Include_CSV": "CreatedOn,mx_Custom_1"},
    }

    (found,) = crm.post(BY_IDS, {"SearchParameters": [search]}).json

    assert (found["EventCode"], found["RecordCount"]) == (12000, 1)
    assert found["Opportunities"][0]["ProspectActivityId"] == crm.home_loan.id
    assert re.fullmatch(r"\d+/\d+/\d{4} \d+:\d\d:\d\d [AP]M", found["Opportunities"][0]["CreatedOn"])


def test_many_by_id_need_include_csv(crm):
    search = {"EventCode": 12000, "ProspectActivityId": [crm.home_loan.id]}

    assert crm.post(BY_IDS, {"SearchParameters": [search]}).status == 500


def test_many_by_id_in_a_wrong_wrapper_is_a_raw_exception(crm):
    assert crm.post(BY_IDS, {"Searches": []}).json["ExceptionType"] == "ArgumentNullException"
