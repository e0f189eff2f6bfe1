"""Whatever happens to the browser, the server, the session or the person: at most the last second of typing is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.looking import BRIEFLY, findings
from tests.browser.steps import KABIR, MEERA, Editor, sign_in, until

pytestmark = pytest.mark.browser

SAVED = re.compile(r"Draft saved at \d\d:\d\d")
KEEP = "**/submissions/new/keep/"
DRAFT = re.compile(r"/submissions/new/\?draft=[0-9a-f-]{36}(#row-\d+)?$")
WRONG_DATE = "31/11/2026"


@pytest.fixture
def patient_context(browser, site, sessions) -> Iterator[Callable[..., BrowserContext]]:
    """A browser of Meera's whose complaints are part of the story: the server is away, or a file is missing."""
    opened: list[BrowserContext] = []

    def make(**options: object) -> BrowserContext:
        known = {"base_url": site.url, "storage_state": sessions[MEERA], "viewport": {"width": 1280, "height": 900}}
        context = browser.new_context(**{**known, **options})
        context.set_default_timeout(15_000)
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()


def kept(page: Page):
    return page.get_by_role("status").filter(has_text=re.compile("saved|Not saved|signed out"))


def saved(page: Page) -> None:
    """Wait until nothing is in this browser that the server does not have."""
    expect(page).to_have_url(DRAFT)
    expect(page.locator("#rows[data-unsaved]")).to_have_count(0)
    assert copies(page) == []
    expect(kept(page)).to_have_text(SAVED)


def copied(page: Page, text: str) -> None:
    """Wait until the browser has a copy with this text in it."""
    until(page, lambda: any(text in page.evaluate("(key) => localStorage.getItem(key)", key) for key in copies(page)))


def copies(page: Page) -> list[str]:
    found: list[str] = page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('lsq-portal-copy'))")
    return found


def keep_mine(page: Page) -> None:
    page.get_by_role("button", name="Keep mine as a draft of its own").click()
    expect(page.get_by_text("is a draft of its own now")).to_be_visible()


def another(page: Page, draft: str) -> Editor:
    """The same draft in a second window of the same or of another browser."""
    page.goto(draft)
    return Editor(page)


class TestKeeping:
    def test_what_is_typed_is_on_the_server_within_five_seconds_and_says_so(self, editor, page_of, loan):
        page = editor.page
        editor.open(loan)
        expect(kept(page)).to_have_text("Not saved yet")

        editor.type_in(1, note="Typed and never pressed anything")
        expect(kept(page)).to_have_text(SAVED, timeout=5000)

        expect(page).to_have_url(DRAFT)
        expect(page.get_by_role("button", name="Discard this draft")).to_be_visible()
        elsewhere = another(page_of(MEERA), page.url)
        expect(elsewhere.field(1, "note")).to_have_value("Typed and never pressed anything")

    def test_whoever_never_pauses_is_saved_all_the_same(self, editor, loan):
        page = editor.page
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url) if "keep" in request.url else None)
        editor.open(loan)
        editor.field(1, "note").focus()

        page.keyboard.type("never a pause of a second " * 2, delay=100)

        assert sent

    def test_a_page_that_was_only_looked_at_makes_no_draft(self, editor, loan):
        page = editor.page
        editor.open(loan)
        for _ in range(6):
            page.keyboard.press("Tab")

        page.goto("/")

        expect(page.locator("section", has=page.locator("#drafts"))).not_to_contain_text(loan.title)

    def test_a_reload_and_the_way_back_show_what_was_typed(self, editor, loan):
        page = editor.page
        editor.open(loan)
        editor.type_in(1, note="Stays")
        saved(page)

        page.reload()
        expect(editor.field(1, "note")).to_have_value("Stays")
        page.goto("/history/")
        page.go_back()

        expect(editor.field(1, "note")).to_have_value("Stays")

    def test_a_draft_is_listed_and_is_gone_when_it_is_posted(self, editor, loan):
        page = editor.page
        editor.open(loan)
        editor.choose_type(1, "208")
        editor.type_in(1, note="Soon posted")
        saved(page)
        page.goto("/")
        page.locator("section", has=page.locator("#drafts")).get_by_role("link", name=loan.title).first.click()
        expect(editor.field(1, "note")).to_have_value("Soon posted")

        editor.review()
        editor.post()
        page.goto("/")

        expect(page.locator("section", has=page.locator("#drafts"))).not_to_contain_text(loan.title)
        until(page, lambda: copies(page) == [])

    def test_a_row_that_is_redrawn_and_a_draft_that_is_saved_do_not_meet_as_two(self, editor, loan):
        page = editor.page
        editor.open(loan)
        for code in ("208", "214", "231", "208"):
            editor.type_in(1, note=f"for {code}")
            editor.choose_type(1, code)
        editor.type_in(1, note="at last")
        saved(page)

        expect(page.locator("#conflict")).to_have_count(0)
        page.reload()
        expect(editor.field(1, "note")).to_have_value("at last")

    def test_a_save_that_is_overtaken_by_a_press_changes_nothing(self, editor, loan):
        page = editor.page
        held: list[Route] = []
        editor.open(loan)
        editor.choose_type(1, "208")
        saved(page)
        page.route(KEEP, lambda route: held.append(route))
        editor.type_in(1, note="older")
        until(page, lambda: bool(held))
        page.unroute(KEEP)

        editor.type_in(1, note="newer")
        editor.review()

        expect(page.locator(".rows__note").last).to_have_text("newer")


