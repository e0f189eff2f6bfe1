"""What every template may use without loading it: glyphs, outcomes, the tally, times, short ids, fields.

Whatever a person reads as a time goes through `moment`, `day` or `clock_time`: in the person's own zone,
inside a `<time>` that says the same in UTC.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from html import escape
from typing import Any, Final

from django import template
from django.conf import settings
from django.forms import BaseForm, BoundField
from django.forms.utils import flatatt
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from activities import audit, proving
from activities.models import Outcome, State

register = template.Library()

# What a state or an outcome looks like: never by colour alone, so each has a shape of its own.
GLYPHS: Final[dict[str, str]] = {
    State.QUEUED: "waiting",
    State.SENDING: "waiting",
    State.UNCONFIRMED: "unconfirmed",
    State.POSTED: "created",
    State.PARTLY_POSTED: "partly",
    State.NOT_POSTED: "not-created",
    Outcome.PENDING: "waiting",
    Outcome.CREATED: "created",
    Outcome.REJECTED: "rejected",
    Outcome.NOT_CREATED: "not-created",
}
LABELS: Final[dict[str, str]] = dict([*State.choices, *Outcome.choices])
NOTHING: Final = "–"
LONGEST_SHOWN: Final = 20_000  # characters of an answer on a page; all of it is stored


@register.simple_tag
def glyph(name: str) -> SafeString:
    """Draw a shape of the sprite in base.html, by its name or by the state or outcome that it stands for."""
    return format_html('<svg class="glyph" aria-hidden="true"><use href="#g-{}"/></svg>', GLYPHS.get(name, name))


@register.simple_tag
@lru_cache(maxsize=128)  # a list says the same few outcomes over and over
def outcome(code: str, label: str = "") -> SafeString:
    """Say in shape and word what became of a row or a submission."""
    return format_html(
        '<span class="outcome" data-outcome="{}">{}{}</span>',
        code,
        glyph(code),
        label or LABELS.get(code, code),
    )


@register.simple_tag
def tally(outcomes: Iterable[str]) -> SafeString:
    """Draw one small place a row, and say the same in words to whoever does not see it."""
    codes = list(outcomes)
    places = format_html_join("", '<i class="tally__place" data-outcome="{}"></i>', ((code,) for code in codes))
    return format_html('<span class="tally tally--small" role="img" aria-label="{}">{}</span>', counted(codes), places)


@register.inclusion_tag("audit/_proof.html")
def proof_of_the_record() -> dict[str, Any]:
    """Say when the chain was verified last and what came of it."""
    return {"proof": proving.last_proof()}


@register.simple_tag
def retention_rule() -> str:
    """Say how long contents are kept."""
    if not settings.RETENTION_DAYS:
        return "Contents are kept for good."
    return f"Contents are removed after {thousands(settings.RETENTION_DAYS)} days; their hashes stay."


@register.filter
def thousands(number: int) -> str:
    """Set a number apart in threes: “48,227”."""
    return f"{number:,}"


@register.filter
def counted(outcomes: Iterable[str]) -> str:
    """Count outcomes in words, such as “4 created, 1 rejected”."""
    codes = list(outcomes)
    counts = ((codes.count(choice), choice.label.lower()) for choice in Outcome)
    return ", ".join(f"{count} {label}" for count, label in counts if count)


@register.filter
def moment(value: datetime | None) -> str:
    """Show a time to the minute: “Today, 14:33”, “Fri 20 Nov, 17:21”, in another year with the year."""
    return _moment(value, today="Today") if value else NOTHING


@register.filter
def moment_within(value: datetime) -> str:
    """Show the same within a sentence: “since today, 14:33”, “until Fri 20 Nov, 17:21”."""
    return _moment(value, today="today")


def _moment(value: datetime, *, today: str) -> str:
    here, this_day = timezone.localtime(value), timezone.localdate()
    if here.date() == this_day:
        words = today
    else:
        words = _day(here) if here.year != this_day.year else f"{here:%a} {here.day} {here:%b}"
    return _time(value, f"{words}, {here:%H:%M}")


@register.filter
def at_moment(value: datetime) -> str:
    """Show a time within a sentence: “at 14:33”, “on Fri 20 Nov at 17:21”."""
    here, today = timezone.localtime(value), timezone.localdate()
    clock = f"{here:%H:%M}"
    if here.date() == today:
        return _time(value, f"at {clock}")
    day_of_it = _day(here) if here.year != today.year else f"{here:%a} {here.day} {here:%b}"
    return _time(value, f"on {day_of_it} at {clock}")


@register.filter
def day(value: date | None) -> str:
    """Show a day: “Fri 20 Nov 2026”; a time's day is that of the active zone."""
    if not value:
        return NOTHING
    if isinstance(value, datetime):
        return _time(value, _day(timezone.localtime(value)))
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), _day(value))


