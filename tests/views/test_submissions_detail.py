from __future__ import annotations

import uuid

import pytest

from activities import posting, submissions
from activities.models import Attempt, Outcome, State, Submission, Verdict, Worker
from activities.models.clock import clock
from lsqportal.sandbox.demo import ASHA_HOME_LOAN_ID
from tests.builders import NOON, a_draft, a_field, a_new_row, a_submission, an_actor
from tests.lists import know_everything
from tests.pages import read


@pytest.fixture
def posted(asha, sandbox) -> Submission:
    """A submission of three rows as it really went to LeadSquared."""
    know_everything()
    rows = [a_new_row(note=f"Row {number}", fields=(a_field(),)) for number in (1, 2, 3)]
    draft = a_draft(asha, opportunity_id=ASHA_HOME_LOAN_ID)
    submission = submissions.submit(draft, rows, by=an_actor(asha), why="Committee asked")
    posting.post_next(worker="host:17")
    submission.refresh_from_db()
    return submission


def path_of(submission) -> str:
    return f"/submissions/{submission.public_id}/"


class TestShows:
    def test_what_became_of_each_row_with_its_id(self, asha_client, posted):
        page = read(asha_client.get(path_of(posted)))

        ids = list(posted.rows.values_list("activity_id", flat=True))
        assert "3 created" in page.text
        assert all(ids)
        assert all(each in page.text for each in ids)

    def test_who_and_when_and_why(self, asha_client, posted):
        page = read(asha_client.get(path_of(posted)))

        assert "by you" in page.text
        assert "Why: Committee asked" in page.text

    def test_the_request_and_the_answer_of_each_attempt(self, asha_client, posted):
        page = read(asha_client.get(path_of(posted))).text

        assert "Request of attempt 1" in page
        assert "Answer of attempt 1" in page
        assert '"ActivityNote": "Row 2"' in page
        assert '"ActivityCreated": true' in page

    def test_the_whole_story(self, asha_client, posted):
        story = read(asha_client.get(path_of(posted))).text_of("evidence")

        assert "Asha submitted 3 activities" in story
        assert "LeadSquared answered 200" in story
        assert "Portal settled: posted, 3 created" in story

    def test_why_a_row_was_rejected_in_words_and_in_leadsquareds(self, asha_client, asha):
        rows = [{"outcome": Outcome.REJECTED, "reason": "Its owner is not known.", "said": "Owner <x> & co"}]
        submission = a_submission(asha, rows, State.NOT_POSTED)

        page = read(asha_client.get(path_of(submission)))

        assert "Its owner is not known." in page.text
        assert "Owner <x> & co" in page.text

    def test_an_answer_that_is_not_json_as_it_came(self, asha_client, asha):
        submission = a_submission(asha, state=State.POSTED)
        Attempt.objects.create(
            submission=submission,
            number=1,
            started_at=NOON,
            lease_until=NOON,
            worker="w",
            url="https://api.example/v2/x",
            request=b"[]",
            answered_at=NOON,
            status=502,
            answer=b"<html>\xff bad gateway",
            verdict=Verdict.UNCLEAR,
        )

        assert "<html>\ufffd bad gateway" in read(asha_client.get(path_of(submission))).text

    def test_whose_it_is_to_an_auditor(self, chitra_client, posted):
        page = read(chitra_client.get(path_of(posted)))

        assert "by Asha" in page.text
        assert f"{path_of(posted)}copy/" not in page.forms

    def test_where_it_was_copied_from(self, asha_client, asha, posted):
        copy = a_submission(asha, follows=posted)

        assert path_of(posted) in read(asha_client.get(path_of(copy))).links

    def test_every_id_once(self, asha_client, posted):
        page = read(asha_client.get(path_of(posted)))

        assert sorted(page.ids) == sorted(set(page.ids))

    def test_markup_in_what_was_typed_as_text(self, asha_client, asha):
        field = a_field(label="<i>x</i>", shown="<b>&amp;</b>")
        submission = a_submission(asha, [{"note": "<script>alert(1)</script>", "fields": [field]}], State.POSTED)

        html = asha_client.get(path_of(submission)).content.decode()

        assert "<script>alert(1)" not in html
        assert "&lt;b&gt;&amp;amp;&lt;/b&gt;" in html


class TestAsItGoesOn:
    def test_a_queued_one_polls_and_can_be_cancelled(self, asha_client, asha):
        submission = a_submission(asha)

        page = read(asha_client.get(path_of(submission)))

        assert page.controls["progress"]["hx-get"] == f"{path_of(submission)}progress/"
        assert f"{path_of(submission)}cancel/" in page.forms

    def test_a_settled_one_asks_no_more(self, asha_client, posted):
        page = read(asha_client.get(path_of(posted)))

        assert "hx-get" not in page.controls["progress"]
        assert f"{path_of(posted)}cancel/" not in page.forms

    def test_without_scripts_it_is_looked_at_again(self, asha_client, asha):
        submission = a_submission(asha)

        assert path_of(submission) in read(asha_client.get(path_of(submission))).links

    def test_it_says_that_no_worker_is_there(self, asha_client, asha):
        assert "no worker has been seen for a minute" in read(asha_client.get(path_of(a_submission(asha)))).text

    def test_it_says_that_it_is_next(self, asha_client, asha, sandbox):
        know_everything()
        Worker.objects.create(name="w", started_at=clock(), seen_at=clock())

        assert "It is next." in read(asha_client.get(path_of(a_submission(asha)))).text


class TestWhoMay:
    @pytest.mark.parametrize("who", ["chitra_client", "dev_client"])
    def test_auditors_and_administrators_see_everybodys(self, request, posted, who):
        assert request.getfixturevalue(who).get(path_of(posted)).status_code == 200

    def test_somebody_elses_does_not_exist(self, bala_client, posted):
        assert bala_client.get(path_of(posted)).status_code == 404

    def test_nobody_has_what_never_was(self, dev_client):
        assert dev_client.get(f"/submissions/{uuid.uuid4()}/").status_code == 404

    def test_an_address_that_is_no_id_has_no_page(self, asha_client):
        assert asha_client.get("/submissions/17/").status_code == 404

    def test_whoever_is_not_signed_in_signs_in_first(self, client, posted):
        assert client.get(path_of(posted)).url == f"/account/sign-in/?next={path_of(posted)}"

    @pytest.mark.parametrize("method", ["post", "put", "delete"])
    def test_reading_is_all_that_can_be_done(self, asha_client, posted, method):
        assert getattr(asha_client, method)(path_of(posted)).status_code == 405
