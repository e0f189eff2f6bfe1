from __future__ import annotations

import io
import json
import threading
from contextlib import closing
from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections

from activities import (
    audit,
    contents,
    counting,
    history,
    indexing,
    posting,
    proving,
    purging,
    readback,
    rechecking,
    recovery,
    settling,
    submissions,
)
from activities.connection import keys_mark
from activities.models import Account, Attempt, DayCount, Look, Outcome, State, Submission, Verdict
from activities.models.audit_entries import AuditEntry, AuditHead
from activities.models.clock import clock
from tests.builders import NOON, a_draft, a_new_row, a_submission, an_actor
from tests.tampering import run, tamper, without_guards

pytestmark = pytest.mark.django_db
# What each database takes for a value, and Python does not.
NO_DAY = {"postgresql": "'infinity'", "sqlite": "CAST(x'ff' AS TEXT)"}
ENTRIES = "activities_auditentry"
OTHER_FACTS = [
    *("facts = '{{}}'", "facts = '[]'", "facts = '\"x\"'", "facts = '7'", "facts = 'null'"),
    *("facts = '{nulls}'", "facts = '{lists}'", "facts = '{objects}'"),
]
OTHER_COLUMNS = ["subject_id = 'x'", "action = 'x'", "contents = '[]'", "contents = '{{\"x\": 1}}'"]


def an_entry(reason="keys"):
    return audit.record(audit.Action.HELD, "LeadSquared account", by=audit.PORTAL, now=NOON, reason=reason)


def problems(since=None):
    return list(proving.verify(since).problems)


def written_anew(seq: int) -> None:
    """Change an entry and all after it, each with the right hash, as somebody who knows the encoding would."""
    with without_guards():
        previous = AuditEntry.objects.get(seq=seq).previous_hash
        for entry in AuditEntry.objects.filter(seq__gte=seq).order_by("seq"):
            entry.facts, entry.previous_hash = {"reason": "forged"}, previous
            entry.hash = previous = audit.hash_of(entry)
            entry.save()
        AuditHead.objects.update(hash=previous)


@pytest.fixture
def chain():
    return [an_entry(f"reason {number}") for number in range(1, 6)]


@pytest.fixture
def posted(asha, sandbox) -> Submission:
    """A submission of two rows that was posted, with a look at it."""
    draft = a_draft(asha)
    submission = submissions.submit(draft, [a_new_row(), a_new_row(note="two")], by=an_actor(asha), why="Committee")
    sandbox.fault("reset_after_write")
    posting.post_next(worker="w")
    submission.refresh_from_db()
    readback.look(submission, now=submission.look_at)
    return submission


def test_a_row_corrected_later_is_vouched_for_though_the_state_stays(asha, sandbox):
    rows = [a_new_row(note=str(number)) for number in (1, 2, 3)]
    submission = submissions.submit(a_draft(asha), rows, by=an_actor(asha), now=NOON)
    missing = settling.RowVerdict(Outcome.NOT_CREATED, reason="It is not there.")
    unknown = settling.RowVerdict(Outcome.UNCONFIRMED, reason="No answer.")
    settling.apply(submission, {1: unknown, 2: unknown, 3: unknown}, now=NOON)
    settling.apply(submission, {1: settling.RowVerdict(Outcome.CREATED, "id-1"), 2: missing, 3: missing}, now=NOON)

    state = settling.apply(submission, {2: settling.RowVerdict(Outcome.CREATED, "id-2")}, now=NOON)

    assert state == State.PARTLY_POSTED
    assert problems() == []


