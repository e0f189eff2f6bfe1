from __future__ import annotations

import pytest

from activities.leadsquared.records import User
from activities.owners import Directory, listed

KABIR = User("1", "Kabir Shah", "kabir.shah@sahyadrihfc.in")
JOSE = User("2", "José D’Souza", "jose.dsouza@sahyadrihfc.in")
GONE = User("3", "Gita Gone", "gita.gone@sahyadrihfc.in", active=False)
TWINS = (User("4", "Asha Rao", "asha.rao@sahyadrihfc.in"), User("5", "Asha Rao", "asha.rao2@sahyadrihfc.in"))
EVERYBODY = (KABIR, JOSE, GONE, *TWINS)


def test_the_list_has_the_active_users_by_name():
    assert [name for _, name in listed(EVERYBODY)] == ["Asha Rao", "Asha Rao", "José D’Souza", "Kabir Shah"]


@pytest.mark.parametrize("typed", ["Kabir Shah", "kabir shah", "  KABIR   SHAH "])
def test_a_whole_name_is_its_user_whatever_case_and_blanks(typed):
    assert Directory(EVERYBODY).by_name(typed) == KABIR


def test_a_name_without_its_accents_is_its_user():
    assert Directory(EVERYBODY).by_name("Jose D’Souza") == JOSE


@pytest.mark.parametrize(
    "typed",
    ["Kabir", "Shah Kabir", "kabir.shah", "Gita Gone", "Asha Rao", "", "   "],
    ids=lambda typed: typed or "nothing",
)
def test_part_of_a_name_a_name_of_nobody_active_and_one_of_two_are_nobody(typed):
    assert Directory(EVERYBODY).by_name(typed) is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("kabir", ["kabir.shah@sahyadrihfc.in"]),
        ("shah kabir", ["kabir.shah@sahyadrihfc.in"]),
        ("kabir.shah@sahyadri.in", ["kabir.shah@sahyadrihfc.in"]),
        ("kabri.shah@sahyadrihfc.in", ["kabir.shah@sahyadrihfc.in"]),
        ("asha rao", ["asha.rao@sahyadrihfc.in", "asha.rao2@sahyadrihfc.in"]),
        ("gita.gone", []),
        ("zzz", []),
        ("@", []),
        ("", []),
    ],
)
def test_whoever_may_have_been_meant_is_found_by_words_and_by_slips(typed, meant):
    assert Directory(EVERYBODY).meant(typed) == meant


def test_nobody_is_suggested_where_many_may_have_been_meant():
    many = [User(str(number), f"Asha {number}", f"asha.{number}@sahyadrihfc.in") for number in range(9)]

    assert Directory(many).meant("asha") == []
