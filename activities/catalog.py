"""What LeadSquared offers (activity types, their fields and options, users, opportunity types), with its age.

Pages read it from the database alone and say how old it is; what could not be refreshed is served as it was.
`ensure` fetches what a person waits for, the worker calls `refresh_due`, `refresh_now` is the button.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from activities import audit, connection, throttle
from activities.leadsquared.errors import LeadSquaredError, RateLimited, Refused
from activities.leadsquared.records import ActivityType, Field, OpportunityType, User
from activities.models import Account, CallKind, CatalogEntry, CatalogKind
from activities.models.clock import clock

T = TypeVar("T")
FIRST_OPPORTUNITY_CODE: Final = 12000  # [SEEN] from here on they are opportunity types: leadsquared-api §2
LISTS: Final = (CatalogKind.ACTIVITY_TYPES, CatalogKind.USERS, CatalogKind.OPPORTUNITY_TYPES)
# A day's quota can be as low as 10,000 calls (leadsquared-api §14) and one type's fields cost several.
OLDEST: Final = {kind: timedelta(hours=6 if kind == CatalogKind.FIELDS else 1) for kind in CatalogKind}
BACKGROUND_PAUSE: Final = timedelta(minutes=5)
PERSON_PAUSE: Final = timedelta(seconds=30)
PATIENCE_SECONDS: Final = 15.0
MOST_PARENT_VALUES: Final = 60  # each costs a call


@dataclass(frozen=True)
class Listing(Generic[T]):
    """One list as LeadSquared gave it last; `failure` says why the last try brought nothing."""

    records: tuple[T, ...] = ()
    fetched_at: datetime | None = None
    failure: str = ""

    @property
    def is_known(self) -> bool:
        """Whether it was fetched at least once."""
        return self.fetched_at is not None

    @property
    def is_stale(self) -> bool:
        """Whether it is known, but the last try to refresh it failed."""
        return self.is_known and bool(self.failure)


@dataclass(frozen=True, kw_only=True)
class CatalogField:
    """One field of an activity type with its options, or those under each value of its parent.

    Empty options are options that are not known. The parent of an inner field is named `set~inner`.
    """

    schema_name: str
    name: str
    kind: str
    mandatory: bool = False
    multiple: bool = False
    max_length: int | None = None
    options: tuple[str, ...] = ()
    parent: str = ""
    parent_name: str = ""
    by_parent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    inner: tuple[CatalogField, ...] = ()

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> CatalogField:
        """Return a field from its JSON; what an older portal did not store is empty."""
        known = {each.name: stored[each.name] for each in dataclasses.fields(cls) if each.name in stored}
        by_parent = {value: tuple(under) for value, under in stored.get("by_parent", {}).items()}
        inner = tuple(cls.from_json(each) for each in stored.get("inner", ()))
        options = tuple(stored.get("options", ()))
        return cls(**{**known, "options": options, "by_parent": by_parent, "inner": inner})


@dataclass(frozen=True)
class Catalog:
    """Everything that the row editor asks for, read in one query."""

    types: Listing[ActivityType]
    users: Listing[User]
    fields: Mapping[int, Listing[CatalogField]]

    @property
    def types_are_known(self) -> bool:
        """Whether the list of activity types was ever fetched."""
        return self.types.is_known

    @property
    def users_are_known(self) -> bool:
        """Whether the list of users was ever fetched."""
        return self.users.is_known

    @cached_property
    def _names(self) -> dict[int, str]:
        return {each.code: each.name for each in self.types.records}

    @cached_property
    def users_by_email(self) -> dict[str, User]:
        """The users by their e-mail in lower case, inactive ones too."""
        return {each.email.casefold(): each for each in self.users.records if each.email}

    def knows_type(self, code: int) -> bool:
        """Say whether this activity type is on the list."""
        return code in self._names

    def type_name(self, code: int) -> str:
        """Return the type's name, or its code in words where the list does not have it."""
        return self._names.get(code) or f"Activity type {code}"

    def user(self, email: str) -> User | None:
        """Return the user with this e-mail, whatever its case."""
        return self.users_by_email.get(email.strip().casefold())

    def fields_of(self, code: int) -> tuple[CatalogField, ...]:
        """Return the type's fields in form order; none where they are not known."""
        return self.fields.get(code, Listing()).records

    def is_parent(self, code: int, schema_name: str) -> bool:
        """Say whether the list of another field follows this one."""
        fields = [inner for each in self.fields_of(code) for inner in (each, *each.inner)]
        return any(each.parent and schema_name in {each.parent, each.parent.rpartition("~")[2]} for each in fields)

    def failures(self, *, now: datetime | None = None) -> list[str]:
        """Return a sentence for what is served old and one for what could not be loaded, if there is any."""
        named: list[tuple[str, Listing[Any]]] = [("activity types", self.types), ("users", self.users)]
        named += [(f"fields of {self.type_name(code)}", listing) for code, listing in self.fields.items()]
        sentences = []
        stale = {name: listing for name, listing in named if listing.is_stale}
        if stale:
            oldest = min(listing.fetched_at for listing in stale.values() if listing.fetched_at)
            age = _age((now or timezone.now()) - oldest)
            sentences.append(f"Lists of {_joined(stale)} are {age} old. {next(iter(stale.values())).failure}")
        unknown = {name: listing for name, listing in named if not listing.is_known}
        if unknown:
            failure = next((each.failure for each in unknown.values() if each.failure), "They are being fetched.")
            sentences.append(
                f"Lists of {_joined(unknown)} could not be loaded. {failure} "
                "A type can be given by its code, and a field by its SchemaName."
            )
        return sentences


