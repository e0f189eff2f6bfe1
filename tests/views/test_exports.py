from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from activities import audit, exporting, exports
from activities.columns import ROW_COLUMNS
from activities.models import Export, ExportState, Outcome, Role, State
from activities.models.clock import clock
from tests.builders import a_field, a_submission, an_export
from tests.exported import read_csv, read_json_lines
from tests.pages import read

MOST_QUERIES = 14  # the list of types, the entry, and no more
OWN = ["my-submissions", "my-activities"]
EVERYBODYS = ["submissions", "activities", "entries"]


def content_of(response) -> bytes:
    return b"".join(response.streaming_content)


def sentences() -> list[str]:
    return [audit.in_words(entry) for entry in audit.entries().order_by("seq")]


class TestADownloadAtOnce:
    def test_holds_every_row_and_leaves_two_entries(self, asha_client, asha, bala):
        a_submission(
            by=asha,
            rows=[{"note": "first", "fields": [a_field()]}, {"outcome": Outcome.REJECTED, "reason": "Not in the list"}],
            state=State.PARTLY_POSTED,
        )
        a_submission(by=bala)

        response = asha_client.post("/exports/take/my-submissions/?state=partly_posted", {"now": "csv"})

        second, first = read_csv(content_of(response), ROW_COLUMNS)
        assert (first["row"], first["note"], first["values"]) == ("1", "first", "PAN number: AAAAA1111A")
        assert (second["outcome"], second["reason"]) == ("Rejected", "Not in the list")
        assert sentences() == [
            "began to download submissions as CSV, of Asha, state partly_posted",
            "downloaded 2 lines of submissions as CSV",
        ]

    def test_as_json_lines_holds_the_same(self, asha_client, asha):
        a_submission(by=asha, rows=[{"note": "=1+1"}], state=State.POSTED)

        response = asha_client.post("/exports/take/my-activities/", {"now": "jsonl"})

        assert [line["note"] for line in read_json_lines(content_of(response))] == ["=1+1"]
        assert response["Content-Disposition"] == 'attachment; filename="activities_asha.jsonl"'

    def test_says_in_its_name_what_it_is_narrowed_to(self, chitra_client, asha):
        query = f"?person_id={asha.pk}&text=Großer+Kauf%2F..%2F&since=10+Nov+2026&until=23+Nov+2026"

        response = chitra_client.post(f"/exports/take/activities/{query}", {"now": "csv"})

        name = "activities_asha_groer-kauf_2026-11-10_2026-11-23.csv"
        assert response["Content-Disposition"] == f'attachment; filename="{name}"'

    def test_takes_a_day_for_the_persons_own(self, asha_client, asha):
        today = clock().astimezone(asha.zone).replace(hour=0, minute=5)
        a_submission(by=asha, submitted_at=today, rows=1)
        a_submission(by=asha, submitted_at=today - timedelta(minutes=10), rows=3)

        with timezone.override("America/New_York"):
            response = asha_client.post("/exports/take/my-submissions/?since=today", {"now": "csv"})

            assert len(read_csv(content_of(response), ROW_COLUMNS)) == 1

    def test_of_somebody_elses_is_ones_own(self, asha_client, asha, bala):
        a_submission(by=bala)

        response = asha_client.post(f"/exports/take/my-submissions/?person_id={bala.pk}", {"now": "csv"})

        assert read_csv(content_of(response), ROW_COLUMNS) == []

    def test_is_kept_by_nobody_on_its_way(self, asha_client):
        response = asha_client.post("/exports/take/my-submissions/", {"now": "csv"})

        assert (response["Cache-Control"], response["X-Accel-Buffering"]) == ("no-store", "no")

    def test_asks_no_more_before_its_first_byte_as_the_list_grows(self, dev_client, dev, django_assert_max_num_queries):
        a_submission(by=dev, rows=20)
        dev_client.get("/healthz")

        with django_assert_max_num_queries(MOST_QUERIES):
            parts = iter(dev_client.post("/exports/take/submissions/", {"now": "csv"}).streaming_content)
            first = next(parts)

        # To its end: the client closes what is left, and that is written down, in the midst of another test.
        assert len([first, *parts]) == 2


