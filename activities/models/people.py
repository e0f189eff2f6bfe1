"""The people who use the portal. They are deactivated, never deleted: the record names them for good."""

from __future__ import annotations

import zoneinfo
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

LONGEST_EMAIL = 254  # RFC 5321


class Role(models.TextChoices):
    """What a person may do; permissions.py has the rules."""

    POSTER = "poster", "Poster"
    AUDITOR = "auditor", "Auditor"
    ADMINISTRATOR = "administrator", "Administrator"


class People(BaseUserManager["User"]):
    """Finds people by e-mail, whatever its case."""

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the person with this e-mail address."""
        return self.get(email__iexact=username)

    def create_person(self, *, email: str, name: str, password: str, role: str, **more: Any) -> User:
        """Store a new person with a hashed password."""
        person = User(email=self.normalize_email(email).lower(), name=name, role=role, **more)
        person.set_password(password)
        person.save()
        return person


class User(AbstractBaseUser):
    """One person of the portal, signed in by e-mail."""

    email = models.EmailField(max_length=LONGEST_EMAIL, unique=True)
    name = models.CharField(max_length=150)
    role = models.CharField(max_length=20, choices=Role)
    time_zone = models.CharField(max_length=64, default="Asia/Kolkata")
    lsq_email = models.EmailField("LeadSquared user", max_length=LONGEST_EMAIL, blank=True)
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    deactivated_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[People] = People()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name", "role"]

    class Meta:
        constraints = (
            models.UniqueConstraint(Lower("email"), name="person_email_is_unique_in_any_case"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="person_role_is_known"),
            models.CheckConstraint(
                condition=Q(is_active=True, deactivated_at=None) | Q(is_active=False, deactivated_at__isnull=False),
                name="person_inactive_since_is_known",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The person's time zone."""
        return zoneinfo.ZoneInfo(self.time_zone)
