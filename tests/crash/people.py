"""People at their browsers, without a browser: they sign in, look at the review, press Post more often than once.

A person who gets no answer presses again, until a page says that the rows are submitted. Nothing else is sent twice
by anybody, so that what LeadSquared holds twice was doubled by the portal.
"""

from __future__ import annotations

import random
import re
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import requests

PASSWORD: Final = "correct-horse-battery"
OWNERS: Final = ("meera.iyer@sahyadrihfc.in", "kabir.shah@sahyadrihfc.in", "ananya.bose@sahyadrihfc.in")
CODES: Final = (102, 201, 204, 208, 211)  # types that ask for nothing
PATIENCE_SECONDS: Final = 60
_SEEN: Final = re.compile(r'name="seen" value="([^"]+)"')
_TOKEN: Final = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class GaveUp(Exception):
    """The portal did not take what was pressed, or said something that nobody expected."""


@dataclass
class Browser:
    """One person's browser, who never gives up because a page did not come."""

    url: str
    email: str
    pages: requests.Session = field(default_factory=requests.Session)
    failures: int = 0

    def sign_in(self, password: str = PASSWORD) -> None:
        """Sign in."""
        page = self.ask("GET", "/account/sign-in/")
        content = {"email": self.email, "password": password, "csrfmiddlewaretoken": _found(_TOKEN, page)}
        if self.ask("POST", "/account/sign-in/", content).status_code != 302:
            raise GaveUp(f"{self.email} cannot sign in.")

    def ask(self, method: str, path: str, content: dict[str, str] | None = None) -> requests.Response:
        """Return the answer, asking again while there is none or only an excuse.

        Raises:
            GaveUp: there is none for too long.
        """
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < give_up_at:
            try:
                answer = self.pages.request(
                    method,
                    f"{self.url}{path}",
                    data=content,
                    headers={"Referer": self.url},
                    timeout=20,
                    allow_redirects=False,
                )
            except requests.RequestException:
                answer = None
            if answer is not None and answer.status_code < 500:
                return answer
            self.failures += 1
            time.sleep(0.1)
        raise GaveUp(f"{method} {path}: no answer for {PATIENCE_SECONDS} seconds.")

    def post(self, draft: uuid.UUID, *, presses: int) -> None:
        """Look at a draft's review and press Post so many times at once.

        Raises:
            GaveUp: no press led to the submission.
        """
        path = f"/submissions/{draft}/review/"
        page = self.ask("GET", path)
        content = {"seen": _found(_SEEN, page), "csrfmiddlewaretoken": _found(_TOKEN, page), "why": ""}
        with ThreadPoolExecutor(presses) as fingers:
            answers = list(fingers.map(lambda _: self.ask("POST", path, content), range(presses)))
        wrong = [each for each in answers if each.headers.get("Location") != f"/submissions/{draft}/"]
        if wrong:
            raise GaveUp(f"{path} answered {wrong[0].status_code}: {_words(wrong[0].text)[:2000]}")


def _found(pattern: re.Pattern[str], page: requests.Response) -> str:
    match = pattern.search(page.text)
    if match is None:
        raise GaveUp(f"{page.url} answered {page.status_code} without a form: {_words(page.text)[:2000]}")
    return match[1]


def _words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def typed_rows(random_: random.Random, mark: str) -> list[dict[str, Any]]:
    """Return one to five rows as they stand in the editor; sometimes two of them are the same."""
    rows = [_typed_row(random_, f"{mark} row {number}") for number in range(1, random_.randint(1, 5) + 1)]
    if len(rows) > 1 and random_.random() < 0.2:
        rows[1] = dict(rows[0])
    return rows


def _typed_row(random_: random.Random, note: str) -> dict[str, Any]:
    code = str(random_.choice(CODES))
    values = {"208": {"mx_Custom_2": f"AAAAA{random_.randint(1000, 9999)}A"}}
    return {
        "code": code,
        "owner": random_.choice(OWNERS),
        "note": note,
        "by_code": False,
        "values": {code: values[code]} if code in values else {},
        "bare": [],
    }
