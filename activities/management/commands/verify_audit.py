"""Proves that the record is what was written: the chain of entries, what they vouch for, and the triggers."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from activities import guards, proving


class Command(BaseCommand):
    """Recompute the chain of the audit log and compare with it what it vouches for."""

    help = "Verifies the audit log, what it vouches for and its triggers; names what is wrong and ends with 1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a head that was kept elsewhere."""
        parser.add_argument("--since", metavar="SEQ:HASH", help="a head from audit_head: it must still be there")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was found."""
        try:
            since = proving.Head.parse(options["since"]) if options["since"] else None
        except ValueError as error:
            raise CommandError(str(error)) from error
        proof = proving.verify(since)
        for problem in proof.problems:
            self.stderr.write(problem)
        if not proof.problems:
            after = f" after entry {since.seq}" if since else ""
            self.stdout.write(f"Chain intact: {proof.entry_count} entries{after}, head {proof.head}")
        if guards.may_be_removed_by_this_role():
            self.stdout.write(guards.OWNER_SENTENCE)
        if proof.problems:
            sys.exit(1)
