from __future__ import annotations

import pytest

from activities import audit, posting, recovery, story, submissions
from activities.models import Attempt, Outcome, State
from activities.models.clock import clock
from lsqportal.sandbox.demo import ASHA_HOME_LOAN_ID
from tests.builders import NOON, a_draft, a_new_row, a_submission, an_actor, in_doubt_since_a_restore
from tests.lists import know_everything

pytestmark = pytest.mark.django_db


def told(submission):
    return story.events(audit.entries_about(submission), list(submission.attempts.order_by("number")))


@pytest.fixture
def submitted(asha, sandbox):
    know_everything()
    return submissions.submit(a_draft(asha, opportunity_id=ASHA_HOME_LOAN_ID), [a_new_row()], by=an_actor(asha))


def test_each_calls_bytes_stand_with_the_entry_that_vouches_for_them(submitted):
    posting.post_next(worker="host:1:1")

    submitted.refresh_from_db()
    by_action = {event.entry.action: event for event in told(submitted)}
    sent, answered = by_action["submission.sent"], by_action["submission.answered"]
    assert (sent.request.number, sent.answer) == (1, None)
    assert (answered.request, answered.answer.number) == (None, 1)


def test_an_answer_that_nobody_has_judged_stands_with_its_request(submitted):
    posting.post_next(worker="host:1:1")

    until_sent = audit.entries_about(submitted)[:2]
    *_, sent = story.events(until_sent, list(submitted.attempts.all()))
    assert sent.entry.action == "submission.sent"
    assert b"ProspectActivityId" in sent.answer.answer


def test_an_answer_that_came_too_late_stands_with_the_entry_that_vouches_for_it(submitted, sandbox):
    sandbox.fault("reset_after_write")
    posting.post_next(worker="host:1:1")
    attempt = submitted.attempts.get()
    attempt.answer, attempt.answered_at, attempt.status = b"[]", clock(), 200
    *_, doubted = [each for each in told(submitted) if each.entry.action == "submission.not_answered"]

    (again,) = [
        each for each in story.events([doubted.entry], [attempt]) if each.entry.action == "submission.not_answered"
    ]

    assert (again.answer, again.shape) == (None, Outcome.UNCONFIRMED)


def test_why_there_was_no_answer_stands_with_the_verdict(submitted, sandbox):
    sandbox.fault("reset_after_write")
    posting.post_next(worker="host:1:1")

    said = {event.entry.action: event.said for event in told(submitted)}
    assert said["submission.not_answered"] == submitted.attempts.get().said != ""
    assert said["submission.sent"] == ""


def test_a_restore_looks_like_something_to_mind(submitted):
    in_doubt_since_a_restore(submitted)

    assert told(submitted)[-1].shape == "warning"


def test_rows_that_are_noted_as_unconfirmed_look_like_it(submitted):
    in_doubt_since_a_restore(submitted)

    recovery.read_back_doubted()

    assert told(submitted)[-1].shape == Outcome.UNCONFIRMED


def test_settling_shows_what_became_of_the_rows(submitted):
    posting.post_next(worker="host:1:1")

    settled = told(submitted)[-1]
    assert (settled.shape, settled.outcomes) == (State.POSTED, [Outcome.CREATED])


def test_a_call_without_a_clear_answer_looks_like_one(submitted, sandbox):
    sandbox.fault("reset_after_write")

    posting.post_next(worker="host:1:1")

    (unclear,) = [event for event in told(submitted) if event.entry.action == "submission.not_answered"]
    assert unclear.shape == Outcome.UNCONFIRMED


def test_an_attempt_that_no_entry_is_about_is_not_hidden(asha):
    submission = a_submission(asha)
    attempt = Attempt.objects.create(
        submission=submission, number=1, started_at=NOON, lease_until=NOON, worker="w", url="https://x"
    )

    assert story.untold(told(submission), [attempt]) == [attempt]
