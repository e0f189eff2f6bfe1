"""Status and body in, records or errors out. Pure functions, and the only place that knows LeadSquared's spellings.

Nothing here trusts what came: whatever surprises is `Unclear` for a write, and an error of the room for a read.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

from activities.leadsquared.errors import (
    LeadSquaredError,
    RateLimited,
    Refused,
    Unauthorized,
    Unclear,
)
from activities.leadsquared.records import (
    BulkAnswer,
    OutgoingActivity,
    OutgoingField,
    RawAnswer,
    RowAnswer,
)

# leadsquared-api §15; judged by the type alone, never by its text, which may echo what a person typed
ACCESS_TYPES: Final = frozenset(
    {
        "MXInvalidAccessDetailsException",
        "MXUnAuthorizedAccessException",
        "MXUnauthorizedRequestException",
        "MXAuthenticationFailedException",
    }
)
RATE_TYPES: Final = frozenset({"MXAPIRateLimitExceededException", "MXThrottleException"})
VALIDATION_TYPES: Final = frozenset(
    {
        "MXMandatoryAttributeMissingException",
        "MXMandatoryFieldMissingException",
        "MXInvalidActivityFieldsException",
        "MXInvalidActivityException",
        "MXUnknownProspectActivityException",
        "MXInvalidInputException",
        "MXInvalidDataTypeException",
        "MXInvalidEntityReferenceException",
        "MXUnknownAttributeException",
        "MXDuplicateEntryException",
        "MXDuplicateEntityNameException",
        "MXXSSException",
        "MXInvalidLeadException",
        "MXInvalidFieldException",
    }
)
# After these the row may exist although the answer says no: leadsquared-api §15, and its rule that MX is deterministic
UNSETTLED_TYPES: Final = frozenset({"MXTimeoutException", "MXMailDeliveryException"})
NO_OPPORTUNITY: Final = "opportunity does not exist"  # [SEEN] message only, on a 500: leadsquared-api §6
_FOREIGN: Final = "The answer counts rows that were not sent."
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_FIELD: Final = re.compile(r"\b(mx_Custom_\d+(?:~mx_CustomObject_\d+)?|mx_[A-Za-z0-9_]+)\b")
_NAMED_FIELD: Final = re.compile(
    r"\bfield(?: name :)? '([A-Za-z][A-Za-z0-9_~]{0,99})'", re.IGNORECASE
)  # [SEEN] leadsquared-api §15
_WHOLE_DAY: Final = re.compile(r"\b(days?|daily|today|24 ?h(ou)?rs?|86400)\b", re.IGNORECASE)
_MICROSOFT_DATE: Final = re.compile(r"/Date\((-?\d{1,17})(?:[+-]\d{4})?\)/")
_TEXT_DATES: Final = (
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%d %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
)

LONGEST_RAW: Final = 300
_AGAIN: Final = "and post the row again."
_MISSING: Final = f"A value that LeadSquared requires{{field}} is missing. Fill it in {_AGAIN}"
_NO_RIGHT: Final = (
    "The portal’s LeadSquared user may not see this opportunity or its lead. "
    "Ask an administrator of LeadSquared for the right."
)
_SENTENCES: Final[Mapping[str, str]] = {
    "MXMandatoryAttributeMissingException": _MISSING,
    "MXMandatoryFieldMissingException": _MISSING,
    "MXInvalidActivityFieldsException": (
        f"LeadSquared requires a value, or does not take the one given{{field}}. Put it right {_AGAIN}"
    ),
    "MXInvalidActivityException": (
        "LeadSquared does not know this activity type, or does not take it on this opportunity. "
        f"Refresh the lists, choose another type {_AGAIN}"
    ),
    "MXInvalidDataTypeException": f"A value does not fit its field’s type{{field}}. Put it right {_AGAIN}",
    "MXInvalidEntityReferenceException": (
        f"A value, or the owner, is not in LeadSquared’s list{{field}}. Refresh the lists, choose another {_AGAIN}"
    ),
    "MXUnknownAttributeException": (
        f"LeadSquared does not know a field of this row{{field}}. Refresh the lists {_AGAIN}"
    ),
    "MXDuplicateEntryException": f"A value that must be unique is in use already{{field}}. Change it {_AGAIN}",
    "MXXSSException": (
        f"A value looks like script or HTML{{field}}, and LeadSquared refuses that. Take the markup out {_AGAIN}"
    ),
    "MXInvalidFieldException": f"LeadSquared does not take a field of this row{{field}}. Refresh the lists {_AGAIN}",
    "MXInvalidLeadException": ("LeadSquared does not take the lead of this opportunity. Look at it in LeadSquared."),
    "MXUnAuthorizedAccessException": _NO_RIGHT,
    "MXUnauthorizedRequestException": _NO_RIGHT,
}


def request_body(activities: Iterable[OutgoingActivity]) -> bytes:
    """Return the exact bytes of the bulk call: a bare JSON array in UTF-8 (leadsquared-api §1 [DOC])."""
    return json.dumps([_outgoing(each) for each in activities], ensure_ascii=False).encode("utf-8", "replace")


def read_bulk(raw: RawAnswer, *, row_count: int) -> BulkAnswer:
    """Judge the answer to a bulk call of `row_count` activities, row by row.

    Raises:
        RateLimited, Unauthorized, Refused, Unclear: the answer is about the call as a whole, or cannot be read.
    """
    if not raw.complete:
        raise Unclear(status=raw.status, said="The answer broke off.", row_count=row_count, raw=raw)
    body = _parsed(raw.body, once=True)
    error = _judge(raw.status, body, row_count)
    rows = body.get("Response") if isinstance(body, dict) else body
    if error is not None:
        if isinstance(error, Unclear) or (rows and isinstance(body, dict | list)):
            # An error beside rows contradicts itself: a row among them may be a yes.
            raise Unclear(
                status=raw.status,
                said=error.said,
                exception_type=error.exception_type,
                row_count=row_count,
                raw=raw,
            )
        raise error
    if not isinstance(rows, list):
        raise Unclear(status=raw.status, said="The answer has no list of rows.", row_count=row_count, raw=raw)
    return BulkAnswer(tuple(_answered(rows, row_count)))


def read(status: int, body: bytes) -> Any:
    """Return the JSON of a read's good answer.

    Raises:
        LeadSquaredError: it is not a good answer.
    """
    parsed = _parsed(body)
    error = _judge(status, parsed, 1)
    if error is not None:
        raise error
    return parsed


def field_of(said: str) -> str:
    """Return the SchemaName that LeadSquared's words name, or nothing."""
    match = _NAMED_FIELD.search(said) or _FIELD.search(said)
    return match[1] if match else ""


