from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection

from activities import audit, contents, posting, proving, purging, readback, settling, submissions
from activities.models import Call, CallKind, Look, Outcome, State, Submission
from activities.models.clock import clock
from tests.builders import a_draft, a_field, a_new_row, an_actor, asked_of
from tests.tampering import without_guards

pytestmark = pytest.mark.django_db
WORKER = "host:1:1"
CREATED, REJECTED, ABSENT, OPEN = Outcome.CREATED, Outcome.REJECTED, Outcome.NOT_CREATED, Outcome.UNCONFIRMED


@pytest.fixture
def opportunity(sandbox):
    return next(each for each in sandbox.opportunities if each.status == "Open")


@pytest.fixture
def post(asha, sandbox, opportunity):
    """Submit rows and let a worker send them; by default the connection is reset after LeadSquared wrote them."""

    def post(rows=2, *, fault="reset_after_write", repeat_confirmed=False, **options) -> Submission:
        if isinstance(rows, int):
            rows = [a_new_row(note=f"Row {number}", fields=(a_field(),)) for number in range(1, rows + 1)]
        draft = a_draft(asha, opportunity_id=opportunity.id)
        draft.opportunity["lead_id"] = opportunity.lead_id
        draft.save()
        submission = submissions.submit(draft, rows, by=an_actor(asha), repeat_confirmed=repeat_confirmed)
        if fault:
            sandbox.fault(fault, **options)
        posting.post_next(worker=WORKER)
        submission.refresh_from_db()
        return submission

    return post


def outcomes(submission: Submission) -> list[str]:
    submission.refresh_from_db()
    return list(submission.rows.order_by("number").values_list("outcome", flat=True))


A_DAY = 25 * 3600


def look(submission: Submission, *, after: float) -> None:
    """Look this many seconds after the write could still arrive; below 0 it still could."""
    submission.refresh_from_db()
    lease_end = submission.attempts.order_by("-number").first().lease_until
    readback.look(submission, now=lease_end + timedelta(seconds=120 + after))


class TestPresence:
    def test_what_was_written_is_created_at_the_first_look(self, post):
        submission = post(2)

        look(submission, after=-125)

        assert outcomes(submission) == [CREATED, CREATED]
        assert submission.state == State.POSTED
        assert submission.look_at is None

    def test_rows_get_the_ids_that_leadsquared_holds(self, post, sandbox):
        submission = post(2)

        look(submission, after=-125)

        held = {each.note: each.id for each in sandbox.posted(submission.opportunity_id)}
        assert {row.note: row.activity_id for row in submission.rows.all()} == held

    def test_identical_rows_are_counted(self, post):
        submission = post([a_new_row(note="same"), a_new_row(note="same")])

        look(submission, after=-125)

        assert outcomes(submission) == [CREATED, CREATED]
        assert len(set(submission.rows.values_list("activity_id", flat=True))) == 2

    def test_an_activity_that_another_row_claims_never_matches_again(self, post):
        first = post([a_new_row(note="same")], fault=None)
        second = post([a_new_row(note="other")], fault="reset_before_write")
        with without_guards():
            second.rows.update(note="same")

        look(second, after=10)
        look(second, after=20)

        assert outcomes(first) == [CREATED]
        assert outcomes(second) == [ABSENT]

    @pytest.mark.parametrize(
        ("switches", "row"),
        [
            ({"boolean_values": "true_false"}, {"fields": (a_field("mx_Custom_8", "1"),)}),
            ({"stored_blanks": "trimmed"}, {"note": "  blanks around  "}),
            ({"date_values": "us"}, {"fields": (a_field("mx_Custom_3", "2026-11-20 05:50:00"),)}),
            ({"date_values": "milliseconds"}, {"fields": (a_field("mx_Custom_3", "2026-11-20 05:50:00"),)}),
            ({"number_values": "two_decimals"}, {"fields": (a_field("mx_Custom_6", "12"),)}),
        ],
    )
    def test_what_leadsquared_changes_on_the_way_is_recognised(self, post, sandbox, switches, row):
        sandbox.switch(**switches)
        submission = post([a_new_row(**row)])

        look(submission, after=-125)

        assert outcomes(submission) == [CREATED]


