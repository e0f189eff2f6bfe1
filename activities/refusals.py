"""PERSON: LeadSquared's reasons that the portal could not put into plain words, counted for administrators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from activities.leadsquared import in_words
from activities.models import Outcome, Row

NEWEST_REFUSALS = 1000


@dataclass
class Untranslated:
    """One kind of refusal: LeadSquared's type of it, how often it came, and its words of the last time."""

    exception_type: str
    said: str
    last_at: datetime
    count: int = 0


def untranslated() -> list[Untranslated]:
    """Return the untranslated kinds among the newest refused rows, most frequent first; at most 1,000 rows are read."""
    refused = Row.objects.filter(outcome__in=[Outcome.REJECTED, Outcome.NOT_CREATED]).order_by("-id")
    found: dict[str, Untranslated] = {}
    for row in refused.only("exception_type", "said", "outcome_at")[:NEWEST_REFUSALS]:
        if not (row.exception_type or row.said) or in_words(row.exception_type, row.said) or row.outcome_at is None:
            continue
        # Without a type the words are all there is to tell one from another.
        kind = row.exception_type or row.said
        found.setdefault(kind, Untranslated(row.exception_type, row.said, row.outcome_at)).count += 1
    return sorted(found.values(), key=lambda each: -each.count)
