"""HTTP to LeadSquared: what leaves, when it may still leave, what comes back, and what a failure proves.

The dividing line is whether a call may have been written. `requests.ConnectionError` does not draw it: it covers both a
closed port and a peer that hung up after reading. So the chain of causes is asked, and the connection itself, which
knows whether its first byte was on its way. The default is `Unclear`.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final, Protocol, Self
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3 import exceptions as lower
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from activities.leadsquared.answers import as_text
from activities.leadsquared.errors import LeadSquaredError, NotInTime, NotSent, Unclear
from activities.leadsquared.records import RawAnswer

KEY_HEADERS: Final = ("x-LSQ-AccessKey", "x-LSQ-SecretKey")  # [DOC] leadsquared-api §13
RESET: Final = "The connection was reset."
ENDED: Final = "The connection ended without a whole answer."
HUNG_UP: Final = frozenset({RESET, ENDED})
KEPT_HEADERS: Final = ("content-type", "date", "retry-after")
SHORTEST_KEY: Final = 8  # what is shorter is no key, and would be found in any answer
MOST_RENEWALS: Final = 5  # a permit that went stale so often was not the machine's bad luck
_CHUNK: Final = 16 * 1024
# CLOCK_BOOTTIME goes on while a laptop sleeps; where there is none, the monotonic clock has to do.
_CLOCK_ID: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_at_work = threading.local()


def clock() -> float:
    """Return seconds of a clock that never goes back and does not stop while the machine sleeps."""
    return time.clock_gettime(_CLOCK_ID)


class Permit(Protocol):
    """Leave to make one call, which goes stale: the server counts when a call arrives, not when it was allowed."""

    @property
    def begin_by(self) -> float:
        """The reading of `clock` by which the call begins."""
        ...

    def renew(self) -> Permit:
        """Return a fresh one for the same call, which has not begun; raise to refuse it."""
        ...


class TooLate(Exception):
    """The time in which a call may begin had passed before its first byte left; `refusal` says why it got no more."""

    def __init__(self, refusal: LeadSquaredError | None = None) -> None:
        super().__init__()
        self.refusal = refusal


class NoThread(Exception):
    """The machine gives no thread for the watchdog, so the call was not begun."""


class _OutOfTime(Exception):
    """The call took longer than its deadline."""


class _Oversized(Exception):
    """The body is larger than any answer has a reason to be."""


class _Call:
    """One call on its way: until when bytes may leave, whether any did, and the watchdog that ends it.

    The watchdog is needed because a read time-out starts anew with every byte that comes.
    """

    def __init__(self, seconds: float, not_after: float | None, permit: Permit | None = None) -> None:
        self.has_begun = False
        self.has_bitten = False
        self._permit = permit
        self._sends_until = min(clock() + seconds, float("inf") if not_after is None else not_after)
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._watchdog = threading.Timer(seconds, self._bite)
        self._watchdog.daemon = True

    def __enter__(self) -> Self:
        try:
            self._watchdog.start()
        except RuntimeError as no_thread_left:
            raise NoThread from no_thread_left
        _at_work.call = self
        return self

    def __exit__(self, *_: object) -> None:
        self._watchdog.cancel()
        with self._lock:  # a watchdog that is just waking up must not bite the next call of this connection
            self._socket = None

    def check_time(self, sock: socket.socket) -> None:
        """Say that bytes are about to leave by this socket; a permit that went stale on the way to it is renewed.

        Raises:
            TooLate: the time is over, or there is no fresh permit, and nothing has left.
        """
        for _ in range(MOST_RENEWALS):
            if self._begins(sock):
                return
            self._renew()
        if not self._begins(sock):
            raise TooLate

    def _begins(self, sock: socket.socket) -> bool:
        with self._lock:
            if self.has_bitten or clock() > self._sends_until:
                raise TooLate
            self.has_begun = self._permit is None or clock() <= self._permit.begin_by
            self._socket = sock if self.has_begun else None
            return self.has_begun

    def _renew(self) -> None:
        try:
            self._permit = self._permit and self._permit.renew()
        except LeadSquaredError as refusal:
            raise TooLate(refusal) from None
        except Exception as cause:
            raise TooLate(NotSent(said="There was no permit for the call.")) from cause

    def _bite(self) -> None:
        with self._lock:
            self.has_bitten = True
            if self._socket is not None:
                with contextlib.suppress(OSError):  # it was closed in this very moment, which is all that is wanted
                    # Not SSLSocket.shutdown, which drops the encryption first: another thread may be sending.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class _Connection(HTTPConnection):
    """A connection that asks its call before the first byte, after TCP and TLS: whoever was suspended sends nothing.

    Head and body leave as one. Otherwise a head would leave in time and its body long after it.
    """

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request, unless it is too late."""
        self._held = bytearray()
        super().request(*args, **kwargs)
        if self.sock is None:
            self.connect()
        _at_work.call.check_time(self.sock)
        super().send(bytes(self._held))

    def send(self, data: Any) -> None:
        """Hold a part of the request until it is whole."""
        self._held += data

    def _new_conn(self) -> socket.socket:
        """Connect within the time-out all told: the resolver knows none, and each of a host's addresses gets one."""
        pending: Future[socket.socket] = Future()
        threading.Thread(target=_settle, args=(pending, super()._new_conn), daemon=True).start()
        try:
            return pending.result(self.timeout)
        except TimeoutError as cause:
            pending.add_done_callback(_close)
            raise lower.ConnectTimeoutError(self, "No connection in time.") from cause


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    """An adapter without retries, whose connections ask their call."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make pools of our connections."""
        super().init_poolmanager(*args, **kwargs)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}


