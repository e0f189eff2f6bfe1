"""Activity types, their fields and options as leadsquared-api §2, §3, §4 and §8 describe them."""

from __future__ import annotations

import json

import pytest

OPTIONS = "ProspectActivity.svc/ActivityField/Dropdown/Options/Get"
DEPENDENT = "ProspectActivity.svc/ActivityField/DependentDropdown/Options/Get"


def fields(crm, code):
    setting = crm.get("ProspectActivity.svc/CustomActivity/GetActivitySetting", code=code).json
    return {field["SchemaName"]: field for field in setting["Fields"]}


def test_the_list_of_activity_types_is_a_bare_array(crm):
    kinds = crm.get("ProspectActivity.svc/ActivityTypes.Get").json

    kyc = next(kind for kind in kinds if kind["ActivityEvent"] == 208)
    assert (kyc["DisplayName"], kyc["EventType"], kyc["Score"]) == ("KYC visit", 2, 0)
    assert {"ID", "ActivityEventName", "EventDirection", "Tags"} <= set(kyc)


def test_the_list_of_activity_types_holds_opportunity_types_too(crm):
    codes = [kind["ActivityEvent"] for kind in crm.get("ProspectActivity.svc/ActivityTypes.Get").json]

    assert len([code for code in codes if code < 12000]) == 25
    assert {12000, 12004} <= set(codes)


def test_the_list_of_activity_types_leaves_system_codes_out(crm):
    codes = [kind["ActivityEvent"] for kind in crm.get("ProspectActivity.svc/ActivityTypes.Get").json]

    assert not {3001, 3002, 3011} & set(codes)


def test_a_setting_has_the_documented_keys(crm):
    setting = crm.get("ProspectActivity.svc/CustomActivity/GetActivitySetting", code=231).json

    assert set(setting) == {"ID", "Name", "DisplayName", "Fields"}
    assert {
        "SchemaName",
        "InternalName",
        "DisplayName",
        "Value",
        "DataType",
        "IsMandatory",
        "ShowInForm",
        "Sequence",
        "ParentField",
        "OptionSet",
        "DependentOptionSet",
        "IsDefault",
        "IsReadOnly",
        "RenderType",
        "IsMultiSelectDropdown",
        "MaxFieldLength",
    } <= set(setting["Fields"][0])


def test_a_setting_names_the_standard_fields_without_mx(crm):
    own = fields(crm, 208)

    assert {"ActivityEvent_Note", "Status", "Owner"} == {name for name in own if not name.startswith("mx_")}
    assert own["Owner"]["DataType"] == "ActiveUsers"
    assert own["Status"]["IsDefault"] is True


def test_sequence_is_not_unique(crm):
    places = [field["Sequence"] for field in fields(crm, 208).values()]

    assert len(places) > len(set(places))


def test_the_setting_of_an_unknown_code_is_refused(crm):
    answer = crm.get("ProspectActivity.svc/CustomActivity/GetActivitySetting", code=999)

    assert (answer.status, answer.json["ExceptionMessage"]) == (500, "Event Code is invalid or empty")


def test_an_option_set_is_json_in_a_string(crm):
    options = json.loads(fields(crm, 208)["mx_Custom_1"]["OptionSet"])

    assert [option["Value"] for option in options][:2] == ["Met applicant", "Met co-applicant"]
    assert {option["Text"] for option in options} == {""}
    assert options[0]["IsDefault"] is False
    assert options[0]["CanDelete"] == 1


def test_an_option_set_may_be_empty_although_there_are_options(crm):
    answer = crm.post(OPTIONS, {"Parameter": {"SchemaName": "mx_Custom_5", "ActivityEventCode": 208}})

    assert fields(crm, 208)["mx_Custom_5"]["OptionSet"] == ""
    assert answer.json == {"Options": ["Current residence", "Permanent residence", "Office"]}


def test_the_types_together_use_every_kind_of_field(crm, sandbox):
    codes = [kind.code for kind in sandbox.activity_types if not kind.is_opportunity_type]
    every = [field for code in codes for field in fields(crm, code).values()]

    assert {field["DataType"] for field in every} >= {
        "String",
        "Number",
        "DateTime",
        "Time",
        "Boolean",
        "Email",
        "Phone",
        "Website",
        "SearchableDropdown",
        "ActiveUsers",
        "Product",
        "CustomObject",
        "GeoLocation",
        "BiometricTemplate",
        None,
    }
    assert {field["RenderType"] for field in every} >= {
        "Text",
        "TextArea",
        "Date",
        "DateTime",
        "Email",
        "Phone",
        "URL",
    }


def test_a_multi_select_is_marked_within_its_drop_down_type(crm):
    field = fields(crm, 208)["mx_Custom_4"]

    assert (field["DataType"], field["IsMultiSelectDropdown"]) == ("SearchableDropdown", True)


