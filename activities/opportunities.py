"""Find leads and their opportunities for a person who waits.

LeadSquared's searches may return nothing, or everything, without saying so (leadsquared-api §9): whatever comes back
is compared with what was asked. Lists of opportunities lag behind by minutes; an opportunity's own id does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from activities import connection, throttle
from activities.leadsquared.errors import LeadSquaredError, RateLimited, Refused
from activities.leadsquared.records import Lead, Opportunity, OpportunityType, User
from activities.models import CallKind, CatalogEntry, CatalogKind

MOST_HITS: Final = 10
MOST_LOADED: Final = 5  # each costs a call for every opportunity type
MOST_IDS: Final = 3
OPEN: Final = "Open"
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
            "This link names neither an opportunity nor a lead. Open the opportunity in LeadSquared and copy its "
            "address from there."
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
    opportunity = _opportunity(opportunity_id)
    if opportunity is None:
        raise NotFound(
            f"LeadSquared has no opportunity {opportunity_id}, or does not show it to the portal’s user. "
            "Search for the lead instead."
        )
    lead = _lead(opportunity.lead_id) if opportunity.lead_id else None
    return Picked(
        id=opportunity.id,
        name=opportunity.name,
        lead_id=opportunity.lead_id,
        lead_name=lead.name if lead else "",
        type_name=opportunity.type_name,
        status=opportunity.status,
        stage=opportunity.stage,
        owner_name=opportunity.owner_name,
        amount=opportunity.amount,
        created_at=opportunity.created_at,
    )


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
            lead = _lead(opportunity.lead_id) if opportunity.lead_id else None
            return Found((Hit(lead or Lead(id=opportunity.lead_id), (opportunity,)),))
    for each in ids:
        lead = _lead(each)
        if lead is not None:
            return _with_opportunities([lead])
    raise NotFound(
        f"LeadSquared has neither an opportunity nor a lead {', '.join(ids)}, or does not show it to the portal’s "
        "user. Search for the lead’s name, e-mail or phone."
    )


def _opportunity(opportunity_id: str) -> Opportunity | None:
    try:
        with _polite():
            opportunity = connection.client(CallKind.READ).opportunity(opportunity_id)
    except Refused as refused:
        # [SEEN] an id that is unknown, deleted or not to be seen: HTTP 500 "Opportunity does not exist", §6
        if "does not exist" in refused.said:
            return None
        raise
    return opportunity if opportunity.id.casefold() == opportunity_id.casefold() else None


def _lead(lead_id: str) -> Lead | None:
    with _polite():
        lead = connection.client(CallKind.READ).lead(lead_id)
    return lead if lead and lead.id.casefold() == lead_id.casefold() else None


def _leads(text: str) -> list[Lead]:
    """Leads by the narrowest search that fits the text, else by the quick search."""
    client = connection.client(CallKind.READ)
    leads: list[Lead] = []
    with _polite():
        if _EMAIL.fullmatch(text):
            leads = [lead for lead in client.leads_by_email(text) if lead.email.casefold() == text.casefold()]
        elif _PHONE.fullmatch(text) and len(_digits(text)) >= 7:
            leads = [lead for lead in client.leads_by_phone(text) if _has_phone(lead, _digits(text))]
        if text and not leads:
            leads = client.find_leads(text)
    return list({lead.id: lead for lead in leads}.values())


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def _has_phone(lead: Lead, digits: str) -> bool:
    """Compare the last ten digits: a country code may be on either side only."""
    return any(_digits(phone)[-10:] == digits[-10:] for phone in (lead.phone, lead.mobile) if phone)


def _with_opportunities(leads: list[Lead]) -> Found:
    note = f"The first {MOST_HITS} leads are shown. Type more of the name to find others." if len(leads) > MOST_HITS else ""
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
    mine = {each.id: each for each in found if each.lead_id.casefold() == lead.id.casefold()}
    newest = sorted(mine.values(), key=lambda each: each.created_at or _LONG_AGO, reverse=True)
    return tuple(sorted(newest, key=lambda each: each.status != OPEN))
