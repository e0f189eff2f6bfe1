"""LeadManagement.svc and UserManagement.svc: finding leads and users (leadsquared-api §9, §10)."""

from __future__ import annotations

import re
import uuid

from lsqportal.sandbox.account import Account, Request
from lsqportal.sandbox.answers import Answer, Refusal, json_answer
from lsqportal.sandbox.demo import DOMAIN
from lsqportal.sandbox.lists import FlatRow, object_in, page_by_index, requested_columns, text_in
from lsqportal.sandbox.records import Lead, User

ORGANISATION_ID = str(uuid.uuid5(uuid.NAMESPACE_DNS, DOMAIN))
ORGANISATION_CODE = "56208"
COMPANY = "Sahyadri Housing Finance"
AGENT_ROLES = ("Sales_User",)


def leads_by_quick_search(account: Account, request: Request) -> Answer:
    wanted = request.query.get("key", "").strip().lower()
    found = [lead for lead in account.store.leads.values() if wanted and wanted in _searched_text(lead)]
    return json_answer([_lead_row(lead) for lead in found[: account.switches.limit("quick_search_cap")]])


def _searched_text(lead: Lead) -> str:
    # [SEEN] searches name, e-mail, phone, company: leadsquared-api §9
    phones = [each for each in (lead.phone, lead.mobile) if each]
    bare = [re.sub(r"\D", "", each) for each in phones]
    return " ".join([lead.name, lead.email or "", lead.company or "", *phones, *bare]).lower()


def leads_by_email(account: Account, request: Request) -> Answer:
    # [SEEN] a wrong query name (email=) gives 200 []: leadsquared-api §9
    wanted = request.query.get("emailaddress", "").strip().lower()
    leads = account.store.leads.values()
    return json_answer([_lead_row(lead) for lead in leads if wanted and (lead.email or "").lower() == wanted])


def lead_by_phone(account: Account, request: Request) -> Answer:
    wanted, spellings = request.query.get("phone", ""), account.switches.word("phone_spellings")
    found = [lead for lead in account.store.leads.values() if wanted and wanted in _phone_spellings(lead, spellings)]
    # [DOC] of several matches the one with the most recent activity: leadsquared-api §9
    found.sort(
        key=lambda lead: max((each.created_on for each in account.store.activities(lead_id=lead.id)), default="")
    )
    return json_answer([_lead_row(lead) for lead in found[-1:]])


def _phone_spellings(lead: Lead, accepted: str) -> set[str]:
    """What matches this lead: as stored (+CC-N), without its signs, or the last ten digits."""
    spellings: set[str] = set()
    for stored in filter(None, (lead.phone, lead.mobile)):
        digits = re.sub(r"\D", "", stored)
        by_name = {"plus_cc_hyphen": {stored}, "ten_digits": {digits[-10:]}}
        spellings |= by_name.get(accepted, {stored, digits, f"+{digits}", digits[-10:], stored.partition("-")[2]})
    return spellings


def lead_by_id(account: Account, request: Request) -> Answer:
    # [SEEN] an array of one; [] if unknown: leadsquared-api §9
    lead = account.store.leads.get(request.id_in("id"))
    return json_answer([_lead_row(lead)] if lead else [])


def _lead_row(lead: Lead) -> FlatRow:
    # [SEEN] all values are strings or null, dates end in .000, the id key is ProspectID: leadsquared-api §9
    return {
        "ProspectID": lead.id,
        "ProspectAutoId": str(lead.auto_id),
        "FirstName": lead.first_name,
        "LastName": lead.last_name,
        "EmailAddress": lead.email,
        "Phone": lead.phone,
        "Mobile": lead.mobile,
        "Company": lead.company,
        "ProspectStage": lead.stage,
        "Score": str(lead.score),
        "DoNotEmail": "0",
        "DoNotCall": "0",
        "OwnerId": lead.owner_id,
        "mx_City": lead.city,
        "mx_Country": None,
        "CreatedOn": f"{lead.created_on}.000",
        "ModifiedOn": f"{lead.created_on}.000",
    }


def key_check(account: Account, request: Request) -> Answer:
    """Authentication.svc/UserByAccessKey.Get, the "test connection" call: leadsquared-api §10."""
    user = account.key_user
    return json_answer(
        {
            "Id": user.id,
            "Name": user.name,
            "Role": user.role,
            "TimeZone": user.time_zone,
            "OrgId": ORGANISATION_ID,
            "OrgShortCode": ORGANISATION_CODE,
            "DefaultCountryCode": "91",
            "Plan": "Super",
            "LSQCommonServiceURLs": {"api": f"{account.url}/"},
        }
    )


