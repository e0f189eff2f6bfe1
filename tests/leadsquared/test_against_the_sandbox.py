"""Every method of the client against a LeadSquared look-alike, over real HTTP."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from activities.leadsquared import (
    LeadSquaredError,
    NotInTime,
    NotSent,
    OutgoingActivity,
    OutgoingField,
    RateLimited,
    Refused,
    Unauthorized,
    Unclear,
    read_bulk,
    request_body,
)
from activities.leadsquared.client import Client
from tests.leadsquared.peers import no_limit

OWNER = "meera.iyer@sahyadrihfc.in"
NOBODY = "99999999-9999-4999-8999-999999999999"


@pytest.fixture
def loan(sandbox):
    return sandbox.opportunity("Asha Rao", "Home loan")


def post(client, opportunity_id, *activities):
    raw = client.post_activities(opportunity_id, request_body(activities), row_count=len(activities))
    return read_bulk(raw, row_count=len(activities)).rows


def met(note: str = "Met") -> OutgoingActivity:
    return OutgoingActivity(102, OWNER, note, (OutgoingField("mx_Custom_1", "Pune"),))


# Posting


def test_what_is_posted_is_there_under_the_id_that_was_given(client, sandbox, loan):
    rows = post(client, loan.id, met("first"), met("second, नमस्ते"))

    assert [row.created for row in rows] == [True, True]
    assert [(each.id, each.note) for each in sandbox.posted()] == [
        (rows[0].activity_id, "first"),
        (rows[1].activity_id, "second, नमस्ते"),
    ]


def test_a_bad_row_is_a_clear_no_beside_a_clear_yes(client, sandbox, loan):
    sandbox.switch(bad_row="per_row")

    rows = post(client, loan.id, met(), OutgoingActivity(999, OWNER))

    assert [(row.created, row.exception_type) for row in rows] == [
        (True, ""),
        (False, "MXInvalidActivityException"),
    ]


@pytest.mark.parametrize("status", [500, 400, 200])
def test_a_refused_call_is_refused_on_any_status(client, sandbox, loan, status):
    sandbox.switch(refusal_status=status)

    with pytest.raises(Refused) as caught:
        post(client, loan.id, met(), OutgoingActivity(999, OWNER))

    assert caught.value.may_have_written is True


@pytest.mark.parametrize("answer", ["envelope_500", "400", "404"])
def test_an_unknown_opportunity_is_refused(client, sandbox, answer):
    sandbox.switch(unknown_opportunity=answer)

    with pytest.raises(Refused):
        post(client, NOBODY, met())


def test_wrong_keys_are_not_authorized(sandbox, loan):
    client = Client(sandbox.url, "wrong-key", "wrong-secret", permit=no_limit)

    with pytest.raises(Unauthorized) as caught:
        post(client, loan.id, met())

    assert caught.value.may_have_written is False


@pytest.mark.parametrize("status", [429, 403, 200])
def test_a_full_window_is_a_rate_limit_on_any_status(client, sandbox, loan, status):
    sandbox.switch(bulk_rate="1/60s", rate_answer=status)
    post(client, loan.id, met())

    with pytest.raises(RateLimited) as caught:
        post(client, loan.id, met())

    assert caught.value.whole_day is False


def test_a_day_that_is_used_up_is_told(client, sandbox, loan):
    sandbox.switch(day_quota=1)
    post(client, loan.id, met())

    with pytest.raises(RateLimited) as caught:
        post(client, loan.id, met())

    assert caught.value.whole_day is True


@pytest.mark.parametrize(
    "fault",
    ["reset_before_read", "reset_before_write", "reset_after_write", "close_after_write", "cut_body", "cut_head"],
)
def test_a_cut_line_leaves_it_unclear(client, sandbox, loan, fault):
    sandbox.fault(fault)

    with pytest.raises(Unclear):
        post(client, loan.id, met())


def test_a_closed_port_is_not_sent(client, sandbox, loan):
    sandbox.fault("refuse")

    with pytest.raises(NotSent):
        post(client, loan.id, met())


@pytest.mark.parametrize(
    "how",
    [
        "rows_are_texts",
        "rows_are_null",
        "response_is_object",
        "response_is_null",
        "flags_are_texts",
        "flags_are_numbers",
        "ids_are_numbers",
        "ids_are_lists",
        "numbers_are_booleans",
        "numbers_are_fractions",
        "top_is_text",
        "top_is_null",
        "top_is_array",
    ],
)
def test_wrong_types_are_never_a_yes(client, sandbox, loan, how):
    sandbox.fault("wrong_types", how=how)

    assert _verdicts(client, loan.id) in ("unclear", [None])


def _verdicts(client, opportunity_id):
    try:
        return [row.created for row in post(client, opportunity_id, met())]
    except Unclear:
        return "unclear"


# Reading


def test_the_keys_tell_whose_they_are(client, sandbox):
    identity = client.who_am_i()

    assert (identity.user_id, identity.user_name) == (sandbox.key_user.id, sandbox.key_user.name)
    assert identity.organisation
    assert (identity.organisation_code, identity.default_country_code) == ("56208", "91")


def test_leads_are_found_by_name_and_by_email(client, sandbox):
    asha = sandbox.lead("Asha Rao")

    assert asha.id in [lead.id for lead in client.find_leads("Asha")]
    assert [lead.id for lead in client.leads_by_email(asha.email.upper())] == [asha.id]


@pytest.mark.parametrize("accepted", ["all", "plus_cc_hyphen", "ten_digits"])
@pytest.mark.parametrize("typed", ["{n}", "0{n}", "+91-{n}", "+91 {n}", "91{n}"])
def test_a_lead_is_found_by_its_phone_in_any_spelling(client, sandbox, accepted, typed):
    sandbox.switch(phone_spellings=accepted)
    asha = sandbox.lead("Asha Rao")

    found = client.leads_by_phone(typed.format(n=asha.phone.partition("-")[2]))

    assert asha.id in [lead.id for lead in found]


def test_text_without_digits_is_nobodys_phone(client, sandbox):
    assert client.leads_by_phone("Asha") == []
    assert sandbox.requests == []


def test_a_lead_is_found_by_id_and_an_unknown_one_is_none(client, sandbox):
    asha = sandbox.lead("Asha Rao")

    assert client.lead(asha.id).name == "Asha Rao"
    assert client.lead(NOBODY) is None


def test_opportunity_types_have_their_codes(client):
    assert {each.code: each.name for each in client.opportunity_types()}[12000] == "Home loan"


def test_a_leads_opportunities_of_all_types_are_listed(client, sandbox):
    sandbox.switch(opportunity_type_required="yes")
    asha = sandbox.lead("Asha Rao")

    found = client.opportunities_of_lead(asha.id, client.opportunity_types())

    assert {each.id for each in found} == {each.id for each in sandbox.opportunities if each.lead_id == asha.id}
    assert all(each.type_name and each.created_at.tzinfo is UTC for each in found)


def test_an_opportunity_is_read_by_its_id(client, sandbox, loan):
    found = client.opportunity(loan.id)

    assert (found.id, found.lead_id, found.status) == (loan.id, loan.lead_id, loan.status)
    assert (found.name, found.stage, found.owner_id) == (loan.name, loan.stage, loan.owner_id)
    assert found.created_at == datetime.fromisoformat(f"{loan.created_on}+00:00")


def test_an_unknown_opportunity_id_is_refused(client):
    with pytest.raises(Refused, match="does not exist"):
        client.opportunity(NOBODY)


def test_activity_types_are_without_opportunity_types(client):
    found = {each.code: each.name for each in client.activity_types()}

    assert found[208] == "KYC visit"
    assert max(found) < 12000


def test_fields_come_in_form_order_with_their_kinds(client):
    found = client.activity_fields(208)

    custom = [each.kind for each in found if each.schema_name.startswith("mx_")]
    assert custom[:8] == [
        "choice",
        "text",
        "date_time",
        "multiple_choice",
        "choice",
        "number",
        "phone",
        "boolean",
    ]
    assert {each.schema_name for each in found}.isdisjoint({"ActivityEvent_Note", "Owner"})


def test_every_kind_of_field_is_read_and_unknown_ones_are_said_to_be(client):
    kinds = {each.kind for each_type in client.activity_types() for each in client.activity_fields(each_type.code)}

    assert kinds == {
        "text",
        "long_text",
        "number",
        "date",
        "date_time",
        "time",
        "boolean",
        "email",
        "phone",
        "url",
        "choice",
        "multiple_choice",
        "dependent_choice",
        "user",
        "product",
        "field_set",
        "unknown",
    }


def test_a_field_set_has_its_inner_fields(client):
    valuer = next(each for each in client.activity_fields(222) if each.kind == "field_set")

    assert [(each.schema_name, each.kind) for each in valuer.fields] == [
        ("mx_CustomObject_1", "text"),
        ("mx_CustomObject_2", "phone"),
        ("mx_CustomObject_3", "choice"),
        ("mx_CustomObject_4", "date"),
    ]


def test_options_come_from_the_metadata_or_from_their_own_call(client):
    outcome = next(each for each in client.activity_fields(208) if each.schema_name == "mx_Custom_1")

    assert outcome.options[0] == "Met applicant"
    assert client.dropdown_options(208, "mx_Custom_5")[0] == "Current residence"


def test_options_inside_a_field_set_are_asked_for_by_both_names(client):
    assert "Pune, Baner" in client.dropdown_options(222, "mx_CustomObject_3", field_set="mx_Custom_1")


def test_a_dependent_list_has_no_options_of_its_own(client):
    with pytest.raises(Refused):
        client.dropdown_options(214, "mx_Custom_2")


def test_a_dependent_list_follows_its_parent(client):
    found = client.dependent_options(214, "mx_Custom_1", "Not reachable", "mx_Custom_2")

    assert found == ["Switched off", "No answer", "Wrong number"]


def test_a_dependent_call_that_does_not_exist_is_refused(client, sandbox):
    sandbox.switch(dependent_options_call="not_found")

    with pytest.raises(Refused):
        client.dependent_options(214, "mx_Custom_1", "Not reachable", "mx_Custom_2")


def test_users_active_or_not_are_listed(client, sandbox):
    found = {each.email: each.active for each in client.users()}

    assert found == {each.email: each.active for each in sandbox.users}


# Permits


def test_every_read_asks_for_a_permit_and_a_write_does_not(sandbox, loan):
    asked: list[str] = []
    client = Client(sandbox.url, sandbox.access_key, sandbox.secret_key, permit=asked.append)

    client.who_am_i()
    client.find_leads("Asha")
    post(client, loan.id, met())

    assert asked == ["read", "read"]


class Leave:
    """A permit that went stale so often before it was fresh."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.begin_by = 0.0 if times else Client.now() + 10

    def renew(self) -> Leave:
        return Leave(self.times - 1)


