"""Has many processes write audit entries at once: `python -m tests.crash.chain`.

There must be one chain, without a gap. Prints how many entries a second were written, how long one took, and what it
takes to verify them.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import resource
import secrets
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.crash.installation import fresh_database, join_fresh_database


def write(count: int) -> list[float]:
    """Write so many entries, each in a transaction of its own, and return how many seconds each took."""
    import django

    django.setup()
    from django.db import transaction

    from activities import audit

    taken = []
    for number in range(count):
        started = time.perf_counter()
        with transaction.atomic():
            audit.record(audit.Action.HELD, "Chain", by=audit.PORTAL, reason=f"entry {number} of {os.getpid()}")
        taken.append(time.perf_counter() - started)
    return taken


def run(options: argparse.Namespace, folder: Path, database_url: str | None) -> bool:
    """Write, verify, print; return whether it is one chain."""
    join_fresh_database(folder, database_url)
    share = options.entries // options.processes
    with ProcessPoolExecutor(options.processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(write, [1] * options.processes))  # whoever starts late would write alone
        began = time.perf_counter()
        taken = sorted(seconds for each in pool.map(write, [share] * options.processes) for seconds in each)
        seconds = time.perf_counter() - began
    return _report(options, taken, seconds)


def _report(options: argparse.Namespace, taken: list[float], seconds: float) -> bool:
    from activities import audit, proving

    memory, began = _memory_in_mb(), time.perf_counter()
    proof = proving.verify()
    verified_in = time.perf_counter() - began
    seqs = list(audit.entries().order_by("seq").values_list("seq", flat=True))
    middle, most, longest = (taken[int((len(taken) - 1) * share)] * 1000 for share in (0.5, 0.95, 1))
    print(f"== {options.processes} processes write {len(seqs):,} entries on {options.database} ==")
    print(f"written          {len(taken) / seconds:,.0f} entries a second")
    print(f"one entry        median {middle:.1f} ms, 95 % within {most:.1f} ms, longest {longest:.0f} ms")
    grown = _memory_in_mb() - memory
    print(f"verified         {len(seqs) / verified_in:,.0f} entries a second, {grown:.1f} MB more memory")
    print(f"problems         {', '.join(proof.problems) or 'none'}")
    return not proof.problems and seqs == list(range(1, len(seqs) + 1)) and len(seqs) >= len(taken)


def _memory_in_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 if sys.platform == "darwin" else 1024) / 1024


def main(arguments: list[str] | None = None) -> int:
    """Run it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.chain", description=__doc__)
    parser.add_argument("--entries", type=int, default=20_000)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options = parser.parse_args(arguments)
    with contextlib.ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="chain-", ignore_cleanup_errors=True)))
        database_url = exits.enter_context(fresh_database(options.database, f"chain_{secrets.token_hex(4)}"))
        return 0 if run(options, folder, database_url) else 1


if __name__ == "__main__":
    sys.exit(main())
