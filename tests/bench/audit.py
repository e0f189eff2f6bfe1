"""What the audit log's lists cost at size: `make bench-audit`, or `python -m tests.bench.audit --rows 1000000`.

Fills an empty database (DATABASE_URL) and asks for whole pages, warm, beside the change list of Django's admin over the
same rows in the same run, as it comes and without its full count; the admin is installed for the benchmark alone. What
the database and the fetching of rows take is told apart. A time alone says more about the machine: look at the ratios.
The page, the portal's first page and the admin's two lists take turns, so that whatever slows the machine slows each;
a ratio is the median of the ratios of all turns.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
# At least so many turns; of quick pages more, as long as all turns of a page together take no longer than this.
FEWEST, MOST, SECONDS = 7, 41, 8.0
# Against the unfiltered first page: every filtered page, and every search.
PAGE_GOAL, SEARCH_GOAL = 2, 8
FAR_GOAL: Final = 20


@dataclass(frozen=True)
class Case:
    """One page: what it is called, the portal's address, the admin's, and against what it is held."""

    name: str
    query: str
    admin: str | None
    goal: int | None = PAGE_GOAL
    path: str = "activities/"


FIRST_PAGE: Final = Case("first page", "", "")


@dataclass(frozen=True)
class Took:
    """Milliseconds of whole requests, and of the database and fetching in them, turn by turn."""

    wholes: Sequence[float]
    databases: Sequence[float]

    @property
    def whole(self) -> float:
        return statistics.median(self.wholes)

    @property
    def database(self) -> float:
        return statistics.median(self.databases)

    def over(self, other: Took) -> float:
        """Return how many times as long as the other one this takes."""
        return statistics.median(mine / theirs for mine, theirs in zip(self.wholes, other.wholes, strict=True))


def main() -> int:
    """Fill, measure, print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=1_000_000)
    arguments = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # A database of this run alone; PostgreSQL's server is a new one already.
        if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
            os.environ["DATABASE_URL"] = f"sqlite:///{folder}/bench.sqlite3"
        os.environ["DEBUG"] = "False"
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.with_admin"
        import django

        django.setup()
        return _bench(arguments.rows)


def _bench(rows: int) -> int:
    from django.core.management import call_command
    from django.db import connection

    from activities.models import Role, User
    from tests.bench import filling

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    began = time.perf_counter()
    filled = filling.fill(rows)
    seconds = time.perf_counter() - began
    User.objects.create(email="auditor@sahyadrihfc.in", name="Auditor", role=Role.AUDITOR, password="!")
    kind = "SQLite" if connection.vendor == "sqlite" else "PostgreSQL"
    print(f"{kind}: {rows:,} rows, filled in {seconds:.0f} s; medians of {FEWEST} to {MOST} turns, ms")
    return _report({case: _measure(case) for case in _cases(filled)})


