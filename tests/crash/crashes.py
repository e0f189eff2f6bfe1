"""Kills and stops the portal's processes while people submit: `python -m tests.crash.crashes`, or `make crash`.

kill -9 of workers, web server and sandbox at random moments, and workers that are suspended past their lease, right
between claim and send where they can be caught there. At rest our rows are compared with the sandbox's activities.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import secrets
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.crash.compare import Balance, compare
from tests.crash.installation import Host, Site, fresh_database, join
from tests.crash.people import PASSWORD, Browser, GaveUp, typed_rows

WORKERS: Final = ("worker-1", "worker-2", "worker-3")
RATE: Final = "100/5s"
# Everything that waits, small: a lease then ends after a few seconds, and a look counts soon after it.
ENVIRONMENT: Final = {
    "LSQ_CALL_DEADLINE": "2",
    "LSQ_CONNECT_TIMEOUT": "1",
    "LSQ_READ_TIMEOUT": "1.5",
    "LSQ_LATE_WRITE_SECONDS": "3",
    "LSQ_LOOK_SCHEDULE": "1,2,3,5",
}
REST_SECONDS: Final = 300
CATCH_SECONDS: Final = 3.0


class Havoc:
    """What happens to the processes, in an order that the seed decides; what is down comes up again."""

    def __init__(self, site: Site, random_: random.Random) -> None:
        self._site = site
        self._random = random_
        self._due: list[tuple[float, Callable[[], None]]] = []
        self._suspended: set[str] = set()
        self.done: Counter[str] = Counter()

    def wreak(self) -> None:
        """Do one thing."""
        acts = {
            self._kill_worker: 2,
            self._kill_busy_worker: 3,
            self._suspend_busy_worker: 3,
            self._kill_web: 1,
            self._kill_sandbox: 2,
        }
        self._random.choices(list(acts), weights=list(acts.values()))[0]()

    def repair(self, *, everything: bool = False) -> None:
        """Bring up, or let go on, whatever is due; or all of it."""
        now = time.monotonic()
        due = [each for each in self._due if everything or each[0] <= now]
        self._due = [each for each in self._due if each not in due]
        for _, act in due:
            act()

    def resume_all(self) -> None:
        """Let all suspended workers go on once their leases are over."""
        while self._due:
            self.repair()
            time.sleep(0.1)

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        self._due.append((time.monotonic() + seconds, act))

    def _awake(self) -> list[str]:
        return [name for name in WORKERS if name not in self._suspended]

    def _kill_worker(self) -> None:
        name = self._random.choice(WORKERS)
        self._suspended.discard(name)
        self._site.kill(name)
        self._site.start_one_worker(name)
        self.done["worker killed"] += 1

    def _kill_busy_worker(self) -> None:
        if (caught := self._catch()) is None:
            return
        name, _ = caught
        self._site.kill(name)
        self._site.start_one_worker(name)
        self.done["worker killed with a submission in hand"] += 1

    def _suspend_busy_worker(self) -> None:
        if len(self._suspended) > 1 or (caught := self._catch(suspend=True)) is None:
            return
        name, submission = caught
        self._suspended.add(name)
        pid = self._site.pid(name)

        def resume() -> None:
            if name in self._suspended and self._site.pid(name) == pid:
                self._suspended.discard(name)
                self._site.resume(name)

        # The lease is read, not computed: it must really have ended when the worker wakes up.
        self._later(_lease_seconds() + 1.5, resume)
        self.done[f"worker suspended {_stage(submission)}"] += 1

    def _catch(self, *, suspend: bool = False) -> tuple[str, int] | None:
        """Wait for a worker that has a submission in hand, and stop it on the spot."""
        from activities.models import State, Submission

        give_up_at = time.monotonic() + CATCH_SECONDS
        pids = {self._site.pid(name): name for name in self._awake()}
        while time.monotonic() < give_up_at:
            for pk, by in Submission.objects.filter(state=State.SENDING).values_list("pk", "leased_by"):
                name = pids.get(int(by.split(":")[1])) if by.count(":") == 2 else None
                if name is not None:
                    if suspend:
                        self._site.suspend(name)
                    return name, pk
            time.sleep(0.001)
        return None

    def _kill_web(self) -> None:
        if self._random.random() < 0.5 and self._site.kill_child("web"):
            self.done["web process killed"] += 1
            return
        self._site.kill("web")
        self.done["web server killed"] += 1
        self._site.start_web()

    def _kill_sandbox(self) -> None:
        self._site.kill("sandbox")
        self.done["sandbox killed"] += 1
        time.sleep(self._random.uniform(0, 0.5))
        self._site.start_sandbox()


def _lease_seconds() -> float:
    """How long the longest lease that is held now still lasts, by the database's clock."""
    from django.db.models import Max

    from activities.models import State, Submission
    from activities.models.clock import clock

    held = Submission.objects.filter(state=State.SENDING).aggregate(last=Max("lease_until"))["last"]
    return max(0.0, (held - clock()).total_seconds()) if held else 0.0


def _stage(pk: int) -> str:
    """Where a worker stands that was stopped with this submission in hand."""
    from activities.models import State, Submission

    submission = Submission.objects.get(pk=pk)
    attempt = submission.attempts.filter(number=submission.attempt_count).first()
    if submission.state != State.SENDING:
        return "just after it settled one"
    if attempt is None:
        return "between claim and attempt"
    return "between attempt and answer" if attempt.answered_at is None else "between answer and verdict"


