"""Peers that misbehave, clients for them, and a sandbox of one's own. Nothing of Django is here."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from activities.leadsquared.client import Client
from lsqportal.sandbox import Sandbox
from tests.leadsquared.peers import ACCESS_KEY, SECRET_KEY, Peer, Script, no_limit


@pytest.fixture
def peer() -> Iterator[Callable[..., Peer]]:
    made: list[Peer] = []

    def start(script: Script, **how) -> Peer:
        made.append(Peer(script, **how))
        return made[-1]

    yield start
    for each in made:
        each.close()


@pytest.fixture
def client_of() -> Callable[..., Client]:
    def make(url: str, **changed) -> Client:
        # Longer than a busy machine may stand still; what is about a time-out sets its own.
        given = {"permit": no_limit, "connect_timeout": 5.0, "read_timeout": 5.0, "deadline": 10.0, **changed}
        return Client(url, given.pop("access_key", ACCESS_KEY), given.pop("secret_key", SECRET_KEY), **given)

    return make


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> Path:
    """A certificate for 127.0.0.1, signed by itself, with its key in the same file."""
    folder = tmp_path_factory.mktemp("certificate")
    key, both = folder / "key.pem", folder / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(both), "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    both.write_bytes(both.read_bytes() + key.read_bytes())
    return both


@pytest.fixture
def tls(certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """LeadSquared as a real server; without settings, since nothing here knows Django."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox) -> Client:
    return Client(sandbox.url, sandbox.access_key, sandbox.secret_key, permit=no_limit, deadline=10.0)
