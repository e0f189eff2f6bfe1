from __future__ import annotations

import json
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from activities import connection, drafts, posting
from activities.models import CatalogEntry, CatalogKind, Draft, Submission
from activities.models.submissions import State
from lsqportal.sandbox.demo import ASHA_HOME_LOAN_ID
from tests.builders import OPPORTUNITY, a_draft, a_submission
from tests.lists import know_everything
from tests.pages import FORM, Page, post, press, read

EDITOR = "/submissions/new/"
KYC, CALL, VALUATION, DOCUMENT, NRI = "208", "214", "222", "231", "267"
KABIR = "kabir.shah@sahyadrihfc.in"


@pytest.fixture(autouse=True)
def leadsquared(sandbox, db):
    return sandbox


@pytest.fixture
def lists(db):
    """The lists as they were fetched before; the tests of a lost catalog go without."""
    know_everything()


@pytest.fixture
def draft(asha) -> Draft:
    return a_draft(asha)


def a_row(**changes) -> dict:
    return {"code": KYC, "by_code": False, "owner": KABIR, "note": "", "values": {}, "bare": [], **changes}


def rows_of(asha, *rows, switch=False) -> Draft:
    return a_draft(asha, content={"rows": list(rows), "skip_option_check": switch})


def open_editor(client, draft) -> Page:
    return read(client.get(EDITOR, {"draft": str(draft.public_id)}))


def after(client, response) -> Page:
    """The page that a redirect leads to."""
    assert response.status_code == 302, response.content.decode()[:3000]
    return read(client.get(response.url.partition("#")[0]))


def bulk_calls(sandbox):
    return [request for request in sandbox.requests if "Bulk/CustomActivity/Add" in request.path]


class TestOwner:
    def test_a_name_of_one_user_is_taken_for_him(self, asha_client, asha, lists):
        draft = rows_of(asha, a_row(owner="kabir SHAH"))

        page = open_editor(asha_client, draft)

        assert page.form(EDITOR).value("r1-owner") == KABIR

    @pytest.mark.parametrize("typed", ["kabri.shah@sahyadrihfc.in", "Kabir"])
    def test_whoever_may_have_been_meant_is_asked_for(self, asha_client, asha, lists, typed):
        page = open_editor(asha_client, rows_of(asha, a_row(owner=typed)))

        refused = read(press(asha_client, page, "review"))

        assert refused.error_at("r1-owner").endswith(f"Did you mean {KABIR}?")

    def test_a_long_list_does_not_stand_in_the_page(self, asha_client, draft, lists, sandbox):
        users = CatalogEntry.objects.get(kind=CatalogKind.USERS)
        more = [{**users.records[0], "email": f"more.{number}@sahyadrihfc.in"} for number in range(200)]
        CatalogEntry.objects.filter(pk=users.pk).update(records=[*users.records, *more])

        page = open_editor(asha_client, draft)

        assert "more.7@sahyadrihfc.in" not in page.html
        assert 'data-from="/submissions/owners.json"' in page.html


class TestChangeOfType:
    def test_a_value_goes_along_to_a_field_of_the_same_name_and_kind(self, asha_client, asha, lists):
        values = {KYC: {"mx_Custom_2": "ABCPR4821K", "mx_Custom_3": "20 Nov 2026, 11:20"}}
        page = open_editor(asha_client, rows_of(asha, a_row(values=values)))

        form = after(asha_client, press(asha_client, page, "refresh", **{"r1-type": NRI})).form(EDITOR)

        assert form.value(f"r1-v{NRI}-mx_Custom_2") == "ABCPR4821K"  # both texts
        assert form.value(f"r1-v{NRI}-mx_Custom_3") == ""  # date and time there, a date here
        assert form.value(f"r1-v{KYC}-mx_Custom_3") == "Fri 20 Nov 2026, 11:20"  # kept, out of sight

    def test_what_was_emptied_on_purpose_stays_empty(self, asha_client, asha, lists):
        values = {KYC: {"mx_Custom_2": "ABCPR4821K"}}
        page = open_editor(asha_client, rows_of(asha, a_row(values=values)))
        page = after(asha_client, press(asha_client, page, "refresh", **{"r1-type": NRI}))

        page = after(asha_client, press(asha_client, page, "refresh", **{f"r1-v{NRI}-mx_Custom_2": ""}))

        assert page.form(EDITOR).value(f"r1-v{NRI}-mx_Custom_2") == ""

    def test_back_at_the_first_type_its_own_values_stand_again(self, asha_client, asha, lists):
        values = {KYC: {"mx_Custom_2": "ABCPR4821K"}}
        page = open_editor(asha_client, rows_of(asha, a_row(values=values)))
        page = after(asha_client, press(asha_client, page, "refresh", **{"r1-type": NRI}))
        page = after(asha_client, press(asha_client, page, "refresh", **{f"r1-v{NRI}-mx_Custom_2": "Z7"}))

        page = after(asha_client, press(asha_client, page, "refresh", **{"r1-type": KYC}))

        assert page.form(EDITOR).value(f"r1-v{KYC}-mx_Custom_2") == "ABCPR4821K"


