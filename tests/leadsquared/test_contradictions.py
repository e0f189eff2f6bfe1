"""Answers that do not fit together are no yes, no no and no proof (leadsquared-api §1b, §15, §19.1)."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
import requests

from activities.leadsquared import (
    LeadSquaredError,
    NotSent,
    RateLimited,
    RawAnswer,
    Refused,
    Unauthorized,
    Unclear,
    in_words,
    read_bulk,
)
from activities.leadsquared.wire import TooLate, _translated

FIRST, SECOND = "11111111-2222-4333-8444-555555555555", "66666666-7777-4888-9999-aaaaaaaaaaaa"


def raw(content: object, status: int = 200) -> RawAnswer:
    return RawAnswer(status, {}, content if isinstance(content, bytes) else json.dumps(content).encode())


def a_row(number: int, activity_id: str | None = None, **more: object) -> dict[str, object]:
    return {"RowNumber": number, "ProspectActivityId": activity_id, "ActivityCreated": activity_id is not None, **more}


def created(*rows: object, row_count: int) -> list[bool | None]:
    return [row.created for row in read_bulk(raw({"Response": rows}), row_count=row_count).rows]


def judged(content: object, status: int, *, row_count: int = 1) -> Any:
    with pytest.raises(LeadSquaredError) as caught:
        read_bulk(raw(content, status), row_count=row_count)
    return caught.value


# Rows


def test_rows_counted_from_zero_would_get_their_neighbours_ids_and_are_not_believed():
    assert created(a_row(0, FIRST), a_row(1, SECOND), row_count=2) == [None, None]


def test_rows_that_were_never_sent_make_the_others_doubtful():
    assert created(a_row(1, FIRST), a_row(3, SECOND), row_count=2) == [None, None]


@pytest.mark.parametrize("row_count", [1, 2, 25])
def test_an_empty_list_of_rows_says_nothing_of_any(row_count):
    assert created(row_count=row_count) == [None] * row_count


def test_a_row_that_is_answered_twice_and_differently_says_nothing():
    assert created(a_row(1, FIRST), a_row(1), row_count=1) == [None]


def test_an_error_inline_without_a_flag_is_no_clear_no():
    row = read_bulk(
        raw([{"RowNumber": 1, "ExceptionType": "MXXSSException", "ErrorMessage": "No."}]), row_count=1
    ).rows[0]

    assert (row.created, row.exception_type, row.said) == (None, "MXXSSException", "No.")


@pytest.mark.parametrize("kind", ["MXTimeoutException", "MXMailDeliveryException", "NullReferenceException", "x"])
def test_a_no_for_a_reason_that_settles_nothing_is_no_clear_no(kind):
    assert created(a_row(1, ExceptionType=kind), row_count=1) == [None]


def test_a_no_without_any_words_is_a_no():
    assert created(a_row(1), row_count=1) == [False]


@pytest.mark.parametrize("activity_id", [FIRST[:8] + "\x00" + FIRST[8:], f"{{{FIRST}}}", FIRST.replace("-", "")])
def test_what_only_resembles_an_id_is_none(activity_id):
    assert created(a_row(1, activity_id), row_count=1) == [None]


def test_a_bare_list_of_rows_is_read_like_one_in_its_wrapper():
    answer = read_bulk(raw([a_row(1, FIRST)]), row_count=1)

    assert answer.rows[0].activity_id == FIRST


# The call


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
@pytest.mark.parametrize("wrapped", [True, False])
def test_rows_beside_a_bad_status_are_no_proof_that_nothing_was_written(status, wrapped):
    rows = [a_row(1, FIRST)]

    error = judged({"Response": rows} if wrapped else rows, status)

    assert type(error) is Unclear
    assert error.raw is not None


@pytest.mark.parametrize("status", [500, 400, 404, 200])
@pytest.mark.parametrize(
    "content",
    [
        {"Status": "Error", "ExceptionType": None, "ExceptionMessage": "Opportunity does not exist"},
        {"Status": "Error", "ExceptionMessage": "Opportunity does not exist."},
        {"Status": "Failed", "Message": {"Message": "Opportunity does not exist"}},
        {"Status": "Error", "Message": "opportunity does not exist"},
    ],
)
def test_an_opportunity_that_does_not_exist_is_refused_in_any_envelope(content, status):
    assert type(judged(content, status)) is Refused


@pytest.mark.parametrize("content", [{"Message": "Opportunity does not exist"}, "Opportunity does not exist"])
def test_an_opportunity_that_does_not_exist_is_refused_without_an_envelope_too(content):
    assert type(judged(content, 500)) is Refused


def test_a_note_that_says_so_does_not_make_an_opportunity_disappear():
    said = "Cannot handle note 'Opportunity does not exist'"

    assert type(judged({"Status": "Error", "ExceptionMessage": said}, 500)) is Unclear


@pytest.mark.parametrize("content", [{"Status": "Error"}, {"Status": "Failed", "Message": {}}, {"status": "error"}, {}])
def test_an_error_without_words_is_unclear(content):
    assert type(judged(content, 200)) is Unclear


@pytest.mark.parametrize(
    "said",
    [
        "API calls exceeded the limit of 10000 in 1 day(s)",
        "API calls exceeded the limit of 10000 in 86400 second(s)",
        "Daily limit reached",
        "No calls left for today",
        "exceeded in 24 hours",
    ],
)
def test_a_day_that_is_used_up_is_told_by_its_words(said):
    assert judged({"ExceptionType": "MXAPIRateLimitExceededException", "ExceptionMessage": said}, 429).whole_day is True


@pytest.mark.parametrize("said", ["API calls exceeded the limit of 25 in 5 second(s)", "limit of 72", "", "Mondayish"])
def test_a_full_window_is_no_day(said):
    assert judged({"ExceptionType": "MXThrottleException", "ExceptionMessage": said}, 200).whole_day is False


@pytest.mark.parametrize("row_count", [1, 25])
@pytest.mark.parametrize("status", [None, 200, 400, 401, 403, 404, 429, 500])
@pytest.mark.parametrize(
    ("kind", "turned_away_at"),
    [(RateLimited, {429}), (Unauthorized, {401}), (Refused, set()), (NotSent, set()), (Unclear, set())],
)
def test_what_may_have_been_written_follows_from_class_rows_and_status(kind, turned_away_at, status, row_count):
    always, never = kind is Unclear, kind is NotSent

    error = kind(status=status, row_count=row_count)

    assert error.may_have_written is (always or (not never and row_count > 1 and status not in turned_away_at))


@pytest.mark.parametrize(
    "error",
    [
        NotSent(said="No."),
        RateLimited(status=429, said="Slow.", whole_day=True),
        Unauthorized(status=401, exception_type="MXAuthenticationFailedException"),
        Refused(status=500, row_count=25),
        Unclear(status=200, raw=RawAnswer(200, {"date": "x"}, b"\x00", complete=False)),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_error_survives_pickling(error):
    copy = pickle.loads(pickle.dumps(error))

    assert (type(copy), copy.__dict__, str(copy)) == (type(error), error.__dict__, str(error))
    assert (copy.for_user, copy.may_have_written) == (error.for_user, error.may_have_written)


def test_where_an_answer_began_to_come_no_exception_proves_that_nothing_left():
    assert type(_translated(TooLate(), raw(b"half"), 1)) is Unclear


def test_where_the_first_byte_was_on_its_way_no_exception_proves_that_nothing_left():
    assert type(_translated(requests.exceptions.InvalidURL("http://["), None, 1, has_begun=True)) is Unclear


# Words


def test_a_closed_opportunity_is_not_said_to_be_an_unknown_type_alone():
    assert "on this opportunity" in str(in_words("MXInvalidActivityException", "Opportunity is Won"))


def test_an_owner_that_is_not_allowed_is_among_the_reasons():
    assert "owner" in str(in_words("MXInvalidEntityReferenceException", "User 'x' is inactive"))


def test_words_with_braces_are_no_form_to_fill_in():
    assert str(in_words("MXXSSException", "{field} {0} %s {schema_name}")).endswith("post the row again.")
