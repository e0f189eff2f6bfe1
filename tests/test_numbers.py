from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from activities import numbers

NBSP, NARROW, THIN = "\u00a0", "\u202f", "\u2009"
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**20), max_value=10**20)


def grouped(number: Decimal, *, group: str, point: str) -> str:
    return f"{number:,f}".replace(",", "g").replace(".", point).replace("g", group)


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("112400", "112400"),
        ("1,12,400.50", "112400.50"),
        ("112,400.50", "112400.50"),
        ("12,34,56,789", "123456789"),
        ("1,234", "1234"),
        ("-1,000", "-1000"),
        ("\u22127", "-7"),
        ("007", "7"),
        ("-0.00", "0.00"),
        (".5", "0.5"),
    ],
)
def test_commas_group_in_indian_and_western_ways(typed, plain):
    assert numbers.read(typed) == plain


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("112.400,50", "112400.50"),
        ("1.234.567", "1234567"),
        ("1.234.567,8", "1234567.8"),
        ("1.234,56", "1234.56"),
        ("1 234,5", "1234.5"),
        (f"1{NBSP}234,5", "1234.5"),
        (f"1{NARROW}234{NARROW}567", "1234567"),
        (f"1{THIN}234.5", "1234.5"),
        ("1 000", "1000"),
        ("1 12 400", "112400"),
        ("1'234'567.50", "1234567.50"),
        ("1\u2019234", "1234"),
        ("112400,50", "112400.50"),
        ("0,5", "0.5"),
    ],
)
def test_european_separators_are_taken_where_nothing_else_can_be_meant(typed, plain):
    assert numbers.read(typed) == plain


def test_a_lonely_point_is_the_decimal_point_as_in_india():
    assert numbers.read("1.234") == "1.234"


@pytest.mark.parametrize("typed", ["12,50", "1,2", "1,1240", "1 234,567", "1.234.5", "12.34.567", "1,234,5", "1,23,45"])
def test_what_may_be_wrong_by_a_factor_of_a_hundred_is_no_number(typed):
    with pytest.raises(numbers.NotANumber, match=f"^“{typed}” is not a number. Type digits such as"):
        numbers.read(typed)


@pytest.mark.parametrize(
    "typed", ["", "-", ".", "5.", "--1", "- 5", "1e5", "12 pages", "\u0661\u0662", "1₹2", "₹", "lakh", "0,", "1''234"]
)
def test_what_is_no_number_is_refused(typed):
    with pytest.raises(numbers.NotANumber):
        numbers.read(typed)


@pytest.mark.parametrize("typed", ["₹ 1,12,400", "₹1,12,400", "Rs. 112400", "rs 1,12,400/-", "INR 112400", "112400 Rs"])
def test_rupees_may_be_named(typed):
    assert numbers.read(typed) == "112400"


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("1.5 lakh", "150000"),
        ("1.5 Lakhs", "150000"),
        ("12lac", "1200000"),
        ("2 cr", "20000000"),
        ("₹ 2.25 crore", "22500000"),
        ("-1 lakh", "-100000"),
        ("1.2345678 lakh", "123456.78"),
        ("1,250 cr.", "12500000000"),
    ],
)
def test_lakhs_and_crores_are_counted_out(typed, plain):
    assert numbers.read(typed) == plain


@pytest.mark.parametrize("typed", ["5 L", "5 k", "5 m", "5 lakhx"])
def test_a_unit_that_may_be_another_is_not_guessed(typed):
    with pytest.raises(numbers.NotANumber):
        numbers.read(typed)


def test_a_number_that_leadsquared_cannot_hold_is_refused():
    with pytest.raises(numbers.NotANumber, match=r"too long\. Type at most 28 digits"):
        numbers.read("1" * 29)


@pytest.mark.parametrize(
    ("plain", "shown"),
    [("5", "5"), ("999", "999"), ("1000", "1,000"), ("112400.50", "1,12,400.50"), ("-12345678", "-1,23,45,678")],
)
def test_a_number_is_shown_grouped_as_in_india(plain, shown):
    assert numbers.shown(plain) == shown


@given(DECIMALS)
def test_what_is_shown_means_the_same_when_it_is_typed_again(number):
    plain = numbers.read(f"{number:f}")

    assert numbers.read(numbers.shown(plain)) == plain


@given(DECIMALS.filter(lambda number: abs(number) >= 1000), st.sampled_from([NBSP, NARROW, " ", "'"]))
@example(Decimal("1000.000"), " ")
def test_every_way_of_grouping_means_the_same(number, group):
    two_places = number.quantize(Decimal("0.01"))

    ways = {
        grouped(two_places, group=",", point="."),
        grouped(two_places, group=".", point=","),
        grouped(two_places, group=group, point=","),
        grouped(two_places, group=group, point="."),
    }

    assert {Decimal(numbers.read(way)) for way in ways} == {two_places}


@given(st.text(st.sampled_from("0123456789,. '₹-+/lakhcr\u00a0"), max_size=20))
def test_whatever_is_typed_is_read_once_and_for_all_or_refused(text):
    with suppress(numbers.NotANumber):
        plain = numbers.read(text)
        assert [numbers.read(again) for again in (plain, numbers.shown(plain))] == [plain, plain]
