"""What a line of each list holds, by name, and how its pages are read: quickly, and each row once.

A line is a tuple of plain values in the order of the columns: texts, numbers, times in UTC, or nothing. Rows are read
as bare values, which costs a third of what model instances do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from activities import history, listings, places
from activities.filters import Filter
from activities.models import Listing, Outcome, Row, State, Submission

Value = str | int | datetime | None
Line = tuple[Value, ...]
# What is read at once: more gains nothing, and it is all that is ever held.
CHUNK: Final = 2000
_ROWS_OF_A_SUBMISSION: Final = 8  # in the middle; at most 25


@dataclass(frozen=True)
class Column:
    """One column: its heading in a table, its name in JSON, and about how many letters wide it is."""

    title: str
    name: str
    width: int = 20


@dataclass(frozen=True)
class Content:
    """A list as lines: what it is called in a sentence, its columns, and how its pages are read."""

    words: str
    columns: Sequence[Column]
    # The newest key of the whole table, which is known at once, whatever the filter.
    newest: Callable[[], int]
    # Lines that fit, newest first, nothing that is newer than a key.
    chunks: Callable[[Filter, int], Iterator[list[Line]]]
    # How many lines that will be; this may look at all of them, so that no person waits for it.
    count: Callable[[Filter, int], int]


def values_in_words(stored: Iterable[Mapping[str, Any]] | None) -> str:
    """Return a row's field values as a person saw them: “PAN number: ABCPR4821K; …”; removed ones are none."""
    return "; ".join(_values(stored or ()))


def _values(stored: Iterable[Mapping[str, Any]]) -> list[str]:
    found: list[str] = []
    for field in stored:
        name = field.get("label") or field["schema_name"]
        if inner := field.get("fields"):
            found += [f"{name}, {each}" for each in _values(inner)]
        else:
            found.append(f"{name}: {field.get('shown') or field.get('value', '')}")
    return found


ROW_COLUMNS: Final = (
    Column("Submission", "submission", 36),
    Column("Submitted at (UTC)", "submitted_at"),
    Column("Submitted by", "submitted_by"),
    Column("Why", "why"),
    Column("Opportunity", "opportunity", 30),
    Column("Opportunity id", "opportunity_id", 36),
    Column("Lead", "lead"),
    Column("Organisation", "organisation", 12),
    Column("Submission is", "submission_is", 14),
    Column("Row", "row", 6),
    Column("Type code", "type_code", 10),
    Column("Type", "type"),
    Column("Owner", "owner", 28),
    Column("Owner’s name", "owner_name"),
    Column("Note", "note", 50),
    Column("Values", "values", 50),
    Column("Outcome", "outcome", 12),
    Column("Outcome at (UTC)", "outcome_at"),
    Column("ProspectActivityId", "prospect_activity_id", 36),
    Column("Reason", "reason", 40),
)
# Eight rows have one submission: what is the submission's is read once for all of them. In the order of the columns.
_SUBMISSION_VALUES: Final = (
    "pk",
    "public_id",
    "submitted_at",
    "created_by_name",
    "why",
    "opportunity_name",
    "opportunity_id",
    "lead_name",
    "organisation",
    "state",
)
# Times and values as the database writes them: Django's own reading of them takes as long as all the rest.
_ROW_VALUES: Final = (
    "pk",
    "submission_id",
    "number",
    "code",
    "type_name",
    "owner_email",
    "owner_name",
    "note",
    Cast("fields", TextField()),
    "outcome",
    Cast("outcome_at", TextField()),
    "activity_id",
    "reason",
)
_STATES: Final = dict(State.choices)
_OUTCOMES: Final = dict(Outcome.choices)
ENTRY_COLUMNS: Final = (
    Column("Entry", "entry", 8),
    Column("At (UTC)", "at"),
    Column("Who", "who"),
    Column("What", "what", 50),
    Column("Action", "action"),
    Column("Subject kind", "subject_kind", 12),
    Column("Subject id", "subject_id", 36),
    Column("Subject", "subject", 30),
    Column("Address", "address", 15),
    Column("Browser", "browser"),
    Column("Request", "request", 14),
    Column("Facts", "facts", 40),
    Column("Contents", "contents", 40),
    Column("Previous hash", "previous_hash"),
    Column("Hash", "hash"),
)


