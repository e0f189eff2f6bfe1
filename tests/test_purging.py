from __future__ import annotations

import hashlib
import io
import string
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from itertools import product

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection

from activities import (
    audit,
    contents,
    counting,
    indexing,
    listings,
    pins,
    posting,
    proving,
    purging,
    readback,
    submissions,
)
from activities.filters import Filter
from activities.models import Attempt, Draft, ListedRow, Look, Outcome, Pin, Row, State, Submission
from tests.builders import NOON, a_draft, a_field, a_new_row, a_submission, an_actor

pytestmark = pytest.mark.django_db
PAN = "ABCPR4821K"
LATER = NOON + timedelta(days=800)


def purge(before=LATER, **more):
    return purging.purge(before, by=audit.COMMAND_LINE, now=LATER, **more)


def everything_stored() -> str:
    models = (Submission, Row, Attempt, Look, Draft, Pin, type(audit.entries().first()))
    return repr(
        [(bytes(v) if isinstance(v, memoryview) else v) for m in models for t in m.objects.values_list() for v in t]
    )


def give_tags_back() -> None:
    import_module("activities.migrations.0009_tags_of_purged_rows").give_back(apps, connection.schema_editor())


@pytest.fixture
def posted(asha, sandbox) -> Submission:
    """Two rows for the opportunity of Asha Rao, because of a committee, with a look at them."""
    rows = [a_new_row(note="Met Gulabchand", fields=(a_field(value=PAN),)), a_new_row(note="Second")]
    submission = submissions.submit(a_draft(asha), rows, by=an_actor(asha), why="Committee of Chitrakoot")
    sandbox.fault("reset_after_write")
    posting.post_next(worker="w")
    submission.refresh_from_db()
    readback.look(submission, now=submission.look_at)
    return submission


@pytest.mark.parametrize("word", [PAN, "Gulabchand", "Asha Rao", "Chitrakoot"])
def test_a_purged_word_is_stored_nowhere_any_more(posted, word):
    before = everything_stored()

    purge()

    assert word in before
    assert word not in everything_stored()


def test_the_proof_of_what_was_purged_stays(posted):
    before = [tuple(each) for each in posted.rows.order_by("number").values_list("outcome", "activity_id", "code")]

    purge()

    assert [tuple(e) for e in posted.rows.order_by("number").values_list("outcome", "activity_id", "code")] == before
    assert proving.verify().problems == ()


def test_a_purge_leaves_an_entry_that_names_what_it_purged(posted):
    purge()

    entry = audit.entries().order_by("-seq")[0]
    posted.refresh_from_db()
    assert (entry.action, entry.actor, entry.seq) == ("record.purged", "Command line", posted.purged_by_seq)
    assert entry.facts["submissions"] == [posted.pk]


def test_a_second_purge_finds_nothing_and_leaves_no_entry(posted):
    purge()
    seq, _ = audit.head()

    assert purge().submission_count == 0
    assert audit.head()[0] == seq


def test_what_is_younger_stays(posted):
    purge(before=posted.submitted_at)

    assert posted.rows.get(number=1).note == "Met Gulabchand"


@pytest.mark.parametrize("state", [State.QUEUED, State.SENDING, State.UNCONFIRMED])
def test_what_has_not_come_to_rest_stays_and_is_counted(asha, state):
    submission = a_submission(asha, state=state)

    purged = purge()

    assert (purged.submission_count, purged.open_count) == (0, 1)
    assert submission.rows.get().note == "Note 1"


def test_more_than_one_batch_goes_in_several_transactions(asha, monkeypatch):
    monkeypatch.setattr(purging, "BATCH", 2)
    for _ in range(5):
        a_submission(asha, state=State.POSTED)

    assert purge().submission_count == 5
    assert audit.entries().filter(action="record.purged").count() == 3


def test_old_drafts_go_and_younger_ones_stay(asha):
    old, young = a_draft(asha), a_draft(asha, updated_at=LATER)

    assert purge().draft_count == 1
    assert list(Draft.objects.all()) == [young]
    assert old.pk != young.pk


def test_an_old_pin_keeps_its_place_but_not_what_it_showed(asha, sandbox, asha_client):
    pin = pins.pin({"id": "7D1C", "name": "Asha Rao – Home loan"}, owner=asha, now=NOON)

    purge()

    page = asha_client.get("/").content.decode()
    assert Pin.objects.get(pk=pin.pk).opportunity == {}
    assert "7d1c" in page
    assert "Asha Rao" not in page


def test_a_pin_whose_opportunity_was_opened_since_shows_it(asha, sandbox):
    pin = pins.pin({"id": "7D1C", "name": "Asha Rao – Home loan"}, owner=asha, now=NOON)
    pins.keep_up({"id": "7D1C", "name": "Asha Rao – Car loan"}, owner=asha)

    purge(before=NOON + timedelta(hours=1))

    assert Pin.objects.get(pk=pin.pk).opportunity["name"] == "Asha Rao – Car loan"


def test_rooms_that_keep_words_elsewhere_are_asked_before(posted, monkeypatch):
    seen = []
    monkeypatch.setattr(
        purging,
        "ALSO",
        (lambda ids: seen.extend(Row.objects.filter(submission__in=ids).values_list("note", flat=True)),),
    )

    purge()

    assert "Met Gulabchand" in seen


