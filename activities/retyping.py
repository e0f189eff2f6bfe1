"""What survives a change of a row's activity type: values of fields that both types have, by schema name and kind.

The page says for which type a row's fields were drawn; a row that comes back with another type was retyped. What was
typed for the old type stays as well, in case the person goes back.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from activities import fields, typed_rows
from activities.catalog import Catalog, CatalogField
from activities.typed_rows import Content, TypedRow


def codes(content: Content) -> set[int]:
    """Return the types whose fields have to be known to carry values over; none where no row was retyped."""
    found = {code for row in content["rows"] if _is_retyped(row) for code in (row["code"], *row["values"])}
    return {int(code) for code in found if typed_rows.is_code(code)}


def carried(content: Content, catalog: Catalog) -> Content:
    """Return the content with the values of retyped rows under their new type too, where it has a place for them."""
    rows = [_carried(row, catalog, any_text=content["skip_option_check"]) for row in content["rows"]]
    return {**content, "rows": rows}


def _is_retyped(row: TypedRow) -> bool:
    drawn = row.get("drawn", "")
    return bool(drawn) and drawn != row["code"] and typed_rows.is_code(row["code"])


def _carried(row: TypedRow, catalog: Catalog, *, any_text: bool) -> TypedRow:
    if not _is_retyped(row):
        return row
    # What was in view last comes first; then what was typed for types before that.
    sources = sorted(row["values"], key=lambda code: bool(code != row["drawn"]))
    old = [(_fields(catalog, code), row["values"][code]) for code in sources if code != row["code"]]
    new = deepcopy(row["values"].get(row["code"], {}))
    for key, field in _fields(catalog, row["code"]).items():
        if any(_each(new.get(key, ""))):
            continue
        for known, values in old:
            fit = _fitting(field, values.get(key, ""), new, any_text=any_text)
            if fit and key in known and _is_alike(known[key], field):
                new[key] = fit
                break
    values = {**row["values"], **({row["code"]: new} if new else {})}
    return {**row, "values": values, "drawn": row["code"]}


def _fields(catalog: Catalog, code: str) -> dict[str, CatalogField]:
    """The fields that are drawn for a type, by the key of their values."""
    return dict(_keyed(catalog.fields_of(int(code)))) if typed_rows.is_code(code) else {}


def _keyed(offered: tuple[CatalogField, ...]) -> Iterator[tuple[str, CatalogField]]:
    for field in offered:
        if field.inner:
            yield from ((f"{field.schema_name}~{each.schema_name}", each) for each in field.inner)
        else:
            yield field.schema_name, field


def _is_alike(one: CatalogField, other: CatalogField) -> bool:
    return one.kind == other.kind and one.multiple == other.multiple


def _fitting(field: CatalogField, value: Any, new: dict[str, Any], *, any_text: bool) -> Any:
    """The part of a value that the field can hold; empty where there is none. A dependent list follows its parent."""
    typed = [each for each in _each(value) if each]
    offered = fields.options(field, parent_value=str(new.get(field.parent, "")) if field.parent else "")
    is_choice = bool(field.options or field.by_parent) and not any_text
    kept = [each for each in typed if each in offered] if is_choice else typed
    return kept if isinstance(value, list) and len(kept) > 1 else "".join(kept[:1])


def _each(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
