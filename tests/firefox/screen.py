"""What a person does in Firefox, with the keyboard alone, and what stands on the page then."""

from __future__ import annotations

from typing import Any

from lsqportal.demo import Installation
from tests.browser.steps import MEERA, Loan
from tests.firefox.driver import Firefox

HEADING = "document.querySelector('h1')?.textContent.replace(/\\s+/g, ' ').trim() === arguments[0]"
# Focus goes where it would by Tab: to what stands in the place of a list that is chosen from by typing.
GO = """(() => {
    const found = document.getElementById(`${arguments[0]}-combo`) ?? document.getElementById(arguments[0]);
    found?.focus();
    return found !== null && found === document.activeElement;
})()"""
FOCUS = """(({ localName, id, name, textContent }, { x, y }) => [localName, id, name, textContent, x, y])(
    document.activeElement, document.activeElement.getBoundingClientRect())"""


class Screen:
    """One window of Firefox in front of the portal."""

    def __init__(self, firefox: Firefox, site: Installation) -> None:
        self.firefox, self.site = firefox, site
        self.press, self.type, self.until, self.ask = firefox.press, firefox.type, firefox.until, firefox.ask

    def goto(self, path: str) -> None:
        self.firefox.goto(f"{self.site.url}{path}")

    def sign_in(self, email: str = MEERA) -> None:
        self.goto("/account/sign-in/")
        if self.ask("Boolean(document.querySelector('[data-signs-out]'))"):
            return
        self.until("(() => { const e = document.querySelector('[name=email]'); e?.focus(); return Boolean(e); })()")
        self.type(email)
        self.press("Tab")
        self.type(self.site.password)
        self.press("Enter")
        self.until("Boolean(document.querySelector('[data-signs-out]'))")
        self.loaded()

    def heading(self, text: str) -> None:
        self.until(HEADING, text)
        self.loaded()

    def loaded(self) -> None:
        """Wait until everything is there: Firefox complains of modules that it had no time to load."""
        self.until("document.readyState === 'complete'")

    def open(self, loan: Loan) -> None:
        self.goto(f"/submissions/new/?opportunityId={loan.id}")
        self.heading(loan.title)
        self.until("Boolean(document.getElementById('r1-type-combo'))")

    def go(self, row: int, name: str) -> None:
        """Give a field the focus; the keys come after it."""
        self.until(GO, f"r{row}-{name}")

    def choose_type(self, row: int, text: str) -> None:
        self.go(row, "type")
        self.type(text)
        self.press("Tab")
        self.focused(row, "owner")
        self.drawn()

    def drawn(self) -> None:
        self.until("!document.querySelector('row-editor[aria-busy]')")

    def focused(self, row: int, name: str) -> None:
        self.until(
            "[arguments[0], `${arguments[0]}-combo`].includes(document.activeElement.id)",
            f"r{row}-{name}",
        )

    def said(self, words: str) -> None:
        """Wait until this is said to whoever does not see the page."""
        self.until("document.getElementById('said').textContent === arguments[0]", words)

    def holds(self, row: int, name: str, value: str) -> None:
        """Wait until this stands in a field."""
        self.until("document.getElementById(arguments[0])?.value === arguments[1]", f"r{row}-{name}", value)

    def notes(self, *expected: str) -> None:
        """Wait until the notes of all rows, the empty one at the end left out, are these."""
        notes = "[...document.querySelectorAll(\"tbody textarea[id$='-note']\")].map((each) => each.value)"
        self.until(f"JSON.stringify({notes}) === JSON.stringify(arguments[0])", [*expected, ""])

    def saved(self) -> None:
        self.until("/Draft saved at/.test(document.getElementById('kept').textContent)")
        self.until("!document.querySelector('#rows[data-unsaved]')")

    def tab_to(self, selector: str) -> None:
        """Press Tab until something has the focus, as somebody without a mouse does."""
        for _ in range(60):
            before = self.ask(FOCUS)
            self.press("Tab")
            self.until(f"JSON.stringify({FOCUS}) !== JSON.stringify(arguments[0])", before)
            if self.ask("document.activeElement.matches(arguments[0])", selector):
                return
        raise AssertionError(f"Sixty presses of Tab do not lead to {selector}.")

    @property
    def own_doings(self) -> Any:
        return self.firefox.own_doings()
