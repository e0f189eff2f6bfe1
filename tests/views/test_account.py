from __future__ import annotations

from html import unescape
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from activities import audit, people
from tests.builders import an_actor
from tests.conftest import PASSWORD
from tests.pages import post, read

SIGN_IN = "/account/sign-in/"
FORM = "application/x-www-form-urlencoded"


class Inputs(HTMLParser):
    """The hidden inputs of a page, in their order."""

    def __init__(self, html):
        super().__init__()
        self.pairs = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "input" and found.get("type") == "hidden" and "name" in found:
            self.pairs.append((found["name"], found.get("value", "")))


def hidden(response):
    return [pair for pair in Inputs(response.content.decode()).pairs if pair[0] != "csrfmiddlewaretoken"]


def newest():
    return audit.entries().order_by("-pk").first()


def sign_in(client, email="asha@sahyadrihfc.in", password=PASSWORD, **more):
    return client.post(SIGN_IN, {"email": email, "password": password, **more})


def test_whoever_signs_in_lands_where_work_begins(client, asha):
    response = sign_in(client, email="ASHA@sahyadrihfc.in")

    assert response.url == reverse("opportunities:pick")
    assert (newest().action, newest().actor, newest().address) == ("person.signed_in", "Asha", "127.0.0.1")


@pytest.mark.parametrize("email", ["asha@sahyadrihfc.in", "nobody@sahyadrihfc.in", "not an address"])
def test_a_wrong_password_and_an_unknown_person_get_the_same_answer(client, asha, email):
    response = sign_in(client, email=email, password="wrong")

    assert response.status_code == 422
    assert "E-mail and password do not match, or this person may not sign in." in response.content.decode()
    assert email in response.content.decode()
    assert (audit.in_words(newest()), newest().address) == ("could not be signed in", "127.0.0.1")
    assert email not in str([newest().facts, newest().subject, newest().actor])


def test_a_deactivated_person_cannot_sign_in(client, asha, dev):
    people.change(asha, by=an_actor(dev), is_active=False)

    assert sign_in(client).status_code == 422


def test_an_open_session_of_a_deactivated_person_ends(asha_client, asha, dev):
    people.change(asha, by=an_actor(dev), is_active=False)

    assert asha_client.get("/account/").status_code == 302


def test_an_empty_form_says_what_is_missing_and_is_no_failed_try(client, db):
    response = sign_in(client, email="", password="")

    assert response.status_code == 422
    assert b"Type your e-mail address." in response.content
    assert not audit.entries().exists()


def test_a_deep_link_survives_the_sign_in(client, asha):
    asked = client.get("/submissions/new/?opportunityId=7d1c2f0a")

    response = sign_in(client, next=asked.url.partition("next=")[2].replace("%3F", "?").replace("%3D", "="))

    assert asked.url == f"{SIGN_IN}?next=/submissions/new/%3FopportunityId%3D7d1c2f0a"
    assert response.url == "/submissions/new/?opportunityId=7d1c2f0a"


@pytest.mark.parametrize("elsewhere", ["https://example.com/", "//example.com", "javascript:alert(1)"])
def test_no_link_leads_out_of_the_portal(client, asha, elsewhere):
    assert sign_in(client, next=elsewhere).url == reverse("opportunities:pick")


def test_signing_out_needs_a_press_and_is_recorded(asha_client):
    assert asha_client.get("/account/sign-out/").status_code == 405

    response = asha_client.post("/account/sign-out/")

    assert response.url == SIGN_IN
    assert newest().action == "person.signed_out"
    assert asha_client.get("/account/").status_code == 302


def test_a_one_time_password_opens_only_the_page_that_replaces_it(client, dev):
    _, one_time = people.add(email="esha@sahyadrihfc.in", name="Esha", role="poster", by=an_actor(dev))

    response = sign_in(client, email="esha@sahyadrihfc.in", password=one_time)

    assert response.url == "/account/password/"
    assert client.get("/history/").url == "/account/password/"
    assert client.get("/account/password/").status_code == 200


def test_the_own_password_is_changed_and_the_session_stays(asha_client, asha):
    new = "another-horse-battery"

    response = asha_client.post("/account/password/", {"current": PASSWORD, "new": new, "again": new})

    assert response.url == "/account/"
    assert asha_client.get("/account/").status_code == 200
    asha.refresh_from_db()
    assert asha.check_password(new)
    assert newest().action == "person.password_changed"


