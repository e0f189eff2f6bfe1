"""PERSON: lists what was posted and what the audit log holds: filters, pages, bounded counts, CSV.

Ids ascend with time, so every list is ordered and paged by id alone, however deep anybody pages. Nothing here
asks who may read: a list is everybody's unless its filter names a person, and views ask permissions first.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final, Generic, Protocol, TypeVar
from uuid import UUID

from django.db import models, transaction
from django.db.models import Q, QuerySet

from activities import audit, charts, counting, places, walks
from activities.filters import Filter
from activities.models import ListedRow, Outcome, Row, State, Submission, User
from activities.models.lists import PLACES_OF_SUBMISSION, place_of
from activities.places import Places
from activities.walks import Union, Walk

PAGE_SIZE: Final = 50
EXPORT_CHUNK: Final = 1000
MOST_COUNTED: Final = 10_000
BOM: Final = "\ufeff"
# What a spreadsheet would take for a formula, a command or the end of a cell.
_FORMULA_BEGINS: Final = ("=", "+", "-", "@", "\t", "\r")
_LONGEST_REMARK: Final = 120
_MOST_SUBJECTS: Final = 50
# Enough for a page of submissions where each has some rows that fit.
_ROWS_AT_ONCE: Final = 200
M = TypeVar("M", bound=models.Model)


class Found(Protocol[M]):
    """What fits a filter, by keys that descend from the newest."""

    def below(self, key: int | None, limit: int) -> list[M]:
        """Return the next items under this key, or the newest, newest first."""

    def above(self, key: int, limit: int) -> list[M]:
        """Return the next items over this key, oldest first."""

    def key(self, item: M) -> int:
        """Return the key of an item."""

    def count(self, most: int) -> int:
        """Count what fits, but not beyond `most`."""


@dataclass(frozen=True)
class Page(Generic[M]):
    """One page of a list; `newer` and `older` are the keys from which the neighbours go on."""

    items: Sequence[M]
    newer: int | None = None
    older: int | None = None


@dataclass(frozen=True)
class Count:
    """How many there are: exactly, or up to a bound."""

    number: int
    is_exact: bool = False

    def __str__(self) -> str:
        is_bound = self.number > MOST_COUNTED and not self.is_exact
        return f"{MOST_COUNTED:,}+" if is_bound else f"{self.number:,}"


@dataclass(frozen=True, kw_only=True)
class Charts:
    """Pictures of a list."""

    total: int
    is_partial: bool
    over_time: charts.Columns | None
    by_type: Sequence[charts.Line]
    by_person: Sequence[charts.Line]
    reasons: Sequence[charts.Line]
    seconds: Sequence[charts.Line]


@dataclass(frozen=True)
class _Rows:
    """Rows, by their places."""

    places: Places

    def below(self, key: int | None, limit: int) -> list[Row]:
        return self._read(self.places.below(key, limit))

    def above(self, key: int, limit: int) -> list[Row]:
        return self._read(self.places.above(key, limit))

    def key(self, item: Row) -> int:
        return place_of(item.submission_id, item.number)

    def count(self, most: int) -> int:
        return len(self.places.below(None, most))

    def _read(self, keys: Sequence[int]) -> list[Row]:
        rows = Row.objects.filter(listed__in=keys).select_related("submission")
        by_place = {self.key(row): row for row in rows}
        return [by_place[key] for key in keys]


@dataclass(frozen=True)
class _ById(Generic[M]):
    """Whatever is walked by its own id."""

    walk: Walk
    model: type[M]

    def below(self, key: int | None, limit: int) -> list[M]:
        return self._read(*self.walk.sql_below(key, limit))

    def above(self, key: int, limit: int) -> list[M]:
        return self._read(*self.walk.sql_above(key, limit))

    def key(self, item: M) -> int:
        return int(item.pk)

    def count(self, most: int) -> int:
        return len(self.walk.below(None, most))

    def _read(self, sql: str, values: list[Any]) -> list[M]:
        return list(self.model._default_manager.raw(sql, values))


@dataclass(frozen=True)
class _EntriesAbout:
    """Audit entries about one of several subjects."""

    walk: Union

    def below(self, key: int | None, limit: int) -> list[Any]:
        return self._read(self.walk.below(key, limit))

    def above(self, key: int, limit: int) -> list[Any]:
        return self._read(self.walk.above(key, limit))

    def key(self, item: Any) -> int:
        return int(item.pk)

    def count(self, most: int) -> int:
        return len(self.walk.below(None, most))

    def _read(self, keys: Sequence[int]) -> list[Any]:
        by_id = audit.entries().in_bulk(keys)
        return [by_id[key] for key in keys]


@dataclass(frozen=True)
class _SubmissionsOfRows:
    """Submissions of which a row fits: walked by the rows, each submission once."""

    places: Places
    state: str

    def below(self, key: int | None, limit: int) -> list[Submission]:
        start = None if key is None else place_of(key, 0)
        return self._read(self._ids(lambda at: self.places.below(at, _ROWS_AT_ONCE), start, limit))

    def above(self, key: int, limit: int) -> list[Submission]:
        start = place_of(key + 1, 0) - 1
        return self._read(self._ids(lambda at: self.places.above(at, _ROWS_AT_ONCE), start, limit))

    def key(self, item: Submission) -> int:
        return item.pk

    def count(self, most: int) -> int:
        return len(self._ids(lambda at: self.places.below(at, _ROWS_AT_ONCE), None, most))

    def _ids(self, following: Callable[[Any], list[int]], start: int | None, limit: int) -> list[int]:
        found: dict[int, None] = {}
        places = following(start)
        while places and len(found) < limit:
            found |= dict.fromkeys(self._in_state([place // PLACES_OF_SUBMISSION for place in places]))
            places = following(places[-1]) if len(places) == _ROWS_AT_ONCE else []
        return list(found)[:limit]

    def _in_state(self, ids: Sequence[int]) -> list[int]:
        if not self.state:
            return list(ids)
        fitting = set(Submission.objects.filter(pk__in=ids, state=self.state).values_list("pk", flat=True))
        return [each for each in ids if each in fitting]

    def _read(self, ids: Sequence[int]) -> list[Submission]:
        by_id = Submission.objects.in_bulk(ids)
        return [by_id[each] for each in ids]


@dataclass(frozen=True)
class _RowsOfSubmissions:
    """All rows of some submissions, by their places."""

    submissions: Found[Submission]

    def below(self, key: int | None, limit: int) -> list[Row]:
        # The submission of the key may have rows left under it, and each has one row at least.
        start = None if key is None else key // PLACES_OF_SUBMISSION + 1
        ids = [each.pk for each in self.submissions.below(start, limit + 1)]
        fitting = Row.objects.filter(submission__in=ids).select_related("submission")
        if key is not None:
            rest = Q(submission__lt=key // PLACES_OF_SUBMISSION)
            fitting = fitting.filter(
                rest | Q(submission=key // PLACES_OF_SUBMISSION, number__lt=key % PLACES_OF_SUBMISSION)
            )
        return list(fitting.order_by("-submission", "-number")[:limit])

    def above(self, key: int, limit: int) -> list[Row]:
        ids = [each.pk for each in self.submissions.above(key // PLACES_OF_SUBMISSION - 1, limit + 1)]
        rest = Q(submission__gt=key // PLACES_OF_SUBMISSION)
        fitting = Row.objects.filter(submission__in=ids).select_related("submission")
        fitting = fitting.filter(
            rest | Q(submission=key // PLACES_OF_SUBMISSION, number__gt=key % PLACES_OF_SUBMISSION)
        )
        return list(fitting.order_by("submission", "number")[:limit])

    def key(self, item: Row) -> int:
        return place_of(item.submission_id, item.number)

    def count(self, most: int) -> int:
        return sum(len(chunk) for chunk in chunks(self))


@dataclass(frozen=True)
class SubmissionLine:
    """A submission in a list, with the outcomes of its rows and the one remark that is worth a look."""

    submission: Submission
    rows: Sequence[Row]

    @property
    def outcomes(self) -> list[str]:
        """The outcomes of its rows, in their order."""
        return [row.outcome for row in self.rows]

    @cached_property
    def remark(self) -> str:
        """Why it or a row of it failed, else why it was posted."""
        refused = [row for row in self.rows if row.reason and row.outcome != Outcome.CREATED]
        if self.submission.explanation:
            return self.submission.explanation
        if not refused:
            return self.submission.why
        reasons = {row.reason for row in refused}
        first = refused[0]
        where = "" if len(reasons) == 1 and len(refused) == len(self.rows) else f"Row {first.number}: "
        words = f"{where}{_shortened(first.reason)}"
        return f"{words.rstrip('.')} (and {len(refused) - 1} more)" if len(refused) > 1 and where else words


@dataclass(frozen=True)
class EntryLine:
    """An audit entry in a list: its sentence, and the submission that it is about."""

    entry: Any
    sentence: str
    submission_id: UUID | None


def latest_by_opportunity(person: User, *, limit: int) -> list[Submission]:
    """Return this person's latest submission to each of the opportunities that they posted on last, newest first."""
    mine = Submission.objects.created_by_person(person).order_by()
    latest = mine.values("opportunity_id").annotate(latest_id=models.Max("id")).order_by("-latest_id")[:limit]
    return list(Submission.objects.filter(pk__in=[each["latest_id"] for each in latest]).order_by("-id"))


