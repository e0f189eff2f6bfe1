"""PERSON: takes a list away as a file: at once, line by line, or prepared by a worker and kept for a day.

Whatever leaves is in the audit log with its filter in words: when it begins, and how many lines it was in the end.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.text import slugify

from activities import audit, bell, permissions, sheets
from activities.columns import CONTENTS
from activities.filters import Filter
from activities.models import Export, ExportPart, ExportState, FileFormat, Listing, User
from activities.models.clock import clock
from activities.models.exports import OPEN

STREAMED: Final[Mapping[str, sheets.Streamed]] = {FileFormat.CSV: sheets.CSV, FileFormat.JSON_LINES: sheets.JSON_LINES}
MOST_OPEN: Final = 5  # of one person, so that nobody's wish keeps all others waiting
MOST_LISTED: Final = 25
_LONGEST_PART: Final = 30
_LONGEST_NAME: Final = 120


class TooMany(Exception):
    """The person waits for as many exports as anybody may; the text says what to do."""


class Broken(Exception):
    """The file ends before its end: it was removed while it was read."""


@dataclass(frozen=True)
class Download:
    """A file on its way to a person: its name, its kind, its length where that is known, and its bytes."""

    file_name: str
    content_type: str
    parts: Iterator[bytes]
    byte_count: int | None = None


def stream(listing: str, wanted: Filter, *, file_format: str, by: audit.Actor) -> Download:
    """Begin to write a list to a person at once.

    The first entry is written before anything is read, with the newest id instead of a count, which would keep the
    person waiting; a second one says how many lines it was, or after how many it broke off.
    """
    content, streamed = CONTENTS[listing], STREAMED[file_format]
    newest = content.newest()
    with transaction.atomic():
        begun = audit.record(
            audit.Action.EXPORT_BEGUN,
            _subject(listing),
            by=by,
            what=content.words,
            format=FileFormat(file_format).label,
            filters=in_words(wanted),
            newest=newest,
        )
    # Made here, not in the generator: a day is one of the person's zone, which ends with the request.
    chunks = content.chunks(wanted, newest)
    parts = _Stream(listing, chunks, file_format=file_format, by=by, begun=begun.seq)
    return Download(file_name(listing, wanted, file_format), streamed.content_type, parts)


def ask(listing: str, wanted: Filter, *, file_format: str, by: audit.Actor, now: datetime | None = None) -> Export:
    """Have a worker write a list into a file. Whoever asks twice for the same, waits for one.

    Raises:
        TooMany: the person waits for enough.
    """
    content, packed = CONTENTS[listing], pack(wanted)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=by.user.pk)  # two presses at once must not pass the bound together
        waiting = list(of(by.user).filter(state__in=OPEN))
        for each in waiting:
            if (each.listing, each.file_format, each.filters) == (listing, file_format, packed):
                return each
        if len(waiting) >= MOST_OPEN:
            raise TooMany(f"{MOST_OPEN} of your exports are not ready yet. Wait for one, or cancel it.")
        export = Export.objects.create(
            owner=by.user,
            listing=listing,
            file_format=file_format,
            filters=packed,
            narrowed_to=in_words(wanted),
            file_name=file_name(listing, wanted, file_format),
            newest=content.newest(),
            created_at=now or clock(),
        )
        record(audit.Action.EXPORT_ASKED, export, by=by, filters=export.narrowed_to, newest=export.newest)
        bell.ring()
    return export


def cancel(export: Export, *, by: audit.Actor, now: datetime | None = None) -> bool:
    """Stop an export; return False when it was finished already."""
    with transaction.atomic():
        stopped = Export.objects.filter(pk=export.pk, state__in=OPEN).update(
            state=ExportState.CANCELLED, lease_until=None, finished_at=now or clock()
        )
        if stopped:
            ExportPart.objects.filter(export=export).delete()
            record(audit.Action.EXPORT_CANCELLED, export, by=by)
    return bool(stopped)


def take(export: Export, *, by: audit.Actor, now: datetime | None = None) -> Download | None:
    """Hand a prepared file to its owner; return None when there is none, or none any more.

    Raises:
        PermissionDenied: it holds what others did, and the person may not read that any more.
    """
    if needs_read_all(export):
        permissions.check_can_read_all(by.user)
    with transaction.atomic():
        ready = of(by.user).filter(pk=export.pk, state=ExportState.DONE, expires_at__gt=now or clock()).first()
        if ready is None:
            return None
        record(audit.Action.EXPORT_TAKEN, ready, by=by, row_count=ready.line_count)
    streamed = STREAMED.get(ready.file_format)
    content_type = streamed.content_type if streamed else sheets.XLSX_CONTENT_TYPE
    return Download(ready.file_name, content_type, _kept(ready), byte_count=ready.byte_count)


def of(person: User) -> QuerySet[Export]:
    """Return this person's exports, newest first. Nobody has a way to another's."""
    return Export.objects.filter(owner=person).order_by("-id")


def needs_read_all(export: Export) -> bool:
    """Say whether it holds more than what its owner did."""
    return export.filters.get("person_id") != export.owner_id or export.listing == Listing.ENTRIES


def in_words(wanted: Filter) -> str:
    """Say what a list is narrowed to."""
    return wanted.in_words() or "everything"


def pack(wanted: Filter) -> dict[str, Any]:
    """Return a filter as it is stored until a worker has time for it."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in asdict(wanted).items()
        if value not in (None, "")
    }