@register.filter
def clock_time(value: datetime | None) -> str:
    """Show a time of the day to the second: “14:33:52”."""
    return _time(value, f"{timezone.localtime(value):%H:%M:%S}") if value else NOTHING


@register.filter
def utc_clock(value: datetime) -> str:
    """Show a time of the day to the second in UTC, beside the one in the person's zone: “09:03:52 UTC”."""
    return f"{value.astimezone(UTC):%H:%M:%S} UTC"


@register.simple_tag
def zone() -> str:
    """Name the zone in which times are shown: “Asia/Kolkata, UTC+05:30”."""
    offset = timezone.localtime().strftime("%z")
    return f"{timezone.get_current_timezone_name()}, UTC{offset[:3]}:{offset[3:5]}"


@register.filter
def plain(number: float) -> str:
    """Write a number as an SVG reads it, whatever the language of the page."""
    return f"{number:g}"


@register.filter
def marked(text: str, wanted: str) -> SafeString:
    """Show a text with the part that somebody searched for marked in it."""
    at = text.casefold().find(wanted.casefold()) if wanted and len(text) == len(text.casefold()) else -1
    if at < 0:
        return format_html("{}", text)
    end = at + len(wanted)
    return format_html("{}<mark>{}</mark>{}", text[:at], text[at:end], text[end:])


@register.filter
def short_id(value: object) -> str:
    """Shorten an id to what people compare: “b6f1…41c0”."""
    text = str(value)
    return text if len(text) <= 12 else f"{text[:4]}…{text[-4:]}"


@register.filter
def readable(content: bytes | memoryview | None) -> str:
    """Show what went over the wire: JSON set out in lines, anything else as it came, shortened."""
    text = bytes(content or b"").decode("utf-8", "replace")
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


@register.filter
def from_iso(text: str) -> datetime | None:
    """Turn a stored ISO time into one that can be shown."""
    return datetime.fromisoformat(text) if text else None


@register.filter
def entry_sentence(entry: Any) -> str:
    """Say what an audit entry records, without its actor."""
    return audit.in_words(entry)


@dataclass(frozen=True)
class Problem:
    """One line of the error summary: what is wrong, and the id of the input where it is put right."""

    anchor: str
    text: str


@register.filter
def problems(form: BaseForm) -> Sequence[Problem]:
    """List what is wrong in a form, in the order of its fields, for `_problems.html`."""
    found = [Problem("", str(message)) for message in form.non_field_errors()]
    for field in form:
        found += [Problem(field.id_for_label, f"{field.label}: {message}") for message in field.errors]
    return found


@register.filter
def drawn(field: BoundField) -> SafeString:
    """Draw a field's input as a box, unless its widget brings a class of its own."""
    return field.as_widget(attrs={"class": field.field.widget.attrs.get("class", "control control--boxed")})


@register.filter
def attributes(attrs: dict[str, Any]) -> SafeString:
    """Write a widget's attributes as HTML."""
    return flatatt(attrs)


@register.filter
def as_input(widget: dict[str, Any]) -> SafeString:
    """Draw an input, as Django's widget hands it to its template, without the three templates of Django's own way."""
    shown = {"type": widget["type"], "name": widget["name"]}
    if widget["value"] is not None:
        shown["value"] = str(widget["value"])
    return SafeString(f"<input{flatatt(shown | widget['attrs'])}>")


@register.filter
def options(groups: Iterable[tuple[str | None, Iterable[dict[str, Any]], int]]) -> SafeString:
    """Draw the options of a select, group by group, as Django's widget hands them to its template."""
    return SafeString("".join(_group(name, inner) for name, inner, _ in groups))


def _group(name: str | None, inner: Iterable[dict[str, Any]]) -> str:
    # Not by format_html, which takes five times as long: a list of people and types has a hundred options.
    drawn = "".join(
        f'<option value="{escape(str(each["value"]))}"{" selected" if each["selected"] else ""}>'
        f"{escape(str(each['label']))}</option>"
        for each in inner
    )
    return f'<optgroup label="{escape(str(name))}">{drawn}</optgroup>' if name else drawn


def _time(value: datetime, words: str) -> SafeString:
    in_utc = f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return format_html('<time datetime="{}">{}</time>', in_utc, words)


def _day(value: date) -> str:
    return f"{value:%a} {value.day} {value:%b %Y}"
