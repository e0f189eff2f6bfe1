"""Compares submissions with what their entries say of them: contents, outcomes and ids, and that nothing is missing.

Called by proving.py with a handful of submissions at a time. Contents that a purge removed are not compared, as long
as the entry of that purge names the submission.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from activities import audit, contents
from activities.models import Attempt, Look, Outcome, Recheck, Row, State, Submission, Verdict
from activities.models.audit_entries import AuditEntry
from activities.models.clock import clock

_Action: Final = audit.Action
# What is read of an entry whose contents, or whose rows, are compared.
_SAYS: Final[dict[str, tuple[str, type]]] = {
    _Action.SENT.code: ("attempt", int),
    _Action.ANSWERED.code: ("attempt", int),
    _Action.NOT_ANSWERED.code: ("attempt", int),
    _Action.LOOKED.code: ("look", int),
    _Action.DOUBTED.code: ("attempt", int),
    _Action.SETTLED.code: ("state", str),
}
_OF_ROWS: Final = {_Action.NOTED.code, _Action.SETTLED.code}
# Between the two a worker asks LeadSquared whether it accepts the keys, at most.
_JUDGED_WITHIN: Final = timedelta(hours=1)


@dataclass
class _Story:
    """A submission with its entries and with all that they vouch for, by the name that the entries have for it."""

    submission: Submission
    entries: list[AuditEntry] = field(default_factory=list)
    rows: dict[int, tuple[str, str]] = field(default_factory=dict)
    purged_by: set[int] = field(default_factory=set)
    # What is there: its name in words, and the hashes that an entry may have of it; none where it was purged.
    there: dict[str, set[str] | None] = field(default_factory=dict)
    being_judged: set[str] = field(default_factory=set)
    # Attempts that stand for what a restored backup has not seen, by their numbers.
    stand_ins: dict[int, Attempt] = field(default_factory=dict)


def known_submissions(entries: Iterable[AuditEntry]) -> dict[str, int]:
    """Return the submissions that exist among those that entries are about: subject ids with primary keys."""
    ids = {about for entry in entries if (about := audit.submission_id(entry))}
    found = Submission.objects.filter(public_id__in=ids).values_list("public_id", "pk")
    return {str(public_id): pk for public_id, pk in found}


def problems(submission_ids: Sequence[int]) -> dict[int, list[str]]:
    """Return for each submission a sentence for everything about it that its entries do not vouch for."""
    stories = {each.pk: _Story(each) for each in Submission.objects.filter(pk__in=submission_ids)}
    by_public_id = {str(story.submission.public_id): story for story in stories.values()}
    for entry in AuditEntry.objects.filter(subject_id__in=by_public_id).order_by("seq"):
        by_public_id[entry.subject_id].entries.append(entry)
    for story in stories.values():
        _add(story, "submission", story.submission, {contents.of_submission(story.submission)})
    for row in Row.objects.filter(submission__in=stories).iterator(chunk_size=100):
        stories[row.submission_id].rows[row.number] = (row.outcome, row.activity_id)
        _add(stories[row.submission_id], f"row {row.number}", row, {contents.of_row(row, 1), contents.of_row(row)})
    _add_attempts(stories)
    _add_what_was_seen(stories)
    purges = _purges(stories.values())
    restores = _restores(stories.values())
    return {pk: list(_compare(story, purges, restores)) for pk, story in stories.items()}


def _is_being_judged(attempt: Attempt, submission: Submission) -> bool:
    """Whether an answer needs no entry yet: it is stored before anybody judges it, also when it comes too late."""
    stored_at = attempt.answered_at
    return submission.state == State.SENDING or (stored_at is not None and abs(clock() - stored_at) < _JUDGED_WITHIN)


def _add_attempts(stories: Mapping[int, _Story]) -> None:
    for attempt in Attempt.objects.filter(submission__in=stories).iterator(chunk_size=10):
        story, name = stories[attempt.submission_id], f"of attempt {attempt.number}"
        if attempt.is_stand_in:
            story.stand_ins[attempt.number] = attempt
        if not attempt.is_stand_in or attempt.request is not None:
            _add(story, f"request {name}", attempt, {contents.of_request(attempt)})
        # What was purged had an answer if it has a status.
        if attempt.answer is not None or (attempt.purged_by_seq and attempt.status is not None):
            _add(story, f"answer {name}", attempt, {contents.of_answer(attempt)})
            if _is_being_judged(attempt, story.submission):
                story.being_judged.add(f"answer {name}")


def _add_what_was_seen(stories: Mapping[int, _Story]) -> None:
    for look in Look.objects.filter(submission__in=stories).iterator(chunk_size=10):
        _add(stories[look.submission_id], f"look {look.number}", look, {contents.of_look(look)})
    for recheck in Recheck.objects.filter(submission__in=stories).iterator(chunk_size=10):
        _add(stories[recheck.submission_id], f"recheck {recheck.number}", recheck, {contents.of_recheck(recheck)})


def _add(story: _Story, name: str, it: Submission | Row | Attempt | Look | Recheck, hashes: set[str]) -> None:
    if it.purged_by_seq:
        story.purged_by.add(it.purged_by_seq)
    story.there[name] = None if it.purged_by_seq else hashes


def _purges(stories: Iterable[_Story]) -> dict[int, set[int]]:
    """Return for each purge that removed something of these submissions which submissions its entry names."""
    seqs = {seq for story in stories for seq in story.purged_by}
    found = AuditEntry.objects.filter(seq__in=seqs, action=_Action.PURGED.code)
    named: dict[int, set[int]] = defaultdict(set)
    for entry in found:
        named[entry.seq] = {each for each in audit.fact(entry, "submissions", list) or () if isinstance(each, int)}
    return named


def _restores(stories: Iterable[_Story]) -> set[datetime]:
    """Return which of the moments that stand-ins name are those of a restore, as entries about the database say."""
    moments = {attempt.lease_until for story in stories for attempt in story.stand_ins.values()}
    return set(AuditEntry.objects.filter(action=_Action.RESTORED.code, at__in=moments).values_list("at", flat=True))


def _compare(story: _Story, purges: dict[int, set[int]], restores: set[datetime]) -> Iterator[str]:
    which = f"submission {story.submission.public_id}"
    first = next((each for each in story.entries if each.action == _Action.SUBMITTED.code), None)
    if first is None:
        yield f"The {which} was inserted: no entry says that anybody submitted it."
        return
    for seq in sorted(story.purged_by):
        if story.submission.pk not in purges.get(seq, set()):
            yield f"Contents of the {which} were removed, and entry {seq} is not of a purge that names it."
    readable = [entry for entry in story.entries if _is_readable(entry)]
    for seq in sorted({each.seq for each in story.entries} - {each.seq for each in readable}):
        yield f"Entry {seq} of the {which} cannot be read: nothing can be compared with it."
    vouched = dict(_vouched(readable))
    yield from _contents(story, vouched, which)
    yield from _not_vouched(story, first, vouched, which)
    yield from _doubts(story, first, readable, restores, which)
    yield from _outcomes(story, first, which)
    yield from _state(story, which)


def _contents(story: _Story, vouched: Mapping[str, tuple[int, str]], which: str) -> Iterator[str]:
    for name, (seq, commitment) in vouched.items():
        if name not in story.there:
            yield f"The {name} of the {which} is missing; entry {seq} vouches for it."
        elif (hashes := story.there[name]) is not None and commitment not in hashes:
            yield f"The {name} of the {which} is not what entry {seq} vouches for."


def _is_readable(entry: AuditEntry) -> bool:
    """Whether an entry has what it is asked for here; one that was altered has anything."""
    name, kind = _SAYS.get(entry.action, ("", object))
    has_rows = entry.action not in _OF_ROWS or entry.version == 1 or audit.rows_in(entry) is not None
    contents_of = entry.contents.values() if isinstance(entry.contents, dict) else [None]
    has_contents = all(isinstance(each, str) for each in contents_of)
    return has_rows and has_contents and (not name or audit.fact(entry, name, kind) is not None)


def _vouched(entries: Iterable[AuditEntry]) -> Iterator[tuple[str, tuple[int, str]]]:
    """Return what entries vouch for, by its name within the submission: each content's entry and hash."""
    for entry in entries:
        for name, commitment in entry.contents.items():
            if entry.action == _Action.LOOKED.code:
                yield f"look {entry.facts['look']}", (entry.seq, commitment)
            elif (attempt := audit.fact(entry, "attempt", int)) is not None:
                yield f"{name} of attempt {attempt}", (entry.seq, commitment)
            else:
                yield name, (entry.seq, commitment)


