from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.core.management import call_command

from activities import audit, connection, posting, purging, readback, recovery, submissions, work
from activities.models import Outcome, State, Submission
from activities.models.clock import clock
from tests.builders import NOON, a_draft, a_new_row, a_submission, an_actor
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

    def test_is_named_as_what_kept_it_from_being_sent(self, submit):
        submission = submit()
        self.lease_of_the_dead(submission)

        recovery.take_over_expired()

        submission.refresh_from_db()
        assert submission.explanation.startswith("A worker of the portal stopped before anything was sent.")

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


class TestWhatCanNoLongerBeLookedFor:
    DAY_AND_A_BIT = timedelta(hours=25)

    @pytest.fixture
    def unconfirmed(self, submit, sandbox) -> Submission:
        """A row that LeadSquared wrote without a clear answer."""
        submission = submit(1)
        sandbox.fault("reset_after_write")
        posting.post_next(worker=WORKER)
        submission.refresh_from_db()
        return submission

    @pytest.fixture
    def move_house(self, sandbox, settings):
        """Have the administrator point the portal at the same organisation under another address."""

        def move_house() -> None:
            settings.LSQ_API_URL = sandbox.url.replace("127.0.0.1", "localhost")
            connection.identify()

        return move_house

    def test_because_the_address_is_another_goes_to_a_person_after_a_day(self, unconfirmed, move_house):
        move_house()

        recovery.give_up_looking(now=clock() + self.DAY_AND_A_BIT)

        unconfirmed.refresh_from_db()
        assert unconfirmed.needs_person_since is not None
        assert f"sent to {unconfirmed.host}" in unconfirmed.explanation
        assert audit.entries_about(unconfirmed).filter(action="submission.needs_person").count() == 1

    def test_because_of_a_hold_that_does_not_end_goes_to_a_person(self, unconfirmed):
        connection.hold("LeadSquared does not accept the keys.")

        recovery.give_up_looking(now=clock() + self.DAY_AND_A_BIT)

        unconfirmed.refresh_from_db()
        assert unconfirmed.needs_person_since is not None
        assert "could not be asked" in unconfirmed.explanation

    def test_because_nobody_knows_whose_keys_these_are_goes_to_a_person(self, unconfirmed, settings):
        settings.LSQ_ACCESS_KEY = "another"

        recovery.give_up_looking(now=clock() + self.DAY_AND_A_BIT)

        unconfirmed.refresh_from_db()
        assert unconfirmed.needs_person_since is not None

    def test_waits_a_day_since_the_old_address_may_come_back(self, unconfirmed, move_house):
        move_house()

        recovery.give_up_looking(now=clock() + timedelta(hours=23))

        unconfirmed.refresh_from_db()
        assert unconfirmed.needs_person_since is None

    def test_is_not_what_workers_only_had_no_time_for(self, unconfirmed):
        recovery.give_up_looking(now=clock() + self.DAY_AND_A_BIT)

        unconfirmed.refresh_from_db()
        assert unconfirmed.needs_person_since is None

    def test_frees_the_opportunity_for_what_waits(self, unconfirmed, move_house, submit):
        move_house()
        waiting = submit([a_new_row(note="next")])
        Submission.objects.filter(pk=unconfirmed.pk).update(unconfirmed_at=clock() - self.DAY_AND_A_BIT)

        for duty in work.housekeeping(WORKER):
            duty()
        posting.post_next(worker=WORKER)

        assert outcomes(waiting) == [Outcome.CREATED]

    def test_is_still_found_by_a_check_when_it_can_be_looked_for_again(
        self, unconfirmed, move_house, asha, sandbox, settings
    ):
        move_house()
        recovery.give_up_looking(now=clock() + self.DAY_AND_A_BIT)
        settings.LSQ_API_URL = sandbox.url
        connection.identify()

        submissions.look_again(unconfirmed, by=an_actor(asha))
        readback.look_next()

        assert outcomes(unconfirmed) == [Outcome.CREATED]

    @pytest.mark.parametrize("state", [State.NOT_POSTED, State.PARTLY_POSTED])
    def test_is_not_waited_for_once_it_is_settled(self, asha, sandbox, state):
        connection.identify()
        rows = [{"outcome": Outcome.NOT_CREATED, "reason": "It is not there."}]
        settled = a_submission(asha, rows, state, host="api.leadsquared.com", look_at=NOON)

        recovery.give_up_looking(now=NOON + self.DAY_AND_A_BIT)

        settled.refresh_from_db()
        assert (settled.look_at, settled.state) == (None, state)
        assert purging.purge(NOON + timedelta(days=1), by=audit.COMMAND_LINE).submission_count == 1


