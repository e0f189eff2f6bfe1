"""PERSON: submit, cancel and copy. What a worker does with a submission afterwards is posting.py.

Submitting is idempotent: a draft's UUID becomes its submission's, so that a nervous finger, a refresh or a proxy
that sends twice meets the first submission and changes nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from activities import audit, bell, connection, contents, indexing, permissions, settling, tries
from activities.models import Account, Draft, Outcome, Row, State, Submission, User
from activities.models.clock import clock
from activities.models.submissions import new_salt

REPEAT_WINDOW: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class NewRow:
    """One checked row: what will be sent and what the person saw."""

    code: int
    owner_email: str
    type_name: str = ""
    owner_name: str = ""
    note: str = ""
    fields: tuple[dict[str, Any], ...] = ()
    follows: int | None = None
    reference: str = ""

    @property
    def seen_fields(self) -> list[dict[str, Any]]:
        """The custom fields as they stand on the page; a field set's inner fields stand on their own."""
        return [inner for each in self.fields for inner in (each.get("fields") or [each])]

    def sent(self) -> list[Any]:
        """Return what goes to LeadSquared, in a form that can be compared."""
        return contents.sent(self.code, self.owner_email, self.note, self.fields)


@dataclass(frozen=True, kw_only=True)
class Staying:
    """Rows that do not go with the others: as they were typed, and their numbers in the editor."""

    rows: tuple[dict[str, Any], ...]
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class LeftBehind:
    """What stayed behind of a submission: how many rows, and the draft's id while there is something under it."""

    row_count: int
    draft_id: str


@dataclass(frozen=True)
class Elsewhere:
    """A submission that has rows of this one by now, and their numbers in this one."""

    submission: Submission
    numbers: tuple[int, ...]


class NoSubmission(LookupError):
    """There is neither a draft nor a submission of this id for this person."""


class OtherContent(Exception):
    """This id was submitted with other rows; nothing was overwritten and nothing more will be sent."""

    def __init__(self, first: Submission) -> None:
        super().__init__("These rows were submitted before, with other contents.")
        self.first = first


_ASKED_ANEW: Final = "LeadSquared’s list was read again since you were asked. Look at what it holds now, then settle."


class NotOffered(Exception):
    """What was decided is not what was asked; `wrong` says of a row that is asked about what is to be put right."""

    def __init__(self, wrong: Mapping[int, str] | None = None) -> None:
        super().__init__("This is no answer to what was asked.")
        self.wrong = wrong or {}


class Changed(Exception):
    """Somebody typed on in the moment between the check and the submission; nothing was submitted."""


class InDoubt(Exception):
    """It may have been posted before the database was restored from a backup, and is read back first."""


class Repeated(Exception):
    """The same rows went to the same opportunity within a day; one more press is needed."""

    def __init__(self, first: Submission) -> None:
        super().__init__("The same rows were submitted for this opportunity within a day.")
        self.first = first


class StandsElsewhere(Exception):
    """Rows that were to be put right are in another submission by now; nothing was submitted."""

    def __init__(self, found: Sequence[Elsewhere]) -> None:
        super().__init__("Rows of it are in another submission by now.")
        self.found = found


def fingerprint(
    opportunity_id: str, rows: Sequence[NewRow], *, skip_option_check: bool, only_valid: bool = False
) -> str:
    """Return a mark of exactly what would be sent: a review page carries it to the press of Post.

    `only_valid` sets the mark of some rows, whose others stay behind, apart from that of the same rows as a whole.
    """
    content = _canonical(opportunity_id, [row.sent() for row in rows], skip_option_check=skip_option_check)
    purpose = "activities.submissions.only_valid" if only_valid else "activities.submissions"
    return salted_hmac(purpose, content, algorithm="sha256").hexdigest()


