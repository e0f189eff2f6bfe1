"""Runs ONE case of the fault matrix: rows, what goes wrong and where, how LeadSquared behaves; returns a record.

Nothing sleeps for the look schedule: the time is an argument of the product, and the sandbox's clock follows it. What
is true is what the sandbox holds in the end, never what the portal believes.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.test import override_settings

from activities import connection, posting, readback, recovery, submissions, throttle
from activities.leadsquared import LeadSquaredError, records
from activities.models import (
    SETTLED,
    Account,
    Attempt,
    CatalogEntry,
    CatalogKind,
    Outcome,
    Row,
    State,
    Submission,
    User,
    Verdict,
)
from activities.models.clock import clock
from lsqportal.sandbox import Sandbox
from lsqportal.sandbox.records import Activity
from tests.builders import a_draft, a_field, a_new_row, an_actor

Option = str | int | float | bool | None
Pairs = tuple[tuple[str, Any], ...]

PATHS: Final = {
    "bulk call": None,
    "key check": "UserByAccessKey",
    "look": "GetActivitiesOfOpportunity",
    "trail": "ProspectActivity.svc/Retrieve",
    "pre-look": "GetActivitiesOfOpportunity",
}
# What is no fault of the sandbox's registry, but a state of the account that a call meets.
STAGED: Final = ("none", "rate_limit_reached", "day_quota_reached", "opportunity_unknown", "opportunity_closed")
# These strike whatever is called next, so that they are armed only right before it.
EVERYWHERE: Final = ("refuse", "rate_limit_reached", "day_quota_reached")
LATE_WRITE_SECONDS: Final = 120
MOST_STEPS: Final = 60
NOWHERE: Final = "99999999-0000-4000-8000-000000000000"
DENIED: Final = (Outcome.REJECTED, Outcome.NOT_CREATED)
OPEN: Final = (Outcome.PENDING, Outcome.UNCONFIRMED)


@dataclass(frozen=True)
class Case:
    """What goes wrong, where, with which rows, in which account. `before` is what the bulk call met beforehand."""

    fault: str
    point: str = "bulk call"
    rows: str = "one"
    options: Pairs = ()
    before: str = ""
    times: int = 1
    switches: Pairs = ()
    is_late: bool = False

    def __str__(self) -> str:
        said = [self.fault, *(f"{name}={value}" for name, value in self.options)]
        said += [f"at {self.point}"] if self.point != "bulk call" else []
        said += [f"after {self.before}"] if self.before else []
        said += [f"{self.times} times"] if self.times > 1 else []
        said += ["late"] if self.is_late else []
        return " ".join([*said, self.rows, *(f"{name}={value}" for name, value in self.switches)])


@dataclass(frozen=True)
class Result:
    """How one case ended; `problems` says each duplicate, loss, wrong claim and guess in words."""

    case: Case
    outcomes: str
    state: str
    looks: int
    duplicates: int = 0
    losses: int = 0
    wrong_claims: int = 0
    guesses: int = 0
    problems: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, doubled, wrongly claimed or guessed."""
        return not (self.duplicates or self.losses or self.wrong_claims or self.guesses)


def a_sandbox() -> Sandbox:
    """Return a sandbox for many cases: enter it."""
    return Sandbox()


@contextlib.contextmanager
def a_world(person: User, sandbox: Sandbox) -> Iterator[World]:
    """Point the portal at this sandbox, with small time-outs, for as long as the block lasts."""
    with (
        override_settings(
            LSQ_API_URL=sandbox.url,
            LSQ_ACCESS_KEY=sandbox.access_key,
            LSQ_SECRET_KEY=sandbox.secret_key,
            LSQ_RATE_LIMIT="100000/5s",
            LSQ_BULK_RATE_LIMIT="",
            LSQ_CONNECT_TIMEOUT=1.0,
            LSQ_READ_TIMEOUT=0.3,
            LSQ_CALL_DEADLINE=0.5,
            LSQ_LATE_WRITE_SECONDS=LATE_WRITE_SECONDS,
            LSQ_LOOK_SCHEDULE=[5, 15, 45, 120, 300],
            LSQ_GIVE_UP_AFTER=3600,
            LSQ_REFERENCE_FIELD="",
        ),
    ):
        yield World(sandbox, person)


