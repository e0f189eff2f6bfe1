"""Runs a command with a throw-away PostgreSQL server: `python tests/postgres.py -- command …`.

The server lives in a temporary folder, listens on 127.0.0.1 and on a socket in that folder, and is gone
afterwards, whatever happens. The command finds it in DATABASE_URL. With TEST_DATABASE_URL set, the command
gets that server instead. `--check` only says whether there is a server to start.
"""

from __future__ import annotations

import contextlib
import glob
import locale
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

# Where packages put the server's programs, newest version last within a line.
FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/opt/local/lib/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
MISSING = (
    "No PostgreSQL server was found: install the package postgresql, or set TEST_DATABASE_URL to a server "
    "whose user may create databases."
)
START_SECONDS = 60
# When this process is killed, nobody is left to stop the server but this: it sees its input end.
LAST_WILL = 'cat >/dev/null; kill -QUIT "$1" 2>/dev/null && sleep 1; rm -rf "$2"'


class NoServer(Exception):
    """There is no server to run the command with; the text says why."""


class Server:
    """A PostgreSQL server in a folder of its own. `url` is what DATABASE_URL must say."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs = programs
        self.folder = folder
        self.password = secrets.token_hex(16)
        self.locale = _locale()
        self.owner = _unprivileged()
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        """Make the folder of the data, owned by somebody who is not root: PostgreSQL refuses root."""
        secret = self.folder / "password"
        secret.touch(mode=0o600)
        secret.write_text(self.password)
        if self.owner:
            for path in (self.folder, secret):
                os.chown(path, self.owner["user"], self.owner["group"])
        self._run(
            "initdb",
            *("--pgdata", self.folder / "data", "--username", "postgres", "--pwfile", secret),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", self.locale, "--no-sync"),
        )

    def start(self) -> subprocess.Popen[bytes]:
        """Start on a free port and wait until it answers; another port when somebody was faster."""
        for _ in range(5):
            port = _free_port()
            with (self.folder / "log").open("wb") as log:
                process = subprocess.Popen(
                    [
                        *(self.programs / "postgres", "-D", self.folder / "data"),
                        *("-h", "127.0.0.1", "-p", str(port), "-k", self.folder),
                        *_options(fsync="off", full_page_writes="off", max_connections="200"),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    **self._as_owner(),
                )
            if self._is_ready(process):
                self._process = process
                self.url = f"postgres://postgres:{self.password}@127.0.0.1:{port}/postgres"
                return process
        raise NoServer(f"PostgreSQL does not start:\n{self._log()}")

    def stop(self) -> None:
        """Stop without saving anything: nobody will read it again."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=30)

    def _is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait for the word that the server writes into its pid file when it takes connections."""
        state = self.folder / "data" / "postmaster.pid"
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None:
            with contextlib.suppress(OSError, IndexError):
                if state.read_text().splitlines()[7].strip() == "ready":
                    return True
            if time.monotonic() > deadline:
                process.kill()
                process.wait()
            time.sleep(0.05)
        return False

    def _run(self, program: str, *arguments: str | Path) -> None:
        done = subprocess.run(
            [self.programs / program, *arguments],
            capture_output=True,
            text=True,
            **self._as_owner(),
        )
        if done.returncode:
            raise NoServer(f"{program} failed:\n{done.stdout}{done.stderr}")

    def _as_owner(self) -> dict[str, Any]:
        """Arguments of Popen: the owner's rights, no terminal, and a locale that every system has."""
        # Without LC_ALL, PostgreSQL on macOS starts threads before it forks, and refuses to go on.
        environment = {**os.environ, "LC_ALL": self.locale}
        return {"env": environment, "cwd": self.folder, "start_new_session": True, **self.owner}

    def _log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-2000:]


def find_programs() -> Path:
    """Return the folder of initdb and postgres.

    Raises:
        NoServer: none is installed.
    """
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    for pattern in FOLDERS:
        candidates += [Path(found) for found in sorted(glob.glob(pattern), key=_version, reverse=True)]
    for folder in candidates:
        if all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres")):
            return folder
    raise NoServer(MISSING)


@contextlib.contextmanager
def throw_away_server() -> Iterator[str]:
    """Start a server, yield its address, stop and remove it."""
    programs = find_programs()
    # Not TMPDIR: root's may be closed to the server's owner, and macOS's is too long for a socket's path.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    server = Server(programs, folder)
    will: subprocess.Popen[bytes] | None = None
    try:
        server.create()
        process = server.start()
        will = subprocess.Popen(
            ["/bin/sh", "-c", LAST_WILL, "sh", str(process.pid), folder],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        yield server.url
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
        if will:
            will.kill()
            will.communicate()


def run(command: Sequence[str], url: str) -> int:
    """Run the command, pass signals on to it, and return its exit code as a shell would."""
    process = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": url})

    def pass_on(number: int, _frame: FrameType | None) -> None:
        # Ctrl-C reaches everybody at this terminal; a second one would cut the command's own tidying short.
        if not (number == signal.SIGINT and _has_terminal()):
            process.send_signal(number)

    _on_signals(pass_on)
    code = process.wait()
    return code if code >= 0 else 128 - code


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says; return the exit code."""
    given = os.environ.get("TEST_DATABASE_URL", "")
    try:
        if list(arguments) == ["--check"]:
            if not given:
                find_programs()
            return 0
        if len(arguments) < 2 or arguments[0] != "--":
            print("usage: python tests/postgres.py (--check | -- command …)", file=sys.stderr)
            return 2
        if given:
            return run(arguments[1:], given)
        _on_signals(_leave)
        with throw_away_server() as url:
            return run(arguments[1:], url)
    except NoServer as reason:
        print(reason, file=sys.stderr)
        return 1


def _leave(number: int, _frame: FrameType | None) -> None:
    _on_signals(signal.SIG_IGN)
    sys.exit(128 + number)


def _on_signals(handler: Any) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)


def _has_terminal() -> bool:
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False


def _options(**settings: str) -> list[str]:
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _version(path: str) -> list[int]:
    numbers = "".join(letter if letter.isdigit() else " " for letter in path).split()
    return [int(number) for number in numbers]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _locale() -> str:
    """Return a locale that knows upper and lower case beyond ASCII, as servers in production do."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "en_US.UTF-8"):
            with contextlib.suppress(locale.Error):
                locale.setlocale(locale.LC_CTYPE, name)
                return name
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)


def _unprivileged() -> dict[str, Any]:
    """Return whom the server runs as where we are root, as arguments of Popen; nothing where we are not."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            person = pwd.getpwnam(name)
            return {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}
    raise NoServer("PostgreSQL does not run as root, and this system has neither the user postgres nor nobody.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
