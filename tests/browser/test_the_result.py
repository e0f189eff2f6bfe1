from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import BRIEFLY, findings
from tests.browser.steps import ANANYA, MEERA, ROHAN, outcomes

pytestmark = pytest.mark.browser


def test_the_result_page_follows_its_submission_without_a_reload(editor, no_worker, leadsquared, loan):
    page = editor.page
    editor.one_visit(loan)
    editor.post()
    page.evaluate("window.isStillTheSamePage = true")
    expect(page.locator("h1")).to_have_text("1 activity queued")
    expect(page.locator("main")).to_contain_text("It settles by itself, and your history keeps it.")
    expect(page.get_by_role("link", name="Show it anew")).to_be_hidden()
    assert findings(page) == []

    no_worker()

    expect(outcomes(page)).to_have_text(["Created"])
    expect(page.locator("h1")).to_have_text("1 created")
    expect(page.locator("#evidence")).to_contain_text("Answer of attempt 1")
    assert page.evaluate("window.isStillTheSamePage") is True
    assert findings(page) == []
    assert page.locator(".rows__outcome .mono").inner_text() == leadsquared.posted(loan)[0]["id"]


def test_a_queued_submission_can_be_cancelled(either_editor, no_worker, leadsquared, loan):
    editor = either_editor
    page = editor.page
    editor.one_visit(loan)
    editor.post()

    page.get_by_role("button", name="Cancel it").click()

    expect(page.get_by_role("status").first).to_contain_text("Cancelled. Nothing of it was sent.")
    expect(page.get_by_role("button", name="Cancel it")).to_have_count(0)
    expect(outcomes(page)).to_have_text(["Not created"])
    assert leadsquared.posted(loan) == []


