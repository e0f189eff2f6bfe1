from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from activities import buckets, indexing, places, words, work
from activities.filters import Filter
from activities.models import ListedRow, Outcome, State, Submission
from activities.models.lists import PLACES_OF_SUBMISSION
from tests.builders import a_submission
from tests.conftest import a_person

OF_A_BUCKET = words.first_of(1) // PLACES_OF_SUBMISSION


def in_bucket(bucket, by, note="PAN seen", number=0, state=State.POSTED) -> Submission:
    return a_submission(by, [{"note": note}], state, id=1 + bucket * OF_A_BUCKET + number)


def created_as(submission, activity_id) -> None:
    """What LeadSquared says of the row at last."""
    submission.rows.update(outcome=Outcome.CREATED, activity_id=activity_id)
    indexing.follow(submission)


def kept() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT word FROM {buckets.TABLE}")
        return {word for (word,) in cursor.fetchall()}


def asked_for(text) -> list[int]:
    """Which buckets a search asks the index of words for."""
    asked: list[int] = []

    def listen(execute, sql, params, many, context):
        question = next((value for value in params or () if isinstance(value, str) and "." in value), "")
        asked.extend(int(part.split(".")[0].strip("(\"'")) for part in question.split() if "." in part)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(listen):
        places.of(Filter(text=text)).below(None, 50)
    return asked


@pytest.fixture
def twenty(asha) -> list[Submission]:
    """One submission in each of twenty buckets, all but the last one listed; one word stands in the second alone."""
    made = [in_bucket(bucket, asha, "met Gulabchand" if bucket == 1 else "PAN seen") for bucket in range(20)]
    assert buckets.list_due(most=50) == 19
    return made


def test_a_search_for_a_rare_word_asks_only_the_buckets_that_have_it(twenty):
    assert asked_for("gulab") == [*range(19, 12, -1), 1]


def test_a_search_for_a_frequent_word_asks_each_in_turn(twenty):
    assert asked_for("seen") == [bucket for bucket in range(19, -1, -1) if bucket != 1]


def test_a_search_for_words_that_never_meet_asks_none_of_the_listed(twenty):
    assert asked_for("gulabchand seen") == [bucket for bucket in range(19, 12, -1) for _ in range(2)]


def test_a_beginning_of_very_many_words_leaves_no_bucket_out(twenty, monkeypatch):
    monkeypatch.setattr(buckets, "_MOST_ENTRIES", 1)

    assert buckets.holding(range(20), ["gulab"]) == list(range(20))


@pytest.mark.parametrize("text", ["ﷺ" * 180, " ".join(map(chr, range(0x4E00, 0x4E00 + 100)))], ids=["same", "others"])
def test_a_search_of_very_many_words_is_answered(twenty, text):
    assert places.of(Filter(text=text)).below(None, 50) == []


def test_only_buckets_that_get_no_more_rows_are_listed(asha):
    in_bucket(0, asha)

    assert buckets.list_due() == 0


def test_one_bucket_is_listed_at_a_time_and_none_twice(asha):
    for bucket in (0, 1, 2):
        in_bucket(bucket, asha)

    assert [buckets.list_due() for _ in range(3)] == [1, 1, 0]


def test_workers_list_them(asha):
    in_bucket(0, asha, "met Gulabchand")
    in_bucket(1, asha)

    work.keep_round(work.record_keeping())

    assert buckets.holding([0, 1], ["nobody"]) == [1]


def test_a_bucket_that_changed_is_asked_until_it_is_listed_anew(twenty, asha):
    in_bucket(5, asha, "met Hiralal", number=1)

    assert 5 in buckets.holding(range(20), ["hiralal"])
    assert 5 in buckets.holding(range(20), ["nobody"])
    assert buckets.list_due(most=50) == 1
    assert 5 in buckets.holding(range(20), ["hiralal"])
    assert 5 not in buckets.holding(range(20), ["nobody"])


def test_of_what_is_forgotten_no_word_is_kept(twenty):
    before = kept()

    indexing.forget([twenty[1].pk])
    buckets.list_due(most=50)

    assert "gulabchand" in before
    assert "gulabchand" not in kept()


def test_a_word_that_others_of_the_bucket_have_is_found_after_one_is_forgotten(asha):
    first, second = in_bucket(0, asha, "met Gulabchand"), in_bucket(0, asha, "met Gulabchand", number=1)
    in_bucket(9, asha)
    buckets.list_due(most=50)

    indexing.forget([first.pk])

    for _ in ("not listed yet", "listed"):
        assert places.of(Filter(text="gulabchand")).below(None, 5) == [second.rows.get().listed.place]
        buckets.list_due(most=50)


def test_filters_that_stand_for_columns_are_not_kept(twenty):
    assert not any(words.is_tag(word) for word in kept())


@pytest.mark.parametrize("letters", [8, 12, 20, 32])
def test_an_id_is_found_by_as_much_of_it_as_is_typed(twenty, letters):
    (an_id,) = words.words_of(twenty[3].opportunity_id)

    assert buckets.holding(range(19), [an_id[:letters]]) == [3]


