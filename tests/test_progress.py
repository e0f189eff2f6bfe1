from __future__ import annotations

import re
from datetime import timedelta

import pytest

from activities import audit, connection, progress, purging, recovery, submissions
from activities.models import Account, Attempt, Call, CallKind, Outcome, State, Verdict, Worker
from activities.models.clock import clock
from tests.builders import NOON, a_submission, in_doubt_since_a_restore

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_work(settings):
    """Known keys, and a worker that has just been seen."""
    settings.LSQ_API_URL = "https://api-in21.leadsquared.com/v2"
    Account.objects.update(
        keys_mark=connection.keys_mark(), organisation="org", host="api-in21.leadsquared.com", user_name="Ananya"
    )
    Worker.objects.create(name="w", started_at=NOON, seen_at=NOON)


def of(submission, **more) -> progress.Progress:
    rows = list(submission.rows.order_by("number"))
    retriable = submissions.retriable(rows)
    attempts = list(submission.attempts.order_by("number"))
    return progress.of(submission, rows, attempts, retriable=retriable, now=more.get("now", NOON))


def an_attempt(submission, **changes) -> Attempt:
    kept = {"number": 1, "started_at": NOON, "lease_until": NOON, "worker": "w", "url": "x", "request": b"[]"}
    return Attempt.objects.create(submission=submission, **{**kept, **changes})


class TestWhatItSays:
    @pytest.mark.parametrize(
        ("state", "headline"),
        [
            (State.QUEUED, "2 activities queued"),
            (State.SENDING, "Sending 2 activities"),
            (State.UNCONFIRMED, "2 unconfirmed"),
            (State.POSTED, "2 created"),
            (State.NOT_POSTED, "2 rejected"),
        ],
    )
    def test_in_each_state(self, asha, state, headline):
        assert of(a_submission(asha, rows=2, state=state)).headline == headline

    def test_of_a_single_row(self, asha):
        assert of(a_submission(asha)).headline == "1 activity queued"

    def test_of_a_mixed_end(self, asha):
        rows: list[dict] = [{"outcome": Outcome.CREATED}, {"outcome": Outcome.REJECTED, "reason": "why"}]

        assert of(a_submission(asha, rows, State.PARTLY_POSTED)).headline == "1 created, 1 rejected"

    def test_of_a_mixed_end_that_only_what_was_not_created_goes_again(self, asha):
        rows: list[dict] = [{"outcome": Outcome.CREATED}, {"outcome": Outcome.REJECTED, "reason": "why"}]

        sentence = of(a_submission(asha, rows, State.PARTLY_POSTED)).sentence

        assert "can be put right and posted by itself" in sentence
        assert "opy" not in sentence

    def test_that_unconfirmed_rows_are_never_sent_again(self, asha):
        assert "never sent again until that is known" in of(a_submission(asha, state=State.UNCONFIRMED)).sentence


class TestTheNextLook:
    def sentence(self, asha, seconds, looks=0, **more) -> str:
        look_at = NOON + timedelta(seconds=seconds)
        return of(a_submission(asha, state=State.UNCONFIRMED, look_at=look_at, look_count=looks, **more)).sentence

    @pytest.mark.parametrize("seconds", [-20, 0, 4, 90], ids=["overdue", "now", "soon", "while its worker looks"])
    def test_is_a_matter_of_seconds_at_first(self, asha, seconds):
        assert "The portal looks there in a few seconds." in self.sentence(asha, seconds)

    def test_has_its_time_when_it_is_further_away(self, asha):
        assert "3 looks so far, the next in about 2 minutes." in self.sentence(asha, 110, looks=3)

    def test_goes_on_where_it_is_further_away_than_it_can_be_planned(self, asha):
        assert "1 look so far, the next in a few seconds." in self.sentence(asha, 90, looks=1)

    def test_is_not_promised_where_no_worker_is(self, asha):
        Worker.objects.all().delete()

        assert "Nobody is looking at the moment" in self.sentence(asha, 60)

    def test_is_not_promised_before_it_is_known_whose_the_keys_are(self, asha):
        Account.objects.update(keys_mark="other")

        assert "has not said yet which account" in self.sentence(asha, 60)

    def test_is_not_promised_during_a_hold(self, asha):
        Account.objects.update(hold_since=NOON, hold_reason="The keys were refused.")

        assert "does not ask there at the moment. The keys were refused." in self.sentence(asha, -20)

    def test_is_not_promised_where_the_keys_of_today_cannot_look(self, asha):
        Account.objects.update(host="api.leadsquared.com")

        sentence = self.sentence(asha, -20, host="api-in21.leadsquared.com")

        assert "it cannot look there. If that lasts, you are asked." in sentence
        assert "in a few seconds" not in sentence


