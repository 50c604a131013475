"""CAB meetings: the list, the call, and the page of each from the agenda to the approved minutes (IT-21)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import get_args
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from chassis.aggregate import Outcome
from chassis.auth import Caller
from chassis.context import Context
from chassis.i18n import translate
from chassis.identity import Identity, Role
from chassis.plain import NOT_A_CHOICE, Misfilled
from chassis.store import VersionConflict
from chassis.web import Deps, Form, Here, PageNumber, caught_up, filled, form_of, go_to
from chassis.web.problems import Changed
from contracts.governance import Outcome as Decision
from contracts.refusal import Refusal
from governance.commands import meetings as commands
from governance.domain import reading
from governance.domain.meeting import Meeting
from governance.domain.refusals import NoMeeting, SayWhat
from governance.pages import followed, labels
from governance.pages.shown import show
from governance.views import agenda, meetings
from governance.views.meetings import MeetingRow

router = APIRouter()
WHY_CANCELLED = "cancel_reason"
"""The reason's field in the form that cancels; the form that moves stands on the same page and has one as well."""
Act = Callable[[Form, Context], Awaitable[Outcome[Meeting]]]


@router.get("/meetings")
async def all_meetings(request: Request, here: Here, caller: Caller, number: PageNumber = 1) -> Response:
    """All meetings the caller's municipalities host or are invited to."""
    await caught_up(request, here, meetings.view)
    found = await meetings.page_of(here.db, scope=caller.scope, number=number)
    live, is_pm = (meetings.view,), is_pm_of(here, caller)
    return show(request, "meetings.html", caller, live=live, rows=found.rows, found=found, is_pm=is_pm)


@router.get("/meetings/new")
async def open_call(request: Request, here: Here, caller: Caller) -> Response:
    """The form to call a meeting, for the PM."""
    caller.must(Role.PM, municipality=here.partnership.host, rule="IT-21")
    return show(request, "meeting_new.html", caller, written={})


@router.post("/meetings/new")
async def call_meeting(request: Request, here: Here, caller: Caller) -> Response:
    """The PM calls the CAB with an IT-orderer meeting."""
    form = await form_of(request, here.formats(caller))
    context = await here.context(request, caller, here.partnership.host, role=Role.PM)
    try:
        outcome = await commands.call(
            here,
            at=_moment(here, form),
            place=form.text("place"),
            orderer_meeting=form.text("orderer_meeting"),
            invited=[str(each) for each in form.data.get("invited", [])],
            caller=caller,
            context=context,
        )
    except Refusal as refusal:
        return show(request, "meeting_new.html", caller, refusal=refusal, written=form.data)
    return go_to(f"/governance/meetings/{outcome.subject}", outcome)


@router.get("/meetings/{meeting_id}")
async def read_meeting(request: Request, here: Here, caller: Caller, meeting_id: UUID) -> Response:
    """A meeting, and what the caller can do with it now."""
    await caught_up(request, here, meetings.view)
    return await _page(request, here, caller, meeting_id)


async def _page(
    request: Request,
    here: Deps,
    caller: Identity,
    meeting_id: UUID,
    refusal: Refusal | None = None,
    form: Form | None = None,
) -> HTMLResponse:
    row = await row_of(here, caller, meeting_id)
    goes_on = row.stage in ("called", "minuted")
    is_pm = is_pm_of(here, caller)
    last = row.minutes[-1] if row.minutes else None
    attended = any(each.present and each.person.id == caller.id for each in row.attendees)
    wrote = last is not None and last.writer is not None and last.writer.id == caller.id
    zone = ZoneInfo(here.partnership[row.municipality].timezone)
    return show(
        request,
        "meeting.html",
        caller,
        live=(meetings.view,),
        refusal=refusal,
        row=row,
        last=last,
        became=await followed.last_time(here, row, scope=caller.scope),
        written=form.data if form is not None else {},
        local=row.at.astimezone(zone),
        invited=[here.partnership[each].name for each in row.shared_with],
        outcomes=[(key, translate(label, caller.language)) for key, label in labels.OUTCOMES.items()],
        # The others' projects stand on the agenda by their title; their pages are not the reader's to open.
        readable=set(await agenda.of_requests(here.db, {item.request_id for item in row.agenda}, scope=caller.scope))
        | {item.request_id for item in row.agenda if item.municipality in caller.scope},
        titles={item.request_id: item.title for item in row.agenda},
        minutes_text=last.text if last else _sketch(row, caller.language),
        can={
            "lead": is_pm and goes_on,
            "adjust": goes_on and row.minutes_complete and attended and not wrote,
        },
    )


