from __future__ import annotations

import dataclasses
import json
import uuid
from datetime import UTC, datetime

import pytest

from activities import catalog, opportunities
from activities.leadsquared import LeadSquaredError, NotSent, RateLimited
from activities.models import Account

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def names(found: opportunities.Found) -> list[str]:
    return [hit.lead.name for hit in found.hits]


def calls(sandbox, method: str) -> int:
    return sum(method in request.path for request in sandbox.requests)


@pytest.mark.parametrize(
    "text",
    [
        "asha.rao@outlook.in",
        "  Asha.Rao@Outlook.in ",
        "+91-9822041736",
        "+91 98220 41736",
        "98220 41736",
        "919822041736",
        "09822041736",
        "Asha Rao ",
    ],
)
def test_a_lead_is_found_by_mail_phone_or_name(sandbox, text):
    assert "Asha Rao" in names(opportunities.find(text))


@pytest.mark.parametrize("spellings", ["all", "plus_cc_hyphen", "ten_digits"])
def test_a_phone_is_found_however_the_account_spells_it(sandbox, spellings):
    sandbox.switch(phone_spellings=spellings)

    assert names(opportunities.find("98220 41736")) == ["Asha Rao"]


def test_the_last_digits_of_a_phone_find_the_lead(sandbox):
    assert names(opportunities.find("41736")) == ["Asha Rao"]


def test_a_hit_shows_its_opportunities_open_ones_first(sandbox):
    lead = sandbox.lead("Asha Rao")
    open_one = sandbox.opportunity("Asha Rao")
    sandbox.change(dataclasses.replace(open_one, status="Won", created_on="2026-11-22 10:00:00"))

    hit = opportunities.find("asha.rao@outlook.in").hits[0]

    assert {each.id for each in hit.opportunities} == {
        each.id for each in sandbox.opportunities if each.lead_id == lead.id
    }
    statuses = [each.status for each in hit.opportunities]
    assert statuses == sorted(statuses, key=lambda status: status != "Open")
    assert hit.opportunities[0].owner_name
    assert hit.opportunities[0].type_name
    assert hit.opportunities[0].amount.startswith("₹")


def test_nobody_is_found_without_an_error(sandbox):
    assert opportunities.find("Nobody of this name") == opportunities.Found(())


def test_of_many_leads_ten_are_shown_and_five_loaded(sandbox):
    found = opportunities.find("mail.example")

    assert len(found.hits) == 10
    assert [hit.is_loaded for hit in found.hits] == [True] * 5 + [False] * 5
    assert found.note.endswith("leads fit, the first 10 are shown. Type more of the name.")


def test_types_that_the_catalog_has_are_not_asked_for_again(sandbox):
    catalog.refresh_due(now=NOON)
    catalog.refresh_due(now=NOON)
    catalog.refresh_due(now=NOON)
    sandbox.clear()

    opportunities.find("asha.rao@outlook.in")

    assert calls(sandbox, "GetOpportunityTypes") == 0


def test_opportunities_that_cannot_be_loaded_leave_the_leads_standing(sandbox):
    sandbox.fault("error_500_without_envelope", path_contains="GetOpportunitiesOfLead", times=50)

    found = opportunities.find("Asha Rao")

    assert "Asha Rao" in names(found)
    assert not any(hit.is_loaded for hit in found.hits)
    assert found.note == "Not all opportunities could be loaded. LeadSquared gave no clear answer."
    assert calls(sandbox, "GetOpportunitiesOfLead") == 1


@pytest.mark.parametrize(
    "link",
    [
        "{opportunity}",
        "https://in21.leadsquared.com/OpportunityManagement/OpportunityDetails?opportunityId={opportunity}",
        "https://in21.leadsquared.com/x?LeadID={lead}&OpportunityId={opportunity}&opportunityEvent=12000",
        "https://in21.leadsquared.com/Opportunity/{opportunity}/Details#tab",
        "Please look at {opportunity}.",
    ],
)
@pytest.mark.parametrize("spelt", [str.lower, str.upper])
def test_an_id_or_a_link_finds_the_opportunity(sandbox, link, spelt):
    opportunity = sandbox.opportunity("Asha Rao")
    text = link.format(opportunity=opportunity.id, lead=opportunity.lead_id)
    text = text.replace(opportunity.id, spelt(opportunity.id))

    found = opportunities.find(text)

    assert [each.id for each in found.hits[0].opportunities] == [opportunity.id]
    assert names(found) == ["Asha Rao"]