class World:
    """The portal's worker and a person, the sandbox, and the time that they share."""

    def __init__(self, sandbox: Sandbox, person: User) -> None:
        self.sandbox = sandbox
        self.by = an_actor(person)
        self.now = clock()
        self.case = Case("none")
        self.raised: list[str] = []
        self._first_seen: dict[str, datetime] = {}
        self._waits_for_look = False

    def begin(self, case: Case) -> None:
        """Make a new account that behaves as the case says."""
        self.sandbox.reset()
        self._know_whose_keys()
        self.case, self.raised, self._first_seen = case, [], {}
        self._waits_for_look = False
        self.now = clock()
        switches = dict(case.switches)
        self._clock_offset = float(switches.pop("clock_offset_seconds", 0))
        self._lag = float(switches.pop("index_lag_seconds", 0))
        # What the list shows is decided by `_index`, whose time is the case's; an hour of ours would be real.
        self.sandbox.switch(**switches, index_lag_seconds=10**7 if self._lag else 0)
        self.go_to(self.now)

    def _know_whose_keys(self) -> None:
        """Know the account and its users, as a portal does that has run for a minute."""
        users = [
            records.User(each.id, each.name, each.email, each.role, each.active).as_json()
            for each in self.sandbox.users
        ]
        CatalogEntry.objects.update_or_create(
            kind=CatalogKind.USERS, key="", defaults={"records": users, "fetched_at": clock()}
        )
        for _ in range(10):  # on a busy machine even this may take longer than the small time-outs
            with contextlib.suppress(LeadSquaredError):
                connection.known_account()
                return

    def go_to(self, moment: datetime) -> None:
        """Let the time go on, here and at LeadSquared; not before everybody may call again."""
        paused = Account.objects.get(pk=1).paused_until
        self.now = max(self.now, moment, paused or moment)
        Account.objects.filter(pk=1).update(paused_until=None)
        ahead = self.now.timestamp() - time.time()
        self.sandbox.switch(clock_offset_seconds=f"{self._clock_offset + ahead:.3f}")
        self._index()

    def _index(self) -> None:
        """Show in the opportunity's list what was written long enough ago."""
        for each in self.sandbox.posted():
            since = self._first_seen.setdefault(each.id, self.now)
            if self._lag and each.written_at and since + timedelta(seconds=self._lag) <= self.now:
                self.sandbox._account.store._activities[each.id] = replace(each, written_at=0.0)

    def arm(self, fault: str, *, point: str, options: Pairs = (), times: int = 1) -> None:
        """Make something go wrong at the next call of this kind."""
        if fault in EVERYWHERE and point == "look" and self.sandbox.requests == []:
            self._waits_for_look = True
        elif fault == "rate_limit_reached":
            self.sandbox.switch(rate="1/1000s")
        elif fault == "day_quota_reached":
            self.sandbox.switch(day_quota=1)
        elif fault not in STAGED:
            self.sandbox.fault(fault, path_contains=PATHS[point], times=times, **dict(options))
        if fault in {"rate_limit_reached", "day_quota_reached"} and not self._waits_for_look:
            self.sandbox._account.limits.turned_away("/v2/other", time.monotonic())  # the one call that is left

    def disarm(self) -> None:
        """End what lasts: a closed port opens, a limit has room again."""
        self.sandbox.switch(rate="off", day_quota="off")
        self.sandbox._controls.gate.open()

    def submit(self, rows: list[submissions.NewRow], follows: Submission | None = None) -> Submission:
        """Press Post; with `follows`, on the draft of a retry."""
        open_one = next(each for each in self.sandbox.opportunities if each.status == "Open")
        if self.case.fault == "opportunity_closed":
            open_one = next(each for each in self.sandbox.opportunities if each.status != "Open")
        if follows is None:
            target = NOWHERE if self.case.fault == "opportunity_unknown" else open_one.id
            draft = a_draft(self.by.user, opportunity_id=target, created_at=self.now, updated_at=self.now)
            draft.opportunity["lead_id"] = open_one.lead_id
            draft.save()
        else:
            retried = submissions.retry(follows, by=self.by, now=self.now)
            assert retried is not None
            draft = retried
            again = {row.pk: row.number for row in follows.rows.all()}
            follow = [each["follows"] for each in draft.content["rows"]]
            rows = [replace(rows[again[pk] - 1], follows=pk) for pk in follow]
        return submissions.submit(draft, rows, by=self.by, repeat_confirmed=True, now=self.now)

    def carry(self, submission: Submission) -> None:
        """Do what the workers do until the submission is at rest or before a person."""
        for _ in range(MOST_STEPS):
            submission.refresh_from_db()
            if submission.is_settled or submission.needs_person_since:
                return
            try:
                self._step(submission)
            except throttle.NoPermit as full:
                self.go_to(self.now + timedelta(seconds=full.seconds))
            except Exception as surprise:  # noqa: BLE001 it is a finding; the other cases go on
                self.raised.append(f"{type(surprise).__name__}: {surprise}"[:200])
            self._index()
            self.disarm()

    def _step(self, submission: Submission) -> None:
        held = Account.objects.get(pk=1)
        if held.hold_since and held.hold_checked_at:
            self.go_to(held.hold_checked_at + connection.HOLD_CHECK_EVERY)
            connection.lift_hold_if_accepted(now=self.now)
            recovery.give_up_old(now=self.now)
        elif submission.state == State.SENDING:
            self.go_to((submission.lease_until or self.now) + timedelta(seconds=1))
            recovery.take_over_expired(now=self.now)
        elif submission.state == State.UNCONFIRMED:
            self.go_to(submission.look_at or self.now + timedelta(hours=2))
            if self._waits_for_look:
                self._waits_for_look = False
                self.arm(self.case.fault, point="pre-look")
            readback.look_next(now=self.now)
            if not self.case.is_late:
                self.sandbox.release()
        else:
            self.go_to(submission.not_before)
            if not posting.post_next(worker="matrix:1:1", now=self.now):
                self.go_to(self.now + timedelta(seconds=60))
                recovery.give_up_old(now=self.now)


