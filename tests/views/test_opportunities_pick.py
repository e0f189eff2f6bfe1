from __future__ import annotations

import dataclasses
import uuid

import pytest

from activities import typed_rows
from activities.models import State
from lsqportal.sandbox.demo import ASHA_HOME_LOAN_ID
from tests.builders import NOON, a_draft, a_submission
from tests.lists import know_everything
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

    @pytest.mark.parametrize(("note", "count"), [("Typed", "1 of 25 rows"), ("", "0 of 25 rows")])
    def test_how_many_rows_of_a_draft_are_filled(self, asha_client, asha, note, count):
        rows = [{**typed_rows.blank(asha.lsq_email), "note": note}, typed_rows.blank(asha.lsq_email)]
        a_draft(asha, content={"rows": rows, "skip_option_check": False})

        assert count in read(asha_client.get("/")).text

    def test_each_opportunity_that_was_posted_on_lately_once(self, asha_client, asha):
        for number in range(7):
            a_submission(asha, opportunity_id=str(uuid.UUID(int=number)), opportunity_name=f"Loan {number}")
        a_submission(asha, 3, opportunity_id=str(uuid.UUID(int=4)), opportunity_name="Loan 4")

        recent = [line for line in read(asha_client.get("/")).text.split("Recent")[1].split("Loan ")[1:]]

        assert [line[0] for line in recent] == ["4", "6", "5", "3", "2"]
        assert "3 rows submitted by you" in recent[0]

    def test_what_was_posted_lately(self, asha_client, asha, bala):
        submission = a_submission(asha, state=State.POSTED, opportunity_name="Mine")
        a_submission(bala, state=State.POSTED, opportunity_name="Bala’s")

        page = read(asha_client.get("/"))

        assert f"/submissions/new/?opportunityId={submission.opportunity_id}" in page.links
        assert "Bala’s" not in page.text

    def test_a_draft_without_an_opportunity_can_be_found_again(self, asha_client, asha):
        a_draft(asha, opportunity_id="", opportunity={"id": "", "name": ""})

        assert "No opportunity chosen yet" in read(asha_client.get("/")).text


class TestManyDrafts:
    @pytest.fixture
    def sixty(self, asha):
        return [a_draft(asha, updated_at=NOON.replace(minute=number)) for number in range(60)]

    def followed(self, client, address, word):
        """The page that the link in the panel of drafts leads to."""
        (link,) = [link for link in read(client.get(address)).links if word in link]
        return f"/{link.partition('#')[0]}"

    def drafts_on(self, client, address):
        return [link.partition("draft=")[2] for link in read(client.get(address)).links if "?draft=" in link]

    def test_are_counted_where_the_newest_are_listed(self, asha_client, sixty):
        page = read(asha_client.get("/"))

        assert "All drafts (60)" in page.text
        assert self.drafts_on(asha_client, "/") == [str(draft.public_id) for draft in sixty[:54:-1]]

    def test_can_all_be_reached_from_there(self, asha_client, sixty):
        addresses = [first := self.followed(asha_client, "/", "drafts=1")]
        addresses.append(second := self.followed(asha_client, first, "drafts=2"))
        addresses.append(self.followed(asha_client, second, "drafts=3"))

        found = [draft for address in addresses for draft in self.drafts_on(asha_client, address)]

        assert found == [str(draft.public_id) for draft in reversed(sixty)]

    def test_say_where_among_them_the_page_is(self, asha_client, sixty):
        page = read(asha_client.get("/?drafts=3"))

        assert "51–60 of 60" in page.text
        assert "Older drafts" not in page.text

    def test_keep_what_was_searched_for(self, asha_client, sixty, sandbox):
        page = read(search(asha_client, "Asha Rao"))

        assert "?q=Asha+Rao&drafts=1#drafts" in page.links

    @pytest.mark.parametrize("asked", ["", "0", "-1", "9999999", "²", "x"])
    def test_of_no_such_page_are_a_page_that_there_is(self, asha_client, sixty, asked):
        assert self.drafts_on(asha_client, f"/?drafts={asked}")

    def test_are_not_offered_where_there_are_no_more(self, asha_client, asha):
        for _ in range(5):
            a_draft(asha)

        assert "All drafts" not in read(asha_client.get("/")).text


