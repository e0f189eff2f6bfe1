"""Find leads and their opportunities for a person who waits, and who may be typing: with as few calls as will do.

LeadSquared's searches may bring nothing, or everything, without saying so (leadsquared-api §9): what comes
is compared with what was asked. Lists of opportunities lag by minutes; an opportunity's own id does not.
What was found is kept for a minute in the process, under a mark of the keys that it was found with: another
account, or another user's keys, never see it. Nothing found is never kept.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import quote

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from activities import connection, throttle
from activities.leadsquared.errors import LeadSquaredError, RateLimited, Refused
from activities.leadsquared.records import ActivityType, Lead, Opportunity, OpportunityType, User
from activities.models import CallKind, CatalogEntry, CatalogKind

MOST_HITS: Final = 10
MOST_LOADED: Final = 5
MOST_CALLS: Final = 21  # where every type is a call of its own, a page's leads must still fit the account's limit
MOST_IDS: Final = 3
FEWEST_CHARACTERS: Final = 3  # fewer fit half of all leads, and are on their way to more
KEPT_SECONDS: Final = 60
REMEMBERED_SECONDS: Final = 24 * 3600
LOCAL_DIGITS: Final = 10  # of a phone in India; of a longer number the last ones find it just as well
_WANTS_TYPES: Final = "wants-types"
OPEN: Final = "Open"
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_GUID: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-f])", re.IGNORECASE)
_NAMED: Final = re.compile(r"opportunityid(?:=|%3d|/)$", re.IGNORECASE)
_LINK: Final = re.compile(r"https?://", re.IGNORECASE)
_PHONE: Final = re.compile(r"\+?[\d\s().-]+", re.ASCII)
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
# [SEEN] how LeadSquared's web pages address an opportunity; integrators open it without the type's code too.
_PAGE: Final = "/OpportunityManagement/OpportunityDetails?opportunityId={opportunity_id}"
_PAGE_OF_TYPE: Final = f"{_PAGE}&opportunityEvent={{type_code}}"
T = TypeVar("T")


class NotFound(Exception):
    """LeadSquared has no such opportunity or lead, or does not show it to the portal's user."""


class Malformed(Exception):
    """The text cannot be an id, or the link names neither an opportunity nor a lead."""


@dataclass(frozen=True)
class Hit:
    """A lead with its opportunities, open ones first, or not asked for yet."""

    lead: Lead
    opportunities: tuple[Opportunity, ...] = ()
    is_loaded: bool = True


@dataclass(frozen=True)
class Found:
    """What a search brought; `note` says what was left out or failed, `named` is the one opportunity that was named."""

    hits: tuple[Hit, ...]
    note: str = ""
    named: str = ""


@dataclass(frozen=True, kw_only=True)
class Picked:
    """One opportunity with its lead; what LeadSquared does not say is empty."""

    id: str
    name: str
    lead_id: str
    lead_name: str
    type_name: str = ""
    type_code: int | None = None
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
    """One of an opportunity's latest activities: when it was made, what it was, what was noted, and whose it is."""

    at: datetime | None
    type_name: str
    note: str
    owner_name: str = ""


def find(text: str, *, again: bool = False) -> Found:
    """Find leads by name, e-mail or phone, or one by an id or a link of LeadSquared, with their opportunities.

    `again` asks LeadSquared anew, whatever was found a moment ago.

    Raises:
        Malformed: it is a link without an id.
        NotFound: there is neither an opportunity nor a lead with this id.
        LeadSquaredError: LeadSquared gave no good answer.
    """
    return _loaded(leads(text, again=again), again=again)


def leads(text: str, *, again: bool = False) -> Found:
    """Find as `find` does, but load no opportunities: for a person who is still typing; one call as a rule.

    Raises:
        Malformed, NotFound, LeadSquaredError: as `find`.
    """
    text = " ".join(text.split())
    named, others = _ids(text)
    if named or others:
        return _by_ids(named, others, again=again)
    if _LINK.match(text):
        raise Malformed(
            "This link names neither an opportunity nor a lead. Open the opportunity in LeadSquared and copy "
            "its address from there."
        )
    key = f"leads:{hashlib.sha256(text.casefold().encode('utf-8', 'replace')).hexdigest()}"
    return _hits(_kept(key, partial(_leads, text), again=again), again=again)


