from __future__ import annotations

import re

import pytest
from django.test import Client

from activities import audit
from activities.models import Role, User

NEW = {
    "email": "Esha@Sahyadrihfc.in",
    "name": "Esha Kulkarni",
    "role": "poster",
    "time_zone": "Asia/Kolkata",
    "lsq_email": "",
}


def changed(person, **changes):
    names = ("name", "role", "time_zone", "lsq_email")
    return {"is_active": "on", **{name: getattr(person, name) for name in names}, **changes}


@pytest.mark.parametrize("path", ["/people/", "/people/add/", "/people/1/"])
def test_people_are_for_administrators(asha_client, chitra_client, path):
    assert asha_client.get(path).status_code == 403
    assert chitra_client.get(path).status_code == 403


def test_everybody_is_listed(dev_client, asha, chitra):
    page = dev_client.get("/people/").content.decode()

    assert "asha@sahyadrihfc.in" in page
    assert "Auditor" in page


def test_a_new_person_signs_in_with_the_password_that_is_shown_once(dev_client):
    page = dev_client.post("/people/add/", NEW).content.decode()
    (one_time,) = re.findall(r'class="one-time">([^<]+)<', page)
    signed_in = Client().post("/account/sign-in/", {"email": "esha@sahyadrihfc.in", "password": one_time})

    assert signed_in["Location"] == "/account/password/"
    assert User.objects.get(email="esha@sahyadrihfc.in").must_change_password
    assert one_time not in str(list(audit.entries().values()))


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Europe/Berlin", "Singapore"])
def test_the_zone_of_the_installation_is_offered_to_a_new_person(dev_client, settings, zone):
    settings.TIME_ZONE = zone

    page = dev_client.get("/people/add/").content.decode()
    added = dev_client.post("/people/add/", {**NEW, "time_zone": zone})

    assert re.findall(r'<option value="([^"]+)" selected', page)[-1] == zone
    assert added.context["person"].time_zone == zone


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("email", "asha@SAHYADRIHFC.in", "belongs to somebody who is in the list already"),
        ("email", "no address", "Enter a valid email address."),
        ("role", "king", "Select a valid choice."),
        ("lsq_email", "no address", "Enter a valid email address."),
        ("name", "\x00", "Null characters are not allowed."),
    ],
)
def test_what_cannot_be_stored_is_refused_beside_its_field(dev_client, asha, name, value, message):
    response = dev_client.post("/people/add/", {**NEW, name: value})

    assert response.status_code == 422
    assert message in response.content.decode()
    assert f'aria-describedby="id_{name}' in response.content.decode()
    assert not User.objects.filter(name="Esha Kulkarni").exists()


def test_a_role_is_changed(dev_client, asha):
    response = dev_client.post(f"/people/{asha.pk}/", changed(asha, role="auditor"))

    asha.refresh_from_db()
    assert response.url == "/people/"
    assert asha.role == Role.AUDITOR


def test_an_administrator_cannot_lock_themselves_out(dev_client, dev):
    response = dev_client.post(f"/people/{dev.pk}/", changed(dev, role="poster"))

    dev.refresh_from_db()
    assert response.status_code == 422
    assert "You cannot take your own rights away." in response.content.decode()
    assert dev.role == Role.ADMINISTRATOR


def test_nobody_of_that_number_is_not_found(dev_client):
    assert dev_client.get("/people/999999/").status_code == 404


def test_a_one_time_password_ends_the_sessions_of_its_person(dev_client, asha_client, asha):
    page = dev_client.post(f"/people/{asha.pk}/one-time-password/").content.decode()

    assert re.search(r'class="one-time">[a-z2-9]{4}(-[a-z2-9]{4}){3}<', page)
    assert asha_client.get("/account/").status_code == 302


def test_a_one_time_password_needs_a_press(dev_client, asha):
    assert dev_client.get(f"/people/{asha.pk}/one-time-password/").status_code == 405
