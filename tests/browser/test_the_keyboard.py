from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.looking import BRIEFLY, findings
from tests.browser.steps import KABIR, MEERA, Editor, first_of

pytestmark = pytest.mark.browser

# What the server would draw from the form as it stands, beside what stands: names, references and what is read out.
AS_DRAWN = """async () => {
    const names = ["id", "name", "for", "aria-describedby", "data-redraws"];
    const facts = (rows) => [...rows].map((row) => [...row.querySelectorAll(":not([type=hidden])")].flatMap((each) => [
        ...names.map((name) => (each.getAttribute(name) ?? "").replace(/-combo$/, "")),
        each.localName === "button" ? each.value : "",
        each.matches("legend, label, summary") ? each.textContent.replace(/\\s+/g, " ").trim() : "",
    ]).filter(Boolean).concat(row.id, String(row.hasAttribute("data-same-type"))));
    const form = document.querySelector("#rows");
    const sent = new FormData(form);
    sent.set("do", "refresh");
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(sent) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return [facts(document.querySelectorAll(".rows tbody tr")), facts(page.querySelectorAll(".rows tbody tr"))];
}"""
CONTENTS = """() => [
    ...new FormData(document.querySelector("#rows")),
    ...[...document.querySelectorAll(".rows tbody tr")].map((row) => [row.id, String(row.dataset.outcome === "free")]),
].filter(([name]) => /^(r\\d|row)/.test(name))"""
COUNT_KEYS = """() => {
    window.pressed = [];
    addEventListener("keydown", (event) => window.pressed.push(event.key), true);
}"""
WATCH = """() => {
    window.changes = 0;
    new MutationObserver((records) => (window.changes += records.length)).observe(document, {
        subtree: true, childList: true, attributes: true, characterData: true });
}"""


@pytest.fixture
def two_visits(editor, loan) -> Editor:
    """Two rows of one type, of two owners, and a meeting below them."""
    editor.open_with(
        loan,
        {
            "type": "208",
            "owner": KABIR,
            "note": "One",
            "v208-mx_Custom_1": "Met applicant",
            "v208-mx_Custom_2": "ABCPR4821K",
        },
        {"type": "208", "owner": MEERA, "note": "Two"},
        {"type": "102", "owner": MEERA, "note": "Three"},
    )
    found: Editor = editor
    return found


class Keys:
    """The keyboard, and what is said and drawn around the rows."""

    def __init__(self, editor: Editor) -> None:
        self.editor, self.page = editor, editor.page

    def press(self, *keys: str) -> None:
        for each in keys:
            self.page.keyboard.press(each)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text, delay=0)

    def go(self, row: int, name: str) -> None:
        self._control(row, name).focus()

    def choose_type(self, row: int, text: str) -> None:
        """Choose it by typing, and go on to the owner."""
        self.go(row, "type")
        self.type(text)
        self.press("Tab")

    def said(self, words: str) -> None:
        expect(self.page.locator("#said")).to_have_text(words)

    def focused(self, row: int, name: str) -> None:
        expect(self._control(row, name)).to_be_focused()

    def notes(self) -> list[str]:
        return [each.input_value() for each in self.page.locator("tbody textarea[id$='-note']").all()]

    def _control(self, row: int, name: str) -> Locator:
        """The field, or what a script has put in its place."""
        stand_in = self.page.locator(f"#r{row}-{name}-combo")
        return stand_in if stand_in.count() else self.editor.field(row, name)

    def count(self) -> str:
        return self.page.locator("#count strong").inner_text()


@pytest.fixture
def keys(editor) -> Keys:
    return Keys(editor)


@pytest.fixture
def held(page) -> list[Route]:
    """The first question to the server is held back until the test lets it go."""
    routes: list[Route] = []
    page.route("**/submissions/new/", lambda route: route.continue_() if routes else routes.append(route))
    return routes


