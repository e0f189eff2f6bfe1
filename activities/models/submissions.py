"""What was asked of LeadSquared and what became of it: submissions, their rows, and each call that was made.

`TRANSITIONS` is the one table of a submission's life and `OUTCOMES` of a row's; constraints keep what a state promises.
"""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q

if TYPE_CHECKING:
    from activities.models.calls import Account
    from activities.models.people import User

LARGEST = 25  # activities in one call of the bulk API: leadsquared-api §1 [DOC]


class State(models.TextChoices):
    """Where a submission stands."""

    QUEUED = "queued", "Queued"
    SENDING = "sending", "Sending"
    UNCONFIRMED = "unconfirmed", "Unconfirmed"
    POSTED = "posted", "Posted"
    PARTLY_POSTED = "partly_posted", "Partly posted"
    NOT_POSTED = "not_posted", "Not posted"


SETTLED: Final = (State.POSTED, State.PARTLY_POSTED, State.NOT_POSTED)
TRANSITIONS: Final[dict[str, frozenset[str]]] = {
    State.QUEUED: frozenset({State.SENDING, State.NOT_POSTED, State.UNCONFIRMED}),
    State.SENDING: frozenset({State.QUEUED, State.UNCONFIRMED, *SETTLED}),
    State.UNCONFIRMED: frozenset(SETTLED),
    # A row that "check again" finds after all is corrected; nothing else leaves a settled state.
    State.NOT_POSTED: frozenset({State.PARTLY_POSTED, State.POSTED}),
    State.PARTLY_POSTED: frozenset({State.POSTED}),
    State.POSTED: frozenset(),
}


class Outcome(models.TextChoices):
    """What became of a row."""

    PENDING = "pending", "Queued"
    CREATED = "created", "Created"
    REJECTED = "rejected", "Rejected"
    NOT_CREATED = "not_created", "Not created"
    UNCONFIRMED = "unconfirmed", "Unconfirmed"


OUTCOMES: Final[dict[str, frozenset[str]]] = {
    Outcome.PENDING: frozenset({Outcome.CREATED, Outcome.REJECTED, Outcome.NOT_CREATED, Outcome.UNCONFIRMED}),
    Outcome.UNCONFIRMED: frozenset({Outcome.CREATED, Outcome.REJECTED, Outcome.NOT_CREATED}),
    Outcome.NOT_CREATED: frozenset({Outcome.CREATED}),
    Outcome.CREATED: frozenset(),
    Outcome.REJECTED: frozenset(),
}


def new_salt() -> bytes:
    """Return 128 random bits, so that a purged content cannot be guessed back from its hash."""
    return secrets.token_bytes(16)


class SubmissionQuerySet(models.QuerySet["Submission"]):
    """Submissions, as the portal asks for them."""

    def created_by_person(self, person: User) -> SubmissionQuerySet:
        """Keep what this person submitted."""
        return self.filter(created_by=person)

    def unsettled(self) -> SubmissionQuerySet:
        """Keep what has not come to rest."""
        return self.exclude(state__in=SETTLED)


