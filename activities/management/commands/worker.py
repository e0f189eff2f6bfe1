"""`manage.py worker`: posts what is queued, keeps the lists fresh and writes exports, until it is told to stop."""

from __future__ import annotations

import os
import signal
import socket
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from activities import work


class Command(BaseCommand):
    """Runs a few threads of the worker's loop; SIGTERM and Ctrl-C let a call that has begun finish."""

    help = "Post what is queued, until stopped. Run as many on as many hosts as you like."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the number of threads."""
        parser.add_argument("--threads", type=int, default=2, help="how many submissions may be on their way at once")

    def handle(self, *_: Any, **options: Any) -> None:
        """Start the threads and wait for the signal."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        name = f"{socket.gethostname()[:60]}:{os.getpid()}"
        threads = [
            threading.Thread(target=work.post, args=(f"{name}:{number}", stop), name=f"post-{number}")
            for number in range(1, max(1, options["threads"]) + 1)
        ]
        # Nothing is lost when one of these is cut off, so that nobody waits for it at the end.
        for name_of_thread, target in (("read", work.read), ("keep", work.keep), ("export", work.export)):
            threading.Thread(target=target, args=(stop,), name=name_of_thread, daemon=True).start()
        for thread in threads:
            thread.start()
        self.stdout.write(f"Worker {name} posts in {len(threads)} threads. Ctrl-C stops it.")
        stop.wait()
        for thread in threads:
            thread.join()