class TestWhyItWaits:
    def why(self, submission, **more) -> str:
        return of(submission, **more).sentence

    def test_for_its_turn(self, asha):
        assert "It is next." in self.why(a_submission(asha))

    @pytest.mark.parametrize(("before", "words"), [(1, "1 submission is before it."), (3, "3 submissions are before")])
    def test_for_those_before_it(self, asha, before, words):
        for _ in range(before):
            a_submission(asha)

        assert words in self.why(a_submission(asha))

    def test_for_a_hold_to_end(self, asha):
        Account.objects.update(hold_since=NOON, hold_reason="The keys were refused.")

        assert "does not send at the moment. The keys were refused." in self.why(a_submission(asha))

    def test_for_a_worker(self, asha):
        assert "no worker has been seen for a minute" in self.why(a_submission(asha), now=NOON + timedelta(seconds=61))

    def test_for_leadsquared_to_say_whose_keys_these_are(self, asha):
        Account.objects.update(keys_mark="of other keys")

        assert "has not said yet which account" in self.why(a_submission(asha))

    def test_for_the_keys_of_its_account(self, asha):
        assert "another LeadSquared account" in self.why(a_submission(asha, organisation="another"))

    @pytest.mark.parametrize("state", [State.SENDING, State.UNCONFIRMED])
    def test_for_an_earlier_one_on_its_opportunity(self, asha, state):
        first = a_submission(asha, state=state)

        assert "An earlier submission" in self.why(a_submission(asha, opportunity_id=first.opportunity_id))

    def test_for_the_next_try(self, asha):
        more: dict = {
            "attempt_count": 1,
            "not_before": NOON + timedelta(seconds=15),
            "explanation": "It was not reached.",
        }

        assert "It was not reached. The next try is in about 15 seconds." in self.why(a_submission(asha, **more))

    def test_for_the_pause_that_leadsquared_asked_for(self, asha):
        Account.objects.update(paused_until=NOON + timedelta(seconds=5))

        assert "LeadSquared asked for a pause. It goes on in a few seconds." in self.why(a_submission(asha))

    def test_for_the_rate_limit_and_says_how_long(self, asha, settings):
        settings.LSQ_RATE_LIMIT = "2/5s"
        for _ in range(2):
            Call.objects.create(at=NOON - timedelta(seconds=1), kind=CallKind.READ)
        a_submission(asha)
        last = a_submission(asha)

        assert "1 submission is before it. Its turn is in a few seconds." in self.why(last)

    def test_for_minutes_in_minutes(self, asha, settings):
        settings.LSQ_RATE_LIMIT = "1/60s"
        for _ in range(4):
            last = a_submission(asha)

        assert "Its turn is in about 3 minutes." in self.why(last)

    def test_and_that_the_page_can_be_left(self, asha):
        assert "You can leave this page." in self.why(a_submission(asha))


class TestWhatItSaysAtLast:
    FAILED = [{"outcome": Outcome.CREATED}, {"outcome": Outcome.REJECTED}]

    def test_of_what_can_be_put_right(self, asha):
        submission = a_submission(asha, self.FAILED, State.PARTLY_POSTED)

        assert "can be put right and posted by itself" in of(submission).sentence

    def test_of_what_was_put_right_elsewhere(self, asha):
        submission = a_submission(asha, self.FAILED, State.PARTLY_POSTED)
        follows = submission.rows.get(number=2)
        a_submission(asha, [{"outcome": Outcome.CREATED, "follows": follows}], State.POSTED, follows=submission)

        assert of(submission).sentence.startswith("What was not created stands with another submission")

    def test_of_what_another_submission_has_after_all(self, asha):
        first = a_submission(asha, [{"outcome": Outcome.CREATED}], State.POSTED)
        retry = a_submission(
            asha, [{"outcome": Outcome.NOT_CREATED, "follows": first.rows.get()}], State.NOT_POSTED, follows=first
        )

        assert of(retry).sentence == (
            "LeadSquared created nothing for this submission. What was not created stands with another submission, "
            "named below: do not post it again from here."
        )

    @pytest.mark.parametrize("state", [State.PARTLY_POSTED, State.NOT_POSTED])
    def test_of_what_was_purged(self, asha, state):
        submission = a_submission(asha, self.FAILED if state == State.PARTLY_POSTED else 1, state)
        purging.purge(NOON + timedelta(days=1), by=audit.PORTAL)
        submission.refresh_from_db()

        assert "was removed under the retention rule" in of(submission).sentence