class TestLists:
    def test_of_eight_options_and_more_are_chosen_from_by_typing(self, asha_client, asha, lists):
        html = open_editor(asha_client, rows_of(asha, a_row(code=DOCUMENT))).html

        assert '<combo-box><select class="control" id="r1-v231-mx_Custom_1"' in html
        assert '<combo-box><select class="control" id="r1-v231-mx_Custom_2"' not in html

    def test_of_a_custom_field_set_stand_in_a_group_under_its_name(self, asha_client, asha, lists):
        html = " ".join(open_editor(asha_client, rows_of(asha, a_row(code=VALUATION))).html.split())

        group = html.partition('<fieldset class="group">')[2].partition("</div></fieldset>")[0]
        assert '<legend class="vh">Valuer, row 1</legend>' in group
        assert group.count('class="field"') == 4

    def test_make_the_page_smaller_on_its_way(self, asha_client, asha, lists):
        draft = rows_of(asha, *[a_row() for _ in range(25)])
        url = f"{EDITOR}?draft={draft.public_id}"

        plain = asha_client.get(url)
        packed = asha_client.get(url, headers={"Accept-Encoding": "gzip"})

        assert packed["Content-Encoding"] == "gzip"
        assert len(packed.content) * 8 < len(plain.content)


class TestShows:
    def test_the_opportunity_of_a_link_from_elsewhere(self, asha_client):
        page = read(asha_client.get(EDITOR, {"opportunityId": ASHA_HOME_LOAN_ID}))

        assert page.text_of("target-name") == "Asha Rao – Home loan"
        assert "KYC pending" in page.text_of("opportunity")

    def test_the_opportunity_in_leadsquareds_own_spelling_of_the_parameter(self, asha_client):
        page = read(asha_client.get(EDITOR, {"OpportunityId": ASHA_HOME_LOAN_ID.upper()}))

        assert page.text_of("target-name") == "Asha Rao – Home loan"

    def test_one_empty_row_owned_by_the_persons_leadsquared_user(self, asha_client, lists):
        form = read(asha_client.get(EDITOR, {"opportunityId": ASHA_HOME_LOAN_ID})).form(EDITOR)

        assert form.value("rows") == "1"
        assert form.value("r1-owner") == "meera.iyer@sahyadrihfc.in"

    def test_types_by_name_and_code_without_opportunity_types(self, asha_client, draft, lists):
        page = open_editor(asha_client, draft).html

        assert '<option value="208">KYC visit · 208</option>' in page
        assert '<option value="12000"' not in page

    def test_active_users_as_suggestions_for_the_owner(self, asha_client, draft, lists, sandbox):
        page = open_editor(asha_client, draft)

        active = [user.email for user in sandbox.users if user.active]
        inactive = [user.email for user in sandbox.users if not user.active]
        assert all(f'<option value="{email}">' in page.html for email in active)
        assert not any(email in page.html for email in inactive)

    def test_the_fields_of_a_type_in_form_order_with_the_mandatory_ones_marked(self, asha_client, asha, lists):
        page = open_editor(asha_client, rows_of(asha, a_row(code=CALL)))

        assert page.text.index("Call outcome") < page.text.index("Reason") < page.text.index("Call back on")
        assert "required" in page.controls["r1-v214-mx_Custom_1"]
        assert "required" not in page.controls["r1-v214-mx_Custom_3"]

    def test_a_drop_down_with_its_options(self, asha_client, asha, lists):
        page = open_editor(asha_client, rows_of(asha, a_row(code=CALL)))

        assert page.controls["r1-v214-mx_Custom_1"]["tag"] == "select"
        assert '<option value="Not reachable">Not reachable</option>' in page.html

    def test_a_dependent_drop_down_waiting_for_its_parent(self, asha_client, asha, lists):
        page = open_editor(asha_client, rows_of(asha, a_row(code=CALL)))

        assert "disabled" in page.controls["r1-v214-mx_Custom_2"]
        assert "Choose Call outcome first" in page.text

    def test_a_dependent_drop_down_with_the_list_of_its_parents_value(self, asha_client, asha, lists):
        values = {CALL: {"mx_Custom_1": "Not reachable"}}
        page = open_editor(asha_client, rows_of(asha, a_row(code=CALL, values=values)))

        assert '<option value="Switched off">Switched off</option>' in page.html
        assert "Wants a lower rate" not in page.html

    def test_a_field_set_as_its_inner_fields(self, asha_client, asha, lists):
        page = open_editor(asha_client, rows_of(asha, a_row(code=VALUATION)))

        assert "r1-v222-mx_Custom_1-mx_CustomObject_1" in page.controls
        assert "Valuer: Valuer’s name" in page.text

    def test_the_advanced_switch_under_its_documented_effect(self, asha_client, draft, lists):
        page = open_editor(asha_client, draft)

        assert "Send ValidateDropDownOptions with every activity" in page.text
        assert "skip_option_check" not in page.form(EDITOR).names

    def test_a_link_to_another_opportunity_that_keeps_the_draft(self, asha_client, draft, lists):
        page = open_editor(asha_client, draft)

        assert f"/?draft={draft.public_id}" in page.links

    def test_the_same_rows_for_another_opportunity(self, asha_client, asha, sandbox, lists):
        draft = rows_of(asha, a_row(note="stays"))
        other = sandbox.opportunity("Asha Rao", "Balance transfer")

        page = read(asha_client.get(EDITOR, {"draft": str(draft.public_id), "opportunityId": other.id}))
        press(asha_client, page, "refresh")

        draft.refresh_from_db()
        assert draft.opportunity_id == other.id
        assert draft.content["rows"][0]["note"] == "stays"

    def test_an_old_list_with_its_age(self, asha_client, draft, lists):
        CatalogEntry.objects.filter(kind="users").update(failure="LeadSquared did not answer in time.")

        assert "Lists of users are" in open_editor(asha_client, draft).text


