from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from activities import audit, connection, drafts, posting, submissions
from activities.models import Draft, Outcome, State, Submission
from tests.builders import NOON, a_draft, a_field, a_new_row, a_submission, an_actor

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def known_account(sandbox, db):
    connection.identify()


def submit(draft, rows=None, *, by, **more):
    return submissions.submit(draft, rows or [a_new_row()], by=an_actor(by), **more)


class TestSubmit:
    def test_stores_what_is_sent_and_what_the_person_saw(self, asha):
        row = a_new_row(fields=(a_field(value="AAAAA1111A", shown="AAAAA 1111 A"),))

        submission = submit(a_draft(asha), [row], by=asha)

        stored = submission.rows.get()
        assert (stored.code, stored.type_name, stored.owner_email) == (
            208,
            "KYC visit",
            "kabir.shah@sahyadrihfc.in",
        )
        assert stored.fields[0]["value"] == "AAAAA1111A"
        assert stored.fields[0]["shown"] == "AAAAA 1111 A"

    def test_sends_nothing_by_itself(self, asha, sandbox):
        submit(a_draft(asha), by=asha)

        assert [each.path for each in sandbox.requests if "Bulk" in each.path] == []

    def test_takes_over_the_drafts_id_and_ends_the_draft(self, asha):
        draft = a_draft(asha)

        submission = submit(draft, by=asha)

        assert submission.public_id == draft.public_id
        assert not Draft.objects.exists()

    def test_a_second_time_returns_the_first(self, asha):
        draft = a_draft(asha)

        first = submit(draft, by=asha)
        second = submit(draft, by=asha)

        assert first == second
        assert Submission.objects.count() == 1

    def test_stamps_the_account(self, asha):
        submission = submit(a_draft(asha), by=asha)

        account = connection.account()
        assert (submission.organisation, submission.host) == (account.organisation, account.host)

    def test_of_an_auditor_is_refused(self, chitra):
        with pytest.raises(PermissionDenied):
            submit(a_draft(chitra), by=chitra)

    def test_leaves_one_audit_entry_with_hashes_of_the_rows(self, asha):
        submission = submit(a_draft(asha), [a_new_row(), a_new_row(note="two")], by=asha, why="Committee")

        entry = audit.entries_about(submission).get()
        assert entry.facts == {"row_count": 2, "follows": ""}
        assert set(entry.contents) == {"submission", "row 1", "row 2"}
        assert "PAN collected" not in str(entry.contents)

    def test_keeps_names_and_reasons_out_of_the_chain(self, asha):
        submission = submit(a_draft(asha), [a_new_row()], by=asha, why="Committee")

        entry = audit.entries_about(submission).get()

        assert entry.subject == ""
        assert "Committee" not in str(entry.facts)


class TestWhatStaysBehind:
    TYPED = {"code": "208", "owner": "nobody", "note": "stays", "values": {}, "bare": []}
    STAYING = submissions.Staying(rows=(TYPED,), numbers=(3,))

    def test_becomes_a_draft_of_its_own_with_the_same_opportunity_and_origin(self, asha):
        first = a_submission(asha, state=State.POSTED)
        draft = a_draft(asha, follows=first, content={"rows": [self.TYPED] * 3, "skip_option_check": True})

        submission = submit(draft, by=asha, staying=self.STAYING, now=NOON + timedelta(days=2))

        kept = Draft.objects.get()
        assert kept.content == {"rows": [self.TYPED], "skip_option_check": True}
        assert (kept.opportunity_id, kept.opportunity) == (draft.opportunity_id, draft.opportunity)
        assert (kept.follows, kept.updated_at) == (first, draft.updated_at)
        assert kept.public_id not in {submission.public_id, first.public_id}

    def test_is_recorded_with_its_rows_and_its_draft(self, asha):
        submission = submit(a_draft(asha), by=asha, staying=self.STAYING)

        entry = audit.entries_about(submission).get(action="submission.left_behind")
        assert audit.in_words(entry) == "left row 3 behind as a draft"
        assert entry.facts == {"rows": "row 3", "row_count": 1, "draft": str(Draft.objects.get().public_id)}

    def test_is_not_left_twice(self, asha):
        draft = a_draft(asha)
        submit(draft, by=asha, staying=self.STAYING)

        submit(draft, by=asha, staying=self.STAYING)

        assert Draft.objects.count() == 1

    def test_is_nothing_where_all_rows_go(self, asha):
        submission = submit(a_draft(asha), by=asha, staying=submissions.Staying(rows=(), numbers=()))

        assert not Draft.objects.exists()
        assert submissions.left_behind(submission, audit.entries_about(submission)) is None


