from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lsqportal.demo import ROOT
from tests.crash.hosts import GOOD, NOT_IN_TIME

DATABASE = "postgresql" if os.environ.get("DATABASE_URL", "").startswith("postgres") else "sqlite"


@pytest.fixture
def run(capsys):
    """Run one of this folder's programs as `make crash` does, on the database of this test run, and show its words."""

    def run(program: str, *arguments: str) -> int:
        command = [sys.executable, "-m", f"tests.crash.{program}", "--database", DATABASE, *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        print(done.stdout, done.stderr)
        return done.returncode

    return run


def test_nothing_is_lost_and_nothing_twice_while_processes_are_killed_and_suspended(run):
    assert run("crashes", "--submissions", "60", "--people", "3", "--acts", "12", "--pause", "0.6") == 0


def test_two_hosts_post_everything_once_at_the_full_rate_and_not_a_call_more(run):
    # Only how fast it was is measured again where the machine had other things to do; what was posted must be right.
    # 60 calls are a backlog of more than two windows at this rate, so that the share of it can be told.
    codes = (run("hosts", "--submissions", "60", "--rate", "20/5s") for _ in range(3))

    assert next((code for code in codes if code != NOT_IN_TIME), NOT_IN_TIME) == GOOD


def test_no_page_waits_for_the_bulk_call(run):
    assert run("waiting") == 0


def test_eight_processes_write_one_chain_of_entries(run):
    assert run("chain", "--entries", "2000") == 0


def test_purged_words_are_in_no_file_of_the_database(run):
    assert run("words", "--submissions", "12") == 0


def test_triggers_stand_after_a_later_version_has_migrated_their_tables(run):
    assert run("rebuild") == 0
