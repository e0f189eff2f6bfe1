"""What the pretended account holds, as plain records.

Everything in the sandbox speaks in these; only answers.py and the calls know LeadSquared's spelling of them.
They are frozen: what the account holds changes through store.py alone.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field


@dataclass(frozen=True)
class User:
    """Somebody who works in the account; the keys belong to one of them."""

    id: str
    first_name: str
    last_name: str
    email: str
    role: str = "Sales_User"
    active: bool = True
    phone: str = ""
    team: str = ""
    groups: tuple[str, ...] = ()
    time_zone: str = "India Standard Time"

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True)
class Lead:
    """A person who may borrow."""

    id: str
    auto_id: int
    first_name: str
    last_name: str | None
    email: str | None
    phone: str | None
    mobile: str | None
    city: str
    stage: str
    owner_id: str
    score: int
    created_on: str
    company: str | None = None

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name or ''}".strip()


@dataclass(frozen=True)
class Opportunity:
    """One loan a lead asks for. `code` is its opportunity type, 12000 and up."""

    id: str
    lead_id: str
    code: int
    name: str
    stage: str
    status: str
    amount: int
    owner_id: str
    created_by_id: str
    created_on: str
    modified_on: str
    note: str | None = None
    written_at: float = 0.0


@dataclass(frozen=True)
class Field:
    """One field of an activity type, or one inner field of a custom field set."""

    schema_name: str
    display_name: str
    data_type: str | None = "String"
    render_type: str = ""
    mandatory: bool = False
    sequence: int = 1
    options: tuple[str, ...] = ()
    options_in_set: bool = False
    parent: str = ""
    options_by_parent: tuple[tuple[str, tuple[str, ...]], ...] = ()
    multi_select: bool = False
    max_length: int | None = 200
    inner: tuple[Field, ...] = ()
    shown: bool = True

    @property
    def is_drop_down(self) -> bool:
        return self.data_type in {"SearchableDropdown", "Dropdown", "Select", "MultiSelect"}

    def options_under(self, parent_value: str) -> tuple[str, ...]:
        """The options that the parent's value leaves; all of the field's own when it has no parent."""
        return dict(self.options_by_parent).get(parent_value, ()) if self.parent else self.options


@dataclass(frozen=True)
class ActivityType:
    """A custom activity type, or (from 12000) an opportunity type. No `opportunity_codes`: for all."""

    id: str
    code: int
    name: str
    fields: tuple[Field, ...] = ()
    opportunity_codes: tuple[int, ...] = ()
    direction: int = 1
    score: int = 0

    @property
    def is_opportunity_type(self) -> bool:
        # [SEEN] 12000 and up are opportunity types: leadsquared-api §2
        return self.code >= 12000

    def field(self, schema_name: str) -> Field | None:
        return next((each for each in self.fields if each.schema_name == schema_name), None)


@dataclass(frozen=True)
class Activity:
    """What LeadSquared holds. `created_on` is UTC as the API prints it, `written_at` seconds since 1970."""

    id: str
    lead_id: str
    opportunity_id: str | None
    code: int
    note: str
    owner_email: str
    created_by_email: str
    created_on: str
    values: dict[str, str] = field(default_factory=dict)
    written_at: float = 0.0
    seeded: bool = False

    def as_json(self) -> dict[str, object]:
        return dataclasses.asdict(self)


@dataclass
class ReceivedRequest:
    """One request as it arrived, and the status it was answered with: None without an answer."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    arrived_at: float
    arrived_at_monotonic: float
    status: int | None = None
    fault: str | None = None

    def as_json(self) -> dict[str, object]:
        return {**dataclasses.asdict(self), "body": self.body.decode("utf-8", "replace")}
