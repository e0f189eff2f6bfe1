from __future__ import annotations

import json
import socket
import time
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.db import connection as connection_of_tests

from activities import audit, connection, posting, proving, recovery, settling, submissions, throttle
from activities.leadsquared import NotSent, steady_clock
from activities.models import Account, Call, Outcome, Row, State, Submission, Verdict
from activities.models.clock import clock
from tests.builders import a_draft, a_field, a_new_row, a_submission, an_actor
from tests.tampering import without_guards

pytestmark = pytest.mark.django_db
WORKER = "host:1:1"
BULK = "Bulk/CustomActivity/Add"


@pytest.fixture
def opportunity(sandbox) -> str:
    return next(each.id for each in sandbox.opportunities if each.status == "Open")


@pytest.fixture
def long_way(monkeypatch):
    """Connecting takes longer than a permit is fresh."""
    resolve = socket.getaddrinfo

    def slowly(*args, **more):
        time.sleep(0.2)
        return resolve(*args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)


@pytest.fixture
def submit(asha, sandbox, opportunity):
    """Submit this many good rows, or these rows, for an opportunity."""

    def submit(rows=1, *, to: str = opportunity, **more) -> Submission:
        if isinstance(rows, int):
            rows = [a_new_row(note=f"Row {number}") for number in range(1, rows + 1)]
        return submissions.submit(a_draft(asha, opportunity_id=to), rows, by=an_actor(asha), **more)

    return submit


def outcomes(submission: Submission) -> list[str]:
    submission.refresh_from_db()
    return list(submission.rows.order_by("number").values_list("outcome", flat=True))


def bulk_calls(sandbox):
    return [request for request in sandbox.requests if BULK in request.path]


def in_the_sandbox(sandbox, submission: Submission) -> list[str]:
    """The notes that LeadSquared has of a submission's rows."""
    notes = set(submission.rows.values_list("note", flat=True))
    return sorted(each.note for each in sandbox.activities(submission.opportunity_id) if each.note in notes)


class TestTheVendorsExample:
    ROWS = (
        a_new_row(code=208, note="PAN collected", fields=(a_field("mx_Custom_2", "AAAAA1111A"),)),
        a_new_row(code=102, note="Meeting completed"),
    )

    def test_the_request_on_the_wire_is_the_documented_one(self, submit, sandbox, opportunity):
        submit(self.ROWS)

        posting.post_next(worker=WORKER)

        (request,) = bulk_calls(sandbox)
        assert request.method == "POST"
        assert request.path == "/v2/ProspectActivity.svc/Bulk/CustomActivity/Add/ByOpportunityId"
        assert request.query == {"opportunityId": opportunity}
        assert json.loads(request.body) == [
            {
                "ActivityEvent": 208,
                "ActivityNote": "PAN collected",
                "ActivityOwnerEmail": "kabir.shah@sahyadrihfc.in",
                "Fields": [{"SchemaName": "mx_Custom_2", "Value": "AAAAA1111A"}],
            },
            {
                "ActivityEvent": 102,
                "ActivityNote": "Meeting completed",
                "ActivityOwnerEmail": "kabir.shah@sahyadrihfc.in",
            },
        ]

    def test_the_keys_travel_in_headers_and_never_in_the_address(self, submit, sandbox):
        submit(self.ROWS)

        posting.post_next(worker=WORKER)

        (request,) = bulk_calls(sandbox)
        headers = {name.lower(): value for name, value in request.headers.items()}
        assert headers["x-lsq-accesskey"] == sandbox.access_key
        assert headers["x-lsq-secretkey"] == sandbox.secret_key
        assert headers["content-type"] == "application/json; charset=utf-8"
        assert sandbox.secret_key not in str(request.query) + request.path

    def test_the_documented_response_becomes_two_created_rows(self, submit, sandbox, opportunity):
        submission = submit(self.ROWS)

        posting.post_next(worker=WORKER)

        assert outcomes(submission) == [Outcome.CREATED, Outcome.CREATED]
        assert submission.state == State.POSTED
        ids = set(submission.rows.values_list("activity_id", flat=True))
        assert ids <= {activity.id for activity in sandbox.activities(opportunity)}


