from __future__ import annotations

import pickle
from typing import Any

import pytest

from activities.leadsquared import NotSent, RateLimited, RawAnswer, Refused, Unauthorized, Unclear


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NotSent(row_count=3), False),
        (RateLimited(status=429, row_count=3), False),
        (RateLimited(status=200, row_count=1), False),
        (RateLimited(status=200, row_count=3), True),
        (Unauthorized(status=401, row_count=3), False),
        (Unauthorized(status=500, row_count=1), False),
        (Unauthorized(status=500, row_count=3), True),
        (Refused(status=500, row_count=1), False),
        (Refused(status=500, row_count=3), True),
        (Unclear(row_count=1), True),
    ],
)
def test_each_class_says_whether_rows_may_exist(error, expected):
    assert error.may_have_written is expected


@pytest.mark.parametrize("kind", [NotSent, RateLimited, Unauthorized, Refused, Unclear])
def test_every_class_has_a_sentence_for_people(kind):
    sentence = kind().for_user

    assert sentence.endswith(".")


def test_an_error_survives_pickling_with_its_facts():
    raw = RawAnswer(500, {}, b"half", complete=False)
    error = Unclear(status=500, said="It broke off.", exception_type="MXTimeoutException", row_count=3, raw=raw)

    copy = pickle.loads(pickle.dumps(error))

    assert type(copy) is Unclear
    assert copy.__dict__ == error.__dict__


def test_a_fact_of_an_error_does_not_change():
    error = Refused(status=500, said="No.")

    with pytest.raises(AttributeError):
        error.status = 200


def test_an_error_has_no_place_for_anything_else():
    more: dict[str, Any] = {"headers": {"x-LSQ-SecretKey": "secret"}}

    with pytest.raises(TypeError):
        Refused(**more)


def test_long_words_are_shortened():
    error = Refused(said="x" * 10_000)

    assert len(error.said) == 500
    assert len(str(error)) < 600
