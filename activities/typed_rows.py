"""What stands in the row editor's inputs: a POST in, a draft's content out, character by character.

`typed` keeps everything, `change` adds, fills, removes, duplicates, moves and groups rows; what it means is forms.py's
matter. `static/js/editor/` does the same in the browser, at once: a change here is a change there.
"""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any, Final

from django.http import QueryDict

OTHER: Final = "other"
MOST_ROWS_READ: Final = 200
# Neither PostgreSQL nor a page can hold a NUL. Its picture stands for it until it is put right.
NUL_SHOWN: Final = "\u2400"
_VALUE_NAME: Final = re.compile(r"r(\d{1,3})-v(\d{1,9})-(.{1,200})")
_BARE_NAME: Final = re.compile(r"r(\d{1,3})-b(\d{1,3})-(name|value)")

Content = dict[str, Any]
TypedRow = dict[str, Any]


def typed(post: QueryDict) -> Content:
    """Return what stands in the inputs, character by character, as a draft's content."""
    digits = post.get("rows", "")
    count = min(int(digits), MOST_ROWS_READ) if digits.isdecimal() and len(digits) < 6 else 0
    rows = [_typed_row(post, number) for number in range(1, count + 1)]
    pairs: dict[tuple[int, int], dict[str, str]] = {}
    for name in post:
        if (match := _VALUE_NAME.fullmatch(kept(name))) and 0 < int(match[1]) <= count:
            values = [kept(value) for value in post.getlist(name)]
            of_type = rows[int(match[1]) - 1]["values"].setdefault(match[2], {})
            of_type[match[3]] = values[0] if len(values) == 1 else values
        elif (match := _BARE_NAME.fullmatch(name)) and 0 < int(match[1]) <= count:
            part = "schema_name" if match[3] == "name" else "value"
            pair = pairs.setdefault((int(match[1]), int(match[2])), {"schema_name": "", "value": ""})
            pair[part] = kept(str(post[name]))
    for (number, _), pair in pairs.items():
        if pair["schema_name"] or pair["value"]:
            rows[number - 1]["bare"].append(pair)
    return {"rows": rows, "skip_option_check": "skip_option_check" in post}


def change(content: Content, do: str, *, default_owner: str = "") -> tuple[Content, int]:
    """Carry out a button of the editor; return the new content and the number of the row to look at.

    `do` is `add` or `group`, or `below`, `filldown`, `remove`, `duplicate`, `up` or `down` with a row's number, such as
    `up-3`; anything else only draws the rows anew.
    """
    rows = deepcopy(content["rows"])
    verb, _, digits = do.partition("-")
    index = int(digits) - 1 if digits.isdecimal() and len(digits) < 4 else -1
    looked_at = index
    if do == "group":
        rows = _grouped(rows)
    elif verb == "add":
        rows.append(blank(default_owner))
        looked_at = len(rows) - 1
    elif 0 <= index < len(rows):
        looked_at = _change_row(rows, verb, index)
    return {**content, "rows": rows}, max(0, min(looked_at, len(rows) - 1)) + 1


def _change_row(rows: list[TypedRow], verb: str, index: int) -> int:
    """Carry out what a row's menu offers, in the list itself; return the place of the row to look at."""
    row = rows[index]
    if verb == "remove":
        del rows[index]
    elif verb == "below":
        rows.insert(index + 1, {**blank(row["owner"]), "code": row["code"], "by_code": row.get("by_code")})
    elif verb == "duplicate":
        rows.insert(index + 1, {**deepcopy(row), "follows": None, "refused": None})
    elif verb == "filldown" and index > 0:
        rows[index] = _filled(row, rows[index - 1])
    elif verb in {"up", "down"}:
        to = max(0, min(len(rows) - 1, index + (1 if verb == "down" else -1)))
        rows.insert(to, rows.pop(index))
        return to
    return index + 1 if verb in {"below", "duplicate"} else index


def _grouped(rows: list[TypedRow]) -> list[TypedRow]:
    """Sort rows by type, the types in the order in which they first appear; rows without one come last."""
    first: dict[str, int] = {}
    for place, row in enumerate(rows):
        first.setdefault(row["code"], place if row["code"] else len(rows))
    return sorted(rows, key=lambda row: first[row["code"]])


def _filled(row: TypedRow, above: TypedRow) -> TypedRow:
    """Fill what is empty in a row from the row above it; fields only from a row of the same type."""
    full = {**row, "owner": row["owner"] or above["owner"], "note": row["note"] or above["note"]}
    if not row["code"] and not row.get("by_code"):
        full |= {"code": above["code"], "by_code": above.get("by_code")}
    code = full["code"]
    if code == above["code"]:
        own = {name: value for name, value in row["values"].get(code, {}).items() if value}
        full["values"] = {**row["values"], code: {**deepcopy(above["values"].get(code, {})), **own}}
        full["bare"] = row["bare"] or deepcopy(above["bare"])
    return full


def codes(content: Content) -> set[int]:
    """Return the activity types that the rows use, so that their fields can be loaded."""
    return {int(row["code"]) for row in content["rows"] if is_code(row["code"])}


def _typed_row(post: QueryDict, number: int) -> TypedRow:
    chosen = post.get(f"r{number}-type", "")
    by_code = chosen == OTHER
    return {
        "code": kept(post.get(f"r{number}-code", "").strip() if by_code else chosen),
        "by_code": by_code,
        "drawn": kept(post.get(f"r{number}-drawn", "")),
        "owner": kept(post.get(f"r{number}-owner", "")),
        "note": kept(post.get(f"r{number}-note", "")),
        "follows": _id(post.get(f"r{number}-follows", "")),
        "refused": {
            "field": kept(post.get(f"r{number}-refused-field", "")),
            "reason": kept(post.get(f"r{number}-refused-reason", "")),
        },
        "values": {},
        "bare": [],
    }


def kept(text: str) -> str:
    """Return a text as a draft keeps it: line ends as before their way through a form, and NUL by its picture."""
    return text.replace("\r\n", "\n").replace("\x00", NUL_SHOWN)


def meant(text: str) -> str:
    """Return a kept text as it was typed, for the checks to find what must not be sent."""
    return text.replace(NUL_SHOWN, "\x00")


def blank(owner: str) -> TypedRow:
    return {"code": "", "by_code": False, "owner": owner, "note": "", "values": {}, "bare": []}


def is_blank(row: TypedRow) -> bool:
    """Whether nobody has typed anything into a row; an owner is there by itself."""
    values = any(value for of_type in row["values"].values() for value in of_type.values())
    return not (row["code"] or row["note"] or values or row["bare"] or row.get("by_code"))


def filled_count(content: Content) -> int:
    """Count the rows that are more than empty."""
    return sum(not is_blank(row) for row in content["rows"])


def _id(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


def is_code(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) > 0
