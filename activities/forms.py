"""The row editor's form: what each row looks like, and what is wrong with it.

`check` reads a draft's content against the catalog and returns rows to draw, rows to submit, and problems.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from functools import cached_property
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

from activities import fields, typed_rows
from activities.catalog import Catalog, CatalogField
from activities.models import LARGEST
from activities.owners import Directory
from activities.submissions import NewRow
from activities.typed_rows import Content, TypedRow

FIRST_OPPORTUNITY_CODE: Final = 12000  # activity codes from here on are opportunity types: leadsquared-api §2 [SEEN]
# Optional fields of a type are in view as long as they fit into its first line: ten of twelve tracks.
TRACKS: Final = {"s": 2, "m": 3, "l": 4}
TRACKS_OF_A_LINE: Final = 10
# From so many options on a list is found by typing: the eight; boxes are seen at a glance for longer.
MANY_OPTIONS: Final = 8
MANY_BOXES: Final = 12
# What can be typed in many ways, and is shown in one.
SHOWN_BACK: Final = {"date", "date_time", "time", "number"}
LONGEST_NOTE: Final = 4000  # the limit of LeadSquared is unknown (leadsquared-api §19.13); this one is ours


@dataclass(frozen=True)
class Problem:
    """Something to put right: at which field, and what to do; `at_field` says it where the row is in view."""

    anchor: str
    text: str
    at_field: str = ""
    row: int = 0
    is_missing: bool = False


@dataclass
class Cell:
    """One custom field of one row, as it is drawn."""

    id: str
    name: str
    label: str
    control: fields.Control
    value: str
    values: Sequence[str]
    mandatory: bool
    redraws: bool
    follows: bool = False
    # The custom field set that it belongs to, and its name there.
    group: str = ""
    name_in_group: str = ""
    error: str = ""
    is_missing: bool = False
    # How a date, a time or a number was understood; it means the same when it is typed again.
    shown: str = ""
    read: fields.Value = field(default_factory=fields.Value)

    @property
    def is_filled(self) -> bool:
        """Whether anything was typed."""
        return bool(self.value or self.values)

    @property
    def stands(self) -> str:
        """What stands in the input: “today” is another day tomorrow, so what was understood takes its place."""
        return self.shown or self.value

    @property
    def options(self) -> list[str]:
        """What can be chosen; a value that left the list stays visible, so that nothing typed is lost."""
        offered = list(fields.YES_NO.values()) if self.control.input == "yes_no" else list(self.control.options)
        chosen = self.values if self.control.input == "checkboxes" else [self.value]
        return [*offered, *(value for value in chosen if value and value not in offered)]

    @property
    def is_long(self) -> bool:
        """Whether there is so much to choose from that it is found by typing, where scripts run."""
        return len(self.options) >= (MANY_BOXES if self.control.input == "checkboxes" else MANY_OPTIONS)

    @property
    def list_id(self) -> str:
        """The id of the suggestions for what is typed."""
        if self.control.input == "user":
            return "owners"
        return f"{self.id}-list" if self.control.options and self.control.input == "text" else ""


@dataclass(frozen=True)
class Block:
    """Cells that are drawn together: those of a custom field set under its name, or one cell without a name."""

    name: str
    cells: Sequence[Cell]

    @property
    def tracks(self) -> int:
        """How much of a line it takes."""
        return sum(TRACKS[cell.control.width] for cell in self.cells)

    @property
    def is_wide(self) -> bool:
        """Whether it needs lines of its own."""
        return self.tracks > TRACKS_OF_A_LINE


@dataclass
class BareField:
    """A field by its SchemaName, for what the catalog does not know."""

    id: str
    name: str
    value: str
    error: str = ""
    value_error: str = ""


@dataclass
class RowForm:
    """One row of the editor."""

    number: int
    code: str
    is_other: bool
    code_typed: str
    type_name: str
    owner: str
    note: str
    state: str = "free"
    same_type: bool = False
    cells: list[Cell] = field(default_factory=list)
    more: list[Cell] = field(default_factory=list)
    bare: list[BareField] = field(default_factory=list)
    hidden: list[tuple[str, str]] = field(default_factory=list)
    type_error: str = ""
    code_error: str = ""
    owner_error: str = ""
    note_error: str = ""
    refused: str = ""

    @property
    def blocks(self) -> list[Block]:
        """The fields in view, those of one custom field set together."""
        return _blocks(self.cells)

    @property
    def more_blocks(self) -> list[Block]:
        """The folded fields, likewise."""
        return _blocks(self.more)

    @property
    def more_is_open(self) -> bool:
        """Whether something that needs a look stands among the folded fields."""
        return any(each.name or each.value for each in self.bare)

    @property
    def glyph(self) -> str:
        """The shape that goes with the state."""
        return {"ready": "ready", "error": "warning"}.get(self.state, "waiting")

    @property
    def state_in_words(self) -> str:
        """The state as it is read out."""
        return {"error": "has a problem", "free": "empty"}.get(self.state, self.state)


@dataclass
class Checked:
    """A draft's content, read: rows to draw, rows to submit, and what is in the way."""

    rows: list[RowForm]
    new_rows: list[NewRow]
    problems: list[Problem]
    skip_option_check: bool
    blank: RowForm  # without a number: scripts make new rows of it

    @property
    def filled_count(self) -> int:
        """How many rows are more than empty."""
        return sum(row.state != "free" for row in self.rows)

    @property
    def problem_count(self) -> int:
        """How many rows have a problem."""
        return sum(row.state == "error" for row in self.rows)

    @property
    def valid_count(self) -> int:
        """How many rows could be sent as they stand."""
        return len(self.new_rows)

    @property
    def can_part(self) -> bool:
        """Whether the valid rows could go without the others; every problem must be one of the others'."""
        return bool(self.problem_count) and 0 < self.valid_count <= LARGEST

    @property
    def filled_in_words(self) -> str:
        """How many of the places are taken."""
        return f"{self.filled_count} of {LARGEST}"

    @property
    def problems_in_words(self) -> str:
        """How many rows have a problem, as it goes on after the rows; empty for none."""
        return f", {self.problem_count} with a problem" if self.problem_count else ""

    @property
    def review_in_words(self) -> str:
        """What the button of the review says before it names the opportunity."""
        count = f"{self.filled_count} " if self.filled_count else ""
        return f"Review {count}{'activity' if self.filled_count == 1 else 'activities'}"

    @property
    def wrong(self) -> set[str]:
        """The ids of the fields that hold something wrong, not merely nothing."""
        return {problem.anchor for problem in self.problems if problem.row and not problem.is_missing}

    @property
    def shown(self) -> dict[str, str]:
        """How dates, times and numbers were understood, by the id of their field, where that is not as they stand."""
        cells = [cell for form in self.rows for cell in (*form.cells, *form.more)]
        return {cell.id: cell.shown for cell in cells if cell.shown and cell.shown != cell.value}

    @property
    def places_left(self) -> int:
        """How many more rows fit into one call."""
        return max(0, LARGEST - self.filled_count)

    @property
    def free_places(self) -> range:
        """The places that are still empty, to draw them."""
        return range(self.places_left)


