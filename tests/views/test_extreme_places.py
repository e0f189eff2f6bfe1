"""Whatever number stands in the address of a list, there is a page: an empty one, the newest, or one with a message."""

from __future__ import annotations

from itertools import product
from urllib.parse import urlencode

import pytest

from activities.models import State
from tests.builders import a_submission

ROWS = ["/history/", "/history/activities/", "/audit/", "/audit/activities/"]
ENTRIES = "/audit/entries/"
CHARTS = ["/history/charts/", "/audit/charts/"]
OPPORTUNITY = "7d1f0c52-8d1e-4a55-9a83-2f0f4a1c9b01"
PLACES = [0, 2**31, 2**57, 2**58, 2**59, 2**62, 2**63 - 2, 2**63 - 1, 2**63, 10**30]
OF_ROWS = [
    {},
    {"code": 999999999},
    {"code": 999999999, "outcome": "created", "state": "posted", "owner": "meera.iyer@sahyadrihfc.in"},
    {"outcome": "created"},
    {"state": "posted"},
    {"text": "PAN"},
    {"text": "PAN", "owner": "meera.iyer@sahyadrihfc.in"},
    {"id": OPPORTUNITY},
    {"since": "1 Nov 2026"},
    {"until": "1 Nov 2026", "owner": "meera.iyer@sahyadrihfc.in"},
]
OF_ENTRIES = [
    {},
    {"action": "submission.submitted"},
    {"since": "1 Nov 2026"},
    {"subject": "asha"},
    {"subject": OPPORTUNITY, "action": "submission.submitted"},
]
NARROWED = [*product(ROWS, OF_ROWS), *product([ENTRIES], OF_ENTRIES)]


@pytest.fixture
def auditor(chitra_client, asha):
    a_submission(by=asha, state=State.POSTED, opportunity_id=OPPORTUNITY)
    chitra_client.raise_request_exception = False
    return chitra_client


@pytest.mark.parametrize(("path", "narrowed"), NARROWED, ids=str)
def test_every_place_of_every_list_is_a_page(auditor, path, narrowed):
    addresses = [f"{path}?{urlencode({**narrowed, way: place})}" for way, place in product(("after", "before"), PLACES)]

    failed = [address for address in addresses if auditor.get(address).status_code not in {200, 422}]

    assert not failed


@pytest.mark.parametrize("name", ["code", "person_id"])
@pytest.mark.parametrize("path", [*ROWS, *CHARTS, ENTRIES])
def test_every_number_of_a_type_or_a_person_is_a_page(auditor, path, name):
    addresses = [f"{path}?{urlencode({name: number})}" for number in [-1, *PLACES]]

    failed = [address for address in addresses if auditor.get(address).status_code not in {200, 422}]

    assert not failed


@pytest.mark.parametrize("day", ["01/01/0001", "0001-01-01", "31/12/9999", "9999-12-31"])
@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize("path", [*ROWS, *CHARTS, ENTRIES])
def test_every_day_is_a_page(auditor, path, name, day):
    assert auditor.get(path, {name: day}).status_code in {200, 422}


@pytest.mark.parametrize("path", [*ROWS, ENTRIES])
def test_above_the_highest_place_stands_the_newest_page(auditor, path):
    page = auditor.get(f"{path}?after={2**63 - 1}").context["page"]

    assert list(page.items) == list(auditor.get(path).context["page"].items)


@pytest.mark.parametrize("path", [*ROWS, ENTRIES])
def test_the_way_back_from_below_the_lowest_place_is_a_page(auditor, path):
    lowest = auditor.get(f"{path}?before=0").context["page"]

    assert auditor.get(f"{path}?after={lowest.newer}").status_code == 200