def _not_vouched(story: _Story, first: AuditEntry, vouched: Mapping[str, object], which: str) -> Iterator[str]:
    """Name what was slipped in: of entries of version 1 nothing vouches for the submission itself and its looks."""
    for name in story.there:
        is_older = first.version == 1 and not name.startswith(("row", "request", "answer", "recheck"))
        if name not in vouched and not is_older and name not in story.being_judged:
            yield f"The {name} of the {which} was inserted: no entry vouches for it."


def _doubts(
    story: _Story, first: AuditEntry, entries: Sequence[AuditEntry], restores: set[datetime], which: str
) -> Iterator[str]:
    """Compare what a restore left in doubt: where the doubt is gone, what may have been posted is posted again."""
    doubted = [each for each in entries if each.action == _Action.DOUBTED.code]
    for entry in doubted:
        number = audit.fact(entry, "attempt", int)
        attempt = story.stand_ins.get(number or 0)
        if attempt is None or attempt.lease_until != entry.at or attempt.verdict != Verdict.UNCLEAR:
            yield f"Attempt {number} of the {which} is missing or altered; entry {entry.seq} says that it is in doubt."
    vouched = {audit.fact(entry, "attempt", int) for entry in doubted}
    for number, attempt in story.stand_ins.items():
        # Until 0.5.0 only the entry about the whole database told of a restore, and none before 0.3.0.
        is_of_older_version = attempt.lease_until in restores or first.version == 1
        if number not in vouched and not (is_of_older_version and attempt.verdict == Verdict.UNCLEAR):
            yield f"Attempt {number} of the {which} was inserted: no entry says that a backup was restored."
    if doubted:
        yield from _sent_in_doubt(story, doubted[-1], entries, which)


