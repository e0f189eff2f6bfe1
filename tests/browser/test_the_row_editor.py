from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.steps import KABIR, MEERA, Editor, first_of

pytestmark = pytest.mark.browser


def test_a_change_of_type_loads_no_page_and_keeps_everything_in_the_other_rows(editor, loan):
    page = editor.page
    editor.open(loan)
    editor.choose_type(1, "208")
    editor.type_in(1, note="One", owner=KABIR, v208_mx_Custom_2="ABCPR4821K")
    editor.choose(1, v208_mx_Custom_1="Met applicant")
    editor.tick(1, "v208-mx_Custom_4", "Aadhaar", "Passport")
    page.evaluate("window.isStillTheSamePage = true")

    editor.choose_type(2, "231")

    assert page.evaluate("window.isStillTheSamePage") is True
    expect(editor.field(2, "v231-mx_Custom_1")).to_be_visible()
    expect(editor.field(1, "note")).to_have_value("One")
    expect(editor.field(1, "owner")).to_have_value(KABIR)
    expect(editor.field(1, "v208-mx_Custom_1")).to_have_value("Met applicant")
    expect(editor.field(1, "v208-mx_Custom_2")).to_have_value("ABCPR4821K")
    expect(editor.field(1, "v208-mx_Custom_4")).to_contain_text("Aadhaar, Passport")
    expect(page.locator("#row-1 fieldset :checked")).to_have_count(2)
    expect(page.locator("#places")).to_contain_text("23 places left")
    expect(page.get_by_role("button", name="Discard this draft")).to_be_visible()


def test_what_is_typed_while_the_server_draws_is_kept(editor, loan):
    page = editor.page
    held: list[Route] = []
    editor.open(loan)
    editor.choose_type(1, "214")
    editor.type_in(1, note="Before")
    page.route("**/submissions/new/", lambda route: route.continue_() if held else held.append(route))

    editor.field(1, "v214-mx_Custom_1").select_option("Not reachable")
    expect(page.locator("row-editor[aria-busy]")).to_have_count(1)
    editor.type_in(1, v214_mx_Custom_3="24 Nov 2026, 10:00", note="Typed meanwhile")
    editor.unfold(1)
    editor.field(1, "v214-mx_Custom_4").select_option("Arabic")
    editor.type_in(2, note="Typed in the next row")
    editor.field(1, "note").focus()
    editor.field(1, "note").evaluate("(note) => note.setSelectionRange(5, 5)")
    first_of(held, page).continue_()

    expect(editor.field(1, "v214-mx_Custom_2").locator("option")).to_contain_text(["Choose", "Switched off"])
    # As it was typed, or by now as it was understood.
    expect(editor.field(1, "v214-mx_Custom_3")).to_have_value(re.compile("^(Tue )?24 Nov 2026, 10:00$"))
    expect(editor.field(1, "v214-mx_Custom_4")).to_have_value("Arabic")
    expect(editor.field(1, "note")).to_have_value("Typed meanwhile")
    expect(editor.field(1, "note")).to_be_focused()
    assert editor.field(1, "note").evaluate("(note) => note.selectionStart") == 5
    expect(editor.field(2, "note")).to_have_value("Typed in the next row")


def test_two_changes_in_quick_succession_are_both_drawn(editor, loan):
    page = editor.page
    held: list[Route] = []
    editor.open(loan)
    editor.choose_type(1, "208")
    page.route("**/submissions/new/", lambda route: route.continue_() if held else held.append(route))

    editor.field(1, "type").select_option("214")
    expect(page.locator("row-editor[aria-busy]")).to_have_count(1)
    editor.field(2, "type").select_option("231")
    first_of(held, page).continue_()

    expect(editor.field(1, "v214-mx_Custom_1")).to_be_visible()
    expect(editor.field(2, "v231-mx_Custom_1")).to_be_visible()
    expect(editor.field(3, "type")).to_be_visible()


def test_a_press_on_review_wins_over_a_row_that_is_being_drawn(editor, loan):
    page = editor.page
    held: list[Route] = []
    editor.open(loan)
    editor.choose_type(1, "208")
    editor.type_in(1, note="Straight on")
    page.route("**/submissions/new/", lambda route: route.continue_() if held else held.append(route))

    editor.field(1, "type").select_option("102")
    expect(page.locator("row-editor[aria-busy]")).to_have_count(1)
    page.locator(".action-bar .button--primary").click()

    expect(page.locator("h1")).to_have_text(f"1 activity for {loan.title}")
    expect(page.locator(".rows__type").nth(1)).to_have_text("Meeting · 102")


def test_a_list_follows_its_parent(either_editor, loan):
    editor = either_editor
    editor.open(loan)
    editor.choose_type(1, "214")
    expect(editor.field(1, "v214-mx_Custom_2")).to_be_disabled()
    expect(editor.field(1, "v214-mx_Custom_2")).to_contain_text("Choose Call outcome first")

    editor.choose_parent(1, v214_mx_Custom_1="Not reachable")
    expect(editor.field(1, "v214-mx_Custom_2").locator("option")).to_have_text(
        ["Choose", "Switched off", "No answer", "Wrong number"]
    )

    editor.choose_parent(1, v214_mx_Custom_1="Spoke to co-applicant")
    expect(editor.field(1, "v214-mx_Custom_2").locator("option")).to_have_text(
        ["Choose", "Will submit documents", "Passed on to applicant"]
    )


