"""Leads and users as leadsquared-api §9 and §10 describe them."""

from __future__ import annotations

import dataclasses

import pytest

SEARCH = "LeadManagement.svc/Leads.GetByQuickSearch"
BY_PHONE = "LeadManagement.svc/RetrieveLeadByPhoneNumber"
USER_SEARCH = "UserManagement.svc/User/AdvancedSearch"


def names(answer):
    return [f"{lead['FirstName']} {lead['LastName']}" for lead in answer.json]


@pytest.mark.parametrize("key", ["asha r", "ASHA R", "asha.rao@outlook.in", "9822041736", "+91-98220417"])
def test_the_quick_search_looks_in_names_emails_and_phones(crm, key):
    assert "Asha Rao" in names(crm.get(SEARCH, key=key))


@pytest.mark.parametrize("key", ["Müller", "العتيبي", "Śāstrī", "पाटील"])
def test_the_quick_search_finds_names_in_any_script(crm, key):
    assert len(crm.get(SEARCH, key=key).json) == 1


def test_the_quick_search_answers_an_empty_array_when_nobody_fits(crm):
    answer = crm.get(SEARCH, key="nobody at all")

    assert (answer.status, answer.json) == (200, [])


def test_the_quick_search_has_a_cap(crm, sandbox):
    sandbox.switch(quick_search_cap=3)

    assert len(crm.get(SEARCH, key="a").json) == 3


def test_a_lead_is_all_strings_or_null(crm):
    (lead,) = crm.get("LeadManagement.svc/Leads.GetById", id=crm.sandbox.lead("Asha Rao").id).json

    assert {type(value) for value in lead.values()} == {str, type(None)}
    assert lead["ProspectAutoId"] == "1001"
    assert lead["DoNotEmail"] == "0"


def test_a_leads_dates_end_in_milliseconds(crm):
    (lead,) = crm.get("LeadManagement.svc/Leads.GetById", id=crm.sandbox.lead("Asha Rao").id).json

    assert lead["CreatedOn"].endswith(".000")


def test_a_leads_id_is_called_prospect_id_with_a_capital_d(crm):
    wanted = crm.sandbox.lead("Asha Rao").id

    (lead,) = crm.get("LeadManagement.svc/Leads.GetById", id=wanted).json

    assert lead["ProspectID"] == wanted
    assert "ProspectId" not in lead


def test_an_unknown_lead_id_is_an_empty_array(crm):
    assert crm.get("LeadManagement.svc/Leads.GetById", id="nobody").json == []


def test_a_lead_is_found_by_email(crm):
    assert names(crm.get("LeadManagement.svc/Leads.GetByEmailaddress", emailaddress="ASHA.RAO@outlook.in")) == [
        "Asha Rao"
    ]


def test_a_wrong_parameter_name_fails_silently(crm):
    answer = crm.get("LeadManagement.svc/Leads.GetByEmailaddress", email="asha.rao@outlook.in")

    assert (answer.status, answer.json) == (200, [])


@pytest.mark.parametrize("phone", ["9822041736", "+91-9822041736", "919822041736", "+919822041736"])
def test_a_lead_is_found_by_phone_in_several_spellings(crm, phone):
    assert names(crm.get(BY_PHONE, phone=phone)) == ["Asha Rao"]


@pytest.mark.parametrize(
    ("accepted", "phone", "found"),
    [
        ("plus_cc_hyphen", "+91-9822041736", 1),
        ("plus_cc_hyphen", "9822041736", 0),
        ("ten_digits", "9822041736", 1),
        ("ten_digits", "+91-9822041736", 0),
    ],
)
def test_an_account_may_accept_one_phone_spelling_only(crm, sandbox, accepted, phone, found):
    sandbox.switch(phone_spellings=accepted)

    assert len(crm.get(BY_PHONE, phone=phone).json) == found


def test_of_several_leads_with_one_phone_the_one_with_the_latest_activity_answers(crm, sandbox):
    other = sandbox.lead("Imran Sheikh")
    sandbox.change(dataclasses.replace(other, mobile="+91-9822041736"))
    opportunity = sandbox.opportunity("Imran Sheikh")
    sandbox.add_activity(opportunity.id, code=102, owner_email="meera.iyer@sahyadrihfc.in")

    assert names(crm.get(BY_PHONE, phone="9822041736")) == ["Imran Sheikh"]


