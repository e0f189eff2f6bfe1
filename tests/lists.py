"""The sandbox's lists and account, asked for over HTTP once and put into the database of each test that wants them."""

from __future__ import annotations

from activities import catalog, connection
from activities.models import Account, CatalogEntry, CatalogKind

_entries: list[CatalogEntry] = []
_account: dict[str, str] = {}


def know_everything() -> None:
    """Know the lists, the fields of all types, and whose keys the sandbox's are."""
    if not _entries:
        found = connection.client().who_am_i()
        _account.update(organisation=found.organisation, user_name=found.user_name, host=connection.api_host())
        catalog.ensure()
        catalog.ensure(each.code for each in catalog.activity_types().records)
        _entries.extend(CatalogEntry.objects.filter(fetched_at__isnull=False))
        assert sum(entry.kind == CatalogKind.FIELDS for entry in _entries) == 25
    CatalogEntry.objects.all().delete()
    for entry in _entries:
        entry.pk = None
    CatalogEntry.objects.bulk_create(_entries)
    Account.objects.filter(pk=1).update(keys_mark=connection.keys_mark(), **_account)