def submit(
    draft: Draft,
    rows: Sequence[NewRow],
    *,
    by: audit.Actor,
    skip_option_check: bool = False,
    why: str = "",
    repeat_confirmed: bool = False,
    staying: Staying | None = None,
    now: datetime | None = None,
) -> Submission:
    """Queue a draft's checked rows for posting; the draft is gone with the same commit, `staying` is one of its own.

    Returns the first submission when this draft has been submitted before.

    Raises:
        PermissionDenied: this person does not post.
        Repeated: the same rows were submitted within a day and `repeat_confirmed` is not set.
        StandsElsewhere: a row that one of these puts right exists, may exist, or waits to be sent.
        Changed: the draft is not what was checked any more.
        NoSubmission: the draft is gone and was never submitted.
        LeadSquaredError: it is not known yet which account the keys belong to, and LeadSquared does not tell.
    """
    permissions.check_can_post(by.user)
    account = connection.known_account()
    content = _canonical(draft.opportunity_id, [row.sent() for row in rows], skip_option_check=skip_option_check)
    moment = now or clock()
    with transaction.atomic():
        current = _locked(draft)
        if current is None:
            return submitted_before(draft.public_id, by=by)
        _check_none_stands_elsewhere(draft, rows)
        earlier = _earlier(draft.opportunity_id, content, by=by.user, now=moment)
        if earlier and not repeat_confirmed:
            raise Repeated(earlier)
        submission = _new_submission(draft, content, account=account, by=by, now=moment)
        submission.why, submission.skip_option_check, submission.row_count = why, skip_option_check, len(rows)
        submission.save(force_insert=True)
        stored = Row.objects.bulk_create(_new_rows(submission, rows))
        indexing.add(submission, stored)
        Draft.objects.filter(pk=draft.pk).delete()
        bell.ring()
        _record_submitted(submission, stored, by=by)
        if staying and staying.rows:
            _leave_behind(submission, current, staying, by=by, now=moment)
    return submission


def left_behind(submission: Submission, entries: Iterable[Any]) -> LeftBehind | None:
    """Return which rows stayed behind when this was submitted, from its audit entries; None when none did."""
    parted = [entry for entry in entries if entry.action == audit.Action.LEFT_BEHIND.code]
    row_count = audit.fact(parted[0], "row_count", int) if parted else None
    draft_id, owner = audit.id_in(parted[0], "draft") if parted else None, submission.created_by_id
    if not (row_count and draft_id):
        return None
    is_there = (
        Draft.objects.filter(public_id=draft_id, owner=owner).exists()
        or Submission.objects.filter(public_id=draft_id, created_by=owner).exists()
    )
    return LeftBehind(row_count, str(draft_id) if is_there else "")


def reference(public_id: uuid.UUID, number: int) -> str:
    """Return the mark of a draft's row: short, the same each time it is asked for, and nobody else's."""
    digest = hashlib.sha256(f"{public_id} {number}".encode()).digest()
    return base64.b32encode(digest[:10]).decode()


def submitted_before(
    public_id: uuid.UUID, *, by: audit.Actor, seen: str | None = None, only_valid: bool = False
) -> Submission:
    """Return what this person submitted under this id; with `seen`, only if it was exactly that content.

    Raises:
        NoSubmission: there is none.
        OtherContent: there is one, with other rows.
    """
    first = Submission.objects.filter(public_id=public_id, created_by=by.user).first()
    if first is None:
        raise NoSubmission(public_id)
    if seen is not None and not constant_time_compare(seen, _fingerprint_of(first, only_valid=only_valid)):
        raise OtherContent(first)
    return first


def cancel(submission: Submission, *, by: audit.Actor, now: datetime | None = None) -> bool:
    """Take back a submission that is still queued; return False when a worker has it already.

    Raises:
        PermissionDenied: it is neither this person's nor is this person an administrator.
        InDoubt: nobody knows that it was not sent.
    """
    permissions.check_can_cancel(by.user, submission)
    reason = f"{by.name} cancelled it before it was sent."
    is_cancelled = settling.settle_unsent(submission, reason=reason, by=by, now=now or clock())
    if not is_cancelled and settling.is_in_doubt(submission):
        raise InDoubt
    return is_cancelled


def copy(submission: Submission, *, by: audit.Actor, now: datetime | None = None) -> Draft:
    """Open a submission's rows as a new draft of this person, linked to the first; nothing is sent.

    What was purged of them is empty.

    Raises:
        PermissionDenied: this person does not post.
    """
    return _draft_of_rows(submission, submission.rows.order_by("number"), by=by, now=now)


def retry(submission: Submission, *, by: audit.Actor, now: datetime | None = None) -> Draft | None:
    """Open just the rows that are known not to exist as a new draft, each linked to its first and with its reason.

    Returns None when there is no such row: what is unconfirmed, or was put right before, cannot be retried.

    Raises:
        PermissionDenied: this person does not post.
    """
    permissions.check_can_post(by.user)
    numbers = retriable(submission.rows.all())
    rows = list(submission.rows.filter(number__in=numbers).order_by("number"))
    if not rows:
        return None
    with transaction.atomic():
        draft = _draft_of_rows(submission, rows, by=by, now=now, is_retry=True)
        audit.record(audit.Action.RETRIED, submission, by=by, now=now, row_count=len(rows), draft=str(draft.public_id))
    return draft


