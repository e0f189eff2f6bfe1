from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from django.db.models.functions import Upper

from activities import audit, guards
from activities.models import OUTCOMES, Attempt, Look, Outcome, Recheck, Row, State, Submission, Verdict
from activities.models.audit_entries import AuditHead
from tests.builders import NOON, a_submission
from tests.tampering import check_foreign_keys_now, run, without_guards

pytestmark = pytest.mark.django_db
TABLES = [guard.table for guard in guards.GUARDS]
WHAT = {"outcome_at": NOON, "reason": "why"}
only_sqlite = pytest.mark.skipif(
    "connection.vendor != 'sqlite'", reason="only SQLite rebuilds tables and replaces rows"
)
only_postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="only PostgreSQL has it")


@pytest.fixture
def row(asha) -> Row:
    return a_submission(asha).rows.get()


@pytest.fixture
def attempt(asha) -> Attempt:
    submission = a_submission(asha, state=State.POSTED)
    return Attempt.objects.create(
        submission=submission, number=1, started_at=NOON, lease_until=NOON, worker="w", url="x", request=b"[]"
    )


@pytest.fixture
def look(asha) -> Look:
    return Look.objects.create(submission=a_submission(asha), number=1, at=NOON, leftovers=[{"id": "x"}], summary="1")


@pytest.fixture
def recheck(asha) -> Recheck:
    return Recheck.objects.create(submission=a_submission(asha), number=1, at=NOON, whole=True, held=[{"row": 1}])


def refused(change):
    with pytest.raises(DatabaseError, match="cannot be changed"), transaction.atomic():
        change()


def changes(thing, **columns):
    return lambda: type(thing).objects.filter(pk=thing.pk).update(**columns)


@pytest.mark.parametrize(
    "column",
    [
        {"note": "other"},
        {"fields": [1]},
        {"owner_email": "x@y.in"},
        {"code": 1},
        {"number": 7},
        {"salt": b"x"},
        {"type_name": "x"},
        {"reference": "x"},
    ],
)
def test_what_a_row_sent_stays(row, column):
    refused(changes(row, **column))


@pytest.mark.parametrize("column", [{"opportunity_name": "x"}, {"why": "x"}, {"row_count": 2}, {"content_hash": "x"}])
def test_what_a_submission_says_stays(row, column):
    refused(changes(row.submission, **column))


@pytest.mark.parametrize("column", [{"request": b"x"}, {"url": "y"}, {"row_numbers": [9]}, {"worker": "other"}])
def test_what_an_attempt_sent_stays(attempt, column):
    refused(changes(attempt, **column))


@pytest.mark.parametrize("column", [{"leftovers": []}, {"seen": ["x"]}, {"succeeded": True}])
def test_what_a_look_saw_stays(look, column):
    refused(changes(look, **column))


@pytest.mark.parametrize("column", [{"reason": "x"}, {"said": "x"}, {"exception_type": "x"}, {"problem_field": "x"}])
def test_the_words_of_an_outcome_change_only_with_it(row, column):
    refused(changes(row, **column))


@pytest.mark.parametrize(
    ("old", "new"), [(old, new) for old in Outcome for new in Outcome if old != new and new not in OUTCOMES[old]]
)
def test_an_outcome_never_goes_another_way_than_the_table_says(asha, old, new):
    ids = {"activity_id": "b6f1" if new == Outcome.CREATED else ""}
    row = a_submission(asha, rows=[{"outcome": old}]).rows.get()

    refused(changes(row, outcome=new, **ids, **{**WHAT, "outcome_at": None if new == Outcome.PENDING else NOON}))


@pytest.mark.parametrize(("old", "new"), [(old, new) for old in Outcome for new in sorted(OUTCOMES[old])])
def test_an_outcome_goes_on_along_the_table(asha, old, new):
    ids = {"activity_id": "b6f1" if new == Outcome.CREATED else ""}
    row = a_submission(asha, rows=[{"outcome": old}]).rows.get()

    assert changes(row, outcome=new, **ids, **WHAT)() == 1


