from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from activities.leadsquared import (
    LeadSquaredError,
    OutgoingActivity,
    OutgoingField,
    RateLimited,
    RawAnswer,
    Refused,
    Unauthorized,
    Unclear,
    field_of,
    in_words,
    read_bulk,
    request_body,
)
from activities.leadsquared.answers import VALIDATION_TYPES, as_time, read

FIRST, SECOND = "11111111-2222-4333-8444-555555555555", "66666666-7777-4888-9999-aaaaaaaaaaaa"
MANDATORY = "Field name : 'mx_Custom_1' of datatype : 'String' is mandatory."


def raw(content, status: int = 200, *, complete: bool = True) -> RawAnswer:
    body = content if isinstance(content, bytes) else json.dumps(content).encode("utf-8", "surrogatepass")
    return RawAnswer(status, {}, body, complete)


def a_yes(number: object = 1, activity_id: object = FIRST, **more: object) -> dict[str, object]:
    return {"ProspectActivityId": activity_id, "RowNumber": number, "ActivityCreated": True, **more}


def an_error(kind: str | None, said: str = "No.") -> dict[str, object]:
    return {"Status": "Error", "ExceptionMessage": said, **({"ExceptionType": kind} if kind else {})}


def created(rows: object, row_count: int = 1) -> list[bool | None]:
    return [row.created for row in read_bulk(raw({"Response": rows}), row_count=row_count).rows]


def judged(content, status=200, *, row_count=1):
    with pytest.raises(LeadSquaredError) as caught:
        read_bulk(raw(content, status), row_count=row_count)
    return caught.value


# Rows


def test_the_documented_answer_is_two_created_rows():
    answer = read_bulk(raw({"Response": [a_yes(1, FIRST), a_yes(2, SECOND)]}), row_count=2)

    assert [(row.number, row.created, row.activity_id) for row in answer.rows] == [
        (1, True, FIRST),
        (2, True, SECOND),
    ]


def test_rows_are_matched_by_their_number():
    answer = read_bulk(raw({"Response": [a_yes("2", SECOND), a_yes("1", FIRST)]}), row_count=2)

    assert [row.activity_id for row in answer.rows] == [FIRST, SECOND]


@pytest.mark.parametrize("number", [None, 0, 2, -1, True, 1.0, 1.5, "one", "1.0", [1], "१"])
def test_a_row_without_its_own_number_says_nothing(number):
    assert created([a_yes(number)]) == [None]


def test_a_number_that_comes_twice_says_nothing():
    assert created([a_yes(1, FIRST), a_yes(1, SECOND)]) == [None]


def test_a_row_that_is_missing_says_nothing():
    assert created([a_yes(1)], row_count=2) == [True, None]


@pytest.mark.parametrize("flag", ["true", "True", 1, "1", None, [True], {}])
def test_only_the_boolean_is_a_yes(flag):
    assert created([{**a_yes(), "ActivityCreated": flag}]) == [None]


@pytest.mark.parametrize(
    "activity_id", [None, "", "x", 12345, [FIRST], FIRST + "0", "00000000-0000-0000-0000-000000000000"]
)
def test_a_yes_without_an_id_stays_unconfirmed(activity_id):
    assert created([a_yes(1, activity_id)]) == [None]


def test_two_rows_with_one_id_stay_unconfirmed():
    assert created([a_yes(1, FIRST), a_yes(2, FIRST.upper())], row_count=2) == [None, None]


def test_a_yes_beside_an_error_stays_unconfirmed():
    assert created([a_yes(1, ErrorMessage="Partly.")]) == [None]


@pytest.mark.parametrize("key", ["ErrorMessage", "ExceptionMessage", "Message"])
def test_a_clear_no_says_why(key):
    no = {"RowNumber": 1, "ActivityCreated": False, "ExceptionType": "MXXSSException", key: "Script."}

    row = read_bulk(raw({"Response": [no]}), row_count=1).rows[0]

    assert (row.created, row.exception_type, row.said) == (False, "MXXSSException", "Script.")


def test_a_no_with_an_id_stays_unconfirmed():
    assert created([{**a_yes(), "ActivityCreated": False}]) == [None]


# The call as a whole


