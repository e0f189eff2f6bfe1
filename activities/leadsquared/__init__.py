"""The outside world in its own words: LeadSquared's API. No Django, no settings; could be lifted out."""

from __future__ import annotations

from activities.leadsquared.answers import field_of, in_words, raw_words, read_bulk, request_body
from activities.leadsquared.errors import (
    LeadSquaredError,
    NotInTime,
    NotSent,
    RateLimited,
    Refused,
    Unauthorized,
    Unclear,
)
from activities.leadsquared.records import (
    BulkAnswer,
    OutgoingActivity,
    OutgoingField,
    RawAnswer,
    RowAnswer,
)
from activities.leadsquared.wire import clock as steady_clock

__all__ = [
    "BulkAnswer",
    "LeadSquaredError",
    "NotInTime",
    "NotSent",
    "OutgoingActivity",
    "OutgoingField",
    "RateLimited",
    "RawAnswer",
    "Refused",
    "RowAnswer",
    "Unauthorized",
    "Unclear",
    "field_of",
    "in_words",
    "raw_words",
    "read_bulk",
    "request_body",
    "steady_clock",
]
