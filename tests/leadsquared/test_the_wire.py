"""What a failure proves: style guide 5.1 and 5.11, measured against real sockets."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback

import pytest

from activities.leadsquared import LeadSquaredError, NotSent, Unclear
from activities.leadsquared.client import BULK, Client
from tests.leadsquared.peers import ACCESS_KEY, LONG, SECRET_KEY, YES, answer, drips, resets, resets_unread, says

OPPORTUNITY = "7d1c2f0a-3b44-4c1e-9d55-0f2b6a81c9e4"
BODY = b'[{"ActivityEvent":204}]'


def post(client, body=BODY, **more):
    return client.post_activities(OPPORTUNITY, body, row_count=1, **more)


def what_came_of(client):
    """What is kept of an answer that broke off."""
    with pytest.raises(Unclear) as caught:
        post(client)
    return caught.value.raw


# Nothing left


def test_a_closed_port_proves_that_nothing_was_sent(client_of, closed_port):
    client = client_of(f"http://127.0.0.1:{closed_port}/v2")

    with pytest.raises(NotSent):
        post(client)


def test_an_unknown_host_proves_that_nothing_was_sent(client_of):
    client = client_of("http://nohost.invalid/v2")

    with pytest.raises(NotSent, match="could not be resolved"):
        post(client)


def test_a_certificate_that_is_not_trusted_proves_that_nothing_was_sent(client_of, peer, tls):
    stranger = peer(says(answer(YES)), tls=tls)

    with pytest.raises(NotSent, match="certificate"):
        post(client_of(stranger.url))

    assert stranger.heard() == b""


def test_a_handshake_that_fails_for_another_reason_leaves_it_unclear(client_of, peer):
    plain = peer(says(b"not TLS at all\r\n"), reads=False)

    with pytest.raises(Unclear):
        post(client_of(plain.url.replace("http:", "https:")))


def test_a_call_whose_time_has_passed_sends_nothing_over_its_connection(client_of, peer):
    server = peer(says(answer(YES)))
    client = client_of(server.url)

    with pytest.raises(NotSent, match="time for sending had passed"):
        post(client, not_after=client.now() - 0.001)

    assert server.heard() == b""
    assert server.connections == 1


def test_the_time_is_looked_at_after_the_tls_handshake(client_of, peer, tls, certificate, monkeypatch):
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))
    server = peer(says(answer(YES)), tls=tls)
    client = client_of(server.url)

    with pytest.raises(NotSent, match="time for sending had passed"):
        post(client, not_after=client.now() - 0.001)

    assert server.heard() == b""
    assert server.connections == 1


def test_a_call_over_tls_is_answered(client_of, peer, tls, certificate, monkeypatch):
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))
    server = peer(says(answer(YES)), tls=tls)

    raw = post(client_of(server.url), not_after=Client.now() + 5)

    assert (raw.status, raw.body, raw.complete) == (200, YES, True)


class Leave:
    """A permit that is fresh for some seconds, and after its renewal so long again."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.begin_by = seconds, Client.now() + seconds

    def renew(self) -> Leave:
        return Leave(self.seconds)


def late(connection: socket.socket) -> None:
    time.sleep(0.3)


@pytest.mark.parametrize("call", [post, lambda client, **_: client.who_am_i()], ids=["a write", "a read"])
def test_a_permit_that_goes_stale_while_the_connection_is_made_is_renewed_on_it(
    client_of, peer, tls, certificate, monkeypatch, call
):
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))
    server = peer(says(answer(b'{"Id":"u-1"}')), tls=tls, shakes_hands=late)
    client = client_of(server.url, permit=lambda kind: Leave(0.1), connect_timeout=2, read_timeout=2, deadline=3)

    call(client, permit=Leave(0.1))

    assert server.heard()
    assert server.connections == 1


def test_a_permit_that_is_refused_on_the_open_connection_sends_nothing(client_of, peer):
    class Refused(Leave):
        def renew(self) -> Leave:
            raise full

    full = NotSent(said="The limit is used up.")
    server = peer(says(answer(YES)))

    with pytest.raises(NotSent) as caught:
        post(client_of(server.url), permit=Refused(-1))

    assert caught.value is full
    assert server.heard() == b""


def test_head_and_body_leave_as_one(client_of, peer):
    pieces: list[bytes] = []

    def takes_one_piece(connection: socket.socket) -> None:
        pieces.append(connection.recv(65536))
        connection.sendall(answer(YES))

    post(client_of(peer(takes_one_piece, reads=False).url))

    assert pieces[0].endswith(b"\r\n\r\n" + BODY)