class TestTheChain:
    @pytest.mark.parametrize(
        "change",
        [
            "actor = 'Nobody'",
            "facts = '{}'",
            "version = 1",
            "action = 'account.hold_lifted'",
            "subject_id = 'x'",
            "hash = 'x'",
            "previous_hash = 'x'",
        ],
    )
    def test_names_an_entry_that_was_altered(self, chain, change):
        tamper(f"UPDATE {ENTRIES} SET {change} WHERE seq = 3")

        assert problems() == ["Entry 3 was altered."]

    def test_names_an_entry_that_was_altered_with_its_hash(self, chain):
        entry = chain[2]
        entry.actor = "Nobody"
        tamper(f"UPDATE {ENTRIES} SET actor = 'Nobody', hash = %s WHERE seq = 3", audit.hash_of(entry))

        assert problems() == ["Entry 4 does not follow entry 3: one of the two was replaced."]

    def test_names_an_entry_that_is_missing(self, chain):
        tamper(f"DELETE FROM {ENTRIES} WHERE seq = 3")

        assert problems() == ["Entry 3 is missing."]

    def test_names_several_that_are_missing(self, chain):
        tamper(f"DELETE FROM {ENTRIES} WHERE seq IN (2, 3, 4)")

        assert problems() == ["Entries 2 to 4 are missing."]

    def test_names_an_entry_that_was_slipped_in(self, chain):
        forged = AuditEntry.objects.get(seq=3)
        with without_guards():
            for entry in AuditEntry.objects.filter(seq__gte=3).order_by("-seq"):
                AuditEntry.objects.filter(pk=entry.pk).update(seq=entry.seq + 1)
            forged.pk, forged.actor, forged.previous_hash = None, "Nobody", chain[1].hash[::-1]
            forged.hash = audit.hash_of(forged)
            forged.save(force_insert=True)
            AuditHead.objects.update(seq=6)

        assert "Entry 3 was inserted: entry 4 stood there." in problems()

    def test_names_an_entry_that_was_put_behind_the_end(self, chain):
        forged = AuditEntry.objects.get(seq=5)
        with without_guards():
            forged.pk, forged.seq, forged.previous_hash = None, 6, forged.hash
            forged.hash = audit.hash_of(forged)
            forged.save(force_insert=True)

        assert problems()[0] == "Entry 6 was inserted: the chain’s head says 5."

    @pytest.mark.parametrize(("one", "other"), [(2, 4), (2, 3)])
    def test_names_two_entries_that_changed_places(self, chain, one, other):
        with without_guards():
            for old, new in ((one, 99), (other, one), (99, other)):
                AuditEntry.objects.filter(seq=old).update(seq=new)

        assert problems() == [
            f"Entry {one} was reordered: its place is {other}.",
            f"Entry {other} was reordered: its place is {one}.",
        ]

    def test_says_when_its_end_was_cut_off(self, chain):
        tamper(f"DELETE FROM {ENTRIES} WHERE seq = 5")

        assert problems() == ["The chain ends at entry 4, but its head says 5."]

    def test_keeps_what_it_says_within_bounds(self, chain):
        with without_guards():
            AuditEntry.objects.update(actor="Nobody")

        assert len(problems()) == 5


class TestAKeptHead:
    def test_shows_that_the_end_was_cut_off_head_and_all(self, chain):
        kept = proving.Head(*audit.head())
        with without_guards():
            AuditEntry.objects.filter(seq__gte=4).delete()
            AuditHead.objects.update(seq=3, hash=chain[2].hash)

        assert problems() == []
        assert problems(kept) == ["Entry 5, whose head was kept, is missing: the end of the chain was cut off."]

    def test_shows_that_the_end_was_written_anew_with_right_hashes(self, chain):
        kept = proving.Head(*audit.head())
        written_anew(3)

        assert problems() == []
        assert problems(kept) == ["Entry 5 is not the one whose head was kept: the chain was rebuilt."]

    def test_starts_the_proof_where_it_was_kept(self, chain):
        kept = proving.Head(*audit.head())
        an_entry()

        proof = proving.verify(kept)

        assert (proof.entry_count, proof.problems) == (1, ())

    def test_of_the_workers_last_proof_shows_it_too(self, chain):
        proving.keep(proving.verify())
        written_anew(3)

        (problem,) = problems()

        assert problem.startswith("The chain was rebuilt or cut")

    @pytest.mark.parametrize("text", ["", "5", "5:", "x:" + "0" * 64, "5:" + "g" * 64])
    def test_that_is_none_is_refused(self, text):
        with pytest.raises(ValueError, match="a number, a colon"):
            proving.Head.parse(text)


