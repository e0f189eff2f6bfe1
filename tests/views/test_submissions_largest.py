from __future__ import annotations

import pytest

from activities import audit, catalog, posting
from activities.models import Draft
from lsqportal.sandbox.demo import ASHA_HOME_LOAN_ID
from lsqportal.sandbox.demo_types import CALL_REASONS, DOCUMENTS, LANGUAGES
from lsqportal.sandbox.large import FIRST_CODE
from tests.builders import a_draft
from tests.pages import post, read

EDITOR = "/submissions/new/"
ROWS, FIELDS = 25, 60
KABIR = "kabir.shah@sahyadrihfc.in"
REASON = list(CALL_REASONS)[-1]
# By the beginning of a field's name: what is typed.
TYPED = {
    "File": "DMS-2026-00417",
    "Document": DOCUMENTS[-1],
    "Checked on": "20/11/2026",
    "Amount": "1,12,400",
    "Language": LANGUAGES[-1],
    "Agreed": "Yes",
    "Originals": DOCUMENTS[0],
    "Phone": "9822041736",
    "Call": REASON,
    "Reason": CALL_REASONS[REASON][-1],
    "Remarks": "Seen at the branch,\r\nin the original",
    "Checked by": KABIR,
}


def of(label: str) -> str:
    return next(value for start, value in TYPED.items() if label.startswith(start))


def held_of(label: str, sandbox) -> str:
    """What LeadSquared is to hold of it."""
    kept = {
        "20/11/2026": "2026-11-20 00:00:00",
        "1,12,400": "112400",
        "Yes": "1",
        KABIR: sandbox.user(KABIR).id,
        "9822041736": "+91-9822041736",
    }
    typed = of(label)
    return kept.get(typed, typed.replace("\r\n", "\n"))


@pytest.fixture
def wide(sandbox, db) -> list:
    """The fields of a type that has 60."""
    sandbox.enlarge(types=30, fields=FIELDS, users=0)
    catalog.refresh_now(by=audit.PORTAL)
    catalog.ensure([FIRST_CODE])
    return list(sandbox.activity_type(FIRST_CODE).fields)


@pytest.fixture
def largest(asha, wide) -> Draft:
    values = {field.schema_name: of(field.display_name) for field in wide}
    rows = [
        {
            "code": str(FIRST_CODE),
            "by_code": False,
            "owner": KABIR,
            "note": f"Row {number}",
            "values": {str(FIRST_CODE): values},
            "bare": [],
        }
        for number in range(1, ROWS + 1)
    ]
    return a_draft(asha, opportunity_id=ASHA_HOME_LOAN_ID, content={"rows": rows, "skip_option_check": False})


def test_25_rows_of_60_fields_go_from_the_form_to_leadsquared(asha_client, sandbox, wide, largest):
    form = read(asha_client.get(EDITOR, {"draft": str(largest.public_id)})).form(EDITOR)
    review = asha_client.get(post(asha_client, EDITOR, [*form.fields, ("do", "review")]).url)
    sending = read(review).form("")
    asha_client.post(review.request["PATH_INFO"], dict(sending.fields))
    posting.post_next(worker="host:1:1")

    expected = {field.schema_name: held_of(field.display_name, sandbox) for field in wide}
    held = sandbox.posted(ASHA_HOME_LOAN_ID)

    assert [each.note for each in held] == [f"Row {number}" for number in range(1, ROWS + 1)]
    assert {len(each.values) for each in held} == {FIELDS}
    assert [each.values for each in held] == [expected] * ROWS
