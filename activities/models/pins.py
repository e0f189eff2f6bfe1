"""Opportunities that a person keeps at hand."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Pin(models.Model):
    """One opportunity that one person pinned, as it looked when it was last opened."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="pins")
    organisation = models.CharField(max_length=64)
    # In lower case: LeadSquared's calls do not agree on the case of an id.
    opportunity_id = models.CharField(max_length=36)
    # What opportunities.facts says: name, lead, type, stage, status, owner; nothing when that has been purged.
    opportunity = models.JSONField(default=dict)
    copied_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("owner", "organisation", "opportunity_id"), name="opportunity_is_pinned_once_by_a_person"
            ),
        )

    def __str__(self) -> str:
        return f"pin {self.pk} on {self.opportunity_id}"
