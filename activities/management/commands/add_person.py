"""Adds a person from the command line: the way to the first administrator."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from activities import audit, people
from activities.account_forms import PersonForm
from activities.models import Role


class Command(BaseCommand):
    """Add a person and print their one-time password."""

    help = "Adds a person with the password in PORTAL_PASSWORD; without it, a one-time password is printed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", required=True)
        parser.add_argument("--role", choices=Role.values, default=Role.ADMINISTRATOR.value)
        parser.add_argument("--time-zone", default=settings.TIME_ZONE)
        parser.add_argument("--lsq-user", default="", help="their e-mail in LeadSquared")

    def handle(self, *args: Any, **options: Any) -> None:
        form = PersonForm({**options, "lsq_email": options["lsq_user"]})
        if not form.is_valid():
            raise CommandError(form.errors.as_text())
        password = os.environ.get("PORTAL_PASSWORD")
        try:
            if password:
                validate_password(password)
            person, one_time = people.add(**form.cleaned_data, by=audit.COMMAND_LINE, password=password)
        except ValidationError as error:
            raise CommandError(f"PORTAL_PASSWORD: {' '.join(error.messages)}") from error
        except people.EmailTaken as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{person.name} is added as {person.get_role_display()}.")
        if one_time:
            self.stdout.write(f"One-time password, to be changed at the first sign-in: {one_time}")
