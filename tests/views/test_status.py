from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db import connection as database

from activities import audit, connection
from activities.models import Account, CatalogEntry, CatalogKind, Outcome, State, Worker
from activities.models.clock import clock
from tests.builders import NOON, a_submission

MOST_QUERIES = 13


def test_the_status_is_for_administrators(asha_client, chitra_client):
    assert asha_client.get("/status/").status_code == 403
    assert chitra_client.post("/status/refresh/").status_code == 403


def test_it_shows_what_an_administrator_looks_for(dev_client, asha, django_assert_max_num_queries):
    now = clock()
    a_submission(by=asha, state=State.QUEUED)
    Worker.objects.create(name="host-1:17", started_at=now, seen_at=now)
    Worker.objects.create(name="host-2:18", started_at=now, seen_at=now - timedelta(minutes=5))
    CatalogEntry.objects.create(kind=CatalogKind.USERS, failure="LeadSquared does not answer.")
    CatalogEntry.objects.create(kind=CatalogKind.FIELDS, key="208", failure="Timed out.", fetched_at=now)

    with django_assert_max_num_queries(MOST_QUERIES):
        page = dev_client.get("/status/").content.decode()

    assert "host-1:17" in page
    assert "silent for over a minute" in page
    assert "LeadSquared does not answer." in page
    assert "208: Timed out." in page


def test_it_counts_the_refusals_that_have_no_plain_words(dev_client, asha):
    refused = {"outcome": Outcome.REJECTED, "outcome_at": NOON, "reason": "It was refused."}
    strange = {**refused, "exception_type": "MXBrandNewException", "said": "The flux is inverted"}
    known = {**refused, "exception_type": "MXDuplicateEntryException", "said": "Duplicate"}
    a_submission(asha, [strange, strange, known], State.NOT_POSTED)

    page = dev_client.get("/status/").content.decode()

    assert "MXBrandNewException" in page
    assert "The flux is inverted" in page
    assert '<td data-label="Rows" class="number"><span>2</span>' in page
    assert "MXDuplicateEntryException" not in page


def test_without_a_worker_it_says_how_to_start_one(dev_client):
    assert "make worker" in dev_client.get("/status/").content.decode()


def test_every_page_of_everybody_says_that_nothing_is_sent(asha_client):
    Account.objects.filter(pk=1).update(
        keys_mark=connection.keys_mark(),
        hold_since=clock(),
        hold_reason="LeadSquared refused the company’s key.",
    )

    page = asha_client.get("/history/").content.decode()

    assert "Nothing is being sent to LeadSquared" in page
    assert "LeadSquared refused the company’s key." in page


def test_the_lists_are_refreshed_by_a_press(dev_client, sandbox):
    response = dev_client.post("/status/refresh/", follow=True)

    assert "The lists are fresh." in response.content.decode()
    assert audit.entries().filter(action="catalog.refreshed", actor="Dev").exists()


def test_lists_that_cannot_be_had_say_why(dev_client, settings):
    settings.LSQ_API_URL = ""

    response = dev_client.post("/status/refresh/", follow=True)

    assert "The portal has no address or keys of LeadSquared." in response.content.decode()


def test_a_monitor_needs_no_sign_in(client, db):
    assert client.get("/healthz").json() == {"status": "ok"}


def test_a_monitor_is_told_when_the_database_is_gone(client, db):
    def gone(*_):
        raise OperationalError("gone")

    with database.execute_wrapper(gone):
        response = client.get("/healthz")

    assert response.status_code == 503


@pytest.mark.parametrize("path", ["/status/", "/status/refresh/", "/healthz"])
def test_only_what_is_meant_can_be_done(dev_client, path):
    assert dev_client.delete(path).status_code == 405
