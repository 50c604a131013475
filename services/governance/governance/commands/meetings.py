"""The commands of a CAB meeting: call, move, cancel, agenda, attendance, decisions, minutes (IT-21)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid5

from chassis.aggregate import Aggregate, Outcome, handle
from chassis.context import Context
from chassis.identity import Identity, Role
from chassis.web import Deps
from contracts.governance import CabDecided, DecisionRecorded, MeetingFact
from contracts.governance import Outcome as Decision
from contracts.values import AgendaItem, Attendee
from governance.commands.agreements import AGREEMENT
from governance.commands.people import named, person_of
from governance.domain import meeting
from governance.domain.agreement import Agreement, directive_of
from governance.domain.filled import FilledPerson
from governance.domain.meeting import Meeting, existing, meeting_of
from governance.domain.refusals import NoMeeting, NotInvited
from governance.domain.words import LINE, clean
from governance.views import meetings as meetings_view

MEETING: Aggregate[Meeting, MeetingFact] = Aggregate("meeting", MeetingFact, meeting.evolve)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A row of the attendance list, as it is filled in."""

    municipality: str
    role: str
    person: FilledPerson
    present: bool = True
    deputy_for: FilledPerson | None = None


async def call(
    here: Deps,
    *,
    at: datetime,
    place: str,
    orderer_meeting: str,
    invited: Sequence[str],
    caller: Identity,
    context: Context,
) -> Outcome[Meeting]:
    """The PM calls the next meeting (IT-21); nobody said whom to invite: all partner municipalities."""
    host = here.partnership.host
    caller.must(Role.PM, municipality=host, rule="IT-21")
    if earlier := await here.store.find_command(context.command_id, context.fingerprint):
        number = int(earlier[0].data.number)
    else:
        number = await _next_number(here)
    last = await meetings_view.before(here.db, at, scope=[host])
    guests = [each for each in invited if each in here.partnership.ids] if invited else sorted(here.partnership.ids)
    subject = meeting_of(host, number)
    return await handle(
        here.store,
        MEETING,
        subject,
        lambda state: meeting.call(
            state,
            meeting_id=subject,
            number=number,
            at=at,
            place=place,
            orderer_meeting=orderer_meeting,
            invited=guests,
            since=None if last is None else last.at,
        ),
        context,
    )


async def _next_number(here: Deps) -> int:
    """The first number that no meeting has. The view may lag behind, so the log is asked as well."""
    known = await meetings_view.latest_first(here.db, scope=[here.partnership.host], limit=1)
    number = known.rows[0].number + 1 if known.rows else 1
    while await here.store.load(meeting_of(here.partnership.host, number)):
        number += 1
    return number


async def move(
    here: Deps, subject: UUID, *, at: datetime, place: str, reason: str, caller: Identity, context: Context
) -> Outcome[Meeting]:
    """The PM moves the meeting."""
    return await _as_pm(
        here, subject, caller, context, None, lambda found: found.move(at=at, place=place, reason=reason)
    )


async def cancel(here: Deps, subject: UUID, reason: str, *, caller: Identity, context: Context) -> Outcome[Meeting]:
    """The PM cancels the meeting."""
    return await _as_pm(here, subject, caller, context, None, lambda found: found.cancel(reason))


async def set_agenda(
    here: Deps,
    subject: UUID,
    items: Sequence[AgendaItem],
    *,
    caller: Identity,
    context: Context,
    expected: int | None = None,
) -> Outcome[Meeting]:
    """The PM sets the agenda, in their order."""
    return await _as_pm(here, subject, caller, context, expected, lambda found: found.set_agenda(items))


