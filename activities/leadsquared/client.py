"""One method per call of LeadSquared's API. Keys travel in headers only, redirects are refused, nothing is retried."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any, Final
from urllib.parse import quote, urlencode

from activities.leadsquared import reading, wire
from activities.leadsquared.answers import read, rows_of
from activities.leadsquared.errors import LeadSquaredError, NotSent, Refused, Unauthorized, Unclear
from activities.leadsquared.records import (
    Activities,
    Activity,
    ActivityType,
    Field,
    Identity,
    Lead,
    Opportunity,
    OpportunityType,
    RawAnswer,
    User,
)
from activities.leadsquared.wire import Permit

LONGEST_IDLE_SECONDS: Final = 4.0  # the shortest keep-alive in common use is 5
MIB: Final = 1024 * 1024
BULK: Final = "ProspectActivity.svc/Bulk/CustomActivity/Add/ByOpportunityId"
# [GUESS] the documentation does not give this address: leadsquared-api §19.14
DEPENDENT_OPTIONS: Final = "ProspectActivity.svc/ActivityField/DependentDropdown/Options/Get"
ACTIVITIES_OF_OPPORTUNITY: Final = "OpportunityManagement.svc/GetActivitiesOfOpportunity"
PAGE_SIZE: Final = 100
MOST_PAGES: Final = 50
OPTIONS_PAGE_SIZE: Final = 200  # [DOC] that of the example: leadsquared-api §4
USERS_PAGE_SIZE: Final = 1000  # [SEEN] the most that User/AdvancedSearch takes: leadsquared-api §10
USERS_MAY_BE_CUT_AT: Final = 200  # [GUESS] one report says that Users.Get stops here: leadsquared-api §10
_OPPORTUNITY_COLUMNS: Final = "mx_Custom_1,mx_Custom_2,mx_Custom_3,Owner,OwnerName,Status,CreatedOn"
_ACTIVITY_COLUMNS: Final = (
    "ActivityEvent,ActivityEvent_Note,Owner,OwnerName,CreatedOn,CreatedBy,CreatedByName,CreatedByEmailAddress"
)
SHORTEST_PHONE: Final = 6  # fewer digits would match by chance among rows that LeadSquared did not filter


class _Headers(dict[str, str]):
    """Headers with keys in them, which no log and no page about an error may show."""

    def __repr__(self) -> str:
        return "<headers with keys>"


class Client:
    """Calls LeadSquared with the keys of one user.

    `permit` is called with the kind of call before each read and may raise to refuse it; None never goes stale. The
    bulk call's permit is taken by its caller. Times are seconds. A client may be used by one thread at a time.
    """

    def __init__(
        self,
        url: str,
        access_key: str,
        secret_key: str,
        *,
        permit: Callable[[str], Permit | None],
        connect_timeout: float = 5.0,
        read_timeout: float = 30.0,
        deadline: float = 45.0,
        user_agent: str = "lsq-portal",
    ) -> None:
        self._url = url.rstrip("/")
        self._permit = permit
        self._timeout = (connect_timeout, read_timeout)
        self._deadline = deadline
        self._headers = _Headers(zip(wire.KEY_HEADERS, (access_key, secret_key), strict=True))
        self._headers |= {
            # [SEEN] a body that is not UTF-8 got 400: leadsquared-api §0
            "Content-Type": "application/json; charset=utf-8",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": user_agent,
        }
        self._session = wire.new_session()
        self._called_at = wire.clock()
        self._is_pooled = False

    def __repr__(self) -> str:
        return f"<Client of {self._url}>"

    @staticmethod
    def now() -> float:
        """Return the reading of the clock that `not_after` is compared with."""
        return wire.clock()

    def post_activities(
        self,
        opportunity_id: str,
        body: bytes,
        *,
        row_count: int,
        not_after: float | None = None,
        permit: Permit | None = None,
    ) -> RawAnswer:
        """Make the bulk call (leadsquared-api §1) and return its answer unread, whatever its status.

        Raises:
            NotSent: nothing left; also when `not_after` had passed before the first byte, or the permit was stale by
                then and could not be renewed.
            Unclear: it may or may not have been written.
        """
        # A pooled connection that the server closed while idle looks exactly like "written, then reset".
        with wire.new_session() as session:
            return wire.exchange(
                session,
                "POST",
                self._address(BULK, {"opportunityId": opportunity_id}),
                headers=_Headers(self._headers, Connection="close"),
                body=body,
                timeout=self._timeout,
                deadline=self._deadline,
                most_bytes=MIB,
                row_count=row_count,
                not_after=not_after,
                permit=permit,
            )

    def who_am_i(self) -> Identity:
        """Ask whose keys these are (§10): the cheapest check of the keys.

        Raises:
            Unauthorized: they are not accepted.
            Unclear: the answer names no user, and so accepts nobody's.
        """
        found = reading.identity(self._get("Authentication.svc/UserByAccessKey.Get"))
        if not found.user_id:
            raise Unclear(status=200, said="The check of the keys named no user.")
        return found

    def find_leads(self, text: str) -> list[Lead]:
        """Search leads by name, e-mail, phone or company (§9)."""
        return reading.leads(self._get("LeadManagement.svc/Leads.GetByQuickSearch", key=text))

    def leads_by_email(self, email: str) -> list[Lead]:
        """Return the leads with this e-mail; rows that do not match are dropped, as a misread name filters nothing."""
        found = reading.leads(self._get("LeadManagement.svc/Leads.GetByEmailaddress", emailaddress=email))
        return [lead for lead in found if lead.email.strip().lower() == email.strip().lower()]

    def leads_by_phone(self, phone: str, *, country_code: str = "91") -> list[Lead]:
        """Return the leads with this phone, asked for in the spellings that accounts are known to want (§9)."""
        found: dict[str, Lead] = {}
        if len(re.sub(r"\D", "", phone)) < SHORTEST_PHONE:
            return []
        for spelling in phone_spellings(phone, country_code=country_code):
            body = self._get("LeadManagement.svc/RetrieveLeadByPhoneNumber", phone=spelling)
            found |= {lead.id: lead for lead in reading.leads(body) if _has_phone(lead, phone)}
            if found:
                break
        return list(found.values())

    def lead(self, lead_id: str) -> Lead | None:
        """Return the lead of this id, None when LeadSquared knows none (§9)."""
        found = reading.leads(self._get("LeadManagement.svc/Leads.GetById", id=lead_id))
        return next((lead for lead in found if lead.id.lower() == lead_id.lower()), None)

    def opportunity_types(self) -> list[OpportunityType]:
        """List the types of opportunities (§8)."""
        return reading.opportunity_types(self._get("OpportunityManagement.svc/GetOpportunityTypes"))

    def opportunities_of_lead(self, lead_id: str, types: Iterable[OpportunityType] | None = None) -> list[Opportunity]:
        """Return a lead's opportunities, all pages; a fresh one may be missing (§5, search index).

        One list for each of these types. Without types it is one list of all, whose rows do not name their type.

        Raises:
            Refused: the account wants a type: the documentation calls it optional, one live account did not (§5).
        """
        found: dict[str, Opportunity] = {}
        for each in [OpportunityType(0, "")] if types is None else types:
            of_type = 0
            path = "OpportunityManagement.svc/GetOpportunitiesOfLead"
            narrowed = {"opportunityType": each.code} if each.code else {}
            for body, _ in self._pages(path, _OPPORTUNITY_COLUMNS, leadId=lead_id, **narrowed):
                rows = reading.opportunities(body, type_code=each.code or None, type_name=each.name)
                new = {row.id: row for row in rows if row.id not in found}
                found |= new
                of_type += len(new)
                # A page may be shorter than asked for, so a short one proves nothing; the count does.
                if not new or of_type >= (reading.record_count(body) or MOST_PAGES * PAGE_SIZE):
                    break
        return list(found.values())

    def opportunity(self, opportunity_id: str) -> Opportunity:
        """Return one opportunity (§6).

        Raises:
            Refused: LeadSquared has none of this id, or the keys' user may not see it.
        """
        path = "OpportunityManagement.svc/GetOpportunityDetails"
        found = reading.opportunity(self._get(path, OpportunityId=opportunity_id))
        if found.id.lower() not in {"", opportunity_id.lower()} or not found.lead_id:
            raise Refused(status=200, said="Opportunity does not exist")
        return found

    def activity_types(self) -> list[ActivityType]:
        """List the activity types; opportunity types, which stand among them, are left out (§2)."""
        return reading.activity_types(self._get("ProspectActivity.svc/ActivityTypes.Get"))

    def activity_fields(self, code: int) -> list[Field]:
        """Return the fields of an activity type, in form order (§3)."""
        return reading.fields(self._get("ProspectActivity.svc/CustomActivity/GetActivitySetting", code=code))

    def dropdown_options(self, code: int, schema_name: str, *, field_set: str = "") -> list[str]:
        """Return the options of an independent drop-down; `field_set` is the field that holds it (§4)."""
        parameter: dict[str, Any] = {"SchemaName": schema_name, "ActivityEventCode": code}
        if field_set:
            parameter = {**parameter, "SchemaName": field_set, "CustomObjectSchemaName": schema_name}
        found: dict[str, None] = {}
        for page in range(1, MOST_PAGES + 1):
            body = {"Parameter": parameter, "Paging": {"PageIndex": page, "PageSize": OPTIONS_PAGE_SIZE}}
            options = reading.options(self._post("ProspectActivity.svc/ActivityField/Dropdown/Options/Get", body))
            new = [each for each in options if each not in found]
            found |= dict.fromkeys(new)
            if not new or len(options) < OPTIONS_PAGE_SIZE:
                break
        return list(found)

    def dependent_options(
        self, code: int, parent: str, parent_value: str, child: str, *, field_set: str = ""
    ) -> list[str]:
        """Return the options of a dependent drop-down under one value of its parent (§4)."""
        parameter = {
            "ParentSchemaName": parent,
            "ParentFieldValue": parent_value,
            "ChildSchemaName": child,
            "ActivityEventCode": code,
        }
        if field_set:
            parameter["SchemaName"] = field_set
        return reading.dependent_options(self._post(DEPENDENT_OPTIONS, {"Parameter": parameter}), child)

    def users(self) -> list[User]:
        """List the users, inactive ones too (§10); where the short list may be cut, the search brings the rest.

        Where the keys' user may not search, the short list has to do.
        """
        body = self._get("UserManagement.svc/Users.Get")
        found = {user.email.lower(): user for user in reading.users(body)}
        if len(rows_of(body, "Users")) >= USERS_MAY_BE_CUT_AT:
            with contextlib.suppress(Refused, Unauthorized):  # searches may need an administrator's keys: §10
                found |= {user.email.lower(): user for user in self._searched_users()}
        return list(found.values())

    def activities_of_opportunity(
        self,
        opportunity_id: str,
        *,
        code: int | None = None,
        columns: Iterable[str] = (),
        since: datetime | None = None,
        most_pages: int = MOST_PAGES,
    ) -> Activities:
        """Return the activities of an opportunity, newest first (§11 A); `columns` are further SchemaNames.

        Those made before `since` are left out; whether the list is whole is judged with them.
        """
        asked = ",".join([_ACTIVITY_COLUMNS, *columns])
        query: dict[str, Any] = {"opportunityId": opportunity_id}
        if code is not None:
            query["activityEventCode"] = code
        return _since(self._activities(ACTIVITIES_OF_OPPORTUNITY, asked, most_pages, **query), since)

    def activities_of_lead(self, lead_id: str, *, since: datetime | None = None) -> Activities:
        """Return the trail of a lead, all pages (§11 B): fresher than the list, without the opportunity's id."""
        return _since(self._activities("ProspectActivity.svc/Retrieve", "", MOST_PAGES, leadId=lead_id), since)

    def _activities(self, path: str, columns: str, most_pages: int, **query: Any) -> Activities:
        found: dict[str, Activity] = {}
        counted: int | None = None
        server_time: datetime | None = None
        for body, raw in islice(self._pages(path, columns, **query), most_pages):
            rows = reading.activities(body, columns.split(","))
            new = {row.id: row for row in rows if row.id not in found}
            found |= new
            counted = reading.record_count(body)
            server_time = server_time or reading.server_time(raw.headers.get("date", ""))
            if not new or (counted is not None and len(found) >= counted):
                break
        return Activities(tuple(found.values()), whole=counted == len(found), server_time=server_time)

    def _searched_users(self) -> Iterator[User]:
        seen: set[str] = set()
        for page in range(1, MOST_PAGES + 1):
            body = {
                "Columns": {"Include_CSV": "UserID,FirstName,LastName,EmailAddress,Role,StatusCode"},
                "GroupConditions": [],
                "GroupOperator": None,
                "Sorting": [{"ColumnName": "EmailAddress", "Direction": 0}],
                "Paging": {"PageIndex": page, "PageSize": USERS_PAGE_SIZE},
            }
            found = reading.users(self._post("UserManagement.svc/User/AdvancedSearch", body))
            new = [user for user in found if user.email.lower() not in seen]
            seen |= {user.email.lower() for user in new}
            yield from new
            if not new or len(found) < USERS_PAGE_SIZE:
                return

    def _pages(self, path: str, columns: str, **query: Any) -> Iterator[tuple[Any, RawAnswer]]:
        """Yield page after page; which keys page the list of an opportunity is contradictory, so both go along."""
        for page in range(1, MOST_PAGES + 1):
            paging: dict[str, Any] = {"PageIndex": page, "PageSize": PAGE_SIZE}
            if path == ACTIVITIES_OF_OPPORTUNITY:
                paging |= {"Offset": str(page), "RowCount": str(PAGE_SIZE)}  # leadsquared-api §11 A
            body: dict[str, Any] = {
                "Paging": paging,
                "Sorting": {"ColumnName": "CreatedOn", "Direction": "1"},
            }
            if columns:
                body["Columns"] = {"Include_CSV": columns}
            raw = self._call("POST", path, query, body)
            yield read(raw.status, raw.body), raw

    def _get(self, path: str, **query: Any) -> Any:
        raw = self._call("GET", path, query, None)
        return read(raw.status, raw.body)

    def _post(self, path: str, body: Any) -> Any:
        raw = self._call("POST", path, {}, body)
        return read(raw.status, raw.body)

    def _call(self, method: str, path: str, query: dict[str, Any], body: Any) -> RawAnswer:
        """Make a read, and once more where the server hung up on a pooled connection; a write never is made twice."""
        is_pooled = self._is_pooled
        try:
            return self._permitted(method, path, query, body)
        except Unclear as broken:
            if not is_pooled or broken.status is not None or broken.said not in wire.HUNG_UP:
                raise
        self._session.close()
        self._session = wire.new_session()
        return self._permitted(method, path, query, body)

    def _permitted(self, method: str, path: str, query: dict[str, Any], body: Any) -> RawAnswer:
        permit = _given(lambda: self._permit("read"))
        return wire.exchange(
            self._fresh_enough_session(),
            method,
            self._address(path, query),
            headers=self._headers,
            body=None if body is None else wire.encoded(body),
            timeout=self._timeout,
            deadline=self._deadline,
            most_bytes=8 * MIB,
            permit=permit,
        )

    def _fresh_enough_session(self) -> wire.Session:
        """Return the pooled session; after a pause a new one, as servers close idle connections without a word."""
        if wire.clock() - self._called_at > LONGEST_IDLE_SECONDS:
            self._session.close()
            self._session = wire.new_session()
        self._called_at = wire.clock()
        self._is_pooled = True
        return self._session

    def _address(self, path: str, query: dict[str, Any]) -> str:
        asked = urlencode(query, quote_via=quote, errors="replace")
        return f"{self._url}/{path}" + (f"?{asked}" if asked else "")


