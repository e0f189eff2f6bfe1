from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings

from lsqportal.demo import PEOPLE
from lsqportal.sandbox.demo import ASHA_HOME_LOAN_ID
from tests.installations import Unhurried
from tests.pages import Page

AT_ONCE = 20
LONGEST_WAIT = 60.0
POSTER = PEOPLE[0][0]
KABIR = "kabir.shah@sahyadrihfc.in"


class Site:
    """A portal of its own: gunicorn, worker and sandbox as processes, on the kind of database of this test run."""

    def __init__(self, installation: Unhurried, ask: Callable[[str], list[Any]]) -> None:
        self.installation = installation
        self.ask = ask

    def signed_in(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        page = Page(session.get(self.at("/account/sign-in/"), timeout=30).text)
        form = page.form("/account/sign-in/")
        typed = {"email": POSTER, "password": self.installation.password}
        fields = [*((name, value) for name, value in form.fields if name not in typed), *typed.items()]
        assert session.post(self.at("/account/sign-in/"), fields, timeout=30).status_code == 200
        return session

    def at(self, path: str) -> str:
        return f"{self.installation.url}{path}"

    def bulk_calls(self) -> list[dict[str, Any]]:
        return [each for each in self.installation.sandbox("requests") if "Bulk/CustomActivity/Add" in each["path"]]

    def posted(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.installation.sandbox("activities?posted=1")
        return found

    def fault(self, name: str, **options: object) -> None:
        """Arm a fault, once nothing is left that another test submitted: that would meet with it."""
        wait_for(lambda: not self.ask("SELECT id FROM activities_submission WHERE state IN ('queued', 'sending')"))
        self.installation.sandbox("faults", {"name": name, **options})


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        with Unhurried(folder) as installation:
            yield Site(installation, lambda sql: _ask_sqlite(folder / "portal.sqlite3", sql))
        return
    import psycopg

    given = settings.DATABASES["default"]
    server = {
        "host": given["HOST"],
        "port": given["PORT"] or 5432,
        "user": given["USER"],
        "password": given["PASSWORD"],
    }
    name = f"at_once_{secrets.token_hex(4)}"
    with psycopg.connect(**server, dbname="postgres", autocommit=True) as outside:
        outside.execute(f"CREATE DATABASE {name}")
        try:
            password = f":{server['password']}" if server["password"] else ""
            url = f"postgres://{server['user']}{password}@{server['host']}:{server['port']}/{name}"
            with (
                Unhurried(folder, database_url=url) as installation,
                psycopg.connect(**server, dbname=name, autocommit=True) as inside,
            ):
                yield Site(installation, lambda sql: inside.execute(sql).fetchall())
        finally:
            outside.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(autouse=True)
def nobody_is_turned_away(site) -> Iterator[None]:
    """A call that met the account's limit is made again, and rightly: no test could tell it from one made twice."""
    yield
    assert [each["path"] for each in site.installation.sandbox("requests") if each["status"] == 429] == []


def _ask_sqlite(path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(path, timeout=30)) as database:
        return database.execute(sql).fetchall()


def wait_for(found: Callable[[], Any]) -> Any:
    """Return what `found` finds, once it finds something."""
    give_up_at = time.monotonic() + LONGEST_WAIT
    while not (something := found()):
        assert time.monotonic() < give_up_at, "it did not happen in time"
        time.sleep(0.05)
    return something


def post_at_once(site: Site, session: requests.Session, path: str, fields: list[tuple[str, str]]) -> list[Any]:
    """Post the same form from many connections in the same moment; return the answers."""
    return post_each_at_once(site, session, path, [fields] * AT_ONCE)


def post_each_at_once(
    site: Site, session: requests.Session, path: str, forms: list[list[tuple[str, str]]]
) -> list[Any]:
    """Post each form from a connection of its own in the same moment; return the answers."""
    return post_each_there_at_once(site, session, [(path, fields) for fields in forms])


def post_each_there_at_once(
    site: Site, session: requests.Session, forms: list[tuple[str, list[tuple[str, str]]]]
) -> list[Any]:
    """The same, each to an address of its own."""
    ready = threading.Barrier(len(forms))
    cookies = session.cookies.get_dict()

    def press(form: tuple[str, list[tuple[str, str]]]) -> requests.Response:
        path, fields = form
        with requests.Session() as one:
            one.trust_env = False
            ready.wait(LONGEST_WAIT)
            return one.post(site.at(path), fields, cookies=cookies, allow_redirects=False, timeout=60)

    with ThreadPoolExecutor(len(forms)) as pool:
        return list(pool.map(press, forms))


def editor_form(site: Site, session: requests.Session, **typed: str) -> list[tuple[str, str]]:
    page = Page(session.get(site.at(f"/submissions/new/?opportunityId={ASHA_HOME_LOAN_ID}"), timeout=60).text)
    form = page.form("/submissions/new/")
    return [*((name, value) for name, value in form.fields if name not in typed), *typed.items()]


def draft_of(fields: list[tuple[str, str]]) -> str:
    return dict(fields)["draft"]


@pytest.fixture(scope="module")
def session(site) -> requests.Session:
    return site.signed_in()


def typed_by(session, site, note) -> tuple[str, list[tuple[str, str]]]:
    """Type one row and go to the review; return the draft's id and the review's form."""
    typed = {"r1-type": "208", "r1-owner": KABIR, "r1-note": note, "do": "review"}
    fields = editor_form(site, session, **typed)
    review = session.post(site.at("/submissions/new/"), fields, timeout=60)
    assert review.url.endswith("/review/"), review.text[:2000]
    return draft_of(fields), Page(review.text).form("").fields


def test_the_same_submit_many_times_at_once_leaves_one_submission_and_one_call(site, session):
    note = f"Once only {uuid.uuid4()}"
    draft, fields = typed_by(session, site, note)

    answers = post_at_once(site, session, f"/submissions/{draft}/review/", fields)

    wait_for(lambda: site.ask(f"SELECT id FROM activities_row WHERE note = '{note}' AND outcome = 'created'"))
    assert {answer.status_code for answer in answers} == {302}
    assert {answer.headers["Location"] for answer in answers} == {f"/submissions/{draft}/"}
    assert site.ask(f"SELECT count(*) FROM activities_row WHERE note = '{note}'") == [(1,)]
    submitted = "SELECT count(*) FROM activities_auditentry WHERE action = 'submission.submitted' AND subject_id = "
    assert site.ask(f"{submitted}'{draft}'") == [(1,)]
    assert len([call for call in site.bulk_calls() if note in call["body"]]) == 1
    assert len([each for each in site.posted() if each["note"] == note]) == 1


def test_only_the_valid_rows_many_times_at_once_leave_one_submission_and_one_draft(site, session):
    note, rest = f"Goes {uuid.uuid4()}", f"Stays {uuid.uuid4()}"
    good = {"r1-type": "208", "r1-owner": KABIR, "r1-note": note}
    bad = {"r2-type": "208", "r2-owner": "nobody@example.org", "r2-note": rest}
    typed = editor_form(site, session, **good, **bad, rows="2", do="review-valid")
    review = session.post(site.at("/submissions/new/"), typed, timeout=60)
    fields, draft = Page(review.text).form("").fields, draft_of(typed)

    answers = post_at_once(site, session, f"/submissions/{draft}/review/?only=valid", fields)

    drafts = [str(kept) for kept in site.ask("SELECT content FROM activities_draft") if rest in str(kept)]
    behind = "SELECT count(*) FROM activities_auditentry WHERE action = 'submission.left_behind' AND subject_id = "
    assert review.url.endswith("/review/?only=valid")
    assert {answer.headers.get("Location") for answer in answers} == {f"/submissions/{draft}/"}
    assert site.ask(f"SELECT count(*) FROM activities_row WHERE note = '{note}'") == [(1,)]
    assert site.ask(f"SELECT count(*) FROM activities_row WHERE note = '{rest}'") == [(0,)]
    assert site.ask(f"{behind}'{draft}'") == [(1,)]
    assert len(drafts) == 1
    assert note not in drafts[0]


def test_the_first_press_many_times_at_once_keeps_one_draft(site, session):
    fields = editor_form(site, session, **{"r1-type": "208", "r1-note": "typed once", "do": "add"})

    answers = post_at_once(site, session, "/submissions/new/", fields)

    drafts = [str(draft) for draft in site.ask("SELECT content FROM activities_draft") if "typed once" in str(draft)]
    assert {answer.status_code for answer in answers} == {302}
    assert {answer.headers["Location"] for answer in answers} == {f"/submissions/new/?draft={draft_of(fields)}#row-2"}
    assert len(drafts) == 1
    assert drafts[0].count("typed once") == 1


@pytest.fixture
def draft_fields(site, session) -> list[tuple[str, str]]:
    """The form of a draft that is kept already, without its note and its page's name."""
    session.post(site.at("/submissions/new/"), fields := editor_form(site, session, do="refresh"), timeout=60)
    page = Page(session.get(site.at(f"/submissions/new/?draft={draft_of(fields)}"), timeout=60).text)
    own = {"r1-note", "edited_in", "edit_number"}
    return [(name, value) for name, value in page.form("/submissions/new/").fields if name not in own]


def kept_notes(site, fields) -> list[str]:
    found = site.ask(f"SELECT version, content FROM activities_draft WHERE CAST(public_id AS text) IN {_ids(fields)}")
    (version, content), *others = found
    assert not others
    rows = json.loads(content)["rows"] if isinstance(content, str) else content["rows"]
    return [str(version), rows[0]["note"]]


def _ids(fields) -> str:
    """How the two kinds of database write a UUID."""
    return str((draft_of(fields), draft_of(fields).replace("-", "")))


def test_many_windows_that_save_one_draft_at_once_are_all_told_but_the_first(site, session, draft_fields):
    forms = [
        [*draft_fields, ("r1-note", f"window {number}"), ("edited_in", f"page-{number}"), ("edit_number", "1")]
        for number in range(AT_ONCE)
    ]

    answers = post_each_at_once(site, session, "/submissions/new/keep/", forms)

    first = [number for number, answer in enumerate(answers) if answer.status_code == 200]
    assert len(first) == 1
    assert sorted(answer.status_code for answer in answers)[1:] == [409] * (AT_ONCE - 1)
    assert kept_notes(site, draft_fields) == ["2", f"window {first[0]}"]


def test_of_many_saves_of_one_window_at_once_the_newest_stands(site, session, draft_fields):
    forms = [
        [*draft_fields, ("r1-note", f"state {number}"), ("edited_in", "one-page"), ("edit_number", str(number))]
        for number in range(1, AT_ONCE + 1)
    ]

    answers = post_each_at_once(site, session, "/submissions/new/keep/", forms)

    assert {answer.status_code for answer in answers} == {200}
    assert kept_notes(site, draft_fields)[1] == f"state {AT_ONCE}"


def test_a_worker_that_is_told_to_stop_finishes_its_call(site, session):
    note = f"Finished {uuid.uuid4()}"
    draft, fields = typed_by(session, site, note)
    site.fault("slow", seconds=1.5)
    session.post(site.at(f"/submissions/{draft}/review/"), fields, timeout=60)
    of_row = f"submission_id = (SELECT submission_id FROM activities_row WHERE note = '{note}')"
    wait_for(lambda: site.ask(f"SELECT id FROM activities_attempt WHERE {of_row}"))

    site.installation.stop_worker()

    created = site.ask(f"SELECT outcome FROM activities_row WHERE note = '{note}'")
    site.installation.start_worker()
    assert created == [("created",)]
    assert len([each for each in site.posted() if each["note"] == note]) == 1


def test_many_drafts_that_put_one_row_right_submitted_at_once_leave_one_call(site, session):
    note = f"Put right once {uuid.uuid4()}"
    site.fault("error_500", exception_type="MXInvalidActivityException")
    first, fields = typed_by(session, site, note)
    session.post(site.at(f"/submissions/{first}/review/"), fields, timeout=60)
    wait_for(lambda: site.ask(f"SELECT id FROM activities_row WHERE note = '{note}' AND outcome = 'rejected'"))
    result = Page(session.get(site.at(f"/submissions/{first}/"), timeout=60).text)
    press = result.form(f"/submissions/{first}/retry/").fields
    opened = [session.post(site.at(f"/submissions/{first}/retry/"), press, timeout=60) for _ in range(AT_ONCE)]
    paths = [f"/submissions/{draft_of(Page(each.text).form('/submissions/new/').fields)}/review/" for each in opened]
    forms = [(path, Page(session.get(site.at(path), timeout=60).text).form("").fields) for path in paths]

    answers = post_each_there_at_once(site, session, forms)

    wait_for(lambda: site.ask(f"SELECT id FROM activities_row WHERE note = '{note}' AND outcome = 'created'"))
    assert sorted(answer.status_code for answer in answers) == [302, *[409] * (AT_ONCE - 1)]
    assert len([each for each in site.posted() if each["note"] == note]) == 1
