"""Reads a page as a browser does: ids, labels, what a form would post, and what its buttons are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.test import Client

FORM = "application/x-www-form-urlencoded"
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_BLOCKS = {"br", "dd", "div", "dt", "h1", "h2", "h3", "li", "option", "p", "pre", "summary", "td", "th"}
_FOCUSABLE = {"a", "button", "input", "select", "summary", "textarea"}
Pairs = list[tuple[str, str]]


@dataclass
class Form:
    """One form: where it goes, its fields as they would be posted, and its buttons."""

    action: str
    method: str
    fields: Pairs = field(default_factory=list)
    buttons: Pairs = field(default_factory=list)

    def value(self, name: str) -> str:
        return next(value for each, value in self.fields if each == name)

    def values(self, name: str) -> list[str]:
        return [value for each, value in self.fields if each == name]

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self.fields}

    @property
    def posted(self) -> QueryDict:
        """What the server would read, had the form been sent as it stands."""
        return QueryDict(urlencode(self.fields), mutable=True)


class Page(HTMLParser):
    """A page, read once. `text` is what stands on it, in one line; `nameless` what takes the focus and has no id."""

    def __init__(self, html: Any) -> None:
        super().__init__(convert_charrefs=True)
        self.html = html if isinstance(html, str) else html.content.decode()
        self.path = "" if isinstance(html, str) else html.request["PATH_INFO"]
        self.ids: list[str] = []
        self.nameless: list[str] = []
        self.label_ids: list[str] = []
        self.named_ids: set[str] = set()
        self.links: list[str] = []
        self.controls: dict[str, dict[str, str]] = {}
        self.forms: dict[str, Form] = {}
        self._texts: list[str] = []
        self._open: list[tuple[str, str]] = []
        self._form: Form | None = None
        self._area: tuple[Form | None, str, list[str]] | None = None
        self._select: tuple[Form | None, str, list[tuple[str, bool]]] | None = None
        self._by_id: dict[str, list[str]] = {}
        self.feed(self.html)
        self.close()

    @property
    def text(self) -> str:
        return " ".join("".join(self._texts).split())

    def text_of(self, identity: str) -> str:
        """The text inside the element of this id, in one line."""
        return " ".join("".join(self._by_id.get(identity, [])).split())

    def form(self, action: str) -> Form:
        """The form that goes there."""
        return self.forms[action]

    def error_at(self, identity: str) -> str:
        """What is said to be wrong with this control, as a screen reader reads it beside it."""
        control = self.controls[identity]
        said = " ".join(self.text_of(each) for each in control.get("aria-describedby", "").split())
        return said if control.get("aria-invalid") == "true" or control["tag"] == "summary" else ""

    @property
    def summary(self) -> str:
        """The error summary above the form."""
        return self.text_of("problems")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.append(given["id"])
            self.controls[given["id"]] = {**given, "tag": tag}
        elif (tag in _FOCUSABLE or "tabindex" in given) and given.get("type") != "hidden":
            self.nameless.append(self.get_starttag_text() or tag)
        if tag in _BLOCKS:
            self._texts.append(" ")
        if tag not in _VOID:
            self._open.append((tag, given.get("id", "")))
        self._note_references(tag, given)
        self._note_controls(tag, given)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def _note_references(self, tag: str, given: dict[str, str]) -> None:
        if tag == "label" and "for" in given:
            self.label_ids.append(given["for"])
        for name in ("aria-describedby", "aria-labelledby", "list", "form"):
            self.named_ids.update(given.get(name, "").split())
        if tag == "a":
            self.links.append(given.get("href", ""))

    def _note_controls(self, tag: str, given: dict[str, str]) -> None:
        if tag == "form":
            self._form = self.forms[given.get("action", "")] = Form(given.get("action", ""), given.get("method", "get"))
            if "id" in given:
                self.forms[f"#{given['id']}"] = self._form
        form = self.forms.get(f"#{given['form']}") if "form" in given else self._form
        usable = "name" in given and "disabled" not in given
        if tag == "input" and usable and form:
            if given.get("type") not in {"checkbox", "radio"} or "checked" in given:
                form.fields.append((given["name"], given.get("value", "on")))
        elif tag == "button" and form:
            form.buttons.append((given.get("name", ""), given.get("value", "")))
        else:
            self._note_choices(tag, given, form if usable else None)

    def _note_choices(self, tag: str, given: dict[str, str], form: Form | None) -> None:
        if tag == "textarea":
            self._area = (form, given.get("name", ""), [])
        elif tag == "select":
            self._select = (form, given.get("name", ""), [])
        elif tag == "option" and self._select:
            self._select[2].append((given.get("value", ""), "selected" in given))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass
        if tag == "form":
            self._form = None
        elif tag == "textarea" and self._area:
            form, name, parts = self._area
            self._area = None
            if form:
                # A browser drops one line break at the beginning, and sends all others as CR LF.
                # A browser reads every line end as LF, and sends it as CR LF.
                lines = "".join(parts).replace("\r\n", "\n").removeprefix("\n")
                form.fields.append((name, lines.replace("\n", "\r\n")))
        elif tag == "select" and self._select:
            form, name, options = self._select
            self._select = None
            chosen = [value for value, is_chosen in options if is_chosen] or [value for value, _ in options[:1]]
            if form:
                form.fields.extend((name, value) for value in chosen[-1:])

    def handle_data(self, data: str) -> None:
        self._texts.append(data)
        if self._area:
            self._area[2].append(data)
        for _, identity in self._open:
            if identity:
                self._by_id.setdefault(identity, []).append(data)


def read(response: Any) -> Page:
    """Read the page of an answer."""
    return Page(response)


def post(client: Client, path: str, fields: Pairs | Mapping[str, str | list[str]], **more: Any) -> Any:
    """Post fields as a browser does."""
    return client.post(path, urlencode(fields, doseq=True), content_type=FORM, **more)


def press(client: Client, page: Page, do: str, action: str = "/submissions/new/", **typed: object) -> Any:
    """Press a button of a form after typing into some of its fields; None takes a field away."""
    form = page.form(action)
    kept = [(name, value) for name, value in form.fields if name not in typed]
    for name, value in typed.items():
        values = value if isinstance(value, list) else [value]
        kept += [(name, str(each)) for each in values if each is not None]
    return post(client, action or page.path, [*kept, ("do", do)])