def load(codes: Iterable[int] = ()) -> Catalog:
    """Read activity types, users and the fields of these types, in one query."""
    wanted = set(codes)
    found = _entries(_page(str(code) for code in wanted))
    return Catalog(
        types=_listing(found, CatalogKind.ACTIVITY_TYPES, "", ActivityType.from_json),
        users=_listing(found, CatalogKind.USERS, "", User.from_json),
        fields={code: _listing(found, CatalogKind.FIELDS, str(code), CatalogField.from_json) for code in wanted},
    )


def activity_types() -> Listing[ActivityType]:
    """Read the activity types; opportunity types are never among them."""
    kind = CatalogKind.ACTIVITY_TYPES
    return _listing(_entries(Q(kind=kind)), kind, "", ActivityType.from_json)


def users() -> Listing[User]:
    """Read the users, inactive ones too."""
    return _listing(_entries(Q(kind=CatalogKind.USERS)), CatalogKind.USERS, "", User.from_json)


def users_fetched_at() -> datetime | None:
    """Return when the list of users was fetched, without reading it."""
    return CatalogEntry.objects.filter(kind=CatalogKind.USERS).values_list("fetched_at", flat=True).first()


def opportunity_types() -> Listing[OpportunityType]:
    """Read the opportunity types."""
    kind = CatalogKind.OPPORTUNITY_TYPES
    return _listing(_entries(Q(kind=kind)), kind, "", OpportunityType.from_json)


def ensure(codes: Iterable[int] = (), *, now: datetime | None = None) -> None:
    """Fetch what is not known yet of types, users and the fields of these types, while a person waits.

    A failure is kept in the list and not tried again for half a minute, so that no page hangs each time.
    After about 15 seconds the rest is left to the worker.
    """
    mine = {str(code) for code in codes if 0 < code < FIRST_OPPORTUNITY_CODE}
    wanted = [(CatalogKind.ACTIVITY_TYPES.value, ""), (CatalogKind.USERS.value, "")]
    wanted += [(CatalogKind.FIELDS.value, code) for code in sorted(mine)]
    known = CatalogEntry.objects.filter(_page(mine), fetched_at__isnull=False).values_list("kind", "key")
    unknown = [each for each in wanted if each not in set(known)]
    if unknown:
        _fetch_all(unknown, now=now or clock())


def refresh_due(*, now: datetime | None = None) -> bool:
    """Refresh the oldest list that is due, in the background; return whether there was one.

    Of many workers one gets it. Nothing is asked during a hold, and a list rests five minutes after a try.
    """
    moment = now or clock()
    if CatalogEntry.objects.filter(key="").count() < len(LISTS):
        CatalogEntry.objects.bulk_create([CatalogEntry(kind=kind) for kind in LISTS], ignore_conflicts=True)
    old = Q(fetched_at=None)
    for kind, age in OLDEST.items():
        old |= Q(kind=kind, fetched_at__lte=moment - age)
    due = _rested(moment - BACKGROUND_PAUSE) & (old | Q(tried_at=None))
    entry = (
        CatalogEntry.objects.filter(due).defer("records").order_by(F("fetched_at").asc(nulls_first=True), "pk").first()
    )
    if entry is None or Account.objects.filter(hold_since__isnull=False).exists():
        return False
    if not _claim(entry, pause=BACKGROUND_PAUSE, now=moment):
        return False
    _refresh(entry, CallKind.BACKGROUND, now=moment)
    return True


