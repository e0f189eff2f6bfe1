from __future__ import annotations

from urllib.parse import unquote

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import get_resolver, path, reverse

from activities import pins
from activities.models import Draft, State, Worker
from activities.models.clock import clock
from activities.models.submissions import LARGEST
from lsqportal import urls
from lsqportal.sandbox.demo import ASHA_HOME_LOAN_ID
from tests.builders import NOON, a_draft, a_field, a_submission, an_export
from tests.lists import know_everything
from tests.pages import Page, post, read

MOST_QUERIES = 12
CSP = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}
ASHA, BALA, CHITRA, DEV = "asha", "bala", "chitra", "dev"
GET, POST, BOTH = {"get"}, {"post"}, {"get", "post"}
NOT_FOUND, NO, YES, ELSEWHERE = 404, 403, 200, 302
# Route -> its methods, and what asha (whose things these are), bala, chitra (auditor) and dev get for the first.
PAGES = {
    "opportunities:pick": (GET, YES, YES, ELSEWHERE, YES),
    "opportunities:find": (GET, YES, YES, NO, YES),
    "opportunities:of_lead": (GET, YES, YES, NO, YES),
    "opportunities:latest": (GET, NOT_FOUND, NOT_FOUND, NO, NOT_FOUND),
    "opportunities:pin": (POST, ELSEWHERE, ELSEWHERE, NO, ELSEWHERE),
    "submissions:new": (BOTH, ELSEWHERE, ELSEWHERE, NO, ELSEWHERE),
    "submissions:owners": (GET, YES, YES, NO, YES),
    "submissions:keep": (POST, YES, YES, NO, YES),
    "submissions:detail": (GET, YES, NOT_FOUND, YES, YES),
    "submissions:progress": (GET, YES, NOT_FOUND, YES, YES),
    "submissions:review": (BOTH, YES, NOT_FOUND, NO, NOT_FOUND),
    "submissions:cancel": (POST, ELSEWHERE, NOT_FOUND, NO, ELSEWHERE),
    "submissions:copy": (POST, ELSEWHERE, NOT_FOUND, NO, ELSEWHERE),
    "submissions:retry": (POST, ELSEWHERE, NOT_FOUND, NO, ELSEWHERE),
    "submissions:look_again": (POST, ELSEWHERE, NOT_FOUND, NO, ELSEWHERE),
    "submissions:decide": (POST, ELSEWHERE, NOT_FOUND, NO, ELSEWHERE),
    "submissions:discard": (POST, ELSEWHERE, NOT_FOUND, NOT_FOUND, NOT_FOUND),
    "history:mine": (GET, YES, YES, YES, YES),
    "history:activities": (GET, YES, YES, YES, YES),
    "history:charts": (GET, YES, YES, YES, YES),
    "audit:log": (GET, NO, NO, YES, YES),
    "audit:activities": (GET, NO, NO, YES, YES),
    "audit:charts": (GET, NO, NO, YES, YES),
    "audit:entries": (GET, NO, NO, YES, YES),
    "exports:mine": (GET, YES, YES, YES, YES),
    "exports:progress": (GET, YES, YES, YES, YES),
    "exports:take": (POST, NO, NO, ELSEWHERE, ELSEWHERE),
    "exports:cancel": (POST, ELSEWHERE, NOT_FOUND, NOT_FOUND, NOT_FOUND),
    "exports:download": (POST, ELSEWHERE, NOT_FOUND, NOT_FOUND, NOT_FOUND),
    "people:everybody": (GET, NO, NO, NO, YES),
    "people:add": (BOTH, NO, NO, NO, YES),
    "people:edit": (BOTH, NO, NO, NO, YES),
    "people:one_time_password": (POST, NO, NO, NO, YES),
    "account:detail": (BOTH, YES, YES, YES, YES),
    "account:password": (BOTH, YES, YES, YES, YES),
    "account:sign_in": (BOTH, ELSEWHERE, ELSEWHERE, ELSEWHERE, ELSEWHERE),
    "account:sign_out": (POST, ELSEWHERE, ELSEWHERE, ELSEWHERE, ELSEWHERE),
    "status:detail": (GET, NO, NO, NO, YES),
    "status:refresh": (POST, NO, NO, NO, ELSEWHERE),
    "healthz": (GET, YES, YES, YES, YES),
}
OPEN_TO_NOBODY = {"account:sign_in", "account:sign_out", "healthz"}
OF_A_DRAFT = {"submissions:review", "submissions:discard"}
OF_LEADSQUARED = {"opportunities:of_lead": f"?lead={ASHA_HOME_LOAN_ID}"}
OF_NOTHING = {"submissions:new", "submissions:keep", "submissions:owners"}
LOOKED_AT = [name for name in PAGES if "get" in PAGES[name][0]]
of_every_page = pytest.mark.parametrize("name", PAGES)


def named(patterns, namespace="") -> list[str]:
    """The names of all routes, those of included lists with their namespace."""
    found = []
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            found += named(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else namespace)
        else:
            found.append(f"{namespace}{pattern.name}")
    return found