def submissions(wanted: Filter) -> Found[Submission]:
    """Return the submissions that fit: themselves by person, state and time, or with one row that fits the rest."""
    if wanted.code is not None or wanted.owner or wanted.outcome or wanted.id or wanted.text:
        return _SubmissionsOfRows(places.of(wanted), wanted.state)
    low, high = places.submission_range(wanted)
    walk = Walk(
        table=Submission._meta.db_table,
        key="id",
        columns=_set(created_by_id=wanted.person_id, state=wanted.state),
        others=walks.between("submitted_at", wanted.begins, wanted.ends),
        low=low,
        high=high,
    )
    return _ById(walk, Submission)


def rows(wanted: Filter) -> Found[Row]:
    """Return the rows that fit, with their submissions; those with the outcome created are LeadSquared's activities."""
    return _Rows(places.of(wanted))


def rows_of_submissions(wanted: Filter) -> Found[Row]:
    """Return all rows of the submissions that fit, as their export holds them."""
    return _RowsOfSubmissions(submissions(wanted))


def entries(wanted: Filter) -> Found[Any]:
    """Return the audit entries that fit."""
    when = walks.between("at", wanted.begins, wanted.ends)
    columns = _set(actor_id=wanted.person_id, action=wanted.action)
    model = audit.entries().model
    if not wanted.subject:
        return _ById(Walk(table=model._meta.db_table, key="id", columns=columns, others=when), model)
    beside = when + tuple((f"{name} = %s", value) for name, value in columns)
    return _EntriesAbout(
        Union(
            tuple(
                Walk(table=model._meta.db_table, key="id", columns=(("subject_id", subject),), others=beside)
                for subject in _subjects(wanted.subject)
            )
        )
    )


