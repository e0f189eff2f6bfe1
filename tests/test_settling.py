from __future__ import annotations

import itertools

import pytest

from activities import audit, settling
from activities.models import OUTCOMES, SETTLED, TRANSITIONS, Outcome, State
from activities.settling import RowVerdict
from tests.builders import NOON, a_submission, an_actor, in_doubt_since_a_restore

pytestmark = pytest.mark.django_db
CREATED, REJECTED, UNCONFIRMED = Outcome.CREATED, Outcome.REJECTED, Outcome.UNCONFIRMED
NOT_CREATED, PENDING = Outcome.NOT_CREATED, Outcome.PENDING
YES = RowVerdict(CREATED, activity_id="11111111-0000-4000-8000-000000000001")
OTHER_YES = RowVerdict(CREATED, activity_id="11111111-0000-4000-8000-000000000002")
NO = RowVerdict(REJECTED, reason="Its owner is not known.", said="Owner is invalid")
DOUBT = RowVerdict(UNCONFIRMED, reason="No clear answer.")
ABSENT = RowVerdict(NOT_CREATED, reason="It is not there.")

STEPS = list(itertools.product(State, State))
ALLOWED = [(old, new) for old, new in STEPS if new in TRANSITIONS[old]]
REFUSED = [(old, new) for old, new in STEPS if new not in TRANSITIONS[old]]


def what_goes_with(state) -> dict:
    """The columns that a state brings along."""
    return {
        "settled_at": NOON if state in SETTLED else None,
        "lease_until": NOON if state == State.SENDING else None,
    }


def outcomes_of(submission) -> list[str]:
    return settling.outcomes_of(submission)


class TestMove:
    @pytest.mark.parametrize(("old", "new"), ALLOWED)
    def test_takes_every_step_of_the_table(self, asha, old, new):
        submission = a_submission(asha, state=old)

        assert settling.move(submission, old=old, new=new, **what_goes_with(new))

        assert submission.state == new

    @pytest.mark.parametrize(("old", "new"), REFUSED)
    def test_refuses_every_other_step(self, asha, old, new):
        submission = a_submission(asha, state=old)

        with pytest.raises(ValueError, match="cannot go from"):
            settling.move(submission, old=old, new=new, **what_goes_with(new))

        submission.refresh_from_db()
        assert submission.state == old

    @pytest.mark.parametrize(("old", "new"), ALLOWED)
    def test_does_nothing_when_somebody_was_faster(self, asha, old, new):
        elsewhere = State.NOT_POSTED if old != State.NOT_POSTED else State.QUEUED
        submission = a_submission(asha, state=elsewhere)

        assert not settling.move(submission, old=old, new=new, **what_goes_with(new))

        submission.refresh_from_db()
        assert submission.state == elsewhere

    def test_with_an_attempt_moves_only_while_that_is_the_newest(self, asha):
        submission = a_submission(asha, state=State.SENDING, attempt_count=2)

        late = settling.move(submission, old=State.SENDING, new=State.QUEUED, attempt=1, lease_until=None)
        newest = settling.move(submission, old=State.SENDING, new=State.QUEUED, attempt=2, lease_until=None)

        assert (late, newest) == (False, True)


