"""Valid things to test with; override what the test is about."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from activities import audit, connection, indexing, recovery, submissions
from activities.models import Draft, Export, FileFormat, Listing, Outcome, Row, State, Submission, User
from activities.models.submissions import SETTLED

OPPORTUNITY = "7d1c2f0a-3b44-4c1e-9d55-0f2b6a81c9e4"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def an_actor(person: User) -> audit.Actor:
    return audit.Actor(name=person.name, person=person, address="10.4.18.31", agent="Chrome", request_id="abc")


def a_new_row(**changes: Any) -> submissions.NewRow:
    return submissions.NewRow(
        **{
            "code": 208,
            "type_name": "KYC visit",
            "owner_email": "kabir.shah@sahyadrihfc.in",
            "owner_name": "Kabir Shah",
            "note": "PAN collected",
            **changes,
        }
    )


def a_field(schema_name: str = "mx_Custom_2", value: str = "AAAAA1111A", **changes: Any) -> dict[str, Any]:
    return {
        "schema_name": schema_name,
        "value": value,
        "label": "PAN number",
        "shown": value,
        "typed": value,
        **changes,
    }


def a_draft(owner: User, *, opportunity_id: str = OPPORTUNITY, **changes: Any) -> Draft:
    return Draft.objects.create(
        **{
            "owner": owner,
            "opportunity_id": opportunity_id,
            "opportunity": {
                "id": opportunity_id,
                "name": "Asha Rao – Home loan",
                "lead_id": str(uuid.uuid4()),
            },
            "content": {"rows": [], "skip_option_check": False},
            "created_at": NOON,
            "updated_at": NOON,
            **changes,
        }
    )


def an_export(owner: User, **changes: Any) -> Export:
    """Store an export of the person's own submissions as it would stand before any worker has seen it."""
    return Export.objects.create(
        **{
            "owner": owner,
            "listing": Listing.SUBMISSIONS,
            "file_format": FileFormat.CSV,
            "filters": {"person_id": owner.pk},
            "narrowed_to": f"of {owner.name}",
            "file_name": f"submissions_{owner.name.lower()}.csv",
            "newest": 2**62,
            "created_at": NOON,
            **changes,
        }
    )


def a_submission(
    by: User,
    rows: int | list[dict[str, Any]] = 1,
    state: str = State.QUEUED,
    **changes: Any,
) -> Submission:
    """Store a submission as it would stand in this state; `rows` is a number or what differs in each row."""
    details = [{} for _ in range(rows)] if isinstance(rows, int) else rows
    at = changes.pop("submitted_at", NOON)
    account = connection.account()
    submission = Submission.objects.create(
        **{
            "created_by": by,
            "created_by_name": by.name,
            "submitted_at": at,
            "organisation": account.organisation or "org",
            "host": account.host or "api-in21.leadsquared.com",
            "opportunity_id": str(uuid.uuid4()),
            "opportunity_name": "Asha Rao – Home loan",
            "opportunity_type": "Home loan",
            "lead_name": "Asha Rao",
            "row_count": len(details),
            "content_hash": "0" * 64,
            "state": state,
            "not_before": at,
            "lease_until": at if state == State.SENDING else None,
            "settled_at": at if state in SETTLED else None,
            **changes,
        }
    )
    indexing.add(submission, [_a_row(submission, number, at, detail) for number, detail in enumerate(details, start=1)])
    return submission


def asked_of(submission: Submission) -> str:
    """Return the mark of the question that stands on its page now."""
    return submissions.question(submission.rows.order_by("number"), submissions.leftovers(submission))


def in_doubt_since_a_restore(submission: Submission) -> Submission:
    """Have the database restored from a backup that holds it as queued."""
    recovery.doubt_what_is_queued()
    submission.refresh_from_db()
    return submission


_OUTCOME_IN = {
    State.POSTED: Outcome.CREATED,
    State.NOT_POSTED: Outcome.REJECTED,
    State.UNCONFIRMED: Outcome.UNCONFIRMED,
}


def _a_row(submission: Submission, number: int, at: datetime, detail: dict[str, Any]) -> Row:
    outcome = detail.get("outcome") or _OUTCOME_IN.get(State(submission.state), Outcome.PENDING)
    return Row.objects.create(
        **{
            "submission": submission,
            "number": number,
            "code": 208,
            "type_name": "KYC visit",
            "owner_email": "kabir.shah@sahyadrihfc.in",
            "owner_name": "Kabir Shah",
            "note": f"Note {number}",
            "fields": [a_field()],
            "outcome": outcome,
            "outcome_at": None if outcome == Outcome.PENDING else at,
            "activity_id": str(uuid.uuid4()) if outcome == Outcome.CREATED else "",
            "reason": "LeadSquared did not take it." if outcome in {Outcome.REJECTED, Outcome.NOT_CREATED} else "",
            **detail,
        }
    )
