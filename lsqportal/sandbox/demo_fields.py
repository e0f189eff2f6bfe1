"""Short words for the fields of the demo's activity types, one for each kind that LeadSquared has.

`slot` is the number in mx_Custom_<slot>: slots are per activity type (leadsquared-api §1e).
"""

from __future__ import annotations

import dataclasses

from lsqportal.sandbox.records import Field

Choices = tuple[str, ...]


def _field(slot: int, name: str, data_type: str | None, render_type: str = "", *, mandatory: bool = False) -> Field:
    return Field(f"mx_Custom_{slot}", name, data_type, render_type, mandatory, sequence=slot)


def text(slot: int, name: str, *, mandatory: bool = False, max_length: int = 200) -> Field:
    return dataclasses.replace(_field(slot, name, "String", "Text", mandatory=mandatory), max_length=max_length)


def long_text(slot: int, name: str, *, mandatory: bool = False) -> Field:
    return dataclasses.replace(_field(slot, name, "String", "TextArea", mandatory=mandatory), max_length=2000)


def number(slot: int, name: str, *, mandatory: bool = False) -> Field:
    return _field(slot, name, "Number", "", mandatory=mandatory)


def date_only(slot: int, name: str, *, mandatory: bool = False) -> Field:
    return _field(slot, name, "DateTime", "Date", mandatory=mandatory)


def date_time(slot: int, name: str, *, mandatory: bool = False) -> Field:
    return _field(slot, name, "DateTime", "DateTime", mandatory=mandatory)


def time_only(slot: int, name: str) -> Field:
    return _field(slot, name, "Time", "")


def yes_no(slot: int, name: str, *, mandatory: bool = False) -> Field:
    return _field(slot, name, "Boolean", "", mandatory=mandatory)


# E-mail, phone and address occur as a DataType and as a RenderType of String: leadsquared-api §3.
def email(slot: int, name: str, *, rendered: bool = False) -> Field:
    return _field(slot, name, "String", "Email") if rendered else _field(slot, name, "Email")


def phone(slot: int, name: str, *, rendered: bool = False) -> Field:
    return _field(slot, name, "String", "Phone") if rendered else _field(slot, name, "Phone")


def url(slot: int, name: str, *, rendered: bool = False) -> Field:
    return _field(slot, name, "String", "URL") if rendered else _field(slot, name, "Website")


def choice(slot: int, name: str, options: Choices, *, mandatory: bool = False, in_set: bool = False) -> Field:
    """A drop-down; its options stand in OptionSet (`in_set`), or only the options call has them."""
    field = _field(slot, name, "SearchableDropdown", "", mandatory=mandatory)
    return dataclasses.replace(field, options=options, options_in_set=in_set)


def choices(slot: int, name: str, options: Choices, *, in_set: bool = True) -> Field:
    """A drop-down of which several options may be chosen."""
    return dataclasses.replace(choice(slot, name, options, in_set=in_set), multi_select=True)


def dependent(
    slot: int, name: str, parent: int | str, options: dict[str, Choices], *, mandatory: bool = False
) -> Field:
    """A drop-down whose options follow the value of another field."""
    field = choice(slot, name, tuple(dict.fromkeys(each for under in options.values() for each in under)))
    by_parent = tuple(options.items())
    return dataclasses.replace(
        field,
        mandatory=mandatory,
        parent=parent if isinstance(parent, str) else f"mx_Custom_{parent}",
        options_by_parent=by_parent,
    )


def active_user(slot: int, name: str) -> Field:
    return _field(slot, name, "ActiveUsers")


def product(slot: int, name: str) -> Field:
    return _field(slot, name, "Product")


def field_set(slot: int, name: str, *inner: Field) -> Field:
    """A custom field set: its inner fields are mx_CustomObject_1, 2, ... in the order given."""
    named = (
        dataclasses.replace(each, schema_name=f"mx_CustomObject_{number}", sequence=number)
        for number, each in enumerate(inner, start=1)
    )
    return dataclasses.replace(_field(slot, name, "CustomObject"), inner=tuple(named))


def other(slot: int, name: str, data_type: str | None) -> Field:
    """A type that a client may not know; None as for derived fields."""
    return _field(slot, name, data_type)


def reference(slot: int) -> Field:
    """The field that carries a client's own reference; its slot differs from type to type."""
    return text(slot, "Portal reference", max_length=100)
