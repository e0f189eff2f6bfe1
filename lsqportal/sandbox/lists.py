"""What LeadSquared's lists have in common: flat rows of texts, chosen columns, sorting, pages of 25."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from lsqportal.sandbox.answers import Refusal

DEFAULT_ROWS = 25  # [DOC + SEEN] without Paging only 25 rows, silently: leadsquared-api §11
MAX_ROWS = 1000  # [SEEN] leadsquared-api §7, §10, §11
FlatRow = dict[str, str | None]
Row = TypeVar("Row")


def object_in(content: dict[str, object], key: str) -> dict[str, object]:
    """The object under a key; empty when there is none. Keys are case-sensitive and fail silently (§9)."""
    found = content.get(key)
    return found if isinstance(found, dict) else {}


def text_in(content: dict[str, object], key: str) -> str:
    found = content.get(key)
    return "" if found is None else str(found)


def number_in(paging: dict[str, object], key: str, default: int) -> int:
    """A number that may be written as text. Raises: Refusal when it is none."""
    text = text_in(paging, key)
    if not text:
        return default
    if not (text.isascii() and text.isdecimal()):
        raise Refusal("MXInvalidInputException", f"{key} is invalid")
    return int(text)


def requested_columns(content: dict[str, object]) -> list[str]:
    listed = text_in(object_in(content, "Columns"), "Include_CSV")
    return [name.strip() for name in listed.split(",") if name.strip()]


def with_columns(row: FlatRow, identity: Iterable[str], default: Iterable[str], requested: Sequence[str]) -> FlatRow:
    """The identity columns, and those asked for, or a default subset. Unknown names are left out."""
    shown = [*identity, *(requested or default)]
    return {name: row[name] for name in shown if name in row}


def page_of(rows: list[Row], index: int, size: int) -> list[Row]:
    """The page with this number, counted from 1; page 0 is taken for 1."""
    start = (max(index, 1) - 1) * size
    return rows[start : start + size]


def page_by_index(rows: list[Row], paging: dict[str, object], largest: int = MAX_ROWS) -> list[Row]:
    """PageIndex and PageSize, larger sizes clamped."""
    size = min(number_in(paging, "PageSize", DEFAULT_ROWS), largest)
    return page_of(rows, number_in(paging, "PageIndex", 1), size)


def in_order(rows: list[FlatRow], content: dict[str, object], default_column: str) -> list[FlatRow]:
    """Sorted by Sorting.ColumnName; Direction 1 is newest first, also the default: leadsquared-api §5."""
    sorting = object_in(content, "Sorting")
    column = text_in(sorting, "ColumnName") or default_column
    ascending = text_in(sorting, "Direction") == "0"
    return sorted(rows, key=lambda row: row.get(column) or "", reverse=not ascending)
