"""What the reads bring: good JSON in, records out. Tolerant as the fact sheet says: any key may be missing or null."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from activities.leadsquared.answers import as_flag, as_int, as_text, as_time, rows_of
from activities.leadsquared.records import (
    Activity,
    ActivityType,
    Field,
    Identity,
    Lead,
    Opportunity,
    OpportunityType,
    User,
)

FIRST_OPPORTUNITY_CODE: Final = 12000  # [SEEN] leadsquared-api §2
# Note and owner stand in every row of the portal, beside its own fields.
_STANDARD_FIELDS: Final = frozenset({"ActivityEvent_Note", "Owner"})
# Names of DataType and RenderType, lower case, as leadsquared-api §3 lists them; the render type says more.
_KINDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("string", "text", "title"), "text"),
    **dict.fromkeys(("textarea", "text area", "multiline", "multilinetext", "activityevent_note"), "long_text"),
    **dict.fromkeys(("number", "integer", "decimal", "currency"), "number"),
    **dict.fromkeys(("date", "dateonly", "duedate"), "date"),
    **dict.fromkeys(("datetime", "date time", "datetimepicker"), "date_time"),
    "time": "time",
    **dict.fromkeys(("boolean", "checkbox", "switch"), "boolean"),
    "email": "email",
    **dict.fromkeys(("phone", "mobile"), "phone"),
    **dict.fromkeys(("url", "website", "medialink"), "url"),
    **dict.fromkeys(("searchabledropdown", "dropdown", "select", "radio", "radiobuttons", "largeoptionset"), "choice"),
    **dict.fromkeys(("multiselect", "multi select"), "multiple_choice"),
    "activeusers": "user",
    "product": "product",
    "customobject": "field_set",
}


def identity(body: Any) -> Identity:
    """Read UserByAccessKey.Get (leadsquared-api §10)."""
    row = body if isinstance(body, dict) else next(iter(rows_of(body)), {})
    urls = row.get("LSQCommonServiceURLs")
    return Identity(
        user_id=as_text(row.get("Id") or row.get("ID")),
        user_name=as_text(row.get("Name")) or _full_name(row),
        email=as_text(row.get("EmailAddress") or row.get("Email")),
        role=as_text(row.get("Role")),
        time_zone=as_text(row.get("TimeZone")),
        organisation=as_text(row.get("OrgId")),
        organisation_code=as_text(row.get("OrgShortCode")),
        host=as_text(urls.get("api")) if isinstance(urls, dict) else "",
        default_country_code=as_text(row.get("DefaultCountryCode")),
    )


def users(body: Any) -> list[User]:
    """Read Users.Get, or User/AdvancedSearch, which spells its keys otherwise (§10)."""
    return [
        User(
            id=as_text(row.get("ID") or row.get("UserId") or row.get("UserID")),
            name=_full_name(row),
            email=as_text(row.get("EmailAddress")).strip(),
            role=as_text(row.get("Role")),
            active=as_int(row.get("StatusCode")) in {0, None},
        )
        for row in rows_of(body, "Users")
        if row.get("EmailAddress")
    ]


def leads(body: Any) -> list[Lead]:
    """Read flat lead objects (§9)."""
    return [
        Lead(
            id=as_text(row.get("ProspectID") or row.get("ProspectId")),
            name=_full_name(row),
            email=as_text(row.get("EmailAddress")),
            phone=as_text(row.get("Phone")),
            mobile=as_text(row.get("Mobile")),
            city=as_text(row.get("mx_City") or row.get("City")),
        )
        for row in rows_of(body, "Leads")
        if row.get("ProspectID") or row.get("ProspectId")
    ]


def opportunity_types(body: Any) -> list[OpportunityType]:
    """Read GetOpportunityTypes: the code is `EventCode` here (§8)."""
    named = ((as_int(row.get("EventCode")), as_text(row.get("DisplayName"))) for row in rows_of(body))
    return [OpportunityType(code, name or str(code)) for code, name in named if code is not None]


def activity_types(body: Any) -> list[ActivityType]:
    """Read ActivityTypes.Get without the opportunity types among them (§2)."""
    found = []
    for row in rows_of(body):
        code = as_int(row.get("ActivityEvent"))
        if code is not None and 0 < code < FIRST_OPPORTUNITY_CODE:
            name = as_text(row.get("DisplayName") or row.get("ActivityEventName"))
            found.append(ActivityType(code, name or str(code)))
    return found


def fields(body: Any) -> list[Field]:
    """Read GetActivitySetting: the fields a person may fill, in form order (§3)."""
    found = [_field(row) for row in rows_of(body, "Fields") if row.get("SchemaName")]
    return [
        each
        for each in sorted(found, key=lambda each: each.sequence)
        if each.schema_name not in _STANDARD_FIELDS and each.data_type and not each.read_only and each.shown
    ]


def options(body: Any) -> list[str]:
    """Read ActivityField/Dropdown/Options/Get (§4)."""
    listed = body.get("Options") if isinstance(body, dict) else body
    return [as_text(each) for each in listed if as_text(each)] if isinstance(listed, list) else []


def dependent_options(body: Any, child: str) -> list[str]:
    """Read the options of a dependent drop-down under one value of its parent (§4)."""
    rows = rows_of(body, "DependentFieldsOptionSet")
    named = [row for row in rows if as_text(row.get("FieldName")) == child] or (rows if len(rows) == 1 else [])
    return [option for row in named for option in options(row)]


def opportunities(body: Any, *, type_code: int | None = None, type_name: str = "") -> list[Opportunity]:
    """Read the flat rows of GetOpportunitiesOfLead (§5)."""
    return [
        Opportunity(
            id=as_text(row.get("OpportunityId") or row.get("ProspectActivityId")),
            lead_id=as_text(row.get("RelatedProspectId") or row.get("ProspectId")),
            type_code=as_int(row.get("OpportunityEvent")) or type_code,
            type_name=type_name,
            name=as_text(row.get("mx_Custom_1")),
            status=as_text(row.get("Status")),
            stage=as_text(row.get("mx_Custom_2")),
            owner_id=as_text(row.get("Owner")),
            owner_name=as_text(row.get("OwnerName")),
            owner_email=as_text(row.get("OwnerEmail")),
            amount=as_text(row.get("Amount") or row.get("mx_Custom_3")),
            created_at=as_time(row.get("CreatedOn")),
        )
        for row in rows_of(body)
        if row.get("OpportunityId") or row.get("ProspectActivityId")
    ]


def opportunity(body: Any) -> Opportunity:
    """Read GetOpportunityDetails: values stand in Fields[], times as /Date(…)/ (§6)."""
    row = body if isinstance(body, dict) else {}
    by_name = {as_text(each.get("SchemaName")): each for each in rows_of(row, "Fields")}
    values = {name: as_text(each.get("Value")) for name, each in by_name.items()}
    labels = {as_text(each.get("DisplayName")).lower(): as_text(each.get("Value")) for each in by_name.values()}
    return Opportunity(
        id=as_text(row.get("ID")),
        lead_id=as_text(row.get("RelatedProspectId")),
        type_code=as_int(row.get("EventCode")) or as_int(row.get("OpportunityEvent")),
        type_name=as_text(row.get("DisplayName") or row.get("Name")),
        name=values.get("mx_Custom_1", ""),
        status=values.get("Status", ""),
        stage=values.get("mx_Custom_2", ""),
        owner_id=values.get("Owner", ""),
        owner_name=as_text(by_name.get("Owner", {}).get("DisplayValue")) or values.get("OwnerName", ""),
        owner_email="",
        amount=next((value for label, value in labels.items() if "amount" in label), ""),
        created_at=as_time(row.get("CreatedOn")),
    )


def activities(body: Any, asked: Collection[str] = ()) -> list[Activity]:
    """Read flat rows of GetActivitiesOfOpportunity, or the nested ones of Retrieve (§11 A and B).

    Custom fields are read, and what was asked for besides: Status is a field without `mx_` (§8).
    """
    return [_activity(row, asked) for row in rows_of(body, "ProspectActivities") if _activity_id(row)]


def record_count(body: Any) -> int | None:
    """Return how many matches LeadSquared counts over all pages."""
    return as_int(body.get("RecordCount")) if isinstance(body, dict) else None


def server_time(date_header: str) -> datetime | None:
    """Return the time of an answer by LeadSquared's own clock."""
    try:
        found = parsedate_to_datetime(date_header)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


