from __future__ import annotations

from tests.browser.steps import KABIR, ROHAN
from tests.firefox.screen import Screen

OUTCOMES = "[...document.querySelectorAll('.rows__outcome .outcome')].map((each) => each.textContent.trim())"
CLEARED = "Object.keys(localStorage).filter((key) => key.startsWith('lsq-portal')).length === 0"


def test_the_keyboard_alone_goes_from_sign_in_to_what_was_posted(screen, leadsquared, loan):
    screen.goto("/")
    screen.until("document.activeElement.type === 'search'")
    screen.type(loan.phone)
    screen.press("Enter")
    screen.until("document.activeElement.matches('#found a.choice')")
    screen.press("Escape")
    screen.tab_to(f"#found a.choice[href*='{loan.id}']")
    screen.press("Enter")
    screen.heading(loan.title)

    screen.choose_type(1, "kyc")
    screen.press("Tab")
    screen.type("Met her at the flat")
    screen.go(1, "v208-mx_Custom_2")
    screen.type("ABCPR4821K")
    screen.press("Control+Enter")
    screen.focused(2, "note")
    screen.type("Second visit")
    screen.go(2, "v208-mx_Custom_2")
    screen.press("Control+d")
    screen.said("PAN number of row 2 filled from row 1")
    screen.choose_type(3, "follow")
    screen.press("Tab")
    screen.type("Rang twice")
    screen.go(3, "v214-mx_Custom_1")
    screen.type("not reach")
    screen.press("Enter")
    screen.drawn()
    screen.until("!document.getElementById('r3-v214-mx_Custom_2').disabled")
    screen.go(3, "v214-mx_Custom_2")
    screen.type("switched")
    screen.press("Tab", "Control+s")
    screen.heading(f"3 activities for {loan.title}")
    screen.tab_to(".action-bar .button--primary")
    screen.press("Enter")

    screen.until(f"JSON.stringify({OUTCOMES}) === JSON.stringify(arguments[0])", ["Created"] * 3)
    assert [(each["code"], each["note"], each["values"]) for each in leadsquared.posted(loan)] == [
        (208, "Met her at the flat", {"mx_Custom_2": "ABCPR4821K"}),
        (208, "Second visit", {"mx_Custom_2": "ABCPR4821K"}),
        (214, "Rang twice", {"mx_Custom_1": "Not reachable", "mx_Custom_2": "Switched off"}),
    ]


def test_an_owner_is_chosen_by_typing(screen, loan):
    screen.open(loan)
    screen.choose_type(1, "kyc")

    screen.go(1, "owner")
    screen.press("Control+a")
    screen.type("kab")
    screen.until("document.querySelector('#suggestions [aria-selected=true]')?.textContent.includes('Kabir')")
    screen.press("Enter")

    screen.holds(1, "owner", KABIR)


def test_a_multiple_choice_is_worked_by_keys(screen, loan):
    screen.open(loan)
    screen.choose_type(1, "kyc")
    screen.until("(document.querySelector('#row-1 .more').open = true)")
    screen.go(1, "v208-mx_Custom_4")

    screen.press("Enter", "Tab", " ", "Tab", " ", "Enter")

    screen.focused(1, "v208-mx_Custom_4")
    screen.until("document.getElementById('r1-v208-mx_Custom_4').firstChild.textContent === 'PAN card, Aadhaar'")


def test_a_wrong_date_is_said_and_taken_back_and_a_right_one_shown_in_full(screen, loan):
    screen.open(loan)
    screen.choose_type(1, "kyc")
    screen.go(1, "v208-mx_Custom_3")

    screen.type("31/11/2026")
    screen.press("Tab")
    screen.until("document.getElementById('r1-v208-mx_Custom_3-error')?.textContent.includes('November has 30 days')")
    screen.go(1, "v208-mx_Custom_3")
    screen.press("Control+a")
    screen.type("21 Nov 14:30")
    screen.press("Tab")

    screen.until("!document.getElementById('r1-v208-mx_Custom_3-error')")
    screen.until("/^Sat 21 Nov 2026, 14:30/.test(document.getElementById('r1-v208-mx_Custom_3').value)")


def test_a_reload_and_the_way_back_show_what_was_typed(screen, loan):
    screen.open(loan)
    screen.choose_type(1, "kyc")
    screen.press("Tab")
    screen.type("Stays")
    screen.press("Control+Enter")
    screen.focused(2, "note")
    screen.type("Stays too")
    screen.saved()

    screen.firefox.reload()
    screen.notes("Stays", "Stays too")
    screen.press("Control+s")
    screen.heading(f"2 activities for {loan.title}")
    screen.firefox.back()

    screen.notes("Stays", "Stays too")
    screen.go(1, "note")
    screen.press("End")
    screen.type(" and goes on")
    screen.saved()
    screen.until("!document.getElementById('conflict')")
    screen.firefox.reload()
    screen.notes("Stays and goes on", "Stays too")


def test_a_browser_that_is_killed_comes_back_with_everything(start, site, loan):
    dying = start()
    screen = Screen(dying, site)
    screen.sign_in()
    screen.open(loan)
    screen.choose_type(1, "kyc")
    screen.press("Tab")
    screen.type("Typed before the end")
    screen.saved()
    draft = screen.ask("location.pathname + location.search")
    dying.kill()

    screen = Screen(start(), site)
    screen.sign_in()
    screen.goto(draft)

    screen.notes("Typed before the end")


def test_signing_out_takes_what_was_typed_out_of_the_browser(screen, loan):
    screen.open(loan)
    screen.go(1, "note")
    screen.type("Confidential")
    screen.until("!(" + CLEARED + ")")
    screen.saved()

    screen.until("(document.querySelector('[data-signs-out] button').focus(), true)")
    screen.press("Enter")

    screen.heading("Sign in")
    assert screen.ask(CLEARED)


def test_two_windows_on_one_draft_are_told_of_each_other(screen, loan):
    screen.open(loan)
    screen.go(1, "note")
    screen.type("Mine")
    screen.saved()
    draft = screen.ask("location.pathname + location.search")
    first = screen.firefox.window
    screen.firefox.open_window()
    screen.goto(draft)
    screen.go(1, "note")
    screen.press("End")
    screen.type(" and theirs")
    screen.saved()

    screen.firefox.go_to_window(first)
    screen.go(1, "note")
    screen.press("End")
    screen.type(", older")

    screen.until("document.getElementById('conflict')?.textContent.includes('Keep mine as a draft of its own')")
    screen.holds(1, "note", "Mine, older")


def test_an_auditor_comes_to_the_audit_log(screen):
    screen.firefox.forget()
    screen.sign_in(ROHAN)

    screen.goto("/audit/")

    screen.heading("Audit log")
    screen.firefox.forget()
