"""Whoever sees little has the page at 200 %, or on 320 pixels: every state of it is whole there, light and dark."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import CLOSE_UP, findings
from tests.browser.steps import MEERA, Editor

pytestmark = pytest.mark.browser

# What has the focus although it lies under something else or outside of the window, once nothing scrolls any more;
# nothing where all is well.
HIDDEN_FOCUS = """async () => {
    const focused = document.activeElement;
    let cover;
    for (let tries = 0; tries < 30; tries++) {
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 50 * Boolean(tries))));
        if (focused === document.body) return "";
        const { x, y, width, height } = focused.getClientRects()[0] ?? focused.getBoundingClientRect();
        cover = document.elementFromPoint(x + width / 2, y + height / 2);
        if (focused.contains(cover)) return "";
    }
    return `${focused.outerHTML.slice(0, 120)} under ${cover?.outerHTML.slice(0, 80)}`;
}"""


@pytest.fixture
def close_up(page_of, loan) -> Editor:
    """Three rows in a window at 200 %: a visit, a valuation with a group of fields, and a call."""
    editor = Editor(page_of(MEERA, viewport={"width": 640, "height": 512}, device_scale_factor=2))
    rows = ({"type": "208", "note": "Met her at the flat"}, {"type": "222"}, {"type": "214", "note": "Rang twice"})
    editor.open_with(loan, *rows)
    return editor


def suggested_types(editor: Editor) -> None:
    editor.page.locator("#r2-type-combo").focus()
    editor.page.keyboard.type("visit")
    expect(editor.page.get_by_role("listbox", name="Activity type, row 2")).to_be_visible()


def suggested_owners(editor: Editor) -> None:
    editor.page.locator("#r3-owner").focus()
    editor.page.keyboard.press("Alt+ArrowDown")
    expect(editor.page.get_by_role("listbox", name="Owner, row 3")).to_be_visible()


def menu(editor: Editor) -> None:
    editor.page.locator("#row-2 .menu > summary").focus()
    editor.page.keyboard.press("Enter")
    expect(editor.page.locator("#row-2 .menu__panel")).to_be_visible()


def folded_fields(editor: Editor) -> None:
    editor.unfold(1)
    editor.unfold(3)


def multiple_choice(editor: Editor) -> None:
    editor.unfold(1)
    editor.tick(1, "v208-mx_Custom_4", "Aadhaar")


def error(editor: Editor) -> None:
    editor.type_in(1, v208_mx_Custom_3="31/11/2026")
    editor.page.keyboard.press("Tab")
    expect(editor.page.locator("#r1-v208-mx_Custom_3-error")).to_be_visible()


def summary(editor: Editor) -> None:
    editor.review()
    expect(editor.page.locator("#problems")).to_be_focused()


def keys(editor: Editor) -> None:
    editor.page.get_by_role("button", name="Shortcuts").click()
    expect(editor.page.get_by_role("dialog", name="Keys of the rows")).to_be_visible()


def refusal(editor: Editor) -> None:
    """Another window has changed the draft meanwhile."""
    page = editor.page
    draft = page.url
    other = page.context.new_page()
    other.goto(draft)
    other.locator("#r1-note").fill("Theirs")
    expect(other.locator("#kept")).to_contain_text("Draft saved")
    expect(other.locator("#rows[data-unsaved]")).to_have_count(0)
    page.locator("#r1-note").fill("Mine")
    expect(page.locator("#conflict")).to_be_visible()


STATES = (suggested_types, suggested_owners, menu, folded_fields, multiple_choice, error, summary, keys, refusal)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__.replace("_", " "))
def test_nothing_is_wrong_at_200_percent_and_on_the_narrowest_screen(close_up, state: Callable[[Editor], None]):
    state(close_up)

    assert findings(close_up.page, CLOSE_UP) == []


def test_nothing_is_wrong_close_up_with_hits_open(page_of):
    page = page_of(MEERA, viewport={"width": 640, "height": 512}, device_scale_factor=2)
    page.goto("/")
    page.keyboard.type("mail.example")
    expect(page.locator("#found a.choice").first).to_be_visible()
    page.keyboard.press("ArrowDown")

    assert findings(page, CLOSE_UP) == []


def test_nothing_is_wrong_close_up_with_the_review_and_the_result(close_up, leadsquared, loan):
    page = close_up.page
    close_up.one_visit(loan)
    assert findings(page, CLOSE_UP) == []

    close_up.post()
    expect(page.locator(".rows__outcome .outcome")).to_have_text(["Created"])
    assert findings(page, CLOSE_UP) == []


@pytest.mark.parametrize("width", [640, 320])
def test_whatever_has_the_focus_is_in_sight(close_up, width):
    page = close_up.page
    page.set_viewport_size({"width": width, "height": 512})
    page.locator("h1").click()

    hidden = [_press_tab(page) for _ in range(70)]

    assert [each for each in hidden if each] == []


def _press_tab(page: Page) -> str:
    page.keyboard.press("Tab")
    found: str = page.evaluate(HIDDEN_FOCUS)
    return found