class TestButtons:
    def test_add_appends_an_empty_row(self, asha_client, asha, lists):
        page = open_editor(asha_client, rows_of(asha, a_row(note="one")))

        page = after(asha_client, press(asha_client, page, "add"))

        assert page.form(EDITOR).value("r1-note") == "one"
        assert page.form(EDITOR).value("rows") == "3"

    def test_remove_takes_that_row_away(self, asha_client, asha, lists):
        page = open_editor(asha_client, rows_of(asha, a_row(note="one"), a_row(note="two"), a_row(note="three")))

        page = after(asha_client, press(asha_client, page, "remove-2"))

        assert [page.form(EDITOR).value(f"r{n}-note") for n in (1, 2)] == ["one", "three"]

    def test_duplicate_puts_the_same_row_below(self, asha_client, asha, lists):
        values = {KYC: {"mx_Custom_2": "AAAAA1111A"}}
        page = open_editor(asha_client, rows_of(asha, a_row(note="one", values=values), a_row(note="two")))

        form = after(asha_client, press(asha_client, page, "duplicate-1")).form(EDITOR)

        assert [form.value(f"r{n}-note") for n in (1, 2, 3)] == ["one", "one", "two"]
        assert form.value("r2-v208-mx_Custom_2") == "AAAAA1111A"

    @pytest.mark.parametrize(("do", "order"), [("up-2", ["two", "one"]), ("down-1", ["two", "one"]), ("up-1", None)])
    def test_moving_changes_the_order(self, asha_client, asha, lists, do, order):
        page = open_editor(asha_client, rows_of(asha, a_row(note="one"), a_row(note="two")))

        form = after(asha_client, press(asha_client, page, do)).form(EDITOR)

        assert [form.value(f"r{n}-note") for n in (1, 2)] == (order or ["one", "two"])

    def test_a_button_leads_back_to_its_row(self, asha_client, asha, lists):
        page = open_editor(asha_client, rows_of(asha, a_row(note="one"), a_row(note="two")))

        response = press(asha_client, page, "up-2")

        assert response.url.endswith("#row-1")

    def test_refresh_draws_the_fields_of_a_type_that_was_just_chosen(self, asha_client, draft, lists):
        page = open_editor(asha_client, draft)

        page = after(asha_client, press(asha_client, page, "refresh", **{"r1-type": KYC}))

        assert "r1-v208-mx_Custom_2" in page.controls

    def test_refresh_lists_asks_leadsquared_and_keeps_the_rows(self, asha_client, asha, sandbox, lists):
        CatalogEntry.objects.update(tried_at=None)
        page = open_editor(asha_client, rows_of(asha, a_row(note="kept")))
        asked = len(sandbox.requests)

        page = after(asha_client, press(asha_client, page, "refresh-lists"))

        assert "The lists are fresh." in page.text
        assert page.form(EDITOR).value("r1-note") == "kept"
        assert len(sandbox.requests) > asked

    def test_review_with_good_rows_leads_to_the_review(self, asha_client, asha, lists):
        draft = rows_of(asha, a_row(note="one"))
        page = open_editor(asha_client, draft)

        assert press(asha_client, page, "review").url == reverse("submissions:review", args=[draft.public_id])

    def test_enter_in_a_field_keeps_what_was_typed(self, asha_client, draft, lists):
        page = open_editor(asha_client, draft)

        assert page.form(EDITOR).buttons[0] == ("do", "refresh")

    @pytest.mark.parametrize(
        "do", ["add", "remove-2", "duplicate-1", "up-2", "down-1", "refresh", "refresh-lists", "review", "nonsense", ""]
    )
    def test_every_button_keeps_the_draft(self, asha_client, draft, lists, do):
        page = open_editor(asha_client, draft)

        press(asha_client, page, do, rows="2", **{"r1-type": KYC, "r1-note": "typed a moment ago"})

        draft.refresh_from_db()
        assert "typed a moment ago" in [row["note"] for row in draft.content["rows"]]

    def test_the_first_press_keeps_a_draft_under_the_pages_id(self, asha_client, asha, lists):
        page = read(asha_client.get(EDITOR, {"opportunityId": ASHA_HOME_LOAN_ID}))

        press(asha_client, page, "add", **{"r1-note": "first words"})

        draft = Draft.objects.get(owner=asha)
        assert str(draft.public_id) == page.form(EDITOR).value("draft")
        assert draft.opportunity["name"] == "Asha Rao – Home loan"

    def test_looking_keeps_no_draft(self, asha_client, lists):
        asha_client.get(EDITOR, {"opportunityId": ASHA_HOME_LOAN_ID})

        assert not Draft.objects.exists()

    def test_there_is_no_button_for_a_26th_row(self, asha_client, asha, lists):
        page = open_editor(asha_client, rows_of(asha, *[a_row(note="x")] * 25))

        assert ("do", "add") not in page.form(EDITOR).buttons
        assert "0 places left." in page.text


