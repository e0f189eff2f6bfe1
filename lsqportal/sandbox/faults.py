"""Faults on demand: the registry of their names, and those that are armed now.

A fault is a function of an Exchange and its options. `answering` faults take over the answer, the others only
change what is about to happen; of each kind several can be armed at once.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from lsqportal.sandbox.exchange import Exchange

BULK_PATH = "Bulk/CustomActivity/Add"
Option = str | int | float | bool | None
FaultFunction = Callable[..., None]


@dataclass(frozen=True)
class FaultKind:
    """A fault that can be armed: what it does, the path it is for unless told, its options' defaults."""

    name: str
    about: str
    function: FaultFunction
    path_contains: str
    answering: bool
    options: dict[str, Option]
    reads_body: bool = True


@dataclass
class ArmedFault:
    """A fault that waits for its requests: lets `after` matching ones pass, then strikes `times`."""

    kind: FaultKind
    times: int
    path_contains: str
    after: int
    options: dict[str, Option] = field(default_factory=dict)

    def strike(self, exchange: Exchange) -> None:
        self.kind.function(exchange, **self.options)


REGISTRY: dict[str, FaultKind] = {}


def fault(
    *, path: str = BULK_PATH, answering: bool = True, reads_body: bool = True
) -> Callable[[FaultFunction], FaultFunction]:
    """Enter a function into the registry under its name; its docstring's first line describes it."""

    def enter(function: FaultFunction) -> FaultFunction:
        parameters = list(inspect.signature(function).parameters.values())[1:]
        options = {each.name: each.default for each in parameters}
        about = (inspect.getdoc(function) or "").partition("\n")[0]
        name = function.__name__
        REGISTRY[name] = FaultKind(name, about, function, path, answering, options, reads_body)
        return function

    return enter


def armed(
    name: str, *, times: int = 1, path_contains: str | None = None, after: int = 0, options: dict[str, Option]
) -> ArmedFault:
    """A fault ready to be armed. Raises: ValueError for a name or an option that there is not."""
    if name not in REGISTRY:
        raise ValueError(f"There is no fault {name!r}. There are: {', '.join(sorted(REGISTRY))}.")
    kind = REGISTRY[name]
    unknown = set(options) - set(kind.options)
    if unknown:
        raise ValueError(f"{name!r} has no option {sorted(unknown)}. It has: {sorted(kind.options) or 'none'}.")
    return ArmedFault(kind, times, kind.path_contains if path_contains is None else path_contains, after, options)


class Faults:
    """The faults that are armed, in the order in which they were."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[ArmedFault] = []

    def arm(self, fault: ArmedFault) -> None:
        with self._lock:
            self._armed.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._armed.clear()

    def for_request(self, path: str) -> list[ArmedFault]:
        """Those that strike this request: every one that only alters, and the first that answers."""
        striking: list[ArmedFault] = []
        with self._lock:
            for each in self._armed:
                taken = each.kind.answering and any(one.kind.answering for one in striking)
                if taken or each.path_contains.lower() not in path.lower():
                    continue
                if each.after > 0:
                    each.after -= 1
                else:
                    each.times -= 1
                    striking.append(each)
            self._armed = [each for each in self._armed if each.times > 0]
        return striking


def named_in_header(header: str) -> ArmedFault:
    """The fault of `X-Sandbox-Fault: name; option=value; …`, for that one request. Raises: ValueError."""
    name, *pairs = (part.strip() for part in header.split(";"))
    options: dict[str, Option] = {}
    for pair in pairs:
        key, _, text = pair.partition("=")
        options[key.strip()] = _option(text.strip())
    return armed(name, path_contains="", options=options)


def _option(text: str) -> Option:
    constants: dict[str, Option] = {"true": True, "false": False, "none": None}
    if text.lower() in constants:
        return constants[text.lower()]
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return text