class TestWhatCannotBeTaken:
    @pytest.mark.parametrize(
        ("query", "pressed"),
        [
            ("?since=never", {"now": "csv"}),
            ("?text=x", {}),
            ("?text=x", {"now": "xlsx"}),
            ("?text=x", {"later": "doc"}),
        ],
    )
    def test_leads_to_the_list_which_says_why(self, asha_client, query, pressed):
        response = asha_client.post(f"/exports/take/my-submissions/{query}", pressed)

        assert response.url == f"/history/{query}"
        assert not audit.entries().exists()

    @pytest.mark.parametrize("source", EVERYBODYS)
    @pytest.mark.parametrize("pressed", [{"now": "csv"}, {"later": "xlsx"}])
    def test_is_everybodys_by_a_poster(self, asha_client, source, pressed):
        assert asha_client.post(f"/exports/take/{source}/", pressed).status_code == 403
        assert not Export.objects.exists()

    @pytest.mark.parametrize("source", [*OWN, *EVERYBODYS])
    def test_is_nothing_by_looking(self, dev_client, source):
        assert dev_client.get(f"/exports/take/{source}/").status_code == 405

    def test_is_a_list_that_is_none(self, dev_client):
        assert dev_client.post("/exports/take/people/", {"now": "csv"}).status_code == 404

    def test_is_anything_by_whoever_is_not_signed_in(self, client, db):
        assert client.post("/exports/take/my-submissions/", {"now": "csv"}).status_code == 401


@pytest.mark.parametrize("source", [*OWN, *EVERYBODYS])
def test_each_list_can_be_taken_and_prepared(chitra_client, asha, source):
    a_submission(by=asha, state=State.POSTED)

    at_once = chitra_client.post(f"/exports/take/{source}/", {"now": "csv"})
    prepared = chitra_client.post(f"/exports/take/{source}/", {"later": "xlsx"})

    assert content_of(at_once).startswith(b"\xef\xbb\xbf")
    assert prepared.url == "/exports/"
    assert Export.objects.get().file_format == "xlsx"


@pytest.mark.parametrize(
    "path", ["/history/", "/history/activities/", "/audit/", "/audit/activities/", "/audit/entries/"]
)
def test_a_list_offers_what_it_shows(dev_client, path):
    page = read(dev_client.get(f"{path}?since=today&before=99"))

    (action,) = [action for action in page.forms if action.startswith("/exports/take/")]
    assert action.endswith("/?since=today")
    assert page.form(action).buttons == [
        ("now", "csv"),
        ("now", "jsonl"),
        ("later", "xlsx"),
        ("later", "csv"),
        ("later", "jsonl"),
    ]
    assert dev_client.post(action, {"now": "csv"}).status_code == 200


class TestThePage:
    def test_says_what_to_do_when_there_is_nothing(self, asha_client):
        assert "You have no exports" in read(asha_client.get("/exports/")).text

    def test_shows_how_far_a_file_is_and_asks_again(self, asha_client, asha):
        an_export(
            asha, state=ExportState.RUNNING, lease_until=clock(), line_count=1200, of_about=204_000, file_name="x.csv"
        )

        response = asha_client.get("/exports/")

        page = response.content.decode()
        assert '<progress class="bar" aria-label="x.csv" max="204000" value="1200">' in page
        assert "1,200 of 204,000" in page
        assert 'hx-get="/exports/progress/"' in page
        assert "Show it anew" in page

    def test_asks_no_more_when_everything_is_at_rest(self, asha_client, asha):
        an_export(asha, state=ExportState.CANCELLED, finished_at=clock())

        response = asha_client.get("/exports/progress/")

        assert "hx-get" not in response.content.decode()
        assert "Every export is at rest." in response.content.decode()

    def test_says_why_one_failed(self, asha_client, asha):
        an_export(asha, state=ExportState.FAILED, finished_at=clock(), explanation="The disk is full.")

        assert "Failed The disk is full." in read(asha_client.get("/exports/")).text

    def test_shows_nobody_elses(self, bala_client, asha):
        an_export(asha, file_name="submissions_asha.csv")

        assert "submissions_asha" not in bala_client.get("/exports/").content.decode()


