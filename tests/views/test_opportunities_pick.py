from __future__ import annotations

import uuid

import pytest

from activities.models import State
from lsqportal.sandbox.demo import ASHA_HOME_LOAN_ID
from tests.builders import NOON, a_draft, a_submission
from tests.pages import read

HOME_LOAN = ASHA_HOME_LOAN_ID
CHOOSE_HOME_LOAN = f"/submissions/new/?opportunityId={HOME_LOAN}"


def search(client, text, **more):
    return client.get("/", {"q": text, **more})


class TestShows:
    def test_a_first_day_says_what_will_stand_here(self, asha_client):
        page = read(asha_client.get("/"))

        assert "What you type is kept here until you post or discard it." in page.text
        assert "Opportunities that you posted on appear here." in page.text

    def test_the_own_drafts_newest_first(self, asha_client, asha, bala):
        a_draft(asha, opportunity={"id": "x", "name": "Older"})
        a_draft(asha, opportunity={"id": "x", "name": "Newer"}, updated_at=NOON.replace(hour=13))
        a_draft(bala, opportunity={"id": "x", "name": "Bala’s"})

        page = read(asha_client.get("/")).text

        assert page.index("Newer") < page.index("Older")
        assert "Bala’s" not in page

    def test_what_was_posted_lately(self, asha_client, asha, bala):
        submission = a_submission(asha, state=State.POSTED, opportunity_name="Mine")
        a_submission(bala, state=State.POSTED, opportunity_name="Bala’s")

        page = read(asha_client.get("/"))

        assert f"/submissions/new/?opportunityId={submission.opportunity_id}" in page.links
        assert "Bala’s" not in page.text

    def test_a_draft_without_an_opportunity_can_be_found_again(self, asha_client, asha):
        a_draft(asha, opportunity_id="", opportunity={"id": "", "name": ""})

        assert "No opportunity chosen yet" in read(asha_client.get("/")).text


class TestFinds:
    @pytest.mark.parametrize(
        "text",
        [
            "Asha Rao",
            "asha.rao@outlook.in",
            "+91-9822041736",
            "9822041736",
            ASHA_HOME_LOAN_ID,
            ASHA_HOME_LOAN_ID.upper(),
        ],
    )
    def test_an_opportunity_by_name_mail_phone_or_id(self, asha_client, sandbox, text):
        response = search(asha_client, text)

        assert response.status_code == 200
        assert CHOOSE_HOME_LOAN in read(response).links

    def test_an_opportunity_by_its_leadsquared_link(self, asha_client, sandbox):
        link = (
            f"https://in21.leadsquared.com/OpportunityManagement/OpportunityDetails?opportunityId={ASHA_HOME_LOAN_ID}"
        )

        assert CHOOSE_HOME_LOAN in read(search(asha_client, link)).links

    def test_names_in_other_scripts(self, asha_client, sandbox):
        assert "محمد" in read(search(asha_client, "محمد")).text_of("main")

    def test_nothing_and_says_what_to_try(self, asha_client, sandbox):
        page = read(search(asha_client, "Nobody Atall"))

        assert "No lead matches “Nobody Atall”" in page.text

    def test_for_a_draft_that_is_moved(self, asha_client, asha, sandbox):
        draft = a_draft(asha)

        page = read(search(asha_client, ASHA_HOME_LOAN_ID, draft=str(draft.public_id)))

        assert f"{CHOOSE_HOME_LOAN}&draft={draft.public_id}" in page.links
        assert page.form("").value("draft") == str(draft.public_id)


class TestRefuses:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (str(uuid.UUID(int=7)), "neither an opportunity nor a lead"),
            ("https://in21.leadsquared.com/LeadManagement", "This link names neither an opportunity nor a lead."),
        ],
    )
    def test_an_id_or_a_link_that_leads_nowhere(self, asha_client, sandbox, text, words):
        response = search(asha_client, text)

        page = read(response)
        assert response.status_code == 422
        assert words in page.error_at("q")
        assert page.controls["q"]["value"] == text
        assert "<title>Error: " in page.html

    def test_to_find_while_leadsquared_is_away(self, asha_client, sandbox):
        sandbox.fault("error_500_without_envelope", times=20, path_contains="/v2/")

        response = search(asha_client, "Asha")

        assert response.status_code == 422
        assert read(response).controls["q"]["value"] == "Asha"
        assert read(response).error_at("q")

    def test_to_find_without_keys(self, asha_client, settings):
        settings.LSQ_API_URL = ""

        response = search(asha_client, "Asha")

        assert response.status_code == 422
        assert "administrator" in read(response).error_at("q")

    @pytest.mark.parametrize("text", ["\x00", "' OR 1=1 --", "%", "<script>", "x" * 5000, "👍", "\u202e"])
    def test_no_text_breaks_the_page(self, asha_client, sandbox, text):
        response = search(asha_client, text)

        assert response.status_code in {200, 422}
        assert "<script>" not in response.content.decode()


class TestWhoMay:
    def test_an_auditor_reads_the_audit_log_instead(self, chitra_client):
        assert chitra_client.get("/").url == "/audit/"

    def test_an_administrator_posts_too(self, dev_client):
        assert dev_client.get("/").status_code == 200

    def test_whoever_is_not_signed_in_signs_in_first(self, client, db):
        assert client.get("/").url == "/account/sign-in/?next=/"

    @pytest.mark.parametrize("method", ["post", "put", "delete"])
    def test_reading_is_all_that_can_be_done(self, asha_client, method):
        assert getattr(asha_client, method)("/").status_code == 405