def test_a_new_row_below_takes_type_and_owner_and_every_key_that_follows(keys, two_visits, page):
    page.evaluate("window.isStillTheSamePage = true")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/submissions/new/") else None)
    keys.go(1, "v208-mx_Custom_2")

    keys.press("Control+Enter")
    keys.type("Typed at once, at full speed, and nothing of it is lost")

    keys.focused(2, "note")
    assert keys.notes() == ["One", "Typed at once, at full speed, and nothing of it is lost", "Two", "Three", ""]
    expect(two_visits.field(2, "type")).to_have_value("208")
    expect(two_visits.field(2, "owner")).to_have_value(KABIR)
    expect(two_visits.field(2, "v208-mx_Custom_2")).to_have_value("")
    expect(two_visits.field(2, "v208-mx_Custom_1")).to_have_value("")
    expect(page.locator("#row-2[data-same-type]")).to_have_count(1)
    keys.said("Row 2 added below row 1")
    assert keys.count() == "4 of 25"
    expect(page.locator("#places")).to_contain_text("21 places left.")
    expect(page.locator("ol.tally li")).to_have_count(4)
    expect(page.get_by_role("button", name="Review 4 activities for")).to_be_visible()
    assert asked == []
    assert page.evaluate("window.isStillTheSamePage") is True


def test_enter_goes_down_a_column_and_back(keys, two_visits):
    keys.go(1, "v208-mx_Custom_2")

    keys.press("Enter")
    keys.focused(2, "v208-mx_Custom_2")
    keys.type("AKTPR7710D")
    keys.press("Shift+Enter")
    keys.focused(1, "v208-mx_Custom_2")
    keys.press("Enter", "Enter")
    keys.focused(3, "type")
    keys.press("Enter")
    keys.focused(4, "type")

    expect(two_visits.field(2, "v208-mx_Custom_2")).to_have_value("AKTPR7710D")
    assert keys.notes() == ["One", "Two", "Three", ""]


def test_enter_in_a_note_goes_on_and_alt_enter_breaks_the_line(keys, two_visits):
    keys.go(1, "note")

    keys.press("End", "Alt+Enter")
    keys.type("and more")
    keys.press("Enter")

    keys.focused(2, "note")
    assert keys.notes()[0] == "One\nand more"


def test_enter_belongs_to_a_multiple_choice(keys, two_visits, page):
    two_visits.unfold(1)
    keys.go(1, "v208-mx_Custom_4")

    keys.press("Enter")
    expect(page.locator("#row-1 .multi[open]")).to_have_count(1)
    keys.press("Tab", "Space", "Enter")

    expect(page.locator("#row-1 .multi[open]")).to_have_count(0)
    keys.focused(1, "v208-mx_Custom_4")
    expect(two_visits.field(1, "v208-mx_Custom_4")).to_contain_text("PAN card")


def test_a_field_is_filled_from_the_row_above(keys, two_visits):
    keys.go(2, "v208-mx_Custom_1")

    keys.press("Control+d")

    expect(two_visits.field(2, "v208-mx_Custom_1")).to_have_value("Met applicant")
    keys.focused(2, "v208-mx_Custom_1")
    keys.said("Visit outcome of row 2 filled from row 1")


@pytest.mark.parametrize(
    ("row", "name", "words"),
    [
        (1, "note", "There is no row above"),
        (3, "note", "Note of row 3 filled from row 2"),
        (2, "type", "It is the same in row 1"),
    ],
)
def test_what_fills_a_field_is_said_and_what_does_not_too(keys, two_visits, row, name, words):
    keys.go(row, name)

    keys.press("Control+d")

    keys.said(words)


def test_one_value_is_set_in_the_whole_column_of_its_type(keys, two_visits):
    keys.go(1, "owner")

    keys.press("Alt+Shift+C")

    expect(two_visits.field(2, "owner")).to_have_value(KABIR)
    expect(two_visits.field(3, "owner")).to_have_value(MEERA)
    keys.said("Owner of row 1 set in all 2 rows of this type")


def test_rows_are_duplicated_moved_grouped_and_removed(keys, two_visits, page):
    keys.go(1, "note")

    keys.press("Control+Shift+D")
    keys.said("Row 1 duplicated: its copy is row 2")
    keys.focused(2, "note")
    assert keys.notes() == ["One", "One", "Two", "Three", ""]
    expect(two_visits.field(2, "v208-mx_Custom_1")).to_have_value("Met applicant")
    expect(two_visits.field(2, "v208-mx_Custom_2")).to_have_value("ABCPR4821K")

    keys.press("End")
    keys.type(" copied")
    keys.press("Alt+Shift+ArrowDown", "Alt+Shift+ArrowDown")
    keys.said("Row 3 moved down. It is row 4 now")
    keys.focused(4, "note")
    assert keys.notes() == ["One", "Two", "Three", "One copied", ""]
    keys.press("Alt+Shift+ArrowDown")
    keys.said("Row 4 is the last row already")

    keys.press("Alt+Shift+G")
    keys.said("Rows grouped by type")
    keys.focused(3, "note")
    assert keys.notes() == ["One", "Two", "One copied", "Three", ""]

    keys.press("Alt+Shift+ArrowUp")
    keys.said("Row 3 moved up. It is row 2 now")
    keys.press("Alt+Shift+Backspace")
    keys.said("Row 2 removed. Ctrl Z brings it back")
    keys.focused(2, "note")
    assert keys.notes() == ["One", "Two", "Three", ""]
    assert keys.count() == "3 of 25"
    expect(page.locator("ol.tally li")).to_have_count(3)