class TestAbsence:
    def test_does_not_count_while_the_write_can_still_arrive(self, post):
        submission = post(2, fault="reset_before_write")

        look(submission, after=-100)
        look(submission, after=-50)

        assert outcomes(submission) == [OPEN, OPEN]
        assert submission.look_at is not None

    def test_counts_after_two_looks_the_later_one_late_enough(self, post):
        submission = post(2, fault="reset_before_write")

        look(submission, after=-100)
        look(submission, after=1)

        assert outcomes(submission) == [ABSENT, ABSENT]
        assert submission.state == State.NOT_POSTED

    def test_does_not_count_on_one_look(self, post):
        submission = post(1, fault="reset_before_write")

        look(submission, after=500)

        assert outcomes(submission) == [OPEN]

    def test_does_not_count_on_a_list_that_is_not_whole(self, post, sandbox):
        sandbox.switch(index_lag_seconds=3600, record_count="ahead")
        submission = post(1)

        look(submission, after=1)
        look(submission, after=100)

        assert outcomes(submission) == [OPEN]

    def test_a_late_write_is_still_found(self, post, sandbox):
        submission = post(1, fault="late_write")
        look(submission, after=-100)

        sandbox.release()
        look(submission, after=-50)

        assert outcomes(submission) == [CREATED]

    def test_a_look_that_fails_counts_for_nothing(self, post, sandbox):
        submission = post(1, fault="reset_before_write")
        look(submission, after=-100)
        sandbox.fault("error_500_without_envelope", path_contains="GetActivitiesOfOpportunity")

        look(submission, after=1)

        assert outcomes(submission) == [OPEN]
        assert submission.looks.get(number=2).succeeded is False
        assert submission.look_at is not None

    def test_an_answer_without_a_date_counts_for_nothing(self, post, sandbox):
        submission = post(1, fault="reset_before_write")
        sandbox.fault("no_date", times=50)

        look(submission, after=1)
        look(submission, after=100)

        assert outcomes(submission) == [OPEN]

    def test_a_trail_that_shows_it_already_postpones_the_absence(self, post, sandbox):
        sandbox.switch(index_lag_seconds=3600)
        submission = post(1)

        look(submission, after=1)
        look(submission, after=100)

        assert outcomes(submission) == [OPEN]

    def test_a_clock_ten_minutes_off_does_no_harm(self, post, sandbox):
        sandbox.switch(clock_offset_seconds=-600)
        submission = post(2)

        look(submission, after=-125)

        assert outcomes(submission) == [CREATED, CREATED]


class TestARefusalOfSeveralRows:
    def bad_rows(self):
        good = a_new_row(code=102, note="good")
        bad = a_new_row(code=208, note="bad", fields=(a_field("mx_Custom_6", "not a number"),))
        return [good, bad]

    def test_that_wrote_nothing_ends_as_not_created_with_the_reason(self, post):
        submission = post(self.bad_rows(), fault=None)
        assert outcomes(submission) == [OPEN, OPEN]

        look(submission, after=-100)
        look(submission, after=1)

        assert ABSENT in outcomes(submission)
        assert CREATED not in outcomes(submission)
        assert "refused" in submission.rows.get(number=1).reason

    def test_that_wrote_the_rows_before_the_bad_one_credits_them(self, post, sandbox):
        sandbox.switch(refused_writes="rows_before_the_bad_one")
        submission = post(self.bad_rows(), fault=None)

        look(submission, after=-100)
        look(submission, after=50)

        assert outcomes(submission)[0] == CREATED
        assert outcomes(submission)[1] in {ABSENT, REJECTED}


