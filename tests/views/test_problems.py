from __future__ import annotations

import pytest
from django.test import Client, RequestFactory

from activities.views import problems


@pytest.fixture
def patient_client(settings):
    """A client that gets the page of a 500 instead of its exception."""
    settings.DEBUG = False
    return Client(raise_request_exception=False)


def test_an_unknown_address_has_a_page_with_a_request_id(asha_client):
    response = asha_client.get("/no-such-page/")

    assert response.status_code == 404
    assert "There is no such page for you" in response.content.decode()
    assert f"<code>{response['X-Request-ID']}</code>" in response.content.decode()


def test_somebody_elses_page_says_why_it_is_closed(asha_client):
    response = asha_client.get("/people/")

    assert response.status_code == 403
    assert "This page is for administrators." in response.content.decode()


def test_too_much_text_gets_an_answer_in_words(asha_client):
    body = "note=" + "x" * (6 * 1024 * 1024)

    response = asha_client.post("/account/", body, content_type="application/x-www-form-urlencoded")

    assert response.status_code == 413
    assert "That is too much at once" in response.content.decode()


def test_too_many_fields_get_an_answer_in_words(asha_client):
    body = "&".join(f"f{number}=x" for number in range(5001))

    response = asha_client.post("/account/", body, content_type="application/x-www-form-urlencoded")

    assert response.status_code == 400
    assert "more fields than the portal reads" in response.content.decode()


@pytest.mark.parametrize("query", ["text=%ff", "text=%C3%28"])
def test_text_that_is_not_utf_8_is_refused(asha_client, query):
    response = asha_client.get(f"/history/?{query}")

    assert response.status_code == 400
    assert "not UTF-8" in response.content.decode()


def test_a_forged_form_is_refused_in_words(asha):
    client = Client(enforce_csrf_checks=True)
    client.force_login(asha)

    response = client.post("/account/", {"time_zone": "UTC"})

    assert response.status_code == 403
    assert "This form is out of date" in response.content.decode()
    assert "What you typed is still in your browser" in response.content.decode()


def test_a_host_that_is_not_ours_gets_a_page(client, db):
    response = client.get("/account/sign-in/", headers={"Host": "elsewhere.example"})

    assert response.status_code == 400
    assert "The portal cannot read this request" in response.content.decode()


@pytest.mark.parametrize("path", ["/no-such-page/", "/account/"])
def test_a_problem_page_for_nobody_has_no_navigation(client, db, path):
    response = client.get(path, follow=True)

    assert b'<nav aria-label="Main">' not in response.content


def test_a_broken_database_still_gives_a_page(patient_client, asha, monkeypatch):
    patient_client.force_login(asha)

    def broken(*_, **__):
        raise RuntimeError("secret words of the exception")

    monkeypatch.setattr("activities.listings.submissions", broken)
    response = patient_client.get("/history/")

    assert response.status_code == 500
    assert b"Something broke in the portal" in response.content
    assert b"secret words" not in response.content


def test_the_500_page_needs_nothing_but_its_file():
    response = problems.server_error(RequestFactory().get("/"))

    assert response.status_code == 500
    assert b"portal.css" in response.content
