"""Gives somebody a one-time password; Django's own command of this name would leave no audit entry."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from activities import audit, people
from activities.models import User


class Command(BaseCommand):
    """Give a person a one-time password, and print it."""

    help = "Gives a person a one-time password and ends their sessions; it is printed once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the person's e-mail."""
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the password."""
        person = User.objects.filter(email__iexact=options["email"]).first()
        if person is None:
            raise CommandError("Nobody has this e-mail address.")
        one_time = people.give_one_time_password(person, by=audit.COMMAND_LINE)
        self.stdout.write(f"One-time password of {person.name}, to be changed at the next sign-in: {one_time}")