def run(world: World, case: Case) -> Result:
    """Run one case from Submit to the end of its retry; whatever it stored is gone afterwards."""
    with transaction.atomic():
        try:
            return _run(world, case)
        finally:
            world.sandbox.clear()
            transaction.set_rollback(True)


def _run(world: World, case: Case) -> Result:
    world.begin(case)
    typed = rows_of(case.rows)
    submission = world.submit(typed)
    if case.before:
        world.arm(case.before, point="bulk call", options=_waiting(case.before))
    if case.point != "pre-look":
        world.arm(case.fault, point=case.point, options=case.options, times=case.times)
    world.carry(submission)
    first = _judge(world, case, [submission], typed)
    if case.is_late:
        world.go_to(world.now + timedelta(minutes=1))
        world.sandbox.release()
        world.go_to(world.now + timedelta(minutes=1))
        if case.point != "pre-look":
            submissions.look_again(submission, by=world.by, now=world.now)
            readback.look_next(now=world.now)
            submission.refresh_from_db()
    chain = _retried(world, case, submission, typed)
    last = _judge(world, case, chain, typed)
    return replace(
        last,
        losses=max(0 if case.is_late else first.losses, last.losses),
        wrong_claims=max(first.wrong_claims, last.wrong_claims),
        guesses=max(first.guesses, last.guesses),
        problems=tuple(dict.fromkeys((*(() if case.is_late else first.problems), *last.problems))),
        outcomes=first.outcomes if len(chain) == 1 else f"{first.outcomes} → {last.outcomes}",
    )


def _retried(world: World, case: Case, submission: Submission, typed: list[submissions.NewRow]) -> list[Submission]:
    """Retry what is known not to exist, as a person would: with the bad values put right."""
    if not submission.is_settled or not submissions.retriable(submission.rows.all()):
        return [submission]
    right = [replace(each, owner_email="kabir.shah@sahyadrihfc.in", note=each.note[:40]) for each in typed]
    again = world.submit(right, follows=submission)
    if case.point == "pre-look":
        world.arm(case.fault, point=case.point, options=case.options, times=case.times)
    world.carry(again)
    return [submission, again]


