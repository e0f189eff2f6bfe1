"""PERSON: compares the created rows of a submission with what LeadSquared holds of them now; changes neither.

Whoever may read a submission may check it: nothing is posted. What was held is kept beside an audit entry, so that
a later change in LeadSquared can be told from what was sent, and from what stood there when somebody last looked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from activities import audit, catalog, connection, contents, expecting, matching, permissions, submissions, throttle
from activities.leadsquared import NotSent, RateLimited, Unauthorized
from activities.leadsquared.records import Activities
from activities.models import CallKind, Outcome, Recheck, Row, Submission, User
from activities.models.clock import clock


class OtherAccount(NotSent):
    """The keys belong to another account than the one that has these activities."""

    advice = "The portal’s keys belong to another LeadSquared account now, which does not have these activities."


class NothingToCompare(Exception):
    """No row of it is known to be in LeadSquared, or its contents were removed."""

    for_user = "Nothing was compared: the contents were removed under the retention policy."


@dataclass(frozen=True)
class Offer:
    """What checking again can do for somebody: compare created rows, have LeadSquared asked about the others."""

    compares: bool
    looks: bool

    def __bool__(self) -> bool:
        return self.compares or self.looks


@dataclass(frozen=True)
class Line:
    """One thing that a row sent, beside what LeadSquared held of it; `is_same` is None where it did not say."""

    label: str
    name: str
    sent: str
    sent_as: str
    now: str
    is_same: bool | None

    @property
    def is_respelled(self) -> bool:
        """Whether the same is written in another way there."""
        return bool(self.is_same) and self.now not in {self.sent, self.sent_as}

    @property
    def differs(self) -> bool:
        """Whether it is not what was sent."""
        return self.is_same is False

    @property
    def is_custom(self) -> bool:
        """Whether its name in LeadSquared says more than its label."""
        return self.name not in {matching.NOTE, matching.OWNER, self.label}


@dataclass(frozen=True)
class Checked:
    """A row as it was checked: its lines, none when LeadSquared’s list did not have it."""

    number: int
    is_listed: bool
    lines: tuple[Line, ...] = ()

    @property
    def is_alike(self) -> bool:
        """Whether all of it is known to be what was sent."""
        return self.is_listed and all(line.is_same for line in self.lines)


@dataclass(frozen=True)
class Newest:
    """The newest check of a submission, for its page."""

    at: datetime
    by: str
    summary: str
    whole: bool
    rows: tuple[Checked, ...] = field(default_factory=tuple)

    @property
    def unlike(self) -> list[Checked]:
        """The rows that are not as they were sent, or not known to be."""
        return [row for row in self.rows if not row.is_alike]

    @property
    def alike(self) -> list[Checked]:
        """The rows that are as they were sent."""
        return [row for row in self.rows if row.is_alike]


def comparable(rows: Iterable[Row]) -> list[Row]:
    """Return the rows that LeadSquared can be asked about: created ones whose contents are there."""
    return [row for row in rows if row.outcome == Outcome.CREATED and row.purged_by_seq is None]


def offered(submission: Submission, rows: Sequence[Row], *, to: User) -> Offer:
    """Return what checking again can do: whoever may read may compare, a look is for who may also cancel."""
    looks = permissions.can_cancel(to, submission) and submissions.can_look_again(rows)
    return Offer(compares=bool(comparable(rows)), looks=looks)


def recheck(submission: Submission, *, by: audit.Actor, now: datetime | None = None) -> str:
    """Ask LeadSquared for the created rows of a submission, keep what it holds, and return in words how they compare.

    One call for up to a few hundred activities of the opportunity; the caller has asked whether this person may read.

    Raises:
        NothingToCompare: there is no created row, or a purge was faster.
        LeadSquaredError: LeadSquared gave no good answer, or the keys belong to another account by now.
    """
    rows = comparable(submission.rows.order_by("number"))
    if not rows:
        raise NothingToCompare
    there = _ask(submission, rows)
    users = catalog.users().records
    by_id = {activity.id: activity for activity in there.found}
    held = [_held(row, by_id.get(row.activity_id), users) for row in rows]
    with transaction.atomic():
        current = Submission.objects.select_for_update().get(pk=submission.pk)
        if current.purged_by_seq is not None:
            raise NothingToCompare
        newest = current.rechecks.aggregate(newest=Max("number"))["newest"] or 0
        this = Recheck.objects.create(
            submission=current, number=newest + 1, at=now or clock(), whole=there.whole, held=held
        )
        summary = _summary(this)
        audit.record(
            audit.Action.RECHECKED,
            current,
            by=by,
            contents={f"recheck {this.number}": contents.of_recheck(this)},
            now=this.at,
            check=this.number,
            summary=summary,
            evidence=list(_evidence(this)),
        )
    return summary


def newest(submission: Submission, rows: Sequence[Row], entries: Iterable[Any]) -> Newest | None:
    """Return the newest check for the page, from its audit entries; None when nobody checked, or it was purged."""
    recorded = [entry for entry in entries if entry.action == audit.Action.RECHECKED.code]
    if not recorded:
        return None
    entry = recorded[-1]
    # Somebody with all rights to the database may have removed what the entry vouches for: proving.py says so.
    this = submission.rechecks.filter(number=audit.fact(entry, "check", int) or 0, purged_by_seq=None).first()
    if this is None:
        return None
    by_number = {row.number: row for row in rows}
    checked = tuple(_checked(each, by_number[each["row"]]) for each in this.held if each["row"] in by_number)
    summary = audit.fact(entry, "summary", str) or audit.UNREADABLE
    return Newest(at=this.at, by=entry.actor, summary=summary, whole=this.whole, rows=checked)


def _ask(submission: Submission, rows: Sequence[Row]) -> Activities:
    account = connection.known_account()
    # Another account's list would be empty, and look as if everything were gone.
    if (submission.organisation, submission.host) != (account.organisation, account.host):
        raise OtherAccount
    client = connection.client(CallKind.READ)
    try:
        return client.activities_of_opportunity(submission.opportunity_id, columns=expecting.columns(rows))
    except RateLimited:
        throttle.slow_down()
        raise
    except Unauthorized as error:
        if connection.keys_are_refused():
            connection.hold(error.for_user)
        raise


def _held(row: Row, activity: Any, users: Sequence[Any]) -> dict[str, Any]:
    sides = matching.sides(expecting.row_as_sent(row, users), activity) if activity else []
    names = {user.id: user.name for user in users}
    return {
        "row": row.number,
        "activity_id": row.activity_id,
        "is_listed": activity is not None,
        "fields": [
            {"name": each.name, "now": names.get(each.now, each.now), "is_same": each.is_same} for each in sides
        ],
    }


def _summary(this: Recheck) -> str:
    sides = [field["is_same"] for row in this.held for field in row["fields"]]
    said, untold = [each for each in sides if each is not None], sides.count(None)
    unlisted = [str(row["row"]) for row in this.held if not row["is_listed"]]
    parts = []
    if said:
        differing = said.count(False)
        values = "1 value" if len(said) == 1 else f"{len(said)} values"
        parts.append(
            f"{differing} of {values} {'differs' if differing == 1 else 'differ'}"
            if differing
            else f"{'it is' if len(said) == 1 else f'all {values} are'} as sent"
        )
    if untold:
        parts.append(f"of {untold} LeadSquared said nothing that can be compared")
    if unlisted:
        parts.append(f"LeadSquared’s list does not have row{'' if len(unlisted) == 1 else 's'} {', '.join(unlisted)}")
    if not this.whole:
        parts.append("the list was not whole")
    return "; ".join(parts)


def _evidence(this: Recheck) -> Iterator[str]:
    for row in this.held:
        if not row["is_listed"]:
            yield f"row {row['row']}: not listed"
        names = [field["name"] for field in row["fields"] if field["is_same"] is False]
        if names:
            yield f"row {row['row']}: {', '.join(names)}"


def _checked(held: Mapping[str, Any], row: Row) -> Checked:
    sent = dict(_sent(row))
    lines = []
    for each in held["fields"]:
        label, shown, sent_as = sent.get(each["name"], (each["name"], "", ""))
        lines.append(Line(label, each["name"], shown, sent_as, each["now"], each["is_same"]))
    return Checked(row.number, held["is_listed"], tuple(lines))


def _sent(row: Row) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """Return for each thing that a row sent its label, its text on the page and its text over the wire."""
    yield matching.NOTE, ("Note", row.note, row.note)
    yield matching.OWNER, ("Owner", row.owner_name or row.owner_email, row.owner_email)
    for each in row.fields:
        for inner in each.get("fields") or ():
            name = f"{each['schema_name']}~{inner['schema_name']}"
            yield name, (inner["label"], inner["shown"], inner["value"])
        if not each.get("fields"):
            yield each["schema_name"], (each["label"], each["shown"], each["value"])
