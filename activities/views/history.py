"""What one person has posted: submissions, the activities that came of them, and both as CSV."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from activities import history
from activities.filter_forms import RowFilterForm, SubmissionFilterForm
from activities.views import actor_of, person_of


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """List the person's own submissions, newest first."""
    form = SubmissionFilterForm(request.GET)
    found = history.submissions(form.wanted(person_id=person_of(request).pk))
    page = history.page(found, **form.place())
    context = {
        "form": form,
        "shown": "submissions",
        "page": page,
        "count": history.count(found),
        "lines": history.submission_lines(page.items),
        "is_filtered": bool(form.wanted()),
    }
    return render(request, "history/mine.html", context, status=422 if form.errors else 200)


@require_safe
def activities(request: HttpRequest) -> HttpResponse:
    """List the rows that this person posted, newest first."""
    form = RowFilterForm(request.GET)
    wanted = form.wanted(person_id=person_of(request).pk)
    context = {
        "form": form,
        "shown": "activities",
        "page": history.page(history.rows(wanted), **form.place()),
        "count": history.count_rows(wanted),
        "is_filtered": bool(form.wanted()),
    }
    return render(request, "history/activities.html", context, status=422 if form.errors else 200)


@require_safe
def charts(request: HttpRequest) -> HttpResponse:
    """Draw what `activities` lists."""
    form = RowFilterForm(request.GET)
    context = {
        "form": form,
        "shown": "charts",
        "charts": history.charts_of(form.wanted(person_id=person_of(request).pk)),
        "is_filtered": bool(form.wanted()),
    }
    return render(request, "history/charts.html", context, status=422 if form.errors else 200)


@require_safe
def submissions_csv(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Download what `mine` shows, row by row."""
    form = SubmissionFilterForm(request.GET)
    if form.errors:
        return back_to_list(request, "history:mine")
    wanted = form.wanted(person_id=person_of(request).pk)
    return csv_answer(history.export_submissions(wanted, by=actor_of(request)), name="my-submissions")


@require_safe
def activities_csv(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Download what `activities` shows."""
    form = RowFilterForm(request.GET)
    if form.errors:
        return back_to_list(request, "history:activities")
    wanted = form.wanted(person_id=person_of(request).pk)
    return csv_answer(history.export_activities(wanted, by=actor_of(request)), name="my-activities")


def csv_answer(lines: Iterator[str], *, name: str) -> StreamingHttpResponse:
    """Send lines as a file while they are read."""
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def back_to_list(request: HttpRequest, view_name: str) -> HttpResponse:
    """Go to the list, which says what is wrong with its filters."""
    return redirect(f"{reverse(view_name)}?{request.GET.urlencode()}")
