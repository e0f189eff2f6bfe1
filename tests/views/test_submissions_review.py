from __future__ import annotations

import json
import uuid

import pytest
from django.test import Client

from activities import audit, posting
from activities.models import Account, Draft, Submission
from activities.models.clock import clock
from lsqportal.sandbox.demo import ASHA_HOME_LOAN_ID
from tests.builders import a_draft, a_submission
from tests.lists import know_everything
from tests.pages import Page, post, press, read

KABIR = "kabir.shah@sahyadrihfc.in"
KYC, VALUATION = "208", "222"


@pytest.fixture(autouse=True)
def lists(sandbox, db):
    know_everything()


def content(*rows, switch=False) -> dict:
    blank = {"code": KYC, "by_code": False, "owner": KABIR, "note": "PAN collected", "values": {}, "bare": []}
    return {"rows": [{**blank, **row} for row in rows or ({},)], "skip_option_check": switch}


@pytest.fixture
def draft(asha) -> Draft:
    return a_draft(asha, opportunity_id=ASHA_HOME_LOAN_ID, content=content())


def path_of(thing) -> str:
    return f"/submissions/{thing.public_id}/review/"


def open_review(client, draft) -> Page:
    return read(client.get(path_of(draft)))


def press_post(client, page, **typed):
    return press(client, page, "", action="", **typed)


def bulk_calls(sandbox):
    return [request for request in sandbox.requests if "Bulk/CustomActivity/Add" in request.path]


class TestShows:
    def test_what_will_be_posted_in_words(self, asha_client, asha):
        row = {"values": {KYC: {"mx_Custom_2": "AAAAA1111A", "mx_Custom_3": "20 Nov 2026 3:30 pm"}}}
        page = open_review(asha_client, a_draft(asha, content=content(row)))

        assert "1 activity for Asha Rao – Home loan" in page.text
        assert "KYC visit · 208" in page.text
        assert "PAN number AAAAA1111A" in page.text
        assert "Fri 20 Nov 2026, 15:30" in page.text

    def test_that_nothing_has_been_posted_and_that_it_cannot_be_undone(self, asha_client, draft):
        page = open_review(asha_client, draft)

        assert "Nothing has been posted yet" in page.text
        assert "It cannot be undone." in page.text

    def test_exactly_the_request_that_is_sent(self, asha_client, asha, sandbox):
        rows = [
            {"values": {KYC: {"mx_Custom_2": "AAAAA1111A", "mx_Custom_4": ["PAN card", "Aadhaar"]}}},
            {"code": "102", "note": "Grüße 👍\n<b>مرحبا</b>", "bare": [{"schema_name": "mx_Custom_7", "value": "x"}]},
            {
                "code": VALUATION,
                "values": {VALUATION: {"mx_Custom_1~mx_CustomObject_1": "N. Kale", "mx_Custom_2": "48,50,000"}},
            },
        ]
        draft = a_draft(asha, opportunity_id=ASHA_HOME_LOAN_ID, content=content(*rows, switch=True))
        page = open_review(asha_client, draft)
        shown = page.html.partition('<pre class="code"')[2].partition(">")[2].partition("</pre>")[0]
        address, _, body = Page(f'<p id="x">{shown}</p>')._by_id["x"][0].partition("\n")

        press_post(asha_client, page)
        posting.post_next(worker="host:1")

        (call,) = bulk_calls(sandbox)
        assert json.loads(body) == json.loads(call.body)
        assert address == f"POST {call.path}?opportunityId={call.query['opportunityId']}"

    def test_no_key(self, asha_client, draft, sandbox):
        page = open_review(asha_client, draft).html

        assert sandbox.access_key not in page
        assert sandbox.secret_key not in page

    def test_the_editor_when_the_rows_are_not_ready(self, asha_client, asha):
        response = asha_client.get(path_of(a_draft(asha, content=content({"owner": ""}))))

        assert response.status_code == 422
        assert "choose a LeadSquared user" in read(response).error_at("r1-owner")

    def test_the_editor_when_no_opportunity_is_chosen(self, asha_client, asha):
        draft = a_draft(asha, opportunity_id="", opportunity={"id": "", "name": ""}, content=content())

        response = asha_client.get(path_of(draft))

        assert response.status_code == 422
        assert "choose the one that these rows are for" in read(response).summary


