from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.utils import timezone

from activities import audit, columns, exporting, exports
from activities.filters import Filter
from activities.models import Export, ExportPart, ExportState, FileFormat, Listing, Role, State
from activities.models.clock import clock
from tests.builders import NOON, a_submission, an_actor, an_export
from tests.exported import read_csv, read_json_lines, read_xlsx

READ = {
    FileFormat.CSV: lambda content: read_csv(content, columns.ROW_COLUMNS),
    FileFormat.JSON_LINES: read_json_lines,
    FileFormat.XLSX: lambda content: read_xlsx(content, columns.ROW_COLUMNS),
}


def file_of(export) -> bytes:
    download = exports.take(export, by=an_actor(export.owner))
    assert download is not None
    return b"".join(download.parts)


def sentences() -> list[str]:
    return [audit.in_words(entry) for entry in audit.entries().order_by("seq")]


@pytest.mark.parametrize("file_format", FileFormat)
def test_a_worker_writes_what_was_asked_for(asha, bala, file_format):
    a_submission(by=asha, rows=[{"note": f"=note {n}"} for n in range(3)], state=State.POSTED)
    a_submission(by=bala)
    wanted = Filter(person_id=asha.pk)
    asked = exports.ask(Listing.SUBMISSIONS, wanted, file_format=file_format, by=an_actor(asha))

    assert exporting.write_next() is True

    export = Export.objects.get(pk=asked.pk)
    content = file_of(export)
    assert [line["note"].removeprefix("'") for line in READ[file_format](content)] == ["=note 2", "=note 1", "=note 0"]
    assert (export.state, export.line_count, export.byte_count) == (ExportState.DONE, 3, len(content))
    label = FileFormat(file_format).label
    assert sentences()[:2] == [
        f"asked for submissions as {label}, of Asha",
        f"prepared 3 lines of submissions as {label}",
    ]


def test_without_anything_to_write_there_is_nothing_to_do(db):
    assert exporting.write_next() is False


def test_what_came_after_the_wish_is_not_in_the_file(asha):
    a_submission(by=asha)
    asked = exports.ask(Listing.SUBMISSIONS, Filter(), file_format=FileFormat.CSV, by=an_actor(asha))
    Export.objects.update(filters={"person_id": asha.pk})
    a_submission(by=asha)

    exporting.write_next()

    asked.refresh_from_db()
    assert (asked.line_count, asked.of_about) == (1, 1)


def test_a_day_is_one_of_its_owner(asha):
    today = clock().astimezone(asha.zone).replace(hour=0, minute=5)
    a_submission(by=asha, submitted_at=today)
    a_submission(by=asha, submitted_at=today - timedelta(minutes=10), rows=3)
    wanted = Filter(person_id=asha.pk, since=today.date())
    exports.ask(Listing.SUBMISSIONS, wanted, file_format=FileFormat.CSV, by=an_actor(asha))

    with timezone.override("America/New_York"):
        exporting.write_next()

    assert Export.objects.get().line_count == 1