class TestWhatNobodyCanTell:
    def needs_a_person(self, submission: Submission) -> bool:
        look(submission, after=-100)
        # The first look found something new, so that the clock starts again there.
        return self.is_before_a_person(submission, after=50)

    def is_before_a_person(self, submission: Submission, *, after: float) -> bool:
        look(submission, after=after)
        return Submission.objects.get(pk=submission.pk).needs_person_since is not None

    def test_a_note_changed_by_an_automation_goes_to_a_person(self, post, sandbox):
        sandbox.fault("note_changed")
        submission = post(1)

        assert self.needs_a_person(submission)

        assert outcomes(submission) == [OPEN]

    def test_an_owner_replaced_goes_to_a_person(self, post, sandbox):
        sandbox.fault("owner_replaced")
        submission = post(1)

        assert self.needs_a_person(submission)

    def test_an_identical_row_of_a_colleague_is_not_ours(self, post, sandbox):
        sandbox.fault("identical_row_by_colleague")
        submission = post(1, fault="reset_before_write")

        look(submission, after=-100)
        look(submission, after=1)

        assert CREATED not in outcomes(submission)

    def test_the_opportunity_is_free_for_the_next_submission(self, post, sandbox):
        sandbox.fault("note_changed")
        submission = post(1)
        self.needs_a_person(submission)

        second = post([a_new_row(note="next")], fault=None)

        assert outcomes(second) == [CREATED]

    def test_what_could_not_be_read_back_for_a_day_goes_to_a_person(self, post, sandbox):
        submission = post(1, fault="reset_before_write")
        sandbox.fault("error_500_without_envelope", path_contains="GetActivitiesOfOpportunity", times=100)
        look(submission, after=10)

        asked = [self.is_before_a_person(submission, after=A_DAY + seconds) for seconds in (0, 60, 120)]

        assert asked == [False, False, True]
        assert Submission.objects.get().explanation == readback.NOT_ASKED

    @pytest.mark.parametrize("looks_before", [[], [-115], [-115, -100]])
    def test_what_nobody_looked_for_in_a_day_is_looked_for_before_a_person_is_asked(self, post, sandbox, looks_before):
        submission = post(1, fault="reset_before_write")
        for seconds in looks_before:
            look(submission, after=seconds)
        sandbox.fault("error_500_without_envelope", path_contains="GetActivitiesOfOpportunity", times=1)

        asked = [self.is_before_a_person(submission, after=A_DAY + seconds) for seconds in (0, 15, 30)]

        assert (asked, outcomes(submission)) == ([False] * 3, [Outcome.NOT_CREATED])

    def test_is_told_so_where_leadsquared_answered_but_never_for_sure(self, post, sandbox):
        submission = post(1, fault="reset_before_write")
        look(submission, after=-115)
        sandbox.fault("error_500_without_envelope", path_contains="GetActivitiesOfOpportunity", times=2)

        look(submission, after=A_DAY)
        look(submission, after=A_DAY + 120)

        submission.refresh_from_db()
        assert submission.explanation == readback.NOT_SURE

    def test_is_told_what_a_later_look_found(self, post, sandbox):
        sandbox.fault("note_changed")
        submission = post(1)
        sandbox.fault("error_500_without_envelope", path_contains="GetActivitiesOfOpportunity", times=2)
        look(submission, after=A_DAY)
        look(submission, after=A_DAY + 120)
        submission.refresh_from_db()
        before = submission.explanation

        look(submission, after=A_DAY + 200)
        look(submission, after=A_DAY + 400)

        submission.refresh_from_db()
        asked = audit.entries_about(submission).filter(action="submission.needs_person")
        assert before == readback.NOT_ASKED
        assert "LeadSquared holds activities that may be row 1" in submission.explanation
        assert [entry.facts["reason"] for entry in asked] == [before, submission.explanation]

    def test_these_are_ours_settles_the_rows_as_created(self, post, sandbox, asha):
        sandbox.fault("note_changed")
        submission = post(1)
        self.needs_a_person(submission)
        (leftover,) = submissions.leftovers(submission)

        submissions.decide(submission, asked=asked_of(submission), ours={1: leftover["id"]}, by=an_actor(asha))

        assert outcomes(submission) == [CREATED]
        assert submission.rows.get().activity_id == leftover["id"]

    def test_these_are_not_settles_the_rows_as_not_created(self, post, sandbox, asha):
        sandbox.fault("note_changed")
        submission = post(1)
        self.needs_a_person(submission)

        submissions.decide(submission, asked=asked_of(submission), ours={1: ""}, by=an_actor(asha))

        assert outcomes(submission) == [ABSENT]
        assert audit.entries_about(submission).filter(action="submission.decided").count() == 1

    def test_a_row_that_is_not_decided_is_refused(self, post, sandbox, asha):
        sandbox.fault("note_changed")
        submission = post(1)
        self.needs_a_person(submission)

        with pytest.raises(submissions.NotOffered):
            submissions.decide(submission, asked=asked_of(submission), ours={}, by=an_actor(asha))

    def test_an_activity_that_was_not_offered_is_refused(self, post, sandbox, asha):
        sandbox.fault("note_changed")
        submission = post(1)
        self.needs_a_person(submission)

        with pytest.raises(submissions.NotOffered):
            submissions.decide(
                submission,
                asked=asked_of(submission),
                ours={1: "11111111-2222-4333-8444-555555555555"},
                by=an_actor(asha),
            )

    def test_none_is_no_answer_to_what_came_up_since_the_person_was_asked(self, post, sandbox, asha):
        sandbox.fault("note_changed")
        submission = post(1)
        self.needs_a_person(submission)
        asked = asked_of(submission)
        sandbox.add_activity(
            submission.opportunity_id,
            code=208,
            note="Row 1, put right by hand",
            owner_email="kabir.shah@sahyadrihfc.in",
            created_by_email=sandbox.key_user.email,
        )
        look(submission, after=500)

        with pytest.raises(submissions.NotOffered) as refused:
            submissions.decide(submission, asked=asked, ours={1: ""}, by=an_actor(asha))

        assert "read again" in refused.value.wrong[1]
        assert outcomes(submission) == [OPEN]


