"""Makes sure that the people of the demo exist, with the password from DEMO_PASSWORD."""

from __future__ import annotations

import os
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from activities import audit, people
from activities.models import Role, User

PEOPLE: Final = (
    ("meera.iyer@sahyadrihfc.in", "Meera Iyer", Role.POSTER),
    ("kabir.shah@sahyadrihfc.in", "Kabir Shah", Role.POSTER),
    ("rohan.deshpande@sahyadrihfc.in", "Rohan Deshpande", Role.AUDITOR),
    ("ananya.bose@sahyadrihfc.in", "Ananya Bose", Role.ADMINISTRATOR),
)
_DEMO: Final = audit.Actor(name="Demo")


class Command(BaseCommand):
    """Add whoever of the demo's people is missing."""

    help = "Adds the people of the demo: two posters, an auditor, an administrator. Again, it changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        password = os.environ.get("DEMO_PASSWORD")
        if not password:
            raise CommandError("DEMO_PASSWORD is not set: nobody could sign in.")
        for email, name, role in PEOPLE:
            person = User.objects.filter(email__iexact=email).first()
            if person is None:
                people.add(email=email, name=name, role=role, lsq_email=email, password=password, by=_DEMO)
            elif not person.check_password(password):
                with transaction.atomic():
                    person.set_password(password)
                    person.save(update_fields=["password"])
                    audit.record(audit.Action.PASSWORD_RESET, person, by=_DEMO, name=name)
