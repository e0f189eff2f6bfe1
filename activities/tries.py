"""BOTH: the tries of one activity: a row, the row that it puts right, and the rows that put it right, however often.

One of them may exist at most. Whoever sends another while one exists, may exist, or waits to be sent posts it twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db.models import QuerySet

from activities.models import Outcome, Row

STANDING: Final = frozenset({Outcome.CREATED, Outcome.UNCONFIRMED, Outcome.PENDING})


def of(rows: Iterable[Row]) -> dict[int, list[Row]]:
    """Return all tries of each of these rows by its primary key, the first try first and the row itself among them.

    A query for each generation, however many rows there are.
    """
    asked = list(rows)
    known = {row.pk: row for row in asked}
    while above := {row.follows_id for row in known.values() if row.follows_id} - known.keys():
        known |= _by_pk(Row.objects.filter(pk__in=above))
    newest = set(known)
    while newest:
        below = _by_pk(Row.objects.filter(follows__in=newest))
        newest = below.keys() - known.keys()
        known |= {pk: below[pk] for pk in newest}
    families: dict[int, list[Row]] = {}
    for pk in sorted(known):
        families.setdefault(_first(known[pk], known).pk, []).append(known[pk])
    return {row.pk: families[_first(row, known).pk] for row in asked}


def before(row: Row, tries: Iterable[Row]) -> list[Row]:
    """Return those of a row's tries that it puts right, the nearest first."""
    known = {each.pk: each for each in tries}
    found = []
    while row.follows_id is not None:
        row = known[row.follows_id]
        found.append(row)
    return found


def _by_pk(rows: QuerySet[Row]) -> dict[int, Row]:
    return {row.pk: row for row in rows.select_related("submission")}


def _first(row: Row, known: dict[int, Row]) -> Row:
    while row.follows_id is not None:
        row = known[row.follows_id]
    return row
