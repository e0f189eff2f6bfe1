"""Wakes the workers of every host when the submitting transaction commits. SQLite has no bell: its workers look."""

from __future__ import annotations

import time
from typing import Any, Final

from django.db import OperationalError, connection

CHANNEL: Final = "lsqportal_work"


def ring() -> None:
    """Tell the workers that something is due; PostgreSQL delivers it at the commit, and once."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")


class Listener:
    """One thread's ear: waits for the bell on a connection of its own, or just a while where there is none."""

    def __init__(self) -> None:
        self._connection: Any = None

    def wait(self, seconds: float) -> None:
        """Return when the bell rings, or after `seconds`."""
        if connection.vendor != "postgresql":
            time.sleep(seconds)
            return
        import psycopg

        try:
            for _ in self._listening().notifies(timeout=seconds, stop_after=1):
                return
        except (psycopg.OperationalError, OperationalError):
            # The server went away: look again after the wait, and listen anew then.
            self.close()
            time.sleep(seconds)

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _listening(self) -> Any:
        if self._connection is None:
            parameters = connection.get_connection_params()
            self._connection = connection.get_new_connection(parameters)
            self._connection.autocommit = True
            self._connection.execute(f"LISTEN {CHANNEL}")
        return self._connection
