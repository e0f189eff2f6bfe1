from __future__ import annotations

import base64
import logging
import pickle
import threading
import traceback
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection as database
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from activities import connection, posting, submissions
from activities.leadsquared import LeadSquaredError
from activities.models import Account, State, Submission
from activities.models.clock import clock
from lsqportal import urls
from tests.builders import a_draft, a_field, a_new_row, an_actor
from tests.pages import Page, post

CLOSED = "http://127.0.0.1:9/v2"
# What is done to LeadSquared, and where the submission of two rows then stands.
FAILURES = {
    "nothing": State.POSTED,
    "refused": State.UNCONFIRMED,
    "reset_after_write": State.UNCONFIRMED,
    "reset_before_write": State.UNCONFIRMED,
    "error_500_without_envelope": State.UNCONFIRMED,
    "not_http": State.UNCONFIRMED,
    "accept_and_never_answer": State.UNCONFIRMED,
    "an answer that repeats the keys": State.UNCONFIRMED,
    "rate_429": State.QUEUED,
    "nobody there": State.QUEUED,
    "unauthorized": State.QUEUED,
}


def raises(request: HttpRequest) -> HttpResponse:
    connection.client().who_am_i()
    raise AssertionError("LeadSquared should not be there")


class BrokenUrls:
    """The site with a page that lets an error of LeadSquared through."""

    urlpatterns = [*urls.urlpatterns, path("broken/", raises)]
    handler400, handler403, handler404, handler500 = (
        urls.handler400,
        urls.handler403,
        urls.handler404,
        urls.handler500,
    )


def rows_of_every_table() -> Iterator[str]:
    with database.cursor() as cursor:
        for table in database.introspection.table_names():
            cursor.execute(f"SELECT * FROM {database.ops.quote_name(table)}")
            for row in cursor.fetchall():
                yield " ".join(_text(value) for value in row)


def _text(value: object) -> str:
    return bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else str(value)


def everything_of(error: BaseException) -> str:
    """An error as anybody could see it: its texts, its tracebacks, what a queue would carry away."""
    again = pickle.loads(pickle.dumps(error))
    shown = "".join(traceback.format_exception(error))
    return f"{shown} {error!r} {vars(error)} {again!r} {vars(again)} {pickle.dumps(error)!r}"


