from __future__ import annotations

import pytest
from django.urls import reverse

from activities.models import Look, Outcome, State
from tests.builders import NOON, a_submission

pytestmark = pytest.mark.django_db
HELD = {"id": "11111111-2222-4333-8444-555555555555", "code": 208, "note": "Note 1 [auto]", "owner": "Kabir Shah"}


@pytest.fixture
def undecided(asha):
    """A submission of one row that the portal could not find out about, and what LeadSquared holds."""
    submission = a_submission(
        asha, state=State.UNCONFIRMED, needs_person_since=NOON, explanation="Somebody has to say which are ours."
    )
    leftover = {**HELD, "created_by": "", "created_at": NOON.isoformat(), "values": {"mx_Custom_2": "AAAAA1111A"}}
    Look.objects.create(
        submission=submission, number=1, at=NOON, succeeded=True, whole=True, leftovers=[leftover], summary="1"
    )
    return submission


def decide(client, submission, **choices):
    return client.post(reverse("submissions:decide", args=[submission.public_id]), choices, follow=True)


def test_both_sides_are_shown(asha_client, undecided):
    page = asha_client.get(reverse("submissions:detail", args=[undecided.public_id])).content.decode()

    assert "Note 1 [auto]" in page
    assert HELD["id"] in page
    assert "Somebody has to say which are ours." in page


def test_an_activity_that_is_ours_makes_the_row_created(asha_client, undecided):
    decide(asha_client, undecided, **{"row-1": HELD["id"]})

    assert undecided.rows.get().outcome == Outcome.CREATED


def test_none_of_these_makes_the_row_not_created(asha_client, undecided):
    decide(asha_client, undecided, **{"row-1": "none"})

    assert undecided.rows.get().outcome == Outcome.NOT_CREATED


def test_without_a_choice_nothing_is_decided(asha_client, undecided):
    page = decide(asha_client, undecided).content.decode()

    assert undecided.rows.get().outcome == Outcome.UNCONFIRMED
    assert "choose for every row" in page


def test_an_administrator_may_decide(dev_client, undecided):
    decide(dev_client, undecided, **{"row-1": "none"})

    assert undecided.rows.get().outcome == Outcome.NOT_CREATED


def test_an_auditor_sees_it_and_may_not_decide(chitra_client, undecided):
    response = decide(chitra_client, undecided, **{"row-1": "none"})

    assert response.status_code == 403
    assert undecided.rows.get().outcome == Outcome.UNCONFIRMED


def test_somebody_elses_does_not_exist(bala_client, undecided):
    assert decide(bala_client, undecided, **{"row-1": "none"}).status_code == 404


def test_reading_is_not_deciding(asha_client, undecided):
    assert asha_client.get(reverse("submissions:decide", args=[undecided.public_id])).status_code == 405