class TestWhatEntriesVouchFor:
    def test_holds_after_an_answer_that_never_came_and_a_look(self, posted):
        assert problems() == []

    @pytest.mark.parametrize(
        ("sql", "found"),
        [
            ("activities_row SET note = 'x' WHERE number = 2", "The row 2 of the submission {} is not what entry"),
            (
                "activities_row SET owner_name = 'x' WHERE number = 1",
                "The row 1 of the submission {} is not what entry",
            ),
            ("activities_submission SET why = 'x'", "The submission of the submission {} is not what entry"),
            (
                "activities_attempt SET request = NULL",
                "The request of attempt 1 of the submission {} is not what entry",
            ),
            ("activities_look SET leftovers = '[1]'", "The look 1 of the submission {} is not what entry"),
        ],
    )
    def test_is_named_when_it_was_changed(self, posted, sql, found):
        tamper(f"UPDATE {sql}")

        (problem,) = problems()

        assert problem.startswith(found.format(posted.public_id))

    def test_is_named_when_an_outcome_was_changed(self, posted):
        tamper("UPDATE activities_row SET outcome = 'rejected', activity_id = '', reason = 'x' WHERE number = 1")

        (problem,) = problems()

        assert problem.startswith(f"Row 1 of the submission {posted.public_id} is rejected; entry")

    def test_is_named_when_an_id_was_changed(self, posted):
        tamper("UPDATE activities_row SET activity_id = 'forged' WHERE number = 2")

        (problem,) = problems()

        assert problem.startswith(f"Row 2 of the submission {posted.public_id} is created forged; entry")

    def test_is_named_when_the_state_was_changed(self, posted):
        Submission.objects.update(state="not_posted")

        (problem,) = problems()

        assert problem.startswith(f"The submission {posted.public_id} is not posted; entry")

    def test_is_named_when_it_came_to_rest_without_an_entry(self, asha, sandbox):
        submission = submissions.submit(a_draft(asha), [a_new_row()], by=an_actor(asha))
        Submission.objects.update(state="not_posted", settled_at=NOON)

        assert problems() == [
            f"The submission {submission.public_id} is not posted; no entry says that it came to rest."
        ]

    def test_is_named_when_two_rows_changed_their_ids(self, posted):
        first, second = posted.rows.order_by("number").values_list("activity_id", flat=True)
        with without_guards():
            for number, activity_id in ((1, "x"), (2, first), (1, second)):
                posted.rows.filter(number=number).update(activity_id=activity_id)

        assert len(problems()) == 2

    def test_is_named_when_it_is_missing(self, posted):
        with without_guards():
            posted.looks.all().delete()

        (problem,) = problems()

        assert problem.startswith(f"The look 1 of the submission {posted.public_id} is missing; entry")

    def test_is_named_when_a_whole_submission_is_missing(self, posted):
        with without_guards():
            posted.looks.all().delete()
            posted.attempts.all().delete()
            posted.listed_rows.all().delete()
            posted.rows.all().delete()
            posted.delete()

        (problem,) = problems()

        assert str(posted.public_id) in problem
        assert problem.endswith("which is missing.")

    def test_is_named_when_a_row_was_slipped_in(self, posted):
        row = posted.rows.get(number=2)
        row.pk, row.number, row.activity_id = None, 3, "forged"
        row.save(force_insert=True)

        assert f"The row 3 of the submission {posted.public_id} was inserted: no entry vouches for it." in problems()

    def test_is_named_when_a_submission_was_slipped_in(self, asha):
        submission = a_submission(asha)

        assert problems() == [
            f"The submission {submission.public_id} was inserted: no entry says that anybody submitted it."
        ]

    def test_is_named_when_contents_went_without_a_purge(self, posted):
        run(
            "UPDATE activities_row SET note = '', fields = '[]', reason = '', said = '', salt = NULL, "
            "purged_by_seq = 1 WHERE number = 1"
        )

        assert problems() == [
            f"Contents of the submission {posted.public_id} were removed, and entry 1 is not of a purge that names it."
        ]

    def test_is_compared_from_a_kept_head_on_as_well(self, posted):
        kept = proving.Head(*audit.head())
        with without_guards():
            posted.rows.filter(number=1).update(note="forged")
        audit.record(audit.Action.CANCELLED, posted, by=audit.PORTAL)

        (problem,) = problems(kept)

        assert problem.startswith(f"The row 1 of the submission {posted.public_id} is not what entry")


