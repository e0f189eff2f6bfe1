from __future__ import annotations

from activities.models import State
from tests.builders import a_submission


def test_what_is_drawn_is_what_is_listed(asha_client, asha, bala):
    a_submission(by=asha, rows=3, state=State.POSTED)
    a_submission(by=asha, rows=2, state=State.NOT_POSTED)
    a_submission(by=bala, rows=5, state=State.POSTED)

    drawn = asha_client.get("/history/charts/?code=208").context["charts"]
    listed = asha_client.get("/history/activities/?code=208").context["count"]

    assert (drawn.total, listed.number) == (5, 5)
    assert [(line.label, line.number) for line in drawn.reasons] == [("LeadSquared did not take it.", 2)]


def test_everybodys_are_drawn_by_person_for_who_reads_all(chitra_client, asha, bala):
    a_submission(by=asha, rows=3, state=State.POSTED)
    a_submission(by=bala, state=State.POSTED)

    response = chitra_client.get("/audit/charts/")

    assert [(line.label, line.number) for line in response.context["charts"].by_person] == [("Asha", 3), ("Bala", 1)]
    assert "By person" in response.content.decode()


def test_ones_own_name_no_person(asha_client, asha):
    a_submission(by=asha, state=State.POSTED)

    assert "By person" not in asha_client.get("/history/charts/").content.decode()


def test_nothing_to_draw_says_so(asha_client):
    assert "There is nothing to draw yet" in asha_client.get("/history/charts/").content.decode()


def test_a_mistake_in_a_filter_is_told_at_its_field(asha_client, asha):
    a_submission(by=asha)

    response = asha_client.get("/history/charts/?since=30+Feb+2026")

    assert response.status_code == 422
    assert "February 2026 has 28 days." in response.content.decode()
