"""Measures that no page waits for the bulk call: `python -m tests.crash.waiting`.

The pages of a submission and of the history are asked for again and again, first in quiet, then while LeadSquared
hangs on the bulk calls of every worker thread. The two medians of one run are compared, so that the machine's speed
does not matter; a busy moment of the machine is measured again.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import secrets
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from tests.crash.crashes import some_people
from tests.crash.hosts import a_backlog
from tests.crash.installation import Host, Site, fresh_database, join
from tests.crash.people import Browser

PAGES: Final = 30
MOST_TRIES: Final = 6
HANG_SECONDS: Final = 40
LARGEST_RATIO: Final = 2.0


def median_time(browser: Browser, path: str) -> float:
    """Return the median of how long a page takes."""
    taken = []
    for _ in range(PAGES):
        started = time.perf_counter()
        answer = browser.pages.get(f"{browser.url}{path}", timeout=60)
        taken.append(time.perf_counter() - started)
        assert answer.status_code == 200, f"{path} answered {answer.status_code}"
    return statistics.median(taken)


def hang(site: Site, email: str, random_: random.Random) -> Any:
    """Have LeadSquared hang on bulk calls, begin some, and return one of the submissions once it is on its way.

    None where the machine was too busy to begin one.
    """
    from activities.models import State, Submission

    site.sandbox("faults", {"name": "hang_then_not_write", "times": 8, "seconds": HANG_SECONDS})
    a_backlog(email, 4, random_)
    give_up_at = time.monotonic() + 30
    while (sending := Submission.objects.filter(state=State.SENDING)).count() < 2:
        if time.monotonic() > give_up_at:
            return None
        time.sleep(0.05)
    return sending[0].public_id


def measure(options: argparse.Namespace, folder: Path, database_url: str | None) -> bool:
    """Measure, print, and return whether the pages stayed under twice their quiet time."""
    random_ = random.Random(1)
    # The deadline is longer than the measuring takes: the calls hang all the while.
    patient = {"LSQ_CALL_DEADLINE": str(2 * HANG_SECONDS), "LSQ_READ_TIMEOUT": str(2 * HANG_SECONDS)}
    workers = {"worker-1": Host("this")}
    with Site(folder, workers=workers, rate="1000/5s", database_url=database_url, environment=patient) as site:
        join(site)
        (email,) = some_people(1)
        browser = Browser(site.url, email)
        browser.sign_in()
        good = False
        for _ in range(MOST_TRIES):
            ratios = _ratios(site, browser, random_)
            good = bool(ratios) and max(ratios.values()) < LARGEST_RATIO
            if good:
                break
        return good


def _ratios(site: Site, browser: Browser, random_: random.Random) -> dict[str, float]:
    """Return for each page how many times its quiet time it takes; nothing where no call hung all the while."""
    from activities.models import State, Submission

    site.sandbox("clear", {})
    site.sandbox("switches", {"rate": "off"})
    (quiet_id,) = a_backlog(browser.email, 1, random_)
    give_up_at = time.monotonic() + 60
    while Submission.objects.filter(state__in=[State.SENDING, State.QUEUED]).exists():
        assert time.monotonic() < give_up_at, "the queue does not empty"
        time.sleep(0.1)
    quiet = _medians(browser, quiet_id)
    hanging_id = hang(site, browser.email, random_)
    hanging = _medians(browser, hanging_id) if hanging_id else {}
    if not Submission.objects.filter(public_id=hanging_id, state=State.SENDING).exists():
        print("The machine was too busy: no call hung for as long as was measured.")
        return {}
    ratios = {page: hanging[page] / quiet[page] for page in quiet}
    for page, ratio in ratios.items():
        print(f"{page:<11} quiet {quiet[page] * 1000:.0f} ms, hanging {hanging[page] * 1000:.0f} ms: {ratio:.2f}")
    return ratios


def _medians(browser: Browser, public_id: Any) -> dict[str, float]:
    paths = {"submission": f"/submissions/{public_id}/", "history": "/history/"}
    return {page: median_time(browser, path) for page, path in paths.items()}


def main(arguments: list[str] | None = None) -> int:
    """Run it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.waiting", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options = parser.parse_args(arguments)
    with contextlib.ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="waiting-", ignore_cleanup_errors=True)))
        database_url = exits.enter_context(fresh_database(options.database, f"waiting_{secrets.token_hex(4)}"))
        print(f"== Pages while LeadSquared hangs, on {options.database} ==")
        return 0 if measure(options, folder, database_url) else 1


if __name__ == "__main__":
    sys.exit(main())
