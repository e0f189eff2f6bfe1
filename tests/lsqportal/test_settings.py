from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "SECRET_KEY": "$Kq3-mW8_zT5vB1nX7cR9pL2sD4fG6hJ0yU-aE3iO5tQ8wZ1xV",
    "ALLOWED_HOSTS": "portal.sahyadrihfc.in",
    "CSRF_TRUSTED_ORIGINS": "https://portal.sahyadrihfc.in",
    "LSQ_API_URL": "https://api-in21.leadsquared.com/v2",
    "LSQ_ACCESS_KEY": "$u$rACCESSKEY",
    "LSQ_SECRET_KEY": "p#w$secret # it",
}
SHOWN = "print(json.dumps([getattr(s, name) for name in {names!r}]))"


def outside(**changes: str) -> dict[str, str]:
    """An environment without anything of the test run's own."""
    kept = {
        name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "COVERAGE_PROCESS_START"}
    }
    return {**kept, **changes}


def run(*arguments: str, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=outside(**environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return run("-W", "error::DeprecationWarning:lsqportal", "manage.py", *arguments, **environment)


@pytest.fixture
def copy(tmp_path) -> Path:
    """A copy of the settings in a folder of their own, so that a .env can stand beside them."""
    (tmp_path / "lsqportal").mkdir()
    for name in ("__init__.py", "settings.py", "environment.py"):
        shutil.copy(ROOT / "lsqportal" / name, tmp_path / "lsqportal" / name)
    return tmp_path


def values(folder: Path, *names: str, **environment: str) -> list[object]:
    """What these settings are in that environment."""
    done = run("-c", f"import json, lsqportal.settings as s; {SHOWN.format(names=names)}", folder=folder, **environment)
    assert done.returncode == 0, done.stderr
    found: list[object] = json.loads(done.stdout)
    return found


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    "database", ["sqlite:///var/check.sqlite3", "postgres://portal:p%40ss@db.sahyadrihfc.in:5432/portal"]
)
def test_the_production_example_has_no_issue(database):
    done = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION, DATABASE_URL=database)

    assert done.returncode == 0, done.stderr
    assert "no issues (0 silenced)" in done.stdout


def test_a_wrong_host_stops_a_command():
    done = manage("check", **{**PRODUCTION, "LSQ_API_URL": "https://api.example.org/v2"})

    assert done.returncode != 0
    assert "LSQ_ALLOW_OTHER_HOST=True" in done.stderr


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set."),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is not set."),
        ({"DEBUG": "Treu"}, "DEBUG: “Treu” is neither true nor false."),
        ({"LSQ_CALL_DEADLINE": "45 seconds"}, "LSQ_CALL_DEADLINE: “45 seconds” is not a number of seconds."),
        ({"LSQ_GIVE_UP_AFTER": "24h"}, "LSQ_GIVE_UP_AFTER: “24h” is not a whole number."),
        ({"LSQ_LOOK_SCHEDULE": "often"}, "LSQ_LOOK_SCHEDULE: “often” is not a whole number."),
        ({"TRUSTED_PROXIES": "10.0.0.2"}, "TRUSTED_PROXIES: “10.0.0.2” is not a whole number."),
        ({"TRUSTED_PROXIES": "-1"}, "TRUSTED_PROXIES: “-1” is not a whole number."),
        ({"LSQ_SECRET_KEY_FILE": "/nowhere"}, "LSQ_SECRET_KEY_FILE points to /nowhere, which cannot be read"),
        ({"DATABASE_URL": "mysql://u:pw@h/n"}, "DATABASE_URL: this is no address of a database."),
    ],
)
def test_a_mistake_is_a_sentence_at_start(change, sentence, copy):
    done = run("-c", "import lsqportal.settings", folder=copy, **{**PRODUCTION, **change})

    assert done.returncode != 0
    assert sentence in last_line(done)


def test_a_zone_that_is_none_stops_every_command():
    done = manage("check", **{**PRODUCTION, "TIME_ZONE": "Asia/Calcuta"})

    assert done.returncode != 0
    assert "Asia/Calcuta" in done.stderr


KEYS = ("LSQ_ACCESS_KEY", "LSQ_SECRET_KEY", "SECRET_KEY")


class TestKeysWithADollar:
    WANTED = [PRODUCTION[name] for name in KEYS]

    def test_survive_the_environment(self, copy):
        assert values(copy, *KEYS, **PRODUCTION) == self.WANTED

    def test_survive_a_env_file(self, copy):
        lines = [f"{name}={value}" for name, value in PRODUCTION.items()]
        (copy / ".env").write_text("\n".join(["# keys", "", *lines]), encoding="utf-8-sig")

        assert values(copy, *KEYS) == self.WANTED

    def test_survive_files_of_their_own(self, copy):
        for name in KEYS:
            (copy / name).write_text(f"{PRODUCTION[name]}\n")
        files = {f"{name}_FILE": str(copy / name) for name in KEYS}

        assert values(copy, *KEYS, ALLOWED_HOSTS="x.example", **files) == self.WANTED


class TestHttps:
    SAFE = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT")

    def test_is_kept_to_in_production(self, copy):
        assert values(copy, *self.SAFE, **PRODUCTION) == [True, True, True]

    def test_is_not_asked_of_a_copy_for_this_machine_only(self, copy):
        here = {**PRODUCTION, "ALLOWED_HOSTS": "127.0.0.1,localhost"}

        assert values(copy, *self.SAFE, **here) == [False, False, False]

    def test_has_no_way_around_it_by_one_local_name(self, copy):
        both = {**PRODUCTION, "ALLOWED_HOSTS": "127.0.0.1, portal.sahyadrihfc.in"}

        assert values(copy, *self.SAFE, **both) == [True, True, True]


def test_a_power_cut_must_not_lose_a_commit_on_postgresql(copy):
    (databases,) = values(copy, "DATABASES", **PRODUCTION, DATABASE_URL="postgres://u:p@h/n")

    assert databases["default"]["OPTIONS"]["options"] == "-c synchronous_commit=on"


def test_sqlite_begins_immediately_and_keeps_what_it_committed(copy):
    (databases,) = values(copy, "DATABASES", **PRODUCTION)

    options = databases["default"]["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in options["init_command"]
    assert "synchronous=FULL" in options["init_command"]
