from __future__ import annotations

import pytest

from activities.models import Draft, State
from tests.builders import a_field, a_submission
from tests.lists import know_everything
from tests.pages import post, read

KYC = "208"


@pytest.fixture(autouse=True)
def lists(sandbox, db):
    know_everything()


def path_of(submission) -> str:
    return f"/submissions/{submission.public_id}/copy/"


def copy(client, submission):
    return post(client, path_of(submission), {})


def test_the_rows_open_in_the_editor_as_they_were_typed(asha_client, asha):
    rows = [
        {"fields": [a_field("mx_Custom_3", "2026-11-20 10:00:00", typed="20 Nov 2026, 3:30 pm")]},
        {"fields": [a_field("mx_Custom_4", "PAN card;Aadhaar", typed=["PAN card", "Aadhaar"])]},
        {"fields": [a_field("mx_Custom_77", "x", bare=True)]},
    ]
    submission = a_submission(asha, rows, State.POSTED)

    form = read(asha_client.get(copy(asha_client, submission).url)).form("/submissions/new/")

    assert form.value("r1-v208-mx_Custom_3") == "Fri 20 Nov 2026, 15:30"
    assert form.values("r2-v208-mx_Custom_4") == ["PAN card", "Aadhaar"]
    assert (form.value("r3-b1-name"), form.value("r3-b1-value")) == ("mx_Custom_77", "x")
    assert [form.value(f"r{n}-note") for n in (1, 2, 3)] == ["Note 1", "Note 2", "Note 3"]


def test_the_opportunity_comes_along(asha_client, asha):
    submission = a_submission(asha, state=State.POSTED)

    page = read(asha_client.get(copy(asha_client, submission).url))

    assert page.text_of("target-name") == "Asha Rao – Home loan"
    assert Draft.objects.get().opportunity_id == submission.opportunity_id


def test_the_editor_links_to_the_first(asha_client, asha):
    submission = a_submission(asha, state=State.POSTED)

    page = read(asha_client.get(copy(asha_client, submission).url))

    assert f"/submissions/{submission.public_id}/" in page.links


def test_an_administrator_copies_somebody_elses_into_an_own_draft(dev_client, dev, asha):
    copy(dev_client, a_submission(asha, state=State.POSTED))

    assert Draft.objects.get().owner == dev


def test_an_auditor_is_told_why_not(chitra_client, asha):
    response = copy(chitra_client, a_submission(asha, state=State.POSTED))

    assert response.status_code == 403
    assert "Auditors read everything and post nothing." in response.content.decode()
    assert not Draft.objects.exists()


def test_somebody_elses_does_not_exist(bala_client, asha):
    assert copy(bala_client, a_submission(asha, state=State.POSTED)).status_code == 404


def test_whoever_is_not_signed_in_signs_in_first(client, asha):
    assert copy(client, a_submission(asha)).status_code == 401


def test_looking_copies_nothing(asha_client, asha):
    assert asha_client.get(path_of(a_submission(asha))).status_code == 405
    assert not Draft.objects.exists()
