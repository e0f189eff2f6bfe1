"""HTTP to LeadSquared: what leaves, when it may still leave, what comes back, and what a failure proves.

The dividing line is whether a call may have been written. `requests.ConnectionError` does not draw it: it covers both a
closed port and a peer that hung up after reading. So the chain of causes is asked, and the default is `Unclear`.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3 import exceptions as lower
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from activities.leadsquared.errors import LeadSquaredError, NotSent, Unclear
from activities.leadsquared.records import RawAnswer

KEPT_HEADERS: Final = ("content-type", "date", "retry-after")
_CHUNK: Final = 16 * 1024
# CLOCK_BOOTTIME goes on while a laptop sleeps; where there is none, the monotonic clock has to do.
_CLOCK_ID: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_at_work = threading.local()


def clock() -> float:
    """Return seconds of a clock that never goes back and does not stop while the machine sleeps."""
    return time.clock_gettime(_CLOCK_ID)


class TooLate(Exception):
    """The time in which a call may begin had passed before its first byte left."""


class _Watched:
    """A connection that refuses its first byte after its time, and tells its thread which socket is at work.

    The time is checked in the socket's send, after TLS: whoever was suspended in between sends nothing.
    """

    not_after: float | None = None
    has_begun = False

    def send(self, data: Any) -> Any:
        """Send, unless it is too late to begin."""
        if not self.has_begun and self.not_after is not None and clock() > self.not_after:
            raise TooLate
        self.has_begun = True
        sent = super().send(data)  # type: ignore[misc]
        _at_work.socket = self.sock  # type: ignore[attr-defined]
        return sent


class _PlainConnection(_Watched, HTTPConnection):
    pass


class _SecureConnection(_Watched, HTTPSConnection):
    pass


class _Adapter(HTTPAdapter):
    """An adapter whose connections are watched and may begin only until `not_after`."""

    def __init__(self, not_after: float | None, **options: Any) -> None:
        self._not_after = not_after
        super().__init__(max_retries=0, **options)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make pools of watched connections."""
        super().init_poolmanager(*args, **kwargs)
        plain = type("_Plain", (_PlainConnection,), {"not_after": self._not_after})
        secure = type("_Secure", (_SecureConnection,), {"not_after": self._not_after})
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {
            "http": type("_PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("_SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }


def new_session(*, not_after: float | None = None) -> requests.Session:
    """Return a session without proxies, redirects or retries of its own, whose calls may begin until `not_after`."""
    session = requests.Session()
    session.trust_env = False
    adapter = _Adapter(not_after, pool_maxsize=4)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def exchange(
    session: requests.Session,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None,
    timeout: tuple[float, float],
    deadline: float,
    most_bytes: int,
    row_count: int = 1,
) -> RawAnswer:
    """Make one call and return what came, whatever its status.

    `timeout` is (connect, read) and `deadline` the whole call's time, in seconds; `most_bytes` caps the body.

    Raises:
        NotSent: there is positive proof that nothing left.
        Unclear: there is none; `raw` holds what came before it broke off.
    """
    started = clock()
    received = bytearray()
    answer: requests.Response | None = None
    watchdog = _Watchdog(deadline)
    try:
        answer = session.request(
            method, url, headers=dict(headers), data=body, timeout=timeout, stream=True, allow_redirects=False
        )
        for chunk in _chunks(answer):
            received += chunk
            if len(received) > most_bytes:
                raise _Oversized
        if watchdog.has_bitten:
            raise _OutOfTime  # a body without a length ends like one that was cut
        return _raw(answer, bytes(received), started, complete=True)
    except Exception as cause:
        cause = _OutOfTime(cause) if watchdog.has_bitten else cause
        raw = _raw(answer, bytes(received[:most_bytes]), started, complete=False) if answer is not None else None
        raise _translated(cause, raw, row_count) from cause
    finally:
        watchdog.cancel()
        if answer is not None:
            answer.close()


class _Watchdog:
    """Ends a call at its deadline, however slowly its bytes come: a read timeout starts anew with each of them."""

    def __init__(self, deadline: float) -> None:
        _at_work.socket = None
        self._at_work = _at_work.__dict__
        self._timer = threading.Timer(deadline, self._bite)
        self._timer.daemon = True
        self._timer.start()
        self.has_bitten = False

    def cancel(self) -> None:
        """Let the call be."""
        self._timer.cancel()

    def _bite(self) -> None:
        self.has_bitten = True
        sock = self._at_work.get("socket")
        if sock is not None:
            with contextlib.suppress(OSError):  # it was closed in this very moment, which is all that is wanted
                sock.shutdown(socket.SHUT_RDWR)


class _Oversized(Exception):
    """The body is larger than any answer has a reason to be."""


class _OutOfTime(Exception):
    """The whole call took longer than its deadline."""


def _chunks(answer: requests.Response) -> Iterator[bytes]:
    while chunk := answer.raw.read1(_CHUNK):
        yield chunk
    if answer.raw.length_remaining:
        raise lower.IncompleteRead(0, answer.raw.length_remaining)


def _raw(answer: requests.Response, body: bytes, started: float, *, complete: bool) -> RawAnswer:
    headers = {name: answer.headers[name][:200] for name in KEPT_HEADERS if name in answer.headers}
    return RawAnswer(answer.status_code, headers, body, complete, round(clock() - started, 3))


def _translated(cause: Exception, raw: RawAnswer | None, row_count: int) -> LeadSquaredError:
    """Say what a failure proves; the one place where the libraries' exceptions become the room's."""
    chain = list(_chain(cause))
    for each in chain:
        sentence = _proof_that_nothing_left(each) if raw is None else ""
        if sentence:
            return NotSent(said=sentence, row_count=row_count)
    status = raw.status if raw else None
    return Unclear(status=status, said=_what_happened(chain), row_count=row_count, raw=raw)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and what the libraries wrapped in it.

    Not `__context__`: it also holds whatever somebody up the stack was handling, which proves nothing about this call.
    """
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        each = waiting.pop(0)
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__cause__, getattr(each, "reason", None), *each.args]


def _proof_that_nothing_left(error: BaseException) -> str:
    match error:
        case TooLate():
            return "The time for sending had passed before anything left."
        case lower.NameResolutionError():
            return "LeadSquared’s host name could not be resolved."
        case lower.NewConnectionError():
            return "LeadSquared’s host refused the connection."
        case lower.ConnectTimeoutError():
            return "No connection came about in time."
        case ssl.SSLCertVerificationError():
            return "The certificate of LeadSquared’s host could not be verified."
        case requests.exceptions.InvalidURL() | requests.exceptions.MissingSchema() | requests.exceptions.InvalidSchema():
            return "LSQ_API_URL is not an address that can be called."
        case _:
            return ""


def _what_happened(chain: list[BaseException]) -> str:
    words = {
        _OutOfTime: "The call took longer than its deadline.",
        _Oversized: "The answer is larger than any answer should be.",
        requests.exceptions.ReadTimeout: "No answer came in time.",
        lower.ReadTimeoutError: "No answer came in time.",
        TimeoutError: "No answer came in time.",
        lower.IncompleteRead: "The answer broke off.",
        ConnectionResetError: "The connection was reset.",
        lower.ProtocolError: "The connection ended without a whole answer.",
    }
    for kind, sentence in words.items():
        if any(isinstance(each, kind) for each in chain):
            return sentence
    return f"The call failed ({type(chain[0]).__name__})."


def encoded(body: Any) -> bytes:
    """Return a read's parameters as UTF-8 JSON."""
    return json.dumps(body, ensure_ascii=False).encode("utf-8")
