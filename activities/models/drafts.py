"""Unsent work, kept on the server from the first press of a button."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


class Draft(models.Model):
    """What one person has typed for one opportunity; its UUID becomes the submission's."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="drafts")
    opportunity_id = models.CharField(max_length=36)
    # What the picked opportunity looked like: name, type, lead, stage; shown on the page and copied at submit.
    opportunity = models.JSONField(default=dict)
    # Exactly what stands in the inputs, as text: forms.py reads it, nothing else does.
    content = models.JSONField(default=dict)
    follows = models.ForeignKey("activities.Submission", models.PROTECT, null=True, blank=True, related_name="drafts")
    # Each save is one version on; a page saves only over the version that it knows.
    version = models.PositiveIntegerField(default=1)
    # The page that saved last, by a random name of its own, and the number of that save among the page's saves:
    # a page may save again before it has heard of its last save, and an older save may arrive after a newer one.
    edited_in = models.CharField(max_length=36, default="", blank=True)
    edit_number = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("owner", "updated_at"), name="draft_by_owner"),)

    def __str__(self) -> str:
        return f"draft {self.public_id}"
