"""WORKER: settles what was left behind: by workers that died, by LeadSquared being away, by a restored backup.

Nothing is sent from here. What may have been written is made unconfirmed, so that read-back finds out.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from activities import audit, connection, posting, readback, settling
from activities.leadsquared import NotSent, Unclear
from activities.models import Account, Attempt, Outcome, State, Submission, Verdict
from activities.models.clock import clock
from activities.settling import RowVerdict

TAKEN_OVER: Final = "taken over"

logger = logging.getLogger(__name__)


class StoppedBefore(NotSent):
    """A worker stopped before it sent anything."""

    advice = "A worker of the portal stopped before anything was sent. The portal tries again by itself."


def take_over_expired(*, now: datetime | None = None) -> int:
    """Settle what a dead worker left: from its stored answer where there is one, else it is unconfirmed."""
    moment = now or clock()
    expired = Submission.objects.filter(state=State.SENDING, lease_until__lt=moment).order_by("id")
    taken = 0
    for submission in expired:
        # Whoever takes it over is its owner: the worker that wakes up after all finds its lease gone.
        still_expired = Submission.objects.filter(pk=submission.pk, lease_until=submission.lease_until)
        if not still_expired.update(lease_until=moment + posting.lease_margin(), leased_by=TAKEN_OVER):
            continue
        taken += 1
        try:
            _settle_for_the_dead(submission, now=now)
        except Exception:
            settling.count_failure(submission, now=moment)
            logger.exception("%s could not be settled for a worker that stopped.", submission.public_id)
    return taken


def _settle_for_the_dead(submission: Submission, *, now: datetime | None) -> None:
    attempt = submission.attempts.filter(number=submission.attempt_count).first()
    if attempt is None:
        posting.requeue(submission, StoppedBefore(), now=now or clock())
    elif attempt.status is None:
        posting.settle(submission, attempt, Unclear(said="The worker stopped before an answer was stored."), now=now)
    else:
        posting.settle(submission, attempt, None, now=now)


def doubt_what_is_queued(*, now: datetime | None = None) -> int:
    """After a restore: have everything queued or sending read back first, since it may have been posted meanwhile.

    Each gets an attempt that stands for those that the backup has not seen; return how many.
    """
    moment = now or clock()
    doubted = Submission.objects.filter(state__in=[State.QUEUED, State.SENDING]).select_for_update().order_by("id")
    with transaction.atomic():
        for submission in doubted:
            settling.leave_unjudged(submission, now=moment)
            rows = submission.rows.filter(outcome=Outcome.PENDING).order_by("number")
            attempt = Attempt.objects.create(
                submission=submission,
                number=submission.attempt_count + 1,
                started_at=submission.submitted_at,
                lease_until=moment,
                worker=Attempt.RESTORED,
                row_numbers=list(rows.values_list("number", flat=True)),
                url="",
                verdict=Verdict.UNCLEAR,
                said="The database was restored from a backup.",
            )
            Submission.objects.filter(pk=submission.pk).update(
                attempt_count=attempt.number, state=State.QUEUED, lease_until=None
            )
            audit.record(audit.Action.DOUBTED, submission, by=audit.COMMAND_LINE, now=moment, attempt=attempt.number)
        audit.record(audit.Action.RESTORED, "Database", by=audit.COMMAND_LINE, now=moment, count=len(doubted))
    return len(doubted)


def read_back_doubted(*, now: datetime | None = None) -> int:
    """Make doubted submissions unconfirmed, one for each opportunity at a time; return how many."""
    in_doubt = Submission.objects.filter(settling.in_doubt(), ~posting.in_flight(), state=State.QUEUED).order_by("id")
    opportunities: set[tuple[str, str]] = set()
    for submission in in_doubt:
        opportunity = (submission.organisation, submission.opportunity_id)
        if opportunity in opportunities:
            continue
        opportunities.add(opportunity)
        reason = "The database was restored from a backup. This row may have been posted since it was made."
        verdict = RowVerdict(Outcome.UNCONFIRMED, reason=reason)
        rows = submission.rows.filter(outcome=Outcome.PENDING).values_list("number", flat=True)
        settling.apply(submission, dict.fromkeys(rows, verdict), now=now or clock())
    return len(opportunities)


def give_up_looking(*, now: datetime | None = None) -> int:
    """Put before a person what no look could reach for LSQ_GIVE_UP_AFTER seconds; return how many looks are given up.

    What can be looked for is given up by its own looks. The others wait for keys or an address that may never come
    back, and their opportunity with them.
    """
    moment = now or clock()
    oldest = moment - timedelta(seconds=settings.LSQ_GIVE_UP_AFTER)
    account = connection.account()
    unconfirmed = Q(state=State.UNCONFIRMED, needs_person_since=None, unconfirmed_at__lt=oldest)
    # Besides, looks that somebody asked for: what is settled is not purged while one is due.
    given_up = Submission.objects.filter(unconfirmed | Q(look_at__lt=oldest)).exclude(readback.within_reach(account))
    for submission in given_up:
        if submission.is_settled:
            Submission.objects.filter(pk=submission.pk, look_at=submission.look_at).update(look_at=None)
        else:
            settling.ask_person(submission, reason=_why_not_looked(submission, account), now=moment)
    return len(given_up)


def _why_not_looked(submission: Submission, account: Account) -> str:
    if not submission.is_for_another(account):
        return readback.NOT_ASKED
    return (
        f"These rows were sent to {submission.host}, and the portal has keys for another LeadSquared account or "
        "address now, so it cannot look for them itself. Look there, then decide here."
    )


def give_up_old(*, now: datetime | None = None) -> int:
    """Settle what could not be sent for LSQ_GIVE_UP_AFTER seconds as not posted; return how many.

    What may have been posted before a restore is none of that: it is read back, however old it is.
    """
    moment = now or clock()
    oldest = moment - timedelta(seconds=settings.LSQ_GIVE_UP_AFTER)
    given_up = 0
    unsent = Submission.objects.filter(~settling.in_doubt(), state=State.QUEUED, submitted_at__lt=oldest)
    account = connection.account()
    for submission in unsent.order_by("id"):
        reason = f"It could not be sent for too long. {_why_not_sent(submission, account)}"[:500]
        given_up += settling.settle_unsent(submission, reason=reason, by=audit.PORTAL, now=moment)
    return given_up


def _why_not_sent(submission: Submission, account: Account) -> str:
    if submission.is_for_another(account):
        return (
            f"It was submitted for {submission.host}, and the portal has keys for another LeadSquared account or "
            "address now."
        )
    if Submission.objects.filter(posting.in_flight(), pk=submission.pk).exists():
        return "An earlier submission to this opportunity was not settled."
    # What stands there was said while it was still to be tried again.
    explanation = submission.explanation.partition(" The portal ")[0]
    return account.hold_reason or explanation or "LeadSquared could not be reached."
