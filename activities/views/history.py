"""What one person has posted: submissions, and the activities that came of them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from activities import history
from activities.filter_forms import SubmissionFilterForm
from activities.views import person_of


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
    """List the activities that LeadSquared has because of this person, newest first."""
    form = SubmissionFilterForm(request.GET, with_state=False)
    found = history.activities(form.wanted(person_id=person_of(request).pk))
    context = {
        "form": form,
        "shown": "activities",
        "page": history.page(found, **form.place()),
        "count": history.count(found),
        "is_filtered": bool(form.wanted()),
    }
    return render(request, "history/activities.html", context, status=422 if form.errors else 200)
