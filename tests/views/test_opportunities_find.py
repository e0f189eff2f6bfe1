from __future__ import annotations

import pytest

from lsqportal.sandbox.demo import ASHA_HOME_LOAN_ID
from tests.builders import a_draft
from tests.pages import read

FIND = "/opportunities/find/"


def find(client, text, **more):
    return client.get(FIND, {"q": text, **more})


def test_leads_come_in_one_call_and_name_where_their_opportunities_are(asha_client, sandbox):
    page = read(find(asha_client, "mail.example"))

    assert page.html.count('class="finder__lead"') == 10
    assert page.html.count("data-loads=") == 3
    assert "Type more of the name." in page.text
    assert len(sandbox.requests) == 1


def test_opportunities_that_are_known_come_at_once(asha_client, sandbox):
    asha_client.get("/", {"q": "Asha Rao"})
    sandbox.clear()

    page = read(find(asha_client, "Asha Rao"))

    assert f"/submissions/new/?opportunityId={ASHA_HOME_LOAN_ID}" in page.links
    assert "data-loads=" not in page.html
    assert sandbox.requests == []


@pytest.mark.parametrize("text", ["", "a", "as", "  as  "])
def test_fewer_than_three_characters_search_nothing(asha_client, sandbox, text):
    response = find(asha_client, text)

    assert response.status_code == 200
    assert sandbox.requests == []


def test_fewer_do_when_somebody_asks_for_them(asha_client, sandbox):
    assert "Asha Rao" in read(find(asha_client, "as", asked="yes")).text


@pytest.mark.parametrize(
    "text", [ASHA_HOME_LOAN_ID, f"https://in21.leadsquared.com/x?opportunityId={ASHA_HOME_LOAN_ID}"]
)
def test_an_id_or_a_link_names_the_way_to_the_rows(asha_client, asha, sandbox, text):
    draft = a_draft(asha)

    html = find(asha_client, text, draft=str(draft.public_id)).content.decode()

    assert f'data-goes="/submissions/new/?opportunityId={ASHA_HOME_LOAN_ID}&amp;draft={draft.public_id}"' in html


def test_how_many_were_found_is_said(asha_client, sandbox):
    assert 'data-said="2 leads found."' in find(asha_client, "Asha Rao").content.decode()
    assert 'data-said="1 lead found."' in find(asha_client, "asha.rao@outlook.in").content.decode()
    assert "No lead matches “nobody”." in find(asha_client, "nobody").content.decode()


def test_what_went_wrong_is_said(asha_client, sandbox):
    sandbox.fault("error_500_without_envelope", path_contains="QuickSearch")

    response = find(asha_client, "Asha")

    assert response.status_code == 200
    assert "LeadSquared gave no clear answer." in read(response).text


@pytest.mark.parametrize("text", ["\x00\x00\x00", "' OR 1=1 --", "%%%", "<script>", "👍👍👍", "x" * 5000])
def test_no_text_breaks_it(asha_client, sandbox, text):
    response = find(asha_client, text)

    assert response.status_code == 200
    assert "<script>" not in response.content.decode()


def test_an_auditor_does_not_search(chitra_client, sandbox):
    assert find(chitra_client, "Asha").status_code == 403
