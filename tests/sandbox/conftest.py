"""A fresh sandbox for every test, and a plain HTTP caller that knows the keys."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import pytest

from lsqportal.sandbox import Sandbox
from lsqportal.sandbox.records import Opportunity

BULK = "ProspectActivity.svc/Bulk/CustomActivity/Add/ByOpportunityId"
ACTIVITIES = "OpportunityManagement.svc/GetActivitiesOfOpportunity"


@dataclass(frozen=True)
class Heard:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def rows(self):
        return self.json["Response"]


class Caller:
    """Calls the sandbox like any client would, one fresh connection a call."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.keys = {"x-LSQ-AccessKey": sandbox.access_key, "x-LSQ-SecretKey": sandbox.secret_key}

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.sandbox.url)
        return str(parts.hostname), int(parts.port or 0)

    def connection(self, timeout: float = 5.0) -> http.client.HTTPConnection:
        host, port = self.address
        return http.client.HTTPConnection(host, port, timeout=timeout)

    def send(self, method: str, path: str, *, body: bytes | None = None, headers=None, timeout=5.0, **query):
        connection = self.connection(timeout)
        target = f"/v2/{path}" if not path.startswith("/") else path
        target += f"?{urlencode(query)}" if query else ""
        try:
            connection.request(method, target, body, self.keys if headers is None else headers)
            answer = connection.getresponse()
            return Heard(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **query) -> Heard:
        return self.send("GET", path, **query)

    def post(self, path: str, content=None, **query) -> Heard:
        return self.send("POST", path, body=b"" if content is None else json.dumps(content).encode(), **query)

    def bulk(self, rows, *, opportunity_id: str | None = None, timeout=5.0, headers=None, **query) -> Heard:
        wanted = self.home_loan.id if opportunity_id is None else opportunity_id
        body, more = json.dumps(rows).encode(), {**self.keys, **(headers or {})}
        return self.send("POST", BULK, body=body, headers=more, timeout=timeout, opportunityId=wanted, **query)

    def control(self, method: str, path: str, content=None, **query) -> Heard:
        body = None if content is None else json.dumps(content).encode()
        return self.send(method, f"/_sandbox/{path}", body=body, headers={}, **query)

    def activities(self, content=None, *, opportunity_id: str | None = None, **query) -> Heard:
        wanted = self.home_loan.id if opportunity_id is None else opportunity_id
        return self.post(ACTIVITIES, content, opportunityId=wanted, **query)

    def until(self, condition, seconds=2.0):
        """Wait for what another thread does."""
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.005)
        return condition()

    @property
    def home_loan(self) -> Opportunity:
        return self.sandbox.opportunity("Asha Rao", "Home loan")

    def row(self, code: int = 102, note: str = "Met", owner="meera.iyer@sahyadrihfc.in", **values: str):
        """A good row; values by the slot's name: `mx_Custom_1="…"`."""
        fields = [{"SchemaName": name, "Value": value} for name, value in values.items()]
        return {"ActivityEvent": code, "ActivityNote": note, "ActivityOwnerEmail": owner, "Fields": fields}

    def document(self, **changed: str):
        """A good row of type 231, which has mandatory fields."""
        values = {
            "mx_Custom_1": "Form 16",
            "mx_Custom_2": "Original",
            "mx_Custom_3": "2031-02-03 00:00:00",
        }
        return self.row(231, "Form 16", **{**values, **changed})

    def bad_row(self):
        return self.row(999, "Bad")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def crm(sandbox) -> Caller:
    return Caller(sandbox)
