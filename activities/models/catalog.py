"""What LeadSquared offers (activity types, their fields, users), as it was told to us last, with its age."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class CatalogKind(models.TextChoices):
    """The lists that the portal keeps."""

    ACTIVITY_TYPES = "activity_types", "Activity types"
    FIELDS = "fields", "Fields and options of an activity type"
    OPPORTUNITY_TYPES = "opportunity_types", "Opportunity types"
    USERS = "users", "Users"


class CatalogEntry(models.Model):
    """One list, as JSON records; `key` is the activity type's code for FIELDS and empty for the others."""

    kind = models.CharField(max_length=20, choices=CatalogKind)
    key = models.CharField(max_length=20, blank=True)
    records = models.JSONField(default=list)
    fetched_at = models.DateTimeField(null=True, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("kind", "key"), name="catalog_entry_is_unique"),
            models.CheckConstraint(condition=Q(kind__in=CatalogKind.values), name="catalog_kind_is_known"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
