"""The account that a new sandbox holds."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime

from lsqportal.sandbox import demo

DAY = date(2026, 11, 24)


def test_the_demo_is_the_same_for_the_same_day():
    demo.contents.cache_clear()
    first = demo.contents(DAY)
    demo.contents.cache_clear()

    assert demo.contents(DAY) == first


def test_ids_are_the_same_on_every_day():
    first, second = demo.contents(DAY), demo.contents(date(2027, 1, 1))

    assert [each.id for each in first.opportunities] == [each.id for each in second.opportunities]


def test_there_are_sixty_leads_with_one_to_four_opportunities_each():
    contents = demo.contents(DAY)
    counts = Counter(each.lead_id for each in contents.opportunities)

    assert len(contents.leads) == 60
    assert set(counts) == {lead.id for lead in contents.leads}
    assert set(counts.values()) == {1, 2, 3, 4}


def test_there_are_120_users_some_of_them_inactive():
    users = demo.contents(DAY).users

    assert len({user.email for user in users}) == 120
    assert 5 < sum(not user.active for user in users) < 30


def test_the_people_of_the_pages_are_there(sandbox):
    asha = sandbox.lead("Asha Rao")
    loans = {(each.name, each.amount, each.status) for each in sandbox.opportunities if each.lead_id == asha.id}

    assert (asha.phone, asha.email) == ("+91-9822041736", "asha.rao@outlook.in")
    assert loans == {
        ("Home loan", 4850000, "Open"),
        ("Balance transfer", 1920000, "Open"),
        ("Personal loan", 300000, "Won"),
    }
    assert sandbox.key_user.name == "Ananya Bose"
    assert sandbox.user("jose.dsouza@sahyadrihfc.in").name == "José D'Souza"


def test_every_activity_of_the_demo_lies_before_its_day():
    midnight = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC).strftime("%Y-%m-%d %H:%M:%S")

    assert all(activity.created_on < midnight for activity in demo.contents(DAY).activities)


def test_every_opportunity_has_activities_already():
    contents = demo.contents(DAY)

    assert {each.opportunity_id for each in contents.activities} == {each.id for each in contents.opportunities}


def test_names_come_in_several_scripts(sandbox):
    names = " ".join(lead.name for lead in sandbox.leads)

    assert all(piece in names for piece in ("محمد", "अनुराधा", "Müller", "Nguyễn", "D’Souza"))


def test_every_opportunity_type_is_used(sandbox):
    assert {each.code for each in sandbox.opportunities} == set(range(12000, 12007))
