"""The sandbox as a process: one line when ready, a clean end, data that outlives it, controls over HTTP."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from lsqportal.sandbox import ACCESS_KEY, SECRET_KEY, Sandbox

ROOT = Path(__file__).resolve().parents[2]
KEYS = {"x-LSQ-AccessKey": ACCESS_KEY, "x-LSQ-SecretKey": SECRET_KEY}
READY = re.compile(r"LeadSquared sandbox listening on (http://127\.0\.0\.1:\d+/v2)\n")
BULK = "/v2/ProspectActivity.svc/Bulk/CustomActivity/Add/ByOpportunityId"


@contextlib.contextmanager
def running(*arguments):
    """A sandbox process and its address."""
    command = [sys.executable, "-m", "lsqportal.sandbox", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            ready = READY.fullmatch(process.stdout.readline() if process.stdout else "")
            assert ready
            yield process, ready.group(1)
        finally:
            process.kill()


def heard(url, method, path, content=None, headers=KEYS):
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=5)
    with contextlib.closing(connection):
        connection.request(method, path, None if content is None else json.dumps(content), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def posted(url):
    return heard(url, "GET", "/_sandbox/activities?posted=1")[1]


def post_one(url, note="Met"):
    with Sandbox() as sandbox:
        opportunity_id = sandbox.opportunity("Asha Rao").id
    row = {
        "ActivityEvent": 102,
        "ActivityNote": note,
        "ActivityOwnerEmail": "meera.iyer@sahyadrihfc.in",
    }
    return heard(url, "POST", f"{BULK}?opportunityId={opportunity_id}", [row])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_when_told_to(number):
    with running() as (process, url):
        assert heard(url, "GET", "/v2/UserManagement.svc/Users.Get")[0] == 200

        process.send_signal(number)

        assert process.wait(30) == 0
        assert process.stdout.read() == ""
        assert process.stderr.read() == ""


def test_it_keeps_what_was_posted_over_a_kill(tmp_path):
    file = str(tmp_path / "sandbox.sqlite3")
    with running("--data", file) as (process, url):
        post_one(url, "Before the kill")
        process.kill()
        process.wait(30)

    with running("--data", file) as (_, url):
        assert [activity["note"] for activity in posted(url)] == ["Before the kill"]


def test_it_keeps_its_switches_over_a_restart(tmp_path):
    file = str(tmp_path / "sandbox.sqlite3")
    with running("--data", file) as (_, url):
        heard(url, "POST", "/_sandbox/switches", {"bad_row": "per_row"})

    with running("--data", file) as (_, url):
        assert heard(url, "GET", "/_sandbox/switches")[1]["bad_row"]["value"] == "per_row"


def test_the_same_file_shows_the_same_demo_after_a_restart(tmp_path):
    file = str(tmp_path / "sandbox.sqlite3")
    seen = []
    for _ in range(2):
        with running("--data", file) as (_, url):
            seen.append(heard(url, "GET", "/_sandbox/activities"))

    assert seen[0] == seen[1]


def test_it_has_the_vendors_rate_limit():
    with running() as (_, url):
        statuses = [heard(url, "GET", "/v2/UserManagement.svc/Users.Get")[0] for _ in range(26)]

    assert statuses == [200] * 25 + [429]


def test_keys_and_switches_can_be_given():
    with running("--access-key", "u$rA", "--secret-key", "s", "--switch", "rate=1/5s") as (_, url):
        keys = {"x-LSQ-AccessKey": "u$rA", "x-LSQ-SecretKey": "s"}

        statuses = [heard(url, "GET", "/v2/UserManagement.svc/Users.Get", headers=keys)[0] for _ in range(2)]

        assert statuses == [200, 429]
        assert heard(url, "GET", "/v2/UserManagement.svc/Users.Get")[0] == 401