def test_what_was_changed_is_numbered_and_read_out_as_the_server_would_draw_it(keys, two_visits, page):
    two_visits.unfold(2)
    two_visits.type_in(2, v208_mx_Custom_6="12", b1_name="mx_Custom_7", b1_value="+91 98220 41736")
    two_visits.draw_anew()
    keys.go(2, "note")
    keys.press("Control+Enter", "Alt+Shift+ArrowUp", "Control+Shift+D", "Alt+Shift+ArrowUp")
    keys.go(5, "note")
    keys.press("Control+Enter", "Alt+Shift+ArrowUp", "Alt+Shift+ArrowUp", "Alt+Shift+G", "Alt+Shift+Backspace")
    keys.press("Control+z")
    two_visits.choose_type(6, "214")
    page.locator("#row-6 .menu > summary").focus()

    mine, theirs = page.evaluate(AS_DRAWN)

    assert [row[-2] for row in mine] == [f"row-{number}" for number in range(1, len(mine) + 1)]
    for number, (each, drawn) in enumerate(zip(mine, theirs, strict=True), start=1):
        assert sorted(set(each)) == sorted(set(drawn)), number


STEPS = {
    "a new row": (1, "note", ["Control+Enter"]),
    "a copy": (1, "note", ["Control+Shift+D"]),
    "a move up": (2, "note", ["Alt+Shift+ArrowUp"]),
    "a move down": (1, "owner", ["Alt+Shift+ArrowDown"]),
    "a removal": (1, "v208-mx_Custom_2", ["Alt+Shift+Backspace"]),
    "a field filled": (2, "v208-mx_Custom_1", ["Control+d"]),
    "a column": (1, "owner", ["Alt+Shift+C"]),
    "typing": (2, "v208-mx_Custom_2", ["A", "B", "C", "Tab"]),
    "typing in the empty row": (4, "note", ["A", "B", "Shift+Tab"]),
    "a choice": (2, "v208-mx_Custom_1", ["r", "Tab"]),
    "a change of type": (1, "type", ["m", "e", "e", "t", "Tab"]),
}


@pytest.mark.parametrize("what", STEPS)
def test_one_command_is_one_step_back_and_forth(keys, two_visits, page, what):
    row, name, pressed = STEPS[what]
    before = _contents(page)
    keys.go(row, name)

    keys.press(*pressed)
    two_visits.drawn()
    after = _contents(page)
    assert after != before

    keys.press("Control+z")
    two_visits.drawn()
    assert _contents(page) == before

    keys.press("Control+y")
    two_visits.drawn()
    assert _contents(page) == after

    keys.press("Control+z")
    assert _contents(page) == before


def test_grouping_is_one_step(keys, two_visits, page):
    keys.go(3, "note")
    keys.press("Alt+Shift+ArrowUp")
    mixed = _contents(page)
    keys.press("Alt+Shift+G")
    assert keys.notes() == ["One", "Two", "Three", ""]

    keys.press("Control+z")

    assert _contents(page) == mixed


def test_a_removed_row_comes_back_with_everything_in_it_and_the_focus(keys, two_visits, page):
    two_visits.unfold(1)
    two_visits.tick(1, "v208-mx_Custom_4", "Aadhaar", "Passport")
    keys.go(1, "v208-mx_Custom_2")
    before = _contents(page)

    keys.press("Alt+Shift+Backspace")
    assert keys.notes() == ["Two", "Three", ""]
    keys.press("Control+z")

    keys.focused(1, "v208-mx_Custom_2")
    keys.said("Taken back: Row 1 removed")
    assert _contents(page) == before
    expect(page.locator("#row-1 fieldset :checked")).to_have_count(2)


def test_unfinished_typing_is_undone_letter_by_letter_then_the_steps_before_it(keys, two_visits):
    keys.go(2, "note")
    keys.press("Control+Enter")
    keys.type("Halfway")

    keys.press("Control+z")
    keys.press("Control+z")
    expect(two_visits.field(3, "note")).to_have_value("Three")

    assert keys.notes() == ["One", "Two", "Three", ""]
    keys.press("Control+y")
    assert keys.notes() == ["One", "Two", "", "Three", ""]


