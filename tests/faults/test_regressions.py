"""What the matrix has found, each as the smallest case that showed it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from activities import posting, readback, settling, submissions
from activities.models import Outcome, State
from activities.models.clock import clock
from tests.builders import a_draft, a_field, a_new_row, an_actor
from tests.tampering import without_guards

pytestmark = pytest.mark.django_db
CREATED, ABSENT = Outcome.CREATED, Outcome.NOT_CREATED


@pytest.fixture
def opportunity(sandbox):
    return next(each for each in sandbox.opportunities if each.status == "Open")


@pytest.fixture
def post(asha, sandbox, opportunity):
    """Post a row while this goes wrong."""

    def post(row, *faults):
        draft = a_draft(asha, opportunity_id=opportunity.id)
        draft.opportunity["lead_id"] = opportunity.lead_id
        draft.save()
        submission = submissions.submit(draft, [row], by=an_actor(asha))
        for fault in faults:
            sandbox.fault(fault)
        posting.post_next(worker="host:1:1")
        submission.refresh_from_db()
        return submission

    return post


@pytest.fixture
def retry(asha):
    """Retry a submission's only row as it is, after two looks found nothing."""

    def retry(submission):
        row = submission.rows.get()
        draft = submissions.retry(submission, by=an_actor(asha))
        new = a_new_row(note=row.note, fields=tuple(row.fields), follows=row.pk)
        return submissions.submit(draft, [new], by=an_actor(asha), repeat_confirmed=True)

    return retry


def look_in_vain(submission) -> None:
    lease_end = submission.attempts.get().lease_until
    for seconds in (30, 130):
        readback.look(submission, now=lease_end + timedelta(seconds=seconds))
    # As if that had been a while ago: the sandbox's clock is that of the machine.
    with without_guards():
        submission.rows.update(outcome_at=clock() - timedelta(seconds=1))
        submission.looks.update(at=clock() - timedelta(seconds=1))


def outcomes(submission) -> list[str]:
    submission.refresh_from_db()
    return list(submission.rows.order_by("number").values_list("outcome", flat=True))


def test_a_field_set_is_recognised_when_it_is_read_back(post):
    inner = [a_field("mx_CustomObject_1", "S. Kale")]
    fields = (a_field("mx_Custom_1", "", fields=inner), a_field("mx_Custom_2", "4500000"))
    submission = post(a_new_row(code=222, fields=fields), "reset_after_write")

    readback.look(submission, now=submission.look_at)

    assert outcomes(submission) == [CREATED]


class TestRightBeforeARetry:
    def test_one_answer_with_a_wrong_date_hides_nothing(self, post, retry, sandbox):
        submission = post(a_new_row(), "late_write")
        look_in_vain(submission)
        again = retry(submission)
        sandbox.release()
        sandbox.fault("clock_off", path_contains="GetActivitiesOfOpportunity")

        posting.post_next(worker="host:1:1")

        assert (outcomes(submission), outcomes(again)) == ([CREATED], [ABSENT])
        assert len(sandbox.posted(submission.opportunity_id)) == 1

    def test_what_only_the_leads_trail_shows_is_waited_for(self, post, retry, sandbox):
        submission = post(a_new_row(), "late_write")
        look_in_vain(submission)
        again = retry(submission)
        sandbox.release()
        sandbox.switch(index_lag_seconds=3600)

        posting.post_next(worker="host:1:1")

        again.refresh_from_db()
        assert again.state == State.QUEUED
        assert len(sandbox.posted(submission.opportunity_id)) == 1

    def test_a_list_that_is_not_whole_is_waited_for(self, post, retry, sandbox):
        submission = post(a_new_row(), "late_write")
        look_in_vain(submission)
        again = retry(submission)
        sandbox.release()
        sandbox.switch(index_lag_seconds=3600, record_count="ahead")

        posting.post_next(worker="host:1:1")

        again.refresh_from_db()
        assert again.state == State.QUEUED
        assert len(sandbox.posted(submission.opportunity_id)) == 1

    def test_something_new_that_may_be_the_row_keeps_it_from_being_sent(self, post, retry, sandbox):
        submission = post(a_new_row(), "note_changed", "late_write")
        look_in_vain(submission)
        again = retry(submission)
        sandbox.release()

        posting.post_next(worker="host:1:1")

        assert outcomes(again) == [ABSENT]
        assert "may be this row" in again.rows.get().reason
        assert len(sandbox.posted(submission.opportunity_id)) == 1

    def test_who_looked_there_and_retries_once_more_is_believed(self, post, retry, sandbox):
        submission = post(a_new_row(), "note_changed", "late_write")
        look_in_vain(submission)
        again = retry(submission)
        sandbox.release()
        posting.post_next(worker="host:1:1")

        once_more = retry(again)
        posting.post_next(worker="host:1:1")

        assert outcomes(once_more) == [CREATED]


class TestTwoTriesOfOneRow:
    @pytest.fixture
    def refused(self, post):
        return post(a_new_row(owner_email="no.one@sahyadrihfc.in"))

    @pytest.fixture
    def queued(self, asha, refused):
        """Queue a try of the refused row beside any other, as was possible before it was looked at on submitting."""

        def queued(note):
            draft = submissions.copy(refused, by=an_actor(asha))
            submission = submissions.submit(draft, [a_new_row(note=note)], by=an_actor(asha))
            with without_guards():
                submission.rows.update(follows=refused.rows.get())
            return submission

        return queued

    def test_are_not_both_sent(self, queued, sandbox):
        first, second = queued("first"), queued("second")

        posting.post_next(worker="host:1:1")
        posting.post_next(worker="host:1:1")

        assert (outcomes(first), outcomes(second)) == ([CREATED], [ABSENT])
        assert "LeadSquared has it after all" in second.rows.get().reason
        assert [each.note for each in sandbox.posted(first.opportunity_id)] == ["first"]

    def test_are_not_both_sent_while_the_first_is_before_a_person(self, queued, sandbox):
        first, second = queued("first"), queued("second")
        sandbox.fault("reset_after_write")
        posting.post_next(worker="host:1:1")
        settling.ask_person(first, reason="LeadSquared could not be asked for a day.", now=clock())
        with without_guards():
            first.rows.update(note="typed otherwise")  # so that the look cannot tell

        posting.post_next(worker="host:1:1")

        assert (outcomes(first), outcomes(second)) == ([Outcome.UNCONFIRMED], [ABSENT])
        assert "is not known yet" in second.rows.get().reason
        assert [each.note for each in sandbox.posted(first.opportunity_id)] == ["first"]

    def test_are_not_both_sent_when_the_first_arrives_late(self, queued, refused, retry, sandbox):
        sandbox.fault("late_write")
        first = queued("first")
        posting.post_next(worker="host:1:1")
        first.refresh_from_db()
        look_in_vain(first)
        second = retry(refused)
        sandbox.release()

        posting.post_next(worker="host:1:1")

        assert (outcomes(first), outcomes(second)) == ([CREATED], [ABSENT])
        assert [each.note for each in sandbox.posted(first.opportunity_id)] == ["first"]