class TestListsOfWhatWasPurged:
    @pytest.fixture
    def three(self, posted, asha) -> Filter:
        return Filter(person_id=asha.pk, code=208, outcome=Outcome.CREATED)

    def found(self, wanted):
        return [row.pk for row in listings.rows(wanted).below(None, 10)]

    def test_find_by_three_filters_what_is_counted(self, posted, three):
        purge()

        assert len(self.found(three)) == counting.total(three) == 2

    def test_find_by_four_filters_what_is_counted(self, posted, three):
        four = replace(three, owner="kabir.shah@sahyadrihfc.in")
        purge()

        assert len(self.found(four)) == counting.numbers(four).total == 2

    @pytest.mark.parametrize("text", [PAN, "Gulabchand", "Chitrakoot", "KYC"])
    def test_find_no_word_of_it(self, posted, three, text):
        before = self.found(replace(three, text=text))

        purge()

        assert before
        assert self.found(replace(three, text=text)) == []

    def test_find_by_three_filters_what_an_older_version_purged(self, posted, three):
        purge()
        indexing._out_of_index(dict(ListedRow.objects.values_list("place", "words")))
        ListedRow.objects.update(words="")
        before = self.found(three)

        give_tags_back()

        assert (before, len(self.found(three))) == ([], 2)

    def test_keep_the_words_of_what_is_still_there(self, posted, three):
        give_tags_back()

        assert len(self.found(replace(three, text="Gulabchand"))) == 1


class TestThePages:
    @pytest.fixture
    def page(self, posted, asha_client):
        purge()
        return asha_client.get(f"/submissions/{posted.public_id}/").content.decode()

    def test_say_what_was_removed_and_when(self, page):
        assert page.count("emoved under the retention policy on") == 4
        assert "Their hashes stay in the audit log." in page

    def test_offer_nothing_that_would_need_it(self, page):
        assert "Copy" not in page
        assert "Put 1 row right" not in page
        assert "Check again" not in page

    @pytest.mark.parametrize("path", ["/history/", "/history/activities/", "/"])
    def test_name_the_opportunity_by_its_id(self, posted, asha_client, path):
        purge()

        assert f"opportunity {posted.opportunity_id}" in asha_client.get(path).content.decode()

    def test_of_the_audit_log_still_open(self, posted, chitra_client):
        purge()

        assert f"opportunity {posted.opportunity_id}" in chitra_client.get("/audit/entries/").content.decode()

    @pytest.mark.parametrize(
        ("days", "rule"),
        [(730, "Contents are removed after 730 days; their hashes stay."), (0, "Contents are kept for good.")],
    )
    @pytest.mark.parametrize("path", ["/audit/", "/history/"])
    def test_of_lists_print_the_rule(self, chitra_client, settings, path, days, rule):
        settings.RETENTION_DAYS = days

        assert rule in chitra_client.get(path).content.decode()


class TestTheRetentionRule:
    def test_is_applied_by_the_settings(self, asha, settings):
        settings.RETENTION_DAYS = 30
        a_submission(asha, state=State.POSTED)

        assert purging.purge_when_due(now=NOON + timedelta(days=29)).submission_count == 0
        assert purging.purge_when_due(now=NOON + timedelta(days=31)).submission_count == 1

    def test_of_no_days_keeps_everything(self, asha, settings):
        settings.RETENTION_DAYS = 0
        a_submission(asha, state=State.POSTED)

        assert purging.purge_when_due(now=LATER) is None


class TestTheCommand:
    def run(self, *arguments):
        out = io.StringIO()
        call_command("purge", *arguments, stdout=out)
        return out.getvalue()

    def test_says_what_it_removed_and_what_it_left(self, asha):
        a_submission(asha, state=State.POSTED)
        a_submission(asha)

        words = self.run("--before", "2026-11-24")

        assert "Removed the contents of 1 submission and 0 drafts." in words
        assert "Left as they are, since not at rest yet: 1 submission." in words

    def test_refuses_a_day_that_is_still_to_come(self):
        with pytest.raises(CommandError, match="still to come"):
            self.run("--before", "2999-01-01")


class TestAHashOfAPan:
    """What is left after a purge is a hash; the first five letters of a PAN say who somebody is, and are guessed."""

    @pytest.fixture
    def pans(self):
        digits = (f"{number:04d}" for number in range(10_000))
        return [f"ABCPR{each}{letter}" for each, letter in product(digits, string.ascii_uppercase)]

    def test_that_is_bare_is_found_by_trying(self, pans):
        bare = hashlib.sha256(PAN.encode()).hexdigest()

        assert len(pans) == 260_000
        assert [pan for pan in pans if hashlib.sha256(pan.encode()).hexdigest() == bare] == [PAN]

    def test_that_is_salted_is_not_found_once_its_salt_is_gone(self, posted, pans):
        row = posted.rows.get(number=1)
        kept = contents.of_row(row)
        purge()

        row.salt = None
        row.fields = ["{}"]
        seen = contents.of_row(row)

        assert kept == audit.entries().get(action="submission.submitted").contents["row 1"]
        assert not any(audit.commitment(salt=b"", name="row 1", value=pan) in {kept, seen} for pan in pans)
