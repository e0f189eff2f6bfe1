"""Migrates tables that have triggers: `python -m tests.crash.rebuild`. The triggers must stand afterwards.

Runs a migration that a later version may bring: SQLite rebuilds a table for each of its steps, and drops the
triggers of the old one without a word. Then one that fails.
"""

from __future__ import annotations

import argparse
import contextlib
import secrets
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from lsqportal.demo import ROOT
from tests.crash.installation import fresh_database, join_fresh_database

LATER: Final = """
from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("activities", "{newest}")]
    operations = [
        migrations.AlterField("row", "note", models.TextField(blank=True, default="")),
        migrations.AddConstraint(
            "attempt", models.CheckConstraint(condition=models.Q(number__gte=1), name="attempt_number_is_above_0")
        ),
        migrations.AddField("row", "later", models.CharField(max_length=5, default="")),
        migrations.RunSQL("UPDATE activities_row SET note = 'migrated'"),
        migrations.RemoveField("row", "later"),
        migrations.AlterField("auditentry", "subject", models.CharField(max_length=460)),
    ]
"""
FAILING: Final = """
from django.db import migrations

class Migration(migrations.Migration):
    dependencies = [("activities", "9001_later")]
    operations = [
        migrations.RunSQL("UPDATE activities_row SET note = 'half'"),
        migrations.RunSQL("UPDATE a_table_that_is_missing SET note = 'half'"),
    ]
"""


def a_later_version(folder: Path) -> str:
    """Write a copy of the migrations with two more into the folder, and return the package's name."""
    package = folder / "later_migrations"
    shutil.copytree(ROOT / "activities/migrations", package, ignore=shutil.ignore_patterns("__pycache__"))
    newest = max(path.stem for path in package.glob("[0-9]*.py"))
    (package / "9001_later.py").write_text(LATER.format(newest=newest))
    (package / "9002_failing.py").write_text(FAILING)
    sys.path.insert(0, str(folder))
    return package.name


def run(folder: Path, database_url: str | None) -> bool:
    """Migrate, look, print; return whether the triggers stand and refuse."""
    join_fresh_database(folder, database_url)
    from django.conf import settings
    from django.core.management import call_command
    from django.db import DatabaseError

    from activities import guards
    from activities.models import Role, Row, User
    from tests.builders import a_submission

    def refused() -> bool:
        try:
            Row.objects.update(note="other")
        except DatabaseError:
            return True
        return False

    asha = User.objects.create_person(email="asha@sahyadrihfc.in", name="Asha", password="x" * 12, role=Role.POSTER)
    row = a_submission(asha).rows.get()
    settings.MIGRATION_MODULES = {"activities": a_later_version(folder)}
    stand = True
    for target, note in (("9001", "migrated"), ("9002", "migrated")):
        said = ""
        try:
            call_command("migrate", "activities", target, verbosity=0)
        except DatabaseError as error:
            said = str(error)
        row.refresh_from_db()
        print(f"migrated to {target}: {row.note}, refused: {refused()}, problems: {guards.problems()} {said}")
        stand = stand and row.note == note and bool(said) == (target == "9002") and refused() and not guards.problems()
    return stand


def main(arguments: list[str] | None = None) -> int:
    """Run it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.rebuild", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options = parser.parse_args(arguments)
    with contextlib.ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="rebuild-", ignore_cleanup_errors=True)))
        database_url = exits.enter_context(fresh_database(options.database, f"rebuild_{secrets.token_hex(4)}"))
        return 0 if run(folder, database_url) else 1


if __name__ == "__main__":
    sys.exit(main())
