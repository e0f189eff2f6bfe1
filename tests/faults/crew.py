"""What each process of the matrix does: a database of its own, a sandbox of its own, one portion after the other.

Importable before Django is set up, since a new process imports it first.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.matrix import Case, Result


def set_up_django() -> None:
    """Load the models; what imports them may be imported from here on."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lsqportal.settings")
    django.setup()


def prepare() -> None:
    """Give this process a database of its own."""
    import logging

    set_up_django()
    from django.db import connection

    logging.disable(logging.CRITICAL)
    connection.settings_dict["TEST"]["NAME"] = None if connection.vendor == "sqlite" else f"test_faults_{os.getpid()}"
    connection.creation.create_test_db(verbosity=0, autoclobber=True)


def run(portion: Sequence[tuple[str, Case]]) -> list[tuple[str, Result]]:
    """Run some cases, each with the name of its table."""
    from activities.models import Role, User
    from tests.faults import matrix

    person = User.objects.filter(email="asha@sahyadrihfc.in").first() or User.objects.create_person(
        email="asha@sahyadrihfc.in", name="Asha", password="correct-horse-battery", role=Role.POSTER
    )
    with matrix.a_sandbox() as sandbox, matrix.a_world(person, sandbox) as world:
        return [(table, matrix.run(world, case)) for table, case in portion]
