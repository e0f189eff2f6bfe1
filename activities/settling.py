"""BOTH: moves a submission through its states and gives its rows their outcomes, with the audit entries of it.

Called by submissions.py for what a person decides and by the worker for what LeadSquared said. Every step is one
conditional UPDATE along `TRANSITIONS`, so that of two who try the same step only one succeeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Coalesce

from activities import audit, contents, indexing
from activities.leadsquared import field_of
from activities.models import OUTCOMES, SETTLED, TRANSITIONS, Attempt, Outcome, Row, State, Submission, Verdict

MOST_FAILURES: Final = 3


@dataclass(frozen=True)
class RowVerdict:
    """What is known of one row."""

    outcome: Outcome
    activity_id: str = ""
    reason: str = ""
    said: str = ""
    exception_type: str = ""


def apply(submission: Submission, verdicts: Mapping[int, RowVerdict], *, now: datetime) -> State:
    """Give rows, by their numbers, their outcomes and move the submission where all of them lead; return its state.

    An outcome only changes along `OUTCOMES`, so that a yes is never taken back.
    """
    with transaction.atomic():
        current = Submission.objects.select_for_update().get(pk=submission.pk)
        rows = list(current.rows.order_by("number"))
        written = [_write(row, verdicts[row.number], now=now) for row in rows if row.number in verdicts]
        indexing.follow(current, numbers=verdicts)
        state = state_of([row.outcome for row in rows])
        # What settles is recorded below; a row that is corrected later may leave the state as it is.
        if any(written) and (state not in SETTLED or state == current.state):
            record_rows(submission, now=now)
        if state == current.state:
            return state
        settled_at = now if state in SETTLED else None
        moved = move(
            submission,
            old=State(current.state),
            new=state,
            settled_at=settled_at,
            lease_until=None,
            needs_person_since=None,
            explanation="",
            unconfirmed_at=None if settled_at else now,
            look_at=None if settled_at else first_look_at(now),
        )
        if moved and settled_at:
            record_settled(submission, now=now)
        return state


def is_in_hand(submission: Submission, *, worker: str, now: datetime) -> bool:
    """Lock a submission; return whether the worker that claimed it has it still, for its lease may have ended."""
    still_ours = Submission.objects.select_for_update().filter(
        pk=submission.pk,
        state=State.SENDING,
        attempt_count=submission.attempt_count,
        leased_by=worker,
        lease_until__gt=now,
    )
    return still_ours.first() is not None


def leave_out(submission: Submission, verdicts: Mapping[int, RowVerdict], *, worker: str, now: datetime) -> bool:
    """Settle rows of a submission in hand that need not be sent; when none is left, it is settled itself.

    Returns False, and leaves everything as it is, when the worker has it no more: another may be sending these rows.
    """
    with transaction.atomic():
        # Whoever compares rows with their newest entry holds this lock, and never sees the one without the other.
        if not is_in_hand(submission, worker=worker, now=now):
            return False
        for row in submission.rows.select_for_update().filter(number__in=verdicts):
            _write(row, verdicts[row.number], now=now)
        indexing.follow(submission, numbers=verdicts)
        record_rows(submission, now=now)
        outcomes = outcomes_of(submission)
        if Outcome.PENDING not in outcomes:
            apply(submission, {}, now=now)
    submission.refresh_from_db()
    return True


def settle_unsent(submission: Submission, *, reason: str, by: audit.Actor, now: datetime) -> bool:
    """Settle a queued submission as not posted; return False when it is not queued any more, or is in doubt."""
    with transaction.atomic():
        # Locked before it is asked about: whoever notes a restore in this very moment waits, or has been waited for.
        Submission.objects.select_for_update().get(pk=submission.pk)
        if is_in_doubt(submission):
            return False
        moved = move(
            submission,
            old=State.QUEUED,
            new=State.NOT_POSTED,
            settled_at=now,
            needs_person_since=None,
            explanation=reason,
        )
        if not moved:
            return False
        submission.rows.filter(outcome=Outcome.PENDING).update(
            outcome=Outcome.NOT_CREATED, outcome_at=now, reason=reason
        )
        indexing.follow(submission)
        if by.person is not None:
            audit.record(audit.Action.CANCELLED, submission, by=by, now=now)
        record_settled(submission, now=now)
    return True


def in_doubt() -> Exists:
    """Whether its newest attempt may have written although it is queued: only a restored backup leaves that.

    Nobody says of such a one that it was not sent before LeadSquared has been asked.
    """
    newest = Attempt.objects.filter(submission=OuterRef("pk"), number=OuterRef("attempt_count"))
    return Exists(newest.filter(verdict=Verdict.UNCLEAR))


def is_in_doubt(submission: Submission) -> bool:
    """Whether this submission is queued and may have been posted before a restore."""
    return Submission.objects.filter(in_doubt(), pk=submission.pk, state=State.QUEUED).exists()


def move(submission: Submission, *, old: State, new: State, attempt: int | None = None, **changes: object) -> bool:
    """Move on by one conditional UPDATE; with `attempt`, only while that attempt is the newest.

    Raises:
        ValueError: `TRANSITIONS` does not know the step.
    """
    if new not in TRANSITIONS[old]:
        raise ValueError(f"A submission cannot go from {old} to {new}.")
    still_there = Submission.objects.filter(pk=submission.pk, state=old)
    if attempt is not None:
        still_there = still_there.filter(attempt_count=attempt)
    moved = still_there.update(state=new, **changes)
    if moved:
        submission.refresh_from_db()
    return bool(moved)


def state_of(outcomes: Sequence[str]) -> State:
    """Return the state of a submission whose rows have these outcomes."""
    if Outcome.UNCONFIRMED in outcomes or Outcome.PENDING in outcomes:
        return State.UNCONFIRMED
    created = sum(outcome == Outcome.CREATED for outcome in outcomes)
    if created == len(outcomes):
        return State.POSTED
    return State.PARTLY_POSTED if created else State.NOT_POSTED


def summary(outcomes: Sequence[str]) -> str:
    """Return what became of the rows in words, such as “4 created, 1 rejected”."""
    counts = [(list(outcomes).count(outcome), outcome.label.lower()) for outcome in Outcome]
    return ", ".join(f"{count} {label}" for count, label in counts if count)


def outcomes_of(submission: Submission) -> list[str]:
    """Return the outcomes of a submission's rows, in their order."""
    return list(submission.rows.order_by("number").values_list("outcome", flat=True))