def look_again(submission: Submission, *, by: audit.Actor, now: datetime | None = None) -> bool:
    """Ask the workers for one more look at rows that are unconfirmed, or not created as far as is known.

    Returns False when the portal has keys for another account or address by now: nobody could look.

    Raises:
        PermissionDenied: it is neither this person's nor is this person an administrator.
    """
    permissions.check_can_cancel(by.user, submission)
    if submission.is_for_another(connection.account()):
        return False
    with transaction.atomic():
        Submission.objects.filter(pk=submission.pk).update(look_at=now or clock())
        bell.ring()
    return True


def decide(
    submission: Submission, *, asked: str, ours: Mapping[int, str], by: audit.Actor, now: datetime | None = None
) -> None:
    """Settle what was put before a person: for each unconfirmed row the activity that it is, or nothing for none.

    `asked` is the mark of the question that the person saw: “none” is no answer to what came up since.

    Raises:
        PermissionDenied: it is neither this person's nor is this person an administrator.
        NotOffered: it is not before a person, the question is another one by now, a row is not decided, or an
            activity is not among those left over or is chosen for two rows.
    """
    permissions.check_can_cancel(by.user, submission)
    moment = now or clock()
    with transaction.atomic():
        current = Submission.objects.select_for_update().get(pk=submission.pk)
        chosen = [activity_id for activity_id in ours.values() if activity_id]
        rows = list(current.rows.filter(outcome=Outcome.UNCONFIRMED).order_by("number"))
        numbers = [row.number for row in rows]
        offered = leftovers(current)
        if current.needs_person_since is None or set(ours) - set(numbers):
            raise NotOffered
        wrong = _wrong(ours, numbers, offered={each["id"] for each in offered})
        if asked != question(rows, offered):
            raise NotOffered({**dict.fromkeys(numbers, _ASKED_ANEW), **wrong})
        if wrong:
            raise NotOffered(wrong)
        verdicts = {number: _decided(ours[number], by) for number in numbers}
        evidence = [f"row {number}: {verdict.activity_id or 'none'}" for number, verdict in verdicts.items()]
        decision = f"{len(chosen)} of {len(verdicts)} unconfirmed rows are in LeadSquared"
        audit.record(audit.Action.DECIDED, current, by=by, now=moment, decision=decision, evidence=evidence)
        settling.apply(current, verdicts, now=moment)
        bell.ring()


def is_cancellable(submission: Submission) -> bool:
    """Whether it can still be taken back: it is queued, and nobody has to find out whether it was posted."""
    return submission.state == State.QUEUED and not settling.is_in_doubt(submission)


def retriable(rows: Iterable[Row], found_elsewhere: Sequence[Elsewhere] | None = None) -> list[int]:
    """Return the numbers of the rows that are known not to exist, so that they can be put right and posted.

    `found_elsewhere` is what `elsewhere` says of them, where that is known already.
    """
    refused = _refused(rows)
    found = elsewhere(refused) if found_elsewhere is None else found_elsewhere
    taken = {number for each in found for number in each.numbers}
    return [row.number for row in refused if row.number not in taken]


def elsewhere(rows: Iterable[Row]) -> list[Elsewhere]:
    """Return the submissions in which rows of one that failed there exist, may exist, or wait to be sent."""
    refused = _refused(rows)
    tried = tries.of(refused)
    return _gathered((row.number, tried[row.pk]) for row in refused)


def can_look_again(rows: Iterable[Row]) -> bool:
    """Whether another look could find out more: rows that are unconfirmed, or not created as far as is known."""
    unknown = {Outcome.UNCONFIRMED, Outcome.NOT_CREATED}
    return any(row.outcome in unknown and row.purged_by_seq is None for row in rows)


def leftovers(submission: Submission) -> list[dict[str, Any]]:
    """Return the activities that the last good look left unexplained and that no row claims by now."""
    latest = submission.looks.filter(succeeded=True).order_by("-number").first()
    found: list[dict[str, Any]] = latest.leftovers if latest else []
    claimed = set(
        Row.objects.filter(activity_id__in=[each["id"] for each in found]).values_list("activity_id", flat=True)
    )
    return [each for each in found if each["id"] not in claimed]


