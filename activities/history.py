"""PERSON: lists what was posted and what the audit log holds: filters, pages, bounded counts, CSV.

Ids ascend with time, so every list is ordered and paged by id alone, however deep anybody pages. Nothing here
asks who may read: a list is everybody's unless its filter names a person, and views ask permissions first.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any, Final, Generic, Protocol, TypeVar
from uuid import UUID

from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from activities import audit
from activities.models import Outcome, Row, State, Submission, User

PAGE_SIZE: Final = 50
EXPORT_CHUNK: Final = 1000
MOST_NAMED: Final = 500  # submissions whose opportunity is named so; the newest ones
MOST_COUNTED: Final = 10_000
BOM: Final = "\ufeff"
# What a spreadsheet would take for a formula, a command or the end of a cell.
_FORMULA_BEGINS: Final = ("=", "+", "-", "@", "\t", "\r")
_LONGEST_REMARK: Final = 120
M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What a list is narrowed to; what is empty narrows nothing. Days are those of the active time zone."""

    person_id: int | None = None
    state: str = ""
    code: int | None = None
    opportunity: str = ""
    text: str = ""
    since: date | None = None
    until: date | None = None
    action: str = ""
    subject: str = ""

    def in_words(self) -> str:
        """Return what narrows the list, for the audit entry of an export."""
        people = User.objects.filter(pk__in=[self.person_id or 0])
        words = [f"of {person.name}" for person in people]
        words += [f"{name} {value}" for name, value in self._set() if name != "person_id"]
        return ", ".join(words)

    def __bool__(self) -> bool:
        return any(True for _ in self._set())

    def _set(self) -> Iterator[tuple[str, Any]]:
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return ((name, value) for name, value in values if value not in (None, ""))


class HasId(Protocol):
    """Whatever is paged."""

    pk: Any


@dataclass(frozen=True)
class Page(Generic[M]):
    """One page of a list; `newer` and `older` are the ids from which the neighbours go on."""

    items: Sequence[M]
    newer: int | None = None
    older: int | None = None


@dataclass(frozen=True)
class Count:
    """How many there are, counted up to a bound."""

    number: int

    def __str__(self) -> str:
        return f"{MOST_COUNTED:,}+" if self.number > MOST_COUNTED else f"{self.number:,}"


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
    subject: str


def latest_by_opportunity(person: User, *, limit: int) -> list[Submission]:
    """Return this person's latest submission to each of the opportunities that they posted on last, newest first."""
    mine = Submission.objects.created_by_person(person).order_by()
    latest = mine.values("opportunity_id").annotate(latest_id=models.Max("id")).order_by("-latest_id")[:limit]
    return list(Submission.objects.filter(pk__in=[each["latest_id"] for each in latest]).order_by("-id"))


def submissions(wanted: Filter) -> QuerySet[Submission]:
    """Return the submissions that fit."""
    found = Submission.objects.filter(_between("submitted_at", wanted))
    if wanted.person_id is not None:
        found = found.filter(created_by=wanted.person_id)
    if wanted.state:
        found = found.filter(state=wanted.state)
    if wanted.code is not None:
        found = found.filter(Exists(_rows_of_submission().filter(code=wanted.code)))
    if wanted.opportunity:
        found = found.filter(_opportunity("", wanted.opportunity))
    if wanted.text:
        found = found.filter(
            _submission_says("", wanted.text) | Exists(_rows_of_submission().filter(_row_says(wanted.text)))
        )
    return found


def activities(wanted: Filter) -> QuerySet[Row]:
    """Return the rows that fit and that LeadSquared has as activities, with their submissions."""
    found = Row.objects.filter(_between("submission__submitted_at", wanted), outcome=Outcome.CREATED)
    if wanted.person_id is not None:
        found = found.filter(submission__created_by=wanted.person_id)
    if wanted.code is not None:
        found = found.filter(code=wanted.code)
    if wanted.opportunity:
        found = found.filter(_opportunity("submission__", wanted.opportunity))
    if wanted.text:
        found = found.filter(_submission_says("submission__", wanted.text) | _row_says(wanted.text))
    return found.select_related("submission")


def entries(wanted: Filter) -> QuerySet[Any]:
    """Return the audit entries that fit."""
    found = audit.entries().filter(_between("at", wanted))
    if wanted.person_id is not None:
        found = found.filter(actor_id=wanted.person_id)
    if wanted.action:
        found = found.filter(action=wanted.action)
    if wanted.subject:
        named = Submission.objects.filter(opportunity_name__icontains=wanted.subject).order_by("-pk")
        ids = [str(public_id) for public_id in named.values_list("public_id", flat=True)[:MOST_NAMED]]
        about = Q(subject__icontains=wanted.subject) | Q(subject_id__iexact=wanted.subject) | Q(subject_id__in=ids)
        found = found.filter(about)
    return found


def page(found: QuerySet[M], *, before: int | None = None, after: int | None = None) -> Page[M]:
    """Return the newest page, or the one next to an id: older than `before`, or newer than `after`."""
    if after is not None:
        near = list(found.filter(pk__gt=after).order_by("pk")[: PAGE_SIZE + 1])
        if len(near) <= PAGE_SIZE:
            return page(found)
        items = near[PAGE_SIZE - 1 :: -1]
        return Page(items, newer=items[0].pk, older=items[-1].pk)
    narrowed = found if before is None else found.filter(pk__lt=before)
    items = list(narrowed.order_by("-pk")[: PAGE_SIZE + 1])
    older = items[PAGE_SIZE - 1].pk if len(items) > PAGE_SIZE else None
    items = items[:PAGE_SIZE]
    newer = None if before is None else (items[0].pk if items else before - 1)
    return Page(items, newer=newer, older=older)