class TestWhatListsAreReadFrom:
    """The restricted role may change it, and whatever it hides is in no list, no search and no file."""

    @pytest.mark.parametrize(
        "change",
        [
            *("code = 7", "owner = 'x'", "outcome = 'rejected'", "opportunity_id = 'x'", "lead_id = 'x'"),
            *("activity_id = 'x'", "submitted_at = '2026-01-01 00:00:00+00:00'", "words = ''", "words = words || ' x'"),
        ],
    )
    def test_is_named_when_it_was_changed(self, posted, change):
        place = posted.listed_rows.get(row__number=2).pk
        run(f"UPDATE activities_listedrow SET {change} WHERE place = {place}")

        # On another day it is missing in the counts of that day, too.
        named = [
            problem
            for problem in problems()
            if problem != "The counts of 2026-01-01 are not those of its rows. Run manage.py recount."
        ]
        assert named == [f"Row 2 of the submission {posted.public_id} is not in the lists as what it is."]

    def test_is_named_when_it_is_missing_for_a_day(self, asha, sandbox):
        submission = submissions.submit(
            a_draft(asha), [a_new_row()], by=an_actor(asha), now=clock() - timedelta(days=2)
        )
        submission.listed_rows.all().delete()

        assert problems() == [f"Row 1 of the submission {submission.public_id} is not in the lists as what it is."]

    def test_may_be_missing_until_a_worker_catches_up(self, asha, sandbox):
        submission = submissions.submit(a_draft(asha), [a_new_row()], by=an_actor(asha))
        submission.listed_rows.all().delete()

        assert problems() == []

    @pytest.fixture
    def purged(self, posted):
        purging.purge(clock() + timedelta(days=1), by=audit.PORTAL)

    def test_is_named_when_what_a_purge_left_was_changed(self, posted, purged):
        posted.listed_rows.filter(row__number=1).update(words="")

        assert problems() == [f"Row 1 of the submission {posted.public_id} is not in the lists as what it is."]

    def test_holds_after_a_purge(self, posted, purged):
        assert problems() == []

    def test_costs_as_many_questions_for_few_submissions_as_for_many(self, asha, sandbox, django_assert_num_queries):
        for number in range(9):
            rows = [a_new_row(note=f"{number}"), a_new_row(note=f"{number}, too")]
            submissions.submit(a_draft(asha), rows, by=an_actor(asha))
        ids = list(Submission.objects.values_list("pk", flat=True))

        # One for the rows and their lines, one for the words that searches find them by.
        for some in (ids[:1], ids):
            with django_assert_num_queries(2):
                assert not any(indexing.wrong_lines(some).values())


class TestWhatChartsAreMadeFrom:
    WRONG = ["The counts of 2026-11-23 are not those of its rows. Run manage.py recount."]

    @pytest.fixture(autouse=True)
    def day(self, asha, bala, sandbox):
        for person, code in ((asha, 208), (asha, 209), (bala, 208)):
            a_vouched_submission(person, code=code)
        counting.recount_due()

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE activities_daycount SET pending = pending + 1",
            "UPDATE activities_daycount SET pending = pending - 1, created = 1 WHERE person_id > 0 AND code = 209",
            "DELETE FROM activities_daycount WHERE person_id = 0 AND code = 0",
            "DELETE FROM activities_daycount",
        ],
    )
    def test_is_named_when_it_was_changed(self, change):
        run(change)

        assert problems() == self.WRONG

    def test_is_named_when_it_is_of_a_day_without_rows(self):
        DayCount.objects.create(day=date(2020, 2, 29), created=1)

        assert problems() == ["The counts of 2020-02-29 are not those of its rows. Run manage.py recount."]

    def test_is_put_right_by_recount(self):
        run("DELETE FROM activities_daycount")
        call_command("recount", stdout=io.StringIO())

        assert problems() == []

    def test_holds_and_may_be_behind_until_a_worker_counts(self, asha):
        before = problems()
        a_vouched_submission(asha, code=210)

        assert before == problems() == []

    def test_is_named_when_a_day_is_none(self):
        run(f"UPDATE activities_daycount SET day = {NO_DAY[connection.vendor]}")

        assert proving.UNREADABLE in problems()

    def test_is_named_also_when_a_row_stands_in_the_year_1(self):
        run("UPDATE activities_listedrow SET submitted_at = '0001-01-02 00:00:00+00:00' WHERE code = 209")

        assert problems()[-2:] == [
            "The counts of 0001-01-02 are not those of its rows. Run manage.py recount.",
            *self.WRONG,
        ]

    def test_is_not_asked_for_from_a_kept_head_on(self):
        kept = proving.Head(*audit.head())
        run("DELETE FROM activities_daycount")

        assert problems(kept) == []


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer")
def test_wrong_counts_are_named_though_a_worker_counts_another_day():
    DayCount.objects.create(day=date(2020, 2, 29), created=1)
    counts, nothing = threading.Event(), threading.Event()

    def count_another_day() -> None:
        with closing(connections.create_connection("default")) as other, other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [counting._LOCK])
            counts.set()
            nothing.wait(0.5)

    worker = threading.Thread(target=count_another_day)
    worker.start()
    assert counts.wait(10)

    found = problems()

    worker.join()
    assert found == ["The counts of 2020-02-29 are not those of its rows. Run manage.py recount."]


def a_vouched_submission(person, *, code):
    return submissions.submit(a_draft(person), [a_new_row(code=code)], by=an_actor(person), now=NOON)


def test_an_attempt_that_was_slipped_in_is_named(posted):
    Attempt.objects.create(
        submission=posted, number=9, started_at=NOON, lease_until=NOON, worker="w", url="x", request=b"[]"
    )

    (problem,) = problems()

    assert problem.startswith("The request of attempt 9")


