"""What an export of a long list costs: `make bench-export`, or `python -m tests.bench.export --rows 1000000`.

Fills an empty database (DATABASE_URL) and takes everybody's activities away through the portal's own address, beside
django-import-export over the same table and columns in the same run; that one holds everything in memory, so it gets
100,000 rows. Each measurement is a process of its own, since memory that was used once does not come back. A time alone
says more about the machine, so what is looked at are ratios; only memory, which no clock decides, makes it fail.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
BESIDE: Final = 100_000
PAGES: Final = 10
# The portal's own columns; “Values” is made of the row's fields.
OF_THE_SUBMISSION: Final = tuple(
    f"submission__{name}"
    for name in (
        *("public_id", "submitted_at", "created_by_name", "why", "opportunity_name", "opportunity_id", "lead_name"),
        *("organisation", "state"),
    )
)
OF_THE_ROW: Final = (
    *("number", "code", "type_name", "owner_email", "owner_name", "note", "values", "outcome", "outcome_at"),
    *("activity_id", "reason"),
)
GOAL_RATIO: Final = 7
MOST_GROWTH: Final = 40.0
Figures = dict[str, float]


def main() -> int:
    """Fill, measure, print; return 1 if memory grows too much."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--measure", choices=["fill", *MEASUREMENTS])
    arguments = asked.parse_args()
    if arguments.measure:
        _set_up()
        measure = MEASUREMENTS.get(arguments.measure) or (lambda: fill(arguments.rows))
        print(json.dumps(measure()))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        # A database of this run alone; PostgreSQL's server is a new one already.
        if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
            os.environ["DATABASE_URL"] = f"sqlite:///{folder}/bench.sqlite3"
        os.environ["DEBUG"] = "False"
        return _bench(arguments.rows)


def _set_up() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "lsqportal.settings"
    import django

    django.setup()


def _bench(rows: int) -> int:
    filled = _measure("fill", "--rows", str(rows))
    database = "SQLite" if os.environ["DATABASE_URL"].startswith("sqlite") else "PostgreSQL"
    print(f"{database}: {rows:,} rows, filled in {filled['seconds']:.0f} s", flush=True)
    return _report({name: _measure(name) for name in MEASUREMENTS})


def _measure(name: str, *more: str) -> Figures:
    """Measure in a new process. This one stays small: what it holds would count as the other's most memory."""
    command = [sys.executable, "-m", "tests.bench.export", "--measure", name, *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{name}:\n{done.stderr[-3000:]}")
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


# --- one measurement, in a process of its own ---------------------------------------------------------------------


def fill(rows: int) -> Figures:
    """Make the tables and fill them."""
    from django.core.management import call_command

    from activities.models import Role, User
    from tests.bench import filling

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    began = time.perf_counter()
    filling.fill(rows)
    User.objects.create(email="auditor@sahyadrihfc.in", name="Auditor", role=Role.AUDITOR, password="!")
    return {"seconds": time.perf_counter() - began}


def _client() -> Any:
    from django.test import Client

    from activities.models import User

    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.get(email="auditor@sahyadrihfc.in"))
    return client


def _memory() -> float:
    """The most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def first_page() -> Figures:
    """A list's first page, warm."""
    client = _client()
    client.get("/audit/activities/")
    return {"seconds": statistics.median(list(_pages(client)))}


def _pages(client: Any) -> Iterator[float]:
    for _ in range(PAGES):
        began = time.perf_counter()
        assert client.get("/audit/activities/").status_code == 200
        yield time.perf_counter() - began


def streamed(file_format: str) -> Figures:
    """Take all activities away at once; what has to be loaded once was loaded by a small export before."""
    client = _client()
    for query in ("?opportunity=there-is-none", ""):
        before, began, first, size = _memory(), time.perf_counter(), 0.0, 0
        response = client.post(f"/exports/take/activities/{query}", {"now": file_format})
        assert response.status_code == 200
        for part in response.streaming_content:
            first = first or time.perf_counter() - began
            size += len(part)
    return _figures(_last_count(), began, first, before, size)


def _last_count() -> int:
    from activities import audit

    newest = audit.entries().order_by("-seq").first()
    assert newest is not None
    assert newest.action == audit.Action.EXPORT_ENDED.code
    return int(newest.facts["row_count"])


