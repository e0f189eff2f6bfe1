"""The audit log: everybody's submissions and activities, and the entries of the chain. Reading only."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from activities import history, listings, permissions
from activities.filter_forms import EntryFilterForm, RowFilterForm, SubmissionFilterForm
from activities.views import person_of


@require_safe
def log(request: HttpRequest) -> HttpResponse:
    """List everybody's submissions, newest first."""
    permissions.check_can_read_all(person_of(request))
    form = SubmissionFilterForm(request.GET, with_people=True)
    found = listings.submissions(form.wanted())
    page = listings.page(found, **form.place())
    context = {
        "form": form,
        "shown": "submissions",
        "page": page,
        "count": listings.count(found, page),
        "lines": history.submission_lines(page.items),
        "is_filtered": bool(form.wanted()),
    }
    return render(request, "audit/log.html", context, status=422 if form.errors else 200)


@require_safe
def activities(request: HttpRequest) -> HttpResponse:
    """List the rows that anybody posted, newest first."""
    permissions.check_can_read_all(person_of(request))
    form = RowFilterForm(request.GET, with_people=True)
    wanted = form.wanted()
    found = listings.rows(wanted)
    page = listings.page(found, **form.place())
    context = {
        "form": form,
        "shown": "activities",
        "page": page,
        "count": listings.count_rows(wanted, found, page),
        "is_filtered": bool(form.wanted()),
    }
    return render(request, "audit/activities.html", context, status=422 if form.errors else 200)


@require_safe
def charts(request: HttpRequest) -> HttpResponse:
    """Draw what `activities` lists."""
    permissions.check_can_read_all(person_of(request))
    form = RowFilterForm(request.GET, with_people=True)
    context = {
        "form": form,
        "shown": "charts",
        "charts": history.charts_of(form.wanted(), types=form.names("code"), people=form.names("person_id")),
        "is_filtered": bool(form.wanted()),
    }
    return render(request, "audit/charts.html", context, status=422 if form.errors else 200)


@require_safe
def entries(request: HttpRequest) -> HttpResponse:
    """List the entries of the chain, newest first."""
    permissions.check_can_read_all(person_of(request))
    form = EntryFilterForm(request.GET)
    found = listings.entries(form.wanted())
    page = listings.page(found, **form.place())
    context = {
        "form": form,
        "shown": "entries",
        "page": page,
        "count": listings.count(found, page),
        "lines": history.entry_lines(page.items),
        "is_filtered": bool(form.wanted()),
    }
    return render(request, "audit/entries.html", context, status=422 if form.errors else 200)