def test_the_key_check_says_who_the_key_belongs_to(crm, sandbox):
    answer = crm.get("Authentication.svc/UserByAccessKey.Get").json

    assert (answer["Id"], answer["Name"], answer["Role"]) == (
        sandbox.key_user.id,
        "Ananya Bose",
        "Administrator",
    )
    assert answer["DefaultCountryCode"] == "91"
    assert answer["OrgShortCode"].isdecimal()
    assert answer["LSQCommonServiceURLs"] == {"api": f"{sandbox.url}/"}
    assert {"TimeZone", "OrgId", "Plan"} <= set(answer)


def test_deactivating_the_keys_user_kills_the_keys(crm, sandbox):
    sandbox.change(dataclasses.replace(sandbox.key_user, active=False))

    assert crm.get("UserManagement.svc/Users.Get").status == 401


def test_the_list_of_users_is_a_bare_array_with_numeric_status_codes(crm):
    users = crm.get("UserManagement.svc/Users.Get").json

    assert len(users) == 120
    assert {user["StatusCode"] for user in users} == {0, 1}
    assert set(users[0]) == {
        "ID",
        "FirstName",
        "LastName",
        "EmailAddress",
        "Role",
        "StatusCode",
        "Tag",
        "IsPhoneCallAgent",
    }


def test_member_of_groups_is_absent_when_there_are_none(crm):
    users = crm.get("UserManagement.svc/Users.Get").json

    assert {"MemberOfGroups" in user for user in users} == {True, False}


def test_the_list_of_users_may_be_capped(crm, sandbox):
    sandbox.switch(users_cap=50)

    assert len(crm.get("UserManagement.svc/Users.Get").json) == 50


def test_a_user_by_id_is_an_array_of_one(crm, sandbox):
    wanted = sandbox.user("noor.al-hashimi@sahyadrihfc.in")

    (user,) = crm.get("UserManagement.svc/User/Retrieve/ByUserId", userId=wanted.id).json

    assert (user["UserId"], user["EmailAddress"]) == (wanted.id, wanted.email)
    assert user["TimeZone"] == "Arabian Standard Time"
    assert isinstance(user["OrgId"], int)


def test_an_inactive_user_by_id_is_an_empty_array(crm, sandbox):
    inactive = next(user for user in sandbox.users if not user.active)

    assert crm.get("UserManagement.svc/User/Retrieve/ByUserId", userId=inactive.id).json == []


def condition(column, operator, value):
    clause = {
        "LookupName": column,
        "Operator": operator,
        "LookupValue": value,
        "ConditionOperator": None,
    }
    return [{"Condition": [clause], "GroupOperator": None}]


def test_the_user_search_nulls_what_was_not_asked_for(crm):
    content = {
        "Columns": {"Include_CSV": "UserID,EmailAddress,StatusCode"},
        "GroupConditions": condition("EmailAddress", "eq", "meera.iyer@sahyadrihfc.in"),
    }

    (user,) = crm.post(USER_SEARCH, content).json["Users"]

    assert user["StatusCode"] == "0"
    assert user["UserId"] is not None
    assert (user["FirstName"], user["Groups"]) == (None, None)


def test_the_user_search_knows_parts_of_a_name(crm):
    content = {"GroupConditions": condition("FirstName", "lik", "fati")}

    assert [user["FirstName"] for user in crm.post(USER_SEARCH, content).json["Users"]] == ["Fatima"]


def test_the_user_search_pages(crm):
    sizes = [
        len(crm.post(USER_SEARCH, {"Paging": {"PageIndex": page, "PageSize": 100}}).json["Users"]) for page in (1, 2, 3)
    ]

    assert sizes == [100, 20, 0]


def test_the_user_search_refuses_an_unknown_column(crm):
    answer = crm.post(USER_SEARCH, {"Columns": {"Include_CSV": "ID,Nonsense"}})

    assert answer.status == 500
    assert answer.json["ExceptionMessage"] == "User search has some invalid Attributes"
