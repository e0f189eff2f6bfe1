"""WORKER: the loop. Every duty in turn until nothing is due; then it waits for the bell.

Any number of threads, processes and hosts may run it: each duty claims its work by a conditional UPDATE.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db import DatabaseError, close_old_connections, connection

from activities import bell, catalog, posting, readback, throttle
from activities import connection as leadsquared
from activities.leadsquared import LeadSquaredError
from activities.models import CallKind, Worker
from activities.models.clock import clock

HEARTBEAT_EVERY: Final = timedelta(seconds=10)
LONGEST_WAIT_SECONDS: Final = {"postgresql": 2.0, "sqlite": 0.25}
PAUSE_AFTER_SURPRISE_SECONDS: Final = 2.0

logger = logging.getLogger(__name__)


def work(name: str, stop: threading.Event) -> None:
    """Do every duty until told to stop; a call that has begun is finished first."""
    ears = bell.Listener()
    try:
        while not stop.is_set():
            close_old_connections()
            wait = _round(name, stop)
            if not stop.is_set():
                ears.wait(min(wait, LONGEST_WAIT_SECONDS[connection.vendor]))
    finally:
        ears.close()
        connection.close()


def post_everything_due(name: str, *, now: datetime | None = None) -> int:
    """Post until nothing is due at this moment; return how many submissions were sent."""
    count = 0
    while posting.post_next(worker=name, now=now):
        count += 1
    return count


def _round(name: str, stop: threading.Event) -> float:
    """Do each duty once, posting as long as there is something to post; return the seconds to wait."""
    wait = max(LONGEST_WAIT_SECONDS.values())
    for duty in (
        _beat(name),
        _identify,
        leadsquared.lift_hold_if_accepted,
        posting.take_over_expired,
        posting.give_up_old,
        posting.read_back_doubted,
        _forget,
    ):
        _safely(duty)
    while not stop.is_set():
        try:
            if not posting.post_next(worker=name):
                break
        except throttle.NoPermit as full:
            wait = min(wait, full.seconds)
            break
        except Exception:
            logger.exception("Posting raised; its submission is settled when its lease ends.")
            time.sleep(PAUSE_AFTER_SURPRISE_SECONDS)
            break
    _safely(readback.look_next)
    _safely(catalog.refresh_due)
    return wait


def _safely(duty: Callable[[], object]) -> None:
    """Run one duty so that its failure stops no other; LeadSquared being away is no surprise."""
    try:
        duty()
    except LeadSquaredError as error:
        logger.info("%s: %s", getattr(duty, "__name__", "duty"), error.for_user)
    except DatabaseError:
        logger.exception("The database did not take it.")
        time.sleep(PAUSE_AFTER_SURPRISE_SECONDS)
    except Exception:
        logger.exception("A duty raised.")


def _beat(name: str) -> Callable[[], None]:
    def beat() -> None:
        now = clock()
        seen = Worker.objects.filter(name=name, seen_at__gt=now - HEARTBEAT_EVERY)
        if not seen.exists():
            Worker.objects.update_or_create(
                name=name, defaults={"seen_at": now}, create_defaults={"seen_at": now, "started_at": now}
            )
            Worker.objects.filter(seen_at__lt=now - timedelta(days=7)).delete()

    return beat


_identify_after = 0.0


def _identify() -> None:
    """Learn whose keys these are as soon as LeadSquared can be asked; once a minute, not once a round."""
    global _identify_after
    if time.monotonic() < _identify_after or leadsquared.account().organisation:
        return
    _identify_after = time.monotonic() + leadsquared.HOLD_CHECK_EVERY.total_seconds()
    leadsquared.identify(kind=CallKind.BACKGROUND)
    _identify_after = 0.0


_forget_after = 0.0


def _forget() -> None:
    global _forget_after
    if time.monotonic() >= _forget_after:
        _forget_after = time.monotonic() + 600
        throttle.forget_old_calls()
