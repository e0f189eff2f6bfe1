from __future__ import annotations

from datetime import UTC, datetime

import pytest

from activities import audit, columns
from activities.filters import Filter
from activities.models import Listing, Outcome, Row, State
from tests.builders import NOON, a_field, a_submission, an_actor

SUBMISSIONS, ACTIVITIES, ENTRIES = (columns.CONTENTS[each] for each in Listing)


def lines_of(content, *, newest=2**62, **wanted):
    names = [column.name for column in content.columns]
    chunks = content.chunks(Filter(**wanted), newest=newest)
    return [dict(zip(names, line, strict=True)) for chunk in chunks for line in chunk]


def test_a_row_is_a_line_with_what_stood_on_the_page(asha):
    submission = a_submission(
        by=asha,
        why="KYC pack",
        state=State.POSTED,
        rows=[{"note": "Grüße, مرحبا 👩‍👩‍👧", "fields": [a_field(), a_field("mx_2", "x", label="City", shown="Pune")]}],
    )

    (line,) = lines_of(SUBMISSIONS)

    assert line == {
        "submission": str(submission.public_id),
        "submitted_at": NOON,
        "submitted_by": "Asha",
        "why": "KYC pack",
        "opportunity": "Asha Rao – Home loan",
        "opportunity_id": submission.opportunity_id,
        "lead": "Asha Rao",
        "organisation": submission.organisation,
        "submission_is": "Posted",
        "row": 1,
        "type_code": 208,
        "type": "KYC visit",
        "owner": "kabir.shah@sahyadrihfc.in",
        "owner_name": "Kabir Shah",
        "note": "Grüße, مرحبا 👩‍👩‍👧",
        "values": "PAN number: AAAAA1111A; City: Pune",
        "outcome": "Created",
        "outcome_at": NOON,
        "prospect_activity_id": submission.rows.get().activity_id,
        "reason": "",
    }


def test_a_row_without_an_outcome_has_no_time_of_it(asha):
    a_submission(by=asha)

    assert lines_of(SUBMISSIONS)[0]["outcome_at"] is None


def test_times_are_in_utc(asha):
    a_submission(by=asha, submitted_at=datetime(2026, 11, 22, 18, 30, tzinfo=UTC))

    assert lines_of(SUBMISSIONS)[0]["submitted_at"].tzinfo == UTC


def test_an_inner_value_is_named_with_its_set():
    fields = [
        {
            "schema_name": "mx_1",
            "label": "Address",
            "value": "",
            "fields": [{"schema_name": "City", "value": "PNQ", "label": "City", "shown": "Pune"}],
        }
    ]

    assert columns.values_in_words(fields) == "Address, City: Pune"


@pytest.mark.parametrize("removed", [None, []])
def test_values_that_were_removed_are_none(removed):
    assert columns.values_in_words(removed) == ""


def test_activities_are_all_rows_and_say_which_were_created(asha):
    a_submission(
        by=asha,
        state=State.PARTLY_POSTED,
        rows=[{"outcome": Outcome.CREATED, "note": "there"}, {"outcome": Outcome.REJECTED}],
    )

    assert [line["outcome"] for line in lines_of(ACTIVITIES)] == ["Rejected", "Created"]
    assert len(lines_of(SUBMISSIONS)) == 2


def test_an_entry_is_a_line_with_its_sentence_and_hash(asha):
    submission = a_submission(by=asha)
    entry = audit.record(audit.Action.SUBMITTED, submission, by=an_actor(asha), row_count=1, follows="")

    (line,) = lines_of(ENTRIES)

    assert (line["entry"], line["at"], line["who"]) == (entry.seq, entry.at, "Asha")
    assert line["what"] == "submitted 1 activity"
    assert (line["facts"], line["hash"]) == ('{"follows": "", "row_count": 1}', entry.hash)


def test_what_is_newer_than_the_bound_is_left_out(asha):
    a_submission(by=asha, rows=3)
    newest = SUBMISSIONS.newest()

    a_submission(by=asha)

    assert [line["row"] for line in lines_of(SUBMISSIONS, newest=newest)] == [3, 2, 1]
    assert SUBMISSIONS.count(Filter(), newest) == 3


def test_many_pages_hold_each_row_once(asha, monkeypatch):
    monkeypatch.setattr(columns, "CHUNK", 2)
    a_submission(by=asha, rows=5)

    assert [line["row"] for line in lines_of(SUBMISSIONS)] == [5, 4, 3, 2, 1]


def test_a_time_keeps_its_parts_of_a_second(asha):
    at = NOON.replace(microsecond=123_400)
    a_submission(by=asha, state=State.POSTED, submitted_at=at)

    assert lines_of(SUBMISSIONS)[0]["outcome_at"] == at


@pytest.mark.parametrize(
    ("listing", "questions"), [(Listing.SUBMISSIONS, 3), (Listing.ACTIVITIES, 3), (Listing.ENTRIES, 2)]
)
def test_a_page_of_lines_is_as_many_questions_as_there_are_tables(asha, django_assert_num_queries, listing, questions):
    a_submission(by=asha, rows=5, state=State.POSTED)
    for submission in {row.submission for row in Row.objects.select_related("submission")}:
        audit.record(audit.Action.CANCELLED, submission, by=an_actor(asha))

    with django_assert_num_queries(questions):
        next(columns.CONTENTS[listing].chunks(Filter(), 2**62))
