"""The only door to the audit table: writes entries and reads them.

An entry is written in the transaction of what it records; the chain's head is locked last, so that writers queue
only for the entry itself. Triggers refuse change in the database (guards.py); proving.py says whether all of it
still stands.

An entry is hashed as a list of its columns in JSON, under a domain that names the version of this encoding. Version 1
named a submission's opportunity as its subject; since version 2 the entry has the submission's id alone, and names
and reasons lie beside the chain, so that they can be purged.
"""

from __future__ import annotations

import hashlib
import json
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db.models import QuerySet

from activities.models import Draft, Outcome, Submission, User
from activities.models.audit_entries import AuditEntry, AuditHead
from activities.models.clock import clock

VERSION: Final = 2
_DOMAIN: Final = "lsqportal.audit.v{}"
_CONTENTS: Final = _DOMAIN.format(1)
GENESIS: Final = hashlib.sha256(_DOMAIN.format(1).encode()).hexdigest()
UNREADABLE: Final = "left an entry that cannot be read"
_NUMBER: Final = re.compile("[0-9]{1,3}")
T = TypeVar("T")


class Action(Enum):
    """Everything that is recorded: its code, its sentence with the facts in it, and facts beside the sentence."""

    SIGNED_IN = "person.signed_in", "signed in"
    SIGN_IN_FAILED = "person.sign_in_failed", "could not be signed in"
    SIGN_INS_FAILED = (
        "person.sign_ins_failed",
        "could not be signed in {count:more time|more times} until {until}",
        ("since",),
    )
    SIGNED_OUT = "person.signed_out", "signed out"
    PERSON_ADDED = "person.added", "added {name} as {role}"
    PERSON_CHANGED = "person.changed", "changed {name}: {changes}"
    PERSON_DEACTIVATED = "person.deactivated", "deactivated {name}"
    PERSON_REACTIVATED = "person.reactivated", "reactivated {name}"
    PASSWORD_RESET = "person.password_reset", "gave {name} a one-time password"
    PASSWORD_CHANGED = "person.password_changed", "changed the own password"
    SUBMITTED = "submission.submitted", "submitted {row_count:activity|activities}", ("follows",)
    LEFT_BEHIND = "submission.left_behind", "left {rows} behind as a draft", ("row_count", "draft")
    SENT = "submission.sent", "sent attempt {attempt} with {row_count:activity|activities}", ("worker", "bytes")
    ANSWERED = "submission.answered", "answered {status} after {seconds} s: {summary}", ("attempt",)
    NOT_ANSWERED = "submission.not_answered", "gave no clear answer to attempt {attempt}: {summary}"
    REQUEUED = "submission.requeued", "queued it again: {reason}"
    NOTED = "submission.noted", "noted of its rows: {summary}", ("rows",)
    SETTLED = "submission.settled", "settled: {state}, {summary}", ("rows",)
    LOOKED = "submission.looked", "read back, look {look}: {summary}", ("evidence",)
    RECHECKED = "submission.rechecked", "checked it again in LeadSquared, check {check}: {summary}", ("evidence",)
    DECIDED = "submission.decided", "decided: {decision}", ("evidence",)
    RETRIED = "submission.retried", "opened {row_count:row|rows} to put right", ("draft",)
    CANCELLED = "submission.cancelled", "cancelled it before it was sent"
    NEEDS_PERSON = "submission.needs_person", "asked for a person: {reason}"
    DOUBTED = (
        "submission.doubted",
        "found it in a restored backup: it is read back before anything is sent",
        ("attempt",),
    )
    HELD = "account.held", "stopped sending: {reason}"
    HOLD_LIFTED = "account.hold_lifted", "went on sending"
    IDENTIFIED = (
        "account.identified",
        "found the keys to belong to {user}, organisation {organisation} at {host}",
    )
    CATALOG_REFRESHED = "catalog.refreshed", "refreshed {lists}"
    RESTORED = (
        "account.restored",
        "restored a backup: {count:submission is|submissions are} read back before anything is sent",
    )
    PURGED = (
        "record.purged",
        "removed the contents of {count:submission|submissions} and {drafts:draft|drafts} from before {before}",
        ("pins", "submissions"),
    )
    # Written until 0.2.0; such entries still have to be read.
    EXPORTED = "export.downloaded", "downloaded {row_count:line|lines} of {what} as CSV", ("filters",)
    EXPORT_BEGUN = "export.begun", "began to download {what} as {format}, {filters}", ("newest",)
    EXPORT_ENDED = "export.ended", "downloaded {row_count:line|lines} of {what} as {format}", ("begun",)
    EXPORT_BROKE_OFF = (
        "export.broke_off",
        "did not get all of {what} as {format}: it broke off after {row_count:line|lines}",
        ("begun",),
    )
    EXPORT_ASKED = "export.asked", "asked for {what} as {format}, {filters}", ("newest", "export")
    EXPORT_PREPARED = "export.prepared", "prepared {row_count:line|lines} of {what} as {format}", ("export", "bytes")
    EXPORT_FAILED = "export.failed", "could not prepare {what} as {format}: {reason}", ("export",)
    EXPORT_CANCELLED = "export.cancelled", "cancelled the export of {what} as {format}", ("export",)
    EXPORT_TAKEN = (
        "export.taken",
        "downloaded {row_count:prepared line|prepared lines} of {what} as {format}",
        ("export",),
    )

    def __init__(self, code: str, sentence: str, beside: tuple[str, ...] = ()) -> None:
        self.code = code
        self.sentence = sentence
        self.facts = frozenset(name for _, name, _, _ in string.Formatter().parse(sentence) if name) | set(beside)

    def in_words(self, facts: Mapping[str, Any]) -> str:
        """Return the sentence with its facts filled in."""
        return _SENTENCES.vformat(self.sentence, (), facts)


