"""PERSON: a submission's whole story, entry by entry, each call's bytes with the entry that vouches for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from activities import audit
from activities.models import Attempt, Outcome, State, Verdict

_Action: Final = audit.Action
_SHAPES: Final = {
    _Action.SENT.code: "waiting",
    _Action.REQUEUED.code: "waiting",
    _Action.NEEDS_PERSON.code: "warning",
    _Action.DOUBTED.code: "warning",
    _Action.CANCELLED.code: State.NOT_POSTED,
}
_STATES: Final = {state.label.lower(): state for state in State}
_CALLS: Final = {_Action.ANSWERED.code, _Action.NOT_ANSWERED.code}
_NOTHING_WRITTEN: Final = {Verdict.NOT_SENT, Verdict.RATE_LIMITED, Verdict.UNAUTHORIZED}


@dataclass
class Event:
    """One audit entry of the story, and what to show with it.

    `shape` is a glyph, or the state or outcome that it stands for; `request` and `answer` are attempts whose bytes
    belong here, `said` is why there was no answer; `outcomes` are those of the rows as the entry has them; `evidence`
    are its lines, as recorded.
    """

    entry: Any
    shape: str = "person"
    request: Attempt | None = None
    answer: Attempt | None = None
    said: str = ""
    outcomes: Sequence[str] = ()
    evidence: Sequence[str] = ()


def events(entries: Iterable[Any], attempts: Sequence[Attempt]) -> list[Event]:
    """Return the story, oldest first; an answer that nobody has judged yet stands with its request."""
    told = [Event(entry, _shape(entry), evidence=_evidence(entry)) for entry in entries]
    calls = {each.number: each for each in attempts}
    sent: dict[int, Event] = {}
    for event in told:
        attempt = calls.get(audit.fact(event.entry, "attempt", int) or 0)
        if rows := audit.rows_in(event.entry):
            event.outcomes = [outcome for _, (outcome, _) in sorted(rows.items())]
        if attempt and event.entry.action == _Action.SENT.code:
            event.request = attempt
            event.answer, event.said = (None, attempt.said) if attempt.answer is None else (attempt, "")
            sent[attempt.number] = event
        elif attempt and event.entry.action in _CALLS:
            event.shape = _shape_of_answer(event.entry, attempt)
            # An answer that came too late stands with the entry that vouches for it, not with the first verdict.
            if "answer" in event.entry.contents:
                event.answer = attempt
            elif attempt.answer is None:
                event.said = attempt.said
            if attempt.number in sent:
                sent[attempt.number].answer, sent[attempt.number].said = None, ""
    return told


def untold(events: Iterable[Event], attempts: Iterable[Attempt]) -> list[Attempt]:
    """Return the attempts that no entry is about, so that nothing is hidden where the record has a gap.

    What stands for attempts before a restore is none: nothing was sent with it.
    """
    told = {event.request.pk for event in events if event.request}
    return [attempt for attempt in attempts if attempt.pk not in told and not attempt.is_stand_in]


def _evidence(entry: Any) -> Sequence[str]:
    return audit.fact(entry, "evidence", list) or ()


def _shape(entry: Any) -> str:
    if entry.action == _Action.SETTLED.code:
        return _STATES.get(audit.fact(entry, "state", str) or "", "warning")
    if entry.action == _Action.NOTED.code:
        outcomes = {outcome for outcome, _ in (audit.rows_in(entry) or {}).values()}
        return Outcome.UNCONFIRMED if Outcome.UNCONFIRMED in outcomes else "ready"
    if entry.action == _Action.LOOKED.code:
        return Outcome.CREATED if _evidence(entry) else Outcome.UNCONFIRMED
    if entry.action == _Action.RECHECKED.code:
        return "warning" if _evidence(entry) else "ready"
    return _SHAPES.get(entry.action, "person" if entry.actor_id else "ready")


def _shape_of_answer(entry: Any, attempt: Attempt) -> str:
    if entry.action == _Action.ANSWERED.code:
        return "ready"
    return "warning" if attempt.verdict in _NOTHING_WRITTEN else Outcome.UNCONFIRMED
