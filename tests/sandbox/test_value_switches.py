"""What is taken and what is stored of values is a switch each (leadsquared-api §19.12, §19.13, §19.16)."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("switch", "value", "code", "field", "good", "bad"),
    [
        ("active_user_values", "guid", 201, "mx_Custom_2", "GUID", "kabir.shah@sahyadrihfc.in"),
        ("active_user_values", "email", 201, "mx_Custom_2", "kabir.shah@sahyadrihfc.in", "GUID"),
        ("boolean_accepts", "one_zero", 208, "mx_Custom_8", "1", "true"),
        ("boolean_accepts", "true_false", 208, "mx_Custom_8", "true", "1"),
        ("date_only_accepts", "with_time", 267, "mx_Custom_3", "2031-02-03 00:00:00", "2031-02-03"),
        ("date_only_accepts", "without_time", 267, "mx_Custom_3", "2031-02-03", "2031-02-03 00:00:00"),
        ("multi_select_separator", ";", 208, "mx_Custom_4", "PAN card;Aadhaar", "PAN card,Aadhaar"),
        ("multi_select_separator", ",", 208, "mx_Custom_4", "PAN card,Aadhaar", "PAN card;Aadhaar"),
    ],
)
def test_which_spelling_of_a_value_is_taken_is_a_switch(crm, sandbox, switch, value, code, field, good, bad):
    sandbox.switch(**{switch: value})
    mandatory = {267: {"mx_Custom_1": "Qatar"}}.get(code, {})
    guid = sandbox.user("kabir.shah@sahyadrihfc.in").id

    statuses = [
        crm.bulk([crm.row(code, **{**mandatory, field: text.replace("GUID", guid)})]).status for text in (good, bad)
    ]

    assert statuses == [200, 500]


@pytest.mark.parametrize(("value", "good"), [("guid", True), ("name", False)])
def test_a_product_is_named_or_numbered(crm, sandbox, value, good):
    sandbox.switch(product_values=value)
    named = crm.row(217, mx_Custom_1="Sahyadri Top-up", mx_Custom_2="2031-02-03")

    assert crm.bulk([named]).status == (500 if good else 200)


@pytest.mark.parametrize(
    ("switch", "value", "code", "field", "sent", "stored"),
    [
        ("boolean_values", "one_zero", 208, "mx_Custom_8", "true", "1"),
        ("boolean_values", "true_false", 208, "mx_Custom_8", "0", "false"),
        ("date_values", "milliseconds", 208, "mx_Custom_3", "2031-02-03 09:10:11", "2031-02-03 09:10:11.000"),
        ("date_values", "us", 208, "mx_Custom_3", "2031-02-03 09:10:11", "2/3/2031 9:10:11 AM"),
        ("number_values", "two_decimals", 208, "mx_Custom_6", "12", "12.00"),
        ("email_values", "lower_case", 211, "mx_Custom_1", "Asha@X.in", "asha@x.in"),
        ("stored_blanks", "trimmed", 208, "mx_Custom_2", " AAAAA1111A ", "AAAAA1111A"),
        ("dropdown_case", "insensitive", 208, "mx_Custom_1", "met APPLICANT", "Met applicant"),
        ("dropdown_blanks", "trimmed", 208, "mx_Custom_1", " Met applicant ", "Met applicant"),
        ("empty_values", "kept", 208, "mx_Custom_2", "", ""),
        ("empty_values", "left_out", 208, "mx_Custom_2", "", None),
    ],
)
def test_what_is_stored_of_a_value_is_a_switch(crm, sandbox, switch, value, code, field, sent, stored):
    sandbox.switch(**{switch: value})

    crm.bulk([crm.row(code, **{field: sent})])

    assert sandbox.posted()[0].values.get(field) == stored


def test_a_notes_blanks_are_kept_unless_switched(crm, sandbox):
    crm.bulk([crm.row(note=" kept ")])
    sandbox.switch(stored_blanks="trimmed")
    crm.bulk([crm.row(note=" trimmed ")])

    assert [activity.note for activity in sandbox.posted()] == [" kept ", "trimmed"]


def test_a_text_of_200_characters_is_taken_and_of_201_refused(crm):
    assert crm.bulk([crm.row(102, mx_Custom_1="x" * 200)]).status == 200
    assert crm.bulk([crm.row(102, mx_Custom_1="x" * 201)]).json["ExceptionType"] == ("MXInvalidActivityFieldsException")


@pytest.mark.parametrize(("value", "length"), [("truncate", 200), ("store", 201)])
def test_a_longer_text_may_be_truncated_or_stored(crm, sandbox, value, length):
    sandbox.switch(over_length=value)

    crm.bulk([crm.row(102, mx_Custom_1="x" * 201)])

    assert len(sandbox.posted()[0].values["mx_Custom_1"]) == length


def test_the_lengths_can_be_set(crm, sandbox):
    sandbox.switch(max_text_length=5, max_note_length=5)

    assert crm.bulk([crm.row(102, note="12345", mx_Custom_1="12345")]).status == 200
    assert crm.bulk([crm.row(102, note="123456")]).status == 500
    assert crm.bulk([crm.row(102, mx_Custom_1="123456")]).status == 500