class TestABrowserThatDies:
    def test_it_comes_back_with_what_was_typed_last(self, patient_context, loan):
        dying = patient_context()
        page = dying.new_page()
        editor = Editor(page)
        editor.open(loan)
        editor.type_in(1, note="First")
        saved(page)
        dying.route(KEEP, lambda route: None)
        editor.type_in(1, note="First, and the last words")
        copied(page, "the last words")

        reborn = Editor(patient_context(storage_state=dying.storage_state()).new_page())
        reborn.page.goto(page.url)

        expect(reborn.field(1, "note")).to_have_value("First, and the last words")
        expect(reborn.page.get_by_role("status").filter(has_text="restored from this browser").first).to_be_visible()
        expect(reborn.page.locator("#said")).to_have_text("What you typed last was restored from this browser.")
        until(reborn.page, lambda: copies(reborn.page) == [])
        assert findings(reborn.page, BRIEFLY) == []

    def test_the_saved_draft_can_be_had_instead(self, patient_context, loan):
        dying = patient_context()
        page = dying.new_page()
        editor = Editor(page)
        editor.open(loan)
        editor.type_in(1, note="First")
        saved(page)
        dying.route(KEEP, lambda route: None)
        editor.type_in(1, note="Not meant")
        copied(page, "Not meant")
        reborn = Editor(patient_context(storage_state=dying.storage_state()).new_page())
        reborn.page.goto(page.url)

        reborn.page.get_by_role("button", name="Show the saved draft instead").click()

        expect(reborn.field(1, "note")).to_have_value("First")
        reborn.page.reload()
        expect(reborn.field(1, "note")).to_have_value("First")

    def test_what_never_reached_the_server_comes_back_with_its_opportunity(self, patient_context, loan):
        dying = patient_context()
        page = dying.new_page()
        editor = Editor(page)
        editor.open(loan)
        dying.route(KEEP, lambda route: None)
        editor.type_in(1, note="In the very first second")
        copied(page, "very first second")

        reborn = Editor(patient_context(storage_state=dying.storage_state()).new_page())
        reborn.page.goto(f"/submissions/new/?opportunityId={loan.id}")

        expect(reborn.field(1, "note")).to_have_value("In the very first second")
        expect(reborn.page).to_have_url(re.compile(r"\?draft="))

    def test_what_was_changed_elsewhere_meanwhile_is_not_overwritten(self, patient_context, page_of, loan):
        dying = patient_context()
        page = dying.new_page()
        editor = Editor(page)
        editor.open(loan)
        editor.type_in(1, note="First")
        saved(page)
        dying.route(KEEP, lambda route: None)
        editor.type_in(1, note="Typed before the crash")
        copied(page, "before the crash")
        elsewhere = another(page_of(MEERA), page.url)
        elsewhere.type_in(1, note="Typed at home")
        saved(elsewhere.page)

        reborn = Editor(patient_context(storage_state=dying.storage_state()).new_page())
        reborn.page.goto(page.url)

        expect(reborn.page.get_by_role("alert")).to_contain_text("You changed this draft at")
        expect(reborn.field(1, "note")).to_have_value("Typed before the crash")
        keep_mine(reborn.page)
        expect(reborn.field(1, "note")).to_have_value("Typed before the crash")
        until(reborn.page, lambda: copies(reborn.page) == [])
        reborn.page.goto(page.url)
        expect(reborn.field(1, "note")).to_have_value("Typed at home")