class TestByCodeAndByName:
    def test_a_type_by_its_bare_code(self, asha_client, draft, lists):
        page = open_editor(asha_client, draft)

        page = after(asha_client, press(asha_client, page, "refresh", **{"r1-type": "other"}))
        response = press(asha_client, page, "review", **{"r1-code": "299"})

        assert response.url.endswith("/review/")

    def test_a_known_type_by_its_code_gets_its_fields(self, asha_client, draft, lists):
        page = open_editor(asha_client, draft)

        response = press(asha_client, page, "refresh", **{"r1-type": "other", "r1-code": KYC})

        assert "r1-v208-mx_Custom_2" in after(asha_client, response).controls

    def test_a_field_by_its_schema_name(self, asha_client, asha, lists, sandbox):
        draft = rows_of(asha, a_row(bare=[{"schema_name": "mx_Custom_77", "value": "a value"}]))

        page = read(asha_client.get(f"/submissions/{draft.public_id}/review/"))

        assert '"SchemaName": "mx_Custom_77"' in page.text

    def test_a_field_that_is_given_twice_is_refused(self, asha_client, asha, lists):
        values = {KYC: {"mx_Custom_2": "AAAAA1111A"}}
        draft = rows_of(asha, a_row(values=values, bare=[{"schema_name": "mx_custom_2", "value": "other"}]))

        page = read(press(asha_client, open_editor(asha_client, draft), "review"))

        assert "mx_custom_2 has a value already" in page.error_at("r1-b1-name")

    def test_a_value_whose_field_left_the_type_stays_in_view(self, asha_client, asha, lists):
        draft = rows_of(asha, a_row(values={KYC: {"mx_Custom_99": "from an older form"}}))

        form = open_editor(asha_client, draft).form(EDITOR)

        assert (form.value("r1-b1-name"), form.value("r1-b1-value")) == ("mx_Custom_99", "from an older form")


class TestWithoutACatalog:
    @pytest.fixture(autouse=True)
    def no_metadata(self, sandbox, db):
        connection.identify()
        for path in ("ActivityTypes.Get", "CustomActivity/", "Users.Get", "UserManagement", "Metadata"):
            sandbox.fault("error_500", times=1000, path_contains=path)

    def test_the_page_says_so_and_what_to_do(self, asha_client, draft):
        page = open_editor(asha_client, draft)

        assert "could not be loaded" in page.text
        assert "A type can be given by its code, and a field by its SchemaName." in page.text

    def test_the_same_job_goes_through_by_code_and_schema_name(self, asha_client, asha, sandbox):
        draft = a_draft(asha, opportunity_id=ASHA_HOME_LOAN_ID)
        page = open_editor(asha_client, draft)
        page = after(
            asha_client, press(asha_client, page, "refresh", **{"r1-type": "other", "r1-code": KYC, "r1-owner": KABIR})
        )
        typed = {"r1-note": "PAN collected", "r1-b1-name": "mx_Custom_2", "r1-b1-value": "AAAAA1111A"}
        review = after(asha_client, press(asha_client, page, "review", **typed))

        press(asha_client, review, "", action="")
        sandbox.clear()
        posting.post_next(worker="host:1")

        (call,) = bulk_calls(sandbox)
        assert json.loads(call.body) == [
            {
                "ActivityEvent": 208,
                "ActivityNote": "PAN collected",
                "ActivityOwnerEmail": KABIR,
                "Fields": [{"SchemaName": "mx_Custom_2", "Value": "AAAAA1111A"}],
            }
        ]

    def test_rows_of_a_copy_keep_their_values_by_schema_name(self, asha_client, asha):
        draft = rows_of(asha, a_row(values={KYC: {"mx_Custom_2": "AAAAA1111A"}}))

        page = read(asha_client.get(f"/submissions/{draft.public_id}/review/"))

        assert '"Value": "AAAAA1111A"' in page.text


class TestNothingTypedIsLost:
    def test_values_of_another_type_wait_for_the_way_back(self, asha_client, asha, lists):
        page = open_editor(asha_client, rows_of(asha, a_row(values={KYC: {"mx_Custom_2": "AAAAA1111A"}})))

        page = after(asha_client, press(asha_client, page, "refresh", **{"r1-type": CALL}))
        there = page.form(EDITOR).value("r1-v208-mx_Custom_2")
        page = after(asha_client, press(asha_client, page, "refresh", **{"r1-type": KYC}))

        assert there == "AAAAA1111A"
        assert page.controls["r1-v208-mx_Custom_2"]["value"] == "AAAAA1111A"

    def test_hidden_values_of_another_type_are_not_sent(self, asha_client, asha, lists):
        draft = rows_of(asha, a_row(values={"102": {"mx_Custom_1": "of a meeting"}}))

        page = read(asha_client.get(f"/submissions/{draft.public_id}/review/"))

        assert "of a meeting" not in page.text

    def test_a_dependent_value_survives_the_loss_of_its_parent(self, asha_client, asha, lists):
        values = {CALL: {"mx_Custom_1": "Not reachable", "mx_Custom_2": "No answer"}}
        page = open_editor(asha_client, rows_of(asha, a_row(code=CALL, values=values)))

        page = after(asha_client, press(asha_client, page, "refresh", **{"r1-v214-mx_Custom_1": ""}))
        page = after(asha_client, press(asha_client, page, "refresh", **{"r1-v214-mx_Custom_1": "Not reachable"}))

        assert page.form(EDITOR).value("r1-v214-mx_Custom_2") == "No answer"

    def test_ticked_options_survive_the_switch(self, asha_client, asha, lists):
        values = {KYC: {"mx_Custom_4": ["PAN card", "Passport"]}}
        page = open_editor(asha_client, rows_of(asha, a_row(values=values)))

        page = after(asha_client, press(asha_client, page, "refresh", skip_option_check="yes"))

        assert page.form(EDITOR).value("r1-v208-mx_Custom_4") == "PAN card;Passport"

    def test_an_option_with_odd_blanks_is_posted_as_it_is(self, asha_client, asha, lists):
        values = {CALL: {"mx_Custom_1": " Not  reachable "}}

        form = open_editor(asha_client, rows_of(asha, a_row(code=CALL, values=values))).form(EDITOR)

        assert form.value("r1-v214-mx_Custom_1") == " Not  reachable "

    def test_a_note_that_begins_with_a_line_break_keeps_it(self, asha_client, asha, lists):
        page = open_editor(asha_client, rows_of(asha, a_row(note="\n\nthird line")))

        assert page.form(EDITOR).value("r1-note") == "\r\n\r\nthird line"


