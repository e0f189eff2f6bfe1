from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from activities import fields, forms, typed_rows
from activities.catalog import Catalog, CatalogField, Listing
from activities.leadsquared.records import ActivityType, User
from tests.pages import Page

KABIR = "kabir.shah@sahyadrihfc.in"
TODAY = date(2026, 11, 24)
FETCHED = datetime(2026, 11, 23, tzinfo=UTC)
PARENT = CatalogField(schema_name="mx_Custom_1", name="Outcome", kind="choice", options=("Met", "Not met"))
FIELDS = (
    PARENT,
    CatalogField(
        schema_name="mx_Custom_2",
        name="Reason",
        kind="dependent_choice",
        parent="mx_Custom_1",
        parent_name="Outcome",
        by_parent={"Met": ("Signed", "Refused"), "Not met": ("Away",)},
    ),
    CatalogField(schema_name="mx_Custom_3", name="Seen", kind="multiple_choice", multiple=True, options=("PAN", "ID")),
    CatalogField(schema_name="mx_Custom_4", name="Remarks", kind="long_text", max_length=50),
    CatalogField(schema_name="mx_Custom_5", name="Amount", kind="number", mandatory=True),
    CatalogField(schema_name="mx_Custom_6", name="Again", kind="boolean"),
    CatalogField(
        schema_name="mx_Custom_7",
        name="Valuer",
        kind="field_set",
        inner=(CatalogField(schema_name="mx_CustomObject_1", name="Name", kind="text"),),
    ),
    CatalogField(schema_name="mx_Custom_8", name="When", kind="date"),
    CatalogField(schema_name="mx_Custom_9", name="Who", kind="user"),
)
LISTS = Catalog(
    types=Listing((ActivityType(208, "KYC visit"), ActivityType(102, "Meeting")), FETCHED),
    users=Listing((User("1", "Kabir Shah", KABIR), User("2", "Gone", "gone@sahyadrihfc.in", active=False)), FETCHED),
    fields={208: Listing(FIELDS, FETCHED)},
)
NOTHING = Catalog(types=Listing(), users=Listing(), fields={})


def a_reader(catalog=LISTS, *, switch=False) -> forms.Reader:
    return forms.Reader(
        catalog=catalog,
        zone=ZoneInfo("Asia/Kolkata"),
        today=TODAY,
        default_owner=KABIR,
        skip_option_check=switch,
    )


def a_row(**changes) -> dict:
    return {"code": "208", "by_code": False, "owner": KABIR, "note": "", "values": {}, "bare": [], **changes}


def content(*rows, switch=False) -> dict:
    return {"rows": list(rows), "skip_option_check": switch}


def read(*rows, catalog=LISTS, switch=False, complain=True) -> forms.Checked:
    return forms.check(content(*rows, switch=switch), a_reader(catalog, switch=switch), complain=complain)


def a_post(pairs) -> QueryDict:
    return QueryDict(urlencode(list(pairs), doseq=True), mutable=True)


def round_trip(typed: dict, catalog: Catalog) -> dict:
    """Draw what was typed, as a browser gets it, and return what the browser would post."""
    checked = forms.check(typed, a_reader(catalog, switch=typed["skip_option_check"]), complain=True)
    types = [(str(each.code), each.name) for each in catalog.types.records]
    drawn = "".join(render_to_string("submissions/_row.html", {"row": row, "types": types}) for row in checked.rows)
    page = Page(f'<form action="x"><input name="rows" value="{len(checked.rows)}">{drawn}</form>')
    post = page.form("x").posted
    if typed["skip_option_check"]:
        post["skip_option_check"] = "yes"
    return typed_rows.typed(post)


def shown_back(row: dict, catalog: Catalog) -> dict:
    """The same row with its dates and numbers as they are shown back, where they can be read."""
    known = {each.schema_name: each for each in catalog.fields_of(208) if each.kind in forms.SHOWN_BACK}
    of_type = row["values"].get("208", {}) if row["code"] == "208" else {}
    return {**row, "values": {**row["values"], "208": {k: understood(known.get(k), v) for k, v in of_type.items()}}}


