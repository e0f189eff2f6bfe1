from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import BRIEFLY, findings
from tests.browser.steps import ANANYA, MEERA, ROHAN, Editor, Loan, outcomes

pytestmark = pytest.mark.browser

LONG = "Reached the applicant at the third attempt; the building’s guard took the letter. " * 3
LONG_WORD = "https://docs.sahyadrihfc.example/" + "a1b2c3d4" * 20
ARABIC = "تم التحقق من المستندات الأصلية في منزل العميل، وسيتم إرسال كشف الراتب غداً"

KINDS = (
    {"type": "208", "v208-mx_Custom_2": "ABCPR4821K", "v208-mx_Custom_3": "20 Nov 2026, 14:30"},
    {"type": "214", "v214-mx_Custom_1": "Not reachable", "v214-mx_Custom_2": "Switched off"},
    {"type": "231", "v231-mx_Custom_1": "Form 16", "v231-mx_Custom_2": "Original", "v231-mx_Custom_3": "20 Nov 2026"},
)


@pytest.fixture
def a_story(editor, leadsquared, loan) -> Loan:
    """One created activity, so that no list is empty."""
    editor.one_visit(loan, note=f"{ARABIC} {LONG} {LONG_WORD}")
    editor.post()
    expect(outcomes(editor.page)).to_have_text(["Created"])
    found: Loan = loan
    return found


def test_sign_in(new_context):
    page = new_context().new_page()
    page.goto("/account/sign-in/")
    assert findings(page) == []

    page.get_by_label("Work e-mail").fill("nobody@sahyadrihfc.in")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#problems")).to_be_visible()
    assert findings(page) == []


@pytest.mark.parametrize(
    ("address", "heading"),
    [
        ("/", "Which opportunity?"),
        ("/?q=9822041736", "Which opportunity?"),
        ("/?q=nobody-is-called-this", "No lead matches"),
        ("/?q=00000000-0000-4000-8000-000000000000", "Which opportunity?"),
        ("/history/", "My history"),
        ("/history/?text=nothing-like-this", "Nothing fits the filters"),
        ("/history/activities/", "My history"),
        ("/account/", "Meera Iyer"),
        ("/account/password/", "Change the password"),
        ("/audit/", "You may not do this"),
        ("/there-is-no-such-page/", "There is no such page for you"),
        ("/?q=%ff", "The portal cannot read this request"),
    ],
)
def test_page_of_a_poster(page, address, heading):
    page.goto(address)

    assert findings(page) == []
    expect(page.get_by_role("heading").filter(has_text=heading).first).to_be_visible()


@pytest.mark.parametrize("address", ["/audit/", "/audit/activities/", "/audit/charts/", "/audit/entries/"])
def test_audit_log(page_of, a_story, address):
    page = page_of(ROHAN)
    page.goto(address)

    assert findings(page) == []


@pytest.mark.parametrize("address", ["/people/", "/people/add/", "/people/1/", "/status/"])
def test_page_of_an_administrator(page_of, address):
    page = page_of(ANANYA)
    page.goto(address)

    assert findings(page) == []


def test_a_one_time_password(page_of):
    page = page_of(ANANYA)
    page.goto("/people/add/")
    page.get_by_role("textbox").nth(0).fill("noor.al-hashimi@sahyadrihfc.in")
    page.get_by_role("textbox").nth(1).fill("Noor Al-Hashimi")
    page.get_by_role("button", name="Add, and show a one-time password").click()

    expect(page.locator(".one-time")).to_be_visible()
    assert findings(page) == []


def test_the_history_with_something_in_it(page, a_story):
    page.goto("/history/")
    assert findings(page) == []

    page.goto("/history/activities/")
    assert findings(page) == []

    page.goto("/history/charts/")
    assert findings(page) == []


def test_the_editor_from_empty_to_review(editor, loan):
    page = editor.page
    editor.open(loan)
    assert findings(page) == []

    editor.choose_type(1, "208")
    editor.type_in(1, note=LONG, v208_mx_Custom_2="ABCPR4821K")
    editor.tick(1, "v208-mx_Custom_4", "Aadhaar", "Passport")
    editor.choose_type(2, "208")
    editor.type_in(2, note=ARABIC)
    editor.choose_type(3, "214")
    editor.choose_type(4, "other")
    page.get_by_text("Advanced").click()
    assert findings(page) == []

    page.locator("#row-2 .menu > summary").click()
    assert findings(page) == []

    editor.review()
    expect(page.locator("#problems")).to_be_visible()
    assert findings(page) == []


def test_the_editor_and_the_review_with_25_rows(editor, loan):
    page = editor.page
    _fill_25_rows(page, loan)
    expect(page.locator("tbody tr")).to_have_count(25)
    expect(page.get_by_role("button", name="Add a row")).to_have_count(0)
    assert findings(page, BRIEFLY) == []

    Editor(page).review()
    expect(page.locator("h1")).to_have_text(f"25 activities for {loan.title}")
    page.get_by_text("The exact request").click()
    assert findings(page, BRIEFLY) == []


def _fill_25_rows(page: Page, loan: Loan) -> None:
    """Post the editor's form once, as if it had been filled row by row."""
    page.goto(f"/submissions/new/?opportunityId={loan.id}")
    form = page.locator("#rows")
    draft = str(uuid.uuid4())
    typed = {
        "csrfmiddlewaretoken": form.locator("[name=csrfmiddlewaretoken]").input_value(),
        "opportunity": form.locator("[name=opportunity]").input_value(),
        "draft": draft,
        "rows": "25",
        "do": "refresh",
    }
    for number in range(1, 26):
        row = {**KINDS[number // 3 % 3], "owner": MEERA, "note": f"{number}. {LONG}"}
        typed |= {f"r{number}-{name}": value for name, value in row.items()}
    assert page.request.post("/submissions/new/", form=typed).ok
    page.goto(f"/submissions/new/?draft={draft}")
