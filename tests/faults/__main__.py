"""Runs the whole fault matrix on the database of DATABASE_URL and prints it: `python -m tests.faults [words]`.

With words, only the cases whose names contain one of them run, each printed by itself. Exits 1 when any line has a
duplicate, a loss, a wrong claim or ends in a guess.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

from tests.faults import crew

if TYPE_CHECKING:
    from tests.faults.matrix import Case, Result

MOST_PROCESSES = 4
CASES_AT_ONCE = 20
FORM = "{:<34} {:<10} {:<6} {:>5}  {:<52} {:<34} {:>4} {:>4} {:>5} {:>5} {:>6}"
HEADS = ("fault", "at", "rows", "cases", "outcomes", "state", "dupl", "lost", "wrong", "guess", "looks")
TABLES = {
    "main": "Every fault, at every point of a submission",
    "pairs": "The same over all pairs of switches",
    "late": "Writes that arrive after the last look: corrected by “check again”, or found before a retry is sent",
    "untold": "What no answer and no list tells: clear words that are false, rows whose creator is not named "
    "(these lines do not count)",
}


def main(words: Sequence[str]) -> int:
    """Run the cases, print the tables, return the exit code."""
    began = time.monotonic()
    cases = [(table, case) for table, case in _cases() if not words or any(word in str(case) for word in words)]
    count = min(MOST_PROCESSES, os.cpu_count() or 1, len(cases) or 1)
    portions = [cases[start : start + CASES_AT_ONCE] for start in range(0, len(cases), CASES_AT_ONCE)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context, initializer=crew.prepare) as pool:
        results = [each for portion in pool.map(crew.run, portions) for each in portion]
    for name, title in TABLES.items():
        _print_table(title, [result for table, result in results if table == name])
    counting = [result for table, result in results if table != "untold"]
    broken = [result for result in counting if not result.holds]
    _print_broken(broken)
    _print_totals(counting, began)
    return 1 if broken or not counting else 0


def _cases() -> Iterator[tuple[str, Case]]:
    crew.set_up_django()
    from tests.faults import cases

    for each in (cases.at_the_bulk_call, cases.with_25_rows, cases.at_the_other_calls):
        yield from (("main", case) for case in each())
    yield from (("untold" if cases.is_untold(case) else "pairs", case) for case in cases.over_pairs_of_switches())
    yield from (("late", case) for case in cases.too_late())
    yield from (("untold", case) for case in cases.that_nobody_can_tell())


def _print_table(title: str, results: Iterable[Result]) -> None:
    lines: dict[tuple[str, str, str], list[Result]] = defaultdict(list)
    for each in results:
        lines[each.case.fault, each.case.point, each.case.rows].append(each)
    if not lines:
        return
    print(f"\n{title}\n{FORM.format(*HEADS)}")
    for (fault, point, rows), same in lines.items():
        sums = [sum(getattr(each, name) for each in same) for name in ("duplicates", "losses", "wrong_claims")]
        print(
            FORM.format(
                *(fault, point, rows, len(same)),
                _most((each.outcomes for each in same), 52),
                _most((each.state for each in same), 34),
                *(*sums, sum(each.guesses for each in same), sum(each.looks for each in same)),
            )
        )


def _most(words: Iterable[str], width: int) -> str:
    """Name what occurs, the most frequent first, as far as there is room."""
    counted = [f"{word}" for word, _ in Counter(words).most_common()]
    text = " | ".join(counted)
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _print_broken(broken: Sequence[Result]) -> None:
    for each in islice(broken, 60):
        print(f"\n{each.case}: {each.outcomes}; {each.state}; {each.looks} looks")
        for problem in each.problems:
            print(f"    {problem}")
    if len(broken) > 60:
        print(f"\n… and {len(broken) - 60} more.")


def _print_totals(results: Sequence[Result], began: float) -> None:
    from django.db import connection

    counted = ("duplicates", "losses", "wrong_claims", "guesses")
    sums = {name: sum(getattr(each, name) for each in results) for name in counted}
    persons = sum(each.state == "before a person" for each in results)
    looks = sum(each.looks for each in results)
    said = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sums.items())
    print(
        f"\n{len(results)} cases on {connection.vendor} in {time.monotonic() - began:.0f} s: {said}; "
        f"{looks} looks; {persons} ended before a person."
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
