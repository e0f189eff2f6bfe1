"""What axe finds on a page, light and dark, wide and narrow, and whether it scrolls sideways on the smallest phone."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from playwright.sync_api import Page

AXE: Final = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
WIDTHS: Final = (1280, 390)
SCHEMES: Final = ("light", "dark")
NARROWEST: Final = 320
HEIGHT: Final = 900
_RUN: Final = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations.flatMap(
    (rule) => rule.nodes.map((node) => `${rule.id}: ${node.target.join(" ")}: ${node.failureSummary}`))"""


def findings(page: Page) -> list[str]:
    """Everything that is wrong with how this page stands now; the page keeps its state, scripts and all."""
    page.wait_for_load_state()
    page.evaluate(AXE)
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            found += [f"{width}, {scheme}: {each}" for each in page.evaluate(_RUN)]
    page.set_viewport_size({"width": NARROWEST, "height": HEIGHT})
    needed = page.evaluate("document.documentElement.scrollWidth")
    if needed > NARROWEST:
        found.append(f"{NARROWEST}: the page is {needed} wide")
    page.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})
    return found