class TestAnAnswer:
    ANSWER = {"answered_at": NOON, "status": 200, "answer": b"[]", "headers": {"Date": "x"}, "complete": True}

    def test_is_filled_in_once(self, attempt):
        changes(attempt, **self.ANSWER)()

        refused(changes(attempt, answer=b"other"))

    def test_is_judged_once(self, attempt):
        changes(attempt, **self.ANSWER)()
        changes(attempt, verdict=Verdict.ANSWERED)()

        refused(changes(attempt, verdict=Verdict.REFUSED))

    def test_that_comes_after_a_takeover_opens_the_attempt_again(self, attempt):
        changes(attempt, verdict=Verdict.UNCLEAR)()

        assert changes(attempt, verdict=Verdict.OPEN, **self.ANSWER)() == 1

    def test_is_not_changed_without_one(self, attempt):
        changes(attempt, verdict=Verdict.UNCLEAR)()

        refused(changes(attempt, verdict=Verdict.ANSWERED))


class TestContents:
    GONE = {"note": "", "fields": [], "reason": "", "said": "", "salt": None}

    def test_go_where_the_purge_is_named_in_the_same_statement(self, row):
        assert changes(row, purged_by_seq=7, **self.GONE)() == 1

    def test_stay_without_it(self, row):
        refused(changes(row, **self.GONE))

    def test_go_as_a_whole_only(self, row):
        refused(changes(row, purged_by_seq=7, note=""))

    def test_do_not_come_back(self, row):
        changes(row, purged_by_seq=7, **self.GONE)()

        refused(changes(row, note="invented"))

    def test_are_not_replaced_by_others_under_the_name_of_a_purge(self, row):
        refused(changes(row, purged_by_seq=7, **{**self.GONE, "note": "invented"}))

    def test_are_purged_by_one_purge(self, row):
        changes(row, purged_by_seq=7, **self.GONE)()

        refused(changes(row, purged_by_seq=8))


def test_what_a_check_found_stays(recheck):
    refused(changes(recheck, held=[]))
    refused(changes(recheck, whole=False))


@pytest.mark.parametrize("model", [Row, Attempt, Look, Recheck, Submission])
def test_nothing_is_deleted(row, attempt, look, recheck, model):
    check_foreign_keys_now()

    refused(lambda: model.objects.all()._raw_delete("default"))


def test_the_head_only_moves_to_the_next_entry():
    refused(lambda: AuditHead.objects.update(seq=9, hash="0" * 64))


@only_sqlite
@pytest.mark.parametrize("table", TABLES)
def test_nothing_is_replaced(row, attempt, look, recheck, table):
    run(
        "INSERT INTO activities_auditentry (version, seq, at, action, actor, address, agent, request_id, subject_kind, "
        "subject_id, subject, facts, contents, previous_hash, hash) "
        "VALUES (2, 1, '2026-11-24', 'x', 'x', '', '', '', '', '', '', '{}', '{}', 'x', 'x')"
    )

    refused(lambda: run(f"REPLACE INTO {table} SELECT * FROM {table}"))


@only_sqlite
def test_nothing_is_replaced_by_way_of_another_unique_column(asha):
    submission = a_submission(asha, rows=2, state=State.POSTED)
    first, second = submission.rows.order_by("number")

    refused(lambda: run(f"UPDATE OR REPLACE activities_row SET number = 2 WHERE id = {first.pk}"))

    assert Row.objects.filter(pk=second.pk).exists()


@only_postgresql
@pytest.mark.parametrize("table", TABLES)
def test_no_table_is_emptied(table):
    refused(lambda: run(f"TRUNCATE {table} CASCADE"))


@only_postgresql
def test_no_session_goes_around_the_triggers(row):
    run("SET LOCAL session_replication_role = replica")

    refused(changes(row, note="other"))


def test_a_column_that_a_later_version_adds_is_guarded_too():
    class Later(models.Model):
        person = models.CharField(max_length=10)
        shouted = models.GeneratedField(
            expression=Upper("person"), output_field=models.CharField(max_length=10), db_persist=True
        )

        class Meta:
            app_label = "later"

    forbidden = guards.Guard(Later, free=frozenset({"id"})).forbidden()

    assert 'NEW."person"' in forbidden
    assert "shouted" not in forbidden


