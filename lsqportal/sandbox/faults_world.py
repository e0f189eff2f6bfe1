"""Faults of the world around a call: automations, colleagues, lists that do not page. They only alter."""

from __future__ import annotations

from dataclasses import replace

from lsqportal.sandbox import bulk
from lsqportal.sandbox.exchange import Exchange
from lsqportal.sandbox.faults import fault
from lsqportal.sandbox.records import Activity

COLLEAGUE = "rohan.deshpande@sahyadrihfc.in"


@fault(path="GetActivitiesOfOpportunity", answering=False)
def paging_ignored(exchange: Exchange) -> None:
    """The list answers its first 25 rows whatever page was asked for."""
    exchange.alterations["paging"] = "ignored"


@fault(answering=False)
def owner_replaced(exchange: Exchange, *, email: str = "") -> None:
    """The rows are written with another owner: the key's user, unless told."""
    exchange.alterations["owner"] = email or exchange.account.key_user.email


@fault(answering=False)
def note_changed(exchange: Exchange, *, added: str = " [auto]") -> None:
    """An automation adds something to the notes of the written rows."""
    exchange.alterations["note"] = added


@fault(answering=False)
def identical_row_by_colleague(
    exchange: Exchange, *, row: int = 1, email: str = COLLEAGUE, after_write: bool = False
) -> None:
    """A colleague posts the same as one of the rows, on the same opportunity, at the same time."""
    _twin(exchange, row, email, after_write=after_write, other_opportunity=False)


@fault(answering=False)
def identical_row_on_other_opportunity(
    exchange: Exchange, *, row: int = 1, email: str = "", after_write: bool = False
) -> None:
    """The same as one of the rows appears on the lead's other opportunity, by the key's user unless told."""
    creator = email or exchange.account.key_user.email
    _twin(exchange, row, creator, after_write=after_write, other_opportunity=True)


def _twin(exchange: Exchange, row: int, email: str, *, after_write: bool, other_opportunity: bool) -> None:
    account = exchange.account
    would_be = bulk.would_become(account, exchange.request)
    if row > len(would_be):
        return
    twin = replace(would_be[row - 1], id=account.new_id(), created_by_email=email, written_at=account.real_time())
    if other_opportunity:
        twin = replace(twin, opportunity_id=_other_opportunity(exchange, twin))
    if after_write:
        exchange.afterwards.append(lambda: account.store.add([twin]))
    else:
        account.store.add([twin])


def _other_opportunity(exchange: Exchange, activity: Activity) -> str | None:
    others = [
        each.id
        for each in exchange.account.store.opportunities.values()
        if each.lead_id == activity.lead_id and each.id != activity.opportunity_id
    ]
    return others[0] if others else None
