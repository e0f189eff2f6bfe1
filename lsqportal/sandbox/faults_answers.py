"""Faults of LeadSquared's own answers: errors of every kind, and a yes that is not one."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from lsqportal.sandbox.answers import Answer, envelope, json_answer, page
from lsqportal.sandbox.exchange import Exchange
from lsqportal.sandbox.faults import fault
from lsqportal.sandbox.limits import rate_answer

# Every ExceptionType of leadsquared-api §15, with its usual status and words
EXCEPTION_TYPES: dict[str, tuple[int, str]] = {
    "MXInvalidAccessDetailsException": (401, "Invalid Access Details provided."),
    "MXUnAuthorizedAccessException": (401, "You are not authorized to access this resource."),
    "MXUnauthorizedRequestException": (401, "Request is not authorized."),
    "MXAuthenticationFailedException": (401, "Authentication failed."),
    "MXAPIRateLimitExceededException": (429, "API calls exceeded the limit of 25 in 5 second(s)"),
    "MXThrottleException": (429, "API calls exceeded the limit of 25 in 5 second(s)"),
    "MXMandatoryAttributeMissingException": (500, "ActivityOwnerEmail is mandatory"),
    "MXMandatoryFieldMissingException": (500, "Mandatory field is missing"),
    "MXInvalidActivityFieldsException": (
        500,
        "Field name : 'mx_Custom_1' of datatype : 'String' is mandatory.",
    ),
    "MXInvalidActivityException": (500, "Event Code is invalid or empty"),
    "MXUnknownProspectActivityException": (500, "Activity does not exist."),
    "MXInvalidInputException": (500, "PageSize can not be more than 1000"),
    "MXInvalidDataTypeException": (500, "Value cannot be converted"),
    "MXInvalidEntityReferenceException": (500, "Value is not allowed"),
    "MXUnknownAttributeException": (500, "Schema name does not exist"),
    "MXDuplicateEntryException": (500, "Entry already exists"),
    "MXDuplicateEntityNameException": (500, "Name already exists"),
    "MXXSSException": (500, "A potentially dangerous value was detected in the request."),
    "MXMailDeliveryException": (500, "Mail could not be delivered"),
    "MXTimeoutException": (500, "Timeout expired"),
    "MXInvalidLeadException": (500, "Lead is invalid"),
    "MXInvalidFieldException": (500, "Field is invalid"),
    "NullReferenceException": (500, "There was an error processing the request."),
    "ArgumentNullException": (500, "Value cannot be null. Parameter name: source"),
}
Rows = list[dict[str, object]]


def _said(exchange: Exchange, answer: Answer, *, write: bool) -> None:
    if write:
        exchange.perform()
    else:
        exchange.read()
    exchange.send(answer)


@fault()
def error_500(
    exchange: Exchange,
    *,
    exception_type: str | None = "NullReferenceException",
    message: str | None = None,
    status: int | None = None,
    write: bool = False,
) -> None:
    """Answers with the error envelope of any ExceptionType; status and words as usual for it unless told."""
    usual = EXCEPTION_TYPES.get(exception_type or "", (500, "There was an error processing the request."))
    words = usual[1] if message is None else message
    _said(exchange, envelope(exception_type, words, status=status or usual[0]), write=write)


@fault()
def error_500_without_envelope(exchange: Exchange, *, status: int = 500, write: bool = False) -> None:
    """Answers 500 (or another status) with a page instead of the envelope."""
    _said(exchange, page(status, "Runtime Error", "An application error occurred on the server."), write=write)


@fault()
def status(
    exchange: Exchange,
    *,
    status: int = 503,
    exception_type: str | None = None,
    message: str = "",
    write: bool = False,
) -> None:
    """Answers with any status: bare, or with an envelope when there is a message."""
    answer = envelope(exception_type, message, status=status) if message or exception_type else Answer(status, b"")
    _said(exchange, answer, write=write)


@fault()
def rate_429(exchange: Exchange, *, retry_after: int | None = None) -> None:
    """Turned away by the rate limit, as 429."""
    _said(exchange, rate_answer(429, 25, "5 second(s)", retry_after), write=False)


@fault()
def rate_403(exchange: Exchange) -> None:
    """Turned away by the rate limit, as 403."""
    _said(exchange, rate_answer(403, 25, "5 second(s)"), write=False)


@fault()
def rate_200(exchange: Exchange) -> None:
    """Turned away by the rate limit, as 200 with an error body."""
    _said(exchange, rate_answer(200, 20, "5 second(s)"), write=False)


@fault()
def unauthorized(exchange: Exchange, *, status: int = 401) -> None:
    """The keys are not accepted."""
    said = envelope("MXInvalidAccessDetailsException", "Invalid Access Details provided.", status=status)
    _said(exchange, said, write=False)


@fault()
def unauthorized_for_opportunity(exchange: Exchange, *, opportunity_id: str = "", status: int = 401) -> None:
    """The keys are good, but not for this opportunity (for any, when no id is given)."""
    if opportunity_id not in {"", exchange.received.query.get("opportunityId")}:
        exchange.send(exchange.perform())
        return
    usual = EXCEPTION_TYPES["MXUnAuthorizedAccessException"][1]
    _said(exchange, envelope("MXUnAuthorizedAccessException", usual, status=status), write=False)


@fault()
def wrong_region(exchange: Exchange) -> None:
    """401 whose text names the right host."""
    said = "Invalid Access Details provided. Please use https://api-in22.leadsquared.com/v2/ for your account."
    _said(exchange, envelope("MXInvalidAccessDetailsException", said, status=401), write=False)


@fault()
def ok_with_error_body(
    exchange: Exchange,
    *,
    exception_type: str = "MXInvalidActivityException",
    write: bool = False,
    failed: bool = False,
) -> None:
    """200 with an error body: the envelope, or (`failed`) Status "Failed" with a message."""
    words = EXCEPTION_TYPES.get(exception_type, (500, "There was an error processing the request."))[1]
    # [GUESS] leadsquared-api §15
    body = {"Status": "Failed", "Message": {"Message": "Invalid event code"}}
    _said(exchange, json_answer(body) if failed else envelope(exception_type, words, status=200), write=write)


@fault()
def refusal_after_partial_write(
    exchange: Exchange, *, written: int | None = None, exception_type: str = "MXInvalidDataTypeException"
) -> None:
    """Writes the rows before the bad one (the last, or after `written` rows), then refuses the call."""
    rows = exchange.request.parsed()
    count = len(rows) if isinstance(rows, list) else 0
    kept = max(count - 1, 0) if written is None else written
    if kept:
        exchange.perform_rows(kept)
    exchange.send(envelope(exception_type, EXCEPTION_TYPES[exception_type][1], status=500))


def _with_rows(exchange: Exchange, change: Callable[[Rows], object]) -> None:
    """Write, then answer with the rows changed; what is not an answer with rows goes out as it is."""
    answer = exchange.perform()
    content = answer.parsed() if answer.status == 200 else None
    rows = content.get("Response") if isinstance(content, dict) else None
    exchange.send(answer if rows is None else json_answer({"Response": change(rows)}))


@fault()
def rows_missing(exchange: Exchange, *, count: int = 1, row: int | None = None) -> None:
    """Writes all rows and leaves the last ones (or one) out of the answer."""
    _with_rows(exchange, lambda rows: rows[:-count] if row is None else rows[: row - 1] + rows[row:])


@fault()
def rows_doubled(exchange: Exchange, *, contradict: bool = False) -> None:
    """Answers each row twice; `contradict`: the second time as not created."""
    denied = {"ActivityCreated": False, "ProspectActivityId": None} if contradict else {}
    _with_rows(exchange, lambda rows: [one for each in rows for one in (each, {**each, **denied})])


@fault()
def rows_shuffled(exchange: Exchange) -> None:
    """Answers the rows in the opposite order, with their right numbers."""
    _with_rows(exchange, lambda rows: rows[::-1])


@fault()
def row_number_text(exchange: Exchange) -> None:
    """RowNumber is a text."""
    _with_rows(exchange, lambda rows: [{**each, "RowNumber": str(each["RowNumber"])} for each in rows])


@fault()
def row_number_foreign(exchange: Exchange) -> None:
    """RowNumber counts rows that were never sent."""
    _with_rows(exchange, lambda rows: [{**each, "RowNumber": 100 + place} for place, each in enumerate(rows)])


@fault()
def yes_without_id(exchange: Exchange, *, write: bool = True, value: str | None = None) -> None:
    """ActivityCreated is true, but there is no id (null; `value` may be an empty text)."""
    _yes(exchange, value, write=write)


@fault()
def yes_with_foreign_id(exchange: Exchange, *, activity_id: str = "", write: bool = True) -> None:
    """ActivityCreated is true with an activity's id that is not ours: the account's oldest, unless told."""
    _yes(exchange, activity_id or exchange.account.store.activities()[0].id, write=write)


def _yes(exchange: Exchange, activity_id: str | None, *, write: bool) -> None:
    if write:
        _with_rows(exchange, lambda rows: [{**each, "ProspectActivityId": activity_id} for each in rows])
        return
    rows = exchange.request.parsed()
    exchange.send(
        json_answer(
            {
                "Response": [
                    {"ProspectActivityId": activity_id, "RowNumber": number, "ActivityCreated": True}
                    for number in range(1, (len(rows) if isinstance(rows, list) else 0) + 1)
                ]
            }
        )
    )


@fault()
def yes_that_wrote_nothing(exchange: Exchange) -> None:
    """A perfect answer, but nothing was written."""
    rows = exchange.request.parsed()
    exchange.send(
        json_answer(
            {
                "Response": [
                    {"ProspectActivityId": str(uuid.uuid4()), "RowNumber": number, "ActivityCreated": True}
                    for number in range(1, (len(rows) if isinstance(rows, list) else 0) + 1)
                ]
            }
        )
    )


@fault()
def wrong_types(exchange: Exchange, *, how: str = "rows_are_texts") -> None:
    """Writes, then answers JSON of the wrong types; `how` is one of WRONG_TYPES."""
    _with_rows(exchange, WRONG_TYPES[how]) if how in WRONG_TYPES else exchange.send(json_answer(TOPS[how]))


WRONG_TYPES: dict[str, Callable[[Rows], object]] = {
    "rows_are_texts": lambda rows: [str(each["ProspectActivityId"]) for each in rows],
    "rows_are_null": lambda rows: [None for _ in rows],
    "response_is_object": lambda rows: {str(each["RowNumber"]): each for each in rows},
    "response_is_null": lambda rows: None,
    "flags_are_texts": lambda rows: [{**each, "ActivityCreated": "true"} for each in rows],
    "flags_are_numbers": lambda rows: [{**each, "ActivityCreated": 1} for each in rows],
    "ids_are_numbers": lambda rows: [{**each, "ProspectActivityId": 12345} for each in rows],
    "ids_are_lists": lambda rows: [{**each, "ProspectActivityId": [each["ProspectActivityId"]]} for each in rows],
    "numbers_are_booleans": lambda rows: [{**each, "RowNumber": True} for each in rows],
    "numbers_are_fractions": lambda rows: [{**each, "RowNumber": 1.5} for each in rows],
}
TOPS: dict[str, object] = {"top_is_text": "ok", "top_is_number": 1, "top_is_null": None, "top_is_array": [[]]}


def _with_body(exchange: Exchange, change: Callable[[bytes], bytes]) -> None:
    """Write, then answer with the body's bytes changed."""
    answer = exchange.perform()
    exchange.send(Answer(answer.status, change(answer.body), answer.content_type, answer.headers))


