from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from operator import itemgetter

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from activities import audit, columns, counting, exporting, exports, listings, sheets
from activities.filters import Filter
from activities.models import Export, FileFormat, Listing, Outcome, Role, State, User
from tests.builders import NOON, a_field, a_submission, an_actor
from tests.conftest import a_person
from tests.exported import as_json, read_csv, read_json_lines, read_xlsx


def sentences() -> list[str]:
    return [audit.in_words(entry) for entry in audit.entries().order_by("seq")]


class TestAStream:
    def test_is_in_the_record_before_anything_is_read(self, asha):
        a_submission(by=asha, rows=3)

        exports.stream(Listing.SUBMISSIONS, Filter(), file_format=FileFormat.CSV, by=an_actor(asha))

        entry = audit.entries().get()
        assert audit.in_words(entry) == "began to download submissions as CSV, everything"
        assert entry.facts["newest"] == columns.CONTENTS[Listing.SUBMISSIONS].newest()

    def test_that_breaks_off_says_after_how_many_lines(self, asha, monkeypatch):
        monkeypatch.setattr(columns, "CHUNK", 2)
        for _ in range(3):
            a_submission(by=asha, rows=2)

        file = exports.stream(Listing.SUBMISSIONS, Filter(), file_format=FileFormat.CSV, by=an_actor(asha))
        heading_and_two_pages = [next(file.parts) for _ in range(3)]
        file.parts.close()

        assert len(heading_and_two_pages) == 3
        begun, broke_off = audit.entries().order_by("seq")
        assert audit.in_words(broke_off) == "did not get all of submissions as CSV: it broke off after 2 lines"
        assert broke_off.facts["begun"] == begun.seq

    def test_that_fails_says_so_too(self, asha):
        a_submission(by=asha, rows=[{"fields": [{"nothing": "known"}]}])
        file = exports.stream(Listing.SUBMISSIONS, Filter(), file_format=FileFormat.CSV, by=an_actor(asha))
        next(file.parts)

        with pytest.raises(KeyError):
            next(file.parts)

        assert sentences()[1] == "did not get all of submissions as CSV: it broke off after 0 lines"

    def test_that_is_forgotten_writes_nothing_at_a_time_of_its_own(self, asha):
        file = exports.stream(Listing.SUBMISSIONS, Filter(), file_format=FileFormat.CSV, by=an_actor(asha))
        next(file.parts)

        del file

        assert len(sentences()) == 1

    def test_does_not_hold_its_own_entry(self, dev):
        file = exports.stream(Listing.ENTRIES, Filter(), file_format=FileFormat.JSON_LINES, by=an_actor(dev))

        assert list(file.parts) == [b""]

    def test_of_an_older_portal_is_still_read(self, asha):
        facts = {"row_count": 2, "what": "submissions", "filters": "of Asha"}
        entry = audit.record(audit.Action.EXPORTED, "Submissions", by=an_actor(asha), **facts)

        assert audit.in_words(entry) == "downloaded 2 lines of submissions as CSV"


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ({}, "activities.csv"),
        ({"text": "../../etc/passwd\r\nX: y"}, "activities_etcpasswd-x-y.csv"),
        ({"text": "मुंबई"}, "activities.csv"),
        (
            {"text": "Noor Al-Hashimi – Ηome loan", "state": "not_posted"},
            "activities_not_posted_noor-al-hashimi-ome-loan.csv",
        ),
        ({"since": date(2026, 11, 10), "until": date(2026, 11, 23)}, "activities_2026-11-10_2026-11-23.csv"),
        ({"text": "x" * 500}, f"activities_{'x' * 30}.csv"),
    ],
)
def test_a_file_is_named_after_its_filter_in_letters_that_every_system_takes(db, wanted, name):
    assert exports.file_name(Listing.ACTIVITIES, Filter(**wanted), FileFormat.CSV) == name


def test_a_file_is_named_after_its_person(asha):
    wanted = Filter(person_id=asha.pk, since=date(2026, 11, 10))

    assert exports.file_name(Listing.ENTRIES, wanted, FileFormat.XLSX) == "entries_asha_2026-11-10.xlsx"


OUTCOMES = {outcome.label: outcome.value for outcome in Outcome}
# --- what is seen is what is taken --------------------------------------------------------------------------------

