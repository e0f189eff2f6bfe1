"""BOTH: rows as LeadSquared should hold them, and the columns to ask for before they can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from activities import connection
from activities.leadsquared.records import User
from activities.matching import Expected, Person
from activities.models import Row


def row_as_sent(row: Row, users: Sequence[User]) -> Expected:
    """Return a row as it should be found; `users` are those of the catalog, who tell the owner's id."""
    owner = next((each for each in users if each.email.casefold() == row.owner_email.casefold()), None)
    return Expected(
        number=row.number,
        code=row.code,
        note=row.note,
        owner=Person(id=owner.id if owner else "", name=row.owner_name, email=row.owner_email),
        values=_sent_values(row.fields),
        reference=row.reference,
    )


def ourselves(users: Sequence[User]) -> Person:
    """Return whom LeadSquared names as the creator of what the portal posts: the keys' user."""
    account = connection.account()
    email = account.user_email or next((each.email for each in users if each.id == account.user_id), "")
    return Person(id=account.user_id, name=account.user_name, email=email)


def columns(rows: Sequence[Row]) -> list[str]:
    """Return the SchemaNames of all that was sent; those inside a field set are columns too: leadsquared-api §5."""
    names = {field["schema_name"] for row in rows for field in row.fields}
    return sorted(names.union(*(_sent_values(row.fields) for row in rows)))


def _sent_values(fields: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    values = {}
    for field in fields:
        for inner in field.get("fields") or ():
            values[f"{field['schema_name']}~{inner['schema_name']}"] = inner["value"]
        if not field.get("fields"):
            values[field["schema_name"]] = field["value"]
    return values
