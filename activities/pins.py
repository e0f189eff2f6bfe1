"""PERSON: keeps opportunities at hand. A pin is its owner's alone, and stands only while the account is the same."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet

from activities import connection
from activities.models import Account, Pin, User
from activities.models.clock import clock

MOST: Final = 50  # more is a list to search in, and for that there is the search


class TooMany(Exception):
    """The person has as many pins as anybody may have; the text says what to do."""


def of(person: User) -> QuerySet[Pin]:
    """Return this person's pins in the account of today's keys, newest first."""
    known = Account.objects.filter(pk=1, keys_mark=connection.keys_mark()).values("organisation")
    return Pin.objects.filter(owner=person, organisation__in=known).order_by("-created_at", "-id")


def is_pinned(opportunity_id: str, *, owner: User) -> bool:
    """Say whether this person pinned it."""
    return of(owner).filter(opportunity_id=opportunity_id.lower()).exists()


def pin(opportunity: dict[str, Any], *, owner: User, now: datetime | None = None) -> Pin:
    """Pin an opportunity by its facts; one that is pinned already stays where it is, with these facts.

    Raises:
        TooMany: the person has to unpin another one first.
        LeadSquaredError: whose keys the portal has is not known, and LeadSquared does not tell.
    """
    organisation = connection.known_account().organisation
    moment = now or clock()
    with transaction.atomic():
        User.objects.select_for_update().get(pk=owner.pk)  # two presses at once must not pass the bound together
        mine = Pin.objects.filter(owner=owner, organisation=organisation)
        found = mine.filter(opportunity_id=opportunity["id"].lower()).first()
        if found is None and mine.count() >= MOST:
            raise TooMany(f"You have {MOST} pins, and more cannot be kept. Unpin one that you need no longer.")
        if found is None:
            found = Pin(
                owner=owner,
                organisation=organisation,
                opportunity_id=opportunity["id"].lower(),
                created_at=moment,
            )
        found.opportunity, found.copied_at = opportunity, moment
        found.save()
    return found


def unpin(opportunity_id: str, *, owner: User) -> None:
    """Take a pin away; where there is none, nothing happens."""
    of(owner).filter(opportunity_id=opportunity_id.lower()).delete()


def keep_up(opportunity: dict[str, Any], *, owner: User) -> None:
    """Let a pin, where there is one, show what its opportunity looks like now."""
    of(owner).filter(opportunity_id=opportunity["id"].lower()).update(opportunity=opportunity, copied_at=clock())
