"""Who gets what: every URL of the site, asked for by every role, on things that are Asha's.

A new URL needs one line in MATRIX; where it names a thing or takes a form, also one in THINGS or FORMS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest
from django.apps import apps
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse

from activities.models import CatalogEntry, Draft, Export, Outcome, Row, State, Submission, Worker
from activities.models.clock import clock
from lsqportal.sandbox.demo import ASHA_HOME_LOAN_ID
from tests.builders import a_draft, a_submission, an_export, asked_of
from tests.conftest import PASSWORD
from tests.lists import know_everything
from tests.pages import read

pytestmark = pytest.mark.django_db
NOTE, PLACE = "Met her at the flat in Kothrud", "Asha Rao – Home loan"
ROLES: Final = ("nobody", "asha", "bala", "chitra", "dev")
# URL name -> the answers to GET, then those to POST, for
# nobody, Asha (a poster, whose things these are), Bala (another poster), Chitra (an auditor), Dev (an administrator).
MATRIX: Final[dict[str, tuple[str, str]]] = {
    "opportunities:pick": ("302 200 200 302 200", "401 405 405 405 405"),
    "opportunities:find": ("302 200 200 403 200", "401 405 405 405 405"),
    "opportunities:of_lead": ("302 200 200 403 200", "401 405 405 405 405"),
    "opportunities:latest": ("302 200 200 403 200", "401 405 405 405 405"),
    "opportunities:pin": ("302 405 405 405 405", "401 302 302 403 302"),
    "submissions:new": ("302 200 200 403 200", "401 302 302 403 302"),
    "submissions:owners": ("302 200 200 403 200", "401 405 405 405 405"),
    "submissions:keep": ("302 405 405 405 405", "401 200 409 403 409"),
    "submissions:detail": ("302 200 404 200 200", "401 405 405 405 405"),
    "submissions:progress": ("302 200 404 200 200", "401 405 405 405 405"),
    "submissions:review": ("302 200 404 403 404", "401 302 404 403 404"),
    "submissions:cancel": ("302 405 405 405 405", "401 302 404 403 302"),
    "submissions:copy": ("302 405 405 405 405", "401 302 404 403 302"),
    "submissions:retry": ("302 405 405 405 405", "401 302 404 403 302"),
    "submissions:look_again": ("302 405 405 405 405", "401 302 404 403 302"),
    "submissions:decide": ("302 405 405 405 405", "401 302 404 403 302"),
    "submissions:discard": ("302 405 405 405 405", "401 302 404 404 404"),
    "history:mine": ("302 200 200 200 200", "401 405 405 405 405"),
    "history:activities": ("302 200 200 200 200", "401 405 405 405 405"),
    "history:charts": ("302 200 200 200 200", "401 405 405 405 405"),
    "exports:mine": ("302 200 200 200 200", "401 405 405 405 405"),
    "exports:progress": ("302 200 200 200 200", "401 405 405 405 405"),
    "exports:take": ("302 405 405 405 405", "401 403 403 302 302"),
    "exports:cancel": ("302 405 405 405 405", "401 302 404 404 404"),
    "exports:download": ("302 405 405 405 405", "401 302 404 404 404"),
    "audit:log": ("302 403 403 200 200", "401 405 405 405 405"),
    "audit:activities": ("302 403 403 200 200", "401 405 405 405 405"),
    "audit:charts": ("302 403 403 200 200", "401 405 405 405 405"),
    "audit:entries": ("302 403 403 200 200", "401 405 405 405 405"),
    "people:everybody": ("302 403 403 403 200", "401 405 405 405 405"),
    "people:add": ("302 403 403 403 200", "401 403 403 403 422"),
    "people:edit": ("302 403 403 403 200", "401 403 403 403 422"),
    "people:one_time_password": ("302 405 405 405 405", "401 403 403 403 200"),
    "account:detail": ("302 200 200 200 200", "401 302 302 302 302"),
    "account:password": ("302 200 200 200 200", "401 422 422 422 422"),
    "account:sign_in": ("200 302 302 302 302", "422 302 302 302 302"),
    "account:sign_out": ("405 405 405 405 405", "302 302 302 302 302"),
    "status:detail": ("302 403 403 403 200", "401 405 405 405 405"),
    "status:refresh": ("302 405 405 405 405", "401 403 403 403 302"),
    "healthz": ("200 200 200 200 200", "405 405 405 405 405"),
}
# What an auditor may send: her own account, nothing else.
OF_HER_OWN: Final = {"exports:take", "account:detail", "account:password", "account:sign_in", "account:sign_out"}
REFUSED: Final = {401, 403, 404, 405}


@dataclass(frozen=True)
class Things:
    """What Asha has."""

    draft: Draft
    queued: Submission
    failed: Submission
    doubtful: Submission
    unconfirmed: Submission
    export: Export
    person: int
    reviewed: dict[str, object]  # what the page before sending would send

    @property
    def marks(self) -> set[str]:
        """What on a page says that something of hers is there."""
        ids = {str(each.public_id) for each in (self.draft, self.queued, self.failed, self.doubtful, self.unconfirmed)}
        activities = {row.activity_id for row in self.queued.rows.model.objects.all() if row.activity_id}
        return {NOTE, PLACE, *ids, *activities}


THINGS: Final[dict[str, Callable[[Things], Any]]] = {
    "submissions:review": lambda things: things.draft.public_id,
    "submissions:discard": lambda things: things.draft.public_id,
    "submissions:cancel": lambda things: things.queued.public_id,
    "submissions:retry": lambda things: things.failed.public_id,
    "submissions:look_again": lambda things: things.unconfirmed.public_id,
    "submissions:decide": lambda things: things.doubtful.public_id,
    "exports:take": lambda _: "activities",
    "exports:cancel": lambda things: things.export.public_id,
    "exports:download": lambda things: things.export.public_id,
    "people:edit": lambda things: things.person,
    "people:one_time_password": lambda things: things.person,
    **{f"submissions:{name}": lambda things: things.failed.public_id for name in ("detail", "progress", "copy")},
}
FORMS: Final[dict[str, Callable[[Things], dict[str, object]]]] = {
    "submissions:new": lambda things: {"draft": things.draft.public_id, "rows": 0, "do": "refresh"},
    "submissions:keep": lambda things: {
        "draft": things.draft.public_id,
        "version": things.draft.version,
        "edited_in": "0" * 32,
        "edit_number": 1,
        "rows": 0,
    },
    "submissions:review": lambda things: things.reviewed,
    "submissions:decide": lambda things: {"row-1": "none", "asks": asked_of(things.doubtful)},
    "exports:take": lambda _: {"later": "csv"},
    "account:detail": lambda _: {"time_zone": "Asia/Kolkata"},
    "account:password": lambda _: {"old_password": PASSWORD},
    "account:sign_in": lambda _: {"email": "asha@sahyadrihfc.in", "password": "wrong"},
}
QUERIES: Final = {
    "opportunities:of_lead": f"?lead={ASHA_HOME_LOAN_ID}",
    "opportunities:latest": f"?opportunityId={ASHA_HOME_LOAN_ID}",
    "submissions:new": f"?opportunityId={ASHA_HOME_LOAN_ID}",
}


def names(patterns: Any = None, namespace: str = "") -> list[str]:
    """The names of all URLs of the site."""
    found = []
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if hasattr(pattern, "url_patterns"):
            found += names(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else namespace)
        else:
            found.append(f"{namespace}{pattern.name}")
    return found


@pytest.fixture
def things(sandbox, asha, asha_client) -> Things:
    know_everything()
    Worker.objects.create(name="host:1", started_at=clock(), seen_at=clock())
    row = {"code": "208", "by_code": False, "owner": asha.lsq_email, "note": NOTE, "values": {}, "bare": []}
    values = {"208": {"mx_Custom_2": "ABCPR4821K"}}
    content = {"rows": [{**row, "values": values}], "skip_option_check": False}
    noted = [{"note": NOTE}]
    a_submission(asha, noted, State.POSTED)
    draft = a_draft(asha, opportunity_id=ASHA_HOME_LOAN_ID, content=content)
    review = read(asha_client.get(reverse("submissions:review", args=[draft.public_id])))
    return Things(
        draft=draft,
        reviewed=dict(review.form("").fields),
        queued=a_submission(asha, noted),
        failed=a_submission(asha, noted, State.NOT_POSTED),
        doubtful=a_submission(asha, noted, State.UNCONFIRMED, needs_person_since=clock()),
        unconfirmed=a_submission(asha, [{"note": NOTE, "outcome": Outcome.UNCONFIRMED}], State.UNCONFIRMED),
        export=an_export(asha),
        person=asha.pk,
    )


@pytest.fixture
def clients(asha, bala, chitra, dev) -> dict[str, Client]:
    found = {"nobody": Client()}
    for person in (asha, bala, chitra, dev):
        client = found[person.name.lower()] = Client()
        client.force_login(person)
        client.get("/healthz")  # the first page of a session writes into it, the others do not
    return found


def address(name: str, things: Things) -> str:
    return reverse(name, args=[THINGS[name](things)] if name in THINGS else [])


def of_asha(things: Things) -> list[object]:
    """What is stored of hers."""
    submissions = Submission.objects.filter(created_by=things.person).order_by("pk")
    rows = Row.objects.filter(submission__in=submissions).order_by("pk")
    drafts = Draft.objects.filter(owner=things.person).order_by("pk")
    return [list(each.values_list()) for each in (submissions, rows, drafts)]


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """What the product stores, but not the lists that it has from LeadSquared."""
    models = [model for model in apps.get_app_config("activities").get_models() if model is not CatalogEntry]
    return {model.__name__: list(model._default_manager.order_by("pk").values_list()) for model in models}


@dataclass(frozen=True)
class Got:
    """An answer, and what it did; that is taken back, so that every role meets the same things."""

    status: int
    has_changed: bool
    has_changed_ashas: bool


def ask(client: Client, method: str, name: str, things: Things) -> Got:
    before, ashas = everything(), of_asha(things)
    with transaction.atomic():
        path = address(name, things)
        if method == "get":
            answer = client.get(path + QUERIES.get(name, ""))
        else:
            answer = client.post(path, FORMS.get(name, lambda _: {})(things))
        assert contents_of(answer) is not None
        got = Got(answer.status_code, everything() != before, of_asha(things) != ashas)
        transaction.set_rollback(True)
    return got


def contents_of(answer: Any) -> str:
    whole: bytes = answer.getvalue()
    return whole.decode()


def test_the_matrix_knows_every_url():
    assert sorted(MATRIX) == sorted(names())


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", MATRIX)
def test_each_role_gets_what_the_matrix_says_and_whoever_is_refused_changes_nothing(name, method, clients, things):
    wanted = dict(zip(ROLES, map(int, MATRIX[name][method == "post"].split()), strict=True))

    got = {role: ask(clients[role], method, name, things) for role in ROLES}

    assert {role: each.status for role, each in got.items()} == wanted
    assert [role for role, each in got.items() if each.status in REFUSED and each.has_changed] == []
    assert not got["bala"].has_changed_ashas


# Parameters that there are, and that somebody may try: all of them name something of Asha's.
PERSON: Final = ("person_id", "person", "who", "actor", "created_by", "owner", "user", "pk")
SUBMISSION: Final = ("id", "subject", "submission", "follows", "q", "activity")
WORDS: Final = ("text", "search", "q", "note")
WITHOUT_A_THING: Final = [name for name in MATRIX if name not in THINGS and MATRIX[name][0].split()[2] == "200"]


@pytest.mark.parametrize("name", WITHOUT_A_THING)
def test_a_poster_finds_nothing_of_anothers_by_any_parameter(name, clients, things):
    asked = [{key: things.person} for key in PERSON]
    asked += [{key: things.failed.public_id} for key in SUBMISSION]
    asked += [{key: NOTE} for key in WORDS]
    asked += [{"opportunity": things.failed.opportunity_id}, {"draft": things.draft.public_id}]
    path = address(name, things)

    pages = [contents_of(clients["bala"].get(path, each)) for each in asked]

    shown = {
        mark
        for mark in things.marks - {NOTE, str(things.failed.public_id), str(things.draft.public_id)}
        for page in pages
        if mark in page
    }
    assert shown == set()


def test_an_auditor_can_post_nothing():
    answers = {name: int(post.split()[ROLES.index("chitra")]) for name, (_, post) in MATRIX.items()}

    assert {name for name, status in answers.items() if status not in REFUSED} == OF_HER_OWN


def test_whoever_is_not_signed_in_can_send_nothing_but_the_sign_in():
    answers = {name: int(post.split()[0]) for name, (_, post) in MATRIX.items()}

    assert {name for name, status in answers.items() if status not in REFUSED} == {
        "account:sign_in",
        "account:sign_out",
    }
