from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime

import pytest
from django.test import Client

from activities import audit, posting, submissions
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

    def test_types_owners_and_that_it_is_one_call(self, asha_client, asha):
        rows = [{}, {"code": "102", "owner": "meera.iyer@sahyadrihfc.in"}, {}]
        page = open_review(asha_client, a_draft(asha, content=content(*rows)))

        assert "2 × KYC visit and 1 × Meeting, owned by Kabir Shah (2) and you (1)." in page.text
        assert "LeadSquared gets them in one call, in this order. It cannot be undone." in page.text

    def test_each_time_as_the_person_reads_it_and_as_it_goes_out(self, asha_client, asha):
        row = {"values": {KYC: {"mx_Custom_3": "20 Nov 2026 3:30 pm"}}}
        page = open_review(asha_client, a_draft(asha, content=content(row)))

        assert "Fri 20 Nov 2026, 15:30 2026-11-20 10:00:00 UTC".replace(" ", "") in page.text.replace(" ", "")

    def test_a_button_that_names_number_and_target(self, asha_client, draft):
        page = open_review(asha_client, draft)

        assert "Post 1 activity to Asha Rao – Home loan in the sandbox" in page.text

    def test_what_was_typed_relative_to_today_as_on_the_day_of_typing(self, asha_client, asha):
        row = {"values": {KYC: {"mx_Custom_3": "yesterday 9 am"}}}
        typed_at = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)
        page = open_review(asha_client, a_draft(asha, content=content(row), updated_at=typed_at))

        assert "Mon 9 Mar 2026, 09:00" in page.text

    def test_now_as_the_minute_of_typing_which_goes_out(self, asha_client, asha):
        row = {"values": {KYC: {"mx_Custom_3": "now"}}}
        typed_at = datetime(2026, 3, 10, 6, 0, 30, tzinfo=UTC)
        page = open_review(asha_client, a_draft(asha, content=content(row), updated_at=typed_at))

        press_post(asha_client, page)

        (field,) = Submission.objects.get().rows.get().fields
        assert (field["value"], field["typed"]) == ("2026-03-10 06:00:00", "Tue 10 Mar 2026, 11:30")

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
        assert words in page.summary
        assert "#why" in page.links
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


