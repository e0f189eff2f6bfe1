"""WORKER: asks LeadSquared what it really wrote, and settles rows from what it holds.

One presence settles a row as created. Absence counts only when the list was whole, the write can no longer arrive,
and nothing of the row's type is left unexplained; whatever else remains goes to a person, with both sides.
A look that fails counts for nothing and is repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from activities import audit, catalog, connection, contents, expecting, matching, settling, throttle
from activities.leadsquared import LeadSquaredError, RateLimited, Unauthorized, in_words, raw_words
from activities.leadsquared.records import Activities, Activity
from activities.matching import Comparison, Person
from activities.models import Account, Attempt, CallKind, Look, Outcome, Row, State, Submission, Verdict
from activities.models.clock import clock
from activities.settling import RowVerdict

# How far before the attempt an activity may be dated: LeadSquared's times have whole seconds, and several clocks.
WINDOW_MARGIN: Final = timedelta(seconds=30)
NOT_ASKED: Final = (
    "LeadSquared could not be asked for too long what became of these rows. Look there, then decide here."
)
NOT_SURE: Final = (
    "LeadSquared was asked, and did not answer in time so that it is certain what became of these rows. Look there, "
    "then decide here."
)
# What one look may still find. A row that is not created may arrive late, whatever the others of its call wait for.
OPEN_OUTCOMES: Final = {
    State.UNCONFIRMED: (Outcome.UNCONFIRMED, Outcome.NOT_CREATED),
    State.PARTLY_POSTED: (Outcome.NOT_CREATED,),
    State.NOT_POSTED: (Outcome.NOT_CREATED,),
}


@dataclass(frozen=True)
class Seen:
    """What one good look brought: the activities of the window that no row claims, and the comparison with the rows."""

    whole: bool
    unclaimed: tuple[Activity, ...]
    comparison: Comparison

    @property
    def is_conclusive(self) -> bool:
        """Whether it says of every row what it can: the list was whole, and the lead's trail knows nothing fresher."""
        return self.whole and not self.comparison.postponed_rows


def look_next(*, now: datetime | None = None) -> bool:
    """Look for the submission that has waited longest; return whether one was due."""
    moment = now or clock()
    account = connection.account()
    due = Submission.objects.filter(within_reach(account), look_at__lte=moment).order_by("look_at", "id")
    for submission in due[:10]:
        taken = Submission.objects.filter(pk=submission.pk, look_at=submission.look_at)
        if taken.update(look_at=moment + _look_lease()):
            submission.refresh_from_db()
            try:
                look(submission, now=now)
            except Exception:
                settling.count_failure(submission, now=moment)
                raise
            return True
    return False


def within_reach(account: Account) -> Q:
    """Return the condition under which a submission can be looked for now with this account's keys."""
    if account.hold_since or not account.organisation:
        return Q(pk__in=[])
    # Another account's list would be empty, and look like an absence.
    return Q(organisation=account.organisation, host=account.host)


def _look_lease() -> timedelta:
    """How long a look is its worker's; then another may do it, which does no harm if the first still looks."""
    return timedelta(seconds=max(10.0, 2 * settings.LSQ_CALL_DEADLINE))


def look(submission: Submission, *, kind: CallKind = CallKind.BACKGROUND, now: datetime | None = None) -> bool:
    """Ask LeadSquared once for the open rows of a submission and draw what follows; return whether it answered."""
    return look_once(submission, kind=kind, now=now) is not None


