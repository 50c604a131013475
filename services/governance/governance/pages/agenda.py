"""The agenda: built from what changed since the last meeting, put in order by the PM (IT-21)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from chassis.auth import Caller
from chassis.identity import Identity, Role
from chassis.store import VersionConflict
from chassis.web import Deps, Form, Here, caught_up, form_of, go_to
from chassis.web.problems import Changed
from contracts.refusal import Refusal
from contracts.values import AgendaItem, AgendaReason
from governance.commands import meetings as commands
from governance.commands.agenda import proposed
from governance.pages.meetings import row_of
from governance.pages.shown import row_button, show
from governance.views import agenda, meetings

router = APIRouter()
LONGEST = 100
"""Characters of a text that titles are searched for."""


@router.get("/meetings/{meeting_id}/agenda")
async def open_agenda(request: Request, here: Here, caller: Caller, meeting_id: UUID) -> Response:
    """The agenda as it was set; before that, as it builds itself."""
    caller.must(Role.PM, municipality=here.partnership.host, rule="IT-21")
    await caught_up(request, here, agenda.view, meetings.view)
    row = await row_of(here, caller, meeting_id)
    items = row.agenda or await proposed(here, row, scope=caller.scope)
    return await _page(request, here, caller, meeting_id, items)


async def _page(
    request: Request,
    here: Deps,
    caller: Identity,
    meeting_id: UUID,
    items: Sequence[AgendaItem],
    *,
    version: int | None = None,
    refusal: Refusal | None = None,
    changed: bool = False,
    find: str = "",
) -> HTMLResponse:
    row = await row_of(here, caller, meeting_id)
    on_it = {item.request_id for item in items}
    others = await agenda.others(here.db, on_it, text=find, scope=caller.scope)
    return show(
        request,
        "agenda.html",
        caller,
        refusal=refusal,
        row=row,
        items=items,
        find=find,
        other_options=[(each.request_id, each.title) for each in others],
        version=row.stream_version if version is None else version,
        changed=changed,
        only=agenda.MOST if len(items) >= agenda.MOST and (changed or not row.agenda) else None,
    )


@router.post("/meetings/{meeting_id}/agenda")
async def set_agenda(request: Request, here: Here, caller: Caller, meeting_id: UUID) -> Response:
    """Order, add, take away, build anew, or set the agenda: by the button that was pressed."""
    caller.must(Role.PM, municipality=here.partnership.host, rule="IT-21")
    form = await form_of(request, here.formats(caller))
    row = await row_of(here, caller, meeting_id)
    items = await _items(here, caller, form, row.agenda)
    match row_button(form.action or ""):
        case None if form.action == "order":
            items = by_number(items, _numbers(form, items))
        case (what, "items", at):
            items = moved(items, what, at)
        case _ if form.action == "add_project":
            items = [*items, *await _asked_for(here, caller, form)]
        case _ if form.action == "find":
            pass  # the page lists what was found
        case _ if form.action == "rebuild":
            items = list(await proposed(here, row, scope=caller.scope))
        case _:
            context = await here.context(request, caller, here.partnership.host, role=Role.PM)
            try:
                outcome = await commands.set_agenda(
                    here, meeting_id, items, caller=caller, context=context, expected=form.version
                )
            except (Refusal, VersionConflict) as trouble:
                refusal = trouble if isinstance(trouble, Refusal) else Changed()
                return await _page(request, here, caller, meeting_id, items, refusal=refusal, changed=True)
            return go_to(f"/governance/meetings/{meeting_id}", outcome)
    find = form.text("find").replace("\0", "")[:LONGEST]
    return await _page(request, here, caller, meeting_id, items, version=form.version, changed=True, find=find)


def by_number(items: Sequence[AgendaItem], numbers: Sequence[int | None]) -> list[AgendaItem]:
    """The items in the order of the numbers written beside them, from 1.

    Those whose number was changed are put where it says, lowest first; the others keep their order around them.
    """
    sent = [
        (number, item)
        for at, (item, number) in enumerate(zip(items, numbers, strict=True), start=1)
        if number is not None and number != at
    ]
    moving = [item for _, item in sent]
    ordered = [item for item in items if item not in moving]
    for number, item in sorted(sent, key=lambda each: each[0]):
        ordered.insert(max(0, number - 1), item)
    return ordered


def moved(items: Sequence[AgendaItem], what: str, at: int) -> list[AgendaItem]:
    """The items with one of them further up, further down, or gone."""
    items = list(items)
    if at < len(items):
        item = items.pop(at)
        if what != "remove":
            items.insert(max(0, at - 1) if what == "up" else at + 1, item)
    return items


async def _items(here: Deps, caller: Identity, form: Form, set_before: Sequence[AgendaItem]) -> list[AgendaItem]:
    """The items the form lists, in its order. Titles and municipalities are ours; the form only names requests."""
    known: dict[UUID | None, AgendaItem] = {item.request_id: item for item in set_before}
    lines = form.data.get("items", [])
    named = [_request(told.get("request_id", "")) for told in lines if isinstance(told, dict)]
    for each in (await agenda.of_requests(here.db, [one for one in named if one], scope=caller.scope)).values():
        known[each.request_id] = AgendaItem(
            request_id=each.request_id, municipality=each.municipality, title=each.title, reasons=()
        )
    items = []
    for told in lines:
        item = known.get(_request(told.get("request_id", ""))) if isinstance(told, dict) else None
        if item is not None:
            why = [each for each in get_args(AgendaReason) if each in told.get("reasons", "").split()]
            items.append(
                AgendaItem(
                    request_id=item.request_id,
                    municipality=item.municipality,
                    title=item.title,
                    reasons=tuple(why) or ("asked_for",),
                )
            )
    return items


def _numbers(form: Form, items: Sequence[AgendaItem]) -> list[int | None]:
    """The number written beside each item; None where none can be read."""
    told = {
        _request(each.get("request_id", "")): each.get("number", "").strip()
        for each in form.data.get("items", [])
        if isinstance(each, dict)
    }
    written = (told.get(item.request_id, "") for item in items)
    return [int(number) if number.isdecimal() and len(number) < 4 else None for number in written]


async def _asked_for(here: Deps, caller: Identity, form: Form) -> list[AgendaItem]:
    wanted = _request(form.text("project"))
    found = await agenda.of_requests(here.db, [wanted] if wanted else [], scope=caller.scope)
    return [
        AgendaItem(request_id=each.request_id, municipality=each.municipality, title=each.title, reasons=("asked_for",))
        for each in found.values()
    ]


def _request(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