def _row_lines(chunk: Sequence[tuple[Any, ...]]) -> list[Line]:
    submissions = {
        pk: (str(public_id), *more, _STATES[state])
        for pk, public_id, *more, state in Submission.objects.filter(pk__in={each[1] for each in chunk}).values_list(
            *_SUBMISSION_VALUES
        )
    }
    times = {text: _time(text) for text in {each[10] for each in chunk}}  # a submission's rows share theirs
    return [
        (
            *submissions[each[1]],
            *each[2:8],
            values_in_words(json.loads(each[8] or "[]")),
            _OUTCOMES[each[9]],
            times[each[10]],
            *each[11:],
        )
        for each in chunk
    ]


def _time(text: str | None) -> datetime | None:
    """Return the time that the database wrote: SQLite in UTC, PostgreSQL with its offset."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _entry_lines(chunk: Sequence[Any]) -> list[Line]:
    return [
        (
            line.entry.seq,
            line.entry.at.astimezone(UTC),
            line.entry.actor,
            line.sentence,
            line.entry.action,
            line.entry.subject_kind,
            line.entry.subject_id,
            line.entry.subject,
            line.entry.address,
            line.entry.agent,
            line.entry.request_id,
            _as_json(line.entry.facts),
            _as_json(line.entry.contents),
            line.entry.previous_hash,
            line.entry.hash,
        )
        for line in history.entry_lines(chunk)
    ]


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _chunks_of_submissions(wanted: Filter, newest: int) -> Iterator[list[Line]]:
    size = max(1, CHUNK // _ROWS_OF_A_SUBMISSION)
    pages = listings.chunks(listings.submissions(wanted), newest=newest, size=size)
    return (_row_lines(_rows(Q(submission__in=[submission.pk for submission in page]))) for page in pages)


def _chunks_of_rows(wanted: Filter, newest: int) -> Iterator[list[Line]]:
    pages = listings.row_ids(places.of(wanted), newest=newest, size=CHUNK)
    return (_row_lines(_rows(_one_of(ids))) for ids in pages)


def _one_of(ids: Sequence[int]) -> Q:
    """Most pages are a run of rows without a gap: the database reads a range faster than a list."""
    is_run = max(ids) - min(ids) + 1 == len(ids)
    return Q(pk__range=(min(ids), max(ids))) if is_run else Q(pk__in=ids)


def _chunks_of_entries(wanted: Filter, newest: int) -> Iterator[list[Line]]:
    return map(_entry_lines, listings.chunks(listings.entries(wanted), newest=newest, size=CHUNK))


def _rows(those: Q) -> list[tuple[Any, ...]]:
    found = Row.objects.filter(those).order_by().values_list(*_ROW_VALUES)
    return sorted(found, key=lambda each: (each[1], each[2]), reverse=True)


def _count_rows_of_submissions(wanted: Filter, newest: int) -> int:
    found = listings.submissions(wanted)
    return sum(
        submission.row_count for chunk in listings.chunks(found, newest=newest, size=CHUNK) for submission in chunk
    )


def _count_rows(wanted: Filter, newest: int) -> int:
    return sum(len(ids) for ids in listings.row_ids(places.of(wanted), newest=newest, size=CHUNK))


def _count_entries(wanted: Filter, newest: int) -> int:
    found = listings.entries(wanted)
    return sum(len(chunk) for chunk in listings.chunks(found, newest=newest, size=CHUNK))


CONTENTS: Final[Mapping[str, Content]] = {
    Listing.SUBMISSIONS: Content(
        "submissions", ROW_COLUMNS, listings.newest_submission, _chunks_of_submissions, _count_rows_of_submissions
    ),
    Listing.ACTIVITIES: Content("activities", ROW_COLUMNS, places.newest_place, _chunks_of_rows, _count_rows),
    Listing.ENTRIES: Content("audit entries", ENTRY_COLUMNS, listings.newest_entry, _chunks_of_entries, _count_entries),
}