@dataclass(frozen=True, kw_only=True)
class Reader:
    """What is needed to read a row: what LeadSquared offers, and where and when the person is."""

    catalog: Catalog
    zone: ZoneInfo
    today: date
    default_owner: str
    skip_option_check: bool = False
    now: time | None = None
    # The display name of the field that carries a row's reference, and the reference of the row of a number.
    reference_field: str = ""
    reference_of: Callable[[int], str] = str

    @cached_property
    def directory(self) -> Directory:
        """Whom people may mean as an owner."""
        return Directory(self.catalog.users.records)


def check(content: Content, reader: Reader, *, complain: bool) -> Checked:
    """Read every row; with `complain` its problems stand at their fields, else a row is at most unfinished."""
    reads = [_RowReader(row, number, reader) for number, row in enumerate(content["rows"], start=1)]
    forms = [read.form for read in reads]
    new_rows = [read.new_row for read in reads if read.new_row is not None]
    problems = [problem for read in reads for problem in read.problems]
    filled = sum(form.state != "free" for form in forms)
    if filled > LARGEST:
        text = f"LeadSquared takes {LARGEST} activities in one call. Remove {filled - LARGEST} of the {filled} rows."
        problems.insert(0, Problem("rows", text))
    for form in forms:
        if not complain:
            _hush(form)
            _say_why(form, content["rows"][form.number - 1].get("refused") or {})
        elif form.state == "unfinished":
            form.state = "error"
    if len(forms) < LARGEST and (not forms or forms[-1].state != "free"):
        forms.append(_blank(len(forms) + 1, reader))
    if not problems and not new_rows:
        problems = [Problem("r1-type", "There is no row yet. Choose an activity type in row 1.")]
        forms[0].type_error = problems[0].text if complain else ""
    _lay_out(forms)
    return Checked(forms, new_rows, problems, reader.skip_option_check, _blank(0, reader))