def _activity_id(row: Mapping[str, Any]) -> str:
    return as_text(row.get("ProspectActivityId") or row.get("Id") or row.get("ID")).lower()


def _activity(row: Mapping[str, Any], asked: Collection[str]) -> Activity:
    nested = row.get("ActivityFields")
    data = row.get("Data")
    flat: dict[str, Any] = dict(row)
    if isinstance(nested, dict):
        flat |= nested
    if isinstance(data, list):
        flat |= {as_text(each.get("Key")): each.get("Value") for each in data if isinstance(each, dict)}
    # [SEEN] the ~ of a field set's inner field may come as x007E: leadsquared-api §5
    named = {name.replace("x007E", "~"): value for name, value in flat.items()}
    fields = {name: value for name, value in named.items() if name.startswith("mx_") or name in asked}
    return Activity(
        id=_activity_id(row),
        code=as_int(row.get("ActivityEvent")) or as_int(row.get("EventCode")),
        note=as_text(flat.get("ActivityEvent_Note") or flat.get("NotableEventDescription")),
        owner=as_text(flat.get("OwnerEmail") or flat.get("OwnerName") or flat.get("Owner")),
        created_at=as_time(row.get("CreatedOn")),
        created_by=as_text(
            flat.get("CreatedByEmailAddress") or flat.get("CreatedByEmail") or flat.get("CreatedByName")
        ),
        owner_spellings=_spellings(flat, "Owner", "OwnerEmail", "OwnerName"),
        creator_spellings=_spellings(flat, "CreatedBy", "CreatedByEmailAddress", "CreatedByEmail", "CreatedByName"),
        values={name: as_text(value) for name, value in fields.items() if value not in (None, "")},
        told=frozenset(fields),
    )


