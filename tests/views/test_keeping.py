from __future__ import annotations

import json
import re
import uuid

import pytest

from activities.models import Draft
from activities.models.submissions import State
from lsqportal.sandbox.demo import ASHA_HOME_LOAN_ID
from tests.builders import OPPORTUNITY, a_draft, a_submission
from tests.lists import know_everything
from tests.pages import Page, post, press, read

EDITOR, KEEP = "/submissions/new/", "/submissions/new/keep/"
KYC, DOCUMENT = "208", "231"
KABIR = "kabir.shah@sahyadrihfc.in"
COLLECTED = "r1-v231-mx_Custom_3"
TYPED = {"r1-type": DOCUMENT, "r1-owner": KABIR, "r1-note": "typed"}


@pytest.fixture(autouse=True)
def leadsquared(sandbox, db):
    know_everything()
    return sandbox


@pytest.fixture
def draft(asha) -> Draft:
    row = {"code": DOCUMENT, "by_code": False, "owner": KABIR, "note": "", "values": {}, "bare": []}
    return a_draft(asha, content={"rows": [row], "skip_option_check": False})


@pytest.fixture
def page(asha_client, draft) -> Page:
    return read(asha_client.get(EDITOR, {"draft": str(draft.public_id)}))


def keep(client, page, **typed):
    """Send what stands in the editor, with some of it changed, as the page does by itself."""
    fields = [(name, value) for name, value in page.form("#rows").fields if name not in typed]
    return post(client, KEEP, [*fields, *typed.items()])


class TestWhatIsKept:
    def test_is_what_stands_in_the_rows(self, asha_client, page, draft):
        response = keep(asha_client, page, **{"r1-note": "typed, and nothing pressed"})

        draft.refresh_from_db()
        assert response.status_code == 200
        assert draft.content["rows"][0]["note"] == "typed, and nothing pressed"

    def test_is_answered_with_the_version_and_the_time(self, asha_client, page, draft):
        answer = keep(asha_client, page, **{"r1-note": "typed"}).json()

        assert (answer["draft"], answer["version"]) == (str(draft.public_id), 2)
        assert re.fullmatch(r"Draft saved at \d\d:\d\d", answer["saved"])

    def test_begins_a_draft_of_a_page_that_has_none_yet(self, asha_client, asha):
        page = read(asha_client.get(EDITOR, {"opportunityId": ASHA_HOME_LOAN_ID}))

        answer = keep(asha_client, page, **{"r1-note": "first"}).json()

        kept = Draft.objects.get(owner=asha)
        assert (answer["draft"], answer["version"]) == (page.form("#rows").value("draft"), 1)
        assert (str(kept.public_id), kept.opportunity_id) == (answer["draft"], ASHA_HOME_LOAN_ID)

    def test_calls_nothing_of_leadsquared(self, asha_client, page, leadsquared):
        before = len(leadsquared.requests)

        keep(asha_client, page, **TYPED)

        assert len(leadsquared.requests) == before

    def test_says_how_each_row_stands_and_counts_them(self, asha_client, page):
        answer = keep(asha_client, page, **TYPED).json()

        assert answer["rows"] == [
            {"number": 1, "state": "unfinished", "glyph": "waiting", "words": "unfinished"},
            {"number": 2, "state": "free", "glyph": "waiting", "words": "empty"},
        ]
        assert "1 of 25 rows" in read(answer["count"]).text
        assert answer["review"] == "Review 1 activity for Asha Rao – Home loan"

    def test_of_the_largest_form_is_kept(self, asha_client, asha):
        values = {f"mx_Custom_{number}": "x" * 20 for number in range(1, 61)}
        row = {"code": "777", "by_code": True, "owner": KABIR, "note": "n", "values": {"777": values}, "bare": []}
        draft = a_draft(asha, content={"rows": [row] * 25, "skip_option_check": False})
        page = read(asha_client.get(EDITOR, {"draft": str(draft.public_id)}))

        response = keep(asha_client, page, **{"r25-note": "the last one"})

        draft.refresh_from_db()
        assert response.status_code == 200
        assert len(page.form("#rows").fields) > 25 * 60
        assert draft.content["rows"][24]["note"] == "the last one"

    def test_of_a_forged_larger_form_is_refused_in_words(self, asha_client, page):
        response = post(asha_client, KEEP, [(f"r1-v1-{number}", "x") for number in range(5001)])

        assert response.status_code == 400
        assert "25 rows are the most for one submission" in read(response).text

    @pytest.mark.parametrize("path", [KEEP, EDITOR])
    def test_of_a_forged_heavier_form_is_refused_in_words(self, asha_client, page, path):
        response = post(asha_client, path, {"r1-note": "x" * (6 * 1024 * 1024)})

        assert response.status_code == 413
        assert "That is too much at once" in read(response).text

    @pytest.mark.parametrize("rows", [1, 25])
    def test_keeps_the_query_budget(self, asha_client, asha, rows, django_assert_max_num_queries):
        row = {"code": KYC, "by_code": False, "owner": KABIR, "note": "", "values": {}, "bare": []}
        draft = a_draft(asha, content={"rows": [row] * rows, "skip_option_check": False})
        page = read(asha_client.get(EDITOR, {"draft": str(draft.public_id)}))

        with django_assert_max_num_queries(12):
            keep(asha_client, page, **{"r1-note": "typed"})