class _Sentences(string.Formatter):
    """Writes `{row_count:row|rows}` as “1 row” or “2 rows”."""

    def format_field(self, value: Any, format_spec: str) -> str:
        one, bar, many = format_spec.partition("|")
        return f"{value} {one if value == 1 else many}" if bar else str(super().format_field(value, format_spec))


_SENTENCES: Final = _Sentences()


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
COMMAND_LINE: Final = Actor(name="Command line")


def commitment(*, salt: bytes, name: str, value: str) -> str:
    """Return the salted hash under which a personal content enters the chain."""
    return _digest(_CONTENTS, "content", salt.hex(), name, value)


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
        version=VERSION,
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
    entry.seq, entry.previous_hash = head.seq + 1, head.hash or GENESIS
    entry.hash = hash_of(entry)
    entry.save(force_insert=True)
    AuditHead.objects.filter(pk=1).update(seq=entry.seq, hash=entry.hash)
    return entry


def entries() -> QuerySet[AuditEntry]:
    """Return all entries; whoever shows them asks permissions first."""
    return AuditEntry.objects.all()


def head() -> tuple[int, str]:
    """Return the number and the hash of the newest entry, as the chain's head has them."""
    stored = AuditHead.objects.get(pk=1)
    return stored.seq, stored.hash or GENESIS


def entries_about(subject: Submission | Draft | User) -> QuerySet[AuditEntry]:
    """Return the story of one subject, oldest first."""
    return AuditEntry.objects.filter(subject_id=_subject(subject)[1]).order_by("seq")


def in_words(entry: AuditEntry) -> str:
    """Return the entry's sentence without its actor; of one that was altered, that it cannot be read."""
    action, facts = ACTIONS.get(entry.action), entry.facts if isinstance(entry.facts, dict) else {}
    said = {name: value for name, value in facts.items() if isinstance(value, str | int | float)}
    try:
        return _plain(action.in_words(said)) if action else UNREADABLE
    except KeyError:
        return UNREADABLE


def fact(entry: AuditEntry, name: str, kind: type[T]) -> T | None:
    """Return a fact of an entry; None where it is missing or of another kind, as after somebody altered the entry."""
    found = entry.facts.get(name) if isinstance(entry.facts, dict) else None
    return found if isinstance(found, kind) else None


def rows_in(entry: AuditEntry) -> dict[int, list[str]] | None:
    """Return what became of the rows as an entry says it, by number: outcome and id; None where it does not."""
    rows = fact(entry, "rows", dict) or {}
    is_known = all(_NUMBER.fullmatch(number) and _is_outcome_with_id(said) for number, said in rows.items())
    return {int(number): said for number, said in rows.items()} if rows and is_known else None


def submission_id(entry: AuditEntry) -> UUID | None:
    """Return the id of the submission that an entry is about; None when it is about none, or does not say which."""
    return _uuid(entry.subject_id) if entry.subject_kind == "submission" else None


def id_in(entry: AuditEntry, name: str) -> UUID | None:
    """Return the id that a fact of an entry is; None where it is none."""
    return _uuid(fact(entry, name, str) or "")


def hash_of(entry: AuditEntry, *, seq: int | None = None) -> str:
    """Recompute an entry's hash from its columns; with `seq`, as if it stood there."""
    return _digest(
        _DOMAIN.format(entry.version),
        "entry",
        entry.seq if seq is None else seq,
        # SQLite takes anything for a time. What is none was written by somebody else, and gives another hash.
        entry.at and entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
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


def _subject(subject: Submission | Draft | User | str) -> tuple[str, str, str]:
    match subject:
        case Submission():
            return "submission", str(subject.public_id), ""
        case Draft():
            return "draft", str(subject.public_id), ""
        case User():
            return "person", str(subject.pk), subject.name
        case _:
            return "portal", "", subject


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _is_outcome_with_id(said: Any) -> bool:
    match said:
        case [str(outcome), str()]:
            return outcome in Outcome.values
    return False


def _plain(text: str) -> str:
    """PostgreSQL stores neither NUL nor half of a surrogate pair."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _digest(domain: str, *parts: Any) -> str:
    text = json.dumps([domain, *parts], separators=(",", ":"), ensure_ascii=False, sort_keys=True)
    # Half of a surrogate pair is never written: an entry that has one was altered, and must not stop a proof.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
