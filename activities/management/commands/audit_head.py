"""Prints the end of the audit log's chain, to be kept where nobody who can write the database can write."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.core.management.base import BaseCommand

from activities import audit, proving
from activities.models.clock import clock


class Command(BaseCommand):
    """Print the head of the chain and the time."""

    help = "Prints SEQ:HASH of the newest audit entry and the time; verify_audit --since takes the first word."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line."""
        self.stdout.write(f"{proving.Head(*audit.head())} {clock().astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
