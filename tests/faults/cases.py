"""Which cases there are: every fault of the sandbox with the options that matter, every point, switches in pairs."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from lsqportal.sandbox import FAULTS
from lsqportal.sandbox.faults_answers import EXCEPTION_TYPES, TOPS, WRONG_TYPES
from tests.faults.matrix import STAGED, Case, Pairs

UNCLEAR_TYPES: Final = (
    *("NullReferenceException", "ArgumentNullException"),
    *("MXTimeoutException", "MXMailDeliveryException"),
)
# What differs from others of its kind in words only is tried at the bulk call, and not at every read.
COMMON_TYPES: Final = frozenset(EXCEPTION_TYPES) - {
    *("NullReferenceException", "MXTimeoutException", "MXInvalidInputException", "MXAPIRateLimitExceededException"),
    "MXUnAuthorizedAccessException",
}
_SILENT: Final = [{"seconds": None}]
_PAGES: Final = [{"status": status, "write": write} for status in (200, 503) for write in (False, True)]
# The options with which each fault is tried; {} alone where it has none that matter.
VARIANTS: Final[Mapping[str, Sequence[dict[str, Any]]]] = {
    "refuse": [{}],
    "reset_before_read": [{}],
    "accept_and_never_answer": _SILENT,
    "hang_then_write": _SILENT,
    "hang_then_not_write": _SILENT,
    "late_write": _SILENT,
    "reset_before_write": [{}],
    "reset_after_write": [{}],
    "close_before_write": [{}],
    "close_after_write": [{}],
    "cut_body": [{}, {"keep": 0}, {"chunked": True}],
    "cut_head": [{}],
    "not_http": [{}],
    "bad_gzip": [{}],
    "slow_bytes": [{"interval": 0.02}, {"interval": 0.35, "count": 3}],
    "html": _PAGES,
    "empty_body": _PAGES,
    "redirect": [{}, {"write": True}, {"status": 307}],
    "oversized_body": [{"megabytes": 9, "write": False}, {"megabytes": 9}],
    "wrong_content_type": [{}],
    "clock_off": [{"seconds": 600.0}, {"seconds": -600.0}],
    "no_date": [{}],
    "slow": [{"seconds": 0.05}, {"seconds": 0.4}],
    "error_500": [
        *({"exception_type": each} for each in EXCEPTION_TYPES),
        *({"exception_type": each, "status": 200} for each in EXCEPTION_TYPES),
        *({"exception_type": each, "write": True} for each in UNCLEAR_TYPES),
        {"exception_type": None, "message": "Opportunity does not exist"},
        {"exception_type": "MXSomethingNewException", "write": True},
    ],
    "error_500_without_envelope": [{}, {"write": True}, {"status": 502, "write": True}],
    "status": [{"status": each} for each in (204, 400, 403, 404, 500, 503)] + [{"status": 504, "write": True}],
    "rate_429": [{}, {"retry_after": 5}],
    "rate_403": [{}],
    "rate_200": [{}],
    "unauthorized": [{}, {"status": 500}, {"status": 200}],
    "unauthorized_for_opportunity": [{}, {"status": 500}],
    "wrong_region": [{}],
    "ok_with_error_body": [{}, {"failed": True}, {"exception_type": "MXTimeoutException", "write": True}],
    "refusal_after_partial_write": [{}, {"written": 0}],
    "rows_missing": [{}, {"row": 1}, {"count": 25}],
    "rows_doubled": [{}, {"contradict": True}],
    "rows_shuffled": [{}],
    "row_number_text": [{}],
    "row_number_foreign": [{}],
    "yes_without_id": [{}, {"write": False}, {"value": ""}],
    "yes_with_foreign_id": [{}, {"write": False}],
    "yes_that_wrote_nothing": [],
    "wrong_types": [{"how": how} for how in (*TOPS, *WRONG_TYPES)],
    "nul_in_answer": [{}, {"raw": True}],
    "lone_surrogates": [{}],
    "nested_lists": [{}, {"beside": False}],
    "huge_number": [{}],
    "not_a_number": [{}],
    "not_utf8": [{}],
    "byte_order_mark": [{}],
    "paging_ignored": [{}],
    "owner_replaced": [{}],
    "note_changed": [{}],
    "identical_row_by_colleague": [{}, {"after_write": True}],
    "identical_row_on_other_opportunity": [{}, {"after_write": True}],
}
# These change what a bulk call writes or how it answers row by row: they can happen there only.
BULK_ONLY: Final = frozenset(
    {
        *("refusal_after_partial_write", "rows_missing", "rows_doubled", "rows_shuffled", "row_number_text"),
        *("row_number_foreign", "yes_without_id", "yes_with_foreign_id", "yes_that_wrote_nothing"),
        *("owner_replaced", "note_changed", "identical_row_by_colleague", "identical_row_on_other_opportunity"),
        *("late_write", "hang_then_write"),
    }
)
# What others do meanwhile: it meets calls whose answer is lost as well.
WORLDLY: Final = ("owner_replaced", "note_changed", "identical_row_by_colleague", "identical_row_on_other_opportunity")
ROWS: Final = ("one", "three", "twins")
LOOK_ONLY: Final = frozenset({"paging_ignored"})
# A whole account in which every open question is answered otherwise: the factors of the pairs.
FACTORS: Final[Mapping[str, Sequence[Any]]] = {
    "bad_row": ("refuse_all", "per_row", "per_row_missing"),
    "refused_writes": ("nothing", "rows_before_the_bad_one", "all_good_rows"),
    "refusal_status": (500, 400, 200),
    "failed_row_words": ("ErrorMessage", "ExceptionMessage", "Message", "none"),
    "failed_row_type": ("served", "absent"),
    "failed_row_id": ("null", "empty", "absent"),
    "row_numbers": ("int", "text", "missing"),
    "answer_shape": ("rows", "count"),
    "duplicate_rows": ("create_all", "create_one", "error"),
    "owner_unknown": ("reject", "fall_back_to_key_user"),
    "unknown_opportunity": ("envelope_500", "400", "404"),
    "closed_opportunity": ("accept", "refuse"),
    "rate_answer": (429, 403, 200),
    "day_quota_answer": (429, 403, 200),
    "activity_paging": ("page_index", "offset", "both", "ignored"),
    "activity_page_size": (1000, 3),
    "over_page_size": ("clamp", "error"),
    "index_lag_seconds": (0, 60, 400),
    "record_count": ("with_index", "ahead"),
    "creator_columns": ("served", "absent"),
    "trail_names_opportunity": ("no", "yes"),
    "trail_offset": ("page_from_0", "page_from_1", "row"),
    "boolean_values": ("as_sent", "one_zero", "true_false"),
    "date_values": ("as_sent", "milliseconds", "us"),
    "number_values": ("as_sent", "two_decimals"),
    "email_values": ("as_sent", "lower_case"),
    "empty_values": ("left_out", "kept"),
    "over_length": ("reject", "truncate", "store"),
    "stored_blanks": ("as_sent", "trimmed"),
    "automations": ("none", "add_activity"),
    "clock_offset_seconds": (0, 600, -600),
}
# The faults that meet every pair of switches; all others meet some of the accounts in turn.
CORE: Final[Sequence[tuple[str, dict[str, Any]]]] = (
    ("none", {}),
    ("reset_after_write", {}),
    ("reset_before_write", {}),
    ("hang_then_write", {"seconds": None}),
    ("refusal_after_partial_write", {}),
    ("rate_limit_reached", {}),
    ("day_quota_reached", {}),
    ("opportunity_unknown", {}),
    ("opportunity_closed", {}),
    ("note_changed", {}),
    ("identical_row_by_colleague", {}),
    ("identical_row_on_other_opportunity", {}),
)
# An answer that says the opposite of what happened, in words that are clear: no client can tell, short of looking after
# every answer. They stand in a table of their own.
FALSE_WORDS: Final[Sequence[tuple[str, dict[str, Any]]]] = (
    ("yes_that_wrote_nothing", {}),
    ("yes_with_foreign_id", {}),
    ("yes_with_foreign_id", {"write": False}),
    ("error_500", {"exception_type": "MXInvalidActivityException", "write": True}),
    ("ok_with_error_body", {"write": True}),
    ("refusal_after_partial_write", {"written": 1}),
    ("status", {"status": 404, "write": True}),
)

# Accounts that make it hard to find what arrived late.
LATE_ACCOUNTS: Final[Sequence[tuple[str, Any]]] = (
    *(("index_lag_seconds", 60), ("index_lag_seconds", 400), ("creator_columns", "absent"), ("trail_offset", "row")),
    *(("activity_paging", "ignored"), ("clock_offset_seconds", 600), ("clock_offset_seconds", -600)),
)


def _options(chosen: Mapping[str, Any]) -> Pairs:
    return tuple(sorted(chosen.items()))


def variants(*, thorough: bool = False) -> Iterator[tuple[str, Pairs]]:
    """Yield every fault with its options, and the states of an account; `thorough`: with every ExceptionType."""
    for name, chosen in VARIANTS.items():
        for options in chosen:
            if thorough or options.get("exception_type") not in COMMON_TYPES:
                yield name, _options(options)
    for name in STAGED:
        yield name, ()


def of_each_fault() -> Iterator[tuple[str, Pairs]]:
    """Yield every fault once."""
    for name, same in itertools.groupby(variants(), key=lambda variant: variant[0]):
        yield name, next(same)[1]


def anywhere(chosen: Iterable[tuple[str, Pairs]] | None = None) -> Iterator[tuple[str, Pairs]]:
    """Yield the faults, of all or of these, that can happen to a read."""
    for name, options in variants() if chosen is None else chosen:
        is_of_writes = ("write", True) in options or any(("how", how) in options for how in WRONG_TYPES)
        if not is_of_writes and name not in BULK_ONLY | {"none", "opportunity_unknown", "opportunity_closed"}:
            yield name, options


def at_the_bulk_call() -> Iterator[Case]:
    """Yield every fault at the call that writes."""
    lies = {(name, _options(chosen)) for name, chosen in FALSE_WORDS}
    for name, options in variants(thorough=True):
        if name not in LOOK_ONLY:
            if (name, options) not in lies:
                yield Case(name, rows="one", options=options)
            yield Case(name, rows="three", options=options)
    for name, options in of_each_fault():
        if name not in LOOK_ONLY:
            yield Case(name, rows="twins", options=options)
    for name, before, rows in itertools.product(WORLDLY, ("reset_before_write", "reset_after_write"), ROWS):
        yield Case(name, rows=rows, before=before)


def with_25_rows() -> Iterator[Case]:
    """Yield a few faults with as many rows as a call takes."""
    for name, chosen in (*CORE, ("rows_missing", {}), ("cut_body", {}), ("rows_shuffled", {})):
        yield Case(name, rows="many", options=_options(chosen))
    yield Case("none", rows="bad")


def at_the_other_calls(chosen: Iterable[tuple[str, Pairs]] | None = None) -> Iterator[Case]:
    """Yield every fault at the key check, at a look, on the lead's trail and at the look before a retry."""
    lag = (("index_lag_seconds", 60),)
    for name, options in anywhere(chosen):
        yield Case(name, "look", "one", options, before="reset_after_write")
        yield Case(name, "look", "three", options, before="reset_before_write")
        yield Case(name, "look", "three", options, before="reset_after_write", times=4)
        yield Case(name, "look", "one", options, before="reset_before_write", times=4)
        yield Case(name, "pre-look", "three", options, before="reset_before_write")
        if name not in {"refuse", *LOOK_ONLY}:
            yield Case(name, "key check", "one", options, before="unauthorized_for_opportunity")
            yield Case(name, "key check", "three", options, before="unauthorized_for_opportunity")
            yield Case(name, "trail", "one", options, before="reset_before_write")
            yield Case(name, "trail", "three", options, before="reset_after_write", switches=lag)