class TestForAScreenReader:
    @pytest.fixture
    def drawn(self, asha_client, asha, lists) -> Page:
        rows = [a_row(code=code, note="x") for code in (KYC, CALL, VALUATION, DOCUMENT, "", "999x", KYC)]
        return read(press(asha_client, open_editor(asha_client, rows_of(asha, *rows)), "review"))

    def test_every_id_is_there_once(self, drawn):
        assert sorted(drawn.ids) == sorted(set(drawn.ids))

    def test_every_label_has_its_control(self, drawn):
        assert set(drawn.label_ids) <= set(drawn.ids)

    def test_everything_that_is_pointed_at_is_there(self, drawn):
        assert drawn.named_ids <= set(drawn.ids)

    def test_every_problem_leads_to_something_on_the_page(self, drawn):
        targets = {link.removeprefix("#") for link in drawn.links if link.startswith("#")}

        assert targets <= set(drawn.ids)

    def test_every_control_has_a_name(self, drawn):
        controls = {
            identity
            for identity, control in drawn.controls.items()
            if control["tag"] in {"select", "textarea"}
            or (control["tag"] == "input" and control.get("type") not in {"hidden", "checkbox"})
        }

        assert controls <= set(drawn.label_ids)


class TestWhatIsNotTheirs:
    def test_a_forged_opportunity_is_not_taken_over(self, asha_client, draft, lists):
        page = open_editor(asha_client, draft)

        press(asha_client, page, "refresh", opportunity=json.dumps({"id": "11111111", "name": "forged"}))

        draft.refresh_from_db()
        assert draft.opportunity_id == OPPORTUNITY

    def test_a_forged_opportunity_on_a_new_draft_is_none(self, asha_client, lists):
        post(asha_client, EDITOR, {"draft": str(uuid.uuid4()), "opportunity": "forged", "rows": "1", "do": "refresh"})

        assert Draft.objects.get().opportunity_id == ""

    def test_somebody_elses_draft_does_not_exist(self, asha_client, bala):
        draft = a_draft(bala)

        assert asha_client.get(EDITOR, {"draft": str(draft.public_id)}).status_code == 404

    def test_somebody_elses_draft_is_never_overwritten(self, asha_client, asha, bala, lists):
        theirs = a_draft(bala)

        post(asha_client, EDITOR, {"draft": str(theirs.public_id), "rows": "1", "r1-note": "mine", "do": "refresh"})

        theirs.refresh_from_db()
        assert theirs.content["rows"] == []
        assert drafts.of(asha).get().content["rows"][0]["note"] == "mine"

    def test_a_draft_that_never_was_does_not_exist(self, asha_client, sandbox):
        assert asha_client.get(EDITOR, {"draft": str(uuid.uuid4())}).status_code == 404

    @pytest.mark.parametrize("query", [{}, {"draft": "nonsense"}, {"draft": ""}])
    def test_without_an_opportunity_one_is_picked_first(self, asha_client, query):
        assert asha_client.get(EDITOR, query).url == "/"

    def test_an_auditor_is_told_why_not(self, chitra_client):
        response = chitra_client.get(EDITOR)

        assert response.status_code == 403
        assert "Auditors read everything and post nothing." in response.content.decode()

    def test_an_auditors_press_keeps_nothing(self, chitra_client):
        assert post(chitra_client, EDITOR, {"rows": "1", "do": "add"}).status_code == 403
        assert not Draft.objects.exists()

    def test_whoever_is_not_signed_in_signs_in_first(self, client):
        assert client.get(EDITOR).url == "/account/sign-in/?next=/submissions/new/"

    @pytest.mark.parametrize("method", ["put", "patch", "delete"])
    def test_other_methods_are_refused(self, asha_client, method):
        assert getattr(asha_client, method)(EDITOR).status_code == 405


