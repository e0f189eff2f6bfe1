"""Hypothesis drives submissions through everything that can happen to them, in any order, with time as an argument.

LeadSquared is the sandbox with its faults. A worker that is suspended, or killed, is one that stops between two of
posting's own steps; it may wake up later, or never. After each step it is looked whether any promise is broken.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.conf import settings as portal
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from activities import connection, posting, proving, readback, recovery, submissions, throttle
from activities.leadsquared import LeadSquaredError, RawAnswer
from activities.models import Account, Attempt, Call, CallKind, Draft, Outcome, Role, Row, State, Submission, User
from activities.models.clock import clock
from lsqportal.sandbox import Sandbox
from tests.builders import a_draft, a_new_row, an_actor, asked_of
from tests.conftest import a_person

pytestmark = pytest.mark.django_db
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
BULK, LOOK = "Bulk/CustomActivity/Add", "GetActivitiesOfOpportunity"
MOST_SUBMISSIONS = 8
OPEN = (State.SENDING, State.UNCONFIRMED)
UNSETTLED = (State.QUEUED, *OPEN)
NOTES = ("PAN collected", "Met at the flat")
NOTED = st.lists(st.sampled_from(NOTES), min_size=1, max_size=3)
# What LeadSquared does with a bulk call; None is that all goes well.
ANSWERS: dict[str, tuple[str, dict[str, Any]] | None] = {
    "all goes well": None,
    "reset before the write": ("reset_before_write", {}),
    "reset after the write": ("reset_after_write", {}),
    "cut answer": ("cut_body", {}),
    "a gateway's page, written": ("html", {"write": True}),
    "a gateway's page, not written": ("html", {"write": False}),
    "no body, written": ("empty_body", {"write": True}),
    "503": ("status", {"status": 503}),
    "time-out envelope, written": ("error_500", {"exception_type": "MXTimeoutException", "write": True}),
    "time-out envelope, not written": ("error_500", {"exception_type": "MXTimeoutException"}),
    "refused": ("error_500", {"exception_type": "MXInvalidActivityException"}),
    "refused after some rows": ("refusal_after_partial_write", {}),
    "a row missing in the answer": ("rows_missing", {}),
    "rows that contradict each other": ("rows_doubled", {"contradict": True}),
    "rows in another order": ("rows_shuffled", {}),
    "a yes without an id": ("yes_without_id", {}),
    "a yes without an id that wrote nothing": ("yes_without_id", {"write": False}),
    "429": ("rate_429", {}),
    "rate envelope on 200": ("rate_200", {}),
    "no right to the opportunity": ("unauthorized", {}),
    "written later": ("late_write", {}),
}
PAUSES = (1, 8, 20, 65, 130, 400, 4000)


@dataclass
class Suspended:
    """A worker that stands still between two steps, and what it has in its hands."""

    worker: str
    submission: Submission
    permit: Call
    since: Any
    attempt: Attempt | None = None
    answer: tuple[RawAnswer | None, LeadSquaredError | None] | None = None


@dataclass
class World:
    """What really happened, as nobody but the test knows it."""

    # Whose call wrote an activity, and what somebody else made.
    written_for: dict[str, int] = field(default_factory=dict)
    of_others: set[str] = field(default_factory=set)
    written_later_for: int | None = None
    written_later_by: Any = None


class Life(RuleBasedStateMachine):
    sandbox: ClassVar[Sandbox]

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.sandbox.reset()
        self.now = clock() + timedelta(hours=1)
        self.world = World()
        self.suspended: list[Suspended] = []
        self.put_right: list[Draft] = []
        self.said_yes: dict[int, str] = {}
        self.calls = 0
        self.workers = 0
        self.asha: User = a_person("Asha", Role.POSTER, lsq_email="meera.iyer@sahyadrihfc.in")
        loans = [each for each in self.sandbox.opportunities if each.status == "Open"]
        self.loans = loans[:2]
        self.keep_time()
        connection.identify()

    def teardown(self) -> None:
        try:
            self.come_to_rest()
        finally:
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    # What a person does

    @initialize(first=st.lists(st.tuples(st.integers(0, 1), NOTED), min_size=2, max_size=4))
    def begin(self, first: list[tuple[int, list[str]]]) -> None:
        for loan, notes in first:
            self.submit_rows(loan, notes)

    @precondition(lambda self: Submission.objects.count() < MOST_SUBMISSIONS)
    @rule(loan=st.integers(0, 1), notes=NOTED)
    def submit(self, loan: int, notes: list[str]) -> None:
        self.submit_rows(loan, notes)

    def submit_rows(self, loan: int, notes: list[str]) -> None:
        draft = a_draft(self.asha, opportunity_id=self.loans[loan].id)
        draft.opportunity["lead_id"] = self.loans[loan].lead_id
        draft.save()
        rows = [a_new_row(note=note) for note in notes]
        submissions.submit(draft, rows, by=an_actor(self.asha), repeat_confirmed=True, now=self.now)

    @precondition(lambda self: self.queued().exists())
    @rule(which=st.integers(0, 7))
    def cancel(self, which: int) -> None:
        self.with_one(self.queued(), which, self._cancel)

    def _cancel(self, submission: Submission) -> None:
        submissions.cancel(submission, by=an_actor(self.asha), now=self.now)

    @precondition(lambda self: self.failed().exists() and Submission.objects.count() < MOST_SUBMISSIONS)
    @rule(which=st.integers(0, 7))
    def retry(self, which: int) -> None:
        self.with_one(self.failed(), which, self._retry)

    def _retry(self, submission: Submission) -> None:
        self._put_right(submission)
        self.submit_what_was_put_right(-1)

    @precondition(lambda self: self.failed().exists() and len(self.put_right) < MOST_SUBMISSIONS)
    @rule(which=st.integers(0, 7))
    def put_right_for_later(self, which: int) -> None:
        self.with_one(self.failed(), which, self._put_right)

    def _put_right(self, submission: Submission) -> None:
        draft = submissions.retry(submission, by=an_actor(self.asha), now=self.now)
        assert draft is not None
        self.put_right.append(draft)

    @precondition(lambda self: self.put_right and Submission.objects.count() < MOST_SUBMISSIONS)
    @rule(which=st.integers(0, 7))
    def submit_what_was_put_right(self, which: int) -> None:
        draft = self.put_right.pop(which % len(self.put_right))
        rows = [a_new_row(note=each["note"], follows=each["follows"]) for each in draft.content["rows"]]
        with contextlib.suppress(submissions.StandsElsewhere):
            submissions.submit(draft, rows, by=an_actor(self.asha), repeat_confirmed=True, now=self.now)

    @precondition(lambda self: self.doubtful().exists())
    @rule(which=st.integers(0, 7))
    def check_again(self, which: int) -> None:
        self.with_one(self.doubtful(), which, self._check_again)

    def _check_again(self, submission: Submission) -> None:
        submissions.look_again(submission, by=an_actor(self.asha), now=self.now)

    @precondition(lambda self: self.before_a_person().exists())
    @rule(which=st.integers(0, 7))
    def decide(self, which: int) -> None:
        self.with_one(self.before_a_person(), which, self._decide)

    def _decide(self, submission: Submission) -> None:
        """Say the truth, which a person finds out once nothing is on its way any more."""
        self.write_what_is_late()
        left = [each for each in submissions.leftovers(submission) if self._is_written_for(each["id"], submission)]
        ours = {}
        for row in submission.rows.filter(outcome=Outcome.UNCONFIRMED).order_by("number"):
            mine = next((each for each in left if each["note"] == row.note), None)
            ours[row.number] = mine["id"] if mine else ""
            left = [each for each in left if each is not mine]
        unseen = self._unseen(submission)
        if not unseen:
            submissions.decide(submission, asked=asked_of(submission), ours=ours, by=an_actor(self.asha), now=self.now)

    def _is_written_for(self, activity_id: str, submission: Submission) -> bool:
        return self.world.written_for.get(activity_id) == submission.pk

    def _unseen(self, submission: Submission) -> set[str]:
        """What was written for a submission and is neither claimed nor shown to the person: she looks again first."""
        mine = {each for each, pk in self.world.written_for.items() if pk == submission.pk}
        claimed = set(Row.objects.filter(activity_id__in=mine).values_list("activity_id", flat=True))
        return mine - claimed - {each["id"] for each in submissions.leftovers(submission)}

    @precondition(lambda self: Submission.objects.filter(state__in=OPEN).exists())
    @rule(which=st.integers(0, 7), note=st.sampled_from(NOTES))
    def a_colleague_notes_the_same(self, which: int, note: str) -> None:
        self.with_one(Submission.objects.filter(state__in=OPEN), which, lambda each: self._note_the_same(each, note))

    def _note_the_same(self, submission: Submission, note: str) -> None:
        owner = "kabir.shah@sahyadrihfc.in"
        made = self.sandbox.add_activity(submission.opportunity_id, code=208, note=note, owner_email=owner)
        self.world.of_others.add(made.id)

    # What a worker does

    @precondition(lambda self: self.due().exists())
    @rule(answer=st.sampled_from(sorted(ANSWERS)))
    def post(self, answer: str) -> None:
        submission = self.due()[0]
        if not self.arm(answer, submission):
            return
        with contextlib.suppress(throttle.NoPermit):
            posting.post_next(worker=self.a_worker(), now=self.now)
        self.notice_what_was_written(submission.pk)

    @precondition(lambda self: self.due().exists())
    @rule(steps=st.sampled_from(["claim", "attempt", "answer", "stored"]), answer=st.sampled_from(sorted(ANSWERS)))
    def post_and_stop(self, steps: str, answer: str) -> None:
        try:
            permit = throttle.take(CallKind.BULK, now=self.now)
        except throttle.NoPermit:
            return
        worker = self.a_worker()
        submission = posting._claim(connection.account(), worker=worker, now=self.now)
        assert submission is not None
        stands = Suspended(worker, submission, permit, self.now)
        self.suspended.append(stands)
        if steps == "claim" or not posting._leave_out_what_exists(submission, worker=worker, now=self.now):
            return
        stands.attempt = posting._write_attempt(submission, worker=worker, now=self.now)
        assert stands.attempt is not None
        if steps == "attempt" or not self.arm(answer, submission):
            return
        stands.answer = self.call(stands)
        self.notice_what_was_written(submission.pk)
        if steps == "stored":
            posting._store_answer(stands.attempt, *stands.answer, now=self.now)

    @precondition(lambda self: self.suspended)
    @rule(which=st.integers(0, 7), answer=st.sampled_from(sorted(ANSWERS)))
    def wake(self, which: int, answer: str) -> None:
        worker = self.suspended.pop(which % len(self.suspended))
        if not self.arm(answer, worker.submission):
            return
        if worker.answer is not None and worker.attempt is not None:
            raw, error = worker.answer
            # Whoever was stopped after the answer was stored goes on from there; nobody can store it twice.
            if not Attempt.objects.filter(pk=worker.attempt.pk, answered_at__isnull=False).exists():
                posting._store_answer(worker.attempt, raw, error, now=self.now)
            posting.settle(worker.submission, worker.attempt, error, now=self.now)
        elif worker.attempt is not None:
            not_after = self.not_after(worker)
            posting._send(worker.submission, worker.attempt, worker.permit, not_after=not_after, now=self.now)
        else:
            not_after = self.not_after(worker)
            posting._carry(worker.submission, worker.permit, worker=worker.worker, not_after=not_after, now=self.now)
        self.notice_what_was_written(worker.submission.pk)

    @precondition(lambda self: self.has_house_to_keep())
    @rule()
    def keep_house(self) -> None:
        connection.lift_hold_if_accepted(now=self.now)
        recovery.take_over_expired(now=self.now)
        recovery.give_up_looking(now=self.now)
        recovery.read_back_doubted(now=self.now)
        recovery.give_up_old(now=self.now)

    @precondition(lambda self: Submission.objects.filter(look_at__lte=self.now).exists())
    @rule(fails=st.sampled_from([False, False, False, True]))
    def look(self, fails: bool) -> None:
        if fails:
            self.sandbox.fault("status", status=503, path_contains=LOOK)
        readback.look_next(now=self.now)
        self.sandbox._controls.faults.clear()

    # What LeadSquared and time do

    @precondition(lambda self: not connection.account().hold_since and self.queued().exists())
    @rule()
    def hold(self) -> None:
        connection.hold("LeadSquared does not accept the keys.", now=self.now)

    @precondition(lambda self: self.world.written_later_for is not None)
    @rule()
    def write_what_is_late(self) -> None:
        self.sandbox.release()
        if self.world.written_later_for is not None:
            self.notice_what_was_written(self.world.written_later_for)
            self.world.written_later_for = None

    @rule(seconds=st.sampled_from(PAUSES), works=st.booleans())
    def time_passes(self, seconds: int, works: bool) -> None:
        self.wait(seconds)
        if works:
            self.keep_house()
            readback.look_next(now=self.now)

    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        if self.world.written_later_for is not None and self.now >= self.world.written_later_by:
            # Later than that no client can know; README says so.
            self.now -= timedelta(seconds=seconds)
            self.write_what_is_late()
            self.now += timedelta(seconds=seconds)
        self.keep_time()
        # Reads ask the real clock, for which the pause would never end.
        Account.objects.filter(paused_until__lte=self.now).update(paused_until=None)

    # Helpers

    def queued(self) -> QuerySet[Submission]:
        return Submission.objects.filter(state=State.QUEUED)

    def failed(self) -> QuerySet[Submission]:
        outcomes = [Outcome.NOT_CREATED, Outcome.REJECTED]
        found = Submission.objects.filter(rows__outcome__in=outcomes).distinct()
        return found.filter(pk__in=[each.pk for each in found if submissions.retriable(each.rows.all())])

    def doubtful(self) -> QuerySet[Submission]:
        outcomes = [Outcome.NOT_CREATED, Outcome.UNCONFIRMED]
        return Submission.objects.filter(rows__outcome__in=outcomes, look_at=None).distinct()

    def before_a_person(self) -> QuerySet[Submission]:
        return Submission.objects.filter(needs_person_since__isnull=False)

    def due(self) -> QuerySet[Submission]:
        account = connection.account()
        return Submission.objects.none() if account.hold_since else posting.due(account, now=self.now)

    def has_house_to_keep(self) -> bool:
        expired = Submission.objects.filter(state=State.SENDING, lease_until__lt=self.now)
        checked = self.now - connection.HOLD_CHECK_EVERY
        return expired.exists() or Account.objects.filter(hold_checked_at__lte=checked).exists()

    def keep_time(self) -> None:
        self.sandbox.switch(clock_offset_seconds=(self.now - clock()).total_seconds())

    def a_worker(self) -> str:
        self.workers += 1
        return f"host:{self.workers}:1"

    def not_after(self, worker: Suspended) -> float:
        client = connection.client(CallKind.BACKGROUND)
        return client.now() + portal.LSQ_CALL_DEADLINE - (self.now - worker.since).total_seconds()

    def with_one(self, found: QuerySet[Submission], which: int, act: Callable[[Submission], None]) -> None:
        submissions_ = list(found.order_by("id"))
        if submissions_:
            act(submissions_[which % len(submissions_)])

    def arm(self, answer: str, submission: Submission) -> bool:
        """Have the next bulk call answered like this; False when one write is late already."""
        self.sandbox._controls.faults.clear()
        if answer == "written later" and self.world.written_later_for is not None:
            return False
        if (fault := ANSWERS[answer]) is not None:
            self.sandbox.fault(fault[0], **fault[1])
        self.calls = self.bulk_calls(answered=False)
        self.armed_late = answer == "written later"
        return True

    def call(self, worker: Suspended) -> tuple[RawAnswer | None, LeadSquaredError | None]:
        assert worker.attempt is not None
        try:
            not_after = self.not_after(worker)
            args = (worker.submission, worker.attempt, worker.permit)
            return posting._post(*args, not_after=not_after, now=self.now), None
        except LeadSquaredError as error:
            return getattr(error, "raw", None), error

    def notice_what_was_written(self, pk: int) -> None:
        self.sandbox._controls.faults.clear()
        if self.armed_late and self.bulk_calls(answered=False) > self.calls:
            self.world.written_later_for = pk
            lease = Attempt.objects.filter(submission=pk).order_by("-number")[0].lease_until
            self.world.written_later_by = lease + timedelta(seconds=portal.LSQ_LATE_WRITE_SECONDS)
        self.armed_late = False
        for activity in self.sandbox.posted():
            if activity.id not in self.world.of_others:
                self.world.written_for.setdefault(activity.id, pk)

    armed_late = False

    def bulk_calls(self, *, answered: bool, opportunity_id: str = "") -> int:
        """How many bulk calls arrived; with `answered`, without those that were turned away at the door."""
        return sum(
            BULK in each.path
            and (not opportunity_id or each.query["opportunityId"] == opportunity_id)
            and not (answered and each.status in {429, 401})
            and not (answered and each.fault == "rate_200")
            for each in self.sandbox.requests
        )

    def come_to_rest(self) -> None:
        restless = Submission.objects.filter(Q(look_at__isnull=False) | Q(state__in=UNSETTLED, needs_person_since=None))
        for _ in range(60):
            self.wait(65)
            self.work()
            if not restless.exists():
                break
        assert not list(restless)
        self.write_what_is_late()
        self.no_row_is_denied()
        for submission in self.before_a_person():
            self._decide(submission)
        self.no_row_is_denied()
        self.nothing_is_sent_twice()
        assert proving.verify().problems == ()

    def work(self) -> None:
        self.keep_house()
        # A stored answer of a dead worker may say only now that everybody has to wait.
        with contextlib.suppress(throttle.NoPermit):
            while posting.post_next(worker=self.a_worker(), now=self.now):
                newest = Attempt.objects.order_by("-started_at", "-pk")[0]
                self.notice_what_was_written(newest.submission_id)
        while readback.look_next(now=self.now):
            pass

    def no_row_is_denied(self) -> None:
        claimed = set(Row.objects.exclude(activity_id="").values_list("activity_id", flat=True))
        open_ones = set(self.before_a_person().values_list("pk", flat=True))
        denied = {
            each: pk for each, pk in self.world.written_for.items() if each not in claimed and pk not in open_ones
        }
        assert not denied

    # The promises

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        roots = Row.objects.filter(follows=None)
        asked = Counter(roots.values_list("submission__opportunity_id", "note"))
        ours = [each for each in self.sandbox.posted() if each.id not in self.world.of_others]
        there = Counter((str(each.opportunity_id), each.note) for each in ours)
        assert not there - asked
        for loan in self.loans:
            begun = Submission.objects.filter(opportunity_id=loan.id, attempts__isnull=False).distinct().count()
            assert self.bulk_calls(answered=True, opportunity_id=loan.id) <= begun

    @invariant()
    def one_submission_works_on_an_opportunity(self) -> None:
        at_work = Submission.objects.filter(state__in=OPEN, needs_person_since=None)
        crowded = at_work.values("opportunity_id").annotate(count=Count("pk")).filter(count__gt=1)
        assert not crowded.exists()

    @invariant()
    def a_yes_is_never_taken_back(self) -> None:
        created = dict(Row.objects.filter(outcome=Outcome.CREATED).values_list("pk", "activity_id"))
        assert self.said_yes.items() <= created.items()
        self.said_yes = created

    @invariant()
    def what_is_created_is_there_once_and_was_written_for_its_row(self) -> None:
        created = list(Row.objects.filter(outcome=Outcome.CREATED).select_related("submission"))
        held = {each.id: each for each in self.sandbox.posted()}
        assert len({row.activity_id for row in created}) == len(created)
        for row in created:
            assert held[row.activity_id].note == row.note
            assert held[row.activity_id].opportunity_id == row.submission.opportunity_id
            assert self.world.written_for[row.activity_id] == row.submission_id


@pytest.fixture
def life(sandbox, settings) -> type[Life]:
    settings.LSQ_RATE_LIMIT = "1000/1s"
    settings.LSQ_REFERENCE_FIELD = ""
    Life.sandbox = sandbox
    return Life


def test_whatever_happens_in_any_order_every_promise_holds(life):
    how = settings(
        max_examples=200 if LONG else 30,
        stateful_step_count=50 if LONG else 30,
        deadline=None,
        derandomize=not LONG,  # the same lives on every `make test`; new ones are lived in `make crash`
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    run_state_machine_as_test(life, settings=how)
