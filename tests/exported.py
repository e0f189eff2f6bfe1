"""Reads exported files back, each into the same: a dictionary a line, by the names of the columns."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from python_calamine import CalamineWorkbook

from activities.columns import Column

Lines = list[dict[str, Any]]


def read_csv(content: bytes, columns: Sequence[Column]) -> Lines:
    """The lines of a CSV; its headings are looked at too."""
    headings, *lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert headings == [column.title for column in columns]
    return [dict(zip([column.name for column in columns], line, strict=True)) for line in lines]


def read_json_lines(content: bytes) -> Lines:
    return [json.loads(line) for line in content.decode("utf-8").split("\n") if line]


def read_xlsx(content: bytes, columns: Sequence[Column]) -> Lines:
    """The lines of all sheets of a spreadsheet."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    names = [column.name for column in columns]
    return [dict(zip(names, line, strict=True)) for _, *lines in sheets for line in lines]


def as_json(line: dict[str, Any]) -> dict[str, Any]:
    """A line of a spreadsheet as JSON Lines has it: there, times are texts, and numbers are whole."""
    return {name: _as_json(value) for name, value in line.items()}


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value.replace(tzinfo=UTC):%Y-%m-%dT%H:%M:%SZ}"
    return int(value) if isinstance(value, float) else value
