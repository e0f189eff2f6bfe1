"""Compares our rows with the sandbox's activities one by one. Runs in a process of the installation."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Key = tuple[str, int, str]


@dataclass
class Balance:
    """What was asked for, what came of it, and where the two differ: each list must be empty."""

    submissions: int = 0
    rows: int = 0
    activities: int = 0
    states: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    before_a_person: int = 0
    read_back: int = 0
    attempts: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrongly_claimed: list[str] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)
    record: list[str] = field(default_factory=list)

    @property
    def is_even(self) -> bool:
        """Whether nothing is lost, doubled, wrongly claimed or denied, and the record holds."""
        return not (self.lost or self.doubled or self.wrongly_claimed or self.denied or self.record)

    def report(self) -> Iterable[str]:
        """Say it in lines."""
        yield f"submissions      {self.submissions}, {self.rows} rows, {self.attempts} bulk calls begun"
        yield f"settled          {_counted(self.states)}; before a person: {self.before_a_person}"
        yield f"rows             {_counted(self.outcomes)}; read back: {self.read_back} submissions"
        yield f"in LeadSquared   {self.activities} activities"
        yield (
            f"lost {len(self.lost)}, doubled {len(self.doubled)}, wrongly claimed {len(self.wrongly_claimed)}, "
            f"called not created although there {len(self.denied)}, problems of the record {len(self.record)}"
        )
        for name in ("lost", "doubled", "wrongly_claimed", "denied", "record"):
            yield from (f"  {name}: {each}" for each in getattr(self, name)[:10])


def compare(held: Iterable[Mapping[str, Any]], *, pressed: Collection[Any]) -> Balance:
    """Compare everything in our database with what LeadSquared holds; `pressed` are the ids of what was submitted."""
    from activities import proving
    from activities.models import Attempt, Outcome, Row, Submission

    posted = {each["id"]: each for each in held}
    ours = list(Row.objects.select_related("submission").order_by("id"))
    submissions = list(Submission.objects.all())
    balance = Balance(
        submissions=len(submissions),
        rows=len(ours),
        activities=len(posted),
        states=Counter(each.state for each in submissions),
        outcomes=Counter(each.outcome for each in ours),
        before_a_person=sum(each.needs_person_since is not None for each in submissions),
        read_back=sum(each.look_count > 0 for each in submissions),
        attempts=Attempt.objects.count(),
        record=[str(problem) for problem in proving.verify().problems],
    )
    stored = {each.public_id for each in submissions}
    balance.lost += [f"{each} was pressed and is no submission" for each in pressed if each not in stored]
    rows_of: defaultdict[Key, list[Row]] = defaultdict(list)
    for row in ours:
        rows_of[(row.submission.opportunity_id, row.code, row.note)].append(row)
        if row.outcome != Outcome.CREATED:
            continue
        if row.activity_id not in posted:
            balance.lost.append(f"{row} is called created, and LeadSquared has no {row.activity_id}")
        elif _key(posted[row.activity_id]) != _key_of(row):
            balance.wrongly_claimed.append(f"{row} claims {posted[row.activity_id]}")
    there: defaultdict[Key, list[str]] = defaultdict(list)
    for activity in posted.values():
        there[_key(activity)].append(activity["id"])
    for key, ids in there.items():
        asked = rows_of.get(key, [])
        if len(ids) > len(asked):
            balance.doubled.append(f"{key}: {len(asked)} rows, {len(ids)} activities")
        claimed = {row.activity_id for row in asked}
        is_open = any(row.outcome in {Outcome.PENDING, Outcome.UNCONFIRMED} for row in asked)
        balance.denied += [f"{key}: {each} is nobody's" for each in ids if each not in claimed and not is_open]
    return balance


def _key(activity: Mapping[str, Any]) -> Key:
    return (activity["opportunity_id"], activity["code"], activity["note"])


def _key_of(row: Any) -> Key:
    return (row.submission.opportunity_id, row.code, row.note)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common())
