"""Lists that LeadSquared may cut: users, opportunities and options beyond one page (leadsquared-api §4, §5, §10)."""

from __future__ import annotations

import dataclasses
import uuid

import pytest

from activities.leadsquared import Unclear
from activities.leadsquared.client import phone_spellings


@pytest.fixture
def loan(sandbox):
    return sandbox.opportunity("Asha Rao", "Home loan")


@pytest.fixture
def many_users(sandbox):
    for number in range(200):
        user = dataclasses.replace(sandbox.users[1], id=str(uuid.uuid4()), email=f"agent{number}@sahyadrihfc.in")
        sandbox.change(user)


def searches(sandbox) -> int:
    return len([each for each in sandbox.requests if "AdvancedSearch" in each.path])


def test_a_short_list_of_users_is_not_searched_again(client, sandbox):
    client.users()

    assert searches(sandbox) == 0


def test_users_beyond_the_short_list_come_from_the_search(client, sandbox, many_users):
    sandbox.switch(users_cap=200)

    found = client.users()

    assert {each.email: each.active for each in found} == {each.email: each.active for each in sandbox.users}
    assert searches(sandbox) == 1


@pytest.mark.parametrize("kind", ["MXUnAuthorizedAccessException", "MXInvalidInputException"])
def test_keys_that_may_not_search_get_the_short_list(client, sandbox, many_users, kind):
    sandbox.switch(users_cap=200)
    sandbox.fault("error_500", path_contains="AdvancedSearch", exception_type=kind)

    assert len(client.users()) == 200


def test_a_search_without_a_clear_answer_is_no_short_list(client, sandbox, many_users):
    sandbox.switch(users_cap=200)
    sandbox.fault("error_500_without_envelope", path_contains="AdvancedSearch")

    with pytest.raises(Unclear):
        client.users()


def test_opportunities_beyond_one_page_are_all_listed(client, sandbox, loan):
    for number in range(130):
        sandbox.change(dataclasses.replace(loan, id=str(uuid.uuid4()), name=f"Loan {number}"))

    found = client.opportunities_of_lead(loan.lead_id, client.opportunity_types())

    assert {each.id for each in found} == {each.id for each in sandbox.opportunities if each.lead_id == loan.lead_id}


def test_an_opportunity_that_the_index_does_not_have_yet_is_missing_from_the_list_and_found_by_its_id(
    client, sandbox, loan
):
    sandbox.switch(index_lag_seconds=3600)
    fresh = dataclasses.replace(loan, id=str(uuid.uuid4()), written_at=4e9)
    sandbox.change(fresh)

    listed = client.opportunities_of_lead(loan.lead_id, client.opportunity_types())

    assert fresh.id not in [each.id for each in listed]
    assert client.opportunity(fresh.id).id == fresh.id


@pytest.mark.parametrize(
    ("typed", "country", "expected"),
    [
        ("9000000001", "91", ["+91-9000000001", "9000000001", "919000000001"]),
        ("+91 90000 00001", "+91", ["+91-9000000001", "9000000001", "919000000001", "+919000000001"]),
        ("09000000001", "91", ["+91-9000000001", "9000000001", "919000000001", "09000000001"]),
        ("9000000001", "", ["9000000001"]),
        ("+65 9123 4567", "91", ["+6591234567", "6591234567", "+659-1234567", "+65-91234567", "+6-591234567"]),
        ("()", "91", []),
    ],
)
def test_a_phone_is_asked_for_in_the_spellings_that_accounts_want(typed, country, expected):
    assert phone_spellings(typed, country_code=country) == expected


@pytest.mark.parametrize("typed", ["", "Asha", "12345", "+"])
def test_too_few_digits_match_nobody_and_are_not_asked_for(client, sandbox, typed):
    assert client.leads_by_phone(typed) == []
    assert sandbox.requests == []
