"""Activity types, opportunity types, their fields and drop-down options (leadsquared-api §2, §3, §4, §8)."""

from __future__ import annotations

import json

from lsqportal.sandbox.account import Account, Request
from lsqportal.sandbox.answers import Answer, Refusal, json_answer, not_found
from lsqportal.sandbox.demo_types import STAGES
from lsqportal.sandbox.lists import number_in, object_in, page_of, text_in
from lsqportal.sandbox.records import ActivityType, Field

STATUS_OF_ACTIVITIES = ("Active", "Inactive")
STATUS_OF_OPPORTUNITIES = tuple(STAGES)  # [DOC + SEEN] fixed Open/Won/Lost: leadsquared-api §8
CUSTOM = 2  # EventType of a custom activity type


def activity_types(account: Account, request: Request) -> Answer:
    """The bare array. [SEEN] opportunity types (12000 and up) are in it: leadsquared-api §2."""
    return json_answer(
        [
            {
                "ID": kind.id,
                "ActivityEvent": kind.code,
                "ActivityEventName": kind.name,
                "DisplayName": kind.name,
                "Description": None,
                "Score": kind.score,
                "EventType": CUSTOM,
                "EventDirection": kind.direction,
                "Tags": None,
            }
            for kind in account.store.activity_types.values()
        ]
    )


def activity_setting(account: Account, request: Request) -> Answer:
    kind = _kind(account, request.query.get("code", ""))
    if kind is None:
        raise Refusal("MXInvalidActivityException", "Event Code is invalid or empty")
    return json_answer({"ID": kind.id, "Name": kind.name, "DisplayName": kind.name, "Fields": fields_of(kind)})


def _kind(account: Account, code: str) -> ActivityType | None:
    return account.store.activity_types.get(int(code)) if code.isascii() and code.isdecimal() else None


def fields_of(kind: ActivityType, values: dict[str, str | None] | None = None) -> list[dict[str, object]]:
    """A type's fields with their metadata, its standard fields first; with the values where there are any."""
    own = [_metadata(field, values or {}) for field in (*_standard_fields(kind), *kind.fields)]
    for each in own:
        each["IsDefault"] = not str(each["SchemaName"]).startswith("mx_")
    return own


def _standard_fields(kind: ActivityType) -> tuple[Field, ...]:
    status = STATUS_OF_OPPORTUNITIES if kind.is_opportunity_type else STATUS_OF_ACTIVITIES
    # `Sequence` is not unique: leadsquared-api §3
    return (
        Field("ActivityEvent_Note", "Notes", "String", "TextArea", sequence=1, max_length=4000),
        Field(
            "Status",
            "Status",
            "SearchableDropdown",
            mandatory=kind.is_opportunity_type,
            sequence=1,
            options=status,
            options_in_set=True,
        ),
        Field("Owner", "Owner", "ActiveUsers", sequence=2),
    )


def _metadata(field: Field, values: dict[str, str | None], outer: str = "") -> dict[str, object]:
    key = outer + field.schema_name
    row: dict[str, object] = {
        "SchemaName": field.schema_name,
        "InternalName": field.schema_name,
        "DisplayName": field.display_name,
        "Value": values.get(key),
        "DataType": field.data_type,
        "IsMandatory": field.mandatory,
        "ShowInForm": field.shown,
        "Sequence": field.sequence,
        "ParentField": field.parent,
        "OptionSet": _option_set(field.options) if field.options_in_set else "",
        "DependentOptionSet": _dependent_set(field),
        "IsReadOnly": False,
        "RenderType": field.render_type,
        "StringRenderType": field.render_type if field.data_type == "String" else None,
        "ExportAsPlainText": False,
        "IsMultiSelectDropdown": field.multi_select,
        "IncludeOthersOption": False,
        "BehaviorOnMissingDropdownOption": 0,
        "IsOthersValue": False,
        "InternalSchemaName": None,
        "CustomObjectType": 2 if field.inner else None,
        "MaxFieldLength": field.max_length,
        "IsViewRestrictedField": False,
        "IsSortable": True,
        "IsEncrypted": False,
        "DisplayValue": None,
        "IsMasked": False,
    }
    if field.data_type is None:
        row["IsDerived"] = True  # [SEEN] derived rows have no DataType: leadsquared-api §3
    if field.inner:
        # [GUESS] the sheet does not say where the inner fields stand; writes nest them under Fields (§1e)
        row["Fields"] = [_metadata(inner, values, f"{field.schema_name}~") for inner in field.inner]
    return row


