from __future__ import annotations

from datetime import date, datetime, timedelta
from importlib import import_module
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from activities import counting, listings, settling
from activities.filters import Filter
from activities.models import ChangedDay, DayCount, Outcome, State
from tests.builders import NOON, a_submission, an_actor

KOLKATA = ZoneInfo("Asia/Kolkata")


@pytest.fixture(autouse=True)
def in_kolkata():
    with timezone.override(KOLKATA):
        yield


@pytest.fixture
def some_submissions(asha, bala):
    a_submission(by=asha, rows=3, state=State.POSTED)
    a_submission(by=bala, rows=[{"code": 102}, {}], state=State.POSTED, submitted_at=NOON + timedelta(days=2))
    a_submission(by=asha, rows=2, state=State.NOT_POSTED, submitted_at=NOON + timedelta(days=2))


@pytest.mark.parametrize("counted", [counting.recount_due, lambda: None], ids=["counted", "not counted yet"])
def test_totals_are_the_same_before_and_after_the_days_are_counted(some_submissions, asha, bala, counted):
    counted()

    assert counting.total(Filter()) == 7
    assert counting.total(Filter(person_id=asha.pk)) == 5
    assert counting.total(Filter(code=102)) == 1
    assert counting.total(Filter(person_id=asha.pk, code=102)) == 0
    assert counting.total(Filter(outcome=Outcome.REJECTED)) == 2
    assert counting.total(Filter(since=date(2026, 11, 24))) == 4
    assert counting.total(Filter(until=date(2026, 11, 24))) == 3


def test_a_row_that_settles_is_counted_anew(asha):
    submission = a_submission(by=asha, rows=2)
    counting.recount_due()

    settling.settle_unsent(submission, reason="Cancelled.", by=an_actor(asha), now=NOON)

    assert counting.total(Filter(outcome=Outcome.NOT_CREATED)) == 2
    assert counting.total(Filter(outcome=Outcome.PENDING)) == 0


def test_counting_takes_away_the_marks_that_it_saw(some_submissions):
    assert counting.recount_due() == 2

    assert not ChangedDay.objects.exists()
    kept = DayCount.objects.filter(person_id=0, code=0).order_by("day").values_list("created", "rejected")
    assert list(kept) == [(3, 0), (2, 2)]


def test_everything_counted_anew_is_the_same(some_submissions):
    counting.recount_due()
    kept = DayCount.objects.order_by("day", "person_id", "code").values_list("day", *Outcome.values)
    before = list(kept)

    counting.recount_all()

    assert list(kept.all()) == before


def test_what_an_older_version_counted_is_kept(some_submissions):
    counting.recount_due()
    kept = DayCount.objects.order_by("day", "person_id", "code").values_list("day", *Outcome.values)
    before = list(kept)
    migration = import_module("activities.migrations.0011_day_counts_in_columns")
    columns = "day date, person_id bigint, code integer, outcome varchar(20), number integer"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE activities_dayoutcomecount ({columns})")
    migration.turn_back(apps, connection.schema_editor())
    DayCount.objects.all().delete()

    migration.turn(apps, connection.schema_editor())

    assert list(kept.all()) == before


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York"])
def test_numbers_add_up_in_any_zone(some_submissions, asha, bala, zone):
    counting.recount_due()

    with timezone.override(ZoneInfo(zone)):
        numbers = counting.numbers(Filter())

    assert numbers.total == 7
    assert {code: counts.total() for code, counts in numbers.by_type.items()} == {208: 6, 102: 1}
    assert {pk: counts.total() for pk, counts in numbers.by_person.items()} == {asha.pk: 5, bala.pk: 2}


def test_a_day_is_that_of_the_person_who_looks(asha):
    a_submission(by=asha, submitted_at=datetime(2026, 11, 23, 19, 0, tzinfo=ZoneInfo("UTC")))

    with timezone.override(ZoneInfo("UTC")):
        in_utc = counting.numbers(Filter()).by_day

    assert list(in_utc) == [date(2026, 11, 23)]
    assert list(counting.numbers(Filter()).by_day) == [date(2026, 11, 24)]


def test_more_than_anybody_counts_is_said_to_be_the_newest(asha, monkeypatch):
    monkeypatch.setattr(counting, "MOST_ROWS", 2)
    a_submission(by=asha, rows=3)

    numbers = counting.numbers(Filter(text="note"))

    assert (numbers.is_partial, numbers.total) == (True, 2)


def test_reasons_come_most_frequent_first(asha):
    rejected = {"outcome": Outcome.REJECTED, "reason": "No such owner."}
    a_submission(by=asha, rows=[rejected, {**rejected, "reason": "Not in the list."}, rejected, {}])

    assert counting.reasons(Filter()) == [("No such owner.", 2), ("Not in the list.", 1)]


def test_the_count_of_a_list_is_exact_where_the_days_know(asha, monkeypatch):
    monkeypatch.setattr(listings, "MOST_COUNTED", 2)
    a_submission(by=asha, rows=4, state=State.POSTED)

    assert str(listings.count_rows(Filter(code=208))) == "4"
    assert str(listings.count_rows(Filter(text="note"))) == "2+"
