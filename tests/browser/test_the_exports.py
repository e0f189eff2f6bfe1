from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Download, Page, expect
from python_calamine import CalamineWorkbook

from activities.columns import ROW_COLUMNS
from tests.browser.looking import findings
from tests.browser.steps import MEERA, ROHAN, outcomes
from tests.exported import read_csv

pytestmark = pytest.mark.browser
LONG_AGO = "2026-01-01 00:00:00"


def press_download(page: Page, button: str) -> None:
    page.locator(".download > summary").click()
    page.get_by_role("button", name=button).click()


def saved(download: Download) -> Path:
    return Path(download.path())


@pytest.fixture
def in_history(editor, loan) -> str:
    """One created activity of Meera's; its note."""
    note = f"Met her at the flat, {loan.id}"
    editor.one_visit(loan, note=note)
    editor.post()
    expect(outcomes(editor.page)).to_have_text(["Created"])
    return note


def test_a_list_is_downloaded_as_it_is_filtered(page_of, scripts, in_history):
    page = page_of(MEERA, java_script_enabled=scripts)
    page.goto("/history/activities/")
    page.get_by_role("searchbox").fill(in_history)
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("main")).to_contain_text("1 activity with these filters.")

    with page.expect_download() as download:
        press_download(page, "CSV, at once")

    assert download.value.suggested_filename.startswith("activities_meera-iyer_met-her-at-the-flat")
    (line,) = read_csv(saved(download.value).read_bytes(), ROW_COLUMNS)
    assert (line["note"], line["outcome"]) == (in_history, "Created")


def test_a_spreadsheet_is_prepared_watched_and_downloaded(page_of, scripts, in_history, no_worker, database):
    page = page_of(MEERA, java_script_enabled=scripts)
    page.goto("/history/")
    press_download(page, "Excel, prepared in the background")
    expect(page.locator("h1")).to_have_text("Exports")
    row = page.locator("tbody tr").first
    expect(row).to_contain_text("Queued")
    database.execute(
        "UPDATE activities_export SET state = 'running', lease_until = ?, line_count = 1200, of_about = 204000"
        " WHERE state = 'queued'",
        [LONG_AGO],
    )
    if not scripts:
        page.get_by_role("link", name="Show it anew").click()
    expect(row).to_contain_text("1,200 of 204,000")
    expect(row.get_by_role("progressbar")).to_have_attribute("value", "1200")
    if scripts:
        assert findings(page) == []

    no_worker()
    _wait_for(page, "Ready", scripts=scripts)
    with page.expect_download() as download:
        row.get_by_role("button", name="Download").click()

    assert download.value.suggested_filename == "submissions_meera-iyer.xlsx"
    lines = CalamineWorkbook.from_path(str(saved(download.value))).get_sheet_by_index(0).to_python()
    assert in_history in [line[14] for line in lines]
    if scripts:
        assert findings(page) == []


def test_an_export_is_cancelled(page_of, scripts, in_history, no_worker):
    page = page_of(ROHAN, java_script_enabled=scripts)
    page.goto("/audit/entries/")
    press_download(page, "JSON Lines, prepared in the background")
    row = page.locator("tbody tr").first
    expect(row).to_contain_text("Audit entries, everything")

    row.get_by_role("button", name="Cancel").click()

    expect(row).to_contain_text("Cancelled")
    expect(row.get_by_role("button")).to_have_count(0)


def test_what_can_be_downloaded_is_offered_to_everybody(page):
    page.goto("/history/")
    page.locator(".download > summary").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("button", name="CSV, at once")).to_be_visible()
    assert findings(page) == []
    page.goto("/exports/")
    assert findings(page) == []


def _wait_for(page: Page, text: str, *, scripts: bool) -> None:
    """Scripts follow by themselves; without them a link shows it anew."""
    if scripts:
        expect(page.locator("tbody tr").first).to_contain_text(text)
        return
    for _ in range(30):
        if text in page.locator("tbody tr").first.inner_text():
            return
        page.wait_for_timeout(300)
        page.get_by_role("link", name="Show it anew").or_(page.get_by_role("link", name="Exports")).first.click()
