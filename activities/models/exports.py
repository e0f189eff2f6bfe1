"""What was asked for as a file, how far a worker is with it, and the file itself, in parts, for a day.

The file lies in the database: web servers and workers of any number of hosts share nothing else.
"""

from __future__ import annotations

import uuid
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q


class ExportState(models.TextChoices):
    """Where an export stands."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Being written"
    DONE = "done", "Ready"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Failed"
    REMOVED = "removed", "Removed"


class FileFormat(models.TextChoices):
    """What a list is written as; the value is the end of the file's name."""

    CSV = "csv", "CSV"
    JSON_LINES = "jsonl", "JSON Lines"
    XLSX = "xlsx", "Excel"


class Listing(models.TextChoices):
    """The lists that can be exported."""

    SUBMISSIONS = "submissions", "Submissions"
    ACTIVITIES = "activities", "Created activities"
    ENTRIES = "entries", "Audit entries"


OPEN: Final = (ExportState.QUEUED, ExportState.RUNNING)
_RUNNING: Final = Q(state=ExportState.RUNNING)
_HAS_FILE: Final = Q(state__in=[ExportState.DONE, ExportState.REMOVED])


class Export(models.Model):
    """One list that a worker writes into a file for one person."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="exports")
    listing = models.CharField(max_length=20, choices=Listing)
    file_format = models.CharField(max_length=10, choices=FileFormat)
    # The filter as it was asked for, for the worker, and the same in words, for people.
    filters = models.JSONField(default=dict)
    narrowed_to = models.TextField(blank=True)
    file_name = models.CharField(max_length=150)
    # What is newer than this id came after the person asked.
    newest = models.BigIntegerField()

    state = models.CharField(max_length=20, choices=ExportState, default=ExportState.QUEUED)
    line_count = models.PositiveBigIntegerField(default=0)
    of_about = models.PositiveBigIntegerField(null=True, blank=True)
    byte_count = models.PositiveBigIntegerField(default=0)
    explanation = models.CharField(max_length=500, blank=True)
    # Counts each time that a worker began: a worker that lost its lease finds another number here.
    begun_count = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=("owner", "id"), name="export_by_owner"),
            models.Index(fields=("id",), name="export_open", condition=Q(state__in=OPEN)),
            models.Index(fields=("expires_at",), name="export_expires", condition=Q(state=ExportState.DONE)),
        )
        constraints = (
            models.CheckConstraint(condition=Q(state__in=ExportState.values), name="export_state_is_known"),
            models.CheckConstraint(condition=Q(file_format__in=FileFormat.values), name="export_format_is_known"),
            models.CheckConstraint(condition=Q(listing__in=Listing.values), name="export_listing_is_known"),
            models.CheckConstraint(
                condition=(_RUNNING & Q(lease_until__isnull=False)) | (~_RUNNING & Q(lease_until=None)),
                name="export_running_has_lease",
            ),
            models.CheckConstraint(
                condition=(Q(state__in=OPEN) & Q(finished_at=None))
                | (~Q(state__in=OPEN) & Q(finished_at__isnull=False)),
                name="export_at_rest_has_time",
            ),
            models.CheckConstraint(
                condition=(_HAS_FILE & Q(expires_at__isnull=False)) | (~_HAS_FILE & Q(expires_at=None)),
                name="export_file_has_an_end",
            ),
            models.CheckConstraint(
                condition=~Q(state=ExportState.FAILED) | ~Q(explanation=""), name="export_failed_has_reason"
            ),
        )

    def __str__(self) -> str:
        return f"export {self.public_id} ({self.state})"

    @property
    def is_open(self) -> bool:
        """Whether a worker still has to do with it."""
        return self.state in OPEN


class ExportPart(models.Model):
    """A piece of the file, packed by zlib, so that neither side ever holds the whole."""

    export = models.ForeignKey(Export, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("export", "number"), name="export_part_number_is_unique"),)

    def __str__(self) -> str:
        return f"part {self.number} of export {self.export_id}"