def _cases(filled: Any) -> list[Case]:
    from activities.models import ListedRow, Submission
    from tests.bench.filling import FIRST_CODE, WORST_CODE, WORST_PERSON

    person, code = filled.person_ids[0], FIRST_CODE
    worst = filled.person_ids[WORST_PERSON]
    some = Submission.objects.order_by("id")[Submission.objects.count() // 2]
    line = ListedRow.objects.filter(submission=some).exclude(activity_id="").order_by("place")[0]
    rare = line.row.note.rsplit(" ", 1)[1]
    far = ListedRow.objects.order_by("place")[100].place
    far_page = -(-ListedRow.objects.count() // 50) - 1
    rejected = "outcome__exact=rejected"
    return [
        FIRST_PAGE,
        Case("far end", f"before={far}", f"p={far_page}"),
        Case("person", f"person_id={person}", f"created_by__id__exact={person}"),
        Case("person, far end", f"person_id={person}&before={far}", None),
        Case("type", f"code={code}", f"code__exact={code}"),
        Case("owner", f"owner={line.owner}", f"owner__exact={line.owner}"),
        Case("outcome", "outcome=rejected", rejected),
        Case("opportunity", f"id={line.opportunity_id}", f"opportunity_id__exact={line.opportunity_id}"),
        Case("lead", f"id={line.lead_id}", f"lead_id__exact={line.lead_id}"),
        Case("activity id", f"id={line.activity_id}", f"activity_id__exact={line.activity_id}"),
        Case("submission id", f"id={some.public_id}", None),
        Case(
            "worst pair",
            f"person_id={worst}&code={WORST_CODE}",
            f"created_by__id__exact={worst}&code__exact={WORST_CODE}",
        ),
        Case("three filters", f"person_id={person}&code={code}&outcome=rejected", None),
        Case(
            "a month", "since=1 Mar 2026&until=31 Mar 2026", "submitted_at__gte=2026-03-01&submitted_at__lt=2026-04-01"
        ),
        Case("a month of one person", f"person_id={person}&since=1 Mar 2026&until=31 Mar 2026", None),
        Case("search, rare word", f"text={rare}", f"q={rare}", SEARCH_GOAL),
        Case("search, common word", "text=customer", "q=customer", SEARCH_GOAL),
        Case("search, common word, far end", f"text=customer&before={far}", None, SEARCH_GOAL),
        Case(
            "search, common word + worst pair",
            f"text=customer&person_id={worst}&code={WORST_CODE}",
            f"q=customer&created_by__id__exact={worst}&code__exact={WORST_CODE}",
            SEARCH_GOAL,
        ),
        Case(
            "search, common word + rare outcome",
            "text=customer&outcome=rejected",
            f"q=customer&{rejected}",
            SEARCH_GOAL,
        ),
        Case("search, no such word", "text=nobodywrotethis", "q=nobodywrotethis", SEARCH_GOAL),
        Case("charts, all time", "", None, None, "charts/"),
        Case("charts, one person", f"person_id={person}", None, None, "charts/"),
        Case("submissions, first page", "", None, path=""),
        Case("submissions, person and state", f"person_id={person}&state=partly_posted", None, path=""),
        Case("submissions, type", f"code={code}", None, path=""),
        Case("submissions, search", "text=customer", None, SEARCH_GOAL, path=""),
    ]


def _measure(case: Case) -> dict[str, Took]:
    addresses = {"portal": f"/audit/{case.path}?{case.query}", "first page": f"/audit/{FIRST_PAGE.path}"}
    if case.admin is not None:
        addresses["admin"] = f"/admin/activities/listedrow/?{case.admin}"
        addresses["admin, uncounted"] = f"/admin-uncounted/activities/listedrow/?{case.admin}"
    return _take_turns(addresses)


def _take_turns(addresses: Mapping[str, str]) -> dict[str, Took]:
    from django.db import connection
    from django.test import Client

    from activities.models import User

    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.get(email="auditor@sahyadrihfc.in"))
    clock = _Clock()
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in addresses}
    with connection.execute_wrapper(clock):
        for address in addresses.values():
            client.get(address)  # warm
        began = time.perf_counter()
        for turn in range(MOST):
            if turn >= FEWEST and time.perf_counter() - began > SECONDS:
                break
            for name, address in addresses.items():
                took[name].append(_ask(client, address, clock))
    return {name: Took(*zip(*turns, strict=True)) for name, turns in took.items()}


def _ask(client: Any, address: str, clock: _Clock) -> tuple[float, float]:
    clock.seconds, began = 0.0, time.perf_counter()
    answer = client.get(address)
    whole = time.perf_counter() - began
    assert answer.status_code == 200, f"{address}: {answer.status_code}"
    return 1000 * whole, 1000 * clock.seconds


class _Clock:
    """Adds up what the database takes; a cursor's rows are fetched inside `execute` by both drivers here."""

    seconds = 0.0

    def __call__(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            self.seconds += time.perf_counter() - began


def _report(measured: Mapping[Case, dict[str, Took]]) -> int:
    print(f"{'page':36}{'portal':>8}{'in SQL':>8}{'first page':>12}{'admin':>10}{'uncounted':>10}{'faster':>18}")
    missed = []
    for case, took in measured.items():
        portal = took["portal"]
        ratio = portal.over(took["first page"])
        beside = [took[name] for name in ("admin", "admin, uncounted") if name in took]
        faster = [each.over(portal) for each in beside]
        columns = "".join(f"{each.whole:10.0f}" for each in beside) + "".join(f"{each:8.1f}x" for each in faster)
        print(f"{case.name:36}{portal.whole:8.1f}{portal.database:8.1f}{ratio:11.2f}x{columns}", flush=True)
        if case.goal and ratio > case.goal:
            missed.append(f"{case.name}: {ratio:.1f} times the first page, not {case.goal}")
        if faster and min(faster) < 1:
            missed.append(f"{case.name}: slower than the admin’s list")
    far = next(took for case, took in measured.items() if case.name == "far end")
    faster_by = far["admin"].database / far["portal"].database
    print(f"far end in SQL and fetching: {faster_by:.0f} times faster than the admin’s list (goal: {FAR_GOAL})")
    print("\n".join(["Missed:", *missed] if missed else ["Every goal is met."]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
