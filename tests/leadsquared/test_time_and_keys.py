"""Deadlines hold wherever time is lost, and keys are nowhere but in the two headers."""

from __future__ import annotations

import logging
import socket
import threading
import time
import traceback

import pytest

from activities.leadsquared import NotSent, OutgoingActivity, RawAnswer, Unclear, read_bulk, request_body
from activities.leadsquared.client import Client
from activities.leadsquared.wire import _Call
from tests.leadsquared.peers import ACCESS_KEY, LONG, SECRET_KEY, YES, Script, answer, drips, resets, says

ME = b'{"Id":"u-1","Name":"Meera"}'


def post(client, **more) -> RawAnswer:
    return client.post_activities("7d1c2f0a-3b44-4c1e-9d55-0f2b6a81c9e4", b"[]", row_count=1, **more)


@pytest.fixture
def trusted(certificate, monkeypatch):
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))


# Time


def test_a_resolver_that_hangs_is_not_waited_for(client_of, monkeypatch):
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(LONG) and [])
    began = time.monotonic()

    with pytest.raises(NotSent, match="in time"):
        post(client_of("http://api.leadsquared.test/v2", connect_timeout=0.2))

    assert time.monotonic() - began < LONG / 4
    released.set()


def test_a_connection_that_comes_too_late_is_closed(client_of, peer, monkeypatch):
    server, resolve, released = peer(says(answer(YES))), socket.getaddrinfo, threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: released.wait(LONG) and resolve(*args, **more))

    with pytest.raises(NotSent, match="in time"):
        post(client_of(server.url, connect_timeout=0.1))
    released.set()

    assert server.heard() == b""


