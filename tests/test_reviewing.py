from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from activities import forms, reviewing
from activities.catalog import Catalog, CatalogField, Listing
from activities.leadsquared.records import ActivityType, User
from activities.submissions import Staying
from tests.builders import NOON, a_new_row

KABIR, MEERA = "kabir.shah@sahyadrihfc.in", "meera.iyer@sahyadrihfc.in"
FIELDS = (
    CatalogField(schema_name="mx_Custom_1", name="Pages", kind="number", mandatory=True),
    CatalogField(schema_name="mx_Custom_2", name="Visited on", kind="date_time"),
    CatalogField(schema_name="mx_Custom_3", name="Remarks", kind="long_text"),
)
LISTS = Catalog(
    types=Listing((ActivityType(208, "KYC visit"), ActivityType(102, "Meeting")), NOON),
    users=Listing((User("1", "Kabir Shah", KABIR), User("2", "Meera Iyer", MEERA)), NOON),
    fields={208: Listing(FIELDS, NOON)},
)


def a_row(code="208", owner=KABIR, note="", bare=(), **values) -> dict:
    typed = {"mx_Custom_1": "4", **values} if code == "208" else {}
    return {"code": code, "by_code": False, "owner": owner, "note": note, "values": {code: typed}, "bare": list(bare)}


EMPTY = {"code": "", "by_code": False, "owner": KABIR, "note": "", "values": {}, "bare": []}
BAD = a_row(mx_Custom_1="four")


def content(*rows) -> dict:
    return {"rows": list(rows), "skip_option_check": False}


def check(typed: dict) -> forms.Checked:
    reader = forms.Reader(catalog=LISTS, zone=ZoneInfo("Asia/Kolkata"), today=date(2026, 11, 24), default_owner=KABIR)
    return forms.check(typed, reader, complain=True)


def in_words(*rows, staying=None) -> reviewing.Words:
    checked = check(content(*rows))
    seen = reviewing.seen_rows(checked)
    return reviewing.in_words(
        checked.new_rows, seen, target="Home loan", own_email=MEERA, zone="Asia/Kolkata", staying=staying
    )


class TestInWords:
    def test_types_are_counted_in_the_order_of_the_rows(self):
        rows = [a_row("102"), a_row(), a_row(), a_row("102", note="x"), a_row()]

        assert in_words(*rows).what.startswith("2 × Meeting and 3 × KYC visit, ")

    def test_owners_are_named_and_counted_and_the_reader_is_you(self):
        rows = [a_row(), a_row(owner=MEERA), a_row()]

        assert in_words(*rows).what == "3 × KYC visit, owned by Kabir Shah (2) and you (1)."

    def test_one_owner_needs_no_count(self):
        assert in_words(a_row(), a_row()).what == "2 × KYC visit, owned by Kabir Shah."

    def test_two_owners_of_one_name_are_told_apart(self):
        rows = [a_new_row(owner_email=f"{n}@example.org", owner_name="Kabir Shah") for n in "ab"]

        words = reviewing.in_words(rows, [], target="Home loan", own_email=MEERA, zone="UTC")

        assert "Kabir Shah (a@example.org) (1) and Kabir Shah (b@example.org) (1)" in words.what

    @pytest.mark.parametrize(
        ("count", "headline", "once", "button"),
        [
            (1, "1 activity for Home loan", "LeadSquared gets it in one call.", "Post 1 activity to Home loan"),
            (
                2,
                "2 activities for Home loan",
                "LeadSquared gets them in one call, in this order.",
                "Post 2 activities to Home loan",
            ),
        ],
    )
    def test_the_button_names_number_and_target(self, count, headline, once, button):
        words = in_words(*[a_row()] * count)

        assert (words.headline, words.once, words.button) == (headline, once, button)

    def test_times_are_spoken_of_where_there_are_some(self):
        assert not in_words(a_row()).times
        assert in_words(a_row(mx_Custom_2="21 Nov 14:30")).times == (
            "Times are those of Asia/Kolkata. Below each stands how it goes out, in UTC."
        )

    @pytest.mark.parametrize(
        ("numbers", "said"),
        [
            ((3,), "1 row with a problem stays as a draft: row 3"),
            ((3, 7), "2 rows with a problem stay as a draft: row 3, row 7"),
        ],
    )
    def test_what_stays_behind_is_named(self, numbers, said):
        staying = Staying(rows=tuple(a_row() for _ in numbers), numbers=numbers)

        assert in_words(a_row(), staying=staying).staying == said


class TestSeenRows:
    def test_rows_of_a_type_have_the_same_places(self):
        full, bare = reviewing.seen_rows(check(content(a_row(mx_Custom_3="x"), a_row())))

        assert full.labels == bare.labels == ["Pages", "Visited on", "Remarks"]
        assert [each.shown for each in bare.seen_fields] == ["4", "–", "–"]

    def test_a_field_is_as_wide_as_in_the_editor(self):
        checked = check(content(a_row()))
        (row,) = reviewing.seen_rows(checked)

        assert [each.width for each in row.seen_fields] == [cell.control.width for cell in checked.rows[0].cells]

    def test_a_time_stands_in_both_zones(self):
        (row,) = reviewing.seen_rows(check(content(a_row(mx_Custom_2="21 Nov 2026 14:30"))))

        (when,) = [each for each in row.seen_fields if each.label == "Visited on"]
        assert (when.shown, when.in_utc) == ("Sat 21 Nov 2026, 14:30", "2026-11-21 09:00:00")

    def test_a_field_by_its_schema_name_stands_behind_the_others(self):
        pair = {"schema_name": "mx_Custom_9", "value": "x"}
        (row,) = reviewing.seen_rows(check(content(a_row(bare=[pair]))))

        assert (row.seen_fields[-1].label, row.seen_fields[-1].shown) == ("mx_Custom_9", "x")


class TestPart:
    def test_the_valid_rows_go_and_those_with_a_problem_stay_as_they_were_typed(self):
        typed = content(a_row(note="one"), BAD, EMPTY, a_row(note="four"))

        going, staying = reviewing.part(typed, check(typed))

        assert [row["note"] for row in going["rows"]] == ["one", "four"]
        assert staying == Staying(rows=(BAD,), numbers=(2,))

    def test_what_is_only_unfinished_stays_as_well(self):
        typed = content(a_row(), a_row(mx_Custom_1=""))

        assert reviewing.part(typed, check(typed))[1].numbers == (2,)


class TestOffer:
    def test_names_how_many_go_and_which_stay(self):
        offer = reviewing.offer(check(content(a_row(), BAD, a_row(), BAD)))

        assert offer == reviewing.Offer("Review only the 2 valid rows", "row 2 and row 4 stay in the draft.")

    def test_of_one_row_is_in_the_singular(self):
        offer = reviewing.offer(check(content(BAD, a_row())))

        assert offer == reviewing.Offer("Review only the 1 valid row", "row 1 stays in the draft.")

    @pytest.mark.parametrize("rows", [[BAD], [a_row()], [BAD, EMPTY], [BAD, *[a_row()] * 26]])
    def test_is_not_made_where_nothing_could_go_or_everything_can(self, rows):
        assert reviewing.offer(check(content(*rows))) is None
