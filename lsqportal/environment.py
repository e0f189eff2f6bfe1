"""Reads the environment and `.env` so that a mistake is a sentence at start, never a silent default.

django-environ reads `DEBUG=Treu` as False and `45 minutes` as 45, takes a leading `$` for a reference to another
variable, and skips a line that it cannot read, writing the key in it into the log; keys of LeadSquared contain `$`.
Hence the reading of values, files and secrets here; the syntax of a line and of DATABASE_URL is its own.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

_WORDS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
_LINE = re.compile(r"(?:export )?[A-Za-z_0-9]+=.*")
_PLACES = ("opportunity_id", "lead_id", "type_code")
_MOST = 10**9  # seconds or days; timedelta ends not far above


class Environment:
    """The values of the environment by a schema of name, how it is read, and its default."""

    def __init__(self, **scheme: tuple[Callable[[str], Any], Any]) -> None:
        self.scheme = scheme

    def __call__(self, name: str) -> Any:
        """Return the value of `name`, which the schema must have.

        Raises:
            ImproperlyConfigured: it cannot be read; the sentence begins with its name.
        """
        read, default = self.scheme[name]
        if name not in os.environ:
            return default
        try:
            return read(os.environ[name])
        except ImproperlyConfigured as error:
            raise ImproperlyConfigured(f"{name}: {error}") from None


def read_file(path: Path) -> None:
    """Put what stands in a `.env` file into the environment, where it has no value yet.

    Raises:
        ImproperlyConfigured: a line has another form than NAME=value.
    """
    if not path.exists():
        return
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if line.strip() and not line.startswith("#") and not _LINE.fullmatch(line):
            raise ImproperlyConfigured(
                f"{path}, line {number} cannot be read. Write NAME=value: nothing before the name, "
                "and no blanks around the sign."
            )
    environ.Env.read_env(path, encoding="utf-8-sig")


def flag(text: str) -> bool:
    """Turn a word into a boolean.

    Raises:
        ImproperlyConfigured: the word is none of true, false, 1, 0, yes, no, on, off.
    """
    try:
        return _WORDS[text.strip().lower()]
    except KeyError:
        raise ImproperlyConfigured(f"“{text}” is neither true nor false. Write True or False.") from None


def number(text: str) -> float:
    """Turn digits into a number of seconds.

    Raises:
        ImproperlyConfigured: it is none, below 0 or beyond all reason.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= _MOST:
        raise ImproperlyConfigured(f"“{text}” is not a number of seconds. Write digits such as 45 or 2.5.")
    return value


def whole(text: str) -> int:
    """Turn digits into a whole number.

    Raises:
        ImproperlyConfigured: it is none or beyond all reason.
    """
    if not (text.strip().isascii() and text.strip().isdecimal() and int(text) <= _MOST):
        raise ImproperlyConfigured(f"“{text}” is not a whole number. Write digits such as 120.")
    return int(text)


def wholes(text: str) -> list[int]:
    """Turn whole numbers with commas between into a list.

    Raises:
        ImproperlyConfigured: there is none, or one of them is none.
    """
    return [whole(part) for part in text.split(",")]


def web_pages(text: str) -> str:
    """Return the address of web pages, or of one page with places for ids in it; nothing stays nothing.

    Raises:
        ImproperlyConfigured: it is no such address, or has a place that nothing is known for, or none for the page.
    """
    text = text.strip()
    if not text:
        return ""
    try:
        url = urlsplit(text)
        is_address = url.scheme in {"http", "https"} and bool(url.hostname) and not url.username
    except ValueError:
        is_address = False
    if not is_address or re.search(r"[\s<>\"']", text):
        raise ImproperlyConfigured(
            f"“{text}” is not an address that a link may lead to. Write one that begins with https://, such as "
            "https://in21.leadsquared.com"
        )
    rest = re.sub("|".join(re.escape(f"{{{place}}}") for place in _PLACES), "", text)
    if "{" in rest or "}" in rest:
        raise ImproperlyConfigured("places for ids are {opportunity_id}, {lead_id} and {type_code}, and no others.")
    if rest != text and "{opportunity_id}" not in text:
        raise ImproperlyConfigured("an address with places for ids needs {opportunity_id} among them.")
    if rest == text and (url.query or url.fragment):
        raise ImproperlyConfigured(
            "write the address of the pages alone, such as https://in21.leadsquared.com, or that of an "
            "opportunity’s page with {opportunity_id} in the place of its id."
        )
    return text


def words(text: str) -> list[str]:
    """Turn words with commas between into a list."""
    return [word.strip() for word in text.split(",") if word.strip()]


def database(url: str) -> dict[str, Any]:
    """Turn the address of a database into Django's settings for it.

    Raises:
        ImproperlyConfigured: it is neither PostgreSQL nor SQLite; the sentence does not repeat it, for its password.
    """
    if not re.match(r"(postgres(ql)?|psql|sqlite)://", url):
        raise ImproperlyConfigured(
            "DATABASE_URL: this is no address of a database. Write postgres://user:password@host:5432/name, "
            "or sqlite:///path."
        )
    try:
        settings: dict[str, Any] = environ.Env.db_url_config(url)
    except ValueError:
        raise ImproperlyConfigured(
            "DATABASE_URL: this address cannot be read. Write special characters of the password as %40 and the like."
        ) from None
    return settings


def secret(name: str) -> str:
    """Return the secret `name` as it stands, or the content of the file that `name`_FILE points to.

    Raises:
        ImproperlyConfigured: the file cannot be read.
    """
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return os.environ.get(name, "")
    try:
        return Path(path).read_text(encoding="utf-8-sig").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE points to {path}, which cannot be read: {error.strerror}.") from error


def required(name: str, value: Any, *, debug: bool) -> Any:
    """Return `value`, or say which variable is missing and where to write it."""
    if value or debug:
        return value
    raise ImproperlyConfigured(
        f"{name} is not set. Write it into .env beside manage.py (.env.example shows how), or set DEBUG=True."
    )
