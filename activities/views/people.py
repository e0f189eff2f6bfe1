"""The people of the portal, for administrators: who they are, what they may, and a way back in."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from activities import people, permissions
from activities.account_forms import PersonForm
from activities.models import User
from activities.views import actor_of, person_of


@require_safe
def everybody(request: HttpRequest) -> HttpResponse:
    """List all people."""
    permissions.check_can_administer(person_of(request))
    return render(request, "people/everybody.html", {"people": people.everybody()})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def add(request: HttpRequest) -> HttpResponse:
    """Add a person and show their one-time password, once."""
    permissions.check_can_administer(person_of(request))
    form = PersonForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            person, one_time = people.add(**form.cleaned_data, by=actor_of(request))
        except people.EmailTaken as error:
            form.add_error("email", str(error))
        else:
            context = {"person": person, "one_time": one_time, "is_new": True}
            return render(request, "people/one_time_password.html", context)
    return render(request, "people/add.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what a person is called and may do, or lock them out."""
    permissions.check_can_administer(person_of(request))
    person = get_object_or_404(User, pk=pk)
    form = PersonForm(request.POST if request.method == "POST" else None, person=person)
    if form.is_bound and form.is_valid():
        try:
            people.change(person, by=actor_of(request), **form.cleaned_data)
        except people.StaysAdministrator as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{form.cleaned_data['name']} is saved.")
            return redirect("people:everybody")
    context = {"form": form, "person": person}
    return render(request, "people/edit.html", context, status=422 if form.is_bound else 200)


@require_POST
@never_cache
def one_time_password(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a person a one-time password and show it, once."""
    permissions.check_can_administer(person_of(request))
    person = get_object_or_404(User, pk=pk)
    one_time = people.give_one_time_password(person, by=actor_of(request))
    return render(request, "people/one_time_password.html", {"person": person, "one_time": one_time})
