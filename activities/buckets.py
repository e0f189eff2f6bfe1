"""Which buckets a word stands in: a search for a rare word asks those alone, and not each that there is.

A worker lists the words of a bucket once no new rows come into it. Whoever changes a line marks its bucket in the same
transaction; until a worker has listed it anew, searches ask it as if it never had been listed.
"""

from __future__ import annotations

import json
import random
import re
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from django.db import connection, transaction

from activities import locks, words
from activities.models import ListedRow

# A table of its own without a model: it needs no key of its own, and on SQLite is nothing but its index.
TABLE: Final = "activities_wordbucket"
# In the place of a word: that the bucket's words are listed, and the mark of whoever changes its lines. That of who
# lists them begins with the same sign; no word does.
_LISTED, _CHANGED = "", "!"
# Of an id, or of what may be the beginning of one, these tell as much as all of it.
_HEX: Final = re.compile("[0-9a-f]*")
_LETTERS_OF_HEX: Final = 12
_BEYOND: Final = "\x7f"
# A beginning of more words than these is not rare.
_MOST_ENTRIES: Final = 2_000
# Of a search of more words these are asked for: which buckets cannot have all of them is a matter of the rare ones.
_MOST_WORDS: Final = 50
_AT_ONCE: Final = 10_000
_LOCK: Final = 7_201_406
# The newest bucket is never listed, and on PostgreSQL has thousands of marks: these are not read.
_LISTED_BUCKETS: Final = (
    f"SELECT bucket FROM {TABLE} WHERE word = %s EXCEPT SELECT bucket FROM {TABLE} WHERE word = %s "
    f"AND bucket <= (SELECT max(bucket) FROM {TABLE} WHERE word = %s)"
)
_IS_LISTED: Final = (_LISTED, _CHANGED, _LISTED)


def holding(buckets: Sequence[int], searched: Sequence[str]) -> list[int]:
    """Return those of the buckets, in their order, in which a row may have all these words, by their beginnings."""
    searched = searched[:_MOST_WORDS]
    listed: set[int] = set()
    found: list[list[int]] = [[] for _ in searched]
    for number, bucket in _listed_and_found(searched):
        listed.add(bucket) if number is None else found[number].append(bucket)
    telling = [set(entries) for entries in found if len(entries) < _MOST_ENTRIES]
    left_out = {bucket for bucket in listed if any(bucket not in entries for entries in telling)}
    return [bucket for bucket in buckets if bucket not in left_out]


def mark(places: Iterable[int], gone: Collection[str] = ()) -> None:
    """Note that lines at these places changed, in their transaction; `gone` are marked words that they had before."""
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {TABLE} (word, bucket) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [(_CHANGED, bucket) for bucket in sorted({words.bucket_of(place) for place in places})],
        )
        if entries := sorted(set(_entries_of(gone))):
            # What is being listed right now may have been read before.
            _wait_for_listing()
            cursor.executemany(f"DELETE FROM {TABLE} WHERE word = %s AND bucket = %s", entries)


def list_due(*, most: int = 1) -> int:
    """WORKER: list the words of buckets that are full and not listed, at most of so many; return of how many."""
    newest = ListedRow.objects.order_by("-place").values_list("place", flat=True).first() or 0
    listed = {bucket for (bucket,) in _run(_LISTED_BUCKETS, *_IS_LISTED)}
    due = [bucket for bucket in range(words.bucket_of(newest)) if bucket not in listed]
    # Any of them: workers that all began with the same one would stop each other.
    return sum(_list(bucket) for bucket in random.sample(due, min(most, len(due))))


def missed(words_at: Mapping[int, str]) -> set[int]:
    """Return at which of these places a row has words that no search finds there, though their bucket is listed."""
    entries_at = {place: set(_entries_of(text.split())) for place, text in words_at.items()}
    missing = _run(
        f"SELECT word, bucket FROM {_json_rows()} WHERE bucket IN ({_LISTED_BUCKETS}) "
        f"AND NOT EXISTS (SELECT 1 FROM {TABLE} kept WHERE kept.word = asked.word AND kept.bucket = asked.bucket)",
        json.dumps(list(set().union(*entries_at.values()))),
        *_IS_LISTED,
    )
    return {place for place, entries in entries_at.items() if not entries.isdisjoint(missing)}