class TestWhileItIsSent:
    def sending(self, asha, **attempt):
        submission = a_submission(asha, state=State.SENDING, attempt_count=1)
        if attempt:
            an_attempt(submission, **attempt)
        return of(submission)

    def test_nobody_says_that_leadsquared_has_what_is_only_prepared(self, asha):
        progressed = self.sending(asha)

        assert progressed.sentence.startswith("A worker has it.")
        assert [step.text for step in progressed.steps if step.is_current] == ["Being prepared"]

    def test_leadsquared_has_what_was_sent(self, asha):
        assert self.sending(asha, verdict=Verdict.OPEN).sentence.startswith("LeadSquared has the call")

    def test_an_answer_that_is_stored_is_being_read(self, asha):
        answered = {"answered_at": NOON, "status": 200, "answer": b"[]"}

        assert self.sending(asha, **answered).sentence.startswith("LeadSquared has answered")


class TestItsSteps:
    def steps(self, submission) -> list[str]:
        return [re.split(r" \d", step.text)[0] for step in of(submission).steps]

    def test_of_a_queued_one(self, asha):
        assert self.steps(a_submission(asha)) == ["Saved", "Queued", "Settled"]

    def test_of_one_whose_answer_is_awaited(self, asha):
        submission = a_submission(asha, state=State.SENDING, attempt_count=1)
        an_attempt(submission)

        assert self.steps(submission) == ["Saved", "Sent", "Waiting for the answer", "Settled"]

    def test_of_one_that_could_not_be_sent(self, asha):
        submission = a_submission(asha)
        an_attempt(submission, verdict=Verdict.NOT_SENT, answered_at=NOON)

        assert self.steps(submission) == ["Saved", "Could not be sent", "Queued", "Settled"]

    def test_of_one_that_was_answered(self, asha):
        submission = a_submission(asha, state=State.POSTED)
        an_attempt(submission, answered_at=NOON, status=200, answer=b"{}", seconds=0.44)

        assert "Answered 200 after 0.4 s" in [step.text for step in of(submission).steps]

    def test_of_one_that_got_no_answer(self, asha):
        submission = a_submission(asha, state=State.UNCONFIRMED)
        an_attempt(submission, answered_at=NOON, verdict=Verdict.UNCLEAR)

        assert self.steps(submission)[:3] == ["Saved", "Sent", "No answer"]

    def test_of_one_whose_worker_stopped_before_the_answer(self, asha):
        submission = a_submission(asha, state=State.SENDING, attempt_count=1)
        an_attempt(submission)
        recovery.take_over_expired(now=NOON + timedelta(hours=1))
        submission.refresh_from_db()

        assert self.steps(submission) == ["Saved", "Sent", "No answer", "Reading back"]
        assert sum(step.is_current for step in of(submission).steps) == 1

    def test_of_one_that_may_have_been_posted_before_a_restore(self, asha):
        submission = in_doubt_since_a_restore(a_submission(asha))

        assert self.steps(submission) == ["Saved", "Restored from a backup", "Queued", "Settled"]
        assert sum(step.is_current for step in of(submission).steps) == 1

    def test_of_one_that_was_being_sent_before_a_restore(self, asha):
        submission = a_submission(asha, state=State.SENDING, attempt_count=1)
        an_attempt(submission)
        in_doubt_since_a_restore(submission)

        assert self.steps(submission) == ["Saved", "Sent", "No answer", "Restored from a backup", "Queued", "Settled"]

    def test_are_in_the_active_zone(self, asha, settings):
        assert of(a_submission(asha)).steps[0].text == "Saved 17:30:00"

    @pytest.mark.parametrize("state", [State.QUEUED, State.UNCONFIRMED])
    def test_have_one_current_one_before_it_settles(self, asha, state):
        assert sum(step.is_current for step in of(a_submission(asha, state=state)).steps) == 1


@pytest.mark.parametrize(("seconds", "is_stuck"), [(1, False), (50, False), (61, True)])
def test_what_waits_is_stuck_when_no_worker_was_seen_for_a_minute(asha, seconds, is_stuck):
    a_submission(asha)
    Worker.objects.update(seen_at=clock() - timedelta(seconds=seconds))

    assert progress.is_stuck() is is_stuck


def test_nothing_is_stuck_when_nothing_waits(asha):
    a_submission(asha, state=State.POSTED)
    Worker.objects.all().delete()

    assert not progress.is_stuck()
