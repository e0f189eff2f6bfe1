"""What one person has posted: submissions, and the activities that came of them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from activities import history, listings
from activities.filter_forms import RowFilterForm, SubmissionFilterForm
from activities.views import person_of


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """List the person's own submissions, newest first."""
    form = SubmissionFilterForm(request.GET)
    found = listings.submissions(form.wanted(person_id=person_of(request).pk))
    page = listings.page(found, **form.place())
    context = {
        "form": form,
        "shown": "submissions",
        "page": page,
        "count": listings.count(found, page),
        "lines": history.submission_lines(page.items),
        "is_filtered": bool(form.wanted()),
    }
    return render(request, "history/mine.html", context, status=422 if form.errors else 200)


@require_safe
def activities(request: HttpRequest) -> HttpResponse:
    """List the rows that this person posted, newest first."""
    form = RowFilterForm(request.GET)
    wanted = form.wanted(person_id=person_of(request).pk)
    found = listings.rows(wanted)
    page = listings.page(found, **form.place())
    context = {
        "form": form,
        "shown": "activities",
        "page": page,
        "count": listings.count_rows(wanted, found, page),
        "is_filtered": bool(form.wanted()),
    }
    return render(request, "history/activities.html", context, status=422 if form.errors else 200)


@require_safe
def charts(request: HttpRequest) -> HttpResponse:
    """Draw what `activities` lists."""
    form = RowFilterForm(request.GET)
    wanted = form.wanted(person_id=person_of(request).pk)
    context = {
        "form": form,
        "shown": "charts",
        "charts": history.charts_of(wanted, types=form.names("code"), people={}),
        "is_filtered": bool(form.wanted()),
    }
    return render(request, "history/charts.html", context, status=422 if form.errors else 200)
