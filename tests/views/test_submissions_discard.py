from __future__ import annotations

from activities.models import Draft, Submission
from tests.builders import a_draft, a_submission
from tests.pages import post, read


def path_of(thing) -> str:
    return f"/submissions/{thing.public_id}/discard/"


def discard(client, thing):
    return post(client, path_of(thing), {})


def test_the_draft_is_gone_and_it_says_so(asha_client, asha):
    response = discard(asha_client, a_draft(asha))

    assert response.url == "/"
    assert not Draft.objects.exists()
    assert "The draft was discarded. Nothing of it was sent." in read(asha_client.get("/")).text


def test_pressed_twice_the_second_finds_nothing(asha_client, asha):
    draft = a_draft(asha)

    discard(asha_client, draft)

    assert discard(asha_client, draft).status_code == 404


def test_somebody_elses_draft_does_not_exist(bala_client, asha):
    assert discard(bala_client, a_draft(asha)).status_code == 404
    assert Draft.objects.exists()


def test_an_administrator_discards_nobodys_draft_but_the_own(dev_client, asha):
    assert discard(dev_client, a_draft(asha)).status_code == 404
    assert Draft.objects.exists()


def test_a_submission_is_never_discarded(asha_client, asha):
    assert discard(asha_client, a_submission(asha)).status_code == 404
    assert Submission.objects.exists()


def test_whoever_is_not_signed_in_signs_in_first(client, asha):
    assert discard(client, a_draft(asha)).status_code == 401
    assert Draft.objects.exists()


def test_looking_discards_nothing(asha_client, asha):
    assert asha_client.get(path_of(a_draft(asha))).status_code == 405
    assert Draft.objects.exists()
