"""What the sandbox says: an answer, a refusal, and LeadSquared's spellings of dates and errors."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"  # [DOC] one date format for every API: leadsquared-api §0


@dataclass(frozen=True)
class Answer:
    """Status, body and headers, complete but for Date and Content-Length, which the server adds."""

    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)

    def parsed(self) -> object:
        return json.loads(self.body)


def json_answer(content: object, *, status: int = 200, **headers: str) -> Answer:
    """An answer with a JSON body; `retry_after=…` becomes the header Retry-After."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return Answer(status, body, headers={name.replace("_", "-").title(): value for name, value in headers.items()})


class Refusal(Exception):
    """LeadSquared declines the call, or in the bulk call one row of it."""

    def __init__(self, exception_type: str | None, message: str, status: int = 500) -> None:
        # [SEEN] business errors arrive as HTTP 500 with an envelope: leadsquared-api §0
        super().__init__(message)
        self.exception_type = exception_type
        self.message = message
        self.status = status

    def answer(self, **headers: str) -> Answer:
        return envelope(self.exception_type, self.message, status=self.status, **headers)


def envelope(exception_type: str | None, message: str, *, status: int, **headers: str) -> Answer:
    """The error envelope of leadsquared-api §15; no ExceptionType where the sheet says "message only"."""
    content: dict[str, object] = {"Status": "Error"}
    if exception_type is not None:
        content["ExceptionType"] = exception_type
    content["ExceptionMessage"] = message
    return json_answer(content, status=status, **headers)


def page(status: int, title: str, sentence: str) -> Answer:
    """An HTML page as the gateway or the web service framework sends it, never LeadSquared itself."""
    head = f"<!DOCTYPE html><html><head><title>{title}</title></head>"
    html = f"{head}<body><h1>{title}</h1><p>{sentence}</p></body></html>"
    return Answer(status, html.encode(), "text/html; charset=utf-8")


# [SEEN] wrong verb gives 405, wrong path segment 404: leadsquared-api §0
def not_found() -> Answer:
    return page(404, "Service", "Endpoint not found.")


def wrong_verb() -> Answer:
    return page(405, "Service", "Method not allowed.")


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def as_time(seconds: float) -> str:
    return moment(seconds).strftime(TIME_FORMAT)


def as_us_time(time: str) -> str:
    """`2031-02-03 09:10:11` as `2/3/2031 9:10:11 AM`: leadsquared-api §18."""
    at = datetime.strptime(time, TIME_FORMAT).replace(tzinfo=UTC)
    return f"{at.month}/{at.day}/{at.year} {at.hour % 12 or 12}:{at:%M:%S} {'AM' if at.hour < 12 else 'PM'}"


def as_microsoft_time(time: str) -> str:
    """`2031-02-03 09:10:11` as `/Date(1928135411000+0000)/`: leadsquared-api §18."""
    at = datetime.strptime(time, TIME_FORMAT).replace(tzinfo=UTC)
    return f"/Date({int(at.timestamp()) * 1000}+0000)/"