ACCESS = {"exception_type": "MXUnAuthorizedAccessException", "message": "You have no access"}
VALIDATION = {"exception_type": "MXInvalidActivityException", "message": "Event Code is invalid or empty"}
SERVER = {"exception_type": "MXTimeoutException", "message": "Timed out"}
POSTED = (State.POSTED, Outcome.CREATED)
QUEUED = (State.QUEUED, Outcome.PENDING)
REJECTED = (State.NOT_POSTED, Outcome.REJECTED)
UNCONFIRMED = (State.UNCONFIRMED, Outcome.UNCONFIRMED)
NOT_KNOWN_YET = "Whether it wrote the good rows before is not known yet."
NO_CLEAR_ANSWER = "LeadSquared gave no clear answer, so this row may or may not exist."
LIMIT = "LeadSquared’s limit of calls is used up for some seconds. The portal goes on by itself."
# status, envelope, then for one row and for three: state and outcome, and the sentence that the person reads
DOCUMENTED = [
    pytest.param(200, None, POSTED, "", POSTED, "", id="200"),
    pytest.param(400, None, REJECTED, "did not take this row", UNCONFIRMED, NOT_KNOWN_YET, id="400 bare"),
    pytest.param(404, None, REJECTED, "did not take this row", UNCONFIRMED, NOT_KNOWN_YET, id="404 bare"),
    pytest.param(401, None, REJECTED, "did not take this row", UNCONFIRMED, NOT_KNOWN_YET, id="401 with good keys"),
    pytest.param(429, None, QUEUED, LIMIT, QUEUED, LIMIT, id="429"),
    pytest.param(
        500, VALIDATION, REJECTED, "does not know this activity type", UNCONFIRMED, NOT_KNOWN_YET, id="500 validation"
    ),
    pytest.param(500, ACCESS, REJECTED, "may not see", UNCONFIRMED, NOT_KNOWN_YET, id="500 access with good keys"),
    pytest.param(500, SERVER, UNCONFIRMED, NO_CLEAR_ANSWER, UNCONFIRMED, NO_CLEAR_ANSWER, id="500 other envelope"),
    pytest.param(500, None, UNCONFIRMED, NO_CLEAR_ANSWER, UNCONFIRMED, NO_CLEAR_ANSWER, id="500 bare"),
]


def answer_with(sandbox, status, envelope):
    """Make LeadSquared turn the bulk call away with this status and write nothing; 200 is what it does by itself."""
    if status != 200:
        sandbox.fault("status", status=status, **(envelope or {}))


def sentence(submission: Submission) -> str:
    """What the person reads: at the row, or at the submission while it waits."""
    return submission.rows.get(number=1).reason or submission.explanation


@pytest.mark.parametrize(("status", "envelope", "for_one", "says_of_one", "for_three", "says_of_three"), DOCUMENTED)
class TestEveryDocumentedStatus:
    def test_with_one_row(self, submit, sandbox, status, envelope, for_one, says_of_one, for_three, says_of_three):
        submission = submit(1)
        answer_with(sandbox, status, envelope)

        posting.post_next(worker=WORKER)

        assert (outcomes(submission), submission.state) == ([for_one[1]], for_one[0])
        assert says_of_one in sentence(submission)

    def test_with_three_rows(self, submit, sandbox, status, envelope, for_one, says_of_one, for_three, says_of_three):
        submission = submit(3)
        answer_with(sandbox, status, envelope)

        posting.post_next(worker=WORKER)

        assert (outcomes(submission), submission.state) == ([for_three[1]] * 3, for_three[0])
        assert says_of_three in sentence(submission)

    @pytest.mark.parametrize("row_count", [1, 3])
    def test_only_what_was_turned_away_at_the_door_is_sent_again(
        self, submit, sandbox, row_count, status, envelope, for_one, says_of_one, for_three, says_of_three
    ):
        submission = submit(row_count)
        answer_with(sandbox, status, envelope)
        posting.post_next(worker=WORKER)

        posting.post_next(worker=WORKER, now=clock() + timedelta(minutes=10))

        is_sent_again = status == 429
        assert len(bulk_calls(sandbox)) == (2 if is_sent_again else 1)
        assert len(in_the_sandbox(sandbox, submission)) == (row_count if is_sent_again or status == 200 else 0)