def test_undo_has_a_button_that_is_off_while_there_is_nothing(keys, editor, loan, page):
    editor.open(loan)
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_disabled()

    keys.choose_type(1, "kyc")
    expect(editor.field(2, "type")).to_be_visible()
    keys.go(1, "note")
    keys.press("Control+Enter")
    undo.focus()
    keys.press("Enter", "Control+z")

    expect(undo).to_be_disabled()
    expect(editor.field(1, "type")).to_have_value("")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert keys.count() == "0 of 25"
    keys.press("Control+z")
    keys.said("There is nothing to undo")


def test_the_keys_are_listed_by_a_question_mark_and_by_a_button(keys, two_visits, page):
    dialog = page.get_by_role("dialog", name="Keys of the rows")
    keys.go(2, "note")
    keys.press("End")
    keys.type("?")
    expect(dialog).to_be_hidden()
    assert keys.notes()[1] == "Two?"

    page.locator("#row-2 .menu > summary").focus()
    keys.press("?")
    expect(dialog).to_be_visible()
    assert findings(page, BRIEFLY) == []
    keys.press("Escape")
    expect(page.locator("#row-2 .menu > summary")).to_be_focused()

    page.locator("h1").click()
    keys.press("?")
    expect(dialog).to_be_visible()
    keys.press("Escape")

    page.get_by_role("button", name="Shortcuts").focus()
    keys.press("Enter")
    expect(dialog).to_be_visible()
    keys.press("Escape")
    expect(page.get_by_role("button", name="Shortcuts")).to_be_focused()


def test_the_keys_have_the_names_of_a_mac_on_a_mac(page_of, loan):
    page = page_of(MEERA)
    page.add_init_script("Object.defineProperty(navigator, 'userAgentData', { value: { platform: 'macOS' } })")
    editor = Editor(page)
    keys = Keys(editor)
    editor.open(loan)
    editor.choose_type(1, "208")
    keys.go(1, "note")

    keys.press("Meta+Enter", "Control+Enter")

    expect(page.locator("#row-2 [id$=-note]")).to_be_focused()
    expect(page.locator("tbody tr")).to_have_count(3)
    page.locator("#row-1 .menu > summary").click()
    expect(page.locator("#row-1 .menu__panel")).to_contain_text("⇧ ⌘ D")
    page.locator("#row-1 .menu > summary").focus()
    keys.press("?")
    expect(page.locator("dialog")).to_contain_text("⌘ ↩")
    expect(page.locator("dialog")).to_contain_text("⇧ ⌘ Z")


def test_the_menu_of_a_row_is_worked_by_keys(keys, two_visits, page):
    summary = page.locator("#row-1 .menu > summary")
    summary.focus()

    keys.press("Enter")
    expect(page.locator("#row-1 .menu__panel")).to_be_visible()
    assert findings(page) == []
    keys.press("Escape")
    expect(page.locator("#row-1 .menu__panel")).to_be_hidden()
    expect(summary).to_be_focused()

    page.locator("#row-2 .menu > summary").focus()
    keys.press("Enter", "Tab", "Tab", "Enter")
    keys.said("Row 2 filled from row 1")
    expect(two_visits.field(2, "v208-mx_Custom_2")).to_have_value("ABCPR4821K")
    assert keys.notes()[1] == "Two"
    expect(page.locator("#row-2 .menu > summary")).to_be_focused()


def test_review_has_a_key(keys, two_visits, page, loan):
    keys.go(3, "note")

    keys.press("Control+s")

    expect(page.locator("h1")).to_have_text(f"3 activities for {loan.title}")


def test_typing_in_the_empty_row_makes_it_a_row(keys, two_visits, page):
    keys.go(4, "note")

    keys.type("Four")

    keys.focused(4, "note")
    assert keys.notes() == ["One", "Two", "Three", "Four", ""]
    assert keys.count() == "4 of 25"


