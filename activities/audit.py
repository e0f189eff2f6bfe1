"""The only door to the audit table: writes entries, reads them, and proves that none was changed.

An entry is written in the transaction of what it records; the chain's head is locked last, so that writers queue
only for the entry itself. Triggers refuse change in the database; `verify` says whether chain and triggers stand.
"""

from __future__ import annotations

import hashlib
import json
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import QuerySet

from activities.models import Draft, Submission, User
from activities.models.audit_entries import AuditEntry, AuditHead
from activities.models.clock import clock

_DOMAIN: Final = "lsqportal.audit.v1"
_GENESIS: Final = hashlib.sha256(_DOMAIN.encode()).hexdigest()


class Action(Enum):
    """Everything that is recorded: its code, its sentence with the facts in it, and facts beside the sentence."""

    SIGNED_IN = "person.signed_in", "signed in"
    SIGN_IN_FAILED = "person.sign_in_failed", "sign-in failed for {email}"
    SIGNED_OUT = "person.signed_out", "signed out"
    PERSON_ADDED = "person.added", "added {name} as {role}"
    PERSON_CHANGED = "person.changed", "changed {name}: {changes}"
    PERSON_DEACTIVATED = "person.deactivated", "deactivated {name}"
    PERSON_REACTIVATED = "person.reactivated", "reactivated {name}"
    PASSWORD_RESET = "person.password_reset", "gave {name} a one-time password"
    PASSWORD_CHANGED = "person.password_changed", "changed the own password"
    SUBMITTED = "submission.submitted", "submitted {row_count} activities", ("why", "follows")
    LEFT_BEHIND = "submission.left_behind", "left {rows} behind as a draft", ("row_count", "draft")
    SENT = "submission.sent", "sent attempt {attempt} with {row_count} activities", ("worker", "bytes")
    ANSWERED = "submission.answered", "answered {status} after {seconds} s: {summary}", ("attempt",)
    NOT_ANSWERED = "submission.not_answered", "gave no clear answer to attempt {attempt}: {summary}"
    REQUEUED = "submission.requeued", "queued it again: {reason}"
    SETTLED = "submission.settled", "settled: {state}, {summary}"
    LOOKED = "submission.looked", "read back, look {look}: {summary}", ("evidence",)
    DECIDED = "submission.decided", "decided: {decision}", ("evidence",)
    CANCELLED = "submission.cancelled", "cancelled it before it was sent"
    NEEDS_PERSON = "submission.needs_person", "asked for a person: {reason}"
    HELD = "account.held", "stopped sending: {reason}"
    HOLD_LIFTED = "account.hold_lifted", "went on sending"
    IDENTIFIED = (
        "account.identified",
        "found the keys to belong to {user}, organisation {organisation} at {host}",
    )
    CATALOG_REFRESHED = "catalog.refreshed", "refreshed {lists}"
    # Written until 0.2.0; such entries still have to be read.
    EXPORTED = "export.downloaded", "downloaded {row_count} lines of {what} as CSV", ("filters",)
    EXPORT_BEGUN = "export.begun", "began to download {what} as {format}, {filters}", ("newest",)
    EXPORT_ENDED = "export.ended", "downloaded {row_count} lines of {what} as {format}", ("begun",)
    EXPORT_BROKE_OFF = (
        "export.broke_off",
        "did not get all of {what} as {format}: it broke off after {row_count} lines",
        ("begun",),
    )
    EXPORT_ASKED = "export.asked", "asked for {what} as {format}, {filters}", ("newest", "export")
    EXPORT_PREPARED = "export.prepared", "prepared {row_count} lines of {what} as {format}", ("export", "bytes")
    EXPORT_FAILED = "export.failed", "could not prepare {what} as {format}: {reason}", ("export",)
    EXPORT_CANCELLED = "export.cancelled", "cancelled the export of {what} as {format}", ("export",)
    EXPORT_TAKEN = "export.taken", "downloaded {row_count} prepared lines of {what} as {format}", ("export",)

    def __init__(self, code: str, sentence: str, beside: tuple[str, ...] = ()) -> None:
        self.code = code
        self.sentence = sentence
        self.facts = frozenset(name for _, name, _, _ in string.Formatter().parse(sentence) if name) | set(beside)

    def in_words(self, facts: Mapping[str, Any]) -> str:
        """Return the sentence with its facts filled in."""
        return self.sentence.format(**facts)