def test_what_was_typed_after_the_check_is_not_lost_by_submitting(asha):
    draft = a_draft(asha)
    Draft.objects.update(content={"rows": [{"note": "typed just now"}], "skip_option_check": False})

    with pytest.raises(submissions.Changed):
        submit(draft, by=asha)

    assert Draft.objects.get().content["rows"] == [{"note": "typed just now"}]
    assert not Submission.objects.exists()


class TestTheSameRowsAgain:
    def test_within_a_day_need_one_more_press(self, asha):
        first = submit(a_draft(asha), by=asha, now=NOON)

        with pytest.raises(submissions.Repeated) as repeated:
            submit(a_draft(asha), by=asha, now=NOON + timedelta(hours=23))

        assert repeated.value.first == first
        assert Submission.objects.count() == 1

    def test_are_submitted_when_confirmed(self, asha):
        submit(a_draft(asha), by=asha, now=NOON)

        submit(a_draft(asha), by=asha, now=NOON, repeat_confirmed=True)

        assert Submission.objects.count() == 2

    def test_after_a_day_are_not_warned_of(self, asha):
        submit(a_draft(asha), by=asha, now=NOON)

        submit(a_draft(asha), by=asha, now=NOON + timedelta(hours=25))

        assert Submission.objects.count() == 2

    def test_for_another_opportunity_are_not_warned_of(self, asha):
        submit(a_draft(asha), by=asha, now=NOON)

        submit(a_draft(asha, opportunity_id="11111111-3b44-4c1e-9d55-0f2b6a81c9e4"), by=asha, now=NOON)

        assert Submission.objects.count() == 2

    def test_after_the_first_was_cancelled_are_not_warned_of(self, asha):
        first = submit(a_draft(asha), by=asha, now=NOON)
        submissions.cancel(first, by=an_actor(asha), now=NOON)

        submit(a_draft(asha), by=asha, now=NOON)

        assert Submission.objects.count() == 2

    def test_with_another_value_are_other_rows(self, asha):
        submit(a_draft(asha), [a_new_row(fields=(a_field(value="A"),))], by=asha, now=NOON)

        submit(a_draft(asha), [a_new_row(fields=(a_field(value="B"),))], by=asha, now=NOON)

        assert Submission.objects.count() == 2


class TestSubmittedBefore:
    def test_with_the_same_content_is_found(self, asha):
        rows = [a_new_row(fields=(a_field(),))]
        submission = submit(a_draft(asha), rows, by=asha)
        seen = submissions.fingerprint(submission.opportunity_id, rows, skip_option_check=False)

        found = submissions.submitted_before(submission.public_id, by=an_actor(asha), seen=seen)

        assert found == submission

    def test_with_other_content_says_so(self, asha):
        submission = submit(a_draft(asha), by=asha)
        seen = submissions.fingerprint(submission.opportunity_id, [a_new_row(note="else")], skip_option_check=False)

        with pytest.raises(submissions.OtherContent) as other:
            submissions.submitted_before(submission.public_id, by=an_actor(asha), seen=seen)

        assert other.value.first == submission

    def test_by_somebody_else_does_not_exist(self, asha, bala):
        submission = submit(a_draft(asha), by=asha)

        with pytest.raises(submissions.NoSubmission):
            submissions.submitted_before(submission.public_id, by=an_actor(bala))


class TestCancel:
    def test_a_queued_submission_is_not_posted(self, asha, sandbox):
        submission = submit(a_draft(asha), by=asha)

        assert submissions.cancel(submission, by=an_actor(asha))

        assert submission.state == State.NOT_POSTED
        assert submission.rows.get().outcome == Outcome.NOT_CREATED
        assert posting.post_next(worker="w") is False

    def test_what_is_being_sent_is_too_late(self, asha):
        submission = a_submission(asha, state=State.SENDING)

        assert not submissions.cancel(submission, by=an_actor(asha))

    def test_somebody_elses_is_refused(self, asha, bala):
        submission = submit(a_draft(asha), by=asha)

        with pytest.raises(PermissionDenied):
            submissions.cancel(submission, by=an_actor(bala))

    def test_an_administrator_may(self, asha, dev):
        submission = submit(a_draft(asha), by=asha)

        assert submissions.cancel(submission, by=an_actor(dev))

    def test_leaves_the_entries_cancelled_and_settled(self, asha):
        submission = submit(a_draft(asha), by=asha)

        submissions.cancel(submission, by=an_actor(asha))

        actions = [entry.action for entry in audit.entries_about(submission)]
        assert actions == ["submission.submitted", "submission.cancelled", "submission.settled"]