class Submission(models.Model):
    """Up to 25 rows for one opportunity: the unit of posting."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="submissions")
    created_by_name = models.CharField(max_length=150)
    submitted_at = models.DateTimeField()
    organisation = models.CharField(max_length=64)
    host = models.CharField(max_length=255)
    opportunity_id = models.CharField(max_length=36, db_index=True)
    opportunity_name = models.CharField(max_length=400, blank=True)
    opportunity_type = models.CharField(max_length=200, blank=True)
    lead_id = models.CharField(max_length=36, blank=True)
    lead_name = models.CharField(max_length=200, blank=True)
    why = models.CharField(max_length=200, blank=True)
    skip_option_check = models.BooleanField(default=False)
    row_count = models.PositiveSmallIntegerField()
    follows = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="followed_by")
    content_salt = models.BinaryField(max_length=16, null=True, default=new_salt)
    content_hash = models.CharField(max_length=64, blank=True)
    purged_by_seq = models.BigIntegerField(null=True, blank=True)

    state = models.CharField(max_length=20, choices=State, default=State.QUEUED)
    not_before = models.DateTimeField()
    attempt_count = models.PositiveSmallIntegerField(default=0)
    failure_count = models.PositiveSmallIntegerField(default=0)
    unconfirmed_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    leased_by = models.CharField(max_length=100, blank=True)
    look_at = models.DateTimeField(null=True, blank=True)
    look_count = models.PositiveSmallIntegerField(default=0)
    needs_person_since = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    explanation = models.CharField(max_length=500, blank=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=("created_by", "id"), name="submission_by_person"),
            models.Index(fields=("state", "id"), name="submission_by_state"),
            models.Index(fields=("created_by", "state", "id"), name="submission_by_person_and_state"),
            models.Index(fields=("submitted_at", "id"), name="submission_by_time"),
            models.Index(fields=("not_before",), name="submission_due", condition=Q(state="queued")),
            models.Index(fields=("lease_until",), name="submission_lease", condition=Q(state="sending")),
            models.Index(fields=("look_at",), name="submission_look", condition=Q(look_at__isnull=False)),
            models.Index(fields=("submitted_at",), name="submission_to_purge", condition=Q(purged_by_seq=None)),
        )
        constraints = (
            models.CheckConstraint(condition=Q(state__in=State.values), name="submission_state_is_known"),
            models.CheckConstraint(
                condition=Q(row_count__gte=1, row_count__lte=LARGEST), name="submission_has_1_to_25_rows"
            ),
            models.CheckConstraint(
                condition=Q(state=State.SENDING, lease_until__isnull=False)
                | (~Q(state=State.SENDING) & Q(lease_until=None)),
                name="submission_sending_has_lease",
            ),
            models.CheckConstraint(
                condition=Q(state__in=SETTLED, settled_at__isnull=False) | (~Q(state__in=SETTLED) & Q(settled_at=None)),
                name="submission_settled_has_time",
            ),
            models.CheckConstraint(
                condition=Q(needs_person_since=None) | Q(state__in=[State.UNCONFIRMED, State.QUEUED]),
                name="submission_needs_person_is_open",
            ),
            models.CheckConstraint(
                condition=Q(content_hash="") | Q(content_salt__isnull=False), name="submission_hash_has_salt"
            ),
            # Read-back can then never credit the wrong rows.
            models.UniqueConstraint(
                fields=("organisation", "opportunity_id"),
                condition=Q(state__in=[State.SENDING, State.UNCONFIRMED], needs_person_since=None),
                name="opportunity_has_one_submission_in_flight",
            ),
        )

    def __str__(self) -> str:
        return f"{self.public_id} ({self.state})"

    @property
    def is_settled(self) -> bool:
        """Whether it has come to rest."""
        return self.state in SETTLED

    def is_for_another(self, account: Account) -> bool:
        """Whether today's account is known, and has another organisation or address than this was submitted for."""
        return bool(account.organisation) and (self.organisation, self.host) != (account.organisation, account.host)

    @property
    def title(self) -> str:
        """What it is called on pages; its opportunity's id when the name was removed."""
        return self.opportunity_name or f"opportunity {self.opportunity_id}"


class Row(models.Model):
    """One activity to post: what is sent, what the person saw, and what became of it."""

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="rows")
    number = models.PositiveSmallIntegerField()
    code = models.PositiveIntegerField()
    type_name = models.CharField(max_length=200, blank=True)
    owner_email = models.CharField(max_length=254)
    owner_name = models.CharField(max_length=200, blank=True)
    note = models.TextField(blank=True)
    # [{"schema_name", "value", "label", "shown", "fields": […]}]: sent values beside the words that stood on the page
    fields = models.JSONField(default=list)
    salt = models.BinaryField(max_length=16, null=True, default=new_salt)
    purged_by_seq = models.BigIntegerField(null=True, blank=True)

    # The row of an earlier submission that this one puts right, and a mark that LeadSquared keeps with the activity.
    follows = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="followed_by")
    reference = models.CharField(max_length=20, blank=True)
    outcome = models.CharField(max_length=20, choices=Outcome, default=Outcome.PENDING)
    outcome_at = models.DateTimeField(null=True, blank=True)
    activity_id = models.CharField(max_length=36, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    said = models.TextField(blank=True)
    exception_type = models.CharField(max_length=200, blank=True)
    problem_field = models.CharField(max_length=100, blank=True)

    class Meta:
        indexes = (models.Index(fields=("outcome", "id"), name="row_by_outcome"),)
        constraints = (
            models.UniqueConstraint(fields=("submission", "number"), name="row_number_is_unique"),
            models.UniqueConstraint(
                fields=("activity_id",), condition=~Q(activity_id=""), name="activity_belongs_to_one_row"
            ),
            models.UniqueConstraint(fields=("reference",), condition=~Q(reference=""), name="row_reference_is_unique"),
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="row_outcome_is_known"),
            models.CheckConstraint(condition=Q(number__gte=1, number__lte=LARGEST), name="row_number_is_1_to_25"),
            models.CheckConstraint(
                condition=(Q(outcome=Outcome.CREATED) & ~Q(activity_id=""))
                | (~Q(outcome=Outcome.CREATED) & Q(activity_id="")),
                name="row_created_has_activity_id",
            ),
            models.CheckConstraint(
                condition=~Q(outcome__in=[Outcome.REJECTED, Outcome.NOT_CREATED])
                | ~Q(reason="")
                | Q(purged_by_seq__isnull=False),
                name="row_refused_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(outcome=Outcome.PENDING, outcome_at=None)
                | (~Q(outcome=Outcome.PENDING) & Q(outcome_at__isnull=False)),
                name="row_outcome_has_time",
            ),
        )

    def __str__(self) -> str:
        return f"row {self.number} of {self.submission_id} ({self.outcome})"

    @property
    def seen_fields(self) -> list[dict[str, Any]]:
        """The custom fields as they stood on the page; a field set's inner fields stand on their own."""
        return [inner for each in self.fields for inner in (each.get("fields") or [each])]

    @property
    def labels(self) -> list[str]:
        """What stands where; rows of a type share their labels only where these are the same."""
        return [str(each["label"]) for each in self.seen_fields]


