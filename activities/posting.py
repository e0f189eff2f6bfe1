"""WORKER: carries one submission to LeadSquared and writes down what came back.

Called by work.py only. Promise: a row is never sent twice. Whatever is not a clear yes or a clear no is left
unconfirmed; nothing here guesses. The order is permit, claim, attempt, first byte, raw answer, verdict: a crash
between any two of them leaves a state from which the truth can still be found.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet

from activities import audit, connection, contents, readback, settling, throttle, tries
from activities.leadsquared import (
    LeadSquaredError,
    NotInTime,
    NotSent,
    OutgoingActivity,
    OutgoingField,
    RateLimited,
    RawAnswer,
    Refused,
    RowAnswer,
    Unauthorized,
    Unclear,
    in_words,
    raw_words,
    read_bulk,
    request_body,
)
from activities.models import Account, Attempt, Call, CallKind, Outcome, Row, State, Submission, Verdict
from activities.models.clock import clock
from activities.settling import RowVerdict

SHORTEST_LEASE_MARGIN: Final = 5.0
BACK_OFF_SECONDS: Final = (2, 5, 15, 60, 300)
BULK_PATH: Final = "/ProspectActivity.svc/Bulk/CustomActivity/Add/ByOpportunityId?opportunityId="

logger = logging.getLogger(__name__)

_VERDICTS: Final[dict[type[LeadSquaredError], Verdict]] = {
    NotSent: Verdict.NOT_SENT,
    NotInTime: Verdict.NOT_SENT,
    RateLimited: Verdict.RATE_LIMITED,
    Unauthorized: Verdict.UNAUTHORIZED,
    Refused: Verdict.REFUSED,
    Unclear: Verdict.UNCLEAR,
}


class NotLookedFor(NotSent):
    """Whether the rows of a retry exist already could not be found out, so that they were not sent."""

    advice = (
        "LeadSquared did not say for sure whether the rows exist already, and nothing was sent. The portal tries again "
        "by itself."
    )


class TriedElsewhere(NotLookedFor):
    """Rows of a retry were tried with keys of another account, or at another address: nobody can look there now."""

    advice = (
        "These rows were tried with another LeadSquared account or address before, where the portal cannot look now "
        "whether they exist. Nothing was sent. The portal tries again by itself."
    )


def post_next(*, worker: str, now: datetime | None = None) -> bool:
    """Send the oldest submission that is due; return whether there was one.

    Raises:
        throttle.NoPermit: one is due, but the limit is used up for now.
    """
    account = connection.account()
    if account.hold_since or not account.organisation or not due(account, now=now or clock()).exists():
        return False
    permit = throttle.take(CallKind.BULK, now=now)
    client = connection.client(CallKind.BACKGROUND)
    # Read before the claim: whoever is suspended after it wakes up with the deadline passed, and sends nothing.
    not_after = client.now() + settings.LSQ_CALL_DEADLINE
    submission = _claim(account, worker=worker, now=now or clock())
    if submission is None:
        throttle.give_back(permit)
        return False
    try:
        _carry(submission, permit, worker=worker, not_after=not_after, now=now)
    except Exception:
        settling.count_failure(submission, now=now or clock())
        raise
    return True


def _carry(submission: Submission, permit: Call, *, worker: str, not_after: float, now: datetime | None) -> None:
    if not _leave_out_what_exists(submission, worker=worker, now=now):
        return
    attempt = _write_attempt(submission, worker=worker, now=now or clock())
    if attempt is not None:
        _send(submission, attempt, permit, not_after=not_after, now=now)


def due(account: Account, *, now: datetime) -> QuerySet[Submission]:
    """Return what may be sent now with this account's keys, oldest first."""
    return Submission.objects.filter(
        ~in_flight(),
        ~settling.in_doubt(),
        state=State.QUEUED,
        not_before__lte=now,
        needs_person_since=None,
        organisation=account.organisation,
        host=account.host,
    ).order_by("id")


def in_flight() -> Exists:
    """Whether a submission to the same opportunity is on its way or being read back."""
    return Exists(
        Submission.objects.filter(
            organisation=OuterRef("organisation"),
            opportunity_id=OuterRef("opportunity_id"),
            state__in=[State.SENDING, State.UNCONFIRMED],
            needs_person_since=None,
        )
    )


