from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from django.urls import reverse

from activities import audit, connection, posting, purging, submissions
from activities.models import Account, Outcome, Recheck, State
from activities.models.clock import clock
from lsqportal.sandbox.demo import ASHA_HOME_LOAN_ID
from tests.builders import a_draft, a_field, a_new_row, a_submission, an_actor
from tests.lists import know_everything
from tests.pages import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def not_posted(asha):
    row = {"outcome": Outcome.NOT_CREATED, "reason": "LeadSquared does not have it."}
    return a_submission(asha, [row], State.NOT_POSTED)


@pytest.fixture
def posted(asha, sandbox):
    """Two rows that LeadSquared has; somebody has changed the second one there since."""
    know_everything()
    rows = [a_new_row(note=f"Row {number}", fields=(a_field(),)) for number in (1, 2)]
    submission = submissions.submit(a_draft(asha, opportunity_id=ASHA_HOME_LOAN_ID), rows, by=an_actor(asha))
    posting.post_next(worker="host:1:1")
    activity = next(each for each in sandbox.posted() if each.note == "Row 2")
    sandbox.rewrite(dataclasses.replace(activity, values={"mx_Custom_2": "ZZZZZ9999Z"}))
    return submission


def look_again(client, submission):
    return client.post(reverse("submissions:look_again", args=[submission.public_id]), follow=True)


def test_the_page_offers_it_for_what_is_not_created(asha_client, not_posted):
    page = asha_client.get(reverse("submissions:detail", args=[not_posted.public_id])).content.decode()

    assert "Check again in LeadSquared" in page


def test_a_look_becomes_due(asha_client, not_posted):
    look_again(asha_client, not_posted)

    not_posted.refresh_from_db()
    assert not_posted.look_at is not None


def test_no_look_becomes_due_that_the_keys_of_today_cannot_do(asha_client, not_posted, settings):
    settings.LSQ_API_URL = "https://api-in21.leadsquared.com/v2"
    Account.objects.update(keys_mark=connection.keys_mark(), organisation="another", host="api-in21.leadsquared.com")

    page = read(look_again(asha_client, not_posted))

    not_posted.refresh_from_db()
    assert not_posted.look_at is None
    assert f"The portal cannot look: this was submitted for {not_posted.host}" in page.text


def test_an_auditor_may_not(chitra_client, not_posted):
    assert look_again(chitra_client, not_posted).status_code == 403


def test_somebody_elses_does_not_exist(bala_client, not_posted):
    assert look_again(bala_client, not_posted).status_code == 404


class TestWhatIsCreated:
    def test_what_was_sent_stands_beside_what_leadsquared_holds(self, asha_client, posted):
        page = read(look_again(asha_client, posted))

        assert "Checked in LeadSquared: 1 of 6 values differs." in page.text
        assert page.html.count("data-differs") == 1
        assert "PAN number mx_Custom_2AAAAA1111AZZZZZ9999Z" in page.text_of("checked")
        assert "As sent: row 1." in page.text

    def test_it_is_offered_to_everybody_who_may_read(self, asha_client, chitra_client, posted):
        for client in (asha_client, chitra_client):
            page = client.get(reverse("submissions:detail", args=[posted.public_id])).content.decode()
            assert "Check again in LeadSquared" in page

    def test_an_auditor_may_compare_since_nothing_is_posted(self, chitra_client, posted, sandbox):
        look_again(chitra_client, posted)

        assert posted.rechecks.count() == 1
        assert len(sandbox.posted()) == 2

    def test_somebody_elses_is_not_compared(self, bala_client, posted):
        assert look_again(bala_client, posted).status_code == 404
        assert not Recheck.objects.exists()

    def test_an_answer_that_does_not_come_is_told(self, asha_client, posted, sandbox):
        sandbox.fault("status", status=503, times=20, path_contains="GetActivitiesOfOpportunity")

        page = look_again(asha_client, posted).content.decode()

        assert "Nothing was compared." in page

    def test_what_is_gone_is_named(self, asha_client, posted, sandbox):
        sandbox.delete(next(each for each in sandbox.posted() if each.note == "Row 1"))

        page = look_again(asha_client, posted).content.decode()

        assert "Row 1: LeadSquared’s list does not have it any more." in page

    def test_a_page_that_was_overtaken_by_a_purge_says_so(self, asha_client, posted):
        purging.purge(clock() + timedelta(days=1), by=audit.COMMAND_LINE)

        page = look_again(asha_client, posted).content.decode()

        posted.refresh_from_db()
        assert "Nothing was compared: the contents were removed under the retention policy." in page
        assert posted.look_at is None