ACTIONS: Final = {action.code: action for action in Action}


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who does something, and from where."""

    name: str
    person: User | None = None
    address: str = ""
    agent: str = ""
    request_id: str = ""

    @property
    def user(self) -> User:
        """The person behind this actor.

        Raises:
            TypeError: it is not a person but the portal or LeadSquared.
        """
        if self.person is None:
            raise TypeError(f"{self.name} is not a person")
        return self.person


PORTAL: Final = Actor(name="Portal")
LEADSQUARED: Final = Actor(name="LeadSquared")


def commitment(*, salt: bytes, name: str, value: str) -> str:
    """Return the salted hash under which a personal content enters the chain."""
    return _digest("content", salt.hex(), name, value)


def record(
    action: Action,
    subject: Submission | Draft | User | str,
    *,
    by: Actor,
    contents: Mapping[str, str] | None = None,
    now: datetime | None = None,
    **facts: Any,
) -> AuditEntry:
    """Append one entry to the chain, inside the caller's transaction.

    `contents` maps a name to a `commitment`; `facts` are exactly those that the action names.

    Raises:
        ValueError: a fact is missing or unknown.
        TransactionManagementError: there is no transaction around the call.
    """
    if set(facts) != action.facts:
        raise ValueError(f"{action.name} takes the facts {sorted(action.facts)}, not {sorted(facts)}")
    kind, subject_id, text = _subject(subject)
    entry = AuditEntry(
        at=now or clock(),
        action=action.code,
        actor_id=by.person.pk if by.person else None,
        actor=by.name[:200],
        address=by.address[:45],
        agent=_plain(by.agent)[:200],
        request_id=by.request_id,
        subject_kind=kind,
        subject_id=subject_id,
        subject=text[:450],
        facts={name: _plain(value) if isinstance(value, str) else value for name, value in facts.items()},
        contents=dict(contents or {}),
    )
    head = AuditHead.objects.select_for_update().get(pk=1)
    entry.seq, entry.previous_hash = head.seq + 1, head.hash or _GENESIS
    entry.hash = _hash(entry)
    entry.save(force_insert=True)
    AuditHead.objects.filter(pk=1).update(seq=entry.seq, hash=entry.hash)
    return entry


def entries() -> QuerySet[AuditEntry]:
    """Return all entries; whoever shows them asks permissions first."""
    return AuditEntry.objects.all()


def entries_about(subject: Submission | Draft | User) -> QuerySet[AuditEntry]:
    """Return the story of one subject, oldest first."""
    return AuditEntry.objects.filter(subject_id=_subject(subject)[1]).order_by("seq")


def in_words(entry: AuditEntry) -> str:
    """Return the entry's sentence without its actor."""
    return ACTIONS[entry.action].in_words(entry.facts)


@dataclass(frozen=True)
class Proof:
    """What `verify` found."""

    entry_count: int
    head: str
    problems: tuple[str, ...]


def verify() -> Proof:
    """Recompute the whole chain and look whether the triggers stand; the newest entry's hash is the head."""
    problems = [] if guards_stand() else ["The triggers that refuse changes are missing. Run migrate."]
    previous, count = _GENESIS, 0
    for entry in AuditEntry.objects.order_by("seq").iterator(chunk_size=2000):
        count += 1
        if entry.seq != count:
            problems.append(f"Entry {count} is missing.")
            count = entry.seq
        if entry.previous_hash != previous or entry.hash != _hash(entry):
            problems.append(f"Entry {entry.seq} was changed, or one before it.")
        previous = entry.hash
    head = AuditHead.objects.get(pk=1)
    if (head.seq, head.hash or _GENESIS) != (count, previous):
        problems.append(f"The chain ends at entry {count}, but its head says {head.seq}.")
    return Proof(entry_count=count, head=previous, problems=tuple(problems))


def guards_stand() -> bool:
    """Say whether the triggers that refuse change are in this database; without the table there is none to guard."""
    table = AuditEntry._meta.db_table
    if table not in connection.introspection.table_names():
        return True
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
        else:
            cursor.execute(
                "SELECT count(*) FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgenabled = 'A'",
                [table],
            )
        return bool(cursor.fetchone()[0] == len(_GUARDS[connection.vendor]["install"]))


def install_guards() -> None:
    """Install the triggers and the head, as often as asked: a migration on SQLite drops triggers silently."""
    with transaction.atomic(), connection.cursor() as cursor:
        for statements in (_GUARDS[connection.vendor]["prepare"], _GUARDS[connection.vendor]["install"]):
            for statement in statements:
                cursor.execute(statement)
        AuditHead.objects.get_or_create(pk=1)


def _subject(subject: Submission | Draft | User | str) -> tuple[str, str, str]:
    match subject:
        case Submission():
            return "submission", str(subject.public_id), subject.opportunity_name
        case Draft():
            return "draft", str(subject.public_id), subject.opportunity.get("name", "")
        case User():
            return "person", str(subject.pk), subject.name
        case _:
            return "portal", "", subject


def _plain(text: str) -> str:
    """PostgreSQL stores neither NUL nor half of a surrogate pair."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _digest(*parts: Any) -> str:
    text = json.dumps([_DOMAIN, *parts], separators=(",", ":"), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _hash(entry: AuditEntry) -> str:
    return _digest(
        "entry",
        entry.seq,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.action,
        entry.actor_id,
        entry.actor,
        entry.address,
        entry.agent,
        entry.request_id,
        entry.subject_kind,
        entry.subject_id,
        entry.subject,
        entry.facts,
        entry.contents,
        entry.previous_hash,
    )


def _guards() -> dict[str, dict[str, list[str]]]:
    table = AuditEntry._meta.db_table
    no = "audit entries cannot be changed"
    sqlite = {
        # REPLACE goes around the other two, so an id that exists is refused before it.
        "insert": f"BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id OR seq = NEW.seq)",
        "update": f"BEFORE UPDATE ON {table}",
        "delete": f"BEFORE DELETE ON {table}",
    }
    postgresql = {
        "change": f"BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW",
        "truncate": f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT",
    }
    return {
        "sqlite": {
            "prepare": [f"DROP TRIGGER IF EXISTS {table}_refuses_{name}" for name in sqlite],
            "install": [
                f"CREATE TRIGGER {table}_refuses_{name} {when} BEGIN SELECT RAISE(ABORT, '{no}'); END"
                for name, when in sqlite.items()
            ],
        },
        "postgresql": {
            "prepare": [
                f"CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION '{no}'; END $$",
                *(f"DROP TRIGGER IF EXISTS {table}_refuses_{name} ON {table}" for name in postgresql),
                *(
                    f"CREATE TRIGGER {table}_refuses_{name} {when} EXECUTE FUNCTION {table}_refuse()"
                    for name, when in postgresql.items()
                ),
            ],
            # ALWAYS: else `session_replication_role = replica` goes around them.
            "install": [f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_refuses_{name}" for name in postgresql],
        },
    }


_GUARDS: Final = _guards()
