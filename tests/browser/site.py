"""The real portal as the browser tests have it: in no hurry, with opportunities that one test has for itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from lsqportal.demo import Installation
from lsqportal.sandbox import demo
from tests.browser.steps import LeadSquared, Loan


class Unhurried(Installation):
    """An installation whose LeadSquared has no rate limit from its first call on."""

    def start_sandbox(self) -> None:
        super().start_sandbox()
        LeadSquared(self).clear()


def the_loans() -> Iterator[Loan]:
    """Every opportunity of the sandbox whose lead has a phone, each once."""
    contents = demo.contents(date(2026, 1, 1))
    leads = {lead.id: lead for lead in contents.leads}
    return (
        Loan(each.id, each.name, lead.name, (lead.phone or "")[-10:])
        for each in contents.opportunities
        if (lead := leads[each.lead_id]).phone
    )
