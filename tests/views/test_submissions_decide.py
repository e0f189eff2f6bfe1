from __future__ import annotations

import pytest
from django.urls import reverse

from activities.models import Look, Outcome, State
from tests.builders import NOON, a_submission, asked_of
from tests.pages import read

pytestmark = pytest.mark.django_db
HELD = {"id": "11111111-2222-4333-8444-555555555555", "code": 208, "note": "Note 1 [auto]", "owner": "Kabir Shah"}


def left_over(submission):
    """The submission, looked for once: LeadSquared holds something that no row explains."""
    leftover = {**HELD, "created_by": "", "created_at": NOON.isoformat(), "values": {"mx_Custom_2": "AAAAA1111A"}}
    Look.objects.create(
        submission=submission, number=1, at=NOON, succeeded=True, whole=True, leftovers=[leftover], summary="1"
    )
    return submission


@pytest.fixture
def undecided(asha):
    """A submission of one row that the portal could not find out about, and what LeadSquared holds."""
    explanation = "Somebody has to say which are ours."
    return left_over(a_submission(asha, state=State.UNCONFIRMED, needs_person_since=NOON, explanation=explanation))


def decide(client, submission, **choices):
    answer = {"asks": asked_of(submission), **choices}
    return client.post(reverse("submissions:decide", args=[submission.public_id]), answer, follow=True)


def test_both_sides_are_shown(asha_client, undecided):
    page = asha_client.get(reverse("submissions:detail", args=[undecided.public_id])).content.decode()

    assert "Note 1 [auto]" in page
    assert HELD["id"] in page
    assert "Somebody has to say which are ours." in page


def test_an_activity_that_is_ours_makes_the_row_created(asha_client, undecided):
    decide(asha_client, undecided, **{"row-1": HELD["id"]})

    assert undecided.rows.get().outcome == Outcome.CREATED


def test_none_of_these_makes_the_row_not_created(asha_client, undecided):
    decide(asha_client, undecided, **{"row-1": "none"})

    assert undecided.rows.get().outcome == Outcome.NOT_CREATED


def test_without_a_choice_nothing_is_decided(asha_client, undecided):
    page = decide(asha_client, undecided).content.decode()

    assert undecided.rows.get().outcome == Outcome.UNCONFIRMED
    assert "choose for every row" in page


class TestAForgottenRow:
    @pytest.fixture
    def answered(self, asha_client, asha):
        """The answer to a form of two rows, of which only the second was chosen."""
        submission = a_submission(asha, 2, State.UNCONFIRMED, needs_person_since=NOON)
        return decide(asha_client, submission, **{"row-1": "", "row-2": "none"})

    def test_leaves_what_was_chosen_for_the_others(self, answered):
        (form,) = [form for action, form in read(answered).forms.items() if action.endswith("/decide/")]

        assert answered.status_code == 422
        assert (form.value("row-1"), form.value("row-2")) == ("", "none")

    def test_is_told_at_its_field_and_above_the_page(self, answered):
        page = read(answered)

        assert page.error_at("decide-1") == "Nothing is decided before you choose for every row."
        assert page.error_at("decide-2") == ""
        assert "Row 1: nothing is decided before you choose for every row." in page.summary
        assert "#decide-1" in page.links
        assert "<title>Error: " in page.html


def test_an_activity_that_was_chosen_for_two_rows_is_told_at_both(asha_client, asha):
    submission = left_over(a_submission(asha, 2, State.UNCONFIRMED, needs_person_since=NOON))

    page = read(decide(asha_client, submission, **{"row-1": HELD["id"], "row-2": HELD["id"]}))

    assert [page.error_at(f"decide-{n}") for n in (1, 2)] == ["Each activity is one row at most."] * 2


def test_an_activity_that_is_explained_by_now_is_told_at_its_row(asha_client, undecided):
    page = read(decide(asha_client, undecided, **{"row-1": "11111111-2222-4333-8444-000000000000"}))

    assert "this activity is not left over any more" in page.error_at("decide-1")


class TestAPageFromBeforeAnotherLook:
    @pytest.fixture
    def asked(self, asha):
        """Two rows before a person, and one activity that could be either."""
        return left_over(a_submission(asha, 2, State.UNCONFIRMED, needs_person_since=NOON))

    @pytest.mark.parametrize("first", ["", HELD["id"], "none"])
    def test_is_asked_anew_and_its_none_chosen_anew(self, asha_client, asked, first):
        page = read(decide(asha_client, asked, asks="of an older page", **{"row-1": first, "row-2": "none"}))

        assert {row.outcome for row in asked.rows.all()} == {Outcome.UNCONFIRMED}
        assert "list was read again since you were asked" in page.error_at("decide-2")
        form = page.form(reverse("submissions:decide", args=[asked.public_id]))
        assert (form.value("asks"), form.value("row-2")) == (asked_of(asked), "")

    def test_keeps_which_activity_a_row_is(self, asha_client, asked):
        page = read(decide(asha_client, asked, asks="of an older page", **{"row-1": HELD["id"], "row-2": "none"}))

        form = page.form(reverse("submissions:decide", args=[asked.public_id]))
        assert form.value("row-1") == HELD["id"]


def test_what_is_settled_meanwhile_is_not_decided_again(asha_client, asha):
    submission = a_submission(asha, state=State.POSTED)

    page = read(decide(asha_client, submission, **{"row-1": "none"}))

    assert page.path == reverse("submissions:detail", args=[submission.public_id])
    assert "Nothing was decided: these rows are settled" in page.text


def test_an_administrator_may_decide(dev_client, undecided):
    decide(dev_client, undecided, **{"row-1": "none"})

    assert undecided.rows.get().outcome == Outcome.NOT_CREATED


def test_an_auditor_sees_it_and_may_not_decide(chitra_client, undecided):
    response = decide(chitra_client, undecided, **{"row-1": "none"})

    assert response.status_code == 403
    assert undecided.rows.get().outcome == Outcome.UNCONFIRMED


def test_somebody_elses_does_not_exist(bala_client, undecided):
    assert decide(bala_client, undecided, **{"row-1": "none"}).status_code == 404


def test_reading_is_not_deciding(asha_client, undecided):
    assert asha_client.get(reverse("submissions:decide", args=[undecided.public_id])).status_code == 405