class TestWhatIsWrong:
    def test_is_told_for_its_field(self, asha_client, page):
        answer = keep(asha_client, page, **TYPED, **{COLLECTED: "31 Nov 2026"}).json()

        told = answer["told"][COLLECTED]
        assert "November has 30 days" in told["at_field"]
        assert told["text"] == f"Row 1, {told['at_field']}"
        assert (answer["rows"][0]["state"], answer["rows"][0]["words"]) == ("error", "has a problem")
        assert "1 with a problem" in read(answer["count"]).text

    def test_is_not_told_while_its_field_is_in_hand(self, asha_client, page):
        answer = keep(asha_client, page, **TYPED, **{COLLECTED: "31 Nov 2026", "in_hand": COLLECTED}).json()

        assert answer["told"] == {}
        assert answer["rows"][0]["state"] == "unfinished"
        assert answer["withheld"] == COLLECTED

    def test_is_not_what_is_merely_missing(self, asha_client, page):
        answer = keep(asha_client, page, **TYPED).json()

        assert answer["told"] == {}
        assert answer["withheld"] == ""

    def test_is_what_is_missing_where_it_was_told_before(self, asha_client, page):
        answer = keep(asha_client, page, **TYPED, told=f"{COLLECTED} r1-note").json()

        assert list(answer["told"]) == [COLLECTED]
        assert "this must be filled" in answer["told"][COLLECTED]["at_field"]
        assert answer["rows"][0]["state"] == "error"

    @pytest.mark.parametrize(
        ("typed", "at"),
        [
            ({"r1-owner": "kabir"}, "r1-owner"),
            ({"r1-owner": "nobody@example.org"}, "r1-owner"),
            ({"r1-note": "a\x07bell"}, "r1-note"),
            ({"r1-type": "other", "r1-code": "twelve"}, "r1-code"),
            ({"r1-b1-name": "my field", "r1-b1-value": "x"}, "r1-b1-name"),
        ],
    )
    def test_is_told_wherever_it_stands(self, asha_client, page, typed, at):
        answer = keep(asha_client, page, **{**TYPED, **typed}).json()

        assert at in answer["told"]

    def test_with_a_row_that_was_refused_stays_said_at_its_field(self, asha_client, asha):
        row = {
            **{"code": DOCUMENT, "by_code": False, "owner": KABIR, "note": "", "values": {}, "bare": []},
            "refused": {"field": "mx_Custom_3", "reason": "LeadSquared did not take the date."},
        }
        draft = a_draft(asha, content={"rows": [row], "skip_option_check": False})
        page = read(asha_client.get(EDITOR, {"draft": str(draft.public_id)}))

        answer = keep(asha_client, page, **{"r1-note": "typed"}).json()

        assert answer["told"][COLLECTED]["at_field"] == "LeadSquared did not take the date."


class TestWhatIsShownBack:
    @pytest.mark.parametrize(
        ("name", "typed", "shown"),
        [
            (COLLECTED, "21/11/2026", "Sat 21 Nov 2026"),
            ("r1-v208-mx_Custom_3", "21/11/2026 2:30 pm", "Sat 21 Nov 2026, 14:30"),
        ],
    )
    def test_is_a_date_as_it_was_understood(self, asha_client, page, name, typed, shown):
        answer = keep(asha_client, page, **{**TYPED, "r1-type": name[4:7], name: typed}).json()

        assert answer["shown"] == {name: shown}

    def test_is_nothing_where_it_stands_like_that_already(self, asha_client, page):
        answer = keep(asha_client, page, **TYPED, **{COLLECTED: "Sat 21 Nov 2026"}).json()

        assert answer["shown"] == {}

    def test_waits_until_its_field_is_left(self, asha_client, page):
        answer = keep(asha_client, page, **TYPED, **{COLLECTED: "21/11/2026", "in_hand": COLLECTED}).json()

        assert answer["withheld"] == COLLECTED


