"""What a person does in the browser, in words, and what LeadSquared says of it when it is asked directly."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from playwright.sync_api import Locator, Page, Route, expect

from lsqportal.demo import Installation
from tests.installations import Controlled

MEERA: Final = "meera.iyer@sahyadrihfc.in"
KABIR: Final = "kabir.shah@sahyadrihfc.in"
ROHAN: Final = "rohan.deshpande@sahyadrihfc.in"
ANANYA: Final = "ananya.bose@sahyadrihfc.in"
NOTE: Final = "Met her at the flat, originals seen"
ACTIVITY_ID: Final = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")


@dataclass(frozen=True)
class Loan:
    """An opportunity that no other test uses, and how its lead is found."""

    id: str
    name: str
    lead: str
    phone: str

    @property
    def title(self) -> str:
        return f"{self.lead} – {self.name}"


class LeadSquared:
    """The sandbox's own controls, past the portal."""

    def __init__(self, site: Controlled) -> None:
        self._call = site.sandbox

    def posted(self, loan: Loan) -> list[dict[str, Any]]:
        """What it holds on this opportunity that was not there from the beginning, oldest first."""
        found: list[dict[str, Any]] = self._call(f"activities?{urlencode({'posted': 1, 'opportunity_id': loan.id})}")
        return found

    def calls_about(self, loan: Loan) -> int:
        """How many bulk calls arrived for this opportunity."""
        return sum("Bulk" in each["path"] and loan.id in str(each["query"]) for each in self._call("requests"))

    def fault(self, name: str, **more: object) -> None:
        self._call("faults", {"name": name, **more})

    def release(self) -> None:
        """Let go on what hangs."""
        self._call("release", {})

    def switch(self, **settings: object) -> None:
        self._call("switches", settings)

    def rewrite(self, activity_id: str, **changes: object) -> None:
        """Change an activity as a colleague does in LeadSquared."""
        self._call("rewrite", {"id": activity_id, **changes})

    def enlarge(self, **sizes: int) -> None:
        """Have many activity types, one with many fields, and thousands of users."""
        self._call("enlarge", dict(sizes))

    def clear(self) -> None:
        """Behave, and be in no hurry: the account's rate limit is not what these tests are about."""
        self._call("clear", {})
        self.switch(rate="off")


class Editor:
    """The row editor in a page, with scripts or without: the same steps."""

    def __init__(self, page: Page, *, scripts: bool = True) -> None:
        self.page = page
        self.scripts = scripts

    def open(self, loan: Loan) -> None:
        self.page.goto(f"/submissions/new/?opportunityId={loan.id}")
        expect(self.page.locator("h1")).to_have_text(loan.title)

    def open_with(self, loan: Loan, *rows: dict[str, str]) -> None:
        """Open a draft in which these rows stand, by the ends of their fields' names."""
        self.open(loan)
        form, draft = self.page.locator("#rows"), str(uuid.uuid4())
        kept = {name: form.locator(f"[name={name}]").input_value() for name in ("csrfmiddlewaretoken", "opportunity")}
        typed = {**kept, "draft": draft, "rows": str(len(rows)), "do": "refresh"}
        for number, row in enumerate(rows, start=1):
            typed |= {f"r{number}-{name}": value for name, value in row.items()}
        assert self.page.request.post("/submissions/new/", form=typed).ok
        self.page.goto(f"/submissions/new/?draft={draft}")

    def draw_anew(self) -> None:
        """Have the whole page drawn by the server."""
        with self.page.expect_navigation():
            self.page.locator("#rows").evaluate("(form) => form.requestSubmit(form.querySelector('[value=refresh]'))")

    def field(self, row: int, name: str) -> Locator:
        return self.page.locator(f"#r{row}-{name}")

    def type_in(self, row: int, **values: str) -> None:
        """Fill fields by the end of their ids: `note=…`, `v208_mx_Custom_2=…`."""
        for name, value in values.items():
            self._in_view(row, self.field(row, _dashed(name))).fill(value)

    def choose(self, row: int, **values: str) -> None:
        for name, value in values.items():
            self._in_view(row, self.field(row, _dashed(name))).select_option(value)
        self.drawn()

    def choose_type(self, row: int, code: str) -> None:
        self.field(row, "type").select_option(code)
        self.show_fields()

    def choose_parent(self, row: int, **values: str) -> None:
        """Choose from a list that another list follows."""
        self.choose(row, **values)
        self.show_fields()

    def show_fields(self) -> None:
        """Without scripts a button draws what follows from a choice."""
        if not self.scripts:
            with self.page.expect_navigation():
                self.page.get_by_role("button", name="Update fields and lists").click()
        self.drawn()

    def drawn(self) -> None:
        if self.scripts:
            expect(self.page.locator("row-editor[aria-busy]")).to_have_count(0)

    def do(self, what: str, row: int) -> None:
        """Press a button of a row's menu: below, filldown, duplicate, up, down or remove."""
        self.page.locator(f"#row-{row} .menu > summary").click()
        self.press(f"{what}-{row}")

    def press(self, what: str) -> None:
        """Press a button that changes the rows: scripts do it at once, else the server draws a new page."""
        button = self.page.locator(f"#rows button[value={what}]")
        if self.scripts:
            button.click()
        else:
            with self.page.expect_navigation():
                button.click()

    def unfold(self, row: int) -> None:
        """Show the fields that a row keeps folded away."""
        self.page.locator(f"#row-{row} .more > summary").click()

    def tick(self, row: int, name: str, *options: str) -> None:
        field = self.page.locator(f"#row-{row} fieldset", has=self.page.locator(f"#r{row}-{name}"))
        self._in_view(row, field.locator("summary")).click()
        for option in options:
            field.get_by_label(option).check()

    def _in_view(self, row: int, field: Locator) -> Locator:
        if not field.is_visible():
            self.unfold(row)
        return field

    def review(self) -> None:
        self.drawn()
        self.page.locator(".action-bar .button--primary").click()

    def post(self) -> None:
        """Post what is under review, and see the submission's own page."""
        self.page.locator(".action-bar .button--primary").click()
        expect(self.page).to_have_url(re.compile(r"/submissions/[0-9a-f-]{36}/$"))

    def one_visit(self, loan: Loan, *, note: str = NOTE) -> None:
        """Fill one good row and go to its review."""
        self.open(loan)
        self.choose_type(1, "208")
        self.type_in(1, note=note, v208_mx_Custom_2="ABCPR4821K")
        self.review()
        expect(self.page.locator("h1")).to_have_text(f"1 activity for {loan.title}")


def sign_in(page: Page, site: Installation, email: str) -> None:
    page.goto("/account/sign-in/")
    page.get_by_label("Work e-mail").fill(email)
    page.get_by_label("Password").fill(site.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait for what no locator can see; the page's policy forbids Playwright's own way."""
    tries = 0
    while not holds():
        tries += 1
        assert tries < 100, "it never came true"
        page.wait_for_timeout(100)


def first_of(held: Sequence[Route], page: Page) -> Route:
    """Return what was held back first; the page says that it asks before the question has come."""
    until(page, lambda: bool(held))
    return held[0]


def outcomes(page: Page) -> Locator:
    return page.locator(".rows__outcome .outcome")


def _dashed(name: str) -> str:
    return name.replace("_", "-", 1) if name.startswith("v") else name.replace("_", "-")
