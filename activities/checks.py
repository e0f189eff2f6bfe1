"""System checks: a wrong configuration is a sentence at start, not a 500 at noon."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from activities import connection, guards, throttle


@register(Tags.security)
def keys_travel_safely(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """The keys leave this machine by HTTPS and for leadsquared.com only; plain HTTP is for loopback."""
    problem = connection.problem_with_address() if settings.LSQ_API_URL else ""
    return [Error(problem, id="activities.E001")] if problem else []


@register
def values_can_be_used(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Rates and zone are readable, and a call ends before its lease does."""
    problems: list[CheckMessage] = []
    for name in ("LSQ_RATE_LIMIT", "LSQ_BULK_RATE_LIMIT"):
        try:
            throttle.rates(getattr(settings, name))
        except ValueError as error:
            problems.append(Error(f"{name}: {error}", id="activities.E003"))
    if not throttle_has_a_limit():
        problems.append(
            Error("LSQ_RATE_LIMIT is empty. Write the account’s limit, such as 25/5s.", id="activities.E004")
        )
    if settings.TIME_ZONE not in zoneinfo.available_timezones():
        problems.append(
            Error(f"TIME_ZONE “{settings.TIME_ZONE}” is not a zone such as Asia/Kolkata.", id="activities.E005")
        )
    if not 0 < settings.LSQ_CONNECT_TIMEOUT <= settings.LSQ_READ_TIMEOUT <= settings.LSQ_CALL_DEADLINE:
        problems.append(
            Error(
                "LSQ_CONNECT_TIMEOUT, LSQ_READ_TIMEOUT and LSQ_CALL_DEADLINE must be above 0 and rise in this order.",
                id="activities.E006",
            )
        )
    return problems


@register(Tags.security, deploy=True)
def keys_are_set(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """A deployed portal knows where to post and with which keys."""
    missing = [n for n in ("LSQ_API_URL", "LSQ_ACCESS_KEY", "LSQ_SECRET_KEY") if not getattr(settings, n)]
    return [Error(f"{name} is not set.", id="activities.E007") for name in missing]


@register(Tags.database)
def record_is_guarded(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    """The triggers that refuse a change of the record stand."""
    if not options.get("databases"):
        return []
    if not guards.problems():
        return []
    return [
        Warning(
            "Triggers that refuse changes of the record are missing, disabled or altered. Run manage.py migrate; "
            "manage.py verify_audit names them.",
            id="activities.W001",
        )
    ]


def throttle_has_a_limit() -> bool:
    """Whether LSQ_RATE_LIMIT limits anything; an unreadable one is another check's matter."""
    try:
        return bool(throttle.rates(settings.LSQ_RATE_LIMIT))
    except ValueError:
        return True
