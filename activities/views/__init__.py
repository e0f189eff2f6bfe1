"""What a person meets, one module a section. Here is what they share: who asks, and what every page shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest
from django.urls import reverse

from activities import connection, permissions, progress
from activities.audit import Actor
from activities.models import Account, User

_PRODUCTION: Final = "Production"
_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
# Pages that stand in another section than the one that their addresses begin with.
_SECTION_OF_VIEW: Final = {"submissions:detail": "history", "submissions:progress": "history"}
_SECTION_OF_NAMESPACE: Final = {"opportunities": "submissions", "exports": "history"}


@dataclass(frozen=True)
class Section:
    """One entry of the navigation."""

    name: str
    label: str
    path: str


@dataclass(frozen=True)
class Environment:
    """Which LeadSquared this is, for the band that is always in view."""

    kind: str
    word: str
    sentence: str
    organisation: str
    host: str
    user: str


@dataclass(frozen=True)
class Hold:
    """Since when and why nothing is sent."""

    since: datetime
    reason: str


def person_of(request: HttpRequest) -> User:
    """Return the signed-in person.

    Raises:
        TypeError: nobody is signed in.
    """
    if not isinstance(person := getattr(request, "user", None), User):
        raise TypeError("Nobody is signed in.")
    return person


def actor_of(request: HttpRequest) -> Actor:
    """Return who asks and from where, for the audit log."""
    person = getattr(request, "user", None)
    known = person if isinstance(person, User) else None
    return Actor(
        name=known.name if known else "Unknown",
        person=known,
        address=request.META.get("REMOTE_ADDR", ""),
        agent=request.headers.get("User-Agent", ""),
        request_id=getattr(request, "id", ""),
    )


def every_page(request: HttpRequest) -> dict[str, Any]:
    """Return what base.html shows on each page; it must never be the reason why an error page fails."""
    account = _account()
    person = getattr(request, "user", None)
    known = person if isinstance(person, User) else None
    return {
        "environment": _environment(account),
        "hold": Hold(account.hold_since, account.hold_reason) if known and account.hold_since else None,
        "nobody_posts": bool(known) and _is_stuck(),
        "sections": _sections(known) if known else (),
        "section": _section(request),
        "can_post": bool(known and permissions.can_post(known)),
        "can_read_all": bool(known and permissions.can_read_all(known)),
        "can_administer": bool(known and permissions.can_administer(known)),
        "version": version(),
    }


@cache
def version() -> str:
    """Return the portal's version: the first heading of CHANGELOG.md that names one."""
    try:
        text = (settings.BASE_DIR / "CHANGELOG.md").read_text(encoding="utf-8")
    except OSError:
        return ""
    found = re.search(r"^##\s+(.+?)\s*$", text, re.MULTILINE)
    return found[1] if found else ""


def _is_stuck() -> bool:
    try:
        return progress.is_stuck()
    except DatabaseError:
        return False


def _account() -> Account:
    try:
        return connection.account()
    except (DatabaseError, Account.DoesNotExist):
        return Account(pk=1, host=connection.api_host())


def _environment(account: Account) -> Environment:
    is_production = settings.ENVIRONMENT_NAME == _PRODUCTION
    whose = f"Organisation {account.organisation_code}. " if account.organisation_code else ""
    if is_production:
        sentence = f"{whose}What you post here is real and cannot be undone."
    elif account.host.startswith(_LOOPBACK):
        sentence = "Practice copy. Nothing you post here reaches LeadSquared or a customer."
    else:
        sentence = f"{whose}Not production, but what you post here does go to this LeadSquared account."
    return Environment(
        kind="production" if is_production else "sandbox",
        word=settings.ENVIRONMENT_NAME,
        sentence=sentence,
        organisation=account.organisation,
        host=account.host,
        user=account.user_name,
    )


def _sections(person: User) -> list[Section]:
    offered = [
        (permissions.can_post(person), "submissions", "New submission", "opportunities:pick"),
        (True, "history", "My history", "history:mine"),
        (permissions.can_read_all(person), "audit", "Audit log", "audit:log"),
        (permissions.can_administer(person), "people", "People", "people:everybody"),
        (permissions.can_administer(person), "status", "Status", "status:detail"),
    ]
    return [Section(name, label, reverse(view)) for may, name, label, view in offered if may]


def _section(request: HttpRequest) -> str:
    match = getattr(request, "resolver_match", None)
    if match is None:
        return ""
    section: str = _SECTION_OF_VIEW.get(match.view_name, match.namespace)
    return _SECTION_OF_NAMESPACE.get(section, section)
