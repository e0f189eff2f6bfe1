from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Page, Route, expect

from lsqportal.sandbox import demo
from tests.browser.looking import findings
from tests.browser.steps import MEERA, Editor, Loan, first_of, until

pytestmark = pytest.mark.browser

FIND = re.compile(r"/opportunities/find/")
OF_LEAD = re.compile(r"/opportunities/of-lead/")


def said(page: Page):
    return page.locator("#q-said")


def choices(page: Page):
    return page.locator("#found a.choice")


def type_without_a_pause(page: Page, *texts: str) -> None:
    """Have the box hold these, one after the other, in one task: keys come with pauses where a machine is busy."""
    page.locator("#q").evaluate(
        """(box, texts) => texts.forEach((text) => {
            box.value = text;
            box.dispatchEvent(new InputEvent("input", { bubbles: true }));
        })""",
        list(texts),
    )


def focused(page: Page):
    return page.locator(":focus")


@pytest.fixture(scope="session")
def strangers() -> Iterator[Loan]:
    """Leads that nobody has looked at, last ones first: what was found is kept for a minute."""
    contents = demo.contents(date(2026, 1, 1))
    leads = {lead.id: lead for lead in contents.leads if lead.phone}
    last = {each.lead_id: each for each in contents.opportunities if each.lead_id in leads}
    loans = [Loan(each.id, each.name, leads[key].name, (leads[key].phone or "")[-10:]) for key, each in last.items()]
    return reversed(loans)


@pytest.fixture
def stranger(strangers) -> Loan:
    return next(strangers)


@pytest.fixture
def start(page) -> Page:
    page.goto("/")
    expect(page.locator("#q")).to_be_focused()
    return page


def test_an_opportunity_is_picked_with_the_keyboard_alone(start):
    start.keyboard.type("asha r", delay=20)
    expect(said(start)).to_have_text("2 leads found, 4 opportunities.")
    expect(start.locator("#q")).to_be_focused()

    start.keyboard.press("ArrowDown")
    expect(focused(start)).to_contain_text("Home loan")
    start.keyboard.press("ArrowDown")
    expect(focused(start)).to_contain_text("Balance transfer")
    start.keyboard.press("ArrowUp")
    start.keyboard.press("ArrowUp")
    expect(start.locator("#q")).to_be_focused()
    start.keyboard.press("ArrowDown")
    start.keyboard.press("Enter")

    expect(start.locator("h1")).to_have_text("Asha Rao – Home loan")


def test_enter_opens_the_only_one_and_else_goes_to_the_first(start, loan):
    start.keyboard.type("asha r")
    expect(said(start)).to_have_text("2 leads found, 4 opportunities.")
    start.keyboard.press("Enter")
    expect(focused(start)).to_contain_text("Home loan")

    start.keyboard.press("Escape")
    expect(start.locator("#q")).to_be_focused()
    start.keyboard.press("Escape")
    expect(start.locator("#q")).to_have_value("")
    expect(choices(start)).to_have_count(0)

    start.keyboard.type("raorane")
    expect(said(start)).to_have_text("1 lead found, 1 opportunity.")
    start.keyboard.press("Enter")
    expect(start.locator("h1")).to_have_text("Asha Raorane – Home loan")


def test_keys_that_come_before_the_answer_wait_for_it(start):
    start.keyboard.type("raorane")
    start.keyboard.press("Enter")
    expect(focused(start)).to_contain_text("Home loan")


def test_a_letter_on_a_hit_goes_on_typing_in_the_box(start):
    start.keyboard.type("asha")
    expect(said(start)).to_contain_text("opportunities.")
    start.keyboard.press("ArrowDown")

    start.keyboard.type(" raor")

    expect(start.locator("#q")).to_have_value("asharaor")
    expect(start.locator("#q")).to_be_focused()


