"""WORKER: the loops. Every duty in turn until nothing is due; then they wait for the bell.

Any number of threads, processes and hosts may run them: each duty claims its work by a conditional UPDATE. Posting,
background reads (looks, lists), exports and looking after the record are separate threads: a background read may wait
long for its share of the limit, an export takes as long as the list is, and proving a large record takes minutes.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from django.db import DatabaseError, close_old_connections, connection

from activities import (
    bell,
    buckets,
    catalog,
    counting,
    exporting,
    indexing,
    posting,
    proving,
    purging,
    readback,
    recovery,
    sign_ins,
    throttle,
)
from activities import connection as leadsquared
from activities.leadsquared import LeadSquaredError
from activities.models import CallKind, Worker
from activities.models.clock import clock

HOUSEKEEPING_EVERY: Final = timedelta(seconds=1)
HEARTBEAT_EVERY: Final = timedelta(seconds=10)
EXPIRY_EVERY: Final = timedelta(minutes=1)
RECOUNT_EVERY: Final = timedelta(seconds=5)
LIST_BUCKET_EVERY: Final = timedelta(seconds=5)
FORGOTTEN_AFTER: Final = timedelta(days=7)
LONGEST_WAIT_SECONDS: Final = {"postgresql": 2.0, "sqlite": 0.25}
PAUSE_AFTER_SURPRISE_SECONDS: Final = 2.0

Duty = Callable[[], object]
logger = logging.getLogger(__name__)


def post(name: str, stop: threading.Event) -> None:
    """Post what is queued and keep the queue in order until told to stop; a call that has begun is finished first."""
    # Not in every round: a thread that waits for its turn comes around with each place that gets free in the window.
    duties = [_seldom(duty, every=HOUSEKEEPING_EVERY) for duty in housekeeping(name)]
    _loop(stop, lambda: post_round(name, duties, stop))


def read(stop: threading.Event) -> None:
    """Look for what is unconfirmed, and keep the lists fresh, until told to stop."""
    _loop(stop, read_round)


def export(stop: threading.Event) -> None:
    """Write the exports that people asked for, and remove them when their time is over, until told to stop."""
    duties = [
        _seldom(exporting.remove_expired, every=EXPIRY_EVERY),
        _seldom(exporting.clear_folders, every=timedelta(hours=1)),
    ]
    _loop(stop, lambda: export_round(duties))


def keep(stop: threading.Event) -> None:
    """Look after the record until told to stop: prove it, apply the retention rule, sum up failed sign-ins."""
    duties = record_keeping()
    _loop(stop, lambda: keep_round(duties))


def record_keeping() -> list[Duty]:
    """Return what the thread that looks after the record does, each time around."""
    return [
        _seldom(sign_ins.sum_up, every=timedelta(minutes=1)),
        _seldom(_purge, every=timedelta(days=1)),
        # Lists count what changed since by themselves; this only spares them the work.
        _seldom(counting.recount_due, every=RECOUNT_EVERY),
        # While a new version starts, a process of the old one may still submit, and leaves no lines.
        _seldom(indexing.catch_up, every=timedelta(hours=1)),
        # One at a time, so that the other duties do not wait.
        _seldom(buckets.list_due, every=LIST_BUCKET_EVERY),
        _seldom(_prove, every=timedelta(minutes=1)),
    ]


def keep_round(duties: Sequence[Duty]) -> float:
    """Do each duty once; return the seconds to wait."""
    for duty in duties:
        _safely(duty)
    return max(LONGEST_WAIT_SECONDS.values())


def housekeeping(name: str) -> list[Duty]:
    """Return what a posting thread of this name does before it posts, each time around."""
    return [
        lambda: _beat(name),
        _seldom(_identify, every=leadsquared.HOLD_CHECK_EVERY),
        leadsquared.lift_hold_if_accepted,
        recovery.take_over_expired,
        recovery.give_up_looking,
        recovery.read_back_doubted,
        recovery.give_up_old,
        _seldom(throttle.forget_old_calls, every=timedelta(minutes=10)),
    ]


def post_round(name: str, duties: Sequence[Duty], stop: threading.Event) -> float:
    """Do each duty once and post as long as something is due; return the seconds to wait."""
    for duty in duties:
        _safely(duty)
    while not stop.is_set():
        try:
            if not posting.post_next(worker=name):
                break
        except throttle.NoPermit as full:
            return full.seconds
        except Exception:
            logger.exception("Posting raised; its submission is settled when its lease ends.")
            return PAUSE_AFTER_SURPRISE_SECONDS
    return max(LONGEST_WAIT_SECONDS.values())


def read_round() -> float:
    """Look once and refresh one list; return the seconds to wait, none while there is more to read."""
    looked = _safely(readback.look_next)
    refreshed = _safely(catalog.refresh_due)
    return 0.0 if looked or refreshed else max(LONGEST_WAIT_SECONDS.values())


def export_round(duties: Sequence[Duty] = ()) -> float:
    """Do each duty and write one export; return the seconds to wait, none while there is another."""
    for duty in duties:
        _safely(duty)
    return 0.0 if _safely(exporting.write_next) else max(LONGEST_WAIT_SECONDS.values())


def _seldom(duty: Duty, *, every: timedelta) -> Duty:
    """Return the duty with a brake, so that it is not done in every round."""
    next_at = 0.0

    def braked() -> None:
        nonlocal next_at
        if time.monotonic() >= next_at:
            next_at = time.monotonic() + every.total_seconds()
            duty()

    return braked


def _loop(stop: threading.Event, do_round: Callable[[], float]) -> None:
    ears = bell.Listener()
    try:
        while not stop.is_set():
            close_old_connections()
            wait = do_round()
            if wait and not stop.is_set():
                ears.wait(min(wait, LONGEST_WAIT_SECONDS[connection.vendor]))
    finally:
        ears.close()
        connection.close()


def _safely(duty: Duty) -> object:
    """Run one duty so that its failure stops no other; LeadSquared being away is no surprise."""
    try:
        return duty()
    except LeadSquaredError as error:
        logger.info("%s", error.for_user)
    except DatabaseError:
        logger.exception("The database did not take it.")
        time.sleep(PAUSE_AFTER_SURPRISE_SECONDS)
    except Exception:
        logger.exception("A duty raised.")
    return None


def _beat(name: str) -> None:
    now = clock()
    if not Worker.objects.filter(name=name, seen_at__gt=now - HEARTBEAT_EVERY).exists():
        Worker.objects.update_or_create(
            name=name, defaults={"seen_at": now}, create_defaults={"seen_at": now, "started_at": now}
        )
        Worker.objects.filter(seen_at__lt=now - FORGOTTEN_AFTER).delete()


def _identify() -> None:
    """Learn whose keys these are as soon as LeadSquared can be asked."""
    if not leadsquared.account().organisation:
        leadsquared.identify(kind=CallKind.BACKGROUND)


def _purge() -> None:
    purged = purging.purge_when_due()
    if purged and purged.submission_count:
        exporting.remove_all()


def _prove() -> None:
    if proving.prove_when_due():
        proof = proving.last_proof()
        for problem in proof.problems if proof else ():
            logger.error("The record does not hold: %s", problem)