def test_a_look_that_was_slipped_in_is_named(posted):
    Look.objects.create(submission=posted, number=9, at=NOON)

    (problem,) = problems()

    assert problem.startswith("The look 9")


class TestAnAnswerThatNoEntryVouchesFor:
    """The worker died before an answer was stored, so that the database lets one be filled in."""

    LONG_AGO = "2026-11-24 12:00:00"

    @pytest.fixture
    def unanswered(self, asha):
        Account.objects.filter(pk=1).update(organisation="org", host="h", keys_mark=keys_mark())
        submission = submissions.submit(a_draft(asha), [a_new_row()], by=an_actor(asha), now=NOON)
        lease = {"lease_until": NOON, "leased_by": "dead", "attempt_count": 1}
        Submission.objects.update(state=State.SENDING, **lease)
        attempt = Attempt.objects.create(
            submission=submission,
            number=1,
            started_at=NOON,
            lease_until=NOON,
            worker="dead",
            row_numbers=[1],
            url="x",
            request=b"[]",
        )
        audit.record(
            audit.Action.SENT,
            submission,
            by=audit.PORTAL,
            contents={"request": contents.of_request(attempt)},
            **{"attempt": 1, "row_count": 1, "worker": "dead", "bytes": 2},
        )
        return submission

    @pytest.fixture
    def at_rest(self, unanswered):
        recovery.take_over_expired()
        missing = settling.RowVerdict(Outcome.NOT_CREATED, reason="It is not there.")
        settling.apply(unanswered, {1: missing}, now=clock())
        return unanswered

    def fill_in(self, verdict, at):
        run(
            "UPDATE activities_attempt SET answer = %s, answered_at = %s, status = 200, complete = %s, verdict = %s",
            *(b"[]", at, True, verdict),
        )

    @pytest.mark.parametrize("verdict", ["answered", "open", "unclear"])
    def test_is_named(self, at_rest, verdict):
        self.fill_in(verdict, self.LONG_AGO)

        assert problems() == [
            f"The answer of attempt 1 of the submission {at_rest.public_id} was inserted: no entry vouches for it."
        ]

    def test_is_named_before_a_person_has_decided(self, unanswered):
        recovery.take_over_expired()
        self.fill_in("unclear", self.LONG_AGO)

        assert len(problems()) == 1

    def test_is_named_also_after_its_purge(self, at_rest):
        self.fill_in("answered", self.LONG_AGO)
        purging.purge(clock() + timedelta(days=1), by=audit.PORTAL)

        assert len(problems()) == 1

    def test_is_none_where_there_was_no_answer_before_a_purge(self, at_rest):
        purging.purge(clock() + timedelta(days=1), by=audit.PORTAL)

        assert problems() == []

    def test_is_dated_in_vain(self, at_rest):
        self.fill_in("answered", "2099-01-01 12:00:00")

        assert len(problems()) == 1

    def test_may_be_about_to_be_judged(self, unanswered):
        self.fill_in("open", self.LONG_AGO)

        assert problems() == []

    def test_may_have_come_late_and_be_about_to_be_judged(self, at_rest):
        attempt = Attempt.objects.get()
        attempt.answer, attempt.status, attempt.verdict, attempt.answered_at = b"[]", 200, "open", clock()
        attempt.save()
        before = problems()

        posting.settle(at_rest, attempt, None, now=clock())

        assert (before, problems()) == ([], [])

    def test_is_left_by_no_failure_of_the_portal(self, unanswered):
        self.fill_in("open", self.LONG_AGO)
        for _ in range(settling.MOST_FAILURES):
            settling.count_failure(unanswered, now=clock())

        assert Submission.objects.get().state == State.UNCONFIRMED
        assert problems() == []

    def test_is_left_by_no_restored_backup(self, unanswered):
        self.fill_in("open", self.LONG_AGO)
        recovery.doubt_what_is_queued()

        assert problems() == []


def a_stand_in(submission, **changes):
    """What stands for the attempts that a restored backup has not seen, put there by hand."""
    known = {"number": 1, "started_at": NOON, "lease_until": NOON, "url": "", "verdict": Verdict.UNCLEAR}
    Attempt.objects.create(submission=submission, worker=Attempt.RESTORED, **{**known, **changes})