@pytest.mark.parametrize(
    ("current", "new", "again", "message"),
    [
        ("wrong", "another-horse-battery", "another-horse-battery", "This is not your present password."),
        (PASSWORD, "1234567890", "1234567890", "entirely numeric"),
        (PASSWORD, "another-horse-battery", "another-horse", "The two new passwords differ."),
        (PASSWORD, PASSWORD, PASSWORD, "Choose another one than the present password."),
    ],
)
def test_a_password_that_will_not_do_is_refused(asha_client, current, new, again, message):
    response = asha_client.post("/account/password/", {"current": current, "new": new, "again": again})

    assert response.status_code == 422
    assert message in unescape(response.content.decode())


def test_times_follow_the_zone_that_a_person_chooses(asha_client, asha):
    asha_client.post("/account/", {"time_zone": "Asia/Dubai"})

    asha.refresh_from_db()
    assert asha.time_zone == "Asia/Dubai"
    assert audit.in_words(newest()) == "changed Asha: time zone from Asia/Kolkata to Asia/Dubai"


def test_an_unknown_zone_is_refused(asha_client):
    assert asha_client.post("/account/", {"time_zone": "Mars/Base"}).status_code == 422


def test_what_was_posted_after_the_session_ended_comes_back_exactly(client, asha):
    typed = [
        ("r1-note", "مرحبا 👩‍👩‍👧 José\r\nsecond line"),
        ("r1-v0-mx_Custom_1", "a & b=c + “d”"),
        ("r1-v0-mx_Custom_1", "second <value>"),
        ("do", "review"),
    ]

    expired = client.post("/submissions/new/?draft=x", urlencode(typed), content_type=FORM)
    held = dict(hidden(expired))
    resumed = sign_in(client, **held)

    assert expired.status_code == 401
    assert held["held_path"] == "/submissions/new/?draft=x"
    assert hidden(resumed) == typed
    assert b'action="/submissions/new/?draft=x"' in resumed.content


def test_a_held_form_survives_a_mistyped_password(client, asha):
    again = sign_in(client, password="wrong", held_path="/submissions/new/", held_fields="a=1&a=2")

    assert dict(hidden(again)) == {"held_path": "/submissions/new/", "held_fields": "a=1&a=2"}


@pytest.mark.parametrize("path", ["https://example.com/", "//example.com/x", "account/", ""])
def test_a_held_form_goes_nowhere_else(client, asha, path):
    response = sign_in(client, held_path=path, held_fields="a=1")

    assert response.url == reverse("opportunities:pick")


class TestAOneTimePassword:
    """Somebody was signed out while they typed, and comes back with a one-time password."""

    NEW = "another-horse-battery"

    @pytest.fixture
    def one_time(self, asha, dev):
        return people.give_one_time_password(asha, by=an_actor(dev))

    def choose(self, client, one_time, new=NEW, **more):
        return client.post("/account/password/", {"current": one_time, "new": new, "again": new, **more})

    def test_does_not_lose_the_held_form(self, client, one_time):
        page = sign_in(client, password=one_time, held_path="/submissions/new/", held_fields="r1-note=typed&do=review")
        resumed = self.choose(client, one_time, **dict(hidden(page)))

        assert b'action="/account/password/"' in page.content
        assert "no-store" in page["Cache-Control"]
        assert b'action="/submissions/new/"' in resumed.content
        assert hidden(resumed) == [("r1-note", "typed"), ("do", "review")]

    def test_does_not_lose_it_over_a_new_password_that_will_not_do(self, client, one_time):
        page = sign_in(client, password=one_time, held_path="/submissions/new/", held_fields="r1-note=typed")
        again = self.choose(client, one_time, new="1234567890", **dict(hidden(page)))

        assert again.status_code == 422
        assert dict(hidden(again)) == {"held_path": "/submissions/new/", "held_fields": "r1-note=typed"}

    def test_does_not_lose_where_somebody_wanted_to_go(self, client, one_time):
        asked = sign_in(client, password=one_time, next="/history/?state=queued")
        page = client.get(asked.url)

        assert self.choose(client, one_time, **dict(hidden(page))).url == "/history/?state=queued"

    @pytest.mark.parametrize("elsewhere", ["https://example.com/", "//example.com"])
    def test_leads_nowhere_else(self, client, one_time, elsewhere):
        sign_in(client, password=one_time)

        response = self.choose(client, one_time, next=elsewhere, held_path=elsewhere, held_fields="a=1")

        assert response.url == "/account/"