def test_there_are_25_rows_and_no_more(keys, editor, loan, page):
    editor.open(loan)
    editor.choose_type(1, "208")
    keys.go(1, "note")
    keys.press(*["Control+Enter"] * 23)
    expect(page.locator("tbody tr")).to_have_count(25)
    expect(page.get_by_role("button", name="Add a row")).to_have_count(0)
    assert keys.count() == "24 of 25"

    keys.press("Control+Enter")
    assert keys.count() == "25 of 25"
    expect(page.locator("#places")).to_contain_text("0 places left.")
    keys.press("Control+Enter")
    keys.said("25 rows are the most that one call takes")
    expect(page.locator("tbody tr")).to_have_count(25)

    keys.press("Alt+Shift+Backspace", "Alt+Shift+Backspace")
    assert keys.count() == "23 of 25"
    expect(page.locator("tbody tr")).to_have_count(24)
    expect(page.get_by_role("button", name="Add a row")).to_be_visible()


def test_rows_move_and_go_while_the_server_draws_one(keys, two_visits, page, held):
    two_visits.field(3, "type").select_option("214")
    expect(page.locator("row-editor[aria-busy]")).to_have_count(1)

    keys.go(3, "note")
    keys.press("Alt+Shift+ArrowUp")
    keys.go(1, "note")
    keys.press("Alt+Shift+Backspace")
    keys.go(2, "note")
    keys.press("Control+Enter")
    keys.type("New meanwhile")
    first_of(held, page).continue_()

    two_visits.drawn()
    assert keys.notes() == ["Three", "Two", "New meanwhile", ""]
    expect(two_visits.field(1, "v214-mx_Custom_1")).to_be_visible()
    expect(two_visits.field(2, "v208-mx_Custom_1")).to_be_visible()
    expect(two_visits.field(3, "v208-mx_Custom_1")).to_be_visible()
    assert keys.count() == "3 of 25"


def test_a_row_that_was_removed_while_the_server_drew_it_comes_back_drawn(keys, two_visits, page, held):
    two_visits.field(3, "type").select_option("214")
    expect(page.locator("row-editor[aria-busy]")).to_have_count(1)
    keys.go(3, "note")
    keys.press("Alt+Shift+Backspace")
    first_of(held, page).continue_()
    two_visits.drawn()
    assert keys.notes() == ["One", "Two", ""]

    keys.press("Control+z")

    assert keys.notes() == ["One", "Two", "Three", ""]
    expect(two_visits.field(3, "v214-mx_Custom_1")).to_be_visible()


def test_a_type_that_is_taken_back_while_the_server_draws_it_stays_away(keys, editor, loan, page, held):
    editor.open(loan)
    keys.choose_type(1, "kyc")
    expect(page.locator("row-editor[aria-busy]")).to_have_count(1)
    keys.press("Control+z")
    first_of(held, page).continue_()
    editor.drawn()
    expect(page.locator(".rows tbody tr")).to_have_count(1)
    assert keys.count() == "0 of 25"

    keys.press("Control+y")

    expect(editor.field(1, "v208-mx_Custom_1")).to_be_visible()
    expect(page.locator(".rows tbody tr")).to_have_count(2)


def test_a_copy_of_a_row_that_the_server_draws_is_drawn_too(keys, two_visits, page, held):
    two_visits.field(3, "type").select_option("214")
    expect(page.locator("row-editor[aria-busy]")).to_have_count(1)
    keys.go(3, "note")
    keys.press("Control+Enter")
    keys.type("Below")
    first_of(held, page).continue_()

    expect(two_visits.field(4, "v214-mx_Custom_1")).to_be_visible()
    assert keys.notes() == ["One", "Two", "Three", "Below", ""]


def test_a_new_row_below_waits_for_its_parent_list_again(keys, editor, loan):
    editor.open(loan)
    editor.choose_type(1, "214")
    editor.choose_parent(1, v214_mx_Custom_1="Not reachable")
    editor.choose(1, v214_mx_Custom_2="Switched off")
    keys.go(1, "note")

    keys.press("Control+Enter")

    expect(editor.field(2, "v214-mx_Custom_2")).to_be_disabled()
    expect(editor.field(1, "v214-mx_Custom_2")).to_have_value("Switched off")

    keys.press("Control+z")
    page = editor.page
    page.locator("#row-2 .menu > summary").focus()
    keys.press("Enter", "Tab", "Tab", "Enter")
    editor.drawn()
    expect(editor.field(2, "v214-mx_Custom_1")).to_have_value("Not reachable")
    expect(editor.field(2, "v214-mx_Custom_2")).to_have_value("Switched off")


def test_the_second_row_of_a_type_needs_no_server(keys, editor, loan, page):
    editor.open(loan)
    editor.choose_type(1, "214")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/submissions/new/") else None)

    editor.field(2, "type").select_option("214")

    expect(editor.field(2, "v214-mx_Custom_1")).to_be_visible()
    expect(editor.field(2, "v214-mx_Custom_2")).to_be_disabled()
    expect(editor.field(3, "type")).to_be_visible()
    assert asked == []


