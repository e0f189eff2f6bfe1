"""Removes personal contents that are older than a day; the proof of them stays."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from activities import audit, exporting, purging


class Command(BaseCommand):
    """Purge what was submitted before a day, and say what was left."""

    help = "Removes notes, values, names, requests and answers of what was submitted before a day; the proof stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the day, and whether the tables are written anew."""
        parser.add_argument("--before", required=True, type=date.fromisoformat, metavar="DATE", help="as 2026-11-24")
        parser.add_argument(
            "--rewrite", action="store_true", help="write the tables anew afterwards; run it as their owner"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Purge, and count."""
        before = datetime.combine(options["before"], time.min, timezone.get_default_timezone())
        if before > timezone.now():
            raise CommandError("This day is still to come.")
        purged = purging.purge(before, by=audit.COMMAND_LINE)
        if purged.submission_count:
            exporting.remove_all()
        if options["rewrite"]:
            purging.rewrite()
        removed = f"{_some(purged.submission_count, 'submission')} and {_some(purged.draft_count, 'draft')}"
        self.stdout.write(f"Removed the contents of {removed}.")
        if purged.open_count:
            self.stdout.write(f"Left as they are, since not at rest yet: {_some(purged.open_count, 'submission')}.")


def _some(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