def _given(ask: Callable[[], Permit | None]) -> Permit | None:
    try:
        return ask()
    except LeadSquaredError:
        raise
    except Exception as cause:
        raise NotSent(said="There was no permit for the call.") from cause


def _since(activities: Activities, since: datetime | None) -> Activities:
    if since is None:
        return activities
    kept = (each for each in activities.found if each.created_at is None or each.created_at >= since)
    return replace(activities, found=tuple(kept))


def phone_spellings(phone: str, *, country_code: str) -> list[str]:
    """Return the spellings under which a phone may be stored: as typed, ten digits, +CC-N, CCN (§9)."""
    country = re.sub(r"\D", "", country_code)
    digits = re.sub(r"\D", "", phone)
    if not digits:
        return []
    typed = re.sub(r"[\s()]", "", phone)
    local = digits.removeprefix("0")
    if len(digits) > 10 and digits.startswith(country):
        local = digits[len(country) :]
    spellings = [f"+{country}-{local}" if country else "", local, f"{country}{local}", typed, digits]
    if typed.startswith("+") and not digits.startswith(country):
        spellings = [typed, digits, *(f"+{digits[:n]}-{digits[n:]}" for n in (3, 2, 1))]
    return list(dict.fromkeys(each for each in spellings if each))


def _has_phone(lead: Lead, phone: str) -> bool:
    wanted = re.sub(r"\D", "", phone)[-10:]
    return any(re.sub(r"\D", "", each).endswith(wanted) for each in (lead.phone, lead.mobile) if each)
