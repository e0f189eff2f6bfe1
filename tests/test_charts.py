from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities import charts
from activities.models import Outcome

FIRST = date(2026, 11, 10)
COUNTS = st.dictionaries(st.sampled_from(Outcome.values), st.integers(1, 5000), min_size=1).map(Counter)
DAYS = st.dictionaries(st.integers(0, 900).map(lambda each: FIRST + timedelta(days=each)), COUNTS, min_size=1)


@given(DAYS)
def test_bars_and_table_hold_every_row_once(by_day):
    drawn = charts.over_time(by_day)

    total = sum(counts.total() for counts in by_day.values())
    assert sum(sum(bar.numbers) for bar in drawn.bars) == total
    assert sum(number for *_, number in drawn.outcomes) == total


@given(DAYS)
def test_bars_stand_beside_each_other_inside_the_picture(by_day):
    bars = charts.over_time(by_day).bars

    assert all(bar.x + bar.width <= following.x for bar, following in pairwise(bars))
    assert bars[-1].x + bars[-1].width <= charts.WIDTH
    assert all(part.y + part.height <= charts.BASE + 0.1 for bar in bars for part in bar.parts)


@pytest.mark.parametrize(
    ("days", "unit", "bars"), [(1, "day", 1), (31, "day", 31), (32, "week", 5), (400, "month", 14)]
)
def test_many_days_are_drawn_by_week_or_month(days, unit, bars):
    by_day = {FIRST + timedelta(days=each): Counter({Outcome.CREATED: 1}) for each in (0, days - 1)}

    drawn = charts.over_time(by_day)

    assert (drawn.unit, len(drawn.bars)) == (unit, bars)


def test_nothing_is_no_picture():
    assert charts.over_time({}) is None


def test_lines_come_longest_first_and_leave_out_nothing_but_zero():
    drawn = charts.lines([("Call", 1), ("Visit", 4), ("Letter", 0)])

    assert [(line.label, line.number, line.width) for line in drawn] == [("Visit", 4, 100.0), ("Call", 1, 25.0)]


def test_seconds_are_told_in_spans():
    drawn = charts.of_seconds([0.4, 0.9, 1.9, 45.0])

    assert {line.label: line.number for line in drawn if line.number} == {"under 1 s": 2, "1 to 2 s": 1, "over 30 s": 1}
