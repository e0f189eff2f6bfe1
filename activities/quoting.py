"""How a sentence quotes what somebody typed: shortened, and without what no page can show. Pure."""

from __future__ import annotations

import re
from typing import Final

LONGEST_QUOTED: Final = 40
UNFIT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def short(text: str) -> str:
    """Return what is quoted of a text; a character that cannot be shown is drawn as an open box."""
    plain = UNFIT.sub("␣", text[: LONGEST_QUOTED + 1])
    return plain if len(plain) <= LONGEST_QUOTED else f"{plain[:LONGEST_QUOTED]}…"
