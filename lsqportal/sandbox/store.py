"""What the account holds, and the file that keeps it.

The demo data is a function of the day it was made for, so the file keeps that day, what was posted since, and
the switches; it is there when a write is answered, and survives a kill. Everybody reads from memory.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from lsqportal.sandbox.records import Activity, ActivityType, Lead, Opportunity, User

TABLES = """
create table if not exists account (name text primary key, value text not null);
create table if not exists activities
  (position integer primary key, id text not null unique, body text not null);
"""


@dataclass(frozen=True)
class Contents:
    """A whole account: what a seed makes."""

    users: list[User]
    leads: list[Lead]
    opportunities: list[Opportunity]
    activity_types: list[ActivityType]
    activities: list[Activity]
    products: dict[str, str] = field(default_factory=dict)


class Store:
    """The account's records in memory, with every posted activity written to the file before it counts."""

    def __init__(self, path: str, seed: Callable[[date], Contents]) -> None:
        self._seed = seed
        self._lock = threading.RLock()
        self._file = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._file.execute("pragma journal_mode = wal")
        # A killed process must lose nothing; a power cut may.
        self._file.execute("pragma synchronous = normal")
        self._file.executescript(TABLES)
        self._load()

    def close(self) -> None:
        with self._lock:
            self._file.close()

    def reset(self) -> None:
        """Back to the seed: everything that was posted or changed is gone."""
        with self._lock:
            self._file.execute("delete from activities")
            self._load()

    def _load(self) -> None:
        today = datetime.now(UTC).date().isoformat()
        self._file.execute("insert or ignore into account values ('seeded_for', ?)", (today,))
        day = date.fromisoformat(self.setting("seeded_for"))
        contents = self._seed(day)
        self.users = {user.id: user for user in contents.users}
        self.leads = {lead.id: lead for lead in contents.leads}
        self.opportunities = {opportunity.id: opportunity for opportunity in contents.opportunities}
        self.activity_types = {each.code: each for each in contents.activity_types}
        self.products = contents.products
        self._activities: dict[str, Activity] = {}
        self._of_opportunity: dict[str, list[str]] = defaultdict(list)
        self._of_lead: dict[str, list[str]] = defaultdict(list)
        self._keep(contents.activities)
        stored = self._file.execute("select body from activities order by position").fetchall()
        self._keep(Activity(**json.loads(body)) for (body,) in stored)

    def _keep(self, activities: Iterable[Activity]) -> None:
        for activity in activities:
            self._activities[activity.id] = activity
            self._of_lead[activity.lead_id].append(activity.id)
            if activity.opportunity_id:
                self._of_opportunity[activity.opportunity_id].append(activity.id)

    def setting(self, name: str) -> str:
        with self._lock:
            row = self._file.execute("select value from account where name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def keep_setting(self, name: str, value: str) -> None:
        with self._lock:
            self._file.execute("insert or replace into account values (?, ?)", (name, value))

    def add(self, activities: list[Activity]) -> None:
        """Write activities, all of them or none; they are in the file when this returns."""
        with self._lock:
            rows = [(activity.id, json.dumps(activity.as_json())) for activity in activities]
            self._file.execute("begin immediate")
            try:
                self._file.executemany("insert into activities (id, body) values (?, ?)", rows)
            except BaseException:
                self._file.execute("rollback")
                raise
            self._file.execute("commit")
            self._keep(activities)

    def change(self, record: User | Lead | Opportunity | ActivityType) -> None:
        """Replace one record by its new form; add it when it is new. Not kept in the file: for tests."""
        with self._lock:
            if isinstance(record, User):
                self.users[record.id] = record
            elif isinstance(record, Lead):
                self.leads[record.id] = record
            elif isinstance(record, Opportunity):
                self.opportunities[record.id] = record
            else:
                self.activity_types[record.code] = record

    def rewrite(self, activity: Activity) -> None:
        """Replace an activity by its new form, as somebody who edits it in LeadSquared does."""
        with self._lock:
            if activity.id not in self._activities:
                raise ValueError(f"There is no activity {activity.id}.")
            self._file.execute(
                "update activities set body = ? where id = ?", (json.dumps(activity.as_json()), activity.id)
            )
            self._activities[activity.id] = activity

    def delete(self, activity_id: str) -> None:
        """Remove an activity, as somebody who deletes it in LeadSquared does."""
        with self._lock:
            gone = self._activities.pop(activity_id, None)
            if gone is None:
                raise ValueError(f"There is no activity {activity_id}.")
            self._file.execute("delete from activities where id = ?", (activity_id,))
            self._of_lead[gone.lead_id].remove(activity_id)
            if gone.opportunity_id:
                self._of_opportunity[gone.opportunity_id].remove(activity_id)

    def activity(self, activity_id: str) -> Activity | None:
        return self._activities.get(activity_id)

    def activities(self, *, opportunity_id: str | None = None, lead_id: str | None = None) -> list[Activity]:
        """Oldest first: of one opportunity, of one lead, or all."""
        with self._lock:
            if opportunity_id is not None:
                return [self._activities[each] for each in self._of_opportunity.get(opportunity_id, ())]
            if lead_id is not None:
                return [self._activities[each] for each in self._of_lead.get(lead_id, ())]
            return list(self._activities.values())

    def user_by_email(self, email: str) -> User | None:
        wanted = email.strip().lower()
        return next((user for user in list(self.users.values()) if user.email.lower() == wanted), None)
