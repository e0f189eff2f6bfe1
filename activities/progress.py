"""PERSON: where a submission stands, in one sentence for each state, and the steps that led there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection as database
from django.db.models import Count, Exists, Subquery
from django.db.models.functions import Now
from django.utils.timezone import localtime

from activities import connection, settling, throttle, walks
from activities.models import Account, Attempt, CallKind, Row, State, Submission, Verdict, Worker
from activities.models.clock import clock

# A worker that has not been seen for this long is taken for dead.
SILENT_AFTER = timedelta(seconds=60)
A_FEW = 10  # seconds; nobody counts fewer than these
_LEAVE = "You can leave this page. It settles by itself, and your history keeps it."
_UNKNOWN_KEYS = "LeadSquared has not said yet which account the portal’s keys belong to. The portal asks every minute."
_SILENT = "no worker has been seen for a minute. Tell an administrator."


@dataclass(frozen=True)
class Step:
    """One step of a submission's way: its glyph, its words, and whether it is where the submission stands."""

    glyph: str
    text: str
    is_current: bool = False


@dataclass(frozen=True)
class Progress:
    """What the result page says above the rows."""

    headline: str
    sentence: str
    steps: tuple[Step, ...]
    goes_on: bool


def of(
    submission: Submission,
    rows: Sequence[Row],
    attempts: Sequence[Attempt],
    *,
    retriable: Sequence[int],
    now: datetime | None = None,
) -> Progress:
    """Say where this submission stands, given its rows and attempts by number.

    `retriable` are the numbers of the rows that can be put right.
    """
    moment = now or clock()
    summary = settling.summary([row.outcome for row in rows])
    if submission.state == State.SENDING:
        headline, sentence = _words_of_sending(submission, attempts)
    elif submission.is_settled:
        headline, sentence = summary, _what_came_of_it(submission, retriable)
    else:
        headline, sentence = _words(submission, summary, moment)
    return Progress(
        headline=headline,
        sentence=sentence,
        steps=tuple(_steps(submission, attempts)),
        goes_on=submission.look_at is not None or (not submission.is_settled and submission.needs_person_since is None),
    )


def is_stuck() -> bool:
    """Whether submissions wait and nobody posts them; one query, as every page asks it."""
    return bool(walks.lines(*_what_is_stuck(database.vendor)))


@cache
def _what_is_stuck(vendor: str) -> tuple[str, Sequence[Any]]:
    """Return the question as SQL, put into words once: on a short list that took longer than its answer."""
    seen = Worker.objects.filter(seen_at__gt=Now() - SILENT_AFTER)
    waiting = Submission.objects.filter(~Exists(seen), state=State.QUEUED).order_by().values("pk")[:1]
    sql, values = waiting.query.sql_with_params()
    return sql, values


def _words(submission: Submission, summary: str, now: datetime) -> tuple[str, str]:
    if submission.state == State.UNCONFIRMED:
        return summary, _how_it_is_found_out(submission, now)
    return f"{_activities(submission)} queued", f"{_why_it_waits(submission, now)} {_LEAVE}"


def _words_of_sending(submission: Submission, attempts: Sequence[Attempt]) -> tuple[str, str]:
    attempt = next((each for each in attempts if each.number == submission.attempt_count), None)
    sentence = "LeadSquared has the call and has not answered yet."
    if attempt is None:
        sentence = "A worker has it. If it was tried before, the worker looks first whether LeadSquared has it already."
    elif attempt.answered_at is not None:
        sentence = "LeadSquared has answered, and the answer is being read."
    return f"Sending {_activities(submission)}", f"{sentence} {_LEAVE}"


def _activities(submission: Submission) -> str:
    return "1 activity" if submission.row_count == 1 else f"{submission.row_count} activities"


def _what_came_of_it(submission: Submission, retriable: Sequence[int]) -> str:
    if submission.state == State.POSTED:
        which = "it" if submission.row_count == 1 else "all of them"
        return f"LeadSquared created {which}; the ids stand beside the rows."
    created = "" if submission.state == State.PARTLY_POSTED else "LeadSquared created nothing for this submission. "
    if submission.purged_by_seq is not None:
        return f"{created}Why rows were not created was removed under the retention rule."
    if retriable:
        return f"{created}What was not created has its reason below, and can be put right and posted by itself."
    return f"{created}What was not created stands with another submission, named below: do not post it again from here."


def _how_it_is_found_out(submission: Submission, now: datetime) -> str:
    unknown = "Unconfirmed rows may or may not exist in LeadSquared, and are never sent again until that is known."
    if submission.needs_person_since is not None:
        return f"{unknown} {submission.explanation}"
    if submission.look_at is None:
        return unknown
    account = connection.account()
    if account.hold_since:
        return f"{unknown} The portal does not ask there at the moment. {account.hold_reason} It goes on after that."
    if not account.organisation:
        return f"{unknown} {_UNKNOWN_KEYS}"
    if not Worker.objects.filter(seen_at__gt=now - SILENT_AFTER).exists():
        return f"{unknown} Nobody is looking at the moment: {_SILENT}"
    if submission.is_for_another(account):
        return (
            f"{unknown} They were sent to {submission.host}, and the portal has keys for another LeadSquared account "
            "or address now, so it cannot look there. If that lasts, you are asked."
        )
    looks = f"{submission.look_count} look{'' if submission.look_count == 1 else 's'} so far"
    done = f"{looks}, the next" if submission.look_count else "The portal looks there"
    return f"{unknown} {done} {_next_look(submission, now)}. You can leave this page; it settles by itself."