class Outgoing(Protocol):
    """What a row has that goes out: a stored row, or one that is only reviewed."""

    @property
    def code(self) -> int: ...
    @property
    def owner_email(self) -> str: ...
    @property
    def note(self) -> str: ...
    @property
    def fields(self) -> Iterable[dict[str, Any]]: ...


def outgoing(rows: Iterable[Outgoing], *, skip_option_check: bool) -> list[OutgoingActivity]:
    """Return the rows in the form that the client encodes."""
    return [
        OutgoingActivity(
            code=row.code,
            owner_email=row.owner_email,
            note=row.note,
            fields=tuple(_outgoing_field(field) for field in row.fields),
            skip_option_check=skip_option_check,
        )
        for row in rows
    ]


def _outgoing_field(field: dict[str, Any]) -> OutgoingField:
    inner = field.get("fields") or ()
    return OutgoingField(
        schema_name=str(field["schema_name"]),
        value=str(field["value"]),
        fields=tuple(_outgoing_field(each) for each in inner),
    )


def lease_margin() -> timedelta:
    """A call begins within its deadline after the claim and takes as long again at most: a lease outlives both.

    Nobody takes over what may still be on its way.
    """
    return timedelta(seconds=max(SHORTEST_LEASE_MARGIN, settings.LSQ_CALL_DEADLINE))


def _claim(account: Account, *, worker: str, now: datetime) -> Submission | None:
    lease = now + timedelta(seconds=settings.LSQ_CALL_DEADLINE + settings.LSQ_CONNECT_TIMEOUT) + lease_margin()
    try:
        with transaction.atomic():
            submission = due(account, now=now).select_for_update(skip_locked=True, of=("self",)).first()
            if submission is None:
                return None
            settling.move(
                submission,
                old=State.QUEUED,
                new=State.SENDING,
                lease_until=lease,
                leased_by=worker,
                attempt_count=submission.attempt_count + 1,
            )
            return submission
    except IntegrityError:
        # Another worker claimed another submission of the same opportunity in this very moment.
        return None


def _leave_out_what_exists(submission: Submission, *, worker: str, now: datetime | None) -> bool:
    """Look once more for the other tries of what a retry carries; return whether there is still something to send."""
    others = _other_tries(submission)
    chain = {each.submission for tried in others.values() for each in tried}
    account = connection.account()
    if any(earlier.is_for_another(account) for earlier in chain):
        requeue(submission, TriedElsewhere(), now=now or clock())
        return False
    for earlier in sorted(chain, key=lambda each: each.pk):
        seen = readback.look_once(earlier, kind=CallKind.READ, now=now)
        if seen is None or not seen.is_conclusive:
            requeue(submission, NotLookedFor(), now=now or clock())
            return False
    # The looks may have found some.
    others = _other_tries(submission)
    pending = submission.rows.filter(outcome=Outcome.PENDING)
    not_sent = {row.number: reason for row in pending if (reason := _why_not_again(row, others.get(row.pk, [])))}
    if not not_sent:
        return True
    verdicts = {number: RowVerdict(Outcome.NOT_CREATED, reason=reason) for number, reason in not_sent.items()}
    left_out = settling.leave_out(submission, verdicts, worker=worker, now=now or clock())
    return left_out and submission.state == State.SENDING


def _other_tries(submission: Submission) -> dict[int, list[Row]]:
    """Return for each row that puts another one right what was tried in other submissions."""
    found = tries.of(submission.rows.exclude(follows=None))
    return {pk: [each for each in tried if each.submission_id != submission.pk] for pk, tried in found.items()}


def _why_not_again(row: Row, others: Sequence[Row]) -> str:
    """Say why a row is not sent again: it exists, or something came up since that may be it; empty when it may go."""
    if any(each.outcome == Outcome.CREATED for each in others):
        return "Not sent: LeadSquared has it after all, as the row of the earlier submission."
    if any(each.outcome == Outcome.UNCONFIRMED for each in others):
        return (
            "Not sent: it went out with another submission, and whether LeadSquared has it is not known yet. "
            "Post this row once more when that turns out not to exist."
        )
    judged_at = [each.outcome_at or each.submission.submitted_at for each in tries.before(row, others)]
    for each in others:
        looks = list(each.submission.looks.filter(succeeded=True).order_by("number"))
        # What was there when the row was judged absent, or when somebody decided so, was not it.
        settled_at = max([each.outcome_at or each.submission.submitted_at, *judged_at])
        known = {activity_id for look in looks if look.at <= settled_at for activity_id in look.seen}
        fresh = [activity for activity in (looks[-1].leftovers if looks else []) if activity["id"] not in known]
        if any(activity["code"] == each.code for activity in fresh):
            return (
                "Not sent: LeadSquared has a new activity of this type that may be this row. "
                "Look at it there; if it is another one, post this row once more."
            )
    return ""


