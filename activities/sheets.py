"""Writes lines as CSV, JSON Lines or a spreadsheet. Pure: knows neither the database nor what the lines are about.

No cell is ever a formula, whatever a person typed. Times are in UTC, which each heading says; in JSON each value does.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final, Protocol, cast

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

BOM: Final = "\ufeff"  # without it, Excel reads UTF-8 as something else
# What a spreadsheet takes for a formula or a command; the wide ones are the same to one that is set to Japanese.
FORMULA_BEGINS: Final = frozenset("=+-@\t\r\n＝＋－＠")
MOST_ROWS: Final = 1_048_576  # of a sheet, with the headings
LONGEST_CELL: Final = 32_767  # of a sheet's cell, in units of UTF-16
CUT: Final = "… (cut: a cell holds no more)"

Value = str | int | datetime | None
Line = Sequence[Value]


class Heading(Protocol):
    """What is said of a column."""

    @property
    def title(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def width(self) -> int: ...


@dataclass(frozen=True)
class Streamed:
    """A format that is written as it goes: the file's first bytes, and the bytes of some lines."""

    content_type: str
    begin: Callable[[Sequence[Heading]], bytes]
    write: Callable[[Sequence[Heading], Iterable[Line]], bytes]


def safe_cell(value: Value) -> str:
    """Return a cell that no spreadsheet takes for a formula: an apostrophe in front makes it text."""
    if value.__class__ is str:
        return f"'{value}" if value[:1] in FORMULA_BEGINS else value
    if isinstance(value, datetime):
        return str(value if value.tzinfo is UTC else value.astimezone(UTC))[:19]
    return "" if value is None else str(value)


def _begin_csv(columns: Sequence[Heading]) -> bytes:
    return BOM.encode() + _write_csv(columns, [[column.title for column in columns]])


def _write_csv(_: Sequence[Heading], lines: Iterable[Line]) -> bytes:
    """Return lines of a CSV with every cell in quotes.

    Column by column: of most columns one look at all cells together says that none needs anything. `csv.writer` looks
    at each letter of each cell, which takes four times as long.
    """
    columns = [_cells(column) for column in zip(*lines, strict=True)]
    # Packed line by line: one letter from afar would make all others of the chunk as wide as itself.
    return b"".join([f'"{_BETWEEN.join(row)}"\r\n'.encode() for row in zip(*columns, strict=True)])


_BETWEEN: Final = '","'


def _cells(values: Sequence[Value]) -> Sequence[str]:
    kinds = set(map(type, values))
    if str not in kinds:
        # Times and numbers repeat from line to line.
        cells = {value: safe_cell(value) for value in set(values)}
        return [cells[value] for value in values]
    if kinds == {str}:
        texts = cast(Sequence[str], values)
        together = "".join(texts)
        if FORMULA_BEGINS.isdisjoint({text[:1] for text in texts}) and '"' not in together and "\0" not in together:
            return texts
    # No table stores a NUL on purpose, and no reader of a CSV takes one.
    return [safe_cell(value).replace("\0", "").replace('"', '""') for value in values]


def _begin_json(_: Sequence[Heading]) -> bytes:
    return b""


def _write_json(columns: Sequence[Heading], lines: Iterable[Line]) -> bytes:
    names = [column.name for column in columns]
    return b"".join([f"{_encode(dict(zip(names, line, strict=True)))}\n".encode() for line in lines])


def _iso(value: Any) -> str:
    moment = value if value.tzinfo is UTC else value.astimezone(UTC)
    return f"{moment.isoformat()[:-6]}Z"  # without its +00:00


_encode: Final = json.JSONEncoder(ensure_ascii=False, default=_iso).encode
CSV: Final = Streamed("text/csv; charset=utf-8", _begin_csv, _write_csv)
JSON_LINES: Final = Streamed("application/jsonl; charset=utf-8", _begin_json, _write_json)
XLSX_CONTENT_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class _Sheet(Worksheet):  # type: ignore[misc]
    """A sheet where a text is a text: XlsxWriter takes one that begins and ends like its own XML for just that."""

    def _xml_rich_inline_string(self, string: str, attributes: Sequence[tuple[str, object]] = ()) -> None:
        self._xml_inline_string(string, preserve=False, attributes=attributes)


class Spreadsheet:
    """An XLSX file that is written line by line in constant memory; what is not yet packed lies in `folder`.

    The file goes to `target` when it is packed. What does not fit into one sheet goes on in the next one.
    """

    def __init__(
        self,
        target: IO[bytes] | io.RawIOBase,
        columns: Sequence[Heading],
        *,
        title: str,
        folder: Path,
        most_rows: int = MOST_ROWS,
    ) -> None:
        self._columns = columns
        self._title = title
        self._most_rows = most_rows
        self._book = xlsxwriter.Workbook(
            target,
            {
                "constant_memory": True,
                "tmpdir": str(folder),
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        self._book.use_zip64()
        self._bold = self._book.add_format({"bold": True, "bottom": 1})
        self._time = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        # Keeps a text a text also when somebody edits its cell.
        self._text = self._book.add_format({"quote_prefix": True})
        self._sheet_count = 0
        self._begin_sheet()

    def write(self, lines: Iterable[Line]) -> None:
        """Write lines below those that stand there."""
        for line in lines:
            if self._row == self._most_rows:
                self._begin_sheet()
            for place, value in enumerate(line):
                self._write_cell(place, value)
            self._row += 1

    def pack(self) -> None:
        """Pack everything into the file."""
        self._book.close()

    def close(self) -> None:
        """Let go of what lies in the folder, packed or not."""
        for sheet in self._book.worksheets():
            sheet._opt_close()

    def _begin_sheet(self) -> None:
        self._sheet_count += 1
        name = self._title if self._sheet_count == 1 else f"{self._title} {self._sheet_count}"
        self._sheet = self._book.add_worksheet(name, _Sheet)
        self._sheet.freeze_panes(1, 0)
        for place, column in enumerate(self._columns):
            self._sheet.set_column(place, place, column.width)
            self._sheet.write_string(0, place, column.title, self._bold)
        self._row = 1

    def _write_cell(self, place: int, value: Value) -> None:
        if isinstance(value, str):
            if value:
                kept = self._text if value[0] in FORMULA_BEGINS else None
                self._sheet.write_string(self._row, place, fitting(value), kept)
        elif isinstance(value, datetime):
            naive = value.astimezone(UTC).replace(tzinfo=None)
            self._sheet.write_datetime(self._row, place, naive, self._time)
        elif value is not None:
            self._sheet.write_number(self._row, place, value)


def fitting(text: str) -> str:
    """Return a text that fits into a cell of a sheet; one that does not says so at its end."""
    if len(text) * 2 <= LONGEST_CELL or len(text.encode("utf-16-le")) <= LONGEST_CELL * 2:
        return text
    room = (LONGEST_CELL - len(CUT)) * 2
    return text.encode("utf-16-le")[:room].decode("utf-16-le", "ignore") + CUT
