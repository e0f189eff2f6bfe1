"""Chromium before the real portal: sandbox, worker and web server as processes, in a folder of their own."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, StorageState, WebError, expect

from tests.browser.site import the_loans
from tests.browser.steps import ANANYA, KABIR, MEERA, ROHAN, Editor, LeadSquared, Loan, sign_in
from tests.installations import Unhurried

TIME_LIMIT = 15_000
EXPECTED = "Failed to load resource: the server responded with a status of 4"
REPORT_VIOLATIONS = """
    document.addEventListener("securitypolicyviolation", (event) =>
        console.error("violation of", event.violatedDirective, event.blockedURI, event.sourceFile, event.lineNumber));
"""
NewContext = Callable[..., BrowserContext]
expect.set_options(timeout=TIME_LIMIT)


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Iterator[Unhurried]:
    folder = tmp_path_factory.mktemp("portal")
    with Unhurried(folder) as running:
        yield running


@pytest.fixture(scope="session")
def base_url(site) -> str:
    return site.url


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {**browser_type_launch_args, "executable_path": os.environ["CHROMIUM"]}


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What a browser complains of; a violation of the Content-Security-Policy is among it."""
    heard: list[str] = []
    yield heard
    assert not heard


@pytest.fixture
def new_context(new_context, complaints) -> NewContext:
    """As the plugin's own, but whatever the console says fails the test."""

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(EXPECTED):
            complaints.append(f"{message.text} ({message.location})")

    def fail(error: WebError) -> None:
        complaints.append(str(error.error))

    def make(**options: object) -> BrowserContext:
        context: BrowserContext = new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(TIME_LIMIT)
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", note)
        context.on("weberror", fail)
        return context

    return make


@pytest.fixture(scope="session")
def sessions(browser, site) -> dict[str, StorageState]:
    """A session of each person, signed in once."""
    kept = {}
    for email in (MEERA, KABIR, ROHAN, ANANYA):
        context = browser.new_context(base_url=site.url)
        sign_in(context.new_page(), site, email)
        kept[email] = context.storage_state()
        context.close()
    return kept


@pytest.fixture
def page_of(new_context, sessions) -> Callable[..., Page]:
    """A page of somebody who is signed in."""

    def make(email: str, **options: object) -> Page:
        page: Page = new_context(storage_state=sessions[email], **options).new_page()
        return page

    return make


@pytest.fixture
def page(page_of) -> Page:
    """Meera's page, with scripts."""
    made: Page = page_of(MEERA)
    return made


@pytest.fixture
def editor(page) -> Editor:
    return Editor(page)


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def scripts(request) -> bool:
    return bool(request.param)


@pytest.fixture
def either_editor(page_of, scripts) -> Editor:
    """An editor with scripts, and one without."""
    return Editor(page_of(MEERA, java_script_enabled=scripts), scripts=scripts)


@pytest.fixture(scope="session")
def loans() -> Iterator[Loan]:
    return the_loans()


@pytest.fixture
def loan(loans) -> Loan:
    """An opportunity that no other test touches."""
    return next(loans)


@pytest.fixture
def leadsquared(site, database) -> Iterator[LeadSquared]:
    """The sandbox, which behaves itself again after the test."""
    _wait_for_rest(database)
    sandbox = LeadSquared(site)
    yield sandbox
    sandbox.clear()


@pytest.fixture
def no_worker(site, database) -> Iterator[Callable[[], None]]:
    """Nobody posts, until the test calls this."""
    site.stop_worker()
    yield site.start_worker
    site.start_worker()
    _wait_for_rest(database)


@pytest.fixture
def database(site) -> Iterator[sqlite3.Connection]:
    """The portal's own database, for what takes a minute of real time."""
    connection = sqlite3.connect(site.folder / "portal.sqlite3", timeout=30, isolation_level=None)
    yield connection
    connection.close()


def _wait_for_rest(database: sqlite3.Connection) -> None:
    """What one test left queued would be posted during the next, and meet with the faults that this one asks for."""
    under_way = "SELECT count(*) FROM activities_submission WHERE state IN ('queued', 'sending')"
    until = time.monotonic() + TIME_LIMIT / 1000
    while database.execute(under_way).fetchone() != (0,):
        assert time.monotonic() < until, "What a test left queued was not posted."
        time.sleep(0.1)
