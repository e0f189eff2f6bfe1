"""The forms of sign-in, the own account and the people: they check and convert, they never save."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate, password_validation
from django.http import HttpRequest

from activities import people
from activities.models import Role, User
from activities.models.people import LONGEST_EMAIL

LONGEST_PASSWORD = 200  # a longer one would only make the server work


class SignInForm(forms.Form):
    """E-mail and password; `person` is who they belong to. Whatever is wrong, the sentence is the same."""

    email = forms.CharField(
        label="Work e-mail",
        max_length=LONGEST_EMAIL,
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
        error_messages={"required": "Type your e-mail address."},
    )
    password = forms.CharField(
        max_length=LONGEST_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Type your password."},
    )

    def __init__(self, data: Any = None, *, request: HttpRequest) -> None:
        super().__init__(data)
        self.request = request
        self.person: User | None = None
        self.was_tried = False
        self.fields["email" if data is None else "password"].widget.attrs["autofocus"] = True

    def clean(self) -> dict[str, Any]:
        """Look whether e-mail and password belong together."""
        if not self.errors:
            self.was_tried = True
            found = authenticate(
                self.request, username=self.cleaned_data["email"], password=self.cleaned_data["password"]
            )
            self.person = found if isinstance(found, User) else None
            if self.person is None:
                self.add_error("password", "E-mail and password do not match, or this person may not sign in.")
        return self.cleaned_data


class PasswordForm(forms.Form):
    """The own password: the present one, and the new one twice."""

    current = forms.CharField(
        label="Present password",
        max_length=LONGEST_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        label="New password",
        max_length=LONGEST_PASSWORD,
        strip=False,
        help_text="At least 10 characters, not only digits, none of the passwords that everybody uses.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label="New password once more",
        max_length=LONGEST_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, data: Any = None, *, person: User) -> None:
        super().__init__(data)
        self.person = person

    def clean_current(self) -> str:
        """Refuse whoever only found the screen unlocked."""
        current: str = self.cleaned_data["current"]
        if not self.person.check_password(current):
            raise forms.ValidationError("This is not your present password.")
        return current

    def clean_new(self) -> str:
        """Refuse a password that is easily guessed."""
        new: str = self.cleaned_data["new"]
        password_validation.validate_password(new, self.person)
        if new == self.cleaned_data.get("current"):
            raise forms.ValidationError("Choose another one than the present password.")
        return new

    def clean(self) -> dict[str, Any]:
        """Compare the two new passwords."""
        new, again = self.cleaned_data.get("new"), self.cleaned_data.get("again")
        if new and again and new != again:
            self.add_error("again", "The two new passwords differ. Type the new one again.")
        return self.cleaned_data


class TimeZoneForm(forms.Form):
    """The zone in which a person reads and types times."""

    time_zone = forms.ChoiceField()

    def __init__(self, data: Any = None, *, person: User) -> None:
        super().__init__(data, initial={"time_zone": person.time_zone})
        self.fields["time_zone"] = _time_zone_field(person)


class PersonForm(forms.Form):
    """A person, as an administrator adds or changes them; without `person` it is a new one."""

    marks_optional = True
    email = forms.EmailField(label="Work e-mail", max_length=LONGEST_EMAIL)
    name = forms.CharField(max_length=150)
    role = forms.ChoiceField(choices=Role.choices)
    time_zone = forms.ChoiceField()
    lsq_email = forms.EmailField(
        label="LeadSquared user",
        max_length=LONGEST_EMAIL,
        required=False,
        help_text="The e-mail of this person in LeadSquared: the owner that a new row begins with.",
    )
    is_active = forms.BooleanField(label="May sign in", required=False)

    def __init__(self, data: Any = None, *, person: User | None = None) -> None:
        names = ("name", "role", "time_zone", "lsq_email", "is_active")
        initial = {name: getattr(person, name) for name in names} if person else {"time_zone": settings.TIME_ZONE}
        super().__init__(data, initial=initial)
        self.fields["time_zone"] = _time_zone_field(person)
        self.fields["role"].help_text = (
            "Posters post and see their own work. Auditors read everything and post nothing. "
            "Administrators do both, and look after people and the installation."
        )
        del self.fields["email" if person else "is_active"]

    def clean_email(self) -> str:
        """Refuse an address that is in the list already."""
        email: str = self.cleaned_data["email"]
        if User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError(f"{email} belongs to somebody who is in the list already.")
        return email


def _time_zone_field(person: User | None) -> forms.ChoiceField:
    names, present = people.time_zones(), person.time_zone if person else settings.TIME_ZONE
    if present not in names:
        names = (present, *names)
    return forms.ChoiceField(
        label="Time zone",
        choices=[(name, name.replace("_", " ")) for name in names],
        help_text="Times are shown and typed in this zone.",
    )