class TestCopy:
    def test_opens_the_rows_as_they_were_typed(self, asha):
        submission = a_submission(asha, [{"fields": [a_field(typed="aaaaa1111a")]}], State.POSTED)

        draft = submissions.copy(submission, by=an_actor(asha))

        (row,) = draft.content["rows"]
        assert (row["code"], row["note"]) == ("208", "Note 1")
        assert row["values"] == {"208": {"mx_Custom_2": "aaaaa1111a"}}
        assert draft.follows == submission

    def test_by_an_auditor_is_refused(self, asha, chitra):
        submission = a_submission(asha, state=State.POSTED)

        with pytest.raises(PermissionDenied):
            submissions.copy(submission, by=an_actor(chitra))


class TestRetry:
    @pytest.fixture
    def failed(self, asha) -> Submission:
        return a_submission(asha, 2, State.NOT_POSTED, organisation=connection.account().organisation)

    def retried(self, failed, *numbers, by) -> Draft:
        """Open the rows that failed; the numbers are those that are expected to be among them."""
        draft = submissions.retry(failed, by=an_actor(by))
        assert [typed["note"] for typed in draft.content["rows"]] == [f"Note {number}" for number in numbers]
        return draft

    def rows_of(self, draft) -> list[submissions.NewRow]:
        return [a_new_row(note=typed["note"], follows=typed["follows"]) for typed in draft.content["rows"]]

    def test_leaves_out_what_another_submission_has_by_now(self, asha, failed):
        draft = self.retried(failed, 1, 2, by=asha)
        submit(draft, self.rows_of(draft)[:1], by=asha)

        self.retried(failed, 2, by=asha)

    def test_opens_nothing_when_another_submission_has_it_all(self, asha, failed):
        draft = self.retried(failed, 1, 2, by=asha)
        submit(draft, self.rows_of(draft), by=asha)

        assert submissions.retry(failed, by=an_actor(asha)) is None

    def test_opens_it_again_when_that_was_cancelled(self, asha, failed):
        draft = self.retried(failed, 1, 2, by=asha)
        submissions.cancel(submit(draft, self.rows_of(draft), by=asha), by=an_actor(asha))

        self.retried(failed, 1, 2, by=asha)

    def test_opened_before_another_was_submitted_is_refused_and_kept(self, asha, dev, failed):
        draft, other = self.retried(failed, 1, 2, by=asha), self.retried(failed, 1, 2, by=dev)
        first = submit(other, self.rows_of(other)[1:], by=dev)

        with pytest.raises(submissions.StandsElsewhere) as refused:
            submit(draft, self.rows_of(draft), by=asha, repeat_confirmed=True)

        assert refused.value.found == [submissions.Elsewhere(first, (2,))]
        assert list(Draft.objects.all()) == [draft]

    def test_goes_without_the_rows_that_another_submission_has(self, asha, failed):
        draft, other = self.retried(failed, 1, 2, by=asha), self.retried(failed, 1, 2, by=asha)
        submit(other, self.rows_of(other)[1:], by=asha)

        submission = submit(draft, self.rows_of(draft)[:1], by=asha)

        assert [row.follows for row in submission.rows.all()] == [failed.rows.get(number=1)]

    def test_submitted_twice_is_the_same_submission(self, asha, failed):
        draft = self.retried(failed, 1, 2, by=asha)

        first, second = (submit(draft, self.rows_of(draft), by=asha) for _ in range(2))

        assert first == second


class TestDrafts:
    OPPORTUNITY = {"id": "7d1c2f0a-3b44-4c1e-9d55-0f2b6a81c9e4", "name": "Asha Rao"}

    def save(self, public_id, owner, note="x"):
        content = {"rows": [{"note": note}], "skip_option_check": False}
        return drafts.save(public_id, owner=owner, opportunity=self.OPPORTUNITY, content=content)

    def test_are_kept_under_their_id(self, asha):
        draft = a_draft(asha)

        kept = self.save(draft.public_id, asha, "new words")

        assert kept.pk == draft.pk
        assert kept.content["rows"] == [{"note": "new words"}]

    def test_of_somebody_else_are_never_overwritten(self, asha, bala):
        draft = a_draft(asha)

        kept = self.save(draft.public_id, bala)

        draft.refresh_from_db()
        assert kept.public_id != draft.public_id
        assert draft.content["rows"] == []

    def test_typed_after_submitting_become_a_draft_of_their_own(self, asha):
        submission = submit(a_draft(asha), by=asha)

        kept = self.save(submission.public_id, asha)

        assert kept.public_id != submission.public_id
        assert submission.rows.get().note == "PAN collected"
