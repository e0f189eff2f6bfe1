from __future__ import annotations

import io
import logging

import pytest

from lsqportal.redact import Redact

ACCESS, SECRET, DJANGO = "u$rACCESSKEY0001", "secret-key-0001", "django-secret-0001"


@pytest.fixture
def log(settings):
    """A logger of its own and what stands in its log."""
    settings.LSQ_ACCESS_KEY, settings.LSQ_SECRET_KEY, settings.SECRET_KEY = ACCESS, SECRET, DJANGO
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(Redact())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    logger.read = stream.getvalue  # type: ignore[attr-defined]
    return logger


@pytest.mark.parametrize("key", [ACCESS, SECRET, DJANGO])
def test_a_key_in_the_message_is_replaced(log, key):
    log.info("the key is %s", key)

    assert log.read() == "the key is [redacted]\n"


def test_a_key_in_any_argument_is_replaced(log):
    log.info("headers %r", {"x-LSQ-AccessKey": ACCESS})

    assert ACCESS not in log.read()


def test_a_key_in_the_format_itself_is_replaced(log):
    log.info(f"100 % of {SECRET}")

    assert log.read() == "100 % of [redacted]\n"


def test_a_key_in_a_traceback_is_replaced(log):
    try:
        raise ValueError(f"bad key {SECRET}") from KeyError(ACCESS)
    except ValueError:
        log.exception("it failed")

    assert "ValueError: bad key [redacted]" in log.read()
    assert ACCESS not in log.read()


def test_everything_else_stays(log):
    log.warning("row %d of %s", 3, "x")

    assert log.read() == "row 3 of x\n"


def test_missing_keys_replace_nothing(log, settings):
    settings.LSQ_ACCESS_KEY = settings.LSQ_SECRET_KEY = ""

    log.info("plain")

    assert log.read() == "plain\n"
