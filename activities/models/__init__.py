"""What is stored. The audit table is not exported: audit.py is the only door to write it."""

from __future__ import annotations

from activities.models import audit_entries as _audit_entries  # noqa: F401  (Django finds its tables through here)
from activities.models.bursts import SignInBurst
from activities.models.calls import Account, Call, CallKind, Worker
from activities.models.catalog import CatalogEntry, CatalogKind
from activities.models.drafts import Draft
from activities.models.exports import Export, ExportPart, ExportState, FileFormat, Listing
from activities.models.lists import ChangedDay, DayCount, ListedRow
from activities.models.people import Role, User
from activities.models.pins import Pin
from activities.models.submissions import (
    LARGEST,
    OUTCOMES,
    SETTLED,
    TRANSITIONS,
    Attempt,
    Look,
    Outcome,
    Recheck,
    Row,
    State,
    Submission,
    Verdict,
)

__all__ = [
    "LARGEST",
    "OUTCOMES",
    "SETTLED",
    "TRANSITIONS",
    "Account",
    "Attempt",
    "Call",
    "CallKind",
    "CatalogEntry",
    "CatalogKind",
    "ChangedDay",
    "DayCount",
    "Draft",
    "Export",
    "ExportPart",
    "ExportState",
    "FileFormat",
    "ListedRow",
    "Listing",
    "Look",
    "Outcome",
    "Pin",
    "Recheck",
    "Role",
    "Row",
    "SignInBurst",
    "State",
    "Submission",
    "User",
    "Verdict",
    "Worker",
]
