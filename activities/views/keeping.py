"""What the editor keeps by itself while somebody types, and what it then says of the fields that they have left."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any, Final

from django.http import HttpRequest, JsonResponse
from django.template.loader import render_to_string
from django.utils.timezone import localtime
from django.views.decorators.http import require_POST

from activities import drafts, forms, permissions, typed_rows
from activities.models import Draft
from activities.views import person_of
from activities.views.submissions import check, opportunity_of, page_of, uuid_of

MOST_FIELDS_TOLD: Final = 5_000


@require_POST
def keep(request: HttpRequest) -> JsonResponse:
    """Keep what stands in the rows; answer with the draft's version and what is wrong, or with who was faster.

    `in_hand` is the id of the field that the person is in, `told` those where something is said already.
    """
    person = person_of(request)
    permissions.check_can_post(person)
    public_id = uuid_of(request.POST.get("draft", "")) or uuid.uuid4()
    opportunity = opportunity_of(request, public_id)
    content = typed_rows.typed(request.POST)
    page = page_of(request) or drafts.Page()
    try:
        draft = drafts.keep(public_id, owner=person, opportunity=opportunity, content=content, page=page)
    except drafts.Conflict as conflict:
        return JsonResponse({"notice": _notice(request, public_id, conflict)}, status=409)
    checked = check(request, draft.public_id, content, complain=False, at=draft.updated_at)
    return JsonResponse(_judged(request, draft, checked))


def _judged(request: HttpRequest, draft: Draft, checked: forms.Checked) -> dict[str, Any]:
    told = request.POST.get("told", "").split(maxsplit=MOST_FIELDS_TOLD)
    in_hand = request.POST.get("in_hand", "")
    telling = forms.tell(checked, in_hand=in_hand, told=set(told))
    return {
        "draft": str(draft.public_id),
        "version": draft.version,
        "saved": f"Draft saved at {localtime(draft.updated_at):%H:%M}",
        "rows": [
            {"number": row.number, "state": row.state, "glyph": row.glyph, "words": row.state_in_words}
            for row in checked.rows
        ],
        "count": render_to_string("submissions/_count.html", {"checked": checked, "draft": draft}),
        "review": f"{checked.review_in_words} for {draft.opportunity.get('name') or '…'}",
        "told": {anchor: asdict(problem) for anchor, problem in telling.items()},
        "shown": checked.shown,
        # Something is to be said there as soon as the field is left.
        "withheld": in_hand if in_hand in checked.wrong | checked.shown.keys() else "",
    }


def _notice(request: HttpRequest, public_id: uuid.UUID, conflict: drafts.Conflict) -> str:
    return render_to_string("submissions/_conflict.html", {"conflict": conflict, "public_id": public_id}, request)