class TestRowsAreJudgedOneByOne:
    def test_some_rejected_is_partly_posted(self, submit, sandbox):
        sandbox.switch(bad_row="per_row")
        submission = submit([a_new_row(note="good"), a_new_row(note="bad", owner_email="no.one@sahyadrihfc.in")])

        posting.post_next(worker=WORKER)

        assert outcomes(submission) == [Outcome.CREATED, Outcome.REJECTED]
        assert submission.state == State.PARTLY_POSTED
        assert submission.rows.get(number=2).reason

    def test_a_row_that_the_answer_leaves_out_is_unconfirmed(self, submit, sandbox):
        sandbox.fault("rows_missing")
        submission = submit(3)

        posting.post_next(worker=WORKER)

        assert Outcome.UNCONFIRMED in outcomes(submission)
        assert submission.state == State.UNCONFIRMED

    def test_a_yes_without_an_id_is_unconfirmed(self, submit, sandbox):
        sandbox.fault("yes_without_id")
        submission = submit(1)

        posting.post_next(worker=WORKER)

        assert outcomes(submission) == [Outcome.UNCONFIRMED]

    def test_a_yes_with_the_id_of_another_row_is_unconfirmed(self, submit, sandbox, opportunity):
        first = submit(1)
        posting.post_next(worker=WORKER)
        taken = first.rows.get().activity_id
        sandbox.fault("yes_with_foreign_id", activity_id=taken)
        second = submit([a_new_row(note="Another")])

        posting.post_next(worker=WORKER)

        assert outcomes(first) == [Outcome.CREATED]
        assert outcomes(second) == [Outcome.UNCONFIRMED]


class TestKeys:
    def test_bad_keys_stop_the_queue_and_lose_nothing(self, submit, sandbox):
        submission = submit(2)
        sandbox.fault("unauthorized", path_contains="/v2/", times=10)

        posting.post_next(worker=WORKER)

        assert outcomes(submission) == [Outcome.PENDING, Outcome.PENDING]
        assert submission.state == State.QUEUED
        assert Account.objects.get(pk=1).hold_since is not None

    def test_while_on_hold_nothing_is_sent(self, submit, sandbox):
        submit(1)
        connection.hold("The keys were not accepted.")

        assert posting.post_next(worker=WORKER) is False

        assert bulk_calls(sandbox) == []

    def test_the_hold_lifts_itself_when_the_keys_are_accepted_again(self, submit, sandbox):
        submission = submit(1)
        connection.hold("The keys were not accepted.")

        lifted = connection.lift_hold_if_accepted(now=clock() + timedelta(minutes=2))
        posting.post_next(worker=WORKER)

        assert lifted
        assert outcomes(submission) == [Outcome.CREATED]

    def test_work_for_one_account_is_never_sent_with_keys_of_another(self, submit, sandbox):
        submission = submit(1)
        with without_guards():
            Submission.objects.update(organisation="another-organisation")

        posting.post_next(worker=WORKER)

        assert bulk_calls(sandbox) == []
        assert outcomes(submission) == [Outcome.PENDING]


class TestTransport:
    def test_a_call_that_never_left_is_queued_again(self, submit, sandbox, settings):
        submission = submit(1)
        known = Account.objects.get(pk=1)
        settings.LSQ_API_URL = "http://127.0.0.1:9/v2"  # nobody listens on the discard port
        with without_guards():
            Submission.objects.update(host="127.0.0.1:9")
        known.keys_mark, known.host = connection.keys_mark(), "127.0.0.1:9"
        known.save()

        posting.post_next(worker=WORKER)

        assert outcomes(submission) == [Outcome.PENDING]
        assert submission.state == State.QUEUED
        assert submission.attempts.get().verdict == Verdict.NOT_SENT

    def test_it_waits_longer_before_each_further_try(self, submit, sandbox):
        submission = submit(1)
        now = clock()
        submission.attempt_count = 3

        posting.requeue(submission, NotSent(said=""), now=now)

        assert submission.state == State.QUEUED

    @pytest.mark.parametrize(
        "fault", ["reset_before_write", "reset_after_write", "cut_body", "html", "empty_body", "redirect"]
    )
    def test_an_unclear_answer_leaves_the_rows_unconfirmed(self, submit, sandbox, fault):
        sandbox.fault(fault)
        submission = submit(2)

        posting.post_next(worker=WORKER)

        assert outcomes(submission) == [Outcome.UNCONFIRMED] * 2
        assert submission.attempts.get().verdict == Verdict.UNCLEAR

    def test_what_is_unconfirmed_is_never_sent_again(self, submit, sandbox):
        sandbox.fault("reset_after_write")
        submission = submit(1)
        posting.post_next(worker=WORKER)

        posting.post_next(worker=WORKER, now=clock() + timedelta(hours=1))

        assert len(bulk_calls(sandbox)) == 1
        assert len(in_the_sandbox(sandbox, submission)) == 1

    def test_the_next_submission_to_the_same_opportunity_waits_for_it(self, submit, sandbox):
        sandbox.fault("reset_after_write")
        submit(1)
        second = submit([a_new_row(note="second")])

        posting.post_next(worker=WORKER)
        posting.post_next(worker=WORKER)

        assert outcomes(second) == [Outcome.PENDING]
        assert second.state == State.QUEUED

    def test_the_answer_is_stored_as_it_came(self, submit, sandbox):
        sandbox.fault("html")
        submission = submit(1)

        posting.post_next(worker=WORKER)

        attempt = submission.attempts.get()
        assert b"<html" in bytes(attempt.answer).lower()
        assert attempt.status is not None