def id_in(text: str) -> str:
    """Return the id that a link is about, an opportunity's before others; what is no link comes back as it is.

    Raises:
        Malformed: it is a link without an id.
    """
    if not _LINK.match(text.strip()):
        return text
    named, others = _ids(text)
    if not (named or others):
        raise Malformed("This link has no id in it. Copy the address of the opportunity, lead or submission itself.")
    return [*named, *others][0]


def lead(lead_id: str, *, again: bool = False) -> Found:
    """Return one lead with its opportunities; two calls.

    Raises:
        NotFound: LeadSquared has no such lead.
        LeadSquaredError: LeadSquared gave no good answer.
    """
    found = _lead(lead_id)
    if found is None:
        raise NotFound("LeadSquared does not have this lead any more. Search for its name, e-mail or phone.")
    return _loaded(_hits([found], again=again), again=again)


def of_lead(lead_id: str, *, again: bool = False) -> tuple[Opportunity, ...]:
    """Return a lead's opportunities, open ones first, then newest first; one call as a rule.

    [SEEN] an empty list is no proof, the list lags behind by minutes: leadsquared-api §5. `again` asks anew, and type
    by type where the list of all stays empty.

    Raises:
        LeadSquaredError: LeadSquared gave no good answer.
    """
    lead_id = lead_id.lower()
    return _kept(f"opportunities:{lead_id}", partial(_opportunities_of, lead_id, thorough=again), again=again)


def get(opportunity_id: str) -> Picked:
    """Return one opportunity with its lead; two calls, none where it was found within the last minute.

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
    lead = _lead(opportunity.lead_id)
    return Picked(
        id=opportunity.id,
        name=opportunity.name,
        lead_id=opportunity.lead_id,
        lead_name=lead.name if lead else "",
        type_name=opportunity.type_name,
        type_code=opportunity.type_code or _type_code(opportunity.type_name),
        status=opportunity.status,
        stage=opportunity.stage,
        owner_name=opportunity.owner_name or _owner_name(opportunity),
        amount=opportunity.amount,
        created_at=opportunity.created_at,
    )


def latest_activities(opportunity_id: str, *, limit: int = 3) -> tuple[list[Latest], str]:
    """Return the opportunity's latest activities, newest first, and a note when they could not be read.

    One call: the list's first page is its newest. It may lag behind by seconds (leadsquared-api §11, §19.9).
    """
    try:
        with _polite():
            client = connection.client(CallKind.READ)
            found = client.activities_of_opportunity(opportunity_id, most_pages=1).found
    except LeadSquaredError as error:
        return [], f"The latest activities could not be read. {error.for_user}"
    names, people = _type_names(), _people()
    newest = sorted(found, key=lambda each: each.created_at or _LONG_AGO, reverse=True)[:limit]
    return [
        Latest(
            at=each.created_at,
            type_name=names.get(each.code or 0, f"Type {each.code}"),
            note=each.note,
            owner_name=next(filter(None, (people.get(said.casefold()) for said in each.owner_spellings)), ""),
        )
        for each in newest
    ], ""


def facts(picked: Picked) -> dict[str, Any]:
    """Return what a draft keeps of its opportunity, as JSON; the day is that of the active time zone."""
    created = timezone.localtime(picked.created_at) if picked.created_at else None
    return {
        "id": picked.id,
        "name": picked.title,
        "lead_id": picked.lead_id,
        "lead_name": picked.lead_name,
        "type": picked.type_name,
        "type_code": picked.type_code,
        "stage": picked.stage,
        "status": picked.status,
        "owner": picked.owner_name,
        "amount": picked.amount,
        "created": f"{created:%a} {created.day} {created:%b %Y}" if created else "",
    }


def page_in_leadsquared(facts: dict[str, Any]) -> str:
    """Return the address of an opportunity's own page, from its facts; nothing where LSQ_WEB_URL does not tell it.

    LSQ_WEB_URL is the address of LeadSquared's web pages, or the whole address of an opportunity's page with
    {opportunity_id}, {lead_id} and {type_code} in it.
    """
    if not settings.LSQ_WEB_URL or not facts.get("id"):
        return ""
    address: str = settings.LSQ_WEB_URL
    if "{" not in address:
        address = address.rstrip("/") + (_PAGE_OF_TYPE if facts.get("type_code") else _PAGE)
    values = {"opportunity_id": facts["id"], "lead_id": facts.get("lead_id"), "type_code": facts.get("type_code")}
    for name, value in values.items():
        if not value and f"{{{name}}}" in address:
            return ""
        address = address.replace(f"{{{name}}}", quote(str(value), safe=""))
    return address


def _kept(what: str, ask: Callable[[], T], *, again: bool = False) -> T:
    """Return what these keys found within the last minute, or ask and keep it."""
    key = _key(what)
    kept: T | None = None if again else cache.get(key)
    if kept is not None:
        return kept
    found = ask()
    if found:
        cache.set(key, found, KEPT_SECONDS)
    else:
        cache.delete(key)
    return found


def _key(what: str) -> str:
    return f"opportunities:{connection.keys_mark()}:{what}"


@contextmanager
def _polite() -> Iterator[None]:
    """Make everybody slow down when the account's limit turned a read away."""
    try:
        yield
    except RateLimited:
        throttle.slow_down()
        raise


