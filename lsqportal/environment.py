"""Reads the environment and `.env` so that a mistake is a sentence at start, never a silent default.

django-environ reads `DEBUG=Treu` as False and takes a leading `$` for a reference to another variable; keys of
LeadSquared contain `$`. Hence the casters and the raw secrets here.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

_WORDS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def flag(text: object) -> bool:
    """Turn a word into a boolean.

    Raises:
        ImproperlyConfigured: the word is none of true, false, 1, 0, yes, no, on, off.
    """
    if isinstance(text, bool):
        return text
    try:
        return _WORDS[str(text).strip().lower()]
    except KeyError:
        raise ImproperlyConfigured(f"“{text}” is neither true nor false. Write True or False.") from None


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
