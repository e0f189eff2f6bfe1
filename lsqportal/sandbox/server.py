"""The HTTP server: real sockets on loopback, one thread a connection, keep-alive.

Knows HTTP and the order of things (faults first, then the call); what is answered is decided elsewhere.
"""

from __future__ import annotations

import contextlib
import ipaddress
import selectors
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler
from socketserver import BaseServer
from typing import cast
from urllib.parse import parse_qsl, unquote, urlsplit

from lsqportal.sandbox import controls as control_calls
from lsqportal.sandbox.answers import Answer, json_answer, page
from lsqportal.sandbox.controls import Controls
from lsqportal.sandbox.exchange import Exchange
from lsqportal.sandbox.faults import ArmedFault, named_in_header
from lsqportal.sandbox.records import ReceivedRequest

LARGEST_BODY = 20 << 20
IDLE_SECONDS = 120.0
FAULT_HEADER = "x-sandbox-fault"


class Server:
    """Listens, and answers every connection in a thread of its own."""

    def __init__(self, controls: Controls, *, host: str = "127.0.0.1", port: int = 0) -> None:
        # The keys and the people are pretended, but nothing here is meant for a network.
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise ValueError(f"The sandbox listens on loopback only, not on {host}.")
        self.controls = controls
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._address = (host, port)
        self._listener = self._bound()
        self._listener.listen(128)
        self._address = (host, self._listener.getsockname()[1])
        self._listening = True
        self._stopping = False
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        self._wake, self._woken = socket.socketpair()
        controls.gate.changed = self._gate_changed
        shown = f"[{host}]" if ":" in host else host
        self.url = controls.account.url = f"http://{shown}:{self._address[1]}/v2"
        self._thread = threading.Thread(target=self._accept, name="sandbox", daemon=True)

    def _bound(self) -> socket.socket:
        listener = socket.socket(self._family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(self._address)
        listener.settimeout(0)  # a client that left before accept() must not stop the loop
        return listener

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop listening, drop what hangs, end every connection, wait for their threads."""
        self._stopping = True
        self.controls.gate.changed = lambda position: None
        self.controls.waiting.drop()
        self._wake.send(b"x")
        self._thread.join()
        with self._lock:
            connections = dict(self._open)
        for connection, thread in connections.items():
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=2)
        for each in (self._listener, self._wake, self._woken):
            each.close()

    def _gate_changed(self, position: str) -> None:
        """Close the port, or open it again. Closed it stays bound, so that nobody else can get it."""
        opened = position == "open"
        with self._lock:
            if opened == self._listening or self._stopping:
                return
            if opened:
                self._listener.listen(128)
            else:
                self._listener.close()
                self._listener = self._bound()
                for connection, thread in self._open.items():
                    if thread is not threading.current_thread():  # it still answers whoever asked for this
                        with contextlib.suppress(OSError):
                            connection.shutdown(socket.SHUT_RDWR)
            self._listening = opened
        self._wake.send(b"x")

    def _accept(self) -> None:
        while not self._stopping:
            with selectors.DefaultSelector() as selector:
                selector.register(self._woken, selectors.EVENT_READ)
                with self._lock:
                    if self._listening:
                        selector.register(self._listener, selectors.EVENT_READ)
                self._accept_until_woken(selector)

    def _accept_until_woken(self, selector: selectors.BaseSelector) -> None:
        while True:
            for key, _ in selector.select():
                if key.fileobj is self._woken:
                    self._woken.recv(64)
                    return
                with contextlib.suppress(OSError):
                    self._converse(*cast(socket.socket, key.fileobj).accept())

    def _converse(self, connection: socket.socket, peer: object) -> None:
        connection.settimeout(None)
        thread = threading.Thread(target=self._answer_all, args=(connection, peer), daemon=True)
        with self._lock:
            self._open[connection] = thread
        thread.start()

    def _answer_all(self, connection: socket.socket, peer: object) -> None:
        try:
            # Every answer is sent in one piece; waiting for more would only add 40 ms.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # It asks its server only for the controls.
            Conversation(connection, peer, cast(BaseServer, self))
        except OSError:
            pass  # the client left, or the server closes: neither is news
        finally:
            with self._lock:
                self._open.pop(connection, None)
            connection.close()


class Conversation(BaseHTTPRequestHandler):
    """One connection: request after request until either side has enough."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS

    @property
    def controls(self) -> Controls:
        return cast(Server, self.server).controls

    def log_message(self, format: str, *arguments: object) -> None:
        """Quiet: the requests are recorded, and a log would hold keys."""

    def handle_one_request(self) -> None:
        self.close_connection = True
        self.raw_requestline = self.rfile.readline(65537)
        arrived_at, arrived_at_monotonic = time.time(), time.monotonic()
        if not self.raw_requestline or not self.parse_request():
            return
        target = urlsplit(self.path)
        received = ReceivedRequest(
            self.command,
            unquote(target.path),
            dict(parse_qsl(target.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            b"",
            arrived_at,
            arrived_at_monotonic,
        )
        exchange = Exchange(self.controls.account, received, self.connection, self.controls.waiting, self._body)
        exchange.keep_alive = not self.close_connection
        if received.path.startswith("/_sandbox/"):
            exchange.send(control_calls.answered(self.controls, exchange.request))
        else:
            self.controls.received.append(received)
            self._answer(exchange)
        self.close_connection = self.close_connection or not exchange.open or not exchange.keep_alive
        if not exchange.open:
            self._let_go()

    def _answer(self, exchange: Exchange) -> None:
        """Let the faults strike, then answer, unless one of them has."""
        try:
            striking = self._striking(exchange.received)
        except ValueError as wrong:
            exchange.read()
            exchange.send(json_answer({"error": str(wrong)}, status=400))
            return
        exchange.received.fault = ", ".join(each.kind.name for each in striking) or None
        for each in sorted(striking, key=lambda fault: fault.kind.answering):
            if each.kind.reads_body:
                exchange.read()
            with self.controls.waiting.hold():
                each.strike(exchange)
        if not any(each.kind.answering for each in striking):
            exchange.send(exchange.perform())

    def _striking(self, received: ReceivedRequest) -> list[ArmedFault]:
        header = received.headers.get(FAULT_HEADER)
        armed = self.controls.faults.for_request(received.path)
        return [named_in_header(header), *armed][:1] if header else armed

    def _body(self) -> bytes:
        """The request's body. Raises: ConnectionError when the client leaves before its end."""
        declared = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers:
            self._send_and_leave(page(411, "Length Required", "The body needs a Content-Length."))
        if not (declared.isascii() and declared.isdecimal()):
            self._send_and_leave(page(400, "Bad Request", "Content-Length is no number."))
        length = int(declared)
        if length > LARGEST_BODY:
            self._send_and_leave(page(413, "Request Entity Too Large", "The body is too large."))
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionError("The client left before the end of its request.")
        return body

    def _send_and_leave(self, answer: Answer) -> None:
        head = f"HTTP/1.1 {answer.status} Refused\r\nConnection: close\r\nContent-Length: {len(answer.body)}"
        self.connection.sendall(f"{head}\r\n\r\n".encode() + answer.body)
        raise ConnectionError("The request's body cannot be taken.")

    def _let_go(self) -> None:
        """Close for real now: rfile holds a reference, and a reset must not wait for it."""
        self.rfile.close()
        self.connection.close()

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().finish()
