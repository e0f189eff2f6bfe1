"""What a person is told before anything is sent: in words, and row by row in the shape that the editor gave them.

Also parts the rows that are ready from those with a problem. Pure: reads what `forms.check` found, and decides nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from activities import forms
from activities.submissions import NewRow, Staying
from activities.typed_rows import Content

NOTHING = "–"


@dataclass(frozen=True)
class SeenField:
    """One field of a row as it is read: in the editor's place and width, and of a time, how it goes out."""

    label: str
    shown: str
    width: str = "m"
    in_utc: str = ""


@dataclass(frozen=True)
class SeenRow:
    """One row as it is read before it is posted."""

    code: int
    type_name: str
    owner_email: str
    note: str
    seen_fields: tuple[SeenField, ...]

    @property
    def labels(self) -> list[str]:
        """What stands where; rows with the same labels share them."""
        return [each.label for each in self.seen_fields]


@dataclass(frozen=True)
class Words:
    """What the page says: `staying` is empty when every row goes, `times` when no row has one."""

    headline: str
    what: str
    once: str
    times: str
    button: str
    staying: str = ""


@dataclass(frozen=True)
class Offer:
    """The way on that is offered beside a list of problems."""

    button: str
    rest: str


def part(content: Content, checked: forms.Checked) -> tuple[Content, Staying]:
    """Return the content with just the rows that are ready, and the rows that stay behind; empty rows go nowhere."""
    numbered = list(zip(content["rows"], checked.rows, strict=False))  # `checked` ends with one more, empty row
    staying = [(form.number, row) for row, form in numbered if form.state not in {"ready", "free"}]
    going = [row for row, form in numbered if form.state == "ready"]
    return {**content, "rows": going}, Staying(
        rows=tuple(row for _, row in staying), numbers=tuple(number for number, _ in staying)
    )


def offer(checked: forms.Checked) -> Offer | None:
    """Return what to offer beside the problems; None when no row could go, or when more could than fit."""
    if not checked.can_part:
        return None
    numbers = [row.number for row in checked.rows if row.state == "error"]
    return Offer(
        button=f"Review only the {checked.valid_count} valid {_rows(checked.valid_count)}",
        rest=f"{_listed(_named(numbers))} {'stays' if len(numbers) == 1 else 'stay'} in the draft.",
    )


def seen_rows(checked: forms.Checked) -> list[SeenRow]:
    """Return the rows that are ready, as they are read."""
    ready = [form for form in checked.rows if form.state == "ready"]
    return [
        SeenRow(
            code=row.code,
            type_name=row.type_name,
            owner_email=row.owner_email,
            note=row.note,
            seen_fields=tuple(_seen_fields(form, row)),
        )
        for form, row in zip(ready, checked.new_rows, strict=True)
    ]


def in_words(
    rows: Sequence[NewRow],
    seen: Sequence[SeenRow],
    *,
    target: str,
    own_email: str,
    zone: str,
    staying: Staying | None = None,
) -> Words:
    """Say what will be posted on `target`, for whom, and what stays behind; e-mail and zone are the reader's own."""
    count = len(rows)
    activities = "1 activity" if count == 1 else f"{count} activities"
    has_times = any(each.in_utc for row in seen for each in row.seen_fields)
    return Words(
        headline=f"{activities} for {target}",
        what=f"{_types(rows)}, {_owners(rows, own_email)}.",
        once=f"LeadSquared gets {'it' if count == 1 else 'them'} in one call{'' if count == 1 else ', in this order'}.",
        times=f"Times are those of {zone}. Below each stands how it goes out, in UTC." if has_times else "",
        button=f"Post {activities} to {target}",
        staying=_staying(staying) if staying and staying.rows else "",
    )


def _seen_fields(form: forms.RowForm, row: NewRow) -> Iterator[SeenField]:
    for cell in form.cells:
        yield SeenField(cell.label, cell.read.shown or NOTHING, cell.control.width, cell.read.in_utc)
    for each in row.fields:
        if each.get("bare") or each.get("is_reference"):
            yield SeenField(each["label"], each["shown"])


def _types(rows: Sequence[NewRow]) -> str:
    counts = Counter((row.code, row.type_name or f"Activity type {row.code}") for row in rows)
    return _listed([f"{count} × {name}" for (_, name), count in counts.items()])


def _owners(rows: Sequence[NewRow], own_email: str) -> str:
    counts = Counter(row.owner_email for row in rows)
    names = {row.owner_email: row.owner_name or row.owner_email for row in rows}
    shared = {name for name, times in Counter(names.values()).items() if times > 1}
    said = {
        email: "you" if email.casefold() == own_email.casefold() else f"{name} ({email})" if name in shared else name
        for email, name in names.items()
    }
    if len(counts) == 1:
        return f"owned by {next(iter(said.values()))}"
    return f"owned by {_listed([f'{said[email]} ({count})' for email, count in counts.items()])}"


def _staying(staying: Staying) -> str:
    count = len(staying.rows)
    stay = "stays" if count == 1 else "stay"
    return f"{count} {_rows(count)} with a problem {stay} as a draft: {', '.join(_named(staying.numbers))}"


def _named(numbers: Sequence[int]) -> list[str]:
    return [f"row {number}" for number in numbers]


def _rows(count: int) -> str:
    return "row" if count == 1 else "rows"


def _listed(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
