"""Compares what was sent with what LeadSquared holds. Pure: rows and activities in, who is who out.

LeadSquared changes some things on the way (blanks, forms of dates and numbers, the case of e-mails, 1 and true), so
values are compared by what they mean, and exact equals are preferred.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from activities.leadsquared.records import Activity

# As the bulk call names them: leadsquared-api §1.
NOTE: Final = "ActivityNote"
OWNER: Final = "ActivityOwnerEmail"
_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# leadsquared-api §18, and the forms in which accounts hand date-only fields back
_DATES: Final = (
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y",
)
_NUMBER: Final = re.compile(r"([+-]?)0*([0-9]*)(?:\.([0-9]*?)0*)?")
_FLAGS: Final = {"1": "1", "true": "1", "yes": "1", "0": "0", "false": "0", "no": "0"}


@dataclass(frozen=True, kw_only=True)
class Person:
    """Everything by which LeadSquared may name somebody."""

    id: str = ""
    name: str = ""
    email: str = ""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A row, as LeadSquared should hold it."""

    number: int
    code: int
    note: str
    owner: Person
    values: Mapping[str, str]
    reference: str = ""


@dataclass(frozen=True)
class Side:
    """What LeadSquared holds of one thing that a row sent: `NOTE`, `OWNER` or a SchemaName.

    `is_same` goes by the meaning; it is None where LeadSquared does not say.
    """

    name: str
    now: str
    is_same: bool | None


@dataclass(frozen=True)
class Comparison:
    """Who is who: rows found with their activity's id, rows absent, rows that nobody can tell, activities left over."""

    found: Mapping[int, str]
    absent: frozenset[int]
    doubtful: frozenset[int]
    leftovers: tuple[Activity, ...]
    codes: Mapping[int, int] = field(default_factory=dict)

    def leftovers_of(self, number: int) -> list[Activity]:
        """Return the unexplained activities of a row's type."""
        return [each for each in self.leftovers if each.code == self.codes[number]]

    @property
    def postponed_rows(self) -> frozenset[int]:
        """The rows of which nothing can be said yet."""
        return frozenset(self.codes) - set(self.found) - self.absent - self.doubtful

    def claiming_only(self, numbers: Collection[int], held: Sequence[Activity]) -> Comparison:
        """Return this comparison with what was found for other rows than these left over: it may be somebody else's."""
        contested = {number: id_ for number, id_ in self.found.items() if number not in numbers}
        found = {number: id_ for number, id_ in self.found.items() if number in numbers}
        left = tuple(each for each in held if each.id in contested.values())
        return replace(self, found=found, doubtful=self.doubtful | contested.keys(), leftovers=(*self.leftovers, *left))

    def postponed(self) -> Comparison:
        """Return this comparison without any absence: something fresh was seen elsewhere."""
        return replace(self, absent=frozenset())


def compare(rows: Sequence[Expected], held: Sequence[Activity], *, us: Person) -> Comparison:
    """Match rows with activities as multisets; an activity that somebody else created is never ours."""
    found: dict[int, str] = {}
    doubtful: set[int] = set()
    free = list(held)
    for row in rows:
        marked = [each for each in free if row.reference and row.reference in each.values.values()]
        if marked:
            found[row.number] = marked[0].id
            free.remove(marked[0])
    open_rows = [row for row in rows if row.number not in found and not row.reference]
    # Rows with more values first: an activity that has them all is theirs rather than a poorer row's.
    for group in _alike(sorted(open_rows, key=lambda row: -len(row.values))):
        ours = [each for each in free if _is(each, group[0]) and created_by(each, us) is not False]
        ours.sort(key=lambda each: not _is_exactly(each, group[0]))
        if len(ours) > len(group):
            doubtful |= {row.number for row in group}
            continue
        for row, activity in zip(group, ours, strict=False):
            found[row.number] = activity.id
            free.remove(activity)
    codes = {row.number: row.code for row in rows}
    absent = frozenset(codes) - set(found) - doubtful
    open_codes = {codes[number] for number in absent | doubtful}
    leftovers = tuple(each for each in free if each.code in open_codes)
    return Comparison(found, absent, frozenset(doubtful), leftovers, codes)


def sides(row: Expected, activity: Activity) -> list[Side]:
    """Return what an activity holds now of each thing that its row sent."""
    return [
        Side(NOTE, activity.note, _lines(activity.note) == _lines(row.note)),
        Side(OWNER, activity.owner, _names(activity.owner_spellings, row.owner)),
        *(_side_of_value(name, value, activity) for name, value in row.values.items()),
    ]


def created_by(activity: Activity, us: Person) -> bool | None:
    """Whether we created an activity; None when LeadSquared does not say."""
    return _names(activity.creator_spellings, us)


def meaning(text: str) -> str:
    """Return a value's meaning, in which its spellings on the way in and out agree."""
    plain = _lines(text)
    if plain.lower() in _FLAGS:
        return _FLAGS[plain.lower()]
    for form in _DATES:
        try:
            return datetime.strptime(plain, form).replace(tzinfo=UTC, microsecond=0).isoformat()
        except ValueError:
            continue
    if "@" in plain:
        return plain.casefold()
    return _number(plain) or ";".join(part.strip() for part in re.split(r"[;,]", plain))


def _number(text: str) -> str:
    """Return a plain number without what does not change it; nothing for another text, such as 7e12 or an id."""
    found = _NUMBER.fullmatch(text) if any(each in "0123456789" for each in text) else None
    if found is None:
        return ""
    sign, whole, fraction = found.groups(default="")
    number = f"{whole or '0'}.{fraction}" if fraction else whole or "0"
    return f"-{number}" if sign == "-" and number != "0" else number


def _side_of_value(name: str, sent: str, activity: Activity) -> Side:
    now = activity.values.get(name, "")
    # What the answer is silent about was not emptied.
    return Side(name, now, meaning(now) == meaning(sent) if name in activity.told else None)


def _alike(rows: Sequence[Expected]) -> list[list[Expected]]:
    groups: dict[object, list[Expected]] = {}
    for row in rows:
        values = tuple(sorted((name, meaning(value)) for name, value in row.values.items()))
        groups.setdefault((row.code, row.note.strip(), row.owner.email.casefold(), values), []).append(row)
    return list(groups.values())


def _is(activity: Activity, row: Expected) -> bool:
    if activity.code != row.code or _lines(activity.note) != _lines(row.note):
        return False
    if _names(activity.owner_spellings, row.owner) is False:
        return False
    return all(meaning(activity.values.get(name, "")) == meaning(value) for name, value in row.values.items())


def _is_exactly(activity: Activity, row: Expected) -> bool:
    same_values = all(activity.values.get(name, "") == value for name, value in row.values.items())
    return same_values and activity.note == row.note and len(activity.values) == len(row.values)


def _lines(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())


def _names(spellings: Sequence[str], person: Person) -> bool | None:
    """Whether these spellings name this person, by id where both have one, else by e-mail, else by name."""
    by_kind = {"id": "", "email": "", "name": ""}
    for spelling in spellings:
        kind = "id" if _GUID.fullmatch(spelling) else "email" if "@" in spelling else "name"
        by_kind[kind] = spelling
    for kind, spelling in by_kind.items():
        known = getattr(person, kind)
        if spelling and known:
            return bool(spelling.strip().casefold() == known.strip().casefold())
    return None
