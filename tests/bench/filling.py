"""Fills a database with activities as a busy team leaves them behind: the same ones for the same seed, quickly.

25 people, 40 types, some far more often than others; eight rows a submission, over 730 days, ids ascending with time.
Plain inserts, on PostgreSQL by COPY, indexes made afterwards. What a column holds stands in one place: `_submission`
and `_row`.
"""

from __future__ import annotations

import contextlib
import json
import random
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from typing import Any, Final

from django.db import connection, transaction

from activities import buckets, counting, indexing
from activities.models import ListedRow, Outcome, Role, Row, State, Submission, User
from tests.tampering import check_foreign_keys_now

ROWS_OF_A_SUBMISSION: Final = 8
DAYS: Final = 730
LAST: Final = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
BATCH: Final = 20_000
TABLES: Final = (Submission, Row, ListedRow)
FIRST_CODE: Final = 200
# Two frequent values that meet only in the oldest hundredth.
WORST_PERSON: Final = 1
WORST_CODE: Final = FIRST_CODE + 1
# By what share a row ends so; of what is left a whole submission is unconfirmed, or still queued.
OUTCOMES: Final = {Outcome.CREATED: 93, Outcome.REJECTED: 4, Outcome.NOT_CREATED: 2}
UNCONFIRMED: Final = 0.008
QUEUED: Final = 0.002

# Without those that a primary key or a constraint stands on.
_INDEXES_OF_POSTGRESQL: Final = """
    SELECT 'INDEX', indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid::regclass::text = ANY(%s)
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""
_INDEXES_OF_SQLITE: Final = """
    SELECT type, name, sql FROM sqlite_master
    WHERE type IN ('index', 'trigger') AND sql IS NOT NULL AND tbl_name IN (SELECT value FROM json_each(%s))
