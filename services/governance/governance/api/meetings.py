"""The CAB over JSON: meetings, the agenda that builds itself, attendance, decisions, minutes (IT-21)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel, Field

from chassis.auth import Caller
from chassis.identity import Role
from chassis.web import Here, Listed, answer, caught_up, expected_version, next_link, reply
from chassis.web.schema import CHANGES, PROBLEMS, READS, WRITES, headers, listed, shown
from contracts.governance import Outcome
from contracts.values import AgendaItem, Line, Municipality, Text
from governance.commands import meetings as commands
from governance.commands.agenda import proposed
from governance.commands.meetings import Seat
from governance.domain.filled import FilledPerson
from governance.domain.refusals import NoMeeting
from governance.views import agenda, meetings
from governance.views.agenda import CandidateRow
from governance.views.meetings import MeetingRow

router = APIRouter(prefix="/meetings", tags=["CAB"], responses=PROBLEMS)


class CallBody(BaseModel):
    """When and where the CAB meets, with which IT-orderer meeting; nobody named is all partner municipalities."""

    at: AwareDatetime
    place: Line
    orderer_meeting: Line
    invited: list[Municipality] = []


class MoveBody(BaseModel):
    """The other time and place, and why."""

    at: AwareDatetime
    place: Line
    reason: Text


class ReasonBody(BaseModel):
    """Why."""

    reason: Text


class AgendaBody(BaseModel):
    """The agenda in its order."""

    items: list[AgendaItem]


class SomebodyBody(BaseModel):
    """A person, in plain text."""

    name: Line
    email: Annotated[str, Field(max_length=255)] = ""


class SeatBody(BaseModel):
    """Who sat at the meeting, for which municipality, and for whom when the role is "deputy"."""

    municipality: Municipality
    role: Line
    person: SomebodyBody
    present: bool = True
    deputy_for: SomebodyBody | None = None


class AttendanceBody(BaseModel):
    """The whole list; recorded anew it replaces the one before."""

    attendees: list[SeatBody]


class DecisionBody(BaseModel):
    """What was decided of a project on the agenda."""

    request_id: UUID
    outcome: Outcome
    text: Text


class MinutesBody(BaseModel):
    """The text of the minutes; who attended stands apart, so name nobody in it."""

    text: Text


class VersionBody(BaseModel):
    """The version of the minutes that is approved."""

    version: int


@router.get(
    "",
    responses={200: listed(MeetingRow)},
    operation_id="listMeetings",
    summary="List CAB meetings",
    openapi_extra=headers(READS),
)
async def list_meetings(request: Request, here: Here, caller: Caller, part: Listed) -> Response:
    """All meetings the caller's municipalities host or are invited to, the latest first."""
    await caught_up(request, here, meetings.view)
    found = await meetings.latest_first(here.db, scope=caller.scope, **part)
    return answer(await here.vault.open_all(found.rows, caller.language), headers=next_link(request, found.mark))


@router.get(
    "/candidates",
    responses={200: listed(CandidateRow)},
    operation_id="listCandidates",
    summary="List projects as the CAB sees them",
    openapi_extra=headers(READS),
)
async def list_candidates(request: Request, here: Here, caller: Caller, part: Listed) -> Response:
    """The projects of the portfolio as the CAB sees them, by rank."""
    await caught_up(request, here, agenda.view)
    found = await agenda.by_rank(here.db, scope=caller.scope, **part)
    return answer(found.rows, headers=next_link(request, found.mark))


@router.get(
    "/{meeting_id}",
    responses={200: shown(MeetingRow)},
    operation_id="showMeeting",
    summary="Show a CAB meeting",
    openapi_extra=headers(READS),
)
async def show_meeting(request: Request, here: Here, caller: Caller, meeting_id: UUID) -> Response:
    """A meeting, from the call to the approved minutes."""
    await caught_up(request, here, meetings.view)
    row = await meetings.view.get(here.db, meeting_id, scope=caller.scope)
    if row is None:
        raise NoMeeting
    return answer(await here.vault.open_all(row, caller.language), version=row.stream_version)


@router.get(
    "/{meeting_id}/proposal",
    responses={200: shown(list[AgendaItem])},
    operation_id="proposeAgenda",
    summary="Build the agenda",
    openapi_extra=headers(READS),
)
async def propose_agenda(request: Request, here: Here, caller: Caller, meeting_id: UUID) -> Response:
    """The agenda as it builds itself of what changed since the last meeting; the fifty most urgent at most (IT-21)."""
    await caught_up(request, here, agenda.view, meetings.view)
    row = await meetings.view.get(here.db, meeting_id, scope=caller.scope)
    if row is None:
        raise NoMeeting
    return answer(await proposed(here, row, scope=caller.scope))


