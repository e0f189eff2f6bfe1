from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from activities import fields
from activities.catalog import CatalogField
from activities.leadsquared.records import User

KOLKATA = ZoneInfo("Asia/Kolkata")
NEW_YORK = ZoneInfo("America/New_York")
ZONES = st.sampled_from([KOLKATA, NEW_YORK, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")])
MONDAY = dt.date(2026, 11, 23)
KINDS = (
    *(
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
    ),
    *("multiple_choice", "dependent_choice", "user", "product", "unknown", "never heard of"),
)
ANY_TEXT = st.text(st.characters(codec=None), max_size=60)
FRIENDLY_TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=200)

KABIR = User(id="5f0e1a1c-1111-4222-8333-444444444444", name="Kabir Shah", email="Kabir.Shah@sahyadrihfc.in")
GONE = User(id="5f0e1a1c-1111-4222-8333-555555555555", name="Gita Rao", email="gita@sahyadrihfc.in", active=False)
USERS = {each.email.lower(): each for each in (KABIR, GONE)}


def a_field(kind: str = "text", **changes) -> CatalogField:
    return CatalogField(**{"schema_name": "mx_Custom_1", "name": "Collected on", "kind": kind, **changes})


def read(field: CatalogField, typed, **changes) -> fields.Value:
    return fields.read(field, typed, **{"zone": KOLKATA, "today": MONDAY, "users": USERS, **changes})


def tried(field: CatalogField, typed, **changes) -> tuple[fields.Value | None, str]:
    try:
        return read(field, typed, **changes), ""
    except fields.Wrong as wrong:
        return None, wrong.message


def sent(kind: str, typed, **changes) -> str:
    return read(a_field(kind, **changes), typed).sent


def complaint(field: CatalogField, typed, **changes) -> str:
    with pytest.raises(fields.Wrong) as wrong:
        read(field, typed, **changes)
    return wrong.value.message


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_typed_is_nothing_sent(kind):
    assert read(a_field(kind), " \n ") == fields.Value("", "")


@pytest.mark.parametrize("kind", KINDS)
def test_a_mandatory_field_must_be_filled(kind):
    assert complaint(a_field(kind, mandatory=True), []).startswith("Collected on: this must be filled. ")


@pytest.mark.parametrize(
    ("kind", "typed"),
    [("number", "1 234,5"), ("number", "1'234"), ("date", "21/11"), ("date_time", "next fri 2pm"), ("time", "3 pm")],
)
def test_what_is_shown_back_means_the_same_when_it_is_typed_again_on_another_day(kind, typed):
    value = read(a_field(kind), typed)

    assert read(a_field(kind), value.shown, today=dt.date(2031, 2, 3)) == value


@given(kind=st.sampled_from(KINDS), typed=ANY_TEXT | st.lists(ANY_TEXT), zone=ZONES, multiple=st.booleans())
@example(kind="number", typed="1" * 10_000, zone=KOLKATA, multiple=False)
@example(kind="date", typed="31/02/0000", zone=KOLKATA, multiple=False)
@example(kind="date_time", typed="1 Jan 1900, 00:00", zone=KOLKATA, multiple=False)
@example(kind="url", typed="http://[", zone=KOLKATA, multiple=False)
def test_whatever_is_typed_there_is_a_value_or_a_sentence(kind, typed, zone, multiple):
    field = a_field(kind, multiple=multiple, options=("PAN card",) if multiple else ())

    value, sentence = tried(field, typed, zone=zone)

    assert sentence.startswith("Collected on: ") if value is None else not sentence
    assert "\x00" not in (value.sent.encode("utf-8").decode("utf-8") if value else "")


@given(typed=FRIENDLY_TEXT.filter(str.strip), kind=st.sampled_from(["text", "long_text", "product", "unknown"]))
@example(typed="  آشا راؤ 👩🏽‍💼 नेहा é ‏", kind="text")
def test_text_passes_unchanged(typed, kind):
    value = read(a_field(kind), typed)

    assert (value.sent, value.shown) == (typed, typed)


def test_a_text_that_is_too_long_is_counted():
    assert complaint(a_field(max_length=5), "sanction") == "Collected on: 8 characters are too many. Shorten it to 5."


def test_a_character_outside_the_basic_plane_counts_twice():
    assert read(a_field(max_length=4), "👍👍").sent == "👍👍"
    assert "5 characters" in complaint(a_field(max_length=4), "👍👍.")


def test_a_nul_is_named_with_its_place():
    expected = "Collected on: an empty character (NUL) stands after “PAN”. Delete it."

    assert complaint(a_field(), "PAN\x00 card") == expected


def test_half_of_a_surrogate_pair_is_refused():
    assert complaint(a_field(), "\ud83d") == "Collected on: the character U+D83D stands at its start. Delete it."


def test_a_line_break_has_its_place_in_long_text_only():
    assert sent("long_text", "first\nsecond\tcolumn") == "first\nsecond\tcolumn"
    assert complaint(a_field(), "first\nsecond") == "Collected on: a line break stands after “first”. Delete it."


def test_line_breaks_of_browsers_become_plain_ones():
    assert fields.check_text("Note", "first\r\nsecond", longest=12, lines=True) == "first\nsecond"


@pytest.mark.parametrize(
    ("typed", "wire"),
    [
        ("112400", "112400"),
        ("1,12,400", "112400"),
        ("112,400", "112400"),
        ("1,234,567.80", "1234567.80"),
        ("1.5", "1.5"),
        (".5", "0.5"),
        (" -1,000 ", "-1000"),
        ("−7", "-7"),
        ("+7", "7"),
        ("007", "7"),
        ("-0.00", "0.00"),
        ("1.234,56", "1234.56"),
        ("1 000", "1000"),
        ("₹ 5", "5"),
        ("1.5 lakh", "150000"),
    ],
)
def test_a_number_is_sent_plain(typed, wire):
    assert sent("number", typed) == wire


@pytest.mark.parametrize("typed", ["12 pages", "1,2", "1,1240", "1.234.5", "12,50", "1e5", "5.", "١٢", "5 L", "--1"])
def test_what_is_no_number_is_quoted(typed):
    assert complaint(a_field("number"), typed) == (
        f"Collected on: “{typed}” is not a number. Type digits such as 112400, 1,12,400 or 1.5."
    )


def test_a_number_is_shown_as_it_is_written_in_india():
    assert read(a_field("number"), "12345678.5").shown == "1,23,45,678.5"


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**20), max_value=10**20))
def test_a_number_as_shown_reads_the_same(number):
    value = read(a_field("number"), f"{number:f}")

    assert read(a_field("number"), value.shown) == value


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "2026-11-20",
            "20 Nov 2026",
            "20 november 2026",
            "20/11/2026",
            "20-11-2026",
            "20.11.2026",
            "20-Nov-2026",
        ),
        *("Fri 20 Nov 2026", "Friday, 20 Nov 2026", "Nov 20, 2026", " 20  Nov 2026 ", "fri 20/11/2026"),
    ],
)
def test_a_date_in_any_usual_spelling_goes_out_unconverted(typed):
    value = read(a_field("date"), typed, zone=NEW_YORK)

    assert (value.sent, value.shown) == ("2026-11-20 00:00:00", "Fri 20 Nov 2026")