def look_once(submission: Submission, *, kind: CallKind, now: datetime | None = None) -> Seen | None:
    """The same; return what was seen, None when LeadSquared did not answer."""
    rows = _open_rows(submission)
    attempt = submission.attempts.order_by("-number").first()
    if not rows or attempt is None:
        Submission.objects.filter(pk=submission.pk).update(look_at=None)
        return Seen(whole=True, unclaimed=(), comparison=matching.compare([], [], us=Person()))
    # Before anything is asked: what is written while LeadSquared answers is not in its list.
    asked_at = now or clock()
    try:
        seen = _ask(submission, attempt, rows, kind=kind, now=now)
    except LeadSquaredError as error:
        if isinstance(error, RateLimited):
            throttle.slow_down(now=now)
        elif isinstance(error, Unauthorized) and connection.keys_are_refused(now=now):
            connection.hold(error.for_user, now=now)
        _failed(submission, error, now=now or clock())
        return None
    moment = now or clock()
    with transaction.atomic():
        taken = Submission.objects.select_for_update().get(pk=submission.pk)
        # Who is being read back has the opportunity to itself; whoever is past that left it to others.
        is_past = taken.is_settled or taken.needs_person_since is not None
        in_doubt = _others_in_doubt(taken) if is_past else Submission.objects.none()
        if in_doubt.exists():
            # What is found may just as well have been written for them; a reference says whose it is.
            marked = {row.number for row in rows if row.reference}
            seen = replace(seen, comparison=seen.comparison.claiming_only(marked, seen.unclaimed))
        this = _write_look(taken, seen, rows, asked_at=asked_at, now=moment)
        _conclude(taken, attempt, seen, this, now=moment)
        if in_doubt.filter(needs_person_since=None).exists() and _open_rows(taken):
            Submission.objects.filter(pk=taken.pk).update(look_at=settling.first_look_at(moment))
    submission.refresh_from_db()
    return seen


def _others_in_doubt(submission: Submission) -> QuerySet[Submission]:
    """Return the other submissions to this opportunity whose calls may have written what no row claims yet."""
    begun = Attempt.objects.filter(submission=OuterRef("pk"), number=OuterRef("attempt_count"))
    return Submission.objects.filter(
        Q(state=State.UNCONFIRMED) | Q(Exists(begun), state=State.SENDING),
        organisation=submission.organisation,
        opportunity_id=submission.opportunity_id,
    ).exclude(pk=submission.pk)


def _open_rows(submission: Submission) -> list[Row]:
    outcomes = OPEN_OUTCOMES.get(State(submission.state), ())
    # What was purged cannot be compared with anything any more.
    return list(submission.rows.filter(outcome__in=outcomes, purged_by_seq=None).order_by("number"))


def _ask(
    submission: Submission, attempt: Attempt, rows: Sequence[Row], *, kind: CallKind, now: datetime | None
) -> Seen:
    client = connection.client(kind)
    held = client.activities_of_opportunity(submission.opportunity_id, columns=expecting.columns(rows))
    unclaimed = _unclaimed(held, attempt, now=now or clock())
    users = catalog.users().records
    us, expected = expecting.ourselves(users), [expecting.row_as_sent(row, users) for row in rows]
    comparison = matching.compare(expected, unclaimed, us=us)
    if comparison.absent and held.whole and submission.lead_id:
        # The trail is fresher than the list but does not name the opportunity: it can postpone an absence only.
        trail = _unclaimed(client.activities_of_lead(submission.lead_id), attempt, now=now or clock())
        known = {activity.id for activity in unclaimed}
        fresh = [activity for activity in trail if activity.id not in known]
        on_trail = matching.compare([each for each in expected if each.number in comparison.absent], fresh, us=us)
        if on_trail.found:
            comparison = comparison.postponed()
    return Seen(held.whole, tuple(unclaimed), comparison)


def _unclaimed(held: Activities, attempt: Attempt, *, now: datetime) -> list[Activity]:
    """Keep what was written since the attempt began, by LeadSquared's clock, and belongs to no row."""
    if held.server_time is None:
        raise LookUnusable(said="LeadSquared’s answer does not say when it was given.")
    # Never later than by our own clock: one answer with a wrong date must not hide what was written.
    begin = attempt.started_at + min(held.server_time - now, timedelta()) - WINDOW_MARGIN
    fresh = [each for each in held.found if each.created_at is None or each.created_at >= begin]
    ids = [each.id for each in fresh]
    claimed = set(Row.objects.filter(activity_id__in=ids).values_list("activity_id", flat=True))
    return [each for each in fresh if each.id not in claimed]


