"""Lists as files: taken away at once, or prepared by a worker and shown with how far they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from activities import exports, permissions
from activities.filter_forms import EntryFilterForm, RowFilterForm, SubmissionFilterForm
from activities.models import Export, FileFormat, Listing
from activities.views import actor_of, person_of


@dataclass(frozen=True)
class Source:
    """A page with a list: what it lists, its form, its address, and whether it is of one person."""

    listing: str
    form: Callable[[Any], RowFilterForm | EntryFilterForm]
    page: str
    is_own: bool


# By the word in the address. The forms are those of the pages: what is seen is what is taken.
SOURCES: Final = {
    "my-submissions": Source(Listing.SUBMISSIONS, SubmissionFilterForm, "history:mine", is_own=True),
    "my-activities": Source(
        Listing.ACTIVITIES,
        RowFilterForm,
        "history:activities",
        is_own=True,
    ),
    "submissions": Source(
        Listing.SUBMISSIONS, lambda data: SubmissionFilterForm(data, with_people=True), "audit:log", is_own=False
    ),
    "activities": Source(
        Listing.ACTIVITIES,
        lambda data: RowFilterForm(data, with_people=True),
        "audit:activities",
        is_own=False,
    ),
    "entries": Source(Listing.ENTRIES, EntryFilterForm, "audit:entries", is_own=False),
}


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """Show the person's own exports and how far they are."""
    return render(request, "exports/mine.html", _shown(request))


@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    """Return the part of the page that changes; it asks no more when everything is at rest."""
    return render(request, "exports/_exports.html", {**_shown(request), "is_poll": True})


@require_POST
def take(request: HttpRequest, source: str) -> HttpResponseBase:
    """Send a list at once (`now`), or have it prepared (`later`), narrowed as the address says."""
    if (chosen := SOURCES.get(source)) is None:
        raise Http404
    if not chosen.is_own:
        permissions.check_can_read_all(person_of(request))
    form = chosen.form(request.GET)
    now, later = request.POST.get("now", ""), request.POST.get("later", "")
    if form.errors or not (now in exports.STREAMED or later in FileFormat.values):
        return redirect(f"{reverse(chosen.page)}?{request.GET.urlencode()}")
    wanted = form.wanted(**({"person_id": person_of(request).pk} if chosen.is_own else {}))
    if now:
        return file_answer(exports.stream(chosen.listing, wanted, file_format=now, by=actor_of(request)))
    try:
        exports.ask(chosen.listing, wanted, file_format=later, by=actor_of(request))
    except exports.TooMany as refusal:
        messages.warning(request, str(refusal))
    return redirect("exports:mine")


@require_POST
def cancel(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Stop an export."""
    if not exports.cancel(_own(request, public_id), by=actor_of(request)):
        messages.info(request, "It was finished before it could be cancelled.")
    return redirect("exports:mine")


@require_POST
def download(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Send a prepared file to its owner."""
    file = exports.take(_own(request, public_id), by=actor_of(request))
    if file is None:
        messages.warning(request, "This file is not there any more. Have it prepared again.")
        return redirect("exports:mine")
    return file_answer(file)


def file_answer(file: exports.Download) -> StreamingHttpResponse:
    """Send a file while it is read, kept by nobody on its way."""
    response = StreamingHttpResponse(file.parts, content_type=file.content_type)
    response["Content-Disposition"] = f'attachment; filename="{file.file_name}"'
    response["Cache-Control"] = "no-store"
    # A proxy that collects the answer first would keep the person waiting, and hold all of it.
    response["X-Accel-Buffering"] = "no"
    if file.byte_count is not None:
        response["Content-Length"] = str(file.byte_count)
    return response


def _shown(request: HttpRequest) -> dict[str, Any]:
    shown = list(exports.of(person_of(request))[: exports.MOST_LISTED])
    return {"exports": shown, "goes_on": any(each.is_open for each in shown)}


def _own(request: HttpRequest, public_id: UUID) -> Export:
    found = exports.find(public_id, owner=person_of(request))
    if found is None:
        raise Http404
    return found
