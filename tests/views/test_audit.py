from __future__ import annotations

import pytest

from activities import audit, people
from activities.models import Role, State, User
from tests.builders import OPPORTUNITY, a_submission, an_actor

PAGES = ["", "activities/", "entries/"]
MOST_QUERIES = 12
# Beside these: what has the id, which people are or were named so, and which of the entries about them are shown.
MOST_QUERIES_ABOUT = MOST_QUERIES + 6


@pytest.mark.parametrize("path", PAGES)
def test_a_poster_is_told_where_their_own_work_is(asha_client, path):
    response = asha_client.get(f"/audit/{path}")

    assert response.status_code == 403
    assert "Your own work is in My history." in response.content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_auditors_and_administrators_read(chitra_client, dev_client, path):
    assert chitra_client.get(f"/audit/{path}").status_code == 200
    assert dev_client.get(f"/audit/{path}").status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_nothing_can_be_changed_from_here(dev_client, path):
    assert dev_client.post(f"/audit/{path}").status_code == 405


def test_everybodys_work_is_listed_and_narrowed_to_a_person(chitra_client, asha, bala):
    a_submission(by=asha, opportunity_name="Asha’s")
    a_submission(by=bala, opportunity_name="Bala’s")

    everybody = chitra_client.get("/audit/").content.decode()
    only_bala = chitra_client.get(f"/audit/?person_id={bala.pk}").content.decode()

    assert "Asha’s" in everybody
    assert "Bala’s" in everybody
    assert "Asha’s" not in only_bala


def test_created_activities_of_everybody_are_listed(chitra_client, asha):
    submission = a_submission(by=asha, state=State.POSTED)

    page = chitra_client.get("/audit/activities/").content.decode()

    assert submission.rows.get().activity_id in page


def test_an_entry_says_who_what_and_about_what(chitra_client, asha):
    submission = a_submission(by=asha)
    audit.record(audit.Action.CANCELLED, submission, by=an_actor(asha))

    page = chitra_client.get("/audit/entries/").content.decode()

    assert "cancelled it before it was sent" in page
    assert f'href="/submissions/{submission.public_id}/#entry-1"' in page
    assert "10.4.18.31" in page
    assert audit.entries().get().hash[:8] in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 2),
        ("action=person.deactivated", 1),
        ("subject=bala", 1),
        ("since=today", 2),
        ("until=1+Jan+2026", 0),
    ],
)
def test_entries_are_narrowed(chitra_client, bala, dev, query, found):
    people.change(bala, by=an_actor(dev), is_active=False)
    people.give_one_time_password(dev, by=an_actor(dev))

    response = chitra_client.get(f"/audit/entries/?{query}")

    assert len(response.context["page"].items) == found


def test_entries_are_narrowed_to_whoever_did_it(chitra_client, asha, bala, dev):
    people.change(bala, by=an_actor(dev), is_active=False)

    assert len(chitra_client.get(f"/audit/entries/?person_id={dev.pk}").context["page"].items) == 1
    assert len(chitra_client.get(f"/audit/entries/?person_id={asha.pk}").context["page"].items) == 0


def test_the_entries_ask_no_more_as_they_grow(dev_client, asha, dev, django_assert_max_num_queries):
    for _ in range(55):
        people.give_one_time_password(asha, by=an_actor(dev))

    with django_assert_max_num_queries(MOST_QUERIES):
        dev_client.get("/audit/entries/")


def test_entries_about_what_a_link_names_are_found(chitra_client, asha):
    submission = a_submission(asha, opportunity_id=OPPORTUNITY)
    audit.record(audit.Action.CANCELLED, submission, by=an_actor(asha))
    audit.record(audit.Action.CANCELLED, a_submission(asha), by=an_actor(asha))
    link = f"https://in21.leadsquared.com/OpportunityManagement/OpportunityDetails?opportunityId={OPPORTUNITY}"

    response = chitra_client.get("/audit/entries/", {"subject": link})

    assert [entry.subject_id for entry in response.context["page"].items] == [str(submission.public_id)]


@pytest.mark.parametrize("about", ["opportunity_id", "lead_id"])
def test_every_entry_about_an_opportunity_or_a_lead_is_found_with_as_many_questions(
    dev_client, asha, django_assert_max_num_queries, about
):
    for _ in range(60):
        submission = a_submission(asha, **{about: OPPORTUNITY})
        audit.record(audit.Action.CANCELLED, submission, by=an_actor(asha))

    with django_assert_max_num_queries(MOST_QUERIES_ABOUT):
        response = dev_client.get(f"/audit/entries/?subject={OPPORTUNITY.upper()}")

    assert response.context["count"].number == 60


def test_entries_about_a_person_are_found_by_a_former_name(dev_client, dev):
    names = ("Nisha Rao", "Nisha Kulkarni", "N. Iyer")
    nisha, _ = people.add(by=an_actor(dev), email="nisha@sahyadrihfc.in", name=names[0], role=Role.POSTER)
    for name in names[1:]:
        people.change(nisha, by=an_actor(dev), is_active=True, name=name)

    found = [dev_client.get("/audit/entries/", {"subject": name}).context["count"].number for name in names]

    assert found == [3, 3, 3]


def test_every_entry_about_people_of_a_name_is_found_with_as_many_questions(
    dev_client, dev, django_assert_max_num_queries
):
    for number in range(60):
        named = User.objects.create_person(
            email=f"rao{number}@sahyadrihfc.in", name=f"N. Rao {number}", password="x" * 12, role=Role.POSTER
        )
        audit.record(audit.Action.PERSON_DEACTIVATED, named, by=an_actor(dev), name=named.name)

    with django_assert_max_num_queries(MOST_QUERIES_ABOUT):
        response = dev_client.get("/audit/entries/?subject=rao")

    assert response.context["count"].number == 60