class TestWhoeverSignedInAtAnotherWindow:
    """Two windows of one browser: the first still has what it had before somebody signed in at the second."""

    HERE = "http://testserver"

    @pytest.fixture
    def windows(self, asha):
        windows = Client(enforce_csrf_checks=True)
        self.sign_in_at(windows, read(windows.get(SIGN_IN)))
        return windows

    @pytest.fixture
    def window(self, windows):
        """A page that was opened before the session ended."""
        page = read(windows.get("/account/"))
        del windows.cookies["lsqportal_session"]
        return page

    def sign_in_at(self, windows, page, **headers):
        fields = dict(page.form(SIGN_IN).fields)
        return post(windows, SIGN_IN, {**fields, "email": "asha@sahyadrihfc.in", "password": PASSWORD}, **headers)

    def send(self, windows, page, **headers):
        return post(windows, "/account/", {**dict(page.form("").fields), "time_zone": "UTC"}, **headers)

    def test_goes_on_from_a_sign_in_page_that_holds_a_form(self, windows, window):
        signed_out = read(self.send(windows, window))
        self.sign_in_at(windows, read(windows.get(SIGN_IN)))

        resumed = self.sign_in_at(windows, signed_out, headers={"Origin": self.HERE})

        assert hidden(resumed) == [("time_zone", "UTC")]
        assert PASSWORD not in resumed.content.decode()
        assert post(windows, "/account/", read(resumed).form("/account/").fields).status_code == 302

    def test_goes_on_from_it_with_the_token_of_now(self, asha_client):
        resumed = sign_in(asha_client, held_path="/account/", held_fields="time_zone=UTC")

        assert hidden(resumed) == [("time_zone", "UTC")]

    def test_goes_on_from_a_form_that_was_open_before(self, windows, window):
        self.sign_in_at(windows, read(windows.get(SIGN_IN)))

        resumed = self.send(windows, window, headers={"Origin": self.HERE})

        assert resumed.status_code == 403
        assert hidden(resumed) == [("time_zone", "UTC")]
        assert post(windows, "/account/", read(resumed).form("/account/").fields).status_code == 302

    def test_is_not_asked_to_sign_in_twice(self, windows):
        del windows.cookies["lsqportal_session"]
        first = read(windows.get(SIGN_IN))
        self.sign_in_at(windows, first)

        assert self.sign_in_at(windows, first, headers={"Origin": self.HERE}).url == reverse("opportunities:pick")

    def test_who_has_signed_out_again_signs_in_and_goes_on(self, windows, window):
        self.sign_in_at(windows, read(windows.get(SIGN_IN)))
        del windows.cookies["lsqportal_session"]

        signed_out = self.send(windows, window, headers={"Origin": self.HERE})
        resumed = self.sign_in_at(windows, read(signed_out))

        assert signed_out.status_code == 401
        assert hidden(resumed) == [("time_zone", "UTC")]

    @pytest.mark.parametrize("origin", ["https://example.com", "null", "http://testserver.example.com", ""])
    def test_is_offered_nothing_that_another_site_sent(self, windows, window, origin):
        self.sign_in_at(windows, read(windows.get(SIGN_IN)))

        refused = self.send(windows, window, headers={"Origin": origin} if origin else {})

        assert refused.status_code == 403
        assert "This form is out of date" in refused.content.decode()
        assert hidden(refused) == []

    def test_is_shown_no_password_again(self, windows):
        page = read(windows.get("/account/password/"))
        fields = {**dict(page.form("/account/password/").fields), "csrfmiddlewaretoken": "x" * 64, "new": "a-secret"}

        refused = post(windows, "/account/password/", fields, headers={"Origin": self.HERE})

        assert refused.status_code == 403
        assert "a-secret" not in refused.content.decode()


def test_a_password_is_not_held(client, db):
    expired = post(client, "/account/password/", {"current": "old-secret", "new": "new-secret", "again": "new-secret"})

    assert expired.status_code == 401
    assert "secret" not in expired.content.decode()


def test_the_token_is_not_carried_along(client, db):
    typed = urlencode({"csrfmiddlewaretoken": "x" * 32, "time_zone": "UTC"})

    expired = client.post("/account/", typed, content_type=FORM)

    assert dict(hidden(expired))["held_fields"] == "time_zone=UTC"


def test_what_cannot_be_carried_along_is_not_promised(client, db):
    expired = client.post("/account/", {"time_zone": "UTC"})

    assert expired.status_code == 401
    assert "What you just sent was not taken." in expired.content.decode()
    assert hidden(expired) == []


def test_a_page_that_polls_goes_to_the_sign_in(client, db):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/submissions/1/"}

    response = client.get("/account/", headers=headers)

    assert response["HX-Redirect"] == f"{SIGN_IN}?next=%2Fsubmissions%2F1%2F"


def test_a_forged_sign_in_is_refused(asha):
    response = Client(enforce_csrf_checks=True).post(SIGN_IN, {"email": asha.email, "password": PASSWORD})

    assert response.status_code == 403
    assert b"This form is out of date" in response.content
