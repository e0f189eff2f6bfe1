"""A custom field: what the page draws for it, what may be typed into it, and what goes over the wire.

Pure: no database, no call, no clock. Forms ask it for every value of every row. Promise: whatever is typed,
`read` returns a value or raises `Wrong` with a sentence, and nothing else. What it shows of a date, a time or
a number means the same when it is typed again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, time
from typing import Final, Protocol
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from activities import dates, numbers
from activities.leadsquared.records import User
from activities.quoting import UNFIT, short

# [DOC] one format for all requests, in UTC: leadsquared-api §0 and §18
WIRE_TIME: Final = "%Y-%m-%d %H:%M:%S"
# [SEEN] a date-only field is not converted, "send the calendar date unchanged": §18
# [GUESS] it goes out in the one format of all requests, at midnight: §19.12
WIRE_DATE: Final = "%Y-%m-%d 00:00:00"
# [GUESS] how Time fields and multi-selects are written is not documented: §19.12
WIRE_CLOCK: Final = "%H:%M:%S"
SEPARATOR: Final = ";"
# [SEEN] booleans are read as "1" and "0": §1e
YES_NO: Final = {"1": "Yes", "0": "No"}
HOME_CODE: Final = "91"  # [DOC] DefaultCountryCode of an Indian account: §10
LONGEST_EMAIL: Final = 254  # RFC 5321
LONGEST_SCHEMA_NAME: Final = 100


class Wrong(ValueError):
    """What was typed cannot be sent; `message` begins with the field's label and says what to do."""

    def __init__(self, label: str, why: str) -> None:
        self.message = f"{label}: {why}"
        super().__init__(self.message)