def _next_look(submission: Submission, now: datetime) -> str:
    """A look that is further away than any is planned is going on: its worker has taken it until then."""
    seconds = (submission.look_at - now).total_seconds() if submission.look_at else 0.0
    intervals = settings.LSQ_LOOK_SCHEDULE
    longest = intervals[min(submission.look_count, len(intervals) - 1)]
    return _in_about(seconds if seconds <= longest else 0)


def _why_it_waits(submission: Submission, now: datetime) -> str:
    queue = _queue(submission, now)
    if queue.is_in_doubt:
        return (
            "The database was restored from a backup, and this may have been posted since the backup was made. The "
            "portal looks for it in LeadSquared first; until then it can neither be sent nor cancelled."
        )
    account = connection.account()
    if account.hold_since:
        return f"The portal does not send at the moment. {account.hold_reason} It goes on by itself after that."
    if queue.is_silent:
        return f"Nobody is posting at the moment: {_SILENT}"
    if keys := _why_keys_will_not_do(submission, account):
        return keys
    if queue.is_blocked:
        return "An earlier submission to this opportunity is not settled yet; this one follows it."
    seconds = (submission.not_before - now).total_seconds()
    if submission.attempt_count and seconds > 0:
        return f"{submission.explanation} The next try is {_in_about(seconds)}."
    if account.paused_until and account.paused_until > now:
        return f"LeadSquared asked for a pause. It goes on {_in_about((account.paused_until - now).total_seconds())}."
    return _place_and_time(queue.before_count, now)


def _why_keys_will_not_do(submission: Submission, account: Account) -> str:
    if not account.organisation:
        return _UNKNOWN_KEYS
    if submission.is_for_another(account):
        return "It was submitted for another LeadSquared account than the one the portal has keys for now."
    return ""


def _place_and_time(before_count: int, now: datetime) -> str:
    place = "It is next."
    if before_count:
        place = f"{before_count} {'submission is' if before_count == 1 else 'submissions are'} before it."
    wait = throttle.foresee(CallKind.BULK, before_count + 1, now=now)
    if wait < 1:
        return place
    return f"LeadSquared’s limit of calls is used up for now. {place} Its turn is {_in_about(wait)}."


def _in_about(seconds: float) -> str:
    if seconds < A_FEW:
        return "in a few seconds"
    if seconds < 100:
        return f"in about {seconds:.0f} seconds"
    return f"in about {seconds / 60:.0f} minutes" if seconds < 6000 else f"in about {seconds / 3600:.0f} hours"


@dataclass(frozen=True)
class _Queue:
    """What stands around a queued submission."""

    is_silent: bool
    is_blocked: bool
    is_in_doubt: bool
    before_count: int


def _queue(submission: Submission, now: datetime) -> _Queue:
    """Look around once: whether a worker was seen, the opportunity is taken, a restore left doubt; who comes before."""
    of_account = Submission.objects.filter(organisation=submission.organisation)
    in_flight = of_account.filter(
        opportunity_id=submission.opportunity_id,
        state__in=[State.SENDING, State.UNCONFIRMED],
        needs_person_since=None,
    )
    before = of_account.filter(state=State.QUEUED, id__lt=submission.pk).values("state").annotate(count=Count("pk"))
    seen = Worker.objects.filter(seen_at__gt=now - SILENT_AFTER)
    found = Submission.objects.filter(pk=submission.pk).values_list(
        ~Exists(seen), Exists(in_flight), settling.in_doubt(), Subquery(before.values("count"))
    )
    is_silent, is_blocked, is_in_doubt, before_count = found.get()
    return _Queue(is_silent=is_silent, is_blocked=is_blocked, is_in_doubt=is_in_doubt, before_count=before_count or 0)


def _steps(submission: Submission, attempts: Sequence[Attempt]) -> Iterator[Step]:
    yield Step("created", f"Saved {_clock_time(submission.submitted_at)}")
    for attempt in attempts:
        yield from _attempt_steps(attempt, is_open=submission.state == State.SENDING)
    if submission.state == State.SENDING and all(each.number != submission.attempt_count for each in attempts):
        yield Step("waiting", "Being prepared", is_current=True)
    if submission.state == State.QUEUED:
        yield Step("waiting", "Queued", is_current=True)
    if submission.state == State.UNCONFIRMED:
        words = "Needs a person" if submission.needs_person_since else "Reading back"
        yield Step("unconfirmed", words, is_current=True)
    elif submission.settled_at:
        yield Step("created", f"Settled {_clock_time(submission.settled_at)}")
    else:
        yield Step("waiting", "Settled")


def _attempt_steps(attempt: Attempt, *, is_open: bool) -> Iterator[Step]:
    if attempt.is_stand_in:
        yield Step("unconfirmed", f"Restored from a backup {_clock_time(attempt.lease_until)}")
        return
    if attempt.verdict == Verdict.NOT_SENT:
        yield Step("rejected", f"Could not be sent {_clock_time(attempt.started_at)}")
        return
    yield Step("created", f"Sent {_clock_time(attempt.started_at)}")
    if is_open and attempt.verdict == Verdict.OPEN and attempt.answered_at is None:
        yield Step("waiting", "Waiting for the answer", is_current=True)
    elif attempt.status is None:
        yield Step("unconfirmed", "No answer")
    else:
        yield Step("created", f"Answered {attempt.status} after {attempt.seconds or 0:.1f} s")


def _clock_time(moment: datetime) -> str:
    return localtime(moment).strftime("%H:%M:%S")
