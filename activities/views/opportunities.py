"""Pick an opportunity: search, drafts and what was posted lately."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from activities import drafts, opportunities, permissions
from activities.leadsquared import LeadSquaredError
from activities.models import Submission
from activities.views import person_of

MOST_LISTED = 5


@require_GET
def pick(request: HttpRequest) -> HttpResponse:
    """Find leads and their opportunities; whoever may not post reads the audit log instead."""
    if not permissions.can_post(person_of(request)):
        return redirect("audit:log")
    text = request.GET.get("q", "").strip()
    found, problem = None, ""
    if text:
        try:
            found = opportunities.find(text)
        except (opportunities.NotFound, opportunities.Malformed) as error:
            problem = str(error)
        except LeadSquaredError as error:
            problem = error.for_user
    context = {
        "text": text,
        "found": found,
        "problem": problem,
        "moving": request.GET.get("draft", ""),
        "drafts": drafts.of(person_of(request))[:MOST_LISTED],
        "recent": Submission.objects.created_by_person(person_of(request)).order_by("-id")[:MOST_LISTED],
    }
    return render(request, "opportunities/pick.html", context, status=422 if problem else 200)
