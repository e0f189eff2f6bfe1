from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from activities import audit, catalog
from activities.leadsquared.records import Field
from activities.models import Account, CallKind, CatalogEntry, CatalogKind
from tests.builders import an_actor

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SOON = NOON + timedelta(seconds=10)
LATER = NOON + timedelta(minutes=2)
FOLLOW_UP_CALL, DOCUMENT_COLLECTION, VALUATION = 214, 231, 222


def paths(sandbox) -> list[str]:
    return [request.path.rpartition("/")[2] for request in sandbox.requests]


def the_field(code: int, name: str) -> catalog.CatalogField:
    return next(each for each in catalog.load([code]).fields_of(code) if each.name == name)


@pytest.fixture
def nobody_answers(settings):
    settings.LSQ_API_URL = "http://127.0.0.1:9/v2"
    settings.LSQ_ACCESS_KEY, settings.LSQ_SECRET_KEY, settings.LSQ_RATE_LIMIT = "access", "secret", "1000/5s"


def refresh_all(now: datetime) -> int:
    count = 0
    while catalog.refresh_due(now=now):
        count += 1
    return count


def test_what_a_person_waits_for_is_fetched_once(sandbox):
    catalog.ensure([DOCUMENT_COLLECTION], now=NOON)
    asked = len(sandbox.requests)

    catalog.ensure([DOCUMENT_COLLECTION], now=LATER)

    assert len(sandbox.requests) == asked
    assert catalog.load([DOCUMENT_COLLECTION]).failures() == []


def test_the_editor_reads_everything_in_one_query(sandbox, django_assert_num_queries):
    catalog.ensure([FOLLOW_UP_CALL, DOCUMENT_COLLECTION], now=NOON)

    with django_assert_num_queries(1):
        known = catalog.load([FOLLOW_UP_CALL, DOCUMENT_COLLECTION])

    assert known.type_name(FOLLOW_UP_CALL) == "Follow-up call"
    assert len(known.users.records) == 120
    assert known.user("Kabir.Shah@SahyadriHFC.in") == known.users_by_email["kabir.shah@sahyadrihfc.in"]
    assert known.fields_of(DOCUMENT_COLLECTION)[0].name == "Status"


def test_opportunity_types_are_not_offered_as_activities(sandbox):
    catalog.ensure(now=NOON)

    types = catalog.activity_types()

    assert len(types.records) == 25
    assert max(each.code for each in types.records) < catalog.FIRST_OPPORTUNITY_CODE
    assert types.fetched_at == NOON


def test_options_that_the_settings_leave_out_are_asked_for(sandbox):
    catalog.ensure([DOCUMENT_COLLECTION], now=NOON)

    document = the_field(DOCUMENT_COLLECTION, "Document")

    assert "Sale agreement" in document.options
    assert document.mandatory


def test_options_inside_a_field_set_are_asked_for(sandbox):
    catalog.ensure([VALUATION], now=NOON)

    inner = {each.name: each for each in the_field(VALUATION, "Valuer").inner}

    assert "Pune, Baner" in inner["Empanelled at"].options
    assert inner["Valuer’s name"].mandatory


def test_a_dependent_field_knows_its_parent(sandbox):
    catalog.ensure([FOLLOW_UP_CALL], now=NOON)

    reason = the_field(FOLLOW_UP_CALL, "Reason")

    assert (reason.parent, reason.parent_name) == ("mx_Custom_1", "Call outcome")
    assert reason.by_parent["Not reachable"] == ("Switched off", "No answer", "Wrong number")
    assert reason.options == ()
    assert catalog.load([FOLLOW_UP_CALL]).is_parent(FOLLOW_UP_CALL, "mx_Custom_1")
    assert not catalog.load([FOLLOW_UP_CALL]).is_parent(FOLLOW_UP_CALL, "mx_Custom_2")


