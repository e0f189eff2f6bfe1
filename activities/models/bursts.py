"""Sign-ins that failed in a burst: counted here, so that the record gets one entry for all but the first."""

from __future__ import annotations

from django.db import models


class SignInBurst(models.Model):
    """Failed sign-ins from one address that are not in the record yet, and since when; no name that was typed."""

    address = models.CharField(max_length=45, unique=True)
    began_at = models.DateTimeField()
    last_at = models.DateTimeField(db_index=True)
    # Those after the first one, which is in the record already.
    more_count = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"burst from {self.address}"
