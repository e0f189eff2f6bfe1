"""The append-only, hash-chained record. Only audit.py writes it; guards.py and proving.py look at it.

Triggers refuse every change of an entry (installed by apps.py after each migration). Personal contents are not here:
an entry carries salted hashes of them, so that they can be purged and the chain still verifies.
"""

from __future__ import annotations

from django.db import models


class AuditEntry(models.Model):
    """One thing that happened. Actor and subject are text: the entry outlives whatever it names."""

    # How the entry is encoded before it is hashed; audit.py knows every version there was.
    version = models.PositiveSmallIntegerField()
    seq = models.BigIntegerField(unique=True)
    at = models.DateTimeField()
    action = models.CharField(max_length=60, db_index=True)
    actor_id = models.BigIntegerField(null=True, db_index=True)
    actor = models.CharField(max_length=200)
    address = models.CharField(max_length=45, blank=True)
    agent = models.CharField(max_length=200, blank=True)
    request_id = models.CharField(max_length=20, blank=True)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=40, db_index=True)
    subject = models.CharField(max_length=450)
    facts = models.JSONField(default=dict)
    contents = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        indexes = (
            models.Index(fields=("action", "id"), name="entry_by_action"),
            models.Index(fields=("actor_id", "id"), name="entry_by_actor"),
            models.Index(fields=("subject_id", "id"), name="entry_by_subject"),
            models.Index(fields=("actor_id", "action", "id"), name="entry_by_actor_and_action"),
            models.Index(fields=("at", "id"), name="entry_by_time"),
        )
        constraints = (
            # Two entries that follow the same one would be two chains.
            models.UniqueConstraint(fields=("previous_hash",), name="audit_entry_is_followed_by_one"),
        )

    def __str__(self) -> str:
        return f"{self.seq} {self.action}"


class AuditHead(models.Model):
    """The end of the chain: one row, locked by whoever appends."""

    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(pk=1), name="audit_head_is_the_only_one"),)

    def __str__(self) -> str:
        return f"head {self.seq}"


class AuditProof(models.Model):
    """What the latest verification found: one row. `tried_at` is when a worker took it on."""

    tried_at = models.DateTimeField(null=True)
    at = models.DateTimeField(null=True)
    entry_count = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)
    problems = models.JSONField(default=list)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(pk=1), name="audit_proof_is_the_only_one"),)

    def __str__(self) -> str:
        return f"proof of {self.entry_count} entries"
