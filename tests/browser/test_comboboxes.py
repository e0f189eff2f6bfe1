"""Choosing by typing, with the keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.looking import BRIEFLY, findings
from tests.browser.steps import KABIR, MEERA, Editor

pytestmark = pytest.mark.browser
DOCUMENT = "v231-mx_Custom_1"


def named(name: str, row: int) -> re.Pattern[str]:
    """The name of a field as it is read out: what is only read out is a block of its own, set off by a blank."""
    return re.compile(rf"^{name} ?, row {row}$")


def type_of(editor: Editor, row: int):
    return editor.page.get_by_role("combobox", name=named("Activity type", row))


def owner_of(editor: Editor, row: int):
    return editor.page.get_by_role("combobox", name=named("Owner", row))


def options(editor: Editor):
    return editor.page.get_by_role("listbox").get_by_role("option")


@pytest.mark.parametrize("typed", ["visit kyc", "KYC", "208", "yc vis"])
def test_a_type_is_chosen_by_any_part_of_its_name_or_code(editor, loan, typed):
    page = editor.page
    editor.open(loan)
    type_of(editor, 1).focus()

    page.keyboard.type(typed)
    expect(options(editor).first).to_have_text("KYC visit · 208")
    page.keyboard.press("Enter")

    expect(type_of(editor, 1)).to_have_value("KYC visit · 208")
    expect(editor.field(1, "v208-mx_Custom_2")).to_be_visible()
    expect(editor.field(1, "type")).to_have_value("208")
    expect(type_of(editor, 1)).to_be_focused()


def test_the_arrows_home_and_end_go_through_the_list(editor, loan):
    page = editor.page
    editor.open(loan)
    type_of(editor, 1).focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(type_of(editor, 1)).to_have_attribute("aria-expanded", "true")
    last = options(editor).count() - 1

    page.keyboard.press("End")
    expect(options(editor).nth(last)).to_have_attribute("aria-selected", "true")
    expect(type_of(editor, 1)).to_have_attribute("aria-activedescendant", f"suggestions-{last}")
    page.keyboard.press("ArrowDown")
    expect(options(editor).first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    second = options(editor).nth(1).inner_text()
    page.keyboard.press("Enter")

    expect(type_of(editor, 1)).to_have_value(second)
    expect(options(editor)).to_have_count(0)


def test_tab_takes_what_is_highlighted_and_moves_on(editor, loan):
    page = editor.page
    editor.open(loan)
    type_of(editor, 1).focus()

    page.keyboard.type("follow")
    page.keyboard.press("Tab")

    expect(owner_of(editor, 1)).to_be_focused()
    expect(editor.field(1, "type")).to_have_value("214")
    expect(editor.field(1, "v214-mx_Custom_1")).to_be_visible()


def test_escape_closes_the_list_and_once_more_brings_back_what_was(editor, loan):
    page = editor.page
    editor.open(loan)
    editor.choose_type(1, "208")
    type_of(editor, 1).focus()

    page.keyboard.type("follow")
    page.keyboard.press("Escape")
    expect(type_of(editor, 1)).to_have_attribute("aria-expanded", "false")
    expect(type_of(editor, 1)).to_have_value("follow")
    page.keyboard.press("Escape")

    expect(type_of(editor, 1)).to_have_value("KYC visit · 208")
    expect(editor.field(1, "type")).to_have_value("208")


def test_leaving_with_what_fits_one_alone_chooses_it_and_with_anything_else_says_so(editor, loan):
    page = editor.page
    editor.open(loan)
    type_of(editor, 1).focus()
    page.keyboard.type("kyc v")
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+Tab")
    expect(editor.field(1, "type")).to_have_value("208")
    editor.drawn()

    type_of(editor, 1).focus()
    page.keyboard.type("visit")
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+Tab")

    expect(type_of(editor, 1)).to_have_value("KYC visit · 208")
    expect(page.locator("#said")).to_have_text("Nothing fits “visit” alone. KYC visit · 208 is chosen.")


def test_how_many_fit_is_said(editor, loan):
    page = editor.page
    editor.open(loan)
    type_of(editor, 1).focus()

    page.keyboard.type("visit")
    expect(page.locator("#said")).to_have_text("3 fit")
    page.keyboard.type(" kyc")
    expect(page.locator("#said")).to_have_text("1 fits: KYC visit · 208")
    page.keyboard.type("zzz")
    expect(page.locator("#said")).to_have_text("Nothing fits")
    expect(page.locator(".suggestions__more")).to_have_text("Nothing fits")


@pytest.mark.parametrize("typed", ["kabir", "shah ka", "abir.shah"])
def test_an_owner_is_chosen_by_any_part_of_name_or_address(editor, loan, typed):
    page = editor.page
    editor.open(loan)
    owner_of(editor, 1).focus()
    page.keyboard.press("Control+a")

    page.keyboard.type(typed)
    expect(options(editor).first).to_contain_text("Kabir Shah")
    page.keyboard.press("Tab")

    expect(owner_of(editor, 1)).to_have_value(KABIR)
    expect(editor.field(1, "note")).to_be_focused()


def test_an_owner_is_found_without_his_accents(editor, loan):
    page = editor.page
    editor.open(loan)
    owner_of(editor, 1).focus()
    page.keyboard.press("Control+a")

    page.keyboard.type("jose d")
    expect(options(editor).first).to_contain_text("José D'Souza")
    page.keyboard.press("Enter")

    expect(owner_of(editor, 1)).to_have_value("jose.dsouza@sahyadrihfc.in")


def test_an_address_that_the_list_does_not_have_stays_as_it_was_typed(editor, loan):
    page = editor.page
    editor.open(loan)
    owner_of(editor, 1).focus()
    page.keyboard.press("Control+a")

    # What no user fits can be said once the list is there, which then takes the place of the browser's own.
    expect(owner_of(editor, 1)).not_to_have_attribute("list", "owners")
    page.keyboard.type("abir.shah@sahyadrihfc.in")
    page.keyboard.press("Tab")

    expect(owner_of(editor, 1)).to_have_value("abir.shah@sahyadrihfc.in")
    expect(page.locator("#said")).to_have_text("No user fits “abir.shah@sahyadrihfc.in”.")


def test_without_the_list_of_users_an_owner_is_typed(editor, loan):
    page = editor.page
    page.route("**/owners.json", lambda route: route.fulfill(status=200, body="<p>Sign in first</p>"))
    editor.open(loan)
    owner_of(editor, 1).focus()
    page.keyboard.press("Control+a")

    page.keyboard.type(KABIR)
    page.keyboard.press("Tab")

    expect(owner_of(editor, 1)).to_have_value(KABIR)


def test_a_list_that_another_follows_is_chosen_from_by_typing(editor, loan):
    page = editor.page
    editor.open(loan)
    editor.choose_type(1, "214")
    reason = page.get_by_label("Reason")
    expect(reason).to_be_disabled()

    editor.field(1, "v214-mx_Custom_1").focus()
    page.keyboard.type("Spoke to a")

    expect(reason).to_be_enabled()
    expect(reason.get_by_role("option", name="Asked to call back")).to_have_count(1)


def test_a_row_that_was_duplicated_has_the_choice_and_lets_choose_again(editor, loan):
    page = editor.page
    editor.open(loan)
    editor.choose_type(1, "231")
    page.locator(f"#r1-{DOCUMENT}-combo").focus()
    page.keyboard.type("aad")
    page.keyboard.press("Tab")
    editor.drawn()

    editor.do("duplicate", 1)
    copied = page.get_by_role("combobox", name=named("Document", 2))
    expect(copied).to_have_value("Aadhaar")
    copied.focus()
    page.keyboard.type("form")
    page.keyboard.press("Enter")

    expect(editor.field(2, DOCUMENT)).to_have_value("Form 16")
    expect(editor.field(1, DOCUMENT)).to_have_value("Aadhaar")


def test_a_row_that_is_cloned_numbered_anew_and_moved_by_scripts_goes_on_working(editor, loan):
    page = editor.page
    editor.open(loan)
    editor.choose_type(1, "231")
    page.evaluate("""() => {
        const row = document.getElementById("row-1").cloneNode(true);
        for (const each of row.querySelectorAll("*")) {
            for (const { name, value } of [...each.attributes]) {
                if (value.startsWith("r1-")) each.setAttribute(name, value.replace("r1-", "r7-"));
            }
        }
        row.id = "row-7";
        document.getElementById("row-1").after(row);
    }""")

    page.locator(f"#r7-{DOCUMENT}-combo").focus()
    page.keyboard.type("sale")
    page.keyboard.press("Tab")

    expect(page.locator(f"#r7-{DOCUMENT}")).to_have_value("Sale agreement")
    expect(page.locator(f"#row-7 label[for='r7-{DOCUMENT}-combo']")).to_have_count(1)
    expect(page.locator("#row-7 [data-stand-in]")).to_have_count(2)
    expect(editor.field(1, DOCUMENT)).to_have_value("")


def test_what_a_script_chooses_in_the_list_is_shown(editor, loan):
    editor.open(loan)

    editor.choose_type(1, "231")

    expect(type_of(editor, 1)).to_have_value("Document collection · 231")


def test_an_error_goes_with_the_input_and_its_link_leads_there(editor, loan):
    page = editor.page
    editor.open(loan)
    editor.type_in(1, note="No type yet")
    editor.review()
    expect(page.locator("#problems")).to_be_visible()
    kind = type_of(editor, 1)

    expect(kind).to_have_attribute("aria-invalid", "true")
    expect(kind).to_have_accessible_description("Activity type: choose one.")
    page.locator("#problems a").first.press("Enter")
    expect(kind).to_be_focused()


def test_several_are_ticked_with_the_keyboard(editor, loan):
    page = editor.page
    editor.open(loan)
    editor.choose_type(1, "208")
    editor.unfold(1)
    editor.field(1, "v208-mx_Custom_4").focus()

    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")

    expect(editor.field(1, "v208-mx_Custom_4")).to_contain_text("PAN card, Aadhaar")


def test_values_go_along_to_another_type(either_editor, loan):
    editor = either_editor
    editor.open(loan)
    editor.choose_type(1, "208")
    editor.type_in(1, v208_mx_Custom_2="ABCPR4821K")

    editor.choose_type(1, "267")

    expect(editor.field(1, "v267-mx_Custom_2")).to_have_value("ABCPR4821K")


def test_a_custom_field_set_is_a_group_of_its_name(either_editor, loan):
    editor = either_editor
    editor.open(loan)
    editor.choose_type(1, "222")

    group = editor.page.get_by_role("group", name="Valuer, row 1")

    expect(group.get_by_label("Valuer: Valuer’s phone, row 1")).to_be_visible()


def test_without_scripts_lists_and_owners_are_what_the_browser_has(page_of, loan):
    editor = Editor(page_of(MEERA, java_script_enabled=False), scripts=False)
    editor.open(loan)
    editor.choose_type(1, "231")

    editor.choose(1, **{"v231_mx_Custom_1": "Aadhaar"})
    editor.type_in(1, owner="Kabir Shah")
    editor.show_fields()

    expect(editor.field(1, DOCUMENT)).to_have_value("Aadhaar")
    expect(editor.field(1, "owner")).to_have_value(KABIR)
    expect(editor.page.get_by_role("combobox", name=named("Owner", 1))).to_have_attribute("list", "owners")


def test_nothing_is_wrong_with_the_page_while_a_list_is_open(editor, loan):
    page = editor.page
    editor.open(loan)
    editor.choose_type(1, "222")
    type_of(editor, 2).focus()
    page.keyboard.type("visit")
    expect(page.get_by_role("listbox", name="Activity type, row 2")).to_be_visible()
    assert findings(page) == []

    page.keyboard.press("Escape")
    owner_of(editor, 2).focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(page.get_by_role("listbox", name="Owner, row 2")).to_be_visible()
    assert findings(page, BRIEFLY) == []
    page.emulate_media(forced_colors="active")
    expect(options(editor).first).to_be_visible()


def test_the_list_opens_upwards_near_the_lower_edge_and_moves_nothing(editor, loan):
    page = editor.page
    editor.open(loan)
    page.set_viewport_size({"width": 390, "height": 900})
    box = type_of(editor, 1)
    lower_edge = box.evaluate("control => Math.ceil(control.getBoundingClientRect().bottom)")
    page.set_viewport_size({"width": 390, "height": lower_edge + 60})
    before = page.evaluate("[scrollY, document.documentElement.scrollHeight]")
    box.evaluate("control => control.focus({ preventScroll: true })")

    page.keyboard.press("Alt+ArrowDown")

    panel = page.locator(".suggestions").bounding_box()
    control = box.bounding_box()
    assert panel
    assert control
    assert panel["y"] >= 0
    assert panel["y"] + panel["height"] <= control["y"]
    assert panel["x"] >= 0
    assert panel["x"] + panel["width"] <= 390
    assert page.evaluate("[scrollY, document.documentElement.scrollHeight]") == before