def too_late() -> Iterator[Case]:
    """Yield writes that arrive after the last look: corrected by “check again”, or found right before a retry."""
    for name, rows in itertools.product(("late_write", "hang_then_write"), ("one", "three", "twins", "many")):
        yield Case(name, rows=rows, options=(("seconds", None),), is_late=True)
    for name, options in anywhere(of_each_fault()):
        if name not in {"refuse", *LOOK_ONLY}:
            yield Case(name, "pre-look", "three", options, before="late_write", is_late=True)
    for name, value in LATE_ACCOUNTS:
        for rows, point in itertools.product(("one", "twins", "three"), ("bulk call", "pre-look")):
            yield Case("none", point, rows, before="late_write", is_late=True, switches=((name, value),))
    for name in WORLDLY:
        yield Case(name, rows="three", before="late_write", is_late=True)


def is_untold(case: Case) -> bool:
    """Whether a colleague's identical row stands in for one of ours that is not there, and nobody says whose it is.

    Where LeadSquared does not name the creator a match counts (design: Read-back); a reference field tells them apart.
    """
    switches = dict(case.switches)
    is_missing = case.before == "reset_before_write" or switches.get("duplicate_rows") == "create_one"
    return case.fault == "identical_row_by_colleague" and switches.get("creator_columns") == "absent" and is_missing


