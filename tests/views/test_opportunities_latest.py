from __future__ import annotations

from activities import catalog
from lsqportal.sandbox.demo import ASHA_HOME_LOAN_ID
from tests.builders import NOON
from tests.pages import read

LATEST = "/opportunities/latest/"


def test_the_latest_activities_stand_with_type_note_and_owner(asha_client, sandbox):
    catalog.ensure(now=NOON)
    sandbox.add_activity(ASHA_HOME_LOAN_ID, code=208, note="<b>seen</b>", owner_email="kabir.shah@sahyadrihfc.in")

    page = read(asha_client.get(LATEST, {"opportunityId": ASHA_HOME_LOAN_ID}))

    assert "KYC visit: <b>seen</b> · Kabir Shah" in page.text_of("latest")
    assert "<b>seen" not in page.html


def test_no_activity_is_told(asha_client, sandbox):
    other = sandbox.opportunities[-1]
    sandbox.switch(index_lag_seconds=10**9)

    page = read(asha_client.get(LATEST, {"opportunityId": other.id}))

    assert page.text_of("latest")


def test_a_list_that_cannot_be_read_is_told(asha_client, sandbox):
    sandbox.fault("html", path_contains="GetActivitiesOfOpportunity")

    page = read(asha_client.get(LATEST, {"opportunityId": ASHA_HOME_LOAN_ID}))

    assert page.text_of("latest") == "The latest activities could not be read. LeadSquared gave no clear answer."


def test_what_is_no_id_does_not_exist(asha_client, sandbox):
    assert asha_client.get(LATEST, {"opportunityId": "nonsense"}).status_code == 404


def test_an_auditor_is_told_why_not(chitra_client, sandbox):
    assert chitra_client.get(LATEST, {"opportunityId": ASHA_HOME_LOAN_ID}).status_code == 403
