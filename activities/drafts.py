"""PERSON: keeps unsent work, exactly as it was typed, and overwrites nothing that a page does not know of.

Each save is one version on. A page saves over the version that it knows, or over what it saved itself (same
`edited_in`): a page with scripts saves by itself and by its buttons, and one save need not wait for the answer to
another. Its saves are numbered, so that one that was overtaken on its way changes nothing.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from activities.models import Draft, Submission, User
from activities.models.clock import clock

LONGEST_NAME_OF_A_PAGE: Final = 36
_NUMBERS: Final = range(2**31)  # what both databases hold in such a column


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a page knows of its draft: the version (0 for none), and its own name and count of saves, if it has any."""

    version: int = 0
    edited_in: str = ""
    edit_number: int = 0


class Conflict(Exception):
    """The draft is not as the page knows it: changed (`draft`), submitted (`submission`), or else discarded."""

    def __init__(self, *, draft: Draft | None = None, submission: Submission | None = None) -> None:
        super().__init__("This draft was changed, submitted or discarded in another window.")
        self.draft = draft
        self.submission = submission


def of(person: User) -> QuerySet[Draft]:
    """Return this person's drafts, newest first."""
    return Draft.objects.filter(owner=person).order_by("-updated_at", "-id")


def find(public_id: uuid.UUID, *, owner: User) -> Draft | None:
    """Return this person's draft of this id, if there is one."""
    return Draft.objects.filter(public_id=public_id, owner=owner).select_related("follows").first()


def page(version: str, edited_in: str, edit_number: str) -> Page:
    """Return what a posted page says that it knows; whatever is no number counts as 0."""
    return Page(
        version=_number(version), edited_in=edited_in[:LONGEST_NAME_OF_A_PAGE], edit_number=_number(edit_number)
    )


def save(
    public_id: uuid.UUID,
    *,
    owner: User,
    opportunity: dict[str, Any],
    content: dict[str, Any],
    page: Page | None = None,
    now: datetime | None = None,
) -> Draft:
    """Keep what was typed under this id, or under a new one when this one is taken; nothing is overwritten.

    An id is taken once it was submitted (somebody went back and typed on) or when it is another person's. Without
    `page` the draft is overwritten whatever its version is.

    Raises:
        Conflict: the draft holds something else than this, and the page does not know of it.
    """
    moment = now or clock()
    kept = _overwrite(public_id, owner, opportunity, content, page, moment)
    if kept:
        return kept
    # Asked only now: whoever submitted this draft in this very moment has made the update wait, and taken it away.
    if Submission.objects.filter(public_id=public_id).exists():
        return _create(uuid.uuid4(), owner, opportunity, content, page, moment)
    try:
        with transaction.atomic():
            return _create(public_id, owner, opportunity, content, page, moment)
    except IntegrityError:
        # Two first presses at once, or somebody else's id.
        if find(public_id, owner=owner):
            return save(public_id, owner=owner, opportunity=opportunity, content=content, page=page, now=now)
        return _create(uuid.uuid4(), owner, opportunity, content, page, moment)


def keep(
    public_id: uuid.UUID,
    *,
    owner: User,
    opportunity: dict[str, Any],
    content: dict[str, Any],
    page: Page,
    now: datetime | None = None,
) -> Draft:
    """As `save`, for a page that saves by itself: nobody has pressed anything, so no draft comes back to life.

    Raises:
        Conflict: the draft is not as the page knows it.
    """
    moment = now or clock()
    kept = _overwrite(public_id, owner, opportunity, content, page, moment)
    if kept:
        return kept
    submission = Submission.objects.filter(public_id=public_id, created_by=owner).first()
    if submission or page.version:
        raise Conflict(submission=submission)
    return save(public_id, owner=owner, opportunity=opportunity, content=content, page=page, now=moment)


def save_apart(
    public_id: uuid.UUID,
    *,
    owner: User,
    opportunity: dict[str, Any],
    content: dict[str, Any],
    page: Page,
    now: datetime | None = None,
) -> Draft:
    """Keep what was typed as a draft of its own; the one of this id stays as it is, and both follow the same.

    The same content of the same page has the same draft, however often it is asked for.
    """
    first = find(public_id, owner=owner)
    own_id = uuid.uuid5(public_id, f"{owner.pk} {page.edited_in} {page.version} {json.dumps(content)}")
    own_page = Page(edited_in=page.edited_in, edit_number=page.edit_number)
    draft = save(own_id, owner=owner, opportunity=opportunity, content=content, page=own_page, now=now)
    if first and first.follows:
        draft.follows = first.follows
        draft.save(update_fields=["follows"])
    return draft


def discard(draft: Draft) -> None:
    """Throw a draft away; nothing of it was ever sent."""
    draft.delete()


def _overwrite(
    public_id: uuid.UUID,
    owner: User,
    opportunity: dict[str, Any],
    content: dict[str, Any],
    page: Page | None,
    moment: datetime,
) -> Draft | None:
    """Return this person's draft with this content, or None where there is no draft of the id.

    Raises:
        Conflict: it holds something else, and the page does not know of it.
    """
    known = Q()
    if page:
        known = Q(version=page.version)
        if page.edited_in:
            known |= Q(edited_in=page.edited_in, edit_number__lt=page.edit_number)
    ours = Draft.objects.filter(known, public_id=public_id, owner=owner)
    saved_by = {"edited_in": page.edited_in, "edit_number": page.edit_number} if page else {"edited_in": ""}
    stored = find(public_id, owner=owner)
    if page and stored and _holds(stored, opportunity, content):
        # Nothing new is no version of its own; but an older save of this page may still be on its way.
        if page.edited_in and ours.filter(version=stored.version).update(**saved_by):
            stored.edited_in, stored.edit_number = page.edited_in, page.edit_number
        return stored
    # One statement: of two savers at once, the second meets the version of the first.
    kept = stored and ours.update(
        opportunity_id=opportunity["id"],
        opportunity=opportunity,
        content=content,
        updated_at=moment,
        version=F("version") + 1,
        **saved_by,
    )
    draft = find(public_id, owner=owner)
    if kept or draft is None or page is None:
        return draft
    was_overtaken = bool(page.edited_in) and draft.edited_in == page.edited_in
    if was_overtaken or _holds(draft, opportunity, content):
        return draft
    raise Conflict(draft=draft)


def _holds(draft: Draft, opportunity: dict[str, Any], content: dict[str, Any]) -> bool:
    return bool(draft.content == content and draft.opportunity == opportunity)


def _create(
    public_id: uuid.UUID,
    owner: User,
    opportunity: dict[str, Any],
    content: dict[str, Any],
    page: Page | None,
    moment: datetime,
) -> Draft:
    return Draft.objects.create(
        public_id=public_id,
        owner=owner,
        opportunity_id=opportunity["id"],
        opportunity=opportunity,
        content=content,
        edited_in=page.edited_in if page else "",
        edit_number=page.edit_number if page else 0,
        created_at=moment,
        updated_at=moment,
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 11 and int(text) in _NUMBERS else 0