async def record_attendance(
    here: Deps,
    subject: UUID,
    seats: Sequence[Seat],
    *,
    caller: Identity,
    context: Context,
    expected: int | None = None,
) -> Outcome[Meeting]:
    """The PM records who sat there, and for whom."""
    for at, seat in enumerate(seats):
        if seat.municipality not in here.partnership.ids:
            raise NotInvited(field=f"attendees.{at}.municipality", municipality=seat.municipality)
    attendees = [await _attendee(here, seat) for seat in seats]
    return await _as_pm(here, subject, caller, context, expected, lambda found: found.record_attendance(attendees))


async def seat_again(
    here: Deps,
    subject: UUID,
    attendees: Sequence[Attendee],
    *,
    caller: Identity,
    context: Context,
    expected: int | None = None,
) -> Outcome[Meeting]:
    """The PM records the people already listed once more, as when somebody comes late. Their names stay sealed."""
    return await _as_pm(here, subject, caller, context, expected, lambda found: found.record_attendance(attendees))


async def _attendee(here: Deps, seat: Seat) -> Attendee:
    return Attendee(
        person=await named(here, seat.municipality, seat.person),
        municipality=seat.municipality,
        role=clean(seat.role)[:LINE] or "other",
        present=seat.present,
        deputy_for=await named(here, seat.municipality, seat.deputy_for) if seat.deputy_for else None,
    )


async def decide(
    here: Deps,
    subject: UUID,
    *,
    request_id: UUID,
    outcome: Decision,
    text: str,
    caller: Identity,
    context: Context,
) -> Outcome[Meeting]:
    """Record a decision with the meeting and with the project it concerns, both or neither (IT-21)."""
    caller.must(Role.PM, municipality=here.partnership.host, rule="IT-21")
    decision_id = uuid5(context.command_id, "decision")
    async with here.db.work() as connection:
        decided = await handle(
            here.store,
            MEETING,
            subject,
            lambda state: existing(state).decide(decision_id, request_id=request_id, outcome=outcome, text=text),
            context,
            within=connection,
        )
        fact = decided.facts[0]
        assert isinstance(fact, DecisionRecorded)
        await handle(
            here.store,
            AGREEMENT,
            fact.request_id,
            lambda state: _hear(state, fact, decided.state.number),
            replace(context, municipality=fact.municipality, command_id=uuid5(context.command_id, "to the project")),
            within=connection,
        )
    here.store.committed()
    return decided


def _hear(state: Agreement | None, decision: DecisionRecorded, number: int) -> CabDecided | None:
    directive_of(state)
    return None if state is None else state.hear_of_decision(decision, meeting_number=number)


async def write_minutes(
    here: Deps, subject: UUID, text: str, *, caller: Identity, context: Context, expected: int | None = None
) -> Outcome[Meeting]:
    """The PM writes the minutes."""
    writer = await person_of(here, caller)
    return await _as_pm(
        here, subject, caller, context, expected, lambda found: found.write_minutes(text, writer=writer)
    )


async def approve_minutes(
    here: Deps, subject: UUID, version: int, *, caller: Identity, context: Context
) -> Outcome[Meeting]:
    """Somebody who attended and did not write the minutes approves them; that closes the meeting."""
    await seen(here, subject, caller)
    adjuster = await person_of(here, caller)
    return await handle(
        here.store,
        MEETING,
        subject,
        lambda state: existing(state).approve_minutes(version, adjuster=adjuster),
        context,
    )


async def seen(here: Deps, subject: UUID, caller: Identity) -> Meeting:
    """The meeting, for somebody of a municipality that is invited to it or hosts it."""
    found = existing(MEETING.fold(await here.store.load(subject)))
    if not caller.scope & {here.partnership.host, *found.invited}:
        raise NoMeeting
    return found


async def _as_pm(
    here: Deps,
    subject: UUID,
    caller: Identity,
    context: Context,
    expected: int | None,
    decide: Callable[[Meeting], MeetingFact],
) -> Outcome[Meeting]:
    caller.must(Role.PM, municipality=here.partnership.host, rule="IT-21")
    return await handle(here.store, MEETING, subject, lambda state: decide(existing(state)), context, expected=expected)