@pytest.mark.parametrize(("typed", "day"), [("today", 23), ("Yesterday", 22), ("tomorrow", 24)])
def test_a_near_day_has_a_name(typed, day):
    assert sent("date", typed) == f"2026-11-{day} 00:00:00"


@pytest.mark.parametrize("typed", ["20/11", "20 Nov", "20/11/26", "last fri", "-3"])
def test_a_date_without_a_year_is_shown_back_with_it(typed):
    assert read(a_field("date"), typed) == fields.Value("2026-11-20 00:00:00", "Fri 20 Nov 2026")


def test_the_day_comes_first_and_the_month_is_shown_in_letters():
    assert read(a_field("date"), "3/4/2026").shown == "Fri 3 Apr 2026"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("31 Nov 2026", "November has 30 days. Type a date such as 30 Nov 2026."),
        ("29/2/2026", "February 2026 has 28 days. Type a date such as 28 Feb 2026."),
        ("0 Jan 2026", "January has 31 days. Type a date such as 31 Jan 2026."),
        ("11/20/2026", "“20” is not a month; the day comes first. Type a date such as 23 Nov 2026."),
        ("20 Foo 2026", "“Foo” is not a month; the day comes first. Type a date such as 23 Nov 2026."),
        ("Mon 20 Nov 2026", "20 Nov 2026 is a Friday. Leave the day of the week out."),
        ("20/11/", "“20/11/” is not a date. Type a date such as 23 Nov 2026."),
        ("20 Nov 0206", "the year 206 is too far away. Type a date such as 23 Nov 2026."),
    ],
)
def test_a_wrong_date_says_what_is_wrong(typed, sentence):
    assert complaint(a_field("date"), typed) == f"Collected on: {sentence}"