def count(found: QuerySet[Any]) -> Count:
    """Count what fits, but no further than anybody wants to know."""
    return Count(found.order_by()[: MOST_COUNTED + 1].count())


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
    page = list(shown)
    named = {each.public_id: each.title for each in _submissions_of(page)}
    return [_entry_line(entry, named) for entry in page]


def _submissions_of(page: Iterable[Any]) -> QuerySet[Submission]:
    ids = {UUID(entry.subject_id) for entry in page if entry.subject_kind == "submission"}
    return Submission.objects.filter(public_id__in=ids).only("public_id", "opportunity_name", "opportunity_id")


def _entry_line(entry: Any, named: Mapping[UUID, str]) -> EntryLine:
    """Entries since version 2 have a submission's id alone: what it is called can be purged, an entry cannot."""
    submission_id = UUID(entry.subject_id) if entry.subject_kind == "submission" else None
    subject = entry.subject or (named.get(submission_id, "") if submission_id else "")
    return EntryLine(entry, _sentence(entry), submission_id, subject)


def everybody() -> QuerySet[User]:
    """Return all people, for the filter that names one."""
    return User.objects.order_by("name", "pk").only("pk", "name", "email")


def export_submissions(wanted: Filter, *, by: audit.Actor) -> Iterator[str]:
    """Return a CSV of all rows of the submissions that fit, and write into the audit log who took it."""
    rows = Row.objects.filter(submission__in=submissions(wanted)).select_related("submission")
    return _export(rows, ROW_COLUMNS, what="submissions", wanted=wanted, by=by)


def export_activities(wanted: Filter, *, by: audit.Actor) -> Iterator[str]:
    """Return a CSV of the created activities that fit, and write into the audit log who took it."""
    return _export(activities(wanted), ROW_COLUMNS, what="created activities", wanted=wanted, by=by)


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
    found: QuerySet[M],
    columns: Mapping[str, Callable[[M], object]],
    *,
    what: str,
    wanted: Filter,
    by: audit.Actor,
) -> Iterator[str]:
    with transaction.atomic():
        newest = found.order_by("-pk").values_list("pk", flat=True).first() or 0
        # What is written from now on is left out, this export's own entry too: the count is exact.
        settled = found.filter(pk__lte=newest)
        audit.record(
            audit.Action.EXPORTED,
            what.capitalize(),
            by=by,
            row_count=settled.count(),
            what=what,
            filters=wanted.in_words(),
        )
    return _lines(settled, columns, newest=newest)


def _lines(found: QuerySet[M], columns: Mapping[str, Callable[[M], object]], *, newest: int) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield BOM + str(writer.writerow(columns))
    below = newest + 1
    while True:
        chunk = list(found.filter(pk__lt=below).order_by("-pk")[:EXPORT_CHUNK])
        if not chunk:
            return
        yield "".join(str(writer.writerow([safe_cell(read(item)) for read in columns.values()])) for item in chunk)
        below = chunk[-1].pk


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


def _between(column: str, wanted: Filter) -> Q:
    zone, fits = timezone.get_current_timezone(), Q()
    if wanted.since:
        fits &= Q(**{f"{column}__gte": datetime.combine(wanted.since, time.min, zone)})
    if wanted.until:
        fits &= Q(**{f"{column}__lt": datetime.combine(wanted.until + timedelta(days=1), time.min, zone)})
    return fits


def _rows_of_submission() -> QuerySet[Row]:
    return Row.objects.filter(submission=OuterRef("pk"))


def _opportunity(prefix: str, text: str) -> Q:
    named = Q(**{f"{prefix}opportunity_name__icontains": text})
    return named | Q(**{f"{prefix}opportunity_id__iexact": text})


def _submission_says(prefix: str, text: str) -> Q:
    says = Q()
    for name in ("opportunity_name", "lead_name", "created_by_name", "why"):
        says |= Q(**{f"{prefix}{name}__icontains": text})
    for name in ("opportunity_id", "lead_id"):
        says |= Q(**{f"{prefix}{name}__iexact": text})
    try:
        return says | Q(**{f"{prefix}public_id": UUID(text)})
    except ValueError:
        return says


def _row_says(text: str) -> Q:
    # SQLite keeps JSON as it was written, PostgreSQL with every letter as itself.
    in_json = json.dumps(text, ensure_ascii=connection.vendor == "sqlite")[1:-1]
    return (
        Q(note__icontains=text)
        | Q(type_name__icontains=text)
        | Q(owner_email__icontains=text)
        | Q(owner_name__icontains=text)
        | Q(activity_id__istartswith=text)
        | Q(fields__icontains=in_json)
    )


def _values(stored: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for field in stored:
        name = field.get("label") or field["schema_name"]
        if field.get("fields"):
            yield from ((f"{name}, {inner}", shown) for inner, shown in _values(field["fields"]))
        else:
            yield name, field.get("shown") or field.get("value", "")


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_REMARK else f"{text[: _LONGEST_REMARK - 1].rstrip()}…"
