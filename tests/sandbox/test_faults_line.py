"""Faults of the line, over real sockets: what the client sees, and what was written all the same."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time

import pytest

from lsqportal.sandbox import FAULTS

KEY_CHECK = "Authentication.svc/UserByAccessKey.Get"
BROKEN = (ConnectionResetError, http.client.RemoteDisconnected, BrokenPipeError)


def is_open(crm) -> bool:
    with contextlib.suppress(ConnectionRefusedError):
        return crm.get(KEY_CHECK).status == 200
    return False


def test_every_fault_says_in_one_line_what_it_does():
    assert all(kind.about.endswith(".") and len(kind.about) < 110 for kind in FAULTS.values())


def test_an_unknown_fault_raises(sandbox):
    with pytest.raises(ValueError, match="no_such_fault"):
        sandbox.fault("no_such_fault")


def test_an_unknown_option_raises(sandbox):
    with pytest.raises(ValueError, match="has no option"):
        sandbox.fault("html", colour="red")


def test_a_closed_port_refuses_connections_until_clear(crm, sandbox):
    sandbox.fault("refuse")
    with pytest.raises(ConnectionRefusedError):
        crm.get(KEY_CHECK)

    sandbox.clear()

    assert crm.get(KEY_CHECK).status == 200


def test_a_closed_port_opens_again_after_its_seconds(crm, sandbox):
    sandbox.fault("refuse", seconds=1)
    with pytest.raises(ConnectionRefusedError):
        crm.get(KEY_CHECK)

    assert crm.until(lambda: is_open(crm), seconds=10)


def test_a_closed_port_ends_kept_connections_too(crm, sandbox):
    connection = crm.connection()
    connection.request("GET", f"/v2/{KEY_CHECK}", headers=crm.keys)
    connection.getresponse().read()

    sandbox.fault("refuse")

    assert connection.sock.recv(1) == b""
    connection.close()


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("reset_before_read", 0),
        ("reset_before_write", 0),
        ("reset_after_write", 1),
        ("close_before_write", 0),
        ("close_after_write", 1),
    ],
)
def test_a_broken_connection_tells_nothing_about_the_write(crm, sandbox, name, written):
    sandbox.fault(name)

    with pytest.raises(BROKEN):
        crm.bulk([crm.row()])

    assert len(sandbox.posted()) == written
    assert sandbox.requests[0].status is None


def test_a_reset_is_a_real_reset(crm, sandbox):
    sandbox.fault("reset_after_write")
    with socket.create_connection(crm.address, timeout=5) as line:
        head = b"POST /v2/Bulk/CustomActivity/Add HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n[]"
        line.sendall(head)

        with pytest.raises(ConnectionResetError):
            line.recv(100)


def test_a_request_may_never_be_answered(crm, sandbox):
    sandbox.fault("accept_and_never_answer")

    with pytest.raises(TimeoutError):
        crm.bulk([crm.row()], timeout=0.1)

    assert sandbox.posted() == []


def test_a_hanging_call_may_write_after_the_client_has_left(crm, sandbox):
    sandbox.fault("hang_then_write", seconds=None)
    with pytest.raises(TimeoutError):
        crm.bulk([crm.row()], timeout=0.05)
    assert sandbox.posted() == []

    sandbox.release()

    assert crm.until(lambda: len(sandbox.posted()) == 1)


def test_a_hanging_call_may_write_and_answer(crm, sandbox):
    sandbox.fault("hang_then_write", seconds=0.05, answer=True)

    assert crm.bulk([crm.row()]).rows[0]["ActivityCreated"] is True


def test_a_hanging_call_may_write_nothing(crm, sandbox):
    sandbox.fault("hang_then_not_write", seconds=0.05)

    with pytest.raises(BROKEN):
        crm.bulk([crm.row()])

    assert sandbox.posted() == []


def test_a_late_write_waits_until_it_is_released(crm, sandbox):
    sandbox.fault("late_write")
    with pytest.raises(BROKEN):
        crm.bulk([crm.row()])
    assert sandbox.posted() == []

    sandbox.release()

    assert len(sandbox.posted()) == 1


def test_a_late_write_may_come_by_itself(crm, sandbox):
    sandbox.fault("late_write", seconds=0.05)
    with pytest.raises(BROKEN):
        crm.bulk([crm.row()])

    assert crm.until(lambda: len(sandbox.posted()) == 1)


def test_a_hanging_call_can_be_released(crm, sandbox):
    sandbox.fault("hang_then_write", seconds=60, answer=True)
    heard = []
    thread = threading.Thread(target=lambda: heard.append(crm.bulk([crm.row()])))
    thread.start()
    crm.until(lambda: bool(sandbox.requests))

    sandbox.release()
    thread.join(2)

    assert heard[0].status == 200


def test_clear_drops_what_still_waits(crm, sandbox):
    sandbox.fault("late_write")
    with pytest.raises(BROKEN):
        crm.bulk([crm.row()])

    sandbox.clear()
    sandbox.release()

    assert sandbox.posted() == []


def test_a_late_writes_time_is_that_of_the_write(crm, sandbox):
    sandbox.fault("late_write")
    with pytest.raises(BROKEN):
        crm.bulk([crm.row()])
    sandbox.switch(clock_offset_seconds=3600)

    sandbox.release()

    assert sandbox.posted()[0].created_on > max(
        activity.created_on for activity in sandbox.activities() if activity.seeded
    )


@pytest.mark.parametrize("options", [{}, {"keep": 0}, {"keep": 10}, {"chunked": True}])
def test_a_cut_body_is_shorter_than_it_says_and_written(crm, sandbox, options):
    sandbox.fault("cut_body", **options)

    with pytest.raises(http.client.IncompleteRead):
        crm.bulk([crm.row()])

    assert len(sandbox.posted()) == 1


@pytest.mark.parametrize("name", ["cut_head", "not_http"])
def test_what_is_not_http_is_no_status(crm, sandbox, name):
    sandbox.fault(name)

    with pytest.raises(http.client.BadStatusLine):
        crm.bulk([crm.row()])

    assert len(sandbox.posted()) == 1


def test_a_bad_gzip_says_gzip(crm, sandbox):
    sandbox.fault("bad_gzip")

    answer = crm.bulk([crm.row()])

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.body.startswith(b"{")


def test_slow_bytes_come_one_by_one(crm, sandbox):
    sandbox.fault("slow_bytes", interval=0.02, count=5)
    with socket.create_connection(crm.address, timeout=5) as line:
        line.sendall(b"POST /v2/Bulk/CustomActivity/Add HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")

        pieces = [line.recv(100) for _ in range(5)]

    assert b"".join(pieces) == b"HTTP/"
    assert len(pieces) == 5


@pytest.mark.parametrize("status", [200, 502, 503])
def test_a_gateway_answers_html(crm, sandbox, status):
    sandbox.fault("html", status=status)

    answer = crm.bulk([crm.row()])

    assert (answer.status, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert sandbox.posted() == []


@pytest.mark.parametrize("name", ["html", "empty_body", "redirect", "oversized_body", "error_500", "status"])
def test_an_answer_that_says_nothing_may_have_written(crm, sandbox, name):
    sandbox.fault(name, write=True)

    crm.bulk([crm.row()])

    assert len(sandbox.posted()) == 1


def test_an_empty_body_is_empty(crm, sandbox):
    sandbox.fault("empty_body")

    answer = crm.bulk([crm.row()])

    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_sends_elsewhere(crm, sandbox, status):
    sandbox.fault("redirect", status=status, location="https://example.org/")

    answer = crm.bulk([crm.row()])

    assert (answer.status, answer.headers["location"]) == (status, "https://example.org/")


def test_an_oversized_body_is_as_large_as_it_says(crm, sandbox):
    sandbox.fault("oversized_body", megabytes=3)

    assert len(crm.bulk([crm.row()]).body) == 3 << 20


def test_a_wrong_content_type_hides_a_right_answer(crm, sandbox):
    sandbox.fault("wrong_content_type")

    answer = crm.bulk([crm.row()])

    assert answer.headers["content-type"] == "text/html"
    assert answer.rows[0]["ActivityCreated"] is True


def test_a_single_answers_clock_may_be_ten_minutes_off(crm, sandbox):
    sandbox.fault("clock_off", seconds=600)

    first, second = (crm.get(KEY_CHECK).headers["date"] for _ in range(2))

    assert first != second


def test_an_answer_may_have_no_date(crm, sandbox):
    sandbox.fault("no_date")

    assert "date" not in crm.get(KEY_CHECK).headers


def test_a_slow_call_succeeds(crm, sandbox):
    sandbox.fault("slow", seconds=0.05)

    started = time.monotonic()
    crm.get(KEY_CHECK)

    assert time.monotonic() - started >= 0.05


def test_a_fault_strikes_once_and_then_all_is_well(crm, sandbox):
    sandbox.fault("html")

    assert [crm.bulk([crm.row()]).headers["content-type"][:9] for _ in range(2)] == [
        "text/html",
        "applicati",
    ]


def test_a_fault_strikes_as_often_as_told_after_letting_some_pass(crm, sandbox):
    sandbox.fault("status", status=503, times=2, after=1)

    assert [crm.bulk([crm.row()]).status for _ in range(4)] == [200, 503, 503, 200]


def test_a_fault_strikes_the_bulk_call_unless_told_otherwise(crm, sandbox):
    sandbox.fault("status", status=503)

    assert crm.get(KEY_CHECK).status == 200
    assert crm.bulk([crm.row()]).status == 503


def test_a_fault_may_be_for_another_path(crm, sandbox):
    sandbox.fault("status", status=503, path_contains="getactivitiesofopportunity")

    assert crm.bulk([crm.row()]).status == 200
    assert crm.activities().status == 503


def test_several_faults_strike_one_after_the_other(crm, sandbox):
    sandbox.fault("status", status=503)
    sandbox.fault("status", status=502)

    assert [crm.bulk([crm.row()]).status for _ in range(3)] == [503, 502, 200]


def test_a_header_asks_for_a_fault_for_one_request(crm, sandbox):
    first = crm.bulk([crm.row()], headers={"X-Sandbox-Fault": "status; status=418; write=true"})

    assert first.status == 418
    assert len(sandbox.posted()) == 1
    assert crm.bulk([crm.row()]).status == 200


def test_a_header_that_asks_for_an_unknown_fault_gets_400(crm):
    answer = crm.bulk([crm.row()], headers={"X-Sandbox-Fault": "nonsense"})

    assert answer.status == 400
    assert "nonsense" in answer.json["error"]


def test_a_recorded_request_names_its_fault(crm, sandbox):
    sandbox.fault("html")

    crm.bulk([crm.row()])

    assert sandbox.requests[0].fault == "html"


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_after_any_fault_the_sandbox_still_answers(crm, sandbox, name):
    waits = {"accept_and_never_answer", "hang_then_write", "hang_then_not_write", "slow_bytes"}
    sandbox.fault(name, path_contains="Bulk")
    with contextlib.suppress(OSError, http.client.HTTPException):
        crm.bulk([crm.row(), crm.row(note="2")], timeout=0.05 if name in waits else 5)
    sandbox.clear()

    assert crm.bulk([crm.row(note="After")]).status == 200
