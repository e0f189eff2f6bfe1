"""The whole portal on this machine, with nothing to configure: `python -m lsqportal.demo`, or `make demo`.

Starts the LeadSquared look-alike, a worker and the web server, and ends them together. Everything that is
kept lies in one folder, var/demo/. The browser tests drive the same `Installation`. Standard library only.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import http.client
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Final, NoReturn, Self, TypeVar
from urllib.parse import quote

from lsqportal.sandbox.account import ACCESS_KEY, SECRET_KEY

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "var" / "demo"
FIRST_PORT: Final = 8000
PORTS_TO_TRY: Final = 100
START_SECONDS: Final = 60
# What a process may finish after it was asked to leave: the web server's requests, the worker's call.
STOP_SECONDS: Final = 6
LOG_LINES: Final = 15
PEOPLE: Final = (
    ("meera.iyer@sahyadrihfc.in", "poster"),
    ("kabir.shah@sahyadrihfc.in", "poster"),
    ("rohan.deshpande@sahyadrihfc.in", "auditor"),
    ("ananya.bose@sahyadrihfc.in", "administrator"),
)
Found = TypeVar("Found")
_SANDBOX_READY: Final = re.compile(rb"listening on (http://127\.0\.0\.1:(\d+)\S*)")


class Fallen(Exception):
    """A process ended by itself, or never came up; the text shows the end of its log."""


class Installation:
    """Sandbox, worker and web server on one folder, from `with` to its end.

    `port` is the first one to try; without it any free one will do. `environment` overrules the demo's own.
    """

    def __init__(
        self,
        folder: Path,
        *,
        database_url: str | None = None,
        port: int | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.url = ""
        self.sandbox_url = ""
        self.environment: dict[str, str] = {}
        self._database_url = database_url or f"sqlite:///{quote(str(self.folder / 'portal.sqlite3'))}"
        self._port = port
        self._overrides = dict(environment or {})
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._exits = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as exits:
            self.folder.mkdir(parents=True, exist_ok=True)
            exits.enter_context(_only_one(self.folder))
            self._will = exits.enter_context(_last_will())
            self._listener = exits.enter_context(_listen(self._port))
            exits.callback(self._stop_all)
            self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
            (self.folder / "lock").write_text(f"{self.url} (process {os.getpid()})")
            self.environment = self._settings()
            self.start_sandbox()
            _collect_static_files(self)
            self.manage("migrate", "--noinput")
            self.manage("demo_people")
            self.start_worker()
            self.start_web()
            self._exits = exits.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exits.close()

    @property
    def password(self) -> str:
        """The password of everybody in PEOPLE."""
        return self.environment["DEMO_PASSWORD"]

    def manage(self, *arguments: str) -> None:
        """Run a management command in this installation.

        Raises:
            Fallen: it failed.
        """
        name = arguments[0]
        self._start(name, "manage.py", *arguments)
        failed = self._processes[name].wait()
        self._stop(name)
        if failed:
            raise Fallen(self._last_words(name))

    def start_sandbox(self) -> None:
        """Start the LeadSquared look-alike, where it was the last time if that port is free."""
        remembered = self.folder / "sandbox.port"
        port = remembered.read_text() if remembered.exists() else "0"
        data = str(self.folder / "sandbox.sqlite3")
        for candidate in (port if _is_free(int(port)) else "0", "0"):
            self._start("sandbox", "-m", "lsqportal.sandbox", "--port", candidate, "--data", data)
            with contextlib.suppress(Fallen) if candidate != "0" else contextlib.nullcontext():
                ready = self._wait("sandbox", lambda: _SANDBOX_READY.search(self._log("sandbox").read_bytes()))
                self.sandbox_url = ready[1].decode()
                self.environment["LSQ_API_URL"] = self._overrides.get("LSQ_API_URL", self.sandbox_url)
                # Its address stands in every submission, and what is queued waits for just that one.
                remembered.write_text(ready[2].decode())
                return

    def stop_sandbox(self) -> None:
        """Take LeadSquared away."""
        self._stop("sandbox")

    def start_worker(self) -> None:
        """Start the worker; it needs no time to get ready that anybody would notice."""
        self._start("worker", "manage.py", "worker")

    def stop_worker(self, *, kill: bool = False) -> None:
        """Let the worker finish its call and leave, or kill it on the spot."""
        self._stop("worker", number=signal.SIGKILL if kill else signal.SIGTERM)

    def start_web(self) -> None:
        """Start the web server and wait until it answers."""
        self._start(
            "web",
            *("-m", "gunicorn", "--worker-class", "gthread", "--workers", "2", "--threads", "4"),
            *("--bind", f"fd://{self._listener.fileno()}", "--graceful-timeout", str(STOP_SECONDS // 2)),
            *("--no-control-socket", "--access-logfile", "-", "lsqportal.wsgi:application"),
            hand_over=[self._listener.fileno()],
        )
        self._wait("web", lambda: _answers(self._listener.getsockname()[1]))

    def stop_web(self) -> None:
        """Take the web server away; its address stays ours, and nobody answers there."""
        self._stop("web")

    def restart_web(self) -> None:
        """Stop the web server and start it again at the same address."""
        self.stop_web()
        self.start_web()

    def check(self) -> None:
        """Look whether everything still runs.

        Raises:
            Fallen: something does not.
        """
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise Fallen(self._last_words(name, f"ended unexpectedly (exit code {process.returncode})"))

    def _settings(self) -> dict[str, str]:
        """Return the whole environment; nothing of a .env beside manage.py may reach the demo."""
        return {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "DEBUG": "False",
            # Only this machine: settings.py then asks for no HTTPS.
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "CSRF_TRUSTED_ORIGINS": "",
            "DATABASE_URL": self._database_url,
            "ENVIRONMENT_NAME": "Sandbox",
            "TIME_ZONE": "Asia/Kolkata",
            "TRUSTED_PROXIES": "0",
            "SECRET_KEY": _remembered(self.folder / "secret_key", secrets.token_urlsafe(48)),
            "LSQ_ACCESS_KEY": ACCESS_KEY,
            "LSQ_SECRET_KEY": SECRET_KEY,
            "LSQ_ALLOW_OTHER_HOST": "False",
            "LSQ_REFERENCE_FIELD": "",
            "LSQ_WEB_URL": "",
            **{f"{name}_FILE": "" for name in ("SECRET_KEY", "LSQ_ACCESS_KEY", "LSQ_SECRET_KEY")},
            "DEMO_PASSWORD": _remembered(self.folder / "password", f"sandbox-{secrets.token_hex(3)}"),
            **self._overrides,
        }

    def _start(self, name: str, *arguments: str, hand_over: list[int] | None = None) -> None:
        """Start a Python process that writes into its own log; the earlier log is gone."""
        self._stop(name)
        with self._log(name).open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=hand_over or [],
                # Ctrl-C is for the demo alone; it then ends the others in good order.
                start_new_session=True,
            )
        self._processes[name] = process
        _write_down(self._will, f"+{process.pid}")

    def _stop(self, name: str, number: int = signal.SIGTERM) -> None:
        self._end({name: self._processes.pop(name)} if name in self._processes else {}, number)

    def _stop_all(self) -> None:
        sandbox = {name: self._processes.pop(name) for name in ["sandbox"] if name in self._processes}
        self._end(self._processes, signal.SIGTERM)
        self._processes = {}
        self._end(sandbox, signal.SIGTERM)

    def _end(self, processes: Mapping[str, subprocess.Popen[bytes]], number: int) -> None:
        """Ask the processes to leave, wait a little, and kill whoever is left of their groups."""
        for process in processes.values():
            process.send_signal(number)
        deadline = time.monotonic() + STOP_SECONDS
        for process in processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0.0, deadline - time.monotonic()))
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            _write_down(self._will, f"-{process.pid}")

    def _wait(self, name: str, ready: Callable[[], Found | None]) -> Found:
        """Return what `ready` finds, once it finds something."""
        deadline = time.monotonic() + START_SECONDS
        while not (found := ready()):
            if self._processes[name].poll() is not None:
                raise Fallen(self._last_words(name))
            if time.monotonic() > deadline:
                raise Fallen(self._last_words(name, f"did not get ready in {START_SECONDS} seconds"))
            time.sleep(0.05)
        return found

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _last_words(self, name: str, what: str = "failed") -> str:
        log = self._log(name)
        lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
        return "\n".join([f"{name}: {what}. The end of {log}:", *(f"    {line}" for line in lines)])


def carry_out_last_will() -> None:
    """Read process ids until the one who writes them is gone, then end those that were not taken back."""
    left: set[int] = set()
    for line in sys.stdin:
        (left.add if line[0] == "+" else left.discard)(int(line[1:]))
    for number in (signal.SIGTERM, signal.SIGKILL):
        for group in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)
        if left:
            time.sleep(STOP_SECONDS / 2)


def main(arguments: list[str] | None = None) -> int:
    """Run the demo until somebody ends it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lsqportal.demo", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--port", type=int, default=FIRST_PORT, help="the first port to try (%(default)s)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where everything is kept (%(default)s)")
    wanted = parser.parse_args(arguments)
    _on_signals(_leave)
    print("Starting the sandbox, a worker and the web server …", flush=True)
    try:
        with Installation(wanted.folder, port=wanted.port) as site:
            print(_welcome(site), flush=True)
            while True:
                site.check()
                time.sleep(0.25)
    except Fallen as reason:
        print(reason, file=sys.stderr)
        return 1
    except _Ended:
        print("\nThe demo has ended. What was entered is kept.")
        return 0


