"""A LeadSquared look-alike on a real port of this machine. Shares no code with the product.

In a test: `with Sandbox() as sandbox:`, then `sandbox.url`, `.switch(bad_row="per_row")`, `.posted()`,
`.requests`, `.fault("reset_after_write")`. As a process: `python -m lsqportal.sandbox --port 8100 --data
sandbox.sqlite3`, with `/_sandbox/` for GET activities, requests, switches, faults and POST switches, faults,
release, clear, reset, rewrite, delete.
"""

from __future__ import annotations

from lsqportal.sandbox.account import ACCESS_KEY, SECRET_KEY
from lsqportal.sandbox.faults import REGISTRY as FAULTS
from lsqportal.sandbox.harness import Sandbox
from lsqportal.sandbox.switches import TABLE as SWITCHES

__all__ = ["ACCESS_KEY", "FAULTS", "SECRET_KEY", "SWITCHES", "Sandbox"]