class TestADoubtSinceARestore:
    """What stands for attempts that the backup has not seen keeps them from being made again."""

    @pytest.fixture
    def queued(self, asha):
        Account.objects.filter(pk=1).update(organisation="org", host="h", keys_mark=keys_mark())
        return submissions.submit(a_draft(asha), [a_new_row()], by=an_actor(asha), now=NOON)

    @pytest.fixture
    def doubted(self, queued):
        recovery.doubt_what_is_queued(now=NOON)
        return queued

    def test_is_vouched_for(self, doubted):
        recovery.doubt_what_is_queued(now=NOON + timedelta(hours=1))

        assert problems() == []

    @pytest.mark.parametrize(
        "change",
        [
            "DELETE FROM activities_attempt",
            "UPDATE activities_attempt SET verdict = 'not_sent'",
            "UPDATE activities_attempt SET lease_until = '2026-11-23 13:00:00+00:00'",
            "UPDATE activities_attempt SET worker = 'x'",
        ],
    )
    def test_is_named_where_it_was_removed_or_changed(self, doubted, change):
        tamper(change)

        entry = audit.entries().get(action="submission.doubted")
        assert problems()[-1] == (
            f"Attempt 1 of the submission {doubted.public_id} is missing or altered; entry {entry.seq} says that it is "
            "in doubt."
        )

    def test_is_named_where_it_was_slipped_in(self, queued):
        a_stand_in(queued)

        assert problems() == [
            f"Attempt 1 of the submission {queued.public_id} was inserted: no entry says that a backup was restored."
        ]

    def test_needs_no_entry_of_its_own_where_an_older_version_recorded_the_restore_alone(self, queued):
        a_stand_in(queued)
        audit.record(audit.Action.RESTORED, "Database", by=audit.COMMAND_LINE, now=NOON, count=1)

        assert problems() == []

    def test_that_another_attempt_hides_is_named(self, doubted):
        a_stand_in(doubted, number=2, lease_until=clock(), verdict=Verdict.NOT_SENT)
        Submission.objects.update(attempt_count=2)

        entry = audit.entries().get(action="submission.doubted")
        assert problems() == [
            f"Attempt 2 of the submission {doubted.public_id} was inserted: no entry says that a backup was restored.",
            f"The submission {doubted.public_id} is about to be sent; entry {entry.seq} says that it is in doubt.",
        ]

    def test_that_a_count_hides_is_named_also_when_it_was_sent_since(self, asha, sandbox):
        doubted = submissions.submit(a_draft(asha), [a_new_row()], by=an_actor(asha))
        recovery.doubt_what_is_queued()
        Submission.objects.update(attempt_count=5)
        before = problems()
        posting.post_next(worker="w")

        doubt, sent = (audit.entries().get(action=f"submission.{action}") for action in ("doubted", "sent"))
        which = f"submission {doubted.public_id}"
        assert before == [f"The {which} is about to be sent; entry {doubt.seq} says that it is in doubt."]
        assert problems() == [
            f"Entry {sent.seq} says that the {which} was sent; entry {doubt.seq} says that it was in doubt."
        ]


class TestEntriesOfVersion1:
    @pytest.fixture
    def older(self, asha, monkeypatch):
        """A record that begins as it was written before there was a version 2."""
        submission = a_submission(asha)
        monkeypatch.setattr(audit, "VERSION", 1)
        monkeypatch.setattr(audit, "_subject", lambda subject: ("submission", str(submission.public_id), "Asha Rao"))
        facts = {"row_count": 1, "follows": ""}
        audit.record(audit.Action.SUBMITTED, submission, by=audit.PORTAL, **facts)
        monkeypatch.undo()
        return submission

    def test_verify_beside_newer_ones(self, older):
        an_entry()

        assert problems() == [f"The row 1 of the submission {older.public_id} was inserted: no entry vouches for it."]

    def test_know_of_no_restore(self, older):
        before = problems()

        a_stand_in(older)

        assert problems() == before

    def test_are_of_another_encoding(self, older):
        entry = audit.entries().get()
        entry.version = 2

        assert audit.hash_of(entry) != entry.hash

    def test_of_a_failed_sign_in_still_read_well(self):
        entry = AuditEntry(action="person.sign_in_failed", facts={"email": "asha@sahyadrihfc.in"})

        assert audit.in_words(entry) == "could not be signed in"


