from __future__ import annotations

import pytest

from activities.models import CatalogEntry, CatalogKind
from activities.models.clock import clock
from tests.lists import know_everything

OWNERS = "/submissions/owners.json"


@pytest.fixture(autouse=True)
def lists(sandbox, db):
    know_everything()


def test_everybody_who_may_own_an_activity_is_listed_with_e_mail_and_name(asha_client, sandbox):
    rows = asha_client.get(OWNERS).json()

    assert ["kabir.shah@sahyadrihfc.in", "Kabir Shah"] in rows
    assert {email for email, _ in rows} == {user.email for user in sandbox.users if user.active}


def test_names_are_sent_as_they_are_written(asha_client):
    assert "José D'Souza" in asha_client.get(OWNERS).content.decode()


def test_it_is_nobody_elses_and_asked_for_again_each_time(asha_client):
    answer = asha_client.get(OWNERS)

    assert set(answer["Cache-Control"].split(", ")) == {"private", "no-cache"}
    assert "Cookie" in answer["Vary"]


def test_a_list_that_the_browser_has_is_not_sent_again(asha_client):
    mark = asha_client.get(OWNERS)["ETag"]

    answer = asha_client.get(OWNERS, headers={"If-None-Match": mark})

    assert (answer.status_code, answer.content) == (304, b"")


def test_a_list_that_was_fetched_again_is_sent_again(asha_client):
    mark = asha_client.get(OWNERS)["ETag"]
    CatalogEntry.objects.filter(kind=CatalogKind.USERS).update(fetched_at=clock())

    assert asha_client.get(OWNERS, headers={"If-None-Match": mark}).status_code == 200


def test_it_is_packed_and_its_mark_still_fits(asha_client):
    answer = asha_client.get(OWNERS, headers={"Accept-Encoding": "gzip"})
    again = asha_client.get(OWNERS, headers={"Accept-Encoding": "gzip", "If-None-Match": answer["ETag"]})

    assert answer["Content-Encoding"] == "gzip"
    assert again.status_code == 304


def test_an_auditor_gets_neither_the_list_nor_a_word_that_it_has_not_changed(asha_client, chitra_client):
    mark = asha_client.get(OWNERS)["ETag"]

    assert chitra_client.get(OWNERS, headers={"If-None-Match": mark}).status_code == 403


def test_a_list_that_was_never_fetched_is_empty(asha_client):
    CatalogEntry.objects.filter(kind=CatalogKind.USERS).delete()

    assert asha_client.get(OWNERS).json() == []