class TestASubmittedDraft:
    @pytest.fixture
    def submitted(self, asha) -> Submission:
        return a_submission(asha, [{"note": "as it was posted"}], state=State.QUEUED)

    @pytest.fixture
    def response(self, asha_client, submitted, lists):
        """Back button, another note, and the press of Review."""
        typed = {"rows": "1", "r1-type": KYC, "r1-owner": KABIR, "r1-note": "typed later", "do": "review"}
        return post(asha_client, EDITOR, {"draft": str(submitted.public_id), **typed})

    def test_edited_again_overwrites_nothing(self, response, submitted):
        assert submitted.rows.get().note == "as it was posted"
        assert Submission.objects.count() == 1

    def test_edited_again_becomes_a_new_draft(self, response, asha, submitted):
        draft = Draft.objects.get(owner=asha)

        assert draft.public_id != submitted.public_id
        assert draft.content["rows"][0]["note"] == "typed later"

    def test_edited_again_says_so(self, response, asha_client):
        page = after(asha_client, response)

        assert "These rows were submitted before, and nothing more was posted." in page.text

    def test_edited_again_posts_nothing(self, response, sandbox):
        assert bulk_calls(sandbox) == []

    def test_opened_again_leads_to_its_submission(self, asha_client, submitted):
        response = asha_client.get(EDITOR, {"draft": str(submitted.public_id)})

        assert response.url == f"/submissions/{submitted.public_id}/"


# What is typed into the one row (or the page) -> where the message stands, and its words.
BAD_INPUT = [
    pytest.param({"r1-type": "", "r1-note": "typed"}, "r1-type", "choose one", id="no type"),
    pytest.param({"r1-type": "other", "r1-code": ""}, "r1-code", "type its code", id="no code"),
    pytest.param({"r1-type": "other", "r1-code": "twelve"}, "r1-code", "is not a code", id="a code in words"),
    pytest.param({"r1-type": "other", "r1-code": "-208"}, "r1-code", "is not a code", id="a code below 0"),
    pytest.param({"r1-type": "other", "r1-code": "12000"}, "r1-code", "opportunity type", id="an opportunity type"),
    pytest.param({"r1-type": "777"}, "r1-code", "LeadSquared’s list has no type 777", id="an unknown type"),
    pytest.param({"r1-owner": ""}, "r1-owner", "choose a LeadSquared user", id="no owner"),
    pytest.param({"r1-owner": "  "}, "r1-owner", "choose a LeadSquared user", id="a blank owner"),
    pytest.param({"r1-owner": "kabir.shah"}, "r1-owner", "is not an e-mail address", id="a malformed e-mail"),
    pytest.param({"r1-owner": "nobody@example.org"}, "r1-owner", "has no user nobody@", id="an unknown owner"),
    pytest.param({"r1-owner": "k\x00@example.org"}, "r1-owner", "empty character (NUL)", id="NUL in the owner"),
    pytest.param({"r1-note": "x" * 4001}, "r1-note", "4001 characters are too many", id="an over-long note"),
    pytest.param({"r1-note": "a\x07bell"}, "r1-note", "U+0007", id="a control character in the note"),
    pytest.param({"r1-note": "PAN\x00collected"}, "r1-note", "an empty character (NUL) stands after “PAN”", id="NUL"),
    pytest.param({"r1-v208-mx_Custom_2": "A" * 51}, "r1-v208-mx_Custom_2", "Shorten it to 50", id="over-long text"),
    pytest.param({"r1-v208-mx_Custom_2": "A\x00B"}, "r1-v208-mx_Custom_2", "NUL", id="NUL in a value"),
    pytest.param({"r1-v208-mx_Custom_2": "A\tB"}, "r1-v208-mx_Custom_2", "a tab stands", id="a tab in a value"),
    pytest.param({"r1-v208-mx_Custom_3": "soon"}, "r1-v208-mx_Custom_3", "is missing|not a date", id="a wrong time"),
    pytest.param({"r1-v208-mx_Custom_6": "12 km"}, "r1-v208-mx_Custom_6", "is not a number", id="a wrong number"),
    pytest.param({"r1-v208-mx_Custom_7": "12"}, "r1-v208-mx_Custom_7", "is not a phone number", id="a wrong phone"),
    pytest.param({"r1-v208-mx_Custom_1": "Elsewhere"}, "r1-v208-mx_Custom_1", "not in the list", id="no option"),
    pytest.param({"r1-v208-mx_Custom_4": "Ration card"}, "r1-v208-mx_Custom_4", "not in the list", id="no such box"),
    pytest.param({"r1-v208-mx_Custom_8": "perhaps"}, "r1-v208-mx_Custom_8", "neither yes nor no", id="not yes or no"),
    pytest.param({"r1-b1-name": "my field", "r1-b1-value": "x"}, "r1-b1-name", "is not one", id="no SchemaName"),
    pytest.param({"r1-b1-name": "mx_1", "r1-b1-value": ""}, "r1-b1-value", "must be filled", id="no bare value"),
    pytest.param({"r1-b1-name": "mx_1", "r1-b1-value": "a\x00b"}, "r1-b1-value", "NUL", id="NUL in a bare value"),
    pytest.param({"r1-b1-name": "", "r1-b1-value": "x"}, "r1-b1-name", "is not one", id="a value without a name"),
]
OTHER_WORDS = {"r1-v208-mx_Custom_5": "Office", "r1-v208-mx_Custom_9": "a reference"}


