from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from activities import buckets, indexing, listings, places, words
from activities.filters import Filter
from activities.models import ListedRow, Outcome, Row, State
from activities.models.lists import PLACES_OF_SUBMISSION, place_of
from tests.builders import NOON, a_submission
from tests.conftest import a_person

WORDS = ["PAN", "Pandharpur", "met", "Nikhil", "क़र्ज़", "👩", "José", "visit"]
OF_A_BUCKET = words.first_of(1) // PLACES_OF_SUBMISSION
OWNERS = ["kabir.shah@sahyadrihfc.in", "Meera.Iyer@sahyadrihfc.in"]
A_ROW = st.fixed_dictionaries(
    {
        "code": st.sampled_from([102, 208]),
        "owner_email": st.sampled_from(OWNERS),
        "note": st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join),
        "outcome": st.sampled_from([Outcome.CREATED, Outcome.REJECTED]),
    }
)
A_FILTER = st.fixed_dictionaries(
    {},
    optional={
        "person": st.sampled_from([0, 1]),
        "code": st.sampled_from([102, 208]),
        "owner": st.sampled_from([OWNERS[0], OWNERS[1].upper()]),
        "outcome": st.sampled_from([Outcome.CREATED, Outcome.REJECTED]),
        "text": st.sampled_from(["pan", "PAN met", "jose", "क़र्ज़", "👩", "nobody"]),
        "since": st.sampled_from([date(2026, 11, 22), date(2026, 11, 24)]),
        "until": st.sampled_from([date(2026, 11, 23), date(2026, 11, 25)]),
    },
)


def fits(row: Row, wanted: Filter) -> bool:
    """Whether a row fits, decided without any index."""
    day = row.submission.submitted_at.date()
    said = words.words_of(" ".join([row.note, row.type_name, row.owner_email, row.owner_name, "Asha Rao – Home loan"]))
    said += words.words_of(f"{row.submission.created_by_name} AAAAA1111A")
    return all(
        [
            wanted.person_id in {None, row.submission.created_by_id},
            wanted.code in {None, row.code},
            wanted.owner.lower() in {"", row.owner_email.lower()},
            wanted.outcome in {"", row.outcome},
            all(any(each.startswith(word) for each in said) for word in words.words_of(wanted.text)),
            wanted.since is None or day >= wanted.since,
            wanted.until is None or day <= wanted.until,
        ]
    )


class TestLists(TestCase):
    @hypothesis(max_examples=40)
    @given(
        st.lists(st.tuples(st.lists(A_ROW, min_size=1, max_size=4), st.integers(0, 3)), max_size=6),
        A_FILTER,
        st.sampled_from([1, 2 * OF_A_BUCKET, 3 * OF_A_BUCKET]),
        st.integers(0, 20),
    )
    def test_hold_just_what_fits_in_every_direction(self, submitted, narrowed, step, listed):
        people = [a_person("Asha", "poster"), a_person("Bala", "poster")]
        for number, (rows, days) in enumerate(sorted(submitted, key=lambda each: each[1])):
            at = NOON + timedelta(days=days)
            a_submission(people[days % 2], rows, State.PARTLY_POSTED, submitted_at=at, id=1 + number * step)
        buckets.list_due(most=listed)
        person = narrowed.pop("person", None)
        wanted = Filter(**narrowed, person_id=None if person is None else people[person].pk)
        expected = [row.pk for row in Row.objects.order_by("-submission", "-number") if fits(row, wanted)]

        found = listings.rows(wanted)

        assert [row.pk for row in found.below(None, 100)] == expected
        assert [row.pk for row in found.above(0, 100)] == expected[::-1]
        assert [row.pk for chunk in listings.chunks(found, newest=2**40, size=2) for row in chunk] == expected
        assert listings.count_rows(wanted).number == len(expected)
        in_order = dict.fromkeys(row.submission_id for row in found.below(None, 100))
        assert [each.pk for each in listings.submissions(wanted).below(None, 100)] == list(in_order)


def test_an_outcome_is_found_as_soon_as_it_changes(asha):
    submission = a_submission(by=asha, rows=2, state=State.UNCONFIRMED)
    Row.objects.filter(number=1).update(outcome=Outcome.CREATED, activity_id="b6f10000-0000-4000-8000-000000000001")

    indexing.follow(submission, numbers=[1])

    (row,) = listings.rows(Filter(outcome=Outcome.CREATED, code=208, person_id=asha.pk)).below(None, 10)
    assert row.number == 1
    assert len(listings.rows(Filter(text="b6f10000*")).newest(10)) == 1
    assert len(listings.rows(Filter(outcome=Outcome.UNCONFIRMED, text="note")).newest(10)) == 1


def test_the_id_of_an_activity_finds_its_row_and_nothing_beside_it(asha):
    an_id = "b6f10000-0000-4000-8000-000000000001"
    submission = a_submission(asha, [{}, {"outcome": Outcome.CREATED, "activity_id": an_id}, {}], State.PARTLY_POSTED)
    place = place_of(submission.pk, 2)
    found = places.of(Filter(id=an_id.upper()))

    assert (found.below(None, 5), found.below(place + 1, 5), found.below(place, 5)) == ([place], [place], [])
    assert (found.above(0, 5), found.above(place, 5), found.count(5)) == ([place], [], 1)
    assert places.of(Filter(id=an_id, code=1)).below(None, 5) == []


def test_what_is_forgotten_is_found_by_filters_alone(asha):
    submission = a_submission(by=asha, rows=2)

    indexing.forget([submission.pk])

    assert len(listings.rows(Filter(text="note")).newest(10)) == 0
    assert len(listings.rows(Filter(code=208)).newest(10)) == 2


def test_rows_from_before_there_were_lists_are_listed(asha):
    submission = a_submission(by=asha, rows=2)
    indexing.forget([submission.pk])
    ListedRow.objects.all().delete()

    assert indexing.catch_up() == 2

    assert len(listings.rows(Filter(text="note", code=208)).newest(10)) == 2


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Kabir Shah, Pune", ["kabir", "shah", "pune"]),
        ("7D1C2F0A-3b44-4c1e-9d55-0f2b6a81c9e4", ["7d1c2f0a3b444c1e9d550f2b6a81c9e4"]),
        ("José Straße", ["jose", "strasse"]),
        ("50% of _it_ \\", ["50", "of", "it"]),
        ("…", []),
        ("की", ["~915~940"]),
    ],
)
def test_words_are_folded_and_parted(text, found):
    assert words.words_of(text) == found


@given(st.text(st.characters(max_codepoint=127) | st.sampled_from(" -."), max_size=80), st.uuids())
def test_text_in_ascii_is_parted_as_any_other(text, an_id):
    text = f"{text} {an_id}"

    assert words.words_of(f"{text} की") == [*words.words_of(text), "~915~940"]


def test_a_search_is_not_prepared_as_if_it_read_much(asha):
    """PostgreSQL would compile each of its questions in a large table, a hundred times as long as it reads."""
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL prepares so much")
    a_submission(asha, [{"note": "PAN collected"}])
    set_to: list[tuple[str, str]] = []

    def ask(execute, sql, params, many, context):
        if "tsquery" in sql:
            with connection.connection.cursor() as cursor:
                cursor.execute("SELECT current_setting('jit'), current_setting('max_parallel_workers_per_gather')")
                set_to.append(cursor.fetchone())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(ask):
        found = places.of(Filter(text="pan")).below(None, 5)

    assert len(found) == 1
    assert set(set_to) == {("off", "0")}
