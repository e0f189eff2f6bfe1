from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from activities import audit, posting, proving, purging, rechecking, submissions
from activities.leadsquared import LeadSquaredError
from activities.models import Account, Outcome, Recheck, Submission
from activities.models.clock import clock
from tests.builders import a_draft, a_field, a_new_row, an_actor
from tests.lists import know_everything
from tests.tampering import without_guards

pytestmark = pytest.mark.django_db
VISIT = a_field("mx_Custom_3", "2026-11-21 10:35:00", label="Visited on", shown="Sat 21 Nov 2026, 16:05")


@pytest.fixture
def posted(asha, sandbox) -> Submission:
    """Two rows that LeadSquared has."""
    know_everything()
    opportunity = next(each for each in sandbox.opportunities if each.status == "Open")
    rows = [a_new_row(note=f"Row {number}", fields=(a_field(), VISIT)) for number in (1, 2)]
    submission = submissions.submit(a_draft(asha, opportunity_id=opportunity.id), rows, by=an_actor(asha))
    posting.post_next(worker="host:1:1")
    submission.refresh_from_db()
    assert [row.outcome for row in submission.rows.all()] == [Outcome.CREATED, Outcome.CREATED]
    return submission


@pytest.fixture
def in_leadsquared(sandbox, posted):
    """Change what LeadSquared holds of the second row."""

    def change(**changes):
        activity = next(each for each in sandbox.posted() if each.note == "Row 2")
        values = {**activity.values, **changes.pop("values", {})}
        sandbox.rewrite(dataclasses.replace(activity, values=values, **changes))

    return change


def newest(submission: Submission) -> rechecking.Newest:
    found = rechecking.newest(submission, list(submission.rows.all()), audit.entries_about(submission))
    assert found is not None
    return found


def unlike(submission: Submission) -> list[tuple[int, str, str, str]]:
    """Return for everything that differs its row, label, what was sent and what is held."""
    return [
        (row.number, line.label, line.sent, line.now)
        for row in newest(submission).unlike
        for line in row.lines
        if line.differs
    ]


class TestWhatIsCompared:
    def test_what_nobody_touched_is_as_sent(self, posted, asha):
        summary = rechecking.recheck(posted, by=an_actor(asha))

        assert summary == "all 8 values are as sent"
        assert [row.number for row in newest(posted).alike] == [1, 2]

    def test_a_changed_value_stands_beside_what_was_sent(self, posted, asha, in_leadsquared):
        in_leadsquared(values={"mx_Custom_2": "ZZZZZ9999Z"})

        summary = rechecking.recheck(posted, by=an_actor(asha))

        assert summary == "1 of 8 values differs"
        assert unlike(posted) == [(2, "PAN number", "AAAAA1111A", "ZZZZZ9999Z")]

    def test_a_value_that_was_emptied_differs(self, posted, asha, in_leadsquared):
        in_leadsquared(values={"mx_Custom_2": ""})

        rechecking.recheck(posted, by=an_actor(asha))

        assert unlike(posted) == [(2, "PAN number", "AAAAA1111A", "")]

    def test_a_changed_note_and_owner_differ(self, posted, asha, sandbox, in_leadsquared):
        other = next(each for each in sandbox.users if each.email != "kabir.shah@sahyadrihfc.in" and each.active)
        in_leadsquared(note="Never met", owner_email=other.email)

        rechecking.recheck(posted, by=an_actor(asha))

        assert [(label, sent) for _, label, sent, _ in unlike(posted)] == [("Note", "Row 2"), ("Owner", "Kabir Shah")]

    def test_a_moved_time_differs_and_both_are_told_in_the_same_spelling(self, posted, asha, in_leadsquared):
        in_leadsquared(values={"mx_Custom_3": "2026-11-22 10:35:00"})

        rechecking.recheck(posted, by=an_actor(asha))

        (row,) = newest(posted).unlike
        (line,) = [each for each in row.lines if each.differs]
        assert (line.sent, line.sent_as, line.now[:19]) == (VISIT["shown"], VISIT["value"], "2026-11-22 10:35:00")

    def test_the_same_in_another_spelling_is_the_same(self, posted, asha, in_leadsquared):
        in_leadsquared(values={"mx_Custom_3": "2026-11-21 10:35:00.000"})

        rechecking.recheck(posted, by=an_actor(asha))

        line = next(each for each in newest(posted).alike[1].lines if each.name == "mx_Custom_3")
        assert not newest(posted).unlike
        assert line.is_respelled

    def test_a_field_of_which_the_answer_is_silent_was_not_emptied(self, posted, asha, sandbox):
        kyc = sandbox.activity_type(208)
        fields = tuple(each for each in kyc.fields if each.schema_name != "mx_Custom_2")
        sandbox.change(dataclasses.replace(kyc, fields=fields))
        for activity in sandbox.posted():
            values = {name: value for name, value in activity.values.items() if name != "mx_Custom_2"}
            sandbox.rewrite(dataclasses.replace(activity, values=values))

        summary = rechecking.recheck(posted, by=an_actor(asha))

        assert summary == "all 6 values are as sent; of 2 LeadSquared said nothing that can be compared"
        assert [row.number for row in newest(posted).unlike] == [1, 2]

    def test_a_deleted_activity_is_named(self, posted, asha, sandbox):
        sandbox.delete(next(each for each in sandbox.posted() if each.note == "Row 1"))

        summary = rechecking.recheck(posted, by=an_actor(asha))

        assert summary == "all 4 values are as sent; LeadSquared’s list does not have row 1"
        assert [(row.number, row.is_listed) for row in newest(posted).unlike] == [(1, False)]

    def test_a_list_that_is_not_whole_says_so(self, posted, asha, sandbox):
        sandbox.fault("paging_ignored", times=50)
        opportunity = next(each for each in sandbox.opportunities if each.id == posted.opportunity_id)
        for number in range(210):
            sandbox.add_activity(opportunity.id, code=208, note=f"{number}", owner_email="kabir.shah@sahyadrihfc.in")

        summary = rechecking.recheck(posted, by=an_actor(asha))

        assert summary.endswith("the list was not whole")