OUTCOME = Field("mx_Custom_1", "Call outcome", kind="choice", options=("Not reachable",))
REASON = Field("mx_Custom_2", "Reason", kind="dependent_choice", parent="mx_Custom_1")


def test_a_dependent_field_without_a_set_is_asked_for_under_each_parent_value(sandbox):
    fields = catalog._FieldSet(CallKind.READ, FOLLOW_UP_CALL, [OUTCOME, REASON]).offered()

    assert fields[1].by_parent == {"Not reachable": ("Switched off", "No answer", "Wrong number")}


def test_where_nobody_knows_the_dependent_call_the_field_takes_any_text(sandbox):
    sandbox.switch(dependent_options_call="not_found")

    fields = catalog._FieldSet(CallKind.READ, FOLLOW_UP_CALL, [OUTCOME, REASON]).offered()

    assert (fields[1].parent, fields[1].options, fields[1].by_parent) == ("", (), {})


def test_fields_that_name_each_other_as_parents_come_to_an_end(sandbox):
    outcome = dataclasses.replace(OUTCOME, parent="mx_Custom_2", options=(), kind="dependent_choice")

    fields = catalog._FieldSet(CallKind.READ, FOLLOW_UP_CALL, [outcome, REASON]).offered()

    assert [each.parent for each in fields] == ["", ""]


def test_a_failure_is_told_and_not_met_again_at_once(nobody_answers):
    catalog.ensure([FOLLOW_UP_CALL], now=NOON)
    CatalogEntry.objects.update(failure="as it was")

    catalog.ensure([FOLLOW_UP_CALL], now=SOON)

    known = catalog.load([FOLLOW_UP_CALL])
    assert not known.types_are_known
    assert [known.types.failure, known.users.failure, known.fields[FOLLOW_UP_CALL].failure] == ["as it was"] * 3
    assert known.failures() == [
        "Lists of activity types, users and fields of Activity type 214 could not be loaded. as it was "
        "A type can be given by its code, and a field by its SchemaName."
    ]


def test_after_half_a_minute_it_is_tried_again(nobody_answers):
    catalog.ensure(now=NOON)
    CatalogEntry.objects.update(failure="as it was")

    catalog.ensure(now=LATER)

    assert catalog.load().types.failure.startswith("LeadSquared could not be reached")


def test_a_refused_type_does_not_keep_others_from_being_loaded(sandbox):
    catalog.ensure([123, FOLLOW_UP_CALL], now=NOON)

    known = catalog.load([123, FOLLOW_UP_CALL])

    assert known.fields[123].failure == "LeadSquared refused it: Event Code is invalid or empty"
    assert known.fields_of(FOLLOW_UP_CALL)


def test_a_code_that_never_was_a_type_is_forgotten_with_the_next_list(sandbox, asha):
    catalog.ensure([123], now=NOON)

    catalog.refresh_now(by=an_actor(asha), now=LATER)

    assert not CatalogEntry.objects.filter(key="123").exists()


def test_codes_of_opportunity_types_are_not_asked_for(sandbox):
    catalog.ensure([12000, 0], now=NOON)

    assert "CustomActivity/GetActivitySetting" not in [request.path for request in sandbox.requests]
    assert not CatalogEntry.objects.filter(kind=CatalogKind.FIELDS, key__in=["12000", "0"]).exists()


def test_what_could_not_be_refreshed_is_served_with_its_age(sandbox, asha, settings):
    catalog.ensure(now=NOON)
    settings.LSQ_API_URL = "http://127.0.0.1:9/v2"

    failures = catalog.refresh_now(by=an_actor(asha), now=NOON + timedelta(hours=3))

    known = catalog.load()
    assert known.types.is_stale
    assert known.type_name(FOLLOW_UP_CALL) == "Follow-up call"
    assert known.failures(now=NOON + timedelta(hours=3, minutes=5)) == [
        "Lists of activity types and users are 3 hours old. LeadSquared could not be reached, and nothing "
        "was sent. The portal tries again by itself."
    ]
    assert [each.partition(":")[0] for each in failures] == ["Activity types", "Users", "Opportunity types"]