class TestAServerThatDies:
    def test_it_is_said_and_everything_is_saved_when_it_is_back(self, patient_context, site, page_of, loan):
        page = patient_context().new_page()
        editor = Editor(page)
        editor.open(loan)
        editor.type_in(1, note="Before")
        saved(page)

        site.stop_web()
        editor.type_in(1, note="While it was away")
        try:
            expect(kept(page)).to_have_text(
                "Not saved yet: the portal does not answer. What you type is kept in this browser."
            )
            copied(page, "While it was away")
        finally:
            site.start_web()
        saved(page)

        assert another(page_of(MEERA), page.url).field(1, "note").input_value() == "While it was away"

    def test_a_button_that_gets_no_answer_loses_nothing(self, patient_context, loan):
        page = patient_context().new_page()
        editor = Editor(page)
        editor.open(loan)
        editor.type_in(1, note="Before")
        saved(page)
        address = page.url
        page.route("**/submissions/new/**", lambda route: route.abort("connectionrefused"))
        editor.type_in(1, note="Pressed into the void")
        page.get_by_role("button", name="Refresh the lists from LeadSquared").click()
        page.wait_for_url("chrome-error://**")

        page.unroute("**/submissions/new/**")
        page.goto(address)

        expect(editor.field(1, "note")).to_have_value("Pressed into the void")


class TestASessionThatEnds:
    @pytest.fixture
    def signed_out(self, patient_context, site, database, loan) -> Editor:
        """Meera at her draft, whose session is gone from the database while she types."""
        context = patient_context(storage_state=None)
        page = context.new_page()
        sign_in(page, site, MEERA)
        editor = Editor(page)
        editor.open(loan)
        editor.type_in(1, note="Before")
        saved(page)
        (cookie,) = [each["value"] for each in context.cookies() if each["name"] == "lsqportal_session"]
        database.execute("DELETE FROM django_session WHERE session_key = ?", [cookie])
        editor.type_in(1, note="After it ended")
        expect(kept(page)).to_have_text("You are signed out. What you typed is kept in this browser. Sign in again")
        return editor

    def test_what_is_typed_stays_and_comes_back_after_signing_in(self, signed_out, site):
        page = signed_out.page
        assert findings(page, BRIEFLY) == []

        page.get_by_role("link", name="Sign in again").click()
        page.get_by_label("Work e-mail").fill(MEERA)
        page.get_by_label("Password").fill(site.password)
        page.get_by_role("button", name="Sign in").click()

        expect(signed_out.field(1, "note")).to_have_value("After it ended")
        expect(page).to_have_url(DRAFT)
        until(page, lambda: copies(page) == [])

    def test_whoever_signs_in_at_another_window_types_on(self, signed_out, site):
        other = signed_out.page.context.new_page()
        sign_in(other, site, MEERA)

        signed_out.type_in(1, note="Typed on")

        saved(signed_out.page)
        other.goto(signed_out.page.url)
        expect(Editor(other).field(1, "note")).to_have_value("Typed on")

    def test_somebody_else_who_signs_in_finds_nothing_of_it(self, signed_out, site):
        page = signed_out.page
        page.get_by_role("link", name="Sign in again").click()
        expect(page.get_by_label("Work e-mail")).to_be_visible()
        assert len(copies(page)) == 1

        page.get_by_label("Work e-mail").fill(KABIR)
        page.get_by_label("Password").fill(site.password)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()

        until(page, lambda: copies(page) == [])

    def test_signing_out_saves_first_and_leaves_nothing_in_the_browser(self, patient_context, site, loan):
        page = patient_context(storage_state=None).new_page()
        sign_in(page, site, MEERA)
        editor = Editor(page)
        editor.open(loan)
        editor.type_in(1, note="The last thing today")

        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()

        assert page.evaluate("Object.keys(localStorage)") == []
        sign_in(page, site, MEERA)
        page.get_by_role("link", name=loan.title).first.click()
        expect(editor.field(1, "note")).to_have_value("The last thing today")


