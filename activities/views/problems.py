"""Pages for what goes wrong: the right status, plain words, what to do, an id to name to whoever helps."""

from __future__ import annotations

from typing import Final

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.shortcuts import render
from django.template import loader
from django.templatetags.static import static
from django.views.decorators.csrf import requires_csrf_token

from activities.views import account

# A browser that is still sending does not read the answer; what is longer than this is cut off.
MOST_BYTES_DRAINED: Final = 64 * 1024 * 1024
_CHUNK: Final = 64 * 1024
_BACK: Final = "What you typed is still in your browser: go back with its Back button."


@requires_csrf_token
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        _drain(request)
        return _page(
            request,
            "400.html",
            413,
            heading="That is too much at once",
            words=f"The portal takes up to 5 MB in one go. Nothing was saved or sent. {_BACK} Then "
            "shorten the longest texts, or split the rows over two submissions.",
        )
    words = str(exception) if isinstance(exception, BadRequest) else ""
    if isinstance(exception, TooManyFieldsSent):
        words = "The form has more fields than the portal reads: 25 rows are the most for one submission."
    return _page(
        request,
        "400.html",
        400,
        heading="The portal cannot read this request",
        words=f"{words or 'It is not as the portal’s pages send it.'} Nothing was saved or sent. {_BACK}",
    )


@requires_csrf_token
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    reason = str(exception) if isinstance(exception, PermissionDenied) and str(exception) else ""
    return _page(
        request,
        "403.html",
        403,
        heading="You may not do this",
        words=reason or "Your role does not allow it. Ask an administrator of the portal.",
    )


@requires_csrf_token
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(
        request,
        "404.html",
        404,
        heading="There is no such page for you",
        words="The address may be mistyped, or belong to somebody else’s work. Yours is in My history.",
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer without database, session or context processors: any of them may be the reason."""
    try:
        stylesheet = static("css/portal.css")
    except ValueError:
        stylesheet = ""
    context = {"request_id": getattr(request, "id", ""), "stylesheet": stylesheet}
    return HttpResponse(loader.render_to_string("500.html", context), status=500)


@requires_csrf_token
def csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    return account.out_of_date(request) or _page(
        request,
        "403.html",
        403,
        heading="This form is out of date",
        words="It was opened before you signed in or out, or cookies are switched off. Nothing was saved or "
        f"sent. {_BACK} Copy what you need, load the page anew, and send it again.",
    )


def _page(request: HttpRequest, template: str, status: int, *, heading: str, words: str) -> HttpResponse:
    context = {"heading": heading, "words": words, "request_id": getattr(request, "id", "")}
    return render(request, template, context, status=status)


def _drain(request: HttpRequest) -> None:
    drained = 0
    try:
        while drained < MOST_BYTES_DRAINED and (chunk := request.read(_CHUNK)):
            drained += len(chunk)
    except (UnreadablePostError, OSError):
        return
