from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from activities import history, listings
from activities.filters import Filter
from activities.models import ListedRow, Outcome, State
from tests.builders import OPPORTUNITY, a_field, a_submission

KOLKATA = ZoneInfo("Asia/Kolkata")


def names(**wanted):
    found = listings.submissions(Filter(**wanted)).below(None, 100)
    return [submission.opportunity_name for submission in reversed(found)]


@pytest.mark.parametrize(
    "text",
    [
        "pan coll",
        "ABCPR4821K",
        "abcpr4821k",
        "مرحبا",
        "👩",
        'quoted "value"',
        "kabir.shah",
        "Noor",
        "credit committee",
        "Asha",
        "7d1c2f0a-3b44-4c1e-9d55-0f2b6a81c9e4",
        "b6f10000",
    ],
)
def test_a_search_finds_notes_values_names_and_ids(asha, text):
    a_submission(
        by=asha,
        opportunity_name="Other",
        rows=[{"owner_email": "other@x.in", "owner_name": "Other", "note": "", "fields": []}],
        lead_name="Somebody",
        created_by_name="Bala",
    )
    a_submission(
        by=asha,
        opportunity_name="Noor Al-Hashimi",
        opportunity_id=OPPORTUNITY,
        why="For the credit committee",
        state=State.POSTED,
        rows=[
            {
                "note": "PAN collected",
                "fields": [
                    a_field(value="ABCPR4821K"),
                    a_field("mx_2", "مرحبا 👩"),
                    a_field("mx_3", 'quoted "value"'),
                ],
                "activity_id": "b6f10000-0000-4000-8000-000000000001",
            }
        ],
    )

    assert names(text=text) == ["Noor Al-Hashimi"]


@pytest.mark.parametrize("text", ["%", "_", "\\"])
def test_a_search_takes_no_sign_for_another(asha, text):
    a_submission(by=asha, rows=[{"fields": []}])

    assert names(text=text) == []


def test_a_day_is_the_persons_day(asha):
    with timezone.override(KOLKATA):
        a_submission(by=asha, opportunity_name="Sunday night", submitted_at=datetime(2026, 11, 22, 18, 29, tzinfo=UTC))
        a_submission(by=asha, opportunity_name="Monday", submitted_at=datetime(2026, 11, 22, 18, 30, tzinfo=UTC))

        assert names(since=date(2026, 11, 23)) == ["Monday"]
        assert names(until=date(2026, 11, 22)) == ["Sunday night"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"state": State.POSTED}, ["Posted"]),
        ({"code": 102}, ["Posted"]),
        ({"text": "post"}, ["Posted"]),
        ({"text": "post", "code": 208}, []),
        ({"owner": "Meera.Iyer@sahyadrihfc.in"}, ["Posted"]),
        ({"id": OPPORTUNITY.upper()}, ["Queued"]),
        ({"id": "nobody’s"}, []),
        ({"state": State.POSTED, "code": 208}, []),
        ({}, ["Posted", "Queued"]),
    ],
)
def test_filters_narrow_together(asha, wanted, found):
    a_submission(
        by=asha,
        opportunity_name="Posted",
        state=State.POSTED,
        rows=[{"code": 102, "owner_email": "meera.iyer@sahyadrihfc.in"}],
    )
    a_submission(by=asha, opportunity_name="Queued", opportunity_id=OPPORTUNITY)

    assert names(**wanted) == found


def test_the_outcome_created_leaves_what_leadsquared_has(asha):
    a_submission(
        by=asha,
        state=State.PARTLY_POSTED,
        rows=[
            {"outcome": Outcome.CREATED, "note": "there"},
            {"outcome": Outcome.REJECTED},
            {"outcome": Outcome.NOT_CREATED},
        ],
    )
    a_submission(by=asha, state=State.UNCONFIRMED)

    found = listings.rows(Filter(outcome=Outcome.CREATED))

    assert [row.note for row in found.below(None, 10)] == ["there"]


def test_counting_stops_where_nobody_cares(asha, monkeypatch):
    monkeypatch.setattr(listings, "MOST_COUNTED", 2)
    a_submission(by=asha, rows=4, state=State.POSTED)

    assert str(listings.count(listings.rows(Filter()))) == "2+"


def test_a_page_that_is_all_of_a_list_is_counted_by_itself(asha, django_assert_num_queries):
    a_submission(by=asha, rows=4, state=State.POSTED)
    found = listings.rows(Filter(outcome=Outcome.CREATED))
    page = listings.page(found)

    with django_assert_num_queries(0):
        assert listings.count(found, page).number == len(page.items)


def test_a_page_of_several_does_not_speak_for_the_list(asha, monkeypatch):
    monkeypatch.setattr(listings, "PAGE_SIZE", 2)
    a_submission(by=asha, rows=5, state=State.POSTED)
    found = listings.rows(Filter(text="note"))
    first = listings.page(found)

    last = listings.page(found, before=listings.page(found, before=first.older).older)

    assert [str(listings.count(found, page)) for page in (first, last)] == ["5", "5"]


def test_a_page_past_the_newest_is_the_newest(asha):
    submission = a_submission(by=asha)

    page = listings.page(listings.submissions(Filter()), after=submission.pk)

    assert list(page.items) == [submission]


@pytest.mark.parametrize("size", [1, 2, 3, 10])
def test_pages_of_any_size_hold_everything_up_to_an_id_once(asha, size):
    a_submission(by=asha, rows=7)
    newest = ListedRow.objects.order_by("place")[5].place

    chunks = list(listings.chunks(listings.rows(Filter()), newest=newest, size=size))

    assert [row.number for chunk in chunks for row in chunk] == [6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("changes", "rows", "remark"),
    [
        ({"why": "KYC pack"}, [{}], "KYC pack"),
        ({"explanation": "Keys refused"}, [{}], "Keys refused"),
        (
            {"why": "KYC pack"},
            [{}, {"outcome": Outcome.REJECTED, "reason": "No such owner."}],
            "Row 2: No such owner.",
        ),
        ({}, [{"outcome": Outcome.REJECTED, "reason": "No such owner."}] * 2, "No such owner."),
        (
            {},
            [{}, *[{"outcome": Outcome.REJECTED, "reason": "No such owner."}] * 2],
            "Row 2: No such owner (and 1 more)",
        ),
        ({}, [{}], ""),
    ],
)
def test_the_remark_is_what_is_worth_a_look(asha, changes, rows, remark):
    submission = a_submission(by=asha, rows=rows, **changes)

    (line,) = history.submission_lines([submission])

    assert line.remark == remark