@pytest.mark.parametrize(("typed", "where", "words"), BAD_INPUT)
class TestBadInput:
    @pytest.fixture
    def answer(self, asha_client, draft, lists, typed):
        good = {"r1-type": KYC, "r1-owner": KABIR, "r1-note": "a note", **OTHER_WORDS}
        fields = {"draft": str(draft.public_id), "rows": "1", "do": "review", **good, **typed}
        return post(asha_client, EDITOR, fields)

    def test_has_its_message_next_to_the_field_and_in_the_summary(self, answer, sandbox, where, words):
        page = read(answer)

        beside = page.error_at(where)
        assert answer.status_code == 422
        assert bulk_calls(sandbox) == []
        assert any(word in beside for word in words.split("|")), (beside, page.summary)
        assert beside in page.summary
        assert f"#{where}" in page.links

    def test_stays_in_the_page_and_in_the_draft(self, answer, draft, typed, where, words):
        form = read(answer).form(EDITOR)

        wanted = {name: text.replace("\x00", "␀") for name, text in {**OTHER_WORDS, **typed}.items() if text}
        code = {"r1-code": wanted["r1-type"], "r1-type": "other"} if wanted.get("r1-type") == "777" else {}
        draft.refresh_from_db()
        assert {**wanted, **code}.items() <= {(name, value) for name, value in form.fields}
        assert draft.content["rows"][0]["values"][KYC]["mx_Custom_9"] == "a reference"


class TestBadPages:
    def test_an_inactive_owner_is_refused_by_name(self, asha_client, asha, sandbox, lists):
        somebody = next(user for user in sandbox.users if not user.active)
        draft = rows_of(asha, a_row(owner=somebody.email))

        response = press(asha_client, open_editor(asha_client, draft), "review")

        assert response.status_code == 422
        assert f"{somebody.name} is inactive in LeadSquared" in read(response).error_at("r1-owner")

    def test_no_row_is_refused_at_the_first_row(self, asha_client, draft, lists):
        response = press(asha_client, open_editor(asha_client, draft), "review")

        assert response.status_code == 422
        assert "There is no row yet." in read(response).error_at("r1-type")
        assert "There is no row yet." in read(response).summary

    def test_the_summary_has_the_focus_and_the_title_says_error(self, asha_client, draft, lists):
        page = read(press(asha_client, open_editor(asha_client, draft), "review"))

        assert "autofocus" in page.controls["problems"]
        assert "<title>Error: " in page.html

    def test_no_opportunity_is_refused_at_the_top_and_keeps_the_rows(self, asha_client, asha, lists):
        draft = rows_of(asha, a_row(note="stays"))
        Draft.objects.update(opportunity_id="", opportunity={"id": "", "name": ""})

        response = press(asha_client, open_editor(asha_client, draft), "review")

        page = read(response)
        assert response.status_code == 422
        assert "choose the one that these rows are for" in page.summary
        assert "choose the one that these rows are for" in page.text_of("opportunity")
        assert page.form(EDITOR).value("r1-note") == "stays"

    @pytest.mark.parametrize(
        ("opportunity_id", "words"),
        [
            (str(uuid.UUID(int=7)), "neither an opportunity nor a lead"),
            ("nonsense", "No lead matches “nonsense”"),
            ("https://in21.leadsquared.com/LeadManagement", "names neither an opportunity nor a lead"),
        ],
    )
    def test_an_opportunity_that_is_not_there_leads_to_the_search(self, asha_client, opportunity_id, words):
        response = asha_client.get(EDITOR, {"opportunityId": opportunity_id}, follow=True)

        assert response.request["PATH_INFO"] == "/"
        assert words in response.content.decode()
        assert opportunity_id in response.content.decode()

    def test_another_opportunity_that_is_not_there_leaves_the_draft_in_hand(self, asha_client, draft):
        response = asha_client.get(EDITOR, {"draft": str(draft.public_id), "opportunityId": "nonsense"}, follow=True)

        assert read(response).form("").value("draft") == str(draft.public_id)

    @pytest.mark.parametrize("count", [26, 60])
    def test_more_than_25_rows_are_refused_and_all_stay(self, asha_client, draft, lists, count):
        typed = {"draft": str(draft.public_id), "rows": str(count), "do": "review"}
        for number in range(1, count + 1):
            row = {"type": KYC, "owner": KABIR, "note": f"Note {number}"}
            typed |= {f"r{number}-{name}": value for name, value in row.items()}

        response = post(asha_client, EDITOR, typed)

        page = read(response)
        assert response.status_code == 422
        assert f"Remove {count - 25} of the {count} rows." in page.summary
        assert page.form(EDITOR).value(f"r{count}-note") == f"Note {count}"

    @pytest.mark.parametrize("rows", ["999999999", "-1", "one", "", "1e3", "²", "٢", "0"])
    def test_a_forged_number_of_rows_breaks_nothing(self, asha_client, draft, lists, rows):
        response = post(asha_client, EDITOR, {"draft": str(draft.public_id), "rows": rows, "do": "review"})

        assert response.status_code == 422

    def test_a_value_outside_the_options_passes_with_the_switch(self, asha_client, asha, lists):
        values = {KYC: {"mx_Custom_1": "Elsewhere"}}
        draft = rows_of(asha, a_row(values=values), switch=True)

        page = after(asha_client, press(asha_client, open_editor(asha_client, draft), "review"))

        assert '"ValidateDropDownOptions": true' in page.text
        assert '"Value": "Elsewhere"' in page.text

    def test_two_bad_rows_have_a_message_each(self, asha_client, asha, lists):
        draft = rows_of(asha, a_row(owner=""), a_row(note="good"), a_row(note="x" * 5000))

        page = read(press(asha_client, open_editor(asha_client, draft), "review"))

        assert "2 problems to put right before anything is posted" in page.summary
        assert "Row 1, Owner" in page.summary
        assert "Row 3, Note" in page.summary


