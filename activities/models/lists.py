"""What lists and charts are made from: derived of submissions and their rows, and made anew at any time (indexing.py).

The record itself is models/submissions.py; whatever stands here can be thrown away and built again.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q

from activities.models.submissions import Outcome, Row, Submission

# A submission has 25 rows at most, so five bits hold a row's number.
PLACES_OF_SUBMISSION: Final = 32


def place_of(submission_id: int, number: int) -> int:
    """Return where a row stands in every list: by submission, then by number."""
    return submission_id * PLACES_OF_SUBMISSION + number


class ListedRow(models.Model):
    """One row with everything that it can be found by, in the order of all lists."""

    # An "auto" field only because SQLite keeps no other key in the table itself; it is always given (`place_of`).
    place = models.BigAutoField(primary_key=True)
    row = models.OneToOneField(Row, models.PROTECT, related_name="listed")
    submission = models.ForeignKey(Submission, models.PROTECT, related_name="listed_rows", db_index=False)
    submitted_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="listed_rows", db_index=False)
    code = models.PositiveIntegerField()
    # In lower case: people type addresses in any.
    owner = models.CharField(max_length=254)
    outcome = models.CharField(max_length=20, choices=Outcome)
    opportunity_id = models.CharField(max_length=36)
    lead_id = models.CharField(max_length=36, blank=True)
    activity_id = models.CharField(max_length=36, blank=True)
    # Its words for the search, each with the number of its bucket before it (words.py). The index over them is made
    # by a migration: FTS5 on SQLite, GIN on PostgreSQL.
    words = models.TextField(blank=True)

    class Meta:
        indexes = (
            # One for each filter, one for each pair of those that have few values; each is walked in the lists' order.
            models.Index(fields=("created_by", "place"), name="listed_by_person"),
            models.Index(fields=("code", "place"), name="listed_by_type"),
            models.Index(fields=("owner", "place"), name="listed_by_owner"),
            models.Index(fields=("outcome", "place"), name="listed_by_outcome"),
            models.Index(fields=("opportunity_id", "place"), name="listed_by_opportunity"),
            models.Index(fields=("lead_id", "place"), name="listed_by_lead"),
            models.Index(fields=("created_by", "code", "place"), name="listed_by_person_and_type"),
            models.Index(fields=("created_by", "owner", "place"), name="listed_by_person_and_owner"),
            models.Index(fields=("created_by", "outcome", "place"), name="listed_by_person_and_outcome"),
            models.Index(fields=("code", "owner", "place"), name="listed_by_type_and_owner"),
            models.Index(fields=("code", "outcome", "place"), name="listed_by_type_and_outcome"),
            models.Index(fields=("owner", "outcome", "place"), name="listed_by_owner_and_outcome"),
            models.Index(fields=("submitted_at",), name="listed_by_time"),
            models.Index(fields=("activity_id",), name="listed_by_activity", condition=~Q(activity_id="")),
        )

    def __str__(self) -> str:
        return f"row at {self.place}"


class DayCount(models.Model):
    """How many rows of one day have each outcome: of everybody and every type, of one person, of one type, of both."""

    day = models.DateField()
    # 0 stands for all: NULL would make neither a key nor an index.
    person_id = models.BigIntegerField(default=0)
    code = models.PositiveIntegerField(default=0)
    # Named as in Outcome. One line has them all: a chart of two years reads as many lines however much was posted.
    pending = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    not_created = models.PositiveIntegerField(default=0)
    unconfirmed = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("person_id", "code", "day"), name="day_is_counted_once"),
            models.CheckConstraint(condition=~Q(**dict.fromkeys(Outcome.values, 0)), name="day_count_is_of_rows"),
        )
        indexes = (
            models.Index(fields=("day",), name="day_count_by_day"),
            # With all that a chart adds up, so that no line is fetched for it.
            models.Index(fields=("person_id", "code", "day", *Outcome.values), name="day_count_of_person"),
            models.Index(fields=("code", "person_id", "day", *Outcome.values), name="day_count_of_type"),
        )

    def __str__(self) -> str:
        return f"rows of {self.day}"


class ChangedDay(models.Model):
    """A day whose rows changed since it was counted; whoever counts it anew takes away just the marks that he saw."""

    day = models.DateField()

    def __str__(self) -> str:
        return str(self.day)
