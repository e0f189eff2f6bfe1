"""The cast, the sandbox and signed-in clients. asha and bala post, chitra audits, dev administers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver
from django.test import Client
from hypothesis import settings as hypothesis

from activities.models import Role, User
from lsqportal.sandbox import Sandbox

PASSWORD = "correct-horse-battery"
# No test asserts how long something takes: a busy machine is no fault of the code.
hypothesis.register_profile("unhurried", deadline=None)
hypothesis.load_profile("unhurried")


@receiver(connection_created)
def back_to_front(connection: BaseDatabaseWrapper, **_: object) -> None:
    """What is read without an order comes as PostgreSQL may give it any day: not as it was written."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA reverse_unordered_selects = ON")


def a_person(name: str, role: str, **more: object) -> User:
    email = f"{name.lower()}@sahyadrihfc.in"
    return User.objects.create_person(email=email, name=name, password=PASSWORD, role=role, **more)


@pytest.fixture(scope="session", autouse=True)
def collected_files(tmp_path_factory) -> None:
    """WhiteNoise reads the folder for every client; a demo of another test run may just fill the checkout's own."""
    settings.STATIC_ROOT = tmp_path_factory.mktemp("collected")


@pytest.fixture(autouse=True)
def fast_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """What one test found in LeadSquared is news to the next."""
    cache.clear()


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox, settings) -> Sandbox:
    """LeadSquared: a real HTTP server on loopback, as it is when new, and the portal pointed at it."""
    running_sandbox.reset()
    settings.LSQ_API_URL = running_sandbox.url
    settings.LSQ_ACCESS_KEY = running_sandbox.access_key
    settings.LSQ_SECRET_KEY = running_sandbox.secret_key
    settings.LSQ_RATE_LIMIT = "1000/5s"
    # Longer than a busy machine may stand still; what is about a time-out sets its own.
    settings.LSQ_CONNECT_TIMEOUT, settings.LSQ_READ_TIMEOUT, settings.LSQ_CALL_DEADLINE = 10.0, 10.0, 15.0
    return running_sandbox


@pytest.fixture
def asha(db) -> User:
    return a_person("Asha", Role.POSTER, lsq_email="meera.iyer@sahyadrihfc.in")


@pytest.fixture
def bala(db) -> User:
    return a_person("Bala", Role.POSTER, lsq_email="kabir.shah@sahyadrihfc.in")


@pytest.fixture
def chitra(db) -> User:
    return a_person("Chitra", Role.AUDITOR)


@pytest.fixture
def dev(db) -> User:
    return a_person("Dev", Role.ADMINISTRATOR, lsq_email="ananya.bose@sahyadrihfc.in")


def _signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def asha_client(asha) -> Client:
    return _signed_in(asha)


@pytest.fixture
def bala_client(bala) -> Client:
    return _signed_in(bala)


@pytest.fixture
def chitra_client(chitra) -> Client:
    return _signed_in(chitra)


@pytest.fixture
def dev_client(dev) -> Client:
    return _signed_in(dev)
