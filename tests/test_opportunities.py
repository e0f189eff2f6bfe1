from __future__ import annotations

import dataclasses
import json
import time
import uuid
from datetime import UTC, datetime

import pytest

from activities import catalog, opportunities
from activities.leadsquared import LeadSquaredError, NotSent, RateLimited
from activities.models import Account
from tests.lists import know_everything

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


@pytest.mark.parametrize(
    ("text", "spellings"),
    [("90000 00000", 3), ("+91 90000-00000", 4), ("0 90000 00000", 4), ("90000 0000", 0), ("90000", 0)],
)
def test_a_whole_number_that_the_quick_search_does_not_know_is_asked_for_in_every_spelling(sandbox, text, spellings):
    assert opportunities.find(text).hits == ()

    assert calls(sandbox, "GetByQuickSearch") == 1
    assert calls(sandbox, "RetrieveLeadByPhoneNumber") == spellings


@pytest.mark.parametrize("text", ["+91 98220", "098220 417", "+91-98220417", "(98220) 41736"])
def test_a_phone_that_is_being_typed_finds_the_lead_in_one_call(sandbox, text):
    assert "Asha Rao" in names(opportunities.leads(text))

    assert len(sandbox.requests) == 1


def test_who_fits_exactly_comes_first(sandbox):
    for number in range(11):
        other = sandbox.leads[number + 20]
        sandbox.change(dataclasses.replace(other, email=f"{number}imran.sheikh@gmail.com"))
    sandbox.change(dataclasses.replace(sandbox.lead("Imran Sheikh"), id=str(uuid.UUID(int=1))))

    assert opportunities.leads("imran.sheikh@gmail.com").hits[0].lead.email == "imran.sheikh@gmail.com"


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


def test_a_search_costs_one_call_and_one_for_each_lead_that_is_loaded(sandbox):
    know_everything()
    sandbox.clear()

    opportunities.find("Asha Rao")

    assert [request.path.rpartition("/")[2] for request in sandbox.requests] == [
        "Leads.GetByQuickSearch",
        "GetOpportunitiesOfLead",
        "GetOpportunitiesOfLead",
    ]


def test_leads_alone_cost_one_call(sandbox):
    found = opportunities.leads("mail.example")

    assert [hit.is_loaded for hit in found.hits] == [False] * 10
    assert len(sandbox.requests) == 1


def test_what_was_found_within_the_last_minute_costs_nothing(sandbox):
    found = opportunities.find("Asha Rao")
    sandbox.clear()

    assert opportunities.find(" asha  rao ") == found
    assert opportunities.leads("Asha Rao") == found
    assert opportunities.of_lead(sandbox.lead("Asha Rao").id.upper()) == found.hits[0].opportunities
    assert sandbox.requests == []


def test_a_picked_opportunity_is_not_asked_for_again_in_the_same_minute(sandbox):
    opportunity = sandbox.opportunity("Asha Rao")
    opportunities.find(opportunity.id)
    sandbox.clear()

    assert opportunities.get(opportunity.id).lead_name == "Asha Rao"
    assert sandbox.requests == []


def test_what_other_keys_found_is_not_shown(sandbox, settings):
    opportunities.find("Asha Rao")
    sandbox.clear()
    settings.LSQ_SECRET_KEY = "the keys of another account"

    with pytest.raises(LeadSquaredError):
        opportunities.find("Asha Rao")

    assert len(sandbox.requests) == 1


def test_looking_again_asks_leadsquared_whatever_was_found(sandbox):
    opportunity = sandbox.opportunity("Asha Rao")
    opportunities.find("Asha Rao")
    sandbox.change(dataclasses.replace(opportunity, stage="Sanctioned"))

    kept = opportunities.of_lead(opportunity.lead_id)
    fresh = opportunities.of_lead(opportunity.lead_id, again=True)

    assert "Sanctioned" not in {each.stage for each in kept}
    assert "Sanctioned" in {each.stage for each in fresh}
    assert opportunities.of_lead(opportunity.lead_id) == fresh