def that_nobody_can_tell() -> Iterator[Case]:
    """Yield answers that are clear and false, and identical rows of colleagues where nobody says whose they are."""
    absent = (("creator_columns", "absent"),)
    for rows in ROWS:
        yield Case("identical_row_by_colleague", rows=rows, before="reset_before_write", switches=absent)
    for name, chosen in FALSE_WORDS:
        yield Case(name, rows="one", options=_options(chosen))
    yield Case("yes_that_wrote_nothing", rows="three")


def over_pairs_of_switches() -> Iterator[Case]:
    """Yield the core faults over all pairs of switches, and every other fault over some of the accounts in turn."""
    accounts = [tuple(each.items()) for each in all_pairs(FACTORS)]
    for name, chosen in CORE:
        for place, account in enumerate(accounts):
            rows = ("three", "mixed", "twins", "one")[place % 4] if name != "none" else "mixed"
            yield Case(name, rows=rows, options=_options(chosen), switches=account)
    turn = itertools.cycle(accounts)
    for name, options in of_each_fault():
        if name not in LOOK_ONLY:
            yield Case(name, rows="mixed", options=options, switches=next(turn))
            yield Case(name, rows="three", options=options, switches=next(turn))
    for case in at_the_other_calls(of_each_fault()):
        yield replace(case, switches=next(turn))


