"""Proves the record: recomputes the chain, compares what it vouches for with it, and looks whether the triggers stand.

It reads in pages and keeps only what the next entry needs, so that its memory does not grow with the record. Other
processes write meanwhile: what looks wrong about a submission is looked at once more under its lock.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from django.db import DatabaseError, DataError, transaction
from django.db.models import Q

from activities import audit, counting, guards, indexing, vouching
from activities.models import Submission
from activities.models.audit_entries import AuditEntry, AuditHead, AuditProof
from activities.models.clock import clock

logger = logging.getLogger(__name__)
PROOF_EVERY: Final = timedelta(days=1)
MOST_PROBLEMS: Final = 100
BROKEN_OFF: Final = "The verification broke off before its end. The log says why."
UNREADABLE: Final = "The record could not be verified to its end: a part of it cannot be read. The log says why."
_PAGE: Final = 1000
# A submission has up to 25 rows, each with contents of some kilobytes.
_SUBMISSIONS: Final = 50


@dataclass(frozen=True)
class Head:
    """An end of the chain that somebody kept: everything up to it must still be there as it was."""

    seq: int
    hash: str

    @classmethod
    def parse(cls, text: str) -> Head:
        """Read `SEQ:HASH`.

        Raises:
            ValueError: it is something else.
        """
        seq, _, value = text.strip().partition(":")
        if not (seq.isascii() and seq.isdecimal() and len(value) == 64 and set(value) <= set("0123456789abcdef")):
            raise ValueError("Write a head as audit_head prints it: a number, a colon and 64 digits.")
        return cls(int(seq), value)

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


@dataclass(frozen=True)
class Proof:
    """What `verify` found: how many entries it read, and the head that it came to."""

    entry_count: int
    head: str
    problems: tuple[str, ...]
    at: datetime | None = None

    @property
    def is_broken_off(self) -> bool:
        """Whether nothing was found since it did not come to its end."""
        return self.problems == (BROKEN_OFF,)

    @property
    def is_overdue(self) -> bool:
        """Whether a worker should have verified the record again since."""
        return self.at is not None and clock() - self.at > 2 * PROOF_EVERY


def verify(since: Head | None = None) -> Proof:
    """Prove the whole record, or what was written since a kept head, which must still be where it was."""
    chain = _Chain(since)
    found = [*guards.problems(), *_first(_proved_before()), *_first(chain.problems())]
    found += _first(_altered(chain.since.seq if since else None))
    if since is None:
        found += _first(
            f"The counts of {day} are not those of its rows. Run manage.py recount." for day in counting.wrong_days()
        )
    if len(found) > MOST_PROBLEMS:
        found = [*found[:MOST_PROBLEMS], "There are more."]
    return Proof(entry_count=chain.count, head=chain.before.hash, problems=tuple(found))


def last_proof() -> Proof | None:
    """Return what the workers' latest verification found; None when there was none yet."""
    stored = AuditProof.objects.filter(pk=1, at__isnull=False).first()
    return Proof(stored.entry_count, stored.hash, tuple(stored.problems), stored.at) if stored else None


def prove_when_due(*, now: datetime | None = None) -> bool:
    """Once a day, verify the whole record and keep what was found; return whether it was this worker's turn."""
    moment = now or clock()
    due = AuditProof.objects.filter(Q(tried_at=None) | Q(tried_at__lte=moment - PROOF_EVERY), pk=1)
    if not due.update(tried_at=moment):
        return False
    try:
        proof = verify()
    except Exception:
        # Else the page would go on showing the proof of the day before.
        keep(Proof(entry_count=0, head="", problems=(BROKEN_OFF,)), now=now)
        raise
    keep(proof, now=now)
    return True


def keep(proof: Proof, *, now: datetime | None = None) -> None:
    """Keep what a verification of the whole record found, for the page that says so."""
    good = {} if proof.problems else {"entry_count": proof.entry_count, "hash": proof.head}
    AuditProof.objects.filter(pk=1).update(at=now or clock(), problems=list(proof.problems), **good)


def _first(problems: Iterator[str]) -> list[str]:
    found: list[str] = []
    try:
        # One by one: what was found before an error counts.
        found.extend(islice(problems, MOST_PROBLEMS + 1))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, DatabaseError) as error:
        if isinstance(error, DatabaseError) and not _is_about_a_value(error):
            raise
        # Whoever can alter an entry can also make it such that nobody foresaw it. That must not silence the rest.
        logger.exception("The record cannot be read.")
        found.append(UNREADABLE)
    return found


def _is_about_a_value(error: DatabaseError) -> bool:
    """Whether a value in the database is none for Python, as a day named infinity, or bytes that are no text."""
    return isinstance(error, DataError) or "Could not decode" in str(error)


def _proved_before() -> Iterator[str]:
    """Say when the head of the last good proof is not in the chain any more."""
    stored = AuditProof.objects.filter(pk=1).exclude(hash="").first()
    if stored and stored.entry_count and not _is_in_place(Head(stored.entry_count, stored.hash)):
        yield f"The chain was rebuilt or cut: the head of its last proof, {stored.hash[:8]}…, is not in it any more."


def _is_in_place(head: Head) -> bool:
    return AuditEntry.objects.filter(seq=head.seq, hash=head.hash).exists()


@dataclass
class _Place:
    """What of an entry the next one is judged by; `belongs_at` is its own place where that is another one."""

    seq: int
    hash: str
    is_sound: bool = True
    belongs_at: int = field(default=-1)

    def __post_init__(self) -> None:
        if self.belongs_at < 0:
            self.belongs_at = self.seq


