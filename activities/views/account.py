"""Sign-in and sign-out, the own password and time zone, and what is posted after a session has ended."""

from __future__ import annotations

from typing import Final, TypedDict
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from activities import audit, people, sign_ins
from activities.account_forms import PasswordForm, SignInForm, TimeZoneForm
from activities.models import User
from activities.views import actor_of, person_of

_TOKEN: Final = "csrfmiddlewaretoken"
_FORM: Final = "application/x-www-form-urlencoded"
_WITH_PASSWORDS: Final = {"account:sign_in", "account:password"}
_OPEN_BEFORE_PASSWORD: Final = {"account:password", "account:sign_out", "account:sign_in", "healthz"}


class Held(TypedDict):
    """A form that waits until somebody has signed in: where it goes, and its fields."""

    held_path: str
    held_fields: str


@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
@never_cache
@sensitive_post_parameters("password", "held_fields")
def sign_in(request: HttpRequest) -> HttpResponse:
    if isinstance(request.user, User):
        return _go_on(request, request.user)
    form = SignInForm(request.POST if request.method == "POST" else None, request=request)
    if form.is_bound and form.is_valid() and form.person:
        with transaction.atomic():
            login(request, form.person)
            audit.record(audit.Action.SIGNED_IN, form.person, by=actor_of(request))
        return _go_on(request, form.person)
    if form.was_tried:
        sign_ins.failed(by=actor_of(request))
    return _sign_in_page(request, form, status=422 if form.is_bound else 200)


@require_POST
@login_not_required
def sign_out(request: HttpRequest) -> HttpResponse:
    if isinstance(request.user, User):
        with transaction.atomic():
            audit.record(audit.Action.SIGNED_OUT, request.user, by=actor_of(request))
            logout(request)
        messages.success(request, "You are signed out.")
    return redirect("account:sign_in")


@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: HttpRequest) -> HttpResponse:
    form = TimeZoneForm(request.POST if request.method == "POST" else None, person=person_of(request))
    if form.is_bound and form.is_valid():
        people.change_own_time_zone(form.cleaned_data["time_zone"], by=actor_of(request))
        messages.success(request, f"Times are now shown in the zone {form['time_zone'].value()}.")
        return redirect("account:detail")
    return render(request, "account/detail.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("current", "new", "again", "held_fields")
def password(request: HttpRequest) -> HttpResponse:
    form = PasswordForm(request.POST if request.method == "POST" else None, person=person_of(request))
    if form.is_bound and form.is_valid():
        person = people.change_own_password(form.cleaned_data["new"], by=actor_of(request))
        update_session_auth_hash(request, person)
        messages.success(request, "Your password is changed. You stay signed in here, and nowhere else.")
        return _go_on(request, person, otherwise="account:detail")
    return _password_page(request, form, status=422 if form.is_bound else 200)


def sign_in_first(request: HttpRequest) -> HttpResponse | None:
    """Answer somebody whose session has ended; None leaves it to the usual redirect, which keeps the address.

    What was posted is carried along in the sign-in page and posted again after it: nothing typed is lost.
    """
    if getattr(request, "htmx", False):
        back = request.htmx.current_url_abs_path or resolve_url("opportunities:pick")  # type: ignore[attr-defined]
        return HttpResponseClientRedirect(f"{reverse('account:sign_in')}?{urlencode({'next': back})}")
    if request.method != "POST":
        return None
    return _sign_in_page(request, SignInForm(request=request), status=401, was_signed_out=True, held=_held(request))


def out_of_date(request: HttpRequest) -> HttpResponse | None:
    """Answer a form that was opened before somebody signed in at another window: nothing of it is taken or lost.

    None leaves it to the plain refusal, wherever the browser does not say itself that one of our pages sent it: what
    another site sent must not be a press of a button away.
    """
    is_ours = request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"
    if not (is_ours and settings.CSRF_COOKIE_NAME in request.COOKIES):
        return None
    held = _held(request)
    is_held = bool(held["held_path"])
    if not is_held and request.path != reverse("account:sign_in"):
        return None
    if isinstance(request.user, User):
        return _go_on(request, request.user, held=held, status=403)
    return _sign_in_page(request, SignInForm(request=request), status=401, was_signed_out=is_held, held=held)


def must_change_first(request: HttpRequest) -> HttpResponse | None:
    """Send somebody with a one-time password to choose one of their own, whatever page they ask for."""
    person, match = request.user, request.resolver_match
    if not (isinstance(person, User) and person.must_change_password):
        return None
    if match is None or match.view_name in _OPEN_BEFORE_PASSWORD:
        return None
    return redirect("account:password")


def _held(request: HttpRequest) -> Held:
    """Return the form that was posted, to be posted again; from a page that carries one along, that one.

    Passwords are carried nowhere.
    """
    if request.resolver_match and request.resolver_match.view_name in _WITH_PASSWORDS:
        return {"held_path": request.POST.get("held_path", ""), "held_fields": request.POST.get("held_fields", "")}
    if request.content_type != _FORM:
        return {"held_path": "", "held_fields": ""}
    fields = request.POST.copy()
    fields.pop(_TOKEN, None)
    return {"held_path": request.get_full_path(), "held_fields": fields.urlencode()}


def _sign_in_page(
    request: HttpRequest, form: SignInForm, *, status: int, was_signed_out: bool = False, held: Held | None = None
) -> HttpResponse:
    carried = {"next": "" if was_signed_out else _wanted(request), **(held or _held(request))}
    context = {"form": form, "was_signed_out": was_signed_out, **carried}
    return _kept_by_nobody(render(request, "account/sign_in.html", context, status=status))


def _password_page(request: HttpRequest, form: PasswordForm, *, status: int, held: Held | None = None) -> HttpResponse:
    context = {"form": form, "next": _wanted(request), **(held or _held(request))}
    return _kept_by_nobody(render(request, "account/password.html", context, status=status))


def _go_on(
    request: HttpRequest,
    person: User,
    *,
    held: Held | None = None,
    otherwise: str = "opportunities:pick",
    status: int = 200,
) -> HttpResponse:
    """Go where the person wanted to go before signing in; a form that was held is shown as one button.

    Whoever has a one-time password chooses one of their own on the way.
    """
    held = held or _held(request)
    path = held["held_path"]
    is_held = path.startswith("/") and _is_ours(request, path)
    if person.must_change_password:
        if is_held:
            return _password_page(request, PasswordForm(person=person), status=status, held=held)
        wanted = _wanted(request)
        return redirect(reverse("account:password") + (f"?{urlencode({'next': wanted})}" if wanted else ""))
    if not is_held:
        wanted = _wanted(request)
        return redirect(wanted if wanted and _is_ours(request, wanted) else otherwise)
    fields = QueryDict(held["held_fields"])
    pairs = [(name, value) for name, values in fields.lists() for value in values]
    return _kept_by_nobody(render(request, "account/resume.html", {"path": path, "pairs": pairs}, status=status))


def _wanted(request: HttpRequest) -> str:
    wanted: str = request.POST.get("next", request.GET.get("next", ""))
    return wanted


def _kept_by_nobody(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response


def _is_ours(request: HttpRequest, url: str) -> bool:
    return url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