def _blank(number: int, reader: Reader) -> RowForm:
    return _RowReader(typed_rows.blank(reader.default_owner), number, reader).form


def tell(checked: Checked, *, in_hand: str, told: Collection[str]) -> dict[str, Problem]:
    """Return what to say at the fields of rows that are still typed in, by the id of the field.

    What is wrong is told; what is missing is not, unless it was told before (`told`). Nothing is told at the field
    that somebody is in (`in_hand`). A row with something that is told counts as one with a problem.
    """
    telling = {
        problem.anchor: problem
        for problem in checked.problems
        if problem.row and problem.anchor != in_hand and (not problem.is_missing or problem.anchor in told)
    }
    rows = {problem.row for problem in telling.values()}
    for form in checked.rows:
        if form.number in rows:
            form.state = "error"
        for cell in (*form.cells, *form.more):
            if cell.error:
                # Why LeadSquared refused the row; it stays until the row is posted.
                telling.setdefault(cell.id, Problem(cell.id, cell.error, cell.error))
    return telling


class _RowReader:
    """Reads one row: draws it, finds its problems, and makes the row to submit when there are none."""

    def __init__(self, row: TypedRow, number: int, reader: Reader) -> None:
        self.row, self.number, self.reader = row, number, reader
        self.problems: list[Problem] = []
        self.new_row: NewRow | None = None
        self._missing = False
        code = str(row["code"])
        known = typed_rows.is_code(code) and reader.catalog.knows_type(int(code))
        is_other = bool(row.get("by_code")) or (bool(code) and not known)
        self.form = RowForm(
            number=number,
            code="" if is_other else code,
            is_other=is_other,
            code_typed=code if is_other else "",
            type_name=reader.catalog.type_name(int(code)) if typed_rows.is_code(code) else "",
            owner=row["owner"],
            note=row["note"],
        )
        self._taken: set[str] = set()
        self._read(code)

    def _read(self, code: str) -> None:
        self.form.hidden = [*self._other_values(code), *_origin(self.row, self.number)]
        sent: list[dict[str, Any]] = []
        if typed_rows.is_code(code):
            for offered in self.reader.catalog.fields_of(int(code)):
                is_reference = bool(self.reader.reference_field) and offered.name == self.reader.reference_field
                sent.extend([self._reference(offered)] if is_reference else self._field(offered, code))
        sent.extend(self._bare(code))
        if typed_rows.is_blank(self.row):
            return
        self._check_type(code)
        owner_email, owner_name = self._owner()
        self._note()
        if self.problems:
            self.form.state = "unfinished" if self._missing and len(self.problems) == self._missing_count else "error"
            return
        self.form.state = "ready"
        self.new_row = NewRow(
            code=int(code),
            type_name=self.form.type_name,
            owner_email=owner_email,
            owner_name=owner_name,
            note=self.form.note,
            fields=tuple(sent),
            follows=self.row.get("follows"),
            reference=next((each["value"] for each in sent if each.get("is_reference")), ""),
        )

    _missing_count = 0

    def _problem(self, anchor: str, text: str, *, missing: bool = False) -> str:
        self.problems.append(Problem(anchor, f"Row {self.number}, {text}", text, self.number, missing))
        if missing:
            self._missing = True
            self._missing_count += 1
        return text

    def _check_type(self, code: str) -> None:
        form, n = self.form, self.number
        if not code:
            if form.is_other:
                form.code_error = self._problem(
                    f"r{n}-code", "Activity type: type its code, a number such as 208.", missing=True
                )
            else:
                form.type_error = self._problem(f"r{n}-type", "Activity type: choose one.", missing=True)
        elif not typed_rows.is_code(code):
            form.code_error = self._problem(f"r{n}-code", f"Activity type: “{code}” is not a code such as 208.")
        elif int(code) >= FIRST_OPPORTUNITY_CODE:
            form.code_error = self._problem(
                f"r{n}-code", f"Activity type: {code} is an opportunity type. Activities have codes below 12000."
            )
        elif form.is_other and not self.row.get("by_code") and self.reader.catalog.types_are_known:
            form.code_error = self._problem(
                f"r{n}-code",
                f"Activity type: LeadSquared’s list has no type {code}. Choose one, or “Another type, by its code”.",
            )

    def _owner(self) -> tuple[str, str]:
        anchor = f"r{self.number}-owner"
        typed_owner = self.row["owner"].strip()
        if not typed_owner:
            self.form.owner_error = self._problem(anchor, "Owner: choose a LeadSquared user by e-mail.", missing=True)
            return "", ""
        named = None if "@" in typed_owner else self.reader.directory.by_name(typed_owner)
        if named:
            self.form.owner = named.email
            return named.email, named.name
        try:
            email = fields.check_email("Owner", typed_rows.meant(typed_owner))
        except fields.Wrong as wrong:
            self.form.owner_error = self._problem(anchor, f"{wrong}{self._meant(typed_owner)}")
            return "", ""
        user = self.reader.catalog.user(email)
        if user is None and self.reader.catalog.users_are_known:
            advice = self._meant(email) or " Choose one of the list, or refresh the lists below."
            self.form.owner_error = self._problem(anchor, f"Owner: LeadSquared has no user {email}.{advice}")
        elif user is not None and not user.active:
            self.form.owner_error = self._problem(
                anchor, f"Owner: {user.name} is inactive in LeadSquared. Choose an active user."
            )
        return (user.email, user.name) if user else (email, "")

    def _meant(self, text: str) -> str:
        emails = self.reader.directory.meant(text)
        return f" Did you mean {' or '.join(emails)}?" if emails else ""

    def _note(self) -> None:
        try:
            fields.check_text("Note", typed_rows.meant(self.row["note"]), longest=LONGEST_NOTE, lines=True)
        except fields.Wrong as wrong:
            self.form.note_error = self._problem(f"r{self.number}-note", str(wrong))

    def _field(self, offered: CatalogField, code: str) -> Iterator[dict[str, Any]]:
        """Draw one field and yield what it sends; a field set yields its inner fields nested in it."""
        if not offered.inner:
            yield from self._one(offered, code, offered.schema_name)
            return
        inner = [
            sent
            for each in offered.inner
            for sent in self._one(each, code, f"{offered.schema_name}~{each.schema_name}", group=offered.name)
        ]
        if inner:
            self._taken.add(offered.schema_name.casefold())
            yield {
                "schema_name": offered.schema_name,
                "label": offered.name,
                "value": "",
                "shown": "",
                "typed": "",
                "fields": inner,
            }

    def _one(self, offered: CatalogField, code: str, key: str, *, group: str = "") -> Iterator[dict[str, Any]]:
        label = f"{group}: {offered.name}" if group else offered.name
        of_type: Mapping[str, Any] = self.row["values"].get(code, {})
        value = of_type.get(key, "")
        parent_value = str(of_type.get(offered.parent, "")) if offered.parent else ""
        name = f"r{self.number}-v{code}-{key}"
        cell = Cell(
            id=name.replace("~", "-"),
            name=name,
            label=label,
            control=fields.control(offered, parent_value=parent_value, skip_option_check=self.reader.skip_option_check),
            # Several values in one input: a drop-down became a text, by the switch or in LeadSquared.
            value=value if isinstance(value, str) else fields.SEPARATOR.join(filter(None, value)),
            values=[each for each in ([value] if isinstance(value, str) else value) if each],
            mandatory=offered.mandatory,
            redraws=self.reader.catalog.is_parent(int(code), offered.schema_name),
            follows=bool(offered.parent),
            group=group,
            name_in_group=offered.name if group else "",
        )
        self.form.cells.append(cell)
        try:
            read = fields.read(
                offered,
                typed_rows.meant(value) if isinstance(value, str) else [typed_rows.meant(each) for each in value],
                zone=self.reader.zone,
                today=self.reader.today,
                now=self.reader.now,
                skip_option_check=self.reader.skip_option_check,
                parent_value=parent_value,
                users=self.reader.catalog.users_by_email,
            )
        except fields.Wrong as wrong:
            cell.is_missing = not cell.is_filled
            cell.error = self._problem(cell.id, str(wrong), missing=cell.is_missing)
            return
        cell.read = read
        if cell.control.input in SHOWN_BACK:
            cell.shown = read.shown
        if read.sent:
            self._taken.add(key.casefold())
            yield {
                "schema_name": offered.schema_name,
                "label": label,
                "value": read.sent,
                "shown": read.shown,
                "typed": cell.shown or value,
            }

    def _bare(self, code: str) -> Iterator[dict[str, Any]]:
        """Draw the fields by SchemaName, with an empty pair behind them, and yield what they send."""
        pairs = [*self._without_field(code), *self.row["bare"], {"schema_name": "", "value": ""}]
        for index, pair in enumerate(pairs, start=1):
            drawn = BareField(f"r{self.number}-b{index}", pair["schema_name"], pair["value"])
            self.form.bare.append(drawn)
            if not (drawn.name or drawn.value):
                continue
            name = drawn.name.strip()
            try:
                fields.check_schema_name(typed_rows.meant(name))
            except fields.Wrong as wrong:
                drawn.error = self._problem(f"{drawn.id}-name", str(wrong))
                continue
            if name.casefold() in self._taken:
                text = f"SchemaName: {name} has a value already. Take one of the two away."
                drawn.error = self._problem(f"{drawn.id}-name", text)
                continue
            self._taken.add(name.casefold())
            try:
                read = fields.read_bare(name, typed_rows.meant(drawn.value))
            except fields.Wrong as wrong:
                drawn.value_error = self._problem(f"{drawn.id}-value", str(wrong))
                continue
            yield {
                "schema_name": name,
                "label": name,
                "value": read.sent,
                "shown": read.shown,
                "typed": drawn.value,
                "bare": True,
            }

    def _without_field(self, code: str) -> Iterator[dict[str, str]]:
        """Values of this type whose field is not known (any more): in view by SchemaName, never dropped unseen."""
        drawn = _drawn_keys(self.reader.catalog, code)
        for key, value in self.row["values"].get(code, {}).items():
            text = value if isinstance(value, str) else fields.SEPARATOR.join(filter(None, value))
            if text and key not in drawn and "~" not in key:
                yield {"schema_name": key, "value": text}

    def _reference(self, offered: CatalogField) -> dict[str, Any]:
        """The portal's own mark on a row, by which read-back knows its activity; nobody types it."""
        reference = self.reader.reference_of(self.number)
        return {
            "schema_name": offered.schema_name,
            "label": offered.name,
            "value": reference,
            "shown": reference,
            "typed": "",
            "is_reference": True,
        }

    def _other_values(self, code: str) -> Iterator[tuple[str, str]]:
        """Values that were typed for another type, kept in case the person goes back to it."""
        for other, of_type in self.row["values"].items():
            drawn = _drawn_keys(self.reader.catalog, code) if other == code else set()
            for key, value in of_type.items():
                for each in [value] if isinstance(value, str) else value:
                    if each and key not in drawn and (other != code or "~" in key):
                        yield f"r{self.number}-v{other}-{key}", each