def unpack(packed: Mapping[str, Any]) -> Filter:
    """Return the filter that was stored.

    Raises:
        TypeError: it narrows by something that lists know nothing of; to leave that out would show too much.
    """
    days = {field.name for field in fields(Filter) if "date" in str(field.type)}
    known: dict[str, Any] = {n: date.fromisoformat(value) if n in days else value for n, value in packed.items()}
    return Filter(**known)


def file_name(listing: str, wanted: Filter, file_format: str) -> str:
    """Return a name that says what is in the file, such as activities_meera-iyer_2026-11-10_2026-11-23.csv."""
    packed = pack(wanted)
    people = User.objects.filter(pk=packed.pop("person_id", 0)).values_list("name", flat=True)
    days = [packed.pop(name) for name in ("since", "until") if name in packed]
    said = [slugify(str(each))[:_LONGEST_PART].strip("-") for each in [*people, *packed.values()]]
    return "_".join([listing, *filter(None, said), *days])[:_LONGEST_NAME].strip("-_") + f".{file_format}"


def record(action: audit.Action, export: Export, *, by: audit.Actor, **facts: Any) -> None:
    """Write an entry about an export into the audit log."""
    audit.record(
        action,
        _subject(export.listing),
        by=by,
        what=CONTENTS[export.listing].words,
        format=FileFormat(export.file_format).label,
        export=str(export.public_id),
        **facts,
    )


def find(public_id: UUID, *, owner: User) -> Export | None:
    """Return this person's export; somebody else's does not exist."""
    return of(owner).filter(public_id=public_id).first()


def _subject(listing: str) -> str:
    return CONTENTS[listing].words.capitalize()


class _Stream:
    """The bytes of a list on their way; whoever ends it, by its end, an error or `close`, has that written down.

    Not a generator: one that is forgotten is ended by the garbage collector, in the midst of whatever runs then.
    """

    def __init__(self, listing: str, chunks: Iterator[list[Any]], *, file_format: str, by: audit.Actor, begun: int):
        self._listing, self._format, self._by, self._begun = listing, file_format, by, begun
        self._line_count = self._on_its_way = 0
        self._is_open = True
        self._parts = self._written(chunks)

    def __iter__(self) -> _Stream:
        return self

    def __next__(self) -> bytes:
        # Whoever asks for more has got what was on its way.
        self._line_count, self._on_its_way = self._line_count + self._on_its_way, 0
        try:
            return next(self._parts)
        except StopIteration:
            self._end(audit.Action.EXPORT_ENDED)
            raise
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        """End it before its end."""
        self._end(audit.Action.EXPORT_BROKE_OFF)

    def _written(self, chunks: Iterator[list[Any]]) -> Iterator[bytes]:
        columns, streamed = CONTENTS[self._listing].columns, STREAMED[self._format]
        yield streamed.begin(columns)
        for chunk in chunks:
            self._on_its_way = len(chunk)
            yield streamed.write(columns, chunk)

    def _end(self, action: audit.Action) -> None:
        if not self._is_open:
            return
        self._is_open = False
        with transaction.atomic():
            audit.record(
                action,
                _subject(self._listing),
                by=self._by,
                what=CONTENTS[self._listing].words,
                format=FileFormat(self._format).label,
                row_count=self._line_count,
                begun=self._begun,
            )


def _kept(export: Export) -> Iterator[bytes]:
    sent, number = 0, 0
    while sent < export.byte_count:
        packed = ExportPart.objects.filter(export=export, number=number).values_list("content", flat=True).first()
        if packed is None:
            raise Broken(f"{export} was removed after {sent} of {export.byte_count} bytes.")
        content = zlib.decompress(packed)
        yield content
        sent, number = sent + len(content), number + 1