class TestAnotherComputer:
    @pytest.fixture
    def two(self, editor, page_of, loan) -> tuple[Editor, Editor]:
        """One draft at two computers; the second has changed it since the first has seen it."""
        editor.open(loan)
        editor.choose_type(1, "208")
        editor.type_in(1, note="At the office")
        saved(editor.page)
        home = another(page_of(MEERA), editor.page.url)
        home.type_in(1, note="At home")
        saved(home.page)
        return editor, home

    def test_the_second_is_told_who_and_when_while_typing(self, two):
        office, home = two

        office.type_in(1, note="At the office again")

        notice = office.page.get_by_role("alert")
        expect(notice).to_contain_text(re.compile(r"You changed this draft at \d\d:\d\d in another window"))
        expect(kept(office.page)).to_have_text("Not saved: it was changed in another window")
        expect(office.field(1, "note")).to_have_value("At the office again")
        expect(office.page.get_by_role("button", name="Discard this draft")).to_have_count(0)
        assert findings(office.page) == []
        home.page.reload()
        expect(home.field(1, "note")).to_have_value("At home")

    def test_that_one_can_be_had(self, two):
        office, _ = two
        office.type_in(1, note="At the office again")

        office.page.get_by_role("link", name="Show that one").click()

        expect(office.field(1, "note")).to_have_value("At home")
        expect(office.page.get_by_text("restored from this browser")).to_have_count(0)
        office.type_in(1, note="At home, and on at the office")
        saved(office.page)

    def test_a_look_at_that_one_in_a_tab_of_its_own_leaves_mine_in_this_browser(self, two):
        office, _ = two
        office.type_in(1, note="At the office again")
        expect(office.page.get_by_role("alert")).to_be_visible()
        copied(office.page, "At the office again")

        with office.page.context.expect_page() as opened:
            office.page.get_by_role("link", name="Show that one").click(modifiers=["ControlOrMeta"])
        opened.value.wait_for_load_state()

        copied(office.page, "At the office again")
        expect(office.field(1, "note")).to_have_value("At the office again")

    def test_mine_can_be_kept_as_a_draft_of_its_own(self, two):
        office, home = two
        first = office.page.url
        office.type_in(1, note="At the office again")

        keep_mine(office.page)

        expect(office.field(1, "note")).to_have_value("At the office again")
        expect(office.page).to_have_url(DRAFT)
        assert office.page.url != first
        home.page.reload()
        expect(home.field(1, "note")).to_have_value("At home")

    def test_a_reload_offers_both_again(self, two):
        office, _ = two
        office.type_in(1, note="At the office again")
        expect(office.page.get_by_role("alert")).to_be_visible()

        office.page.reload()

        expect(office.page.get_by_role("alert")).to_contain_text("You changed this draft at")
        expect(office.field(1, "note")).to_have_value("At the office again")

    def test_a_press_on_review_is_told_too(self, two):
        office, home = two
        office.page.route(KEEP, lambda route: route.abort("blockedbyclient"))
        office.type_in(1, note="At the office again")

        office.review()

        expect(office.page.get_by_role("alert")).to_contain_text("You changed this draft at")
        expect(office.field(1, "note")).to_have_value("At the office again")
        home.page.reload()
        expect(home.field(1, "note")).to_have_value("At home")

    def test_what_was_posted_elsewhere_is_not_typed_on(self, two):
        office, home = two
        home.review()
        home.post()

        office.type_in(1, note="At the office again")

        expect(office.page.get_by_role("alert")).to_contain_text("You posted this draft at")
        office.page.get_by_role("link", name="Show what was posted").click()
        expect(office.page).to_have_url(home.page.url)

    def test_what_was_discarded_elsewhere_does_not_come_back_by_itself(self, two):
        office, home = two
        home.page.get_by_role("button", name="Discard this draft").click()
        expect(home.page.get_by_text("The draft was discarded")).to_be_visible()

        office.type_in(1, note="At the office again")

        expect(office.page.get_by_role("alert")).to_contain_text("You discarded this draft")
        keep_mine(office.page)
        expect(office.field(1, "note")).to_have_value("At the office again")

    def test_without_scripts_the_second_is_told_and_keeps_its_rows(self, page_of, loan):
        office = Editor(page_of(MEERA, java_script_enabled=False), scripts=False)
        office.open(loan)
        office.type_in(1, note="First")
        office.page.get_by_role("button", name="Add a row").click()
        home = another(page_of(MEERA), office.page.url.partition("#")[0])
        home.type_in(1, note="At home")
        saved(home.page)

        office.type_in(1, note="At the office")
        office.page.get_by_role("button", name="Add a row").click()

        expect(office.page.get_by_role("alert")).to_contain_text("You changed this draft at")
        expect(office.field(1, "note")).to_have_value("At the office")
        keep_mine(office.page)
        expect(office.field(1, "note")).to_have_value("At the office")