@router.post(
    "",
    status_code=201,
    operation_id="callMeeting",
    summary="Call a CAB meeting",
    openapi_extra=headers(WRITES),
)
async def call_meeting(request: Request, here: Here, caller: Caller, body: CallBody) -> Response:
    """The PM calls the CAB with an IT-orderer meeting (IT-21)."""
    context = await here.context(request, caller, here.partnership.host, role=Role.PM)
    outcome = await commands.call(
        here,
        at=body.at,
        place=body.place,
        orderer_meeting=body.orderer_meeting,
        invited=body.invited,
        caller=caller,
        context=context,
    )
    where = f"/governance/api/meetings/{outcome.subject}"
    return reply(outcome, location=where, number=outcome.state.number)


@router.post(
    "/{meeting_id}/move",
    status_code=201,
    operation_id="moveMeeting",
    summary="Move a meeting",
    openapi_extra=headers(WRITES),
)
async def move_meeting(request: Request, here: Here, caller: Caller, meeting_id: UUID, body: MoveBody) -> Response:
    """The PM moves the meeting."""
    context = await here.context(request, caller, here.partnership.host, role=Role.PM)
    outcome = await commands.move(
        here, meeting_id, at=body.at, place=body.place, reason=body.reason, caller=caller, context=context
    )
    return reply(outcome)


@router.post(
    "/{meeting_id}/cancel",
    status_code=201,
    operation_id="cancelMeeting",
    summary="Cancel a meeting",
    openapi_extra=headers(WRITES),
)
async def cancel_meeting(request: Request, here: Here, caller: Caller, meeting_id: UUID, body: ReasonBody) -> Response:
    """The PM cancels the meeting; what stood on its agenda comes up at the next."""
    context = await here.context(request, caller, here.partnership.host, role=Role.PM)
    return reply(await commands.cancel(here, meeting_id, body.reason, caller=caller, context=context))


@router.put(
    "/{meeting_id}/agenda",
    operation_id="setAgenda",
    summary="Set the agenda",
    openapi_extra=headers(CHANGES),
)
async def set_agenda(request: Request, here: Here, caller: Caller, meeting_id: UUID, body: AgendaBody) -> Response:
    """The PM sets the agenda in their order."""
    context = await here.context(request, caller, here.partnership.host, role=Role.PM)
    expected = expected_version(request)
    return reply(
        await commands.set_agenda(here, meeting_id, body.items, caller=caller, context=context, expected=expected), 200
    )


@router.put(
    "/{meeting_id}/attendance",
    operation_id="recordAttendance",
    summary="Record who attended",
    openapi_extra=headers(CHANGES),
)
async def record_attendance(
    request: Request, here: Here, caller: Caller, meeting_id: UUID, body: AttendanceBody
) -> Response:
    """The PM records who attended, deputies with whom they sat for."""
    context = await here.context(request, caller, here.partnership.host, role=Role.PM)
    seats = [
        Seat(
            municipality=seat.municipality,
            role=seat.role,
            person=_told(seat.person),
            present=seat.present,
            deputy_for=None if seat.deputy_for is None else _told(seat.deputy_for),
        )
        for seat in body.attendees
    ]
    expected = expected_version(request)
    return reply(
        await commands.record_attendance(here, meeting_id, seats, caller=caller, context=context, expected=expected),
        200,
    )


@router.post(
    "/{meeting_id}/decisions",
    status_code=201,
    operation_id="recordDecision",
    summary="Record a decision",
    openapi_extra=headers(WRITES),
)
async def record_decision(
    request: Request, here: Here, caller: Caller, meeting_id: UUID, body: DecisionBody
) -> Response:
    """What the CAB decided; the project hears of it as a fact of its own."""
    context = await here.context(request, caller, here.partnership.host, role=Role.PM)
    outcome = await commands.decide(
        here,
        meeting_id,
        request_id=body.request_id,
        outcome=body.outcome,
        text=body.text,
        caller=caller,
        context=context,
    )
    return reply(outcome)


@router.post(
    "/{meeting_id}/minutes",
    status_code=201,
    operation_id="writeMinutes",
    summary="Write the minutes",
    openapi_extra=headers(CHANGES),
)
async def write_minutes(request: Request, here: Here, caller: Caller, meeting_id: UUID, body: MinutesBody) -> Response:
    """The PM writes a version of the minutes."""
    context = await here.context(request, caller, here.partnership.host, role=Role.PM)
    expected = expected_version(request)
    outcome = await commands.write_minutes(
        here, meeting_id, body.text, caller=caller, context=context, expected=expected
    )
    return reply(outcome, minutes_version=outcome.state.minutes)


@router.post(
    "/{meeting_id}/minutes/approve",
    status_code=201,
    operation_id="approveMinutes",
    summary="Approve the minutes",
    openapi_extra=headers(WRITES),
)
async def approve_minutes(
    request: Request, here: Here, caller: Caller, meeting_id: UUID, body: VersionBody
) -> Response:
    """Somebody who attended and did not write the minutes approves them; the meeting is closed."""
    context = await here.context(request, caller, here.partnership.host)
    return reply(await commands.approve_minutes(here, meeting_id, body.version, caller=caller, context=context))


def _told(body: SomebodyBody) -> FilledPerson:
    return FilledPerson(name=body.name.strip(), email=body.email.strip().lower())
