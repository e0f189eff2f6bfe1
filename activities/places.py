"""Which rows fit a filter, in the order of all lists.

Two ways lead to a page. A filter of one or two columns walks the index of just these (walks.py). A search, or a
filter of more columns, asks the index of words, bucket by bucket from where the page begins (words.py).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models.expressions import RawSQL

from activities import buckets, indexing, walks, words
from activities.filters import Filter
from activities.models import ListedRow, Submission
from activities.models.lists import PLACES_OF_SUBMISSION, place_of
from activities.walks import LAST, Walk

_TABLE: Final = ListedRow._meta.db_table
# What few rows have in common; beside it, other filters just pass over rows.
_SELECTIVE: Final = ("opportunity_id", "lead_id")
# One question for all: where an id stands, if anywhere. The second condition is that of the index, word for word:
# SQLite takes no index whose condition is written in another way.
_ID_IN: Final = " UNION ALL ".join(
    f"SELECT * FROM (SELECT '{name}' AS named, place FROM {_TABLE} WHERE {name} = %s AND NOT ({name} = '') LIMIT 1) "
    f"{name}"
    for name in (*_SELECTIVE, "activity_id")
)
# Any two of these have an index in common, in this order.
_FEW: Final = ("created_by_id", "code", "owner", "outcome")
_MOST_BUCKETS: Final = 32
# Only a search that goes on beyond these asks which of the rest can have its words.
_FIRST_BUCKETS: Final = 7


@dataclass(frozen=True, kw_only=True)
class Search:
    """The places of the rows that have all these words and columns, read from the index of words."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    others: tuple[tuple[str, Any], ...]
    low: int
    high: int

    def below(self, place: int | None, limit: int) -> list[int]:
        """Return the next places under this one, or from the newest, in descending order."""
        return self._places(self.low, min(LAST if place is None else place, self.high), limit, way="DESC")

    def above(self, place: int, limit: int) -> list[int]:
        """Return the next places over this one, in ascending order."""
        return self._places(max(place + 1, self.low), self.high, limit, way="ASC")

    def count(self, most: int) -> int:
        """Count the places, up to so many."""
        return len(self.below(None, most))

    def _places(self, low: int, high: int, limit: int, *, way: str) -> list[int]:
        found: list[int] = []
        with _planned_for_few():
            for group in self._groups(low, min(high, newest_place() + 1), newest_first=way == "DESC"):
                found += self._in_buckets(group, low, high, limit - len(found), way=way)
                if len(found) == limit:
                    break
        return found

    def _groups(self, low: int, high: int, *, newest_first: bool) -> Iterator[Sequence[int]]:
        """Part the buckets between two places into groups that grow: most searches end in the first."""
        if low >= high:
            return
        all_of_them = range(words.bucket_of(low), words.bucket_of(high - 1) + 1)
        ordered = all_of_them[::-1] if newest_first else all_of_them
        first, rest = ordered[:_FIRST_BUCKETS], ordered[_FIRST_BUCKETS:]
        yield from _growing(first)
        if rest:
            yield from _growing(buckets.holding(rest, self.words), size=len(first) + 1)

    def _in_buckets(self, group: Sequence[int], low: int, high: int, limit: int, *, way: str) -> list[int]:
        if connection.vendor == "sqlite":
            question = words.for_sqlite(group, self.words, self.tags)
            hits = f"(SELECT rowid AS place FROM {indexing.INDEX} WHERE {indexing.INDEX} MATCH %s)"
            # CROSS: the index of words is the outer loop, since it has the order.
            source = f"{hits} CROSS JOIN {_TABLE} USING (place)" if self.others else hits
        else:
            question = words.for_postgresql(group, self.words, self.tags)
            # A fence: with the rest in sight PostgreSQL reads whole buckets and takes each row's words apart.
            source = (
                f"(SELECT * FROM {_TABLE} WHERE array_to_tsvector(string_to_array(words, ' ')) @@ %s::tsquery "
                "OFFSET 0) hits"
            )
        return walks.keys(
            f"SELECT place FROM {source} WHERE place >= %s AND place < %s{walks.all_of(self.others)} "
            f"ORDER BY place {way} LIMIT %s",
            [question, low, high, *(value for _, value in self.others), limit],
        )


@dataclass(frozen=True, kw_only=True)
class Known:
    """One place that is known already."""

    place: int

    def below(self, place: int | None, limit: int) -> list[int]:
        """Return the place, if it is under this one and one is wanted."""
        return [self.place][:limit] if place is None or self.place < place else []

    def above(self, place: int, limit: int) -> list[int]:
        """Return the place, if it is over this one and one is wanted."""
        return [self.place][:limit] if self.place > place else []

    def count(self, most: int) -> int:
        """Count the place, up to so many."""
        return min(1, most)