class Session(requests.Session):
    """A session that looks at no redirect: requests would read its whole body, and stumble over its Location."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Answer that there is none."""
        return None


def new_session() -> Session:
    """Return a session without proxies, netrc, cookies, redirects or retries; for `exchange` only."""
    session = Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = _Adapter(pool_maxsize=4, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def exchange(
    session: Session,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None,
    timeout: tuple[float, float],
    deadline: float,
    most_bytes: int,
    row_count: int = 1,
    not_after: float | None = None,
    permit: Permit | None = None,
) -> RawAnswer:
    """Make one call and return what came, whatever its status.

    `timeout` is (connect, read) and `deadline` the whole call's time, in seconds; `most_bytes` caps the body. After
    `not_after`, a reading of `clock`, no byte leaves any more. A stale `permit` is renewed once the connection stands:
    however long connecting takes, the call arrives soon after it was allowed.

    Raises:
        NotSent: there is positive proof that nothing left; also what a permit's renewal raises.
        Unclear: there is none; `raw` holds what came before it broke off.
    """
    _check_headers(headers, row_count)
    call, started = _Call(deadline, not_after, permit), clock()
    received = bytearray()
    answer: requests.Response | None = None
    try:
        with call:
            answer = session.request(
                method, url, headers=headers, data=body, timeout=timeout, stream=True, allow_redirects=False
            )
            for chunk in _chunks(answer):
                received += chunk
                if len(received) > most_bytes:
                    raise _Oversized
            if call.has_bitten:
                raise _OutOfTime  # a body without a length ends like one that was cut
        return _raw(answer, _without_keys(received, headers), started, complete=True)
    except Exception as cause:
        cause = _OutOfTime(cause) if call.has_bitten else cause
        raw = None
        if answer is not None:
            raw = _raw(answer, _without_keys(received[:most_bytes], headers), started, complete=False)
        raise _translated(cause, raw, row_count, has_begun=call.has_begun) from cause
    finally:
        if answer is not None:
            with contextlib.suppress(OSError, HTTPException, lower.HTTPError):
                answer.close()


def encoded(body: Any) -> bytes:
    """Return a read's parameters as UTF-8 JSON."""
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def _check_headers(headers: Mapping[str, str], row_count: int) -> None:
    """Refuse what the libraries would refuse with the whole key in their exception's text."""
    for value in headers.values():
        if not value.isascii() or not value.isprintable() or value != value.strip():
            said = "LSQ_ACCESS_KEY or LSQ_SECRET_KEY begins or ends with a space, or has a character that no key has."
            raise NotSent(said=said, row_count=row_count)


def _settle(pending: Future[socket.socket], connect: Callable[[], socket.socket]) -> None:
    try:
        pending.set_result(connect())
    except Exception as cause:  # noqa: BLE001 it is raised where the result is waited for
        pending.set_exception(cause)


def _close(late: Future[socket.socket]) -> None:
    if late.exception() is None:
        late.result().close()


def _chunks(answer: requests.Response) -> Iterator[bytes]:
    while chunk := answer.raw.read1(_CHUNK):
        yield chunk
    if answer.raw.length_remaining:
        raise lower.IncompleteRead(0, answer.raw.length_remaining)


def _raw(answer: requests.Response, body: bytes, started: float, *, complete: bool) -> RawAnswer:
    headers = {name: as_text(answer.headers[name])[:200] for name in KEPT_HEADERS if name in answer.headers}
    return RawAnswer(answer.status_code, headers, body, complete, round(clock() - started, 3))


def _without_keys(body: bytearray, headers: Mapping[str, str]) -> bytes:
    """An answer is stored and quoted: a key that it repeats is taken out."""
    clean = bytes(body)
    for key in (headers.get(name, "") for name in KEY_HEADERS):
        if len(key) >= SHORTEST_KEY:
            clean = clean.replace(key.encode(), b"[key]").replace(quote(key).encode(), b"[key]")
    return clean


# What proves that nothing left, the most telling first; without one of these a call is never judged not sent.
_PROOFS: Final[Mapping[type[BaseException], str]] = {
    TooLate: "The time for sending had passed before anything left.",
    lower.NameResolutionError: "LeadSquared’s host name could not be resolved.",
    lower.NewConnectionError: "LeadSquared’s host refused the connection.",
    lower.ConnectTimeoutError: "No connection came about in time.",
    ssl.SSLCertVerificationError: "The certificate of LeadSquared’s host could not be verified.",
    NoThread: "The machine is too busy for a call.",
    requests.exceptions.InvalidURL: "LSQ_API_URL is not an address that can be called.",
    requests.exceptions.MissingSchema: "LSQ_API_URL is not an address that can be called.",
    requests.exceptions.InvalidSchema: "LSQ_API_URL is not an address that can be called.",
}
_EVENTS: Final[Mapping[type[BaseException], str]] = {
    _OutOfTime: "The call took longer than its deadline.",
    _Oversized: "The answer is larger than any answer should be.",
    requests.exceptions.ReadTimeout: "No answer came in time.",
    lower.ReadTimeoutError: "No answer came in time.",
    TimeoutError: "No answer came in time.",
    lower.IncompleteRead: "The answer broke off.",
    ConnectionResetError: RESET,
    lower.ProtocolError: ENDED,
}


def _translated(
    cause: BaseException, raw: RawAnswer | None, row_count: int, *, has_begun: bool = False
) -> LeadSquaredError:
    """Say what a failure proves; the one place where the libraries' exceptions become the room's."""
    chain = list(_chain(cause))
    _forget_the_request(chain)
    if raw is None and not has_begun and (sentence := _sentence(_PROOFS, chain)):
        late = next((each for each in chain if isinstance(each, TooLate)), None)
        kind = NotInTime if late else NotSent
        return (late and late.refusal) or kind(said=sentence, row_count=row_count)
    said = _sentence(_EVENTS, chain) or f"The call failed ({type(chain[0]).__name__})."
    return Unclear(status=raw.status if raw else None, said=said, row_count=row_count, raw=raw)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and what the libraries wrapped in it.

    Not `__context__`: it also holds whatever somebody up the stack was handling, which proves nothing about this call.
    """
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        each = waiting.pop(0)
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__cause__, getattr(each, "reason", None), *each.args]


def _sentence(sentences: Mapping[type[BaseException], str], chain: list[BaseException]) -> str:
    named = (said for kind, said in sentences.items() if any(isinstance(each, kind) for each in chain))
    return next(named, "")


def _forget_the_request(chain: list[BaseException]) -> None:
    """The libraries' exceptions carry the request, and their frames its headers: the keys go, the lines stay."""
    for each in chain:
        if isinstance(each, requests.RequestException):
            each.request = each.response = None
        traceback.clear_frames(each.__traceback__)
