"""The ledger of calls to LeadSquared, what is known of the account, and which workers are alive."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class CallKind(models.TextChoices):
    """What a call was for; bulk calls have a limit of their own and background calls only a share of it."""

    BULK = "bulk", "Posting"
    READ = "read", "A person waits for it"
    BACKGROUND = "background", "Background"


class Call(models.Model):
    """One permitted call; the rate limit is counted over these rows, by the database's clock."""

    at = models.DateTimeField(db_index=True)
    kind = models.CharField(max_length=10, choices=CallKind)
    # Not stored: by when the call begins, as this process measures time; throttle.py says how long that is.
    begin_by: float = 0.0

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(kind__in=CallKind.values), name="call_kind_is_known"),)

    def __str__(self) -> str:
        return f"{self.kind} call {self.pk}"


class Account(models.Model):
    """The one LeadSquared account of this installation: whose keys these are, and whether it may be called now."""

    # An HMAC of the keys that the rest of this row was learnt with; other keys make it void.
    keys_mark = models.CharField(max_length=64, blank=True)
    organisation = models.CharField(max_length=64, blank=True)
    organisation_code = models.CharField(max_length=64, blank=True)
    host = models.CharField(max_length=255, blank=True)
    user_id = models.CharField(max_length=64, blank=True)
    user_name = models.CharField(max_length=200, blank=True)
    user_email = models.CharField(max_length=254, blank=True)
    role = models.CharField(max_length=100, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateTimeField(null=True, blank=True)
    rate_limited_count = models.PositiveIntegerField(default=0)
    hold_since = models.DateTimeField(null=True, blank=True)
    hold_reason = models.CharField(max_length=500, blank=True)
    hold_checked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(pk=1), name="account_is_the_only_one"),
            models.CheckConstraint(
                condition=Q(hold_since=None, hold_reason="") | (Q(hold_since__isnull=False) & ~Q(hold_reason="")),
                name="account_hold_has_reason",
            ),
        )

    def __str__(self) -> str:
        return f"{self.organisation} at {self.host}"


class Worker(models.Model):
    """A worker process that has been seen."""

    name = models.CharField(max_length=100, unique=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.name