@pytest.mark.parametrize("status", [200, 400, 403, 500])
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("MXAPIRateLimitExceededException", RateLimited),
        ("MXThrottleException", RateLimited),
        ("MXInvalidAccessDetailsException", Unauthorized),
        ("MXUnAuthorizedAccessException", Unauthorized),
        ("MXUnauthorizedRequestException", Unauthorized),
        ("MXAuthenticationFailedException", Unauthorized),
        ("MXTimeoutException", Unclear),
        ("MXMailDeliveryException", Unclear),
        ("NullReferenceException", Unclear),
        ("ArgumentNullException", Unclear),
        ("MXBrandNewException", Unclear),
        *((kind, Refused) for kind in sorted(VALIDATION_TYPES)),
    ],
)
def test_an_envelope_is_judged_by_its_type_on_any_status(status, kind, expected):
    assert type(judged(an_error(kind), status)) is expected


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        (400, b"Unexpected character encountered", Refused),
        (404, b"<html>Endpoint not found.</html>", Refused),
        (401, b"", Unauthorized),
        (429, b"slow down", RateLimited),
        (500, b"<html>", Unclear),
        (502, b"", Unclear),
        (302, b"", Unclear),
        (204, b"", Unclear),
        (200, b"", Unclear),
        (200, b"<html>", Unclear),
        (0, b"", Unclear),
    ],
)
def test_an_answer_without_an_envelope_is_judged_by_its_status(status, content, expected):
    assert type(judged(content, status)) is expected


def test_an_opportunity_that_does_not_exist_is_refused_by_its_words():
    assert type(judged(an_error(None, "Opportunity does not exist"), 500)) is Refused


def test_words_that_a_person_typed_do_not_judge():
    said = "API calls exceeded the limit; MXInvalidAccessDetailsException; Opportunity does not exist"

    assert type(judged(an_error("NullReferenceException", said), 500)) is Unclear


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("API calls exceeded the limit of 25 in 5 second(s)", False),
        ("API calls exceeded the limit of 10000 in 1 day(s)", True),
        ("Daily quota exceeded", True),
    ],
)
def test_a_day_that_is_used_up_is_told_from_a_full_window(said, expected):
    assert judged(an_error("MXAPIRateLimitExceededException", said), 429).whole_day is expected


def test_an_answer_that_broke_off_is_unclear_whatever_it_says():
    cut = raw({"Response": [a_yes()]}, complete=False)

    with pytest.raises(Unclear) as caught:
        read_bulk(cut, row_count=1)

    assert caught.value.raw is cut


def test_a_refusal_beside_a_row_contradicts_itself():
    error = judged({**an_error("MXXSSException"), "Response": [a_yes()]})

    assert type(error) is Unclear
    assert error.raw is not None


def test_an_error_knows_how_many_rows_it_may_be_about():
    assert judged(an_error("MXXSSException"), 500, row_count=3).may_have_written is True
    assert judged(an_error("MXXSSException"), 500, row_count=1).may_have_written is False


YES_BYTES = json.dumps({"Response": [a_yes()]}).encode()


@pytest.mark.parametrize(
    "body",
    [
        YES_BYTES[:-1] + b',"Remark":NaN}',
        YES_BYTES[:-1] + b',"Remark":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        YES_BYTES[:-1] + b',"Remark":' + b"9" * 5000 + b"}",
        YES_BYTES[:-1] + b',"Remark":"\xff\xfe"}',
        YES_BYTES + b"\x00",
        YES_BYTES[:-1] + b',"Response":[]}',
        YES_BYTES.replace(b'"ActivityCreated"', b'"ActivityCreated": false, "ActivityCreated"'),
        b'{"Response": {}}',
        b'{"Status":"Success","Message":{"Count":1}}',
        b'"ok"',
        b"null",
    ],
)
def test_what_surprises_the_parser_is_unclear(body):
    assert type(judged(body)) is Unclear


@pytest.mark.parametrize("remark", [b'"a\\u0000b"', b'"\\ud83d"', b"1e999"])
def test_odd_text_beside_a_clear_yes_does_not_lose_it(remark):
    answer = read_bulk(raw(b"\xef\xbb\xbf" + YES_BYTES[:-1] + b',"Remark":' + remark + b"}"), row_count=1)

    assert answer.rows[0].created is True


def test_words_can_be_stored():
    no = {"RowNumber": 1, "ActivityCreated": False, "ErrorMessage": "a\x00b\ud83dc"}

    assert read_bulk(raw({"Response": [no]}), row_count=1).rows[0].said == "ab?c"


anything = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
    max_leaves=12,
)
a_row = some.fixed_dictionaries(
    {},
    optional={
        "RowNumber": some.integers(-1, 4) | some.sampled_from(["1", "2", True, 1.0]) | anything,
        "ActivityCreated": some.sampled_from([True, False, "true", 1]) | anything,
        "ProspectActivityId": some.sampled_from([FIRST, SECOND, "", None]) | anything,
        "ExceptionType": some.sampled_from(["MXXSSException", ""]) | anything,
        "ErrorMessage": anything,
    },
)
an_answer = some.fixed_dictionaries(
    {"Response": some.lists(a_row | anything, max_size=5) | anything},
    optional={"Status": some.sampled_from(["Error", "Success"]) | anything, "ExceptionType": anything},
)
statuses = some.sampled_from([0, 200, 201, 302, 400, 401, 403, 404, 429, 500, 503])