class TestAPreparedFile:
    @pytest.fixture
    def ready(self, asha, asha_client) -> Export:
        a_submission(by=asha, rows=3)
        asha_client.post("/exports/take/my-submissions/", {"later": "csv"})
        exporting.write_next()
        return Export.objects.get()

    def test_is_downloaded_by_its_owner_as_often_as_wanted(self, asha_client, ready):
        first = asha_client.post(f"/exports/{ready.public_id}/download/")
        second = asha_client.post(f"/exports/{ready.public_id}/download/")

        content = content_of(first)
        assert len(read_csv(content, ROW_COLUMNS)) == 3
        assert content == content_of(second)
        assert first["Content-Length"] == str(len(content))
        assert first["Content-Disposition"] == 'attachment; filename="submissions_asha.csv"'
        assert sentences()[-1] == "downloaded 3 prepared lines of submissions as CSV"

    @pytest.mark.parametrize("do", ["download", "cancel"])
    def test_does_not_exist_for_anybody_else(self, bala_client, chitra_client, dev_client, ready, do):
        answers = [each.post(f"/exports/{ready.public_id}/{do}/") for each in (bala_client, chitra_client, dev_client)]

        assert [answer.status_code for answer in answers] == [404, 404, 404]

    @pytest.mark.parametrize("do", ["download", "cancel"])
    def test_that_nobody_asked_for_does_not_exist(self, asha_client, do):
        assert asha_client.post(f"/exports/{uuid.uuid4()}/{do}/").status_code == 404

    def test_is_said_to_be_gone_after_a_day(self, asha_client, ready):
        Export.objects.update(expires_at=clock())

        response = asha_client.post(f"/exports/{ready.public_id}/download/", follow=True)

        assert "This file is not there any more." in read(response).text

    def test_of_everybodys_is_closed_to_who_may_not_read_it_any_more(self, chitra_client, chitra):
        chitra_client.post("/exports/take/submissions/", {"later": "csv"})
        exporting.write_next()
        chitra.role = Role.POSTER
        chitra.save()

        assert chitra_client.post(f"/exports/{Export.objects.get().public_id}/download/").status_code == 403

    def test_that_is_finished_cannot_be_cancelled(self, asha_client, ready):
        response = asha_client.post(f"/exports/{ready.public_id}/cancel/", follow=True)

        assert "It was finished before it could be cancelled." in read(response).text
        assert Export.objects.get().state == ExportState.DONE


class TestAWaitingOne:
    def test_is_cancelled_by_its_owner(self, asha_client, asha):
        export = an_export(asha)

        response = asha_client.post(f"/exports/{export.public_id}/cancel/")

        assert response.url == "/exports/"
        assert Export.objects.get().state == ExportState.CANCELLED
        assert sentences() == ["cancelled the export of submissions as CSV"]

    def test_is_the_same_when_the_button_is_pressed_twice(self, asha_client):
        asha_client.post("/exports/take/my-submissions/", {"later": "csv"})
        asha_client.post("/exports/take/my-submissions/", {"later": "csv"})

        assert Export.objects.count() == 1

    def test_is_one_of_a_few(self, asha_client, asha):
        for _ in range(exports.MOST_OPEN):
            an_export(asha)

        response = asha_client.post("/exports/take/my-activities/", {"later": "csv"}, follow=True)

        assert "5 of your exports are not ready yet." in read(response).text
        assert Export.objects.count() == exports.MOST_OPEN


def test_what_takes_the_focus_on_a_page_that_follows_its_exports_has_an_id(asha_client, asha):
    an_export(asha)
    done = {"state": ExportState.DONE, "expires_at": clock() + timedelta(hours=1), "finished_at": clock()}
    an_export(asha, **done)

    pages = [read(asha_client.get("/exports/progress/").text)]
    Export.objects.all().delete()
    pages.append(read(asha_client.get("/exports/progress/").text))

    assert [page.nameless for page in pages] == [[], []]