class Verdict(models.TextChoices):
    """How an attempt ended; the words are those of the client's errors."""

    OPEN = "open", "No answer yet"
    ANSWERED = "answered", "Answered"
    NOT_SENT = "not_sent", "Not sent"
    RATE_LIMITED = "rate_limited", "Turned away by the rate limit"
    UNAUTHORIZED = "unauthorized", "Keys not accepted"
    REFUSED = "refused", "Refused"
    UNCLEAR = "unclear", "No clear answer"


class Attempt(models.Model):
    """One call of the bulk API: the exact bytes that left, and what came back before anybody parsed it."""

    RESTORED: Final = "restore"

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    lease_until = models.DateTimeField()
    worker = models.CharField(max_length=100)
    # Which rows the call carries, in its order: a retry leaves out what was found to exist after all.
    row_numbers = models.JSONField(default=list)
    url = models.CharField(max_length=500)
    request = models.BinaryField(null=True)
    salt = models.BinaryField(max_length=16, null=True, default=new_salt)
    answered_at = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    headers = models.JSONField(default=dict)
    answer = models.BinaryField(null=True)
    complete = models.BooleanField(default=False)
    verdict = models.CharField(max_length=20, choices=Verdict, default=Verdict.OPEN)
    said = models.TextField(blank=True)
    purged_by_seq = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("submission", "number"), name="attempt_number_is_unique"),
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="attempt_verdict_is_known"),
            models.CheckConstraint(
                condition=Q(answered_at=None) | Q(answered_at__gte=F("started_at")),
                name="attempt_answered_after_start",
            ),
            models.CheckConstraint(
                condition=Q(status=None) | Q(answer__isnull=False) | Q(salt=None),
                name="attempt_status_has_answer",
            ),
        )

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.submission_id} ({self.verdict})"

    @property
    def is_stand_in(self) -> bool:
        """Whether it stands for those that a restored backup has not seen; nothing was sent with it."""
        return self.worker == self.RESTORED


class Look(models.Model):
    """One read-back: what LeadSquared held when it was asked, as far as it may be of this submission."""

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="looks")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    succeeded = models.BooleanField(default=False)
    whole = models.BooleanField(default=False)
    # Ids of all activities in the window, and the contents of those that no row explains.
    seen = models.JSONField(default=list)
    leftovers = models.JSONField(default=list)
    summary = models.CharField(max_length=500, blank=True)
    salt = models.BinaryField(max_length=16, null=True, default=new_salt)
    purged_by_seq = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("submission", "number"), name="look_number_is_unique"),)

    def __str__(self) -> str:
        return f"look {self.number} of {self.submission_id}"


class Recheck(models.Model):
    """What LeadSquared held of a submission's created rows when somebody checked again."""

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="rechecks")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    # Whether the list was whole; only then is what it lacks gone.
    whole = models.BooleanField()
    held = models.JSONField(default=list)
    salt = models.BinaryField(max_length=16, null=True, default=new_salt)
    purged_by_seq = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("submission", "number"), name="recheck_number_is_unique"),)

    def __str__(self) -> str:
        return f"recheck {self.number} of {self.submission_id}"
