"""PERSON: keeps unsent work, exactly as it was typed, from the first press of a button."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from activities.models import Draft, Submission, User
from activities.models.clock import clock


def of(person: User) -> QuerySet[Draft]:
    """Return this person's drafts, newest first."""
    return Draft.objects.filter(owner=person).order_by("-updated_at", "-id")


def find(public_id: uuid.UUID, *, owner: User) -> Draft | None:
    """Return this person's draft of this id, if there is one."""
    return Draft.objects.filter(public_id=public_id, owner=owner).select_related("follows").first()


def save(
    public_id: uuid.UUID,
    *,
    owner: User,
    opportunity: dict[str, Any],
    content: dict[str, Any],
    now: datetime | None = None,
) -> Draft:
    """Keep what was typed under this id, or under a new one when this one is taken; nothing is overwritten.

    An id is taken once it was submitted (somebody went back and typed on) or when it is another person's.
    """
    moment = now or clock()
    kept = Draft.objects.filter(public_id=public_id, owner=owner).update(
        opportunity_id=opportunity["id"], opportunity=opportunity, content=content, updated_at=moment
    )
    if kept:
        return Draft.objects.select_related("follows").get(public_id=public_id)
    # Asked only now: whoever submitted this draft in this very moment has made the update wait, and taken it away.
    if Submission.objects.filter(public_id=public_id).exists():
        return _create(uuid.uuid4(), owner, opportunity, content, moment)
    try:
        with transaction.atomic():
            return _create(public_id, owner, opportunity, content, moment)
    except IntegrityError:
        # Two first presses at once, or somebody else's id.
        if find(public_id, owner=owner):
            return save(public_id, owner=owner, opportunity=opportunity, content=content, now=now)
        return _create(uuid.uuid4(), owner, opportunity, content, moment)


def discard(draft: Draft) -> None:
    """Throw a draft away; nothing of it was ever sent."""
    draft.delete()


def _create(
    public_id: uuid.UUID, owner: User, opportunity: dict[str, Any], content: dict[str, Any], moment: datetime
) -> Draft:
    return Draft.objects.create(
        public_id=public_id,
        owner=owner,
        opportunity_id=opportunity["id"],
        opportunity=opportunity,
        content=content,
        created_at=moment,
        updated_at=moment,
    )
