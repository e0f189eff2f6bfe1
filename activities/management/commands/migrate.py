"""Django's own `migrate`, whose triggers stand again also after a migration that failed or was stopped."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final, NoReturn

from django.core.management.commands import migrate

from activities import guards

# What a system stops a process with; by itself Python would go without a word.
_STOPS: Final = (signal.SIGTERM, signal.SIGHUP)


class Command(migrate.Command):
    """Django tells nobody of a migration that fails: what made way for it is put back here, as it stood."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate as Django does."""
        standing = guards.standing_statements()
        with _told_to_stop():
            try:
                super().handle(*args, **options)
            except BaseException:
                guards.put_back(standing)
                raise


@contextmanager
def _told_to_stop() -> Iterator[None]:
    """Take a signal that stops the process for an exception, unless it was told to ignore it, as by nohup."""
    is_ours = threading.current_thread() is threading.main_thread()
    taken = [number for number in _STOPS if is_ours and signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, _leave) for number in taken}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, _: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
