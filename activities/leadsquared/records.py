"""The words of LeadSquared as the portal speaks them: frozen records, without the wire's spellings.

Ids are GUIDs as text, times are aware and in UTC. What LeadSquared leaves out or sends as null is empty here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, Self


class _Stored:
    """A record that the catalog keeps as JSON."""

    __slots__ = ()

    def as_json(self) -> dict[str, Any]:
        """Return the record as plain JSON."""
        plain: dict[str, Any] = asdict(self)  # type: ignore[call-overload]
        return plain

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the record from its JSON; what an older portal did not store is empty."""
        known = {each.name for each in fields(cls)}  # type: ignore[arg-type]
        return cls(**{name: _frozen(value) for name, value in stored.items() if name in known})


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose keys these are."""

    user_id: str = ""
    user_name: str = ""
    email: str = ""
    role: str = ""
    time_zone: str = ""
    organisation: str = ""
    organisation_code: str = ""
    host: str = ""
    default_country_code: str = ""


@dataclass(frozen=True, slots=True)
class User(_Stored):
    """A LeadSquared user; who is inactive cannot own an activity."""

    id: str
    name: str
    email: str
    role: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead, as far as the portal shows it."""

    id: str
    name: str = ""
    email: str = ""
    phone: str = ""
    mobile: str = ""
    city: str = ""


@dataclass(frozen=True, slots=True)
class OpportunityType(_Stored):
    """A type of opportunity; its code is 12000 or above."""

    code: int
    name: str


@dataclass(frozen=True, slots=True)
class Opportunity:
    """An opportunity of a lead."""

    id: str
    lead_id: str = ""
    type_code: int | None = None
    type_name: str = ""
    name: str = ""
    status: str = ""
    stage: str = ""
    owner_id: str = ""
    owner_name: str = ""
    owner_email: str = ""
    amount: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ActivityType(_Stored):
    """A type of activity; its code is LeadSquared's ActivityEvent."""

    code: int
    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an activity type.

    `kind` is our own word: text, long_text, number, date, date_time, time, boolean, email, phone, url, choice,
    multiple_choice, dependent_choice, user, product, field_set or unknown. `options` are those of the field itself,
    `by_parent` those under each value of its parent; both may be empty although LeadSquared has some.
    """

    schema_name: str
    name: str
    data_type: str = ""
    render_type: str = ""
    kind: str = "text"
    mandatory: bool = False
    shown: bool = True
    read_only: bool = False
    sequence: int = 0
    parent: str = ""
    options: tuple[str, ...] = ()
    by_parent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    multiple: bool = False
    max_length: int | None = None
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Activity:
    """An activity that LeadSquared has; `values` are those of its fields that are not empty, by SchemaName."""

    id: str
    code: int | None
    note: str = ""
    owner: str = ""
    created_at: datetime | None = None
    created_by: str = ""
    # Every way in which the answer names owner and creator: id, name, e-mail.
    owner_spellings: tuple[str, ...] = ()
    creator_spellings: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    # The fields of which the answer says anything: what is here and not in `values` is empty in LeadSquared.
    told: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Activities:
    """Activities read back; `whole` when as many distinct ones came as LeadSquared counts; its clock's time."""

    found: tuple[Activity, ...]
    whole: bool
    server_time: datetime | None


@dataclass(frozen=True, slots=True)
class OutgoingField:
    """A custom field's value on its way out; a field set carries its inner fields."""

    schema_name: str
    value: str
    fields: tuple[OutgoingField, ...] = ()


@dataclass(frozen=True, slots=True)
class OutgoingActivity:
    """One activity of the bulk call."""

    code: int
    owner_email: str
    note: str = ""
    fields: tuple[OutgoingField, ...] = ()
    skip_option_check: bool = False


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """What an answer says of one row: `created` is True on a clear yes, False on a clear no, None otherwise."""

    number: int
    created: bool | None = None
    activity_id: str = ""
    exception_type: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class BulkAnswer:
    """What an answer says of each row, in the order they were sent."""

    rows: tuple[RowAnswer, ...]


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """An answer before anybody read it; `complete` when the whole body came, `seconds` how long it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    complete: bool = True
    seconds: float = 0.0