SUSPENDED = """
import sys
import requests.adapters
from activities.leadsquared import LeadSquaredError
from activities.leadsquared.client import Client
requests.adapters.DEFAULT_CA_BUNDLE_PATH = sys.argv[2]
client = Client(sys.argv[1], "key", "secret", permit=lambda kind: None, connect_timeout=20, deadline=30)
try:
    client.post_activities("o", b"[]", row_count=1, not_after=client.now() + 0.5)
except LeadSquaredError as error:
    print(type(error).__name__)
"""


def test_a_worker_suspended_between_connecting_and_sending_sends_nothing(tls, certificate):
    """It is stopped while it waits for the server's half of the handshake, so surely before its first byte."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"https://127.0.0.1:{listener.getsockname()[1]}/v2"
    command = [sys.executable, "-c", SUSPENDED, url, str(certificate)]
    with listener, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        connection, _ = listener.accept()
        connection.settimeout(10)
        os.kill(worker.pid, signal.SIGSTOP)
        wakes = threading.Timer(0.7, os.kill, (worker.pid, signal.SIGCONT))
        wakes.start()
        with tls.wrap_socket(connection, server_side=True) as talk:
            received = talk.recv(65536)
        said = worker.communicate(timeout=10)[0]
        wakes.join()

    assert said.split() == ["NotInTime"]
    assert received == b""


@pytest.mark.parametrize("key", ["line\nbreak", "schlüssel", " padded ", "null\x00"])
def test_keys_that_no_header_can_carry_are_not_sent_and_not_repeated(client_of, peer, key):
    server = peer(says(answer(YES)))

    with pytest.raises(NotSent) as caught:
        post(client_of(server.url, secret_key=key))

    assert key.strip() not in "".join(traceback.format_exception(caught.value))
    assert server.connections == 0


def test_an_address_that_is_none_is_not_sent(client_of):
    with pytest.raises(NotSent, match="LSQ_API_URL"):
        post(client_of("ftp:/nowhere"))


# May have left


def test_a_reset_before_reading_leaves_it_unclear(client_of, peer):
    server = peer(resets_unread, reads=False)

    with pytest.raises(Unclear):
        post(client_of(server.url))


def test_a_reset_after_reading_leaves_it_unclear(client_of, peer):
    server = peer(resets)

    with pytest.raises(Unclear):
        post(client_of(server.url))

    assert server.heard().endswith(BODY)


def test_a_close_after_reading_leaves_it_unclear(client_of, peer):
    server = peer(says())

    with pytest.raises(Unclear):
        post(client_of(server.url))


def test_no_answer_in_time_leaves_it_unclear(client_of, peer):
    server = peer(lambda connection: connection.recv(1))

    with pytest.raises(Unclear, match="No answer came in time"):
        post(client_of(server.url, read_timeout=0.4))


def test_something_that_is_not_http_leaves_it_unclear(client_of, peer):
    server = peer(says(b"SSH-2.0-dropbear\r\n"))

    with pytest.raises(Unclear):
        post(client_of(server.url))


def test_a_body_shorter_than_declared_leaves_it_unclear_and_is_kept(client_of, peer):
    server = peer(says(answer(YES[:40], length=len(YES))))

    raw = what_came_of(client_of(server.url))

    assert (raw.status, raw.body) == (200, YES[:40])
    assert raw.complete is False


def test_a_broken_chunk_leaves_it_unclear_and_what_came_is_kept(client_of, peer):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server = peer(says(head + b"28\r\n" + YES[:40] + b"\r\nzz\r\n"))

    raw = what_came_of(client_of(server.url))

    assert raw.body == YES[:40]


def test_chunks_that_end_well_are_an_answer(client_of, peer):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    whole = b"%x\r\n%s\r\n0\r\n\r\n" % (len(YES), YES)
    server = peer(says(head, whole[:30], whole[30:], pause=0.05))

    raw = post(client_of(server.url))

    assert (raw.body, raw.complete) == (YES, True)


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"]
)
def test_single_slow_bytes_end_at_the_deadline(client_of, peer, head):
    server = peer(drips(head, b"x"))
    began = time.monotonic()

    with pytest.raises(Unclear):
        post(client_of(server.url, deadline=0.6))

    assert time.monotonic() - began < LONG / 4


def test_slow_bytes_without_a_length_are_no_whole_answer(client_of, peer):
    server = peer(drips(b"HTTP/1.1 200 OK\r\n\r\n" + YES, b" "))

    raw = what_came_of(client_of(server.url, deadline=0.6))

    assert raw.body.startswith(YES)


def test_an_answer_that_is_too_large_is_cut_at_a_mebibyte(client_of, peer):
    server = peer(says(answer(b" " * (3 << 20))))

    raw = what_came_of(client_of(server.url))

    assert len(raw.body) == 1 << 20


def test_a_head_without_end_leaves_it_unclear(client_of, peer):
    server = peer(says(b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"x" * (1 << 20)))

    with pytest.raises(Unclear):
        post(client_of(server.url))


# Answers


@pytest.mark.parametrize("status", ["200 OK", "302 Found", "401 No", "429 Slow", "500 Oops", "599 What"])
def test_whatever_the_status_the_answer_comes_back_unread(client_of, peer, status):
    server = peer(says(answer(b"<html>", status=status, headers="Retry-After: 7\r\nX-Other: no\r\n")))

    raw = post(client_of(server.url))

    assert (raw.status, raw.body, raw.complete) == (int(status[:3]), b"<html>", True)
    assert dict(raw.headers) == {"retry-after": "7"}


def test_a_redirect_is_not_followed(client_of, peer):
    elsewhere = peer(says(answer(YES)))
    server = peer(says(answer(b"", status="307 Moved", headers=f"Location: {elsewhere.url}\r\n")))

    raw = post(client_of(server.url))

    assert raw.status == 307
    assert elsewhere.connections == 0


def test_the_body_of_a_redirect_is_capped_too(client_of, peer):
    large = answer(b" " * (3 << 20), status="302 Found", headers="Location: /elsewhere\r\n")
    server = peer(says(large))

    raw = what_came_of(client_of(server.url))

    assert len(raw.body) == 1 << 20


def test_gzip_that_nobody_asked_for_comes_back_as_it_came(client_of, peer):
    server = peer(says(answer(b"not gzip", headers="Content-Encoding: gzip\r\n")))

    raw = post(client_of(server.url))

    assert raw.body == b"not gzip"


# The request


def test_keys_travel_in_headers_and_never_in_the_address(client_of, peer):
    server = peer(says(answer(YES)))

    post(client_of(server.url))

    head = server.heard().partition(b"\r\n\r\n")[0].decode()
    first, *headers = head.split("\r\n")
    assert first == f"POST /v2/{BULK}?opportunityId={OPPORTUNITY} HTTP/1.1"
    assert {f"x-LSQ-AccessKey: {ACCESS_KEY}", f"x-LSQ-SecretKey: {SECRET_KEY}"} <= set(headers)
    assert "Content-Type: application/json; charset=utf-8" in headers
    assert "Accept-Encoding: identity" in headers


def test_every_write_opens_its_own_connection(client_of, peer):
    server = peer(says(answer(YES)))
    client = client_of(server.url)

    post(client)
    post(client)

    assert server.connections == 2


def test_proxies_of_the_environment_are_not_used(client_of, peer, closed_port, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port}")
    server = peer(says(answer(YES)))

    assert post(client_of(server.url)).status == 200


def test_a_large_body_arrives_whole(client_of, peer):
    server = peer(says(answer(YES)))
    body = b"[" + b" " * (2 << 20) + b"]"

    post(client_of(server.url, deadline=5.0), body)

    assert server.heard().endswith(body)


def test_neither_key_is_in_what_a_client_or_its_errors_show(client_of, closed_port):
    client = client_of(f"http://127.0.0.1:{closed_port}/v2")

    with pytest.raises(NotSent) as caught:
        post(client)

    shown = repr(client) + "".join(traceback.format_exception(caught.value)) + repr(caught.value.__dict__)
    assert ACCESS_KEY not in shown
    assert SECRET_KEY not in shown
    assert getattr(caught.value.__cause__, "request", None) is None


def test_what_somebody_up_the_stack_was_handling_proves_nothing(client_of, peer, closed_port):
    broken, closed = peer(resets), client_of(f"http://127.0.0.1:{closed_port}/v2")

    with pytest.raises(LeadSquaredError) as caught:
        _post_while_handling(closed, client_of(broken.url))

    assert type(caught.value) is Unclear


def _post_while_handling(first, then):
    try:
        post(first)
    except NotSent:
        post(then)