def test_an_empty_list_does_not_replace_a_full_one(sandbox, asha):
    catalog.ensure(now=NOON)
    sandbox.fault("wrong_types", path_contains="ActivityTypes.Get", how="top_is_array")

    failures = catalog.refresh_now(by=an_actor(asha), now=LATER)

    assert failures == ["Activity types: LeadSquared answered with an empty list."]
    assert len(catalog.activity_types().records) == 25


def test_the_button_leaves_one_audit_entry(sandbox, asha):
    failures = catalog.refresh_now(by=an_actor(asha), now=NOON)

    assert failures == []
    assert [audit.in_words(each) for each in audit.entries()] == [
        "refreshed activity types, users and opportunity types; fields in the background"
    ]
    assert catalog.opportunity_types().records[0].name == "Home loan"


def test_the_button_makes_all_fields_due(sandbox, asha):
    refresh_all(NOON)

    catalog.refresh_now(by=an_actor(asha), now=LATER)

    assert refresh_all(LATER) == 25


def test_the_worker_fetches_every_list_and_then_rests(sandbox):
    assert refresh_all(NOON) == 3 + 25
    assert catalog.load([FOLLOW_UP_CALL]).fields_of(FOLLOW_UP_CALL)


def test_the_worker_fetches_lists_again_after_an_hour(sandbox):
    refresh_all(NOON)
    sandbox.clear()

    assert refresh_all(NOON + timedelta(minutes=59)) == 0
    assert refresh_all(NOON + timedelta(minutes=61)) == 3
    assert paths(sandbox) == ["ActivityTypes.Get", "Users.Get", "GetOpportunityTypes"]


def test_the_worker_leaves_a_list_that_failed_alone_for_five_minutes(nobody_answers):
    assert refresh_all(NOON) == 3
    assert refresh_all(NOON + timedelta(minutes=4)) == 0
    assert refresh_all(NOON + timedelta(minutes=6)) == 3


def test_of_two_workers_one_gets_a_list(sandbox):
    catalog.refresh_due(now=NOON)
    entry = CatalogEntry.objects.get(kind=CatalogKind.ACTIVITY_TYPES)

    assert not catalog._claim(entry, pause=catalog.BACKGROUND_PAUSE, now=NOON)


def test_nothing_is_refreshed_during_a_hold(sandbox):
    Account.objects.update(hold_since=NOON, hold_reason="401", hold_checked_at=NOON)

    assert not catalog.refresh_due(now=NOON)
    assert sandbox.requests == []


def test_a_read_that_was_turned_away_slows_everybody_down(sandbox):
    sandbox.fault("rate_429", path_contains="ActivityTypes.Get")

    catalog.ensure(now=NOON)

    assert Account.objects.get().rate_limited_count == 1
    assert paths(sandbox) == ["ActivityTypes.Get"]


def test_what_postgresql_refuses_is_not_stored():
    content = {"a\x00": ["\ud83dx", 1, None, ("\x00",)]}

    assert catalog._storable(content) == {"a": ["?x", 1, None, [""]]}


def test_a_field_comes_back_from_its_json():
    inner = catalog.CatalogField(schema_name="mx_CustomObject_1", name="Name", kind="text")
    field = catalog.CatalogField(
        schema_name="mx_Custom_1",
        name="Reason",
        kind="dependent_choice",
        options=("a",),
        by_parent={"x": ("a", "b")},
        inner=(inner,),
    )

    assert catalog.CatalogField.from_json(catalog._storable(dataclasses.asdict(field))) == field


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=5), "1 minute"),
        (timedelta(minutes=59), "59 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(days=2, hours=5), "2 days"),
    ],
)
def test_an_age_is_said_in_words(age, words):
    assert catalog._age(age) == words