@pytest.fixture(autouse=True)
def lists(sandbox, db):
    know_everything()


@pytest.fixture(autouse=True)
def busy_with(db):
    """A worker that was just seen: a page then looks into the queue too."""
    Worker.objects.create(name="host:1", started_at=clock(), seen_at=clock())


@pytest.fixture
def address(asha):
    """The address of a route, with a thing of asha's where it needs one."""
    rows = [{"code": "208", "by_code": False, "owner": asha.lsq_email, "note": "x", "values": {}, "bare": []}]
    draft = a_draft(asha, content={"rows": rows, "skip_option_check": False})
    submission = a_submission(asha)
    export = an_export(asha)

    def address(name: str) -> str:
        resolver_wants = {
            "people:edit": [asha.pk],
            "people:one_time_password": [asha.pk],
            "exports:take": ["submissions"],
            "exports:cancel": [export.public_id],
            "exports:download": [export.public_id],
        }
        if name.startswith("submissions:") and name not in OF_NOTHING:
            resolver_wants[name] = [(draft if name in OF_A_DRAFT else submission).public_id]
        return reverse(name, args=resolver_wants.get(name, [])) + OF_LEADSQUARED.get(name, "")

    return address


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person)
    client.get("/healthz")  # the first page of a session writes into it, the others do not
    return client


def policy_of(response) -> set[str]:
    return {directive.strip() for directive in response["Content-Security-Policy"].split(";")}


def test_the_table_knows_every_page():
    assert sorted(PAGES) == sorted(named(get_resolver().url_patterns))


@of_every_page
def test_each_role_gets_what_the_table_says_under_the_policy_of_the_house(request, address, name):
    methods, *wanted = PAGES[name]
    method = "get" if "get" in methods else "post"
    path = address(name)

    # dev last: what only an administrator may do changes asha.
    people = (ASHA, BALA, CHITRA, DEV)
    clients = [(person, signed_in(request.getfixturevalue(person))) for person in people]
    got = {person: getattr(client, method)(path) for person, client in clients}

    assert {person: answer.status_code for person, answer in got.items()} == dict(zip(people, wanted, strict=True))
    assert all(policy_of(answer) == CSP for answer in got.values())


@of_every_page
def test_whoever_is_not_signed_in_signs_in_first(client, address, name):
    methods = PAGES[name][0]
    path = address(name)

    answers = {method: getattr(client, method)(path) for method in methods}

    closed = name not in OPEN_TO_NOBODY
    assert all(
        (answer.status_code == 401 if method == "post" else unquote(answer.url) == f"/account/sign-in/?next={path}")
        if closed
        else answer.status_code in {200, 302, 422}
        for method, answer in answers.items()
    )


@of_every_page
def test_what_it_does_not_do_is_405(dev, address, name):
    client, methods = signed_in(dev), PAGES[name][0]

    refused = {method: getattr(client, method)(address(name)) for method in ("get", "post", "put", "patch", "delete")}

    assert {method for method, answer in refused.items() if answer.status_code != 405} == methods


@pytest.mark.parametrize("name", LOOKED_AT)
def test_it_has_every_id_once_and_a_control_for_each_label(dev, address, name):
    html = read(signed_in(dev).get(address(name), follow=True))

    assert sorted(html.ids) == sorted(set(html.ids))
    assert set(html.label_ids) <= set(html.ids)


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("something that nobody thought of")


class BrokenUrls:
    """The site with one more page, which raises."""

    urlpatterns = [*urls.urlpatterns, path("broken/", broken)]
    handler400, handler403, handler404, handler500 = (
        urls.handler400,
        urls.handler403,
        urls.handler404,
        urls.handler500,
    )


@pytest.fixture
def problems(settings, asha, db):
    """One answer of each kind of problem page."""
    settings.ROOT_URLCONF = BrokenUrls
    settings.DEBUG = False
    client = Client(raise_request_exception=False)
    nobody = Client()
    client.force_login(asha)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(asha)
    form = "application/x-www-form-urlencoded"
    return {
        "not found": client.get("/no-such-page/"),
        "not found by nobody": nobody.get("/no-such-page/"),
        "not allowed": client.get("/people/"),
        "not UTF-8": client.get("/history/?text=%ff"),
        "a forged form": post(strict, "/account/", {"time_zone": "UTC"}),
        "too much": client.post("/account/", b"x=" + b"x" * (6 * 1024 * 1024), content_type=form),
        "an expired session": post(nobody, "/account/", {"time_zone": "UTC"}),
        "a wrong method": client.delete("/"),
        "a wrong host": nobody.get("/", headers={"Host": "elsewhere.example"}),
        "broken": client.get("/broken/"),
        "sign-in": nobody.get("/account/sign-in/"),
        "a wrong sign-in": post(nobody, "/account/sign-in/", {"email": "x@y.in", "password": "wrong"}),
        "a redirect": nobody.get("/"),
    }


def test_problem_pages_have_the_same_policy(problems):
    assert {name for name, answer in problems.items() if policy_of(answer) != CSP} == set()