@given(status=statuses, content=anything | an_answer, row_count=some.integers(1, 4))
@example(status=200, content={"Response": [{"RowNumber": 10**4000}]}, row_count=1)
def test_arbitrary_json_raises_only_the_rooms_errors_and_makes_no_row_created_without_a_clear_yes(
    status, content, row_count
):
    try:
        rows = read_bulk(raw(content, status), row_count=row_count).rows
    except LeadSquaredError:
        return

    sent = content["Response"] if isinstance(content, dict) else content
    clear = [
        (each.get("RowNumber"), each.get("ProspectActivityId"))
        for each in sent
        if isinstance(each, dict) and each.get("ActivityCreated") is True
    ]
    assert [row.number for row in rows] == list(range(1, row_count + 1))
    assert all(
        [str(number) for number, given_id in clear if given_id == row.activity_id] == [str(row.number)]
        for row in rows
        if row.created
    )


@given(status=statuses, body=some.binary() | some.binary().map(lambda tail: YES_BYTES[:-1] + tail))
def test_arbitrary_bytes_raise_only_the_rooms_errors(status, body):
    with contextlib.suppress(LeadSquaredError):
        read_bulk(raw(body, status), row_count=2)


@given(status=statuses, body=some.binary() | anything.map(lambda content: json.dumps(content).encode()))
def test_a_read_of_arbitrary_bytes_raises_only_the_rooms_errors(status, body):
    with contextlib.suppress(LeadSquaredError):
        read(status, body)


# Words


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (MANDATORY, "mx_Custom_1"),
        ("Schema name 'mx_Custom_13~mx_CustomObject_1' does not exist", "mx_Custom_13~mx_CustomObject_1"),
        ("Event Code is invalid or empty", ""),
        ("", ""),
    ],
)
def test_the_field_that_words_name_is_found(said, expected):
    assert field_of(said) == expected


def test_a_value_that_looks_like_a_field_is_not_taken_for_it():
    assert field_of("Value 'mx_Custom_9' of field 'mx_Custom_1' cannot be converted") == "mx_Custom_1"


def test_known_errors_are_said_in_words_with_the_field():
    sentence = in_words("MXInvalidActivityFieldsException", MANDATORY) or ""

    assert "mx_Custom_1" in sentence
    assert sentence.endswith(".")


def test_what_cannot_be_translated_is_none():
    assert in_words("MXBrandNewException", "Whatever.") is None


# The request


def test_the_request_is_the_documented_array():
    body = request_body(
        [
            OutgoingActivity(208, "meera@example.org", "PAN collected", (OutgoingField("mx_Custom_2", "AAAAA1111A"),)),
            OutgoingActivity(102, "kabir@example.org", skip_option_check=True),
        ]
    )

    first, second = json.loads(body)
    assert list(first.items()) == [
        ("ActivityEvent", 208),
        ("ActivityNote", "PAN collected"),
        ("ActivityOwnerEmail", "meera@example.org"),
        ("Fields", [{"SchemaName": "mx_Custom_2", "Value": "AAAAA1111A"}]),
    ]
    assert list(second) == ["ActivityEvent", "ActivityOwnerEmail", "ValidateDropDownOptions"]
    assert second["ValidateDropDownOptions"] is True


def test_one_activity_stays_an_array_and_text_is_utf8():
    body = request_body([OutgoingActivity(204, "a@example.org", "नमस्ते 🙏 مرحبا")])

    assert body.startswith(b"[")
    assert "नमस्ते 🙏 مرحبا".encode() in body


def test_a_field_set_carries_its_inner_fields():
    field = OutgoingField("mx_Custom_13", "", (OutgoingField("mx_CustomObject_1", "abc"),))

    sent = json.loads(request_body([OutgoingActivity(222, "a@example.org", fields=(field,))]))

    assert sent[0]["Fields"] == [
        {
            "SchemaName": "mx_Custom_13",
            "Value": "",
            "Fields": [{"SchemaName": "mx_CustomObject_1", "Value": "abc"}],
        }
    ]


# Times


@pytest.mark.parametrize(
    "text",
    ["2031-02-03 09:10:11", "2031-02-03 09:10:11.000", "2/3/2031 9:10:11 AM", "/Date(1927876211000+0000)/"],
)
def test_every_form_of_time_is_read(text):
    assert as_time(text) == datetime(2031, 2, 3, 9, 10, 11, tzinfo=UTC)


@given(anything)
@example("/Date(99999999999999999)/")
def test_no_value_of_a_time_raises(value):
    found = as_time(value)

    assert found is None or found.tzinfo is UTC