def _option_set(options: tuple[str, ...]) -> str:
    # A string that holds JSON; Text is usually empty, the value to send is Value: leadsquared-api §3
    return json.dumps(
        [
            {
                "IsDefault": False,
                "Text": "",
                "Value": value,
                "CanDelete": 1,
                "CanEdit": 1,
                "IsLastOption": int(place == len(options) - 1),
                "Order": place,
            }
            for place, value in enumerate(options)
        ]
    )


def _dependent_set(field: Field) -> str:
    # [GUESS] "likewise a string": its inside is not documented, this follows DependentFieldOptions/Push (§4)
    if not field.parent:
        return ""
    return json.dumps([{"Parent": parent, "Options": list(options)} for parent, options in field.options_by_parent])


def opportunity_types(account: Account, request: Request) -> Answer:
    # [SEEN] a bare array, the code key is EventCode, Fields is null: leadsquared-api §8
    return json_answer(
        [
            {"EventCode": kind.code, "DisplayName": kind.name, "CanDelete": True, "Fields": None}
            for kind in account.store.activity_types.values()
            if kind.is_opportunity_type
        ]
    )


def opportunity_type(account: Account, request: Request) -> Answer:
    kind = _kind(account, request.query.get("code", ""))
    if kind is None or not kind.is_opportunity_type:
        return json_answer({})  # [SEEN] leadsquared-api §8
    return json_answer(
        {
            "AllowAttachments": True,
            "CanDelete": True,
            "Description": "",
            "DisplayName": kind.name,
            "EventCode": kind.code,
            "Fields": fields_of(kind),
        }
    )


def options(account: Account, request: Request) -> Answer:
    """ActivityField/Dropdown/Options/Get: the options of one independent drop-down."""
    content = request.parsed_object()
    parameter = object_in(content, "Parameter")
    kind = _kind(account, text_in(parameter, "ActivityEventCode"))
    field = kind.field(text_in(parameter, "SchemaName")) if kind and not kind.is_opportunity_type else None
    if field and field.inner:
        wanted = text_in(parameter, "CustomObjectSchemaName")
        field = next((inner for inner in field.inner if inner.schema_name == wanted), None)
    if field is None or not field.is_drop_down or field.parent:
        # [SEEN] refuses dependent drop-downs and opportunity codes: leadsquared-api §4
        raise Refusal("MXInvalidInputException", "Activity field should be of type independent dropdown")
    paging = object_in(content, "Paging")
    size = number_in(paging, "PageSize", len(field.options))
    return json_answer({"Options": page_of(list(field.options), number_in(paging, "PageIndex", 1), size)})


def dependent_options(account: Account, request: Request) -> Answer:
    """The options that a parent's value leaves; the call whose address is our guess (routes.py)."""
    if account.switches.word("dependent_options_call") == "not_found":
        return not_found()
    parameter = object_in(request.parsed_object(), "Parameter")
    kind = _kind(account, text_in(parameter, "ActivityEventCode"))
    parent, child = text_in(parameter, "ParentSchemaName"), text_in(parameter, "ChildSchemaName")
    children = [field for field in (kind.fields if kind else ()) if field.parent and field.parent == parent]
    if not children:
        raise Refusal("MXInvalidInputException", "Activity field should be of type dependent dropdown")
    return json_answer(
        {
            "DependentFieldsOptionSet": [
                {
                    "DisplayName": field.display_name,
                    "FieldName": field.schema_name,
                    "Options": list(field.options_under(text_in(parameter, "ParentFieldValue"))),
                }
                for field in children
                if child in {"", field.schema_name}
            ]
        }
    )