class TestTwoPagesOnOneDraft:
    @pytest.fixture
    def changed(self, asha_client, page):
        """The draft was changed in another window since `page` was drawn."""
        keep(asha_client, page, **{"r1-note": "at home"})

    def test_the_second_is_told_when(self, asha_client, page, draft, changed):
        response = keep(asha_client, page, **{"r1-note": "at the office"})

        draft.refresh_from_db()
        notice = read(response.json()["notice"])
        assert response.status_code == 409
        assert re.search(r"You changed this draft at \d\d:\d\d in another window", notice.text)
        assert f"{EDITOR}?draft={draft.public_id}" in notice.links
        assert draft.content["rows"][0]["note"] == "at home"

    def test_a_press_keeps_nothing_over_it_and_loses_no_row(self, asha_client, page, draft, changed):
        response = press(asha_client, page, "add", **{"r1-note": "at the office"})

        draft.refresh_from_db()
        shown = read(response)
        assert response.status_code == 409
        assert "You changed this draft at" in shown.text_of("conflict")
        assert shown.form("#rows").value("r1-note") == "at the office"
        assert shown.form("#rows").value("version") == "1"
        assert "#discard" not in shown.forms
        assert draft.content["rows"][0]["note"] == "at home"

    def test_a_press_on_review_reviews_nothing(self, asha_client, page, changed):
        response = press(asha_client, page, "review", **{"r1-note": "at the office"})

        assert response.status_code == 409

    def test_the_second_can_keep_its_rows_as_a_draft_of_its_own(self, asha_client, page, draft, changed):
        shown = read(press(asha_client, page, "add", **{"r1-note": "at the office"}))

        own = read(asha_client.get(press(asha_client, shown, "keep-mine").url))

        draft.refresh_from_db()
        assert "is a draft of its own now" in own.text
        assert own.form("#rows").value("r1-note") == "at the office"
        assert own.form("#rows").value("draft") != str(draft.public_id)
        assert draft.content["rows"][0]["note"] == "at home"

    def test_the_same_page_is_no_second(self, asha_client, page, draft):
        keep(asha_client, page, **{"r1-note": "typed", "edited_in": "page-a", "edit_number": "1"})

        response = press(asha_client, page, "add", **{"r1-note": "typed on", "edited_in": "page-a", "edit_number": "2"})

        draft.refresh_from_db()
        assert response.status_code == 302
        assert draft.content["rows"][0]["note"] == "typed on"

    def test_the_editor_says_which_save_it_shows(self, asha_client, page, draft):
        keep(asha_client, page, **{"r1-note": "typed", "edited_in": "page-a", "edit_number": "7"})

        shown = read(asha_client.get(EDITOR, {"draft": str(draft.public_id)}))

        assert shown.controls["rows"]["data-saved"] == "page-a 7"
        assert shown.form("#rows").value("edited_in") == ""

    def test_what_was_submitted_meanwhile_is_not_typed_on(self, asha_client, asha):
        submission = a_submission(asha, state=State.QUEUED)
        typed = {"draft": str(submission.public_id), "version": "3", "rows": "1", **TYPED}

        response = post(asha_client, KEEP, typed)

        notice = read(response.json()["notice"])
        assert response.status_code == 409
        assert "You posted this draft" in notice.text
        assert f"/submissions/{submission.public_id}/" in notice.links
        assert not Draft.objects.exists()

    def test_what_was_discarded_meanwhile_does_not_come_back_by_itself(self, asha_client):
        response = post(asha_client, KEEP, {"draft": str(uuid.uuid4()), "version": "3", "rows": "1", **TYPED})

        assert response.status_code == 409
        assert "You discarded this draft in another window" in read(response.json()["notice"]).text
        assert not Draft.objects.exists()


class TestWhatIsNotTheirs:
    def test_is_never_overwritten(self, asha_client, asha, bala):
        theirs = a_draft(bala)

        answer = post(asha_client, KEEP, {"draft": str(theirs.public_id), "rows": "1", **TYPED}).json()

        theirs.refresh_from_db()
        assert theirs.content["rows"] == []
        assert answer["draft"] == str(Draft.objects.get(owner=asha).public_id) != str(theirs.public_id)

    def test_nor_is_a_forged_opportunity_taken_over(self, asha_client, page, draft):
        keep(asha_client, page, **TYPED, opportunity=json.dumps({"id": "1", "name": "forged"}))

        draft.refresh_from_db()
        assert draft.opportunity_id == OPPORTUNITY

    def test_whoever_is_not_signed_in_is_told_so(self, client, draft):
        assert post(client, KEEP, {"draft": str(draft.public_id), **TYPED}).status_code == 401

    def test_an_auditor_keeps_nothing(self, chitra_client):
        assert post(chitra_client, KEEP, TYPED).status_code == 403
        assert not Draft.objects.exists()

    def test_it_is_for_posting_only(self, asha_client):
        assert asha_client.get(KEEP).status_code == 405


def test_another_opportunity_for_a_draft_is_kept_by_itself_too(asha_client, asha):
    draft = a_draft(asha, opportunity_id=str(uuid.uuid4()))
    page = read(asha_client.get(EDITOR, {"draft": str(draft.public_id), "opportunityId": ASHA_HOME_LOAN_ID}))
    assert "data-unsaved" in page.controls["rows"]

    keep(asha_client, page)

    draft.refresh_from_db()
    assert draft.opportunity_id == ASHA_HOME_LOAN_ID
