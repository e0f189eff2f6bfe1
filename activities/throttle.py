"""The account's rate limit, shared by all processes and hosts: a ledger of calls in the database.

One row per call, inserted in one short locked transaction, by the database's clock. A call arrives a little later
than it was recorded, so that the windows are padded: the ceiling is 95 % of the rate. A permit whose call did not
begin soon enough for the pad to cover its way is renewed, which costs nobody a place. Reads that a person waits for
come first.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import F

from activities.leadsquared import steady_clock
from activities.models import Account, Call, CallKind
from activities.models.clock import clock

PAD: Final = timedelta(milliseconds=250)
FRESH_SECONDS: Final = 0.1  # the rest of the pad is for the way to LeadSquared
BACKGROUND_SHARE: Final = 0.6
FIRST_SHARE: Final = 0.5  # reads come first up to here, so that those who search do not bring posting to a standstill
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class NoPermit(Exception):
    """The limit is used up for now; `seconds` is the wait until the next permit, at the earliest."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The account’s limit is used up; about {seconds:.0f} seconds.")
        self.seconds = seconds


@dataclass(frozen=True)
class Rate:
    """At most `limit` calls in any `window`."""

    limit: int
    window: timedelta


def rates(text: str) -> tuple[Rate, ...]:
    """Read rates such as `25/5s,10000/1d`.

    Raises:
        ValueError: the text is something else.
    """
    found = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = re.fullmatch(r"(\d+)/(\d*)([smhd])", part)
        if not match or not int(match[1]):
            raise ValueError(f"“{part}” is not a rate. Write a number of calls and a time, such as 25/5s.")
        found.append(Rate(int(match[1]), timedelta(seconds=int(match[2] or 1) * _UNITS[match[3]])))
    return tuple(found)


def take(kind: str, *, now: datetime | None = None) -> Call:
    """Record one call of this kind if the limits allow it at this moment.

    Raises:
        NoPermit: they do not.
    """
    with transaction.atomic():
        account = Account.objects.select_for_update().get(pk=1)
        begin_by = steady_clock() + FRESH_SECONDS
        at = now or clock()
        wait = max(_waits(account, kind, at), default=timedelta())
        if wait > timedelta():
            raise NoPermit(wait.total_seconds())
        call = Call.objects.create(at=at, kind=kind)
    call.begin_by = begin_by
    return call


def permit(kind: str, *, patience: float) -> Call:
    """Record one call, waiting up to `patience` seconds for its turn.

    Raises:
        NoPermit: its turn does not come in this time.
    """
    give_up_at = time.monotonic() + patience
    while True:
        try:
            return take(kind)
        except NoPermit as full:
            if time.monotonic() + full.seconds > give_up_at:
                raise
            time.sleep(full.seconds)


def foresee(kind: str, place: int, *, now: datetime | None = None) -> float:
    """Return in how many seconds the call that is `place`-th in the queue (from 1) may begin, as far as can be seen.

    It takes the calls before it for calls of the same kind, and no others for coming: a guess for whoever waits. A
    pause after a 429 is not in it.
    """
    at = now or clock()
    begins = [at]
    for limit, window, kinds in _limits(kind):
        recent = Call.objects.filter(at__gt=at - window - PAD)
        if kinds:
            recent = recent.filter(kind=kinds)
        count = recent.count()
        if count + place <= limit:
            continue
        # Each call begins when the one that is `limit` before it has left the window.
        follows, windows = count + place - limit - 1, 1
        while follows >= count:
            follows, windows = follows - limit, windows + 1
        if follows < 0:
            begins.append(at + (windows - 1) * (window + PAD))
        else:
            followed_at = recent.order_by("at").values_list("at", flat=True)[follows]
            begins.append(followed_at + windows * (window + PAD))
    return (max(begins) - at).total_seconds()


def give_back(call: Call) -> None:
    """Take a permit out of the ledger whose call was never made."""
    call.delete()


def renew(call: Call, *, now: datetime | None = None) -> Call:
    """Exchange a permit whose call has not begun for one of this moment.

    Raises:
        NoPermit: it is so old that others took its place, or everybody has to wait.
    """
    with transaction.atomic():
        account = Account.objects.select_for_update().get(pk=1)
        begin_by = steady_clock() + FRESH_SECONDS
        at = now or clock()
        if account.paused_until and account.paused_until > at:
            raise NoPermit((account.paused_until - at).total_seconds())
        if at - call.at > full_window() - PAD:
            give_back(call)
            return take(call.kind, now=now)
        # Its place is its own as long as a window lasts, and every window that holds it now has held it before.
        Call.objects.filter(pk=call.pk).update(at=at)
    call.at, call.begin_by = at, begin_by
    return call


def full_window() -> timedelta:
    """Return how long a full window of the account's shortest limit takes, padded."""
    return min((rate.window for rate in rates(settings.LSQ_RATE_LIMIT)), default=timedelta(seconds=5)) + PAD


def slow_down(*, now: datetime | None = None) -> datetime:
    """Make everybody wait a full window after a call was turned away all the same; return until when."""
    until = (now or clock()) + full_window()
    Account.objects.filter(pk=1).update(paused_until=until, rate_limited_count=F("rate_limited_count") + 1)
    return until


def forget_old_calls(*, now: datetime | None = None) -> None:
    """Delete ledger rows that no window reaches any more."""
    windows = [rate.window for text in (settings.LSQ_RATE_LIMIT, settings.LSQ_BULK_RATE_LIMIT) for rate in rates(text)]
    Call.objects.filter(at__lt=(now or clock()) - max(windows, default=timedelta()) - timedelta(hours=1)).delete()


def _waits(account: Account, kind: str, at: datetime) -> Iterator[timedelta]:
    if account.paused_until:
        yield account.paused_until - at
    for limit, window, kinds in _limits(kind):
        calls = Call.objects.filter(at__gt=at - window - PAD)
        if kinds:
            calls = calls.filter(kind=kinds)
        elif kind != CallKind.READ and 0 < calls.filter(kind=CallKind.READ).count() < limit * FIRST_SHARE:
            # Somebody is searching: one place is kept, so that what gets free goes to the next of her calls.
            limit -= 1
        # The oldest call that must leave the window before there is room.
        in_the_way = calls.order_by("-at").values_list("at", flat=True)[limit - 1 : limit]
        for called_at in in_the_way:
            yield called_at + window + PAD - at


def _limits(kind: str) -> Iterator[tuple[int, timedelta, str]]:
    for rate in rates(settings.LSQ_RATE_LIMIT):
        yield rate.limit, rate.window, ""
        if kind == CallKind.BACKGROUND:
            yield max(1, int(rate.limit * BACKGROUND_SHARE)), rate.window, CallKind.BACKGROUND
    if kind == CallKind.BULK:
        for rate in rates(settings.LSQ_BULK_RATE_LIMIT):
            yield rate.limit, rate.window, CallKind.BULK