def test_what_a_row_carries_along_moves_with_it_and_is_not_copied(keys, two_visits, page):
    fields = page.locator("#row-2 .rows__fields")
    fields.evaluate("""(cell) => ["follows", "refused-reason", "v231-mx_Custom_4"].forEach((name) => cell.append(
        Object.assign(document.createElement("input"), { type: "hidden", name: `r2-${name}`, value: "7" })))""")
    keys.go(2, "note")

    keys.press("Alt+Shift+ArrowUp", "Control+Shift+D")

    assert _hidden(page.locator("#row-1")) == ["r1-follows", "r1-refused-reason", "r1-v231-mx_Custom_4"]
    assert _hidden(page.locator("#row-2")) == ["r2-v231-mx_Custom_4"]


def test_a_key_in_a_field_changes_nothing_else_on_the_page(keys, two_visits, page):
    expect(page.locator("#kept")).to_contain_text("Draft saved")
    expect(page.locator("latest-activities[aria-busy]")).to_have_count(0)
    page.route("**/new/keep/", lambda _: None)  # what an answer to a save draws is not the key's doing
    keys.go(2, "v208-mx_Custom_2")
    keys.type("A")  # the first one marks the form as not saved
    page.evaluate(WATCH)

    keys.type("BCPR4821K")

    assert page.evaluate("window.changes") == 0


def test_25_rows_take_at_most_four_keys_a_row_beyond_their_values(keys, editor, leadsquared, loan, page):
    editor.open(loan)
    keys.choose_type(1, "kyc")
    editor.drawn()
    keys.go(1, "note")
    keys.type("Visit 1")
    keys.press("Tab")
    keys.type("Active")
    keys.press("Tab")
    keys.type("Met a")
    page.evaluate(COUNT_KEYS)

    for number in range(2, 26):
        keys.press("Control+Enter")
        keys.type(f"Visit {number}")
        keys.press("Tab")
        keys.type("Inactive" if number % 2 else "Active")
        keys.press("Tab")
        keys.type("Met c" if number % 3 else "Refused")
    pressed = page.evaluate("window.pressed")
    letters = sum(len(each) == 1 for each in pressed)

    assert (len(pressed) - letters) / 24 <= 4
    keys.press("Control+s")
    expect(page.locator("h1")).to_have_text(f"25 activities for {loan.title}")
    editor.post()
    expect(page.locator("h1")).to_contain_text("25 created", timeout=60_000)
    assert [(each["code"], each["note"], each["owner_email"], each["values"]) for each in leadsquared.posted(loan)] == [
        (
            208,
            f"Visit {number}",
            MEERA,
            {
                "Status": "Inactive" if number % 2 and number > 1 else "Active",
                "mx_Custom_1": _outcome(number),
            },
        )
        for number in range(1, 26)
    ]


@pytest.mark.parametrize("scripts", [False], ids=["without scripts"], indirect=True)
def test_the_new_commands_have_buttons_without_scripts(either_editor, loan):
    editor = either_editor
    editor.open(loan)
    editor.choose_type(1, "208")
    editor.type_in(1, note="One", owner=KABIR, v208_mx_Custom_2="ABCPR4821K")
    editor.choose_type(2, "102")

    editor.do("below", 1)
    expect(editor.field(2, "type")).to_have_value("208")
    expect(editor.field(2, "owner")).to_have_value(KABIR)
    expect(editor.field(2, "v208-mx_Custom_2")).to_have_value("")

    editor.do("filldown", 2)
    expect(editor.field(2, "v208-mx_Custom_2")).to_have_value("ABCPR4821K")

    editor.do("down", 2)
    editor.press("group")
    assert [editor.field(row, "type").input_value() for row in (1, 2, 3)] == ["208", "208", "102"]


def _outcome(number: int) -> str:
    if number == 1:
        return "Met applicant"
    return "Met co-applicant" if number % 3 else "Refused"


def _contents(page: Page) -> list[list[str]]:
    """Everything that the form would send, and the states and places of its rows."""
    found: list[list[str]] = page.evaluate(CONTENTS)
    return sorted(found)


def _hidden(row: Locator) -> list[str]:
    return row.locator("input[type=hidden]").evaluate_all(
        "(all) => all.filter((each) => each.value === '7').map((each) => each.name)"
    )
