"""The row editor, the review before posting, and the page that says what became of a submission."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from activities import (
    audit,
    catalog,
    drafts,
    fields,
    forms,
    opportunities,
    owners,
    permissions,
    pins,
    posting,
    purging,
    rechecking,
    retyping,
    reviewing,
    story,
    submissions,
    typed_rows,
)
from activities import (
    progress as progress_of,
)
from activities.leadsquared import LeadSquaredError, request_body
from activities.models import Draft, Outcome, Row, Submission
from activities.models.clock import clock
from activities.views import actor_of, person_of
from activities.views.opportunities import beside, keep_at_hand

LONGEST_REASON = 200
_OPPORTUNITY = "activities.opportunity"
# Chosen for a row that is none of what LeadSquared holds.
_NONE = "none"


@gzip_page  # what may be compressed, and why: docs/decisions/0015
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Show the rows of a draft or of a picked opportunity, and carry out the editor's buttons."""
    permissions.check_can_post(person_of(request))
    if request.method == "POST":
        return _press(request)
    draft = _draft_of(request.GET.get("draft", ""), request)
    opportunity_id = request.GET.get("opportunityId", "") or request.GET.get("OpportunityId", "")
    if opportunity_id:
        try:
            opportunity = opportunities.facts(opportunities.get(opportunity_id))
        except (opportunities.NotFound, opportunities.Malformed, LeadSquaredError):
            kept = {"draft": draft.public_id} if draft else {}
            asked = {"q": opportunity_id, "stay": "yes", **kept}
            return redirect(f"{reverse('opportunities:pick')}?{urlencode(asked)}")
        pins.keep_up(opportunity, owner=person_of(request))
        public_id = draft.public_id if draft else uuid.uuid4()
        content = draft.content if draft else {"rows": [], "skip_option_check": False}
        return _editor(request, public_id, opportunity, content, draft=draft)
    if draft:
        return _editor(request, draft.public_id, draft.opportunity, draft.content, draft=draft)
    return redirect(_submitted_as(request.GET.get("draft", ""), request) or "opportunities:pick")


@gzip_page
@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show exactly what will be posted, and post it."""
    permissions.check_can_post(person_of(request))
    draft = drafts.find(public_id, owner=person_of(request))
    if draft is None:
        return _submitted_already(request, public_id)
    going = _going(request, draft)
    if going is None:
        return _editor(request, draft.public_id, draft.opportunity, draft.content, draft=draft, complain=True)
    return _post(request, draft, going) if request.method == "POST" else _review(request, draft, going)


@require_GET
def detail(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show what became of each row, and each call that was made."""
    submission = _visible(request, public_id)
    return render(request, "submissions/detail.html", _story(request, submission))


