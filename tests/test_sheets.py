from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from python_calamine import CalamineWorkbook

from activities import sheets

COLUMNS = [SimpleNamespace(title="Note", name="note", width=20), SimpleNamespace(title="At (UTC)", name="at", width=20)]
INDIA = timezone(timedelta(hours=5, minutes=30))
NOON_IN_INDIA = datetime(2026, 11, 23, 12, 0, 5, tzinfo=INDIA)
ODD = {
    "many lines": "first\nsecond\r\nthird\rfourth",
    "quotes and commas": 'she said "yes", then, "no"; \'no\'',
    "emoji": "👩‍👩‍👧 🇮🇳",
    "right to left": "تم التحقق من المستندات",
    "blanks around": "  two before, two after  ",
    "control characters": "a\x01b\x08c\x1fd",
    "what XML means something by": "<b>&amp;</b> ]]> _x0041_",
    "what looks like a part of a sheet": "<r>a & b</r>",
    "what would end its cell": '<r><t>x</t></r></is></c><c r="B2"><f>1+1</f></c><c r="C2" t="inlineStr"><is><r></r>',
    "separators of lines": "a\u2028b\u2029c\x85d",
    "not a number": "00417",
    "not a date": "1-2",
    "not an address": "https://example.com/x mailto:a@b.in",
    "a byte order mark": "\ufeffx",
}
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", "＝1+1", "＋1", "－1", "＠x"]
of_each_text = pytest.mark.parametrize("text", ODD.values(), ids=list(ODD))


def read_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))


@pytest.fixture
def spreadsheet(tmp_path):
    """Write lines into a spreadsheet, and open it."""

    def spreadsheet(lines, **more) -> CalamineWorkbook:
        target = tmp_path / "book.xlsx"
        with target.open("w+b") as file:
            book = sheets.Spreadsheet(file, COLUMNS, title="Lines", folder=tmp_path, **more)
            book.write(lines)
            book.pack()
            book.close()
        return CalamineWorkbook.from_path(str(target))

    return spreadsheet


class TestCsv:
    def test_begins_so_that_excel_reads_it_as_utf_8_and_says_the_zone(self):
        assert sheets.CSV.begin(COLUMNS) == b'\xef\xbb\xbf"Note","At (UTC)"\r\n'

    @of_each_text
    def test_keeps_a_text(self, text):
        content = sheets.CSV.write(COLUMNS, [(text, None)])

        assert read_csv(content) == [[text, ""]]

    def test_leaves_out_what_no_reader_takes(self):
        assert read_csv(sheets.CSV.write(COLUMNS, [("a\0b", None), ("c", None)])) == [["ab", ""], ["c", ""]]

    def test_has_times_in_utc(self):
        assert sheets.CSV.write(COLUMNS, [("x", NOON_IN_INDIA)]) == b'"x","2026-11-23 06:30:05"\r\n'

    @pytest.mark.parametrize("text", FORMULAS)
    def test_makes_no_formula_of_a_text(self, text):
        content = sheets.CSV.write(COLUMNS, [(text, None)])

        assert read_csv(content) == [[f"'{text}", ""]]


class TestJsonLines:
    @of_each_text
    def test_keep_a_text_in_one_line(self, text):
        content = sheets.JSON_LINES.write(COLUMNS, [(text, None)])

        assert json.loads(content) == {"note": text, "at": None}
        assert content.count(b"\n") == 1

    def test_have_times_in_utc_which_they_say_themselves(self):
        content = sheets.JSON_LINES.write(COLUMNS, [("x", NOON_IN_INDIA)])

        assert json.loads(content)["at"] == "2026-11-23T06:30:05Z"

    def test_begin_with_the_first_line(self):
        assert sheets.JSON_LINES.begin(COLUMNS) == b""


class TestASpreadsheet:
    @of_each_text
    def test_keeps_a_text(self, spreadsheet, text):
        (_, line) = spreadsheet([(text, None)]).get_sheet_by_index(0).to_python()

        assert line[0] == text

    def test_has_headings_and_times_in_utc_as_times(self, spreadsheet):
        headings, line = spreadsheet([("x", NOON_IN_INDIA)]).get_sheet_by_name("Lines").to_python()

        assert headings == ["Note", "At (UTC)"]
        assert line == ["x", datetime(2026, 11, 23, 6, 30, 5, tzinfo=UTC).replace(tzinfo=None)]

    @pytest.mark.parametrize("text", FORMULAS)
    def test_makes_no_formula_of_a_text(self, spreadsheet, tmp_path, text):
        sheet = spreadsheet([(text, None)]).get_sheet_by_index(0)

        assert sheet.to_python()[1][0] == text
        with zipfile.ZipFile(tmp_path / "book.xlsx") as book:
            assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
            assert b'quotePrefix="1"' in book.read("xl/styles.xml")

    def test_goes_on_in_the_next_sheet_when_one_is_full(self, spreadsheet):
        book = spreadsheet([(str(number), None) for number in range(5)], most_rows=3)

        texts = [[line[0] for line in book.get_sheet_by_name(name).to_python()] for name in book.sheet_names]
        assert book.sheet_names == ["Lines", "Lines 2", "Lines 3"]
        assert texts == [["Note", "0", "1"], ["Note", "2", "3"], ["Note", "4"]]

    def test_ends_with_its_sheet_when_the_lines_do(self, spreadsheet):
        assert spreadsheet([("0", None), ("1", None)], most_rows=3).sheet_names == ["Lines"]

    @pytest.mark.parametrize("letter", ["x", "👩", "म"])
    def test_says_of_a_text_that_it_was_cut(self, spreadsheet, letter):
        (_, line) = spreadsheet([(letter * 40_000, None)]).get_sheet_by_index(0).to_python()

        assert line[0].endswith(sheets.CUT)
        assert sheets.LONGEST_CELL - 1 <= len(line[0].encode("utf-16-le")) // 2 <= sheets.LONGEST_CELL

    def test_lets_go_of_its_files_when_it_is_given_up(self, tmp_path):
        with (tmp_path / "book.xlsx").open("w+b") as file:
            book = sheets.Spreadsheet(file, COLUMNS, title="Lines", folder=tmp_path)
            book.write([("x", None)])

            book.close()

        assert (tmp_path / "book.xlsx").stat().st_size == 0