def understood(field: CatalogField | None, value: Any) -> Any:
    try:
        shown = fields.read(field, value, zone=ZoneInfo("Asia/Kolkata"), today=TODAY).shown if field else ""
    except fields.Wrong:
        return value
    return shown or value


def texts_of(row: dict) -> list[str]:
    """Everything that somebody typed into a row."""
    values = [value for of_type in row["values"].values() for value in of_type.values()]
    flat = [each for value in values for each in ([value] if isinstance(value, str) else value)]
    pairs = [text for pair in row["bare"] for text in (pair["schema_name"], pair["value"])]
    return [text for text in (row["code"], row["owner"], row["note"], *flat, *pairs) if text]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
schema_names = st.sampled_from([each.schema_name for each in FIELDS[:6]] + ["mx_Custom_7~mx_CustomObject_1", "x", "é~"])
known_values = st.sampled_from(["Met", "Not met", "Away", "PAN", "ID", "1", "Yes", "12", "24 Nov 2026", KABIR, ""])
numbers = st.integers(0, 4).map(str)
names = st.one_of(
    st.sampled_from(["rows", "draft", "do", "opportunity", "skip_option_check", "r1-type", "r1-code", "r1-owner"]),
    st.builds("r{}-{}".format, numbers, st.sampled_from(["type", "code", "owner", "note", "b1-name", "b1-value"])),
    st.builds("r{}-v{}-{}".format, numbers, st.sampled_from(["208", "102", "٢٠٨", "0"]), schema_names | texts),
    texts,
)
posts = st.lists(
    st.tuples(names, texts | known_values | st.sampled_from(["3", "208", "102", "999", "other", "12000"])), max_size=25
)
one_row = st.fixed_dictionaries(
    {
        "code": st.sampled_from(["208", "208", "102", "999", ""]),
        "by_code": st.booleans(),
        "owner": texts | st.just(KABIR),
        "note": texts,
        "values": st.dictionaries(
            st.sampled_from(["208", "102"]),
            st.dictionaries(schema_names, known_values | texts.map(lambda text: text.replace("\r", "")), max_size=6),
        ),
        "bare": st.lists(st.fixed_dictionaries({"schema_name": texts, "value": texts}), max_size=2),
    }
)
quickly = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class TestAnyPost:
    @quickly
    @given(posts, st.sampled_from([LISTS, NOTHING]))
    @example([("rows", "9" * 5), ("r200-note", "x")], LISTS)
    @example([("rows", "1"), ("r1-type", "208"), ("r1-v208-mx_Custom_2", "\ud7ff\x00")], LISTS)
    def test_is_read_without_an_error(self, pairs, catalog):
        typed = typed_rows.typed(a_post(pairs))

        forms.check(typed, a_reader(catalog, switch=typed["skip_option_check"]), complain=True)

    @quickly
    @given(posts, st.sampled_from([LISTS, NOTHING]))
    def test_holds_nothing_that_a_database_refuses(self, pairs, catalog):
        typed = typed_rows.typed(a_post(pairs))

        assert "\x00" not in str(typed)

    @quickly
    @given(posts)
    def test_makes_no_more_than_200_rows(self, pairs):
        assert len(typed_rows.typed(a_post([("rows", "99999"), *pairs]))["rows"]) <= 200


