"""Fills a new account: the people, loans and past activities of the demo, always the same for the same day.

Everything happened before that day, so that nothing here can be taken for an answer to what is posted later.
"""

from __future__ import annotations

import functools
import itertools
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from lsqportal.sandbox import demo_names as names
from lsqportal.sandbox import demo_types as types
from lsqportal.sandbox.answers import as_time
from lsqportal.sandbox.records import Activity, Lead, Opportunity, User
from lsqportal.sandbox.store import Contents

DOMAIN = "sahyadrihfc.in"
USER_COUNT = 120
LEAD_COUNT = 60
STAGE_CHANGE = 3002  # [SEEN] on trails, not in the list of types: leadsquared-api §2
OWNER_CHANGE = 3001
NOTES: tuple[tuple[int, str, dict[str, str]], ...] = (
    (
        214,
        "spoke to applicant",
        {"mx_Custom_1": "Spoke to applicant", "mx_Custom_2": "Will submit documents"},
    ),
    (219, "Legal opinion requested: {name}", {}),
    (STAGE_CHANGE, "Stage changed to {stage}", {}),
    (
        208,
        "Met at {city}, originals seen",
        {"mx_Custom_1": "Met applicant", "mx_Custom_5": "Current residence"},
    ),
    (
        231,
        "Bank statement, six months",
        {
            "mx_Custom_1": "Bank statement (6 months)",
            "mx_Custom_2": "DigiLocker",
            "mx_Custom_3": "2026-01-15 00:00:00",
            "mx_Custom_4": "14",
        },
    ),
    (214, "Rang for the missing salary slip", {"mx_Custom_1": "Not reachable", "mx_Custom_2": "No answer"}),
    (255, "Welcome call in {language}", {"mx_Custom_1": "Hindi", "mx_Custom_2": "1"}),
    (OWNER_CHANGE, "Owner changed to {owner}", {}),
)