class TestTheRecord:
    def test_a_check_is_an_entry_that_names_fields_and_no_contents(self, posted, asha, in_leadsquared):
        in_leadsquared(note="Never met", values={"mx_Custom_2": "ZZZZZ9999Z"})

        rechecking.recheck(posted, by=an_actor(asha))

        entry = audit.entries_about(posted).last()
        assert entry.action == "submission.rechecked"
        assert entry.facts["evidence"] == ["row 2: ActivityNote, mx_Custom_2"]
        assert "Never met" not in str(entry.facts)

    def test_checks_are_counted_and_the_newest_is_shown(self, posted, asha, chitra, in_leadsquared):
        rechecking.recheck(posted, by=an_actor(asha))
        in_leadsquared(note="Never met")

        rechecking.recheck(posted, by=an_actor(chitra))

        assert list(posted.rechecks.order_by("number").values_list("number", flat=True)) == [1, 2]
        assert (newest(posted).by, newest(posted).summary) == (chitra.name, "1 of 8 values differs")

    def test_the_proof_covers_what_was_held(self, posted, asha):
        rechecking.recheck(posted, by=an_actor(asha))

        assert proving.verify().problems == ()

    def test_what_was_held_cannot_be_altered_unnoticed(self, posted, asha):
        rechecking.recheck(posted, by=an_actor(asha))
        with without_guards():
            this = posted.rechecks.get()
            this.held[0]["fields"][0]["now"] = "Something else"
            Recheck.objects.filter(pk=this.pk).update(held=this.held)

        (problem,) = proving.verify().problems
        assert "The recheck 1 of the submission" in problem

    def test_a_check_cannot_be_slipped_in(self, posted):
        Recheck.objects.create(submission=posted, number=1, at=clock(), whole=True, held=[])

        (problem,) = proving.verify().problems
        assert "recheck 1" in problem
        assert "inserted" in problem

    def test_a_purge_removes_what_was_held_and_the_proof_stays(self, posted, asha):
        rechecking.recheck(posted, by=an_actor(asha))

        purging.purge(clock() + timedelta(days=1), by=audit.COMMAND_LINE)

        this = posted.rechecks.get()
        assert (this.held, this.salt) == ([], None)
        assert proving.verify().problems == ()
        assert rechecking.newest(posted, list(posted.rows.all()), audit.entries_about(posted)) is None


class TestWhatIsNotCompared:
    def test_the_page_stands_when_somebody_removed_a_check_past_the_triggers(self, posted, asha, asha_client):
        rechecking.recheck(posted, by=an_actor(asha))
        with without_guards():
            posted.rechecks.all()._raw_delete("default")

        page = asha_client.get(f"/submissions/{posted.public_id}/")

        assert page.status_code == 200
        assert "recheck 1" in proving.verify().problems[0]

    def test_keys_that_are_not_accepted_put_sending_on_hold(self, posted, asha, sandbox):
        sandbox.fault("unauthorized", path_contains="/v2/", times=20)

        with pytest.raises(LeadSquaredError):
            rechecking.recheck(posted, by=an_actor(asha))

        assert Account.objects.get().hold_since is not None

    def test_nothing_is_kept_when_leadsquared_does_not_answer(self, posted, asha, sandbox):
        sandbox.fault("status", status=503, times=20, path_contains="GetActivitiesOfOpportunity")

        with pytest.raises(LeadSquaredError):
            rechecking.recheck(posted, by=an_actor(asha))

        assert not posted.rechecks.exists()

    def test_another_accounts_list_is_not_asked_for(self, posted, asha, sandbox):
        Account.objects.update(organisation="another")
        asked = len(sandbox.requests)

        with pytest.raises(rechecking.OtherAccount):
            rechecking.recheck(posted, by=an_actor(asha))

        assert len(sandbox.requests) == asked

    def test_what_was_purged_cannot_be_compared(self, posted, asha):
        purging.purge(clock() + timedelta(days=1), by=audit.COMMAND_LINE)

        with pytest.raises(rechecking.NothingToCompare):
            rechecking.recheck(posted, by=an_actor(asha))