def test_a_read_whose_permit_went_stale_gets_a_fresh_one(sandbox):
    client = Client(sandbox.url, sandbox.access_key, sandbox.secret_key, permit=lambda kind: Leave(2))

    client.who_am_i()

    assert len(sandbox.requests) == 1


def test_a_read_whose_permit_is_always_stale_is_not_made(sandbox):
    client = Client(sandbox.url, sandbox.access_key, sandbox.secret_key, permit=lambda kind: Leave(1000))

    with pytest.raises(NotInTime):
        client.who_am_i()

    assert sandbox.requests == []


def test_whatever_a_permit_raises_nothing_is_sent(sandbox):
    client = Client(sandbox.url, sandbox.access_key, sandbox.secret_key, permit=_raises(OSError("database away")))

    with pytest.raises(NotSent) as caught:
        client.who_am_i()

    assert isinstance(caught.value.__cause__, OSError)
    assert sandbox.requests == []


def test_an_error_of_the_room_passes_the_permit_unchanged(sandbox):
    full = NotSent(said="No permit in time.")
    client = Client(sandbox.url, sandbox.access_key, sandbox.secret_key, permit=_raises(full))

    with pytest.raises(LeadSquaredError) as caught:
        client.who_am_i()

    assert caught.value is full


def _raises(error: Exception):
    def permit(kind: str) -> None:
        raise error

    return permit


@pytest.mark.parametrize("fault", ["nested_lists", "huge_number", "not_a_number", "not_utf8"])
def test_a_read_that_cannot_be_parsed_is_unclear(client, sandbox, fault):
    sandbox.fault(fault, path_contains="UserByAccessKey")

    with pytest.raises(Unclear):
        client.who_am_i()