class TestTheWayThroughAPage:
    @quickly
    @given(st.lists(one_row, max_size=3), st.booleans(), st.sampled_from([LISTS, NOTHING]))
    @example([a_row(note="one\r\ntwo")], False, LISTS)
    def test_loses_nothing_that_was_typed(self, rows, switch, catalog):
        first = round_trip(content(*rows, switch=switch), catalog)

        kept = ["\n".join(texts_of(row)) for row in first["rows"]]
        wanted = [[typed_rows.kept(text).strip() for text in texts_of(shown_back(row, catalog))] for row in rows]
        assert all(text in kept[at] for at, of_row in enumerate(wanted) for text in of_row)

    @quickly
    @given(st.lists(one_row, max_size=3), st.booleans(), st.sampled_from([LISTS, NOTHING]))
    def test_changes_nothing_the_second_time(self, rows, switch, catalog):
        first = round_trip(content(*rows, switch=switch), catalog)

        assert round_trip(first, catalog) == first

    @pytest.mark.parametrize(
        ("name", "typed", "stands"),
        [
            ("mx_Custom_8", "today", "Tue 24 Nov 2026"),
            ("mx_Custom_8", "21/11", "Sat 21 Nov 2026"),
            ("mx_Custom_5", "112.400,50", "1,12,400.50"),
            ("mx_Custom_8", "31/11", "31/11"),
            ("mx_Custom_5", "12,50", "12,50"),
        ],
    )
    def test_shows_back_what_was_understood_of_a_date_or_a_number(self, name, typed, stands):
        row = a_row(values={"208": {name: typed}})

        (kept, *_) = round_trip(content(row), LISTS)["rows"]

        assert kept["values"]["208"][name] == stands

    def test_keeps_a_ticked_list_as_a_list(self):
        row = a_row(values={"208": {"mx_Custom_3": ["PAN", "ID", "left the list"]}})

        (kept, *_) = round_trip(content(row), LISTS)["rows"]

        assert kept["values"]["208"]["mx_Custom_3"] == ["PAN", "ID", "left the list"]

    def test_keeps_a_dependent_value_without_its_parent(self):
        row = a_row(values={"208": {"mx_Custom_2": "Away"}})

        (kept, *_) = round_trip(content(row), LISTS)["rows"]

        assert kept["values"]["208"]["mx_Custom_2"] == "Away"

    @pytest.mark.parametrize("text", ["\nfirst", "a\n\n", "  x ", "\t", "</textarea><b>", "&amp;", '"', "{{ 1 }}"])
    def test_keeps_every_character_of_a_note(self, text):
        (kept, *_) = round_trip(content(a_row(note=text)), LISTS)["rows"]

        assert kept["note"] == text


offered = ["add", "below", "remove", "duplicate", "up", "down", "group", "refresh", "review"]
verbs = st.sampled_from([*offered, "nonsense", ""])
presses = st.builds("{}-{}".format, verbs, st.integers(-2, 12)) | st.sampled_from(["add", "group"]) | texts