def question(rows: Iterable[Row], left_over: Iterable[Mapping[str, Any]]) -> str:
    """Return a mark of what a person is asked: the same rows beside the same activities are the same question."""
    unconfirmed = [str(row.number) for row in rows if row.outcome == Outcome.UNCONFIRMED]
    held = [str(each["id"]) for each in left_over]
    return hashlib.sha256(" ".join([*unconfirmed, "beside", *held]).encode()).hexdigest()[:16]


def _wrong(ours: Mapping[int, str], numbers: Iterable[int], *, offered: set[str]) -> dict[int, str]:
    """Say for each row that is asked about why its answer will not do."""
    often = Counter(ours.values())
    found = {}
    for number in numbers:
        activity_id = ours.get(number)
        if activity_id is None:
            found[number] = "nothing is decided before you choose for every row."
        elif activity_id and activity_id not in offered:
            found[number] = "LeadSquared’s list was read again, and this activity is not left over any more."
        elif activity_id and often[activity_id] > 1:
            found[number] = "each activity is one row at most."
    return found


def _refused(rows: Iterable[Row]) -> list[Row]:
    refused = {Outcome.REJECTED, Outcome.NOT_CREATED}
    return [row for row in rows if row.outcome in refused and row.purged_by_seq is None]


def _gathered(tried: Iterable[tuple[int, Sequence[Row]]]) -> list[Elsewhere]:
    """Gather the numbers of rows by the submission in which a try of each stands, if one does."""
    found: dict[Submission, list[int]] = {}
    for number, row_tries in tried:
        standing = [each.submission for each in row_tries if each.outcome in tries.STANDING]
        if standing:
            found.setdefault(standing[-1], []).append(number)
    return [Elsewhere(submission, tuple(numbers)) for submission, numbers in found.items()]


def _check_none_stands_elsewhere(draft: Draft, rows: Sequence[NewRow]) -> None:
    """Raise StandsElsewhere for rows that were put right with another draft, or exist after all."""
    numbers = {row.follows: number for number, row in enumerate(rows, start=1) if row.follows is not None}
    if not numbers or draft.follows is None:
        return
    retried = list(draft.follows.rows.filter(pk__in=numbers).select_related("submission"))
    # Whoever puts the same rows right in this very moment, from whichever of their tries, waits here.
    first = {tried[0].submission_id for tried in tries.of(retried).values()}
    list(Submission.objects.select_for_update().filter(pk__in=first).order_by("pk"))
    retried = list(draft.follows.rows.filter(pk__in=numbers).select_related("submission").order_by("number"))
    tried = tries.of(retried)
    if found := _gathered((numbers[row.pk], tried[row.pk]) for row in retried):
        raise StandsElsewhere(found)


def _decided(activity_id: str, by: audit.Actor) -> settling.RowVerdict:
    if activity_id:
        return settling.RowVerdict(Outcome.CREATED, activity_id=activity_id)
    return settling.RowVerdict(
        Outcome.NOT_CREATED, reason=f"{by.name} looked, and none of what LeadSquared holds is it."
    )


def _draft_of_rows(
    submission: Submission, rows: Iterable[Row], *, by: audit.Actor, now: datetime | None, is_retry: bool = False
) -> Draft:
    permissions.check_can_post(by.user)
    moment = now or clock()
    return Draft.objects.create(
        owner=by.user,
        opportunity_id=submission.opportunity_id,
        opportunity={
            "id": submission.opportunity_id,
            "name": submission.opportunity_name,
            "type": submission.opportunity_type,
            "lead_id": submission.lead_id,
            "lead_name": submission.lead_name,
        },
        content={
            "rows": [_typed(row) | (_refusal(row) if is_retry else {}) for row in rows],
            "skip_option_check": submission.skip_option_check,
        },
        follows=submission,
        created_at=moment,
        updated_at=moment,
    )


def _record_submitted(submission: Submission, rows: Sequence[Row], *, by: audit.Actor) -> None:
    audit.record(
        audit.Action.SUBMITTED,
        submission,
        by=by,
        contents={"submission": contents.of_submission(submission), **contents.of_rows(rows)},
        row_count=submission.row_count,
        follows=str(submission.follows.public_id) if submission.follows else "",
    )


def _locked(draft: Draft) -> Draft | None:
    """Return the draft as it stands, locked: whoever comes second waits here, and then finds it gone.

    Raises:
        Changed: it is not what was checked any more.
    """
    current = Draft.objects.select_for_update().filter(pk=draft.pk).first()
    if current and (current.content, current.opportunity_id) != (draft.content, draft.opportunity_id):
        raise Changed
    return current


