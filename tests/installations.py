"""The real portal as processes, for tests: with a hand on its LeadSquared, past the portal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from lsqportal.demo import Installation


class Controlled(Installation):
    """An installation whose sandbox does what a test says."""

    def sandbox(self, path: str, content: Mapping[str, object] | None = None) -> Any:
        """Ask the sandbox's own controls, or give them this content; return what they answer."""
        address = f"{self.sandbox_url.removesuffix('/v2')}/_sandbox/{path}"
        body = None if content is None else json.dumps(content).encode()
        with build_opener(ProxyHandler({})).open(Request(address, data=body), timeout=30) as answer:
            return json.load(answer)


class Unhurried(Controlled):
    """One where nobody waits for the account's rate limit: wide in the portal, none in LeadSquared."""

    def __init__(self, folder: Path, *, database_url: str | None = None) -> None:
        super().__init__(folder, database_url=database_url, environment={"LSQ_RATE_LIMIT": "1000/5s"})

    def start_sandbox(self) -> None:
        """Start the sandbox and take its limit away before anybody calls it."""
        super().start_sandbox()
        self.sandbox("switches", {"rate": "off"})
