"""PERSON: adds and changes the people of the portal. Nobody is ever deleted: the record names them for good.

Every change is one transaction with its audit entry. There is always one active administrator left.
"""

from __future__ import annotations

import secrets
import zoneinfo
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Lower

from activities import audit, permissions
from activities.models import Role, User
from activities.models.clock import clock

# No letter or digit that is taken for another one when it is read out.
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_WORDS: Final = {"name": "name", "role": "role", "time_zone": "time zone", "lsq_email": "LeadSquared user"}


class EmailTaken(ValueError):
    """Somebody has this e-mail address already."""


class StaysAdministrator(ValueError):
    """This change would lock somebody out who must not be; the text says whom and what to do."""


def everybody() -> QuerySet[User]:
    """Return all people, those who may sign in first."""
    return User.objects.order_by("-is_active", Lower("name"), "pk")


@cache
def time_zones() -> tuple[str, ...]:
    """Return the names of all time zones, India's first."""
    places = {name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/")}
    return ("Asia/Kolkata", *sorted(places - {"Asia/Kolkata"}), "UTC")


def add(
    *,
    email: str,
    name: str,
    role: str,
    by: audit.Actor,
    time_zone: str = "",
    lsq_email: str = "",
    password: str | None = None,
) -> tuple[User, str]:
    """Add a person and return them with their one-time password; it is shown once and stored nowhere.

    Without a `time_zone` they have the installation's. A given `password` is theirs from now on, and there is no
    one-time password.

    Raises:
        PermissionDenied: whoever adds is a person, but no administrator.
        EmailTaken: somebody has this address.
    """
    _check_may(by)
    one_time = "" if password else _new_password()
    try:
        with transaction.atomic():
            person = User.objects.create_person(
                email=email,
                name=name,
                role=role,
                password=password or one_time,
                time_zone=time_zone or settings.TIME_ZONE,
                lsq_email=lsq_email,
                must_change_password=not password,
            )
            audit.record(audit.Action.PERSON_ADDED, person, by=by, name=name, role=_shown("role", role))
    except IntegrityError as error:
        raise EmailTaken(f"{email} belongs to somebody who is in the list already.") from error
    return person, one_time


def change(person: User, *, by: audit.Actor, is_active: bool, **changes: str) -> User:
    """Change name, role, time zone or LeadSquared user, let somebody in again or lock them out.

    Whoever is deactivated is signed out everywhere with the same commit. Nothing changed leaves no entry.

    Raises:
        PermissionDenied: whoever changes is a person, but no administrator.
        StaysAdministrator: it is oneself, or the last active administrator.
    """
    _check_may(by)
    with transaction.atomic():
        administrators = list(
            User.objects.select_for_update().filter(role=Role.ADMINISTRATOR, is_active=True).order_by("pk")
        )
        stored = User.objects.select_for_update().get(pk=person.pk)
        stays = is_active and changes.get("role", stored.role) == Role.ADMINISTRATOR
        if stored in administrators and not stays:
            _check_may_leave(stored, administrators, by=by)
        _record_changes(stored, _apply(stored, changes), by=by)
        if stored.is_active != is_active:
            stored.is_active, stored.deactivated_at = is_active, None if is_active else clock()
            action = audit.Action.PERSON_REACTIVATED if is_active else audit.Action.PERSON_DEACTIVATED
            audit.record(action, stored, by=by, name=stored.name)
        stored.save()
    return stored


def give_one_time_password(person: User, *, by: audit.Actor) -> str:
    """Give somebody a password that is good for one sign-in, and end their sessions; it is shown once.

    Raises:
        PermissionDenied: whoever gives it is a person, but no administrator.
    """
    _check_may(by)
    one_time = _new_password()
    with transaction.atomic():
        person.set_password(one_time)
        person.must_change_password = True
        person.save(update_fields=["password", "must_change_password"])
        audit.record(audit.Action.PASSWORD_RESET, person, by=by, name=person.name)
    return one_time


def change_own_password(password: str, *, by: audit.Actor) -> User:
    """Give oneself another password; all other sessions end."""
    person = by.user
    with transaction.atomic():
        person.set_password(password)
        person.must_change_password = False
        person.save(update_fields=["password", "must_change_password"])
        audit.record(audit.Action.PASSWORD_CHANGED, person, by=by)
    return person


def change_own_time_zone(time_zone: str, *, by: audit.Actor) -> User:
    """Show oneself all times in another zone."""
    person = by.user
    with transaction.atomic():
        _record_changes(person, _apply(person, {"time_zone": time_zone}), by=by)
        person.save(update_fields=["time_zone"])
    return person


def _check_may(by: audit.Actor) -> None:
    """A command of the installation's owner has no person behind it and may."""
    if by.person is not None:
        permissions.check_can_administer(by.person)


def _check_may_leave(person: User, administrators: list[User], *, by: audit.Actor) -> None:
    if person == by.person:
        raise StaysAdministrator("You cannot take your own rights away. Ask another administrator.")
    if len(administrators) == 1:
        raise StaysAdministrator(f"{person.name} is the last administrator. Make somebody else one first.")


def _apply(person: User, changes: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Set what differs and return it with its old and new value."""
    before = {name: getattr(person, name) for name in changes}
    differing = {name: (before[name], new) for name, new in changes.items() if before[name] != new}
    for name, (_, new) in differing.items():
        setattr(person, name, new)
    return differing


def _record_changes(person: User, differing: Mapping[str, tuple[str, str]], *, by: audit.Actor) -> None:
    if not differing:
        return
    words = [
        f"{_WORDS[name]} from {_shown(name, old) or 'none'} to {_shown(name, new) or 'none'}"
        for name, (old, new) in differing.items()
    ]
    audit.record(audit.Action.PERSON_CHANGED, person, by=by, name=person.name, changes=", ".join(words))


def _shown(name: str, value: Any) -> str:
    return Role(value).label if name == "role" else str(value)


def _new_password() -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