def page(found: Found[M], *, before: int | None = None, after: int | None = None) -> Page[M]:
    """Return the newest page, or the one next to a key: older than `before`, or newer than `after`."""
    if after is not None:
        near = found.above(after, PAGE_SIZE + 1)
        if len(near) <= PAGE_SIZE:
            return page(found)
        items = near[PAGE_SIZE - 1 :: -1]
        return Page(items, newer=found.key(items[0]), older=found.key(items[-1]))
    items = found.below(before, PAGE_SIZE + 1)
    older = found.key(items[PAGE_SIZE - 1]) if len(items) > PAGE_SIZE else None
    items = items[:PAGE_SIZE]
    newer = None if before is None else (found.key(items[0]) if items else before - 1)
    return Page(items, newer=newer, older=older)


def chunks(found: Found[M], *, newest: int | None = None, size: int = EXPORT_CHUNK) -> Iterator[list[M]]:
    """Return all that fits up to the key `newest`, newest first, in lists of this size."""
    below = None if newest is None else newest + 1
    while chunk := found.below(below, size):
        yield chunk
        below = found.key(chunk[-1])


def count(found: Found[Any]) -> Count:
    """Count what fits, but no further than anybody wants to know."""
    return Count(found.count(MOST_COUNTED + 1))


def count_rows(wanted: Filter) -> Count:
    """Count the rows that fit, exactly where the kept counts know."""
    known = counting.total(wanted)
    return count(rows(wanted)) if known is None else Count(known, is_exact=True)


