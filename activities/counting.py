"""How many rows there are of a day, a type, a person: from counts of whole days, or from the rows themselves.

The counts are those of the installation's days (TIME_ZONE). A worker counts a day anew after its rows changed; until
then it is counted when somebody asks, so that no page shows a number that its list does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import reduce
from itertools import product
from operator import add
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import BigIntegerField, Count, DateField, F, Q, QuerySet, Sum, Value
from django.db.models.functions import Cast, TruncDate
from django.utils import timezone

from activities import locks, places
from activities.filters import Filter
from activities.models import Attempt, ChangedDay, DayCount, ListedRow, Outcome, Row, Submission

# Beyond these nobody counts by hand what the kept counts do not know.
MOST_ROWS: Final = 10_000
MOST_READ: Final = 1_000
DAYS_AT_ONCE: Final = 50
_LOCK: Final = 7_201_405
_AT_ONCE: Final = 500
_CHANGED: Final = -1
_NO_DAY: Final = Cast(Value(None), DateField())
_NO_KEY: Final = Cast(Value(None), BigIntegerField())
_SUMS: Final = {f"sum_of_{outcome}": Sum(outcome) for outcome in Outcome.values}
_OF_ANY_OUTCOME: Final = reduce(add, map(F, Outcome.values))
By = dict[Any, Counter[str]]


@dataclass(frozen=True)
class Numbers:
    """What fits a filter, counted by day, by type and by person, each by outcome."""

    by_day: By = field(default_factory=dict)
    by_type: By = field(default_factory=dict)
    by_person: By = field(default_factory=dict)
    # Counted over the newest MOST_ROWS alone.
    is_partial: bool = False

    @property
    def outcomes(self) -> Counter[str]:
        """How many rows have which outcome."""
        return sum(self.by_day.values(), Counter())

    @property
    def total(self) -> int:
        """How many rows there are."""
        return self.outcomes.total()


def is_kept(wanted: Filter) -> bool:
    """Whether the kept counts know what fits this filter, in the days of the active time zone."""
    others = (wanted.owner, wanted.id, wanted.text, wanted.state)
    return not any(others) and timezone.get_current_timezone_name() == settings.TIME_ZONE


def total(wanted: Filter) -> int | None:
    """Return how many rows fit, from the kept counts; None where these do not know."""
    if not is_kept(wanted):
        return None
    kept = _kept(wanted, (), person_id=wanted.person_id or 0, code=wanted.code or 0)
    # One question for both, since every list asks it: what is kept of each day, and which days changed.
    marks = ChangedDay.objects.order_by().values_list("day").annotate(sum=Value(_CHANGED))
    counted = F(wanted.outcome) if wanted.outcome else _OF_ANY_OUTCOME
    found = list(kept.values_list("day").annotate(sum=Sum(counted)).union(marks))
    changed = {day for day, number in found if number == _CHANGED}
    unchanged: int = sum(number for day, number in found if day not in changed)
    return unchanged + sum(each for *_, each in _live(wanted, _within(wanted, changed)))


def numbers(wanted: Filter) -> Numbers:
    """Count what fits by day, type and person."""
    return _from_counts(wanted) if is_kept(wanted) else _from_rows(wanted)


def reasons(wanted: Filter) -> list[tuple[str, int]]:
    """Return why rows that fit were rejected, the most frequent reason first; the newest MOST_READ are read."""
    if wanted.outcome not in {"", Outcome.REJECTED}:
        return []
    rejected = places.newest(places.of(replace(wanted, outcome=Outcome.REJECTED)), MOST_READ)
    return Counter(Row.objects.filter(listed__in=rejected).values_list("reason", flat=True)).most_common()


def seconds(submission_ids: Sequence[int]) -> list[float]:
    """Return how long LeadSquared took for each answer to these submissions."""
    answered = Attempt.objects.filter(submission__in=submission_ids, seconds__isnull=False)
    return [each for each in answered.values_list("seconds", flat=True) if each is not None]


def recount_due(*, most: int = DAYS_AT_ONCE) -> int:
    """WORKER: count the days whose rows changed, at most so many; return how many were counted."""
    days = list(ChangedDay.objects.values_list("day", flat=True).order_by("day").distinct()[:most])
    return sum(_recount(day) for day in days)


def recount_all() -> None:
    """Count every day anew, as after a change of TIME_ZONE."""
    zone = ZoneInfo(settings.TIME_ZONE)
    # At once: a day without a count and without a mark would look as if it had no rows.
    with transaction.atomic():
        moments = Submission.objects.order_by("id").values_list("submitted_at", flat=True).iterator()
        days = dict.fromkeys(moment.astimezone(zone).date() for moment in moments)
        ChangedDay.objects.bulk_create((ChangedDay(day=day) for day in days), batch_size=_AT_ONCE)
        DayCount.objects.all().delete()
    while recount_due():
        pass


def wrong_days() -> Iterator[date]:
    """Yield each day that is counted otherwise than its rows are, but for those that are to be counted anew."""
    for day in sorted({*_days_of_rows(), *DayCount.objects.values_list("day", flat=True).distinct()}):
        if _is_wrong(day):
            yield day


def _days_of_rows() -> Iterator[date]:
    """Go from each day that has rows to the next one, however far that is."""
    zone = ZoneInfo(settings.TIME_ZONE)
    moments = ListedRow.objects.order_by("submitted_at").values_list("submitted_at", flat=True)
    moment = moments.first()
    while moment:
        day = moment.astimezone(zone).date()
        yield day
        moment = moments.filter(submitted_at__gte=datetime.combine(day + timedelta(days=1), time.min, zone)).first()


def _is_wrong(day: date) -> bool:
    with transaction.atomic():
        # Nobody counts meanwhile.
        locks.wait_until_alone(_LOCK)
        kept = _sums_by_key(DayCount.objects.filter(day=day))
        counted = _sums_by_key(_counts(day, _groups(ListedRow.objects.all(), [day])))
        # Asked last: whoever changed a row before it was counted here has left a mark by now.
        return kept != counted and not ChangedDay.objects.filter(day=day).exists()


def _sums_by_key(counts: Iterable[DayCount]) -> dict[tuple[int, int], list[int]]:
    return {(each.person_id, each.code): [getattr(each, outcome) for outcome in Outcome.values] for each in counts}


def _recount(day: date) -> bool:
    with transaction.atomic():
        # Two workers would count the same day twice.
        if not locks.is_alone(_LOCK):
            return False
        # Only the marks seen here: what changes from now on leaves a mark of its own.
        marks = list(ChangedDay.objects.filter(day=day).values_list("pk", flat=True))
        groups = _groups(ListedRow.objects.all(), [day])
        DayCount.objects.filter(day=day).delete()
        DayCount.objects.bulk_create(_counts(day, groups))
        for part in _parts(marks):
            ChangedDay.objects.filter(pk__in=part).delete()
    return True


def _counts(day: date, groups: Iterable[tuple[date, int, int, str, int]]) -> Iterator[DayCount]:
    sums: By = {}
    for _, person_id, code, outcome, number in groups:
        for key in product((0, person_id), (0, code)):
            sums.setdefault(key, Counter())[outcome] += number
    for (person_id, code), counts in sums.items():
        yield DayCount(day=day, person_id=person_id, code=code, **counts)


def _from_counts(wanted: Filter) -> Numbers:
    person_id, code = wanted.person_id or 0, wanted.code or 0
    asked = (
        _sums(wanted, "day", person_id=person_id, code=code),
        _sums(wanted, "code", person_id=person_id, **_each("code", code)),
        _sums(wanted, "person_id", code=code, **_each("person_id", person_id)),
    )
    marks = ChangedDay.objects.order_by().annotate(by=Value("changed"), on=F("day"), key=_NO_KEY)
    changed_days = marks.values_list("by", "on", "key").annotate(**dict.fromkeys(_SUMS, Value(0)))
    by: dict[str, By] = {"day": {}, "code": {}, "person_id": {}}
    changed: list[date] = []
    # One question for all three and for the days that are not counted yet.
    for name, day, key, *counts in asked[0].union(*asked[1:], changed_days, all=True):
        if name == "changed":
            changed.append(day)
        elif found := _of_outcomes(counts, wanted):
            by[name][day or key] = found
    for day, person, type_code, outcome, number in _live(wanted, _within(wanted, dict.fromkeys(changed))):
        for name, value in (("day", day), ("code", type_code), ("person_id", person)):
            by[name].setdefault(value, Counter())[outcome] += number
    return Numbers(by["day"], by["code"], by["person_id"])


def _each(name: str, value: int) -> dict[str, int]:
    return {name: value} if value else {f"{name}__gt": 0}


def _sums(wanted: Filter, name: str, **of: Any) -> QuerySet[DayCount, Any]:
    kept = _kept(wanted, ChangedDay.objects.values("day"), **of)
    on, key = (F("day"), _NO_KEY) if name == "day" else (_NO_DAY, F(name))
    keyed = kept.annotate(by=Value(name), on=on, key=key).values_list("by", "on", "key")
    return keyed.annotate(**_SUMS)


def _of_outcomes(counts: Sequence[int], wanted: Filter) -> Counter[str]:
    each = zip(Outcome.values, counts, strict=True)
    return Counter({outcome: number for outcome, number in each if number and wanted.outcome in {"", outcome}})


def _kept(wanted: Filter, changed: Sequence[date] | QuerySet[Any, Any], **of: Any) -> QuerySet[DayCount]:
    kept = DayCount.objects.filter(**of).exclude(day__in=changed).order_by()
    if wanted.since:
        kept = kept.filter(day__gte=wanted.since)
    return kept.filter(day__lte=wanted.until) if wanted.until else kept


def _within(wanted: Filter, days: Iterable[date]) -> list[date]:
    first, last = wanted.since or date.min, wanted.until or date.max
    return [day for day in days if first <= day <= last]


def _live(wanted: Filter, days: Sequence[date]) -> Iterator[tuple[date, int, int, str, int]]:
    rows = ListedRow.objects.all()
    for name, value in (("created_by", wanted.person_id), ("code", wanted.code), ("outcome", wanted.outcome)):
        if value:
            rows = rows.filter(**{name: value})
    return _groups(rows, days)


def _groups(rows: QuerySet[ListedRow], days: Sequence[date]) -> Iterator[tuple[date, int, int, str, int]]:
    if not days:
        return
    zone = ZoneInfo(settings.TIME_ZONE)
    within = Q()
    for day in days:
        begins, ends = (datetime.combine(each, time.min, zone) for each in (day, day + timedelta(days=1)))
        within |= Q(submitted_at__gte=begins, submitted_at__lt=ends)
    by = (TruncDate("submitted_at", tzinfo=zone), "created_by_id", "code", "outcome")
    yield from rows.filter(within).order_by().values_list(*by).annotate(number=Count("place"))


def _from_rows(wanted: Filter) -> Numbers:
    zone = timezone.get_current_timezone()
    found = places.of(wanted).below(None, MOST_ROWS + 1)
    by_day: By = {}
    by_type: By = {}
    by_person: By = {}
    for part in _parts(found[:MOST_ROWS]):
        lines = ListedRow.objects.filter(place__in=part)
        for moment, person_id, code, outcome in lines.values_list("submitted_at", "created_by_id", "code", "outcome"):
            day = moment.astimezone(zone).date()
            for by, key in ((by_day, day), (by_type, code), (by_person, person_id)):
                by.setdefault(key, Counter())[outcome] += 1
    return Numbers(by_day, by_type, by_person, is_partial=len(found) > MOST_ROWS)


def _parts(whole: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (whole[start : start + _AT_ONCE] for start in range(0, len(whole), _AT_ONCE))
