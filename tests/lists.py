"""The sandbox's lists and account, asked for over HTTP once and put into the database of each test that wants them."""

from __future__ import annotations

from django.db import transaction

from activities import audit, catalog, connection
from activities.models import Account, CatalogEntry, CatalogKind

_known: list[tuple[list[CatalogEntry], dict[str, str]]] = []


def know_everything() -> None:
    """Know the lists, the fields of all types, and whose keys the sandbox's are."""
    if not _known:
        _known.append(_asked())
    entries, account = _known[0]
    CatalogEntry.objects.all().delete()
    for entry in entries:
        entry.pk = None
    CatalogEntry.objects.bulk_create(entries)
    Account.objects.filter(pk=1).update(keys_mark=connection.keys_mark(), **account)


def _asked() -> tuple[list[CatalogEntry], dict[str, str]]:
    """Ask, and leave nothing in the database: the first test must not differ from the second."""
    with transaction.atomic():
        catalog.refresh_now(by=audit.PORTAL)
        catalog.ensure(each.code for each in catalog.activity_types().records)
        entries = list(CatalogEntry.objects.filter(fetched_at__isnull=False))
        assert sum(entry.kind == CatalogKind.FIELDS for entry in entries) == 25
        known = connection.identify()
        names = ("organisation", "organisation_code", "user_name", "user_id", "role", "host")
        transaction.set_rollback(True)
    return entries, {name: getattr(known, name) for name in names if hasattr(known, name)}
