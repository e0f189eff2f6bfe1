"""A server on loopback that misbehaves on the socket's own level. Nothing of Django is here."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable

ACCESS_KEY, SECRET_KEY = "u$rTESTACCESS", "test-secret-5d1e"
YES = (
    b'{"Response":[{"ProspectActivityId":"11111111-2222-4333-8444-555555555555","RowNumber":1,"ActivityCreated":true}]}'
)
Script = Callable[[socket.socket], None]
# How long a peer holds out, in seconds: what has to end by itself ends in a small part of it, on a busy machine too.
LONG = 60.0


def no_limit(kind: str) -> None:
    """A permit that is always given."""


def answer(body: bytes, *, status: str = "200 OK", headers: str = "", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\n{headers}\r\n".encode() + body


class Peer:
    """Listens on a port and does with each connection what its script says, after reading the request."""

    def __init__(
        self,
        script: Script,
        *,
        reads: bool = True,
        tls: ssl.SSLContext | None = None,
        shakes_hands: Script = lambda _: None,
    ) -> None:
        self._script, self._reads, self._tls, self._shakes_hands = script, reads, tls, shakes_hands
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        self.received = bytearray()
        self.done = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/v2"

    def heard(self) -> bytes:
        """What the first connection brought, once it has ended."""
        assert self._ended.wait(LONG)
        return bytes(self.received)

    def close(self) -> None:
        self.done.set()
        self._listener.close()
        # close() alone does not wake accept()
        with socket.socket() as knock:
            knock.connect_ex(("127.0.0.1", self.port))
        self._thread.join(timeout=2)

    def _serve(self) -> None:
        while not self.done.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                try:
                    self._converse(connection)
                except OSError:
                    pass
                finally:
                    self._ended.set()

    def _converse(self, connection: socket.socket) -> None:
        connection.settimeout(LONG)
        self._shakes_hands(connection)
        with self._tls.wrap_socket(connection, server_side=True) if self._tls else connection as talk:
            if self._reads:
                self._read(talk)
            self._script(talk)

    def _read(self, connection: socket.socket) -> None:
        request = bytearray()
        while b"\r\n\r\n" not in request:
            piece = connection.recv(65536)
            if not piece:
                return
            request += piece
            self.received += piece
        head, _, body = bytes(request).partition(b"\r\n\r\n")
        lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        missing = int(lengths[0].split(b":")[1]) - len(body) if lengths else 0
        while missing > 0:
            piece = connection.recv(missing)
            if not piece:
                return
            self.received += piece
            missing -= len(piece)


def says(*pieces: bytes, pause: float = 0.0) -> Script:
    """Send these pieces, then close in an orderly way."""

    def script(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)

    return script


def resets(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def resets_unread(connection: socket.socket) -> None:
    """Break off with the request waiting unread, surely after the connection came about."""
    connection.recv(1, socket.MSG_PEEK)
    resets(connection)


def drips(head: bytes, byte: bytes) -> Script:
    """Send a head, then single bytes for as long as somebody listens."""

    def script(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(byte)
            time.sleep(0.05)

    return script
