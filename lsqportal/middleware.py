"""What every request passes: an id, readable text, a signed-in person, their idle time and time zone."""

from __future__ import annotations

import secrets
import zoneinfo
from collections.abc import Callable
from time import time
from typing import Any
from urllib.parse import unquote_to_bytes

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone

from activities.views import account

GetResponse = Callable[[HttpRequest], HttpResponse]
# How often a page that is worked on pushes the end of its session out; a write per request would be too dear.
SESSION_TOUCH_SECONDS = 120


def request_id(get_response: GetResponse) -> GetResponse:
    """Give each request an id that stands on error pages, in audit entries and in the answer's headers."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.id = secrets.token_hex(6)  # type: ignore[attr-defined]
        response = get_response(request)
        response["X-Request-ID"] = request.id  # type: ignore[attr-defined]
        return response

    return middleware


def readable_text(get_response: GetResponse) -> GetResponse:
    """Refuse text that is not UTF-8; Django would replace what it cannot read and post that."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_view(request: HttpRequest, *_: object) -> None:
        texts = [unquote_to_bytes(request.META.get("QUERY_STRING", "").encode("latin-1"))]
        if request.content_type == "application/x-www-form-urlencoded":
            texts.append(unquote_to_bytes(request.body))
        elif request.content_type == "multipart/form-data" and b"filename=" not in request.body:
            texts.append(request.body)
        for text in texts:
            try:
                text.decode("utf-8")
            except UnicodeDecodeError as error:
                raise BadRequest("The text that arrived is not UTF-8, so it cannot be read.") from error

    middleware.process_view = process_view  # type: ignore[attr-defined]
    return middleware


class SignInRequired(LoginRequiredMiddleware):
    """Every page is private unless it says otherwise; what was posted after the session ended is not lost."""

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase], *arguments: Any
    ) -> HttpResponseBase | None:
        """Let signed-in people pass; whoever has a one-time password chooses an own one first."""
        return super().process_view(request, view_func, *arguments) or account.must_change_first(request)

    def handle_no_permission(  # type: ignore[override]  # Django's type says redirect, its caller takes any response
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseBase:
        """Answer with the sign-in page, which carries a posted form along."""
        return account.sign_in_first(request) or super().handle_no_permission(request, view_func)


def idle_sessions(get_response: GetResponse) -> GetResponse:
    """Let a session end 30 minutes after the last thing its person did; a page that polls does nothing."""

    def middleware(request: HttpRequest) -> HttpResponse:
        is_idle = not request.user.is_authenticated or bool(request.htmx)  # type: ignore[attr-defined]
        if not is_idle and time() - request.session.get("touched", 0) > SESSION_TOUCH_SECONDS:
            request.session["touched"] = int(time())
        return get_response(request)

    return middleware


def time_zone(get_response: GetResponse) -> GetResponse:
    """Show times in the signed-in person's zone."""

    def middleware(request: HttpRequest) -> HttpResponse:
        name = getattr(request.user, "time_zone", "")
        with timezone.override(zoneinfo.ZoneInfo(name) if name else None):
            return get_response(request)

    return middleware
