"""The triggers that refuse change in the database: of audit entries, and of what they vouch for.

apps.py installs them after each migration and takes them away before one, since SQLite drops a table's triggers
without a word when a migration rebuilds it, and refuses to drop a column that one names; the command `migrate` puts
them back as they stood where one fails. `problems` compares every
trigger with what it should be. What may change is said here, table by table; every other column, also one that a
later version adds, is guarded by that.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import DatabaseError, connection, models, transaction
from django.db.models import Q, UniqueConstraint
from django.db.models.sql import Query

from activities.models import OUTCOMES, Attempt, Look, Recheck, Row, Submission, Verdict
from activities.models.audit_entries import AuditEntry, AuditHead, AuditProof

OWNER_SENTENCE: Final = (
    "Whoever runs this could drop the triggers: its role owns the tables. README.md says how to run as another role."
)
_PURGED: Final = "purged_by_seq"
_AUDITED: Final = AuditEntry._meta.db_table
logger = logging.getLogger(__name__)
# pg_trigger.tgtype: for each row, after UPDATE and DELETE · for each statement, before TRUNCATE.
_POSTGRESQL: Final = {
    "change": ("AFTER UPDATE OR DELETE", "ROW", 1 + 8 + 16),
    "truncate": ("BEFORE TRUNCATE", "STATEMENT", 2 + 32),
}


@dataclass(frozen=True)
class Guard:
    """What may change in one table.

    `free` columns change at will, `contents` only to nothing and with `purged_by_seq` in the same statement. `steps`
    are conditions over OLD and NEW with the columns that may change where they hold.
    """

    model: type[models.Model]
    free: frozenset[str] = frozenset()
    contents: frozenset[str] = frozenset()
    steps: tuple[tuple[str, frozenset[str]], ...] = field(default_factory=tuple)

    @property
    def table(self) -> str:
        """The table's name."""
        return self.model._meta.db_table

    @property
    def says(self) -> str:
        """What whoever tries is told."""
        return f"{self.model._meta.verbose_name_plural} cannot be changed"

    @property
    def columns(self) -> list[models.Field[Any, Any]]:
        """All columns but those that the database computes itself."""
        return [each for each in self.model._meta.concrete_fields if not getattr(each, "generated", False)]

    def forbidden(self) -> str:
        """Return the condition over OLD and NEW under which an UPDATE is refused."""
        if not (self.free or self.contents or self.steps):
            return "1 = 1"
        changes: dict[tuple[str, ...], list[str]] = {}
        for each in self.columns:
            if each.name not in self.free:
                changes.setdefault(tuple(self._allowed(each)), []).append(_changed(str(each.column)))
        return "\n  OR ".join(
            f"({' OR '.join(changed)})" + (f" AND NOT ({' OR '.join(allowed)})" if allowed else "")
            for allowed, changed in changes.items()
        )

    def _allowed(self, column: models.Field[Any, Any]) -> Iterator[str]:
        """Return the conditions each of which lets a column change."""
        yield from (condition for condition, names in self.steps if column.name in names)
        if column.name in self.contents:
            yield f"({self._is_purged()} AND {_is_empty(column)})"
        if column.name == _PURGED:
            empty = [_is_empty(each) for each in self.columns if each.name in self.contents]
            yield f"({self._is_purged()} AND {' AND '.join(empty)})"

    def _is_purged(self) -> str:
        return f'OLD."{_PURGED}" IS NULL AND NEW."{_PURGED}" IS NOT NULL'


def _outcomes() -> str:
    """Return the condition that a row's outcome goes on along `OUTCOMES`."""
    steps = [
        f"""(OLD."outcome" = '{old}' AND NEW."outcome" = '{new}')"""
        for old, later in OUTCOMES.items()
        for new in sorted(later)
    ]
    return f"({' OR '.join(steps)})"


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


GUARDS: Final = (
    Guard(AuditEntry),
    Guard(AuditHead, steps=(('(NEW."seq" = OLD."seq" + 1)', _names("seq hash")),)),
    Guard(
        Submission,
        free=_names(
            "state not_before attempt_count failure_count unconfirmed_at lease_until leased_by look_at look_count "
            "needs_person_since settled_at explanation"
        ),
        contents=_names("opportunity_name lead_name why content_salt content_hash"),
    ),
    Guard(
        Row,
        contents=_names("note fields salt reason said"),
        steps=((_outcomes(), _names("outcome outcome_at activity_id reason said exception_type problem_field")),),
    ),
    Guard(
        Attempt,
        contents=_names("request answer headers said salt"),
        steps=(
            # The raw answer is filled in once. One that comes after all opens the attempt again for its verdict.
            (
                '(OLD."answered_at" IS NULL AND NEW."answered_at" IS NOT NULL)',
                _names("answered_at seconds status headers answer complete verdict said"),
            ),
            (f"""(OLD."verdict" = '{Verdict.OPEN}')""", _names("verdict said")),
        ),
    ),
    Guard(Look, contents=_names("leftovers summary salt")),
    Guard(Recheck, contents=_names("held salt")),
)