def test_problem_pages_have_the_right_status(problems):
    assert {name: answer.status_code for name, answer in problems.items()} == {
        "not found": 404,
        "not found by nobody": 404,
        "not allowed": 403,
        "not UTF-8": 400,
        "a forged form": 403,
        "too much": 413,
        "an expired session": 401,
        "a wrong method": 405,
        "a wrong host": 400,
        "broken": 500,
        "sign-in": 200,
        "a wrong sign-in": 422,
        "a redirect": 302,
    }


def test_problem_pages_name_their_request_and_no_exception(problems):
    pages = {name: problems[name] for name in problems if problems[name].status_code in {400, 403, 404, 413, 500}}

    unnamed = {name for name, answer in pages.items() if f"<code>{answer['X-Request-ID']}</code>" not in answer.text}
    assert unnamed == set()
    assert "nobody thought of" not in pages["broken"].text


def a_full_draft(asha, rows: int) -> Draft:
    """A draft of so many rows of as many types, each with 50 more values than the type has fields."""
    codes = [int(each) for each in CODES[:rows]]
    content = [
        {
            "code": str(code),
            "by_code": False,
            "owner": asha.lsq_email,
            "note": "x" * 200,
            "values": {str(code): {f"mx_Custom_{slot}": "x" for slot in range(1, 20)}},
            "bare": [{"schema_name": f"mx_Bare_{slot}", "value": "y"} for slot in range(5)],
        }
        for code in codes
    ]
    return a_draft(asha, opportunity_id=ASHA_HOME_LOAN_ID, content={"rows": content, "skip_option_check": True})


CODES = (
    *("102", "201", "204", "208", "211", "214", "217", "219", "222", "225", "228", "231", "234", "237", "240"),
    *("243", "246", "249", "252", "255", "258", "261", "264", "267", "270"),
)


@pytest.mark.parametrize("rows", [1, LARGEST])
class TestTheQueryBudget:
    def test_holds_for_the_editor(self, asha, asha_client, rows, django_assert_max_num_queries):
        draft = a_full_draft(asha, rows)

        with django_assert_max_num_queries(MOST_QUERIES):
            response = asha_client.get("/submissions/new/", {"draft": str(draft.public_id)})

        blank = 1  # which scripts make new rows of
        assert response.content.decode().count('<tr id="row-') == min(rows + 1, LARGEST) + blank

    def test_holds_for_the_press_of_a_button(self, asha, asha_client, rows, django_assert_max_num_queries):
        draft = a_full_draft(asha, rows)
        form = Page(asha_client.get("/submissions/new/", {"draft": str(draft.public_id)})).form("/submissions/new/")

        with django_assert_max_num_queries(MOST_QUERIES):
            post(asha_client, "/submissions/new/", [*form.fields, ("do", "duplicate-1")])

    def test_holds_for_an_editor_full_of_problems(self, asha, asha_client, rows, django_assert_max_num_queries):
        draft = a_full_draft(asha, rows)
        form = Page(asha_client.get("/submissions/new/", {"draft": str(draft.public_id)})).form("/submissions/new/")
        fields = [(name, "\x00" if "-v" in name else value) for name, value in form.fields]

        with django_assert_max_num_queries(MOST_QUERIES):
            response = post(asha_client, "/submissions/new/", [*fields, ("do", "review")])

        assert response.status_code == 422

    def test_holds_for_the_review(self, asha, asha_client, rows, django_assert_max_num_queries):
        row = {"code": "102", "by_code": False, "owner": asha.lsq_email, "note": "x", "values": {}, "bare": []}
        draft = a_draft(asha, content={"rows": [row] * rows, "skip_option_check": False})

        with django_assert_max_num_queries(MOST_QUERIES):
            response = asha_client.get(f"/submissions/{draft.public_id}/review/")

        assert response.status_code == 200

    @pytest.mark.parametrize("tail", ["", "progress/"])
    @pytest.mark.parametrize("state", [State.QUEUED, State.UNCONFIRMED, State.POSTED, "needs a person"])
    def test_holds_for_a_submission(self, asha, rows, state, tail, django_assert_max_num_queries):
        details = [{"code": int(code), "fields": [a_field(f"mx_{n}") for n in range(10)]} for code in CODES[:rows]]
        more = {"needs_person_since": NOON} if state == "needs a person" else {}
        submission = a_submission(asha, details, State.UNCONFIRMED if more else state, **more)
        client = signed_in(asha)

        with django_assert_max_num_queries(MOST_QUERIES):
            response = client.get(f"/submissions/{submission.public_id}/{tail}")

        assert response.status_code == 200


@pytest.mark.parametrize("name", LOOKED_AT)
def test_the_query_budget_holds_with_50_things_in_every_list(dev, address, name, django_assert_max_num_queries):
    for number in range(50):
        a_draft(dev)
        pins.pin({"id": f"{number:032x}", "name": "Pinned"}, owner=dev)
        a_submission(dev, state=State.POSTED)
        an_export(dev)
    client, page = signed_in(dev), address(name)

    with django_assert_max_num_queries(MOST_QUERIES):
        response = client.get(page)

    assert response.status_code in {200, 302, 404}
