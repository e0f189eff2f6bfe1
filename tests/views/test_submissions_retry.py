from __future__ import annotations

import pytest
from django.urls import reverse

from activities.models import Draft, Outcome, State
from tests.builders import a_draft, a_field, a_submission
from tests.lists import know_everything
from tests.pages import Page, press, read

pytestmark = pytest.mark.django_db


@pytest.fixture
def partly_posted(asha):
    bad = {
        "outcome": Outcome.REJECTED,
        "reason": "A value does not fit its field.",
        "problem_field": "mx_Custom_2",
        "fields": [a_field(typed="TOO LONG A PAN")],
    }
    return a_submission(asha, [{"outcome": Outcome.CREATED}, bad], State.PARTLY_POSTED)


def retry(client, submission, *, follow=True):
    return client.post(reverse("submissions:retry", args=[submission.public_id]), follow=follow)


def test_the_editor_opens_with_the_rows_that_do_not_exist(asha_client, partly_posted, sandbox):
    retry(asha_client, partly_posted)

    (row,) = Draft.objects.get().content["rows"]
    assert row["note"] == "Note 2"


def test_the_reason_stands_at_the_field(asha_client, partly_posted, sandbox):
    page = retry(asha_client, partly_posted).content.decode()

    assert 'id="r1-v208-mx_Custom_2-error"' in page
    assert "A value does not fit its field." in page


def test_the_reason_and_the_link_survive_a_press_of_a_button(asha_client, partly_posted, sandbox):
    retry(asha_client, partly_posted)
    draft = Draft.objects.get()
    row = partly_posted.rows.get(number=2)
    posted = {
        "draft": str(draft.public_id),
        "rows": "1",
        "r1-type": "208",
        "r1-owner": "kabir.shah@sahyadrihfc.in",
        "r1-note": "Note 2",
        "r1-follows": str(row.pk),
        "r1-refused-field": "mx_Custom_2",
        "r1-refused-reason": row.reason,
        "do": "add",
    }

    asha_client.post(reverse("submissions:new"), posted)

    draft.refresh_from_db()
    assert draft.content["rows"][0]["follows"] == row.pk
    assert draft.content["rows"][0]["refused"]["reason"] == row.reason


def test_the_button_names_a_single_row_by_its_number(asha_client, partly_posted, sandbox):
    page = asha_client.get(reverse("submissions:detail", args=[partly_posted.public_id])).content.decode()

    assert "Put row 2 right and post it" in page


def test_the_button_counts_several_rows(asha_client, asha, sandbox):
    submission = a_submission(asha, 3, State.NOT_POSTED)

    page = asha_client.get(reverse("submissions:detail", args=[submission.public_id])).content.decode()

    assert "Put 3 rows right and post them" in page


def test_what_is_unconfirmed_cannot_be_retried(asha_client, asha):
    submission = a_submission(asha, state=State.UNCONFIRMED)

    page = retry(asha_client, submission).content.decode()

    assert "nothing to post again" in page
    assert not Draft.objects.exists()


class TestWhatAnotherSubmissionHasByNow:
    @pytest.fixture
    def again(self, asha, partly_posted):
        rows = [{"follows": partly_posted.rows.get(number=2)}]
        return a_submission(asha, rows, State.POSTED, follows=partly_posted)

    def page(self, client, submission) -> Page:
        return read(client.get(reverse("submissions:detail", args=[submission.public_id])))

    def test_is_not_offered_and_leads_there(self, asha_client, partly_posted, again, sandbox):
        page = self.page(asha_client, partly_posted)

        assert "Put row 2 right" not in page.text
        assert "Row 2 is in another submission by now" in page.text
        assert f"/submissions/{again.public_id}/" in page.links

    def test_is_not_opened_either(self, asha_client, partly_posted, again, sandbox):
        page = read(retry(asha_client, partly_posted))

        assert "Nothing was opened" in page.text
        assert not Draft.objects.exists()

    def test_leads_nowhere_when_it_is_not_theirs_to_see(self, asha_client, partly_posted, dev, sandbox):
        rows = [{"follows": partly_posted.rows.get(number=2)}]
        again = a_submission(dev, rows, State.POSTED, follows=partly_posted)

        page = self.page(asha_client, partly_posted)

        assert f"by {dev.name}." in page.text
        assert f"/submissions/{again.public_id}/" not in page.links

    def test_is_named_by_its_numbers(self, asha_client, asha, sandbox):
        submission = a_submission(asha, 3, State.NOT_POSTED)
        rows = [{"follows": row} for row in submission.rows.filter(number__gt=1)]
        a_submission(asha, rows, State.QUEUED, follows=submission)

        page = self.page(asha_client, submission)

        assert "Rows 2, 3 are in another submission by now" in page.text
        assert "Put row 1 right and post it" in page.text

    def test_keeps_a_draft_of_it_from_being_posted(self, asha_client, partly_posted, asha, sandbox):
        know_everything()
        row = partly_posted.rows.get(number=2)
        typed = {"code": "208", "by_code": False, "owner": row.owner_email, "note": "x", "values": {}, "bare": []}
        content = {"rows": [{**typed, "follows": row.pk}], "skip_option_check": False}
        draft = a_draft(asha, content=content, follows=partly_posted)
        review = read(asha_client.get(reverse("submissions:review", args=[draft.public_id])))
        again = a_submission(asha, [{"follows": row}], State.QUEUED, follows=partly_posted)

        answer = press(asha_client, review, "", action="")

        assert answer.status_code == 409
        assert "Row 1 is in another submission by now" in read(answer).text
        assert f"/submissions/{again.public_id}/" in read(answer).links
        assert list(Draft.objects.all()) == [draft]


def test_an_auditor_may_not(chitra_client, partly_posted):
    assert retry(chitra_client, partly_posted).status_code == 403


def test_somebody_elses_does_not_exist(bala_client, partly_posted):
    assert retry(bala_client, partly_posted).status_code == 404
