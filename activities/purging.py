"""BOTH: removes personal contents that are older than the retention rule allows; the proof of them stays.

What goes: notes, field values, reasons, LeadSquared's words, names of opportunities and leads, why somebody posted,
requests, answers, what looks and rechecks saw, their salts and hashes, old drafts, and the copies in old pins. What
stays: who posted how many rows of which types when, their outcomes and ids, and the chain with the salted hash of all
that went; without its salt nobody finds a content from its hash by trying. Every batch is one transaction with its
audit entry.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from activities import audit, buckets, indexing
from activities.models import SETTLED, Attempt, Draft, ExportPart, ListedRow, Look, Pin, Recheck, Row, Submission
from activities.models.clock import clock

logger = logging.getLogger(__name__)
BATCH: Final = 50  # submissions; the chain's head is locked while one is purged
# Rooms that keep words of contents elsewhere, such as an index to search in, stand here. Each is called in the batch's
# transaction with the submissions' primary keys, before their contents go.
ALSO: tuple[Callable[[Sequence[int]], None], ...] = (indexing.forget,)


@dataclass(frozen=True)
class Purged:
    """What a purge did, and how many submissions it left because they have not come to rest."""

    submission_count: int
    draft_count: int
    open_count: int


@dataclass(frozen=True)
class _Batch:
    """The primary keys of what goes in one transaction."""

    submissions: Sequence[int]
    drafts: Sequence[int]
    pins: Sequence[int]

    @property
    def is_empty(self) -> bool:
        return not (self.submissions or self.drafts or self.pins)


def purge(before: datetime, *, by: audit.Actor, now: datetime | None = None) -> Purged:
    """Remove the contents of whatever was submitted, drafted or pinned before a moment and is at rest."""
    submission_count = draft_count = 0
    while True:
        with transaction.atomic():
            batch = _Batch(_at_rest(before), _ids(_old_drafts(before)), _ids(_old_pins(before)))
            if batch.is_empty:
                break
            _remove(batch, before=before, by=by, now=now)
        submission_count, draft_count = submission_count + len(batch.submissions), draft_count + len(batch.drafts)
    if submission_count:
        indexing.compact()
    _clear_the_log()
    open_count = Submission.objects.filter(submitted_at__lt=before, purged_by_seq=None).count()
    return Purged(submission_count, draft_count, open_count)


def purge_when_due(*, now: datetime | None = None) -> Purged | None:
    """Apply the retention rule of the settings, if there is one."""
    moment = now or clock()
    before = keeps_since(now=moment)
    return purge(before, by=audit.PORTAL, now=now) if before else None


def keeps_since(*, now: datetime | None = None) -> datetime | None:
    """Return since when contents are kept; None when they are kept for good."""
    if not settings.RETENTION_DAYS:
        return None
    return (now or clock()) - timedelta(days=settings.RETENTION_DAYS)


def removed_at(submission: Submission) -> datetime | None:
    """Return when a submission's contents were removed, None while they are there."""
    if submission.purged_by_seq is None:
        return None
    found: datetime | None = audit.entries().filter(seq=submission.purged_by_seq).values_list("at", flat=True).first()
    return found


def rewrite() -> None:
    """Write the tables and their indexes anew, so that nothing removed is left in them; the owner's work.

    PostgreSQL holds each table closed meanwhile. SQLite overwrites what it removes; there it gives back the room.
    """
    # A process of a version from before there was this table may have purged beside it.
    buckets.forget_all()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("VACUUM")
        else:
            # The planner's statistics have samples of what stood in the tables. ANALYZE keeps those of a table that
            # is empty by now; a column that is given its own type anew loses them.
            drafts = Draft._meta.db_table
            for table, name, kind in (
                (drafts, "content", "jsonb"),
                (drafts, "opportunity", "jsonb"),
                (buckets.TABLE, "word", 'text COLLATE "C"'),
            ):
                cursor.execute(f"ALTER TABLE {table} ALTER COLUMN {name} TYPE {kind}")
            models = (Submission, Row, ListedRow, Attempt, Look, Recheck, Draft, Pin, ExportPart)
            for table in (*(model._meta.db_table for model in models), buckets.TABLE):
                cursor.execute(f"VACUUM (FULL, ANALYZE) {table}")
            cursor.execute("VACUUM (FULL) pg_statistic")
    _clear_the_log()


def _at_rest(before: datetime) -> list[int]:
    found = Submission.objects.filter(submitted_at__lt=before, purged_by_seq=None, state__in=SETTLED, look_at=None)
    return _ids(found.order_by("submitted_at", "pk"))


def _old_drafts(before: datetime) -> QuerySet[Draft]:
    return Draft.objects.filter(updated_at__lt=before).order_by("pk")


def _old_pins(before: datetime) -> QuerySet[Pin]:
    """Return the pins whose copy of the opportunity is old; opening the opportunity renews it."""
    old = Q(copied_at__lt=before) | Q(copied_at=None, created_at__lt=before)
    return Pin.objects.filter(old).exclude(opportunity={}).order_by("pk")


def _ids(found: QuerySet[Any]) -> list[int]:
    """Return the first ones, locked; what another worker purges in this very moment is its own."""
    return list(found.select_for_update(skip_locked=True).values_list("pk", flat=True)[:BATCH])


def _remove(batch: _Batch, *, before: datetime, by: audit.Actor, now: datetime | None) -> None:
    ids = batch.submissions
    for forget in ALSO:
        forget(ids)
    Draft.objects.filter(pk__in=batch.drafts).delete()
    Pin.objects.filter(pk__in=batch.pins).update(opportunity={})
    seq = audit.record(
        audit.Action.PURGED,
        "Retention rule",
        by=by,
        now=now,
        count=len(ids),
        drafts=len(batch.drafts),
        pins=len(batch.pins),
        before=f"{before.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        submissions=list(ids),
    ).seq
    Look.objects.filter(submission__in=ids).update(leftovers=[], summary="", salt=None, purged_by_seq=seq)
    Recheck.objects.filter(submission__in=ids).update(held=[], salt=None, purged_by_seq=seq)
    Attempt.objects.filter(submission__in=ids).update(
        request=None, answer=None, headers={}, said="", salt=None, purged_by_seq=seq
    )
    Row.objects.filter(submission__in=ids).update(note="", fields=[], reason="", said="", salt=None, purged_by_seq=seq)
    Submission.objects.filter(pk__in=ids).update(
        opportunity_name="",
        lead_name="",
        why="",
        explanation="",
        content_salt=None,
        content_hash="",
        purged_by_seq=seq,
    )


def _clear_the_log() -> None:
    """On SQLite, empty the write-ahead log, which holds pages as they were; secure_delete has cleared the file."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            is_busy, *_ = cursor.fetchone()
        if is_busy:
            logger.warning("The write-ahead log could not be emptied, since somebody reads: run purge once more.")
