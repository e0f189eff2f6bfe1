"""What can go wrong with a call: one class per decision of the caller.

LeadSquaredError          .status .said .exception_type .for_user   may_have_written
├── NotSent               nothing left this machine                 never
├── RateLimited           turned away by the rate limit             only with several rows, on another status than 429
├── Unauthorized          the keys, or their user's rights          only with several rows, on another status than 401
├── Refused               understood and declined                   only with several rows: fact sheet 1b, 19.1
└── Unclear               may or may not have been written          always: the default for whatever is not proved
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from activities.leadsquared.records import RawAnswer

LONGEST_SAID = 500


class LeadSquaredError(Exception):
    """A call that did not bring what was asked for. It is data, and has no place where keys could be.

    `status` is the HTTP status, None without an answer; `said` are LeadSquared's own words, or the cause's, shortened;
    `row_count` is how many activities the call carried, 1 for a read.
    """

    advice: ClassVar[str] = ""

    def __init__(
        self,
        *,
        status: int | None = None,
        said: str = "",
        exception_type: str = "",
        row_count: int = 1,
    ) -> None:
        super().__init__(said[:LONGEST_SAID])
        self.status = status
        self.said = said[:LONGEST_SAID]
        self.exception_type = exception_type[:LONGEST_SAID]
        self.row_count = row_count

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.__dict__:
            raise AttributeError(f"{type(self).__name__}.{name} is a fact and does not change.")
        super().__setattr__(name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), dict(self.__dict__))

    def __str__(self) -> str:
        where = "no answer" if self.status is None else f"status {self.status}"
        return f"{type(self).__name__} ({where}) {self.exception_type} {self.said}".strip()

    @property
    def may_have_written(self) -> bool:
        """Whether rows of the call may exist in LeadSquared; the only thing a caller branches on for safety."""
        return True

    @property
    def for_user(self) -> str:
        """One or two sentences for a person: what happened, and what happens next."""
        return self.advice


class NotSent(LeadSquaredError):
    """Positive proof that nothing left this machine."""

    advice = "LeadSquared could not be reached, and nothing was sent. The portal tries again by itself."

    @property
    def may_have_written(self) -> bool:
        """Never: nothing was sent."""
        return False


class NotInTime(NotSent):
    """The time in which the call might begin had passed before its first byte left."""


class RateLimited(LeadSquaredError):
    """Turned away because the account makes too many calls; `whole_day` when the day's quota is used up."""

    def __init__(self, *, whole_day: bool = False, **more: Any) -> None:
        super().__init__(**more)
        self.whole_day = whole_day

    @property
    def may_have_written(self) -> bool:
        """A 429 is said at the door; a rate envelope on another status may come after some rows."""
        return self.status != 429 and self.row_count > 1

    @property
    def for_user(self) -> str:
        """Say which limit it was."""
        if self.whole_day:
            return "The account’s calls of this day are used up. The portal goes on when LeadSquared allows it."
        return "LeadSquared’s limit of calls is used up for some seconds. The portal goes on by itself."


class Unauthorized(LeadSquaredError):
    """The keys, or the rights of their user, were not accepted."""

    advice = (
        "LeadSquared does not accept the portal’s keys. An administrator puts LSQ_ACCESS_KEY and LSQ_SECRET_KEY right."
    )

    @property
    def may_have_written(self) -> bool:
        """A 401 is said at the door; an access envelope on another status may come after some rows."""
        return self.status != 401 and self.row_count > 1


class Refused(LeadSquaredError):
    """Understood and declined."""

    @property
    def may_have_written(self) -> bool:
        """Nobody knows whether the good rows of a refused call were written: fact sheet 1b, 19.1."""
        return self.row_count > 1

    @property
    def for_user(self) -> str:
        """Repeat LeadSquared's words, which name the reason."""
        return f"LeadSquared refused it: {self.said}" if self.said else "LeadSquared refused it without a reason."


class Unclear(LeadSquaredError):
    """No clear answer; `raw` holds whatever bytes came."""

    advice = "LeadSquared gave no clear answer."

    def __init__(self, *, raw: RawAnswer | None = None, **more: Any) -> None:
        super().__init__(**more)
        self.raw = raw


def _rebuild(kind: type[LeadSquaredError], facts: dict[str, Any]) -> LeadSquaredError:
    error = kind.__new__(kind)
    Exception.__init__(error, facts.get("said", ""))
    error.__dict__.update(facts)
    return error
