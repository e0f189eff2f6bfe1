"""What people type as a number, in India and elsewhere: text in, plain digits out, and digits as they are shown.

Pure. The point is the decimal sign and commas group, as in India, unless the whole number can only be meant
otherwise: “112.400,50” and “1.234.567” are European, “1 234,5” and “1'234.5” too. What has a second sensible
reading, such as “12,50”, is no number: a price that is wrong by a factor of a hundred costs more than a question.
"""

from __future__ import annotations

import re
from typing import Final

from activities.quoting import short

MOST_DIGITS: Final = 28  # of a .NET decimal

_SIGNS: Final = {"-": "-", "\u2212": "-", "+": ""}
_BEFORE: Final = re.compile(r"^([-+\u2212]?) ?(?:₹|INR|Rs)\.? ?", re.IGNORECASE)
_BEHIND: Final = re.compile(r" ?(?:₹|INR|Rs\.?|/[-=\u2013])$", re.IGNORECASE)  # 500/- is a round sum in India
_BLANKS: Final = re.compile(r"[ \u00a0\u2009\u202f]")
# How many places the point moves. No single letters: “5 L” may be litres as well.
_UNITS: Final = {"lakh": 5, "lakhs": 5, "lac": 5, "lacs": 5, "crore": 7, "crores": 7, "cr": 7}
_UNIT: Final = re.compile(r"(?P<number>.*\d) ?(?P<unit>[a-z]+)\.?", re.IGNORECASE)
_FORMS: Final = tuple(
    re.compile(form, re.ASCII)
    for form in (
        # Grouped by commas in threes, or in twos and a three; a group never begins with a nought.
        r"(?P<whole>\d+|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d?(?:,\d{2})*,\d{3})?(?:\.(?P<part>\d+))?",
        r"(?P<whole>[1-9]\d{0,2}(?:\.\d{3}){2,})",
        r"(?P<whole>[1-9]\d{0,2}(?:\.\d{3})+),(?P<part>\d+)",
        # Grouped by blanks or apostrophes. After a comma three digits may be a group as well, so they are refused.
        r"(?P<whole>[1-9]\d{0,2}(?: \d{3})+|[1-9]\d?(?: \d{2})* \d{3})(?:\.(?P<part>\d+))?",
        r"(?P<whole>[1-9]\d{0,2}(?: \d{3})+),(?P<part>\d{1,2}|\d{4,})",
        r"(?P<whole>[1-9]\d{0,2}(?:'\d{3})+)(?:\.(?P<part>\d+))?",
        r"(?P<whole>[1-9]\d{0,2}(?:'\d{3})+),(?P<part>\d{1,2}|\d{4,})",
        # A comma that cannot group: behind four digits or more, or behind a lonely nought.
        r"(?P<whole>[1-9]\d{3,}),(?P<part>\d{1,2})",
        r"(?P<whole>0),(?P<part>\d+)",
    )
)


class NotANumber(ValueError):
    """The text cannot be read as one number; its words say so and what to type."""


def read(text: str) -> str:
    """Return a number as plain digits with a decimal point, such as “-112400.50”.

    Raises:
        NotANumber: it is none, is too long, or can be read in two ways.
    """
    plain = _BLANKS.sub(" ", text).strip().replace("\u2019", "'")
    plain = _BEHIND.sub("", _BEFORE.sub(r"\1", plain))
    sign = _SIGNS.get(plain[:1])
    plain, shift = _without_unit(plain if sign is None else plain[1:])
    found = next((match for form in _FORMS if (match := form.fullmatch(plain))), None)
    parts = found.groupdict() if found else {}
    if not (parts.get("whole") or parts.get("part")):
        raise NotANumber(f"“{short(text.strip())}” is not a number. Type digits such as 112400, 1,12,400 or 1.5.")
    whole, part = _shifted(re.sub(r"\D", "", parts["whole"] or ""), parts.get("part") or "", shift)
    if len(whole) + len(part) > MOST_DIGITS:
        raise NotANumber(f"the number is too long. Type at most {MOST_DIGITS} digits.")
    is_zero = not (whole + part).strip("0")
    return f"{'' if is_zero else sign or ''}{whole}{'.' if part else ''}{part}"


def shown(plain: str) -> str:
    """Return plain digits as they are written in India: “1,12,400.50”."""
    sign, digits = plain[: plain.startswith("-")], plain.removeprefix("-")
    whole, point, part = digits.partition(".")
    groups = [*re.findall(r"\d{1,2}(?=(?:\d\d)*$)", whole[:-3]), whole[-3:]]
    return f"{sign}{','.join(groups)}{point}{part}"


def _without_unit(text: str) -> tuple[str, int]:
    found = _UNIT.fullmatch(text)
    shift = _UNITS.get(found["unit"].casefold(), 0) if found else 0
    return (found["number"], shift) if found and shift else (text, 0)


def _shifted(whole: str, part: str, shift: int) -> tuple[str, str]:
    """Move the point to the right: 1.5 lakh are 150000."""
    if shift:
        part = part.rstrip("0").ljust(shift, "0")
        whole, part = whole + part[:shift], part[shift:]
    return whole.lstrip("0") or "0", part