def install() -> None:
    """Install all triggers, the chain's head and the place of its proof, as often as asked.

    Where a step back took a table or a column away, its table is left to the version that knows it so.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        there = [guard for guard in GUARDS if _is_there(guard)]
        for statement in (*_removal(there), *_prepared(there), *(sql for _, sql in expected(there)), *_enabling(there)):
            cursor.execute(statement)
        if _AUDITED in connection.introspection.table_names(cursor):
            AuditHead.objects.get_or_create(pk=1)
            AuditProof.objects.get_or_create(pk=1)


def remove() -> None:
    """Take all triggers away while a migration, which is the owner's work, changes the tables."""
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in _removal(GUARDS):
            cursor.execute(statement)


def standing_statements() -> dict[str, list[str]]:
    """Return for each trigger of ours that stands now the statements that make it just so."""
    ours = {name for name, _ in expected()}
    if connection.vendor == "sqlite":
        return {name: [str(sql)] for name, sql in _standing().items() if name in ours}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT t.tgname, c.relname, pg_get_triggerdef(t.oid)
               FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
               WHERE NOT t.tgisinternal AND pg_table_is_visible(c.oid)"""
        )
        return {name: [sql, _always(table, name)] for name, table, sql in cursor.fetchall() if name in ours}


def put_back(standing: dict[str, list[str]]) -> None:
    """Make those triggers again that are gone of what `standing_statements` found; say in the log which cannot stand.

    One that names a column which a migration took away before another failed refuses every change.
    """
    for name in standing.keys() - standing_statements().keys():
        try:
            # Each by itself: one that cannot stand must not take the others away, nor wait for them holding locks.
            with transaction.atomic(), connection.cursor() as cursor:
                for statement in standing[name]:
                    cursor.execute(statement)
        except DatabaseError:
            logger.exception("The trigger %s could not be put back. Run manage.py migrate.", name)


def problems() -> list[str]:
    """Return a sentence for each trigger that is missing, disabled or not as it should be; none without the tables."""
    if _AUDITED not in connection.introspection.table_names():
        return []
    standing = _standing()
    return [
        f"The trigger {name} is missing, disabled or altered. Run manage.py migrate."
        for name, definition in _expected_to_stand()
        if standing.get(name) != definition
    ]


def may_be_removed_by_this_role() -> bool:
    """Whether this role owns the tables on PostgreSQL, and could drop their triggers; SQLite knows no roles."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_has_role(current_user, relowner, 'MEMBER') FROM pg_class WHERE oid = to_regclass(%s)",
            [_AUDITED],
        )
        return bool(cursor.fetchone()[0])


def expected(guards: Iterable[Guard] = GUARDS) -> list[tuple[str, str]]:
    """Return every trigger that must stand in this kind of database, with the statement that makes it."""
    make = _on_postgresql if connection.vendor == "postgresql" else _on_sqlite
    return [(f"{guard.table}_refuses_{name}", sql) for guard in guards for name, sql in make(guard)]


def _is_there(guard: Guard) -> bool:
    """Whether its table has all the columns that it knows."""
    with connection.cursor() as cursor:
        if guard.table not in connection.introspection.table_names(cursor):
            return False
        has = {each.name for each in connection.introspection.get_table_description(cursor, guard.table)}
    return {str(each.column) for each in guard.columns} <= has


def _on_sqlite(guard: Guard) -> Iterator[tuple[str, str]]:
    table, begin = guard.table, f"CREATE TRIGGER {guard.table}_refuses"
    no = f"SELECT RAISE(ABORT, '{guard.says}')"
    # REPLACE deletes without asking the trigger of DELETE: whatever it would replace is refused before it.
    taken = [(f"SELECT RAISE(ABORT, '{guard.says}: this {names} is taken')", other) for names, other in _taken(guard)]
    inserted = " ".join(f"{says} WHERE EXISTS ({other});" for says, other in taken)
    updated = " ".join(f"{says} WHERE EXISTS ({other} AND id <> OLD.id);" for says, other in taken)
    yield "insert", f"{begin}_insert BEFORE INSERT ON {table} BEGIN {inserted} END"
    yield "replace", f"{begin}_replace BEFORE UPDATE ON {table} BEGIN {updated} END"
    # After, so that where a constraint refuses too, it is the one that says so.
    yield "update", f"{begin}_update AFTER UPDATE ON {table} WHEN {guard.forbidden()} BEGIN {no}; END"
    yield "delete", f"{begin}_delete BEFORE DELETE ON {table} BEGIN {no}; END"


