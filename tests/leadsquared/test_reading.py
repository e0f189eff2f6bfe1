"""What reads bring, with every key missing, null or of a wrong type (leadsquared-api §2 to §11, §18)."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from activities.leadsquared import reading
from activities.leadsquared.answers import as_int, as_text, as_time, read
from activities.leadsquared.records import ActivityType, Field, Lead, OpportunityType, User

READERS = (
    reading.identity,
    reading.users,
    reading.leads,
    reading.opportunity_types,
    reading.activity_types,
    reading.fields,
    reading.options,
    lambda body: reading.dependent_options(body, "mx_Custom_2"),
    reading.opportunities,
    reading.opportunity,
    reading.activities,
    reading.record_count,
)
LIST_KEYS = ("List", "Users", "Leads", "Fields", "Options", "DependentFieldsOptionSet", "ProspectActivities", "Data")
ROW_KEYS = (
    *("ID", "Id", "UserId", "ProspectID", "ProspectId", "OpportunityId", "ProspectActivityId", "RelatedProspectId"),
    *("FirstName", "LastName", "EmailAddress", "Phone", "StatusCode", "EventCode", "ActivityEvent", "DisplayName"),
    *("SchemaName", "DataType", "RenderType", "IsMandatory", "ShowInForm", "Sequence", "ParentField", "OptionSet"),
    *("DependentOptionSet", "MaxFieldLength", "ActivityFields", "CreatedOn", "Key", "Value", "FieldName"),
    *("RecordCount", "LSQCommonServiceURLs", "Owner", "OwnerName", "Status", "mx_Custom_1", "mx_Custom_2"),
)

scalars = some.none() | some.booleans() | some.integers() | some.floats() | some.text() | some.sampled_from(ROW_KEYS)
anything = some.recursive(
    scalars,
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(some.sampled_from(LIST_KEYS + ROW_KEYS) | some.text(), inner, max_size=6)
    ),
    max_leaves=20,
)


def parsed(content: object) -> object:
    return read(200, json.dumps(content).encode())


# Whatever comes


@pytest.mark.parametrize("reader", READERS, ids=lambda each: each.__name__)
@given(body=anything)
def test_no_reader_raises_whatever_the_answer_holds(reader, body):
    reader(body)


@given(body=anything)
def test_whatever_is_read_can_be_stored_as_text_and_as_json(body):
    users = [dataclasses.asdict(each) for each in reading.users(body)]
    fields = [dataclasses.asdict(each) for each in reading.fields(body)]

    stored = json.dumps([users, fields], ensure_ascii=False)

    assert "\\u0000" not in stored
    assert stored.encode()


@pytest.mark.parametrize("reader", READERS, ids=lambda each: each.__name__)
@settings(max_examples=20)
@given(depth=some.integers(100, 500))
def test_lists_nested_almost_too_deep_to_parse_do_not_raise(reader, depth):
    body = parsed([{key: _nested(depth) for key in ("SchemaName", "Fields", "Value", "mx_Custom_1")}])

    reader(body)


def _nested(depth: int) -> object:
    content: object = "x"
    for _ in range(depth):
        content = [content]
    return content


def test_field_sets_in_field_sets_are_read_one_level_deep():
    row: dict[str, object] = {"SchemaName": "mx_CustomObject_1", "DataType": "String"}
    for _ in range(300):
        row = {"SchemaName": "mx_Custom_1", "DataType": "CustomObject", "Fields": [row]}

    (field,) = reading.fields({"Fields": [row]})

    assert (len(field.fields), field.fields[0].fields) == (1, ())


@given(header=some.text(max_size=200))
@example(header="Mon, 01 Jan 2031 00:00:00 +99999999999999999999")
@example(header="Mon, 01 Jan 0001 00:00:00 +2359")
def test_no_date_header_raises(header):
    found = reading.server_time(header)

    assert found is None or found.tzinfo is UTC


@given(text=some.text() | some.from_regex(r"/Date\(-?\d{1,17}\)/", fullmatch=True))
def test_no_time_raises(text):
    found = as_time(text)

    assert found is None or found.tzinfo is UTC


# Times, numbers and texts


@pytest.mark.parametrize(
    "written",
    [
        "2031-02-03 09:10:11",
        "2031-02-03 09:10:11.000",
        "2/3/2031 9:10:11 AM",
        "/Date(1927876211000+0000)/",
        "/Date(1927876211000)/",
        "/Date(1927876211000+0530)/",
    ],
)
def test_all_forms_of_a_time_are_the_same_time(written):
    assert as_time(written) == datetime(2031, 2, 3, 9, 10, 11, tzinfo=UTC)


def test_noon_and_midnight_of_the_american_form_are_told_apart():
    assert as_time("7/31/2031 12:00:00 AM") == datetime(2031, 7, 31, 0, tzinfo=UTC)
    assert as_time("7/31/2031 12:00:00 PM") == datetime(2031, 7, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "written", ["", None, 5, "yesterday", "31/12/2031 9:00:00 AM", "/Date(x)/", "2031-02-30 00:00:00"]
)
def test_what_is_no_time_is_none(written):
    assert as_time(written) is None


def test_the_servers_time_without_a_zone_is_utc():
    assert reading.server_time("Mon, 03 Feb 2031 09:10:11 -0000") == datetime(2031, 2, 3, 9, 10, 11, tzinfo=UTC)


@pytest.mark.parametrize(("given_as", "expected"), [(5, 5), (" 5 ", 5), (True, None), (5.0, None), ("5.0", None)])
def test_numbers_come_as_text_too(given_as, expected):
    assert as_int(given_as) == expected


def test_half_of_a_surrogate_pair_and_nul_are_not_stored():
    assert as_text("a\x00b\ud83d") == "ab?"


def test_a_value_nested_too_deep_to_be_written_is_empty():
    assert as_text(_nested(100_000)) == ""


# Users and leads


def test_a_user_of_the_search_has_other_keys_and_text_for_numbers():
    found = reading.users(
        {
            "Users": [
                {"UserId": "u-1", "FirstName": "Meera", "LastName": None, "EmailAddress": "m@x.in", "StatusCode": "1"}
            ]
        }
    )

    assert found == [User("u-1", "Meera", "m@x.in", active=False)]


def test_a_user_without_an_email_can_own_nothing_and_is_left_out():
    assert reading.users([{"ID": "u-1", "FirstName": "Meera", "EmailAddress": None}]) == []


def test_a_lead_is_read_from_its_flat_row():
    row = {"ProspectID": "l-1", "FirstName": "Asha", "LastName": None, "Phone": "+91-9000000001", "Mobile": None}

    assert reading.leads([row]) == [Lead("l-1", "Asha", phone="+91-9000000001")]


# Types


def test_opportunity_types_stand_under_event_code():
    body = [{"EventCode": 12000, "DisplayName": "Home loan", "Fields": None}, {"EventCode": None}]

    assert reading.opportunity_types(body) == [OpportunityType(12000, "Home loan")]


def test_activity_types_come_bare_or_in_a_list_and_without_opportunity_types():
    rows = [{"ActivityEvent": 231, "ActivityEventName": "Site visit"}, {"ActivityEvent": 12000, "DisplayName": "Loan"}]

    assert reading.activity_types(rows) == reading.activity_types({"List": rows}) == [ActivityType(231, "Site visit")]


# Fields


def field(**metadata: object) -> Field:
    row = {"SchemaName": "mx_Custom_1", "DisplayName": "Outcome", "DataType": "String", **metadata}
    (found,) = reading.fields({"Fields": [row]})
    return found


def test_the_documents_smallest_field_is_read():
    found = field(Value=None, IsMandatory=True, ShowInForm=True, Sequence=2, OptionSet="")

    assert (found.name, found.mandatory, found.sequence, found.options) == ("Outcome", True, 2, ())


def test_an_option_set_is_a_text_that_holds_json():
    options = [{"IsDefault": True, "Text": "", "Value": "Active", "CanDelete": 1}, {"Value": ""}, {"Value": None}]

    assert field(DataType="SearchableDropdown", OptionSet=json.dumps(options)).options == ("Active",)


@pytest.mark.parametrize("option_set", ["", None, "not json", "{}", "[1", 5, "[" * 5000])
def test_an_option_set_that_is_none_has_no_options(option_set):
    assert field(DataType="SearchableDropdown", OptionSet=option_set).options == ()


def test_a_dependent_option_set_is_read_by_its_parents_values():
    dependent = json.dumps([{"Parent": "Pune", "Options": ["Baner", "Aundh"]}, {"Parent": ""}, "x"])

    found = field(DataType="SearchableDropdown", ParentField="mx_Custom_2", DependentOptionSet=dependent)

    assert (found.kind, dict(found.by_parent)) == ("dependent_choice", {"Pune": ("Baner", "Aundh")})


@pytest.mark.parametrize(
    ("metadata", "kind"),
    [
        ({"DataType": "String"}, "text"),
        ({"DataType": "String", "RenderType": "TextArea"}, "long_text"),
        ({"DataType": "String", "StringRenderType": "Email"}, "email"),
        ({"DataType": "DateTime"}, "date_time"),
        ({"DataType": "DateTime", "RenderType": "Date"}, "date"),
        ({"DataType": "Number"}, "number"),
        ({"DataType": "ActiveUsers"}, "user"),
        ({"DataType": "SearchableDropdown", "IsMultiSelectDropdown": True}, "multiple_choice"),
        ({"DataType": "SearchableDropdown", "RenderType": "RadioButtons"}, "choice"),
        ({"DataType": "CustomObject", "RenderType": "Date"}, "field_set"),
        ({"DataType": "GeoLocation"}, "unknown"),
    ],
)
def test_the_kind_of_a_field_is_its_data_type_and_what_it_is_drawn_as(metadata, kind):
    assert field(**metadata).kind == kind


@pytest.mark.parametrize(
    "metadata",
    [
        {"SchemaName": "Owner"},
        {"SchemaName": "ActivityEvent_Note"},
        {"SchemaName": None},
        {"DataType": None, "IsDerived": True},
        {"IsReadOnly": True},
        {"ShowInForm": False},
    ],
)
def test_what_nobody_can_fill_in_is_left_out(metadata):
    row = {"SchemaName": "mx_Custom_1", "DataType": "String", **metadata}

    assert reading.fields({"Fields": [row]}) == []


def test_fields_of_the_same_sequence_keep_their_order():
    rows = [{"SchemaName": f"mx_Custom_{number}", "DataType": "String", "Sequence": 1} for number in (3, 1, 2)]

    assert [each.schema_name for each in reading.fields({"Fields": rows})] == [
        "mx_Custom_3",
        "mx_Custom_1",
        "mx_Custom_2",
    ]


def test_dependent_options_are_those_of_the_child_that_was_asked_for():
    rows = [{"FieldName": "mx_Custom_3", "Options": ["Pune"]}, {"FieldName": "mx_Custom_4", "Options": ["Delhi"]}]

    assert reading.dependent_options({"DependentFieldsOptionSet": rows}, "mx_Custom_4") == ["Delhi"]


# Activities


def test_a_flat_activity_is_read():
    row = {
        "ProspectActivityId": "A-1",
        "ActivityEvent": "231",
        "ActivityEvent_Note": "Met",
        "OwnerName": "Meera Iyer",
        "CreatedByEmailAddress": "api@x.in",
        "CreatedOn": "2031-02-03 09:10:11",
        "mx_Custom_1": "0",
        "mx_Custom_2": None,
        "mx_Custom_4": 0,
        "mx_Custom_3x007Emx_CustomObject_1": "inner",
    }

    (found,) = reading.activities({"List": [row]})

    assert (found.id, found.code, found.note, found.owner) == ("a-1", 231, "Met", "Meera Iyer")
    assert (found.created_by, found.created_at) == ("api@x.in", datetime(2031, 2, 3, 9, 10, 11, tzinfo=UTC))
    assert found.values == {"mx_Custom_1": "0", "mx_Custom_4": "0", "mx_Custom_3~mx_CustomObject_1": "inner"}


def test_an_activity_of_the_trail_has_its_values_in_two_places():
    row = {
        "Id": "a-1",
        "EventCode": 231,
        "CreatedOn": "2031-02-03 09:10:11",
        "Data": [{"Key": "mx_Custom_1", "Value": "Interested"}, "x", {"Key": None}],
        "ActivityFields": {"ActivityEvent_Note": "Met", "CreatedOn": "2/3/2031 9:10:11 AM"},
    }

    (found,) = reading.activities({"ProspectActivities": [row]})

    assert (found.code, found.note, found.values) == (231, "Met", {"mx_Custom_1": "Interested"})


def test_a_row_without_an_id_is_no_activity():
    assert reading.activities({"List": [{"ActivityEvent": 231}, "x", None]}) == []


def test_an_activitys_fields_are_those_that_were_asked_for_and_the_custom_ones():
    row = {"ProspectActivityId": "A1", "Status": "Open", "mx_Custom_1": None, "mx_Custom_2x007Emx_CustomObject_1": "x"}

    (found,) = reading.activities({"ProspectActivities": [row]}, ["Status", "mx_Custom_9"])

    assert found.values == {"Status": "Open", "mx_Custom_2~mx_CustomObject_1": "x"}
    assert found.told == {"Status", "mx_Custom_1", "mx_Custom_2~mx_CustomObject_1"}