@require_GET
def progress(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Return the part of the result page that changes; a page that has settled asks no more."""
    story = _story(request, _visible(request, public_id))
    # What somebody is answering is left alone, as long as it asks the same.
    stands = story["may_decide"] and request.GET.get("asks") == story["asks"]
    return render(request, "submissions/_progress.html", {**story, "is_poll": True, "stands": stands})


@require_POST
def cancel(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take a queued submission back."""
    submission = _visible(request, public_id)
    try:
        is_cancelled = submissions.cancel(submission, by=actor_of(request))
    except submissions.InDoubt:
        messages.warning(
            request,
            "Not cancelled: it may have been posted before the database was restored from a backup. The portal looks "
            "for it in LeadSquared first, and says here what it finds.",
        )
    else:
        if is_cancelled:
            messages.info(request, "Cancelled. Nothing of it was sent.")
        else:
            messages.warning(request, "Not cancelled: it is not queued any more. Where it stands is said below.")
    return redirect("submissions:detail", public_id)


@require_POST
def copy(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Open a submission's rows as a new draft."""
    draft = submissions.copy(_visible(request, public_id), by=actor_of(request))
    return redirect(_editor_url(draft))


@require_POST
def retry(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Open the rows that are known not to exist as a new draft, with the reasons at their fields."""
    submission = _visible(request, public_id)
    draft = submissions.retry(submission, by=actor_of(request))
    if draft is not None:
        return redirect(_editor_url(draft))
    if submissions.elsewhere(submission.rows.all()):
        messages.warning(request, "Nothing was opened: what failed here is in another submission by now, named below.")
    else:
        messages.warning(request, "No row of it is known not to exist, so there is nothing to post again.")
    return redirect("submissions:detail", public_id)


@require_POST
def look_again(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Compare created rows with LeadSquared, and have it asked once more for the rows that it is not known to have."""
    submission = _visible(request, public_id)
    offer = rechecking.offered(submission, list(submission.rows.all()), to=person_of(request))
    # What a purge has overtaken cannot be compared any more, and says so.
    compares = offer.compares or submission.purged_by_seq is not None
    if compares:
        _recheck(request, submission)
    if offer.looks or not compares:
        if submissions.look_again(submission, by=actor_of(request)):
            messages.info(request, "The portal looks again in LeadSquared, as soon as it may ask there.")
        else:
            messages.warning(
                request,
                f"The portal cannot look: this was submitted for {submission.host}, and it has keys for another "
                "LeadSquared account or address now.",
            )
    return redirect("submissions:detail", public_id)


@require_POST
def decide(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take a person's word on which activities are which rows."""
    submission = _visible(request, public_id)
    numbers = range(1, submission.row_count + 1)
    chosen = {n: request.POST.get(f"row-{n}", "") for n in numbers}
    ours = {n: "" if choice == _NONE else choice for n, choice in chosen.items() if choice}
    asked = request.POST.get("asks", "")
    try:
        submissions.decide(submission, asked=asked, ours=ours, by=actor_of(request))
    except submissions.NotOffered as refused:
        if refused.wrong:
            answer = _Answer(asked, chosen, refused.wrong)
            story = _story(request, _visible(request, public_id), answer=answer)
            return render(request, "submissions/detail.html", story, status=422)
        messages.warning(request, "Nothing was decided: these rows are settled, or others are asked about by now.")
    return redirect("submissions:detail", public_id)


@require_POST
def discard(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Throw a draft away."""
    draft = get_object_or_404(drafts.of(person_of(request)), public_id=public_id)
    drafts.discard(draft)
    messages.info(request, "The draft was discarded. Nothing of it was sent.")
    return redirect("opportunities:pick")


def _press(request: HttpRequest) -> HttpResponse:
    """Keep what was typed, then do what the button says."""
    do = request.POST.get("do", "")
    posted_id = uuid_of(request.POST.get("draft", "")) or uuid.uuid4()
    opportunity = opportunity_of(request, posted_id)
    content = _carried(typed_rows.typed(request.POST))
    person = person_of(request)
    changed, row = typed_rows.change(content, do, default_owner=person.lsq_email)
    page = page_of(request)
    if do == "keep-mine":
        draft = drafts.save_apart(
            posted_id, owner=person, opportunity=opportunity, content=changed, page=page or drafts.Page()
        )
        messages.info(request, "What you typed is a draft of its own now. The other one stays as it is.")
        return redirect(_editor_url(draft))
    try:
        draft = drafts.save(posted_id, owner=person, opportunity=opportunity, content=changed, page=page)
    except drafts.Conflict as conflict:
        return _editor(request, posted_id, opportunity, changed, draft=None, conflict=conflict)
    if draft.public_id != posted_id:
        messages.warning(
            request,
            "These rows were submitted before, and nothing more was posted. What stands here now is a new draft: "
            "review and post it only if it is meant as another submission.",
        )
        return redirect(_editor_url(draft))
    if do in {"pin", "unpin"}:
        _pin(request, draft, do)
    if do == "refresh-lists":
        for failure in catalog.refresh_now(by=actor_of(request)) or ["The lists are fresh."]:
            messages.info(request, failure)
    if do in {"review", "review-valid"}:
        return _to_review(request, draft, only_valid=do == "review-valid")
    return redirect(f"{_editor_url(draft)}#row-{row}")


def _pin(request: HttpRequest, draft: Draft, do: str) -> None:
    if do == "unpin":
        pins.unpin(draft.opportunity_id, owner=person_of(request))
    elif draft.opportunity_id and (refusal := keep_at_hand(person_of(request), lambda: draft.opportunity)):
        messages.warning(request, refusal)


def _carried(content: typed_rows.Content) -> typed_rows.Content:
    """Take values along into the type that a row was changed to."""
    if not (codes := retyping.codes(content)):
        return content
    catalog.ensure(codes)
    return retyping.carried(content, catalog.load(codes))


def _to_review(request: HttpRequest, draft: Draft, *, only_valid: bool) -> HttpResponse:
    if draft.opportunity_id:
        checked = check(request, draft.public_id, draft.content, complain=True, at=draft.updated_at)
        if not checked.problems:
            return redirect("submissions:review", draft.public_id)
        if only_valid and checked.can_part:
            return redirect(f"{reverse('submissions:review', args=[draft.public_id])}?only=valid")
    return _editor(request, draft.public_id, draft.opportunity, draft.content, draft=draft, complain=True)


@dataclass(frozen=True)
class _Going:
    """What would be submitted of a draft: its checked rows, and what stays behind and why."""

    checked: forms.Checked
    staying: submissions.Staying | None = None
    problems: Sequence[forms.Problem] = ()

    def seen(self, draft: Draft) -> str:
        """Return the mark of exactly this."""
        return submissions.fingerprint(
            draft.opportunity_id,
            self.checked.new_rows,
            skip_option_check=self.checked.skip_option_check,
            only_valid=self.staying is not None,
        )


def _only_valid(request: HttpRequest) -> bool:
    return (request.POST if request.method == "POST" else request.GET).get("only") == "valid"


def _going(request: HttpRequest, draft: Draft) -> _Going | None:
    """Return what would be submitted, or None when that is nothing before something is put right."""
    checked = check(request, draft.public_id, draft.content, complain=True, at=draft.updated_at)
    if not draft.opportunity_id:
        return None
    if not checked.problems:
        return _Going(checked)
    if not (_only_valid(request) and checked.can_part):
        return None
    content, staying = reviewing.part(draft.content, checked)
    # Read anew by themselves: references go by the numbers that the rows have in the submission.
    parted = check(request, draft.public_id, content, complain=True, at=draft.updated_at)
    return None if parted.problems else _Going(parted, staying, checked.problems)


def _editor(
    request: HttpRequest,
    public_id: uuid.UUID,
    opportunity: dict[str, Any],
    content: typed_rows.Content,
    *,
    draft: Draft | None,
    complain: bool = False,
    conflict: drafts.Conflict | None = None,
) -> HttpResponse:
    content = _carried(content)
    catalog.ensure(typed_rows.codes(content))
    listing = catalog.load(typed_rows.codes(content))
    at = draft.updated_at if draft else None
    checked = check(request, public_id, content, complain=complain, at=at, listing=listing)
    problems = checked.problems if complain else []
    opportunity_error = ""
    if complain and not opportunity.get("id"):
        opportunity_error = "Opportunity: choose the one that these rows are for. The rows stay."
        problems = [forms.Problem("opportunity", opportunity_error), *problems]
    context = {
        "public_id": public_id,
        "draft": draft,
        # After a conflict the page knows what it knew, and is told so again, until the person has decided.
        "page": page_of(request) if conflict else drafts.Page(version=draft.version if draft else 0),
        "conflict": conflict,
        "is_unsaved": bool(draft and draft.opportunity.get("id") != opportunity.get("id")),
        "opportunity": opportunity,
        "opportunity_error": opportunity_error,
        "signed_opportunity": signing.dumps(opportunity, salt=_OPPORTUNITY, compress=True),
        "checked": checked,
        "problems": problems,
        "offer": reviewing.offer(checked) if complain and opportunity.get("id") else None,
        "types": sorted(((str(each.code), each.name) for each in listing.types.records), key=lambda each: each[1]),
        "owners": owners.listed(listing.users.records) if len(listing.users.records) <= owners.MOST_IN_PAGE else [],
        "failures": listing.failures(),
        **beside(person_of(request), opportunity),
    }
    return render(request, "submissions/new.html", context, status=409 if conflict else 422 if problems else 200)


def check(
    request: HttpRequest,
    public_id: uuid.UUID,
    content: typed_rows.Content,
    *,
    complain: bool,
    at: datetime | None = None,
    listing: catalog.Catalog | None = None,
) -> forms.Checked:
    """Read the rows as they were meant `at` that moment, or now: “today” is the day on which it was typed."""
    here = (at or clock()).astimezone(person_of(request).zone)
    reader = forms.Reader(
        catalog=listing or catalog.load(typed_rows.codes(content)),
        zone=person_of(request).zone,
        today=here.date(),
        now=here.time(),
        default_owner=person_of(request).lsq_email,
        skip_option_check=bool(content.get("skip_option_check")),
        reference_field=settings.LSQ_REFERENCE_FIELD,
        reference_of=partial(submissions.reference, public_id),
    )
    return forms.check(content, reader, complain=complain)


def _review(
    request: HttpRequest,
    draft: Draft,
    going: _Going,
    *,
    notice: str = "",
    repeated: Submission | None = None,
    elsewhere: Sequence[submissions.Elsewhere] = (),
    why_error: str = "",
    status: int = 200,
) -> HttpResponse:
    rows = going.checked.new_rows
    seen_rows = reviewing.seen_rows(going.checked)
    body = request_body(posting.outgoing(rows, skip_option_check=going.checked.skip_option_check))
    context = {
        "draft": draft,
        "words": reviewing.in_words(
            rows,
            seen_rows,
            target=draft.opportunity.get("name") or draft.opportunity_id,
            own_email=person_of(request).lsq_email,
            zone=person_of(request).zone.key,
            staying=going.staying,
        ),
        "rows": seen_rows,
        "staying_problems": going.problems,
        "only_valid": going.staying is not None,
        "free_places": going.checked.free_places,
        "skip_option_check": going.checked.skip_option_check,
        "path": f"/v2{posting.BULK_PATH}{draft.opportunity_id}",
        "exact_request": json.dumps(json.loads(body), ensure_ascii=False, indent=2),
        "seen": going.seen(draft),
        "why": request.POST.get("why", ""),
        "why_error": why_error,
        "problems": [forms.Problem("why", why_error)] if why_error else [],
        "notice": notice,
        "repeated": repeated,
        "elsewhere": _with_right_to_read(request, elsewhere),
    }
    return render(request, "submissions/review.html", context, status=status)


def _post(request: HttpRequest, draft: Draft, going: _Going) -> HttpResponse:
    why = request.POST.get("why", "").strip()
    try:
        fields.check_text("Why", why, longest=LONGEST_REASON, lines=False)
    except fields.Wrong as wrong:
        return _review(request, draft, going, why_error=str(wrong), status=422)
    if request.POST.get("seen") != going.seen(draft):
        notice = "The rows were changed since you looked at them. Nothing was posted. Look again, then post."
        return _review(request, draft, going, notice=notice, status=409)
    try:
        submission = submissions.submit(
            draft,
            going.checked.new_rows,
            by=actor_of(request),
            skip_option_check=going.checked.skip_option_check,
            why=why,
            repeat_confirmed=request.POST.get("repeat_confirmed") == "yes",
            staying=going.staying,
        )
    except submissions.Changed:
        # What was typed in this very moment is read by then, and compared with what was seen.
        return review(request, draft.public_id)
    except submissions.Repeated as repeated:
        return _review(request, draft, going, repeated=repeated.first, status=409)
    except submissions.StandsElsewhere as stands:
        return _review(request, draft, going, elsewhere=stands.found, status=409)
    except LeadSquaredError as error:
        notice = f"Nothing was posted, and nothing is lost: your draft is kept. {error.for_user}"
        return _review(request, draft, going, notice=notice, status=503)
    return redirect("submissions:detail", submission.public_id)


def _submitted_already(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    seen = request.POST.get("seen") if request.method == "POST" else None
    try:
        submissions.submitted_before(public_id, by=actor_of(request), seen=seen, only_valid=_only_valid(request))
    except submissions.NoSubmission:
        raise Http404("There is no draft of yours under this address.") from None
    except submissions.OtherContent:
        messages.warning(
            request,
            "This draft was submitted before with other contents, which stand here. Nothing more was posted. "
            "What is still to be posted needs a new submission.",
        )
    return redirect("submissions:detail", public_id)


@dataclass(frozen=True)
class _Answer:
    """What somebody chose for each row, to which question, and what is wrong with that."""

    asked: str = ""
    chosen: Mapping[int, str] = field(default_factory=dict)
    wrong: Mapping[int, str] = field(default_factory=dict)

    def chosen_for(self, number: int, asks: str) -> str:
        """Return what is still chosen where this is asked: “none” is no answer to what came up since."""
        chosen = self.chosen.get(number, "")
        return "" if chosen == _NONE and self.asked != asks else chosen


@dataclass(frozen=True)
class _Question:
    """Which activity an unconfirmed row is: what was chosen, and what is wrong with that."""

    row: Row
    chosen: str = ""
    error: str = ""

    @property
    def anchor(self) -> str:
        return f"decide-{self.row.number}"


def _story(
    request: HttpRequest,
    submission: Submission,
    *,
    answer: _Answer | None = None,
) -> dict[str, Any]:
    rows = list(submission.rows.order_by("number"))
    attempts = list(submission.attempts.order_by("number"))
    entries = list(audit.entries_about(submission))
    events = story.events(entries, attempts)
    leftovers = submissions.leftovers(submission) if submission.needs_person_since else []
    asks = submissions.question(rows, leftovers)
    answer = answer or _Answer()
    questions = [
        _Question(row, answer.chosen_for(row.number, asks), answer.wrong.get(row.number, ""))
        for row in rows
        if row.outcome == Outcome.UNCONFIRMED
    ]
    elsewhere = submissions.elsewhere(rows)
    retriable = submissions.retriable(rows, elsewhere)
    now = getattr(submission, "now", None)
    return {
        "submission": submission,
        "rows": rows,
        "outcomes": [row.outcome for row in rows],
        "progress": progress_of.of(submission, rows, attempts, retriable=retriable, now=now),
        "events": events,
        "untold": story.untold(events, attempts),
        "removed_at": purging.removed_at(submission),
        "left_behind": submissions.left_behind(submission, entries),
        "is_mine": submission.created_by_id == person_of(request).pk,
        "may_cancel": permissions.can_cancel(person_of(request), submission) and submissions.is_cancellable(submission),
        "may_copy": permissions.can_post(person_of(request)) and submission.purged_by_seq is None,
        "retriable": retriable,
        "elsewhere": _with_right_to_read(request, elsewhere),
        "may_check_again": bool(rechecking.offered(submission, rows, to=person_of(request))),
        "recheck": rechecking.newest(submission, rows, entries),
        "may_decide": submission.needs_person_since is not None
        and permissions.can_cancel(person_of(request), submission),
        "leftovers": leftovers,
        "asks": asks,
        "questions": questions,
        "problems": [
            forms.Problem(each.anchor, f"Row {each.row.number}: {each.error}") for each in questions if each.error
        ],
    }


def _with_right_to_read(
    request: HttpRequest, elsewhere: Sequence[submissions.Elsewhere]
) -> list[tuple[submissions.Elsewhere, bool]]:
    """Return with each whether its page is there for this person, so that a link leads somewhere."""
    return [(each, permissions.can_read(person_of(request), each.submission)) for each in elsewhere]


def _recheck(request: HttpRequest, submission: Submission) -> None:
    try:
        summary = rechecking.recheck(submission, by=actor_of(request))
    except rechecking.NothingToCompare as nothing:
        messages.warning(request, nothing.for_user)
    except LeadSquaredError as error:
        messages.warning(request, f"Nothing was compared. {error.for_user}")
    else:
        messages.info(request, f"Checked in LeadSquared: {summary}.")


def _visible(request: HttpRequest, public_id: uuid.UUID) -> Submission:
    """Return the submission, or 404 when it is not this person's to see."""
    known = Submission.objects.select_related("follows", "created_by").annotate(now=Now())
    submission: Submission = get_object_or_404(known, public_id=public_id)
    if not permissions.can_read(person_of(request), submission):
        raise Http404("There is no submission of yours under this address.")
    return submission


def page_of(request: HttpRequest) -> drafts.Page | None:
    """Return what the posted page says that it knows of its draft; one that says nothing overwrites."""
    if "version" not in request.POST:
        return None
    return drafts.page(*(request.POST.get(name, "") for name in ("version", "edited_in", "edit_number")))


def opportunity_of(request: HttpRequest, draft_id: uuid.UUID) -> dict[str, Any]:
    """Return what the posted page knew of its opportunity; its signature keeps others out."""
    try:
        known: dict[str, Any] = signing.loads(request.POST.get("opportunity", ""), salt=_OPPORTUNITY)
        return known
    except signing.BadSignature:
        draft = drafts.find(draft_id, owner=person_of(request))
        return draft.opportunity if draft else {"id": "", "name": ""}


def _draft_of(text: str, request: HttpRequest) -> Draft | None:
    public_id = uuid_of(text)
    return drafts.find(public_id, owner=person_of(request)) if public_id else None


def _submitted_as(text: str, request: HttpRequest) -> str | None:
    public_id = uuid_of(text)
    if public_id is None:
        return None
    if Submission.objects.filter(public_id=public_id, created_by=person_of(request)).exists():
        return reverse("submissions:detail", args=[public_id])
    raise Http404("There is no draft of yours under this address.")


def uuid_of(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _editor_url(draft: Draft) -> str:
    return f"{reverse('submissions:new')}?draft={draft.public_id}"