@router.post("/meetings/{meeting_id}/move")
async def move(request: Request, here: Here, caller: Caller, meeting_id: UUID) -> Response:
    """The PM moves the meeting."""

    async def act(form: Form, context: Context) -> Outcome[Meeting]:
        return await commands.move(
            here,
            meeting_id,
            at=_moment(here, form),
            place=form.text("place"),
            reason=form.text("reason"),
            caller=caller,
            context=context,
        )

    return await _act(request, here, caller, meeting_id, act)


@router.post("/meetings/{meeting_id}/cancel")
async def cancel(request: Request, here: Here, caller: Caller, meeting_id: UUID) -> Response:
    """The PM cancels the meeting."""

    async def act(form: Form, context: Context) -> Outcome[Meeting]:
        try:
            return await commands.cancel(here, meeting_id, form.text(WHY_CANCELLED), caller=caller, context=context)
        except Refusal as refusal:
            if refusal.field == "reason":
                refusal.field = WHY_CANCELLED
            raise

    return await _act(request, here, caller, meeting_id, act)


@router.post("/meetings/{meeting_id}/decisions")
async def decide(request: Request, here: Here, caller: Caller, meeting_id: UUID) -> Response:
    """What the CAB decided of a project on its agenda."""

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

    return await _act(request, here, caller, meeting_id, act)


@router.post("/meetings/{meeting_id}/minutes")
async def write_minutes(request: Request, here: Here, caller: Caller, meeting_id: UUID) -> Response:
    """The PM writes a version of the minutes."""

    async def act(form: Form, context: Context) -> Outcome[Meeting]:
        return await commands.write_minutes(
            here, meeting_id, form.text("minutes"), caller=caller, context=context, expected=form.version
        )

    return await _act(request, here, caller, meeting_id, act)


@router.post("/meetings/{meeting_id}/minutes/approve")
async def approve_minutes(request: Request, here: Here, caller: Caller, meeting_id: UUID) -> Response:
    """Somebody who attended and did not write the minutes approves them."""

    async def act(form: Form, context: Context) -> Outcome[Meeting]:
        number = form.text("of")
        return await commands.approve_minutes(
            here, meeting_id, int(number) if number.isdecimal() else 0, caller=caller, context=context
        )

    return await _act(request, here, caller, meeting_id, act)


async def _act(request: Request, here: Deps, caller: Identity, meeting_id: UUID, act: Act) -> Response:
    form = await form_of(request, here.formats(caller))
    context = await here.context(request, caller, here.partnership.host)
    try:
        outcome = await act(form, context)
    except (Refusal, VersionConflict) as trouble:
        refusal = trouble if isinstance(trouble, Refusal) else Changed()
        return await _page(request, here, caller, meeting_id, refusal, form)
    return go_to(f"/governance/meetings/{meeting_id}", outcome)


async def row_of(here: Deps, caller: Identity, meeting_id: UUID) -> MeetingRow:
    """The meeting with its people readable, for a municipality that hosts it or is invited."""
    row = await meetings.view.get(here.db, meeting_id, scope=caller.scope)
    if row is None:
        raise NoMeeting
    return await here.vault.open_all(row, caller.language)


def is_pm_of(here: Deps, caller: Identity) -> bool:
    """Whether the caller leads the host's meetings."""
    return caller.has(Role.PM, here.partnership.host)


def _moment(here: Deps, form: Form) -> datetime:
    """Day and time, as they are told in the host municipality."""
    day = reading.day(form.text("day"), "day")
    if day is None:
        raise SayWhat("day")
    return datetime.combine(
        day,
        reading.time_of_day(form.text("time"), "time"),
        ZoneInfo(here.partnership[here.partnership.host].timezone),
    )


def outcome_of(form: Form) -> Decision:
    """What the CAB decided, by the word for it."""
    outcomes: tuple[Decision, ...] = get_args(Decision)
    for outcome in outcomes:
        if outcome == form.text("outcome"):
            return outcome
    raise Misfilled(NOT_A_CHOICE, "outcome")


def _sketch(row: MeetingRow, language: str) -> str:
    """What the minutes begin as: agenda and decisions. Who attended stands apart, sealed, and not in this text."""
    lines = [f"{number}. {item.title}" for number, item in enumerate(row.agenda, start=1)]
    titles = {item.request_id: item.title for item in row.agenda}
    for decision in row.decisions:
        outcome = translate(labels.OUTCOMES[decision.outcome], language)
        lines.append(f"– {titles.get(decision.request_id, '')}: {outcome}. {decision.text}")
    return "\n".join(lines)
