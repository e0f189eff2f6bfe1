"""Two hosts' worth of workers post a backlog at the account's full rate: `python -m tests.crash.hosts`.

The sandbox has a core for itself and counts strictly; on the other core a busy loop starves the workers. On PostgreSQL
the workers run in two folders with their own copies of the portal, and their clocks are ten minutes apart; on SQLite
they are two processes of one host. A person goes on searching meanwhile.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import random
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.crash.compare import Balance, compare
from tests.crash.crashes import some_people, wait_for_rest
from tests.crash.installation import Host, Site, copy_of_the_portal, fresh_database, join
from tests.crash.people import Browser, GaveUp, typed_rows

CLOCK_OFF: Final = 600
TARGET: Final = 0.9
SANDBOX_CORE, WORKERS_CORE = 0, 1
BULK: Final = "/Bulk/"
REST_SECONDS: Final = 600
# Exit codes: rows or calls are not what they must be; or they are, but the rate or a search is not.
GOOD, NOT_EXACT, NOT_IN_TIME = 0, 1, 2


@dataclass
class Searches:
    """A person who looks for one lead after another by phone, and how long each page took.

    `wanted` are phones and an opportunity of each; no lead is looked for twice within the time that it is remembered.
    """

    browser: Browser
    wanted: Sequence[tuple[str, str]]
    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def go_on(self) -> None:
        """Search until told to stop."""
        for phone, opportunity_id in itertools.cycle(self.wanted):
            if self.stop.wait(0.5):
                return
            started = time.monotonic()
            answer = self.browser.pages.get(f"{self.browser.url}/", params={"q": phone}, timeout=60)
            self.seconds.append(time.monotonic() - started)
            if answer.status_code != 200 or opportunity_id not in answer.text:
                words = " ".join(re.sub("<[^>]*>", " ", answer.text).split())
                self.failures.append(f"{answer.status_code} {words[:600]}")


@dataclass(frozen=True)
class Use:
    """How the calls arrived at the sandbox: how much of the rate was used while there was a backlog."""

    calls: int
    bulk_calls: int
    turned_away: int
    bulk_turned_away: int
    share: float
    share_with_start: float
    seconds: float

    @classmethod
    def of(cls, requests: Sequence[Mapping[str, Any]], rate: str, *, since: float) -> Use:
        """Measure how soon each place in the window was taken again; as many calls as the limit are one window.

        In the first window the workers' processes still start, starved as they are: it is told beside, not judged.
        """
        limit, window = _rate(rate)
        arrived = sorted(each["arrived_at_monotonic"] for each in requests if each["arrived_at_monotonic"] >= since)
        bulk_calls = [each for each in requests if BULK in each["path"]]
        bulk = [each["arrived_at_monotonic"] for each in bulk_calls]
        arrived = [each for each in arrived if each <= max(bulk)]
        turned_away, bulk_turned_away = (
            sum(each["status"] == 429 for each in calls) for calls in (requests, bulk_calls)
        )
        warm = [each for each in arrived if each >= min(bulk) + window]
        shares = [_share(calls, limit, window) for calls in (warm, arrived)]
        return cls(len(arrived), len(bulk), turned_away, bulk_turned_away, *shares, max(bulk) - arrived[0])


def _share(arrived: Sequence[float], limit: int, window: int) -> float:
    taken_again = [later - earlier for earlier, later in zip(arrived, arrived[limit:], strict=False)]
    return window / statistics.fmean(taken_again) if taken_again else 0.0


def _rate(text: str) -> tuple[int, int]:
    calls, _, seconds = text.partition("/")
    return int(calls), int(seconds.removesuffix("s"))


def hosts(kind: str, folder: Path) -> dict[str, Host]:
    """Return the workers and where they run."""
    if kind == "sqlite":
        return {"worker-1": Host("this"), "worker-2": Host("this")}
    return {
        "worker-1": Host("one", copy_of_the_portal(folder / "host-one")),
        "worker-2": Host("another", copy_of_the_portal(folder / "host-two"), clock_off=CLOCK_OFF),
    }


@contextlib.contextmanager
def starved(core: int) -> Iterator[None]:
    """Keep a core busy."""
    loop = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setaffinity(loop.pid, {core})
    try:
        yield
    finally:
        loop.kill()
        loop.wait()


def phones() -> list[tuple[str, str]]:
    """Return the phone of each lead in the sandbox, with one of its opportunities."""
    from lsqportal.sandbox import demo

    contents = demo.contents(datetime.now(UTC).date())
    of_lead = {each.lead_id: each.id for each in contents.opportunities}
    return [(lead.phone[-10:], of_lead[lead.id]) for lead in contents.leads if lead.phone and lead.id in of_lead]


def a_backlog(email: str, count: int, random_: random.Random) -> list[Any]:
    """Submit so many submissions, each for an opportunity of its own as long as there are enough."""
    from activities import audit, drafts, forms, submissions
    from activities.catalog import Catalog, Listing
    from activities.models import User
    from lsqportal.sandbox import demo

    person = User.objects.get(email=email)
    by = audit.Actor(name=person.name, person=person)
    today = datetime.now(UTC).date()
    loans = list(demo.contents(today).opportunities)
    random_.shuffle(loans)
    catalog = Catalog(types=Listing(), users=Listing(), fields={})
    reader = forms.Reader(catalog=catalog, zone=person.zone, today=today, default_owner="")
    pressed = []
    for number in range(count):
        loan = loans[number % len(loans)]
        content = {"rows": typed_rows(random_, f"Backlog {number}"), "skip_option_check": False}
        opportunity = {"id": loan.id, "name": loan.name, "lead_id": loan.lead_id}
        draft = drafts.save(_id(random_), owner=person, opportunity=opportunity, content=content)
        rows = forms.check(content, reader, complain=True).new_rows
        pressed.append(submissions.submit(draft, rows, by=by).public_id)
    return pressed


def learn_the_lists() -> None:
    """Fetch everything that workers would fetch in the background, so that what follows is posting and searching."""
    from django.conf import settings

    from activities import catalog, connection

    settings.LSQ_RATE_LIMIT = "10000/5s"
    connection.known_account()
    while catalog.refresh_due():
        pass


def be_strict(site: Site, window: int) -> None:
    """Have the sandbox count from here on, with an empty window and an empty ledger."""
    from activities.models import Call

    time.sleep(window)
    Call.objects.all().delete()
    site.sandbox("clear", {})
    site.sandbox("switches", {"rate": site.rate})


def _id(random_: random.Random) -> Any:
    import uuid

    return uuid.UUID(int=random_.getrandbits(128), version=4)


def clocks_apart(site: Site) -> int:
    """Return how many seconds the workers' clocks were apart when they started."""
    told = [re.search(r"clock (\d+)", site.log(name)) for name in site.workers]
    times = [int(match[1]) for match in told if match]
    return max(times) - min(times)


