"""The meeting on the wall: one item at a time in large type, decided with a button, then the next (IT-21)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from chassis.aggregate import Outcome
from chassis.auth import Caller
from chassis.context import Context
from chassis.i18n import translate
from chassis.identity import Identity, Role
from chassis.store import VersionConflict
from chassis.web import Deps, Form, Here, caught_up, filled, form_of, go_to
from chassis.web.problems import Changed
from contracts.refusal import NotFound, Refusal
from contracts.values import AgendaItem, Money
from governance.commands import meetings as commands
from governance.domain.meeting import Meeting
from governance.pages import labels
from governance.pages.followed import course_of
from governance.pages.meetings import is_pm_of, outcome_of, row_of
from governance.pages.shown import show
from governance.views import agenda, directives, meetings
from governance.views.agenda import CandidateRow
from governance.views.meetings import Decision, MeetingRow

router = APIRouter()
Act = Callable[[Form, Context], Awaitable[Outcome[Meeting]]]
FIRST_ITEM = 1
ITEM = Annotated[int, Query(ge=FIRST_ITEM, le=999)]


@dataclass(frozen=True, slots=True)
class Item:
    """What is told of the item on the wall."""

    item: AgendaItem
    course: str
    project: CandidateRow | None
    """What governance follows of the project; None when it left the portfolio or is not the reader's to see."""
    cap: Money | None
    """The cost cap of its directive, the approved one where there is one."""
    before: MeetingRow | None
    """The last meeting before this one that decided something of it."""
    decided_before: tuple[Decision, ...]
    decided: tuple[Decision, ...]
    """What this meeting has decided of it so far."""


@router.get("/meetings/{meeting_id}/show")
async def show_meeting(request: Request, here: Here, caller: Caller, meeting_id: UUID, item: ITEM = 1) -> Response:
    """An item of the agenda; after the last one, what the meeting decided."""
    await caught_up(request, here, agenda.view, meetings.view)
    return await _page(request, here, caller, meeting_id, item)


async def _page(
    request: Request,
    here: Deps,
    caller: Identity,
    meeting_id: UUID,
    number: int,
    *,
    refusal: Refusal | None = None,
    form: Form | None = None,
) -> HTMLResponse:
    row = await row_of(here, caller, meeting_id)
    number = min(number, len(row.agenda) + 1)
    on_the_wall = row.agenda[number - 1] if number <= len(row.agenda) else None
    now = here.clock.now()
    return show(
        request,
        "meeting_show.html",
        caller,
        refusal=refusal,
        row=row,
        number=number,
        last=len(row.agenda),
        told=await _told(here, caller, row, on_the_wall) if on_the_wall else None,
        decided={each.request_id for each in row.decisions},
        titles={each.request_id: each.title for each in row.agenda},
        outcomes=[(key, translate(label, caller.language)) for key, label in labels.OUTCOMES.items()],
        written=form.data if form is not None else {},
        now=now,
        minutes_gone=(now - row.at) // timedelta(minutes=1)
        if timedelta() <= now - row.at < timedelta(days=1)
        else None,
        leads=is_pm_of(here, caller) and row.stage in ("called", "minuted"),
    )


async def _told(here: Deps, caller: Identity, row: MeetingRow, item: AgendaItem) -> Item:
    scope = caller.scope
    project = await agenda.view.get(here.db, item.request_id, scope=scope)
    before = await meetings.decided_before(here.db, row.at, item.request_id, scope=scope)
    return Item(
        item=item,
        course=course_of(project, readable=item.municipality in scope),
        project=project,
        cap=await _cap(here, item.request_id, caller),
        before=before,
        decided_before=_of(before, item) if before else (),
        decided=_of(row, item),
    )


def _of(row: MeetingRow, item: AgendaItem) -> tuple[Decision, ...]:
    return tuple(each for each in row.decisions if each.request_id == item.request_id)


async def _cap(here: Deps, request_id: UUID, caller: Identity) -> Money | None:
    directive = await directives.view.get(here.db, request_id, scope=caller.scope)
    if directive is None:
        return None
    approved = next((each for each in directive.versions if each.number == directive.approved_version), None)
    version = approved or directive.standing
    return version.directive.cost.cap if version else None


@router.post("/meetings/{meeting_id}/show")
async def decide_and_go_on(request: Request, here: Here, caller: Caller, meeting_id: UUID, item: ITEM = 1) -> Response:
    """Record what was decided of the item, and show the next."""

    async def act(form: Form, context: Context) -> Outcome[Meeting]:
        return await commands.decide(
            here,
            meeting_id,
            request_id=filled(UUID, form.data.get("request_id", "")),
            outcome=outcome_of(form),
            text=form.text("text"),
            caller=caller,
            context=context,
        )

    return await _act(request, here, caller, meeting_id, item, item + 1, act)


@router.post("/meetings/{meeting_id}/show/presence")
async def change_presence(request: Request, here: Here, caller: Caller, meeting_id: UUID, item: ITEM = 1) -> Response:
    """Somebody on the list came or left: record the list anew, with the names sealed as they are."""

    async def act(form: Form, context: Context) -> Outcome[Meeting]:
        row = await meetings.view.get(here.db, meeting_id, scope=caller.scope)
        person = filled(UUID, form.data.get("person", ""))
        if row is None or all(each.person.id != person for each in row.attendees):
            raise NotFound
        seats = [
            replace(each, present=form.text("present") == "yes") if each.person.id == person else each
            for each in row.attendees
        ]
        return await commands.seat_again(here, meeting_id, seats, caller=caller, context=context, expected=form.version)

    return await _act(request, here, caller, meeting_id, item, item, act)


async def _act(
    request: Request, here: Deps, caller: Identity, meeting_id: UUID, item: int, following: int, act: Act
) -> Response:
    caller.must(Role.PM, municipality=here.partnership.host, rule="IT-21")
    form = await form_of(request, here.formats(caller))
    context = await here.context(request, caller, here.partnership.host, role=Role.PM)
    try:
        outcome = await act(form, context)
    except (Refusal, VersionConflict) as trouble:
        refusal = trouble if isinstance(trouble, Refusal) else Changed()
        return await _page(request, here, caller, meeting_id, item, refusal=refusal, form=form)
    return go_to(f"/governance/meetings/{meeting_id}/show?item={following}", outcome)
