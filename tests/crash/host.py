"""Runs a script as on a host of its own: `python host.py FOLDER SECONDS manage.py worker`.

The host has its own folder with its own copy of the portal, and a clock that is so many seconds off. For the clock
libfaketime is taken where there is one (installation.py); elsewhere what Python code learns of the time of day is
shifted here. Clocks that only measure how long something takes stay as they are.
"""

from __future__ import annotations

import datetime
import os
import runpy
import sys
import time
from typing import Any

_real_time, _RealDatetime = time.time, datetime.datetime


class _AnyDatetime(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _RealDatetime)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _RealDatetime)


class _OtherDatetime(_RealDatetime, metaclass=_AnyDatetime):
    """A datetime whose now is another; everything that it makes is a plain datetime."""

    off = datetime.timedelta()

    def __new__(cls, *arguments: Any, **more: Any) -> Any:
        return _RealDatetime(*arguments, **more)

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        return _RealDatetime.now(tz) + cls.off

    @classmethod
    def utcnow(cls) -> Any:
        return cls.now(datetime.UTC).replace(tzinfo=None)


def set_clock(seconds: float) -> None:
    """Shift the time of day for everybody in this process who imports it from now on."""
    for name in ("fromisoformat", "fromtimestamp", "utcfromtimestamp", "combine", "strptime", "fromordinal"):
        setattr(_OtherDatetime, name, staticmethod(getattr(_RealDatetime, name)))
    _OtherDatetime.off = datetime.timedelta(seconds=seconds)
    time.time = lambda: _real_time() + seconds
    datetime.datetime = _OtherDatetime  # type: ignore[misc]


def main(folder: str, seconds: str, *script: str) -> None:
    """Go into the folder, set the clock, say what it shows, and run the script."""
    os.chdir(folder)
    sys.path[0] = folder
    if float(seconds):
        set_clock(float(seconds))
    print(f"clock {time.time():.0f}", flush=True)
    sys.argv = list(script)
    runpy.run_path(script[0], run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
