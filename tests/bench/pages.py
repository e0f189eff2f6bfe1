"""Asks for pages of the audit log and of the admin's change list by turns, and prints what they take.

The page, the portal's first page, the admin's two lists and the same page of the smaller log take turns, so that
whatever slows the machine slows each; a ratio is the median of the ratios of the turns that both had.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core.management import call_command
from django.db import connection
from django.test import Client

from activities.models import ListedRow, Role, Submission, User
from tests.bench import filling
from tests.bench.filling import FIRST_CODE, WORST_CODE, WORST_PERSON, Filled

MILLION: Final = 1_000_000
# At least so many turns of a page; of quick ones more, as long as its turns together take no longer than this. Of a
# very slow one, as the admin's are at the far end of ten million rows, the first has to do.
FEWEST, MOST, SECONDS, VERY_SLOW = 3, 41, 2.0, 10.0
_WARMING: Final = 3
# Against the unfiltered first page: every filtered page, and every search.
PAGE_GOAL, SEARCH_GOAL = 2, 8
# Against the same page of a million rows: every page, and a common word with a rare outcome.
GROWTH_GOAL, GROWTH_GOAL_OF_RARE = 1.5, 5
# How many times faster than the admin's the far end is in SQL and fetching, and with ten million rows or more.
FAR_GOAL, FAR_GOAL_OF_TEN_MILLION = 20, 60


@dataclass(frozen=True)
class Case:
    """One page: what it is called, the portal's address, the admin's, and what it is held to."""

    name: str
    query: str
    admin: str | None
    goal: int | None = PAGE_GOAL
    path: str = "activities/"
    growth_goal: float = GROWTH_GOAL

    @property
    def address(self) -> str:
        """Return the portal's address of the page."""
        return f"/audit/{self.path}?{self.query}"


FIRST_PAGE: Final = Case("first page", "", "")


class Log:
    """A database full of activities, and somebody signed in to it. Of several, one at a time is asked."""

    def __init__(self, database: str, filled: Filled) -> None:
        self.database = database
        self.cases = _cases(filled)
        auditor = User.objects.create(email="auditor@sahyadrihfc.in", name="Auditor", role=Role.AUDITOR, password="!")
        self._client = Client(headers={"host": "localhost"})
        self._client.force_login(auditor)

    def use(self) -> None:
        """Make it the one that is asked."""
        if _switch_to(self.database):
            # The server has a new process for it, which knows no table yet; nobody should be first there.
            for _ in range(_WARMING):
                self.ask(FIRST_PAGE.address)

    def ask(self, address: str) -> None:
        """Ask for a page; raise AssertionError when something else is answered."""
        answer = self._client.get(address)
        assert answer.status_code == 200, f"{address}: {answer.status_code}"


@dataclass(frozen=True)
class Took:
    """Milliseconds of whole requests, and of the database and fetching in them, turn by turn."""

    wholes: Sequence[float]
    databases: Sequence[float]

    @property
    def whole(self) -> float:
        """Return the median of whole requests."""
        return statistics.median(self.wholes)

    @property
    def database(self) -> float:
        """Return the median of the database and fetching."""
        return statistics.median(self.databases)

    def over(self, other: Took) -> float:
        """Return how many times as long as the other one this takes, over the turns that both had."""
        return statistics.median(mine / theirs for mine, theirs in zip(self.wholes, other.wholes, strict=False))


def bench(rows: int) -> int:
    """Fill the database, and another one with a million rows where this has more; measure and print."""
    call_command("collectstatic", interactive=False, verbosity=0)
    log = _filled_log(str(connection.settings_dict["NAME"]), rows)
    million = _filled_log(_another_database(), MILLION) if rows > MILLION else None
    print(f"Medians of up to {MOST} turns, milliseconds", flush=True)
    report(rows, ((case, measure(case, log, million)) for case in log.cases))
    return 0


def _switch_to(database: str) -> bool:
    if connection.settings_dict["NAME"] == database:
        return False
    connection.close()
    connection.settings_dict["NAME"] = database
    return True


def _another_database() -> str:
    name = f"{connection.settings_dict['NAME']}-million"
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}"')
    return name


def _filled_log(database: str, rows: int) -> Log:
    _switch_to(database)
    call_command("migrate", verbosity=0)
    began = time.perf_counter()
    filled = filling.fill(rows)
    kind = "SQLite" if connection.vendor == "sqlite" else "PostgreSQL"
    print(f"{kind}: {rows:,} rows, filled in {time.perf_counter() - began:.0f} s", flush=True)
    return Log(database, filled)