class TestTheMomentOfALook:
    def test_is_the_one_in_which_leadsquared_was_asked(self, post, sandbox):
        submission = post(1, fault="reset_before_write")
        sandbox.fault("slow", seconds=0.4, path_contains="GetActivitiesOfOpportunity")

        before = clock()
        readback.look(submission)
        after = clock()

        looked = submission.looks.get()
        assert before <= looked.at
        assert looked.at < after - timedelta(seconds=0.4)


class TestCheckAgain:
    def test_finds_what_arrived_after_the_last_look(self, post, sandbox, asha):
        submission = post(1, fault="late_write")
        look(submission, after=-100)
        look(submission, after=1)
        assert outcomes(submission) == [ABSENT]
        sandbox.release()

        submissions.look_again(submission, by=an_actor(asha))
        readback.look_next()

        assert outcomes(submission) == [CREATED]
        assert submission.state == State.POSTED

    def test_claims_nothing_while_the_same_rows_of_a_later_submission_are_unconfirmed(self, post, asha):
        earlier = post(1, fault="reset_before_write")
        look(earlier, after=-100)
        look(earlier, after=1)
        later = post(1, repeat_confirmed=True)

        submissions.look_again(earlier, by=an_actor(asha))
        readback.look_next()
        look(later, after=-125)

        assert outcomes(earlier) == [ABSENT]
        assert outcomes(later) == [CREATED]
        assert earlier.look_at is not None

    def before_a_person(self, post) -> Submission:
        """Post a row that was never written, and that LeadSquared could not be asked about."""
        submission = post(1, fault="reset_before_write")
        settling.ask_person(submission, reason="LeadSquared could not be asked for too long.", now=clock())
        return submission

    def test_of_what_is_before_a_person_claims_nothing_while_a_later_submission_is_unconfirmed(self, post, asha):
        earlier = self.before_a_person(post)
        later = post(1, repeat_confirmed=True)

        submissions.look_again(earlier, by=an_actor(asha))
        readback.look_next()
        look(later, after=-125)

        assert outcomes(earlier) == [OPEN]
        assert outcomes(later) == [CREATED]
        assert earlier.look_at is not None

    def test_of_what_is_before_a_person_goes_on_once_the_later_submission_is_settled(self, post, asha):
        earlier = self.before_a_person(post)
        later = post(1, repeat_confirmed=True)
        submissions.look_again(earlier, by=an_actor(asha))
        readback.look_next()
        look(later, after=-125)

        look(earlier, after=10)

        assert outcomes(earlier) == [ABSENT]

    def test_of_what_is_before_a_person_settles_it_where_nobody_else_may_have_written_it(self, post, asha):
        submission = post(1)
        settling.ask_person(submission, reason="LeadSquared could not be asked for too long.", now=clock())

        submissions.look_again(submission, by=an_actor(asha))
        readback.look_next()

        assert outcomes(submission) == [CREATED]

    def test_that_finds_nothing_changes_nothing(self, post, asha):
        submission = post(1, fault="reset_before_write")
        look(submission, after=-100)
        look(submission, after=1)

        submissions.look_again(submission, by=an_actor(asha))
        readback.look_next()

        assert outcomes(submission) == [ABSENT]
        assert submission.look_at is None