class TestOnceADay:
    def test_a_worker_proves_the_record(self, chain):
        assert proving.prove_when_due(now=NOON) is True

        proof = proving.last_proof()
        assert (proof.entry_count, proof.head, proof.problems, proof.at) == (5, chain[-1].hash, (), NOON)

    def test_and_not_twice(self, chain):
        proving.prove_when_due(now=NOON)

        assert proving.prove_when_due(now=NOON + timedelta(hours=23)) is False
        assert proving.prove_when_due(now=NOON + timedelta(hours=24)) is True

    def test_what_was_found_is_kept(self, chain):
        tamper(f"UPDATE {ENTRIES} SET actor = 'Nobody' WHERE seq = 3")

        proving.prove_when_due(now=NOON)

        assert proving.last_proof().problems == ("Entry 3 was altered.",)

    def test_what_nobody_can_read_is_kept_as_a_problem(self, posted):
        proving.prove_when_due(now=NOON)
        run(f"UPDATE activities_listedrow SET submitted_at = {NO_DAY[connection.vendor]}")

        proving.prove_when_due(now=NOON + timedelta(days=2))

        assert proving.UNREADABLE in proving.last_proof().problems

    @pytest.mark.skipif("connection.vendor != 'sqlite'", reason="the error breaks the test's own transaction elsewhere")
    def test_one_that_breaks_off_is_kept_as_a_problem(self, posted, chitra_client):
        proving.prove_when_due(now=NOON)
        run("ALTER TABLE activities_look RENAME TO somewhere_else")

        with pytest.raises(DatabaseError):
            proving.prove_when_due(now=NOON + timedelta(days=2))

        assert proving.last_proof().problems == (proving.BROKEN_OFF,)
        assert "The chain could not be verified." in chitra_client.get("/audit/entries/").content.decode()

    def test_the_audit_page_says_when_there_was_none_for_days(self, chain, chitra_client):
        proving.keep(proving.verify(), now=clock() - timedelta(days=3))

        assert "Not verified since" in chitra_client.get("/audit/entries/").content.decode()

    def test_the_audit_page_says_so(self, chain, chitra_client):
        proving.keep(proving.verify(), now=clock())

        page = chitra_client.get("/audit/entries/").content.decode()

        assert "Chain intact. 5 entries verified" in page
        assert f"{chain[-1].hash[:8]}…" in page

    def test_the_audit_page_says_when_it_does_not_hold(self, chain, chitra_client):
        tamper(f"UPDATE {ENTRIES} SET actor = 'Nobody' WHERE seq = 3")
        proving.keep(proving.verify(), now=NOON)

        page = chitra_client.get("/audit/entries/").content.decode()

        assert "The chain does not hold." in page
        assert "Entry 3 was altered." in page