def _write_attempt(submission: Submission, *, worker: str, now: datetime) -> Attempt | None:
    """Store the exact bytes that are about to leave; None when the lease has meanwhile gone to somebody else."""
    rows = list(submission.rows.filter(outcome=Outcome.PENDING).order_by("number"))
    body = request_body(outgoing(rows, skip_option_check=submission.skip_option_check))
    with transaction.atomic():
        if not rows or not settling.is_in_hand(submission, worker=worker, now=now):
            return None
        attempt = Attempt.objects.create(
            submission=submission,
            number=submission.attempt_count,
            started_at=now,
            lease_until=submission.lease_until or now,
            worker=worker,
            row_numbers=[row.number for row in rows],
            url=f"{settings.LSQ_API_URL}{BULK_PATH}{submission.opportunity_id}",
            request=body,
        )
        audit.record(
            audit.Action.SENT,
            submission,
            by=audit.PORTAL,
            contents={"request": contents.of_request(attempt)},
            now=now,
            attempt=attempt.number,
            row_count=len(rows),
            worker=worker,
            bytes=len(body),
        )
    return attempt


def _send(submission: Submission, attempt: Attempt, permit: Call, *, not_after: float, now: datetime | None) -> None:
    error: LeadSquaredError | None = None
    raw: RawAnswer | None = None
    try:
        raw = _post(submission, attempt, permit, not_after=not_after, now=now)
    except LeadSquaredError as failure:
        error = failure
        raw = getattr(failure, "raw", None)
    _store_answer(attempt, raw, error, now=now or clock())
    settle(submission, attempt, error, now=now)


def _post(
    submission: Submission, attempt: Attempt, permit: Call, *, not_after: float, now: datetime | None
) -> RawAnswer:
    return connection.client(CallKind.BACKGROUND).post_activities(
        submission.opportunity_id,
        bytes(attempt.request or b""),
        row_count=len(attempt.row_numbers),
        not_after=not_after,
        permit=connection.Leave(permit, now),
    )


def _store_answer(attempt: Attempt, raw: RawAnswer | None, error: LeadSquaredError | None, *, now: datetime) -> None:
    attempt.answered_at = max(now, attempt.started_at)
    if raw is not None:
        attempt.status, attempt.answer, attempt.complete = raw.status, raw.body, raw.complete
        attempt.headers, attempt.seconds = dict(raw.headers), raw.seconds
    if error is not None:
        attempt.said = error.said
    attempt.save()


def settle(submission: Submission, attempt: Attempt, error: LeadSquaredError | None, *, now: datetime | None) -> None:
    """Judge what came back and move the submission on, in one transaction with its audit entries."""
    rows: tuple[RowAnswer, ...] = ()
    if error is None:
        try:
            rows = read_bulk(_stored(attempt), row_count=len(attempt.row_numbers)).rows
        except LeadSquaredError as judged:
            error = judged
    if isinstance(error, Unauthorized):
        error = _after_key_check(error, now=now)
    moment = now or clock()
    if isinstance(error, RateLimited):
        _make_everybody_wait(error, now=moment)
    with transaction.atomic():
        # Locks are always taken in this order: the submission, then the audit log's head.
        Submission.objects.select_for_update().get(pk=submission.pk)
        # One verdict each: of a worker and whoever took over from it, the second one judges the same answer.
        Attempt.objects.filter(pk=attempt.pk, verdict=Verdict.OPEN).update(
            verdict=Verdict.ANSWERED if error is None else _verdict_on(error), said=error.said if error else ""
        )
        attempt.refresh_from_db(fields=["verdict", "said"])
        if error is None:
            _record_answer(submission, attempt, rows, now=moment)
            verdicts = [_verdict(row) for row in rows]
            settling.apply(submission, dict(zip(attempt.row_numbers, verdicts, strict=True)), now=moment)
        else:
            _record_error(submission, attempt, error, now=moment)
            _apply_error(submission, attempt, error, now=moment)


