"""A CAB meeting, from the call to the approved minutes (IT-21). It is held with an IT-orderer meeting; the PM presents.

Pure: decisions return facts, `evolve` folds them; time, ids and people are handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

from contracts.governance import (
    AgendaSet,
    AttendanceRecorded,
    DecisionRecorded,
    MeetingCalled,
    MeetingCancelled,
    MeetingFact,
    MeetingMoved,
    MinutesApproved,
    MinutesWritten,
    Outcome,
)
from contracts.values import AgendaItem, Attendee, Person
from governance.domain import refusals, unsettled
from governance.domain.words import LINE, clean, said

MEETINGS = UUID("0f6a1de2-6a4c-5c0e-9f58-7f0b6f1f2b21")
"""The namespace of meeting ids. It never changes: a number that is taken must be found to be taken."""

Stage = Literal["called", "minuted", "closed", "cancelled"]
DEPUTY = "deputy"
"""The role of those who sit for somebody else."""


def meeting_of(host: str, number: int) -> UUID:
    """The id of the host's meeting of this number. Two who call meeting 7 at once call the same one, and one fails."""
    return uuid5(MEETINGS, f"{host}/{number}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """What governance must remember of a meeting in order to decide."""

    id: UUID
    number: int
    at: datetime
    place: str
    invited: frozenset[str]
    stage: Stage = "called"
    agenda: tuple[AgendaItem, ...] = ()
    present: frozenset[UUID] = frozenset()
    """Who attended, for a deputy the deputy themselves."""
    decisions: int = 0
    minutes: int = 0
    """The last version of the minutes; 0 before they are written."""
    writer: UUID | None = None
    minutes_complete: bool = False
    """Whether nothing was recorded since the last version of the minutes was written."""

    def move(self, *, at: datetime, place: str, reason: str) -> MeetingMoved:
        """The meeting is held at another time or place."""
        self._goes_on()
        return MeetingMoved(meeting_id=self.id, at=at, place=said(place, "place", LINE), reason=said(reason, "reason"))

    def cancel(self, reason: str) -> MeetingCancelled:
        """The meeting is not held; what stood on its agenda comes up at the next."""
        self._goes_on()
        return MeetingCancelled(meeting_id=self.id, reason=said(reason, "reason"))

    def set_agenda(self, items: Sequence[AgendaItem]) -> AgendaSet:
        """The agenda in the PM's order; each request stands on it once."""
        self._goes_on()
        if len({item.request_id for item in items}) < len(items):
            raise refusals.TwiceOnTheAgenda(field="items")
        named = (replace(item, title=clean(item.title)[:LINE] or "–") for item in items)
        return AgendaSet(meeting_id=self.id, items=tuple(named))

    def record_attendance(self, attendees: Sequence[Attendee]) -> AttendanceRecorded:
        """Who sat at the meeting, for an invited municipality, and for whom when they were a deputy."""
        self._goes_on()
        seen: set[UUID] = set()
        for at, attendee in enumerate(attendees):
            if attendee.municipality not in self.invited:
                raise refusals.NotInvited(field=f"attendees.{at}.municipality", municipality=attendee.municipality)
            if attendee.person.id in seen:
                raise refusals.TwiceAtTheTable(field=f"attendees.{at}.email")
            if attendee.deputy_for is None:
                if attendee.role == DEPUTY:
                    raise refusals.DeputyOfNobody(field=f"attendees.{at}.deputy_for.name")
            elif attendee.role != DEPUTY:
                raise refusals.NotTheDeputy(field=f"attendees.{at}.role")
            elif attendee.deputy_for.id == attendee.person.id:
                raise unsettled.DeputyOfThemselves(field=f"attendees.{at}.deputy_for.email")
            seen.add(attendee.person.id)
        return AttendanceRecorded(meeting_id=self.id, attendees=tuple(attendees))

    def decide(self, decision_id: UUID, *, request_id: UUID, outcome: Outcome, text: str) -> DecisionRecorded:
        """What the CAB decided of a request on its agenda; the project hears of it as a fact of its own."""
        self._goes_on()
        told = said(text, "text")
        item = next((item for item in self.agenda if item.request_id == request_id), None)
        if item is None:
            raise refusals.NotOnTheAgenda(field="request_id")
        return DecisionRecorded(
            meeting_id=self.id,
            decision_id=decision_id,
            request_id=request_id,
            municipality=item.municipality,
            outcome=outcome,
            text=told,
        )

    def write_minutes(self, text: str, *, writer: Person) -> MinutesWritten:
        """A version of the minutes, after it is known who attended."""
        self._goes_on()
        told = said(text, "text")
        if not self.present:
            raise refusals.NoAttendance
        return MinutesWritten(meeting_id=self.id, version=self.minutes + 1, text=told, writer=writer)

    def approve_minutes(self, version: int, *, adjuster: Person) -> MinutesApproved:
        """Somebody who attended and did not write them approves the minutes; the meeting is closed."""
        self._goes_on()
        if self.minutes == 0:
            raise refusals.NoMinutes
        if version != self.minutes:
            raise refusals.AnotherVersion(asked=version, current=self.minutes)
        if not self.minutes_complete:
            raise refusals.MinutesAreOlder
        if adjuster.id == self.writer or adjuster.id not in self.present:
            raise refusals.WriterCannotAdjust
        return MinutesApproved(meeting_id=self.id, version=version, person=adjuster)

    def _goes_on(self) -> None:
        if self.stage in ("closed", "cancelled"):
            raise refusals.MeetingIsOver


def call(
    meeting: Meeting | None,
    *,
    meeting_id: UUID,
    number: int,
    at: datetime,
    place: str,
    orderer_meeting: str,
    invited: Sequence[str],
    since: datetime | None,
) -> MeetingCalled:
    """The PM calls a CAB with an IT-orderer meeting (IT-21). `since` is when the last meeting was held."""
    if meeting is not None:
        raise refusals.NumberTaken(number=number)
    place, orderer_meeting = said(place, "place", LINE), said(orderer_meeting, "orderer_meeting", LINE)
    if not invited:
        raise refusals.NobodyInvited(field="invited")
    return MeetingCalled(
        meeting_id=meeting_id,
        number=number,
        at=at,
        place=place,
        orderer_meeting=orderer_meeting,
        invited=tuple(sorted(set(invited))),
        since=since,
    )


def existing(meeting: Meeting | None) -> Meeting:
    """The meeting, or a refusal when it was never called."""
    if meeting is None:
        raise refusals.NoMeeting
    return meeting


def evolve(meeting: Meeting | None, fact: MeetingFact) -> Meeting:
    """The meeting after one more fact."""
    if isinstance(fact, MeetingCalled):
        return Meeting(
            id=fact.meeting_id, number=fact.number, at=fact.at, place=fact.place, invited=frozenset(fact.invited)
        )
    assert meeting is not None, f"{fact.type} before the meeting was called"
    match fact:
        case MeetingMoved(at=at, place=place):
            return replace(meeting, at=at, place=place)
        case MeetingCancelled():
            return replace(meeting, stage="cancelled")
        case AgendaSet(items=items):
            return replace(meeting, agenda=items)
        case AttendanceRecorded(attendees=attendees):
            present = frozenset(attendee.person.id for attendee in attendees if attendee.present)
            return replace(meeting, present=present, minutes_complete=False)
        case DecisionRecorded():
            return replace(meeting, decisions=meeting.decisions + 1, minutes_complete=False)
        case MinutesWritten(version=version, writer=writer):
            by = None if writer is None else writer.id
            return replace(meeting, stage="minuted", minutes=version, writer=by, minutes_complete=True)
        case MinutesApproved():
            return replace(meeting, stage="closed")