class TestTheCommands:
    def verify(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        call_command("verify_audit", *arguments, stdout=out, stderr=err)
        return out.getvalue()

    def test_say_that_the_chain_is_intact(self, chain):
        assert f"Chain intact: 5 entries, head {chain[-1].hash}" in self.verify()

    def test_say_on_postgresql_that_the_owner_could_drop_the_triggers(self):
        assert ("its role owns the tables" in self.verify()) is (connection.vendor == "postgresql")

    def test_end_with_1_when_it_is_not(self, chain):
        tamper(f"UPDATE {ENTRIES} SET actor = 'Nobody' WHERE seq = 3")

        with pytest.raises(SystemExit, match="1"):
            self.verify()

    def test_print_a_head_that_can_be_started_from(self, chain):
        out = io.StringIO()
        call_command("audit_head", stdout=out)
        head, at = out.getvalue().split()
        an_entry()

        assert head == f"5:{chain[-1].hash}"
        assert abs(clock() - clock().fromisoformat(at)) < timedelta(minutes=1)
        assert "Chain intact: 1 entries after entry 5" in self.verify("--since", head)

    def test_refuse_what_is_no_head(self):
        with pytest.raises(CommandError, match="a number, a colon"):
            self.verify("--since", "yesterday")


class TestAnEntryThatCannotBeRead:
    """Somebody with all rights to the database altered it, and left what no entry has."""

    @pytest.fixture
    def one_of_each(self, posted, asha):
        """An entry of each action, those of the submission as they come about."""
        rechecking.recheck(posted, by=an_actor(asha))
        written = set(audit.entries().values_list("action", flat=True))
        for action in audit.Action:
            if action.code not in written:
                subject = posted if action.code.startswith("submission.") else "Subject"
                audit.record(action, subject, by=an_actor(asha), **dict.fromkeys(action.facts, "x"))
        return [audit.entries().filter(action=action.code).last() for action in audit.Action]

    def alter(self, entry, change):
        facts = [json.dumps(dict.fromkeys(entry.facts, value)) for value in (None, [["x"]], {"x": {"y": 1}})]
        sql = change.format(nulls=facts[0], lists=facts[1], objects=facts[2])
        run(f"UPDATE {ENTRIES} SET {sql} WHERE seq = {entry.seq}")
        return AuditEntry.objects.get(seq=entry.seq)

    @pytest.mark.parametrize("change", [*OTHER_FACTS, *OTHER_COLUMNS])
    @pytest.mark.parametrize("is_submitted", [True, False])
    def test_is_named_whatever_was_altered(self, one_of_each, change, is_submitted):
        chosen = [each for each in one_of_each if (each.action == "submission.submitted") is is_submitted]
        with without_guards():
            altered = [(entry, self.alter(entry, change)) for entry in chosen]

        found = problems()

        expected = {f"Entry {entry.seq} was altered." for entry, now in altered if audit.hash_of(now) != entry.hash}
        assert expected <= set(found)
        assert not any("to its end" in problem for problem in found)

    @pytest.mark.parametrize("change", [*OTHER_FACTS, *OTHER_COLUMNS])
    def test_is_shown_all_the_same(self, posted, one_of_each, chitra_client, change):
        with without_guards():
            for entry in one_of_each:
                self.alter(entry, change)

        for path in ("/audit/entries/", f"/submissions/{posted.public_id}/"):
            assert chitra_client.get(path).status_code == 200

    @pytest.mark.parametrize("change", OTHER_FACTS)
    def test_says_so_itself(self, one_of_each, change):
        with without_guards():
            altered = [
                self.alter(entry, change) for entry in one_of_each if "{" in audit.ACTIONS[entry.action].sentence
            ]

        assert {line.sentence for line in history.entry_lines(altered)} == {audit.UNREADABLE}

    @pytest.mark.parametrize(
        ("action", "facts"),
        [("submission.settled", "{}"), ("submission.sent", "{}"), ("submission.looked", '{"look": "x"}')],
    )
    def test_is_named_also_with_the_right_hash(self, posted, action, facts):
        entry = audit.entries().filter(action=action).last()
        entry.facts = json.loads(facts)
        tamper(f"UPDATE {ENTRIES} SET facts = %s, hash = %s WHERE seq = %s", facts, audit.hash_of(entry), entry.seq)

        which = f"Entry {entry.seq} of the submission {posted.public_id} cannot be read"
        assert any(problem.startswith(which) for problem in problems())

    def test_of_no_submission_is_named_also_with_the_right_hash(self, posted):
        entry = audit.entries().filter(action="submission.settled").last()
        entry.subject_id = "x"
        tamper(f"UPDATE {ENTRIES} SET subject_id = 'x', hash = %s WHERE seq = %s", audit.hash_of(entry), entry.seq)

        assert f"Entry {entry.seq} cannot be read: it does not say which submission it is about." in problems()

    def test_of_a_purge_is_named(self, posted):
        purging.purge(clock() + timedelta(days=1), by=audit.PORTAL)
        entry = audit.entries().last()
        tamper(f"UPDATE {ENTRIES} SET facts = '{{}}' WHERE seq = %s", entry.seq)

        which = f"Contents of the submission {posted.public_id} were removed, and entry {entry.seq} is not of a purge"
        assert any(problem.startswith(which) for problem in problems())

    def test_keeps_nothing_else_from_being_found(self, posted):
        tamper(f"UPDATE {ENTRIES} SET facts = '{{}}' WHERE action = 'submission.settled'")
        tamper("UPDATE activities_row SET note = 'x' WHERE number = 2")

        assert any(f"The row 2 of the submission {posted.public_id} is not what" in each for each in problems())

    def test_is_kept_as_a_proof_that_fails(self, posted):
        proving.prove_when_due(now=NOON)
        tamper(f"UPDATE {ENTRIES} SET facts = '{{}}' WHERE action = 'submission.settled'")

        proving.prove_when_due(now=NOON + timedelta(days=1))

        proof = proving.last_proof()
        assert proof.at == NOON + timedelta(days=1)
        assert "was altered." in proof.problems[0]

    @pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL stores no such values")
    @pytest.mark.parametrize("change", ["at = 'x'", 'facts = \'{"reason": "\\ud800"}\'', "version = 'x'"])
    def test_is_named_where_the_database_takes_anything(self, chain, chitra_client, change):
        tamper(f"UPDATE {ENTRIES} SET {change} WHERE seq = 3")

        assert problems() == ["Entry 3 was altered."]

    @pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL stores no such values")
    def test_that_nobody_foresaw_leaves_what_was_found_before(self, chain):
        tamper(f"UPDATE {ENTRIES} SET actor = 'Nobody' WHERE seq = 2")
        tamper(f"UPDATE {ENTRIES} SET at = '2026-13-01 00:00:00' WHERE seq = 5")

        assert any("could not be verified to its end" in each for each in problems())
