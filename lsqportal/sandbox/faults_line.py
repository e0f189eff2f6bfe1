"""Faults of the line and of what stands between: nothing answers, connections break, gateways speak."""

from __future__ import annotations

from lsqportal.sandbox.answers import Answer, page
from lsqportal.sandbox.exchange import Exchange
from lsqportal.sandbox.faults import fault

MEGABYTE = 1 << 20


@fault(path="", reads_body=False)
def refuse(exchange: Exchange, *, seconds: float | None = None) -> None:
    """Closes the port the moment it is armed, for so long or until clear(): connections are refused."""
    exchange.reset()  # only asked for by header does it come here: too late to refuse, so break


@fault(reads_body=False)
def reset_before_read(exchange: Exchange) -> None:
    """Breaks the connection before the body is read: nothing is written."""
    exchange.reset()


@fault(reads_body=False)
def accept_and_never_answer(exchange: Exchange, *, seconds: float | None = None) -> None:
    """Accepts the request, reads nothing more, never answers, writes nothing."""
    exchange.wait(seconds)
    exchange.hang_up()


@fault()
def hang_then_write(exchange: Exchange, *, seconds: float | None = 30.0, answer: bool = False) -> None:
    """Says nothing for so long, then writes (the client may have left); `answer` tells it so."""
    if not exchange.wait(seconds):
        exchange.hang_up()
        return
    written = exchange.perform()
    if answer:
        exchange.send(written)
    else:
        exchange.hang_up()


@fault()
def hang_then_not_write(exchange: Exchange, *, seconds: float | None = 30.0) -> None:
    """Says nothing for so long, then closes; nothing is written."""
    exchange.wait(seconds)
    exchange.hang_up()


@fault()
def late_write(exchange: Exchange, *, seconds: float | None = None) -> None:
    """Closes the connection at once and writes so many seconds later; None: when released."""
    request = exchange.request
    exchange.later(seconds, lambda: exchange.perform(request))
    exchange.hang_up()


@fault()
def reset_before_write(exchange: Exchange) -> None:
    """Reads the request, breaks the connection, writes nothing."""
    exchange.read()
    exchange.reset()


@fault()
def reset_after_write(exchange: Exchange) -> None:
    """Writes, then breaks the connection without an answer."""
    exchange.perform()
    exchange.reset()


@fault()
def close_before_write(exchange: Exchange) -> None:
    """Reads the request, closes in an orderly way, writes nothing."""
    exchange.read()
    exchange.hang_up()


@fault()
def close_after_write(exchange: Exchange) -> None:
    """Writes, then closes in an orderly way without an answer."""
    exchange.perform()
    exchange.hang_up()


@fault()
def cut_body(exchange: Exchange, *, keep: int | None = None, chunked: bool = False) -> None:
    """Writes, then sends only the first bytes of the answer (half of it); `chunked` breaks a chunk."""
    answer = exchange.perform()
    kept = answer.body[: len(answer.body) // 2 if keep is None else keep]
    exchange.keep_alive = False
    exchange.received.status = answer.status
    if chunked:
        broken = Answer(answer.status, b"", answer.content_type, {"Transfer-Encoding": "chunked"})
        exchange.send_bytes(exchange.head(broken, None) + f"{len(answer.body):x}\r\n".encode() + kept)
    else:
        exchange.send_bytes(exchange.head(answer, len(answer.body)) + kept)
    exchange.hang_up()


@fault()
def cut_head(exchange: Exchange) -> None:
    """Writes, then sends half of the status line and closes."""
    exchange.perform()
    exchange.send_bytes(b"HTTP/1.1 2")
    exchange.hang_up()


@fault()
def not_http(exchange: Exchange) -> None:
    """Writes, then answers something that is not HTTP."""
    exchange.perform()
    exchange.send_bytes(b"220 smtp.sahyadrihfc.in ESMTP\r\n")
    exchange.hang_up()


@fault()
def bad_gzip(exchange: Exchange) -> None:
    """Writes, then sends an answer that says it is gzip and is not."""
    answer = exchange.perform()
    exchange.send(Answer(answer.status, answer.body, answer.content_type, {"Content-Encoding": "gzip"}))


@fault()
def slow_bytes(exchange: Exchange, *, interval: float = 0.5, count: int | None = None) -> None:
    """Writes, then sends its answer in single bytes, one each `interval` seconds, at most `count` of them."""
    answer = exchange.perform()
    exchange.received.status = answer.status
    content = exchange.head(answer, len(answer.body)) + answer.body
    for byte in content[:count]:
        exchange.send_bytes(bytes([byte]))
        if not exchange.open or not exchange.wait(interval):
            break
    exchange.hang_up()


@fault()
def html(exchange: Exchange, *, status: int = 200, write: bool = False) -> None:
    """Answers with a gateway's HTML page."""
    _perform(exchange, write=write)
    exchange.send(page(status, "Service Unavailable", "Reference #18.4f2c1702"))


@fault()
def empty_body(exchange: Exchange, *, status: int = 200, write: bool = False) -> None:
    """Answers with no body at all."""
    _perform(exchange, write=write)
    exchange.send(Answer(status, b""))


@fault()
def redirect(exchange: Exchange, *, status: int = 302, location: str = "/v2/elsewhere", write: bool = False) -> None:
    """Sends the client elsewhere."""
    _perform(exchange, write=write)
    exchange.send(Answer(status, b"", headers={"Location": location}))


@fault()
def oversized_body(exchange: Exchange, *, megabytes: int = 2, write: bool = True) -> None:
    """Answers with far more bytes than any answer has."""
    _perform(exchange, write=write)
    answer = Answer(200, b"")
    exchange.received.status = 200
    exchange.send_bytes(exchange.head(answer, megabytes * MEGABYTE))
    for _ in range(megabytes):
        if not exchange.open:
            break
        exchange.send_bytes(b" " * MEGABYTE)


@fault()
def wrong_content_type(exchange: Exchange, *, content_type: str = "text/html") -> None:
    """Writes and answers as always, under a wrong content type."""
    answer = exchange.perform()
    exchange.send(Answer(answer.status, answer.body, content_type, answer.headers))


@fault(path="", answering=False)
def clock_off(exchange: Exchange, *, seconds: float = 600.0) -> None:
    """This answer's Date header is so many seconds off."""
    exchange.clock_offset = seconds


@fault(path="", answering=False)
def no_date(exchange: Exchange) -> None:
    """This answer has no Date header."""
    exchange.left_out_headers.add("Date")


@fault(path="", answering=False)
def slow(exchange: Exchange, *, seconds: float = 0.2) -> None:
    """Everything goes well, but takes so many seconds longer."""
    exchange.wait(seconds)


def _perform(exchange: Exchange, *, write: bool) -> None:
    if write:
        exchange.perform()
    else:
        exchange.read()