def in_words(exception_type: str, said: str) -> str | None:
    """Say in one or two sentences what happened and what to do; None for what cannot be translated."""
    if _says_no_opportunity(said):
        return "LeadSquared has no such opportunity, or the portal’s LeadSquared user may not see it."
    sentence = _SENTENCES.get(exception_type)
    if sentence is None:
        return None
    schema_name = field_of(said)
    return sentence.format(field=f" ({schema_name})" if schema_name else "")


def raw_words(said: str) -> str:
    """Say what LeadSquared said where `in_words` cannot: its own words, or that there were none."""
    if not said.strip():
        return "LeadSquared did not say why."
    short = said if len(said) <= LONGEST_RAW else f"{said[:LONGEST_RAW]}…"
    return f"It said, in words that the portal does not know yet: “{short}”."


def as_text(value: Any) -> str:
    """Return a value as text that can be stored: LeadSquared mixes strings, numbers, booleans and null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def as_int(value: Any) -> int | None:
    """Return a whole number that may come as text, else None."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdecimal() and len(value) < 10:
        return int(value)
    return None


def as_flag(value: Any) -> bool:
    """Return a yes or no that may come as a boolean, a number or text."""
    return value is True or as_text(value).strip().lower() in {"1", "true", "yes"}


def as_time(value: Any) -> datetime | None:
    """Return a UTC time in any of the four forms of leadsquared-api §18, else None."""
    text = as_text(value).strip()
    if match := _MICROSOFT_DATE.fullmatch(text):
        try:
            return datetime.fromtimestamp(int(match[1]) / 1000, UTC)
        except (OverflowError, OSError, ValueError):
            return None
    for form in _TEXT_DATES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def rows_of(body: Any, *keys: str) -> list[dict[str, Any]]:
    """Return the objects of a bare array, or of the list under one of these keys; anything else is no row."""
    if isinstance(body, dict):
        body = next((body[key] for key in (*keys, "List") if isinstance(body.get(key), list)), [])
    return [each for each in body if isinstance(each, dict)] if isinstance(body, list) else []


def _outgoing(activity: OutgoingActivity) -> dict[str, Any]:
    sent: dict[str, Any] = {"ActivityEvent": activity.code}
    if activity.note:
        sent["ActivityNote"] = activity.note
    sent["ActivityOwnerEmail"] = activity.owner_email
    if activity.fields:
        sent["Fields"] = [_outgoing_field(each) for each in activity.fields]
    if activity.skip_option_check:
        # The documentation shows no place for it; with a bare array only the object is left: leadsquared-api §1c
        sent["ValidateDropDownOptions"] = True
    return sent


