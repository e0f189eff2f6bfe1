"""The sandbox's lists and account, asked for over HTTP once and put into the database of each test that wants them."""

from __future__ import annotations

from django.db import transaction

from activities import audit, catalog, connection
from activities.models import Account, CatalogEntry, CatalogKind

_entries: list[CatalogEntry] = []
_account: dict[str, str] = {}


def know_everything() -> None:
    """Know the lists, the fields of all types, and whose keys the sandbox's are."""
    if not _entries:
        _ask()
    CatalogEntry.objects.all().delete()
    for entry in _entries:
        entry.pk = None
    CatalogEntry.objects.bulk_create(_entries)
    Account.objects.filter(pk=1).update(keys_mark=connection.keys_mark(), **_account)


def _ask() -> None:
    """Ask, and leave nothing in the database: the first test must not differ from the second."""
    with transaction.atomic():
        catalog.refresh_now(by=audit.PORTAL)
        catalog.ensure(each.code for each in catalog.activity_types().records)
        _entries.extend(CatalogEntry.objects.filter(fetched_at__isnull=False))
        assert sum(entry.kind == CatalogKind.FIELDS for entry in _entries) == 25
        known = connection.identify()
        names = ("organisation", "organisation_code", "user_name", "user_id", "role", "host")
        _account.update({name: getattr(known, name) for name in names if hasattr(known, name)})
        transaction.set_rollback(True)