def test_a_review_that_complains_is_not_taken_for_a_crash(editor, loan):
    page = editor.page
    editor.open(loan)
    editor.choose_type(1, "231")
    saved(page)
    editor.type_in(1, note="Typed right before")

    editor.review()

    expect(page.locator("#problems")).to_be_visible()
    page.wait_for_timeout(1500)
    expect(page.locator("#problems")).to_be_visible()
    expect(page.locator("#restored, .notice").filter(has_text="restored")).to_have_count(0)


class TestAModuleThatDoesNotLoad:
    @pytest.mark.parametrize("name", ["row-editor", "keeping", "local-copies", "telling", "portal"])
    def test_loses_nothing_and_the_buttons_still_work(self, patient_context, loan, name):
        context = patient_context()
        context.route(re.compile(rf"/js/{name}\.[0-9a-f]+\.js"), lambda route: route.abort())
        page = context.new_page()
        editor = Editor(page)
        editor.open(loan)
        editor.field(1, "type").select_option("208")
        editor.field(1, "note").fill("In spite of it")

        with page.expect_navigation():
            page.get_by_role("button", name="Refresh the lists from LeadSquared").click()
        expect(editor.field(1, "note")).to_have_value("In spite of it")
        editor.review()

        expect(page.locator("h1")).to_have_text(f"1 activity for {loan.title}")

    def test_of_the_editor_does_not_keep_the_draft_from_being_saved(self, patient_context, loan):
        context = patient_context()
        context.route(re.compile(r"/js/row-editor\.[0-9a-f]+\.js"), lambda route: route.abort())
        page = context.new_page()
        editor = Editor(page)
        editor.open(loan)

        editor.type_in(1, note="Nobody pressed")

        saved(page)