def test_words_of_any_script_are_told_apart(asha):
    for bucket, word in enumerate(["मंगलवार", "मंगलसूत्र", "abcdef0123456xyz", "PAN"]):
        in_bucket(bucket, asha, word)
    buckets.list_due(most=50)

    assert buckets.holding(range(3), words.words_of("मंगलवा")) == [0]
    assert buckets.holding(range(3), words.words_of("मंगल")) == [0, 1]
    assert buckets.holding(range(3), words.words_of("abcdef0123456")) == [2]


def test_all_is_listed_anew_after_a_doubt(twenty):
    buckets.forget_all()

    assert kept() == set()
    assert asked_for("gulab") == list(range(19, -1, -1))
    assert buckets.list_due(most=50) == 19


def test_a_word_that_was_taken_away_is_found_out(twenty):
    before = indexing.wrong_lines([twenty[1].pk])

    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {buckets.TABLE} WHERE word = 'gulabchand'")

    assert before == {twenty[1].pk: []}
    assert indexing.wrong_lines([twenty[0].pk, twenty[1].pk]) == {
        twenty[0].pk: [],
        twenty[1].pk: [f"Row 1 of the submission {twenty[1].public_id} is not in the lists as what it is."],
    }


class TestBuckets(TestCase):
    @hypothesis(max_examples=60)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["submit", "see", "forget", "list"]),
                st.integers(0, 3),
                st.sampled_from(["Gulabchand", "Hiralal", "Gulab"]),
            ),
            max_size=12,
        )
    )
    def test_never_leave_out_one_that_has_the_word(self, steps):
        asha = a_person("Asha", "poster")
        for number, (what, bucket, word) in enumerate(steps):
            there = Submission.objects.filter(pk__gt=bucket * OF_A_BUCKET, pk__lte=(bucket + 1) * OF_A_BUCKET)
            if what == "submit":
                in_bucket(bucket, asha, word, number, State.UNCONFIRMED)
            elif what == "list":
                buckets.list_due(most=1 + bucket)
            elif what == "see" and (found := there.exclude(rows__outcome=Outcome.CREATED).first()):
                created_as(found, f"b6f10000-0000-4000-8000-{number:012}")
            elif what == "forget" and (found := there.last()):
                indexing.forget([found.pk])

        for word in ("gulab", "gulabchand", "hiralal", "b6f1", "nobody"):
            having = {
                words.bucket_of(line.place)
                for line in ListedRow.objects.all()
                if any(each.split(".")[1].startswith(word) for each in line.words.split())
            }
            assert having <= set(buckets.holding(range(4), [word]))


def test_what_is_forgotten_while_its_bucket_is_listed_is_not_kept(asha):
    submission = in_bucket(0, asha, "met Gulabchand")
    in_bucket(1, asha)
    read: list[str] = []

    def forget_first(execute, sql, params, many, context):
        if not read and sql.startswith(f"SELECT word FROM {buckets.TABLE}"):
            read.append(sql)
            indexing.forget([submission.pk])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(forget_first):
        buckets.list_due()

    assert read
    assert "gulabchand" not in kept()


@pytest.mark.parametrize("part", ["collected", '[["", 0]]'], ids=["a part is put in", "all words are in"])
def test_a_bucket_that_changes_before(part, asha):
    """What is found then may have changed since its lines were read, so it is listed another time."""
    submission = in_bucket(0, asha, "PAN collected")
    in_bucket(1, asha)

    def change_first(execute, sql, params, many, context):
        if sql.startswith("INSERT INTO") and any(part in str(value) for value in params):
            buckets.mark([submission.rows.get().listed.place])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(change_first):
        buckets.list_due()

    assert buckets.holding([0, 1], ["nobody"]) == [0, 1]
    assert buckets.list_due() == 1
    assert buckets.holding([0, 1], ["nobody"]) == [1]


def test_a_bucket_that_two_list_at_once_is_listed_by_the_second(asha):
    """Between the two it may have changed, and the second took that mark away."""
    in_bucket(0, asha, "PAN collected")
    in_bucket(1, asha)
    listed: list[int] = []

    def list_first(execute, sql, params, many, context):
        if not listed and sql.startswith("INSERT INTO") and "collected" in str(params):
            listed.append(0)
            listed.append(buckets.list_due())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(list_first):
        listed.append(buckets.list_due())

    assert listed == [0, 1, 0]
    assert buckets.holding([0, 1], ["nobody"]) == [1]


def test_nothing_is_listed_while_somebody_takes_words_out(asha):
    """What he takes out may have been read before."""
    if connection.vendor != "postgresql":
        pytest.skip("on SQLite one writes at a time")
    in_bucket(0, asha)
    in_bucket(1, asha)
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [buckets._LOCK])
        while_taken_out = buckets.list_due()
        other.rollback()
    finally:
        other.close()

    assert (while_taken_out, buckets.list_due()) == (0, 1)


def test_nobody_lists_until_the_change_that_takes_words_out_is_stored(asha):
    if connection.vendor != "postgresql":
        pytest.skip("on SQLite one writes at a time")
    place = in_bucket(0, asha).rows.get().listed.place
    buckets.mark([place], gone=["0.gulabchand"])
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [buckets._LOCK])
            (is_free,) = cursor.fetchone()
    finally:
        other.close()

    assert not is_free
