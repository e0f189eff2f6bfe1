"""What people type as a date, a time of day or both: text in, `date`, `time` or `datetime` out, and how they are shown.

Pure: the day that is today is an argument. A date without a year is the nearest one, a bare day of the week too;
“last” and “next” exclude today. The day comes before the month. What is shown names the day of the week and the year,
so that a person sees how it was read, and means the same when it is typed again, on whichever day.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from activities.quoting import short

YEARS: Final = range(1900, 2200)
# Two digits are a year up to this many years ahead, else one of the hundred years before.
YEARS_AHEAD: Final = 20

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_NEAR: Final = {"today": 0, "yesterday": -1, "tomorrow": 1}
_STEPS: Final = re.compile(
    r"(?P<sign>[-+\u2212]) ?(?P<count>\d{1,3}) ?(?P<unit>d|days?|w|weeks?)?", re.ASCII | re.IGNORECASE
)
_NAMED_DAY: Final = re.compile(r"(?:(?P<which>last|next|this) )?(?P<weekday>[a-z]{3,9})\.?", re.ASCII | re.IGNORECASE)
_WEEKDAY: Final = r"(?:(?P<weekday>[a-z]{3,9})\.?,? )?"
_YEAR: Final = r"(?P<year>\d{4}|'?\d{2})"
_DATES: Final = tuple(
    re.compile(_WEEKDAY + form, re.ASCII | re.IGNORECASE)
    for form in (
        r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})",
        # Day first, as in India; what is shown spells the month, so that a person sees how it was read.
        rf"(?P<day>\d{{1,2}})[-/.](?P<month>\d{{1,2}})(?:[-/.]{_YEAR}|\.)?",
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[-/. ]?(?P<month>[a-z]{{3,9}})\.?,?(?:[-/. ]?{_YEAR})?",
        rf"(?P<month>[a-z]{{3,9}})\.?[- ](?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,? {_YEAR})?",
    )
)
_CLOCK: Final = (
    r"(?P<hour>\d{1,2})(?:(?P<mark>[:.])(?P<minute>\d{2})(?::(?P<second>\d{2}))?)?(?: ?(?P<half>[ap])\.?m\.?)?"
)
_TIME: Final = re.compile(_CLOCK, re.ASCII | re.IGNORECASE)
_DATE_TIME: Final = re.compile(rf"(?P<day>.*?\S)(?:,? at |, ?| |(?<=\d)T)(?P<clock>{_CLOCK})", re.ASCII | re.IGNORECASE)
_NOW: Final = "now"


class NotADate(ValueError):
    """The text cannot be read as a date or a time; its words say why, and what to type."""


def read_day(text: str, *, today: date) -> date:
    """Return the day that was typed.

    Raises:
        NotADate: it is none.
    """
    text = " ".join(text.split())
    named = _named(text, today)
    if named:
        return named
    ask = _ask(today)
    found = next((match for form in _DATES if (match := form.fullmatch(text))), None)
    if found is None:
        raise NotADate(f"“{short(text)}” is not a date. {ask}")
    month, day = _month(found["month"]), int(found["day"])
    if not month:
        raise NotADate(f"“{found['month']}” is not a month; the day comes first. {ask}")
    year = _year(found["year"], month, day, today)
    if year not in YEARS:
        raise NotADate(f"the year {year} is too far away. {ask}")
    days = calendar.monthrange(year, month)[1]
    name = f"{_MONTHS[month - 1]} {year}" if month == 2 else _MONTHS[month - 1]
    if not 1 <= day <= days:
        raise NotADate(f"{name} has {days} days. Type a date such as {days} {_MONTHS[month - 1][:3]} {year}.")
    result = date(year, month, day)
    weekday = (found["weekday"] or "").casefold()
    if weekday and not _DAYS[result.weekday()].casefold().startswith(weekday):
        raise NotADate(f"{shown_day(result)[4:]} is a {_DAYS[result.weekday()]}. Leave the day of the week out.")
    return result


def read_moment(text: str, *, today: date, zone: ZoneInfo, now: time | None = None) -> datetime:
    """Return the day and time that were typed, in this zone; a time alone is today's, and “now” is `now`.

    Raises:
        NotADate: it is none, or the clocks there never showed it.
    """
    text = " ".join(text.split())
    found = _DATE_TIME.fullmatch(text)
    alone = _TIME.fullmatch(text)
    if (alone and _tells_a_time(alone)) or (now and text.casefold() == _NOW):
        day, clock = today, read_clock(text, now=now)
    elif found and _tells_a_time(found, behind=found["day"]):
        day, clock = read_day(found["day"], today=today), read_clock(found["clock"])
    else:
        day = read_day(text, today=today)
        raise NotADate(f"the time is missing. Type it after the date: {shown_day(day)}, 11:20.")
    # A time that clocks show twice is the earlier one (fold=0); one that they skip comes back as another.
    moment = datetime.combine(day, clock, zone)
    back = moment.astimezone(UTC).astimezone(zone)
    if back.replace(tzinfo=None) != datetime.combine(day, clock):
        raise NotADate(
            f"the clocks in {zone.key} were put forward over {clock:%H:%M}, so there was no such time. "
            f"Type a time such as {shown_moment(back)}."
        )
    return moment


def read_clock(text: str, *, now: time | None = None) -> time:
    """Return the time of day that was typed; “now” is `now`, to the minute.

    Raises:
        NotADate: it is none.
    """
    text = " ".join(text.split())
    if now and text.casefold() == _NOW:
        return time(now.hour, now.minute)
    found = _TIME.fullmatch(text)
    wrong = NotADate(f"“{short(text)}” is not a time. Type one such as 11:20 or 3:30 pm.")
    if found is None or not (found["minute"] or found["half"]):
        raise wrong
    hour, minute, second = int(found["hour"]), int(found["minute"] or 0), int(found["second"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            raise wrong
        hour = hour % 12 + 12 * (found["half"].casefold() == "p")
    if hour > 23 or minute > 59 or second > 59:
        raise wrong
    return time(hour, minute, second)


def shown_day(day: date) -> str:
    """Return a day as it is shown: “Fri 20 Nov 2026”."""
    return f"{_DAYS[day.weekday()][:3]} {day.day} {_MONTHS[day.month - 1][:3]} {day.year:04}"


def shown_clock(clock: time) -> str:
    """Return a time of day as it is shown: “11:20”, with seconds only where there are some."""
    return clock.strftime("%H:%M:%S" if clock.second else "%H:%M")


def shown_moment(moment: datetime) -> str:
    """Return day and time as they are shown: “Fri 20 Nov 2026, 11:20”."""
    return f"{shown_day(moment.date())}, {shown_clock(moment.time())}"


def _ask(today: date) -> str:
    return f"Type a date such as {shown_day(today)[4:]}."


def _named(text: str, today: date) -> date | None:
    """A day that is named by how far it is from today: a word, a step, or a day of the week."""
    if text.casefold() in _NEAR:
        return today + timedelta(days=_NEAR[text.casefold()])
    if step := _STEPS.fullmatch(text):
        days = int(step["count"]) * (7 if (step["unit"] or "d").casefold().startswith("w") else 1)
        return today + timedelta(days=days if step["sign"] == "+" else -days)
    found = _NAMED_DAY.fullmatch(text)
    weekday = _weekday(found["weekday"]) if found else None
    if found is None or weekday is None:
        return None
    ahead = (weekday - today.weekday()) % 7
    match (found["which"] or "").casefold():
        case "last":
            return today + timedelta(days=ahead - 7)
        case "next":
            return today + timedelta(days=ahead or 7)
        case "this":
            return today + timedelta(days=weekday - today.weekday())
        case _:
            return today + timedelta(days=ahead if ahead <= 3 else ahead - 7)


def _weekday(text: str) -> int | None:
    name = text.casefold()
    return next((at for at, day in enumerate(_DAYS) if day.casefold().startswith(name)), None)


def _month(text: str) -> int:
    if text.isdecimal():
        return int(text) if 1 <= int(text) <= 12 else 0
    name = text.casefold()
    return next((at for at, month in enumerate(_MONTHS, 1) if month.casefold().startswith(name)), 9 * (name == "sept"))


def _year(text: str | None, month: int, day: int, today: date) -> int:
    if text is None:
        return _nearest_year(month, day, today)
    digits = text.removeprefix("'")
    if len(digits) == 4:
        return int(digits)
    year = today.year - today.year % 100 + int(digits)
    latest = today.year + YEARS_AHEAD
    return year - 100 if year > latest else year + 100 if year + 100 <= latest else year


def _nearest_year(month: int, day: int, today: date) -> int:
    """The year in which this day is nearest to today, among those that have the day."""
    there = [
        year for year in (today.year, today.year - 1, today.year + 1) if 1 <= day <= calendar.monthrange(year, month)[1]
    ]
    return min(there, key=lambda year: abs(date(year, month, day) - today), default=today.year)


def _tells_a_time(found: re.Match[str], *, behind: str = "") -> bool:
    """Whether it can only be a time: “10.11” by itself or behind a day of the week may be a date as well."""
    if found["half"] or not found["minute"]:
        return bool(found["half"])
    named = _NAMED_DAY.fullmatch(behind)
    return found["mark"] == ":" or (bool(behind) and not (named and _weekday(named["weekday"]) is not None))