def _waiting(fault: str) -> Pairs:
    """A fault that hangs does so until it is let go."""
    return (("seconds", None),) if fault in {"late_write", "hang_then_write", "hang_then_not_write"} else ()


def rows_of(kind: str) -> list[submissions.NewRow]:
    """Return the rows of a case; those with the same note are the same row, typed more than once."""
    if kind == "one":
        return [_kyc("row 1")]
    if kind == "twins":
        return [_kyc("the same"), _kyc("the same"), _kyc("row 3")]
    if kind == "many":
        return [_kyc(f"row {number:02}") for number in range(1, 26)]
    if kind == "bad":
        return [replace(_kyc("row 1"), owner_email="no.one@sahyadrihfc.in")]
    if kind == "mixed":
        unknown = replace(_kyc("row 2"), owner_email="no.one@sahyadrihfc.in")
        long = replace(_e_mail("row 4"), note="row 4 " + "very long " * 450)
        return [_kyc("row 1"), unknown, _e_mail("row 3"), long, _kyc("row 5")]
    return [_kyc("row 1"), _e_mail("row 2"), _valuation("row 3")]


def _kyc(mark: str) -> submissions.NewRow:
    fields = (
        a_field("mx_Custom_2", " AAAAA1111A "),
        a_field("mx_Custom_3", "2026-11-20 05:50:00"),
        a_field("mx_Custom_6", "12"),
        a_field("mx_Custom_7", ""),
        a_field("mx_Custom_8", "1"),
    )
    return a_new_row(note=f"  {mark} met at home\n", fields=fields)


def _e_mail(mark: str) -> submissions.NewRow:
    fields = (a_field("mx_Custom_1", "Priya.Rao@Example.org"), a_field("mx_Custom_2", "Asked for the papers"))
    return a_new_row(code=211, note=f"{mark} written", fields=fields, owner_email="Kabir.Shah@sahyadrihfc.in")


def _valuation(mark: str) -> submissions.NewRow:
    inner = [a_field("mx_CustomObject_1", "S. Kale"), a_field("mx_CustomObject_4", "2026-01-31")]
    fields = (a_field("mx_Custom_1", "", fields=inner), a_field("mx_Custom_2", "4500000.50"))
    return a_new_row(code=222, note=f"{mark} valued", fields=fields)


def _mark(note: str) -> str:
    """What is left of a note, whatever LeadSquared made of it."""
    return note.strip()[:8]


# --- the truth ---


def _judge(world: World, case: Case, chain: list[Submission], typed: list[submissions.NewRow]) -> Result:
    """Compare what the portal says of the rows with what the sandbox holds."""
    for each in chain:
        each.refresh_from_db()
    problems: Counter[str] = Counter()
    said: list[str] = []
    held = world.sandbox.activities()
    ours = [each for each in world.sandbox.posted(chain[0].opportunity_id) if _is_ours(world, each)]
    rows = [row for each in chain for row in each.rows.order_by("number")]
    for mark, wanted in Counter(_mark(each.note) for each in typed).items():
        exist = {each.id for each in ours if _mark(each.note) == mark}
        _count(mark, wanted, exist, {each.id for each in held}, rows, problems, said)
    for submission in chain:
        _check_evidence(submission, problems, said)
    for surprise in world.raised:
        problems["guesses"] += 1
        said.append(f"The portal raised {surprise}")
    last = chain[-1]
    return Result(
        case,
        _summary([row.outcome for row in last.rows.all()]),
        "before a person" if last.needs_person_since else str(last.get_state_display()).lower(),
        sum(each.looks.count() for each in chain),
        problems["duplicates"],
        problems["losses"],
        problems["wrong_claims"],
        problems["guesses"],
        tuple(said),
    )


def _is_ours(world: World, activity: Activity) -> bool:
    return activity.created_by_email == world.sandbox.key_user.email and activity.code < 3000