def _cases(filled: Filled) -> list[Case]:
    person, code = filled.person_ids[0], FIRST_CODE
    worst = filled.person_ids[WORST_PERSON]
    some = Submission.objects.get(pk=filled.submission_count // 2)
    line = ListedRow.objects.filter(submission=some).exclude(activity_id="").order_by("place")[0]
    rare = line.row.note.rsplit(" ", 1)[1]
    far = ListedRow.objects.order_by("place")[100].place
    far_page = -(-filled.row_count // 50) - 1
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
            growth_goal=GROWTH_GOAL_OF_RARE,
        ),
        Case("search, no such word", "text=nobodywrotethis", "q=nobodywrotethis", SEARCH_GOAL),
        Case("charts, all time", "", None, None, "charts/"),
        Case("charts, one person", f"person_id={person}", None, None, "charts/"),
        Case("submissions, first page", "", None, path=""),
        Case("submissions, person and state", f"person_id={person}&state=partly_posted", None, path=""),
        Case("submissions, type", f"code={code}", None, path=""),
        Case("submissions, search", "text=customer", None, SEARCH_GOAL, path=""),
    ]


def measure(case: Case, log: Log, million: Log | None) -> dict[str, Took]:
    """Ask for a page and for what it is held against, by turns."""
    pages = {"portal": (log, case.address), "first page": (log, FIRST_PAGE.address)}
    if case.admin is not None:
        pages["admin"] = (log, f"/admin/activities/listedrow/?{case.admin}")
        pages["admin, uncounted"] = (log, f"/admin-uncounted/activities/listedrow/?{case.admin}")
    if million:
        (same,) = (each for each in million.cases if each.name == case.name)
        pages["of a million"] = (million, same.address)
    return _take_turns(pages)


def _take_turns(pages: Mapping[str, tuple[Log, str]]) -> dict[str, Took]:
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in pages}
    for turn in range(MOST):
        for name, (log, address) in pages.items():
            spent = sum(whole for whole, _ in took[name]) / 1000
            if spent > (SECONDS if turn >= FEWEST else VERY_SLOW):
                continue
            log.use()
            took[name].append(_time_warm(log, address))
    return {name: Took(*zip(*turns, strict=True)) for name, turns in took.items()}


def _time_warm(log: Log, address: str) -> tuple[float, float]:
    """Ask twice, since other pages were read in between, and return what the second time took."""
    first = _time(log, address)
    return first if first[0] > 1000 * VERY_SLOW else _time(log, address)


def _time(log: Log, address: str) -> tuple[float, float]:
    clock = _Clock()
    with connection.execute_wrapper(clock):
        began = time.perf_counter()
        log.ask(address)
        whole = time.perf_counter() - began
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


def report(rows: int, measured: Iterable[tuple[Case, Mapping[str, Took]]]) -> None:
    """Print what each page took, and every goal that was missed; a missed goal is no error."""
    print(f"{'':36}{'portal':>8}{'in SQL':>8}{'first page':>12}{'of a million':>14}", end="")
    print(f"{'admin':>10}{'uncounted':>10}{'faster':>18}")
    missed = []
    for case, took in measured:
        portal = took["portal"]
        ratio = portal.over(took["first page"])
        growth = portal.over(took["of a million"]) if "of a million" in took else None
        beside = [took[name] for name in ("admin", "admin, uncounted") if name in took]
        faster = [each.over(portal) for each in beside]
        grown = f"{growth:13.2f}x" if growth else " " * 14
        columns = "".join(f"{each.whole:10.0f}" for each in beside) + "".join(f"{each:8.1f}x" for each in faster)
        print(f"{case.name:36}{portal.whole:8.1f}{portal.database:8.1f}{ratio:11.2f}x{grown}{columns}", flush=True)
        if case.goal and ratio > case.goal:
            missed.append(f"{case.name}: {ratio:.1f} times the first page, not {case.goal}")
        if growth and growth > case.growth_goal:
            missed.append(f"{case.name}: {growth:.1f} times that of a million rows, not {case.growth_goal}")
        if faster and min(faster) < 1:
            missed.append(f"{case.name}: slower than the admin’s list")
        if case.name == "far end":
            in_sql = took["admin"].database / portal.database
            goal = FAR_GOAL_OF_TEN_MILLION if rows >= 10 * MILLION else FAR_GOAL
            print(f"  in SQL and fetching {in_sql:.0f} times faster than the admin’s list", flush=True)
            if in_sql < goal:
                missed.append(
                    f"far end: in SQL and fetching {in_sql:.0f} times faster than the admin’s list, not {goal}"
                )
    print("\n".join(["Missed:", *missed] if missed else ["Every goal is met."]))
