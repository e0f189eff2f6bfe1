"""How the installation is doing: account, queue, workers and lists, for administrators and monitors."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.db import connection as database
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from activities import catalog, connection, permissions, refusals
from activities.models import CatalogEntry, CatalogKind, State, Submission, Worker
from activities.models.clock import clock
from activities.views import actor_of, person_of

ALIVE_FOR = timedelta(minutes=1)
LONGEST_ABSENCE = timedelta(days=7)
MOST_FAILURES = 10


@require_safe
def detail(request: HttpRequest) -> HttpResponse:
    """Show what an administrator looks at when something does not move."""
    permissions.check_can_administer(person_of(request))
    now = clock()
    queue = _queue()
    context = {
        "account": connection.account(),
        "now": now,
        "queue": queue,
        "needing_person_count": sum(line["needing_person"] for line in queue),
        "workers": _workers(now),
        "untranslated": refusals.untranslated(),
        "newest_refusals": refusals.NEWEST_REFUSALS,
        **_lists(),
    }
    return render(request, "status/detail.html", context)


@require_POST
def refresh(request: HttpRequest) -> HttpResponse:
    """Ask LeadSquared for its lists again."""
    permissions.check_can_administer(person_of(request))
    failures = catalog.refresh_now(by=actor_of(request))
    for failure in failures:
        messages.error(request, failure)
    if not failures:
        messages.success(request, "The lists are fresh. The fields of each type follow in the background.")
    return redirect("status:detail")


@login_not_required
@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Say whether this process reaches its database."""
    try:
        with database.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "the database does not answer"}, status=503)
    return JsonResponse({"status": "ok"})


def _queue() -> list[dict[str, Any]]:
    open_states = [State.QUEUED, State.SENDING, State.UNCONFIRMED]
    found = {
        line["state"]: line
        for line in Submission.objects.filter(state__in=open_states)
        .values("state")
        .annotate(count=Count("pk"), oldest=Min("submitted_at"), needing_person=Count("needs_person_since"))
    }
    nothing = {"count": 0, "oldest": None, "needing_person": 0}
    return [{"state": state.value, **found.get(state, nothing)} for state in open_states]


def _workers(now: datetime) -> list[dict[str, Any]]:
    seen = Worker.objects.filter(seen_at__gt=now - LONGEST_ABSENCE).order_by("-seen_at")[:20]
    return [{"worker": worker, "is_alive": worker.seen_at > now - ALIVE_FOR} for worker in seen]


def _lists() -> dict[str, Any]:
    """The lists one by one, and the fields of some fifty types as one: known, the oldest's age, failed."""
    entries = list(CatalogEntry.objects.defer("records").order_by("kind", "key"))
    fields = [entry for entry in entries if entry.kind == CatalogKind.FIELDS]
    known = [entry.fetched_at for entry in fields if entry.fetched_at]
    return {
        "lists": [entry for entry in entries if entry.kind != CatalogKind.FIELDS],
        "fields_known_count": len(known),
        "fields_oldest": min(known, default=None),
        "fields_failed": [entry for entry in fields if entry.failure][:MOST_FAILURES],
    }
