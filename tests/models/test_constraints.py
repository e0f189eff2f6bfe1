from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from activities.models import (
    OUTCOMES,
    SETTLED,
    TRANSITIONS,
    Account,
    Attempt,
    Call,
    CatalogEntry,
    Outcome,
    Row,
    State,
    Submission,
    User,
    Verdict,
)
from activities.models.clock import clock
from tests.builders import NOON, a_draft, a_submission

pytestmark = pytest.mark.django_db


def refuses(name: str):
    """A block in which the database refuses what the constraint of this name promises."""
    return pytest.raises(IntegrityError, match=name)


def an_attempt(submission, **changes) -> Attempt:
    kept = {"number": 1, "started_at": NOON, "lease_until": NOON, "worker": "w", "url": "x", "request": b"[]"}
    return Attempt.objects.create(submission=submission, **{**kept, **changes})


@pytest.fixture
def submission(asha, settings) -> Submission:
    return a_submission(asha, rows=2)


SUBMISSION = [
    ("submission_state_is_known", {"state": "lost"}),
    ("submission_has_1_to_25_rows", {"row_count": 0}),
    ("submission_has_1_to_25_rows", {"row_count": 26}),
    ("submission_sending_has_lease", {"state": State.SENDING}),
    ("submission_sending_has_lease", {"lease_until": NOON}),
    ("submission_settled_has_time", {"state": State.POSTED}),
    ("submission_settled_has_time", {"settled_at": NOON}),
    ("submission_needs_person_is_open", {"state": State.POSTED, "settled_at": NOON, "needs_person_since": NOON}),
    ("submission_hash_has_salt", {"content_salt": None}),
]
ROW = [
    ("row_outcome_is_known", {"outcome": "lost", "outcome_at": NOON}),
    ("row_number_is_1_to_25", {"number": 0}),
    ("row_number_is_1_to_25", {"number": 26}),
    ("row_created_has_activity_id", {"outcome": Outcome.CREATED, "outcome_at": NOON}),
    ("row_created_has_activity_id", {"activity_id": "an id"}),
    ("row_refused_has_reason", {"outcome": Outcome.REJECTED, "outcome_at": NOON}),
    ("row_refused_has_reason", {"outcome": Outcome.NOT_CREATED, "outcome_at": NOON}),
    ("row_outcome_has_time", {"outcome": Outcome.UNCONFIRMED}),
    ("row_outcome_has_time", {"outcome_at": NOON}),
]
ATTEMPT = [
    ("attempt_verdict_is_known", {"verdict": "perhaps"}),
    ("attempt_answered_after_start", {"answered_at": NOON.replace(hour=11)}),
    ("attempt_status_has_answer", {"status": 200}),
]


@pytest.mark.parametrize(("name", "change"), SUBMISSION)
def test_a_submission_keeps_what_its_state_promises(submission, name, change):
    with refuses(name):
        Submission.objects.filter(pk=submission.pk).update(**change)


@pytest.mark.parametrize(("name", "change"), ROW)
def test_a_row_keeps_what_its_outcome_promises(submission, name, change):
    with refuses(name):
        Row.objects.filter(submission=submission, number=1).update(**change)


@pytest.mark.parametrize(("name", "change"), ATTEMPT)
def test_an_attempt_keeps_what_it_promises(submission, name, change):
    attempt = an_attempt(submission)

    with refuses(name):
        Attempt.objects.filter(pk=attempt.pk).update(**change)