def forget_all() -> None:
    """Take everything out, as after a doubt whether it is right; workers list each bucket anew."""
    with transaction.atomic():
        locks.wait_until_alone(_LOCK)
        _run(f"DELETE FROM {TABLE}")


def _list(bucket: int) -> bool:
    """List a bucket's words, unless its lines change meanwhile; in small parts, since nobody else writes on SQLite."""
    own_mark = f"{_CHANGED}{secrets.token_hex(8)}"
    with transaction.atomic():
        # Never queued: who changes lines must not wait behind somebody who waits for them.
        if not locks.is_alone(_LOCK):
            return False
        # Before the lines are read: who changes one from now on leaves a mark beside this one.
        _run(f"DELETE FROM {TABLE} WHERE word < %s AND bucket = %s", _CHANGED + _BEYOND, bucket)
        _insert([own_mark], bucket)
    found = sorted({word for text in _texts_in(bucket) for word, _ in _entries_of(text.split())})
    parts = [found[start : start + _AT_ONCE] for start in range(0, len(found), _AT_ONCE)]
    if not all(_insert_unless_changed(part, bucket, own_mark) for part in [*parts, [_LISTED]]):
        return False
    _run(f"DELETE FROM {TABLE} WHERE word = %s AND bucket = %s", own_mark, bucket)
    return True


def _insert_unless_changed(found: Sequence[str], bucket: int, own_mark: str) -> bool:
    with transaction.atomic():
        if not locks.is_alone(_LOCK):
            return False
        marks = _run(
            f"SELECT word FROM {TABLE} WHERE word >= %s AND word < %s AND bucket = %s",
            *(_CHANGED, _CHANGED + _BEYOND, bucket),
        )
        if marks != [(own_mark,)]:
            return False
        _insert(found, bucket)
    return True


def _texts_in(bucket: int) -> Iterator[str]:
    """Return what the index has of each line of a bucket."""
    lines = ListedRow.objects.filter(place__gte=words.first_of(bucket), place__lt=words.first_of(bucket + 1))
    yield from lines.order_by("place").values_list("words", flat=True).iterator()


def _insert(found: Sequence[str], bucket: int) -> None:
    _run(
        f"INSERT INTO {TABLE} (word, bucket) SELECT word, bucket FROM {_json_rows()} "
        f"WHERE NOT EXISTS (SELECT 1 FROM {TABLE} kept WHERE kept.word = asked.word AND kept.bucket = asked.bucket)",
        json.dumps([(word, bucket) for word in found]),
    )


def _json_rows() -> str:
    """Return SQL for the rows `asked`, of a word and a bucket each, from JSON."""
    if connection.vendor == "sqlite":
        each = "SELECT json_extract(value, '$[0]') AS word, json_extract(value, '$[1]') AS bucket FROM json_each(%s)"
    else:
        each = "SELECT value ->> 0 AS word, (value ->> 1)::integer AS bucket FROM jsonb_array_elements(%s::jsonb) value"
    return f"({each}) asked"


def _entries_of(marked: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Return words with their buckets from what the index has of lines; tags are in every bucket."""
    for each in marked:
        bucket, word = each.split(".")
        if not words.is_tag(word):
            yield _cut(word), int(bucket)


def _cut(word: str) -> str:
    return word[:_LETTERS_OF_HEX] if _HEX.fullmatch(word) else word


def _listed_and_found(searched: Sequence[str]) -> list[tuple[int | None, int]]:
    """Return the listed buckets, and with each word's number those that it is found in, all as of one moment."""
    values: list[Any] = [*_IS_LISTED]
    for number, word in enumerate(searched):
        beginning = _cut(word)
        values += [number, beginning, beginning + _BEYOND, _MOST_ENTRIES]
    sql = f"SELECT NULL, bucket FROM ({_LISTED_BUCKETS}) listed" + len(searched) * (
        f" UNION ALL SELECT * FROM (SELECT %s, bucket FROM {TABLE} WHERE word >= %s AND word < %s "
        "ORDER BY word, bucket LIMIT %s) found"
    )
    return _run(sql, *values)


def _wait_for_listing() -> None:
    if connection.vendor == "postgresql":
        _run("SELECT pg_advisory_xact_lock_shared(%s)", _LOCK)


def _run(sql: str, *values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall()) if cursor.description else []