class LookUnusable(LeadSquaredError):
    """An answer came, but nothing can be concluded from it."""

    advice = "LeadSquared’s answer could not be used. The portal looks again by itself."


def _write_look(submission: Submission, seen: Seen, rows: Sequence[Row], *, asked_at: datetime, now: datetime) -> Look:
    comparison = seen.comparison
    parts = [f"{len(comparison.found)} of {len(rows)} found"]
    if comparison.leftovers:
        parts.append(f"{len(comparison.leftovers)} unexplained")
    if not seen.whole:
        parts.append("the list was not whole")
    # A purge may have been faster than LeadSquared's answer, and none comes a second time for what is kept now.
    kept = _as_json if submission.purged_by_seq is None else _without_contents
    this = Look.objects.create(
        submission=submission,
        number=submission.look_count + 1,
        at=asked_at,
        succeeded=True,
        whole=seen.whole,
        seen=sorted(activity.id for activity in seen.unclaimed),
        leftovers=[kept(activity) for activity in comparison.leftovers],
        summary=", ".join(parts),
    )
    Submission.objects.filter(pk=submission.pk).update(look_count=this.number)
    submission.look_count = this.number
    evidence = [f"row {number}: {activity_id}" for number, activity_id in sorted(comparison.found.items())]
    _record_look(submission, this, summary=this.summary, evidence=evidence, now=now)
    return this


def _record_look(
    submission: Submission, this: Look, *, summary: str, now: datetime, evidence: Sequence[str] = ()
) -> None:
    audit.record(
        audit.Action.LOOKED,
        submission,
        by=audit.PORTAL,
        contents={"seen": contents.of_look(this)},
        now=now,
        look=this.number,
        summary=summary,
        evidence=list(evidence),
    )


def _without_contents(activity: Activity) -> dict[str, Any]:
    return {"id": activity.id, "code": activity.code}


def _as_json(activity: Activity) -> dict[str, Any]:
    return {
        "id": activity.id,
        "code": activity.code,
        "note": activity.note,
        "owner": activity.owner,
        "created_by": activity.created_by,
        "created_at": activity.created_at.isoformat() if activity.created_at else "",
        "values": dict(activity.values),
    }


def _conclude(submission: Submission, attempt: Attempt, seen: Seen, this: Look, *, now: datetime) -> None:
    comparison = seen.comparison
    verdicts = {
        number: RowVerdict(Outcome.CREATED, activity_id=activity_id) for number, activity_id in comparison.found.items()
    }
    doubtful: set[int] = set()
    if submission.state == State.UNCONFIRMED and _absence_counts(submission, attempt):
        # Of a row that is not created there is nothing left to ask: it can only be found.
        unconfirmed = submission.rows.filter(outcome=Outcome.UNCONFIRMED)
        asked = set(unconfirmed.values_list("number", flat=True))
        doubtful |= comparison.doubtful & asked
        for number in comparison.absent & asked:
            if comparison.leftovers_of(number):
                doubtful.add(number)
            else:
                verdicts[number] = _not_created(submission, attempt, number)
    if verdicts:
        settling.apply(submission, verdicts, now=now)
        submission.refresh_from_db()
    if submission.state != State.UNCONFIRMED:
        Submission.objects.filter(pk=submission.pk).update(look_at=None)
    elif doubtful:
        settling.ask_person(submission, reason=_why_a_person(doubtful), now=now)
    else:
        _schedule(submission, attempt, now=now)


def _why_a_person(doubtful: set[int]) -> str:
    *others, last = [str(number) for number in sorted(doubtful)]
    rows = f"rows {', '.join(others)} and {last}" if others else f"row {last}"
    return (
        f"LeadSquared holds activities that may be {rows}, but differ from what was sent or are more than were "
        "sent. Somebody who knows has to say which are ours."
    )


