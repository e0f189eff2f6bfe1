"""Lists that are chosen from by typing and are too long to stand in every page; scripts ask for them once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import condition, require_GET
from django.views.decorators.vary import vary_on_cookie

from activities import catalog, owners, permissions
from activities.views import person_of

View = Callable[[HttpRequest], HttpResponse]
COMPACT: Final[dict[str, Any]] = {"separators": (",", ":"), "ensure_ascii": False}


def _mark(_request: HttpRequest) -> str | None:
    """The list's own mark: when it was fetched. A browser that has it already gets an empty answer."""
    fetched_at = catalog.users_fetched_at()
    return f'"{int(fetched_at.timestamp() * 1000)}"' if fetched_at else None


def _only_for_posters(view: View) -> View:
    """Ask who it is before the list's mark is compared: an empty answer is an answer, too."""

    @wraps(view)
    def asked(request: HttpRequest) -> HttpResponse:
        permissions.check_can_post(person_of(request))
        return view(request)

    return asked


@require_GET
@gzip_page
@cache_control(private=True, no_cache=True)
@vary_on_cookie
@_only_for_posters
@condition(etag_func=_mark)
def users(_request: HttpRequest) -> HttpResponse:
    """Return e-mail and name of everybody who may own an activity."""
    return JsonResponse(owners.listed(catalog.users().records), safe=False, json_dumps_params=COMPACT)
