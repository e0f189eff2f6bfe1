"""Every line of the fact sheet's section 19 ("Uncertain") as a switch, in one table.

A real account behaves in one of these ways and nobody could establish which, so the sandbox can behave in
each. Lines without a switch: 11 (deleting is no call of the portal), 17 (a late commit is the fault
`late_write`) and 19 (other regions differ: that is this table).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

Setting = str | int | float
RATE = re.compile(r"^(off|[1-9]\d*/[1-9]\d*s)$")


@dataclass(frozen=True)
class Switch:
    """One open question: where the sheet asks it, what may be answered, what is answered by default."""

    name: str
    section: str
    default: Setting
    allowed: tuple[str, ...]
    about: str


# A word in <> stands for a kind of value: <number>, <seconds>, <rate>. Everything else is the value itself.
TABLE = (
    # 1: failed-row shape and atomicity
    Switch(
        "bad_row",
        "19.1",
        "refuse_all",
        ("refuse_all", "per_row", "per_row_missing"),
        "one bad row refuses the whole call, is answered as failed, or is left out of the answer",
    ),
    Switch(
        "refused_writes",
        "19.1",
        "nothing",
        ("nothing", "rows_before_the_bad_one", "all_good_rows"),
        "what a refused call has written all the same",
    ),
    Switch("refusal_status", "19.1", 500, ("500", "400", "200"), "the HTTP status of a refusal"),
    Switch(
        "failed_row_words",
        "19.1",
        "ErrorMessage",
        ("ErrorMessage", "ExceptionMessage", "Message", "none"),
        "the key under which a failed row says why",
    ),
    Switch(
        "failed_row_type",
        "19.1",
        "served",
        ("served", "absent"),
        "whether a failed row carries ExceptionType",
    ),
    Switch("failed_row_id", "19.1", "null", ("null", "empty", "absent"), "ProspectActivityId of a failed row"),
    Switch("row_numbers", "19.1", "int", ("int", "text", "missing"), "RowNumber in the answer"),
    Switch("answer_shape", "19.1", "rows", ("rows", "count"), "rows, or only how many were written"),
    # 2: sizes
    Switch("over_25", "19.2", "error", ("error", "truncate"), "more than 25 rows"),
    Switch(
        "empty_array",
        "19.2",
        "empty_response",
        ("empty_response", "error_400", "error_500"),
        "an empty array",
    ),
    Switch(
        "duplicate_rows",
        "19.2",
        "create_all",
        ("create_all", "create_one", "error"),
        "identical rows in one call",
    ),
    # 3: ValidateDropDownOptions
    Switch(
        "validate_dropdown",
        "19.3",
        "true_skips",
        ("true_skips", "true_enforces", "ignored"),
        "what ValidateDropDownOptions true does",
    ),
    Switch("validate_dropdown_place", "19.3", "object", ("object", "query", "both"), "where it is looked for"),
    Switch("dropdown_default", "19.3", "enforce", ("enforce", "store"), "drop-down values when it is not sent"),
    # 4: undocumented keys
    Switch(
        "activity_date_time",
        "19.4",
        "ignored",
        ("ignored", "honoured", "refused"),
        "ActivityDateTime in a row",
    ),
    Switch("process_files_async", "19.4", "ignored", ("ignored", "refused"), "ProcessFilesAsync in a row"),
    # 5: the owner
    Switch("owner_missing", "19.5", "reject", ("reject", "fall_back_to_key_user"), "no ActivityOwnerEmail"),
    Switch("owner_unknown", "19.5", "reject", ("reject", "fall_back_to_key_user"), "an e-mail nobody has"),
    Switch("owner_inactive", "19.5", "reject", ("reject", "fall_back_to_key_user"), "an inactive user's e-mail"),
    # 6: the opportunity
    Switch("unknown_opportunity", "19.6", "envelope_500", ("envelope_500", "400", "404"), "an id nobody has"),
    Switch("closed_opportunity", "19.6", "accept", ("accept", "refuse"), "posting on Won and Lost"),
    Switch(
        "types_per_opportunity",
        "19.6",
        "any",
        ("any", "associated"),
        "whether an activity type must be enabled for the opportunity's type",
    ),
    # 7: limits
    Switch("rate", "19.7", "off", ("off", "<rate>"), "all calls"),
    Switch("bulk_rate", "19.7", "off", ("off", "<rate>"), "the bulk call by itself, beside `rate`"),
    Switch("rate_answer", "19.7", 429, ("429", "403", "200"), "the status of an answer about the rate"),
    Switch("retry_after", "19.7", "absent", ("absent", "<number>"), "the Retry-After header of such an answer"),
    Switch("day_quota", "19.7", "off", ("off", "<number>"), "calls a day"),
    Switch("day_quota_answer", "19.7", 429, ("429", "403", "200"), "the status when the day is used up"),
    # 8: opportunities of a lead
    Switch("opportunity_type_required", "19.8", "no", ("no", "yes"), "opportunityType in GetOpportunitiesOfLead"),
    # 9: activities of an opportunity
    Switch(
        "activity_paging",
        "19.9",
        "page_index",
        ("page_index", "offset", "both", "ignored"),
        "the paging keys that GetActivitiesOfOpportunity obeys",
    ),
    Switch("activity_page_size", "19.9", 1000, ("<number>",), "its largest page"),
    Switch("over_page_size", "19.9", "error", ("error", "clamp"), "a larger page than that"),
    Switch("activity_code_required", "19.9", "no", ("no", "yes"), "activityEventCode in the query"),
    Switch("index_lag_seconds", "19.9", 0, ("<seconds>",), "age at which a row appears in an opportunity list"),
    Switch("record_count", "19.9", "with_index", ("with_index", "ahead"), "RecordCount lags too, or does not"),
    Switch("creator_columns", "19.9", "served", ("served", "absent"), "CreatedBy and its names when asked for"),
    # 10: the lead's trail
    Switch("trail_names_opportunity", "19.10", "no", ("no", "yes"), "RelatedOpportunityId in the trail"),
    Switch("trail_offset", "19.10", "page_from_0", ("page_from_0", "page_from_1", "row"), "what Offset counts"),
    # 12: write formats, and what is stored of them
    Switch("active_user_values", "19.12", "both", ("both", "guid", "email"), "values of ActiveUsers fields"),
    Switch("product_values", "19.12", "both", ("both", "guid", "name"), "values of Product fields"),
    Switch("boolean_accepts", "19.12", "both", ("both", "one_zero", "true_false"), "values of Boolean fields"),
    Switch(
        "date_only_accepts",
        "19.12",
        "both",
        ("both", "with_time", "without_time"),
        "values of date-only fields",
    ),
    Switch("multi_select_separator", "19.12", "both", ("both", ";", ","), "between options of a multi-select"),
    Switch("boolean_values", "19.12", "as_sent", ("as_sent", "one_zero", "true_false"), "a Boolean as stored"),
    Switch("date_values", "19.12", "as_sent", ("as_sent", "milliseconds", "us"), "a date as stored"),
    Switch("number_values", "19.12", "as_sent", ("as_sent", "two_decimals"), "a number as stored"),
    Switch("email_values", "19.12", "as_sent", ("as_sent", "lower_case"), "an e-mail as stored"),
    Switch("empty_values", "19.12", "left_out", ("left_out", "kept"), "an empty value as stored"),
    # 13: lengths
    Switch("max_note_length", "19.13", 4000, ("off", "<number>"), "of ActivityNote"),
    Switch(
        "max_text_length",
        "19.13",
        "field",
        ("field", "off", "<number>"),
        "of values; `field`: MaxFieldLength",
    ),
    Switch("over_length", "19.13", "reject", ("reject", "truncate", "store"), "text longer than that"),
    # 14: addresses that the sheet does not know
    Switch("dependent_options_call", "19.14", "served", ("served", "not_found"), "our guess of that address"),
    # 15: leads and users
    Switch(
        "phone_spellings",
        "19.15",
        "all",
        ("all", "plus_cc_hyphen", "ten_digits"),
        "RetrieveLeadByPhoneNumber",
    ),
    Switch("quick_search_cap", "19.15", 50, ("off", "<number>"), "leads that the quick search returns"),
    Switch("users_cap", "19.15", "off", ("off", "<number>"), "users that Users.Get returns"),
    # 16: reading values
    Switch("dropdown_case", "19.16", "sensitive", ("sensitive", "insensitive"), "comparing drop-down values"),
    Switch("dropdown_blanks", "19.16", "exact", ("exact", "trimmed"), "blanks around drop-down values"),
    Switch("stored_blanks", "19.16", "as_sent", ("as_sent", "trimmed"), "blanks around notes and texts as stored"),
    # 18: automations
    Switch("automations", "19.18", "none", ("none", "add_activity"), "what posting triggers on the opportunity"),
    # not of section 19, but of the same kind
    Switch("bad_request_body", "15", "message", ("message", "text"), "a 400: JSON with a message, or plain text"),
    Switch("clock_offset_seconds", "18", 0, ("<seconds>",), "the sandbox's clock against the machine's"),
)
BY_NAME = {switch.name: switch for switch in TABLE}


def checked(name: str, value: object) -> Setting:
    """The value as the switch keeps it. Raises: ValueError for what the table does not know."""
    if name not in BY_NAME:
        raise ValueError(f"There is no switch {name!r}. There are: {', '.join(BY_NAME)}.")
    switch = BY_NAME[name]
    text = str(value)
    if text in switch.allowed and not text.startswith("<"):
        return int(text) if text.isdecimal() else text
    for kind, convert in (("<number>", _number), ("<seconds>", _seconds), ("<rate>", _rate)):
        converted = convert(text) if kind in switch.allowed else None
        if converted is not None:
            return converted
    raise ValueError(f"{name!r} cannot be {value!r}. It can be: {', '.join(switch.allowed)}.")


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and text != "0" else None


def _seconds(text: str) -> float | None:
    return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else None


def _rate(text: str) -> str | None:
    return text if RATE.match(text) else None


class Switches:
    """The switches as they stand now."""

    def __init__(self, **defaults: Setting) -> None:
        self._defaults: dict[str, Setting] = {switch.name: switch.default for switch in TABLE}
        self._defaults.update({name: checked(name, value) for name, value in defaults.items()})
        self._now = dict(self._defaults)

    def set(self, settings: dict[str, object]) -> None:
        """Turn some switches; all of them or, when one is wrong, none."""
        self._now.update({name: checked(name, value) for name, value in settings.items()})

    def reset(self) -> None:
        self._now = dict(self._defaults)

    def as_json(self) -> dict[str, Setting]:
        return dict(self._now)

    def changed(self) -> dict[str, Setting]:
        """Those that do not stand at their default."""
        return {name: value for name, value in self._now.items() if value != self._defaults[name]}

    def word(self, name: str) -> str:
        return str(self._now[name])

    def number(self, name: str) -> float:
        return float(cast(float, self._now[name]))

    def limit(self, name: str) -> int | None:
        """A switch that is a number or `off`."""
        value = self._now[name]
        return None if isinstance(value, str) else int(value)

    def rate(self, name: str) -> tuple[int, int] | None:
        """Calls and seconds of a rate like 25/5s; None when it is off."""
        value = self.word(name)
        if value == "off":
            return None
        calls, seconds = value.rstrip("s").split("/")
        return int(calls), int(seconds)
