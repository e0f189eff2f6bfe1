from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
DJANGO = re.compile(r"\{%\s*comment.*?endcomment\s*%\}|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
# What our Content-Security-Policy blocks, and what would need a hole in it.
FORBIDDEN = {
    "a script without src": re.compile(r"<script\b(?![^>]*\ssrc\s*=)", re.IGNORECASE),
    "a style block": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "an event attribute": re.compile(r"<[^>]*\s(hx-)?on[a-z:-]+\s*=", re.IGNORECASE),
    "a javascript: address": re.compile(r"[\"']\s*javascript:", re.IGNORECASE),
    "a data: address": re.compile(r"\b(src|href)\s*=\s*[\"']?\s*data:", re.IGNORECASE),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_templates_hold_nothing_inline(what):
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in TEMPLATES
        for match in FORBIDDEN[what].finditer(DJANGO.sub("x", path.read_text(encoding="utf-8")))
    ]

    assert not found


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a script without src", "<script>alert(1)</script>"),
        ("a script without src", "<script type='module' data-src='x'>"),
        ("a style block", "<style>p { color: red }</style>"),
        ("a style attribute", "<p class=a\n style = 'color: red'>"),
        ("an event attribute", "<a href='#' onclick=go()>"),
        ("an event attribute", "<a hx-on:click='go()'>"),
        ("a javascript: address", "<a href='javascript:go()'>"),
        ("a data: address", "<img src='data:image/png;base64,AAAA'>"),
    ],
)
def test_inline_things_are_recognised(what, text):
    assert FORBIDDEN[what].search(text)


@pytest.mark.parametrize("what", FORBIDDEN)
def test_a_plain_page_passes(what):
    page = '<script type="module" src="x"></script><p class="online" data-on="1">on = x, style = y</p>'

    assert not FORBIDDEN[what].search(page)
