"""Reading activities back: of an opportunity, of a lead, by id (leadsquared-api §11, calls A, B and C)."""

from __future__ import annotations

from lsqportal.sandbox.account import Account, Request
from lsqportal.sandbox.answers import Answer, Refusal, as_us_time, json_answer
from lsqportal.sandbox.lists import (
    DEFAULT_ROWS,
    MAX_ROWS,
    FlatRow,
    in_order,
    number_in,
    object_in,
    page_of,
    requested_columns,
    text_in,
    with_columns,
)
from lsqportal.sandbox.metadata import fields_of
from lsqportal.sandbox.opportunities import field_values, kind_of, listed
from lsqportal.sandbox.records import Activity, Opportunity

IDENTITY = ("ProspectId", "ProspectActivityId", "RelatedProspectId", "ActivityEvent")
DEFAULT_COLUMNS = ("ActivityEvent_Note", "ActivityType", "CreatedOn", "ModifiedOn", "Status")
CREATOR_COLUMNS = ("CreatedBy", "CreatedByName", "CreatedByEmailAddress", "CreatedByEmail")
SYSTEM_NAMES = {3001: "Owner change", 3002: "Stage change"}


def of_opportunity(account: Account, request: Request) -> Answer:
    """A. GetActivitiesOfOpportunity: flat rows, from an index that may lag."""
    content = request.parsed_object()
    code = request.query.get("activityEventCode", "")
    if not code and account.switches.word("activity_code_required") == "yes":
        raise Refusal("MXMandatoryAttributeMissingException", "activityEventCode is mandatory")
    held = [
        each
        for each in account.store.activities(opportunity_id=request.id_in("opportunityId"))
        if code in {"", str(each.code)}
    ]
    found = [each for each in held if listed(account, each.written_at)]
    rows = in_order([_flat_row(account, each) for each in found], content, "CreatedOn")
    columns = requested_columns(content)
    shown = [with_columns(row, IDENTITY, DEFAULT_COLUMNS, columns) for row in rows]
    ahead = account.switches.word("record_count") == "ahead"
    return json_answer(
        {
            "RecordCount": len(held) if ahead else len(shown),
            "List": _page(account, request, shown, object_in(content, "Paging")),
        }
    )


def _page(account: Account, request: Request, rows: list[FlatRow], paging: dict[str, object]) -> list[FlatRow]:
    """[DOC] prose says Offset/RowCount, sample says PageIndex/PageSize: leadsquared-api §11, §19.9."""
    keys = "ignored" if "paging" in request.alterations else account.switches.word("activity_paging")
    index, size = 1, DEFAULT_ROWS
    if keys in {"page_index", "both"}:
        index, size = number_in(paging, "PageIndex", index), number_in(paging, "PageSize", size)
    if keys in {"offset", "both"}:
        index, size = number_in(paging, "Offset", index), number_in(paging, "RowCount", size)
    largest = int(account.switches.number("activity_page_size"))
    if size > largest and account.switches.word("over_page_size") == "error":
        raise Refusal("MXInvalidInputException", f"PageSize can not be more than {largest}")
    return page_of(rows, index, min(size, largest))


def _flat_row(account: Account, activity: Activity) -> FlatRow:
    owner = account.store.user_by_email(activity.owner_email)
    creator = account.store.user_by_email(activity.created_by_email)
    kind = account.store.activity_types.get(activity.code)
    row: FlatRow = {field.schema_name: None for field in (kind.fields if kind else ())}
    row.update(activity.values)
    row.update(
        {
            "ProspectId": activity.lead_id,
            "ProspectActivityId": activity.id,
            "RelatedProspectId": activity.lead_id,
            "ActivityEvent": str(activity.code),
            "ActivityEvent_Note": activity.note,
            "ActivityType": "2",
            "CreatedOn": activity.created_on,
            "ModifiedOn": activity.created_on,
            "Status": activity.values.get("Status", "Active"),
            "Owner": owner.id if owner else None,
            "OwnerName": owner.name if owner else None,
        }
    )
    if creator and account.switches.word("creator_columns") == "served":
        row.update(zip(CREATOR_COLUMNS, (creator.id, creator.name, creator.email, creator.email), strict=True))
    return row


