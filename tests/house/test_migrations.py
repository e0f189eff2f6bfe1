from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from django.core.management import call_command

STOPS: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
SLOW: Final = """
from django.db import migrations

def wait(apps, schema_editor):
    print("under way", flush=True)
    __import__("time").sleep(60)

class Migration(migrations.Migration):
    dependencies = [("activities", "{newest}")]
    operations = [migrations.RunPython(wait)]
"""


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_migrations_go_back_and_forth(tmp_path):
    for target in ([], ["activities", "0009"], []):
        migrate(tmp_path, *target)


def test_a_step_back_leaves_the_triggers_of_the_tables_that_stay(tmp_path):
    migrate(tmp_path)
    before = triggers(tmp_path)

    migrate(tmp_path, "activities", "0007")

    assert triggers(tmp_path) == {name for name in before if not name.startswith("activities_recheck_")}


@pytest.mark.parametrize("number", STOPS)
def test_a_migration_that_is_stopped_leaves_the_triggers_standing(tmp_path, number):
    migrate(tmp_path)
    before = triggers(tmp_path)
    with a_slow_migration(tmp_path) as running:
        assert any("under way" in line for line in running.stdout)

        running.send_signal(number)

        assert running.wait(30) != 0
    assert triggers(tmp_path) == before != set()


def migrate(folder: Path, *target: str) -> None:
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0", *target]
    subprocess.run(command, check=True, env=environment(folder), timeout=120)


def a_slow_migration(folder: Path) -> subprocess.Popen[str]:
    """Begin a migration that a later version may bring."""
    later = folder / "later_migrations"
    shutil.copytree("activities/migrations", later, ignore=shutil.ignore_patterns("__pycache__"))
    (later / "9001_slow.py").write_text(SLOW.format(newest=max(path.stem for path in later.glob("[0-9]*.py"))))
    (folder / "later_settings.py").write_text(
        "from lsqportal.settings import *\nMIGRATION_MODULES = {'activities': 'later_migrations'}\n"
    )
    return subprocess.Popen(
        [sys.executable, "manage.py", "migrate", "--settings=later_settings"],
        env={**environment(folder), "PYTHONPATH": f"{folder}{os.pathsep}."},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        # As from a terminal, also when these tests were started with nohup.
        preexec_fn=lambda: [signal.signal(number, signal.SIG_DFL) for number in STOPS],
    )


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": f"sqlite:///{folder}/portal.sqlite3"}


def triggers(folder: Path) -> set[str]:
    with closing(sqlite3.connect(folder / "portal.sqlite3")) as database:
        found = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%refuses%'")
        return {name for (name,) in found}
