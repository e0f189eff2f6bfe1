from __future__ import annotations

import pytest

from activities import submissions, tries
from activities.models import Outcome, State
from tests.builders import a_submission

pytestmark = pytest.mark.django_db
REJECTED, ABSENT = Outcome.REJECTED, Outcome.NOT_CREATED


@pytest.fixture
def row(asha):
    return a_submission(asha, state=State.NOT_POSTED).rows.get()


@pytest.fixture
def put_right(asha):
    """Store a submission whose only row puts this one right, as it would stand in this state."""

    def put_right(row, state=State.NOT_POSTED):
        return a_submission(asha, [{"follows": row}], state, follows=row.submission).rows.get()

    return put_right


class TestTheTriesOfARow:
    def test_are_the_row_alone_where_nobody_put_it_right(self, row):
        assert tries.of([row]) == {row.pk: [row]}

    def test_are_all_that_put_it_right_however_often(self, row, put_right):
        second = put_right(row)
        third = put_right(second)

        assert tries.of([row]) == {row.pk: [row, second, third]}

    def test_are_the_same_from_whichever_is_asked_for(self, row, put_right):
        second, other_second = put_right(row), put_right(row)
        third = put_right(second)

        assert tries.of([third])[third.pk] == tries.of([other_second])[other_second.pk]
        assert tries.of([third])[third.pk] == [row, second, other_second, third]

    def test_of_two_rows_are_kept_apart(self, asha, put_right):
        one, two = a_submission(asha, 2, State.NOT_POSTED).rows.order_by("number")
        again = put_right(two)

        assert tries.of([one, two]) == {one.pk: [one], two.pk: [two, again]}

    def test_before_it_are_those_that_it_puts_right(self, row, put_right):
        second, _ = put_right(row), put_right(row)
        third = put_right(second)

        assert tries.before(third, tries.of([third])[third.pk]) == [second, row]

    def test_are_found_with_as_many_questions_for_many_rows_as_for_one(self, asha, django_assert_num_queries):
        first = a_submission(asha, 25, State.NOT_POSTED)
        a_submission(asha, [{"follows": row} for row in first.rows.all()], State.NOT_POSTED, follows=first)
        rows = list(first.rows.all())

        with django_assert_num_queries(2):
            tries.of(rows)


class TestARowThatFailed:
    @pytest.mark.parametrize("state", [State.QUEUED, State.SENDING, State.UNCONFIRMED, State.POSTED])
    def test_is_not_offered_while_it_is_in_another_submission(self, row, put_right, state):
        again = put_right(row, state)

        assert submissions.retriable([row]) == []
        assert submissions.elsewhere([row]) == [submissions.Elsewhere(again.submission, (1,))]

    def test_is_offered_again_when_the_other_try_failed_too(self, row, put_right):
        again = put_right(row)

        assert submissions.retriable([row]) == submissions.retriable([again]) == [1]
        assert submissions.elsewhere([row]) == []

    def test_is_not_offered_when_a_later_try_of_a_try_exists(self, row, put_right):
        second = put_right(row)
        third = put_right(second, State.POSTED)

        assert submissions.retriable([row]) == submissions.retriable([second]) == []
        assert submissions.elsewhere([row])[0].submission == third.submission

    def test_is_not_offered_when_another_try_of_the_same_row_exists(self, row, put_right):
        failed = put_right(row)
        put_right(row, State.POSTED)

        assert submissions.retriable([failed]) == []

    def test_is_offered_beside_those_that_are_in_another_submission(self, asha, put_right):
        first = a_submission(asha, 3, State.NOT_POSTED)
        put_right(first.rows.get(number=2), State.POSTED)

        assert submissions.retriable(first.rows.order_by("number")) == [1, 3]