class TestOrderAndLimit:
    def test_the_oldest_is_sent_first(self, submit, sandbox):
        open_ones = [each.id for each in sandbox.opportunities if each.status == "Open"][:2]
        first = submit([a_new_row(note="first")], to=open_ones[0])
        submit([a_new_row(note="second")], to=open_ones[1])

        posting.post_next(worker=WORKER)

        assert outcomes(first) == [Outcome.CREATED]
        assert len(bulk_calls(sandbox)) == 1

    def test_a_used_up_limit_sends_nothing_and_claims_nothing(self, submit, sandbox, settings):
        submission = submit(1)
        settings.LSQ_BULK_RATE_LIMIT = "1/60s"
        Call.objects.create(at=clock(), kind="bulk")

        with pytest.raises(throttle.NoPermit):
            posting.post_next(worker=WORKER)

        assert outcomes(submission) == [Outcome.PENDING]
        assert submission.attempt_count == 0

    def test_a_permit_that_went_stale_on_the_way_is_renewed_before_the_first_byte(self, submit, sandbox):
        first = submit(1)
        sandbox.fault("error_500", exception_type="MXInvalidActivityException")
        posting.post_next(worker=WORKER)
        retried = submit([a_new_row(note="Row 1", follows=first.rows.get().pk)], repeat_confirmed=True)
        sandbox.fault("slow", seconds=0.3, path_contains="GetActivitiesOfOpportunity")

        posting.post_next(worker=WORKER)

        assert outcomes(retried) == [Outcome.CREATED]
        assert Call.objects.filter(kind="bulk").count() == len(bulk_calls(sandbox)) == 2

    def test_a_long_way_to_leadsquared_makes_no_permit_stale(self, submit, sandbox, long_way):
        submission = submit(1)

        posting.post_next(worker=WORKER)

        assert outcomes(submission) == [Outcome.CREATED]
        assert Call.objects.filter(kind="bulk").count() == len(bulk_calls(sandbox)) == 1

    def test_a_permit_that_cannot_be_renewed_sends_nothing(self, submit, sandbox):
        submission = submit(1)
        permit = throttle.take("bulk")
        claimed = posting._claim(connection.account(), worker=WORKER, now=clock())
        attempt = posting._write_attempt(claimed, worker=WORKER, now=clock())
        throttle.slow_down()
        permit.begin_by = 0.0

        posting._send(claimed, attempt, permit, not_after=steady_clock() + 5, now=None)

        assert bulk_calls(sandbox) == []
        assert outcomes(submission) == [Outcome.PENDING]
        assert submission.state == State.QUEUED

    def test_nothing_due_costs_no_permit(self, sandbox, db):
        connection.identify()
        before = Call.objects.count()

        posting.post_next(worker=WORKER)

        assert Call.objects.count() == before


def test_every_step_of_a_submission_is_an_audit_entry(submit):
    submission = submit(1)

    posting.post_next(worker=WORKER)

    actions = [entry.action for entry in audit.entries_about(submission)]
    assert actions == ["submission.submitted", "submission.sent", "submission.answered", "submission.settled"]
    assert proving.verify().problems == ()


def test_neither_key_is_stored_anywhere_with_an_attempt(submit, sandbox):
    submission = submit(1)
    sandbox.fault("error_500_without_envelope")

    posting.post_next(worker=WORKER)

    attempt = submission.attempts.get()
    stored = repr([attempt.url, bytes(attempt.request), attempt.headers, bytes(attempt.answer), attempt.said])
    assert sandbox.secret_key not in stored
    assert sandbox.access_key not in stored


