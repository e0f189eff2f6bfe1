from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from activities import audit, proving, sign_ins, work
from activities.models import Account, CatalogEntry, ListedRow, State, Submission, Worker
from activities.models.clock import clock
from tests.builders import NOON, a_submission
from tests.lists import know_everything

pytestmark = pytest.mark.django_db
NAME = "host:17:1"


@pytest.fixture(autouse=True)
def leadsquared(sandbox):
    """Known lists and keys, and a worker that has just started."""
    know_everything()
    return sandbox


@pytest.fixture
def one_round():
    """Go around once in each of a worker's two loops; return the seconds that the posting one would wait."""
    duties = work.housekeeping(NAME)

    def one_round(stop: threading.Event | None = None) -> float:
        wait = work.post_round(NAME, duties, stop or threading.Event())
        work.read_round()
        return wait

    return one_round


def due_now(asha, **changes):
    return a_submission(asha, submitted_at=clock() - timedelta(seconds=1), **changes)


def states() -> list[str]:
    return list(Submission.objects.order_by("id").values_list("state", flat=True))


class TestARound:
    def test_posts_everything_that_is_due(self, one_round, asha, sandbox):
        for _ in range(3):
            due_now(asha, opportunity_id=sandbox.opportunities[len(states())].id)

        one_round()

        assert states() == [State.POSTED] * 3

    def test_posts_nothing_once_it_is_told_to_stop(self, one_round, asha):
        due_now(asha)
        stop = threading.Event()
        stop.set()

        one_round(stop)

        assert states() == [State.QUEUED]

    def test_learns_whose_keys_these_are(self, one_round):
        Account.objects.update(organisation="", keys_mark="")

        one_round()

        assert Account.objects.get().organisation

    def test_asks_whose_keys_these_are_once_a_minute_at_most(self, one_round, sandbox):
        Account.objects.update(organisation="", keys_mark="")
        sandbox.fault("unauthorized", path_contains="UserByAccessKey", times=10)

        one_round()
        one_round()

        assert len([each for each in sandbox.requests if "UserByAccessKey" in each.path]) == 1

    def test_refreshes_a_list_that_is_old(self, one_round):
        CatalogEntry.objects.filter(kind="users").update(fetched_at=NOON - timedelta(days=400), tried_at=None)

        one_round()

        assert CatalogEntry.objects.filter(kind="users", fetched_at__gt=NOON - timedelta(days=300)).exists()

    def test_waits_no_longer_than_the_limit_asks_for(self, one_round, asha, sandbox, settings):
        settings.LSQ_BULK_RATE_LIMIT = "1/60s"
        for number in range(2):
            due_now(asha, opportunity_id=sandbox.opportunities[number].id)

        wait = one_round()

        assert states() == [State.POSTED, State.QUEUED]
        assert 0 < wait <= 60.25

    def test_settles_what_a_dead_worker_left(self, one_round, asha):
        a_submission(asha, state=State.SENDING, lease_until=clock() - timedelta(seconds=1), attempt_count=1)

        one_round()

        assert State.SENDING not in states()


class TestTheHeartbeat:
    def test_tells_that_the_worker_is_there(self, one_round):
        one_round()

        worker = Worker.objects.get(name=NAME)
        assert worker.seen_at == worker.started_at

    def test_is_written_every_ten_seconds_and_not_more_often(self, one_round):
        one_round()
        first = Worker.objects.get().seen_at

        one_round()
        soon = Worker.objects.get().seen_at
        Worker.objects.update(seen_at=first - timedelta(seconds=11))
        one_round()

        assert soon == first
        assert Worker.objects.get().seen_at >= first

    def test_of_workers_that_are_long_gone_is_forgotten(self, one_round):
        Worker.objects.create(name="gone", started_at=NOON, seen_at=clock() - timedelta(days=8))

        one_round()

        assert list(Worker.objects.values_list("name", flat=True)) == [NAME]


class TestADutyThatFails:
    def test_because_leadsquared_is_away_stops_no_other(self, one_round, asha, sandbox):
        Account.objects.update(organisation="", keys_mark="")
        sandbox.fault("error_500_without_envelope", path_contains="/v2/", times=100)
        a_submission(asha, submitted_at=clock() - timedelta(days=2))

        one_round()

        assert states() == [State.NOT_POSTED]
        assert Worker.objects.exists()

    def test_with_a_surprise_stops_no_other_and_is_logged(self, one_round, asha, settings, caplog):
        settings.LSQ_RATE_LIMIT = "no rate"  # forgetting old calls raises ValueError
        a_submission(asha, submitted_at=clock() - timedelta(days=2))

        one_round()

        assert states() == [State.NOT_POSTED]
        assert "A duty raised." in caplog.text

    def test_in_posting_leaves_the_rest_of_the_round(self, one_round, asha, settings, caplog):
        settings.LSQ_BULK_RATE_LIMIT = "no rate"
        due_now(asha)
        CatalogEntry.objects.filter(kind="users").update(tried_at=None, fetched_at=NOON - timedelta(days=400))

        one_round()

        assert states() == [State.QUEUED]
        assert "Posting raised" in caplog.text
        assert CatalogEntry.objects.get(kind="users").tried_at


class TestLookingAfterTheRecord:
    @pytest.fixture
    def kept(self, asha, caplog):
        """A round of it, with something old to purge and a burst of failed sign-ins that is over."""
        a_submission(asha, state=State.POSTED, submitted_at=NOON - timedelta(days=3000))
        a_submission(asha, state=State.POSTED).listed_rows.all().delete()
        for seconds in (0, 1):
            sign_ins.failed(by=audit.Actor(name="Unknown", address="10.4.18.31"), now=NOON + timedelta(seconds=seconds))
        work.keep_round(work.record_keeping())

    def test_sums_up_failed_sign_ins(self, kept):
        assert audit.entries().filter(action="person.sign_ins_failed").exists()

    def test_applies_the_retention_rule(self, kept):
        assert Submission.objects.order_by("pk")[0].purged_by_seq is not None

    def test_lists_what_an_older_version_submitted(self, kept):
        assert ListedRow.objects.count() == 2

    def test_proves_the_record(self, kept):
        assert proving.last_proof() is not None

    def test_says_in_the_log_what_does_not_hold(self, kept, caplog):
        words = " ".join(record.getMessage() for record in caplog.get_records("setup"))

        assert "was inserted: no entry says that anybody submitted it" in words