class TestRetry:
    def absent(self, post, **options) -> Submission:
        submission = post(2, **options)
        look(submission, after=-100)
        look(submission, after=1)
        assert outcomes(submission) == [ABSENT, ABSENT]
        return submission

    def submit_retry(self, submission, asha) -> Submission:
        draft = submissions.retry(submission, by=an_actor(asha))
        rows = [
            a_new_row(note=typed["note"], fields=(a_field(),), follows=typed["follows"])
            for typed in draft.content["rows"]
        ]
        return submissions.submit(draft, rows, by=an_actor(asha))

    def test_opens_only_rows_that_are_known_not_to_exist(self, post, asha):
        submission = post(1)

        assert submissions.retry(submission, by=an_actor(asha)) is None

    def test_leaves_an_entry_that_names_the_draft(self, post, asha):
        submission = self.absent(post, fault="reset_before_write")

        draft = submissions.retry(submission, by=an_actor(asha))

        entry = audit.entries_about(submission).get(action="submission.retried")
        assert entry.facts == {"row_count": 2, "draft": str(draft.public_id)}

    def test_carries_the_reason_of_each_row(self, post, asha):
        submission = self.absent(post, fault="reset_before_write")

        draft = submissions.retry(submission, by=an_actor(asha))

        assert [row["refused"]["reason"] for row in draft.content["rows"]] == [
            row.reason for row in submission.rows.order_by("number")
        ]

    def test_is_sent_and_linked(self, post, asha):
        submission = self.absent(post, fault="reset_before_write")

        again = self.submit_retry(submission, asha)
        posting.post_next(worker=WORKER)

        assert outcomes(again) == [CREATED, CREATED]
        assert again.follows == submission
        assert again.rows.get(number=1).follows == submission.rows.get(number=1)

    def test_waits_where_nobody_can_look_for_its_earlier_try(self, post, asha):
        submission = self.absent(post, fault="reset_before_write")
        again = self.submit_retry(submission, asha)
        with without_guards():
            Submission.objects.filter(pk=submission.pk).update(organisation="another", host="api.leadsquared.com")
        looks = submission.looks.count()

        posting.post_next(worker=WORKER)

        again.refresh_from_db()
        assert (again.state, submission.looks.count()) == (State.QUEUED, looks)
        assert "with another LeadSquared account or address before" in again.explanation

    def test_leaves_out_what_is_found_right_before_sending(self, post, asha, sandbox):
        submission = self.absent(post, fault="late_write")
        again = self.submit_retry(submission, asha)
        sandbox.release()

        posting.post_next(worker=WORKER)

        assert outcomes(submission) == [CREATED, CREATED]
        assert outcomes(again) == [ABSENT, ABSENT]
        assert len(sandbox.posted(submission.opportunity_id)) == 2

    def test_leaves_out_what_arrives_late_while_another_row_of_its_call_is_before_a_person(
        self, post, asha, sandbox, opportunity
    ):
        rows = [a_new_row(note="one"), a_new_row(code=211, note="two")]
        submission = post(rows, fault="late_write", seconds=None)
        owner = "kabir.shah@sahyadrihfc.in"
        email = sandbox.key_user.email
        sandbox.add_activity(opportunity.id, code=211, note="else", owner_email=owner, created_by_email=email)
        look(submission, after=-100)
        look(submission, after=200)
        assert outcomes(submission) == [ABSENT, OPEN]
        with without_guards():
            submission.rows.filter(number=1).update(outcome_at=clock() - timedelta(seconds=1))
            submission.looks.update(at=clock() - timedelta(seconds=1))
        draft = submissions.retry(submission, by=an_actor(asha))
        row = a_new_row(note="one", follows=submission.rows.get(number=1).pk)
        again = submissions.submit(draft, [row], by=an_actor(asha))
        sandbox.release()

        posting.post_next(worker=WORKER)

        assert outcomes(submission)[0] == CREATED
        assert outcomes(again) == [ABSENT]
        assert sorted(each.note for each in sandbox.posted(opportunity.id)).count("one") == 1

    def test_waits_and_says_so_when_leadsquared_cannot_be_asked(self, post, asha, sandbox):
        submission = self.absent(post, fault="reset_before_write")
        again = self.submit_retry(submission, asha)
        sandbox.fault("error_500_without_envelope", path_contains="GetActivitiesOfOpportunity", times=5)

        posting.post_next(worker=WORKER)

        again.refresh_from_db()
        assert again.state == State.QUEUED
        assert again.explanation.startswith("LeadSquared did not say for sure whether the rows exist already")
        assert len(sandbox.posted(submission.opportunity_id)) == 0


