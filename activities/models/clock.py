"""The database's clock: one time for all processes and hosts, however far apart their own clocks are."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection

# SQLite 3.40 (Debian 12) has no unixepoch('subsec'); strftime gives milliseconds.
_QUESTIONS = {
    "postgresql": "SELECT clock_timestamp()",
    "sqlite": "SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')",
}


def clock() -> datetime:
    """Return the database's time in UTC: the moment of this very statement, not of the transaction's start."""
    with connection.cursor() as cursor:
        cursor.execute(_QUESTIONS[connection.vendor])
        moment: datetime | str = cursor.fetchone()[0]
    if isinstance(moment, str):
        return datetime.fromisoformat(moment).replace(tzinfo=UTC)
    return moment.astimezone(UTC)