def _id(kind: str, number: int | str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{kind}-{number}.{DOMAIN}"))


KEY_USER_ID = _id("user", 0)
ASHA_RAO_ID = _id("lead", 0)
ASHA_HOME_LOAN_ID = "7d1c2f0a-3b44-4c1e-9d55-0f2b6a81c9e4"


@functools.lru_cache(maxsize=2)  # thousands of ids: a test suite starts many sandboxes on one day
def contents(day: date) -> Contents:
    """The whole account as it stood at the beginning of that day, in UTC."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    users = list(_users())
    leads = list(_leads(users, midnight))
    opportunities = list(_opportunities(leads, users, midnight))
    activities = list(_activities(leads, opportunities, users, midnight))
    products = {_id("product", name): name for name in types.PRODUCTS}
    return Contents(users, leads, opportunities, types.activity_types(), activities, products)


def _ago(midnight: datetime, *, days: int, minutes: int = 0) -> str:
    return as_time((midnight - timedelta(days=days) + timedelta(minutes=minutes)).timestamp())


def _users() -> Iterator[User]:
    for number, (first, last, local_part, role) in enumerate(names.USERS):
        zone = "Arabian Standard Time" if first == "Noor" else "India Standard Time"
        yield User(_id("user", number), first, last, f"{local_part}@{DOMAIN}", role, team="Pune", time_zone=zone)
    pairs = itertools.product(names.USER_LAST_NAMES, names.USER_FIRST_NAMES)
    for number, (last, first) in enumerate(itertools.islice(pairs, USER_COUNT - len(names.USERS)), len(names.USERS)):
        email = f"{first}.{last}@{DOMAIN}".lower()
        groups = ("Field team",) if number % 4 == 0 else ()
        yield User(
            _id("user", number),
            first,
            last,
            email,
            active=number % 9 != 0,
            phone=f"+91-98{number:08}",
            team=types.BRANCHES[number % 7],
            groups=groups,
        )


def _leads(users: list[User], midnight: datetime) -> Iterator[Lead]:
    people: list[tuple[str, str | None, str | None, str | None, str]] = [person[:5] for person in names.LEADS]
    for number in range(len(people), LEAD_COUNT):
        first = names.LEAD_FIRST_NAMES[number % 20]
        surname = names.LEAD_LAST_NAMES[number % 7]
        email = f"{first}.{surname}{number}@mail.example".lower()
        people.append(
            (
                first,
                surname,
                email,
                f"+91-97{number:02}{(number * 48271) % 1_000_000:06}",
                names.CITIES[number % 8],
            )
        )
    for number, (first, last, mail, phone, city) in enumerate(people):
        mobile = f"+91-70{number:02}{(number * 69621) % 1_000_000:06}" if number % 5 == 2 else None
        yield Lead(
            _id("lead", number),
            1001 + number,
            first,
            last,
            mail,
            phone,
            mobile,
            city,
            stage="Customer" if number % 6 == 5 else "Opportunity",
            owner_id=users[1 + number % 7].id,
            score=20 + number % 60,
            created_on=_ago(midnight, days=40 + number * 3, minutes=600 + number),
            company="Bharat Forge" if number % 8 == 3 else None,
        )


def _opportunities(leads: list[Lead], users: list[User], midnight: datetime) -> Iterator[Opportunity]:
    owners = {user.first_name: user.id for user in users[:8]}
    asha = leads[0].id
    yield _opportunity(
        ASHA_HOME_LOAN_ID, asha, 12000, "Home loan", "KYC pending", 4850000, owners["Kabir"], midnight, 21
    )
    yield _opportunity(
        _id("opportunity", "asha-bt"),
        asha,
        12001,
        "Balance transfer",
        "Login done",
        1920000,
        owners["Fatima"],
        midnight,
        27,
    )
    yield _opportunity(
        _id("opportunity", "asha-pl"),
        asha,
        12003,
        "Personal loan",
        "Disbursed",
        300000,
        owners["Kabir"],
        midnight,
        648,
    )
    stages = tuple(stage for under in types.STAGES.values() for stage in under)
    for number, lead in enumerate(leads[1:], start=1):
        for place, code in enumerate(_codes(number)):
            turn = number * 3 + place
            yield _opportunity(
                _id("opportunity", f"{number}-{place}"),
                lead.id,
                code,
                f"{types.OPPORTUNITY_NAMES[code]}, {names.PLACES[turn % 6]}"
                if place
                else types.OPPORTUNITY_NAMES[code],
                stages[turn % len(stages)],
                300000 + (turn * 370000) % 11000000,
                users[1 + turn % 7].id,
                midnight,
                3 + turn % 38,
            )


def _codes(number: int) -> tuple[int, ...]:
    """The opportunity types of the lead with this number: 1 to 4."""
    if number < len(names.LEADS):
        return names.LEADS[number][5]
    return tuple(12000 + (number + place * 2) % 7 for place in range(1 + number % 4))


def _opportunity(
    opportunity_id: str,
    lead_id: str,
    code: int,
    name: str,
    stage: str,
    amount: int,
    owner_id: str,
    midnight: datetime,
    days: int,
) -> Opportunity:
    status = next(status for status, stages in types.STAGES.items() if stage in stages)
    created_on = _ago(midnight, days=days, minutes=560)
    modified_on = _ago(midnight, days=1, minutes=600)
    return Opportunity(
        opportunity_id,
        lead_id,
        code,
        name,
        stage,
        status,
        amount,
        owner_id,
        owner_id,
        created_on,
        modified_on,
    )


def _activities(
    leads: list[Lead], opportunities: list[Opportunity], users: list[User], midnight: datetime
) -> Iterator[Activity]:
    by_lead = {lead.id: lead for lead in leads}
    for number, opportunity in enumerate(opportunities):
        lead, owner = by_lead[opportunity.lead_id], users[1 + number % 7]
        words = {
            "name": opportunity.name,
            "stage": opportunity.stage,
            "city": lead.city,
            "owner": owner.name,
            "language": "Hindi",
        }
        for turn in range(2 + number % 4):
            code, note, values = NOTES[(number + turn) % len(NOTES)]
            yield Activity(
                _id("activity", f"{number}-{turn}"),
                lead.id,
                opportunity.id,
                code,
                note.format(**words),
                owner.email,
                users[1 + (number + turn) % 7].email,
                _ago(midnight, days=2 if turn else 1, minutes=540 + number + turn * 7),
                dict(values),
                seeded=True,
            )