def _figures(rows: int, began: float, first: float, before: float, size: int) -> Figures:
    seconds = time.perf_counter() - began
    return {
        "rows": rows,
        "rate": rows / seconds,
        "first_byte": first,
        "growth": _memory() - before,
        "megabytes": size / 1024**2,
    }


def spreadsheet() -> Figures:
    """Have 100,000 rows or fewer prepared as a spreadsheet, as the worker does it."""
    from activities import exporting, exports
    from activities.audit import Actor
    from activities.filters import Filter
    from activities.models import LARGEST, Export, FileFormat, Listing, User
    from activities.models.lists import place_of
    from tests.bench.filling import ROWS_OF_A_SUBMISSION

    person = User.objects.get(email="auditor@sahyadrihfc.in")
    before, began = _memory(), time.perf_counter()
    asked = exports.ask(
        Listing.ACTIVITIES, Filter(), file_format=FileFormat.XLSX, by=Actor(name=person.name, person=person)
    )
    Export.objects.update(newest=min(asked.newest, place_of(BESIDE // ROWS_OF_A_SUBMISSION, LARGEST)))
    exporting.write_next()
    done = Export.objects.get(pk=asked.pk)
    assert done.state == "done", done.explanation
    return _figures(done.line_count, began, time.perf_counter() - began, before, done.byte_count)


def beside() -> Figures:
    """The same columns of the same table by django-import-export, as its documentation has it."""
    from import_export import fields, resources

    from activities import columns
    from activities.models import Row

    class Activities(resources.ModelResource):
        """The columns of the portal's own export."""

        values = fields.Field(column_name="Values")

        def dehydrate_values(self, row: Row) -> str:
            return columns.values_in_words(row.fields)

        class Meta:
            model = Row
            fields = (*OF_THE_SUBMISSION, *OF_THE_ROW)

    before, began = _memory(), time.perf_counter()
    found = Row.objects.select_related("submission").order_by("-pk")[:BESIDE]
    dataset = Activities().export(queryset=found)
    text = dataset.csv
    return _figures(len(dataset), began, time.perf_counter() - began, before, len(text.encode()))


MEASUREMENTS: Final[dict[str, Callable[[], Figures]]] = {
    "first page": first_page,
    "CSV": lambda: streamed("csv"),
    "JSON Lines": lambda: streamed("jsonl"),
    "XLSX by the worker": spreadsheet,
    "django-import-export": beside,
}


# --- what came of it ----------------------------------------------------------------------------------------------


def _report(measured: dict[str, Figures]) -> int:
    page, other = measured.pop("first page")["seconds"], measured["django-import-export"]
    print(f"\n{'':<24}{'rows':>11}{'rows/s':>10}{'times':>8}{'first byte':>12}{'growth':>10}{'size':>9}")
    for name, each in measured.items():
        print(
            f"{name:<24}{each['rows']:>11,.0f}{each['rate']:>10,.0f}{each['rate'] / other['rate']:>8.1f}"
            f"{each['first_byte'] * 1000:>9,.0f} ms{each['growth']:>7,.0f} MB{each['megabytes']:>6,.0f} MB"
        )
    csv = measured["CSV"]
    ratio = csv["rate"] / other["rate"]
    print(f"\nCSV: {ratio:.1f} times the rows a second {_goal(ratio >= GOAL_RATIO, f'at least {GOAL_RATIO}')}")
    sooner = csv["first_byte"] <= page * PAGES
    pages = f"a list’s first page takes {page * 1000:.0f} ms, {PAGES} of them {page * PAGES * 1000:.0f} ms"
    print(f"CSV: first byte after {csv['first_byte'] * 1000:.0f} ms; {pages} {_goal(sooner, 'sooner than these')}")
    grown = max(measured[name]["growth"] for name in ("CSV", "JSON Lines"))
    print(f"memory grows by {grown:.0f} MB {_goal(grown < MOST_GROWTH, f'under {MOST_GROWTH:.0f}')}")
    return 0 if grown < MOST_GROWTH else 1


def _goal(is_kept: bool, words: str) -> str:
    return f"(goal: {words}; {'kept' if is_kept else 'missed'})"


if __name__ == "__main__":
    sys.exit(main())
