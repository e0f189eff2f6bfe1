from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from activities import audit, proving
from activities.models.audit_entries import AuditEntry, AuditHead
from tests.builders import NOON, a_submission, an_actor

pytestmark = pytest.mark.django_db


def an_entry(by=audit.PORTAL, **facts):
    return audit.record(audit.Action.HELD, "LeadSquared account", by=by, now=NOON, reason="keys", **facts)


def refused(change):
    with pytest.raises(DatabaseError, match="cannot be changed"), transaction.atomic():
        change()


def test_entries_are_numbered_without_gaps_and_each_follows_the_one_before():
    first, second = an_entry(), an_entry()

    assert (second.seq, second.previous_hash) == (first.seq + 1, first.hash)


def test_an_untouched_chain_verifies():
    an_entry()
    an_entry()

    proof = proving.verify()

    assert proof.problems == ()
    assert proof.entry_count == 2


def test_an_entry_says_who_what_when_and_from_where(asha):
    entry = an_entry(by=an_actor(asha))

    entry.refresh_from_db()
    assert (entry.actor, entry.actor_id, entry.address, entry.at) == ("Asha", asha.pk, "10.4.18.31", NOON)
    assert audit.in_words(entry) == "stopped sending: keys"


@pytest.mark.parametrize(("count", "said"), [(1, "opened 1 row to put right"), (3, "opened 3 rows to put right")])
def test_a_sentence_counts_as_people_do(asha, count, said):
    entry = audit.record(audit.Action.RETRIED, a_submission(asha), by=an_actor(asha), row_count=count, draft="d")

    assert audit.in_words(entry) == said


def test_a_missing_fact_is_an_error():
    with pytest.raises(ValueError, match="reason"):
        audit.record(audit.Action.HELD, "account", by=audit.PORTAL)


def test_an_unknown_fact_is_an_error():
    with pytest.raises(ValueError, match="mood"):
        an_entry(mood="cheerful")


def test_the_database_refuses_an_update():
    an_entry()

    refused(lambda: AuditEntry.objects.update(actor="Somebody else"))


def test_the_database_refuses_a_delete():
    entry = an_entry()

    refused(entry.delete)


def test_the_database_refuses_to_replace_an_entry():
    entry = an_entry()
    if connection.vendor == "postgresql":
        sql = "TRUNCATE activities_auditentry"
    else:
        sql = f"REPLACE INTO activities_auditentry SELECT * FROM activities_auditentry WHERE id = {entry.pk}"

    def replace():
        with connection.cursor() as cursor:
            cursor.execute(sql)

    refused(replace)


def test_a_content_enters_the_chain_as_a_salted_hash_only():
    one = audit.commitment(salt=b"a" * 16, name="note", value="ABCPR4821K")
    other = audit.commitment(salt=b"b" * 16, name="note", value="ABCPR4821K")

    assert one != other
    assert "ABCPR4821K" not in one


def test_nul_and_half_a_surrogate_pair_do_not_stop_the_record():
    entry = audit.record(
        audit.Action.HELD,
        "account",
        by=audit.Actor(name="Portal", agent="x\x00y"),
        now=NOON,
        reason="a\ud800b",
    )

    entry.refresh_from_db()
    assert entry.facts == {"reason": "a?b"}
    assert proving.verify().problems == ()


def test_the_head_is_one_row():
    an_entry()

    assert AuditHead.objects.count() == 1
