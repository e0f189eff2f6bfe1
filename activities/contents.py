"""The personal contents that lie beside the chain, and the salted hash under which each stands in its entry.

What somebody sent, was answered and saw can be purged, since only these hashes are in the record; while it is there,
proving.py compares it with them. Each function takes the version of the entry that holds the hash.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any

from activities import audit
from activities.models import Attempt, Look, Recheck, Row, Submission


def of_submission(submission: Submission) -> str:
    """Return the hash of what a submission says: who posts to what, and why."""
    said = [
        submission.created_by_id,
        submission.created_by_name,
        submission.submitted_at.astimezone(UTC).isoformat(timespec="microseconds"),
        submission.organisation,
        submission.host,
        submission.opportunity_id,
        submission.opportunity_name,
        submission.opportunity_type,
        submission.lead_id,
        submission.lead_name,
        submission.why,
        submission.skip_option_check,
        submission.row_count,
    ]
    return _commitment(submission.content_salt, "submission", _text(said))


def of_row(row: Row, version: int = audit.VERSION) -> str:
    """Return the hash of what a row sends and of the words that stood on the page; entries of version 1 lack those."""
    name = f"row {row.number}"
    if version == 1:
        content = json.dumps(sent(row.code, row.owner_email, row.note, row.fields), ensure_ascii=False)
        return _commitment(row.salt, name, content)
    seen = [row.code, row.type_name, row.owner_email, row.owner_name, row.note, row.fields, row.reference]
    return _commitment(row.salt, name, _text(seen))


def of_rows(rows: Iterable[Row]) -> dict[str, str]:
    """Return the hashes of rows as an entry holds them, by their names."""
    return {f"row {row.number}": of_row(row) for row in rows}


def of_request(attempt: Attempt) -> str:
    """Return the hash of the exact bytes that left."""
    return _commitment(attempt.salt, "request", bytes(attempt.request or b"").hex())


def of_answer(attempt: Attempt) -> str:
    """Return the hash of the bytes that came back."""
    return _commitment(attempt.salt, "answer", bytes(attempt.answer or b"").hex())


def of_look(look: Look) -> str:
    """Return the hash of what LeadSquared held when it was asked."""
    return _commitment(look.salt, "seen", _text([look.succeeded, look.whole, look.seen, look.leftovers]))


def of_recheck(recheck: Recheck) -> str:
    """Return the hash of what LeadSquared held of the created rows when somebody checked again."""
    return _commitment(recheck.salt, f"recheck {recheck.number}", _text([recheck.whole, recheck.held]))


def sent(code: int, owner_email: str, note: str, fields: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return what of a row goes to LeadSquared, in a form that can be compared."""
    # A reference differs from draft to draft; the same rows are the same rows all the same.
    return [code, owner_email, note, [_sent_field(each) for each in fields if not each.get("is_reference")]]


def _sent_field(field: Mapping[str, Any]) -> list[Any]:
    return [field["schema_name"], field["value"], [_sent_field(inner) for inner in field.get("fields", ())]]


def _commitment(salt: bytes | memoryview | None, name: str, value: str) -> str:
    return audit.commitment(salt=bytes(salt or b""), name=name, value=value)


def _text(value: Any) -> str:
    # PostgreSQL gives the keys of an object back in an order of its own.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