class Waiting(Site):
    """An installation whose workers start later than the rest."""

    started = False

    def start_worker(self) -> None:
        """Start the workers once there is a backlog."""
        if self.started:
            super().start_worker()


def run(options: argparse.Namespace, folder: Path, database_url: str | None) -> int:
    """Do all of it and print what came out; return the exit code."""
    random_ = random.Random(options.seed)
    _, window = _rate(options.rate)
    with Waiting(folder, workers=hosts(options.database, folder), rate=options.rate, database_url=database_url) as site:
        join(site)
        site.sandbox("switches", {"rate": "off"})
        site.pin("sandbox", SANDBOX_CORE)
        site.prefer("sandbox")
        learn_the_lists()
        (email, searcher) = some_people(2)
        pressed = a_backlog(email, options.submissions, random_)
        searches = Searches(Browser(site.url, searcher), phones())
        searches.browser.sign_in()
        thread = threading.Thread(target=searches.go_on)
        be_strict(site, window)
        site.started = True
        with starved(WORKERS_CORE):
            began = time.monotonic()
            site.start_worker()
            for name in site.workers:
                site.pin(name, WORKERS_CORE)
            thread.start()
            left = wait_for_rest(REST_SECONDS)
            searches.stop.set()
            thread.join()
        balance = compare(site.sandbox("activities?posted=1"), pressed=pressed)
        use = Use.of(site.sandbox("requests"), options.rate, since=began)
        apart = clocks_apart(site)
    _print(options, balance, use, searches, apart)
    is_exact = (
        balance.is_even
        and not left
        and balance.outcomes["created"] == balance.rows
        # What is turned away, as where a busy machine lets calls arrive in a bunch, is rightly sent again.
        and use.bulk_calls == balance.attempts == options.submissions + use.bulk_turned_away
        and (options.database == "sqlite" or apart > CLOCK_OFF / 2)
    )
    is_in_time = (
        not use.turned_away
        and use.share >= options.target
        and not searches.failures
        and max(searches.seconds, default=0.0) <= 2 * window
    )
    return NOT_EXACT if not is_exact else GOOD if is_in_time else NOT_IN_TIME


def _print(options: argparse.Namespace, balance: Balance, use: Use, searches: Searches, apart: int) -> None:
    limit, window = _rate(options.rate)
    print(f"== Two hosts on {options.database}, {options.rate}, seed {options.seed} ==")
    print("\n".join(balance.report()))
    print(f"rate             {use.share:.1%} of {limit} calls in {window} s used, {use.turned_away} answers 429")
    print(f"                 {use.share_with_start:.1%} with the first window, in which the workers start")
    print(f"calls            {use.calls} in {use.seconds:.0f} s with a backlog, {use.bulk_calls} bulk calls in all")
    median, longest = statistics.median(searches.seconds or [0.0]), max(searches.seconds, default=0.0)
    print(f"searches         {len(searches.seconds)}: median {median:.2f} s, longest {longest:.2f} s of {2 * window} s")
    print(f"clocks           {apart} s apart")
    for failure in searches.failures[:5]:
        print(f"  a search failed: {failure}")


def main(arguments: list[str] | None = None) -> int:
    """Run it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.hosts", description=__doc__)
    parser.add_argument("--submissions", type=int, default=400)
    parser.add_argument("--rate", default="50/5s")
    parser.add_argument("--target", type=float, default=TARGET, help="how much of the rate must be used")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    with contextlib.ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="hosts-", ignore_cleanup_errors=True)))
        database_url = exits.enter_context(fresh_database(options.database, f"hosts_{secrets.token_hex(4)}"))
        try:
            return run(options, folder, database_url)
        except GaveUp as reason:
            print(reason)
            return NOT_EXACT


if __name__ == "__main__":
    sys.exit(main())
