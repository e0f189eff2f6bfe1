"""Counts every day anew, as after a change of TIME_ZONE: the counts are those of the installation's days."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from activities import buckets, counting, indexing


class Command(BaseCommand):
    """Make what lists and charts are made from complete again."""

    help = "Lists rows that are not listed, and counts every day anew; needed after a change of TIME_ZONE."

    def handle(self, *args: Any, **options: Any) -> None:
        """List, count, and say how much."""
        listed = indexing.catch_up()
        counting.recount_all()
        buckets.forget_all()
        self.stdout.write(f"Listed {listed} rows that were not; every day is counted anew.")
