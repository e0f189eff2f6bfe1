"""BOTH: records sign-ins that failed: of a burst from one address the first at once, the others in one later entry.

Somebody who tries a thousand passwords would else bury the record under a thousand entries. What was typed as a name
is kept nowhere: it may be a password that went into the wrong box.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import transaction

from activities import audit
from activities.models import SignInBurst
from activities.models.clock import clock

QUIET: Final = timedelta(minutes=10)  # a burst is over when nobody has tried for so long
LONGEST: Final = timedelta(hours=1)  # and one that goes on is summed up as often


def failed(*, by: audit.Actor, now: datetime | None = None) -> None:
    """Write down that somebody at this address could not be signed in."""
    moment = now or clock()
    with transaction.atomic():
        SignInBurst.objects.bulk_create(
            [SignInBurst(address=by.address[:45], began_at=moment, last_at=moment - 2 * QUIET)], ignore_conflicts=True
        )
        burst = SignInBurst.objects.select_for_update().get(address=by.address[:45])
        if _is_over(burst, moment):
            _sum_up(burst)
            burst.began_at, burst.more_count = moment, 0
            audit.record(audit.Action.SIGN_IN_FAILED, "Sign-in", by=by, now=moment)
        else:
            burst.more_count += 1
        burst.last_at = moment
        burst.save()


def sum_up(*, now: datetime | None = None) -> int:
    """Write the entries of the bursts that are over; return how many there were."""
    moment = now or clock()
    found = SignInBurst.objects.filter(last_at__lte=moment - QUIET) | SignInBurst.objects.filter(
        began_at__lte=moment - LONGEST
    )
    summed_up = 0
    for each in found.order_by("pk"):
        with transaction.atomic():
            burst = SignInBurst.objects.select_for_update().filter(pk=each.pk).first()
            if burst and _is_over(burst, moment):
                summed_up += _sum_up(burst)
                burst.delete()
    return summed_up


def _is_over(burst: SignInBurst, now: datetime) -> bool:
    return now - burst.last_at >= QUIET or now - burst.began_at >= LONGEST


def _sum_up(burst: SignInBurst) -> bool:
    if not burst.more_count:
        return False
    audit.record(
        audit.Action.SIGN_INS_FAILED,
        "Sign-in",
        by=audit.Actor(name="Unknown", address=burst.address),
        count=burst.more_count,
        since=_in_utc(burst.began_at),
        until=_in_utc(burst.last_at),
    )
    return True


def _in_utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