def _ids(text: str) -> tuple[list[str], list[str]]:
    """Return the ids that a text calls an opportunity's, and its others."""
    found = {match[0].lower(): bool(_NAMED.search(text[: match.start()])) for match in _GUID.finditer(text)}
    ids = list(found)[:MOST_IDS]
    return [each for each in ids if found[each]], [each for each in ids if not found[each]]


def _by_ids(named: list[str], others: list[str], *, again: bool) -> Found:
    """Return the opportunities of the named ids, else of the others, else the first lead of all."""
    for ids in (named, others):
        found = [each for each in map(_opportunity, ids) if each]
        if found:
            hits = (Hit(_lead(each.lead_id) or Lead(id=each.lead_id), (each,)) for each in found)
            return Found(tuple(hits), named=found[0].id if len(found) == 1 else "")
    for each in (*named, *others):
        lead = _lead(each)
        if lead is not None:
            return _hits([lead], again=again)
    raise NotFound(
        f"LeadSquared has neither an opportunity nor a lead {', '.join((*named, *others))}, or does not show it to "
        "the portal’s user. Search for the lead’s name, e-mail or phone."
    )


def _opportunity(opportunity_id: str) -> Opportunity | None:
    opportunity_id = opportunity_id.lower()
    return _kept(f"opportunity:{opportunity_id}", partial(_details, opportunity_id))


def _details(opportunity_id: str) -> Opportunity | None:
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
    return _people().get(opportunity.owner_id.casefold(), "") if opportunity.owner_id else ""


def _people() -> dict[str, str]:
    """Return the names of the stored users by every way in which an answer may name them: id, e-mail, name."""
    stored = CatalogEntry.objects.filter(kind=CatalogKind.USERS).first()
    users = [User.from_json(each) for each in stored.records] if stored else []
    return {said.casefold(): each.name for each in users for said in (each.name, each.email, each.id) if said}


def _lead(lead_id: str) -> Lead | None:
    return _kept(f"lead:{lead_id.lower()}", partial(_lead_by_id, lead_id)) if lead_id else None


def _lead_by_id(lead_id: str) -> Lead | None:
    with _polite():
        return connection.client(CallKind.READ).lead(lead_id)


def _leads(text: str) -> list[Lead]:
    """Leads by the quick search, which knows parts of a word, else by the exact ones; those that fit exactly first."""
    client = connection.client(CallKind.READ)
    found: list[Lead] = []
    digits = _local_digits(text)
    with _polite():
        if text:
            found = client.find_leads(digits or text)
        if not found and _EMAIL.fullmatch(text):
            found = client.leads_by_email(text)
        elif not found and len(digits) >= LOCAL_DIGITS:
            found = client.leads_by_phone(text)
    distinct = {each.id: each for each in found}.values()
    return sorted(distinct, key=lambda each: not _is_exactly(each, text, digits))