def test_a_worker_that_lost_its_lease_writes_no_attempt(submit):
    submission = submit(1)
    Submission.objects.update(
        state=State.SENDING, lease_until=clock() - timedelta(seconds=1), leased_by="dead", attempt_count=1
    )
    submission.refresh_from_db()

    attempt = posting._write_attempt(submission, worker="dead", now=clock())

    assert attempt is None


def test_the_switch_goes_into_every_activity(submit, sandbox):
    submit(2, skip_option_check=True)

    posting.post_next(worker=WORKER)

    (request,) = bulk_calls(sandbox)
    assert [each["ValidateDropDownOptions"] for each in json.loads(request.body)] == [True, True]


def test_text_of_any_script_arrives_unchanged(submit, sandbox):
    note = "नमस्ते é é \u202eעברית مرحبا 👩‍👩‍👧"
    submission = submit([a_new_row(note=note)])

    posting.post_next(worker=WORKER)

    assert in_the_sandbox(sandbox, submission) == [note]
    assert Row.objects.get(submission=submission).note == note


class TestASubmissionThatMakesThePortalFail:
    @pytest.fixture
    def spoilt(self, submit):
        """A submission whose row cannot be encoded: a lone surrogate that got in somehow."""
        submission = submit([a_new_row(note="fine")])
        with without_guards():
            submission.rows.update(fields=[{"schema_name": "mx_Custom_1"}])
        return submission

    def test_is_put_before_a_person_after_three_times(self, spoilt):
        for minutes in (0, 5, 10):
            now = clock() + timedelta(minutes=minutes)
            with pytest.raises(KeyError):
                posting.post_next(worker=WORKER, now=now)
            recovery.take_over_expired(now=now + timedelta(minutes=4))

        spoilt.refresh_from_db()
        assert spoilt.needs_person_since is not None

    def test_stops_no_other(self, spoilt, submit, sandbox):
        with pytest.raises(KeyError):
            posting.post_next(worker=WORKER)
        other = next(each.id for each in sandbox.opportunities if each.id != spoilt.opportunity_id)
        second = submit([a_new_row(note="good")], to=other)

        posting.post_next(worker=WORKER)

        assert outcomes(second) == [Outcome.CREATED]


class TestWithoutAnEntry:
    @pytest.fixture
    def no_entries(self, submit):
        """A submission, and a database that takes no audit entry any more."""
        submission = submit(1)
        with connection_of_tests.cursor() as cursor:
            if connection_of_tests.vendor == "postgresql":
                cursor.execute("ALTER TABLE activities_auditentry ADD CONSTRAINT full_up CHECK (seq < 2) NOT VALID")
            else:
                cursor.execute(
                    "CREATE TRIGGER full_up BEFORE INSERT ON activities_auditentry "
                    "BEGIN SELECT RAISE(ABORT, 'full_up'); END"
                )
        return submission

    def test_nothing_is_sent(self, no_entries, sandbox):
        with pytest.raises(DatabaseError, match="full_up"):
            posting.post_next(worker=WORKER)

        assert bulk_calls(sandbox) == []
        assert not no_entries.attempts.exists()
        assert outcomes(no_entries) == [Outcome.PENDING]

    def test_nothing_is_submitted(self, no_entries, submit):
        with pytest.raises(DatabaseError, match="full_up"), transaction.atomic():
            submit([a_new_row(note="another")])

        assert Submission.objects.get() == no_entries


def test_a_worker_that_lost_a_retry_while_it_looked_leaves_its_rows_alone(asha):
    earlier = a_submission(asha, state=State.NOT_POSTED)
    submission = a_submission(
        asha, state=State.SENDING, attempt_count=2, leased_by="other", lease_until=clock() + timedelta(minutes=1)
    )
    submission.attempt_count = 1  # as the worker that lost it knows it
    verdicts = {1: settling.RowVerdict(Outcome.NOT_CREATED, reason=f"It stands in {earlier.pk}.")}

    left_out = settling.leave_out(submission, verdicts, worker="slow", now=clock())

    submission.refresh_from_db()
    assert left_out is False
    assert submission.state == State.SENDING
    assert submission.rows.get().outcome == Outcome.PENDING