"""

FIRST_NAMES: Final = (
    *("Asha", "Meera", "Kabir", "Rohan", "Ananya", "Bala", "Chitra", "Dev", "Farah", "Gita", "Hari", "Isha", "Jatin"),
    *("Kiran", "Lata", "Manish", "Neha", "Omkar", "Priya", "Rahul", "Sana", "Tara", "Uday", "Vikram", "Zoya"),
)
LAST_NAMES: Final = ("Rao", "Iyer", "Shah", "Deshpande", "Bose", "Khan", "Nair", "Patil", "Reddy", "Singh", "Das")
KINDS: Final = ("Home loan", "Loan against property", "Top-up", "Balance transfer", "Plot loan", "Renovation")
TYPES: Final = (
    *("KYC visit", "Phone call", "Follow-up", "Document pick-up", "Site visit", "Legal letter", "Valuation"),
    *("Sanction letter", "Disbursement", "Welcome call", "Collection visit", "Branch visit", "E-mail sent"),
)
BEGINNINGS: Final = (
    *("PAN collected at the flat", "Met the applicant at the branch", "Customer asked for a lower rate"),
    *("No answer, will call again", "Salary slips of three months received", "Customer prefers evenings"),
    *("Originals seen and returned", "Customer moved to Pune", "Form 16 is missing", "Called the employer"),
    *("Customer will visit the branch", "Left a letter with the guard", "Customer wants to prepay"),
)
ENDINGS: Final = (
    *("next visit on Monday", "spoke Marathi", "बैंक स्टेटमेंट बाकी है", "wife is co-applicant", "see the file"),
    *("waiting for the legal opinion", "agreed to the EMI", "call after 6 pm", "copy in DMS", "no further action"),
)
REASONS: Final = (
    "Invalid option for Document",
    "Owner is not active",
    "LeadSquared does not have it",
    "Value too long",
)


@dataclass(frozen=True)
class Filled:
    """What was put in: ids of people, by how much each did, and the counts."""

    person_ids: Sequence[int]
    submission_count: int
    row_count: int


def fill(rows: int, *, seed: int = 10, settle: bool = True) -> Filled:
    """Fill an empty, migrated database with so many rows; `settle` leaves it as after some time of use."""
    chance = random.Random(seed)
    people = [_person(number) for number in range(len(FIRST_NAMES))]
    submissions = -(-rows // ROWS_OF_A_SUBMISSION)
    made = _made(submissions, people, chance)
    left = rows
    with _indexes_afterwards():
        while batch := list(islice(made, BATCH // ROWS_OF_A_SUBMISSION)):
            inner = [row for _, of_it in batch for row in of_it][:left]
            left -= len(inner)
            with transaction.atomic():
                _insert(Submission, [submission for submission, _ in batch])
                _insert(Row, inner)
                _insert(ListedRow, [line for submission, of_it in batch for line in _listed(submission, of_it)])
    _set_next_ids()
    counting.recount_all()
    if settle:
        _settle()
    return Filled([person.pk for person in people], submissions, rows)


def _person(number: int) -> User:
    name = f"{FIRST_NAMES[number]} {LAST_NAMES[number % len(LAST_NAMES)]}"
    email = f"{name.lower().replace(' ', '.')}@sahyadrihfc.in"
    return User.objects.create(email=email, name=name, role=Role.POSTER, password="!")


def _made(count: int, people: Sequence[User], chance: random.Random) -> Iterator[tuple[dict[str, Any], list[Any]]]:
    step = timedelta(days=DAYS) / max(1, count)
    opportunities = [_opportunity(chance) for _ in range(max(20, count // 4))]
    codes = [FIRST_CODE + number for number in range(40)]
    seldom, types_seldom = list(_zipf(len(people))), list(_zipf(len(codes)))
    for number in range(1, count + 1):
        at = LAST - step * (count - number)
        (person,) = chance.choices(people, cum_weights=seldom)
        is_oldest = number <= count / 100
        state = _state(chance)
        outcomes = _outcomes(state, chance)
        submission = _submission(number, at, person, chance.choice(opportunities), state, outcomes, chance)
        types = chance.choices(codes, cum_weights=types_seldom, k=ROWS_OF_A_SUBMISSION)
        if person.pk == people[WORST_PERSON].pk:
            types = [WORST_CODE if is_oldest else code + (code == WORST_CODE) for code in types]
        yield (
            submission,
            [
                _row(number, place, at, code, outcome, submission, chance)
                for place, (code, outcome) in enumerate(zip(types, outcomes, strict=True), start=1)
            ],
        )


def _zipf(count: int) -> Iterable[float]:
    return accumulate(1 / (rank + 1) for rank in range(count))


def _uuid(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def _opportunity(chance: random.Random) -> dict[str, str]:
    lead = f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}"
    kind = chance.choice(KINDS)
    return {
        "opportunity_id": _uuid(chance),
        "opportunity_name": f"{lead} – {kind}",
        "opportunity_type": kind,
        "lead_id": _uuid(chance),
        "lead_name": lead,
    }


def _state(chance: random.Random) -> str:
    """Whether it is known what became of it; which of the settled states it is follows from its rows."""
    drawn = chance.random()
    if drawn < UNCONFIRMED:
        return State.UNCONFIRMED
    return State.QUEUED if drawn < UNCONFIRMED + QUEUED else State.POSTED


def _outcomes(state: str, chance: random.Random) -> list[Outcome]:
    if state == State.UNCONFIRMED:
        return [Outcome.UNCONFIRMED] * ROWS_OF_A_SUBMISSION
    if state == State.QUEUED:
        return [Outcome.PENDING] * ROWS_OF_A_SUBMISSION
    return chance.choices(list(OUTCOMES), weights=list(OUTCOMES.values()), k=ROWS_OF_A_SUBMISSION)


def _submission(
    number: int,
    at: datetime,
    person: User,
    opportunity: dict[str, str],
    state: str,
    outcomes: Sequence[Outcome],
    chance: random.Random,
) -> dict[str, Any]:
    created = outcomes.count(Outcome.CREATED)
    if state == State.POSTED and created < len(outcomes):
        state = State.PARTLY_POSTED if created else State.NOT_POSTED
    is_open = state in {State.UNCONFIRMED, State.QUEUED}
    return {
        "id": number,
        "public_id": uuid.UUID(int=chance.getrandbits(128), version=4).hex,
        "created_by_id": person.pk,
        "created_by_name": person.name,
        "submitted_at": at,
        "organisation": "org",
        "host": "api-in21.leadsquared.com",
        **opportunity,
        "why": "KYC pack for the credit committee" if number % 5 == 0 else "",
        "skip_option_check": False,
        "row_count": len(outcomes),
        "follows_id": None,
        "content_salt": chance.randbytes(16),
        "content_hash": "0" * 64,
        "state": str(state),
        "not_before": at,
        "attempt_count": 0 if state == State.QUEUED else 1,
        "failure_count": 0,
        "unconfirmed_at": at if state == State.UNCONFIRMED else None,
        "lease_until": None,
        "leased_by": "",
        "look_at": None,
        "look_count": 0,
        "needs_person_since": at if state == State.UNCONFIRMED else None,
        "settled_at": None if is_open else at,
        "explanation": "",
    }


def _row(
    submission_id: int,
    number: int,
    at: datetime,
    code: int,
    outcome: Outcome,
    submission: dict[str, Any],
    chance: random.Random,
) -> dict[str, Any]:
    owner = FIRST_NAMES[(code * 7 + number) % len(FIRST_NAMES)]
    is_refused = outcome in {Outcome.REJECTED, Outcome.NOT_CREATED}
    return {
        "id": (submission_id - 1) * ROWS_OF_A_SUBMISSION + number,
        "submission_id": submission_id,
        "number": number,
        "code": code,
        "type_name": f"{TYPES[code % len(TYPES)]} {code // len(TYPES)}",
        "owner_email": f"{owner.lower()}@sahyadrihfc.in",
        "owner_name": owner,
        "note": f"{chance.choice(BEGINNINGS)}, {chance.choice(ENDINGS)}; ref {chance.randrange(10**6):06}",
        "fields": json.dumps(_fields(chance)),
        "salt": chance.randbytes(16),
        "follows_id": None,
        "reference": "",
        "outcome": str(outcome),
        "outcome_at": None if outcome == Outcome.PENDING else at,
        "activity_id": _uuid(chance) if outcome == Outcome.CREATED else "",
        "reason": chance.choice(REASONS) if is_refused else "",
        "said": "",
        "exception_type": "",
        "problem_field": "",
    }


def _fields(chance: random.Random) -> list[dict[str, str]]:
    pan = f"{''.join(chance.choices('ABCDEFGHJKLMNPRSTUVWXYZ', k=5))}{chance.randrange(10**4):04}K"
    known = [("mx_Custom_2", "PAN number", pan), ("mx_Custom_4", "Place", chance.choice(("Home", "Branch", "Office")))]
    return [
        {"schema_name": schema, "label": label, "value": value, "shown": value, "typed": value}
        for schema, label, value in known[: chance.randint(1, 2)]
    ]


def _insert(model: Any, lines: Sequence[dict[str, Any]]) -> None:
    """Put lines into a table; each has the same columns in the same order."""
    if not lines:
        return
    table, names = model._meta.db_table, ", ".join(f'"{name}"' for name in lines[0])
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
                for line in lines:
                    copy.write_row(list(line.values()))
            return
        places = ", ".join("?" * len(lines[0]))
        # Past Django's cursor, which would rewrite the statement for every batch.
        cursor.connection.executemany(
            f'INSERT INTO "{table}" ({names}) VALUES ({places})',
            ([_as_sqlite_has_it(value) for value in line.values()] for line in lines),
        )


def _as_sqlite_has_it(value: object) -> object:
    return str(value).removesuffix("+00:00") if isinstance(value, datetime) else value


def _listed(submission: dict[str, Any], rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The rows' lines, as the product makes them."""
    asked = Submission(**{**submission, "public_id": uuid.UUID(submission["public_id"])})
    names = [each.attname for each in ListedRow._meta.concrete_fields]
    made = [Row(**{**row, "fields": json.loads(row["fields"])}) for row in rows]
    return ({name: getattr(line, name) for name in names} for line in indexing.lines_of(asked, made))


