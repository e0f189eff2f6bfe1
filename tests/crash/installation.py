"""The whole portal as processes that a test may kill, stop and continue: several workers, of one host or of two."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lsqportal.demo import ROOT
from tests.installations import Controlled

COPIED: Final = ("activities", "lsqportal", "templates", "static", "manage.py")
FAKETIME: Final = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1")


@dataclass(frozen=True)
class Host:
    """Where a worker runs: a folder with its own copy of the portal, and a clock that is so many seconds off."""

    name: str
    folder: Path = ROOT
    clock_off: int = 0

    def command(self, environment: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
        """Return how a worker of this host is started: its arguments and its environment."""
        library = next((found for pattern in FAKETIME for found in glob.glob(pattern)), None)
        shifted_here = 0 if library else self.clock_off
        arguments = [str(ROOT / "tests/crash/host.py"), str(self.folder), str(shifted_here), "manage.py", "worker"]
        if not (library and self.clock_off):
            return arguments, dict(environment)
        # Its fix for waits by the monotonic clock makes threads that wait for the interpreter's lock spin: four threads
        # that count took 4 to 13 times as long with it. Waits are right without it.
        plain = {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_FORCE_MONOTONIC_FIX": "0"}
        return arguments, {**environment, **plain, "LD_PRELOAD": library, "FAKETIME": f"{self.clock_off:+d}s"}


class Site(Controlled):
    """An installation with workers by name, each of which can be killed or stopped by itself."""

    def __init__(
        self,
        folder: Path,
        *,
        workers: Mapping[str, Host],
        rate: str,
        database_url: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(folder, database_url=database_url, environment={"LSQ_RATE_LIMIT": rate, **(environment or {})})
        self.workers = dict(workers)
        self.rate = rate

    def start_sandbox(self) -> None:
        """Start the sandbox, strict about its rate, at the address that it had before."""
        before = self.sandbox_url
        super().start_sandbox()
        assert before in {"", self.sandbox_url}, "the sandbox's port was taken meanwhile"
        self.sandbox("switches", {"rate": self.rate})

    def start_worker(self) -> None:
        """Start every worker."""
        for name in self.workers:
            self.start_one_worker(name)

    def start_one_worker(self, name: str) -> None:
        """Start one worker, on its host."""
        host, common = self.workers[name], self.environment
        arguments, self.environment = host.command(common)
        try:
            self._start(name, *arguments)
        finally:
            self.environment = common

    def pid(self, name: str) -> int:
        """Return the process's id."""
        return self._processes[name].pid

    def kill(self, name: str) -> None:
        """End a process and its children with SIGKILL."""
        self._stop(name, signal.SIGKILL)

    def kill_child(self, name: str) -> bool:
        """End one of a process's children with SIGKILL; return whether there was one."""
        pid = self.pid(name)
        with contextlib.suppress(OSError, IndexError):
            child = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]
            os.kill(int(child), signal.SIGKILL)
            return True
        return False

    def suspend(self, name: str) -> None:
        """Stop a process where it stands."""
        os.kill(self.pid(name), signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Let a process go on."""
        os.kill(self.pid(name), signal.SIGCONT)

    def pin(self, name: str, core: int) -> None:
        """Keep a process and the threads that it has and will have on one core, where the system can do that."""
        for thread in Path(f"/proc/{self.pid(name)}/task").glob("*"):
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(int(thread.name), {core})

    def prefer(self, name: str) -> None:
        """Let a process come before others on its core, where that is our right: what measures must not be late."""
        for thread in Path(f"/proc/{self.pid(name)}/task").glob("*"):
            with contextlib.suppress(PermissionError, ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, int(thread.name), -10)

    def log(self, name: str) -> str:
        """Return what a process wrote since it was started."""
        return self._log(name).read_text(errors="replace")


def join_fresh_database(folder: Path, database_url: str | None, **environment: str) -> None:
    """Make this process one of an installation that has nothing but a fresh, migrated database."""
    url = database_url or f"sqlite:///{folder / 'portal.sqlite3'}"
    os.environ.update({"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "lsqportal.settings", **environment})
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def copy_of_the_portal(folder: Path) -> Path:
    """Copy the portal into a folder, as it stands on another host; return the folder."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name)
    return folder


def join(site: Site) -> None:
    """Make this process one of the installation's, so that it reads and writes the same database."""
    os.environ.update({**site.environment, "DJANGO_SETTINGS_MODULE": "lsqportal.settings"})
    import django

    django.setup()


@contextlib.contextmanager
def fresh_database(kind: str, name: str) -> Iterator[str | None]:
    """Yield the address of an empty database: None is SQLite's default; PostgreSQL's server is in DATABASE_URL."""
    if kind == "sqlite":
        yield None
        return
    import psycopg

    server = os.environ["DATABASE_URL"]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield f"{server.rpartition('/')[0]}/{name}"
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