class _Ended(BaseException):
    """Somebody pressed Ctrl-C, or the system asks us to leave."""


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    _on_signals(signal.SIG_IGN)
    raise _Ended


def _on_signals(handler: Callable[[int, FrameType | None], NoReturn] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)


def _welcome(site: Installation) -> str:
    width = max(len(email) for email, _ in PEOPLE)
    folder = os.path.relpath(site.folder)
    return "\n".join(
        [
            "",
            f"  LSQ Portal     {site.url}/",
            f"  Password       {site.password}",
            *(
                f"  {'' if number else 'Sign in as':<13}  {email:<{width}}  {role}"
                for number, (email, role) in enumerate(PEOPLE)
            ),
            "",
            f"  LeadSquared is a sandbox at {site.sandbox_url}; nothing leaves this machine.",
            f"  Data and logs are in {folder}; delete that folder to start afresh. Ctrl-C ends the demo.",
        ]
    )


def _collect_static_files(site: Installation) -> None:
    """Put the static files under hashed names, unless they are those that stand there.

    One demo at a time: files that another one writes anew are missing for a moment.
    """
    folder, collected = ROOT / "staticfiles", ROOT / "var" / "collected"
    for needed in (folder, collected.parent):
        needed.mkdir(exist_ok=True)
    with _locked(folder):
        now = _state_of_static_files()
        is_there = (folder / "staticfiles.json").exists() and collected.exists()
        if not is_there or collected.read_text() != now:
            site.manage("collectstatic", "--noinput")
            collected.write_text(now)


