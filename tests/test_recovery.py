from __future__ import annotations

import json
from datetime import timedelta

import pytest

from activities import audit, posting, readback, recovery, submissions
from activities.models import Outcome, State, Submission
from activities.models.clock import clock
from tests.builders import a_draft, a_new_row, an_actor
from tests.tampering import without_guards

pytestmark = pytest.mark.django_db
WORKER = "host:1:1"
BULK = "Bulk/CustomActivity/Add"


@pytest.fixture
def opportunity(sandbox) -> str:
    return next(each.id for each in sandbox.opportunities if each.status == "Open")


@pytest.fixture
def submit(asha, sandbox, opportunity):
    """Submit this many good rows, or these rows, for an opportunity."""

    def submit(rows=1, *, to: str = opportunity, **more) -> Submission:
        if isinstance(rows, int):
            rows = [a_new_row(note=f"Row {number}") for number in range(1, rows + 1)]
        return submissions.submit(a_draft(asha, opportunity_id=to), rows, by=an_actor(asha), **more)

    return submit


def outcomes(submission: Submission) -> list[str]:
    submission.refresh_from_db()
    return list(submission.rows.order_by("number").values_list("outcome", flat=True))


def bulk_calls(sandbox):
    return [request for request in sandbox.requests if BULK in request.path]


class TestAWorkerThatDied:
    def lease_of_the_dead(self, submission: Submission) -> None:
        Submission.objects.filter(pk=submission.pk).update(
            state=State.SENDING, lease_until=clock() - timedelta(seconds=1), leased_by="dead", attempt_count=1
        )

    def an_attempt_of(self, submission: Submission, **changes):
        minute_ago = clock() - timedelta(minutes=1)
        return submission.attempts.create(
            number=1,
            started_at=minute_ago,
            lease_until=minute_ago,
            worker="dead",
            row_numbers=list(range(1, submission.row_count + 1)),
            url="x",
            request=b"[]",
            **changes,
        )

    def test_before_it_prepared_anything_is_queued_again(self, submit):
        submission = submit(1)
        self.lease_of_the_dead(submission)

        recovery.take_over_expired()

        assert outcomes(submission) == [Outcome.PENDING]
        assert submission.state == State.QUEUED

    def test_without_an_answer_leaves_the_rows_unconfirmed(self, submit):
        submission = submit(2)
        self.lease_of_the_dead(submission)
        self.an_attempt_of(submission)

        recovery.take_over_expired()

        assert outcomes(submission) == [Outcome.UNCONFIRMED] * 2

    def test_with_a_stored_answer_is_settled_from_it(self, submit):
        submission = submit(1)
        self.lease_of_the_dead(submission)
        yes = {
            "Response": [
                {
                    "ProspectActivityId": "11111111-2222-4333-8444-555555555555",
                    "RowNumber": 1,
                    "ActivityCreated": True,
                }
            ]
        }
        self.an_attempt_of(
            submission,
            status=200,
            answer=json.dumps(yes).encode(),
            complete=True,
            answered_at=clock(),
            seconds=1.0,
        )

        recovery.take_over_expired()

        assert outcomes(submission) == [Outcome.CREATED]

    def test_a_lease_that_still_runs_is_left_alone(self, submit):
        submission = submit(1)
        self.lease_of_the_dead(submission)
        Submission.objects.update(lease_until=clock() + timedelta(seconds=30))

        recovery.take_over_expired()

        assert outcomes(submission) == [Outcome.PENDING]
        assert submission.state == State.SENDING


class TestGivingUp:
    def test_what_could_not_be_sent_for_a_day_is_not_posted(self, submit):
        submission = submit(2)

        recovery.give_up_old(now=clock() + timedelta(hours=25))

        assert outcomes(submission) == [Outcome.NOT_CREATED] * 2
        assert submission.state == State.NOT_POSTED

    def test_what_is_younger_stays_queued(self, submit):
        submission = submit(1)

        recovery.give_up_old(now=clock() + timedelta(hours=23))

        assert submission.rows.get().outcome == Outcome.PENDING


class TestAfterARestore:
    def test_what_the_backup_believes_queued_is_unconfirmed(self, submit):
        submission = submit(2)

        assert recovery.doubt_what_is_queued() == 1
        recovery.read_back_doubted()

        assert audit.entries().get(action="account.restored").facts == {"count": 1}
        assert outcomes(submission) == [Outcome.UNCONFIRMED] * 2

    def test_what_was_posted_since_is_found_and_not_sent_again(self, submit, sandbox):
        submission = submit(2)
        posting.post_next(worker=WORKER)
        with without_guards():
            submission.rows.update(outcome=Outcome.PENDING, activity_id="", outcome_at=None)
            submission.attempts.all().delete()
        Submission.objects.update(state=State.QUEUED, settled_at=None, attempt_count=0)

        recovery.doubt_what_is_queued()
        recovery.read_back_doubted()
        readback.look_next(now=clock() + timedelta(seconds=10))

        assert outcomes(submission) == [Outcome.CREATED] * 2
        assert len(bulk_calls(sandbox)) == 1

    def test_several_to_one_opportunity_are_doubted_one_after_the_other(self, submit):
        first, second = submit(1), submit([a_new_row(note="second")])

        recovery.doubt_what_is_queued()
        recovery.read_back_doubted()

        assert outcomes(first) == [Outcome.UNCONFIRMED]
        assert outcomes(second) == [Outcome.PENDING]
        assert posting.post_next(worker=WORKER) is False
