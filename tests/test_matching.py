from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.leadsquared.records import Activity
from activities.matching import Expected, Person, compare, meaning

US = Person(id="8e58df21-a17b-5af4-89e4-fa3784caab77", name="Ananya Bose", email="ananya.bose@sahyadrihfc.in")
KABIR = Person(id="11111111-2222-4333-8444-555555555555", name="Kabir Shah", email="kabir.shah@sahyadrihfc.in")


def a_row(number=1, **changes) -> Expected:
    return Expected(
        **{"number": number, "code": 208, "note": "Met Asha", "owner": KABIR, "values": {"mx_Custom_1": "A"}, **changes}
    )


def an_activity(id="a1", **changes) -> Activity:
    return Activity(
        **{
            "id": id,
            "code": 208,
            "note": "Met Asha",
            "owner_spellings": (KABIR.id, KABIR.name),
            "creator_spellings": (US.id, US.email),
            "values": {"mx_Custom_1": "A"},
            **changes,
        }
    )


def test_the_same_activity_is_found():
    assert compare([a_row()], [an_activity()], us=US).found == {1: "a1"}


def test_fields_that_leadsquared_fills_by_itself_do_not_matter():
    held = an_activity(values={"mx_Custom_1": "A", "mx_Custom_9": "default"})

    assert compare([a_row()], [held], us=US).found == {1: "a1"}


@pytest.mark.parametrize(
    "changes",
    [
        {"code": 214},
        {"note": "Met Bala"},
        {"values": {"mx_Custom_1": "B"}},
        {"values": {}},
        {"owner_spellings": ("22222222-2222-4333-8444-555555555555", "Kabir Shah")},
        {"creator_spellings": ("someone.else@sahyadrihfc.in",)},
    ],
    ids=["type", "note", "value", "value missing", "owner", "creator"],
)
def test_another_activity_is_not_found(changes):
    assert compare([a_row()], [an_activity(**changes)], us=US).found == {}


def test_an_activity_whose_creator_is_not_said_counts():
    assert compare([a_row()], [an_activity(creator_spellings=())], us=US).found == {1: "a1"}


def test_more_matches_than_rows_are_for_a_person():
    comparison = compare([a_row()], [an_activity("a1"), an_activity("a2")], us=US)

    assert comparison.doubtful == {1}
    assert comparison.found == {}


def test_of_two_alike_rows_and_one_activity_one_is_found_and_one_absent():
    comparison = compare([a_row(1), a_row(2)], [an_activity()], us=US)

    assert comparison.found == {1: "a1"}
    assert comparison.absent == {2}


def test_an_activity_with_all_values_goes_to_the_richer_row():
    rich = a_row(2, values={"mx_Custom_1": "A", "mx_Custom_2": "B"})
    held = an_activity(values={"mx_Custom_1": "A", "mx_Custom_2": "B"})

    assert compare([a_row(1), rich], [held], us=US).found == {2: "a1"}


def test_what_is_left_over_of_an_absent_rows_type_is_kept_as_evidence():
    comparison = compare([a_row()], [an_activity(note="Met Asha [auto]"), an_activity("a2", code=999)], us=US)

    assert [each.id for each in comparison.leftovers] == ["a1"]


@pytest.mark.parametrize(
    ("sent", "held"),
    [
        ("2026-11-20 05:50:00", "2026-11-20 05:50:00.000"),
        ("2026-11-20 05:50:00", "11/20/2026 5:50:00 AM"),
        ("2026-11-20 00:00:00", "2026-11-20"),
        ("1", "true"),
        ("0", "False"),
        ("112400", "112400.00"),
        ("Kabir@Example.org", "kabir@example.org"),
        ("  text ", "text"),
        ("PAN card;Aadhaar", "PAN card, Aadhaar"),
        ("first\nsecond", "first\r\nsecond"),
        ("-0.50", "-.5"),
        ("0", "-0.0"),
    ],
)
def test_values_agree_in_what_they_mean(sent, held):
    assert meaning(sent) == meaning(held)


@pytest.mark.parametrize(
    ("sent", "held"),
    [
        ("A", "a"),
        ("12", "13"),
        ("2026-11-20", "2026-11-21"),
        ("x", ""),
        ("12e3", "12000"),
        ("7e1234567", "7"),
        ("100000000000000000000000000000001", "100000000000000000000000000000002"),
    ],
)
def test_other_values_do_not(sent, held):
    assert meaning(sent) != meaning(held)


rows = st.builds(
    a_row,
    code=st.sampled_from([208, 214]),
    note=st.sampled_from(["", "a", "b"]),
    values=st.dictionaries(st.sampled_from(["mx_Custom_1", "mx_Custom_2"]), st.sampled_from(["1", "x"]), max_size=2),
)
activities = st.builds(
    an_activity,
    code=st.sampled_from([208, 214]),
    note=st.sampled_from(["", "a", "b"]),
    values=st.dictionaries(st.sampled_from(["mx_Custom_1", "mx_Custom_2"]), st.sampled_from(["true", "x"]), max_size=2),
    creator_spellings=st.sampled_from([(), (US.id,), (KABIR.id,)]),
)


@given(st.lists(rows, max_size=6), st.lists(activities, max_size=6))
def test_every_row_is_in_one_class_and_no_activity_is_used_twice(some_rows, held):
    numbered = [replace(row, number=n) for n, row in enumerate(some_rows, start=1)]
    named = [replace(each, id=f"a{n}") for n, each in enumerate(held)]

    comparison = compare(numbered, named, us=US)

    classes = [*comparison.found, *comparison.absent, *comparison.doubtful]
    assert sorted(classes) == [row.number for row in numbered]
    assert max(Counter(comparison.found.values()).values(), default=1) == 1
    by_id = {each.id: each for each in named}
    for number, activity_id in comparison.found.items():
        assert by_id[activity_id].code == numbered[number - 1].code
        assert by_id[activity_id].creator_spellings != (KABIR.id,)


@given(st.text())
def test_any_text_has_a_meaning(text):
    assert meaning(text) == meaning(f" {text} ")
