from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.looking import findings
from tests.browser.steps import ANANYA, ROHAN, outcomes

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
    expect(page.locator("#evidence")).to_contain_text("Attempt 1: what was sent and what came back")
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

    page.get_by_role("button", name="Copy all 1 to a new submission").click()

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