def all_pairs(factors: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Return few combinations in which every pair of values of two factors occurs; greedy, always the same."""
    open_pairs = {
        ((one, a), (other, b))
        for one, other in itertools.combinations(factors, 2)
        for a in factors[one]
        for b in factors[other]
    }
    ordered = {pair: place for place, pair in enumerate(sorted(open_pairs, key=repr))}
    found: list[dict[str, Any]] = []
    while open_pairs:
        (first, second) = min(open_pairs, key=lambda pair: ordered[pair])
        row = dict((first, second))
        for name in factors:
            if name not in row:
                row[name] = max(factors[name], key=lambda value: _gain(row, name, value, open_pairs, factors))
        row = {name: row[name] for name in factors}
        open_pairs -= set(itertools.combinations(row.items(), 2))
        found.append(row)
    return found


def _gain(
    row: Mapping[str, Any], name: str, value: Any, open_pairs: set[Any], factors: Mapping[str, Sequence[Any]]
) -> int:
    """How many open pairs this value would close with what the row has already."""
    order = list(factors)
    mine = (name, value)
    return sum(
        ((mine, other) if order.index(name) < order.index(other[0]) else (other, mine)) in open_pairs
        for other in row.items()
    )


def uncovered() -> set[str]:
    """Return the faults of the sandbox that no case is about; there must be none."""
    return set(FAULTS) - set(VARIANTS)
