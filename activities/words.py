"""How a search reads text: which words stand in it, and what the index is asked. Pure.

A word matches by its beginning. Each word in the index carries the number of its bucket, so that a search walks from
the newest rows to the oldest and stops as soon as a page is full, however often a word occurs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

# 2,048 submissions, some 16,000 rows: small enough that a word of every second row is read in a few milliseconds.
BUCKET_BITS: Final = 16
LONGEST_WORD: Final = 60
_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_PLAIN: Final = re.compile(r"[^a-z0-9]")
_MARKS: Final = re.compile("[\u0300-\u036f]")


def bucket_of(place: int) -> int:
    """Return the bucket of a row's place."""
    return place >> BUCKET_BITS


def first_of(bucket: int) -> int:
    """Return the first place of a bucket."""
    return bucket << BUCKET_BITS


def words_of(text: str) -> list[str]:
    """Return a text's words in the form of the index: without case and accents, in ASCII, an id as one word."""
    if text.isascii():  # the same in a tenth of the time
        return [word[:LONGEST_WORD] for word in _PLAIN.split(_without_dashes(text.casefold())) if word]
    joined = _without_dashes(_MARKS.sub("", unicodedata.normalize("NFKD", text.casefold())))
    spaced = "".join(letter if _is_of_word(letter) else " " for letter in joined)
    return [_ascii(word[:LONGEST_WORD]) for word in spaced.split()]


def tag(name: str, value: object) -> str:
    """Return the word that stands for a filter's value; no word of a text looks like it."""
    return f"={name}{_ascii(str(value).casefold())}"


def is_tag(word: str) -> bool:
    """Whether it stands for a filter's value."""
    return word.startswith("=")


def words_of_all(texts: Iterable[str]) -> set[str]:
    """Return the words of several texts, each once."""
    return {word for text in texts for word in words_of(text)}


def marked(place: int, words: Iterable[str]) -> str:
    """Return what the index keeps of the row at this place, which has these words and tags."""
    bucket = bucket_of(place)
    return " ".join(f"{bucket}.{word}" for word in sorted(words))


def for_sqlite(buckets: Iterable[int], words: Sequence[str], tags: Sequence[str]) -> str:
    """Return the question for FTS5: rows of these buckets with all the words, by their beginnings, and all the tags."""
    return " OR ".join(
        "(" + " AND ".join([f'"{at}.{word}" *' for word in words] + [f'"{at}.{tag}"' for tag in tags]) + ")"
        for at in buckets
    )


def for_postgresql(buckets: Iterable[int], words: Sequence[str], tags: Sequence[str]) -> str:
    """Return the same question as a tsquery."""
    return " | ".join(
        "(" + " & ".join([f"'{at}.{word}':*" for word in words] + [f"'{at}.{tag}'" for tag in tags]) + ")"
        for at in buckets
    )


def _without_dashes(text: str) -> str:
    return _ID.sub(lambda found: found[0].replace("-", ""), text)


@lru_cache(maxsize=4096)
def _is_of_word(letter: str) -> bool:
    """Letters, digits and their marks of all scripts, and signs such as emoji; what ASCII has of signs parts words."""
    kind = unicodedata.category(letter)[0]
    return kind in "LNM" or (kind == "S" and not letter.isascii())


def _ascii(word: str) -> str:
    return _PLAIN.sub(lambda found: f"~{ord(found[0]):x}", word)
