"""The sandbox's controls: switches, faults, what arrived, what is held.

Tests hold them, a process offers them under /_sandbox/. Nothing of LeadSquared is here; no key is asked for,
since the server listens on loopback only.
"""

from __future__ import annotations

import dataclasses
import threading
from collections import deque
from collections.abc import Callable
from typing import cast

from lsqportal.sandbox import faults_answers, faults_line, faults_world
from lsqportal.sandbox.account import Account, Request
from lsqportal.sandbox.answers import Answer, Refusal, json_answer, not_found, wrong_verb
from lsqportal.sandbox.exchange import Waiting
from lsqportal.sandbox.faults import REGISTRY, Faults, Option, armed
from lsqportal.sandbox.large import enlarge
from lsqportal.sandbox.records import ReceivedRequest
from lsqportal.sandbox.switches import TABLE

REMEMBERED_REQUESTS = 20_000
FAULT_MODULES = (faults_answers, faults_line, faults_world)  # importing them fills the registry


class Gate:
    """Whether the port is open. Closed, the operating system refuses connections itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self.changed: Callable[[str], None] = lambda position: None

    def shut(self, seconds: float | None) -> None:
        """Refuse connections from now on, for so long or until opened."""
        with self._lock:
            self._stop_timer()
            self.changed("closed")
            if seconds is not None:
                self._timer = threading.Timer(seconds, self.open)
                self._timer.daemon = True
                self._timer.start()

    def open(self) -> None:
        with self._lock:
            self._stop_timer()
            self.changed("open")

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None


class Controls:
    """See the module."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.faults = Faults()
        self.waiting = Waiting()
        self.gate = Gate()
        self.received: deque[ReceivedRequest] = deque(maxlen=REMEMBERED_REQUESTS)

    def fault(
        self,
        name: str,
        *,
        times: int = 1,
        path_contains: str | None = None,
        after: int = 0,
        options: dict[str, Option] | None = None,
    ) -> None:
        """Arm a fault. `refuse` closes the port at once, for `seconds` or until clear()."""
        ready = armed(name, times=times, path_contains=path_contains, after=after, options=options or {})
        if name == "refuse":
            seconds = ready.options.get("seconds")
            self.gate.shut(None if seconds is None else float(seconds))
        else:
            self.faults.arm(ready)

    def clear(self) -> None:
        """Faults, switches and recorded requests back to the beginning; what still hangs never happens."""
        self.faults.clear()
        self.waiting.drop()
        self.gate.open()
        self.account.clear()
        self.received.clear()

    def reset(self) -> None:
        """The same, and everything that was posted or changed is gone."""
        self.clear()
        self.account.store.reset()


def answered(controls: Controls, request: Request) -> Answer:
    """The answer to a request under /_sandbox/."""
    path = request.path.removeprefix("/_sandbox/")
    if path not in {path for _, path in CALLS}:
        return not_found()
    call = CALLS.get((request.method, path))
    if call is None:
        return wrong_verb()
    try:
        return json_answer(call(controls, request))
    except (ValueError, TypeError) as wrong:
        return json_answer({"error": str(wrong)}, status=400)
    except Refusal as refusal:
        return refusal.answer()


def _activities(controls: Controls, request: Request) -> object:
    opportunity_id = request.query.get("opportunity_id")
    activities = controls.account.store.activities(opportunity_id=opportunity_id)
    posted_only = request.query.get("posted") == "1"
    return [each.as_json() for each in activities if not (posted_only and each.seeded)]


def _requests(controls: Controls, request: Request) -> object:
    return [each.as_json() for each in list(controls.received)]


def _switches(controls: Controls, request: Request) -> object:
    now = controls.account.switches.as_json()
    return {
        each.name: {
            "value": now[each.name],
            "default": each.default,
            "allowed": each.allowed,
            "section": each.section,
            "about": each.about,
        }
        for each in TABLE
    }


def _turn(controls: Controls, request: Request) -> object:
    controls.account.switch(request.parsed_object())
    return controls.account.switches.as_json()


def _faults(controls: Controls, request: Request) -> object:
    kinds = sorted(REGISTRY.values(), key=lambda kind: kind.name)
    return {
        kind.name: {"about": kind.about, "path_contains": kind.path_contains, "options": kind.options} for kind in kinds
    }


def _arm(controls: Controls, request: Request) -> object:
    content = request.parsed_object()
    name = str(content.pop("name", ""))
    times, after = int(str(content.pop("times", 1))), int(str(content.pop("after", 0)))
    path_contains = content.pop("path_contains", None)
    nested = content.pop("options", {})
    options = cast(dict[str, Option], {**content, **(nested if isinstance(nested, dict) else {})})
    if name == "refuse" and options.get("seconds") is None:
        raise ValueError("refuse needs seconds here: a closed port cannot be asked to open again.")
    path = None if path_contains is None else str(path_contains)
    controls.fault(name, times=times, path_contains=path, after=after, options=options)
    return {"armed": name}


def _clear(controls: Controls, request: Request) -> object:
    controls.clear()
    return {"cleared": True}


def _reset(controls: Controls, request: Request) -> object:
    controls.reset()
    return {"reset": True}


def _release(controls: Controls, request: Request) -> object:
    controls.waiting.release()
    return {"released": True}


def _enlarge(controls: Controls, request: Request) -> object:
    sizes = {name: int(str(size)) for name, size in request.parsed_object().items()}
    enlarge(controls.account.store, **{"types": 100, "fields": 60, "users": 5000, **sizes})
    return {"enlarged": True}


def _rewrite(controls: Controls, request: Request) -> object:
    content = request.parsed_object()
    store = controls.account.store
    activity = store.activity(str(content.pop("id", "")))
    if activity is None or content.keys() - {"note", "owner_email", "values"}:
        raise ValueError("Give the id of an activity, and what changes of its note, owner_email and values.")
    values = cast(dict[str, str], content.pop("values", {}))
    texts = {name: str(text) for name, text in content.items()}
    store.rewrite(dataclasses.replace(activity, values={**activity.values, **values}, **texts))  # type: ignore[arg-type]
    return {"rewritten": activity.id}


def _delete(controls: Controls, request: Request) -> object:
    activity_id = str(request.parsed_object().get("id", ""))
    controls.account.store.delete(activity_id)
    return {"deleted": activity_id}


CALLS: dict[tuple[str, str], Callable[[Controls, Request], object]] = {
    ("GET", "activities"): _activities,
    ("GET", "requests"): _requests,
    ("GET", "switches"): _switches,
    ("POST", "switches"): _turn,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _arm,
    ("POST", "enlarge"): _enlarge,
    ("POST", "rewrite"): _rewrite,
    ("POST", "delete"): _delete,
    ("POST", "clear"): _clear,
    ("POST", "reset"): _reset,
    ("POST", "release"): _release,
}