class TestAPurgeWhileLeadSquaredIsAsked:
    """A retry looks for what was settled long ago, and whose contents may be removed in this very moment."""

    @pytest.fixture
    def absent(self, post, sandbox):
        """Make rows that nobody found, and that LeadSquared wrote after all."""

        def absent(*faults: str) -> Submission:
            for fault in faults:
                sandbox.fault(fault)
            submission = post(2, fault="late_write")
            look(submission, after=-100)
            look(submission, after=1)
            assert outcomes(submission) == [ABSENT, ABSENT]
            sandbox.release()
            return submission

        return absent

    def look_and_purge(self, submission: Submission) -> Look:
        """Purge when a look has read the rows, and is about to ask; return what was kept of it."""
        called = f'INSERT INTO "{Call._meta.db_table}"'
        purged: list[int] = []

        def purge_once(execute, sql, params, many, context):
            if sql.startswith(called) and not purged:
                purged.append(submission.pk)
                purging.purge(clock() + timedelta(days=1), by=audit.COMMAND_LINE)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(purge_once):
            readback.look_once(submission, kind=CallKind.READ)
        submission.refresh_from_db()
        assert submission.purged_by_seq is not None
        return submission.looks.order_by("-number")[0]

    def test_leaves_no_content_that_no_later_purge_would_take(self, absent):
        this = self.look_and_purge(absent("note_changed"))

        assert [sorted(each) for each in this.leftovers] == [["code", "id"]] * 2

    def test_leaves_no_words_of_leadsquared_either(self, absent, sandbox):
        submission = absent()
        sandbox.fault("status", status=400, message="No PAN", path_contains="GetActivitiesOfOpportunity", times=5)

        this = self.look_and_purge(submission)

        assert (this.succeeded, this.summary) == (False, "")

    def test_does_not_hide_what_was_found(self, absent):
        submission = absent()

        self.look_and_purge(submission)

        assert outcomes(submission) == [CREATED, CREATED]

    def test_leaves_a_record_that_can_be_proved(self, absent):
        self.look_and_purge(absent("note_changed"))

        assert proving.verify().problems == ()