# Neither database takes a NUL in a text, and no form lets one through.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
ODD_TEXT = st.one_of(
    TEXT,
    st.sampled_from(
        ["=1+1", "-5", "+91 98220", "@x", "PAN collected", "a\r\nb", "a\n\nb", "مرحبا", "👩‍👩‍👧", "_x000D_"]
    ),
)
DAYS = st.integers(0, 3)
ROW = st.fixed_dictionaries(
    {
        "note": ODD_TEXT,
        "code": st.sampled_from([102, 208]),
        "outcome": st.sampled_from([Outcome.CREATED, Outcome.REJECTED, Outcome.UNCONFIRMED]),
        "fields": st.lists(ODD_TEXT.map(lambda value: a_field(value=value)), max_size=2),
        "owner_name": ODD_TEXT,
    }
)
SUBMISSION = st.fixed_dictionaries(
    {
        "rows": st.lists(ROW, min_size=1, max_size=4),
        "submitted_at": DAYS.map(lambda day: NOON + timedelta(days=day, seconds=day * 7)),
        "state": st.sampled_from([State.POSTED, State.PARTLY_POSTED]),
        "opportunity_name": st.sampled_from(["Asha Rao – Home loan", "=Noor", "Meera"]),
        "lead_name": ODD_TEXT,
        "why": ODD_TEXT,
    }
)
FILTER = st.fixed_dictionaries(
    {},
    optional={
        "person": st.booleans(),
        "code": st.sampled_from([102, 208, 999]),
        "owner": st.sampled_from(["kabir.shah@sahyadrihfc.in", "Meera.Iyer@sahyadrihfc.in"]),
        "outcome": st.sampled_from(Outcome.values),
        "text": st.sampled_from(["PAN", "a", "=", "مرحبا"]),
        "since": DAYS.map(lambda day: date(2026, 11, 23) + timedelta(days=day)),
        "until": DAYS.map(lambda day: date(2026, 11, 23) + timedelta(days=day)),
        "state": st.sampled_from([State.POSTED, State.PARTLY_POSTED]),
    },
)


class TestEveryFormat(TestCase):
    @settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
    @given(
        # Ids ascend with time, which every list by days relies on (`walks.ids_between`).
        submissions=st.lists(SUBMISSION, max_size=6).map(lambda each: sorted(each, key=itemgetter("submitted_at"))),
        narrowed=FILTER,
        listing=st.sampled_from([Listing.SUBMISSIONS, Listing.ACTIVITIES]),
        page_size=st.integers(1, 5),
    )
    def test_holds_the_rows_of_the_table_and_as_many_as_are_counted(self, submissions, narrowed, listing, page_size):
        chitra, bala = a_person("Chitra", Role.AUDITOR), a_person("Bala", Role.POSTER)
        for number, each in enumerate(submissions):
            a_submission([chitra, bala][number % 2], **each)
        person = {"person_id": chitra.pk} if narrowed.pop("person", False) else {}
        wanted = Filter(**narrowed, **person)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(listings, "PAGE_SIZE", page_size)
            patch.setattr(columns, "CHUNK", page_size)
            tabled, counted = table_of(listing, wanted)
            csv, jsonl, xlsx = (taken(listing, wanted, each, chitra) for each in FileFormat)

            drawn = [counting.numbers(wanted)]
            counting.recount_all()
            drawn.append(counting.numbers(wanted))

        assert len(jsonl) == counted
        if listing == Listing.ACTIVITIES:
            assert drawn == [charted(jsonl), charted(jsonl)]
        assert [(line["submission"], line["row"]) for line in jsonl] == tabled
        assert [without_nothing(as_json(line)) for line in xlsx] == [without_nothing(line) for line in jsonl]
        assert csv == [{name: cell(value) for name, value in line.items()} for line in jsonl]


def table_of(listing, wanted) -> tuple[list[tuple[str, int]], int]:
    """The rows on all pages of the list, and how many are counted."""
    is_activities = listing == Listing.ACTIVITIES
    found = listings.rows(wanted) if is_activities else listings.submissions(wanted)
    shown, before = [], None
    while True:
        page = listings.page(found, before=before)
        shown += page.items
        if page.older is None:
            break
        before = page.older
    rows = shown if is_activities else [row for each in shown for row in each.rows.select_related("submission")]
    rows = sorted(rows, key=lambda row: (-row.submission_id, -row.number))
    counted = listings.count(found).number if is_activities else sum(each.row_count for each in shown)
    return [(str(row.submission.public_id), row.number) for row in rows], counted


def charted(lines) -> counting.Numbers:
    """The sums that charts must show of a file's lines, whose days are those of the active time zone."""
    people = dict(User.objects.values_list("name", "pk"))
    by_day, by_type, by_person = {}, {}, {}
    for line in lines:
        day = timezone.localtime(datetime.fromisoformat(line["submitted_at"])).date()
        for counts, key in ((by_day, day), (by_type, line["type_code"]), (by_person, people[line["submitted_by"]])):
            counts.setdefault(key, Counter())[OUTCOMES[line["outcome"]]] += 1
    return counting.Numbers(by_day, by_type, by_person)


def taken(listing, wanted, file_format, person) -> list[dict[str, object]]:
    """The lines of the prepared file; what can be streamed must be the same byte for byte."""
    by = an_actor(person)
    export = exports.ask(listing, wanted, file_format=file_format, by=by)
    exporting.write_next()
    prepared = exports.take(Export.objects.get(pk=export.pk), by=by)
    content = b"".join(prepared.parts)
    if file_format in exports.STREAMED:
        assert b"".join(exports.stream(listing, wanted, file_format=file_format, by=by).parts) == content
    if file_format == FileFormat.JSON_LINES:
        return read_json_lines(content)
    read = read_csv if file_format == FileFormat.CSV else read_xlsx
    return read(content, columns.ROW_COLUMNS)


def cell(value: object) -> str:
    """What a CSV has for a value of JSON Lines."""
    if isinstance(value, str) and value.endswith("Z") and value[10:11] == "T":
        return value[:19].replace("T", " ")
    return str(sheets.safe_cell(value))


def without_nothing(line: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in line.items() if value not in (None, "")}