def test_a_dependent_field_names_its_parent(crm):
    field = fields(crm, 214)["mx_Custom_2"]

    assert field["ParentField"] == "mx_Custom_1"
    assert isinstance(field["DependentOptionSet"], str)
    assert "Switched off" in field["DependentOptionSet"]


def test_a_derived_field_has_no_data_type(crm):
    field = fields(crm, 270)["mx_Custom_6"]

    assert (field["DataType"], field["IsDerived"]) == (None, True)


def test_a_custom_field_set_carries_its_inner_fields(crm):
    field = fields(crm, 222)["mx_Custom_1"]

    assert (field["DataType"], field["CustomObjectType"]) == ("CustomObject", 2)
    assert [inner["SchemaName"] for inner in field["Fields"]][:2] == [
        "mx_CustomObject_1",
        "mx_CustomObject_2",
    ]


def test_a_field_is_in_another_slot_in_another_type(crm):
    slots = {
        code: name
        for code in (208, 214, 231)
        for name, field in fields(crm, code).items()
        if field["DisplayName"] == "Portal reference"
    }

    assert slots == {208: "mx_Custom_9", 214: "mx_Custom_7", 231: "mx_Custom_8"}


def test_options_page(crm):
    content = {
        "Parameter": {"SchemaName": "mx_Custom_1", "ActivityEventCode": 231},
        "Paging": {"PageIndex": 2, "PageSize": 3},
    }

    assert crm.post(OPTIONS, content).json["Options"] == [
        "Bank statement (6 months)",
        "PAN card",
        "Aadhaar",
    ]


def test_options_of_an_inner_field_are_asked_for_by_both_names(crm):
    parameter = {
        "SchemaName": "mx_Custom_1",
        "CustomObjectSchemaName": "mx_CustomObject_3",
        "ActivityEventCode": 222,
    }

    assert "Nashik" in crm.post(OPTIONS, {"Parameter": parameter}).json["Options"]


@pytest.mark.parametrize(
    ("code", "name"),
    [(214, "mx_Custom_2"), (12000, "mx_Custom_2"), (208, "mx_Custom_2"), (999, "mx_Custom_1")],
)
def test_options_are_refused_for_dependent_and_other_fields_and_opportunities(crm, code, name):
    answer = crm.post(OPTIONS, {"Parameter": {"SchemaName": name, "ActivityEventCode": code}})

    assert answer.status == 500
    assert answer.json["ExceptionMessage"] == "Activity field should be of type independent dropdown"


def test_dependent_options_follow_the_parents_value(crm):
    parameter = {
        "ParentSchemaName": "mx_Custom_1",
        "ParentFieldValue": "Not reachable",
        "ActivityEventCode": 214,
    }

    assert crm.post(DEPENDENT, {"Parameter": parameter}).json == {
        "DependentFieldsOptionSet": [
            {
                "DisplayName": "Reason",
                "FieldName": "mx_Custom_2",
                "Options": ["Switched off", "No answer", "Wrong number"],
            }
        ]
    }


def test_dependent_options_under_an_unknown_value_are_none(crm):
    parameter = {"ParentSchemaName": "mx_Custom_1", "ParentFieldValue": "x", "ActivityEventCode": 214}

    (found,) = crm.post(DEPENDENT, {"Parameter": parameter}).json["DependentFieldsOptionSet"]

    assert found["Options"] == []


def test_the_call_for_dependent_options_may_not_exist(crm, sandbox):
    sandbox.switch(dependent_options_call="not_found")

    assert crm.post(DEPENDENT, {"Parameter": {}}).status == 404


def test_opportunity_types_are_a_bare_array_with_event_code(crm):
    kinds = crm.get("OpportunityManagement.svc/GetOpportunityTypes").json

    assert kinds[0] == {"EventCode": 12000, "DisplayName": "Home loan", "CanDelete": True, "Fields": None}


def test_the_metadata_of_an_opportunity_type_has_name_stage_and_status(crm):
    metadata = crm.get("OpportunityManagement.svc/GetOpportunityTypeMetadata", code=12000).json

    own = {field["SchemaName"]: field for field in metadata["Fields"]}
    assert metadata["EventCode"] == 12000
    assert own["mx_Custom_1"]["IsMandatory"] is True
    assert own["mx_Custom_1"]["Value"] is None
    assert own["mx_Custom_2"]["ParentField"] == "Status"
    assert [each["Value"] for each in json.loads(own["Status"]["OptionSet"])] == ["Open", "Won", "Lost"]


def test_the_metadata_of_an_unknown_opportunity_type_is_an_empty_object(crm):
    answer = crm.get("OpportunityManagement.svc/GetOpportunityTypeMetadata", code=12999)

    assert (answer.status, answer.json) == (200, {})