@pytest.fixture
def logs(caplog) -> pytest.LogCaptureFixture:
    """Every record of every logger, before any filter."""
    for name in ("", "django", "django.request", "django.db.backends", "activities", "urllib3", "lsqportal"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


@pytest.fixture
def errors() -> list[str]:
    return []


@pytest.fixture
def run(sandbox, settings, monkeypatch, asha, dev, asha_client, logs, errors) -> dict[str, list[str]]:
    """A day at work with everything that goes wrong; what could be seen of it, by where."""
    settings.ROOT_URLCONF = BrokenUrls
    settings.DEBUG = False
    # A busy machine is no failure, and one of these never answers. A client keeps the time-outs it was made with.
    settings.LSQ_CONNECT_TIMEOUT, settings.LSQ_READ_TIMEOUT, settings.LSQ_CALL_DEADLINE = 1.0, 1.0, 1.5
    monkeypatch.setattr(connection, "_local", threading.local())
    database.force_debug_cursor = True
    asha_client.raise_request_exception = False
    dev_client = Client(raise_request_exception=False)
    dev_client.force_login(dev)
    connection.identify()
    pages = [_body(post(dev_client, "/status/refresh/", {}))]
    for number, failure in enumerate(FAILURES):
        _post_one(sandbox, asha, failure, sandbox.opportunities[number].id)
    pages += _look_around(asha_client, dev_client)
    sandbox.clear()
    settings.LSQ_API_URL = CLOSED
    pages += [_body(asha_client.get("/broken/")), _body(asha_client.get("/?q=Asha"))]
    for call in (connection.identify, connection.known_account):
        errors.append(_raised(call))
    database.force_debug_cursor = False
    return {
        "pages": pages,
        "errors": errors,
        "rows": list(rows_of_every_table()),
        "logs": [f"{record.getMessage()} {record.exc_text or ''} {record.args}" for record in logs.records]
        + [logs.text],
    }


def _body(response: Any) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return f"{response.headers}\n{content.decode()}"


def _raised(call) -> str:
    try:
        call()
    except LeadSquaredError as error:
        return everything_of(error)
    raise AssertionError("it should not have gone well")


def _post_one(sandbox, asha, failure: str, opportunity_id: str) -> None:
    rows = [a_new_row(note=f"{failure} {number}", fields=(a_field(),)) for number in (1, 2)]
    submissions.submit(a_draft(asha, opportunity_id=opportunity_id), rows, by=an_actor(asha), why=failure)
    if failure == "refused":
        sandbox.fault("status", status=500, exception_type="MXInvalidActivityException", message="Event is invalid")
    elif failure == "an answer that repeats the keys":
        sandbox.fault("status", status=500, message=f"{sandbox.access_key} and {sandbox.secret_key}")
    elif failure == "unauthorized":
        sandbox.fault("unauthorized", path_contains="/v2/", times=2)
    elif failure == "nobody there":
        sandbox.fault("refuse")
    elif failure != "nothing":
        sandbox.fault(failure)
    Account.objects.update(paused_until=None)
    posting.post_next(worker="host:1")
    Submission.objects.filter(state=State.QUEUED).update(not_before=clock() + timedelta(days=36500))
    if failure == "nobody there":
        sandbox.clear()


def _look_around(asha_client, dev_client) -> list[str]:
    """Every page that shows something of what was posted, and the pages of what goes wrong."""
    seen = []
    for submission in Submission.objects.all():
        seen += [asha_client.get(f"/submissions/{submission.public_id}/{tail}") for tail in ("", "progress/")]
    seen += [asha_client.get(page) for page in ("/", "/history/", "/exports/", "/no-such-page/")]
    seen += [asha_client.post("/exports/take/my-submissions/", {"now": "csv"})]
    seen += [asha_client.get(page) for page in ("/people/", "/history/?text=%ff", "/?q=Asha")]
    seen += [dev_client.get(page) for page in ("/status/", "/audit/entries/", "/people/")]
    seen += [dev_client.post("/exports/take/entries/", {"now": "jsonl"})]
    return [_body(response) for response in seen]


def test_neither_key_can_be_seen_anywhere_but_in_the_headers_of_a_call(run, sandbox):
    keys = [sandbox.access_key, sandbox.secret_key]
    spellings = [*keys, *map(quote, keys), *(base64.b64encode(key.encode()).decode().rstrip("=") for key in keys)]

    found = {
        (where, key, text[max(0, text.index(key) - 60) : text.index(key) + 20])
        for where, texts in run.items()
        for text in texts
        for key in spellings
        if key in text
    }
    assert found == set()


def test_the_run_met_every_failure(run):
    states = dict(Submission.objects.values_list("why", "state"))

    assert states == FAILURES
    assert len(run["logs"]) > 50
    assert any("Something broke in the portal" in page for page in run["pages"])
    assert any(page.count("NotSent") or "Traceback" in page for page in run["logs"])


def test_no_address_of_a_call_holds_a_key(sandbox, asha):
    connection.identify()
    submissions.submit(a_draft(asha, opportunity_id=sandbox.opportunities[0].id), [a_new_row()], by=an_actor(asha))
    posting.post_next(worker="host:1")

    addresses = [f"{request.path}?{request.query}" for request in sandbox.requests]
    assert len(addresses) > 1
    assert not [each for each in addresses if sandbox.access_key in each or sandbox.secret_key in each]
    assert not [each for each in addresses if "key" in Page(each).text.partition("?")[2].lower()]