def _leave_behind(submission: Submission, draft: Draft, staying: Staying, *, by: audit.Actor, now: datetime) -> None:
    kept = Draft.objects.create(
        owner=draft.owner,
        opportunity_id=draft.opportunity_id,
        opportunity=draft.opportunity,
        content={**draft.content, "rows": list(staying.rows)},
        follows=draft.follows,
        created_at=now,
        # Nobody typed since: “today” in these rows is the day on which it was typed.
        updated_at=draft.updated_at,
    )
    audit.record(
        audit.Action.LEFT_BEHIND,
        submission,
        by=by,
        rows=", ".join(f"row {number}" for number in staying.numbers),
        row_count=len(staying.rows),
        draft=str(kept.public_id),
    )


def _new_submission(draft: Draft, content: str, *, account: Account, by: audit.Actor, now: datetime) -> Submission:
    salt = new_salt()
    return Submission(
        public_id=draft.public_id,
        created_by=by.user,
        created_by_name=by.name,
        submitted_at=now,
        organisation=account.organisation,
        host=account.host,
        opportunity_id=draft.opportunity_id,
        opportunity_name=(draft.opportunity.get("name", "") or draft.opportunity_id)[:400],
        opportunity_type=draft.opportunity.get("type", "")[:200],
        lead_id=draft.opportunity.get("lead_id", "")[:36],
        lead_name=draft.opportunity.get("lead_name", "")[:200],
        follows=draft.follows,
        content_salt=salt,
        content_hash=_content_hash(salt, content),
        not_before=now,
    )


def _new_rows(submission: Submission, rows: Sequence[NewRow]) -> list[Row]:
    known = set(submission.follows.rows.values_list("pk", flat=True)) if submission.follows else set()
    return [
        Row(
            submission=submission,
            number=number,
            code=row.code,
            type_name=row.type_name[:200],
            owner_email=row.owner_email,
            owner_name=row.owner_name[:200],
            note=row.note,
            fields=list(row.fields),
            follows_id=row.follows if row.follows in known else None,
            reference=row.reference,
        )
        for number, row in enumerate(rows, start=1)
    ]


def _earlier(opportunity_id: str, content: str, *, by: User, now: datetime) -> Submission | None:
    recent = Submission.objects.filter(
        opportunity_id=opportunity_id, created_by=by, submitted_at__gt=now - REPEAT_WINDOW
    ).exclude(state=State.NOT_POSTED)
    for submission in recent.order_by("-id"):
        salt = bytes(submission.content_salt or b"")
        if salt and constant_time_compare(submission.content_hash, _content_hash(salt, content)):
            return submission
    return None


def _fingerprint_of(submission: Submission, *, only_valid: bool) -> str:
    rows = [
        NewRow(code=row.code, owner_email=row.owner_email, note=row.note, fields=tuple(row.fields))
        for row in submission.rows.order_by("number")
    ]
    return fingerprint(
        submission.opportunity_id, rows, skip_option_check=submission.skip_option_check, only_valid=only_valid
    )


def _content_hash(salt: bytes, content: str) -> str:
    return hmac.new(salt, content.encode("utf-8"), hashlib.sha256).hexdigest()


def _canonical(opportunity_id: str, rows: Sequence[Any], *, skip_option_check: bool) -> str:
    return json.dumps([opportunity_id, skip_option_check, rows], ensure_ascii=False, separators=(",", ":"))


def _refusal(row: Row) -> dict[str, Any]:
    return {"follows": row.pk, "refused": {"field": row.problem_field, "reason": row.reason}}


def _typed(row: Row) -> dict[str, Any]:
    """Return a row as it stood in the inputs of the editor."""
    values: dict[str, Any] = {}
    bare: list[dict[str, str]] = []
    for field in row.fields:
        if field.get("is_reference"):
            continue
        if field.get("bare"):
            bare.append({"schema_name": field["schema_name"], "value": field["value"]})
        elif field.get("fields"):
            for inner in field["fields"]:
                values[f"{field['schema_name']}~{inner['schema_name']}"] = inner["typed"]
        else:
            values[field["schema_name"]] = field["typed"]
    return {
        "code": str(row.code),
        "owner": row.owner_email,
        "note": row.note,
        "by_code": False,
        "values": {str(row.code): values},
        "bare": bare,
    }