class TestSchedule:
    def test_the_first_look_is_due_after_five_seconds(self, post):
        submission = post(1)

        assert submission.look_at - submission.unconfirmed_at == timedelta(seconds=5)

    def test_a_look_is_due_right_when_an_absence_begins_to_count(self, post):
        submission = post(1, fault="reset_before_write")
        lease_end = submission.attempts.get().lease_until
        Submission.objects.update(look_count=4)

        readback.look(submission, now=lease_end)

        submission.refresh_from_db()
        assert submission.look_at == lease_end + timedelta(seconds=120)

    def test_only_what_is_due_is_looked_for(self, post):
        due_at = post(1).look_at

        assert readback.look_next(now=due_at - timedelta(seconds=1)) is False
        assert readback.look_next(now=due_at) is True

    def test_another_accounts_submission_is_not_looked_for(self, post):
        post(1)
        with without_guards():
            Submission.objects.update(organisation="another")

        assert readback.look_next(now=clock() + timedelta(hours=1)) is False


class TestReferences:
    def a_marked_row(self, reference, **changes):
        field = a_field("mx_Custom_9", reference, label="Portal reference", is_reference=True)
        return a_new_row(fields=(field,), reference=reference, **changes)

    def test_find_a_row_whose_note_was_changed(self, post, sandbox):
        sandbox.fault("note_changed")
        submission = post([self.a_marked_row("REF1")])

        look(submission, after=-100)

        assert outcomes(submission) == [CREATED]

    def test_tell_identical_rows_apart(self, post):
        submission = post([self.a_marked_row("REF1", note="same"), self.a_marked_row("REF2", note="same")])

        look(submission, after=-100)

        assert outcomes(submission) == [CREATED, CREATED]

    def test_do_not_credit_a_colleagues_identical_row(self, post, sandbox):
        submission = post([self.a_marked_row("REF1")], fault="reset_before_write")
        sandbox.add_activity(
            submission.opportunity_id,
            code=208,
            note="PAN collected",
            owner_email="kabir.shah@sahyadrihfc.in",
            values={"mx_Custom_9": "REF2"},
        )

        look(submission, after=-100)

        assert outcomes(submission) == [OPEN]

    def test_of_a_draft_stay_the_same_and_differ_by_row(self):
        one, other = uuid.uuid4(), uuid.uuid4()

        assert submissions.reference(one, 1) == submissions.reference(one, 1)
        assert len({submissions.reference(each, n) for each in (one, other) for n in (1, 2)}) == 4


class TestTheRecordOfALook:
    def test_says_what_was_found_and_vouches_for_what_was_seen(self, post):
        submission = post(2)

        look(submission, after=-125)

        entry = audit.entries_about(submission).get(action="submission.looked")
        assert entry.facts["summary"] == "2 of 2 found"
        assert entry.contents == {"seen": contents.of_look(submission.looks.get())}

    def test_is_there_when_leadsquared_did_not_answer_too(self, post, sandbox):
        submission = post(1)
        sandbox.fault("error_500_without_envelope", path_contains="GetActivitiesOfOpportunity")

        look(submission, after=-125)

        entry = audit.entries_about(submission).get(action="submission.looked")
        assert entry.facts["summary"].startswith("LeadSquared could not be asked")

    def test_comes_before_that_of_what_follows_from_it(self, post):
        submission = post(1)

        look(submission, after=-125)

        actions = list(audit.entries_about(submission).values_list("action", flat=True))
        assert actions == [
            "submission.submitted",
            "submission.sent",
            "submission.not_answered",
            "submission.noted",
            "submission.looked",
            "submission.settled",
        ]
