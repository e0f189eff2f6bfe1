"""The audit log: everybody's submissions and activities, and the entries of the chain. Reading only."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from activities import history, permissions
from activities.filter_forms import EntryFilterForm, RowFilterForm, SubmissionFilterForm
from activities.views import actor_of, person_of
from activities.views.history import back_to_list, csv_answer


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
    """List the rows that anybody posted, newest first."""
    permissions.check_can_read_all(person_of(request))
    form = RowFilterForm(request.GET, with_people=True)
    wanted = form.wanted()
    context = {
        "form": form,
        "shown": "activities",
        "page": history.page(history.rows(wanted), **form.place()),
        "count": history.count_rows(wanted),
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
        "charts": history.charts_of(form.wanted()),
        "is_filtered": bool(form.wanted()),
    }
    return render(request, "audit/charts.html", context, status=422 if form.errors else 200)


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


@require_safe
def submissions_csv(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Download what `log` shows, row by row."""
    permissions.check_can_read_all(person_of(request))
    form = SubmissionFilterForm(request.GET, with_people=True)
    if form.errors:
        return back_to_list(request, "audit:log")
    return csv_answer(history.export_submissions(form.wanted(), by=actor_of(request)), name="submissions")


@require_safe
def activities_csv(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Download what `activities` shows."""
    permissions.check_can_read_all(person_of(request))
    form = RowFilterForm(request.GET, with_people=True)
    if form.errors:
        return back_to_list(request, "audit:activities")
    return csv_answer(history.export_activities(form.wanted(), by=actor_of(request)), name="activities")


@require_safe
def entries_csv(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Download what `entries` shows."""
    permissions.check_can_read_all(person_of(request))
    form = EntryFilterForm(request.GET)
    if form.errors:
        return back_to_list(request, "audit:entries")
    return csv_answer(history.export_entries(form.wanted(), by=actor_of(request)), name="audit-entries")
