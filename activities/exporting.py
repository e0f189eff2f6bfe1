"""WORKER: writes into files what people asked for, and removes the files when their day is over.

Called by work.py only, in a thread of its own. A worker that dies leaves a lease that runs out; the next one begins
anew. Whoever lost the lease, or whose export was cancelled, finds that out at the next chunk, and stops.
"""

from __future__ import annotations

import contextlib
import io
import logging
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from activities import audit, columns, exports, permissions, sheets
from activities.models import Export, ExportPart, ExportState, FileFormat
from activities.models.clock import clock

LEASE: Final = timedelta(minutes=2)
KEPT_FOR: Final = timedelta(days=1)
MOST_TRIES: Final = 3
PART_SIZE: Final = 512 * 1024
_PACKING: Final = 3  # of zlib: a tenth of the size for a fifth of the time
_FOLDERS: Final = "lsqportal-export-"
_FOLDER_IS_LEFT_AFTER: Final = timedelta(hours=12)
_BEAT_SECONDS: Final = 1.0
logger = logging.getLogger(__name__)


class Stopped(Exception):
    """The export was cancelled, or is another worker's now."""


def write_next(*, now: datetime | None = None) -> bool:
    """Write the export that has waited longest; return whether there was one."""
    export = _claim(now=now or clock())
    if export is None:
        return False
    try:
        with timezone.override(export.owner.zone):
            _write(export)
    except Stopped:
        logger.info("%s was cancelled or taken over.", export)
    except PermissionDenied as denied:
        _fail(export, str(denied))
    except DatabaseError:
        # Its lease runs out, and somebody takes it over.
        raise
    except Exception:
        logger.exception("%s could not be written.", export)
        _fail(export, "The portal could not write the file. Its administrators find the reason in the worker’s log.")
    return True


def remove_expired(*, now: datetime | None = None) -> int:
    """Delete the files whose day is over; return how many."""
    moment = now or clock()
    return _remove(Export.objects.filter(expires_at__lte=moment))


def remove_all() -> int:
    """Delete every file, and begin anew what is being written: after a purge none may hold what was removed."""
    with transaction.atomic():
        begun = Export.objects.filter(state=ExportState.RUNNING)
        ExportPart.objects.filter(export__in=begun).delete()
        begun.update(state=ExportState.QUEUED, lease_until=None)
    return _remove(Export.objects.all())


def _remove(over: QuerySet[Export]) -> int:
    count = 0
    for export in over.filter(state=ExportState.DONE).order_by("id"):
        with transaction.atomic():
            count += Export.objects.filter(pk=export.pk, state=ExportState.DONE).update(state=ExportState.REMOVED)
            ExportPart.objects.filter(export=export).delete()
    return count