def test_typing_costs_one_search_and_few_characters_none(start, stranger):
    asked: list[str] = []
    start.on("request", lambda request: asked.append(request.url) if "/opportunities/" in request.url else None)

    start.keyboard.type(stranger.phone[:2], delay=20)
    start.wait_for_timeout(600)
    assert asked == []

    type_without_a_pause(start, *(stranger.phone[:length] for length in range(3, 11)))
    expect(said(start)).to_contain_text("1 lead found,")
    expect(choices(start).first).to_be_visible()
    assert [bool(FIND.search(each)) for each in asked] == [True, False]

    type_without_a_pause(start, f"{stranger.phone}0", stranger.phone)
    start.wait_for_timeout(600)
    assert len(asked) == 2


def test_what_is_there_stays_until_the_newest_answer_comes(start):
    start.keyboard.type("asha r")
    expect(said(start)).to_have_text("2 leads found, 4 opportunities.")
    held: list[Route] = []
    start.route(FIND, lambda route: held.append(route))

    type_without_a_pause(start, "asha ra", "asha rao")
    expect(start.locator("#found[aria-busy]")).to_be_visible()
    expect(choices(start)).to_have_count(4)
    first_of(held, start)
    type_without_a_pause(start, *("asha raorane"[:length] for length in range(9, 13)))
    until(start, lambda: len(held) > 1)
    assert len(held) == 2
    held[1].continue_()
    expect(said(start)).to_have_text("1 lead found, 1 opportunity.")
    held[0].abort()

    start.wait_for_timeout(200)
    expect(choices(start)).to_have_count(1)


def test_a_pasted_link_goes_straight_to_the_rows(start, loan):
    link = f"https://in21.leadsquared.com/OpportunityManagement/OpportunityDetails?opportunityId={loan.id}"

    start.locator("#q").evaluate("(box) => box.select()")
    start.keyboard.insert_text(link)

    expect(start.locator("h1")).to_have_text(loan.title)


def test_a_lead_whose_opportunities_did_not_come_is_looked_at_again(start, leadsquared, stranger):
    leadsquared.fault("error_500_without_envelope", path_contains="GetOpportunitiesOfLead", times=1)
    start.keyboard.type(stranger.phone)
    expect(start.locator("#found")).to_contain_text("The opportunities could not be loaded.")

    start.keyboard.press("ArrowDown")
    expect(focused(start)).to_have_text("Look again")
    start.keyboard.press("Enter")

    expect(focused(start)).to_have_class("choice")
    expect(start.locator("#found")).to_contain_text(stranger.name)
    assert start.url.endswith("/")


def test_a_lead_that_the_list_does_not_show_yet_is_looked_at_again(start, leadsquared, stranger):
    leadsquared.switch(index_lag_seconds=10**10)
    start.keyboard.type(stranger.phone)
    expect(start.locator("#found")).to_contain_text("A new one appears there after a minute")
    leadsquared.switch(index_lag_seconds=0)

    start.keyboard.press("ArrowDown")
    start.keyboard.press("Enter")

    expect(focused(start)).to_have_class("choice")


def test_the_way_back_leads_to_the_same_hits(start):
    start.keyboard.type("raorane")
    expect(said(start)).to_have_text("1 lead found, 1 opportunity.")
    start.keyboard.press("Enter")
    expect(start.locator("h1")).to_have_text("Asha Raorane – Home loan")

    start.go_back()

    expect(choices(start)).to_have_count(1)
    expect(start.locator("#q")).to_have_value("raorane")


def test_an_opportunity_is_pinned_and_unpinned_with_the_keyboard(start):
    start.keyboard.type("raorane")
    expect(said(start)).to_have_text("1 lead found, 1 opportunity.")
    start.keyboard.press("ArrowDown")
    start.keyboard.press("Tab")
    expect(focused(start)).to_have_text("Pin Home loan")

    start.keyboard.press("Enter")
    expect(start.locator("#pins")).to_contain_text("Asha Raorane – Home loan")
    expect(said(start)).to_have_text("Pinned.")
    expect(focused(start)).to_have_text("Unpin Home loan")

    start.keyboard.press("Enter")
    expect(start.locator("#pins")).to_contain_text("Opportunities that you pin stay here.")
    expect(focused(start)).to_have_text("Pin Home loan")