def test_a_page_that_follows_its_submission_leaves_the_focus_where_it_is(editor, no_worker, loan):
    page = editor.page
    editor.one_visit(loan)
    editor.post()
    cancel = page.get_by_role("button", name="Cancel it")
    for _ in range(60):
        if cancel.evaluate("(button) => button === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(cancel).to_be_focused()
    cancel.evaluate("(button) => (button.isTheFirst = true)")

    expect(cancel).not_to_have_js_property("isTheFirst", True)

    expect(cancel).to_be_focused()


def test_what_somebody_is_reading_and_choosing_stays_while_the_page_follows(editor, leadsquared, database, loan):
    page = editor.page
    _have_a_person_asked(editor, leadsquared, database, loan)
    _hold_the_next_look(database)
    page.reload()
    page.get_by_label("Row 1: ").select_option("none")
    page.locator("#progress").evaluate("(part) => (part.isTheFirst = true)")

    expect(page.locator("#progress")).not_to_have_js_property("isTheFirst", True)

    expect(page.get_by_label("Row 1: ")).to_have_value("none")


def _have_a_person_asked(editor, leadsquared, database, loan) -> None:
    leadsquared.fault("note_changed")
    leadsquared.fault("reset_after_write")
    editor.one_visit(loan, note="As it was typed")
    editor.post()
    _look_twice(editor.page, database)


def _hold_the_next_look(database) -> None:
    """A further look is due, and nobody takes it: as during a hold."""
    later = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S.%f")
    database.execute("UPDATE activities_submission SET look_at = ? WHERE needs_person_since IS NOT NULL", [later])


def test_an_answer_that_never_came_leaves_the_row_unconfirmed_and_is_not_asked_for_twice(editor, leadsquared, loan):
    page = editor.page
    leadsquared.switch(index_lag_seconds=600)
    leadsquared.fault("reset_after_write")
    editor.one_visit(loan)

    editor.post()

    expect(outcomes(page)).to_have_text(["Unconfirmed"])
    expect(page.locator("main")).to_contain_text("never sent again until that is known")
    assert leadsquared.calls_about(loan) == len(leadsquared.posted(loan)) == 1
    assert findings(page) == []


def test_a_refused_row_says_why_and_is_copied_to_a_new_submission(editor, leadsquared, loan):
    page = editor.page
    leadsquared.fault("error_500", exception_type="MXInvalidInputException", message="Wrong PAN")
    editor.one_visit(loan, note="To be put right")
    editor.post()
    expect(outcomes(page)).to_have_text(["Rejected"])
    page.get_by_text("LeadSquared’s own words").click()
    expect(page.locator(".rows__reason")).to_contain_text("MXInvalidInputException: Wrong PAN")
    assert findings(page) == []

    page.get_by_role("button", name="Copy it to a new submission").click()

    expect(page).to_have_url(re.compile(r"/submissions/new/\?draft="))
    expect(editor.field(1, "note")).to_have_value("To be put right")
    expect(editor.field(1, "v208-mx_Custom_2")).to_have_value("ABCPR4821K")


def test_some_created_and_some_rejected_is_partly_posted(editor, leadsquared, loan):
    page = editor.page
    leadsquared.switch(bad_row="per_row")
    editor.open(loan)
    editor.choose_type(1, "208")
    editor.type_in(1, note="Good")
    editor.choose_type(2, "208")
    editor.type_in(2, note="Bad")
    editor.unfold(2)
    editor.type_in(2, b1_name="mx_Custom_77", b1_value="There is no such field")
    editor.review()
    expect(page.locator("h1")).to_have_text(f"2 activities for {loan.title}")

    editor.post()

    expect(outcomes(page)).to_have_text(["Created", "Rejected"])
    expect(page.locator("h1")).to_have_text("1 created, 1 rejected")
    assert findings(page) == []
    page.goto("/history/")
    expect(page.locator("tbody tr").first).to_contain_text("Partly posted")


def test_the_same_rows_a_second_time_are_warned_of(editor, leadsquared, loan):
    page = editor.page
    editor.one_visit(loan)
    editor.post()
    expect(outcomes(page)).to_have_text(["Created"])
    first = page.url

    editor.one_visit(loan)
    page.locator(".action-bar .button--primary").click()

    expect(page.get_by_role("alert")).to_contain_text("You submitted exactly these rows before")
    expect(page.get_by_role("alert")).to_be_focused()
    assert findings(page) == []
    assert first.endswith(page.get_by_role("alert").get_by_role("link").get_attribute("href") or "?")
    editor.post()
    expect(outcomes(page)).to_have_text(["Created"])
    assert len(leadsquared.posted(loan)) == 2


def test_a_hold_is_shown_on_every_page_and_lifts_by_itself(editor, page_of, leadsquared, database, loan):
    page = editor.page
    editor.one_visit(loan)
    leadsquared.fault("unauthorized", times=1000, path_contains="")
    editor.post()

    expect(outcomes(page)).to_have_text(["Queued"])
    assert findings(page) == []
    for somebody, address in (
        (page, "/"),
        (page, "/history/"),
        (page_of(ROHAN), "/audit/"),
        (page_of(ANANYA), "/people/"),
    ):
        somebody.goto(address)
        expect(somebody.get_by_role("heading", name="Nothing is being sent to LeadSquared")).to_be_visible()

    leadsquared.clear()
    page.go_back()
    page.go_back()
    _pretend_a_minute_has_passed(database)

    expect(outcomes(page)).to_have_text(["Created"])
    page.goto("/")
    expect(page.get_by_role("heading", name="Nothing is being sent to LeadSquared")).to_have_count(0)
    assert len(leadsquared.posted(loan)) == 1


def _pretend_a_minute_has_passed(database) -> None:
    """The portal tries the keys again after one; a submission may be due a little later too."""
    before = (datetime.now(UTC) - timedelta(minutes=2)).strftime("%Y-%m-%d %H:%M:%S.%f")
    database.execute("UPDATE activities_account SET hold_checked_at = ? WHERE hold_since IS NOT NULL", [before])
    database.execute("UPDATE activities_submission SET not_before = ? WHERE state = 'queued'", [before])


def test_a_call_under_way_is_shown_as_being_sent(editor, leadsquared, loan):
    page = editor.page
    leadsquared.fault("hang_then_write", seconds=None, answer=True, path_contains="Bulk")
    editor.one_visit(loan)

    editor.post()

    expect(page.locator("h1")).to_have_text("Sending 1 activity")
    expect(page.locator("main")).to_contain_text("LeadSquared has the call and has not answered yet.")
    expect(page.locator("[aria-current=step]")).to_have_text("Waiting for the answer")
    assert findings(page, BRIEFLY) == []
    leadsquared.release()
    expect(outcomes(page)).to_have_text(["Created"])


def test_what_was_written_without_an_answer_is_found_and_created(editor, leadsquared, database, loan):
    page = editor.page
    leadsquared.fault("reset_after_write")
    leadsquared.switch(index_lag_seconds=600)  # a look that is due while this one looks at the page finds nothing
    editor.one_visit(loan)
    editor.post()
    expect(page.locator("h1")).to_have_text("1 unconfirmed")

    leadsquared.switch(index_lag_seconds=0)
    _let_the_next_look_be_now(database)

    expect(outcomes(page)).to_have_text(["Created"])
    expect(page.locator("[role=status]#told")).to_contain_text("1 created")
    assert page.locator(".rows__outcome .mono").inner_text() == leadsquared.posted(loan)[0]["id"]


def test_what_was_never_written_ends_as_not_created_and_is_posted_by_a_retry(editor, leadsquared, database, loan):
    page = editor.page
    leadsquared.fault("reset_before_write")
    editor.one_visit(loan, note="It must arrive once")
    editor.post()
    _look_twice(page, database)
    expect(outcomes(page)).to_have_text(["Not created"])
    expect(page.locator(".rows__reason")).to_contain_text("LeadSquared does not have it")
    assert findings(page) == []
    first = page.url

    page.get_by_role("button", name="Put row 1 right and post it").click()
    expect(editor.field(1, "note")).to_have_value("It must arrive once")
    editor.review()
    editor.post()

    expect(outcomes(page)).to_have_text(["Created"])
    assert page.url != first
    assert len(leadsquared.posted(loan)) == 1


def test_what_nobody_can_find_out_is_decided_by_a_person_with_both_sides_in_view(
    either_editor, leadsquared, database, loan
):
    editor = either_editor
    page = editor.page
    _have_a_person_asked(editor, leadsquared, database, loan)

    expect(page.get_by_role("heading", name="Which of these are ours?")).to_be_visible()
    expect(page.locator("[aria-current=step]")).to_have_text("Needs a person")
    expect(page.locator(".decision")).to_contain_text(leadsquared.posted(loan)[0]["id"])
    if editor.scripts:
        assert findings(page) == []
    page.get_by_label("Row 1: ").select_option(index=2)
    page.get_by_role("button", name="Settle these rows").click()

    expect(outcomes(page)).to_have_text(["Created"])
    assert page.locator(".rows__outcome .mono").inner_text() == leadsquared.posted(loan)[0]["id"]


def test_the_page_goes_on_when_its_server_was_restarted_meanwhile(editor, site, no_worker, loan):
    page = editor.page
    editor.one_visit(loan)
    editor.post()
    expect(page.locator("h1")).to_have_text("1 activity queued")

    site.restart_web()
    no_worker()

    expect(outcomes(page)).to_have_text(["Created"])


def test_an_expired_session_asks_to_sign_in_and_comes_back(editor, site, no_worker, loan):
    page = editor.page
    editor.one_visit(loan)
    editor.post()
    address = page.url
    expect(page.locator("h1")).to_have_text("1 activity queued")

    page.context.clear_cookies()
    no_worker()

    expect(page.get_by_label("Work e-mail")).to_be_visible()
    page.get_by_label("Work e-mail").fill(MEERA)
    page.get_by_label("Password").fill(site.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(address)
    expect(outcomes(page)).to_have_text(["Created"])


def _let_the_next_look_be_now(database) -> None:
    """The first look is due after five seconds; nobody waits for it here."""
    database.execute("UPDATE activities_submission SET look_at = ? WHERE look_at IS NOT NULL", [_ago(0)])


def _look_twice(page: Page, database) -> None:
    """An absence counts from the second look on, when no write can arrive any more: as if some minutes had passed."""
    _reload_until(page, "1 unconfirmed")
    _let_the_next_look_be_now(database)
    _reload_until(page, "1 look so far", "2 looks so far")
    ours = "submission_id IN (SELECT id FROM activities_submission WHERE look_at IS NOT NULL)"
    with _past_the_guards(database):
        database.execute(
            f"UPDATE activities_attempt SET started_at = ?, lease_until = ? WHERE {ours}", [_ago(20), _ago(19)]
        )
        database.execute(f"UPDATE activities_look SET at = datetime(at, '-10 minutes') WHERE {ours}")
    _let_the_next_look_be_now(database)
    _reload_until(page, "Put row 1 right", "Which of these are ours?")


@contextlib.contextmanager
def _past_the_guards(database) -> Iterator[None]:
    """What was sent and seen cannot be changed, not even by a test that turns the clock."""
    found = database.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN (?, ?)",
        ["activities_attempt", "activities_look"],
    ).fetchall()
    for name, _ in found:
        database.execute(f"DROP TRIGGER {name}")
    yield
    for _, sql in found:
        database.execute(sql)


def _reload_until(page: Page, *texts: str) -> None:
    """As somebody without scripts does; whoever has them need not."""
    for _ in range(60):
        if any(text in page.locator("main").inner_text() for text in texts):
            return
        page.wait_for_timeout(500)
        page.reload()
    pytest.fail(f"The page never said {' or '.join(texts)}.")


def _ago(minutes: int) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M:%S.%f")


def test_what_a_colleague_changed_since_stands_beside_what_was_sent(editor, leadsquared, loan):
    page = editor.page
    editor.one_visit(loan)
    editor.post()
    expect(outcomes(page)).to_have_text(["Created"])
    leadsquared.rewrite(leadsquared.posted(loan)[0]["id"], note="Never met")

    page.get_by_role("button", name="Check again in LeadSquared").click()

    differing = page.locator("#checked tr[data-differs]")
    expect(differing).to_have_count(1)
    expect(differing).to_contain_text("Never met")
    expect(page.locator("#evidence")).to_contain_text("checked it again in LeadSquared, check 1: 1 of")
    assert findings(page) == []