def _drawn_keys(catalog: Catalog, code: str) -> set[str]:
    offered = catalog.fields_of(int(code)) if typed_rows.is_code(code) else ()
    inner = {f"{each.schema_name}~{one.schema_name}" for each in offered for one in each.inner}
    return inner | {each.schema_name for each in offered if not each.inner}


def _origin(row: TypedRow, number: int) -> Iterator[tuple[str, str]]:
    """What a retry carries along: the row it puts right, and why that one was refused."""
    if row.get("follows"):
        yield f"r{number}-follows", str(row["follows"])
    for name, value in (row.get("refused") or {}).items():
        yield f"r{number}-refused-{name}", value


def _hush(form: RowForm) -> None:
    """Nobody likes to be told that a form is wrong before it is done."""
    form.type_error = form.code_error = form.owner_error = form.note_error = ""
    for cell in form.cells:
        cell.error = ""
    for bare in form.bare:
        bare.error = bare.value_error = ""
    if form.state == "error":
        form.state = "unfinished"


def _say_why(form: RowForm, refused: Mapping[str, str]) -> None:
    """Put the reason of a refused row at its field, or at the row where no field is named."""
    reason = refused.get("reason", "")
    at = [cell for cell in form.cells if refused.get("field") and cell.name.endswith(f"-{refused['field']}")]
    for cell in at:
        cell.error = reason
    form.refused = "" if at else reason