def test_what_is_typed_in_the_editor_stays_while_its_opportunity_is_pinned(editor, loan):
    page = editor.page
    editor.open(loan)
    editor.type_in(1, note="typed before")

    page.get_by_role("button", name="Pin this opportunity").press("Enter")
    expect(page.get_by_role("button", name="Unpin this opportunity")).to_be_focused()
    expect(editor.field(1, "note")).to_have_value("typed before")

    page.goto("/")
    expect(page.locator("#pins")).to_contain_text(loan.title)
    page.get_by_role("button", name=f"Unpin {loan.title}").click()
    expect(page.locator("#pins a")).to_have_count(0)
    expect(page.locator("#pinned")).to_be_focused()


def test_the_latest_activities_come_after_the_page_and_move_nothing(page, loan):
    held: list[Route] = []
    page.route(re.compile(r"/opportunities/latest/"), lambda route: held.append(route))
    Editor(page).open(loan)
    rows = page.locator("table.rows")
    before = rows.bounding_box()

    expect(page.locator("latest-activities[aria-busy]")).to_be_visible()
    first_of(held, page).continue_()

    expect(page.locator(".target__latest li").first).to_be_visible()
    assert rows.bounding_box() == before


def test_everything_works_without_scripts(page_of, loan: Loan):
    page = page_of(MEERA, java_script_enabled=False)
    page.goto("/")
    page.get_by_role("searchbox").fill("asha r")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("button", name="Pin Balance transfer").click()
    expect(page.locator("#pins")).to_contain_text("Asha Rao – Balance transfer")
    expect(page.get_by_role("searchbox")).to_have_value("asha r")
    page.get_by_role("button", name="Unpin Balance transfer").click()
    expect(page.locator("#pins a")).to_have_count(0)

    page.get_by_role("searchbox").fill(loan.id)
    page.get_by_role("button", name="Search").click()
    expect(page.locator("h1")).to_have_text(loan.title)
    page.locator("#r1-note").fill("typed before")
    page.get_by_role("button", name="Pin this opportunity").click()
    expect(page.locator("#r1-note")).to_have_value("typed before")
    page.get_by_role("button", name="Unpin this opportunity").click()
    expect(page.get_by_role("button", name="Pin this opportunity")).to_be_visible()

    with page.expect_popup() as popup:
        page.get_by_role("link", name="Show more (in a new tab)").click()
    expect(popup.value.locator("h1")).to_have_text("Latest activities in LeadSquared")


def test_whoever_was_signed_out_meanwhile_signs_in_and_finds_on(start):
    start.context.clear_cookies()

    start.keyboard.type("raorane")

    expect(start).to_have_url(re.compile(r"/account/sign-in/\?next=/%3Fq%3Draorane"))


def test_a_portal_that_does_not_answer_says_so(start, complaints):
    start.route(FIND, lambda route: route.abort())

    start.keyboard.type("raorane")

    expect(start.get_by_role("alert")).to_have_text("The portal does not answer. Press Search to try again.")
    complaints.clear()


def test_axe_finds_nothing_with_hits_open(start):
    start.keyboard.type("mail.example")
    expect(said(start)).to_contain_text("opportunities.")
    start.keyboard.press("ArrowDown")
    assert findings(start) == []

    start.keyboard.press("Escape")
    start.keyboard.press("Escape")
    start.keyboard.type("nobody-is-called-this")
    expect(start.locator("#found")).to_contain_text("No lead matches")
    assert findings(start) == []


def test_axe_finds_nothing_beside_the_rows_and_on_the_list(page, loan):
    Editor(page).open(loan)
    expect(page.locator(".target__latest li").first).to_be_visible()
    assert findings(page) == []

    page.goto(f"/opportunities/latest/?opportunityId={loan.id}")
    assert findings(page) == []