class TestChange:
    ROWS = [a_row(note=str(number)) for number in range(5)]

    def notes_after(self, do):
        changed, _ = typed_rows.change(content(*self.ROWS), do, default_owner=KABIR)
        return [row["note"] for row in changed["rows"]]

    @quickly
    @given(st.lists(texts, max_size=6), presses)
    def test_keeps_all_rows_but_the_one_that_was_added_or_removed(self, notes, do):
        before = content(*[a_row(note=note) for note in notes])

        after, _ = typed_rows.change(before, do, default_owner=KABIR)

        gone = Counter(notes) - Counter(row["note"] for row in after["rows"])
        new = Counter(row["note"] for row in after["rows"]) - Counter(notes)
        assert (gone.total(), new.total()) in {(0, 0), (0, 1), (1, 0)}
        assert not gone or do.startswith("remove-")
        assert not new or do.startswith(("add", "below-", "duplicate-"))

    @quickly
    @given(st.integers(1, 5), presses)
    def test_looks_at_a_row_that_is_there(self, count, do):
        changed, row = typed_rows.change(content(*self.ROWS[:count]), do)

        assert 1 <= row <= max(1, len(changed["rows"]))

    @quickly
    @given(presses)
    def test_leaves_what_it_was_given_alone(self, do):
        before = content(*[dict(row) for row in self.ROWS])

        typed_rows.change(before, do)

        assert before == content(*self.ROWS)

    @pytest.mark.parametrize(
        ("do", "order"),
        [
            ("up-3", "02134"),
            ("down-3", "01324"),
            ("up-1", "01234"),
            ("down-5", "01234"),
            ("remove-3", "0134"),
            ("duplicate-3", "012234"),
            ("remove-9", "01234"),
            ("remove-0", "01234"),
            ("remove--1", "01234"),
            ("remove-٣", "0134"),
            ("remove-", "01234"),
            ("remove", "01234"),
            ("remove-99999999999999999999", "01234"),
            ("below-99", "01234"),
            ("group-2", "01234"),
        ],
    )
    def test_does_what_the_button_says(self, do, order):
        assert "".join(self.notes_after(do)) == order

    def test_adds_a_row_with_the_persons_owner(self):
        changed, row = typed_rows.change(content(*self.ROWS), "add", default_owner=KABIR)

        assert changed["rows"][-1]["owner"] == KABIR
        assert row == 6

    def test_adds_a_row_of_the_same_type_and_owner_below(self):
        first = a_row(code="204", by_code=True, owner="x@y.in", note="n", values={"204": {"a": "1"}}, follows=7)

        changed, row = typed_rows.change(content(first, a_row()), "below-1", default_owner=KABIR)

        assert changed["rows"][1] == {**typed_rows.blank("x@y.in"), "code": "204", "by_code": True}
        assert row == 2

    def test_groups_rows_by_type_in_the_order_of_their_first_row(self):
        codes = ("231", "", "208", "231", "", "208")
        rows = [a_row(code=code, note=str(number)) for number, code in enumerate(codes)]

        changed, _ = typed_rows.change(content(*rows), "group")

        assert [row["note"] for row in changed["rows"]] == ["0", "3", "2", "5", "1", "4"]

    def test_fills_what_is_empty_from_the_row_above(self):
        above = a_row(owner="x@y.in", note="above", values={"208": {"a": "1", "b": ["2", "3"], "c": "4"}}, bare=[{}])
        row = a_row(owner="", note="own", values={"208": {"a": "own", "c": ""}, "231": {"a": "kept"}}, follows=7)

        changed, looked_at = typed_rows.change(content(above, row), "filldown-2")

        (_, filled) = changed["rows"]
        assert (filled["owner"], filled["note"], filled["follows"], filled["bare"]) == ("x@y.in", "own", 7, [{}])
        assert filled["values"] == {"208": {"a": "own", "b": ["2", "3"], "c": "4"}, "231": {"a": "kept"}}
        assert looked_at == 2

    def test_fills_the_type_of_a_row_that_has_none(self):
        changed, _ = typed_rows.change(content(a_row(values={"208": {"a": "1"}}), a_row(code="")), "filldown-2")

        assert changed["rows"][1]["code"] == "208"
        assert changed["rows"][1]["values"] == {"208": {"a": "1"}}

    def test_fills_no_fields_from_a_row_of_another_type(self):
        above = a_row(code="231", note="above", values={"231": {"a": "1"}, "208": {"a": "2"}})

        changed, _ = typed_rows.change(content(above, a_row()), "filldown-2")

        assert changed["rows"][1] == a_row(note="above")

    def test_has_nothing_to_fill_the_first_row_from(self):
        assert typed_rows.change(content(*self.ROWS), "filldown-1")[0] == content(*self.ROWS)