class TestFinds:
    @pytest.mark.parametrize(
        "text",
        [
            "Asha Rao",
            "asha.rao@outlook.in",
            "+91-9822041736",
            "9822041736",
        ],
    )
    def test_an_opportunity_by_name_mail_or_phone(self, asha_client, sandbox, text):
        response = search(asha_client, text)

        assert response.status_code == 200
        assert CHOOSE_HOME_LOAN in read(response).links

    @pytest.mark.parametrize(
        "text",
        [
            ASHA_HOME_LOAN_ID,
            ASHA_HOME_LOAN_ID.upper(),
            f"https://in21.leadsquared.com/OpportunityManagement/OpportunityDetails?opportunityId={ASHA_HOME_LOAN_ID}",
        ],
    )
    def test_the_way_to_the_rows_from_an_id_or_a_link(self, asha_client, sandbox, text):
        assert search(asha_client, text).url == CHOOSE_HOME_LOAN

    def test_the_way_to_the_rows_of_a_draft_that_is_moved(self, asha_client, asha, sandbox):
        draft = a_draft(asha)

        response = search(asha_client, ASHA_HOME_LOAN_ID, draft=str(draft.public_id))

        assert response.url == f"{CHOOSE_HOME_LOAN}&draft={draft.public_id}"

    def test_two_opportunities_in_one_text_and_lets_the_person_choose(self, asha_client, sandbox):
        other = sandbox.opportunity("Imran Sheikh")

        page = read(search(asha_client, f"{ASHA_HOME_LOAN_ID} or {other.id}"))

        assert {CHOOSE_HOME_LOAN, f"/submissions/new/?opportunityId={other.id}"} <= set(page.links)

    def test_names_in_other_scripts(self, asha_client, sandbox):
        assert "محمد" in read(search(asha_client, "محمد")).text_of("main")

    def test_nothing_and_says_what_to_try(self, asha_client, sandbox):
        page = read(search(asha_client, "Nobody Atall"))

        assert "No lead matches “Nobody Atall”" in page.text

    def test_for_a_draft_that_is_moved(self, asha_client, asha, sandbox):
        draft = a_draft(asha)

        page = read(search(asha_client, "Asha Rao", draft=str(draft.public_id)))

        assert f"{CHOOSE_HOME_LOAN}&draft={draft.public_id}" in page.links
        assert page.form("").value("draft") == str(draft.public_id)

    def test_a_leads_opportunities_by_its_address_and_afresh_when_asked(self, asha_client, sandbox):
        lead = sandbox.lead("Asha Rao")
        asha_client.get("/", {"lead": lead.id})
        sandbox.clear()

        page = read(asha_client.get("/", {"lead": lead.id, "again": "yes"}))

        assert CHOOSE_HOME_LOAN in page.links
        assert [request.path.rpartition("/")[2] for request in sandbox.requests] == ["GetOpportunitiesOfLead"]

    def test_no_opportunity_and_offers_to_look_again(self, asha_client, sandbox):
        sandbox.change(a_lead := dataclasses.replace(sandbox.lead("Asha Rao"), id=str(uuid.UUID(int=9))))

        page = read(asha_client.get("/", {"lead": a_lead.id}))

        assert "This lead has no opportunity that LeadSquared’s list shows. A new one appears" in page.text
        assert f"/?lead={a_lead.id}&again=yes" in page.links

    def test_an_opportunity_with_its_type_stage_status_owner_and_day(self, asha_client, sandbox):
        know_everything()
        opportunity = sandbox.opportunity("Asha Rao")
        sandbox.change(dataclasses.replace(opportunity, name="Flat 12B", created_on="2026-11-03 10:00:00"))

        text = read(search(asha_client, "Asha Rao")).text

        assert "Flat 12B · ₹48,50,000 Home loan · KYC pending · Open · Kabir Shah · created Tue 3 Nov 2026" in text

    def test_what_was_searched_for_and_marks_it(self, asha_client, sandbox):
        assert "<mark>Asha R</mark>ao" in search(asha_client, "asha r").content.decode()


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

    def test_to_show_a_lead_that_leadsquared_does_not_have(self, asha_client, sandbox):
        response = asha_client.get("/", {"lead": str(uuid.UUID(int=7))})

        assert response.status_code == 422
        assert "LeadSquared does not have this lead any more." in read(response).text

    def test_to_go_round_in_circles(self, asha_client, sandbox):
        assert asha_client.get("/", {"q": ASHA_HOME_LOAN_ID, "stay": "yes"}).status_code == 200

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