class TestGivingUp:
    def test_what_could_not_be_sent_for_a_day_is_not_posted(self, submit):
        submission = submit(2)

        recovery.give_up_old(now=clock() + timedelta(hours=25))

        assert outcomes(submission) == [Outcome.NOT_CREATED] * 2
        assert submission.state == State.NOT_POSTED

    def test_says_that_an_earlier_submission_was_in_the_way(self, submit):
        first, second = submit(1), submit([a_new_row(note="second")])
        Submission.objects.filter(pk=first.pk).update(state=State.UNCONFIRMED)

        recovery.give_up_old(now=clock() + timedelta(hours=25))

        assert "An earlier submission to this opportunity was not settled." in second.rows.get().reason

    def test_says_that_the_keys_are_of_another_account(self, submit, settings, sandbox):
        submission = submit(1)
        settings.LSQ_API_URL = sandbox.url.replace("127.0.0.1", "localhost")
        connection.identify()

        recovery.give_up_old(now=clock() + timedelta(hours=25))

        assert f"submitted for {submission.host}" in submission.rows.get().reason

    def test_says_why_sending_was_on_hold(self, submit):
        submission = submit(1)
        connection.hold("LeadSquared does not accept the keys.")

        recovery.give_up_old(now=clock() + timedelta(hours=25))

        assert "LeadSquared does not accept the keys." in submission.rows.get().reason

    def test_promises_nothing_more(self, submit):
        submission = submit()
        explanation = "LeadSquared could not be reached, and nothing was sent. The portal tries again by itself."
        Submission.objects.filter(pk=submission.pk).update(explanation=explanation)

        recovery.give_up_old(now=clock() + timedelta(days=2))

        reason = submission.rows.get().reason
        assert reason.endswith("LeadSquared could not be reached, and nothing was sent.")

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

    def test_the_command_says_how_many_are_read_back(self, submit):
        submit(1)
        said = io.StringIO()

        call_command("after_restore", stdout=said)

        assert said.getvalue() == "1 submission is read back before anything is sent. Start the workers now.\n"

    def test_each_that_is_doubted_has_it_in_its_story(self, submit):
        first, second = submit(1), submit([a_new_row(note="second")])

        recovery.doubt_what_is_queued()

        for submission in (first, second):
            newest = audit.entries_about(submission).last()
            assert audit.in_words(newest) == "found it in a restored backup: it is read back before anything is sent"

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

    def test_what_is_in_doubt_is_never_given_up_however_old_the_backup(self, submit):
        submission = submit(2)
        recovery.doubt_what_is_queued()

        recovery.give_up_old(now=clock() + timedelta(days=3))

        assert outcomes(submission) == [Outcome.PENDING] * 2
        assert submission.state == State.QUEUED

    def test_housekeeping_has_it_read_back_before_it_gives_up_what_is_old(self, submit, settings):
        settings.LSQ_GIVE_UP_AFTER = 0
        submission = submit(2)
        recovery.doubt_what_is_queued()

        for duty in work.housekeeping(WORKER):
            duty()

        assert outcomes(submission) == [Outcome.UNCONFIRMED] * 2
