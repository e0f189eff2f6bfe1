"""A cut of the matrix that `make faults` runs as a whole: every fault once, and a handful of accounts."""

from __future__ import annotations

import itertools

import pytest

from tests.faults import cases, matrix

pytestmark = pytest.mark.django_db

ONCE = [(name, options) for name, options in cases.of_each_fault() if name not in cases.LOOK_ONLY]
LIES = {(name, tuple(sorted(chosen.items()))) for name, chosen in cases.FALSE_WORDS}
ONE_ROW = [matrix.Case(name, rows="one", options=options) for name, options in ONCE if (name, options) not in LIES]
THREE_ROWS = [matrix.Case(name, rows="three", options=options) for name, options in ONCE]
ACCOUNTS = [tuple(each.items()) for each in cases.all_pairs(cases.FACTORS)]
OTHERWISE = [
    matrix.Case(fault, rows=rows, switches=ACCOUNTS[place])
    for (fault, rows), place in zip(
        itertools.product(("none", "reset_after_write"), ("mixed", "twins", "three")), range(0, 30, 5), strict=True
    )
]
ELSEWHERE = [
    matrix.Case("html", "look", "three", before="reset_before_write"),
    matrix.Case("cut_body", "trail", "three", before="reset_before_write"),
    matrix.Case("rate_429", "key check", "three", before="unauthorized_for_opportunity"),
    matrix.Case("clock_off", "pre-look", "three", before="late_write", is_late=True),
]
LATE = [matrix.Case(fault, rows="three", options=(("seconds", None),), is_late=True) for fault in ("late_write",)]


@pytest.fixture(scope="module")
def running():
    with matrix.a_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def world(running, asha):
    with matrix.a_world(asha, running) as world:
        yield world


def outcome(world, case):
    result = matrix.run(world, case)
    return result.duplicates, result.losses, result.wrong_claims, result.guesses, result.problems


CLEAN = (0, 0, 0, 0, ())


@pytest.mark.parametrize("case", ONE_ROW, ids=str)
def test_one_row_is_neither_lost_nor_doubled_nor_guessed(world, case):
    assert outcome(world, case) == CLEAN


@pytest.mark.parametrize("case", THREE_ROWS, ids=str)
def test_of_three_rows_none_is_lost_doubled_or_guessed(world, case):
    assert outcome(world, case) == CLEAN


@pytest.mark.parametrize("case", OTHERWISE, ids=[f"{each.fault} {each.rows}" for each in OTHERWISE])
def test_it_holds_in_accounts_that_behave_otherwise(world, case):
    assert outcome(world, case) == CLEAN


@pytest.mark.parametrize("case", ELSEWHERE, ids=str)
def test_it_holds_when_another_call_fails(world, case):
    assert outcome(world, case) == CLEAN


@pytest.mark.parametrize("case", LATE, ids=str)
def test_what_arrives_after_the_last_look_is_corrected_by_check_again(world, case):
    assert outcome(world, case) == CLEAN


def test_every_fault_of_the_sandbox_has_its_cases():
    assert cases.uncovered() == set()


def test_every_pair_of_switches_occurs():
    accounts = cases.all_pairs(cases.FACTORS)
    found = {pair for each in accounts for pair in itertools.combinations(each.items(), 2)}
    wanted = {
        ((one, a), (other, b))
        for one, other in itertools.combinations(cases.FACTORS, 2)
        for a in cases.FACTORS[one]
        for b in cases.FACTORS[other]
    }
    assert found >= wanted
