"""However many rows there are, a page visits a number that goes with the page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from typing import Any, Final

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from activities import audit, listings, places
from activities.filters import Filter
from activities.models import ListedRow, Outcome, State, Submission
from tests.bench import filling
from tests.builders import NOON, OPPORTUNITY, a_submission, an_actor

pytestmark = pytest.mark.django_db
ROWS: Final = 20_000
# Rows on PostgreSQL; on SQLite steps of its machine, of which a row takes ten at least.
MOST: Final = {"postgresql": 20 * listings.PAGE_SIZE, "sqlite": 600 * listings.PAGE_SIZE}


@pytest.fixture(scope="module")
def filled(django_db_setup, django_db_blocker) -> Iterator[filling.Filled]:
    """Filled once for all tests of this file, and taken back after them."""
    with django_db_blocker.unblock(), transaction.atomic():
        filled = filling.fill(ROWS, settle=False)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        yield filled
        transaction.set_rollback(True)


def is_bounded(read: Callable[[], object]) -> bool:
    return visited(read) <= MOST[connection.vendor]


@pytest.mark.parametrize(
    "narrowed",
    [
        {},
        {"code": filling.FIRST_CODE},
        {"outcome": Outcome.CREATED},
        {"outcome": Outcome.REJECTED},
        {"owner": "asha@sahyadrihfc.in"},
        {"since": date(2026, 3, 1), "until": date(2026, 3, 31)},
        {"code": filling.FIRST_CODE, "outcome": Outcome.CREATED},
    ],
    ids=str,
)
@pytest.mark.parametrize("of", ["rows", "submissions"])
def test_rows_visited_stay_bounded_for_each_filter(filled, of, narrowed):
    assert is_bounded(lambda: listings.page(getattr(listings, of)(Filter(**narrowed))))


@pytest.mark.parametrize("kind", ["opportunity_id", "lead_id", "activity_id", "submission", "nothing"])
@pytest.mark.parametrize("of", ["rows", "submissions"])
def test_rows_visited_stay_bounded_for_an_id_of_each_kind(filled, of, kind):
    wanted = Filter(id=an_id(kind))

    assert is_bounded(lambda: listings.page(getattr(listings, of)(wanted)))


@pytest.mark.parametrize("narrowed", [{}, {"outcome": Outcome.REJECTED}, {"code": filling.FIRST_CODE}], ids=str)
def test_rows_visited_stay_bounded_for_a_search_that_finds_nothing(filled, narrowed):
    assert is_bounded(lambda: listings.page(listings.rows(Filter(text="nobodywrotethis", **narrowed))))


def test_rows_visited_stay_bounded_for_a_person_and_what_they_never_do(filled):
    worst = Filter(person_id=filled.person_ids[filling.WORST_PERSON], code=filling.WORST_CODE)

    assert is_bounded(lambda: listings.page(listings.rows(worst)))


def test_rows_visited_stay_bounded_for_a_state_of_a_person(filled):
    wanted = Filter(person_id=filled.person_ids[0], state=State.POSTED)

    assert is_bounded(lambda: listings.page(listings.submissions(wanted)))


def an_id(kind: str) -> str:
    """An id of the newest row that LeadSquared created, or one that stands nowhere."""
    if kind == "nothing":
        return "00000000-0000-4000-8000-000000000000"
    row = ListedRow.objects.filter(outcome=Outcome.CREATED).select_related("submission").order_by("-place")[0]
    return str(row.submission.public_id if kind == "submission" else getattr(row, kind))


@pytest.mark.parametrize("of_person", [False, True], ids=["outcome", "person"])
def test_the_far_end_of_a_list_visits_little_more_than_its_first_page(filled, of_person):
    wanted = Filter(person_id=filled.person_ids[3]) if of_person else Filter(outcome=Outcome.CREATED)
    found = listings.rows(wanted)
    oldest = places.of(wanted).above(0, 20)[-1]

    first, far = (visited(partial(listings.page, found, before=before)) for before in (None, oldest))

    assert far <= 2 * first


def test_rows_visited_stay_bounded_among_entries(filled, asha):
    submission = Submission.objects.order_by("id")[0]
    for _ in range(1500):
        audit.record(audit.Action.CANCELLED, submission, by=an_actor(asha))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    found = listings.entries(Filter(person_id=asha.pk, action=audit.Action.CANCELLED.code))

    assert is_bounded(lambda: listings.page(found))


@pytest.mark.parametrize("kind", ["opportunity_id", "lead_id", "submission", "nothing"])
def test_rows_visited_stay_bounded_among_entries_about_an_id(filled, asha, kind):
    for submission in Submission.objects.order_by("-id")[:1500]:
        audit.record(audit.Action.CANCELLED, submission, by=an_actor(asha))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    found = listings.entries(Filter(subject=an_id(kind)))

    assert is_bounded(lambda: listings.page(found))


def test_rows_visited_go_with_the_entries_about_an_opportunity_that_was_busy_long_ago(asha):
    busy = [a_submission(asha, opportunity_id=OPPORTUNITY) for _ in range(400)]
    add_entries_about(*(str(submission.public_id) for submission in busy for _ in range(3)))
    add_entries_about(*(f"other {number}" for number in range(20_000)))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        if connection.vendor == "postgresql":
            # 20,000 entries are so few that it would read them all; the way that it takes among millions is asked.
            cursor.execute("SET LOCAL enable_seqscan = off")

    page = listings.page(found := listings.entries(Filter(subject=OPPORTUNITY)))

    assert {entry.subject_id for entry in page.items} <= {str(submission.public_id) for submission in busy}
    assert visited(lambda: listings.page(found)) <= 5 * MOST[connection.vendor]


def add_entries_about(*subjects: str) -> None:
    """Many at once; their chain does not hold, which no list asks."""
    known = {"version": 1, "at": NOON, "action": "submission.cancelled", "actor": "x", "subject_kind": "submission"}
    first = audit.entries().count() + 1
    entry = audit.entries().model
    entry.objects.bulk_create(
        [
            entry(seq=seq, subject_id=subject, subject="x", hash=str(seq), previous_hash=str(seq - 1), **known)
            for seq, subject in enumerate(subjects, start=first)
        ]
    )


def test_a_count_of_everything_would_be_found_out(filled):
    assert not is_bounded(lambda: list(ListedRow.objects.filter(words="")))


def visited(read: Callable[[], object]) -> int:
    """How many rows the database looks at: what a plan's nodes saw on PostgreSQL, steps of SQLite's machine."""
    if connection.vendor == "sqlite":
        return _steps(read)
    with CaptureQueriesContext(connection) as asked:
        read()
    questions = [query["sql"] for query in asked.captured_queries]
    return sum(_seen(sql) for sql in questions if not sql.startswith(("SAVEPOINT", "RELEASE SAVEPOINT")))


def _steps(read: Callable[[], object]) -> int:
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 10
        return 0

    connection.ensure_connection()
    connection.connection.set_progress_handler(count, 10)
    try:
        read()
    finally:
        connection.connection.set_progress_handler(None, 0)
    return counted


def _seen(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + sql.replace("%", "%%"), [])
        (plan,) = cursor.fetchone()
    return _seen_below((plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"])


def _seen_below(node: dict[str, Any]) -> int:
    each = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    own = int(each * node["Actual Loops"]) if "Scan" in node["Node Type"] else 0
    return own + sum(_seen_below(inner) for inner in node.get("Plans", ()))