def _beside(name: str, value: str) -> Callable[[bytes], bytes]:
    return lambda body: body[:-1] + f',"{name}":{value}}}'.encode() if body.endswith(b"}") else body


@fault()
def nul_in_answer(exchange: Exchange, *, raw: bool = False) -> None:
    """Writes, then answers with NUL characters in it, escaped or (`raw`) as bytes."""
    _with_body(exchange, lambda body: body + b"\x00" if raw else _beside("Remark", '"a\\u0000b"')(body))


@fault()
def lone_surrogates(exchange: Exchange) -> None:
    """Writes, then answers with half of a surrogate pair in a text."""
    _with_body(exchange, _beside("Remark", '"\\ud83d"'))


@fault()
def nested_lists(exchange: Exchange, *, depth: int = 10_000, beside: bool = True) -> None:
    """Writes, then answers with so many nested lists, beside the rows or alone."""
    nested = "[" * depth + "]" * depth
    _with_body(exchange, _beside("Remark", nested) if beside else lambda body: nested.encode())


@fault()
def huge_number(exchange: Exchange, *, digits: int = 5_000) -> None:
    """Writes, then answers with an integer of so many digits."""
    _with_body(exchange, _beside("Remark", "9" * digits))


@fault()
def not_a_number(exchange: Exchange) -> None:
    """Writes, then answers with NaN, which is no JSON."""
    _with_body(exchange, _beside("Remark", "NaN"))


@fault()
def not_utf8(exchange: Exchange) -> None:
    """Writes, then answers in bytes that are not UTF-8."""
    _with_body(exchange, lambda body: body[:-1] + b',"Remark":"\xff\xfe"}')


@fault()
def byte_order_mark(exchange: Exchange) -> None:
    """Writes, then answers with a byte order mark before the JSON."""
    _with_body(exchange, lambda body: b"\xef\xbb\xbf" + body)
