"""WORKER: settles what was left behind: by workers that died, by LeadSquared being away, by a restored backup.

Nothing is sent from here. What may have been written is made unconfirmed, so that read-back finds out.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from activities import audit, posting, settling
from activities.leadsquared import NotSent, Unclear
from activities.models import Attempt, Outcome, State, Submission, Verdict
from activities.models.clock import clock
from activities.settling import RowVerdict

TAKEN_OVER: Final = "taken over"

logger = logging.getLogger(__name__)


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
        posting.requeue(submission, NotSent(said="The worker stopped before it sent anything."), now=now or clock())
    elif attempt.status is None:
        posting.settle(submission, attempt, Unclear(said="The worker stopped before an answer was stored."), now=now)
    else:
        posting.settle(submission, attempt, None, now=now)


def doubt_what_is_queued(*, now: datetime | None = None) -> int:
    """After a restore: have everything queued or sending read back first, since it may have been posted meanwhile.

    Each gets an attempt that stands for those that the backup has not seen; return how many.
    """
    moment = now or clock()
    doubted = Submission.objects.filter(state__in=[State.QUEUED, State.SENDING]).order_by("id")
    with transaction.atomic():
        for submission in doubted:
            rows = submission.rows.filter(outcome=Outcome.PENDING).order_by("number")
            attempt = Attempt.objects.create(
                submission=submission,
                number=submission.attempt_count + 1,
                started_at=submission.submitted_at,
                lease_until=moment,
                worker="restore",
                row_numbers=list(rows.values_list("number", flat=True)),
                url="",
                verdict=Verdict.UNCLEAR,
                said="The database was restored from a backup.",
            )
            Submission.objects.filter(pk=submission.pk).update(
                attempt_count=attempt.number, state=State.QUEUED, lease_until=None
            )
        audit.record(audit.Action.RESTORED, "Database", by=audit.COMMAND_LINE, now=moment, count=len(doubted))
    return len(doubted)


def read_back_doubted(*, now: datetime | None = None) -> int:
    """Make doubted submissions unconfirmed, one for each opportunity at a time; return how many."""
    in_doubt = Submission.objects.filter(posting.in_doubt(), ~posting.in_flight(), state=State.QUEUED).order_by("id")
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


def give_up_old(*, now: datetime | None = None) -> int:
    """Settle what could not be sent for LSQ_GIVE_UP_AFTER seconds as not posted; return how many."""
    moment = now or clock()
    oldest = moment - timedelta(seconds=settings.LSQ_GIVE_UP_AFTER)
    given_up = 0
    for submission in Submission.objects.filter(state=State.QUEUED, submitted_at__lt=oldest).order_by("id"):
        why = submission.explanation or "LeadSquared could not be reached."
        reason = f"It could not be sent for too long. {why}"[:500]
        given_up += settling.settle_unsent(submission, reason=reason, by=audit.PORTAL, now=moment)
    return given_up