def _local_digits(text: str) -> str:
    """Return a phone's digits without signs and country code, which every spelling shares; nothing of another text."""
    if not _PHONE.fullmatch(text):
        return ""
    digits = re.sub(r"[^0-9]", "", re.sub(r"^\s*\+\s*91", "", text)).lstrip("0")
    return digits[-LOCAL_DIGITS:]


def _is_exactly(lead: Lead, text: str, digits: str) -> bool:
    if len(digits) >= LOCAL_DIGITS:
        return any(re.sub(r"[^0-9]", "", each).endswith(digits) for each in (lead.phone, lead.mobile))
    return text.casefold() in {lead.email.casefold(), lead.name.casefold()}


def _hits(leads: list[Lead], *, again: bool) -> Found:
    """Show the first of these leads, with those opportunities that are known already."""
    note = ""
    if len(leads) > MOST_HITS:
        note = f"{len(leads)} leads fit, the first {MOST_HITS} are shown. Type more of the name."
    shown = leads[:MOST_HITS]
    known = [() if again else cache.get(_key(f"opportunities:{each.id.lower()}"), ()) for each in shown]
    return Found(tuple(Hit(lead, each, is_loaded=bool(each)) for lead, each in zip(shown, known, strict=True)), note)


def _loaded(found: Found, *, again: bool) -> Found:
    """Load the opportunities of the first leads, as many as an account's limit allows."""
    most = MOST_LOADED
    if len(found.hits) > 1 and cache.get(_key(_WANTS_TYPES)):
        most = max(1, min(MOST_LOADED, MOST_CALLS // max(1, len(_types()))))
    note = found.note
    hits = list(found.hits)
    for index, hit in enumerate(hits[:most]):
        if hit.is_loaded:
            continue
        try:
            hits[index] = Hit(hit.lead, of_lead(hit.lead.id, again=again))
        except LeadSquaredError as error:
            note = f"Not all opportunities could be loaded. {error.for_user}"
            break
    return replace(found, hits=tuple(hits), note=note)


def _opportunities_of(lead_id: str, *, thorough: bool) -> tuple[Opportunity, ...]:
    """Ask for all of them at once, type by type where the account wants a type, or may do so without a word."""
    client = connection.client(CallKind.READ)
    found: list[Opportunity] = []
    by_type = wants_types = bool(cache.get(_key(_WANTS_TYPES)))
    with _polite():
        if not by_type:
            try:
                found = client.opportunities_of_lead(lead_id)
                by_type = thorough and not found
            except Refused:
                by_type = True
        if by_type:
            found = client.opportunities_of_lead(lead_id, _types())
    if found and by_type and not wants_types:
        cache.set(_key(_WANTS_TYPES), "yes", REMEMBERED_SECONDS)
    return _in_order(each for each in found if each.lead_id.casefold() == lead_id.casefold())


def _in_order(opportunities: Iterable[Opportunity]) -> tuple[Opportunity, ...]:
    """Open ones first, then newest first, each with its type's name and its amount as people write it."""
    found = list(opportunities)
    names = {each.code: each.name for each in _types()} if any(not each.type_name for each in found) else {}
    named = (
        replace(each, type_name=each.type_name or names.get(each.type_code or 0, ""), amount=_money(each.amount))
        for each in found
    )
    newest = sorted(named, key=lambda each: each.created_at or _LONG_AGO, reverse=True)
    return tuple(sorted(newest, key=lambda each: each.status != OPEN))


def _types() -> list[OpportunityType]:
    """The opportunity types, as they were listed last, or asked for now where they never were."""
    stored = CatalogEntry.objects.filter(kind=CatalogKind.OPPORTUNITY_TYPES, fetched_at__isnull=False).first()
    if stored and stored.records:
        return [OpportunityType.from_json(each) for each in stored.records]
    return _kept("types", connection.client(CallKind.READ).opportunity_types)


def _type_code(name: str) -> int | None:
    """Return the code of the one stored type of this name: the details name a type without its code."""
    stored = CatalogEntry.objects.filter(kind=CatalogKind.OPPORTUNITY_TYPES).first()
    types = [OpportunityType.from_json(each) for each in stored.records] if stored else []
    codes = [each.code for each in types if each.name == name]
    return codes[0] if len(codes) == 1 else None


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