WORLD = {
    "Arabic": "تم استلام بطاقة الهوية",
    "combining marks": "Ve\u0301sa\u0300 ก็ नि\u200dष्",
    "emoji": "👩‍👩‍👧‍👦 👍🏽 🇮🇳",
    "right-to-left marks": "\u202bשלום\u202c \u200fend\u200e",
    "beyond the basic plane": "𠮷野家 𝔘",
    "quotes and markup": '<b>"O\'Neil" & Söhne</b> {{ x }} %s \\u0041',
    "blanks": "  two  and\tthree  ",
    "lines": "first\nsecond\n\nfourth",
}


@pytest.mark.parametrize("text", WORLD.values(), ids=WORLD)
def test_any_script_passes_unchanged_to_leadsquared(asha_client, asha, sandbox, lists, text):
    draft = a_draft(asha, opportunity_id=ASHA_HOME_LOAN_ID)
    plain = " ".join(text.split())
    typed = {"r1-type": KYC, "r1-owner": KABIR, "r1-note": text.replace("\n", "\r\n"), "r1-v208-mx_Custom_9": plain}
    editor = open_editor(asha_client, draft)
    editor = after(asha_client, press(asha_client, editor, "refresh", **typed))
    review = after(asha_client, press(asha_client, editor, "review"))

    press(asha_client, review, "", action="")
    posting.post_next(worker="host:1")

    (activity,) = sandbox.posted()
    assert activity.note == text
    assert activity.values["mx_Custom_9"] == plain


class TestPagesOfTheirOwn:
    def test_a_body_of_50_mb_is_refused_in_words(self, asha_client, draft):
        body = f"draft={draft.public_id}&rows=1&r1-note=".encode() + b"x" * (50 * 1024 * 1024)

        response = asha_client.post(EDITOR, body, content_type=FORM)

        assert response.status_code == 413
        assert "That is too much at once" in response.content.decode()
        assert response["X-Request-ID"] in response.content.decode()

    def test_a_forged_token_is_refused_in_words(self, asha):
        client = Client(enforce_csrf_checks=True)
        client.force_login(asha)

        response = post(client, EDITOR, {"rows": "1", "do": "add", "csrfmiddlewaretoken": "x" * 64})

        assert response.status_code == 403
        assert "This form is out of date" in response.content.decode()
        assert response["X-Request-ID"] in response.content.decode()
        assert not Draft.objects.exists()

    @pytest.mark.parametrize(
        "body", [b"rows=1&r1-note=%ff", b"rows=1&r1-note=\xff", b"rows=1&%C3%28=x", b"%ED%A0%80=x"]
    )
    def test_a_body_that_is_not_utf_8_is_refused_in_words(self, asha_client, body):
        response = asha_client.post(EDITOR, body, content_type=FORM)

        assert response.status_code == 400
        assert "not UTF-8" in response.content.decode()
        assert response["X-Request-ID"] in response.content.decode()
        assert not Draft.objects.exists()

    def test_a_query_that_is_not_utf_8_is_refused_in_words(self, asha_client):
        response = asha_client.get(f"{EDITOR}?opportunityId=%ff")

        assert response.status_code == 400
        assert response["X-Request-ID"] in response.content.decode()

    def test_a_form_in_parts_that_is_not_utf_8_is_refused_too(self, asha_client):
        body = b'--x\r\nContent-Disposition: form-data; name="r1-note"\r\n\r\n\xff\r\n--x--\r\n'

        response = asha_client.post(EDITOR, body, content_type="multipart/form-data; boundary=x")

        assert response.status_code == 400
        assert not Draft.objects.exists()

    def test_a_form_that_claims_another_encoding_is_refused(self, asha_client):
        response = asha_client.post(EDITOR, b"rows=1&r1-note=x", content_type=f"{FORM}; charset=utf-16")

        assert response.status_code == 400

    def test_an_expired_session_holds_what_was_typed_in_the_sign_in_page(self, client, draft):
        response = post(client, EDITOR, {"draft": str(draft.public_id), "rows": "1", "r1-note": "Grüße 👍 <b>"})

        assert response.status_code == 401
        held = read(response).form("/account/sign-in/").value("held_fields")
        assert "r1-note=Gr%C3%BC%C3%9Fe" in held

    def test_after_signing_in_the_posted_form_comes_back_filled(self, client, draft, lists):
        fields = {"draft": str(draft.public_id), "rows": "1", "r1-type": KYC, "r1-owner": KABIR}
        values: dict = {"r1-v208-mx_Custom_4": ["PAN card", "Aadhaar"], "r1-note": "a\r\nb", "do": "refresh"}
        page = read(post(client, EDITOR, {**fields, **values}))
        credentials = {"email": "asha@sahyadrihfc.in", "password": "correct-horse-battery"}

        resume = read(press(client, page, "", action="/account/sign-in/", **credentials))
        held = resume.form(EDITOR)
        post(client, EDITOR, held.fields)

        draft.refresh_from_db()
        (row,) = draft.content["rows"]
        assert row["values"][KYC]["mx_Custom_4"] == ["PAN card", "Aadhaar"]
        assert row["note"] == "a\nb"
