"""OpportunityManagement.svc: the opportunities of a lead and by id (leadsquared-api §5, §6, §7)."""

from __future__ import annotations

from lsqportal.sandbox.account import Account, Request
from lsqportal.sandbox.answers import Answer, Refusal, as_microsoft_time, as_us_time, json_answer
from lsqportal.sandbox.lists import (
    FlatRow,
    in_order,
    object_in,
    page_by_index,
    requested_columns,
    text_in,
    with_columns,
)
from lsqportal.sandbox.metadata import fields_of
from lsqportal.sandbox.records import ActivityType, Lead, Opportunity

IDENTITY = (
    "ProspectId",
    "OpportunityId",
    "RelatedProspectId",
    "OpportunityEvent",
    "OpportunityEventType",
    "FirstName",
)
DEFAULT_COLUMNS = (
    "LastName",
    "EmailAddress",
    "Phone",
    "OpportunityNote",
    "Status",
    "Owner",
    "OwnerName",
    "mx_Custom_1",
    "mx_Custom_2",
    "CreatedOn",
    "ModifiedOn",
)


def of_lead(account: Account, request: Request) -> Answer:
    """GetOpportunitiesOfLead, served from an index that lags."""
    content = request.parsed_object()
    code = request.query.get("opportunityType", "")
    if not code and account.switches.word("opportunity_type_required") == "yes":
        # [SEEN] on one live account: leadsquared-api §5, §19.8
        raise Refusal("MXMandatoryAttributeMissingException", "opportunityType is mandatory")
    lead = account.store.leads.get(request.id_in("leadId"))
    found = [
        each
        for each in list(account.store.opportunities.values())
        if lead and each.lead_id == lead.id and code in {"", str(each.code)} and listed(account, each.written_at)
    ]
    rows = in_order([flat_row(account, each) for each in found], content, "CreatedOn")
    columns = requested_columns(content)
    shown = [with_columns(row, IDENTITY, DEFAULT_COLUMNS, columns) for row in rows]
    # [SEEN] RecordCount is the total, not the rows of the page: leadsquared-api §5
    return json_answer({"RecordCount": len(shown), "List": page_by_index(shown, object_in(content, "Paging"))})


def listed(account: Account, written_at: float) -> bool:
    """Whether the index behind the opportunity lists already has it: leadsquared-api §5, §19.9."""
    return written_at + account.switches.number("index_lag_seconds") <= account.real_time()


def flat_row(account: Account, opportunity: Opportunity) -> FlatRow:
    """Every column that the lists know. [SEEN] all values strings or null: leadsquared-api §5."""
    lead = account.store.leads[opportunity.lead_id]
    owner = account.store.users[opportunity.owner_id]
    creator = account.store.users[opportunity.created_by_id]
    return {
        "ProspectId": lead.id,
        "OpportunityId": opportunity.id,
        "ProspectActivityId": opportunity.id,
        "RelatedProspectId": lead.id,
        "OpportunityEvent": str(opportunity.code),
        "OpportunityEventType": "2",
        "FirstName": lead.first_name,
        "OpportunityNote": opportunity.note,
        "Owner": owner.id,
        "OwnerName": owner.name,
        **_lead_columns(account, lead),
        **_own_values(opportunity),
        "CreatedBy": creator.id,
        "CreatedByName": creator.name,
        "CreatedByEmail": creator.email,
        "CreatedOn": opportunity.created_on,
        "ModifiedOn": opportunity.modified_on,
        "OpportunityAge": "0",
        "Score": "0",
        "StatusReason": None,
    }


def _lead_columns(account: Account, lead: Lead) -> FlatRow:
    owner = account.store.users[lead.owner_id]
    return {
        "LastName": lead.last_name,
        "LeadName": lead.name,
        "P_FirstName": lead.first_name,
        "P_LastName": lead.last_name,
        "P_OwnerIdName": owner.name,
        "POwnerEmail": owner.email,
        "Phone": lead.phone,
        "EmailAddress": lead.email,
    }


def _own_values(opportunity: Opportunity) -> FlatRow:
    return {
        "Status": opportunity.status,
        "mx_Custom_1": opportunity.name,
        "mx_Custom_2": opportunity.stage,
        "mx_Custom_3": str(opportunity.amount),
    }


def details(account: Account, request: Request) -> Answer:
    """GetOpportunityDetails. [SEEN] OpportunityId and opportunityId both accepted: leadsquared-api §6."""
    wanted = request.id_in("OpportunityId") or request.id_in("opportunityId")
    opportunity = account.store.opportunities.get(wanted)
    if opportunity is None:
        # [SEEN] HTTP 500, not 404: leadsquared-api §6
        raise Refusal(None, "Opportunity does not exist")
    kind = kind_of(account, opportunity)
    creator = account.user_name(opportunity.created_by_id)
    return json_answer(
        {
            "ID": opportunity.id,
            "Name": kind.name,
            "DisplayName": kind.name,
            "Fields": fields_of(kind, field_values(opportunity)),
            "RelatedProspectId": opportunity.lead_id,
            "OpportunityNote": opportunity.note or "",
            # [SEEN] this one call uses the Microsoft form: leadsquared-api §6
            "CreatedOn": as_microsoft_time(opportunity.created_on),
            "ModifiedOn": as_microsoft_time(opportunity.modified_on),
            "CreatedByName": creator,
            "ModifiedByName": creator,
        }
    )


def kind_of(account: Account, opportunity: Opportunity) -> ActivityType:
    return account.store.activity_types[opportunity.code]


def field_values(opportunity: Opportunity) -> dict[str, str | None]:
    return {**_own_values(opportunity), "Owner": opportunity.owner_id, "ActivityEvent_Note": opportunity.note}


def by_ids(account: Account, request: Request) -> Answer:
    """GetOpportunitiesById: an array with one element per search."""
    searches = request.parsed_object().get("SearchParameters")
    if not isinstance(searches, list):
        raise Refusal("ArgumentNullException", "Value cannot be null. Parameter name: source")
    return json_answer([_found(account, search) for search in searches if isinstance(search, dict)])


def _found(account: Account, search: dict[str, object]) -> dict[str, object]:
    columns = requested_columns(search)
    if not columns:
        # [DOC] Include_CSV is mandatory here: leadsquared-api §7
        raise Refusal("MXMandatoryAttributeMissingException", "Include_CSV is mandatory")
    ids, code = search.get("ProspectActivityId"), text_in(search, "EventCode")
    known = account.store.opportunities
    found = [known[each] for each in (ids if isinstance(ids, list) else []) if isinstance(each, str) and each in known]
    rows = [flat_row(account, each) for each in found if str(each.code) == code]
    for row in rows:
        # [DOC] US order in this call: leadsquared-api §7
        row["CreatedOn"] = as_us_time(row["CreatedOn"] or "")
        row["ModifiedOn"] = as_us_time(row["ModifiedOn"] or "")
    shown = [with_columns(row, ("ProspectId", "ProspectActivityId"), (), columns) for row in rows]
    return {"EventCode": search.get("EventCode"), "RecordCount": len(shown), "Opportunities": shown}
