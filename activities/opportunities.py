"""Find leads and their opportunities for a person who waits.

LeadSquared's searches may bring nothing, or everything, without saying so (leadsquared-api §9): what comes
is compared with what was asked. Lists of opportunities lag by minutes; an opportunity's own id does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from django.utils import timezone

from activities import connection, throttle
from activities.leadsquared.errors import LeadSquaredError, RateLimited, Refused
from activities.leadsquared.records import ActivityType, Lead, Opportunity, OpportunityType, User
from activities.models import CallKind, CatalogEntry, CatalogKind

MOST_HITS: Final = 10
MOST_LOADED: Final = 5  # each costs a call for every opportunity type
MOST_IDS: Final = 3
OPEN: Final = "Open"
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_GUID: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-f])", re.IGNORECASE)
_NAMED: Final = re.compile(r"opportunityid(?:=|%3d|/)$", re.IGNORECASE)
_PHONE: Final = re.compile(r"\+?[\d\s().-]+", re.ASCII)
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class NotFound(Exception):
    """LeadSquared has no such opportunity or lead, or does not show it to the portal's user."""


class Malformed(Exception):
    """The text cannot be an id, or the link names neither an opportunity nor a lead."""


@dataclass(frozen=True)
class Hit:
    """A lead with its opportunities, open ones first; not loaded where the search found many leads."""

    lead: Lead
    opportunities: tuple[Opportunity, ...] = ()
    is_loaded: bool = True


@dataclass(frozen=True)
class Found:
    """What a search brought; `note` says what was left out or failed on the way."""

    hits: tuple[Hit, ...]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Picked:
    """One opportunity with its lead; what LeadSquared does not say is empty."""

    id: str
    name: str
    lead_id: str
    lead_name: str
    type_name: str = ""
    status: str = ""
    stage: str = ""
    owner_name: str = ""
    amount: str = ""
    created_at: datetime | None = None

    @property
    def title(self) -> str:
        """The opportunity as people call it: Asha Rao – Home loan."""
        return " – ".join(filter(None, (self.lead_name, self.name or self.type_name))) or self.id


@dataclass(frozen=True)
class Latest:
    """One of an opportunity's latest activities: when it was made, what it was and what was noted."""

    at: datetime | None
    type_name: str
    note: str


def find(text: str) -> Found:
    """Find leads by name, e-mail or phone, or one by an id or a link of LeadSquared.

    Raises:
        Malformed: it is a link without an id.
        NotFound: there is neither an opportunity nor a lead with this id.
        LeadSquaredError: LeadSquared gave no good answer.
    """
    text = " ".join(text.split())
    ids = _ids(text)
    if ids:
        return _by_ids(ids)
    if re.match(r"https?://", text, re.IGNORECASE):
        raise Malformed(
            "This link names neither an opportunity nor a lead. Open the opportunity in LeadSquared and copy "
            "its address from there."
        )
    return _with_opportunities(_leads(text))


def get(opportunity_id: str) -> Picked:
    """Return one opportunity with its lead; two calls.

    Raises:
        Malformed: this cannot be an id.
        NotFound: LeadSquared has no such opportunity.
        LeadSquaredError: LeadSquared gave no good answer.
    """
    if not _GUID.fullmatch(opportunity_id):
        raise Malformed("This is not an opportunity’s id. Search for the lead, or paste the opportunity’s link.")
    opportunity = _opportunity(opportunity_id.lower())
    if opportunity is None:
        raise NotFound(
            f"LeadSquared has no opportunity {opportunity_id}, or does not show it to the portal’s user. "
            "Search for the lead instead."
        )
    lead = _lead(opportunity.lead_id)
    return Picked(
        id=opportunity.id,
        name=opportunity.name,
        lead_id=opportunity.lead_id,
        lead_name=lead.name if lead else "",
        type_name=opportunity.type_name,
        status=opportunity.status,
        stage=opportunity.stage,
        owner_name=opportunity.owner_name or _owner_name(opportunity),
        amount=opportunity.amount,
        created_at=opportunity.created_at,
    )


def latest_activities(opportunity_id: str, *, limit: int = 3) -> tuple[list[Latest], str]:
    """Return the opportunity's latest activities, newest first, and a note when they could not be read.

    One call for every hundred activities; the list may lag behind by seconds (leadsquared-api §11, §19.9).
    """
    try:
        with _polite():
            found = connection.client(CallKind.READ).activities_of_opportunity(opportunity_id).found
    except LeadSquaredError as error:
        return [], f"The latest activities could not be read. {error.for_user}"
    names = _type_names()
    newest = sorted(found, key=lambda each: each.created_at or _LONG_AGO, reverse=True)[:limit]
    return [Latest(each.created_at, names.get(each.code or 0, f"Type {each.code}"), each.note) for each in newest], ""


def facts(picked: Picked) -> dict[str, Any]:
    """Return what a draft keeps of its opportunity, as JSON; the day is that of the active time zone."""
    created = timezone.localtime(picked.created_at) if picked.created_at else None
    return {
        "id": picked.id,
        "name": picked.title,
        "lead_id": picked.lead_id,
        "lead_name": picked.lead_name,
        "type": picked.type_name,
        "stage": picked.stage,
        "status": picked.status,
        "owner": picked.owner_name,
        "amount": picked.amount,
        "created": f"{created:%a} {created.day} {created:%b %Y}" if created else "",
    }