def record_settled(submission: Submission, *, now: datetime) -> None:
    """Write into the audit log that a submission came to rest, and what became of its rows."""
    audit.record(
        audit.Action.SETTLED,
        submission,
        by=audit.PORTAL,
        now=now,
        state=submission.get_state_display().lower(),
        **_known_rows(submission),
    )


def record_rows(submission: Submission, *, now: datetime) -> None:
    """Write into the audit log what is known of a submission's rows by now; proving.py compares the rows with it."""
    audit.record(audit.Action.NOTED, submission, by=audit.PORTAL, now=now, **_known_rows(submission))


def _known_rows(submission: Submission) -> dict[str, Any]:
    known = submission.rows.order_by("number").values_list("number", "outcome", "activity_id")
    rows = {str(number): [outcome, activity_id] for number, outcome, activity_id in known}
    return {"summary": summary([outcome for outcome, _ in rows.values()]), "rows": rows}


def ask_person(submission: Submission, *, reason: str, now: datetime) -> None:
    """Put what cannot be found out before a person; the opportunity is free for the next submission.

    Who is asked already is told when the reason is another one by now.
    """
    with transaction.atomic():
        open_one = Submission.objects.filter(pk=submission.pk, state=State.UNCONFIRMED)
        open_one.update(look_at=None)
        if open_one.exclude(explanation=reason[:500], needs_person_since__isnull=False).update(
            needs_person_since=Coalesce("needs_person_since", now), explanation=reason[:500]
        ):
            audit.record(audit.Action.NEEDS_PERSON, submission, by=audit.PORTAL, now=now, reason=reason[:500])


def count_failure(submission: Submission, *, now: datetime) -> None:
    """Note that the portal itself failed over a submission; after a few times a person is asked, and others go on."""
    with transaction.atomic():
        current = Submission.objects.select_for_update().get(pk=submission.pk)
        current.failure_count += 1
        current.save(update_fields=["failure_count"])
        if current.failure_count < MOST_FAILURES or current.state not in {State.SENDING, State.UNCONFIRMED}:
            return
        if current.state == State.SENDING:
            reason = "The portal failed over this row, so it may or may not exist."
            numbers = current.rows.filter(outcome=Outcome.PENDING).values_list("number", flat=True)
            apply(current, dict.fromkeys(numbers, RowVerdict(Outcome.UNCONFIRMED, reason=reason)), now=now)
            leave_unjudged(current, now=now)
        reason = f"The portal failed {current.failure_count} times over this submission. Its log says why."
        ask_person(current, reason=reason, now=now)


def leave_unjudged(submission: Submission, *, now: datetime) -> None:
    """Have an entry vouch for the answer that is stored and that nobody will judge any more, if there is one."""
    for attempt in submission.attempts.filter(verdict=Verdict.OPEN, answer__isnull=False):
        submission.attempts.filter(pk=attempt.pk).update(verdict=Verdict.UNCLEAR)
        audit.record(
            audit.Action.NOT_ANSWERED,
            submission,
            by=audit.LEADSQUARED,
            contents={"answer": contents.of_answer(attempt)},
            now=now,
            attempt=attempt.number,
            summary="it was stored, and could not be judged",
        )


def first_look_at(now: datetime) -> datetime:
    """Return when LeadSquared is asked for the first time what it really wrote."""
    return now + timedelta(seconds=settings.LSQ_LOOK_SCHEDULE[0])


def _write(row: Row, verdict: RowVerdict, *, now: datetime) -> bool:
    """Give a row its outcome, where `OUTCOMES` knows the step; return whether it has another one now."""
    if verdict.outcome not in OUTCOMES[row.outcome]:
        return False
    before = row.outcome
    row.outcome, row.outcome_at = verdict.outcome, now
    row.activity_id, row.reason = verdict.activity_id, verdict.reason[:500]
    row.said, row.exception_type = verdict.said, verdict.exception_type[:200]
    row.problem_field = field_of(verdict.said)[:100]
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        if before != Outcome.PENDING:
            # A later look found what another row has claimed in this very moment: nothing is new.
            row.refresh_from_db()
            return False
        row.outcome, row.activity_id = Outcome.UNCONFIRMED, ""
        row.reason = "LeadSquared said yes, but with the id of another row. It may or may not exist."
        row.save()
    return True