def charts_of(wanted: Filter) -> Charts:
    """Return pictures of the rows that fit: over time, by type and person, why rejected, how long LeadSquared took."""
    numbers = counting.numbers(wanted)
    names = _type_names(numbers.by_type)
    people = User.objects.in_bulk(list(numbers.by_person))
    submitted = [submission.pk for submission in submissions(wanted).below(None, counting.MOST_READ)]
    return Charts(
        total=numbers.total,
        is_partial=numbers.is_partial,
        over_time=charts.over_time(numbers.by_day),
        by_type=charts.lines((names[code], counts.total()) for code, counts in numbers.by_type.items()),
        by_person=charts.lines((people[pk].name, counts.total()) for pk, counts in numbers.by_person.items()),
        reasons=charts.lines(counting.reasons(wanted)),
        seconds=charts.of_seconds(counting.seconds(submitted)),
    )


def submission_lines(shown: Sequence[Submission]) -> list[SubmissionLine]:
    """Return a page of submissions with what became of their rows, in one query."""
    rows: dict[int, list[Row]] = {submission.pk: [] for submission in shown}
    for row in (
        Row.objects.filter(submission__in=list(rows))
        .only("submission_id", "number", "outcome", "reason")
        .order_by("submission_id", "number")
    ):
        rows[row.submission_id].append(row)
    return [SubmissionLine(submission, rows[submission.pk]) for submission in shown]


def entry_lines(shown: Iterable[Any]) -> list[EntryLine]:
    """Return a page of audit entries in words."""
    return [
        EntryLine(entry, _sentence(entry), UUID(entry.subject_id) if entry.subject_kind == "submission" else None)
        for entry in shown
    ]


def everybody() -> QuerySet[User]:
    """Return all people, for the filter that names one."""
    return User.objects.order_by("name", "pk").only("pk", "name", "email")


def export_submissions(wanted: Filter, *, by: audit.Actor) -> Iterator[str]:
    """Return a CSV of all rows of the submissions that fit, and write into the audit log who took it."""
    return _export(rows_of_submissions(wanted), ROW_COLUMNS, what="submissions", wanted=wanted, by=by)


def export_activities(wanted: Filter, *, by: audit.Actor) -> Iterator[str]:
    """Return a CSV of the created activities that fit, and write into the audit log who took it."""
    return _export(rows(wanted), ROW_COLUMNS, what="activities", wanted=wanted, by=by)


def export_entries(wanted: Filter, *, by: audit.Actor) -> Iterator[str]:
    """Return a CSV of the audit entries that fit, and write into the audit log who took it."""
    return _export(entries(wanted), ENTRY_COLUMNS, what="audit entries", wanted=wanted, by=by)


def safe_cell(value: object) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA_BEGINS) else text


def values_in_words(row: Row) -> str:
    """Return a row's field values as a person saw them: “PAN number: ABCPR4821K; …”."""
    return "; ".join(f"{name}: {shown}" for name, shown in _values(row.fields))


def _export(
    found: Found[M],
    columns: Mapping[str, Callable[[M], object]],
    *,
    what: str,
    wanted: Filter,
    by: audit.Actor,
) -> Iterator[str]:
    with transaction.atomic():
        newest = next((found.key(item) for item in found.below(None, 1)), 0)
        count = sum(len(chunk) for chunk in chunks(found, newest=newest))
        # What is written from now on is left out, this export's own entry too: the count is exact.
        audit.record(
            audit.Action.EXPORTED, what.capitalize(), by=by, row_count=count, what=what, filters=wanted.in_words()
        )
    return _lines(found, columns, newest=newest)


