"""Django's entry to the product: its triggers make way for a migration; they and single rows stand after each."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class ActivitiesConfig(AppConfig):
    """The product."""

    name = "activities"

    def ready(self) -> None:
        """Connect what follows a migration, and the system checks."""
        from activities import checks  # noqa: F401  (registers itself)

        pre_migrate.connect(_before_migrate, sender=self)
        post_migrate.connect(_after_migrate, sender=self)


def _before_migrate(plan: list[Any] | None = None, **_: Any) -> None:
    from activities import guards

    if plan:
        guards.remove()


def _after_migrate(**_: Any) -> None:
    from activities import counting, guards, indexing
    from activities.models import Account

    guards.install()
    Account.objects.get_or_create(pk=1)
    if indexing.catch_up():
        counting.recount_all()
