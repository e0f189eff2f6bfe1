from __future__ import annotations

from datetime import timedelta

import pytest

from activities import audit, proving, sign_ins
from activities.models import SignInBurst
from tests.builders import NOON

pytestmark = pytest.mark.django_db
SOMEBODY = audit.Actor(name="Unknown", address="10.4.18.31", agent="Chrome")


def fail(seconds=0, by=SOMEBODY):
    sign_ins.failed(by=by, now=NOON + timedelta(seconds=seconds))


def sum_up(minutes):
    return sign_ins.sum_up(now=NOON + timedelta(minutes=minutes))


def words():
    return [audit.in_words(entry) for entry in audit.entries().order_by("seq")]


def test_the_first_is_recorded_at_once():
    fail()

    entry = audit.entries().get()
    assert (entry.action, entry.actor, entry.address, entry.at) == (
        "person.sign_in_failed",
        "Unknown",
        "10.4.18.31",
        NOON,
    )


def test_the_others_of_a_burst_wait_for_one_entry():
    for seconds in (0, 1, 2, 300):
        fail(seconds)

    assert words() == ["could not be signed in"]
    assert sum_up(minutes=16) == 1
    assert words()[1] == "could not be signed in 3 more times until 2026-11-23 12:05:00 UTC"
    assert audit.entries().get(seq=2).address == "10.4.18.31"


def test_a_burst_is_summed_up_once():
    fail()
    fail(1)
    sum_up(minutes=16)

    assert sum_up(minutes=17) == 0
    assert len(words()) == 2


def test_a_burst_of_one_needs_no_sum_and_is_forgotten():
    fail()

    assert sum_up(minutes=11) == 0
    assert not SignInBurst.objects.exists()


def test_a_burst_that_goes_on_is_summed_up_every_hour():
    for minutes in range(60):
        fail(60 * minutes)

    assert sum_up(minutes=59) == 0
    assert sum_up(minutes=60) == 1


def test_the_next_try_after_a_quiet_time_is_recorded_at_once_and_sums_up_the_last_burst():
    fail()
    fail(1)
    fail(1200)

    assert words() == [
        "could not be signed in",
        "could not be signed in 1 more time until 2026-11-23 12:00:01 UTC",
        "could not be signed in",
    ]


def test_each_address_has_its_own_burst():
    fail()
    fail(1, by=audit.Actor(name="Unknown", address="10.4.18.32"))

    assert words() == ["could not be signed in"] * 2


def test_nobody_bursts_the_chain():
    for seconds in range(300):
        fail(seconds)

    assert audit.entries().count() == 1
    assert proving.verify().problems == ()


@pytest.mark.parametrize("typed", ["asha@sahyadrihfc.in", "my-own-password"])
def test_what_was_typed_as_a_name_is_stored_nowhere(client, asha, typed):
    client.post("/account/sign-in/", {"email": typed, "password": "wrong"})

    stored = [list(audit.entries().values_list()), list(SignInBurst.objects.values_list())]
    assert audit.entries().count() == 1
    assert typed not in repr(stored)