def _lines(found: Found[M], columns: Mapping[str, Callable[[M], object]], *, newest: int) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield BOM + str(writer.writerow(columns))
    for chunk in chunks(found, newest=newest):
        yield "".join(str(writer.writerow([safe_cell(read(item)) for read in columns.values()])) for item in chunk)


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _utc(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if moment else ""


def _sentence(entry: Any) -> str:
    sentence, why = audit.in_words(entry), entry.facts.get("why")
    return f"{sentence}: “{why}”" if why else sentence


ROW_COLUMNS: Final[Mapping[str, Callable[[Row], object]]] = {
    "Submission": lambda row: row.submission.public_id,
    "Submitted at (UTC)": lambda row: _utc(row.submission.submitted_at),
    "Submitted by": lambda row: row.submission.created_by_name,
    "Why": lambda row: row.submission.why,
    "Opportunity": lambda row: row.submission.opportunity_name,
    "Opportunity id": lambda row: row.submission.opportunity_id,
    "Lead": lambda row: row.submission.lead_name,
    "Organisation": lambda row: row.submission.organisation,
    "Submission is": lambda row: State(row.submission.state).label,
    "Row": lambda row: row.number,
    "Type code": lambda row: row.code,
    "Type": lambda row: row.type_name,
    "Owner": lambda row: row.owner_email,
    "Owner’s name": lambda row: row.owner_name,
    "Note": lambda row: row.note,
    "Values": values_in_words,
    "Outcome": lambda row: Outcome(row.outcome).label,
    "Outcome at (UTC)": lambda row: _utc(row.outcome_at),
    "ProspectActivityId": lambda row: row.activity_id,
    "Reason": lambda row: row.reason,
}
ENTRY_COLUMNS: Final[Mapping[str, Callable[[Any], object]]] = {
    "Entry": lambda entry: entry.seq,
    "At (UTC)": lambda entry: _utc(entry.at),
    "Who": lambda entry: entry.actor,
    "What": _sentence,
    "Action": lambda entry: entry.action,
    "Subject kind": lambda entry: entry.subject_kind,
    "Subject id": lambda entry: entry.subject_id,
    "Subject": lambda entry: entry.subject,
    "Address": lambda entry: entry.address,
    "Browser": lambda entry: entry.agent,
    "Request": lambda entry: entry.request_id,
    "Facts": lambda entry: json.dumps(entry.facts, ensure_ascii=False, sort_keys=True),
    "Contents": lambda entry: json.dumps(entry.contents, ensure_ascii=False, sort_keys=True),
    "Previous hash": lambda entry: entry.previous_hash,
    "Hash": lambda entry: entry.hash,
}


def _set(**columns: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((name, value) for name, value in columns.items() if value not in {None, ""})


def _type_names(codes: Iterable[int]) -> dict[int, str]:
    """Return each type's name as it stood on the newest row of it, with its code."""
    names: dict[int, str] = {}
    for code in codes:
        newest = ListedRow.objects.filter(code=code).order_by("-code", "-place").select_related("row").first()
        names[code] = f"{(newest and newest.row.type_name) or 'Activity'} · {code}"
    return names


def _subjects(text: str) -> list[str]:
    """Return the ids of what entries may be about: an id itself, people of this name, submissions to an opportunity."""
    known = text.strip()
    people = User.objects.filter(Q(name__icontains=known) | Q(email__iexact=known)).order_by("pk")
    submitted = submissions(Filter(id=known)).below(None, _MOST_SUBJECTS)
    return [
        known.lower(),
        *(str(person.pk) for person in people[:_MOST_SUBJECTS]),
        *(str(submission.public_id) for submission in submitted),
    ]


def _values(stored: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for field in stored:
        name = field.get("label") or field["schema_name"]
        if field.get("fields"):
            yield from ((f"{name}, {inner}", shown) for inner, shown in _values(field["fields"]))
        else:
            yield name, field.get("shown") or field.get("value", "")


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_REMARK else f"{text[: _LONGEST_REMARK - 1].rstrip()}…"