class TestLeavingAField:
    @pytest.fixture
    def visit(self, editor, loan) -> Editor:
        editor.open(loan)
        editor.choose_type(1, "231")
        saved(editor.page)
        return editor

    @pytest.fixture
    def collected(self, visit):
        return visit.field(1, "v231-mx_Custom_3")

    def test_shows_its_error_below_it_and_nowhere_before(self, visit, collected):
        page = visit.page
        with page.expect_response(KEEP):
            collected.press_sequentially(WRONG_DATE)
        expect(page.locator(".field__error")).to_have_count(0)
        expect(page.locator("#row-1")).not_to_have_attribute("data-outcome", "error")

        collected.press("Tab")

        error = page.locator("#r1-v231-mx_Custom_3-error")
        expect(error).to_contain_text("November has 30 days")
        expect(collected).to_have_attribute("aria-invalid", "true")
        expect(collected).to_have_accessible_description(re.compile("November has 30 days"))
        expect(page.locator("#said")).to_contain_text("Row 1")
        expect(page.locator("#row-1")).to_have_attribute("data-outcome", "error")
        expect(page.locator("#row-1 .menu > summary")).to_have_accessible_name(re.compile("has a problem"))
        expect(page.locator("#count")).to_contain_text("1 with a problem")
        assert findings(page) == []

    def test_is_taken_back_as_soon_as_it_is_put_right(self, visit, collected):
        page = visit.page
        collected.fill(WRONG_DATE)
        collected.press("Tab")
        expect(page.locator(".field__error")).to_have_count(1)

        collected.fill("30/11/2026")

        expect(page.locator(".field__error")).to_have_count(0)
        expect(collected).not_to_have_attribute("aria-invalid", "true")
        expect(collected).to_be_focused()
        expect(collected).to_have_value("30/11/2026")
        expect(page.locator("#count")).not_to_contain_text("with a problem")

    def test_shows_a_date_back_as_it_was_understood(self, visit, collected):
        collected.fill("21/11/2026")
        collected.press("Tab")

        expect(collected).to_have_value("Sat 21 Nov 2026")
        saved(visit.page)
        visit.page.reload()
        expect(collected).to_have_value("Sat 21 Nov 2026")

    def test_says_nothing_of_what_is_merely_missing(self, visit, collected):
        collected.focus()
        collected.press("Tab")
        visit.type_in(1, note="Something else")
        saved(visit.page)

        expect(visit.page.locator(".field__error")).to_have_count(0)

    def test_says_that_an_owner_is_none(self, visit):
        visit.field(1, "owner").fill("nobody of ours")
        visit.field(1, "owner").press("Tab")

        expect(visit.page.locator("#r1-owner-error")).to_contain_text("is not an e-mail address")
        visit.type_in(1, owner=KABIR)
        expect(visit.page.locator(".field__error")).to_have_count(0)

    def test_what_the_review_complained_of_goes_when_it_is_put_right(self, visit, collected):
        page = visit.page
        visit.review()
        expect(page.locator("#r1-v231-mx_Custom_3-error")).to_contain_text("this must be filled")
        errors = page.locator(".field__error").count()

        collected.fill("today")
        collected.press("Tab")

        expect(page.locator(".field__error")).to_have_count(errors - 1)
        expect(page.locator("#r1-v231-mx_Custom_3-error")).to_have_count(0)
        expect(page.locator("#row-1")).to_have_attribute("data-outcome", "error")


def test_the_copy_in_the_browser_holds_no_key_of_the_session(editor, loan):
    page = editor.page
    editor.open(loan)
    page.route(KEEP, lambda route: None)
    editor.type_in(1, note="Copied")
    copied(page, "Copied")

    (text,) = page.evaluate("Object.entries(localStorage).filter(([key]) => key.includes('copy')).map(([, it]) => it)")

    assert "csrfmiddlewaretoken" not in text
    assert json.loads(text)["entries"]
