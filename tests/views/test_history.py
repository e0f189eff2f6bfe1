from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from activities import listings
from activities.models import State
from tests.builders import NOON, OPPORTUNITY, a_submission

MOST_QUERIES = 12
LEAD = "0d9c1e52-6a7b-4f1e-8c3d-2b5a9e8f7c61"


def names_on(response):
    return [line.submission.opportunity_name for line in response.context["lines"]]


def test_the_own_submissions_are_listed_newest_first(asha_client, asha, bala):
    a_submission(by=asha, opportunity_name="First")
    a_submission(by=bala, opportunity_name="Bala’s")
    a_submission(by=asha, opportunity_name="Second", state=State.POSTED)

    response = asha_client.get("/history/")

    assert names_on(response) == ["Second", "First"]
    assert "Bala’s" not in response.content.decode()


def test_a_first_day_says_where_to_begin(asha_client):
    page = asha_client.get("/history/").content.decode()

    assert "You have not posted anything yet" in page
    assert "Pick an opportunity" in page


def test_nothing_that_fits_offers_to_clear_the_filters(asha_client, asha):
    a_submission(by=asha)

    page = asha_client.get("/history/?text=nowhere").content.decode()

    assert "Nothing fits the filters" in page
    assert 'value="nowhere"' in page


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("since=30+Feb+2026", "February 2026 has 28 days."),
        ("since=20+Nov+2026&until=19+Nov+2026", "This is before the first day."),
        ("state=nonsense", "Select a valid choice."),
        ("before=x", "Enter a whole number."),
        ("text=%00", "Null characters are not allowed."),
        ("text=" + "x" * 300, "at most 200 characters"),
        ("id=" + "x" * 300, "at most 200 characters"),
        ("id=%00", "Null characters are not allowed."),
        ("id=https%3A%2F%2Fin21.leadsquared.com%2FHome", "This link has no id in it."),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused_and_kept(asha_client, asha, query, message):
    a_submission(by=asha, opportunity_name="Still here")

    response = asha_client.get(f"/history/?{query}")

    assert response.status_code == 422
    assert message in response.content.decode()
    assert "<title>Error: " in response.content.decode()
    assert names_on(response) == ["Still here"]


@pytest.mark.parametrize(
    "link",
    [
        f"https://in21.leadsquared.com/OpportunityManagement/OpportunityDetails?opportunityId={OPPORTUNITY.upper()}",
        f"https://in21.leadsquared.com/Some/Page?leadId={uuid.uuid4()}&opportunityId={OPPORTUNITY}&{'x' * 200}",
        f" https://in21.leadsquared.com/LeadManagement/LeadDetails?LeadID={LEAD} ",
    ],
)
def test_a_link_of_leadsquared_stands_for_its_id(asha_client, asha, link):
    a_submission(by=asha, opportunity_name="This one", opportunity_id=OPPORTUNITY, lead_id=LEAD)
    a_submission(by=asha, opportunity_name="Another")

    response = asha_client.get("/history/", {"id": link})

    assert names_on(response) == ["This one"]


def test_the_address_of_a_submission_stands_for_it(asha_client, asha):
    submission = a_submission(by=asha, opportunity_name="This one")
    a_submission(by=asha, opportunity_name="Another")

    response = asha_client.get("/history/", {"id": f"https://portal.example/submissions/{submission.public_id}/"})

    assert names_on(response) == ["This one"]


def test_created_activities_show_their_id(asha_client, asha):
    submission = a_submission(by=asha, rows=2, state=State.POSTED)
    a_submission(by=asha, state=State.NOT_POSTED)

    response = asha_client.get("/history/activities/?outcome=created")

    assert len(response.context["page"].items) == 2
    assert all(row.activity_id in response.content.decode() for row in submission.rows.all())


def test_pages_lead_to_older_and_back_to_newer(asha_client, asha, monkeypatch):
    monkeypatch.setattr(listings, "PAGE_SIZE", 2)
    for name in ("1", "2", "3", "4", "5"):
        a_submission(by=asha, opportunity_name=name)

    first = asha_client.get("/history/")
    second = asha_client.get(f"/history/?before={first.context['page'].older}")
    third = asha_client.get(f"/history/?before={second.context['page'].older}")
    back = asha_client.get(f"/history/?after={third.context['page'].newer}")

    assert [names_on(page) for page in (first, second, third)] == [["5", "4"], ["3", "2"], ["1"]]
    assert names_on(back) == ["3", "2"]
    assert (first.context["page"].newer, third.context["page"].older) == (None, None)


def test_a_link_to_the_next_page_keeps_the_filters(asha_client, asha, monkeypatch):
    monkeypatch.setattr(listings, "PAGE_SIZE", 1)
    a_submission(by=asha, state=State.POSTED)
    a_submission(by=asha, state=State.POSTED)

    page = asha_client.get("/history/?state=posted").content.decode()

    assert 'href="?state=posted&amp;before=' in page


@pytest.mark.parametrize("path", ["/history/", "/history/activities/", "/audit/", "/audit/activities/"])
def test_no_list_asks_more_as_it_grows(dev_client, dev, django_assert_max_num_queries, path):
    for minute in range(60):
        a_submission(by=dev, rows=3, state=State.POSTED, submitted_at=NOON + timedelta(minutes=minute))

    with django_assert_max_num_queries(MOST_QUERIES):
        dev_client.get(path)


@pytest.mark.parametrize("path", ["", "activities/"])
def test_whoever_is_not_signed_in_is_sent_to_sign_in(client, db, path):
    assert client.get(f"/history/{path}").url == f"/account/sign-in/?next=/history/{path}"


def test_reading_is_all_that_can_be_done(asha_client):
    assert asha_client.post("/history/").status_code == 405