def hears_nothing_more(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def test_a_tls_handshake_that_hangs_ends_in_time(client_of, peer):
    silent = peer(hears_nothing_more, reads=False)
    began = time.monotonic()

    with pytest.raises(Unclear):
        post(client_of(silent.url.replace("http:", "https:"), connect_timeout=0.3, read_timeout=LONG, deadline=LONG))

    assert time.monotonic() - began < LONG / 4


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_slow_bytes_over_tls_end_at_the_deadline(client_of, peer, tls, trusted, head):
    server = peer(drips(head, b"x"), tls=tls)
    began = time.monotonic()

    with pytest.raises(Unclear, match="deadline"):
        post(client_of(server.url, deadline=0.5))

    assert time.monotonic() - began < LONG / 4


def test_a_server_that_reads_nothing_ends_at_the_deadline(client_of, peer):
    finished = threading.Event()
    deaf = peer(lambda _: finished.wait(LONG), reads=False)
    began = time.monotonic()

    with pytest.raises(Unclear):
        client_of(deaf.url, connect_timeout=LONG, read_timeout=LONG, deadline=0.4).post_activities(
            "o", b" " * (32 << 20), row_count=1
        )

    finished.set()
    assert time.monotonic() - began < LONG / 4


def test_interim_answers_without_end_end_at_the_deadline(client_of, peer):
    server = peer(drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"))

    with pytest.raises(Unclear, match="deadline"):
        post(client_of(server.url, deadline=0.4))


def test_a_read_whose_deadline_passed_while_connecting_sends_nothing(client_of, peer, tls, trusted):
    server = peer(lambda connection: connection.recv(65536), reads=False, tls=tls)
    client = client_of(server.url, deadline=0.0)

    with pytest.raises(NotSent, match="time for sending had passed"):
        client.who_am_i()


def test_a_watchdog_that_wakes_up_late_does_not_bite_the_next_call():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        earlier, later = _Call(60, None), _Call(60, None)
        with earlier:
            earlier.check_time(ours)
        with later:
            later.check_time(ours)

            earlier._bite()

            ours.sendall(b"x")
        assert theirs.recv(1) == b"x"


def test_no_watchdog_is_left_behind(client_of, peer):
    server = peer(says(answer(YES)))
    client = client_of(server.url, deadline=60.0)

    post(client)

    assert not [each for each in threading.enumerate() if isinstance(each, threading.Timer) and _is_waiting(each)]


def _is_waiting(timer: threading.Timer) -> bool:
    timer.join(1)
    return timer.is_alive()


# Connections


def always(body: bytes, stop: threading.Event):
    """A script that answers one request after the other on one connection."""

    def script(connection: socket.socket) -> None:
        connection.sendall(answer(body))
        while connection.recv(65536) and not stop.is_set():
            connection.sendall(answer(body))

    return script


def one_after_the_other(*scripts: Script) -> Script:
    """A script for each connection."""
    left = iter(scripts)

    def script(connection: socket.socket) -> None:
        next(left, resets)(connection)

    return script


def test_reads_share_a_connection(client_of, peer):
    server = peer(always(ME, threading.Event()))
    client = client_of(server.url)

    client.who_am_i()
    client.who_am_i()

    assert server.connections == 1


def test_a_write_does_not_use_the_connection_that_a_read_left_open(client_of, peer):
    left_open: list[socket.socket] = []
    server = peer(one_after_the_other(answers_and_stays(left_open), says(answer(ME))))
    client = client_of(server.url)

    client.who_am_i()
    raw = post(client)

    left_open.pop().close()
    assert (raw.body, server.connections) == (ME, 2)


def answers_and_stays(left_open: list[socket.socket]) -> Script:
    def script(connection: socket.socket) -> None:
        left_open.append(connection.dup())
        connection.sendall(answer(ME))

    return script


def test_a_read_after_one_that_failed_has_a_connection_of_its_own(client_of, peer):
    server = peer(one_after_the_other(resets, says(answer(ME))))
    client = client_of(server.url)
    with pytest.raises(Unclear):
        client.who_am_i()

    assert client.who_am_i().user_id == "u-1"


def test_a_read_after_the_server_closed_the_idle_connection_is_answered(client_of, peer):
    server = peer(says(answer(ME)))
    client = client_of(server.url)
    client.who_am_i()
    server.heard()

    assert client.who_am_i().user_id == "u-1"


def test_what_follows_an_answer_is_not_taken_for_the_next_one(client_of, peer):
    server = peer(one_after_the_other(says(answer(ME) + answer(b'{"Id":"somebody else"}')), says(answer(ME))))
    client = client_of(server.url)
    client.who_am_i()
    server.heard()

    assert client.who_am_i().user_id == "u-1"


def test_cookies_are_not_sent_back(client_of, peer):
    server = peer(says(answer(ME, headers="Set-Cookie: session=1; Path=/\r\n")))
    client = client_of(server.url)

    client.who_am_i()
    client.who_am_i()

    assert b"ookie" not in server.heard()


# Answers of an odd form


@pytest.mark.parametrize("location", ["http://", "http://[", "/%zz", "\u00ff\u00fe", "mailto:x", ""])
def test_a_redirect_to_nowhere_is_an_answer_and_not_an_address_that_cannot_be_called(client_of, peer, location):
    head = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode("latin-1")
    server = peer(says(head))

    assert post(client_of(server.url)).status == 302


def test_a_body_without_a_length_ends_with_the_connection(client_of, peer):
    server = peer(says(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + YES))

    raw = post(client_of(server.url))

    assert (raw.body, raw.complete) == (YES, True)


def test_a_body_longer_than_declared_is_cut_and_no_yes(client_of, peer):
    server = peer(says(answer(YES, length=len(YES) - 5)))

    with pytest.raises(Unclear):
        read_bulk(post(client_of(server.url)), row_count=1)


@pytest.mark.parametrize("length", ["-1", "x", "1, 2", "9" * 30])
def test_a_length_that_is_none_makes_no_room_for_other_errors(client_of, peer, length):
    server = peer(says(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode() + b"{}"))

    with pytest.raises(Unclear):
        read_bulk(post(client_of(server.url)), row_count=1)


def test_an_answer_that_only_announces_another_is_no_yes(client_of, peer):
    server = peer(says(b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer(YES)))

    with pytest.raises(Unclear):
        read_bulk(post(client_of(server.url)), row_count=1)


def test_a_head_that_broke_off_is_no_yes(client_of, peer):
    server = peer(says(b"HTTP/1.1 200 OK\r\nContent-Le"))

    with pytest.raises(Unclear):
        read_bulk(post(client_of(server.url)), row_count=1)


def test_headers_can_be_stored(client_of, peer):
    server = peer(says(b"HTTP/1.1 200 OK\r\nRetry-After: 1\x002\xff" + b"9" * 500 + b"\r\nContent-Length: 0\r\n\r\n"))

    kept = post(client_of(server.url)).headers["retry-after"]

    assert kept.startswith("12ÿ9")
    assert len(kept) == 200


@pytest.mark.parametrize("text", ["\ud83d", "\x00", "a&b=c#d/?é", "x" * 5000])
def test_any_text_can_be_searched_for(client_of, peer, text):
    server = peer(says(answer(b"[]")))

    assert client_of(server.url).find_leads(text) == []
    assert server.heard().count(b"\r\n\r\n") == 1


def test_any_text_can_be_posted():
    assert request_body([OutgoingActivity(231, "m@x.in", "half \ud83d")]).decode().count("half ?") == 1


def test_a_check_of_the_keys_that_names_nobody_accepts_nobody(client_of, peer):
    server = peer(says(answer(b"[]")))

    with pytest.raises(Unclear):
        client_of(server.url).who_am_i()


# Keys


@pytest.mark.parametrize(
    "script", [resets, says(b"not HTTP\r\n"), says(answer(YES, length=9999)), lambda connection: connection.recv(1)]
)
def test_no_key_is_in_a_traceback_even_with_the_locals_of_every_frame(client_of, peer, script):
    client = client_of(peer(script).url, read_timeout=0.4)

    with pytest.raises(Unclear) as caught:
        post(client)

    told = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert ACCESS_KEY not in told
    assert SECRET_KEY not in told


def test_no_key_is_in_the_traceback_of_what_was_not_sent(client_of, closed_port):
    client = client_of(f"http://127.0.0.1:{closed_port}/v2")

    with pytest.raises(NotSent) as caught:
        post(client)

    told = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert ACCESS_KEY not in told
    assert SECRET_KEY not in told


def test_no_key_is_in_the_logs_of_the_libraries(client_of, peer, caplog):
    caplog.set_level(logging.DEBUG)
    server = peer(says(answer(YES)))

    post(client_of(server.url))

    assert "POST" in caplog.text
    assert ACCESS_KEY not in caplog.text
    assert SECRET_KEY not in caplog.text


def test_a_key_that_an_answer_repeats_is_taken_out(client_of, peer):
    said = f'{{"Status":"Error","ExceptionMessage":"{ACCESS_KEY} and {SECRET_KEY} do not fit"}}'
    server = peer(says(answer(said.encode(), status="401 No")))

    raw = post(client_of(server.url))

    assert raw.body == b'{"Status":"Error","ExceptionMessage":"[key] and [key] do not fit"}'


def test_a_client_shows_neither_key():
    client = Client("https://api.leadsquared.com/v2", ACCESS_KEY, SECRET_KEY, permit=lambda kind: None)

    shown = repr(client) + repr(vars(client))
    assert ACCESS_KEY not in shown
    assert SECRET_KEY not in shown


def test_netrc_is_not_read(client_of, peer, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password something\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server = peer(says(answer(YES)))

    post(client_of(server.url))

    assert b"uthorization" not in server.heard()


# Pooled connections


def test_a_read_is_made_once_more_when_its_pooled_connection_turns_out_closed(client_of, peer):
    scripts = iter([says(answer(ME)), resets, says(answer(ME))])
    server = peer(lambda connection: next(scripts, resets)(connection))
    client = client_of(server.url)
    client.who_am_i()

    assert client.who_am_i().user_name


def test_a_write_never_is(client_of, peer):
    server = peer(resets)

    with pytest.raises(Unclear):
        post(client_of(server.url))

    assert server.connections == 1