@given(st.dates(min_value=dt.date(1900, 1, 1), max_value=dt.date(2199, 12, 31)))
def test_a_date_as_shown_reads_the_same(day):
    value = read(a_field("date"), day.isoformat())

    assert value.sent == f"{day.isoformat()} 00:00:00"
    assert read(a_field("date"), value.shown) == value


@pytest.mark.parametrize(
    "typed",
    [
        *("2026-11-20T11:20", "2026-11-20 11:20:00", "20 Nov 2026, 11:20", "Fri 20 Nov 2026 11:20"),
        *("20/11/2026 11:20 am", "Nov 20, 2026, 11:20 a.m."),
    ],
)
def test_a_time_goes_out_in_utc(typed):
    value = read(a_field("date_time"), typed)

    assert (value.sent, value.shown) == ("2026-11-20 05:50:00", "Fri 20 Nov 2026, 11:20")


def test_a_time_says_how_it_goes_out():
    assert read(a_field("date_time"), "today 2pm") == fields.Value(
        "2026-11-23 08:30:00", "Mon 23 Nov 2026, 14:00", in_utc="2026-11-23 08:30:00"
    )


def test_now_is_the_time_that_was_handed_in():
    assert read(a_field("date_time"), "now", now=dt.time(9, 5, 59)).shown == "Mon 23 Nov 2026, 09:05"
    assert read(a_field("time"), "now", now=dt.time(9, 5, 59)).sent == "09:05:00"
    assert "“now” is not a date" in complaint(a_field("date_time"), "now")


def test_midnight_and_noon_have_their_twelve():
    assert sent("date_time", "today 12 am") == "2026-11-22 18:30:00"
    assert sent("date_time", "today 12:30 pm") == "2026-11-23 07:00:00"


def test_a_time_that_is_missing_is_asked_for():
    expected = "Collected on: the time is missing. Type it after the date: Fri 20 Nov 2026, 11:20."

    assert complaint(a_field("date_time"), "20 Nov 2026") == expected


@pytest.mark.parametrize("typed", ["today 24:00", "today 11:60", "today 13 pm", "today 0 am"])
def test_a_time_that_no_clock_shows_is_refused(typed):
    clock = typed.partition(" ")[2]
    expected = f"Collected on: “{clock}” is not a time. Type one such as 11:20 or 3:30 pm."

    assert complaint(a_field("date_time"), typed) == expected


def test_a_time_that_the_clocks_left_out_is_refused():
    said = complaint(a_field("date_time"), "8 Mar 2026, 02:30", zone=NEW_YORK)

    assert said == (
        "Collected on: the clocks in America/New_York were put forward over 02:30, so there was no such "
        "time. Type a time such as Sun 8 Mar 2026, 03:30."
    )


def test_a_time_that_the_clocks_showed_twice_is_the_earlier_one():
    value = read(a_field("date_time"), "1 Nov 2026, 01:30", zone=NEW_YORK)

    assert value.sent == "2026-11-01 05:30:00"


