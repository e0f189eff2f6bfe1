from __future__ import annotations

import pytest

from activities.models import State
from tests.builders import a_submission
from tests.pages import read


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
