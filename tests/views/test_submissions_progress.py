from __future__ import annotations

import pytest
from django.urls import reverse

from activities import audit, submissions
from activities.models import Attempt, Look, Outcome, State, Verdict
from tests.builders import NOON, a_submission, an_actor, asked_of
from tests.pages import read


def an_attempt(submission) -> None:
    Attempt.objects.create(
        submission=submission,
        number=1,
        started_at=NOON,
        lease_until=NOON,
        worker="w",
        url="https://x/",
        request=b"[]",
        status=200,
        answer=b"[]",
        answered_at=NOON,
        verdict=Verdict.UNCLEAR,
    )


def path_of(submission) -> str:
    return f"/submissions/{submission.public_id}/progress/"


def test_the_fragment_is_the_part_that_changes_and_nothing_around_it(asha_client, asha):
    response = asha_client.get(path_of(a_submission(asha)), headers={"HX-Request": "true"})

    assert response.content.lstrip().startswith(b'<div id="progress"')
    assert b"<html" not in response.content


@pytest.mark.parametrize("state", [State.QUEUED, State.SENDING, State.UNCONFIRMED])
def test_what_is_not_settled_asks_again(asha_client, asha, state):
    submission = a_submission(asha, state=state)

    page = read(asha_client.get(path_of(submission)))

    assert page.controls["progress"]["hx-get"] == path_of(submission)


@pytest.mark.parametrize("state", [State.POSTED, State.NOT_POSTED])
def test_what_is_settled_asks_no_more_and_brings_its_story(asha_client, asha, state):
    page = read(asha_client.get(path_of(a_submission(asha, state=state))))

    assert "hx-get" not in page.controls["progress"]
    assert page.controls["evidence"]["hx-swap-oob"] == "true"


def test_what_needs_a_person_asks_no_more(asha_client, asha):
    submission = a_submission(asha, state=State.UNCONFIRMED, needs_person_since="2026-11-23T12:00:00Z")

    assert "hx-get" not in read(asha_client.get(path_of(submission))).controls["progress"]


class TestWhatAPersonIsAnswering:
    @pytest.fixture
    def looked_for(self, asha):
        """A submission that is before a person, and is looked for once more meanwhile."""
        return a_submission(asha, state=State.UNCONFIRMED, needs_person_since=NOON, look_at=NOON)

    @pytest.fixture
    def asked_anew(self, asha_client, looked_for):
        """What the page asks for every two seconds."""
        address = reverse("submissions:detail", args=[looked_for.public_id])
        return read(asha_client.get(address)).controls["progress"]["hx-get"]

    def test_is_left_alone_while_the_page_follows(self, asha_client, asked_anew):
        page = read(asha_client.get(asked_anew))

        assert page.controls["progress"]["hx-get"] == asked_anew
        assert "decision" not in page.controls
        assert page.controls["became"]["hx-swap-oob"] == "true"

    def test_is_drawn_anew_when_something_else_is_asked(self, asha_client, asked_anew, looked_for):
        leftover = {"id": "1", "code": 208, "note": "", "owner": "", "created_by": "", "created_at": "", "values": {}}
        Look.objects.create(
            submission=looked_for, number=1, at=NOON, succeeded=True, whole=True, leftovers=[leftover], summary="1"
        )

        page = read(asha_client.get(asked_anew))

        assert page.controls["decision"]["hx-swap-oob"] == "true"
        assert "decide-1" in page.controls

    def test_goes_when_it_is_settled(self, asha_client, asked_anew, looked_for):
        submissions.decide(looked_for, asked=asked_of(looked_for), ours={1: ""}, by=an_actor(looked_for.created_by))

        page = read(asha_client.get(asked_anew))

        assert "hidden" in page.controls["decision"]
        assert "decide-1" not in page.controls


class TestWhatTakesTheFocus:
    """A part that is drawn anew gives the focus back to whatever has the same id, and to nothing else."""

    def drawn(self, client, submission):
        """What polls draw, and what stands there before the first."""
        detail = client.get(reverse("submissions:detail", args=[submission.public_id]))
        start, end = detail.text.index('<div id="progress"'), detail.text.index('id="told"')
        return read(client.get(path_of(submission)).text + detail.text[start:end])

    def test_has_an_id_while_it_waits(self, asha_client, asha):
        page = self.drawn(asha_client, a_submission(asha, 2, follows=a_submission(asha, state=State.POSTED)))

        assert {"cancel", "copy", "show-anew", "follows", "place-2"} <= set(page.ids)
        assert page.nameless == []

    def test_has_an_id_while_a_person_answers(self, asha_client, asha):
        submission = a_submission(asha, 2, State.UNCONFIRMED, needs_person_since=NOON, look_at=NOON)

        page = self.drawn(asha_client, submission)

        assert {"settle", "decide-2", "check-again"} <= set(page.ids)
        assert page.nameless == []

    def test_has_an_id_where_rows_were_refused_and_are_looked_for(self, asha_client, asha):
        rows = [{"outcome": Outcome.NOT_CREATED, "reason": "No.", "said": "Not in the list"}, {}]
        submission = a_submission(asha, rows, State.NOT_POSTED, look_at=NOON)
        an_attempt(submission)

        page = self.drawn(asha_client, submission)

        assert {"retry", "said-1", "said-1-fold", "request-1-bytes", "answer-1-fold"} <= set(page.ids)
        assert page.nameless == []

    def test_has_an_id_in_the_story_that_a_settled_submission_brings(self, asha_client, asha):
        submission = a_submission(asha, state=State.POSTED)
        facts = {"decision": "1 of 1 unconfirmed rows are in LeadSquared", "evidence": ["row 1: 1"]}
        entry = audit.record(audit.Action.DECIDED, submission, by=an_actor(asha), **facts)
        an_attempt(submission)

        page = self.drawn(asha_client, submission)

        assert {f"evidence-{entry.seq}-fold", f"entry-{entry.seq}-link", "request-1-fold"} <= set(page.ids)
        assert page.nameless == []


def test_a_poll_after_the_session_ended_leads_to_sign_in(client, asha):
    submission = a_submission(asha)
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver/submissions/{submission.public_id}/"}

    response = client.get(path_of(submission), headers=headers)

    assert response["HX-Redirect"] == f"/account/sign-in/?next=%2Fsubmissions%2F{submission.public_id}%2F"


def test_somebody_elses_does_not_exist(bala_client, asha):
    assert bala_client.get(path_of(a_submission(asha))).status_code == 404


def test_an_auditor_follows_it_too(chitra_client, asha):
    assert chitra_client.get(path_of(a_submission(asha))).status_code == 200


def test_reading_is_all_that_can_be_done(asha_client, asha):
    assert asha_client.post(path_of(a_submission(asha))).status_code == 405