@contextlib.contextmanager
def _indexes_afterwards() -> Iterator[None]:
    """Take the tables' indexes away, and make them again from what stands: past memory's size hours are saved.

    On SQLite triggers go with them: they look up by these indexes whether an id is taken.
    """
    with connection.cursor() as cursor:
        tables = [model._meta.db_table for model in TABLES]
        if connection.vendor == "postgresql":
            cursor.execute(_INDEXES_OF_POSTGRESQL, [tables])
        else:
            cursor.execute(_INDEXES_OF_SQLITE, [json.dumps(tables)])
        standing = cursor.fetchall()
        for kind, name, _ in standing:
            cursor.execute(f'DROP {kind} "{name}"')
        yield
        # PostgreSQL makes no index while checks are put off to the end of a transaction, as they are in a test.
        check_foreign_keys_now()
        for _, _, made_by in standing:
            cursor.execute(made_by)
        if connection.vendor == "sqlite":
            cursor.execute(f"INSERT INTO {indexing.INDEX}({indexing.INDEX}) VALUES ('rebuild')")


def _set_next_ids() -> None:
    """On PostgreSQL, whose counters do not see what was put in with its id."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for model in TABLES:
            table, key = model._meta.db_table, model._meta.pk.column
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', '{key}'), (SELECT max({key}) FROM \"{table}\"))"
            )


def _settle() -> None:
    """Leave the tables as they are after some time of use: words listed by bucket, statistics known."""
    while buckets.list_due():
        pass
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for table in (*(model._meta.db_table for model in TABLES), buckets.TABLE):
                cursor.execute(f'VACUUM ANALYZE "{table}"')
        if connection.vendor == "sqlite":
            cursor.execute("ANALYZE")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
