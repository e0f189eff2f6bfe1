"""Firefox before the real portal. Where there is none, each test says so and is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.browser.site import the_loans
from tests.browser.steps import LeadSquared, Loan
from tests.firefox import driver
from tests.firefox.screen import Screen
from tests.installations import Unhurried


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Iterator[Unhurried]:
    with Unhurried(tmp_path_factory.mktemp("portal")) as running:
        yield running


@pytest.fixture(scope="session")
def path() -> str:
    found = driver.find()
    if not found:
        pytest.skip("No Firefox was found: install one, or set FIREFOX to its path.")
    return found


@pytest.fixture(scope="session")
def firefox(path, tmp_path_factory) -> Iterator[driver.Firefox]:
    """One browser for all tests, as a person has it."""
    running = driver.Firefox(path, tmp_path_factory.mktemp("profile"))
    yield running
    running.kill()


@pytest.fixture
def start(path, tmp_path) -> Iterator[Callable[[], driver.Firefox]]:
    """Starts a browser on one profile, again and again."""
    started: list[driver.Firefox] = []

    def make() -> driver.Firefox:
        started.append(driver.Firefox(path, tmp_path / "profile"))
        return started[-1]

    yield make
    started[-1].kill()


@pytest.fixture
def screen(firefox, site) -> Iterator[Screen]:
    """Somebody who is signed in; what Firefox's console says of the portal fails the test."""
    firefox.close_others()
    found = Screen(firefox, site)
    found.sign_in()
    yield found
    assert firefox.complaints(site.url) == []


@pytest.fixture(scope="session")
def loans() -> Iterator[Loan]:
    return the_loans()


@pytest.fixture
def loan(loans) -> Loan:
    """An opportunity that no other test touches."""
    found: Loan = next(loans)
    return found


@pytest.fixture
def leadsquared(site) -> LeadSquared:
    return LeadSquared(site)
