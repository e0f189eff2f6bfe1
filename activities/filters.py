"""What a list, its count, its charts and its export are narrowed to: one object for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from activities.models import User


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What a list is narrowed to; what is empty narrows nothing. Days are those of the active time zone."""

    person_id: int | None = None
    state: str = ""
    code: int | None = None
    owner: str = ""
    outcome: str = ""
    # Of an opportunity, a lead, a submission or an activity.
    id: str = ""
    text: str = ""
    since: date | None = None
    until: date | None = None
    action: str = ""
    subject: str = ""

    def in_words(self) -> str:
        """Return what narrows the list, for the audit entry of an export."""
        people = User.objects.filter(pk__in=[self.person_id or 0])
        words = [f"of {person.name}" for person in people]
        words += [f"{name} {value}" for name, value in self._set() if name != "person_id"]
        return ", ".join(words)

    @property
    def begins(self) -> datetime | None:
        """The first moment that fits."""
        return _midnight(self.since) if self.since else None

    @property
    def ends(self) -> datetime | None:
        """The first moment that does not fit any more."""
        return _midnight(self.until + timedelta(days=1)) if self.until else None

    def __bool__(self) -> bool:
        return any(True for _ in self._set())

    def _set(self) -> Iterator[tuple[str, Any]]:
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return ((name, value) for name, value in values if value not in (None, ""))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, timezone.get_current_timezone())