def _state_of_static_files() -> str:
    """Return what changes with the static files, and with how they get their names."""
    sources = [ROOT / "requirements.txt", ROOT / "lsqportal" / "storage.py", *sorted((ROOT / "static").rglob("*"))]
    lines = (f"{path.relative_to(ROOT)} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in sources)
    return "\n".join(lines)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder; the system takes it away from a process that is gone."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which the system takes away from a process that is gone."""
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise Fallen(f"The demo already runs in {folder}: {lock.read()}. End that one first.") from None
        yield


@contextlib.contextmanager
def _last_will() -> Iterator[IO[bytes]]:
    """Yield a pipe to a process that ends the others when this one is killed and cannot do so itself."""
    code = "from lsqportal.demo import carry_out_last_will; carry_out_last_will()"
    will = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert will.stdin
        yield will.stdin
    finally:
        will.communicate()


def _write_down(will: IO[bytes], line: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        will.write(f"{line}\n".encode())
        will.flush()


def _listen(first: int | None) -> socket.socket:
    """Return a socket that listens on the first free port. It is handed over: nobody can take the port."""
    for port in range(first, first + PORTS_TO_TRY) if first else ():
        with contextlib.suppress(OSError, OverflowError):
            return socket.create_server(("127.0.0.1", port))
    return socket.create_server(("127.0.0.1", 0))


def _is_free(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True
    return False


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _remembered(path: Path, fresh: str) -> str:
    """Return the secret that the file keeps, readable by its owner only; write it the first time."""
    if not path.exists():
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(fresh)
    return path.read_text()


if __name__ == "__main__":
    sys.exit(main())
