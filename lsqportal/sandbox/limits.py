"""The account's limits: a strict sliding window over the calls' arrival times, and a number of calls a day.

A call that was turned away does not count. The window is exact, so that a client that is one call too fast
sees it.
"""

from __future__ import annotations

import bisect
import threading

from lsqportal.sandbox.answers import Answer, envelope
from lsqportal.sandbox.switches import Switches

BULK_PATH = "/v2/prospectactivity.svc/bulk/"
DAY_SECONDS = 86_400


class Limits:
    """Counts the calls that were let in."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        self._calls: list[float] = []
        self._bulk_calls: list[float] = []
        self._today = 0

    def turned_away(self, path: str, arrived_at: float) -> Answer | None:
        """The answer to a call that is one too many; None lets it in and counts it."""
        bulk = path.lower().startswith(BULK_PATH)
        with self._lock:
            quota = self._switches.limit("day_quota")
            if quota is not None and self._today >= quota:
                return self._refusal("day_quota_answer", quota, "1 day(s)")
            for name, calls in (("rate", self._calls), ("bulk_rate", self._bulk_calls)):
                rate = self._switches.rate(name) if name == "rate" or bulk else None
                if rate is not None and _within(calls, arrived_at, rate[1]) >= rate[0]:
                    # [DOC] "API calls exceeded the limit of 25 in 5 second(s)": leadsquared-api §0
                    return self._refusal("rate_answer", rate[0], f"{rate[1]} second(s)")
            self._today += 1
            self._count(self._calls, arrived_at)
            if bulk:
                self._count(self._bulk_calls, arrived_at)
        return None

    @staticmethod
    def _count(calls: list[float], arrived_at: float) -> None:
        bisect.insort(calls, arrived_at)
        del calls[: bisect.bisect_left(calls, arrived_at - DAY_SECONDS)]

    def _refusal(self, status_switch: str, calls: int, period: str) -> Answer:
        return rate_answer(
            int(self._switches.number(status_switch)), calls, period, self._switches.limit("retry_after")
        )


def rate_answer(status: int, calls: int, period: str, retry_after: int | None = None) -> Answer:
    """Too many calls, in any of the three ways that were reported: leadsquared-api §14."""
    headers = {} if retry_after is None else {"retry_after": str(retry_after)}
    said = f"API calls exceeded the limit of {calls} in {period}"
    return envelope("MXAPIRateLimitExceededException", said, status=status, **headers)


def _within(calls: list[float], arrived_at: float, seconds: int) -> int:
    """How many calls arrived in the window that ends with this one, the edge `seconds` ago not included."""
    return bisect.bisect_right(calls, arrived_at) - bisect.bisect_right(calls, arrived_at - seconds)
