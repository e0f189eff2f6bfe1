"""The bulk call's rules for field values: what is refused, and what is stored of what was sent.

Each kind of value has one function that returns the stored text or raises the refusal of leadsquared-api §15.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from lsqportal.sandbox.account import Account
from lsqportal.sandbox.answers import TIME_FORMAT, Refusal, as_us_time
from lsqportal.sandbox.records import ActivityType, Field

STANDARD_FIELDS = ("ActivityEvent_Note", "Status", "Owner")  # [DOC] leadsquared-api §3
SCRIPT = re.compile(r"<\s*/?\s*(script|iframe|object)|javascript:|onerror\s*=", re.IGNORECASE)
NUMBER = re.compile(r"-?\d{1,28}(\.\d+)?", re.ASCII)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PHONE = re.compile(r"\+?\d[\d -]{3,20}", re.ASCII)
ADDRESS = re.compile(r"(https?://)?[^\s/]+\.[^\s]+")


@dataclass(frozen=True)
class Sent:
    """One value as it was sent, with the values beside it (a dependent drop-down looks at its parent's)."""

    account: Account
    field: Field
    key: str
    text: str
    beside: dict[str, str]
    enforce_options: bool

    def word(self, switch: str) -> str:
        return self.account.switches.word(switch)

    def wrong_type(self) -> Refusal:
        # [SEEN] "value cannot be converted to the field type": leadsquared-api §15
        said = f"Value '{self.text}' of field '{self.key}' cannot be converted to '{self.field.data_type}'"
        return Refusal("MXInvalidDataTypeException", said)

    def not_allowed(self) -> Refusal:
        # [SEEN] strict accounts reject values outside the list: leadsquared-api §1c
        return Refusal("MXInvalidEntityReferenceException", f"Value '{self.text}' is not allowed in field '{self.key}'")


def stored_values(account: Account, kind: ActivityType, fields: object, *, enforce_options: bool) -> dict[str, str]:
    """What is stored of a row's Fields; keys of inner fields are joined with ~.

    Raises: Refusal for the first value that breaks a rule.
    """
    given = _flattened(kind, fields)
    texts = {key: text for key, (_, text) in given.items()}
    _check_mandatory(kind, texts)
    stored: dict[str, str] = {}
    for key, (field, text) in given.items():
        refuse_script(text)
        sent = Sent(account, field, key, text, texts, enforce_options)
        kept = _stored(sent) if text.strip() else text
        if kept.strip() or account.switches.word("empty_values") == "kept":
            stored[key] = kept
    return stored


def refuse_script(text: str) -> None:
    if SCRIPT.search(text):
        raise Refusal("MXXSSException", "A potentially dangerous value was detected in the request.")


def _flattened(kind: ActivityType, fields: object) -> dict[str, tuple[Field, str]]:
    if fields is None:
        return {}
    if not isinstance(fields, list):
        raise Refusal(None, "Cannot deserialize the current JSON object into type 'ActivityField[]'", status=400)
    given: dict[str, tuple[Field, str]] = {}
    for each in fields:
        schema_name, text = _name_and_value(each)
        field = kind.field(schema_name) or _standard(schema_name)
        if field is None:
            raise _unknown(schema_name)
        inner = each.get("Fields") if field.inner else None
        if inner is None:
            given[schema_name] = (field, text)
        else:
            given.update(_inner(field, inner))
    return given


def _inner(field: Field, fields: object) -> dict[str, tuple[Field, str]]:
    """The values of a custom field set: leadsquared-api §1e."""
    given: dict[str, tuple[Field, str]] = {}
    for each in fields if isinstance(fields, list) else ():
        schema_name, text = _name_and_value(each)
        inner = next((one for one in field.inner if one.schema_name == schema_name), None)
        if inner is None:
            raise _unknown(f"{field.schema_name}~{schema_name}")
        given[f"{field.schema_name}~{schema_name}"] = (inner, text)
    return given


def _name_and_value(each: object) -> tuple[str, str]:
    if not isinstance(each, dict):
        raise Refusal(None, "Cannot deserialize the current JSON array into type 'ActivityField'", status=400)
    # [DOC] inner keys are also shown as Attribute: leadsquared-api §1e
    schema_name, value = each.get("SchemaName", each.get("Attribute")), each.get("Value")
    if not isinstance(schema_name, str):
        raise _unknown(str(schema_name))
    if isinstance(value, (list, dict)):
        raise Refusal("MXInvalidDataTypeException", f"Value of field '{schema_name}' is not a text")
    if isinstance(value, bool):
        value = "true" if value else "false"
    return schema_name, "" if value is None else str(value)


def _unknown(schema_name: str) -> Refusal:
    # [SEEN] leadsquared-api §15
    return Refusal("MXUnknownAttributeException", f"Schema name '{schema_name}' does not exist")


def _standard(schema_name: str) -> Field | None:
    return Field(schema_name, schema_name) if schema_name in STANDARD_FIELDS else None


def _check_mandatory(kind: ActivityType, texts: dict[str, str]) -> None:
    needed = [(field.schema_name, field) for field in kind.fields]
    # An inner field is asked for as soon as anything of its set is given.
    needed += [
        (f"{field.schema_name}~{inner.schema_name}", inner)
        for field in kind.fields
        for inner in field.inner
        if any(key.startswith(f"{field.schema_name}~") for key in texts)
    ]
    for key, field in needed:
        if field.mandatory and not texts.get(key, "").strip():
            # [SEEN] the sheet's text: leadsquared-api §1b
            said = f"Field name : '{key}' of datatype : '{field.data_type}' is mandatory."
            raise Refusal("MXInvalidActivityFieldsException", said)


def _stored(sent: Sent) -> str:
    if sent.field.is_drop_down:
        return _options(sent)
    kinds = BY_RENDER_TYPE if sent.field.data_type == "String" else BY_DATA_TYPE
    name = sent.field.render_type if sent.field.data_type == "String" else sent.field.data_type
    return kinds.get(name or "", _text)(sent)


def _text(sent: Sent) -> str:
    limit = sent.account.switches.limit("max_text_length")
    if sent.word("max_text_length") == "field":
        limit = sent.field.max_length
    text = shortened(sent.account, sent.text, limit, sent.key)
    return text.strip() if sent.word("stored_blanks") == "trimmed" else text


def shortened(account: Account, text: str, limit: int | None, name: str) -> str:
    """The text as the switch over_length keeps it when it is longer than the limit."""
    if limit is None or len(text) <= limit:
        return text
    answer = account.switches.word("over_length")
    if answer == "reject":
        raise Refusal("MXInvalidActivityFieldsException", f"Field name : '{name}' is longer than {limit} characters.")
    return text[:limit] if answer == "truncate" else text


def _number(sent: Sent) -> str:
    if not NUMBER.fullmatch(sent.text):
        raise sent.wrong_type()
    return f"{float(sent.text):.2f}" if sent.word("number_values") == "two_decimals" else sent.text


def _date(sent: Sent) -> str:
    accepts = sent.word("date_only_accepts") if sent.field.render_type == "Date" else "with_time"
    formats = {"both": (TIME_FORMAT, "%Y-%m-%d"), "with_time": (TIME_FORMAT,), "without_time": ("%Y-%m-%d",)}[accepts]
    at = next((found for each in formats if (found := _parsed(sent.text, each))), None)
    if at is None:
        # [DOC] any other format "may cause errors": leadsquared-api §0
        raise sent.wrong_type()
    stored_as = sent.word("date_values")
    if stored_as == "as_sent":
        return sent.text
    return f"{at:{TIME_FORMAT}}.000" if stored_as == "milliseconds" else as_us_time(f"{at:{TIME_FORMAT}}")


def _parsed(text: str, time_format: str) -> datetime | None:
    try:
        at = datetime.strptime(text, time_format).replace(tzinfo=UTC)
    except ValueError:
        return None
    return at if at.strftime(time_format) == text else None  # strptime takes 2031-2-3 too


def _time(sent: Sent) -> str:
    if not (_parsed(sent.text, "%H:%M:%S") or _parsed(sent.text, "%H:%M")):
        raise sent.wrong_type()
    return sent.text


def _boolean(sent: Sent) -> str:
    accepts = {"both": {"0", "1", "true", "false"}, "one_zero": {"0", "1"}, "true_false": {"true", "false"}}
    text = sent.text.strip().lower()
    if text not in accepts[sent.word("boolean_accepts")]:
        raise sent.wrong_type()
    yes = text in {"1", "true"}
    return {"as_sent": sent.text, "one_zero": str(int(yes)), "true_false": str(yes).lower()}[
        sent.word("boolean_values")
    ]


def _email(sent: Sent) -> str:
    if not EMAIL.fullmatch(sent.text.strip()):
        raise sent.wrong_type()
    return sent.text.lower() if sent.word("email_values") == "lower_case" else sent.text


def _matching(pattern: re.Pattern[str]) -> Callable[[Sent], str]:
    def kept(sent: Sent) -> str:
        if not pattern.fullmatch(sent.text.strip()):
            raise sent.wrong_type()
        return sent.text

    return kept


def _active_user(sent: Sent) -> str:
    accepts, users = sent.word("active_user_values"), sent.account.store.users
    user = users.get(sent.text) if accepts != "email" else None
    if user is None and accepts != "guid":
        user = sent.account.store.user_by_email(sent.text)
    if user is None or not user.active:
        raise sent.not_allowed()
    return user.id  # [SEEN] reads return the GUID: leadsquared-api §1e


def _product(sent: Sent) -> str:
    accepts, products = sent.word("product_values"), sent.account.store.products
    if accepts != "name" and sent.text in products:
        return sent.text
    named = next((product for product, name in products.items() if name == sent.text), None)
    if accepts == "guid" or named is None:
        raise sent.not_allowed()
    return named


def _options(sent: Sent) -> str:
    if not sent.enforce_options:
        return _text(sent)
    options = sent.field.options_under(sent.beside.get(sent.field.parent, ""))
    if not sent.field.multi_select:
        return _option(sent, sent.text, options)
    separator = sent.word("multi_select_separator")
    pattern = "[;,]" if separator == "both" else separator
    for each in re.split(pattern, sent.text):
        _option(sent, each.strip(), options)
    return sent.text


def _option(sent: Sent, text: str, options: tuple[str, ...]) -> str:
    trimmed = text.strip() if sent.word("dropdown_blanks") == "trimmed" else text
    if trimmed in options:
        return trimmed
    alike = next((each for each in options if each.lower() == trimmed.lower()), None)
    if alike is None or sent.word("dropdown_case") == "sensitive":
        raise dataclasses.replace(sent, text=text).not_allowed()
    return alike


BY_DATA_TYPE: dict[str, Callable[[Sent], str]] = {
    "Number": _number,
    "DateTime": _date,
    "Time": _time,
    "Boolean": _boolean,
    "ActiveUsers": _active_user,
    "Product": _product,
    "Email": _email,
    "Phone": _matching(PHONE),
    "Website": _matching(ADDRESS),
}
BY_RENDER_TYPE: dict[str, Callable[[Sent], str]] = {
    "Email": _email,
    "Phone": _matching(PHONE),
    "URL": _matching(ADDRESS),
}