@only_sqlite
@pytest.mark.django_db(transaction=False)
@pytest.mark.parametrize("guard", guards.GUARDS, ids=TABLES)
def test_dropped_triggers_are_named_and_come_back_with_the_next_migrate(guard):
    run(f"DROP TRIGGER {guard.table}_refuses_update")

    assert guards.problems() == [
        f"The trigger {guard.table}_refuses_update is missing, disabled or altered. Run manage.py migrate."
    ]
    call_command("migrate", verbosity=0)
    assert guards.problems() == []


@only_sqlite
def test_a_trigger_that_was_emptied_is_named():
    run("DROP TRIGGER activities_row_refuses_update")
    run("CREATE TRIGGER activities_row_refuses_update AFTER UPDATE ON activities_row BEGIN SELECT 1; END")

    (problem,) = guards.problems()

    assert "activities_row_refuses_update" in problem


@only_postgresql
@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE activities_row DISABLE TRIGGER activities_row_refuses_change",
        "ALTER TABLE activities_row ENABLE TRIGGER activities_row_refuses_change",
        "DROP TRIGGER activities_row_refuses_change ON activities_row",
        "CREATE OR REPLACE TRIGGER activities_row_refuses_change AFTER DELETE ON activities_row FOR EACH ROW "
        "EXECUTE FUNCTION activities_row_refuse()",
        "CREATE OR REPLACE TRIGGER activities_row_refuses_change AFTER UPDATE OR DELETE ON activities_row FOR EACH ROW "
        "WHEN (false) EXECUTE FUNCTION activities_row_refuse()",
    ],
)
def test_a_trigger_that_is_not_as_it_should_be_is_named(sql):
    run(sql)

    (problem,) = guards.problems()

    assert "activities_row_refuses_change" in problem


@only_postgresql
def test_an_emptied_function_is_named_with_every_trigger_that_calls_it():
    run(
        "CREATE OR REPLACE FUNCTION activities_row_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RETURN NULL; END $$"
    )

    assert len(guards.problems()) == 2


def test_it_is_known_whether_this_role_could_drop_the_triggers():
    assert guards.may_be_removed_by_this_role() is (connection.vendor == "postgresql")


def test_triggers_come_back_after_they_made_way():
    with without_guards():
        missing = len(guards.problems())

    assert missing == len(TABLES) * (4 if connection.vendor == "sqlite" else 2)
    assert guards.problems() == []


@only_postgresql
class TestARoleThatIsNotTheOwner:
    @pytest.fixture(autouse=True)
    def portal(self):
        """The rights that the README gives to the portal's role."""
        run("CREATE ROLE portal_of_a_test")
        run("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO portal_of_a_test")
        run("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO portal_of_a_test")

    def test_writes_entries_and_rows(self, asha):
        run("SET LOCAL ROLE portal_of_a_test")

        a_submission(asha)
        entry = audit.record(audit.Action.HELD, "account", by=audit.PORTAL, reason="keys")

        assert entry.seq == 1

    def test_finds_every_trigger_in_place(self):
        run("SET LOCAL ROLE portal_of_a_test")

        assert guards.problems() == []

    def test_is_told_apart_from_the_owner(self):
        run("SET LOCAL ROLE portal_of_a_test")

        assert guards.may_be_removed_by_this_role() is False

    @pytest.mark.parametrize(
        "sql",
        [
            "DROP TRIGGER activities_row_refuses_change ON activities_row",
            "ALTER TABLE activities_row DISABLE TRIGGER ALL",
            "TRUNCATE activities_look",
            "CREATE OR REPLACE FUNCTION activities_row_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN END $$",
            "SET session_replication_role = replica",
        ],
    )
    def test_cannot_go_around_them(self, sql):
        run("SET LOCAL ROLE portal_of_a_test")

        with pytest.raises(DatabaseError, match=r"must be owner|permission denied"), transaction.atomic():
            run(sql)
