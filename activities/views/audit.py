"""The audit log: everybody's submissions and activities, and the entries of the chain. Reading only."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from activities import history, permissions
from activities.filter_forms import EntryFilterForm, SubmissionFilterForm
from activities.views import person_of


@require_safe
def log(request: HttpRequest) -> HttpResponse:
    """List everybody's submissions, newest first."""
    permissions.check_can_read_all(person_of(request))
    form = SubmissionFilterForm(request.GET, with_people=True)
    found = history.submissions(form.wanted())
    page = history.page(found, **form.place())
    context = {
        "form": form,
        "shown": "submissions",
        "page": page,
        "count": history.count(found),
        "lines": history.submission_lines(page.items),
        "is_filtered": bool(form.wanted()),
    }
    return render(request, "audit/log.html", context, status=422 if form.errors else 200)


@require_safe
def activities(request: HttpRequest) -> HttpResponse:
    """List everything that LeadSquared has because of the portal, newest first."""
    permissions.check_can_read_all(person_of(request))
    form = SubmissionFilterForm(request.GET, with_people=True, with_state=False)
    found = history.activities(form.wanted())
    context = {
        "form": form,
        "shown": "activities",
        "page": history.page(found, **form.place()),
        "count": history.count(found),
        "is_filtered": bool(form.wanted()),
    }
    return render(request, "audit/activities.html", context, status=422 if form.errors else 200)


@require_safe
def entries(request: HttpRequest) -> HttpResponse:
    """List the entries of the chain, newest first."""
    permissions.check_can_read_all(person_of(request))
    form = EntryFilterForm(request.GET)
    found = history.entries(form.wanted())
    page = history.page(found, **form.place())
    context = {
        "form": form,
        "shown": "entries",
        "page": page,
        "count": history.count(found),
        "lines": history.entry_lines(page.items),
        "is_filtered": bool(form.wanted()),
    }
    return render(request, "audit/entries.html", context, status=422 if form.errors else 200)
