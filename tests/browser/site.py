"""Opportunities that one test has for itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from lsqportal.sandbox import demo
from tests.browser.steps import Loan


def the_loans() -> Iterator[Loan]:
    """Every opportunity of the sandbox whose lead has a phone, each once."""
    contents = demo.contents(date(2026, 1, 1))
    leads = {lead.id: lead for lead in contents.leads}
    return (
        Loan(each.id, each.name, lead.name, (lead.phone or "")[-10:])
        for each in contents.opportunities
        if (lead := leads[each.lead_id]).phone
    )
