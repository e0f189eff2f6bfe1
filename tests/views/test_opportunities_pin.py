from __future__ import annotations

import uuid

import pytest

from activities import pins
from activities.models import Pin
from lsqportal.sandbox.demo import ASHA_HOME_LOAN_ID
from tests.lists import know_everything
from tests.pages import post, press, read

PIN = "/opportunities/pin/"
EDITOR = "/submissions/new/"
CHOOSE = f"/submissions/new/?opportunityId={ASHA_HOME_LOAN_ID}"


@pytest.fixture(autouse=True)
def lists(sandbox, db):
    know_everything()


def test_a_pin_stands_on_the_start_page_from_then_on(asha_client, bala_client):
    response = post(asha_client, PIN, {"pin": ASHA_HOME_LOAN_ID})

    assert response.url == "/"
    page = read(asha_client.get("/"))
    assert CHOOSE in page.links
    assert "Asha Rao – Home loan KYC pending · Open · Kabir Shah" in page.text_of("pins")
    assert CHOOSE not in read(bala_client.get("/")).links


def test_the_search_stands_there_again(asha_client):
    assert post(asha_client, PIN, {"pin": ASHA_HOME_LOAN_ID, "q": "asha r", "draft": "x"}).url == "/?q=asha+r&draft=x"


def test_unpinning_takes_it_away(asha_client, asha):
    post(asha_client, PIN, {"pin": ASHA_HOME_LOAN_ID})

    post(asha_client, PIN, {"unpin": ASHA_HOME_LOAN_ID})

    assert not Pin.objects.exists()


def test_a_script_gets_the_pins_alone(asha_client):
    page = read(post(asha_client, PIN, {"pin": ASHA_HOME_LOAN_ID, "part": "yes"}))

    assert page.html.startswith('<section class="panel" id="pins"')
    assert CHOOSE in page.links


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (str(uuid.UUID(int=7)), "LeadSquared has no opportunity"),
        ("nonsense", "This is not an opportunity’s id."),
        ("", "This is not an opportunity’s id."),
    ],
)
def test_what_is_not_there_is_not_pinned(asha_client, wanted, words):
    response = post(asha_client, PIN, {"pin": wanted}, follow=True)

    assert words in read(response).text
    assert not Pin.objects.exists()


def test_it_is_not_pinned_while_leadsquared_is_away(asha_client, sandbox):
    sandbox.fault("html", path_contains="GetOpportunityDetails")

    response = post(asha_client, PIN, {"pin": ASHA_HOME_LOAN_ID, "part": "yes"})

    assert response.status_code == 409
    assert not Pin.objects.exists()


def test_more_than_can_be_kept_is_told(asha_client, asha):
    for number in range(pins.MOST):
        pins.pin({"id": str(number), "name": "x"}, owner=asha)

    response = post(asha_client, PIN, {"pin": ASHA_HOME_LOAN_ID}, follow=True)

    assert "You have 50 pins, and more cannot be kept." in read(response).text


def test_an_auditor_pins_nothing(chitra_client):
    assert post(chitra_client, PIN, {"pin": ASHA_HOME_LOAN_ID}).status_code == 403


class TestInTheEditor:
    def test_the_button_pins_and_keeps_what_was_typed(self, asha_client, asha):
        page = read(asha_client.get(EDITOR, {"opportunityId": ASHA_HOME_LOAN_ID}))

        press(asha_client, page, "pin", **{"r1-note": "typed"})

        draft = asha.drafts.get()
        page = read(asha_client.get(EDITOR, {"draft": str(draft.public_id)}))
        assert draft.content["rows"][0]["note"] == "typed"
        assert 'form="rows" name="do" value="unpin"' in page.html
        assert pins.is_pinned(ASHA_HOME_LOAN_ID, owner=asha)

    def test_the_button_unpins(self, asha_client, asha):
        post(asha_client, PIN, {"pin": ASHA_HOME_LOAN_ID})
        page = read(asha_client.get(EDITOR, {"opportunityId": ASHA_HOME_LOAN_ID}))

        press(asha_client, page, "unpin")

        assert not Pin.objects.exists()

    def test_more_than_can_be_kept_is_told_there(self, asha_client, asha):
        for number in range(pins.MOST):
            pins.pin({"id": str(number), "name": "x"}, owner=asha)
        page = read(asha_client.get(EDITOR, {"opportunityId": ASHA_HOME_LOAN_ID}))

        response = asha_client.get(press(asha_client, page, "pin").url)

        assert "You have 50 pins" in read(response).text

    def test_a_pin_shows_what_the_opportunity_looked_like_when_it_was_opened_last(self, asha_client, asha):
        pins.pin({"id": ASHA_HOME_LOAN_ID, "name": "Asha Rao – Home loan", "stage": "New enquiry"}, owner=asha)

        asha_client.get(EDITOR, {"opportunityId": ASHA_HOME_LOAN_ID})

        assert Pin.objects.get().opportunity["stage"] == "KYC pending"

    def test_rows_without_an_opportunity_offer_no_pin(self, asha_client):
        page = read(post(asha_client, EDITOR, {"do": "add", "rows": "1"}, follow=True))

        assert "pin-toggle" not in page.html

    def test_the_way_to_leadsquared_opens_beside_it(self, asha_client, settings):
        settings.LSQ_WEB_URL = "https://in21.leadsquared.com"

        html = read(asha_client.get(EDITOR, {"opportunityId": ASHA_HOME_LOAN_ID})).html

        address = (
            f"https://in21.leadsquared.com/OpportunityManagement/OpportunityDetails?opportunityId={ASHA_HOME_LOAN_ID}"
        )
        assert (
            f'<a href="{address}&amp;opportunityEvent=12000" target="_blank" rel="noopener">Open in LeadSquared' in html
        )