def _spellings(row: Mapping[str, Any], *keys: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(as_text(row.get(key)) for key in keys if row.get(key)))


def _field(row: Mapping[str, Any], *, is_inner: bool = False) -> Field:
    """Read a field; a field set's inner ones hold no further ones, however deep the answer goes."""
    data_type, render_type = as_text(row.get("DataType")), as_text(row.get("RenderType"))
    rows = [] if is_inner else [each for each in rows_of(row, "Fields") if each.get("SchemaName")]
    inner = tuple(_field(each, is_inner=True) for each in rows)
    multiple = as_flag(row.get("IsMultiSelectDropdown"))
    parent = as_text(row.get("ParentField"))
    return Field(
        schema_name=as_text(row.get("SchemaName")),
        name=as_text(row.get("DisplayName")) or as_text(row.get("SchemaName")),
        data_type=data_type,
        render_type=render_type,
        kind=_kind(row, data_type, multiple=multiple, parent=parent),
        mandatory=as_flag(row.get("IsMandatory")),
        shown=row.get("ShowInForm") is None or as_flag(row.get("ShowInForm")),
        read_only=as_flag(row.get("IsReadOnly")) or as_flag(row.get("IsDerived")),
        sequence=as_int(row.get("Sequence")) or 0,
        parent=parent,
        options=tuple(_option_set(row.get("OptionSet"))),
        by_parent=_dependent_option_set(row.get("DependentOptionSet")),
        multiple=multiple,
        max_length=as_int(row.get("MaxFieldLength")) or None,
        fields=inner,
    )


def _kind(row: Mapping[str, Any], data_type: str, *, multiple: bool, parent: str) -> str:
    """Many types of LeadSquared's pages are a DataType plus a render type; unknown ones are text (§3)."""
    said = [as_text(row.get(key)) for key in ("RenderType", "StringRenderType")] + [data_type]
    kinds = [_KINDS[each.strip().lower()] for each in said if each.strip().lower() in _KINDS]
    kind = kinds[0] if kinds else "unknown"
    if _KINDS.get(data_type.lower()) == "field_set":
        return "field_set"
    if kind == "choice" or _KINDS.get(data_type.lower()) == "choice":
        if multiple:
            return "multiple_choice"
        return "dependent_choice" if parent else "choice"
    return kind


def _option_set(text: Any) -> Iterator[str]:
    """OptionSet is a string that holds JSON; the value to send is `Value` (§3)."""
    for each in _json_list(text):
        if isinstance(each, dict) and as_text(each.get("Value")):
            yield as_text(each.get("Value"))
        elif isinstance(each, str) and each:
            yield each


def _dependent_option_set(text: Any) -> dict[str, tuple[str, ...]]:
    """DependentOptionSet in the shape that its writers take: [{"Parent", "Options"}] (§4); others are not known."""
    by_parent = {}
    for each in _json_list(text):
        if isinstance(each, dict) and as_text(each.get("Parent")):
            listed = each.get("Options")
            by_parent[as_text(each["Parent"])] = tuple(_option_set(listed))
    return by_parent


def _json_list(text: Any) -> list[Any]:
    if isinstance(text, list):
        return text
    try:
        parsed = json.loads(as_text(text) or "[]")
    except (ValueError, RecursionError):
        return []
    return parsed if isinstance(parsed, list) else []


def _full_name(row: Mapping[str, Any]) -> str:
    return re.sub(r"\s+", " ", f"{as_text(row.get('FirstName'))} {as_text(row.get('LastName'))}").strip()
