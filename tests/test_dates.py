from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from activities import dates

KOLKATA = ZoneInfo("Asia/Kolkata")
NEW_YORK = ZoneInfo("America/New_York")
ZONES = st.sampled_from([KOLKATA, NEW_YORK, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")])
MONDAY = dt.date(2026, 11, 23)
TODAYS = st.dates(min_value=dt.date(1990, 1, 1), max_value=dt.date(2150, 12, 31))
QUARTER_PAST_TWO = dt.time(14, 15, 40)


def shown(text: str, *, today: dt.date = MONDAY) -> str:
    return dates.shown_day(dates.read_day(text, today=today))


def shown_moment(text: str, *, today: dt.date = MONDAY, zone: ZoneInfo = KOLKATA, now=QUARTER_PAST_TWO) -> str:
    return dates.shown_moment(dates.read_moment(text, today=today, zone=zone, now=now))


def tried(text: str, today: dt.date, zone: ZoneInfo) -> tuple[dt.datetime | None, str]:
    try:
        return dates.read_moment(text, today=today, zone=zone, now=QUARTER_PAST_TWO), ""
    except dates.NotADate as wrong:
        return None, str(wrong)


def complaint(text: str, **changes) -> str:
    with pytest.raises(dates.NotADate) as wrong:
        shown(text, **changes)
    return str(wrong.value)


@pytest.mark.parametrize(
    "typed",
    [
        *("21/11", "21-11", "21.11", "21.11.", "21 Nov", "21 november", "21-Nov", "21Nov", "Nov 21", "nov 21st"),
        *("21st Nov", "Sat 21 Nov", "saturday, Nov 21", "21/11/26", "21.11.26", "21 Nov 26", "21 Nov '26", "21Nov26"),
        *("21/11/2026", "2026-11-21", "-2", "-2d", "- 2 days", "\u22122"),
    ],
)
def test_a_day_is_taken_as_people_type_it(typed):
    assert shown(typed) == "Sat 21 Nov 2026"


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("today", "Mon 23 Nov 2026"),
        ("Yesterday", "Sun 22 Nov 2026"),
        ("tomorrow", "Tue 24 Nov 2026"),
        ("+3", "Thu 26 Nov 2026"),
        ("+1d", "Tue 24 Nov 2026"),
        ("+2 weeks", "Mon 7 Dec 2026"),
        ("-1w", "Mon 16 Nov 2026"),
    ],
)
def test_a_day_near_today_is_named_by_its_distance(typed, day):
    assert shown(typed) == day


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("mon", "Mon 23 Nov 2026"),
        ("thu", "Thu 26 Nov 2026"),
        ("fri", "Fri 20 Nov 2026"),
        ("Friday", "Fri 20 Nov 2026"),
        ("last fri", "Fri 20 Nov 2026"),
        ("last monday", "Mon 16 Nov 2026"),
        ("next mon", "Mon 30 Nov 2026"),
        ("next fri", "Fri 27 Nov 2026"),
        ("this fri", "Fri 27 Nov 2026"),
    ],
)
def test_a_day_of_the_week_is_the_nearest_unless_last_or_next_says_otherwise(typed, day):
    assert shown(typed) == day


@pytest.mark.parametrize(
    ("today", "typed", "day"),
    [
        (dt.date(2026, 11, 23), "3/4", "Sat 3 Apr 2027"),
        (dt.date(2026, 11, 23), "2 Jan", "Sat 2 Jan 2027"),
        (dt.date(2027, 1, 5), "28 Dec", "Mon 28 Dec 2026"),
        (dt.date(2027, 1, 5), "29/2", "Tue 29 Feb 2028"),
        (dt.date(2026, 7, 1), "1 Jan", "Thu 1 Jan 2026"),
    ],
)
def test_without_a_year_it_is_the_nearest(today, typed, day):
    assert shown(typed, today=today) == day


