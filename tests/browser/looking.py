"""What axe finds on a page, light and dark, wide and narrow, and whether it scrolls sideways on the smallest phone."""

from __future__ import annotations

from importlib.resources import files
from typing import Final, Literal

from playwright.sync_api import Page

AXE: Final = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
Looks = tuple[tuple[int, Literal["light", "dark"]], ...]
ALL: Final[Looks] = ((1280, "light"), (1280, "dark"), (390, "light"), (390, "dark"))
CLOSE_UP: Final[Looks] = ((640, "light"), (640, "dark"), (320, "light"), (320, "dark"))
BRIEFLY: Final[Looks] = ((1280, "light"), (390, "dark"))  # for large pages, whose parts are looked at elsewhere
NARROWEST: Final = 320
HEIGHT: Final = 900
HEIGHTS: Final = {640: 512}  # what a window of 1280 by 1024 has at 200 %
_RUN: Final = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations.flatMap(
    (rule) => rule.nodes.map((node) => `${rule.id}: ${node.target.join(" ")}: ${node.failureSummary}`))"""


def findings(page: Page, looks: Looks = ALL) -> list[str]:
    """Everything that is wrong with how this page stands now; the page keeps its state, scripts and all."""
    page.wait_for_load_state()
    page.evaluate(AXE)
    found = []
    for width, scheme in looks:
        page.set_viewport_size({"width": width, "height": HEIGHTS.get(width, HEIGHT)})
        page.emulate_media(color_scheme=scheme)
        found += [f"{width}, {scheme}: {each}" for each in page.evaluate(_RUN)]
    page.set_viewport_size({"width": NARROWEST, "height": HEIGHT})
    needed = page.evaluate("document.documentElement.scrollWidth")
    if needed > NARROWEST:
        found.append(f"{NARROWEST}: the page is {needed} wide")
    page.set_viewport_size({"width": 1280, "height": HEIGHT})
    return found
