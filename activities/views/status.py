"""How the installation is doing: account, queue, workers and lists, for administrators and monitors."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.db import connection as database
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from activities import catalog, connection, permissions
from activities.models import CatalogEntry, CatalogKind, State, Submission, Worker
from activities.models.clock import clock
from activities.views import actor_of, person_of

ALIVE_FOR = timedelta(minutes=1)
LONGEST_ABSENCE = timedelta(days=7)


@require_safe
def detail(request: HttpRequest) -> HttpResponse:
    """Show what an administrator looks at when something does not move."""
    permissions.check_can_administer(person_of(request))
    now = clock()
    context = {
        "account": connection.account(),
        "now": now,
        "queue": _queue(),
        "needing_person_count": Submission.objects.filter(needs_person_since__isnull=False).count(),
        "workers": _workers(now),
        "lists": _lists(),
        "fields": _fields(),
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


def _queue() -> list[dict[str, object]]:
    open_states = [State.QUEUED, State.SENDING, State.UNCONFIRMED]
    found = {
        line["state"]: line
        for line in Submission.objects.filter(state__in=open_states)
        .values("state")
        .annotate(count=Count("pk"), oldest=Min("submitted_at"))
    }
    return [
        {"state": state.value, "count": 0, "oldest": None, **found.get(state, {})} for state in open_states
    ]


def _workers(now: datetime) -> list[dict[str, object]]:
    seen = Worker.objects.filter(seen_at__gt=now - LONGEST_ABSENCE).order_by("-seen_at")[:20]
    return [{"worker": worker, "is_alive": worker.seen_at > now - ALIVE_FOR} for worker in seen]


def _lists() -> list[CatalogEntry]:
    return list(CatalogEntry.objects.exclude(kind=CatalogKind.FIELDS).defer("records").order_by("kind"))


def _fields() -> dict[str, object]:
    """One line for the fields of some fifty types: how many are known, the oldest's age, what failed."""
    known = CatalogEntry.objects.filter(kind=CatalogKind.FIELDS)
    return {
        **known.aggregate(count=Count("fetched_at"), oldest=Min("fetched_at")),
        "failed": known.exclude(failure="").defer("records").order_by("key")[:10],
    }
