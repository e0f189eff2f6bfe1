from __future__ import annotations

import re
from pathlib import Path

from lsqportal import settings

ROOT = Path(__file__).resolve().parents[2]


def names_in_example():
    return re.findall(r"^#?\s?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)


def names_in_readme():
    """The first column of the table under the heading Configuration."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = re.search(r"^(#+) Configuration\b.*?$(.*?)(?=^\1 |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section, "README.md has no heading Configuration"
    rows = re.findall(r"^\|([^|]*)\|", section[2], re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([A-Z][A-Z_]+)`", row)]


def test_the_example_names_every_setting_once():
    assert sorted(names_in_example()) == sorted(settings.env.scheme)


def test_the_readme_names_every_setting_once():
    assert sorted(names_in_readme()) == sorted(settings.env.scheme)


def test_the_settings_are_in_alphabetical_order():
    assert list(settings.env.scheme) == sorted(settings.env.scheme)