def clear_folders(*, older_than: timedelta = _FOLDER_IS_LEFT_AFTER) -> None:
    """Remove from this host what a killed worker left of a spreadsheet."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDERS}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > older_than.total_seconds():
                shutil.rmtree(folder)


def _claim(*, now: datetime) -> Export | None:
    with transaction.atomic():
        free = Q(state=ExportState.QUEUED) | Q(state=ExportState.RUNNING, lease_until__lte=now)
        waiting = Export.objects.select_for_update(skip_locked=True, of=("self",)).select_related("owner")
        export = waiting.filter(free).order_by("id").first()
        if export is None:
            return None
        ExportPart.objects.filter(export=export).delete()
        export.state, export.lease_until, export.line_count = ExportState.RUNNING, now + LEASE, 0
        export.begun_count += 1
        export.save(update_fields=["state", "lease_until", "line_count", "begun_count"])
    if export.begun_count <= MOST_TRIES:
        return export
    _fail(export, f"It was begun {MOST_TRIES} times and never came to its end. Narrow the list and try again.")
    return None


def _write(export: Export) -> None:
    content, wanted = columns.CONTENTS[export.listing], exports.unpack(export.filters)
    if exports.needs_read_all(export):
        permissions.check_can_read_all(export.owner)
    of_about = content.count(wanted, export.newest)
    file = _File(export, of_about=of_about)
    chunks = content.chunks(wanted, export.newest)
    if export.file_format == FileFormat.XLSX:
        _write_spreadsheet(file, content, chunks)
    else:
        streamed = exports.STREAMED[export.file_format]
        file.add(streamed.begin(content.columns))
        for chunk in chunks:
            file.add(streamed.write(content.columns, chunk), line_count=len(chunk))
    file.finish()


def _write_spreadsheet(file: _File, content: columns.Content, chunks: Iterator[list[columns.Line]]) -> None:
    with tempfile.TemporaryDirectory(prefix=_FOLDERS) as name, _Beating(Path(name) / "book.xlsx", file) as packed:
        title = content.words.capitalize()
        with contextlib.closing(sheets.Spreadsheet(packed, content.columns, title=title, folder=Path(name))) as book:
            for chunk in chunks:
                book.write(chunk)
                file.add(b"", line_count=len(chunk))
            book.pack()
        packed.seek(0)
        while block := packed.read(PART_SIZE):
            file.add(block)


class _Beating(io.FileIO):
    """A file that keeps the lease while a spreadsheet is packed into it, which takes a while without any chunk."""

    def __init__(self, path: Path, file: _File) -> None:
        super().__init__(path, "w+")
        self._file = file

    def write(self, content: Any) -> int:
        """Write, and say that the worker lives; one that is not wanted any more stops when it is packed."""
        with contextlib.suppress(Stopped):
            self._file.beat()
        return super().write(content)


@dataclass
class _File:
    """The file of an export as it grows, part by part, as long as the export is ours."""

    export: Export
    of_about: int
    line_count: int = 0
    byte_count: int = 0
    _part_count: int = 0
    _waiting: bytearray = field(default_factory=bytearray)
    _beaten_at: float = 0.0

    def add(self, content: bytes, *, line_count: int = 0) -> None:
        """Add bytes to the file, and these lines to the count."""
        self.line_count += line_count
        self._waiting += content
        while len(self._waiting) >= PART_SIZE:
            self._store(PART_SIZE)
        self.beat()

    def beat(self) -> None:
        """Show how far it is and keep the lease, about once a second.

        Raises:
            Stopped: the export is not ours any more.
        """
        if time.monotonic() - self._beaten_at >= _BEAT_SECONDS:
            self._keep()

    def finish(self) -> None:
        """Store the rest, and hand the file over to its owner."""
        with transaction.atomic():
            while self._waiting:
                self._store(PART_SIZE)
            moment = clock()
            self._keep(
                state=ExportState.DONE,
                lease_until=None,
                finished_at=moment,
                expires_at=moment + KEPT_FOR,
                byte_count=self.byte_count,
            )
            exports.record(
                audit.Action.EXPORT_PREPARED,
                self.export,
                by=audit.PORTAL,
                row_count=self.line_count,
                bytes=self.byte_count,
            )

    def _store(self, size: int) -> None:
        content = bytes(self._waiting[:size])
        with transaction.atomic():
            self._keep()  # first: it locks the export, so that nobody takes it over before the part is there
            packed = zlib.compress(content, _PACKING)
            ExportPart.objects.create(export=self.export, number=self._part_count, content=packed)
        del self._waiting[:size]
        self._part_count += 1
        self.byte_count += len(content)

    def _keep(self, **changes: Any) -> None:
        known = {"line_count": self.line_count, "of_about": self.of_about, "lease_until": clock() + LEASE}
        if not _ours(self.export).update(**{**known, **changes}):
            raise Stopped
        self._beaten_at = time.monotonic()


def _ours(export: Export) -> Any:
    return Export.objects.filter(pk=export.pk, state=ExportState.RUNNING, begun_count=export.begun_count)


def _fail(export: Export, reason: str) -> None:
    with transaction.atomic():
        failed = _ours(export).update(
            state=ExportState.FAILED, lease_until=None, finished_at=clock(), explanation=reason
        )
        if failed:
            ExportPart.objects.filter(export=export).delete()
            exports.record(audit.Action.EXPORT_FAILED, export, by=audit.PORTAL, reason=reason)
