"""Keeps what lists, searches and counts are made from: every row has its line, and follows its outcome.

Each function runs inside the transaction of what it follows, so that a list never shows what did not happen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from activities import buckets, words
from activities.models import ChangedDay, ListedRow, Row, Submission
from activities.models.clock import clock
from activities.models.lists import place_of

# FTS5 on SQLite; on PostgreSQL the words have an index of the table itself.
INDEX: Final = f"{ListedRow._meta.db_table}_words"
_BATCH: Final = 500
# A process of an older version may have submitted it; workers list such rows every hour.
_CAUGHT_UP_WITHIN: Final = timedelta(days=1)
_COLUMNS: Final = [column.attname for column in ListedRow._meta.concrete_fields if column.name != "words"]
_TAG_OF: Final = {"created_by_id": "p", "code": "t", "owner": "w", "outcome": "o"}


def add(submission: Submission, rows: Sequence[Row]) -> None:
    """List the rows of a new submission."""
    lines = lines_of(submission, rows)
    ListedRow.objects.bulk_create(lines)
    _into_index(lines)
    buckets.mark(line.place for line in lines)
    note_day(submission.submitted_at)


def follow(submission: Submission, *, numbers: Iterable[int] | None = None) -> None:
    """Bring the lines of a submission's rows, or of those with these numbers, to what the rows are now."""
    rows = submission.rows.all() if numbers is None else submission.rows.filter(number__in=list(numbers))
    lines = lines_of(submission, rows)
    _out_of_index(_words_at([line.place for line in lines]))
    ListedRow.objects.bulk_update(lines, ["outcome", "activity_id", "words"])
    _into_index(lines)
    buckets.mark(line.place for line in lines)
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
            locked = Submission.objects.select_for_update().get(pk=submission.pk)
            if rows := list(locked.rows.filter(listed=None)):
                add(locked, rows)
                count += len(rows)
    return count


def forget(submission_ids: Sequence[int]) -> None:
    """Take the words of these submissions' rows out of the search; what they are filtered by stays."""
    # By way of the rows: lines have no index of their submission.
    lines = list(ListedRow.objects.filter(row__submission__in=submission_ids))
    known = {line.place: line.words for line in lines if line.words}
    _out_of_index(known)
    for line in lines:
        line.words = words.marked(line.place, _tags_of(line))
    ListedRow.objects.bulk_update(lines, ["words"])
    _into_index(lines)
    buckets.mark((line.place for line in lines), gone={word for text in known.values() for word in text.split()})


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


def wrong_lines(submission_ids: Sequence[int]) -> dict[int, list[str]]:
    """Return by submission a sentence for each row that lists and searches take for something else than it is."""
    rows_of: dict[Submission, list[Row]] = defaultdict(list)
    for row in (
        Row.objects.filter(submission__in=submission_ids).select_related("submission", "listed").order_by("number")
    ):
        rows_of[row.submission].append(row)
    wrong = {
        row
        for submission, rows in rows_of.items()
        for row, line in zip(rows, lines_of(submission, rows), strict=True)
        if not _is_right(row, line)
    }
    right = [row for rows in rows_of.values() for row in rows if row not in wrong and hasattr(row, "listed")]
    missed = buckets.missed({row.listed.place: row.listed.words for row in right})
    wrong.update(row for row in right if row.listed.place in missed)
    return {
        submission.pk: [
            f"Row {row.number} of the submission {submission.public_id} is not in the lists as what it is."
            for row in rows
            if row in wrong
        ]
        for submission, rows in rows_of.items()
    }


def _is_right(row: Row, line: ListedRow) -> bool:
    stored: ListedRow | None = getattr(row, "listed", None)
    if stored is None:
        return row.submission.submitted_at > clock() - _CAUGHT_UP_WITHIN
    if any(getattr(line, name) != getattr(stored, name) for name in _COLUMNS):
        return False
    if row.purged_by_seq is None:
        return line.words == stored.words
    # A purge leaves the tags; what LeadSquared says later of such a row brings back what there is to find it by.
    there = set(stored.words.split())
    return set(words.marked(line.place, _tags_of(line)).split()) <= there <= set(line.words.split())


def _line_of(submission: Submission, row: Row, shared: set[str]) -> ListedRow:
    place = place_of(submission.pk, row.number)
    line = ListedRow(
        place=place,
        row_id=row.pk,
        submission_id=submission.pk,
        submitted_at=submission.submitted_at,
        created_by_id=submission.created_by_id,
        code=row.code,
        owner=row.owner_email.lower(),
        outcome=row.outcome,
        opportunity_id=submission.opportunity_id.lower(),
        lead_id=submission.lead_id.lower(),
        activity_id=row.activity_id.lower(),
    )
    line.words = words.marked(place, shared | words.words_of_all(_texts_of_row(row)) | set(_tags_of(line)))
    return line


def _tags_of(line: ListedRow) -> list[str]:
    return tags(**{name: getattr(line, name) for name in _TAG_OF})


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


def _out_of_index(known: Mapping[int, str]) -> None:
    """Take lines, by their places, out of SQLite's index; it asks for the words that went in."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO {INDEX}({INDEX}, rowid, words) VALUES ('delete', %s, %s)", list(known.items())
            )


def _words_at(places: Sequence[int]) -> dict[int, str]:
    """Return the words that SQLite's index has of these places."""
    if connection.vendor != "sqlite":
        return {}
    # What an older version purged has no words any more: to take them out again would break the index.
    return dict(ListedRow.objects.filter(place__in=places).exclude(words="").values_list("place", "words"))
