"""The one place where settings, throttle and keys become a client of LeadSquared, and what is known of the account.

Work is stamped with the organisation and host that the keys belong to, and is only ever sent with keys of the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from activities import audit, throttle
from activities.leadsquared import LeadSquaredError, NotSent, Unauthorized
from activities.leadsquared.client import Client
from activities.leadsquared.wire import Permit
from activities.models import Account, Call, CallKind, CatalogEntry
from activities.models.clock import clock

# A person waits at most two windows of five seconds for a permit, a background duty as long as it takes to be polite.
PATIENCE: Final = {CallKind.READ: 10.0, CallKind.BACKGROUND: 30.0, CallKind.BULK: 0.0}
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
HOLD_CHECK_EVERY: Final = timedelta(minutes=1)

_local = threading.local()


class NotConfigured(NotSent):
    """The installation does not know where LeadSquared is or with which keys, or must not send them there."""

    @property
    def for_user(self) -> str:
        """Say what an administrator has to set."""
        return self.said


class LimitUsedUp(NotSent):
    """No permit came in the time that somebody would wait for it."""

    advice = "The account’s limit of calls to LeadSquared is used up for some seconds. Try again in a moment."


def client(kind: CallKind = CallKind.READ) -> Client:
    """Return this thread's client, whose reads ask the throttle for permits of this kind.

    Raises:
        NotConfigured: the installation has no address or keys of LeadSquared, or they must not travel there.
    """
    if not (settings.LSQ_API_URL and settings.LSQ_ACCESS_KEY and settings.LSQ_SECRET_KEY):
        raise NotConfigured(
            said="The portal has no address or keys of LeadSquared. An administrator sets LSQ_API_URL, LSQ_ACCESS_KEY "
            "and LSQ_SECRET_KEY."
        )
    if problem := problem_with_address():
        raise NotConfigured(said=problem)
    clients: dict[tuple[str, CallKind], Client] = _local.__dict__.setdefault("clients", {})
    made_for = (keys_mark(), kind)
    if made_for not in clients:
        clients[made_for] = _new_client(partial(_permit, kind))
    return clients[made_for]


def problem_with_address() -> str:
    """Say why the keys must not travel where they would; nothing when they may. A web server runs no system checks."""
    try:
        url = urlsplit(settings.LSQ_API_URL)
        host = url.hostname or ""
    except ValueError:
        return "LSQ_API_URL is not an address."
    if host in LOOPBACK and url.scheme in {"http", "https"}:
        return ""
    if url.scheme != "https" or url.username or url.query:
        return "LSQ_API_URL must be a plain https:// address, such as https://api-in21.leadsquared.com/v2."
    if host.endswith(".leadsquared.com") or settings.LSQ_ALLOW_OTHER_HOST:
        return ""
    return (
        f"LSQ_API_URL points to {host}, and the keys would travel there. If that is meant, set "
        "LSQ_ALLOW_OTHER_HOST=True."
    )


def api_host() -> str:
    """Return the host that calls go to, with its port where it is not the usual one."""
    return str(urlsplit(settings.LSQ_API_URL).netloc)


def keys_mark() -> str:
    """Return a mark of today's keys and address that tells other keys apart and gives nothing away."""
    keys = f"{settings.LSQ_API_URL}\n{settings.LSQ_ACCESS_KEY}\n{settings.LSQ_SECRET_KEY}"
    return str(salted_hmac("activities.connection", keys, algorithm="sha256").hexdigest())


def account() -> Account:
    """Return what is known of the account; `organisation` is empty until today's keys have been identified."""
    known = Account.objects.get(pk=1)
    if known.keys_mark != keys_mark():
        return Account(pk=1, host=api_host(), paused_until=known.paused_until)
    return known


