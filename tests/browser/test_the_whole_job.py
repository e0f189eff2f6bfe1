from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.steps import ACTIVITY_ID, KABIR, MEERA, ROHAN, Editor, first_of, outcomes, sign_in

pytestmark = pytest.mark.browser


def test_three_rows_of_three_types_go_from_sign_in_to_the_audit_log(
    new_context, page_of, site, leadsquared, loan, scripts
):
    page = new_context(java_script_enabled=scripts).new_page()
    editor = Editor(page, scripts=scripts)

    sign_in(page, site, MEERA)
    page.get_by_role("searchbox").fill(loan.phone)
    page.get_by_role("button", name="Search").click()
    page.locator(f"#found a.choice[href*='{loan.id}']").click()
    expect(page.locator("h1")).to_have_text(loan.title)
    editor.choose_type(1, "208")
    editor.type_in(1, note="Met her at the flat", v208_mx_Custom_2="ABCPR4821K", v208_mx_Custom_3="20 Nov 2026, 14:30")
    editor.choose_type(2, "214")
    editor.type_in(2, note="Rang twice", owner=KABIR)
    editor.choose_parent(2, v214_mx_Custom_1="Not reachable")
    editor.choose(2, v214_mx_Custom_2="Switched off")
    editor.choose_type(3, "231")
    editor.choose(3, v231_mx_Custom_1="Form 16", v231_mx_Custom_2="Original")
    editor.type_in(3, v231_mx_Custom_3="20 Nov 2026")
    editor.review()
    expect(page.locator("h1")).to_have_text(f"3 activities for {loan.title}")
    expect(page.locator(".rows--read")).to_contain_text("Fri 20 Nov 2026, 14:30")
    page.get_by_label("Why").fill("KYC pack for the committee")
    editor.post()
    _see_created(page, outcomes(page), 3, scripts=scripts)
    ids = page.locator(".rows__outcome .mono").all_inner_texts()

    held = leadsquared.posted(loan)
    assert [(each["code"], each["note"], each["owner_email"], each["values"]) for each in held] == [
        (208, "Met her at the flat", MEERA, {"mx_Custom_2": "ABCPR4821K", "mx_Custom_3": "2026-11-20 09:00:00"}),
        (214, "Rang twice", KABIR, {"mx_Custom_1": "Not reachable", "mx_Custom_2": "Switched off"}),
        (
            231,
            "",
            MEERA,
            {"mx_Custom_1": "Form 16", "mx_Custom_2": "Original", "mx_Custom_3": held[2]["values"]["mx_Custom_3"]},
        ),
    ]
    assert held[2]["values"]["mx_Custom_3"].startswith("2026-11-20")
    assert ids == [each["id"] for each in held]
    assert all(ACTIVITY_ID.match(each) for each in ids)

    page.get_by_role("link", name="My history").click()
    expect(page.locator("tbody tr").first).to_contain_text(loan.title)
    page.get_by_role("link", name="Activities", exact=True).click()
    for each in ids:
        expect(page.locator("tbody tr", has_text=each)).to_contain_text(loan.title)

    auditor = page_of(ROHAN)
    auditor.goto("/audit/")
    expect(auditor.locator("tbody tr").first).to_contain_text("Meera Iyer")
    auditor.get_by_role("link", name=loan.title).first.click()
    expect(auditor.locator("main")).to_contain_text("KYC pack for the committee")
    assert auditor.locator(".rows__outcome .mono").all_inner_texts() == ids
    auditor.goto("/audit/activities/")
    for each in ids:
        expect(auditor.locator("tbody tr", has_text=each)).to_contain_text("Meera Iyer")


def test_the_keyboard_alone_does_the_job(page, leadsquared, loan):
    page.goto("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type(loan.phone)
    page.keyboard.press("Enter")
    expect(page.locator("#found a.choice:focus")).to_be_visible()
    page.keyboard.press("Escape")
    _tab_to(page, page.locator(f"#found a.choice[href*='{loan.id}']"))
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(loan.title)

    _choose(page, "r1-type", "follow")
    expect(page.locator("#r1-v214-mx_Custom_1")).to_be_attached()
    expect(_control(page, "r1-type")).to_be_focused()
    _tab_to(page, page.locator("#r1-note"))
    page.keyboard.type("Typed without a mouse")
    _choose(page, "r1-v214-mx_Custom_1", "spoke to c")
    expect(page.locator("#r1-v214-mx_Custom_2")).to_be_enabled()
    expect(_control(page, "r1-v214-mx_Custom_1")).to_be_focused()
    _choose(page, "r1-v214-mx_Custom_2", "passed")
    _tab_to(page, page.locator(".action-bar .button--primary"))
    page.keyboard.press("Space")
    expect(page.locator("h1")).to_have_text(f"1 activity for {loan.title}")
    _tab_to(page, page.locator(".action-bar .button--primary"))
    page.keyboard.press("Enter")

    expect(outcomes(page)).to_have_text(["Created"])
    (held,) = leadsquared.posted(loan)
    assert held["note"] == "Typed without a mouse"
    assert held["values"] == {"mx_Custom_1": "Spoke to co-applicant", "mx_Custom_2": "Passed on to applicant"}


def test_three_presses_on_post_are_one_post_and_one_submission(editor, leadsquared, loan):
    page = editor.page
    posts: list[Route] = []
    editor.one_visit(loan)
    page.route("**/review/", lambda route: posts.append(route))
    box = page.locator(".action-bar .button--primary").bounding_box()
    assert box

    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for _ in range(3):
        page.mouse.down()
        page.mouse.up()
        page.wait_for_timeout(70)
    first = first_of(posts, page)
    assert posts == [first]
    first.continue_()

    expect(page).to_have_url(re.compile(r"/submissions/[0-9a-f-]{36}/$"))
    expect(outcomes(page)).to_have_text(["Created"])
    assert len(leadsquared.posted(loan)) == leadsquared.calls_about(loan) == 1


def _see_created(page: Page, found: Locator, count: int, *, scripts: bool) -> None:
    """Wait for the page to follow its submission; without scripts a person looks again."""
    if scripts:
        expect(found).to_have_text(["Created"] * count)
        return
    while "Created" not in found.first.inner_text():
        with page.expect_navigation():
            page.get_by_role("link", name="Show it anew").click()
    expect(found).to_have_text(["Created"] * count)


def _control(page: Page, name: str) -> Locator:
    """What takes the focus: the list itself, or the combobox before it."""
    return page.locator(f"#{name}-combo, #{name}:not([aria-hidden])").first


def _choose(page: Page, name: str, typed: str) -> None:
    control = _control(page, name)
    _tab_to(page, control)
    page.keyboard.type(typed)
    if control.get_attribute("role") == "combobox":
        page.keyboard.press("Enter")


def _tab_to(page: Page, target: Locator) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if target.evaluate("(element) => element === document.activeElement"):
            return
    pytest.fail(f"Sixty presses of Tab do not lead to {target}.")
