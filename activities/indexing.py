"""Keeps what lists, searches and counts are made from: every row has its line, and follows its outcome.

Each function runs inside the transaction of what it follows, so that a list never shows what did not happen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from activities import words
from activities.models import ChangedDay, ListedRow, Row, Submission
from activities.models.lists import place_of

# FTS5 on SQLite; on PostgreSQL the words have an index of the table itself.
INDEX: Final = f"{ListedRow._meta.db_table}_words"
_BATCH: Final = 500
_TAG_OF: Final = {"created_by_id": "p", "code": "t", "owner": "w", "outcome": "o"}


def add(submission: Submission, rows: Sequence[Row]) -> None:
    """List the rows of a new submission."""
    lines = lines_of(submission, rows)
    ListedRow.objects.bulk_create(lines)
    _into_index(lines)
    note_day(submission.submitted_at)


def follow(submission: Submission, *, numbers: Iterable[int] | None = None) -> None:
    """Bring the lines of a submission's rows, or of those with these numbers, to what the rows are now."""
    rows = submission.rows.all() if numbers is None else submission.rows.filter(number__in=list(numbers))
    lines = lines_of(submission, rows)
    _out_of_index([line.place for line in lines])
    ListedRow.objects.bulk_update(lines, ["outcome", "activity_id", "words"])
    _into_index(lines)
    note_day(submission.submitted_at)


def note_day(moment: datetime) -> None:
    """Have the day of this moment counted anew."""
    ChangedDay.objects.create(day=moment.astimezone(ZoneInfo(settings.TIME_ZONE)).date())


def catch_up() -> int:
    """List all rows that are not listed yet, for a database from before there were lines; return how many."""
    count = 0
    for submission in _unlisted():
        with transaction.atomic():
            # Another worker may be at it; whoever comes second finds them listed.
            Submission.objects.select_for_update().get(pk=submission.pk)
            if rows := list(submission.rows.filter(listed=None)):
                add(submission, rows)
                count += len(rows)
    return count


def forget(submission_ids: Sequence[int]) -> None:
    """Take the words of these submissions' rows out of the search; what they are filtered by stays."""
    lines = ListedRow.objects.filter(submission__in=submission_ids)
    _out_of_index(list(lines.values_list("place", flat=True)))
    lines.update(words="")


def compact() -> None:
    """Leave nothing in the search index's files of what was taken out of it."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {INDEX}({INDEX}) VALUES ('optimize')")


def _unlisted() -> Iterator[Submission]:
    last = 0
    while found := list(Submission.objects.filter(pk__gt=last, rows__listed=None).distinct().order_by("pk")[:_BATCH]):
        yield from found
        last = found[-1].pk


def lines_of(submission: Submission, rows: Iterable[Row]) -> list[ListedRow]:
    """Return the lines of a submission's rows, not stored."""
    shared = words.words_of_all(_texts_of_submission(submission))
    return [_line_of(submission, row, shared) for row in rows]


def _line_of(submission: Submission, row: Row, shared: set[str]) -> ListedRow:
    place = place_of(submission.pk, row.number)
    owner = row.owner_email.lower()
    tagged = tags(created_by_id=submission.created_by_id, code=row.code, owner=owner, outcome=row.outcome)
    return ListedRow(
        place=place,
        row_id=row.pk,
        submission_id=submission.pk,
        submitted_at=submission.submitted_at,
        created_by_id=submission.created_by_id,
        code=row.code,
        owner=owner,
        outcome=row.outcome,
        opportunity_id=submission.opportunity_id.lower(),
        lead_id=submission.lead_id.lower(),
        activity_id=row.activity_id.lower(),
        words=words.marked(place, shared | words.words_of_all(_texts_of_row(row)) | set(tagged)),
    )


def tags(**values: object) -> list[str]:
    """Return the words that stand for columns of a line in its index."""
    return [words.tag(_TAG_OF[name], value) for name, value in values.items()]


def _texts_of_row(row: Row) -> Iterator[str]:
    yield from (row.note, row.type_name, row.owner_email, row.owner_name, row.reference, row.activity_id)
    yield from (str(field.get(name) or "") for field in row.seen_fields for name in ("value", "shown"))


def _texts_of_submission(submission: Submission) -> Iterator[str]:
    yield from (submission.opportunity_name, submission.lead_name, submission.created_by_name, submission.why)
    yield from (submission.opportunity_id, submission.lead_id, str(submission.public_id))


def _into_index(lines: Sequence[ListedRow]) -> None:
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO {INDEX}(rowid, words) VALUES (%s, %s)", [(line.place, line.words) for line in lines]
            )


def _out_of_index(places: Sequence[int]) -> None:
    """Take lines out of SQLite's index; it asks for the words that went in, so before these change."""
    if connection.vendor == "sqlite":
        known = ListedRow.objects.filter(place__in=places).values_list("place", "words")
        with connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {INDEX}({INDEX}, rowid, words) VALUES ('delete', %s, %s)", list(known))
