"""What every request passes: an id, its address, readable text, a signed-in person, their idle time and time zone."""

from __future__ import annotations

import re
import secrets
import zoneinfo
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from time import time
from typing import Any
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone

from activities.views import account

GetResponse = Callable[[HttpRequest], HttpResponse]
# How often a page that is worked on pushes the end of its session out; a write per request would be too dear.
SESSION_TOUCH_SECONDS = 120
# As proxies write it: some with the port, and then the longer kind of address in brackets.
_HOP = re.compile(r"\[(?P<bracketed>[0-9a-fA-F:.]+)\](:\d+)?|(?P<short>[0-9.]+)(:\d+)?|(?P<bare>[0-9a-fA-F:.]+)")


def request_id(get_response: GetResponse) -> GetResponse:
    """Give each request an id that stands on error pages, in audit entries and in the answer's headers."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.id = secrets.token_hex(6)  # type: ignore[attr-defined]
        response = get_response(request)
        response["X-Request-ID"] = request.id  # type: ignore[attr-defined]
        return response

    return middleware


def client_address(get_response: GetResponse) -> GetResponse:
    """Have a request come from whoever asked the outermost trusted proxy, where the proxies say who that was."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if address := _forwarded_for(request.headers.get("X-Forwarded-For", ""), proxies=settings.TRUSTED_PROXIES):
            request.META["REMOTE_ADDR"] = address
        return get_response(request)

    return middleware


def _forwarded_for(hops: str, *, proxies: int) -> str:
    """Return the address that the last of these proxies from the right wrote down, or nothing.

    Each of them appends where it was asked from; what stands further left may come from the client itself.
    """
    written = hops.split(",")
    if not 0 < proxies <= len(written) or not (hop := _HOP.fullmatch(written[-proxies].strip())):
        return ""
    try:
        address = ip_address(hop["bracketed"] or hop["short"] or hop["bare"])
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


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