@pytest.mark.parametrize("link", ["{lead}", "https://in21.leadsquared.com/LeadManagement/LeadDetails?LeadID={lead}"])
def test_a_link_of_a_lead_finds_its_opportunities(sandbox, link):
    lead = sandbox.lead("Imran Sheikh")

    found = opportunities.find(link.format(lead=lead.id))

    assert names(found) == ["Imran Sheikh"]
    assert len(found.hits[0].opportunities) == 2


def test_an_id_that_nothing_has_is_told(sandbox):
    unknown = str(uuid.uuid4())

    with pytest.raises(opportunities.NotFound, match=f"neither an opportunity nor a lead {unknown}"):
        opportunities.find(unknown)


def test_a_link_without_an_id_is_told(sandbox):
    with pytest.raises(opportunities.Malformed, match="names neither an opportunity nor a lead"):
        opportunities.find("https://in21.leadsquared.com/Dashboard")


def test_a_picked_opportunity_is_complete(sandbox):
    catalog.ensure(now=NOON)
    opportunity = sandbox.opportunity("Asha Rao")
    owner = next(each for each in sandbox.users if each.id == opportunity.owner_id)

    facts = opportunities.facts(opportunities.get(opportunity.id))

    assert facts == {
        "id": opportunity.id,
        "name": f"Asha Rao – {opportunity.name}",
        "lead_id": opportunity.lead_id,
        "lead_name": "Asha Rao",
        "type": "Home loan",
        "stage": opportunity.stage,
        "status": opportunity.status,
        "owner": owner.name,
        "amount": facts["amount"],
        "created": facts["created"],
    }
    assert facts["amount"].replace(",", "") == f"₹{opportunity.amount}"
    assert json.loads(json.dumps(facts)) == facts


def test_a_day_of_creation_is_that_of_the_active_zone():
    late = datetime(2026, 11, 19, 20, 0, tzinfo=UTC)
    picked = opportunities.Picked(id="x", name="", lead_id="", lead_name="", created_at=late)

    assert opportunities.facts(picked)["created"] == "Fri 20 Nov 2026"
    assert opportunities.facts(picked)["name"] == "x"


def test_an_unknown_opportunity_is_told(sandbox):
    with pytest.raises(opportunities.NotFound, match="LeadSquared has no opportunity"):
        opportunities.get(str(uuid.uuid4()))


AN_ID = "0b1d7c52-5f0e-4a0b-9d3f-3a8f3c1f6a10"


@pytest.mark.parametrize("text", ["", "12", "x" * 36, f"{AN_ID}\n", f"{AN_ID}0", "../../etc"])
def test_what_cannot_be_an_id_is_not_asked_for(sandbox, text):
    with pytest.raises(opportunities.Malformed, match="This is not an opportunity’s id"):
        opportunities.get(text)

    assert sandbox.requests == []


def test_a_read_that_was_turned_away_slows_everybody_down(sandbox):
    sandbox.fault("rate_429", path_contains="GetOpportunityDetails")

    with pytest.raises(RateLimited):
        opportunities.get(str(uuid.uuid4()))

    assert Account.objects.get().rate_limited_count == 1


def test_an_unreachable_leadsquared_is_an_error_and_not_an_empty_answer(sandbox, settings):
    settings.LSQ_API_URL = "http://127.0.0.1:9/v2"

    with pytest.raises(NotSent):
        opportunities.find("Asha")


@pytest.mark.parametrize("method", ["Leads.GetById", "GetOpportunityDetails"])
def test_a_read_without_a_clear_answer_is_an_error(sandbox, method):
    sandbox.fault("html", path_contains=method)

    with pytest.raises(LeadSquaredError):
        opportunities.get(sandbox.opportunity("Asha Rao").id)


def test_the_latest_activities_come_newest_first(sandbox):
    catalog.ensure(now=NOON)
    opportunity = sandbox.opportunity("Asha Rao")
    for note in ("first", "second", "third", "fourth"):
        sandbox.add_activity(opportunity.id, code=208, note=note, owner_email=sandbox.key_user.email)

    latest, note = opportunities.latest_activities(opportunity.id, limit=2)

    assert [each.type_name for each in latest] == ["KYC visit", "KYC visit"]
    assert all(each.at for each in latest)
    assert note == ""


def test_activities_that_cannot_be_read_leave_a_note(sandbox):
    sandbox.fault("html", path_contains="GetActivitiesOfOpportunity")

    latest, note = opportunities.latest_activities(sandbox.opportunity("Asha Rao").id)

    assert latest == []
    assert note == "The latest activities could not be read. LeadSquared gave no clear answer."


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("4850000", "₹48,50,000"), ("300.00", "₹300"), ("12500000", "₹1,25,00,000"), ("12.5", "12.5"), ("", "")],
)
def test_an_amount_is_shown_in_rupees(amount, shown):
    assert opportunities._money(amount) == shown
