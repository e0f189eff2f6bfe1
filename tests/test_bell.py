from __future__ import annotations

import threading
import time

import pytest
from django.db import connection, transaction

from activities import bell

on_postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no bell")
on_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL has a bell")
pytestmark = pytest.mark.django_db
LONG = 20.0


class Ear(threading.Thread):
    """Waits for the bell in a thread of its own, as a worker does."""

    def __init__(self) -> None:
        super().__init__()
        self.waited = 0.0
        self._listener = bell.Listener()
        self._listens = threading.Event()

    def run(self) -> None:
        try:
            self._listener.wait(0.001)  # opens the connection: from here on nothing is missed
            self._listens.set()
            began = time.monotonic()
            self._listener.wait(LONG)
            self.waited = time.monotonic() - began
        finally:
            self._listener.close()
            connection.close()

    def __enter__(self) -> Ear:
        self.start()
        assert self._listens.wait(LONG)
        return self

    def __exit__(self, *_: object) -> None:
        self.join(LONG)


@on_postgresql
class TestOnPostgresql:
    pytestmark = pytest.mark.django_db(transaction=False)

    @pytest.fixture
    def outside(self, django_db_blocker):
        """A connection outside the test's transaction, whose commits are real."""
        other = connection.copy()
        yield other
        other.close()

    def test_wakes_whoever_listens(self, outside):
        with Ear() as ear, outside.cursor() as cursor:
            cursor.execute(f"NOTIFY {bell.CHANNEL}")

        assert ear.waited < LONG / 4

    def test_rings_at_the_commit_and_not_before(self, outside):
        with Ear() as ear, outside.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(f"NOTIFY {bell.CHANNEL}")
            time.sleep(0.3)
            still_asleep = ear.is_alive()
            cursor.execute("COMMIT")

        assert still_asleep
        assert ear.waited >= 0.25

    def test_is_not_rung_by_what_is_rolled_back(self, outside):
        listener = bell.Listener()
        listener.wait(0.001)
        with outside.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(f"NOTIFY {bell.CHANNEL}")
            cursor.execute("ROLLBACK")

        began = time.monotonic()
        listener.wait(0.2)
        listener.close()

        assert time.monotonic() - began >= 0.2

    def test_a_ring_before_the_wait_is_not_missed(self, outside):
        listener = bell.Listener()
        listener.wait(0.001)
        with outside.cursor() as cursor:
            cursor.execute(f"NOTIFY {bell.CHANNEL}")

        began = time.monotonic()
        listener.wait(LONG)
        listener.close()

        assert time.monotonic() - began < LONG / 4

    def test_a_lost_connection_is_replaced(self, outside):
        listener = bell.Listener()
        listener.wait(0.001)
        with outside.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                "WHERE query = %s AND pid <> pg_backend_pid() AND datname = current_database()",
                [f"LISTEN {bell.CHANNEL}"],
            )
        listener.wait(0.1)
        listener.wait(0.001)
        with outside.cursor() as cursor:
            cursor.execute(f"NOTIFY {bell.CHANNEL}")

        began = time.monotonic()
        listener.wait(LONG)
        listener.close()

        assert time.monotonic() - began < LONG / 4


@on_sqlite
def test_on_sqlite_it_just_waits_a_while():
    began = time.monotonic()
    bell.Listener().wait(0.05)

    assert 0.05 <= time.monotonic() - began < 2


def test_ringing_inside_a_transaction_is_always_possible():
    with transaction.atomic():
        bell.ring()