class TestPost:
    def test_leads_to_the_submission(self, asha_client, draft):
        response = press_post(asha_client, open_review(asha_client, draft), why="Committee asked")

        assert response.url == f"/submissions/{draft.public_id}/"
        assert Submission.objects.get().why == "Committee asked"

    def test_sends_nothing_by_itself(self, asha_client, draft, sandbox):
        press_post(asha_client, open_review(asha_client, draft))

        assert bulk_calls(sandbox) == []

    def test_ends_the_draft(self, asha_client, draft):
        press_post(asha_client, open_review(asha_client, draft))

        assert not Draft.objects.exists()

    def test_pressed_twice_leaves_one_submission_and_the_same_page(self, asha_client, draft):
        page = open_review(asha_client, draft)

        first, second = press_post(asha_client, page), press_post(asha_client, page)

        assert first.url == second.url
        assert Submission.objects.count() == 1

    def test_writes_down_from_where(self, asha_client, draft):
        page = open_review(asha_client, draft)

        post(asha_client, page.path, page.form("").fields, headers={"User-Agent": "Firefox"}, REMOTE_ADDR="10.4.18.31")

        entry = audit.entries().get(action="submission.submitted")
        assert (entry.actor, entry.address, entry.agent) == ("Asha", "10.4.18.31", "Firefox")
        assert len(entry.request_id) == 12

    def test_on_an_unknown_account_asks_whose_keys_these_are(self, asha_client, draft, sandbox):
        Account.objects.update(organisation="", keys_mark="")

        response = press_post(asha_client, open_review(asha_client, draft))

        assert response.status_code == 302
        assert Submission.objects.get().organisation == Account.objects.get().organisation

    def test_on_an_unknown_account_that_cannot_be_asked_keeps_the_draft(self, asha_client, draft, sandbox):
        Account.objects.update(organisation="", keys_mark="")
        page = open_review(asha_client, draft)
        sandbox.fault("status", status=503, path_contains="/v2/", times=10)

        response = press_post(asha_client, page, why="typed")

        assert response.status_code == 503
        assert "Nothing was posted, and nothing is lost" in read(response).text
        assert read(response).form("").value("why") == "typed"
        assert Draft.objects.exists()

    def test_during_a_hold_queues_all_the_same(self, asha_client, draft):
        Account.objects.update(hold_since=clock(), hold_reason="The keys were refused.")

        response = press_post(asha_client, open_review(asha_client, draft))

        assert response.status_code == 302
        assert Submission.objects.get().state == "queued"


class TestTheReason:
    @pytest.mark.parametrize(
        ("why", "words"),
        [
            ("x" * 201, "201 characters are too many. Shorten it to 200."),
            ("👍" * 101, "202 characters are too many."),
            ("a\x00b", "an empty character (NUL) stands after “a”"),
            ("a\x1bb", "the character U+001B stands"),
            ("a\nb", "a line break stands"),
        ],
    )
    def test_that_cannot_be_kept_is_refused_and_stays(self, asha_client, draft, why, words):
        response = press_post(asha_client, open_review(asha_client, draft), why=why)

        page = read(response)
        assert response.status_code == 422
        assert words in page.error_at("why")
        assert page.controls["why"]["value"] == why
        assert not Submission.objects.exists()

    def test_of_200_characters_is_kept(self, asha_client, draft):
        press_post(asha_client, open_review(asha_client, draft), why=f" {'ق' * 200} ")

        assert Submission.objects.get().why == "ق" * 200


class TestChangedMeanwhile:
    def test_posts_nothing_and_shows_the_rows_anew(self, asha_client, draft):
        page = open_review(asha_client, draft)
        Draft.objects.update(content=content({"note": "changed in another tab"}))

        response = press_post(asha_client, page, why="kept")

        assert response.status_code == 409
        assert "The rows were changed since you looked at them. Nothing was posted." in read(response).text
        assert "changed in another tab" in read(response).text
        assert not Submission.objects.exists()

    def test_keeps_the_reason_and_can_be_posted_then(self, asha_client, draft):
        page = open_review(asha_client, draft)
        Draft.objects.update(content=content({"note": "changed in another tab"}))

        page = read(press_post(asha_client, page, why="kept"))
        press_post(asha_client, page)

        submission = Submission.objects.get()
        assert submission.why == "kept"
        assert submission.rows.get().note == "changed in another tab"

    @pytest.mark.parametrize("change", [{"switch": True}, {"rows": 2}])
    def test_anything_that_would_be_sent_counts(self, asha_client, draft, change):
        page = open_review(asha_client, draft)
        rows: list[dict] = [{}] * change.get("rows", 1)
        Draft.objects.update(content=content(*rows, switch=change.get("switch", False)))

        assert press_post(asha_client, page).status_code == 409

    def test_another_opportunity_counts(self, asha_client, draft):
        page = open_review(asha_client, draft)
        Draft.objects.update(opportunity_id=str(uuid.uuid4()))

        assert press_post(asha_client, page).status_code == 409

    @pytest.mark.parametrize("seen", [None, "", "forged"])
    def test_a_press_that_saw_nothing_posts_nothing(self, asha_client, draft, seen):
        response = press_post(asha_client, open_review(asha_client, draft), seen=seen)

        assert response.status_code == 409
        assert not Submission.objects.exists()

    def test_rows_that_are_not_ready_any_more_lead_to_the_editor(self, asha_client, draft):
        page = open_review(asha_client, draft)
        Draft.objects.update(content=content({"owner": "nobody@example.org"}))

        response = press_post(asha_client, page)

        assert response.status_code == 422
        assert "has no user nobody@example.org" in read(response).error_at("r1-owner")