def test_the_fields_of_a_type_come_back_with_it(either_editor, loan):
    editor = either_editor
    editor.open(loan)
    editor.choose_type(1, "208")
    editor.type_in(1, note="Kept", v208_mx_Custom_2="ABCPR4821K")
    editor.tick(1, "v208-mx_Custom_4", "Aadhaar", "Passport")

    editor.choose_type(1, "231")
    editor.type_in(1, v231_mx_Custom_3="20 Nov 2026")
    editor.choose_type(1, "208")

    expect(editor.field(1, "note")).to_have_value("Kept")
    expect(editor.field(1, "v208-mx_Custom_2")).to_have_value("ABCPR4821K")
    expect(editor.field(1, "v208-mx_Custom_4")).to_contain_text("Aadhaar, Passport")

    editor.choose_type(1, "231")

    expect(editor.field(1, "v231-mx_Custom_3")).to_have_value("Fri 20 Nov 2026")


def test_rows_are_added_duplicated_moved_and_removed(either_editor, loan):
    editor = either_editor
    page = editor.page
    editor.open(loan)
    editor.choose_type(1, "208")
    editor.type_in(1, note="First", v208_mx_Custom_2="ABCPR4821K")
    editor.choose_type(2, "102")
    editor.type_in(2, note="Second")

    editor.do("duplicate", 1)
    assert _notes(editor) == ["First", "First", "Second", ""]
    expect(editor.field(2, "v208-mx_Custom_2")).to_have_value("ABCPR4821K")
    expect(page.locator("#row-2[data-same-type]")).to_have_count(1)

    editor.do("down", 2)
    assert _notes(editor) == ["First", "Second", "First", ""]
    expect(page.locator("#row-3[data-same-type]")).to_have_count(0)

    editor.do("up", 2)
    assert _notes(editor) == ["Second", "First", "First", ""]

    editor.do("remove", 1)
    assert _notes(editor) == ["First", "First", ""]

    editor.press("add")
    assert _notes(editor) == ["First", "First", "", ""]
    expect(editor.field(1, "v208-mx_Custom_2")).to_have_value("ABCPR4821K")
    expect(editor.field(4, "owner")).to_have_value(MEERA)


def test_a_type_by_its_bare_code_and_a_field_by_its_name_are_posted(either_editor, leadsquared, loan):
    editor = either_editor
    page = editor.page
    editor.open(loan)
    editor.choose_type(1, "other")
    editor.type_in(1, code="204", note="By code")
    editor.field(1, "code").press("Tab")
    editor.show_fields()
    editor.unfold(1)
    editor.type_in(1, b1_name="mx_Custom_1", b1_value="Interested")

    editor.review()
    expect(page.locator("h1")).to_have_text(f"1 activity for {loan.title}")
    editor.post()
    expect(page.locator(".rows__type").nth(1)).to_contain_text("204")

    expect(page.locator("h1")).to_have_text(re.compile(r"1 (activity queued|created)|Sending 1"))


def test_leaving_a_row_moves_nothing_away_from_under_the_pointer(editor, loan):
    page = editor.page
    editor.open(loan)
    editor.choose_type(1, "208")
    editor.do("duplicate", 1)
    button = page.get_by_role("button", name="Add a row")
    before = button.bounding_box()

    page.locator("h1").click()

    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert button.bounding_box() == before


def test_a_run_of_one_type_shows_its_labels_once_and_where_the_focus_is(editor, loan):
    page = editor.page
    editor.open(loan)
    editor.choose_type(1, "208")
    editor.choose_type(2, "208")
    label = page.locator("label[for='r2-v208-mx_Custom_2']")

    expect(page.locator("#row-2[data-same-type]")).to_have_count(1)
    expect(label).to_have_css("clip-path", "inset(50%)")

    editor.field(2, "v208-mx_Custom_2").focus()
    expect(label).to_have_css("clip-path", "none")

    editor.choose_type(1, "102")
    expect(page.locator("#row-2[data-same-type]")).to_have_count(0)


def test_folded_fields_unfold_and_stand_outside_once_they_are_filled(either_editor, loan):
    editor = either_editor
    editor.open(loan)
    editor.choose_type(1, "231")
    pages = editor.field(1, "v231-mx_Custom_5")
    expect(pages).to_be_hidden()

    editor.unfold(1)
    expect(pages).to_be_visible()
    pages.fill("DMS-14")
    editor.choose_type(2, "231")
    editor.show_fields()

    expect(editor.field(2, "v231-mx_Custom_5")).to_be_visible()


def _notes(editor: Editor) -> list[str]:
    return [each.input_value() for each in editor.page.locator("textarea[id$='-note']").all()]


def test_a_note_grows_and_shrinks_with_its_text(editor, loan):
    page = editor.page
    editor.open(loan)
    note = page.locator("#r1-note")
    note.click()
    page.keyboard.type("Met")
    one_line = note.bounding_box()["height"]

    page.keyboard.type(" her at the flat, originals seen and returned; next visit on Monday" * 4)
    grown = note.bounding_box()["height"]
    page.keyboard.press("Control+a")
    page.keyboard.type("M")

    assert grown > one_line
    assert page.evaluate("document.activeElement.scrollHeight <= document.activeElement.clientHeight")
    assert note.bounding_box()["height"] == one_line


def test_whatever_is_typed_or_chosen_in_one_line_of_fields_ends_on_one_line(editor, loan):
    editor.open_with(loan, {"type": "208"})
    fields = editor.page.locator("#row-1 .rows__fields > .field")

    bottoms = fields.locator("input.control, select.control").evaluate_all(
        "controls => controls.map(each => each.getBoundingClientRect()).filter(box => box.width > 1 && box.height)"
        ".map(box => Math.round(box.bottom))"
    )

    assert len(bottoms) >= 3
    assert len(set(bottoms)) == 1
