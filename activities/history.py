"""PERSON: what stands in a list, in words, and the pictures of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from django.db import models
from django.db.models import QuerySet

from activities import audit, charts, counting, listings
from activities.filters import Filter
from activities.models import Outcome, Row, Submission, User

_LONGEST_REMARK: Final = 120


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


def latest_by_opportunity(person: User, *, limit: int) -> list[Submission]:
    """Return this person's latest submission to each of the opportunities that they posted on last, newest first."""
    mine = Submission.objects.created_by_person(person).order_by()
    latest = mine.values("opportunity_id").annotate(latest_id=models.Max("id")).order_by("-latest_id")[:limit]
    return list(Submission.objects.filter(pk__in=[each["latest_id"] for each in latest]).order_by("-id"))


def charts_of(wanted: Filter, *, types: Mapping[int, str], people: Mapping[int, str]) -> Charts:
    """Return pictures of the rows that fit: over time, by type and person, why rejected, how long LeadSquared took.

    `types` and `people` name what is known; a type that LeadSquared does not offer any more has its code alone.
    """
    numbers = counting.numbers(wanted)
    submitted = listings.submissions(wanted).newest(counting.MOST_READ)
    by_person = ((people.get(pk, ""), counts.total()) for pk, counts in numbers.by_person.items())
    by_type = ((types.get(code, f"Activity type {code}"), counts.total()) for code, counts in numbers.by_type.items())
    return Charts(
        total=numbers.total,
        is_partial=numbers.is_partial,
        over_time=charts.over_time(numbers.by_day),
        by_type=charts.lines(by_type),
        by_person=charts.lines(by_person),
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
    page = list(shown)
    named = {each.public_id: each.title for each in _submissions_of(page)}
    return [_entry_line(entry, named) for entry in page]


def _submissions_of(page: Iterable[Any]) -> QuerySet[Submission]:
    ids = {about for entry in page if (about := audit.submission_id(entry))}
    return Submission.objects.filter(public_id__in=ids).only("public_id", "opportunity_name", "opportunity_id")


def _entry_line(entry: Any, named: Mapping[UUID, str]) -> EntryLine:
    """Entries since version 2 have a submission's id alone: what it is called can be purged, an entry cannot."""
    submission_id = audit.submission_id(entry)
    subject = entry.subject or (named.get(submission_id, "") if submission_id else "")
    return EntryLine(entry, _sentence(entry), submission_id, subject)


def everybody() -> QuerySet[User]:
    """Return all people, for the filter that names one."""
    return User.objects.order_by("name", "pk")


def _sentence(entry: Any) -> str:
    sentence, why = audit.in_words(entry), audit.fact(entry, "why", str)
    return f"{sentence}: “{why}”" if why else sentence


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_REMARK else f"{text[: _LONGEST_REMARK - 1].rstrip()}…"