class TestTheSameRowsWithinADay:
    @pytest.fixture
    def first(self, asha_client, draft) -> Submission:
        press_post(asha_client, open_review(asha_client, draft))
        return Submission.objects.get()

    @pytest.fixture
    def again(self, asha, first) -> Draft:
        return a_draft(asha, opportunity_id=ASHA_HOME_LOAN_ID, content=content())

    @pytest.fixture
    def warned(self, asha_client, again):
        return press_post(asha_client, open_review(asha_client, again), why="typed")

    def test_are_warned_of_with_a_link_to_the_first(self, warned, first):
        page = read(warned)

        assert warned.status_code == 409
        assert "You submitted exactly these rows before" in page.text
        assert f"/submissions/{first.public_id}/" in page.links
        assert page.form("").value("why") == "typed"

    def test_are_not_submitted_by_the_first_press(self, warned):
        assert Submission.objects.count() == 1

    def test_are_submitted_by_one_more_press(self, warned, asha_client, again):
        response = press_post(asha_client, read(warned))

        assert response.url == f"/submissions/{again.public_id}/"
        assert Submission.objects.count() == 2

    def test_are_warned_of_when_only_the_typing_differs(self, asha_client, asha, first):
        other = a_draft(asha, opportunity_id=ASHA_HOME_LOAN_ID, content=content({"owner": f" {KABIR.upper()} "}))

        assert press_post(asha_client, open_review(asha_client, other)).status_code == 409


class TestASubmittedDraft:
    @pytest.fixture
    def seen(self, asha_client, draft) -> Page:
        return open_review(asha_client, draft)

    @pytest.fixture
    def submission(self, asha_client, seen) -> Submission:
        press_post(asha_client, seen)
        return Submission.objects.get()

    def test_opened_again_leads_to_its_submission(self, asha_client, submission):
        assert asha_client.get(path_of(submission)).url == f"/submissions/{submission.public_id}/"

    def test_with_other_content_changes_nothing_and_says_so(self, asha_client, submission, seen):
        response = press_post(asha_client, seen, seen="of other rows")

        assert response.url == f"/submissions/{submission.public_id}/"
        assert "submitted before with other contents" in read(asha_client.get(response.url)).text
        assert Submission.objects.count() == 1

    def test_with_the_same_content_says_nothing(self, asha_client, submission, seen):
        response = press_post(asha_client, seen)

        assert "submitted before" not in read(asha_client.get(response.url)).text


class TestWhoMay:
    def test_somebody_elses_draft_does_not_exist(self, bala_client, draft):
        assert bala_client.get(path_of(draft)).status_code == 404
        assert post(bala_client, path_of(draft), {"seen": "x"}).status_code == 404

    def test_somebody_elses_submission_does_not_exist(self, bala_client, asha):
        submission = a_submission(asha)

        assert bala_client.get(path_of(submission)).status_code == 404
        assert post(bala_client, path_of(submission), {"seen": "x"}).status_code == 404

    def test_nobody_has_what_never_was(self, asha_client):
        assert asha_client.get(f"/submissions/{uuid.uuid4()}/review/").status_code == 404

    def test_an_auditor_is_told_why_not(self, chitra_client, draft):
        response = chitra_client.get(path_of(draft))

        assert response.status_code == 403
        assert "Auditors read everything and post nothing." in response.content.decode()

    def test_a_poster_who_became_an_auditor_posts_nothing(self, asha_client, asha, draft):
        page = open_review(asha_client, draft)
        asha.role = "auditor"
        asha.save()

        assert press_post(asha_client, page).status_code == 403
        assert not Submission.objects.exists()

    def test_a_forged_token_posts_nothing(self, asha, draft):
        client = Client(enforce_csrf_checks=True)
        client.force_login(asha)

        response = press_post(client, open_review(client, draft), csrfmiddlewaretoken="x" * 64)

        assert response.status_code == 403
        assert "This form is out of date" in response.content.decode()
        assert not Submission.objects.exists()

    def test_after_the_session_ended_nothing_is_posted_before_a_press(self, client, draft):
        response = post(client, path_of(draft), {"seen": "x", "why": "typed"})

        assert response.status_code == 401
        assert "why=typed" in read(response).form("/account/sign-in/").value("held_fields")
        assert not Submission.objects.exists()

    @pytest.mark.parametrize("method", ["put", "delete"])
    def test_other_methods_are_refused(self, asha_client, draft, method):
        assert getattr(asha_client, method)(path_of(draft)).status_code == 405