def _sent_in_doubt(story: _Story, doubt: AuditEntry, entries: Sequence[AuditEntry], which: str) -> Iterator[str]:
    """What is in doubt is read back and settled; nothing is sent for it any more."""
    if sent := next((each for each in entries if each.action == _Action.SENT.code and each.seq > doubt.seq), None):
        yield f"Entry {sent.seq} says that the {which} was sent; entry {doubt.seq} says that it was in doubt."
    submission, number = story.submission, audit.fact(doubt, "attempt", int)
    if submission.state == State.SENDING or (submission.state == State.QUEUED and submission.attempt_count != number):
        yield f"The {which} is about to be sent; entry {doubt.seq} says that it is in doubt."


def _outcomes(story: _Story, first: AuditEntry, which: str) -> Iterator[str]:
    """Compare rows with the newest entry that says what became of them; before there is one, none has an outcome."""
    known = next((each for each in reversed(story.entries) if each.action in _OF_ROWS and each.version != 1), None)
    rows = audit.rows_in(known) if known else None
    if (known is None and first.version == 1) or (known and rows is None):
        return
    for number, (outcome, activity_id) in sorted(story.rows.items()):
        said = rows.get(number) if rows else [Outcome.PENDING, ""]
        if said != [outcome, activity_id]:
            entry = f"entry {known.seq}" if known else f"entry {first.seq}"
            words = f"{said[0]} {said[1]}".strip() if said else "nothing"
            yield f"Row {number} of the {which} is {outcome} {activity_id}".rstrip() + f"; {entry} says {words}."


def _state(story: _Story, which: str) -> Iterator[str]:
    """Compare the state that a submission came to rest in with the newest entry that says so."""
    state = story.submission.get_state_display().lower()
    settled = [each for each in story.entries if each.action == _Action.SETTLED.code]
    said = audit.fact(settled[-1], "state", str) if settled else None
    if said and said != state:
        yield f"The {which} is {state}; entry {settled[-1].seq} says {said}."
    elif story.submission.is_settled and not settled:
        yield f"The {which} is {state}; no entry says that it came to rest."
