from __future__ import annotations

from datetime import timedelta

import pytest

from activities import refusals
from activities.models import Outcome, State
from tests.builders import NOON, a_submission

pytestmark = pytest.mark.django_db


def refused(exception_type: str = "", said: str = "", **more) -> dict:
    kept = {"outcome": Outcome.REJECTED, "outcome_at": NOON, "reason": "It was refused."}
    return {**kept, "exception_type": exception_type, "said": said, **more}


def kinds() -> list[tuple[str, int]]:
    return [(each.exception_type or each.said, each.count) for each in refusals.untranslated()]


def test_the_most_frequent_kind_comes_first(asha):
    a_submission(asha, [refused("MXOne"), refused("MXTwo"), refused("MXTwo")], State.NOT_POSTED)

    assert kinds() == [("MXTwo", 2), ("MXOne", 1)]


def test_what_has_plain_words_is_not_counted(asha):
    a_submission(asha, [refused("MXDuplicateEntryException"), refused(said="Opportunity does not exist")], "not_posted")

    assert kinds() == []


def test_what_leadsquared_did_not_refuse_is_not_counted(asha):
    a_submission(asha, [refused(outcome=Outcome.NOT_CREATED)], State.NOT_POSTED)

    assert kinds() == []


def test_without_a_type_the_words_tell_one_from_another(asha):
    a_submission(asha, [refused(said="Too late"), refused(said="Too late"), refused(said="Too early")], "not_posted")

    assert kinds() == [("Too late", 2), ("Too early", 1)]


def test_the_words_and_the_time_are_those_of_the_last_one(asha):
    a_submission(asha, [refused("MXOne", "before")], State.NOT_POSTED)
    a_submission(asha, [refused("MXOne", "after", outcome_at=NOON + timedelta(hours=1))], State.NOT_POSTED)

    (kind,) = refusals.untranslated()

    assert (kind.said, kind.last_at) == ("after", NOON + timedelta(hours=1))