def _taken(guard: Guard) -> Iterator[tuple[str, str]]:
    """Return for each unique set of columns its names, and the question whether another row has NEW's values."""
    quoted = [f'"{each.column}"' for each in guard.columns]
    for names, condition in _unique(guard.model):
        new = ", ".join(f"NEW.{name} AS {name}" for name in quoted if name in condition)
        same = " AND ".join(f'"{name}" = NEW."{name}"' for name in names)
        where = f" AND {condition} AND EXISTS (SELECT 1 FROM (SELECT {new}) WHERE {condition})" if condition else ""
        yield ", ".join(names), f"SELECT 1 FROM {guard.table} WHERE {same}{where}"


def _unique(model: type[models.Model]) -> Iterator[tuple[list[str], str]]:
    fields = model._meta.concrete_fields
    for each in fields:
        if each.unique:
            yield [str(each.column)], ""
    for constraint in model._meta.constraints:
        if isinstance(constraint, UniqueConstraint):
            columns = [str(each.column) for name in constraint.fields for each in fields if each.name == name]
            yield columns, _condition(model, constraint.condition) if constraint.condition else ""


def _condition(model: type[models.Model], condition: Q) -> str:
    """Write a constraint's condition out as SQL, as its index has it."""
    where = Query(model=model, alias_cols=False).build_where(condition)
    sql, values = where.as_sql(Query(model).get_compiler(connection=connection), connection)
    quote = connection.schema_editor(collect_sql=True).quote_value
    return f"({sql % tuple(quote(value) for value in values)})"


def _on_postgresql(guard: Guard) -> Iterator[tuple[str, str]]:
    for name, (moment, each, _) in _POSTGRESQL.items():
        trigger = f"CREATE TRIGGER {guard.table}_refuses_{name} {moment} ON {guard.table}"
        yield name, f"{trigger} FOR EACH {each} EXECUTE FUNCTION {guard.table}_refuse()"


def _body(guard: Guard) -> str:
    """Return the body of the function that PostgreSQL's triggers of a table call."""
    no = f"RAISE EXCEPTION '{guard.says}';"
    return f"""
BEGIN
  IF TG_OP <> 'UPDATE' THEN {no} END IF;
  IF {guard.forbidden()} THEN {no} END IF;
  RETURN NULL;
END
"""


def _prepared(guards: Iterable[Guard]) -> Iterator[str]:
    if connection.vendor == "postgresql":
        for guard in guards:
            head = f"CREATE OR REPLACE FUNCTION {guard.table}_refuse() RETURNS trigger LANGUAGE plpgsql AS"
            yield f"{head} $guard${_body(guard)}$guard$"


def _enabling(guards: Iterable[Guard]) -> Iterator[str]:
    if connection.vendor == "postgresql":
        for guard in guards:
            for name in _POSTGRESQL:
                yield _always(guard.table, f"{guard.table}_refuses_{name}")


def _always(table: str, trigger: str) -> str:
    """Return what keeps `session_replication_role = replica` from going around a trigger of PostgreSQL."""
    return f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}"


def _removal(guards: Iterable[Guard]) -> Iterator[str]:
    for guard in guards:
        names = _POSTGRESQL if connection.vendor == "postgresql" else ("insert", "replace", "update", "delete")
        where = f" ON {guard.table}" if connection.vendor == "postgresql" else ""
        yield from (f"DROP TRIGGER IF EXISTS {guard.table}_refuses_{name}{where}" for name in names)


def _standing() -> dict[str, object]:
    """Return what stands in the database, by the trigger's name."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            return dict(cursor.fetchall())
        cursor.execute(
            """SELECT t.tgname, c.relname, t.tgenabled::text, t.tgtype, t.tgqual IS NULL AND t.tgattr::text = '',
                      p.proname, l.lanname, p.prosrc
               FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
               JOIN pg_language l ON l.oid = p.prolang
               WHERE NOT t.tgisinternal AND pg_table_is_visible(c.oid)"""
        )
        return {name: tuple(definition) for name, *definition in cursor.fetchall()}


def _expected_to_stand() -> Iterator[tuple[str, object]]:
    """Return the same as it should be: on SQLite the statement, on PostgreSQL whatever makes the trigger what it is."""
    if connection.vendor == "sqlite":
        yield from expected()
        return
    for guard in GUARDS:
        for name, (_, _, kind) in _POSTGRESQL.items():
            function = (f"{guard.table}_refuse", "plpgsql", _body(guard))
            yield f"{guard.table}_refuses_{name}", (guard.table, "A", kind, True, *function)


def _changed(column: str) -> str:
    differs = "IS NOT" if connection.vendor == "sqlite" else "IS DISTINCT FROM"
    return f'NEW."{column}" {differs} OLD."{column}"'


def _is_empty(column: models.Field[Any, Any]) -> str:
    if column.null:
        return f'NEW."{column.column}" IS NULL'
    if isinstance(column, models.JSONField):
        kind = "" if connection.vendor == "sqlite" else "::jsonb"
        return f"""NEW."{column.column}" = '{"[]" if column.default is list else "{}"}'{kind}"""
    return f"""NEW."{column.column}" = ''"""