def refresh_now(*, by: audit.Actor, now: datetime | None = None) -> list[str]:
    """Refresh the lists while a person waits, and the fields of all types in the background.

    Returns a sentence for each list that could not be refreshed.
    """
    moment = now or clock()
    with transaction.atomic():
        CatalogEntry.objects.update(tried_at=None)
        asked = f"{_joined(kind.label.lower() for kind in LISTS)}; fields in the background"
        audit.record(audit.Action.CATALOG_REFRESHED, "LeadSquared catalog", by=by, lists=asked, now=moment)
    return _fetch_all([(kind.value, "") for kind in LISTS], now=moment)


@dataclass(frozen=True)
class _Failure:
    """Why a list was not refreshed, and whether the next list would meet the same."""

    sentence: str
    meets_all: bool


def _fetch_all(wanted: Iterable[tuple[str, str]], *, now: datetime) -> list[str]:
    """Fetch lists that a person waits for; after a failure that meets all, the rest is not even tried."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    failures: list[str] = []
    general: _Failure | None = None
    for kind, key in wanted:
        entry, _ = CatalogEntry.objects.get_or_create(kind=kind, key=key)
        if time.monotonic() > give_up_at or not _claim(entry, pause=PERSON_PAUSE, now=now):
            continue
        failure = _fail(entry, general) if general else _refresh(entry, CallKind.READ, now=now)
        if failure:
            failures.append(f"{CatalogKind(kind).label}: {failure.sentence}")
            general = failure if failure.meets_all else None
    return failures


def _claim(entry: CatalogEntry, *, pause: timedelta, now: datetime) -> bool:
    """Take the next try of this list, unless somebody tried it within the pause."""
    return bool(CatalogEntry.objects.filter(_rested(now - pause), pk=entry.pk).update(tried_at=now))


def _rested(since: datetime) -> Q:
    return Q(tried_at=None) | Q(tried_at__lte=since)


def _refresh(entry: CatalogEntry, call_kind: CallKind, *, now: datetime) -> _Failure | None:
    try:
        records = _FETCHES[entry.kind](call_kind, entry.key)
    except RateLimited as error:
        throttle.slow_down()
        return _fail(entry, _Failure(error.for_user, meets_all=True))
    except LeadSquaredError as error:
        return _fail(entry, _Failure(error.for_user, meets_all=not isinstance(error, Refused)))
    if not records and entry.kind in LISTS:
        # [SEEN] "an empty array is never proof": leadsquared-api §9
        return _fail(entry, _Failure("LeadSquared answered with an empty list.", meets_all=False))
    CatalogEntry.objects.filter(pk=entry.pk).update(records=_storable(records), fetched_at=now, failure="")
    if entry.kind == CatalogKind.ACTIVITY_TYPES:
        _plan_fields([str(each["code"]) for each in records])
    return None


def _fail(entry: CatalogEntry, failure: _Failure) -> _Failure:
    CatalogEntry.objects.filter(pk=entry.pk).update(failure=_storable(failure.sentence)[:500])
    return failure


def _plan_fields(codes: list[str]) -> None:
    """Let the worker fetch the fields of all types, and forget codes that never were one."""
    kind = CatalogKind.FIELDS
    CatalogEntry.objects.filter(kind=kind, fetched_at=None).exclude(key__in=codes).delete()
    CatalogEntry.objects.bulk_create([CatalogEntry(kind=kind, key=code) for code in codes], ignore_conflicts=True)


def _activity_types(call_kind: CallKind, _: str) -> list[dict[str, Any]]:
    found = connection.client(call_kind).activity_types()
    return [each.as_json() for each in found if each.code < FIRST_OPPORTUNITY_CODE]


def _users(call_kind: CallKind, _: str) -> list[dict[str, Any]]:
    return [each.as_json() for each in connection.client(call_kind).users()]


def _opportunity_types(call_kind: CallKind, _: str) -> list[dict[str, Any]]:
    return [each.as_json() for each in connection.client(call_kind).opportunity_types()]


def _fields(call_kind: CallKind, key: str) -> list[dict[str, Any]]:
    given = connection.client(call_kind).activity_fields(int(key))
    return [dataclasses.asdict(each) for each in _FieldSet(call_kind, int(key), given).offered()]


_FETCHES: Final[Mapping[str, Callable[[CallKind, str], list[dict[str, Any]]]]] = {
    CatalogKind.ACTIVITY_TYPES: _activity_types,
    CatalogKind.USERS: _users,
    CatalogKind.OPPORTUNITY_TYPES: _opportunity_types,
    CatalogKind.FIELDS: _fields,
}


class _FieldSet:
    """The fields of a type, or those inside one of its field sets, completed with options from other calls.

    [DOC, SEEN] a drop-down's own OptionSet is often empty although it has options: leadsquared-api §3, §4.
    """

    def __init__(self, call_kind: CallKind, code: int, given: Iterable[Field], outer: str = "") -> None:
        self._call_kind, self._code, self._outer = call_kind, code, outer
        self._given = {each.schema_name: each for each in sorted(given, key=lambda each: each.sequence)}
        self._known: dict[str, Mapping[str, tuple[str, ...]]] = {}

    def offered(self) -> list[CatalogField]:
        """The fields in form order."""
        return [self._offered(each) for each in self._given.values()]

    def _offered(self, given: Field) -> CatalogField:
        under = self._under(given)
        parent = self._given.get(given.parent) if under and "" not in under else None
        inner = _FieldSet(self._call_kind, self._code, given.fields, given.schema_name).offered()
        return CatalogField(
            schema_name=given.schema_name,
            name=given.name,
            kind=given.kind,
            mandatory=given.mandatory,
            multiple=given.multiple or given.kind == "multiple_choice",
            max_length=given.max_length,
            options=() if parent else _flat(under),
            parent=f"{self._outer}~{given.parent}".lstrip("~") if parent else "",
            parent_name=parent.name if parent else "",
            by_parent=under if parent else {},
            inner=tuple(inner),
        )

    def _under(self, field: Field) -> Mapping[str, tuple[str, ...]]:
        """The options under each value of the parent; those that follow no parent under the empty value."""
        if field.schema_name not in self._known:
            self._known[field.schema_name] = {}  # fields that name each other as parents come to an end
            self._known[field.schema_name] = self._asked(field)
        return self._known[field.schema_name]

    def _asked(self, field: Field) -> Mapping[str, tuple[str, ...]]:
        if field.kind not in {"choice", "multiple_choice", "dependent_choice"}:
            return {}
        if field.parent:
            return field.by_parent or self._dependent(field) or ({"": field.options} if field.options else {})
        return {"": field.options or self._independent(field)}

    def _independent(self, field: Field) -> tuple[str, ...]:
        client = connection.client(self._call_kind)
        try:
            return tuple(client.dropdown_options(self._code, field.schema_name, field_set=self._outer))
        except Refused:
            return ()  # the page then draws a text: no list is better than no field

    def _dependent(self, field: Field) -> Mapping[str, tuple[str, ...]]:
        parent = self._given.get(field.parent)
        values = _flat(self._under(parent))[:MOST_PARENT_VALUES] if parent else ()
        client, name, outer = connection.client(self._call_kind), field.schema_name, self._outer
        try:
            return {
                value: tuple(client.dependent_options(self._code, field.parent, value, name, field_set=outer))
                for value in values
            }
        except Refused:
            return {}


def _flat(under: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(option for options in under.values() for option in options))


def _entries(wanted: Q) -> dict[tuple[str, str], CatalogEntry]:
    return {(entry.kind, entry.key): entry for entry in CatalogEntry.objects.filter(wanted)}


def _page(codes: Iterable[str]) -> Q:
    """What one page of the editor needs."""
    lists = (CatalogKind.ACTIVITY_TYPES, CatalogKind.USERS)
    return Q(kind__in=lists) | Q(kind=CatalogKind.FIELDS, key__in=list(codes))


def _listing(
    found: Mapping[tuple[str, str], CatalogEntry], kind: str, key: str, read: Callable[[dict[str, Any]], T]
) -> Listing[T]:
    entry = found.get((kind, key))
    if entry is None:
        return Listing()
    return Listing(tuple(read(each) for each in entry.records), entry.fetched_at, entry.failure)


def _storable(content: Any) -> Any:
    """Return JSON content without what PostgreSQL refuses: NUL and halves of surrogate pairs."""
    match content:
        case str():
            return content.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
        case dict():
            return {_storable(name): _storable(each) for name, each in content.items()}
        case list() | tuple():
            return [_storable(each) for each in content]
        case _:
            return content


def _joined(names: Iterable[str]) -> str:
    first, *rest = names
    if len(rest) > 3:
        rest = [*rest[:2], f"{len(rest) - 2} more"]
    return f"{', '.join([first, *rest[:-1]])} and {rest[-1]}" if rest else first


def _age(age: timedelta) -> str:
    minutes = max(1, int(age.total_seconds() // 60))
    for unit, size in (("day", 1440), ("hour", 60), ("minute", 1)):
        if minutes >= size:
            return f"{minutes // size} {unit}{'s' if minutes // size > 1 else ''}"
    return "a minute"
