"""`manage.py after_restore`: after a database came back from a backup, before any worker starts."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from activities import recovery


class Command(BaseCommand):
    """Makes what the backup believes queued unconfirmed, so that nothing that was posted since goes out twice."""

    help = "Run once after restoring a backup, before workers start: what was queued then is read back first."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say how many submissions are read back before anything is sent."""
        count = recovery.doubt_what_is_queued()
        what = "1 submission is" if count == 1 else f"{count} submissions are"
        self.stdout.write(f"{what} read back before anything is sent. Start the workers now.")