def _make_everybody_wait(error: RateLimited, *, now: datetime) -> None:
    throttle.slow_down(now=now)
    if error.whole_day:
        connection.hold(error.for_user, now=now)


def _after_key_check(error: Unauthorized, *, now: datetime | None) -> LeadSquaredError:
    """Tell keys that are not accepted (hold, all wait) from a right that this one call lacks (Refused)."""
    refused = connection.keys_are_refused(now=now)
    if refused:
        connection.hold(error.for_user, now=now)
    if refused is False:
        return Refused(
            status=error.status,
            said=error.said,
            exception_type=error.exception_type,
            row_count=error.row_count,
        )
    return error


def _stored(attempt: Attempt) -> RawAnswer:
    return RawAnswer(
        status=attempt.status or 0,
        headers=attempt.headers,
        body=bytes(attempt.answer or b""),
        complete=attempt.complete,
        seconds=attempt.seconds or 0.0,
    )


def _verdict_on(error: LeadSquaredError) -> Verdict:
    return next(verdict for kind, verdict in _VERDICTS.items() if isinstance(error, kind))


def _verdict(row: RowAnswer) -> RowVerdict:
    if row.created and row.activity_id:
        return RowVerdict(Outcome.CREATED, activity_id=row.activity_id)
    if row.created is False:
        return RowVerdict(
            Outcome.REJECTED,
            reason=_why_refused(row.exception_type, row.said),
            said=row.said,
            exception_type=row.exception_type,
        )
    return RowVerdict(
        Outcome.UNCONFIRMED,
        reason="LeadSquared’s answer is not clear about this row, so it may or may not exist.",
        said=row.said,
    )


def _why_refused(exception_type: str, said: str) -> str:
    return in_words(exception_type, said) or f"LeadSquared did not take this row. {raw_words(said)}"


def _apply_error(submission: Submission, attempt: Attempt, error: LeadSquaredError, *, now: datetime) -> None:
    if not error.may_have_written and not isinstance(error, Refused):
        requeue(submission, error, now=now)
        return
    outcome = Outcome.UNCONFIRMED
    reason = "LeadSquared gave no clear answer, so this row may or may not exist."
    if isinstance(error, Refused):
        reason = "LeadSquared refused the call. Whether it wrote the good rows before is not known yet."
    if not error.may_have_written:
        outcome = Outcome.REJECTED
        reason = _why_refused(error.exception_type, error.said)
    verdict = RowVerdict(outcome, reason=reason, said=error.said, exception_type=error.exception_type)
    settling.apply(submission, dict.fromkeys(attempt.row_numbers, verdict), now=now)


def requeue(submission: Submission, error: LeadSquaredError, *, now: datetime) -> None:
    seconds = BACK_OFF_SECONDS[min(submission.attempt_count, len(BACK_OFF_SECONDS)) - 1]
    not_before = now + timedelta(seconds=seconds)
    if isinstance(error, RateLimited):
        not_before = now + throttle.full_window()
    with transaction.atomic():
        moved = settling.move(
            submission,
            old=State.SENDING,
            new=State.QUEUED,
            attempt=submission.attempt_count,
            not_before=not_before,
            lease_until=None,
            explanation=error.for_user[:500],
        )
        if moved:
            audit.record(audit.Action.REQUEUED, submission, by=audit.PORTAL, now=now, reason=error.for_user[:500])


def _record_answer(submission: Submission, attempt: Attempt, rows: Iterable[RowAnswer], *, now: datetime) -> None:
    audit.record(
        audit.Action.ANSWERED,
        submission,
        by=audit.LEADSQUARED,
        contents={"answer": contents.of_answer(attempt)},
        now=now,
        status=attempt.status or 0,
        seconds=f"{attempt.seconds or 0:.1f}",
        summary=settling.summary([_verdict(row).outcome for row in rows]),
        attempt=attempt.number,
    )


def _record_error(submission: Submission, attempt: Attempt, error: LeadSquaredError, *, now: datetime) -> None:
    if isinstance(error, NotSent):
        return
    audit.record(
        audit.Action.NOT_ANSWERED,
        submission,
        by=audit.LEADSQUARED,
        contents={"answer": contents.of_answer(attempt)} if attempt.answer is not None else {},
        now=now,
        attempt=attempt.number,
        summary=_verdict_on(error).label.lower() + (f" ({error.status})" if error.status else ""),
    )
