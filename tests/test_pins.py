from __future__ import annotations

import pytest

from activities import pins
from activities.models import Account, Pin
from tests.builders import NOON, OPPORTUNITY
from tests.lists import know_everything

FACTS = {"id": OPPORTUNITY, "name": "Asha Rao – Home loan", "stage": "KYC pending"}


@pytest.fixture(autouse=True)
def known(sandbox, db):
    know_everything()


def names(person) -> list[str]:
    return [each.opportunity["name"] for each in pins.of(person)]


def test_a_pin_keeps_what_the_opportunity_looked_like(asha):
    pin = pins.pin(FACTS, owner=asha, now=NOON)

    assert (pin.opportunity_id, pin.opportunity, pin.created_at) == (OPPORTUNITY, FACTS, NOON)
    assert pin.organisation == Account.objects.get().organisation


def test_pins_stand_newest_first(asha):
    pins.pin({"id": "a", "name": "First"}, owner=asha, now=NOON)
    pins.pin({"id": "b", "name": "Second"}, owner=asha, now=NOON.replace(hour=13))

    assert names(asha) == ["Second", "First"]


def test_a_pin_is_its_owners_alone(asha, bala):
    pins.pin(FACTS, owner=asha)
    pins.unpin(OPPORTUNITY, owner=bala)

    assert names(asha) == [FACTS["name"]]
    assert names(bala) == []
    assert not pins.is_pinned(OPPORTUNITY, owner=bala)


def test_an_opportunity_is_pinned_once_in_whatever_case_its_id_is_written(asha):
    pins.pin(FACTS, owner=asha, now=NOON)
    again = pins.pin({**FACTS, "id": OPPORTUNITY.upper(), "stage": "Sanctioned"}, owner=asha)

    assert Pin.objects.get() == again
    assert again.opportunity["stage"] == "Sanctioned"
    assert again.created_at == NOON
    assert pins.is_pinned(OPPORTUNITY.upper(), owner=asha)


def test_unpinning_takes_it_away_and_does_nothing_where_there_is_none(asha):
    pins.pin(FACTS, owner=asha)

    pins.unpin(OPPORTUNITY.upper(), owner=asha)
    pins.unpin(OPPORTUNITY, owner=asha)

    assert names(asha) == []


def test_a_pin_keeps_up_with_its_opportunity(asha, bala):
    pins.pin(FACTS, owner=asha)

    pins.keep_up({**FACTS, "stage": "Sanctioned"}, owner=asha)
    pins.keep_up({**FACTS, "stage": "Disbursed"}, owner=bala)

    assert [each.opportunity["stage"] for each in pins.of(asha)] == ["Sanctioned"]
    assert not Pin.objects.filter(owner=bala).exists()


def test_pins_of_another_account_are_out_of_sight(asha, settings):
    pins.pin(FACTS, owner=asha)

    Account.objects.update(organisation="another")
    assert names(asha) == []

    pins.pin(FACTS, owner=asha)
    assert Pin.objects.count() == 2

    settings.LSQ_SECRET_KEY = "keys that nobody has identified yet"
    assert names(asha) == []


def test_nobody_has_more_pins_than_can_be_looked_through(asha, bala):
    for number in range(pins.MOST):
        pins.pin({"id": str(number), "name": str(number)}, owner=asha)

    with pytest.raises(pins.TooMany, match=r"You have 50 pins, and more cannot be kept\. Unpin one"):
        pins.pin(FACTS, owner=asha)

    pins.pin(FACTS, owner=bala)
    pins.pin({"id": "1", "name": "known already"}, owner=asha)
    assert len(names(asha)) == pins.MOST