def some_people(count: int) -> list[str]:
    """Add people who post; return their e-mails."""
    from activities.models import Role, User

    emails = [f"poster-{number}@sahyadrihfc.in" for number in range(1, count + 1)]
    for email in emails:
        User.objects.create_person(email=email, name=email.partition("@")[0], password=PASSWORD, role=Role.POSTER)
    return emails


def some_drafts(emails: list[str], count: int, random_: random.Random) -> dict[str, list[uuid.UUID]]:
    """Write drafts of one to five rows for many opportunities; return whose is which."""
    from activities import drafts
    from activities.models import User
    from lsqportal.sandbox import demo

    loans = demo.contents(datetime.now(UTC).date()).opportunities
    written: dict[str, list[uuid.UUID]] = {email: [] for email in emails}
    people = {each.email: each for each in User.objects.filter(email__in=emails)}
    for number in range(count):
        email, loan = emails[number % len(emails)], random_.choice(loans)
        public_id = uuid.UUID(int=random_.getrandbits(128), version=4)
        opportunity = {"id": loan.id, "name": loan.name, "lead_id": loan.lead_id, "lead_name": "", "type": ""}
        content = {"rows": typed_rows(random_, f"Submission {number}"), "skip_option_check": False}
        drafts.save(public_id, owner=people[email], opportunity=opportunity, content=content)
        written[email].append(public_id)
    return written


def _another(random_: random.Random) -> random.Random:
    return random.Random(random_.getrandbits(64))


def submit_all(browser: Browser, drafts: list[uuid.UUID], random_: random.Random, problems: list[str]) -> None:
    """One person's work."""
    try:
        browser.sign_in()
        for draft in drafts:
            browser.post(draft, presses=random_.randint(1, 3))
    except GaveUp as reason:
        problems.append(str(reason))


def wait_for_rest(seconds: float) -> int:
    """Wait until every submission is settled or before a person; return how many are not."""
    from activities.models import Submission

    give_up_at = time.monotonic() + seconds
    open_ones = Submission.objects.unsettled().filter(needs_person_since=None)
    while (left := open_ones.count()) and time.monotonic() < give_up_at:
        time.sleep(0.25)
    return left


def run(options: argparse.Namespace, folder: Path, database_url: str | None) -> bool:
    """Do all of it and print what came out; return whether it is as it must be."""
    random_ = random.Random(options.seed)
    workers = {name: Host(name) for name in WORKERS}
    started = time.monotonic()
    with Site(folder, workers=workers, rate=RATE, database_url=database_url, environment=ENVIRONMENT) as site:
        join(site)
        emails = some_people(options.people)
        drafts = some_drafts(emails, options.submissions, random_)
        browsers = [Browser(site.url, email) for email in emails]
        problems: list[str] = []
        people = [
            threading.Thread(target=submit_all, args=(each, drafts[each.email], _another(random_), problems))
            for each in browsers
        ]
        havoc = Havoc(site, random_)
        for person in people:
            person.start()
        submitting = time.monotonic()
        while any(person.is_alive() for person in people) or sum(havoc.done.values()) < options.acts:
            time.sleep(random_.uniform(0.1, options.pause))
            havoc.repair()
            if sum(havoc.done.values()) < options.acts:
                havoc.wreak()
        for person in people:
            person.join()
        submitted = time.monotonic()
        havoc.resume_all()
        left = wait_for_rest(REST_SECONDS)
        rested = time.monotonic()
        pressed = [public_id for each in drafts.values() for public_id in each]
        balance = compare(site.sandbox("activities?posted=1"), pressed=pressed)
        print(f"== Crashes on {options.database}, seed {options.seed} ==")
        print("\n".join([*_lines(havoc, browsers), *balance.report(), *problems]))
        print(
            f"time             {submitting - started:.0f} s to start, {submitted - submitting:.0f} s of submitting and "
            f"crashing, {rested - submitted:.0f} s until rest; not at rest: {left}"
        )
        return _is_good(balance, left=left, problems=problems, havoc=havoc, wanted=options.submissions)


def _lines(havoc: Havoc, browsers: list[Browser]) -> list[str]:
    from activities.models import Account

    done = ", ".join(f"{count} × {what}" for what, count in sorted(havoc.done.items()))
    failures = sum(each.failures for each in browsers)
    return [
        f"crashes          {done}",
        f"people           {len(browsers)}, who asked again {failures} times because no page came; "
        f"answers 429: {Account.objects.get(pk=1).rate_limited_count}",
    ]


def _is_good(balance: Balance, *, left: int, problems: list[str], havoc: Havoc, wanted: int) -> bool:
    return balance.is_even and not left and not problems and balance.submissions == wanted and bool(havoc.done)


def main(arguments: list[str] | None = None) -> int:
    """Run it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.crashes", description=__doc__)
    parser.add_argument("--submissions", type=int, default=500)
    parser.add_argument("--people", type=int, default=5)
    parser.add_argument("--acts", type=int, default=50, help="how often something is killed or suspended")
    parser.add_argument("--pause", type=float, default=1.0, help="the longest pause between two of them, in seconds")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args(arguments)
    options.seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    print(f"seed {options.seed}", flush=True)
    with contextlib.ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="crash-", ignore_cleanup_errors=True)))
        database_url = exits.enter_context(fresh_database(options.database, f"crash_{secrets.token_hex(4)}"))
        return 0 if run(options, folder, database_url) else 1


if __name__ == "__main__":
    sys.exit(main())