def _absence_counts(submission: Submission, attempt: Attempt) -> bool:
    """Two whole looks after nothing new can arrive: the clock starts again when a look finds anything new."""
    since = attempt.lease_until
    looks = list(submission.looks.filter(succeeded=True, at__gte=attempt.started_at).order_by("number"))
    known: set[str] = set()
    for each in looks:
        if set(each.seen) - known:
            since = max(since, each.at)
        known |= set(each.seen)
    safe_at = since + timedelta(seconds=settings.LSQ_LATE_WRITE_SECONDS)
    whole = [each for each in looks if each.whole]
    return len(whole) >= 2 and whole[-1] == looks[-1] and whole[-1].at >= safe_at


def _not_created(submission: Submission, attempt: Attempt, number: int) -> RowVerdict:
    row = submission.rows.get(number=number)
    if attempt.verdict != Verdict.REFUSED:
        return RowVerdict(
            Outcome.NOT_CREATED,
            reason="LeadSquared does not have it: several looks, the last after it could still arrive, found nothing.",
            said=row.said,
        )
    words = in_words(row.exception_type, row.said) or raw_words(row.said)
    if _is_named(submission, row):
        return RowVerdict(Outcome.REJECTED, reason=words, said=row.said, exception_type=row.exception_type)
    reason = f"LeadSquared refused the whole call, and wrote none of it that is this row. {words}"
    return RowVerdict(Outcome.NOT_CREATED, reason=reason, said=row.said, exception_type=row.exception_type)


def _is_named(submission: Submission, row: Row) -> bool:
    """Whether the refusal names a field that only this row sends."""
    if not row.problem_field:
        return False
    senders = [
        each.number
        for each in submission.rows.all()
        if any(field["schema_name"] == row.problem_field.partition("~")[0] for field in each.fields)
    ]
    return senders == [row.number]


def _schedule(submission: Submission, attempt: Attempt, *, now: datetime) -> None:
    """Look again after the next interval, and right when an absence would begin to count; give up after a day.

    A day in which nobody looked, or LeadSquared did not answer, says nothing: only who has looked after it, for as long
    as a write may be late, gives up.
    """
    if submission.needs_person_since is not None:
        Submission.objects.filter(pk=submission.pk).update(look_at=None)
        return
    late_write = timedelta(seconds=settings.LSQ_LATE_WRITE_SECONDS)
    began = submission.unconfirmed_at or attempt.started_at
    due_at = began + timedelta(seconds=settings.LSQ_GIVE_UP_AFTER)
    looks = submission.looks.filter(at__gte=max(began, due_at - late_write)).order_by("number")
    first, newest = looks.filter(succeeded=True).first() or looks.first(), looks.last()
    if now > due_at and first and newest and newest.at >= first.at + late_write:
        was_answered = submission.looks.filter(succeeded=True).exists()
        settling.ask_person(submission, reason=NOT_SURE if was_answered else NOT_ASKED, now=now)
        return
    intervals = settings.LSQ_LOOK_SCHEDULE
    look_at = now + timedelta(seconds=intervals[min(submission.look_count, len(intervals) - 1)])
    counts_at = attempt.lease_until + late_write
    if now < counts_at < look_at:
        look_at = counts_at
    Submission.objects.filter(pk=submission.pk).update(look_at=look_at)


def _failed(submission: Submission, error: LeadSquaredError, *, now: datetime) -> None:
    with transaction.atomic():
        taken = Submission.objects.select_for_update().get(pk=submission.pk)
        taken.look_count += 1
        # What LeadSquared said may repeat a content; a purge that was faster does not come a second time.
        said = error.for_user[:500] if taken.purged_by_seq is None else ""
        this = Look.objects.create(submission=taken, number=taken.look_count, at=now, summary=said)
        taken.save(update_fields=["look_count"])
        # LeadSquared's own words are not for the chain: they could not be purged.
        status = f" ({error.status})" if error.status else ""
        _record_look(taken, this, summary=f"LeadSquared could not be asked{status}", now=now)
        attempt = taken.attempts.order_by("-number").first()
        if taken.state == State.UNCONFIRMED and attempt is not None:
            _schedule(taken, attempt, now=now)
        else:
            Submission.objects.filter(pk=taken.pk).update(look_at=None)