def test_a_long_file_lies_in_parts(asha, monkeypatch):
    monkeypatch.setattr(exporting, "PART_SIZE", 1000)
    a_submission(by=asha, rows=25)
    export = an_export(asha)

    exporting.write_next()

    export.refresh_from_db()
    assert ExportPart.objects.count() == -(-export.byte_count // 1000)
    assert len(read_csv(file_of(export), columns.ROW_COLUMNS)) == 25


def test_the_one_that_waited_longest_comes_first(asha):
    first, second = an_export(asha), an_export(asha)

    exporting.write_next()

    assert Export.objects.get(pk=first.pk).state == ExportState.DONE
    assert Export.objects.get(pk=second.pk).state == ExportState.QUEUED


class TestAWorkerThatDied:
    def test_is_followed_by_one_that_begins_anew(self, asha):
        a_submission(by=asha, rows=2)
        export = an_export(
            asha, state=ExportState.RUNNING, lease_until=NOON, line_count=9000, begun_count=1, byte_count=0
        )
        ExportPart.objects.create(export=export, number=0, content=b"half a file")

        exporting.write_next(now=NOON + timedelta(seconds=1))

        export.refresh_from_db()
        assert (export.state, export.line_count, export.begun_count) == (ExportState.DONE, 2, 2)
        assert len(read_csv(file_of(export), columns.ROW_COLUMNS)) == 2

    def test_keeps_its_export_while_its_lease_runs(self, asha):
        an_export(asha, state=ExportState.RUNNING, lease_until=NOON + timedelta(seconds=1))

        assert exporting.write_next(now=NOON) is False

    def test_again_and_again_makes_it_fail(self, asha):
        an_export(asha, state=ExportState.RUNNING, lease_until=NOON, begun_count=exporting.MOST_TRIES)

        exporting.write_next(now=NOON)

        assert Export.objects.get().state == ExportState.FAILED
        assert "was begun 3 times" in Export.objects.get().explanation

    def test_leaves_a_folder_that_is_removed_later(self, tmp_path, monkeypatch):
        monkeypatch.setattr(exporting.tempfile, "tempdir", str(tmp_path))
        (tmp_path / "lsqportal-export-x").mkdir()
        (tmp_path / "something-else").mkdir()

        exporting.clear_folders(older_than=timedelta(hours=1))
        younger = [path.name for path in tmp_path.iterdir()]
        exporting.clear_folders(older_than=timedelta(seconds=-1))

        assert len(younger) == 2
        assert [path.name for path in tmp_path.iterdir()] == ["something-else"]


@pytest.mark.parametrize("file_format", FileFormat)
class TestAWorkerInTheMiddleOfAFile:
    @pytest.fixture
    def in_the_middle(self, asha, monkeypatch, file_format):
        """Do something with an export when its first page of many was read."""
        monkeypatch.setattr(columns, "CHUNK", 1)
        monkeypatch.setattr(exporting, "_BEAT_SECONDS", 0.0)
        for _ in range(5):
            a_submission(by=asha)
        export = an_export(asha, file_format=file_format)
        content = columns.CONTENTS[export.listing]

        def in_the_middle(happens) -> Export:
            def interrupted(*arguments, **more):
                pages = content.chunks(*arguments, **more)
                yield next(pages)
                happens(export)
                yield from pages

            monkeypatch.setitem(columns.CONTENTS, export.listing, replace(content, chunks=interrupted))
            exporting.write_next()
            export.refresh_from_db()
            return export

        return in_the_middle

    def test_stops_when_it_is_cancelled(self, in_the_middle, asha, tmp_path, monkeypatch):
        monkeypatch.setattr(exporting.tempfile, "tempdir", str(tmp_path))

        export = in_the_middle(lambda export: exports.cancel(export, by=an_actor(asha)))

        assert (export.state, export.line_count) == (ExportState.CANCELLED, 1)
        assert not ExportPart.objects.exists()
        assert list(tmp_path.iterdir()) == []

    def test_stops_when_another_one_took_over(self, in_the_middle):
        def taken_over(export) -> None:
            Export.objects.filter(pk=export.pk).update(begun_count=2, line_count=0)

        export = in_the_middle(taken_over)

        assert (export.state, export.begun_count, export.line_count) == (ExportState.RUNNING, 2, 0)
        assert not ExportPart.objects.exists()

    def test_shows_how_far_it_is(self, in_the_middle):
        seen = []

        in_the_middle(lambda export: seen.append(Export.objects.values("line_count", "of_about").get(pk=export.pk)))

        assert seen == [{"line_count": 1, "of_about": 5}]

    def test_fails_in_plain_words_when_something_is_wrong(self, in_the_middle, caplog):
        def broken(_) -> None:
            raise OSError("[Errno 28] No space left on device: '/tmp/secret'")

        export = in_the_middle(broken)

        assert export.state == ExportState.FAILED
        assert export.explanation.startswith("The portal could not write the file.")
        assert "No space left" in caplog.text
        assert sentences()[-1].startswith("could not prepare submissions as")


class TestAFilter:
    def test_comes_back_as_it_was_stored(self):
        wanted = Filter(person_id=3, state=State.POSTED, code=208, text="x", since=date(2026, 11, 10))

        assert exports.unpack(exports.pack(wanted)) == wanted

    def test_that_lists_know_nothing_of_makes_the_export_fail(self, asha):
        export = an_export(asha, filters={"person_id": asha.pk, "colour": "red"})

        exporting.write_next()

        export.refresh_from_db()
        assert export.state == ExportState.FAILED

    def test_of_more_than_one_may_read_makes_the_export_fail(self, chitra):
        export = an_export(chitra, filters={})
        chitra.role = Role.POSTER
        chitra.save()

        exporting.write_next()

        export.refresh_from_db()
        assert export.state == ExportState.FAILED
        assert export.explanation.startswith("The audit log is for auditors")


class TestAFileWhoseDayIsOver:
    @pytest.fixture
    def over(self, asha) -> Export:
        a_submission(by=asha)
        export = an_export(asha)
        exporting.write_next()
        export.refresh_from_db()
        return export

    def test_is_removed_and_said_to_be(self, over):
        assert exporting.remove_expired(now=over.expires_at) == 1

        over.refresh_from_db()
        assert over.state == ExportState.REMOVED
        assert not ExportPart.objects.exists()

    def test_is_kept_until_then(self, over):
        assert over.expires_at - over.finished_at == timedelta(days=1)
        assert exporting.remove_expired(now=over.expires_at - timedelta(seconds=1)) == 0

    def test_is_not_handed_out_any_more(self, over, asha):
        assert exports.take(over, by=an_actor(asha), now=over.expires_at) is None

    def test_breaks_a_download_that_is_under_way(self, over, asha):
        download = exports.take(over, by=an_actor(asha))
        exporting.remove_expired(now=over.expires_at)

        with pytest.raises(exports.Broken):
            list(download.parts)


def test_after_a_purge_no_file_is_left_and_what_is_being_written_begins_anew(asha):
    an_export(asha)
    exporting.write_next()
    export = an_export(asha, state=ExportState.RUNNING, lease_until=clock() + timedelta(minutes=1), begun_count=1)
    ExportPart.objects.create(export=export, number=0, content=b"half a file")

    assert exporting.remove_all() == 1

    assert [each.state for each in Export.objects.order_by("id")] == [ExportState.REMOVED, ExportState.QUEUED]
    assert not ExportPart.objects.exists()
