from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from activities import throttle
from activities.models import Account, Call, CallKind
from tests.builders import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def three_in_five_seconds(settings):
    settings.LSQ_RATE_LIMIT = "3/5s"
    settings.LSQ_BULK_RATE_LIMIT = ""


def later(seconds: float):
    return NOON + timedelta(seconds=seconds)


def test_as_many_calls_as_the_limit_are_permitted_at_once():
    for _ in range(3):
        throttle.take(CallKind.READ, now=NOON)

    assert Call.objects.count() == 3


def test_the_call_above_the_limit_is_told_how_long_to_wait():
    for second in range(3):
        throttle.take(CallKind.READ, now=later(second))

    with pytest.raises(throttle.NoPermit) as full:
        throttle.take(CallKind.READ, now=later(3))

    assert full.value.seconds == pytest.approx(2.25)
    assert Call.objects.count() == 3


def test_a_call_leaves_the_window_only_after_the_pad():
    for _ in range(3):
        throttle.take(CallKind.READ, now=NOON)

    with pytest.raises(throttle.NoPermit):
        throttle.take(CallKind.READ, now=later(5.2))
    throttle.take(CallKind.READ, now=later(5.3))


def test_a_lower_limit_for_bulk_calls_leaves_reads_alone(settings):
    settings.LSQ_BULK_RATE_LIMIT = "1/5s"
    throttle.take(CallKind.BULK, now=NOON)

    with pytest.raises(throttle.NoPermit):
        throttle.take(CallKind.BULK, now=later(1))
    throttle.take(CallKind.READ, now=later(1))


def test_background_calls_leave_room_for_people(settings):
    settings.LSQ_RATE_LIMIT = "10/5s"
    for _ in range(6):
        throttle.take(CallKind.BACKGROUND, now=NOON)

    with pytest.raises(throttle.NoPermit):
        throttle.take(CallKind.BACKGROUND, now=NOON)
    throttle.take(CallKind.READ, now=NOON)


def test_the_day_has_a_limit_too(settings):
    settings.LSQ_RATE_LIMIT = "3/5s,4/1d"
    for second in (0, 10, 20, 30):
        throttle.take(CallKind.READ, now=later(second))

    with pytest.raises(throttle.NoPermit) as full:
        throttle.take(CallKind.READ, now=later(40))

    assert full.value.seconds == pytest.approx(86400 - 40 + 0.25)


def test_a_permit_that_was_not_used_is_given_back():
    permits = [throttle.take(CallKind.BULK, now=NOON) for _ in range(3)]

    throttle.give_back(permits[1])

    throttle.take(CallKind.BULK, now=NOON)


def test_a_renewed_permit_keeps_its_place_and_leaves_the_window_later():
    permits = [throttle.take(CallKind.BULK, now=NOON) for _ in range(3)]

    renewed = throttle.renew(permits[0], now=later(1))

    assert Call.objects.count() == 3
    assert Call.objects.get(pk=renewed.pk).at == later(1)
    throttle.take(CallKind.BULK, now=later(5.3))
    throttle.take(CallKind.BULK, now=later(5.3))
    with pytest.raises(throttle.NoPermit):
        throttle.take(CallKind.BULK, now=later(5.3))


def test_a_permit_that_left_the_window_is_renewed_only_where_there_is_room():
    old = throttle.take(CallKind.BULK, now=NOON)
    for _ in range(3):
        throttle.take(CallKind.BULK, now=later(6))

    with pytest.raises(throttle.NoPermit):
        throttle.renew(old, now=later(7))


def test_no_permit_is_renewed_while_everybody_waits():
    permit = throttle.take(CallKind.BULK, now=NOON)
    throttle.slow_down(now=NOON)

    with pytest.raises(throttle.NoPermit):
        throttle.renew(permit, now=later(1))


