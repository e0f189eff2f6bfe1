from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from activities import audit, posting, proving, readback, settling, submissions
from activities.models import Attempt, Look, Outcome, State, Submission
from activities.models.audit_entries import AuditEntry, AuditHead
from activities.models.clock import clock
from tests.builders import NOON, a_draft, a_new_row, a_submission, an_actor
from tests.tampering import run, tamper, without_guards

pytestmark = pytest.mark.django_db
ENTRIES = "activities_auditentry"


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

    def test_the_audit_page_says_so(self, chain, chitra_client):
        proving.keep(proving.verify(), now=NOON)

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
