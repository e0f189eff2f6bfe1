from __future__ import annotations

import socket

import pytest
from pytest_socket import SocketConnectBlockedError

# An address that is set aside for documents (RFC 5737): nobody is there, should the lock ever be open.
ELSEWHERE = ("192.0.2.1", 443)


@pytest.mark.filterwarnings("ignore:A test tried to use socket:UserWarning")
def test_nothing_leaves_this_machine():
    with pytest.raises(SocketConnectBlockedError):
        socket.create_connection(ELSEWHERE, timeout=1)


def test_this_machine_itself_can_be_reached():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=5) as client,
    ):
        assert client.getpeername() == server.getsockname()
