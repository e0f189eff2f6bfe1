from __future__ import annotations

import io

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command

from activities import audit, people
from activities.models import Role, User
from tests.builders import an_actor

COMMAND_LINE = audit.Actor(name="Command line")


def sentences():
    return [audit.in_words(entry) for entry in audit.entries().order_by("pk")]


def test_each_change_leaves_one_entry_that_says_what_changed(asha, dev):
    people.change(asha, by=an_actor(dev), is_active=True, role=Role.AUDITOR, lsq_email="")

    assert sentences() == [
        "changed Asha: role from Poster to Auditor, LeadSquared user from meera.iyer@sahyadrihfc.in to none"
    ]


def test_nothing_changed_leaves_no_entry(asha, dev):
    people.change(asha, by=an_actor(dev), is_active=True, role=Role.POSTER)

    assert sentences() == []


def test_whoever_is_deactivated_can_come_back(asha, dev):
    people.change(asha, by=an_actor(dev), is_active=False)
    back = people.change(asha, by=an_actor(dev), is_active=True)

    assert (back.is_active, back.deactivated_at) == (True, None)
    assert sentences() == ["deactivated Asha", "reactivated Asha"]


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_active": True, "role": Role.POSTER}])
def test_the_last_administrator_stays(dev, change):
    with pytest.raises(people.StaysAdministrator, match="Dev is the last administrator"):
        people.change(dev, by=COMMAND_LINE, **change)

    assert sentences() == []


def test_one_of_two_administrators_may_go(asha, dev):
    people.change(asha, by=an_actor(dev), is_active=True, role=Role.ADMINISTRATOR)

    people.change(dev, by=COMMAND_LINE, is_active=False)

    assert list(User.objects.filter(role=Role.ADMINISTRATOR, is_active=True)) == [asha]


def test_a_poster_changes_nobody(asha, bala):
    with pytest.raises(PermissionDenied):
        people.change(bala, by=an_actor(asha), is_active=False)


def test_an_address_belongs_to_one_person_in_any_case(asha):
    with pytest.raises(people.EmailTaken):
        people.add(email="ASHA@sahyadrihfc.in", name="Other", role="poster", by=COMMAND_LINE)

    assert sentences() == []


def test_a_one_time_password_is_never_written_down(asha, dev):
    one_time = people.give_one_time_password(asha, by=an_actor(dev))

    asha.refresh_from_db()
    assert asha.check_password(one_time)
    assert asha.must_change_password
    assert sentences() == ["gave Asha a one-time password"]


def test_the_first_administrator_is_added_from_the_command_line(db, capsys, monkeypatch):
    monkeypatch.delenv("PORTAL_PASSWORD", raising=False)

    call_command("add_person", "first@sahyadrihfc.in", name="First")

    person = User.objects.get()
    said = capsys.readouterr().out
    assert person.role == Role.ADMINISTRATOR
    assert person.check_password(said.split()[-1])
    assert person.must_change_password


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Europe/Berlin", "Singapore"])
def test_whoever_is_added_has_the_zone_of_the_installation(db, settings, zone):
    settings.TIME_ZONE = zone

    call_command("add_person", "first@sahyadrihfc.in", name="First")
    people.add(email="second@sahyadrihfc.in", name="Second", role=Role.POSTER, by=audit.COMMAND_LINE)

    assert list(User.objects.values_list("time_zone", flat=True)) == [zone, zone]


def test_a_given_password_is_not_printed(db, capsys, monkeypatch):
    monkeypatch.setenv("PORTAL_PASSWORD", "correct-horse-battery")

    call_command("add_person", "first@sahyadrihfc.in", name="First", role="poster")

    assert User.objects.get().check_password("correct-horse-battery")
    assert "correct-horse-battery" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "password"),
    [
        ({"name": "First", "time_zone": "Mars/Base"}, None),
        ({"name": "First", "lsq_user": "no address"}, None),
        ({"name": "First"}, "short"),
    ],
)
def test_a_command_that_makes_no_sense_adds_nobody(db, monkeypatch, arguments, password):
    monkeypatch.setenv("PORTAL_PASSWORD", password or "")

    with pytest.raises(CommandError):
        call_command("add_person", "first@sahyadrihfc.in", **arguments)

    assert not User.objects.exists()


def test_the_demo_people_are_added_once(db, monkeypatch):
    monkeypatch.setenv("DEMO_PASSWORD", "one-password-for-all")

    call_command("demo_people")
    call_command("demo_people")

    assert User.objects.count() == 4
    assert len(sentences()) == 4
    assert all(person.check_password("one-password-for-all") for person in User.objects.all())


def test_a_new_demo_password_is_taken_over(db, monkeypatch):
    monkeypatch.setenv("DEMO_PASSWORD", "one-password-for-all")
    call_command("demo_people")
    monkeypatch.setenv("DEMO_PASSWORD", "another-password-for-all")

    call_command("demo_people")

    assert all(person.check_password("another-password-for-all") for person in User.objects.all())


def test_an_intact_chain_is_verified(asha, dev, capsys):
    people.give_one_time_password(asha, by=an_actor(dev))

    call_command("verify_audit")

    assert capsys.readouterr().out.startswith("Chain intact: 1 entries")


class TestTheCommandOfAPassword:
    def test_gives_one_for_one_sign_in_and_leaves_an_entry(self, asha):
        out = io.StringIO()

        call_command("changepassword", "ASHA@sahyadrihfc.in", stdout=out)

        asha.refresh_from_db()
        assert asha.check_password(out.getvalue().split()[-1])
        entry = audit.entries().get(action="person.password_reset")
        assert (entry.actor, entry.subject) == ("Command line", "Asha")

    def test_knows_when_there_is_nobody(self, db):
        with pytest.raises(CommandError, match="Nobody has this e-mail address"):
            call_command("changepassword", "nobody@sahyadrihfc.in")