class TestOnlyTheValidRows:
    BAD = {"owner": "nobody@example.org", "note": "stays"}

    @pytest.fixture
    def mixed(self, asha) -> Draft:
        rows = [{"note": "first"}, self.BAD, {"code": "", "owner": "", "note": ""}, {"note": "second"}, {"owner": ""}]
        return a_draft(asha, opportunity_id=ASHA_HOME_LOAN_ID, content=content(*rows))

    @pytest.fixture
    def page(self, asha_client, mixed) -> Page:
        return read(asha_client.get(f"{path_of(mixed)}?only=valid"))

    def open_editor(self, client, draft) -> Page:
        return read(client.get(f"/submissions/new/?draft={draft.public_id}"))

    def test_are_offered_beside_the_problems(self, asha_client, mixed):
        response = press(asha_client, self.open_editor(asha_client, mixed), "review")

        page = read(response)
        assert response.status_code == 422
        assert "Review only the 2 valid rows Row 2 and row 5 stay in the draft." in page.summary
        assert '<button class="button" form="rows" name="do" value="review-valid">' in page.html

    def test_are_not_offered_before_anything_is_complained_of(self, asha_client, mixed):
        assert "review-valid" not in self.open_editor(asha_client, mixed).html

    @pytest.mark.parametrize("rows", [[BAD], [{}], [BAD] * 2])
    def test_are_not_offered_where_there_is_none_or_nothing_else(self, asha_client, asha, rows):
        page = self.open_editor(asha_client, a_draft(asha, content=content(*rows)))

        assert "Review only" not in read(press(asha_client, page, "review")).text

    def test_are_not_offered_without_an_opportunity(self, asha_client, asha):
        draft = a_draft(asha, opportunity_id="", opportunity={"id": "", "name": ""}, content=content({}, self.BAD))

        page = read(press(asha_client, self.open_editor(asha_client, draft), "review"))

        assert "Review only" not in page.text

    def test_open_by_the_button(self, asha_client, mixed):
        response = press(asha_client, self.open_editor(asha_client, mixed), "review-valid")

        assert response.url == f"{path_of(mixed)}?only=valid"

    def test_are_all_rows_when_everything_was_put_right_meanwhile(self, asha_client, draft):
        response = press(asha_client, self.open_editor(asha_client, draft), "review-valid")

        assert response.url == path_of(draft)

    def test_stand_alone_and_what_stays_is_named_with_its_reason(self, page):
        assert "2 activities for Asha Rao – Home loan" in page.text
        assert "first" in page.text_of("row-1")
        assert "second" in page.text_of("row-2")
        assert "2 rows with a problem stay as a draft: row 2, row 5" in page.text
        assert "Row 2, Owner: LeadSquared has no user nobody@example.org." in page.text

    def test_link_each_reason_to_its_field(self, asha_client, mixed, page):
        (link,) = [each for each in page.links if each.endswith("#r2-owner")]

        back = read(asha_client.get(link))

        assert "has no user nobody@example.org" in back.error_at("r2-owner")

    def test_part_from_nothing_before_they_are_posted(self, mixed, page):
        assert list(Draft.objects.values_list("public_id", "content")) == [(mixed.public_id, mixed.content)]

    def test_are_posted_and_the_others_become_a_draft(self, asha_client, asha, mixed, page):
        response = press_post(asha_client, page, why="in time")

        submission, kept = Submission.objects.get(), Draft.objects.get()
        assert response.url == f"/submissions/{mixed.public_id}/"
        assert [row.note for row in submission.rows.order_by("number")] == ["first", "second"]
        assert [row["note"] for row in kept.content["rows"]] == ["stays", "PAN collected"]
        assert kept.public_id != mixed.public_id
        assert (kept.owner, kept.opportunity_id, kept.opportunity) == (asha, ASHA_HOME_LOAN_ID, mixed.opportunity)

    def test_send_exactly_the_request_of_the_page(self, asha_client, mixed, sandbox, settings):
        settings.LSQ_REFERENCE_FIELD = "PAN number"
        page = read(asha_client.get(f"{path_of(mixed)}?only=valid"))
        shown = page.html.partition('<pre class="code"')[2].partition(">")[2].partition("</pre>")[0]
        _, _, body = Page(f'<p id="x">{shown}</p>')._by_id["x"][0].partition("\n")

        press_post(asha_client, page)
        posting.post_next(worker="host:1")

        (call,) = bulk_calls(sandbox)
        references = [submissions.reference(mixed.public_id, number) for number in (1, 2)]
        assert json.loads(body) == json.loads(call.body)
        assert [each["Fields"][0]["Value"] for each in json.loads(call.body)] == references

    def test_lead_from_the_result_to_what_stayed_behind(self, asha_client, page):
        result = read(asha_client.get(press_post(asha_client, page).url))

        kept = Draft.objects.get()
        assert "2 rows stayed behind as a draft." in result.text
        assert f"/submissions/new/?draft={kept.public_id}" in result.links
        assert "left row 2, row 5 behind as a draft" in result.text

    def test_lead_to_what_became_of_the_rest_once_it_is_posted(self, asha_client, asha, page):
        result = press_post(asha_client, page).url
        kept = Draft.objects.get()
        Draft.objects.update(content=content({"note": "put right"}))
        press_post(asha_client, open_review(asha_client, kept))

        (link,) = [each for each in read(asha_client.get(result)).links if "draft=" in each]

        assert asha_client.get(link).url == f"/submissions/{kept.public_id}/"

    def test_lead_nowhere_once_the_rest_was_discarded(self, asha_client, page):
        result = press_post(asha_client, page).url
        Draft.objects.all().delete()

        shown = read(asha_client.get(result))

        assert "2 rows stayed behind as a draft." in shown.text
        assert not any("draft=" in each for each in shown.links)

    def test_pressed_twice_leave_one_submission_and_one_draft(self, asha_client, page):
        first, second = press_post(asha_client, page), press_post(asha_client, page)

        assert first.url == second.url
        assert (Submission.objects.count(), Draft.objects.count()) == (1, 1)
        assert "with other contents" not in read(asha_client.get(second.url)).text

    def test_without_their_mark_post_nothing(self, asha_client, page):
        response = press_post(asha_client, page, only=None)

        assert response.status_code == 422
        assert not Submission.objects.exists()

    def test_seen_as_a_whole_are_not_those_with_others_behind(self, asha_client, asha, mixed):
        whole = open_review(asha_client, a_draft(asha, content=content({"note": "first"}, {"note": "second"})))

        response = press_post(
            asha_client, read(asha_client.get(f"{path_of(mixed)}?only=valid")), seen=whole.form("").value("seen")
        )

        assert response.status_code == 409
        assert not Submission.objects.exists()

    def test_changed_meanwhile_post_nothing(self, asha_client, mixed, page):
        mixed.content["rows"][0]["note"] = "changed in another tab"
        mixed.save()

        response = press_post(asha_client, page, why="kept")

        assert response.status_code == 409
        assert "2 rows with a problem stay as a draft: row 2, row 5" in read(response).text
        assert read(response).form("").value("why") == "kept"
        assert not Submission.objects.exists()

    def test_become_all_rows_when_the_others_are_put_right(self, asha_client, mixed):
        Draft.objects.update(content=content({}, {"note": "right by now"}))

        page = read(asha_client.get(f"{path_of(mixed)}?only=valid"))

        assert "2 activities" in page.text
        assert "stay as a draft" not in page.text

    def test_that_are_the_same_within_a_day_keep_their_mark_for_the_second_press(self, asha_client, asha, page):
        press_post(asha_client, page)
        again = a_draft(
            asha,
            opportunity_id=ASHA_HOME_LOAN_ID,
            content=content({"note": "first"}, {"note": "second"}, self.BAD),
        )

        warned = press_post(asha_client, read(asha_client.get(f"{path_of(again)}?only=valid")))
        response = press_post(asha_client, read(warned))

        assert warned.status_code == 409
        assert response.url == f"/submissions/{again.public_id}/"
        assert (Submission.objects.count(), Draft.objects.count()) == (2, 2)

    def test_on_an_unknown_account_that_cannot_be_asked_leave_everything_as_it_is(self, asha_client, page, sandbox):
        Account.objects.update(organisation="", keys_mark="")
        sandbox.fault("status", status=503, path_contains="/v2/", times=10)

        response = press_post(asha_client, page)

        assert response.status_code == 503
        assert Draft.objects.count() == 1
        assert not Submission.objects.exists()


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

    def test_with_other_content_does_not_advise_to_copy_what_is_posted(self, asha_client, submission, seen):
        response = press_post(asha_client, seen, seen="of other rows")

        page = read(asha_client.get(response.url)).text
        assert "What is still to be posted needs a new submission." in page
        assert "copy the rows" not in page

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
