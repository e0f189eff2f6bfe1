from __future__ import annotations

import pytest

# Where it is pressed, the keys, and what the page says of the last one.
KEYS = [
    ("note", "Control+Enter", "Row 3 added below row 2"),
    ("v208-mx_Custom_2", "Control+d", "PAN number of row 2 filled from row 1"),
    ("note", "Control+Shift+d", "Row 2 duplicated: its copy is row 3"),
    ("note", "Alt+Shift+ArrowUp", "Row 2 moved up. It is row 1 now"),
    ("v208-mx_Custom_2", "Alt+Shift+ArrowDown", "Row 2 moved down. It is row 3 now"),
    ("v208-mx_Custom_2", "Alt+Shift+Backspace", "Row 2 removed. Ctrl Z brings it back"),
    ("note", "Alt+Shift+c", "Note of row 2 set in all 2 rows of this type"),
    ("note", "Alt+Shift+g", "The rows are grouped by type already"),
    ("note", "Control+z", "Taken back: typing in row 3"),
    ("note", "Control+z Control+y", "Done again: typing in row 3"),
    ("note", "Control+z Control+Shift+z", "Done again: typing in row 3"),
]


@pytest.fixture
def three_rows(screen, loan):
    """Two visits and a meeting, with a PAN in the first one."""
    screen.open(loan)
    screen.choose_type(1, "kyc")
    screen.press("Tab")
    screen.type("One")
    screen.go(1, "v208-mx_Custom_2")
    screen.type("ABCPR4821K")
    screen.press("Control+Enter")
    screen.focused(2, "note")
    screen.type("Two")
    screen.choose_type(3, "102")
    screen.press("Tab")
    screen.type("Three")
    screen.notes("One", "Two", "Three")
    return screen


@pytest.mark.parametrize(("name", "pressed", "words"), KEYS, ids=[pressed for _, pressed, _ in KEYS])
def test_a_key_reaches_the_page_and_firefox_does_nothing_of_its_own(three_rows, name, pressed, words):
    before = three_rows.own_doings
    address = three_rows.ask("location.href.split('?')[0]")
    three_rows.go(2, name)

    three_rows.press(*pressed.split())

    three_rows.said(words)
    assert three_rows.own_doings == before
    assert three_rows.ask("location.href.split('?')[0]") == address


def test_ctrl_d_is_firefox_s_own_key_where_the_page_does_not_take_it(screen):
    screen.goto("/account/")

    screen.press("Control+d")

    screen.firefox.until_it_shows("editBookmarkPanel")


def test_enter_goes_down_a_column_and_back(three_rows):
    three_rows.go(1, "v208-mx_Custom_2")

    three_rows.press("Enter")
    three_rows.focused(2, "v208-mx_Custom_2")
    three_rows.press("Shift+Enter")

    three_rows.focused(1, "v208-mx_Custom_2")


def test_alt_enter_breaks_the_line_and_undo_takes_it_back(three_rows):
    three_rows.go(2, "note")
    three_rows.press("End", "Alt+Enter")
    three_rows.type("and more")
    three_rows.notes("One", "Two\nand more", "Three")

    three_rows.press("Enter")
    three_rows.focused(3, "note")
    three_rows.press("Control+z")

    three_rows.said("Taken back: typing in row 2")
    three_rows.notes("One", "Two", "Three")


def test_unfinished_typing_is_undone_by_firefox_then_come_the_steps(three_rows):
    three_rows.go(2, "note")
    three_rows.press("Control+Enter")
    three_rows.focused(3, "note")
    three_rows.type("Halfway")
    three_rows.notes("One", "Two", "Halfway", "Three")

    three_rows.press("Control+z")
    three_rows.notes("One", "Two", "", "Three")
    three_rows.press("Control+z")

    three_rows.notes("One", "Two", "Three")
    three_rows.press("Control+y")
    three_rows.notes("One", "Two", "", "Three")


def test_a_removed_row_comes_back_with_everything_in_it(three_rows):
    three_rows.go(1, "v208-mx_Custom_2")
    three_rows.press("Alt+Shift+Backspace")
    three_rows.notes("Two", "Three")

    three_rows.press("Control+z")

    three_rows.notes("One", "Two", "Three")
    three_rows.focused(1, "v208-mx_Custom_2")
    three_rows.holds(1, "v208-mx_Custom_2", "ABCPR4821K")


def test_the_list_of_keys_opens_and_closes(three_rows):
    three_rows.until("(document.querySelector('#row-2 .menu > summary').focus(), true)")

    three_rows.press("?")
    three_rows.until("document.querySelector('dialog.shortcuts').open")
    three_rows.press("Escape")

    three_rows.until("!document.querySelector('dialog.shortcuts').open")
    three_rows.until("document.activeElement.matches('#row-2 .menu > summary')")


def test_the_menu_of_a_row_opens_and_closes_by_keys(three_rows):
    three_rows.until("(document.querySelector('#row-2 .menu > summary').focus(), true)")

    three_rows.press("Enter")
    three_rows.until("document.querySelector('#row-2 .menu').open")
    three_rows.press("Escape")

    three_rows.until("!document.querySelector('#row-2 .menu').open")
    three_rows.until("document.activeElement.matches('#row-2 .menu > summary')")
