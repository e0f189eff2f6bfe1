from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.looking import BRIEFLY, findings
from tests.browser.steps import KABIR, MEERA, Editor, Loan, outcomes

pytestmark = pytest.mark.browser


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until this has the focus, as somebody without a mouse does."""
    for _ in range(200):
        if target.evaluate("(element) => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {target}")


def type_at(page: Page, target: Locator, text: str) -> None:
    tab_to(page, target)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(text)


def press(page: Page, button: Locator) -> None:
    tab_to(page, button)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def type_three_rows(editor: Editor, loan: Loan) -> Editor:
    """Type three rows with a good one in the middle, not yet reviewed."""
    editor.open(loan)
    for row, note in enumerate(("No owner yet", "Goes out", "Wrong day"), start=1):
        editor.choose_type(row, "208")
        editor.type_in(row, note=note, v208_mx_Custom_2="ABCPR4821K")
    editor.type_in(1, owner="")
    editor.type_in(2, v208_mx_Custom_3="20/11/2026 2.30 pm")
    editor.type_in(3, v208_mx_Custom_3="31/11/2026")
    editor.drawn()
    return editor


@pytest.fixture
def mixed(editor, loan) -> Editor:
    return type_three_rows(editor, loan)


@pytest.fixture
def mixed_either(either_editor, loan) -> Editor:
    """The same with scripts, and without."""
    return type_three_rows(either_editor, loan)


def test_problems_are_summed_up_linked_and_in_focus(mixed_either):
    page = mixed_either.page

    press(page, page.locator(".action-bar .button--primary"))

    summary = page.locator("#problems")
    expect(summary).to_be_focused()
    expect(page).to_have_title(re.compile(r"^Error: "))
    expect(summary.locator("h2")).to_have_text("2 problems to put right before anything is posted")
    expect(summary.locator("li")).to_have_count(2)
    expect(summary).to_contain_text("Row 3, Visited on: November has 30 days.")
    page.keyboard.press("Tab")
    expect(summary.locator("a").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(mixed_either.field(1, "owner")).to_be_focused()


def test_the_valid_rows_go_and_the_rest_is_a_draft_that_opens(mixed_either, leadsquared, loan):
    page = mixed_either.page
    press(page, page.locator(".action-bar .button--primary"))

    press(page, page.get_by_role("button", name="Review only the 1 valid row"))

    expect(page.locator("h1")).to_have_text(f"1 activity for {loan.title}")
    expect(page.locator("main")).to_contain_text("2 rows with a problem stay as a draft: row 1, row 3")
    expect(page.locator("#row-1")).to_contain_text("Goes out")
    expect(page.locator("#row-1")).to_contain_text("Fri 20 Nov 2026, 14:30")
    expect(page.locator("#row-1")).to_contain_text("2026-11-20 09:00:00 UTC")
    type_at(page, page.get_by_label("Why"), "The rest follows")
    press(page, page.get_by_role("button", name=f"Post 1 activity to {loan.title} in the sandbox"))

    expect(page).to_have_url(re.compile(r"/submissions/[0-9a-f-]{36}/$"))
    expect(page.locator("main")).to_contain_text("2 rows stayed behind as a draft.")
    press(page, page.get_by_role("link", name="a draft", exact=True))
    expect(page.locator("h1")).to_have_text(loan.title)
    expect(mixed_either.field(1, "note")).to_have_value("No owner yet")
    expect(mixed_either.field(2, "note")).to_have_value("Wrong day")
    expect(mixed_either.field(2, "v208-mx_Custom_3")).to_have_value("31/11/2026")

    page.go_back()
    if not mixed_either.scripts:
        page.reload()
    expect(outcomes(page)).to_have_text(["Created"])
    assert [each["note"] for each in leadsquared.posted(loan)] == ["Goes out"]


def test_back_from_the_valid_rows_all_rows_are_there(mixed):
    page = mixed.page
    press(page, page.locator(".action-bar .button--primary"))
    press(page, page.get_by_role("button", name="Review only the 1 valid row"))

    press(page, page.get_by_role("link", name="Back to the rows").first)

    for row, note in enumerate(("No owner yet", "Goes out", "Wrong day"), start=1):
        expect(mixed.field(row, "note")).to_have_value(note)


def test_a_reason_links_back_to_its_field(mixed):
    page = mixed.page
    press(page, page.locator(".action-bar .button--primary"))
    press(page, page.get_by_role("button", name="Review only the 1 valid row"))

    press(page, page.locator("main").get_by_role("link", name="Row 3, Visited on"))

    expect(page.locator("#problems")).to_be_visible()
    expect(mixed.field(3, "v208-mx_Custom_3")).to_be_in_viewport()


def test_the_summary_shrinks_with_what_is_put_right_and_goes(mixed):
    page, summary = mixed.page, mixed.page.locator("#problems")
    press(page, page.locator(".action-bar .button--primary"))

    type_at(page, mixed.field(1, "owner"), KABIR)
    page.keyboard.press("Tab")
    expect(summary.locator("h2")).to_have_text("1 problem to put right before anything is posted")
    expect(summary.locator("li")).to_have_text(
        ["Row 3, Visited on: November has 30 days. Type a date such as 30 Nov 2026."]
    )
    expect(summary).to_contain_text("Review only the 2 valid rows")
    expect(summary).to_contain_text("Row 3 stays in the draft.")

    type_at(page, mixed.field(3, "v208-mx_Custom_3"), "30/11/2026")
    page.keyboard.press("Tab")
    expect(summary.locator("li")).to_contain_text(["Row 3, Visited on: the time is missing."])
    type_at(page, mixed.field(3, "v208-mx_Custom_3"), "30/11/2026 14:30")
    page.keyboard.press("Tab")
    expect(summary).to_have_count(0)
    expect(page.locator("#said")).to_have_text("All problems are put right")
    expect(page).not_to_have_title(re.compile(r"^Error"))


def test_a_line_of_the_summary_follows_its_row_and_goes_with_it(mixed):
    page, summary = mixed.page, mixed.page.locator("#problems")
    press(page, page.locator(".action-bar .button--primary"))
    mixed.field(3, "v208-mx_Custom_3").focus()

    page.keyboard.press("Alt+Shift+ArrowUp")
    expect(summary.locator("a", has_text="Row 2, Visited on")).to_have_attribute("href", "#r2-v208-mx_Custom_3")
    page.keyboard.press("Alt+Shift+Backspace")

    expect(summary.locator("li")).to_have_count(1)
    expect(summary.locator("li")).to_contain_text("Row 1, Owner")


def test_dates_and_numbers_are_shown_back_as_they_were_understood(either_editor, loan):
    editor = either_editor
    editor.open(loan)
    editor.choose_type(1, "231")
    editor.type_in(1, v231_mx_Custom_3="21/11/26", v231_mx_Custom_4="1 234")

    press(editor.page, editor.page.locator(".action-bar .button--primary"))

    expect(editor.page.locator("#problems")).to_be_focused()
    expect(editor.field(1, "v231-mx_Custom_3")).to_have_value("Sat 21 Nov 2026")
    expect(editor.field(1, "v231-mx_Custom_4")).to_have_value("1,234")


def test_the_editor_with_its_problems_is_accessible(mixed):
    press(mixed.page, mixed.page.locator(".action-bar .button--primary"))

    assert findings(mixed.page) == []


def test_the_review_of_the_valid_rows_is_accessible(mixed):
    press(mixed.page, mixed.page.locator(".action-bar .button--primary"))
    press(mixed.page, mixed.page.get_by_role("button", name="Review only the 1 valid row"))

    assert findings(mixed.page) == []


def test_a_reason_that_cannot_be_kept_is_in_the_summary(editor, loan):
    page = editor.page
    editor.one_visit(loan)
    type_at(page, page.get_by_label("Why"), "x" * 201)

    press(page, page.locator(".action-bar .button--primary"))

    expect(page.locator("#problems")).to_be_focused()
    assert findings(page, BRIEFLY) == []
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#why")).to_be_focused()


def test_owners_and_types_are_counted_out(page, loan):
    editor = Editor(page)
    editor.open(loan)
    for row, (code, owner) in enumerate((("208", KABIR), ("102", MEERA), ("208", KABIR)), start=1):
        editor.choose_type(row, code)
        editor.type_in(
            row, owner=owner, note=f"Row {row}", **({"v208_mx_Custom_2": "ABCPR4821K"} if code == "208" else {})
        )

    press(page, page.locator(".action-bar .button--primary"))

    expect(page.locator(".page-head")).to_contain_text(
        "2 × KYC visit and 1 × Meeting, owned by Kabir Shah (2) and you (1). "
        "LeadSquared gets them in one call, in this order. It cannot be undone."
    )
