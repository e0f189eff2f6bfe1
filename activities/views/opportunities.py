"""Pick an opportunity: search as it is typed, drafts, pins and what was posted on lately."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from activities import drafts, history, opportunities, permissions, pins, typed_rows
from activities.leadsquared import LeadSquaredError
from activities.models import Draft, User
from activities.models.submissions import LARGEST
from activities.views import person_of

MOST_LISTED = 5
MOST_DRAFTS_ON_A_PAGE = 25
MOST_LOADED_WHILE_TYPING = 3
MOST_LATEST = 10


@dataclass(frozen=True)
class _Kept:
    """A draft of the list, and how many of its rows are more than empty."""

    draft: Draft
    filled: str


@require_GET
def pick(request: HttpRequest) -> HttpResponse:
    """Find leads and their opportunities; whoever may not post reads the audit log instead."""
    if not permissions.can_post(person_of(request)):
        return redirect("audit:log")
    text, lead_id = request.GET.get("q", "").strip(), _uuid(request.GET.get("lead", ""))
    again = request.GET.get("again") == "yes"
    found, problem = None, ""
    if lead_id:
        found, problem = _asked(lambda: opportunities.lead(lead_id, again=again))
    elif text:
        found, problem = _asked(lambda: opportunities.find(text, again=again))
    if found and found.named and "stay" not in request.GET:
        return redirect(_editor(found.named, request))
    context = {
        **_results(request, text, found, problem),
        "lead_id": lead_id,
        "most_loaded": 0,
        **_drafts(request),
        "recent": history.latest_by_opportunity(person_of(request), limit=MOST_LISTED),
    }
    return render(request, "opportunities/pick.html", context, status=422 if problem else 200)


@require_GET
def find(request: HttpRequest) -> HttpResponse:
    """Return what fits a text that is being typed; the page asks for the opportunities itself."""
    permissions.check_can_post(person_of(request))
    text = request.GET.get("q", "").strip()
    found, problem = None, ""
    fewest = 1 if request.GET.get("asked") == "yes" else opportunities.FEWEST_CHARACTERS
    if len(text) >= fewest:
        found, problem = _asked(lambda: opportunities.leads(text))
    context = {**_results(request, text, found, problem), "most_loaded": MOST_LOADED_WHILE_TYPING}
    if found and found.named:
        context["goes_to"] = _editor(found.named, request)
    return render(request, "opportunities/_found.html", context)


@require_GET
def of_lead(request: HttpRequest) -> HttpResponse:
    """Return the opportunities of one lead of a result."""
    permissions.check_can_post(person_of(request))
    lead_id = _id_or_404(request, "lead")
    context = {**_shared(request), "lead_id": lead_id, "is_loaded": True}
    try:
        context["opportunities"] = opportunities.of_lead(lead_id, again=request.GET.get("again") == "yes")
    except LeadSquaredError as error:
        context["failure"] = error.for_user
    return render(request, "opportunities/_of_lead.html", context)


@require_GET
def latest(request: HttpRequest) -> HttpResponse:
    """Show an opportunity's latest activities as LeadSquared has them; the editor takes its list from here."""
    permissions.check_can_post(person_of(request))
    found, note = opportunities.latest_activities(_id_or_404(request, "opportunityId"), limit=MOST_LATEST)
    return render(request, "opportunities/latest.html", {"latest": found, "note": note})


@require_POST
def pin(request: HttpRequest) -> HttpResponse:
    """Pin an opportunity, or unpin it, and show the pins."""
    person = person_of(request)
    permissions.check_can_post(person)
    refusal = ""
    if "unpin" in request.POST:
        pins.unpin(request.POST["unpin"], owner=person)
    else:
        refusal = keep_at_hand(person, lambda: opportunities.facts(opportunities.get(request.POST.get("pin", ""))))
    if request.POST.get("part") == "yes":
        context = {"pins": pins.of(person), "moving": request.POST.get("draft", "")}
        return render(request, "opportunities/_pins.html", context, status=409 if refusal else 200)
    if refusal:
        messages.warning(request, refusal)
    asked = {name: request.POST[name] for name in ("q", "lead", "draft") if request.POST.get(name)}
    return redirect(reverse("opportunities:pick") + (f"?{urlencode(asked)}" if asked else ""))


def keep_at_hand(person: User, facts: Callable[[], dict[str, Any]]) -> str:
    """Pin the opportunity of these facts; return why not, or nothing."""
    try:
        pins.pin(facts(), owner=person)
    except (pins.TooMany, opportunities.NotFound, opportunities.Malformed) as error:
        return str(error)
    except LeadSquaredError as error:
        return f"It was not pinned. {error.for_user}"
    return ""


def beside(person: User, opportunity: dict[str, Any]) -> dict[str, Any]:
    """Return what the editor's head shows beside the facts: whether it is pinned, and its page in LeadSquared."""
    known = str(opportunity.get("id", ""))
    return {
        "is_pinned": bool(known) and pins.is_pinned(known, owner=person),
        "page_in_leadsquared": opportunities.page_in_leadsquared(opportunity),
        "opportunity_uuid": _uuid(known),
    }


def _asked(ask: Callable[[], opportunities.Found]) -> tuple[opportunities.Found | None, str]:
    try:
        return ask(), ""
    except (opportunities.NotFound, opportunities.Malformed) as error:
        return None, str(error)
    except LeadSquaredError as error:
        return None, error.for_user


def _drafts(request: HttpRequest) -> dict[str, Any]:
    """Return the newest drafts, or a page of all of them when they are asked for."""
    asked = request.GET.get("drafts", "")
    page = Paginator(drafts.of(person_of(request)), MOST_DRAFTS_ON_A_PAGE if asked else MOST_LISTED).get_page(asked)
    kept = [_Kept(draft, f"{typed_rows.filled_count(draft.content)} of {LARGEST} rows") for draft in page]
    return {"drafts": kept, "page_of_drafts": page, "shows_all_drafts": bool(asked)}


def _results(request: HttpRequest, text: str, found: opportunities.Found | None, problem: str) -> dict[str, Any]:
    return {
        **_shared(request),
        "text": text,
        "found": found,
        "problem": problem,
        "said": problem or (_said(text, found) if found else ""),
    }


def _said(text: str, found: opportunities.Found) -> str:
    """Say what came to whoever does not see it."""
    if not found.hits:
        return f"No lead matches “{text}”."
    return f"{len(found.hits)} lead{'s' if len(found.hits) > 1 else ''} found."


def _shared(request: HttpRequest) -> dict[str, Any]:
    mine = list(pins.of(person_of(request)))
    return {"moving": request.GET.get("draft", ""), "pins": mine, "pinned": {each.opportunity_id for each in mine}}


def _editor(opportunity_id: str, request: HttpRequest) -> str:
    kept = {"draft": request.GET["draft"]} if request.GET.get("draft") else {}
    return f"{reverse('submissions:new')}?{urlencode({'opportunityId': opportunity_id, **kept})}"


def _id_or_404(request: HttpRequest, name: str) -> str:
    if not (found := _uuid(request.GET.get(name, ""))):
        raise Http404("This address names nothing in LeadSquared.")
    return found


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""
