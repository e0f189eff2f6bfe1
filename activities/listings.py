"""Which submissions, rows and audit entries fit a filter: each page reads as much as it shows, however deep it lies.

Keys ascend with time: a submission's id, a row's place, an entry's id. Nothing here asks who may read: a list is
everybody's unless its filter names a person, and views ask permissions first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from django.db import connection, models
from django.db.models import Q
from django.db.models.expressions import RawSQL

from activities import audit, counting, places, walks
from activities.filters import Filter
from activities.models import ListedRow, Row, Submission, User
from activities.models.lists import PLACES_OF_SUBMISSION, place_of
from activities.places import Places
from activities.walks import LAST, Walk

PAGE_SIZE: Final = 50
MOST_COUNTED: Final = 1_000
# Whatever somebody was ever called stands in one of these.
_NAMING: Final = (audit.Action.PERSON_ADDED.code, audit.Action.PERSON_CHANGED.code)
# Enough for most pages of submissions of which a row fits.
_ROWS_OF_A_SUBMISSION: Final = 4
# What a line of a list shows of a row: its values, and the request that it went into, are of no use there.
_SHOWN_OF_ROWS: Final = (
    *("number", "code", "type_name", "owner_email", "owner_name", "note", "outcome", "activity_id", "reason"),
    *(f"submission__{name}" for name in ("public_id", "submitted_at", "created_by_name", "opportunity_name")),
    "submission__opportunity_id",
)
M = TypeVar("M", bound=models.Model)


class Found(Protocol[M]):
    """What fits a filter, by keys that descend from the newest."""

    def below(self, key: int | None, limit: int) -> list[M]:
        """Return the next items under this key, or the newest, newest first."""

    def above(self, key: int, limit: int) -> list[M]:
        """Return the next items over this key, oldest first."""

    def key(self, item: M) -> int:
        """Return the key of an item."""

    def newest(self, most: int) -> list[int]:
        """Return the newest keys, so many at most."""

    def count(self, most: int) -> int:
        """Count them, up to so many."""


@dataclass(frozen=True)
class Page(Generic[M]):
    """One page of a list; `newer` and `older` are the keys from which the neighbours go on."""

    items: Sequence[M]
    newer: int | None = None
    older: int | None = None

    @property
    def is_all(self) -> bool:
        """Whether nothing fits beside what is on it."""
        return self.newer is None and self.older is None


@dataclass(frozen=True)
class Count:
    """How many there are: exactly, or up to a bound."""

    number: int
    is_exact: bool = False

    def __str__(self) -> str:
        is_bound = self.number > MOST_COUNTED and not self.is_exact
        return f"{MOST_COUNTED:,}+" if is_bound else f"{self.number:,}"


@dataclass(frozen=True)
class _Rows:
    """Rows, by their places."""

    places: Places

    def below(self, key: int | None, limit: int) -> list[Row]:
        found = self.places
        those = places.asked(*found.sql_below(key, limit, what="place")) if isinstance(found, Walk) else None
        return self._read(found.below(key, limit) if those is None else those, newest_first=True)

    def above(self, key: int, limit: int) -> list[Row]:
        found = self.places
        those = places.asked(*found.sql_above(key, limit, what="place")) if isinstance(found, Walk) else None
        return self._read(found.above(key, limit) if those is None else those, newest_first=False)

    def key(self, item: Row) -> int:
        return place_of(item.submission_id, item.number)

    def newest(self, most: int) -> list[int]:
        return self.places.below(None, most)

    def count(self, most: int) -> int:
        return self.places.count(most)

    def _read(self, those: RawSQL | list[int], *, newest_first: bool) -> list[Row]:
        rows = Row.objects.filter(listed__in=those).select_related("submission").only(*_SHOWN_OF_ROWS)
        return sorted(rows, key=self.key, reverse=newest_first)


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

    def newest(self, most: int) -> list[int]:
        return self.walk.below(None, most)

    def count(self, most: int) -> int:
        return self.walk.count(most)

    def _read(self, sql: str, values: list[Any]) -> list[M]:
        return list(self.model._default_manager.raw(sql, values))


@dataclass(frozen=True)
class _EntriesAbout:
    """Audit entries about one of several subjects: found by their ids, then read."""

    walk: Walk

    def below(self, key: int | None, limit: int) -> list[Any]:
        return self._read(self.walk.below(key, limit))

    def above(self, key: int, limit: int) -> list[Any]:
        return self._read(self.walk.above(key, limit))

    def key(self, item: Any) -> int:
        return int(item.pk)

    def newest(self, most: int) -> list[int]:
        return self.walk.below(None, most)

    def count(self, most: int) -> int:
        return self.walk.count(most)

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
        return self._read(self._ids(self.places.below, start, limit))

    def above(self, key: int, limit: int) -> list[Submission]:
        start = place_of(key + 1, 0) - 1
        return self._read(self._ids(self.places.above, start, limit))

    def key(self, item: Submission) -> int:
        return item.pk

    def newest(self, most: int) -> list[int]:
        return self._ids(self.places.below, None, most)

    def count(self, most: int) -> int:
        return len(self.newest(most))

    def _ids(self, following: Callable[[Any, int], list[int]], start: int | None, limit: int) -> list[int]:
        found: dict[int, None] = {}
        size = _ROWS_OF_A_SUBMISSION * limit
        places = following(start, size)
        while places and len(found) < limit:
            found |= dict.fromkeys(self._in_state([place // PLACES_OF_SUBMISSION for place in places]))
            places = following(places[-1], size) if len(places) == size else []
        return list(found)[:limit]

    def _in_state(self, ids: Sequence[int]) -> list[int]:
        if not self.state:
            return list(ids)
        fitting = set(Submission.objects.filter(pk__in=ids, state=self.state).values_list("pk", flat=True))
        return [each for each in ids if each in fitting]

    def _read(self, ids: Sequence[int]) -> list[Submission]:
        by_id = Submission.objects.in_bulk(ids)
        return [by_id[each] for each in ids]


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


def row_ids(found: Places, *, newest: int, size: int) -> Iterator[list[int]]:
    """Yield the ids of the rows at these places up to the place `newest`, newest first, `size` at a time."""
    below = newest + 1
    while chunk := _with_row_ids(found, below, size):
        yield [row_id for _, row_id in chunk]
        below = chunk[-1][0]


def newest_submission() -> int:
    """Return the id of the newest submission, or 0."""
    return Submission.objects.order_by("-id").values_list("id", flat=True).first() or 0


def newest_entry() -> int:
    """Return the id of the newest audit entry, or 0."""
    return audit.entries().order_by("-id").values_list("id", flat=True).first() or 0


def entries(wanted: Filter) -> Found[Any]:
    """Return the audit entries that fit."""
    model = audit.entries().model
    low, high = walks.ids_between(audit.entries(), "at", wanted.begins, wanted.ends)
    when = walks.between("at", wanted.begins, wanted.ends)
    columns = _set(actor_id=wanted.person_id, action=wanted.action)
    table = model._meta.db_table
    if not wanted.subject:
        return _ById(Walk(table=table, key="id", columns=columns, others=when, low=low, high=high), model)
    table, subjects = _about(_subjects(wanted.subject), table)
    beside = when + tuple((f"{name} = %s", value) for name, value in columns)
    return _EntriesAbout(Walk(table=table, table_values=subjects, key="id", others=beside, low=low, high=high))


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
    newer = None if before is None else (found.key(items[0]) if items else max(before - 1, 0))
    return Page(items, newer=newer, older=older)


def chunks(found: Found[M], *, newest: int, size: int) -> Iterator[list[M]]:
    """Yield all that fits up to the key `newest`, newest first, `size` at a time: nothing is held or locked between."""
    below = newest + 1
    while chunk := found.below(below, size):
        yield chunk
        below = found.key(chunk[-1])


def count(found: Found[M], page: Page[M] | None = None) -> Count:
    """Count what fits, but no further than anybody wants to know; a `page` that is all of it needs no question."""
    return Count(len(page.items) if page and page.is_all else found.count(MOST_COUNTED + 1))


def count_rows(wanted: Filter, found: Found[Row] | None = None, page: Page[Row] | None = None) -> Count:
    """Count the rows that fit, `found` where they are at hand: exactly, where the kept counts or the `page` know."""
    known = None if page and page.is_all else counting.total(wanted)
    return count(found or rows(wanted), page) if known is None else Count(known, is_exact=True)


def _with_row_ids(found: Places, below: int, size: int) -> list[tuple[int, int]]:
    if isinstance(found, Walk):
        return walks.lines(*found.sql_below(below, size, what="place, row_id"))
    ids = dict(ListedRow.objects.filter(place__in=(chunk := found.below(below, size))).values_list("place", "row_id"))
    return [(place, ids[place]) for place in chunk]


def _set(**columns: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((name, value) for name, value in columns.items() if value not in {None, ""})


def _subjects(text: str) -> list[str]:
    """Return the ids of what entries may be about: an id itself, people of this name, submissions with this id."""
    known = text.strip()
    people = User.objects.filter(Q(name__icontains=known) | Q(email__iexact=known)).values_list("pk", flat=True)
    named = audit.entries().filter(action__in=_NAMING, subject__icontains=known).values_list("subject_id", flat=True)
    submitted = {place // PLACES_OF_SUBMISSION for place in places.of(Filter(id=known)).below(None, LAST)}
    public_ids = (each.public_id for each in Submission.objects.only("public_id").in_bulk(submitted).values())
    return [known.lower(), *{*map(str, people), *named}, *map(str, public_ids)]


def _about(subjects: list[str], table: str) -> tuple[str, tuple[Any, ...]]:
    """Return a question for the entries about these, to be asked as a table is, with its values."""
    known = f"SELECT id, at, actor_id, action FROM {table} WHERE subject_id"
    if connection.vendor == "sqlite":
        return f"({known} IN (SELECT value FROM json_each(%s))) about", (json.dumps(subjects),)
    # A fence: where they are many, PostgreSQL walks all entries from the newest on in the hope of an early hit.
    return f"({known} = ANY(%s) OFFSET 0) about", (subjects,)