class TestTheOnlyOne:
    def test_in_flight_on_an_opportunity(self, asha, submission):
        a_submission(asha, state=State.UNCONFIRMED, opportunity_id=submission.opportunity_id)

        # SQLite names the columns of a unique index, PostgreSQL the index.
        with pytest.raises(IntegrityError, match=r"opportunity_has_one_submission_in_flight|opportunity_id"):
            Submission.objects.filter(pk=submission.pk).update(state=State.SENDING, lease_until=NOON)

    def test_in_flight_leaves_room_beside_one_that_needs_a_person(self, asha, submission):
        more = {"opportunity_id": submission.opportunity_id, "needs_person_since": NOON}
        a_submission(asha, state=State.UNCONFIRMED, **more)

        assert Submission.objects.filter(pk=submission.pk).update(state=State.SENDING, lease_until=NOON)

    def test_in_flight_leaves_room_on_another_account(self, asha, submission):
        more = {"opportunity_id": submission.opportunity_id, "organisation": "another"}
        a_submission(asha, state=State.UNCONFIRMED, **more)

        assert Submission.objects.filter(pk=submission.pk).update(state=State.SENDING, lease_until=NOON)

    def test_row_of_an_activity(self, submission):
        created = {"outcome": Outcome.CREATED, "outcome_at": NOON, "activity_id": str(uuid.uuid4())}
        submission.rows.filter(number=1).update(**created)

        with pytest.raises(IntegrityError, match=r"activity_belongs_to_one_row|activity_id"):
            submission.rows.filter(number=2).update(**created)

    def test_row_of_a_number(self, submission):
        with pytest.raises(IntegrityError, match=r"row_number_is_unique|number"):
            submission.rows.filter(number=2).update(number=1)

    def test_attempt_of_a_number(self, submission):
        an_attempt(submission)

        with pytest.raises(IntegrityError, match=r"attempt_number_is_unique|number"):
            an_attempt(submission)

    def test_account(self):
        with refuses("account_is_the_only_one"):
            Account.objects.create(pk=2)

    def test_entry_of_a_list(self):
        CatalogEntry.objects.create(kind="users")

        with pytest.raises(IntegrityError, match=r"catalog_entry_is_unique|kind"):
            CatalogEntry.objects.create(kind="users")

    def test_person_of_an_address_in_any_case(self, asha):
        with pytest.raises(IntegrityError, match="person_email_is_unique_in_any_case"):
            User.objects.create(email="ASHA@sahyadrihfc.in", name="Another", role="poster")

    @pytest.mark.parametrize("make", [a_draft, a_submission])
    def test_thing_of_a_public_id(self, asha, make):
        first = make(asha)

        with pytest.raises(IntegrityError, match="public_id"):
            make(asha, public_id=first.public_id)


def test_a_hold_has_a_reason():
    with refuses("account_hold_has_reason"):
        Account.objects.update(hold_since=NOON)


def test_a_reason_has_a_hold():
    with refuses("account_hold_has_reason"):
        Account.objects.update(hold_reason="why")


def test_a_call_was_for_something_known():
    with refuses("call_kind_is_known"):
        Call.objects.create(at=NOON, kind="fun")


def test_a_list_is_of_a_known_kind():
    with refuses("catalog_kind_is_known"):
        CatalogEntry.objects.create(kind="weather")


def test_a_role_is_known(asha):
    with refuses("person_role_is_known"):
        User.objects.update(role="king")


@pytest.mark.parametrize("change", [{"is_active": False}, {"deactivated_at": NOON}])
def test_it_is_known_since_when_a_person_is_inactive(asha, change):
    with refuses("person_inactive_since_is_known"):
        User.objects.update(**change)


def test_a_person_who_submitted_is_never_deleted(asha, submission):
    with pytest.raises(ProtectedError):
        asha.delete()


def test_rows_and_attempts_keep_their_submission(submission):
    an_attempt(submission)

    with pytest.raises(ProtectedError):
        submission.delete()


class TestTheTables:
    def test_transitions_know_every_state(self):
        assert set(TRANSITIONS) == set(State)
        assert set().union(*TRANSITIONS.values()) <= set(State)

    def test_outcomes_know_every_outcome(self):
        assert set(OUTCOMES) == set(Outcome)
        assert set().union(*OUTCOMES.values()) <= set(Outcome)

    def test_what_is_settled_only_gets_better(self):
        better: dict[str, int] = {State.NOT_POSTED: 0, State.PARTLY_POSTED: 1, State.POSTED: 2}

        assert all(better[new] > better[old] for old in SETTLED for new in TRANSITIONS[old])

    def test_nothing_comes_back_to_the_queue_but_what_was_being_sent(self):
        assert [old for old in State if State.QUEUED in TRANSITIONS[old]] == [State.SENDING]

    def test_a_yes_is_final(self):
        assert OUTCOMES[Outcome.CREATED] == frozenset()

    def test_a_doubt_never_becomes_a_wish_to_send(self):
        assert not any(Outcome.PENDING in later for later in OUTCOMES.values())

    def test_the_verdicts_have_words(self):
        assert all(verdict.label for verdict in Verdict)


class TestTheClock:
    def test_is_the_databases_and_in_utc(self):
        assert clock().utcoffset() == timedelta(0)

    def test_goes_on_inside_a_transaction(self):
        with transaction.atomic():
            readings = [clock() for _ in range(200)]

        assert readings == sorted(readings)
        assert readings[-1] > readings[0]