@given(st.dates(min_value=dt.date(1900, 1, 2), max_value=dt.date(2199, 12, 31)), st.times(), ZONES)
def test_a_date_with_its_time_as_shown_reads_the_same(day, clock, zone):
    value, sentence = tried(a_field("date_time"), f"{day} {clock:%H:%M:%S}", zone=zone)

    again, _ = tried(a_field("date_time"), value.shown, zone=zone) if value else (None, "")

    assert again == value
    assert value or "no such time" in sentence


def test_a_time_of_day_is_not_converted():
    assert read(a_field("time"), "3:30 pm") == fields.Value("15:30:00", "15:30")


@pytest.mark.parametrize(("typed", "wire", "shown"), [("yes", "1", "Yes"), ("No", "0", "No"), ("TRUE", "1", "Yes")])
def test_yes_and_no_go_out_as_digits(typed, wire, shown):
    assert read(a_field("boolean"), typed) == fields.Value(wire, shown)


def test_maybe_is_neither_yes_nor_no():
    expected = "Collected on: “maybe” is neither yes nor no. Type one of the two."

    assert complaint(a_field("boolean"), "maybe") == expected


def test_an_e_mail_loses_the_blanks_around_it():
    assert sent("email", " Asha.Rao@example.org ") == "Asha.Rao@example.org"


@pytest.mark.parametrize("typed", ["asha", "asha@", "asha@example", "a b@example.org", "a@b.in, c@d.in", "a@b..in"])
def test_what_is_no_e_mail_is_quoted(typed):
    assert "is not an e-mail address" in complaint(a_field("email"), typed)


@pytest.mark.parametrize(
    ("typed", "wire"),
    [
        ("98220 41731", "+91-9822041731"),
        ("+91-9822041731", "+91-9822041731"),
        ("+91 98220-41731", "+91-9822041731"),
        ("+971501234567", "+971-501234567"),
        ("+1 (212) 555-0100", "+1-2125550100"),
        ("+44 20 7946 0000", "+44-2079460000"),
        ("\u202a+91 98220 41731\u202c", "+91-9822041731"),
    ],
)
def test_a_phone_number_is_sent_as_leadsquared_stores_it(typed, wire):
    value = read(a_field("phone"), typed)

    assert value.sent == wire
    assert read(a_field("phone"), value.shown) == value


@pytest.mark.parametrize("typed", ["0501234567", "12345", "98220 4173x", "++919822041731", "+0123456789"])
def test_what_is_no_phone_number_is_quoted(typed):
    assert f"“{typed}” is not a phone number. Type 10 digits" in complaint(a_field("phone"), typed)


def test_a_web_address_begins_with_its_scheme():
    assert sent("url", " https://digilocker.gov.in/a?b=ü ") == "https://digilocker.gov.in/a?b=ü"


@pytest.mark.parametrize(
    "typed", ["digilocker.gov.in", "ftp://a.in", "https://", "https://a b.in", "javascript:alert(1)"]
)
def test_what_is_no_web_address_is_quoted(typed):
    assert "is not a web address. Type it from https:// on." in complaint(a_field("url"), typed)


OPTIONS = ("Met applicant", " Refused ", "PAN; Aadhaar")
CALL = a_field(
    "dependent_choice",
    name="Reason",
    parent="mx_Custom_1",
    parent_name="Call outcome",
    by_parent={"Not reachable": ("Switched off",), "Other": ()},
)


def test_a_choice_is_one_of_the_list_to_the_letter():
    field = a_field("choice", options=OPTIONS)

    assert read(field, " Refused ").sent == " Refused "
    assert complaint(field, "Refused") == "Collected on: “Refused” is not in the list. Choose one of it."


def test_the_switch_lets_other_values_pass():
    assert read(a_field("choice", options=OPTIONS), "Refused", skip_option_check=True).sent == "Refused"


def test_a_choice_whose_options_are_not_known_passes():
    assert sent("choice", "Anything") == "Anything"


def test_several_choices_are_joined():
    field = a_field("multiple_choice", multiple=True, options=("PAN card", "Aadhaar", "Passport"))

    assert read(field, ["PAN card", "Aadhaar"]) == fields.Value("PAN card;Aadhaar", "PAN card, Aadhaar")
    assert read(field, "PAN card; Passport").sent == "PAN card;Passport"
    assert "“Visa” is not in the list" in complaint(field, ["PAN card", "Visa"])