def _count(
    mark: str,
    wanted: int,
    exist: set[str],
    held: set[str],
    rows: list[Row],
    problems: Counter[str],
    said: list[str],
) -> None:
    """Count what is wrong with the rows of one mark."""
    mine = [row for row in rows if _mark(row.note) == mark]
    claimed = {row.activity_id for row in mine if row.outcome == Outcome.CREATED}
    followed = {row.follows_id for row in rows}
    open_count = sum(row.outcome in OPEN or _is_asked(row) for row in mine if row.pk not in followed)
    doubled = max(0, len(exist) - wanted)
    # What exists, is no row's, and could not be an open row's either, was denied.
    denied = max(0, len(exist - claimed) - open_count - doubled)
    missing = sorted(claimed - exist)
    wrong = sum(each in held for each in missing)
    for name, count in (
        ("duplicates", doubled),
        ("losses", denied + len(missing) - wrong),
        ("wrong_claims", wrong),
    ):
        problems[name] += count
        if count:
            outcomes = ", ".join(f"{row.number} {row.outcome}" for row in mine)
            said.append(f"{count} {name} of “{mark}”: {len(exist)} of {wanted} exist; the rows say {outcomes}")


def _is_asked(row: Row) -> bool:
    """Whether a row that was not sent again says itself that something new may be it, and asks the person to look."""
    return row.follows is not None and "may be this row" in row.reason


def _check_evidence(submission: Submission, problems: Counter[str], said: list[str]) -> None:
    """Count rows that were settled without evidence, and submissions that never come to rest."""
    if submission.state not in SETTLED and not submission.needs_person_since:
        problems["guesses"] += 1
        said.append(f"It never came to rest: {submission.state}")
    attempt = submission.attempts.order_by("-number").first()
    for row in submission.rows.all():
        known = True
        if row.outcome == Outcome.CREATED:
            known = _says(attempt, row) == row.activity_id or any(row.activity_id in each for each in _seen(submission))
        elif row.outcome in DENIED and not _was_left_out(row) and not _is_asked(row):
            known = _says(attempt, row) is False or _is_proved_absent(submission, attempt)
        if not known:
            problems["guesses"] += 1
            said.append(f"Row {row.number} is {row.outcome} without evidence: {row.reason}")


def _seen(submission: Submission) -> list[list[str]]:
    return [each.seen for each in submission.looks.filter(succeeded=True)]


def _was_left_out(row: Row) -> bool:
    """Whether a retry did not send it since the earlier row exists after all."""
    return row.follows is not None and row.follows.outcome == Outcome.CREATED


def _says(attempt: Attempt | None, row: Row) -> str | bool | None:
    """What the stored answer says of a row: an id, False for a clear no, None for nothing."""
    if attempt is None or row.number not in attempt.row_numbers:
        return None
    if len(attempt.row_numbers) == 1 and attempt.verdict == Verdict.REFUSED:
        return False
    try:
        answered = json.loads(bytes(attempt.answer or b"").decode("utf-8-sig"))["Response"]
        place = attempt.row_numbers.index(row.number) + 1
        named = [each for each in answered if str(each.get("RowNumber")) == str(place)]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    if len(named) != 1:
        return None
    if named[0].get("ActivityCreated") is True:
        return str(named[0].get("ProspectActivityId")).lower()
    return False if named[0].get("ActivityCreated") is False else None


def _is_proved_absent(submission: Submission, attempt: Attempt | None) -> bool:
    """Whether two whole looks, the later one late enough, did not show it; or nothing was ever sent."""
    if attempt is None or attempt.verdict in {Verdict.NOT_SENT, Verdict.RATE_LIMITED, Verdict.UNAUTHORIZED}:
        return True
    whole = list(submission.looks.filter(succeeded=True, whole=True, at__gte=attempt.started_at).order_by("number"))
    late_enough = attempt.lease_until + timedelta(seconds=LATE_WRITE_SECONDS)
    return len(whole) >= 2 and whole[-1].at >= late_enough


def _summary(outcomes: list[str]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(Counter(outcomes).items()))
