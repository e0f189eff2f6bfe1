"""The forms above the lists: what is typed there becomes a `Filter`, or a message at its field."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils import timezone

from activities import audit, catalog, fields, history, opportunities
from activities.filters import Filter
from activities.models import Outcome, State

_ANY: Final = [("", "Any")]
_LONGEST: Final = 200
# A list is asked for by a link too: whatever stands here beside the fields is no filter.
_PAGING: Final = ("before", "after")


class DayField(forms.CharField):
    """A day as people write it, read in the same way as in the row editor."""

    widget = forms.TextInput(attrs={"placeholder": "20 Nov 2026"})

    def clean(self, value: Any) -> date | None:
        """Return the day, or none when nothing was typed."""
        text = super().clean(value)
        if not text:
            return None
        kind = catalog.CatalogField(schema_name="", name=str(self.label), kind="date")
        zone = timezone.get_current_timezone()
        try:
            sent = fields.read(kind, text, zone=zone, today=timezone.localdate()).sent
        except fields.Wrong as wrong:
            why = wrong.message.removeprefix(f"{self.label}: ")
            raise forms.ValidationError(why[:1].upper() + why[1:]) from wrong
        return date.fromisoformat(sent[:10])


class IdField(forms.CharField):
    """An id, or a link to what has it. The browser cuts nothing off: of a link only the id counts."""

    default_validators = [MaxLengthValidator(_LONGEST)]

    def to_python(self, value: Any) -> str:
        """Return the id, or the text where it is no link."""
        try:
            return opportunities.id_in(super().to_python(value) or "")
        except opportunities.Malformed as malformed:
            raise forms.ValidationError(str(malformed)) from malformed


class _FilterForm(forms.Form):
    """What all lists share: a span of days, and where the page begins."""

    since = DayField(label="From", required=False)
    until = DayField(label="To", required=False)
    before = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput)
    after = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        for name, field in self.fields.items():
            field.widget.attrs.setdefault("class", "control")
            field.widget.attrs.setdefault("id", f"filter-{name}")

    def clean(self) -> dict[str, Any]:
        """Refuse a span that ends before it begins."""
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            self.add_error("until", "This is before the first day. Type a later one.")
        return self.cleaned_data

    def wanted(self, **always: Any) -> Filter:
        """Return what the list is narrowed to; with a mistake in it, only what it `always` is."""
        if not self.is_valid():
            return Filter(**always)
        typed = {name: value for name, value in self.cleaned_data.items() if name not in _PAGING and value}
        return Filter(**{**typed, **always})

    def names(self, field: str) -> dict[int, str]:
        """Return what a field's choices are called, by their numbers; none where there is no such field."""
        choices = getattr(self.fields.get(field), "choices", ())
        return {int(value): str(label) for value, label in choices if value}

    def place(self) -> dict[str, int | None]:
        """Return where the page begins."""
        good = self.cleaned_data if self.is_valid() else {}
        return {name: good.get(name) for name in _PAGING}


class RowFilterForm(_FilterForm):
    """Narrows a list of rows; what it shares with that of submissions asks for a row that fits."""

    text = forms.CharField(
        label="Search notes, values, names and ids",
        required=False,
        max_length=_LONGEST,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "for example PAN, Nikhil, b6f1"}),
    )
    id = IdField(
        label="Id or link, of any kind",
        required=False,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": "opportunity, lead, activity"}
        ),
    )
    owner = forms.CharField(label="Owner’s e-mail", required=False, max_length=_LONGEST)
    outcome = forms.ChoiceField(label="Outcome", required=False, choices=[*_ANY, *Outcome.choices])
    code = forms.TypedChoiceField(label="Activity type", required=False, coerce=int, empty_value=None)
    person_id = forms.TypedChoiceField(label="Who", required=False, coerce=int, empty_value=None)

    field_order = ("text", "person_id", "state", "outcome", "code", "owner", "since", "until", "id")

    def __init__(self, data: Any, *, with_people: bool = False) -> None:
        super().__init__(data)
        _offer(self.fields["code"], _types(data.get("code", "")))
        if with_people:
            _offer(self.fields["person_id"], _people(), first="Everybody")
        else:
            del self.fields["person_id"]


class SubmissionFilterForm(RowFilterForm):
    """Narrows a list of submissions."""

    state = forms.ChoiceField(label="Outcome", required=False, choices=[*_ANY, *State.choices])
    # Of a submission the state says what became of it.
    outcome = None  # type: ignore[assignment]


class EntryFilterForm(_FilterForm):
    """Narrows the list of audit entries."""

    person_id = forms.TypedChoiceField(label="Who", required=False, coerce=int, empty_value=None)
    action = forms.ChoiceField(
        label="What",
        required=False,
        choices=[("", "Anything"), *((code, re.sub(r"[._]", " ", code)) for code in audit.ACTIONS)],
    )
    subject = IdField(label="About: person, id or link", required=False)

    field_order = ("person_id", "action", "subject", "since", "until")

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        _offer(self.fields["person_id"], _people(), first="Everybody")


def _offer(field: forms.Field, choices: Iterable[tuple[Any, str]], *, first: str = "Any") -> None:
    field.choices = [("", first), *choices]  # type: ignore[attr-defined]


def _people() -> list[tuple[int, str]]:
    return list(history.everybody().values_list("pk", "name"))


def _types(chosen: str) -> list[tuple[int, str]]:
    """The catalog's types by name, and the chosen code where the catalog does not have it."""
    known = [(each.code, f"{each.name} · {each.code}") for each in catalog.activity_types().records]
    known.sort(key=lambda each: each[1].casefold())
    if chosen.isdecimal() and len(chosen) < 10 and int(chosen) not in dict(known):
        known.append((int(chosen), f"Activity type {int(chosen)}"))
    return known
