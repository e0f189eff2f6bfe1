from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.steps import KABIR, MEERA

pytestmark = pytest.mark.browser

ODD = "مرحبا بالعميل، تم التحقق 👩‍👧 é\nSecond line <b>&amp;"


def test_problems_are_summed_up_lead_to_their_fields_and_lose_nothing(either_editor, loan):
    editor = either_editor
    page = editor.page
    editor.open(loan)
    editor.choose_type(1, "231")
    editor.choose(1, v231_mx_Custom_1="Form 16", v231_mx_Custom_2="Original")
    editor.type_in(1, note=ODD, owner="nobody@sahyadrihfc.in", v231_mx_Custom_3="31 Nov 2026", v231_mx_Custom_4="many")
    editor.choose_type(2, "208")
    editor.type_in(2, note="Fine", owner="not an e-mail", v208_mx_Custom_2="ABCPR4821K")

    with page.expect_response(lambda answer: answer.url.endswith("/submissions/new/")) as answered:
        editor.review()

    assert answered.value.status == 422
    expect(page).to_have_title(re.compile("^Error: "))
    summary = page.locator("#problems")
    expect(summary).to_be_focused()
    expect(summary.locator("h2")).to_have_text("4 problems to put right before anything is posted")
    for anchor in ("r1-owner", "r1-v231-mx_Custom_3", "r1-v231-mx_Custom_4", "r2-owner"):
        field = page.locator(f"#{anchor}")
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(page.locator(f"#{anchor}-error")).to_be_visible()
        summary.locator(f"a[href='#{anchor}']").click()
        expect(field).to_be_in_viewport()
        assert field.evaluate("(element) => element === document.querySelector(':target')")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") != ""
    expect(editor.field(1, "note")).to_have_value(ODD)
    expect(editor.field(1, "owner")).to_have_value("nobody@sahyadrihfc.in")
    expect(editor.field(1, "v231-mx_Custom_1")).to_have_value("Form 16")
    expect(editor.field(1, "v231-mx_Custom_3")).to_have_value("31 Nov 2026")
    expect(editor.field(1, "v231-mx_Custom_4")).to_have_value("many")
    expect(editor.field(2, "owner")).to_have_value("not an e-mail")
    expect(editor.field(2, "v208-mx_Custom_2")).to_have_value("ABCPR4821K")


def test_what_is_put_right_can_be_reviewed(editor, loan):
    page = editor.page
    editor.open(loan)
    editor.choose_type(1, "240")
    editor.type_in(1, note="Registered", v240_mx_Custom_2="yesterday", owner=KABIR)
    editor.review()
    expect(page.locator("#problems a")).to_have_count(1)

    page.locator("#problems a").click()
    editor.type_in(1, v240_mx_Custom_1="MH-2210")
    editor.choose_type(2, "102")
    expect(page.locator("#row-1")).to_have_attribute("data-outcome", "ready")
    expect(page.locator("#row-1 .field__error")).to_have_count(0)
    editor.do("remove", 2)
    editor.review()

    expect(page.locator("h1")).to_have_text(f"1 activity for {loan.title}")


def test_an_ended_session_loses_nothing_that_was_typed(either_editor, site, loan):
    editor = either_editor
    page = editor.page
    editor.open(loan)
    editor.choose_type(1, "208")
    editor.type_in(1, note=ODD, v208_mx_Custom_2="ABCPR4821K", v208_mx_Custom_3="the 20th or so")
    editor.tick(1, "v208-mx_Custom_4", "Aadhaar", "Passport")
    page.context.clear_cookies(name="lsqportal_session")

    editor.review()
    expect(page.get_by_role("status")).to_contain_text("Nothing is lost")
    page.get_by_label("Work e-mail").fill(MEERA)
    page.get_by_label("Password").fill(site.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Go on where you were").click()

    expect(page.locator("h1")).to_have_text(loan.title)
    expect(page.locator("#problems")).to_contain_text("Visited on")
    expect(editor.field(1, "note")).to_have_value(ODD)
    expect(editor.field(1, "v208-mx_Custom_2")).to_have_value("ABCPR4821K")
    expect(editor.field(1, "v208-mx_Custom_3")).to_have_value("the 20th or so")
    expect(editor.field(1, "v208-mx_Custom_4")).to_contain_text("Aadhaar, Passport")


def test_a_session_that_ends_under_a_change_of_type_leads_to_the_sign_in_page(editor, site, loan):
    page = editor.page
    editor.open(loan)
    editor.type_in(1, note=ODD)
    page.context.clear_cookies(name="lsqportal_session")

    editor.field(1, "type").select_option("231")
    expect(page.locator(".notice[role=status]")).to_contain_text("Nothing is lost")
    page.get_by_label("Work e-mail").fill(MEERA)
    page.get_by_label("Password").fill(site.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Go on where you were").click()

    expect(editor.field(1, "note")).to_have_value(ODD)
    expect(editor.field(1, "v231-mx_Custom_1")).to_be_visible()