def _lay_out(forms: list[RowForm]) -> None:
    """Fold away optional fields that no row of the type has filled: per type, so that runs stay aligned."""
    stands: dict[str, set[str]] = {}
    for form in forms:
        of_type = stands.setdefault(form.code or form.code_typed, set())
        for block in _blocks(form.cells):
            if any(cell.mandatory or cell.is_filled or cell.error for cell in block.cells):
                of_type |= {_key(cell) for cell in block.cells}
    for form in forms:
        of_type = stands[form.code or form.code_typed]
        taken = sum(TRACKS[cell.control.width] for cell in form.cells if _key(cell) in of_type)
        for block in _blocks(form.cells):
            if _key(block.cells[0]) not in of_type and taken + block.tracks <= TRACKS_OF_A_LINE:
                of_type |= {_key(cell) for cell in block.cells}
                taken += block.tracks
    above = ""
    for form in forms:
        code = form.code or form.code_typed
        form.same_type = bool(code) and code == above
        above = code
        cells = form.cells
        form.cells = [cell for cell in cells if _key(cell) in stands[code]]
        form.more = [cell for cell in cells if _key(cell) not in stands[code]]


def _blocks(cells: Iterable[Cell]) -> list[Block]:
    """The cells in their order; those of a custom field set stand together, in view or folded."""
    found: list[Block] = []
    for _, together in groupby(cells, key=lambda cell: _key(cell).partition("~")[0]):
        block = tuple(together)
        found.append(Block(block[0].group, block))
    return found


def _key(cell: Cell) -> str:
    return cell.name.partition("-")[2]