class Offered(Protocol):
    """A field as the catalog offers it; `by_parent` and `options` are empty where they are not known."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def mandatory(self) -> bool: ...
    @property
    def multiple(self) -> bool: ...
    @property
    def options(self) -> tuple[str, ...]: ...
    @property
    def parent(self) -> str: ...
    @property
    def parent_name(self) -> str: ...
    @property
    def by_parent(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def max_length(self) -> int | None: ...


@dataclass(frozen=True)
class Control:
    """What the page draws: `input` chooses the template, `width` the tracks (README of the mocks)."""

    input: str
    width: str = "s"
    options: tuple[str, ...] = ()
    inputmode: str = ""
    placeholder: str = ""
    waits_for: str = ""
    max_length: int | None = None


@dataclass(frozen=True)
class Value:
    """A value: what goes over the wire, and what a person sees of it; both empty when nothing was typed.

    `in_utc` is the time as it goes out, where that is another than the one shown.
    """

    sent: str = ""
    shown: str = ""
    in_utc: str = ""


@dataclass(frozen=True)
class _Typed:
    """One typed value with everything that decides what it means."""

    field: Offered
    text: str
    parts: tuple[str, ...]
    zone: ZoneInfo
    today: date
    now: time | None
    any_text: bool
    parent_value: str
    users: Mapping[str, User]

    def wrong(self, why: str) -> Wrong:
        return Wrong(self.field.name, why)


def options(field: Offered, *, parent_value: str = "") -> tuple[str, ...]:
    """Return the options that may be chosen under this parent value; empty when they are not known."""
    return field.by_parent.get(parent_value, ()) if field.parent else field.options


def control(field: Offered, *, parent_value: str = "", skip_option_check: bool = False) -> Control:
    """Return what the page draws for a field.

    A drop-down whose options are not known, or need not be kept to, becomes a text with suggestions.
    """
    drawn = _KINDS.get(field.kind, _UNKNOWN).control
    if drawn.input not in {"select", "checkboxes"}:
        width = "l" if drawn.input == "text" and len(field.name) > 40 else drawn.width
        return replace(drawn, width=width, max_length=field.max_length if drawn.input in _TEXTS else None)
    offered = options(field, parent_value=parent_value)
    width = "m" if field.multiple or any(len(each) > 16 for each in offered) else "s"
    if _waits(field, parent_value) and not skip_option_check:
        return Control(input="select", width="m", waits_for=field.parent_name or field.parent)
    if not offered or skip_option_check:
        return Control(input="text", width=width, options=offered, max_length=field.max_length)
    return Control(input="checkboxes" if field.multiple else "select", width=width, options=offered)


def read(
    field: Offered,
    typed: str | Sequence[str],
    *,
    zone: ZoneInfo,
    today: date,
    now: time | None = None,
    skip_option_check: bool = False,
    parent_value: str = "",
    users: Mapping[str, User] | None = None,
) -> Value:
    """Return the value that was typed into a field.

    `zone` is the person's, `today` the date there and `now` the time, without which “now” means nothing;
    `parent_value` is what is sent of the parent field. `users` are those of the catalog by e-mail in lower case.
    Blanks alone count as nothing.

    Raises:
        Wrong: it cannot be sent.
    """
    parts = tuple(part for part in ((typed,) if isinstance(typed, str) else typed) if part.strip())
    kind = _KINDS.get(field.kind, _UNKNOWN)
    if not parts:
        if field.mandatory:
            raise Wrong(field.name, f"this must be filled. {kind.ask}")
        return Value()
    text = "\n".join(parts)
    return kind.read(_Typed(field, text, parts, zone, today, now, skip_option_check, parent_value, users or {}))


def read_bare(schema_name: str, value: str) -> Value:
    """Return the value of a field that is given by its SchemaName alone: text as it was typed.

    Raises:
        Wrong: the name cannot be a SchemaName, or the value is empty or no text.
    """
    check_schema_name(schema_name)
    if not value.strip():
        raise Wrong(schema_name, "this must be filled. Type its value, or take the field away.")
    text = check_text(schema_name, value, longest=None, lines=True)
    return Value(text, text)


def check_schema_name(schema_name: str) -> str:
    """Return a name that can be a SchemaName.

    Raises:
        Wrong: it cannot.
    """
    if len(schema_name) > LONGEST_SCHEMA_NAME or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", schema_name):
        raise Wrong("SchemaName", f"“{short(schema_name)}” is not one. Type a name such as mx_Custom_1.")
    return schema_name


def check_text(label: str, text: str, *, longest: int | None, lines: bool) -> str:
    """Return a text unchanged, but for its line breaks: browsers send CR LF, LeadSquared gets LF.

    `longest` counts UTF-16 units, as browsers do and [GUESS] LeadSquared's .NET does.

    Raises:
        Wrong: it holds a control character, a line break where `lines` is false, or is too long.
    """
    text = text.replace("\r\n", "\n")
    found = (_UNFIT_IN_LINES if lines else UNFIT).search(text)
    if found:
        before, code = text[: found.start()].strip(), f"the character U+{ord(found[0]):04X}"
        place = f"after “{short(before[-20:])}”" if before else "at its start"
        raise Wrong(label, f"{_UNFIT_NAMES.get(found[0], code)} stands {place}. Delete it.")
    length = len(text.encode("utf-16-le", "surrogatepass")) // 2
    if longest is not None and length > longest:
        raise Wrong(label, f"{length} characters are too many. Shorten it to {longest}.")
    return text


def check_email(label: str, text: str) -> str:
    """Return an e-mail address without the blanks around it.

    Raises:
        Wrong: it is none.
    """
    address = text.strip()
    if len(address) > LONGEST_EMAIL or not _EMAIL.fullmatch(address):
        raise Wrong(label, f"“{short(address)}” is not an e-mail address. Type one such as asha@example.org.")
    return check_text(label, address, longest=None, lines=False)


_UNFIT_IN_LINES: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_UNFIT_NAMES: Final = {"\n": "a line break", "\t": "a tab", "\x00": "an empty character (NUL)"}
_EMAIL: Final = re.compile(r"[^@\s,;:<>()\[\]\"\\]+@[^@\s,;:<>()\[\]\"\\.]+(\.[^@\s,;:<>()\[\]\"\\.]+)+")


def _text(typed: _Typed) -> Value:
    lines = typed.field.kind == "long_text"
    text = check_text(typed.field.name, typed.text, longest=typed.field.max_length, lines=lines)
    return Value(text, text)


def _email(typed: _Typed) -> Value:
    address = check_email(typed.field.name, typed.text)
    return Value(address, address)


def _url(typed: _Typed) -> Value:
    address = check_text(typed.field.name, typed.text.strip(), longest=typed.field.max_length, lines=False)
    try:
        parts = urlsplit(address)
        is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and not re.search(r"\s", address)
    except ValueError:
        is_one = False
    if not is_one:
        raise typed.wrong(f"“{short(address)}” is not a web address. Type it from https:// on.")
    return Value(address, address)


# Country codes of one and two digits (ITU-T E.164); all others have three.
_SHORT_CODES: Final = re.compile(r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]")


def _phone(typed: _Typed) -> Value:
    digits = re.sub(r"[\s().\-\u2010-\u2013\u200e\u200f\u202a-\u202e]", "", typed.text)
    if re.fullmatch(r"[1-9]\d{9}", digits, re.ASCII):
        digits = f"+{HOME_CODE}{digits}"
    if not re.fullmatch(r"\+[1-9]\d{6,14}", digits, re.ASCII):
        raise typed.wrong(
            f"“{short(typed.text)}” is not a phone number. Type 10 digits, or all with the country code, "
            "such as +971 501234567."
        )
    code = _SHORT_CODES.match(digits, 1)
    end = code.end() if code else 4
    # [DOC] phone numbers are stored as +CC-NNNNNNNNNN: leadsquared-api §9
    number = f"{digits[:end]}-{digits[end:]}"
    return Value(number, number)


def _number(typed: _Typed) -> Value:
    try:
        plain = numbers.read(typed.text)
    except numbers.NotANumber as why:
        raise typed.wrong(str(why)) from None
    return Value(plain, numbers.shown(plain))


_TRUTH: Final = {"1": "1", "yes": "1", "true": "1", "y": "1", "0": "0", "no": "0", "false": "0", "n": "0"}


def _yes_no(typed: _Typed) -> Value:
    sent = _TRUTH.get(typed.text.strip().casefold())
    if sent is None:
        raise typed.wrong(f"“{short(typed.text)}” is neither yes nor no. Type one of the two.")
    return Value(sent, YES_NO[sent])


def _date(typed: _Typed) -> Value:
    try:
        day = dates.read_day(typed.text, today=typed.today)
    except dates.NotADate as why:
        raise typed.wrong(str(why)) from None
    return Value(day.strftime(WIRE_DATE), dates.shown_day(day))


def _date_time(typed: _Typed) -> Value:
    try:
        moment = dates.read_moment(typed.text, today=typed.today, zone=typed.zone, now=typed.now)
    except dates.NotADate as why:
        raise typed.wrong(str(why)) from None
    sent = moment.astimezone(UTC).strftime(WIRE_TIME)
    return Value(sent, dates.shown_moment(moment), in_utc=sent)


def _time(typed: _Typed) -> Value:
    try:
        clock = dates.read_clock(typed.text, now=typed.now)
    except dates.NotADate as why:
        raise typed.wrong(str(why)) from None
    return Value(clock.strftime(WIRE_CLOCK), dates.shown_clock(clock))


def _waits(field: Offered, parent_value: str) -> bool:
    return bool(field.parent and field.by_parent) and not parent_value.strip()


def _choice(typed: _Typed) -> Value:
    offered = options(typed.field, parent_value=typed.parent_value)
    if _waits(typed.field, typed.parent_value) and not typed.any_text:
        raise typed.wrong(f"choose {typed.field.parent_name or typed.field.parent} first; the list follows it.")
    parts = tuple(dict.fromkeys(_several(typed, offered))) if typed.field.multiple else (typed.text,)
    for part in parts:
        if offered and not typed.any_text and part not in offered:
            raise typed.wrong(f"“{short(part)}” is not in the list. Choose one of it.")
        longest = None if part in offered else typed.field.max_length
        check_text(typed.field.name, part, longest=longest, lines=False)
    return Value(SEPARATOR.join(parts), ", ".join(parts))


def _several(typed: _Typed, offered: tuple[str, ...]) -> Sequence[str]:
    """The chosen options; a single text that is no option is a list in one line, as from a spreadsheet."""
    if len(typed.parts) > 1 or typed.text in offered:
        return typed.parts
    split = [part.strip() for part in re.split(r"[;\n]", typed.text) if part.strip()]
    return split or typed.parts


def _user(typed: _Typed) -> Value:
    """A user by e-mail or name. [SEEN] reads give the GUID; that writes take it is a [GUESS]: §1e, §19.12."""
    name = typed.text.strip()
    if not typed.users:
        return _text(typed)
    found = [user for user in typed.users.values() if name.casefold() in {user.email.casefold(), user.name.casefold()}]
    exact = typed.users.get(name.casefold())
    if exact is None and len(found) != 1:
        why = "fits several users" if found else "is not a user of LeadSquared"
        raise typed.wrong(f"“{short(name)}” {why}. Choose an e-mail address of the list.")
    user = exact or found[0]
    if not user.active:
        raise typed.wrong(f"{user.name} is not active in LeadSquared any more. Choose another user.")
    return Value(user.id, user.name or user.email)


@dataclass(frozen=True)
class _Kind:
    """How one kind of field is read, asked for and drawn."""

    read: Callable[[_Typed], Value]
    ask: str
    control: Control


_TEXTS: Final = {"text", "textarea"}
_UNKNOWN: Final = _Kind(_text, "Type its value.", Control("text"))
_KINDS: Final[Mapping[str, _Kind]] = {
    "text": _UNKNOWN,
    "long_text": _Kind(_text, "Type its text.", Control("textarea", "l")),
    "number": _Kind(_number, "Type digits such as 112400.", Control("number", inputmode="decimal")),
    "date": _Kind(_date, "Type a date such as 20 Nov 2026, or “yesterday”.", Control("date", "m")),
    "date_time": _Kind(_date_time, "Type date and time: 20 Nov 2026, 11:20.", Control("date_time", "m")),
    "time": _Kind(_time, "Type a time such as 11:20.", Control("time")),
    "boolean": _Kind(_yes_no, "Choose yes or no.", Control("yes_no")),
    "email": _Kind(_email, "Type an e-mail address.", Control("email", "m", inputmode="email")),
    "phone": _Kind(_phone, "Type a phone number.", Control("tel", inputmode="tel", placeholder="+91-")),
    "url": _Kind(_url, "Type a web address.", Control("url", "m", inputmode="url", placeholder="https://")),
    "choice": _Kind(_choice, "Choose one of the list.", Control("select")),
    "multiple_choice": _Kind(_choice, "Choose at least one of the list.", Control("checkboxes")),
    "dependent_choice": _Kind(_choice, "Choose one of the list.", Control("select")),
    "user": _Kind(_user, "Choose a user.", Control("user", "m")),
}