def identify(*, kind: CallKind = CallKind.READ, now: datetime | None = None) -> Account:
    """Ask LeadSquared whose keys these are and keep the answer; the cheapest check of the keys there is.

    Raises:
        LeadSquaredError: there was no good answer; `Unauthorized` when the keys are not accepted.
    """
    identity = client(kind).who_am_i()
    with transaction.atomic():
        known = Account.objects.select_for_update().get(pk=1)
        fresh = {
            "keys_mark": keys_mark(),
            "organisation": identity.organisation,
            "organisation_code": identity.organisation_code,
            "host": api_host(),
            "user_id": identity.user_id,
            "user_name": identity.user_name,
            "user_email": identity.email,
            "role": identity.role,
        }
        changed = any(getattr(known, name) != value for name, value in fresh.items())
        if (known.organisation, known.host) != (fresh["organisation"], fresh["host"]):
            CatalogEntry.objects.all().delete()  # the lists of another account name other types and people
        for name, value in fresh.items():
            setattr(known, name, value)
        known.checked_at = now or clock()
        known.save(update_fields=[*fresh, "checked_at"])
        if changed:
            audit.record(
                audit.Action.IDENTIFIED,
                "LeadSquared account",
                by=audit.PORTAL,
                user=identity.user_name,
                organisation=identity.organisation,
                host=api_host(),
            )
    return known


def known_account() -> Account:
    """Return the account of today's keys, asking LeadSquared when it is not known yet.

    Raises:
        LeadSquaredError: it is not known and LeadSquared does not tell.
    """
    known = account()
    return known if known.organisation else identify()


def hold(reason: str, *, now: datetime | None = None) -> None:
    """Send nothing more with these keys until they are accepted again; every page says so."""
    with transaction.atomic():
        known = Account.objects.select_for_update().get(pk=1)
        if known.hold_since:
            return
        known.hold_since = known.hold_checked_at = now or clock()
        known.hold_reason = reason[:500]
        known.save(update_fields=["hold_since", "hold_checked_at", "hold_reason"])
        audit.record(audit.Action.HELD, "LeadSquared account", by=audit.PORTAL, reason=reason[:500])


def lift_hold_if_accepted(*, now: datetime | None = None) -> bool:
    """Once a minute, ask whether the keys are accepted again; return whether a hold was lifted."""
    moment = now or clock()
    due = Account.objects.filter(pk=1, hold_since__isnull=False, hold_checked_at__lte=moment - HOLD_CHECK_EVERY).update(
        hold_checked_at=moment
    )
    if not due:
        return False
    try:
        identify(kind=CallKind.BACKGROUND, now=moment)
    except LeadSquaredError:
        return False
    with transaction.atomic():
        Account.objects.filter(pk=1).update(hold_since=None, hold_reason="", hold_checked_at=None)
        audit.record(audit.Action.HOLD_LIFTED, "LeadSquared account", by=audit.PORTAL)
    return True


def keys_are_refused(*, now: datetime | None = None) -> bool | None:
    """Check the keys after a call was not allowed: True refused, False accepted, None when nobody could tell."""
    try:
        identify(now=now)
    except Unauthorized:
        return True
    except LeadSquaredError:
        return None
    return False


@dataclass(frozen=True)
class Leave:
    """A call's place in the ledger, as the client asks for it; it is renewed at `now`."""

    call: Call
    now: datetime | None = None

    @property
    def begin_by(self) -> float:
        """The reading of the steady clock by which the call begins."""
        return self.call.begin_by

    def renew(self) -> Leave:
        """Return it for this moment.

        Raises:
            LimitUsedUp: others took its place, or everybody has to wait.
        """
        return Leave(_permitted(lambda: throttle.renew(self.call, now=self.now)), self.now)


def _permit(kind: CallKind, _: str) -> Leave:
    return Leave(_permitted(lambda: throttle.permit(kind, patience=PATIENCE[kind])))


def _permitted(ask: Callable[[], Call]) -> Call:
    try:
        return ask()
    except throttle.NoPermit as full:
        raise LimitUsedUp(said=str(full)) from full


def _new_client(permit: Callable[[str], Permit]) -> Client:
    return Client(
        settings.LSQ_API_URL,
        settings.LSQ_ACCESS_KEY,
        settings.LSQ_SECRET_KEY,
        permit=permit,
        connect_timeout=settings.LSQ_CONNECT_TIMEOUT,
        read_timeout=settings.LSQ_READ_TIMEOUT,
        deadline=settings.LSQ_CALL_DEADLINE,
    )