def of_lead(account: Account, request: Request) -> Answer:
    """B. Retrieve: the lead's whole trail, immediate; opportunities and 3011 mirror rows are on it too."""
    content = request.parsed_object()
    lead_id = request.id_in("leadId")
    code = text_in(object_in(content, "Parameter"), "ActivityEvent")
    rows = [_trail_row(account, each) for each in account.store.activities(lead_id=lead_id)]
    for opportunity in list(account.store.opportunities.values()):
        if opportunity.lead_id == lead_id:
            rows += _opportunity_rows(account, opportunity)
    found = [row for row in rows if code in {"", str(row["EventCode"])}]
    found.sort(key=lambda row: str(row["CreatedOn"]), reverse=True)
    return json_answer(
        {
            "RecordCount": len(found),
            "ProspectActivities": _trail_page(account, found, object_in(content, "Paging")),
        }
    )


def _trail_page(account: Account, rows: list[dict[str, object]], paging: dict[str, object]) -> list[dict[str, object]]:
    """[DOC + SEEN] Offset/RowCount as texts, PageIndex/PageSize also accepted: leadsquared-api §11."""
    size = min(number_in(paging, "RowCount", number_in(paging, "PageSize", DEFAULT_ROWS)), MAX_ROWS)
    if "Offset" not in paging:
        return page_of(rows, number_in(paging, "PageIndex", 1), size)
    offset = number_in(paging, "Offset", 0)
    counts = account.switches.word("trail_offset")
    if counts == "row":
        return rows[offset : offset + size]
    return page_of(rows, offset + (counts == "page_from_0"), size)


def _trail_row(account: Account, activity: Activity) -> dict[str, object]:
    kind = account.store.activity_types.get(activity.code)
    name = kind.name if kind else SYSTEM_NAMES.get(activity.code, "System")
    owner = account.store.user_by_email(activity.owner_email)
    creator = account.store.user_by_email(activity.created_by_email)
    values = {
        "ActivityEvent_Note": activity.note,
        "Owner": owner.id if owner else "",
        "Status": "Active",
        **activity.values,
    }
    row = _bare_trail_row(activity.id, activity.code, name, activity.lead_id, activity.created_on, values)
    row["ActivityFields"] = {
        **values,
        "CreatedBy": creator.id if creator else None,
        "CreatedByName": creator.name if creator else None,
        # [SEEN] US order inside ActivityFields: leadsquared-api §11, §18
        "CreatedOn": as_us_time(activity.created_on),
    }
    if account.switches.word("trail_names_opportunity") == "yes":
        row["RelatedOpportunityId"] = activity.opportunity_id
    return row


def _bare_trail_row(
    activity_id: str, code: int, name: str, lead_id: str, created_on: str, values: dict[str, str]
) -> dict[str, object]:
    return {
        "Id": activity_id,
        "EventCode": code,
        "EventName": name,
        "ActivityScore": 0,
        "CreatedOn": created_on,
        "ModifiedOn": created_on,
        "ActivityType": 2,
        "Type": "Inbound",
        "IsEmailType": False,
        "SessionId": None,
        "TrackLocation": None,
        "Latitude": None,
        "Longitude": None,
        "RelatedProspectId": lead_id,
        "SourceData": None,
        "Data": [{"Key": key, "Value": value} for key, value in values.items() if value],
        "ActivityFields": dict(values),
    }


def _opportunity_rows(account: Account, opportunity: Opportunity) -> list[dict[str, object]]:
    """[SEEN] an opportunity is an activity of event 12000+; 3011 mirror rows share its Id: §6, §11."""
    values = {key: value for key, value in field_values(opportunity).items() if value}
    return [
        _bare_trail_row(opportunity.id, code, name, opportunity.lead_id, opportunity.created_on, values)
        for code, name in (
            (opportunity.code, kind_of(account, opportunity).name),
            (3011, "Opportunity mirror"),
        )
    ]


def details(account: Account, request: Request) -> Answer:
    """C. GetActivityDetails: the type's fields with their values; no author, no time."""
    wanted = request.id_in("activityId")
    activity, opportunity = account.store.activity(wanted), account.store.opportunities.get(wanted)
    kind = account.store.activity_types.get(activity.code) if activity else None
    if activity and kind:
        owner = account.store.user_by_email(activity.owner_email)
        values: dict[str, str | None] = {
            "Status": "Active",
            **activity.values,
            "Owner": owner.id if owner else None,
            "ActivityEvent_Note": activity.note,
        }
    elif opportunity:
        kind, values = kind_of(account, opportunity), field_values(opportunity)
    else:
        # [SEEN] leadsquared-api §11
        raise Refusal("MXUnknownProspectActivityException", "Activity does not exist.")
    fields = fields_of(kind, values) if kind else []
    return json_answer({"ID": wanted, "Name": kind and kind.name, "DisplayName": kind and kind.name, "Fields": fields})