def test_while_somebody_searches_a_place_is_kept_for_the_next_read():
    throttle.take(CallKind.READ, now=NOON)
    throttle.take(CallKind.BULK, now=NOON)

    with pytest.raises(throttle.NoPermit):
        throttle.take(CallKind.BULK, now=NOON)
    throttle.take(CallKind.READ, now=NOON)


def test_no_place_is_kept_once_reads_have_half_of_the_limit():
    throttle.take(CallKind.READ, now=NOON)
    throttle.take(CallKind.READ, now=NOON)

    throttle.take(CallKind.BULK, now=NOON)

    assert Call.objects.count() == 3


def test_after_a_429_everybody_waits_a_full_window_and_it_is_counted():
    throttle.slow_down(now=NOON)

    with pytest.raises(throttle.NoPermit) as full:
        throttle.take(CallKind.READ, now=NOON)
    assert full.value.seconds == pytest.approx(5.25)
    throttle.take(CallKind.READ, now=later(5.3))
    assert Account.objects.get(pk=1).rate_limited_count == 1


def test_old_calls_are_forgotten_and_counted_ones_are_not():
    throttle.take(CallKind.READ, now=NOON)
    recent = throttle.take(CallKind.READ, now=later(7200))

    throttle.forget_old_calls(now=later(7201))

    assert list(Call.objects.all()) == [recent]


@pytest.mark.parametrize("text", ["25", "25/5x", "0/5s", "a/5s", "25/5s;3/1d"])
def test_a_rate_that_is_none_says_so(text):
    with pytest.raises(ValueError, match="is not a rate"):
        throttle.rates(text)


def test_rates_are_read_with_their_units():
    assert throttle.rates("25/5s, 10000/1d") == (
        throttle.Rate(25, timedelta(seconds=5)),
        throttle.Rate(10000, timedelta(days=1)),
    )


class TestForeseeing:
    def seconds(self, place: int, *, at: float = 0) -> float:
        return throttle.foresee(CallKind.BULK, place, now=later(at))

    def test_there_is_no_wait_while_there_is_room(self):
        throttle.take(CallKind.READ, now=NOON)

        assert self.seconds(2) == 0

    def test_the_next_one_waits_for_the_oldest_call_to_leave_the_window(self):
        for second in range(3):
            throttle.take(CallKind.READ, now=later(second))

        assert self.seconds(1, at=3) == pytest.approx(2.25)
        assert self.seconds(3, at=3) == pytest.approx(4.25)

    def test_those_before_it_take_windows_of_their_own(self):
        for _ in range(3):
            throttle.take(CallKind.BULK, now=NOON)

        assert self.seconds(4) == pytest.approx(10.5)

    def test_an_empty_ledger_lets_a_window_full_begin_at_once(self):
        assert self.seconds(3) == 0
        assert self.seconds(4) == pytest.approx(5.25)

    def test_a_lower_limit_for_bulk_calls_counts(self, settings):
        settings.LSQ_BULK_RATE_LIMIT = "1/5s"

        assert self.seconds(3) == pytest.approx(10.5)

    @given(
        limit=st.integers(1, 5),
        calls=st.lists(st.floats(0, 5), max_size=5),
        place=st.integers(1, 12),
    )
    def test_it_is_when_the_ledger_gives_the_permit(self, limit, calls, place):
        with override_settings(LSQ_RATE_LIMIT=f"{limit}/5s"):
            self.compare(limit, calls, place)

    def compare(self, limit: int, calls: list[float], place: int) -> None:
        Call.objects.all().delete()
        for second in sorted(calls)[:limit]:
            Call.objects.create(at=later(second), kind=CallKind.BULK)
        foreseen = self.seconds(place, at=5)

        at = later(5)
        for _ in range(place):
            while True:
                try:
                    throttle.take(CallKind.BULK, now=at)
                    break
                except throttle.NoPermit as full:
                    at += timedelta(seconds=full.seconds)

        assert foreseen == pytest.approx((at - later(5)).total_seconds(), abs=0.001)