def users(account: Account, request: Request) -> Answer:
    everybody = list(account.store.users.values())[: account.switches.limit("users_cap")]
    return json_answer([_user_row(user) for user in everybody])


def _user_row(user: User) -> dict[str, object]:
    row: dict[str, object] = {
        "ID": user.id,
        "FirstName": user.first_name,
        "LastName": user.last_name,
        "EmailAddress": user.email,
        "Role": user.role,
        "StatusCode": 0 if user.active else 1,
        "Tag": None,
        "IsPhoneCallAgent": user.role in AGENT_ROLES,
    }
    if user.groups:
        row["MemberOfGroups"] = list(user.groups)  # the key is absent when there are none: leadsquared-api §10
    return row


def user_by_id(account: Account, request: Request) -> Answer:
    # [DOC] an array of one; inactive or unknown is []: leadsquared-api §10
    user = account.store.users.get(request.id_in("userId"))
    return json_answer([_user_details(user)] if user and user.active else [])


def _user_details(user: User) -> dict[str, object]:
    own: dict[str, object] = {f"mx_Custom_{number}": None for number in range(1, 11)}
    return {
        "UserId": user.id,
        "FirstName": user.first_name,
        "LastName": user.last_name,
        "EmailAddress": user.email,
        "AssociatedPhoneNumbers": user.phone,
        "DateFormat": "dd/MM/yyyy",
        "TimeZone": user.time_zone,
        "Role": user.role,
        "IsPhoneCallAgent": user.role in AGENT_ROLES,
        "OrgId": int(ORGANISATION_CODE),
        "CompanyName": COMPANY,
        "UserType": 0,
        "ManagerUserId": None,
        "ManagerName": None,
        "PhoneMain": user.phone,
        "PhoneMobile": None,
        "PhoneOthers": None,
        "IsCheckedIn": False,
        "LastCheckedOn": None,
        "AvailabilityStatus": "Online",
        "Designation": None,
        "Department": None,
        **own,
        "Groups": [{"Id": name, "Name": name} for name in user.groups],
        "TeamId": None,
        "TeamName": user.team,
    }


def user_search(account: Account, request: Request) -> Answer:
    """User/AdvancedSearch: every condition of a group must hold, or one where the operators say OR."""
    content = request.parsed_object()
    requested = {name.lower() for name in requested_columns(content)}
    known = {name.lower(): name for name in _search_row(account.key_user)}
    conditions = _conditions(content)
    if (requested | {name.lower() for name, _, _, _ in conditions}) - set(known):
        # [SEEN] leadsquared-api §10
        raise Refusal("MXInvalidInputException", "User search has some invalid Attributes")
    rows = [_search_row(user) for user in account.store.users.values()]
    found = [row for row in rows if _meets(row, conditions, known)]
    # [SEEN] un-requested attributes come back as keys with null: leadsquared-api §10
    shown: list[FlatRow] = [
        {name: value if not requested or name.lower() in requested else None for name, value in row.items()}
        for row in found
    ]
    return json_answer({"Users": page_by_index(shown, object_in(content, "Paging"))})


def _search_row(user: User) -> FlatRow:
    # [SEEN] here UserId (not ID), StatusCode a string, Groups a comma string: leadsquared-api §10
    return {
        "UserId": user.id,
        "FirstName": user.first_name,
        "LastName": user.last_name,
        "EmailAddress": user.email,
        "Role": user.role,
        "StatusCode": "0" if user.active else "1",
        "Groups": ",".join(user.groups),
        "TeamName": user.team,
        "PhoneMain": user.phone,
        "TimeZone": user.time_zone,
    }


def _conditions(content: dict[str, object]) -> list[tuple[str, str, str, str]]:
    """Column, operator, value and the operator towards the next condition."""
    groups = content.get("GroupConditions")
    conditions = [
        condition
        for group in (groups if isinstance(groups, list) else [])
        if isinstance(group, dict)
        for condition in (group.get("Condition") or [])
        if isinstance(condition, dict)
    ]
    return [
        (
            text_in(each, "LookupName"),
            text_in(each, "Operator"),
            text_in(each, "LookupValue").lower(),
            text_in(each, "ConditionOperator"),
        )
        for each in conditions
    ]


def _meets(row: FlatRow, conditions: list[tuple[str, str, str, str]], known: dict[str, str]) -> bool:
    verdicts = []
    for column, operator, wanted, _ in conditions:
        value = (row[known[column.lower()]] or "").lower()
        verdicts.append(wanted in value if operator == "lik" else wanted == value)
    either = any(towards_next == "OR" for *_, towards_next in conditions)
    return any(verdicts) if either else all(verdicts)