class TestApply:
    @pytest.mark.parametrize(
        ("verdicts", "state"),
        [
            ([YES, OTHER_YES], State.POSTED),
            ([YES, NO], State.PARTLY_POSTED),
            ([YES, ABSENT], State.PARTLY_POSTED),
            ([NO, NO], State.NOT_POSTED),
            ([NO, ABSENT], State.NOT_POSTED),
            ([YES, DOUBT], State.UNCONFIRMED),
            ([DOUBT, DOUBT], State.UNCONFIRMED),
            ([NO, DOUBT], State.UNCONFIRMED),
        ],
    )
    def test_leads_where_all_rows_lead(self, asha, verdicts, state):
        submission = a_submission(asha, rows=2, state=State.SENDING)

        assert settling.apply(submission, dict(enumerate(verdicts, start=1)), now=NOON) == state

        assert submission.state == state
        assert outcomes_of(submission) == [verdict.outcome for verdict in verdicts]

    @pytest.mark.parametrize("late", [NO, DOUBT, ABSENT, OTHER_YES])
    def test_never_takes_a_yes_back(self, asha, late):
        submission = a_submission(asha, rows=2, state=State.SENDING)
        settling.apply(submission, {1: YES, 2: DOUBT}, now=NOON)

        settling.apply(submission, {1: late, 2: DOUBT}, now=NOON)

        row = submission.rows.get(number=1)
        assert (row.outcome, row.activity_id) == (CREATED, YES.activity_id)

    @pytest.mark.parametrize("old", Outcome)
    @pytest.mark.parametrize("new", [YES, NO, DOUBT, ABSENT])
    def test_changes_an_outcome_only_along_the_table(self, asha, old, new):
        row = {"outcome": old, "outcome_at": None if old == PENDING else NOON}
        submission = a_submission(asha, [row, {"outcome": UNCONFIRMED, "outcome_at": NOON}], State.UNCONFIRMED)

        settling.apply(submission, {1: new}, now=NOON)

        expected = new.outcome if new.outcome in OUTCOMES[old] else old
        assert outcomes_of(submission)[0] == expected

    def test_leaves_rows_that_it_is_told_nothing_of(self, asha):
        submission = a_submission(asha, rows=2, state=State.UNCONFIRMED)

        settling.apply(submission, {2: YES}, now=NOON)

        assert outcomes_of(submission) == [UNCONFIRMED, CREATED]

    def test_corrects_an_absence_by_a_yes(self, asha):
        rows = [{"outcome": NOT_CREATED, "outcome_at": NOON, "reason": "It was not there."}]
        submission = a_submission(asha, rows, State.NOT_POSTED)

        settling.apply(submission, {1: YES}, now=NOON)

        assert submission.state == State.POSTED

    def test_a_yes_with_the_id_of_another_row_stays_in_doubt(self, asha):
        settling.apply(a_submission(asha, state=State.SENDING), {1: YES}, now=NOON)
        second = a_submission(asha, state=State.SENDING)

        settling.apply(second, {1: YES}, now=NOON)

        assert second.state == State.UNCONFIRMED
        assert "with the id of another row" in second.rows.get().reason

    def test_an_absence_is_not_corrected_by_an_id_that_another_row_has_just_claimed(self, asha):
        rows = [{"outcome": NOT_CREATED, "outcome_at": NOON, "reason": "It was not there."}]
        looked_for = a_submission(asha, rows, State.NOT_POSTED)
        settling.apply(a_submission(asha, state=State.SENDING), {1: YES}, now=NOON)

        settling.apply(looked_for, {1: YES}, now=NOON)

        row = looked_for.rows.get()
        assert (row.outcome, row.activity_id, row.reason) == (NOT_CREATED, "", "It was not there.")
        assert looked_for.state == State.NOT_POSTED

    def test_two_rows_with_one_id_are_not_both_created(self, asha):
        submission = a_submission(asha, rows=2, state=State.SENDING)

        settling.apply(submission, {1: YES, 2: YES}, now=NOON)

        assert outcomes_of(submission) == [CREATED, UNCONFIRMED]

    def test_keeps_leadsquareds_own_words_and_the_field_that_they_name(self, asha):
        submission = a_submission(asha, state=State.SENDING)

        settling.apply(submission, {1: NO}, now=NOON)

        row = submission.rows.get()
        assert (row.reason, row.said) == (NO.reason, NO.said)

    def test_takes_words_of_any_length(self, asha):
        submission = a_submission(asha, state=State.SENDING)
        long = RowVerdict(REJECTED, reason="r" * 9000, said="s" * 9000, exception_type="e" * 9000)

        settling.apply(submission, {1: long}, now=NOON)

        assert submission.state == State.NOT_POSTED

    def test_leaves_one_entry_when_it_comes_to_rest(self, asha):
        submission = a_submission(asha, rows=2, state=State.SENDING)

        settling.apply(submission, {1: YES, 2: NO}, now=NOON)
        settling.apply(submission, {1: YES, 2: NO}, now=NOON)

        (entry,) = audit.entries_about(submission)
        assert entry.facts == {
            "state": "partly posted",
            "summary": "1 created, 1 rejected",
            "rows": {"1": ["created", YES.activity_id], "2": ["rejected", ""]},
        }

    def test_leaves_one_before_of_what_is_known_of_its_rows(self, asha):
        submission = a_submission(asha, state=State.SENDING)

        settling.apply(submission, {1: DOUBT}, now=NOON)
        settling.apply(submission, {1: DOUBT}, now=NOON)

        (entry,) = audit.entries_about(submission)
        assert entry.action == "submission.noted"
        assert entry.facts == {"summary": "1 unconfirmed", "rows": {"1": ["unconfirmed", ""]}}


class TestSettleUnsent:
    @pytest.mark.parametrize("state", [each for each in State if each != State.QUEUED])
    def test_touches_nothing_that_is_not_queued(self, asha, state):
        submission = a_submission(asha, state=state)
        before = outcomes_of(submission)

        assert not settling.settle_unsent(submission, reason="why", by=an_actor(asha), now=NOON)

        submission.refresh_from_db()
        assert (submission.state, outcomes_of(submission)) == (state, before)

    def test_touches_nothing_that_may_have_been_posted_before_a_restore(self, asha):
        submission = in_doubt_since_a_restore(a_submission(asha))

        assert not settling.settle_unsent(submission, reason="why", by=an_actor(asha), now=NOON)

        submission.refresh_from_db()
        assert (submission.state, outcomes_of(submission)) == (State.QUEUED, [PENDING])

    def test_gives_every_row_its_reason(self, asha):
        submission = a_submission(asha, rows=3)

        settling.settle_unsent(submission, reason="Asha cancelled it.", by=an_actor(asha), now=NOON)

        assert {(row.outcome, row.reason) for row in submission.rows.all()} == {(NOT_CREATED, "Asha cancelled it.")}

    def test_by_the_portal_is_no_cancellation(self, asha):
        submission = a_submission(asha)

        settling.settle_unsent(submission, reason="too old", by=audit.PORTAL, now=NOON)

        assert [entry.action for entry in audit.entries_about(submission)] == ["submission.settled"]


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        ([CREATED, CREATED, REJECTED], "2 created, 1 rejected"),
        ([PENDING], "1 queued"),
        ([UNCONFIRMED, CREATED, NOT_CREATED], "1 created, 1 not created, 1 unconfirmed"),
        ([], ""),
    ],
)
def test_the_summary_counts_in_words(outcomes, words):
    assert settling.summary(outcomes) == words
