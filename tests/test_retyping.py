from __future__ import annotations

from activities import retyping
from activities.catalog import Catalog, CatalogField, Listing
from tests.test_forms import FETCHED, a_row, content

OUTCOMES = ("Met", "Not met")
REASONS = {"Met": ("Signed",), "Not met": ("Away",)}


def a_field(slot: int, kind: str = "text", **more) -> CatalogField:
    return CatalogField(schema_name=f"mx_Custom_{slot}", name=f"Field {slot}", kind=kind, **more)


def a_set(*inner: CatalogField) -> CatalogField:
    return a_field(7, "field_set", inner=inner)


def carried(typed: dict, *, old=(), new=(), switch=False, **changes) -> dict:
    """What stands under type 210 after a row was changed to it from 208, where these values were typed."""
    row = a_row(**{"code": "210", "drawn": "208", "values": {"208": typed}, **changes})
    fields = {208: Listing(tuple(old), FETCHED), 210: Listing(tuple(new), FETCHED), 300: Listing((), FETCHED)}
    changed = retyping.carried(content(row, switch=switch), Catalog(Listing(), Listing(), fields))
    (kept,) = changed["rows"]
    assert kept["values"]["208"] == typed
    return kept["values"].get("210", {})


def test_a_value_goes_along_where_the_new_type_has_the_same_field():
    assert carried({"mx_Custom_2": "x"}, old=[a_field(2)], new=[a_field(2)]) == {"mx_Custom_2": "x"}


def test_a_value_stays_behind_where_the_field_is_of_another_kind():
    assert carried({"mx_Custom_2": "12"}, old=[a_field(2)], new=[a_field(2, "number")]) == {}


def test_a_value_stays_behind_where_the_new_type_has_no_such_field():
    assert carried({"mx_Custom_2": "x"}, old=[a_field(2)], new=[a_field(3)]) == {}


def test_a_choice_goes_along_where_the_new_list_has_it_too():
    old, new = a_field(1, "choice", options=OUTCOMES), a_field(1, "choice", options=("Met", "Other"))

    assert carried({"mx_Custom_1": "Met"}, old=[old], new=[new]) == {"mx_Custom_1": "Met"}
    assert carried({"mx_Custom_1": "Not met"}, old=[old], new=[new]) == {}


def test_a_choice_of_no_list_goes_along_where_lists_are_not_kept_to():
    old, new = a_field(1, "choice", options=OUTCOMES), a_field(1, "choice", options=("Other",))

    assert carried({"mx_Custom_1": "Met"}, old=[old], new=[new], switch=True) == {"mx_Custom_1": "Met"}


def test_of_several_choices_those_go_along_that_the_new_list_has():
    old = a_field(4, "multiple_choice", multiple=True, options=("PAN", "ID", "Visa"))
    new = a_field(4, "multiple_choice", multiple=True, options=("PAN", "Visa"))

    assert carried({"mx_Custom_4": ["PAN", "ID", "Visa"]}, old=[old], new=[new]) == {"mx_Custom_4": ["PAN", "Visa"]}
    assert carried({"mx_Custom_4": ["PAN", "ID"]}, old=[old], new=[new]) == {"mx_Custom_4": "PAN"}


def test_a_dependent_choice_goes_along_with_its_parent_only():
    parent = a_field(1, "choice", options=OUTCOMES)
    child = a_field(2, "dependent_choice", parent="mx_Custom_1", by_parent=REASONS)
    values = {"mx_Custom_1": "Met", "mx_Custom_2": "Signed"}

    assert carried(values, old=[parent, child], new=[parent, child]) == values
    assert carried(values, old=[parent, child], new=[child]) == {}


def test_a_value_inside_a_field_set_goes_along():
    inner = a_set(CatalogField(schema_name="mx_CustomObject_1", name="Name", kind="text"))

    assert carried({"mx_Custom_7~mx_CustomObject_1": "x"}, old=[inner], new=[inner]) == {
        "mx_Custom_7~mx_CustomObject_1": "x"
    }


def test_what_was_typed_for_the_new_type_before_comes_first():
    values = {"208": {"mx_Custom_2": "old"}, "210": {"mx_Custom_2": "own"}}

    assert carried({"mx_Custom_2": "old"}, old=[a_field(2)], new=[a_field(2)], values=values) == {"mx_Custom_2": "own"}


def test_a_value_survives_a_type_that_has_no_place_for_it():
    values = {"208": {"mx_Custom_2": "x"}, "300": {}}

    kept = carried({"mx_Custom_2": "x"}, old=[a_field(2)], new=[a_field(2)], values=values, drawn="300")

    assert kept == {"mx_Custom_2": "x"}


def test_a_row_whose_fields_are_those_of_its_type_changes_nothing():
    cleared = {"208": {"mx_Custom_2": "old"}, "210": {"mx_Custom_2": ""}}

    kept = carried({"mx_Custom_2": "old"}, old=[a_field(2)], new=[a_field(2)], values=cleared, drawn="210")

    assert kept == {"mx_Custom_2": ""}


def test_only_a_retyped_row_needs_its_fields_known():
    rows = [a_row(drawn="208"), a_row(), a_row(code="210", drawn="208", values={"208": {}, "102": {}})]

    assert retyping.codes(content(*rows)) == {210, 208, 102}
    assert retyping.codes(content(*rows[:2])) == set()