class TestCheck:
    def test_a_good_row_becomes_a_row_to_submit(self):
        values = {"208": {"mx_Custom_1": "Met", "mx_Custom_2": "Signed", "mx_Custom_5": "1,12,400"}}

        checked = read(a_row(note="x", owner=KABIR.upper(), values=values))

        (row,) = checked.new_rows
        assert not checked.problems
        assert (row.code, row.type_name, row.owner_email, row.owner_name) == (208, "KYC visit", KABIR, "Kabir Shah")
        assert [(each["schema_name"], each["value"], each["shown"]) for each in row.fields] == [
            ("mx_Custom_1", "Met", "Met"),
            ("mx_Custom_2", "Signed", "Signed"),
            ("mx_Custom_5", "112400", "1,12,400"),
        ]

    def test_what_was_typed_relative_to_today_is_kept_as_the_day_that_it_was(self):
        (row,) = read(a_row(values={"208": {"mx_Custom_5": "1", "mx_Custom_8": "yesterday"}})).new_rows

        assert [each["typed"] for each in row.fields] == ["1", "Mon 23 Nov 2026"]

    def test_the_valid_rows_can_part_from_those_with_a_problem(self):
        good, bad = a_row(values={"208": {"mx_Custom_5": "1"}}), a_row(values={"208": {"mx_Custom_5": "x"}})

        assert read(good, bad, good).can_part
        assert read(good, bad, good).valid_count == 2

    def test_without_a_valid_row_or_without_a_problem_nothing_parts(self):
        good, bad = a_row(values={"208": {"mx_Custom_5": "1"}}), a_row(values={"208": {"mx_Custom_5": "x"}})

        assert not read(good).can_part
        assert not read(bad, a_row(code="")).can_part
        assert not read(*[good] * 26, bad).can_part

    def test_a_field_set_is_sent_as_one_field_with_its_inner_fields(self):
        values = {"208": {"mx_Custom_5": "1", "mx_Custom_7~mx_CustomObject_1": "N. Kale"}}

        (row,) = read(a_row(values=values)).new_rows

        (field_set,) = [each for each in row.fields if each["schema_name"] == "mx_Custom_7"]
        assert [(each["schema_name"], each["value"]) for each in field_set["fields"]] == [
            ("mx_CustomObject_1", "N. Kale")
        ]

    def test_an_empty_row_between_others_is_left_out(self):
        values = {"208": {"mx_Custom_5": "1"}}

        checked = read(a_row(values=values), a_row(code=""), a_row(values=values))

        assert len(checked.new_rows) == 2
        assert not checked.problems

    def test_one_bad_row_is_no_reason_to_forget_the_others(self):
        checked = read(a_row(values={"208": {"mx_Custom_5": "1"}}), a_row(values={"208": {"mx_Custom_5": "x"}}))

        assert len(checked.new_rows) == 1
        assert [form.state for form in checked.rows[:2]] == ["ready", "error"]

    def test_what_is_only_missing_is_unfinished_before_the_review(self):
        assert read(a_row(), complain=False).rows[0].state == "unfinished"

    def test_no_message_stands_beside_a_field_before_the_review(self):
        (form, *_) = read(a_row(owner="x", note="y" * 5000, values={"208": {"mx_Custom_5": "x"}}), complain=False).rows

        assert [form.owner_error, form.note_error, *(cell.error for cell in form.cells)] == [""] * (2 + len(form.cells))

    def test_a_row_that_waits_is_offered_up_to_25(self):
        values = {"208": {"mx_Custom_5": "1"}}

        assert len(read(*[a_row(values=values)] * 24).rows) == 25
        assert len(read(*[a_row(values=values)] * 25).rows) == 25

    def test_26_rows_are_one_too_many(self):
        checked = read(*[a_row(values={"208": {"mx_Custom_5": "1"}})] * 26)

        assert checked.problems[0].text == "LeadSquared takes 25 activities in one call. Remove 1 of the 26 rows."

    def test_an_unknown_type_is_named(self):
        (form, *_) = read(a_row(code="999")).rows

        assert "LeadSquared’s list has no type 999" in form.code_error

    def test_an_unknown_type_by_its_code_is_taken_at_its_word(self):
        (row,) = read(a_row(code="999", by_code=True)).new_rows

        assert (row.code, row.type_name) == (999, "Activity type 999")

    def test_without_lists_any_type_and_any_owner_are_taken_at_their_word(self):
        (row,) = read(a_row(code="999", owner="who@example.org"), catalog=NOTHING).new_rows

        assert (row.code, row.owner_email) == (999, "who@example.org")

    def test_fields_that_no_row_fills_are_folded_away(self):
        (form, *_) = read(a_row(values={"208": {"mx_Custom_5": "1", "mx_Custom_9": KABIR}})).rows

        assert "mx_Custom_5" in [cell.name.rpartition("-")[2] for cell in form.cells]
        assert sum(forms.TRACKS[cell.control.width] for cell in form.cells) <= forms.TRACKS_OF_A_LINE
        assert form.more

    def test_a_folded_field_comes_out_when_one_row_of_the_type_fills_it(self):
        filled = {"208": {"mx_Custom_5": "1", "mx_Custom_8": "24 Nov 2026"}}

        first, second, *_ = read(a_row(values={"208": {"mx_Custom_5": "1"}}), a_row(values=filled)).rows

        assert [cell.label for cell in first.cells] == [cell.label for cell in second.cells]
        assert "When" in [cell.label for cell in first.cells]
