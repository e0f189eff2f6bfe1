from __future__ import annotations

import pytest
from django.urls import reverse

from activities.models import Outcome, State
from tests.builders import a_submission

pytestmark = pytest.mark.django_db


@pytest.fixture
def not_posted(asha):
    row = {"outcome": Outcome.NOT_CREATED, "reason": "LeadSquared does not have it."}
    return a_submission(asha, [row], State.NOT_POSTED)


def look_again(client, submission):
    return client.post(reverse("submissions:look_again", args=[submission.public_id]), follow=True)


def test_the_page_offers_it_for_what_is_not_created(asha_client, not_posted):
    page = asha_client.get(reverse("submissions:detail", args=[not_posted.public_id])).content.decode()

    assert "Check again in LeadSquared" in page


def test_a_look_becomes_due(asha_client, not_posted):
    look_again(asha_client, not_posted)

    not_posted.refresh_from_db()
    assert not_posted.look_at is not None


def test_what_is_created_has_nothing_to_look_for(asha_client, asha):
    submission = a_submission(asha, state=State.POSTED)

    page = asha_client.get(reverse("submissions:detail", args=[submission.public_id])).content.decode()

    assert "Check again in LeadSquared" not in page


def test_an_auditor_may_not(chitra_client, not_posted):
    assert look_again(chitra_client, not_posted).status_code == 403


def test_somebody_elses_does_not_exist(bala_client, not_posted):
    assert look_again(bala_client, not_posted).status_code == 404