@contextmanager
def _polite() -> Iterator[None]:
    """Make everybody slow down when the account's limit turned a read away."""
    try:
        yield
    except RateLimited:
        throttle.slow_down()
        raise


def _ids(text: str) -> list[str]:
    """Return the ids in a text, those that it calls an opportunity's first."""
    found = {match[0].lower(): bool(_NAMED.search(text[: match.start()])) for match in _GUID.finditer(text)}
    return sorted(found, key=lambda each: not found[each])[:MOST_IDS]


def _by_ids(ids: Iterable[str]) -> Found:
    for each in ids:
        opportunity = _opportunity(each)
        if opportunity is not None:
            lead = _lead(opportunity.lead_id)
            return Found((Hit(lead or Lead(id=opportunity.lead_id), (opportunity,)),))
    for each in ids:
        lead = _lead(each)
        if lead is not None:
            return _with_opportunities([lead])
    raise NotFound(
        f"LeadSquared has neither an opportunity nor a lead {', '.join(ids)}, or does not show it to the "
        "portal’s user. Search for the lead’s name, e-mail or phone."
    )


def _opportunity(opportunity_id: str) -> Opportunity | None:
    try:
        with _polite():
            found = connection.client(CallKind.READ).opportunity(opportunity_id)
    except Refused as refused:
        # [SEEN] an id that is unknown, deleted or not to be seen: HTTP 500 "Opportunity does not exist", §6
        if "does not exist" in refused.said:
            return None
        raise
    return replace(found, id=found.id or opportunity_id, amount=_money(found.amount))


def _owner_name(opportunity: Opportunity) -> str:
    """Name the owner, whom the details give by id only, from the stored list of users."""
    owner_id = opportunity.owner_id.casefold()
    stored = CatalogEntry.objects.filter(kind=CatalogKind.USERS).first() if owner_id else None
    users = [User.from_json(each) for each in stored.records] if stored else []
    return next((user.name for user in users if user.id.casefold() == owner_id), "")


def _lead(lead_id: str) -> Lead | None:
    with _polite():
        return connection.client(CallKind.READ).lead(lead_id) if lead_id else None


def _leads(text: str) -> list[Lead]:
    """Leads by the narrowest search that fits the text, else by the quick search."""
    client = connection.client(CallKind.READ)
    leads: list[Lead] = []
    with _polite():
        if _EMAIL.fullmatch(text):
            leads = client.leads_by_email(text)
        elif _PHONE.fullmatch(text) and len(re.sub(r"[^0-9]", "", text)) >= 7:
            leads = client.leads_by_phone(text)
        if text and not leads:
            leads = client.find_leads(text)
    return list({lead.id: lead for lead in leads}.values())


def _with_opportunities(leads: list[Lead]) -> Found:
    note = ""
    if len(leads) > MOST_HITS:
        note = f"{len(leads)} leads fit, the first {MOST_HITS} are shown. Type more of the name."
    hits: list[Hit] = []
    for lead in leads[:MOST_HITS]:
        loaded: tuple[Opportunity, ...] | None = None
        if len(hits) < MOST_LOADED and all(hit.is_loaded for hit in hits):
            try:
                loaded = _opportunities_of(lead)
            except LeadSquaredError as error:
                note = f"Not all opportunities could be loaded. {error.for_user}"
        hits.append(Hit(lead, loaded or (), is_loaded=loaded is not None))
    return Found(tuple(hits), note)


def _opportunities_of(lead: Lead) -> tuple[Opportunity, ...]:
    """The lead's opportunities, open ones first, then newest first.

    [SEEN] an empty list is no proof, the list lags behind by minutes: leadsquared-api §5.
    """
    with _polite():
        found = connection.client(CallKind.READ).opportunities_of_lead(lead.id, _types())
    mine = [
        replace(each, amount=_money(each.amount)) for each in found if each.lead_id.casefold() == lead.id.casefold()
    ]
    newest = sorted(mine, key=lambda each: each.created_at or _LONG_AGO, reverse=True)
    return tuple(sorted(newest, key=lambda each: each.status != OPEN))


def _types() -> list[OpportunityType]:
    """The opportunity types, as they were listed last, or asked for now where they never were."""
    stored = CatalogEntry.objects.filter(kind=CatalogKind.OPPORTUNITY_TYPES, fetched_at__isnull=False).first()
    if stored and stored.records:
        return [OpportunityType.from_json(each) for each in stored.records]
    with _polite():
        return connection.client(CallKind.READ).opportunity_types()


def _type_names() -> dict[int, str]:
    stored = CatalogEntry.objects.filter(kind=CatalogKind.ACTIVITY_TYPES).first()
    types = [ActivityType.from_json(each) for each in stored.records] if stored else []
    return {each.code: each.name for each in types}


def _money(amount: str) -> str:
    """Show an amount in rupees as it is written in India; leave alone what is no whole number."""
    digits = re.fullmatch(r"([0-9]{1,15})(?:\.0*)?", amount)
    if not digits:
        return amount
    groups = [*re.findall(r"\d{1,2}(?=(?:\d\d)*$)", digits[1][:-3]), digits[1][-3:]]
    return f"₹{','.join(groups)}"