def test_an_empty_list_is_not_kept(sandbox):
    lead = sandbox.lead("Asha Rao")
    sandbox.switch(index_lag_seconds=10**9)
    for each in sandbox.opportunities:
        sandbox.change(dataclasses.replace(each, written_at=time.time()))
    assert opportunities.of_lead(lead.id) == ()
    sandbox.switch(index_lag_seconds=0)

    assert len(opportunities.of_lead(lead.id)) == 3


def test_an_account_that_wants_a_type_is_asked_type_by_type_from_then_on(sandbox):
    know_everything()
    sandbox.clear()
    sandbox.switch(opportunity_type_required="yes")

    first = opportunities.of_lead(sandbox.lead("Asha Rao").id)
    second = opportunities.of_lead(sandbox.lead("Imran Sheikh").id)

    assert (len(first), len(second)) == (3, 2)
    assert all(each.type_name for each in (*first, *second))
    assert calls(sandbox, "GetOpportunitiesOfLead") == 1 + 7 + 7


def test_where_each_type_is_a_call_fewer_leads_are_loaded_at_once(sandbox):
    know_everything()
    sandbox.switch(opportunity_type_required="yes")
    opportunities.of_lead(sandbox.lead("Asha Rao").id)
    sandbox.clear()
    sandbox.switch(opportunity_type_required="yes")

    found = opportunities.find("mail.example")

    assert [hit.is_loaded for hit in found.hits] == [True] * 3 + [False] * 7
    assert len(sandbox.requests) == 1 + opportunities.MOST_CALLS


def test_a_lead_without_opportunities_is_looked_for_type_by_type_only_when_asked_again(sandbox):
    know_everything()
    sandbox.clear()
    nobody = str(uuid.UUID(int=8))

    assert opportunities.of_lead(nobody) == ()
    assert len(sandbox.requests) == 1
    assert opportunities.of_lead(nobody, again=True) == ()
    assert len(sandbox.requests) == 1 + 1 + 7


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
        "type_code": None,
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


def test_the_latest_activities_cost_one_call_however_many_there_are(sandbox):
    catalog.ensure(now=NOON)
    opportunity = sandbox.opportunity("Asha Rao")
    for number in range(120):
        sandbox.add_activity(opportunity.id, code=208, note=str(number), owner_email=sandbox.key_user.email)
    sandbox.clear()

    latest, _ = opportunities.latest_activities(opportunity.id)

    assert len(sandbox.requests) == 1
    assert [each.owner_name for each in latest] == [sandbox.key_user.name] * 3


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


FACTS = {"id": AN_ID, "lead_id": "1e&ad", "type_code": 12000}
USUAL = f"https://in21.leadsquared.com/OpportunityManagement/OpportunityDetails?opportunityId={AN_ID}"


@pytest.mark.parametrize(
    ("address", "facts", "page"),
    [
        ("", FACTS, ""),
        ("https://in21.leadsquared.com", FACTS, f"{USUAL}&opportunityEvent=12000"),
        ("https://in21.leadsquared.com/", {"id": AN_ID, "type_code": None}, USUAL),
        ("https://in21.leadsquared.com", {"id": AN_ID}, USUAL),
        ("https://in21.leadsquared.com", {"id": ""}, ""),
        ("https://crm.example/o/{opportunity_id}?l={lead_id}", FACTS, f"https://crm.example/o/{AN_ID}?l=1e%26ad"),
        ("https://crm.example/o/{opportunity_id}?t={type_code}", {"id": AN_ID}, ""),
    ],
)
def test_an_opportunity_has_a_page_in_leadsquared(settings, address, facts, page):
    settings.LSQ_WEB_URL = address

    assert opportunities.page_in_leadsquared(facts) == page


def test_a_picked_opportunity_knows_the_code_of_its_type(sandbox):
    know_everything()

    assert opportunities.get(sandbox.opportunity("Asha Rao").id).type_code == 12000
