"""One request and its answer on a real socket: everything that a fault may do to them.

A fault is handed an Exchange; it reads, performs the call, sends, waits, cuts the connection, in any order.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.utils import formatdate
from http.client import responses

from lsqportal.sandbox import routes
from lsqportal.sandbox.account import Account, Request
from lsqportal.sandbox.answers import Answer, Refusal
from lsqportal.sandbox.records import ReceivedRequest

RELEASE_SECONDS = 5.0  # how long release() waits for what it let go
LINGER_NOT = struct.pack("ii", 1, 0)  # close() then sends RST instead of FIN


class Waiting:
    """Where faults wait: until their time is up, somebody lets them go on, or everything is dropped."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._released = 0
        self._dropped = 0
        self._held = 0

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Around whatever may wait: release() returns when all of it is over."""
        with self._condition:
            self._held += 1
        try:
            yield
        finally:
            with self._condition:
                self._held -= 1
                self._condition.notify_all()

    def turn(self) -> tuple[int, int]:
        """What a wait counts from; taken early, a release in between is not missed."""
        with self._condition:
            return self._released, self._dropped

    def wait(self, seconds: float | None, since: tuple[int, int]) -> bool:
        """Wait so long, or (None) until released. Whether to go on afterwards."""
        with self._condition:
            self._condition.wait_for(lambda: (self._released, self._dropped) != since, seconds)
            return self._dropped == since[1]

    def release(self) -> None:
        """Let everything that waits go on at once, and return when it has."""
        with self._condition:
            self._released += 1
            self._condition.notify_all()
            self._condition.wait_for(lambda: self._held == 0, RELEASE_SECONDS)

    def drop(self) -> None:
        """Let nothing that waits go on: it never happens."""
        with self._condition:
            self._dropped += 1
            self._condition.notify_all()


class Exchange:
    """See the module."""

    def __init__(
        self,
        account: Account,
        received: ReceivedRequest,
        connection: socket.socket,
        waiting: Waiting,
        read_body: Callable[[], bytes],
    ) -> None:
        self.account = account
        self.received = received
        self.connection = connection
        self.open = True
        self.keep_alive = True
        self.clock_offset = 0.0
        self.left_out_headers: set[str] = set()
        self.alterations: dict[str, str] = {}
        self.afterwards: list[Callable[[], None]] = []
        self._waiting = waiting
        self._since = waiting.turn()
        self._read_body = read_body

    def read(self) -> None:
        """Take the body off the connection, once."""
        if not self.received.body:
            self.received.body = self._read_body()

    @property
    def request(self) -> Request:
        self.read()
        received = self.received
        return Request(received.method, received.path, received.query, received.body, self.alterations)

    def perform(self, request: Request | None = None) -> Answer:
        """Do what was asked, at the door first: keys, limits; then the call. Nothing is sent by this."""
        asked = request or self.request
        try:
            self._check_keys()
        except Refusal as refusal:
            return refusal.answer()
        turned_away = self.account.limits.turned_away(asked.path, self.received.arrived_at_monotonic)
        answer = turned_away or routes.answered(self.account, asked)
        for each in self.afterwards:
            each()
        return answer

    def perform_rows(self, count: int) -> Answer:
        """Do a bulk call with its first rows only."""
        request = self.request
        return self.perform(replace(request, body=json.dumps(json.loads(request.body)[:count]).encode()))

    def _check_keys(self) -> None:
        headers, query = self.received.headers, self.received.query
        self.account.check_keys(
            headers.get("x-lsq-accesskey", query.get("accessKey")),
            headers.get("x-lsq-secretkey", query.get("secretKey")),
        )

    def head(self, answer: Answer, length: int | None) -> bytes:
        """Status line and headers; no Content-Length when the length is None."""
        headers = {
            "Date": formatdate(self.account.now() + self.clock_offset, usegmt=True),
            "Server": "LeadSquared-sandbox",
            "Content-Type": answer.content_type,
            **({} if length is None else {"Content-Length": str(length)}),
            **answer.headers,
            **({} if self.keep_alive else {"Connection": "close"}),
        }
        lines = [f"HTTP/1.1 {answer.status} {responses.get(answer.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in headers.items() if name not in self.left_out_headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

    def send(self, answer: Answer) -> None:
        """Send a whole answer."""
        self.received.status = answer.status
        body = b"" if self.received.method == "HEAD" else answer.body
        self.send_bytes(self.head(answer, len(answer.body)) + body)

    def send_bytes(self, content: bytes) -> None:
        """Send raw bytes; the client may have left, which is its own affair."""
        try:
            self.connection.sendall(content)
        except OSError:
            self.open = False

    def reset(self) -> None:
        """Break the connection: the client sees "connection reset by peer"."""
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        self.open = False

    def hang_up(self) -> None:
        """Close the connection in an orderly way after what was sent so far."""
        self.open = False

    def wait(self, seconds: float | None) -> bool:
        return self._waiting.wait(seconds, self._since)

    def later(self, seconds: float | None, act: Callable[[], object]) -> None:
        """Do something after so many seconds, or when released, whatever becomes of the connection."""
        holding = contextlib.ExitStack()
        holding.enter_context(self._waiting.hold())  # before the thread runs: a release must not miss it

        def wait_and_act() -> None:
            with holding:
                if self.wait(seconds):
                    act()

        threading.Thread(target=wait_and_act, daemon=True).start()
