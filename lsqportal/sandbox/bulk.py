"""The call the portal exists for, Bulk/CustomActivity/Add/ByOpportunityId: every rule of leadsquared-api §1.

The sheet does not know what a failed row looks like, nor what a refused call has written: see the switches
of 19.1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lsqportal.sandbox.account import Account, Request
from lsqportal.sandbox.answers import Answer, Refusal, json_answer, not_found
from lsqportal.sandbox.demo import STAGE_CHANGE
from lsqportal.sandbox.records import Activity, ActivityType, Opportunity
from lsqportal.sandbox.values import refuse_script, shortened, stored_values

MAX_ROWS = 25  # [DOC] leadsquared-api §1


@dataclass(frozen=True)
class Judged:
    """One row of the call: the activity it would become, or why not, or the earlier row that it repeats."""

    activity: Activity | None = None
    refusal: Refusal | None = None
    same_as: int | None = None


def add_by_opportunity_id(account: Account, request: Request) -> Answer:
    """Answer one bulk call."""
    rows = request.parsed()
    if not isinstance(rows, list):
        # [SEEN] a one-element batch must stay an array: leadsquared-api §1e, §15
        said = "Cannot deserialize the current JSON array into type 'List`1[ActivityBulk]': it must be an array."
        raise Refusal(None, said, status=400)
    opportunity = account.store.opportunities.get(request.id_in("opportunityId"))
    if opportunity is None:
        return _unknown_opportunity(account)
    _check_open(account, opportunity)
    if not rows:
        return _empty(account)
    rows = _counted(account, rows)
    judged = [_judged(account, request, opportunity, rows, place) for place in range(len(rows))]
    return _carried_out(account, opportunity, judged)


def _unknown_opportunity(account: Account) -> Answer:
    answer = account.switches.word("unknown_opportunity")
    if answer == "404":
        return not_found()
    # [SEEN] message only: leadsquared-api §15
    raise Refusal(None, "Opportunity does not exist", status=400 if answer == "400" else 500)


def _check_open(account: Account, opportunity: Opportunity) -> None:
    if opportunity.status != "Open" and account.switches.word("closed_opportunity") == "refuse":
        raise Refusal("MXInvalidActivityException", f"Opportunity is {opportunity.status}")


def _empty(account: Account) -> Answer:
    answer = account.switches.word("empty_array")
    if answer == "empty_response":
        return json_answer({"Response": []})
    raise Refusal("MXInvalidInputException", "No activity was passed", status=int(answer.removeprefix("error_")))


def _counted(account: Account, rows: list[object]) -> list[object]:
    if len(rows) <= MAX_ROWS:
        return rows
    if account.switches.word("over_25") == "truncate":
        return rows[:MAX_ROWS]
    raise Refusal("MXInvalidInputException", f"Activities can not be more than {MAX_ROWS}")


def _judged(account: Account, request: Request, opportunity: Opportunity, rows: list[object], place: int) -> Judged:
    first = rows.index(rows[place])
    duplicates = account.switches.word("duplicate_rows")
    if first < place and duplicates == "create_one":
        return Judged(same_as=first)
    try:
        if first < place and duplicates == "error":
            raise Refusal("MXDuplicateEntryException", f"Row {place + 1} repeats row {first + 1}")
        return Judged(_activity(account, request, opportunity, rows[place]))
    except Refusal as refusal:
        if refusal.status == 400:
            raise  # the JSON's shape is wrong: the whole call was never read
        return Judged(refusal=refusal)


def _activity(account: Account, request: Request, opportunity: Opportunity, row: object) -> Activity:
    """The activity that a row becomes. Raises: Refusal for the first rule that it breaks."""
    if not isinstance(row, dict):
        raise Refusal(None, "Cannot deserialize the current JSON array into type 'ActivityBulk'", status=400)
    kind = _kind(account, opportunity, row.get("ActivityEvent"))
    owner_email = _owner_email(account, row.get("ActivityOwnerEmail"))
    note = _note(account, row.get("ActivityNote"))
    enforce = _options_are_enforced(account, request, row)
    values = stored_values(account, kind, row.get("Fields"), enforce_options=enforce)
    if "owner" in request.alterations:
        owner_email = request.alterations["owner"]
    return Activity(
        account.new_id(),
        opportunity.lead_id,
        opportunity.id,
        kind.code,
        note + request.alterations.get("note", ""),
        owner_email,
        account.key_user.email,
        _created_on(account, row),
        values,
        written_at=0.0,
    )


def _kind(account: Account, opportunity: Opportunity, code: object) -> ActivityType:
    text = "" if isinstance(code, bool) else str(code)
    kind = account.store.activity_types.get(int(text)) if text.isascii() and text.isdecimal() else None
    if kind is None or kind.is_opportunity_type:
        # [SEEN] leadsquared-api §15
        raise Refusal("MXInvalidActivityException", "Event Code is invalid or empty")
    associated = account.switches.word("types_per_opportunity") == "associated"
    if associated and kind.opportunity_codes and opportunity.code not in kind.opportunity_codes:
        raise Refusal("MXInvalidActivityException", f"Activity {kind.code} is not associated with {opportunity.code}")
    return kind


def _owner_email(account: Account, email: object) -> str:
    """[DOC] mandatory here; what happens to a missing or unknown one is not known: §1, §19.5."""
    text = email.strip() if isinstance(email, str) else ""
    user = account.store.user_by_email(text) if text else None
    if user is not None and user.active:
        return user.email
    switch, refusal = (
        ("owner_inactive", Refusal("MXInvalidEntityReferenceException", f"User '{text}' is inactive"))
        if user
        else ("owner_unknown", Refusal("MXInvalidEntityReferenceException", f"User '{text}' does not exist"))
        if text
        else (
            "owner_missing",
            Refusal("MXMandatoryAttributeMissingException", "ActivityOwnerEmail is mandatory"),
        )
    )
    if account.switches.word(switch) == "reject":
        raise refusal
    return account.key_user.email


def _note(account: Account, note: object) -> str:
    text = "" if note is None else str(note)
    refuse_script(text)
    text = shortened(account, text, account.switches.limit("max_note_length"), "ActivityEvent_Note")
    return text.strip() if account.switches.word("stored_blanks") == "trimmed" else text


def _options_are_enforced(account: Account, request: Request, row: dict[str, object]) -> bool:
    """[DOC] true skips the validation, says the text; the name says the opposite: §1c."""
    place = account.switches.word("validate_dropdown_place")
    flag = row.get("ValidateDropDownOptions") if place != "query" else None
    if flag is None and place != "object":
        flag = request.query.get("ValidateDropDownOptions")
    meaning = account.switches.word("validate_dropdown")
    if flag is None or meaning == "ignored":
        return account.switches.word("dropdown_default") == "enforce"
    said_true = str(flag).lower() == "true"
    return said_true if meaning == "true_enforces" else not said_true


def _created_on(account: Account, row: dict[str, object]) -> str:
    for key, switch in (
        ("ActivityDateTime", "activity_date_time"),
        ("ProcessFilesAsync", "process_files_async"),
    ):
        if key in row and account.switches.word(switch) == "refused":
            raise Refusal("MXUnknownAttributeException", f"'{key}' is not supported")
    honoured = "ActivityDateTime" in row and account.switches.word("activity_date_time") == "honoured"
    # [DOC] without it the activity gets server time: leadsquared-api §1d
    return str(row["ActivityDateTime"]) if honoured else account.now_text()


def _carried_out(account: Account, opportunity: Opportunity, judged: list[Judged]) -> Answer:
    bad = next((place for place, each in enumerate(judged) if each.refusal), None)
    refusal = judged[bad].refusal if bad is not None else None
    if bad is None or refusal is None or account.switches.word("bad_row") != "refuse_all":
        _write(account, opportunity, [each.activity for each in judged])
        return _response(account, judged)
    written = account.switches.word("refused_writes")
    if written != "nothing":
        good = judged[:bad] if written == "rows_before_the_bad_one" else judged
        _write(account, opportunity, [each.activity for each in good])
    refusal.status = int(account.switches.number("refusal_status"))
    raise refusal


def _write(account: Account, opportunity: Opportunity, activities: list[Activity | None]) -> None:
    written_at = account.real_time()
    written = [replace(each, written_at=written_at) for each in activities if each]
    if written and account.switches.word("automations") == "add_activity":
        written.append(
            Activity(
                account.new_id(),
                opportunity.lead_id,
                opportunity.id,
                STAGE_CHANGE,
                "Touched by an automation",
                account.key_user.email,
                account.key_user.email,
                account.now_text(),
                written_at=written_at,
            )
        )
    account.store.add(written)


def _response(account: Account, judged: list[Judged]) -> Answer:
    if account.switches.word("answer_shape") == "count":
        # [GUESS] leadsquared-api §1b
        return json_answer({"Status": "Success", "Message": {"Count": sum(1 for each in judged if each.activity)}})
    left_out = account.switches.word("bad_row") == "per_row_missing"
    return json_answer(
        {
            "Response": [
                _response_row(account, judged, place)
                for place, each in enumerate(judged)
                if not (each.refusal and left_out)
            ]
        }
    )


def _response_row(account: Account, judged: list[Judged], place: int) -> dict[str, object]:
    each = judged[place]
    row: dict[str, object] = _failed_row(account, each.refusal) if each.refusal else {}
    activity = each.activity if each.same_as is None else judged[each.same_as].activity
    if activity:
        row["ProspectActivityId"] = activity.id
    numbers = account.switches.word("row_numbers")
    if numbers != "missing":
        row["RowNumber"] = place + 1 if numbers == "int" else str(place + 1)  # [DOC] from 1: leadsquared-api §1
    row["ActivityCreated"] = activity is not None
    return row


def _failed_row(account: Account, refusal: Refusal) -> dict[str, object]:
    switches = account.switches
    row: dict[str, object] = {}
    if switches.word("failed_row_id") != "absent":
        row["ProspectActivityId"] = None if switches.word("failed_row_id") == "null" else ""
    if switches.word("failed_row_type") == "served" and refusal.exception_type:
        row["ExceptionType"] = refusal.exception_type
    if switches.word("failed_row_words") != "none":
        row[switches.word("failed_row_words")] = refusal.message
    return row


def would_become(account: Account, request: Request) -> list[Activity]:
    """The activities that the good rows of a call would become, without writing them."""
    rows, opportunity = request.parsed(), account.store.opportunities.get(request.id_in("opportunityId"))
    if not isinstance(rows, list) or opportunity is None:
        return []
    judged = [_judged(account, request, opportunity, rows, place) for place in range(len(rows))]
    return [each.activity for each in judged if each.activity]
