"""Numbers as pictures: where each bar stands, in the units of an SVG, and the table that says the same. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from activities.models import Outcome

WIDTH: Final = 740
BASE: Final = 146
_TOP: Final = 14
_LEFT: Final = 34
_LEAST_HEIGHT: Final = 2.0
# From the base upwards.
STACK: Final = (Outcome.CREATED, Outcome.REJECTED, Outcome.NOT_CREATED, Outcome.UNCONFIRMED, Outcome.PENDING)
_MOST_DAYS, _MOST_WEEKS = 31, 26 * 7
_MOST_LABELS: Final = 14
_SECONDS: Final = ((1, "under 1 s"), (2, "1 to 2 s"), (5, "2 to 5 s"), (10, "5 to 10 s"), (30, "10 to 30 s"))


@dataclass(frozen=True)
class Part:
    """One outcome's share of a bar."""

    outcome: str
    y: float
    height: float


@dataclass(frozen=True)
class Bar:
    """One day, week or month."""

    name: str
    label: str
    x: float
    width: float
    parts: Sequence[Part]
    numbers: Sequence[int]

    @property
    def middle(self) -> float:
        """Where its label stands."""
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True)
class Columns:
    """Bars over time, the lines behind them, and what each outcome comes to."""

    unit: str
    bars: Sequence[Bar]
    grid: Sequence[tuple[float, int]]
    outcomes: Sequence[tuple[str, str, int]]
    title: str


@dataclass(frozen=True)
class Line:
    """One line of a list of bars; `width` is its share of the longest one, in hundredths."""

    label: str
    number: int
    width: float


def over_time(by_day: Mapping[date, Counter[str]]) -> Columns | None:
    """Return bars for every day from the first to the last, or weeks or months of many; None of nothing."""
    if not by_day:
        return None
    first, last = min(by_day), max(by_day)
    unit, begin = _unit((last - first).days + 1)
    sums: dict[date, Counter[str]] = {each: Counter() for each in _starts(first, last, begin)}
    for day, counts in by_day.items():
        sums[begin(day)].update(counts)
    shown = [outcome for outcome in STACK if any(counts[outcome] for counts in sums.values())]
    step, top = _scale(max(counts.total() for counts in sums.values()))
    bars = [
        _bar(place, start, unit, counts, shown, top, len(sums)) for place, (start, counts) in enumerate(sums.items())
    ]
    grid = [(round(_y(number, top), 1), number) for number in range(step, top + 1, step)]
    outcomes = [(outcome, outcome.label, sum(counts[outcome] for counts in sums.values())) for outcome in shown]
    return Columns(unit, bars, grid, outcomes, f"{first:%-d %b %Y} to {last:%-d %b %Y}")


def lines(numbers: Iterable[tuple[str, int]]) -> list[Line]:
    """Return bars beside words, the longest first."""
    ordered = sorted(((label, number) for label, number in numbers if number), key=lambda each: (-each[1], each[0]))
    most = max((number for _, number in ordered), default=1)
    return [Line(label, number, round(100 * number / most, 1)) for label, number in ordered]


def of_seconds(seconds: Iterable[float]) -> list[Line]:
    """Return how many answers took how long, the shortest first."""
    found: Counter[str] = Counter()
    for each in seconds:
        found[next((label for limit, label in _SECONDS if each < limit), "over 30 s")] += 1
    most = max(found.values(), default=1)
    labels = [*(label for _, label in _SECONDS), "over 30 s"]
    return [Line(label, found[label], round(100 * found[label] / most, 1)) for label in labels] if found else []


def _unit(days: int) -> tuple[str, Callable[[date], date]]:
    if days <= _MOST_DAYS:
        return "day", lambda day: day
    if days <= _MOST_WEEKS:
        return "week", lambda day: day - timedelta(days=day.weekday())
    return "month", lambda day: day.replace(day=1)


def _starts(first: date, last: date, begin: Callable[[date], date]) -> list[date]:
    days = (first + timedelta(days=each) for each in range((last - first).days + 1))
    return list(dict.fromkeys(begin(day) for day in days))


def _scale(most: int) -> tuple[int, int]:
    """Return a round step between the lines, and the number at the top of the picture."""
    rough = max(most / 3, 1)
    size = 10 ** math.floor(math.log10(rough))
    step = next(factor * size for factor in (1, 2, 5, 10) if factor * size >= rough)
    return step, max(most, step)


def _y(number: int, top: int) -> float:
    return BASE - (BASE - _TOP) * number / top


def _bar(place: int, start: date, unit: str, counts: Counter[str], shown: Sequence[str], top: int, bars: int) -> Bar:
    room = (WIDTH - _LEFT) / bars
    width = min(round(room * 0.6, 1), 40.0)
    parts: list[Part] = []
    y: float = BASE
    for outcome in shown:
        if counts[outcome]:
            height = max(round((BASE - _TOP) * counts[outcome] / top, 1), _LEAST_HEIGHT)
            y = round(y - height, 1)
            parts.append(Part(outcome, y, height))
    every = math.ceil(bars / _MOST_LABELS)
    return Bar(
        name=_name(start, unit),
        label=_label(start, unit) if place % every == 0 else "",
        x=round(_LEFT + place * room + (room - width) / 2, 1),
        width=width,
        parts=parts,
        numbers=[counts[outcome] for outcome in shown],
    )


def _name(start: date, unit: str) -> str:
    return {"day": f"{start:%a %-d %b %Y}", "week": f"Week from {start:%-d %b %Y}", "month": f"{start:%B %Y}"}[unit]


def _label(start: date, unit: str) -> str:
    return f"{start:%b %y}" if unit == "month" else f"{start:%-d %b}"