@pytest.mark.parametrize(("typed", "year"), [("5/3/71", 1971), ("5/3/46", 2046), ("5/3/47", 1947), ("5/3/00", 2000)])
def test_a_year_of_two_digits_is_at_most_twenty_years_ahead(typed, year):
    assert dates.read_day(typed, today=MONDAY) == dt.date(year, 3, 5)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("11/21", "“21” is not a month; the day comes first. Type a date such as 23 Nov 2026."),
        ("31/11", "November has 30 days. Type a date such as 30 Nov 2026."),
        ("29/2", "February 2026 has 28 days. Type a date such as 28 Feb 2026."),
        ("Mon 21 Nov", "21 Nov 2026 is a Saturday. Leave the day of the week out."),
        ("21", "“21” is not a date. Type a date such as 23 Nov 2026."),
        ("21/11/", "“21/11/” is not a date. Type a date such as 23 Nov 2026."),
        ("next", "“next” is not a date. Type a date such as 23 Nov 2026."),
        ("next foo", "“next foo” is not a date. Type a date such as 23 Nov 2026."),
        ("+1000", "“+1000” is not a date. Type a date such as 23 Nov 2026."),
    ],
)
def test_what_is_no_day_says_what_is_wrong(typed, sentence):
    assert complaint(typed) == sentence


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("21 Nov 14:30", "Sat 21 Nov 2026, 14:30"),
        ("21/11 2:30 pm", "Sat 21 Nov 2026, 14:30"),
        ("21 Nov 14.30", "Sat 21 Nov 2026, 14:30"),
        ("20.11 10.30", "Fri 20 Nov 2026, 10:30"),
        ("today 2pm", "Mon 23 Nov 2026, 14:00"),
        ("tomorrow at 2 p.m.", "Tue 24 Nov 2026, 14:00"),
        ("last fri 9:05", "Fri 20 Nov 2026, 09:05"),
        ("+3 10:00", "Thu 26 Nov 2026, 10:00"),
        ("2026-11-21T14:30", "Sat 21 Nov 2026, 14:30"),
        ("14:30", "Mon 23 Nov 2026, 14:30"),
        ("2.30 pm", "Mon 23 Nov 2026, 14:30"),
        ("now", "Mon 23 Nov 2026, 14:15"),
    ],
)
def test_day_and_time_are_taken_as_people_type_them(typed, moment):
    assert shown_moment(typed) == moment


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("21 Nov", "the time is missing. Type it after the date: Sat 21 Nov 2026, 11:20."),
        ("Fri 20.11", "the time is missing. Type it after the date: Fri 20 Nov 2026, 11:20."),
        ("10.11", "the time is missing. Type it after the date: Tue 10 Nov 2026, 11:20."),
        ("today 25:00", "“25:00” is not a time. Type one such as 11:20 or 3:30 pm."),
    ],
)
def test_what_may_be_a_date_is_no_time(typed, sentence):
    with pytest.raises(dates.NotADate) as wrong:
        shown_moment(typed)

    assert str(wrong.value) == sentence


def test_now_means_nothing_to_whoever_has_no_clock():
    with pytest.raises(dates.NotADate, match="“now” is not a date"):
        shown_moment("now", now=None)


@pytest.mark.parametrize(
    ("typed", "clock"),
    [("11:20", "11:20"), ("3.30 pm", "15:30"), ("14.30", "14:30"), ("now", "14:15"), ("9 am", "09:00")],
)
def test_a_time_of_day_is_taken_as_people_type_it(typed, clock):
    assert dates.shown_clock(dates.read_clock(typed, now=QUARTER_PAST_TWO)) == clock


DAYS = st.dates(min_value=dt.date(1900, 1, 2), max_value=dt.date(2199, 12, 30))


@given(DAYS, TODAYS)
def test_a_day_as_shown_means_the_same_on_whichever_day_it_is_typed_again(day, today):
    assert dates.read_day(dates.shown_day(day), today=today) == day


@given(TODAYS, st.integers(-180, 180), st.sampled_from(["{d.day}/{d.month}", "{d.day} {d:%b}", "{d:%B} {d.day}"]))
@example(dt.date(2027, 12, 31), 60, "{d.day} {d:%b}")
def test_a_day_within_half_a_year_needs_no_year(today, distance, form):
    day = today + dt.timedelta(days=distance)

    assert dates.read_day(form.format(d=day), today=today) == day


@given(TODAYS, st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]))
def test_last_next_and_a_bare_day_of_the_week_lie_around_today(today, name):
    last, bare, following = (dates.read_day(f"{which}{name}", today=today) for which in ("last ", "", "next "))

    assert last < today < following
    assert abs(bare - today) <= dt.timedelta(days=3)
    assert {day.strftime("%a").lower() for day in (last, bare, following)} == {name}


@given(DAYS, st.times(), TODAYS, ZONES)
def test_a_moment_as_shown_means_the_same_on_whichever_day_it_is_typed_again(day, clock, today, zone):
    moment, sentence = tried(f"{day} {clock:%H:%M:%S}", today, zone)

    again, _ = tried(dates.shown_moment(moment), MONDAY, zone) if moment else (None, "")

    assert again == moment
    assert moment or "no such time" in sentence


@given(st.text(st.sampled_from("0123456789 /.-:,'+amprtodynvfilxew"), max_size=24), TODAYS, ZONES)
def test_whatever_is_typed_there_is_a_moment_or_a_sentence(text, today, zone):
    moment, sentence = tried(text, today, zone)

    assert moment or sentence.endswith(".")
