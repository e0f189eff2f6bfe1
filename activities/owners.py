"""LeadSquared users as owners: the list that is chosen from, a name instead of an e-mail, and who may have been meant.

Pure: no database, no call. A name counts only where it is one active user's whole name, since what is posted in
somebody's name cannot be taken back; anything less is answered with a question.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cached_property
from typing import Final

from activities.leadsquared.records import User

# Up to so many stand in the page itself, as suggestions that need no script (about 3 KB on their way).
MOST_IN_PAGE: Final = 150
MOST_MEANT: Final = 2
CLOSE: Final = 0.8


def listed(users: Iterable[User]) -> list[tuple[str, str]]:
    """Return e-mail and name of everybody who may own an activity, by name."""
    return sorted(((each.email, each.name) for each in users if each.active and each.email), key=_by_name)


class Directory:
    """The active users, looked up by what people type instead of an e-mail."""

    def __init__(self, users: Iterable[User]) -> None:
        self._users = [each for each in users if each.active and each.email]

    def by_name(self, text: str) -> User | None:
        """Return the one active user of this name, whatever its case, accents and blanks; None for none or several."""
        found = self._by_name.get(_plain(text), [])
        return found[0] if len(found) == 1 else None

    def meant(self, text: str) -> list[str]:
        """Return the e-mails of at most two active users who may have been meant: all words fit, or it is a slip."""
        local_part = _folded(text.partition("@")[0])
        words = local_part.split()
        if not words:
            return []
        found = [email for email, hay in self._hays.items() if all(word in hay for word in words)]
        if not found:
            close = get_close_matches(local_part, self._by_local_part, n=MOST_MEANT, cutoff=CLOSE)
            found = [self._by_local_part[each] for each in close]
        return found if len(found) <= MOST_MEANT else []

    @cached_property
    def _by_name(self) -> dict[str, list[User]]:
        found: dict[str, list[User]] = {}
        for each in self._users:
            found.setdefault(_plain(each.name), []).append(each)
        return found

    @cached_property
    def _by_local_part(self) -> dict[str, str]:
        return {_folded(each.email.partition("@")[0]): each.email for each in self._users}

    @cached_property
    def _hays(self) -> dict[str, str]:
        return {each.email: f"{_folded(each.name)} {_folded(each.email.partition('@')[0])}" for each in self._users}


def _by_name(listed: tuple[str, str]) -> tuple[str, str]:
    return _folded(listed[1]), listed[0]


def _plain(text: str) -> str:
    """Small letters without accents, one blank between the words."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return " ".join(plain.casefold().split())


def _folded(text: str) -> str:
    """The same with nothing but letters and digits: an e-mail's first part then looks like a name."""
    return " ".join(re.split(r"[\W_]+", _plain(text))).strip()