class _Chain:
    """Walks along the entries, one page at a time."""

    def __init__(self, since: Head | None) -> None:
        self.since = since or Head(0, audit.GENESIS)
        self.before = _Place(self.since.seq, self.since.hash)
        self.count = 0
        # What is written from now on is the next proof's.
        self.head = AuditHead.objects.get(pk=1)

    def problems(self) -> Iterator[str]:
        yield from self._kept_head()
        for page in self._pages():
            known = vouching.known_submissions(page)
            for entry in page:
                yield from self._judge(entry)
                if entry.subject_kind == "submission" and audit.submission_id(entry) is None:
                    yield f"Entry {entry.seq} cannot be read: it does not say which submission it is about."
                elif entry.action == audit.Action.SUBMITTED.code and entry.subject_id not in known:
                    yield f"Entry {entry.seq} vouches for the submission {entry.subject_id}, which is missing."
        yield from self._end()

    def _pages(self) -> Iterator[list[AuditEntry]]:
        while page := list(AuditEntry.objects.filter(seq__gt=self.before.seq).order_by("seq")[:_PAGE]):
            if page[-1].seq > self.head.seq and AuditHead.objects.get(pk=1).seq != self.head.seq:
                # Somebody writes: what came after the head is no surprise.
                yield [entry for entry in page if entry.seq <= self.head.seq]
                return
            yield page

    def _kept_head(self) -> Iterator[str]:
        if not self.since.seq:
            return
        kept = AuditEntry.objects.filter(seq=self.since.seq).first()
        if kept is None:
            yield f"Entry {self.since.seq}, whose head was kept, is missing: the end of the chain was cut off."
        elif kept.hash != self.since.hash or audit.hash_of(kept) != kept.hash:
            yield f"Entry {self.since.seq} is not the one whose head was kept: the chain was rebuilt."
            self.before = _Place(kept.seq, kept.hash)

    def _judge(self, entry: AuditEntry) -> Iterator[str]:
        before, self.count = self.before, self.count + 1
        self.before = place = _Place(entry.seq, entry.hash)
        gap = entry.seq - before.seq - 1
        if gap == 1:
            yield f"Entry {entry.seq - 1} is missing."
        elif gap:
            yield f"Entries {before.seq + 1} to {entry.seq - 1} are missing."
        if entry.hash != audit.hash_of(entry):
            place.is_sound = False
            yield self._unsound(entry, place, before)
        elif entry.previous_hash != before.hash and not gap and before.is_sound:
            yield f"Entry {entry.seq} does not follow entry {before.seq}: one of the two was replaced."
        elif entry.seq > self.head.seq:
            yield f"Entry {entry.seq} was inserted: the chain’s head says {self.head.seq}."

    def _unsound(self, entry: AuditEntry, place: _Place, before: _Place) -> str:
        """Tell an entry that stands in another one's place from one that was altered."""
        followed = AuditEntry.objects.filter(hash=entry.previous_hash).first()
        nearest = [followed.seq + 1, followed.seq] if followed else [1]
        shift = before.seq - before.belongs_at
        for seq in (*nearest, entry.seq - shift, entry.seq - 1, entry.seq + 1):
            if seq != entry.seq and entry.hash == audit.hash_of(entry, seq=seq):
                place.belongs_at = seq
                break
        else:
            return f"Entry {entry.seq} was altered."
        if seq == entry.seq - 1 and before.is_sound:
            return f"Entry {before.seq} was inserted: entry {entry.seq} stood there."
        return f"Entry {entry.seq} was reordered: its place is {seq}."

    def _end(self) -> Iterator[str]:
        ended = (self.before.seq, self.before.hash)
        if ended[0] < self.head.seq:
            yield f"The chain ends at entry {ended[0]}, but its head says {self.head.seq}."
        elif ended[0] == self.head.seq and ended[1] != (self.head.hash or audit.GENESIS):
            yield f"The chain’s head has another hash than entry {ended[0]}."


def _altered(since: int | None) -> Iterator[str]:
    """Compare submissions with their entries: all of them, or those that entries after `since` are about."""
    for ids in _submissions(since):
        for submission_id, problems in _problems(ids).items():
            if problems:
                yield from _looked_at_again(submission_id)


def _problems(submission_ids: Sequence[int]) -> dict[int, list[str]]:
    """Return what is wrong with submissions; where they are as their entries say, what is wrong with their lines."""
    found = vouching.problems(submission_ids)
    sound = [submission_id for submission_id, problems in found.items() if not problems]
    return found | indexing.wrong_lines(sound)


def _looked_at_again(submission_id: int) -> list[str]:
    """Ask once more while nobody moves the submission: its rows and their entry are written in one transaction."""
    with transaction.atomic():
        Submission.objects.select_for_update().get(pk=submission_id)
        return _problems([submission_id])[submission_id]


def _submissions(since: int | None) -> Iterator[list[int]]:
    if since is None:
        after = 0
        while ids := list(
            Submission.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:_SUBMISSIONS]
        ):
            yield ids
            after = ids[-1]
        return
    seq = since
    while page := list(AuditEntry.objects.filter(seq__gt=seq).order_by("seq")[:_SUBMISSIONS]):
        seq = page[-1].seq
        if ids := sorted(vouching.known_submissions(page).values()):
            yield ids