def test_an_option_with_a_semicolon_stays_one():
    assert read(a_field("multiple_choice", multiple=True, options=OPTIONS), "PAN; Aadhaar").shown == "PAN; Aadhaar"


def test_a_dependent_choice_is_one_of_its_parents_list():
    assert read(CALL, "Switched off", parent_value="Not reachable").sent == "Switched off"
    assert "not in the list" in complaint(CALL, "Wrong number", parent_value="Not reachable")


def test_a_dependent_choice_waits_for_its_parent():
    assert complaint(CALL, "Switched off") == "Reason: choose Call outcome first; the list follows it."


def test_under_a_parent_without_a_list_anything_passes():
    assert read(CALL, "Whatever", parent_value="Other").sent == "Whatever"


@pytest.mark.parametrize("typed", ["kabir.shah@sahyadrihfc.in", "KABIR SHAH"])
def test_a_user_goes_out_by_id_and_is_shown_by_name(typed):
    assert read(a_field("user"), typed) == fields.Value(KABIR.id, "Kabir Shah")


def test_a_user_who_left_is_refused():
    expected = "Collected on: Gita Rao is not active in LeadSquared any more. Choose another user."

    assert complaint(a_field("user"), "gita@sahyadrihfc.in") == expected


def test_a_stranger_is_not_a_user():
    expected = "Collected on: “Asha” is not a user of LeadSquared. Choose an e-mail address of the list."

    assert complaint(a_field("user"), "Asha") == expected


def test_a_name_that_two_users_have_needs_the_e_mail():
    other = User(id="x", name="Kabir Shah", email="kabir@sahyadrihfc.in")

    assert "fits several users" in complaint(a_field("user"), "Kabir Shah", users={**USERS, other.email: other})


def test_without_a_list_of_users_the_text_passes():
    assert read(a_field("user"), "someone@example.org", users={}).sent == "someone@example.org"


def test_a_bare_field_passes_as_typed():
    assert fields.read_bare("mx_Custom_7", " a\nb ").sent == " a\nb "


@pytest.mark.parametrize("name", ["", "7mx", "mx Custom", "mx_Custom_1\n", "é", "a" * 101])
def test_what_cannot_be_a_schema_name_is_refused(name):
    with pytest.raises(fields.Wrong, match=r"^SchemaName: “.*Type a name such as mx_Custom_1\."):
        fields.read_bare(name, "value")


def test_a_bare_field_needs_a_value():
    with pytest.raises(fields.Wrong, match="mx_Custom_1: this must be filled"):
        fields.read_bare("mx_Custom_1", " ")


@pytest.mark.parametrize(
    ("kind", "drawn", "width"),
    [
        ("text", "text", "s"),
        ("long_text", "textarea", "l"),
        ("date", "date", "m"),
        ("phone", "tel", "s"),
        ("never heard of", "text", "s"),
    ],
)
def test_a_field_is_drawn_by_its_kind(kind, drawn, width):
    control = fields.control(a_field(kind))

    assert (control.input, control.width) == (drawn, width)


def test_a_list_is_drawn_as_a_list():
    control = fields.control(a_field("choice", options=("Yes", "No")))

    assert (control.input, control.options, control.width) == ("select", ("Yes", "No"), "s")


def test_a_list_of_several_is_drawn_as_boxes():
    assert fields.control(a_field("multiple_choice", options=OPTIONS, multiple=True)).input == "checkboxes"


def test_a_list_that_is_not_known_is_drawn_as_a_text():
    assert fields.control(a_field("choice")).input == "text"


def test_a_list_that_need_not_be_kept_to_becomes_suggestions():
    control = fields.control(a_field("choice", options=OPTIONS), skip_option_check=True)

    assert (control.input, control.options) == ("text", OPTIONS)


def test_a_dependent_list_says_what_it_waits_for():
    assert fields.control(CALL).waits_for == "Call outcome"
    assert fields.control(CALL, parent_value="Not reachable").options == ("Switched off",)
