from __future__ import annotations

import pytest

from activities.models import Outcome, State
from tests.builders import a_submission, in_doubt_since_a_restore
from tests.pages import post, read


def path_of(submission) -> str:
    return f"/submissions/{submission.public_id}/cancel/"


def cancel(client, submission):
    return post(client, path_of(submission), {})


def test_a_queued_submission_is_not_posted(asha_client, asha):
    submission = a_submission(asha, rows=2)

    response = cancel(asha_client, submission)

    submission.refresh_from_db()
    assert response.url == f"/submissions/{submission.public_id}/"
    assert submission.state == State.NOT_POSTED
    assert {row.outcome for row in submission.rows.all()} == {Outcome.NOT_CREATED}


def test_it_says_that_nothing_was_sent(asha_client, asha):
    response = cancel(asha_client, a_submission(asha))

    page = read(asha_client.get(response.url))
    assert "Cancelled. Nothing of it was sent." in page.text
    assert "Asha cancelled it before it was sent." in page.text


@pytest.mark.parametrize("state", [State.SENDING, State.UNCONFIRMED, State.POSTED, State.NOT_POSTED])
def test_anything_later_is_too_late_and_changes_nothing(asha_client, asha, state):
    submission = a_submission(asha, state=state)

    response = cancel(asha_client, submission)

    submission.refresh_from_db()
    assert submission.state == state
    assert "it is not queued any more" in read(asha_client.get(response.url)).text


def test_pressed_twice_it_is_cancelled_once(asha_client, asha):
    submission = a_submission(asha)

    cancel(asha_client, submission)
    cancel(asha_client, submission)

    submission.refresh_from_db()
    assert submission.state == State.NOT_POSTED


def test_an_administrator_may(dev_client, asha):
    submission = a_submission(asha)

    cancel(dev_client, submission)

    submission.refresh_from_db()
    assert submission.state == State.NOT_POSTED


def test_an_auditor_is_told_why_not(chitra_client, asha):
    submission = a_submission(asha)

    response = cancel(chitra_client, submission)

    submission.refresh_from_db()
    assert response.status_code == 403
    assert "Only its poster or an administrator can cancel a submission." in response.content.decode()
    assert submission.state == State.QUEUED


def test_somebody_elses_does_not_exist(bala_client, asha):
    submission = a_submission(asha)

    assert cancel(bala_client, submission).status_code == 404
    submission.refresh_from_db()
    assert submission.state == State.QUEUED


def test_whoever_is_not_signed_in_signs_in_first(client, asha):
    assert cancel(client, a_submission(asha)).status_code == 401


class TestWhatMayHaveBeenPostedBeforeARestore:
    @pytest.fixture
    def doubted(self, asha):
        return in_doubt_since_a_restore(a_submission(asha))

    def test_is_not_cancelled(self, asha_client, doubted):
        cancel(asha_client, doubted)

        doubted.refresh_from_db()
        assert doubted.state == State.QUEUED
        assert doubted.rows.get().outcome == Outcome.PENDING

    def test_is_told_with_what_happens_next(self, asha_client, doubted):
        response = cancel(asha_client, doubted)

        text = read(asha_client.get(response.url)).text
        assert "Not cancelled: it may have been posted before the database was restored from a backup." in text
        assert "it is not queued any more" not in text

    def test_is_not_offered_to_be_cancelled_and_says_why(self, asha_client, doubted):
        page = read(asha_client.get(f"/submissions/{doubted.public_id}/"))

        assert path_of(doubted) not in page.forms
        assert "this may have been posted since the backup was made" in page.text


def test_looking_cancels_nothing(asha_client, asha):
    assert asha_client.get(path_of(a_submission(asha))).status_code == 405
