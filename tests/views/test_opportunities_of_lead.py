from __future__ import annotations

import uuid

import pytest

from activities import pins
from lsqportal.sandbox.demo import ASHA_HOME_LOAN_ID
from tests.lists import know_everything
from tests.pages import read

OF_LEAD = "/opportunities/of-lead/"


def of_lead(client, lead_id, **more):
    return client.get(OF_LEAD, {"lead": lead_id, **more})


def test_a_leads_opportunities_come_open_ones_first(asha_client, sandbox):
    page = read(of_lead(asha_client, sandbox.lead("Asha Rao").id))

    assert page.links[0] == f"/submissions/new/?opportunityId={ASHA_HOME_LOAN_ID}"
    assert page.text.count("Choose") == 2
    assert page.text.index("Closed") > page.text.rindex("Choose")


def test_the_draft_that_is_moved_goes_along(asha_client, sandbox):
    draft = str(uuid.uuid4())

    page = read(of_lead(asha_client, sandbox.lead("Asha Rao").id, draft=draft))

    assert all(link.endswith(f"&draft={draft}") for link in page.links)


def test_what_is_pinned_can_be_unpinned(asha_client, asha, sandbox):
    know_everything()
    pins.pin({"id": ASHA_HOME_LOAN_ID.upper(), "name": "Asha Rao – Home loan"}, owner=asha)

    text = read(of_lead(asha_client, sandbox.lead("Asha Rao").id)).text

    assert "Unpin Home loan" in text
    assert "Pin Balance transfer" in text


def test_none_is_told_with_the_lag_and_a_way_to_look_again(asha_client, sandbox):
    nobody = str(uuid.UUID(int=7))

    page = read(of_lead(asha_client, nobody))

    assert "A new one appears there after a minute" in page.text
    assert page.links == [f"/?lead={nobody}&again=yes"]
    assert f'data-fills="{OF_LEAD}?lead={nobody}&amp;again=yes"' in page.html


def test_what_could_not_be_loaded_can_be_asked_for_again(asha_client, sandbox):
    lead = sandbox.lead("Asha Rao")
    sandbox.fault("html", path_contains="GetOpportunitiesOfLead")

    page = read(of_lead(asha_client, lead.id))

    assert "The opportunities could not be loaded. LeadSquared gave no clear answer." in page.text
    assert page.links == [f"/?lead={lead.id}&again=yes"]


@pytest.mark.parametrize("lead_id", ["", "nonsense", "../../etc"])
def test_what_is_no_id_does_not_exist(asha_client, sandbox, lead_id):
    assert of_lead(asha_client, lead_id).status_code == 404
    assert sandbox.requests == []