def _outgoing_field(field: OutgoingField) -> dict[str, Any]:
    sent: dict[str, Any] = {"SchemaName": field.schema_name, "Value": field.value}
    if field.fields:
        sent["Fields"] = [_outgoing_field(each) for each in field.fields]
    return sent


class _Unreadable:
    """Stands for a body that is not JSON."""


_UNREADABLE: Final = _Unreadable()


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a key comes twice")
    return dict(pairs)


def _parsed(body: bytes, *, once: bool = False) -> Any:
    """Return the JSON; `once`: a key that comes twice makes it unreadable, whichever of its values is last."""
    hook = _no_key_twice if once else None
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant, object_pairs_hook=hook)
    except (ValueError, RecursionError, MemoryError):
        return _UNREADABLE


def _judge(status: int, body: Any, row_count: int) -> LeadSquaredError | None:
    """Return the error that status and body amount to, None for a good answer."""
    kind, said = _envelope(status, body)
    facts: dict[str, Any] = {
        "status": status,
        "said": said,
        "exception_type": kind,
        "row_count": row_count,
    }
    if status == 429 or kind in RATE_TYPES:
        return RateLimited(whole_day=bool(_WHOLE_DAY.search(said)), **facts)
    if status == 401 or kind in ACCESS_TYPES:
        return Unauthorized(**facts)
    if kind in VALIDATION_TYPES or (_says_no_opportunity(said) and not kind):
        return Refused(**facts)
    if status in {400, 404} and not kind:
        return Refused(**facts)
    if status != 200 or kind or said or body is _UNREADABLE:
        return Unclear(**{**facts, "said": said or _what_came(status, body)})
    return None


def _says_no_opportunity(said: str) -> bool:
    """Whether these are the very words: a longer text may echo what a person typed."""
    return said.strip().rstrip(".").lower() == NO_OPPORTUNITY


def _what_came(status: int, body: Any) -> str:
    return f"Status {status}" + (", and a body that is not JSON." if body is _UNREADABLE else ".")


def _envelope(status: int, body: Any) -> tuple[str, str]:
    """Return type and words of an error envelope, empty when the body is none (leadsquared-api §15)."""
    if isinstance(body, str) and status != 200:
        return "", as_text(body)
    if not isinstance(body, dict):
        return "", ""
    kind, said = as_text(body.get("ExceptionType")), as_text(body.get("ExceptionMessage"))
    is_error = as_text(body.get("Status")).lower() in {"error", "failed"}
    if not (kind or said) and (is_error or status != 200):
        message = body.get("Message")
        said = as_text(message.get("Message")) if isinstance(message, dict) else as_text(message)
        said = said or ("LeadSquared answered with an error and no words." if is_error else "")
    return kind, said


def _answered(rows: Sequence[Any], row_count: int) -> Iterator[RowAnswer]:
    """Yield each row's answer; where two rows got one id, or the rows are counted otherwise, none is believed."""
    numbers = (as_int(each.get("RowNumber")) for each in rows if isinstance(each, dict))
    if any(number is not None and not 1 <= number <= row_count for number in numbers):
        # Counted from 0, for example, each row would get its neighbour's id.
        yield from (RowAnswer(number, said=_FOREIGN) for number in range(1, row_count + 1))
        return
    answered = [_row(number, rows) for number in range(1, row_count + 1)]
    ids = Counter(row.activity_id for row in answered if row.created)
    for row in answered:
        yield RowAnswer(row.number, said="Another row has the same id.") if ids[row.activity_id] > 1 else row


def _row(number: int, rows: Sequence[Any]) -> RowAnswer:
    """Match by RowNumber, never by position; a number that comes twice, or not, says nothing."""
    named = [each for each in rows if isinstance(each, dict) and as_int(each.get("RowNumber")) == number]
    if len(named) != 1:
        return RowAnswer(number, said="" if not named else "The answer names this row more than once.")
    row = named[0]
    kind = as_text(row.get("ExceptionType"))
    said = next((as_text(row[key]) for key in ("ErrorMessage", "ExceptionMessage", "Message") if row.get(key)), "")
    given = row.get("ProspectActivityId")
    activity_id = given.strip().lower() if isinstance(given, str) else as_text(given)
    created = row.get("ActivityCreated")
    # Only the JSON boolean is a clear word; "true" or 1 would be a guess about a shape nobody has seen.
    if created is True and not (kind or said) and _GUID.fullmatch(activity_id) and activity_id.strip("0-"):
        return RowAnswer(number, created=True, activity_id=activity_id)
    settled = not kind or (kind.startswith("MX") and kind not in UNSETTLED_TYPES)
    if created is False and settled and not activity_id.strip("0-"):
        return RowAnswer(number, created=False, exception_type=kind, said=said)
    return RowAnswer(number, exception_type=kind, said=said)
