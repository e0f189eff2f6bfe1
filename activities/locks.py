"""Work that one worker at a time may do, over all hosts: a lock of the database, held until the transaction ends."""

from __future__ import annotations

from django.db import connection


def is_alone(number: int) -> bool:
    """Return whether this transaction now holds the lock of this number; it never waits. SQLite has one writer."""
    if connection.vendor == "sqlite":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        return bool(cursor.fetchone()[0])


def wait_until_alone(number: int) -> None:
    """Wait until this transaction holds the lock of this number."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
