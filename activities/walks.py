"""Reads the keys of a table in the order of one index, from where a page begins: as many rows as a page has.

No list is sorted and none is counted through, so the millionth page costs what the first one costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import Max, Min, QuerySet

LAST: Final = 2**62
_SLACK: Final = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Walk:
    """What to walk: the columns of one index, the key that ends it, and what else has to hold."""

    table: str
    key: str
    columns: tuple[tuple[str, Any], ...] = ()
    # What holds beside, as SQL with its value; rows that fail here are passed over.
    others: tuple[tuple[str, Any], ...] = ()
    low: int = 0
    high: int = LAST
    # What a table that is itself a question asks with.
    table_values: tuple[Any, ...] = ()

    def below(self, key: int | None, limit: int) -> list[int]:
        """Return the next keys under this one, or from the newest, in descending order."""
        return keys(*self.sql_below(key, limit, what=self.key))

    def above(self, key: int, limit: int) -> list[int]:
        """Return the next keys over this one, in ascending order."""
        return keys(*self.sql_above(key, limit, what=self.key))

    def count(self, most: int) -> int:
        """Count the keys, up to so many."""
        sql, values = self.sql_below(None, most, what=self.key)
        return keys(f"SELECT count(*) FROM ({sql}) counted", values)[0]

    def sql_below(self, key: int | None, limit: int, *, what: str = "*") -> tuple[str, list[Any]]:
        """Return the question for `below`, with its values."""
        return self._sql(what, self.low, min(LAST if key is None else key, self.high), limit, way="DESC")

    def sql_above(self, key: int, limit: int, *, what: str = "*") -> tuple[str, list[Any]]:
        """Return the question for `above`, with its values."""
        # No database takes a number beyond its own; where the walk ends, there is nothing above.
        return self._sql(what, min(max(key + 1, self.low), self.high), self.high, limit, way="ASC")

    def _sql(self, what: str, low: int, high: int, limit: int, *, way: str) -> tuple[str, list[Any]]:
        """Return what is asked for keys from `low` on and below `high`."""
        names = [*(name for name, _ in self.columns), self.key]
        within, values = self._within(names, low, high)
        return (
            f"SELECT {what} FROM {self.table} WHERE {within}{all_of(self.others)} "
            f"ORDER BY {', '.join(f'{name} {way}' for name in names)} LIMIT %s",
            [*self.table_values, *values, *(value for _, value in self.others), limit],
        )

    def _within(self, names: Sequence[str], low: int, high: int) -> tuple[str, list[Any]]:
        """Return the condition that finds the walk's place in the index, as each database needs it."""
        values = [value for _, value in self.columns]
        if connection.vendor == "sqlite":
            # Of rows compared as a whole SQLite takes the first column alone to the index, and reads past all others.
            equal = "".join(f"{name} = %s AND " for name, _ in self.columns)
            return f"{equal}{self.key} >= %s AND {self.key} < %s", [*values, low, high]
        # Compared and ordered by the index's whole key: else PostgreSQL walks the primary key in hope of an early hit.
        row, marks = ", ".join(names), ", ".join(["%s"] * len(names))
        return f"({row}) >= ({marks}) AND ({row}) < ({marks})", [*values, low, *values, high]


def all_of(conditions: Sequence[tuple[str, Any]]) -> str:
    """Return conditions as the rest of a WHERE."""
    return "".join(f" AND {sql}" for sql, _ in conditions)


def between(column: str, begins: datetime | None, ends: datetime | None) -> tuple[tuple[str, Any], ...]:
    """Return the conditions that a time lies from `begins` on and before `ends`."""
    # Not the bare column: its own index has another order, and reading it means to sort a whole month for one page.
    bare = f"({column} + INTERVAL '0')" if connection.vendor == "postgresql" else f"+{column}"
    limits = ((f"{bare} >= %s", begins), (f"{bare} < %s", ends))
    return tuple((sql, _stored(moment)) for sql, moment in limits if moment)


def ids_between(
    found: QuerySet[Any], column: str, begins: datetime | None, ends: datetime | None, *, most: int = LAST
) -> tuple[int, int]:
    """Return between which ids a span of time lies in a table: from the first on, and below the second.

    Ids ascend with time, but for what is written at once or while a clock is put right: an hour's rows may lie anyhow.
    """
    low, high = 0, most
    ids = found.values_list("id", flat=True)
    if begins:
        later = ids.filter(**{f"{column}__gte": begins}).order_by(column, "id").first()
        low = min((each for each in (later, *_around(found, column, begins)) if each is not None), default=high)
    if ends:
        earlier = ids.filter(**{f"{column}__lt": ends}).order_by(f"-{column}", "-id").first()
        high = max((each + 1 for each in (earlier, *_around(found, column, ends)) if each is not None), default=0)
    return low, high


def _around(found: QuerySet[Any], column: str, moment: datetime) -> tuple[int | None, int | None]:
    near = found.filter(**{f"{column}__gte": moment - _SLACK, f"{column}__lte": moment + _SLACK})
    ends = near.order_by().aggregate(least=Min("id"), greatest=Max("id"))
    return ends["least"], ends["greatest"]


def keys(sql: str, values: Sequence[Any]) -> list[int]:
    """Return the first column of what this question finds."""
    return [key for key, *_ in lines(sql, values)]


def lines(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return what this question finds."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _stored(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment.astimezone(UTC))
