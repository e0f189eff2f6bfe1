"""Django's entry to the product: its triggers and single rows stand after every migration."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ActivitiesConfig(AppConfig):
    """The product."""

    name = "activities"

    def ready(self) -> None:
        """Connect what follows a migration, and the system checks."""
        from activities import checks  # noqa: F401  (registers itself)

        post_migrate.connect(_after_migrate, sender=self)


def _after_migrate(**_: Any) -> None:
    from activities import audit, counting, indexing
    from activities.models import Account

    audit.install_guards()
    Account.objects.get_or_create(pk=1)
    if indexing.catch_up():
        counting.recount_all()
