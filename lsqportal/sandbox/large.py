"""Makes the account as large as that of a big lender: many types, one with a form of many fields, thousands of users.

Added to what is there, always the same, and gone with the process: for measuring and for tests.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator

from lsqportal.sandbox import demo_fields as f
from lsqportal.sandbox.demo import DOMAIN
from lsqportal.sandbox.demo_types import BRANCHES, CALL_REASONS, DOCUMENTS, LANGUAGES
from lsqportal.sandbox.records import ActivityType, Field, User
from lsqportal.sandbox.store import Store

FIRST_CODE = 301
WIDEST = "Loan file review"
_STARTS = ("Aa", "Bha", "Cha", "De", "Ga", "Hari", "In", "Ja", "Ka", "Lata", "Mano", "Ni", "Pra", "Ra", "Sa", "Vi")
_ENDS = ("deep", "esh", "ika", "ini", "isha", "jit", "lata", "mika", "nand", "pal", "rao", "tika")
_SURNAMES = (
    *("Agashe", "Bapat", "Chitnis", "Dalvi", "Ekbote", "Fadnis", "Gadgil", "Hardikar", "Iyengar", "Jadhav", "Kelkar"),
    *("Limaye", "Mahajan", "Natu", "Oak", "Pendse", "Quadros", "Ranade", "Sathe", "Tilak", "Upadhye", "Vartak"),
    *("Wagle", "Yadav", "Zaveri", "Apte", "Bhide", "Dandekar"),
)
_SUBJECTS = ("Sanction", "Disbursal", "Insurance", "Legal", "Technical", "Mandate", "Property", "Income", "Branch")
_DEEDS = ("call", "visit", "check", "letter", "reminder", "review", "meeting", "hand-over", "query", "approval")


def enlarge(store: Store, *, types: int, fields: int, users: int) -> None:
    """Add users and activity types until there are so many, one type of them with so many fields."""
    for user in itertools.islice(_users(), max(0, users - len(store.users))):
        store.change(user)
    known = sum(code < 12000 for code in store.activity_types)
    for each in itertools.islice(_types(fields), max(0, types - known)):
        store.change(each)


def _users() -> Iterator[User]:
    firsts = [f"{start}{end}" for start, end in itertools.product(_STARTS, _ENDS)]
    for number, (last, first) in enumerate(itertools.product(_SURNAMES, firsts)):
        email = f"{first}.{last}@{DOMAIN}".lower()
        identity = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"large-{number}.{DOMAIN}"))
        yield User(identity, first, last, email, team=BRANCHES[number % 7])


def _types(fields: int) -> Iterator[ActivityType]:
    yield _type(FIRST_CODE, WIDEST, _form(fields))
    for number, (deed, subject) in enumerate(itertools.product(_DEEDS, _SUBJECTS)):
        yield _type(FIRST_CODE + 1 + number, f"{subject} {deed}", _form(4 + number % 5))


def _type(code: int, name: str, fields: tuple[Field, ...]) -> ActivityType:
    return ActivityType(f"aaaaaaaa-0000-4000-8000-{code:012}", code, name, fields)


def _form(count: int) -> tuple[Field, ...]:
    """So many fields of all kinds, in turns."""
    kinds = (
        lambda slot: f.text(slot, f"File number {slot}"),
        lambda slot: f.choice(slot, f"Document {slot}", DOCUMENTS, in_set=True),
        lambda slot: f.date_only(slot, f"Checked on {slot}"),
        lambda slot: f.number(slot, f"Amount {slot} (₹)", mandatory=slot < 5),
        lambda slot: f.choice(slot, f"Language {slot}", LANGUAGES, in_set=True),
        lambda slot: f.yes_no(slot, f"Agreed {slot}"),
        lambda slot: f.choices(slot, f"Originals {slot}", DOCUMENTS[:5]),
        lambda slot: f.phone(slot, f"Phone {slot}"),
        lambda slot: f.choice(slot, f"Call outcome {slot}", tuple(CALL_REASONS), in_set=True),
        lambda slot: f.dependent(slot, f"Reason {slot}", slot - 1, CALL_REASONS),
        lambda slot: f.long_text(slot, f"Remarks {slot}"),
        lambda slot: f.active_user(slot, f"Checked by {slot}"),
    )
    return tuple(kinds[slot % len(kinds)](slot) for slot in range(1, count + 1))