Places = Walk | Search | Known


def of(wanted: Filter) -> Places:
    """Return the places of the rows that fit."""
    narrowed = _by_id(wanted.id) if wanted.id else _Narrowed()
    searched = tuple(words.words_of(wanted.text))
    low, high = submission_range(wanted)
    low, high = max(low * PLACES_OF_SUBMISSION, narrowed.low), min(high * PLACES_OF_SUBMISSION, narrowed.high)
    if wanted.text and not searched:
        high = low
    columns = narrowed.columns | _columns(wanted)
    if wanted == Filter(id=wanted.id) and high == low + 1:
        return Known(place=low)
    few = {name: value for name, value in columns.items() if name in _FEW}
    when = walks.between("submitted_at", wanted.begins, wanted.ends)
    if searched or (len(few) > 2 and not narrowed.columns):
        others = tuple((f"{name} = %s", value) for name, value in columns.items() if name not in _FEW)
        tags = tuple(indexing.tags(**few))
        low, high = _span(few, low, high)
        return Search(words=searched, tags=tags, others=others + when, low=low, high=high)
    index = narrowed.columns or {name: few[name] for name in _FEW if name in few}
    others = tuple((f"{name} = %s", value) for name, value in columns.items() if name not in index)
    return Walk(table=_TABLE, key="place", columns=tuple(index.items()), others=others + when, low=low, high=high)


def newest(found: Places, limit: int) -> RawSQL | list[int]:
    """Return the newest places as `listed__in` takes them: not asked for by themselves where one question will do."""
    if isinstance(found, Walk):
        return asked(*found.sql_below(None, limit, what="place"))
    return found.below(None, limit)


def asked(sql: str, values: list[Any]) -> RawSQL:
    """Return a walk's question as a part of another one."""
    return RawSQL(sql, values)


def newest_place() -> int:
    """Return the place of the newest row, or 0."""
    return ListedRow.objects.order_by("-place").values_list("place", flat=True).first() or 0


def submission_range(wanted: Filter) -> tuple[int, int]:
    """Return between which ids of submissions a filter's days lie: from the first on, and below the second."""
    found = Submission.objects.all()
    return walks.ids_between(found, "submitted_at", wanted.begins, wanted.ends, most=LAST // PLACES_OF_SUBMISSION)


@dataclass(frozen=True)
class _Narrowed:
    """What an id narrows a list to: a column of few rows, or a range of places."""

    columns: dict[str, Any] = field(default_factory=dict)
    low: int = 0
    high: int = LAST


def _columns(wanted: Filter) -> dict[str, Any]:
    values = {
        "created_by_id": wanted.person_id,
        "code": wanted.code,
        "owner": wanted.owner.strip().lower(),
        "outcome": wanted.outcome,
    }
    return {name: value for name, value in values.items() if value not in {None, ""}}


def _by_id(text: str) -> _Narrowed:
    """Return where there is what has this id: an opportunity, a lead, an activity or a submission."""
    known = text.strip().lower()
    found = dict(walks.lines(_ID_IN, [known] * _ID_IN.count("%s"))) if known else {}
    for name in _SELECTIVE:
        if name in found:
            return _Narrowed({name: known})
    if place := found.get("activity_id"):
        return _Narrowed(low=place, high=place + 1)
    public_id = _uuid(known)
    submission = Submission.objects.filter(public_id=public_id).only("id").first() if public_id else None
    if submission is None:
        return _Narrowed(high=0)
    return _Narrowed(low=place_of(submission.pk, 0), high=place_of(submission.pk + 1, 0))


def _span(few: dict[str, Any], low: int, high: int) -> tuple[int, int]:
    """Return between which places rows have the first two of these columns: a search need not look elsewhere."""
    pair = tuple(few.items())[:2]
    if not pair or low >= high:
        return low, high
    walk = Walk(table=_TABLE, key="place", columns=pair, low=low, high=high)
    newest, oldest = walk.below(None, 1), walk.above(low - 1, 1)
    return (oldest[0], newest[0] + 1) if newest and oldest else (low, low)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@contextlib.contextmanager
def _planned_for_few() -> Iterator[None]:
    """Keep PostgreSQL from preparing for many rows: of a beginning of a word it expects thousands, and reads a few.

    In a large table it would compile each question and start processes for it, a hundred times as long as it reads.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('jit', 'off', true), set_config('max_parallel_workers_per_gather', '0', true)"
        )
        yield


def _growing(ordered: Sequence[int], *, size: int = 1) -> Iterator[Sequence[int]]:
    start = 0
    while start < len(ordered):
        yield ordered[start : start + size]
        start, size = start + size, min(size * 2, _MOST_BUCKETS)
