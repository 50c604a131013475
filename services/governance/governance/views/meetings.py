"""Which CAB meetings are there, and what was said at them? (IT-21)

One row per meeting, seen by the host and by the municipalities invited; to change `MeetingRow`, raise `version`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from chassis.db import Database
from chassis.views import Page, Row, Stretch, View
from contracts.envelope import Envelope
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
)
from contracts.topics import MEETING
from contracts.values import AgendaItem, Attendee, Person
from governance.domain.meeting import Stage


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided of a project."""

    decision_id: UUID
    request_id: UUID
    municipality: str
    outcome: str
    text: str
    at: datetime


class Minutes(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the minutes."""

    version: int
    text: str
    writer: Person | None
    at: datetime


class MeetingRow(Row, frozen=True, kw_only=True):
    """A meeting from the call to the approved minutes."""

    meeting_id: UUID
    municipality: str
    shared_with: tuple[str, ...]
    number: int
    at: datetime
    place: str
    orderer_meeting: str
    stage: Stage
    called_at: datetime
    changed_at: datetime
    stream_version: int
    since: datetime | None = None
    agenda: tuple[AgendaItem, ...] = ()
    attendees: tuple[Attendee, ...] = ()
    decisions: tuple[Decision, ...] = ()
    minutes: tuple[Minutes, ...] = ()
    minutes_complete: bool = False
    """Whether nothing was recorded since their last version was written; others are not approved."""
    approved_by: Person | None = None
    approved_at: datetime | None = None
    reason: str = ""
    """Why it was last moved, or cancelled."""


def evolve(row: MeetingRow | None, event: Envelope[MeetingFact]) -> MeetingRow:
    """Fold one fact."""
    fact, at = event.data, event.time
    if isinstance(fact, MeetingCalled):
        return MeetingRow(
            meeting_id=fact.meeting_id,
            municipality=event.municipality,
            shared_with=fact.invited,
            number=fact.number,
            at=fact.at,
            place=fact.place,
            orderer_meeting=fact.orderer_meeting,
            stage="called",
            called_at=at,
            changed_at=at,
            stream_version=event.version,
            since=fact.since,
        )
    assert row is not None, f"{fact.type} before the meeting was called"
    row = row.replace(changed_at=at, stream_version=event.version)
    match fact:
        case MeetingMoved(at=when, place=place, reason=reason):
            return row.replace(at=when, place=place, reason=reason)
        case MeetingCancelled(reason=reason):
            return row.replace(stage="cancelled", reason=reason)
        case AgendaSet(items=items):
            return row.replace(agenda=items)
        case AttendanceRecorded(attendees=attendees):
            return row.replace(attendees=attendees, minutes_complete=False)
        case DecisionRecorded():
            decision = Decision(
                decision_id=fact.decision_id,
                request_id=fact.request_id,
                municipality=fact.municipality,
                outcome=fact.outcome,
                text=fact.text,
                at=at,
            )
            return row.replace(decisions=(*row.decisions, decision), minutes_complete=False)
        case MinutesWritten(version=version, text=text, writer=writer):
            minutes = Minutes(version=version, text=text, writer=writer, at=at)
            return row.replace(stage="minuted", minutes=(*row.minutes, minutes), minutes_complete=True)
        case MinutesApproved(person=person):
            return row.replace(stage="closed", approved_by=person, approved_at=at)


view = View(
    "meetings", version=2, row=MeetingRow, facts=MeetingFact, topics=(MEETING,), evolve=evolve, indexes=("number",)
)


LATEST_FIRST = "number DESC, meeting_id"


async def latest_first(
    db: Database, *, scope: Iterable[str], limit: int, mark: str | None = None
) -> Stretch[MeetingRow]:
    """The meetings, the latest first; some of them, from a mark on. Raises NoMark."""
    return await view.stretch(db, order=LATEST_FIRST, scope=scope, limit=limit, mark=mark)


ON_A_PAGE = 20
"""A meeting holds its agenda, what was decided, and its minutes."""


async def page_of(db: Database, *, scope: Iterable[str], number: int) -> Page[MeetingRow]:
    """The same, page by page."""
    return await view.page(db, order=LATEST_FIRST, scope=scope, number=number, on_each=ON_A_PAGE)


async def before(db: Database, at: datetime, *, scope: Iterable[str]) -> MeetingRow | None:
    """The last meeting before a moment that was not cancelled: what changed since then is on the next agenda."""
    rows = await view.select(db, "at < $1 AND stage <> 'cancelled' ORDER BY at DESC", at, scope=scope, limit=1)
    return rows[0] if rows else None


async def after(db: Database, at: datetime, *, scope: Iterable[str]) -> MeetingRow | None:
    """The next meeting after a moment that is not cancelled."""
    rows = await view.select(db, "at > $1 AND stage <> 'cancelled' ORDER BY at", at, scope=scope, limit=1)
    return rows[0] if rows else None


async def to_come(db: Database, now: datetime, *, scope: Iterable[str]) -> MeetingRow | None:
    """The meeting that is held next. One that was held before its day, and is closed, is not."""
    rows = await view.select(db, "at > $1 AND stage IN ('called', 'minuted') ORDER BY at", now, scope=scope, limit=1)
    return rows[0] if rows else None


async def to_minute(db: Database, now: datetime, *, scope: Iterable[str]) -> list[MeetingRow]:
    """The meetings that were held and have no minutes, or none of all that was recorded; the first held first."""
    lacking = "(at < $1 AND stage = 'called') OR (stage = 'minuted' AND NOT minutes_complete)"
    return await view.select(db, f"({lacking}) ORDER BY at", now, scope=scope)


async def to_approve(db: Database, person: UUID, *, scope: Iterable[str]) -> list[MeetingRow]:
    """The meetings whose minutes this person can approve: who attended, and did not write their last version."""
    seat = "jsonb_build_object('present', true, 'person', jsonb_build_object('id', $1::text))"
    attended = f"attendees @> jsonb_build_array({seat})"
    others = "minutes -> -1 -> 'writer' ->> 'id' IS DISTINCT FROM $1"
    where = f"stage = 'minuted' AND minutes_complete AND {attended} AND {others} ORDER BY at"
    return await view.select(db, where, str(person), scope=scope)


async def decided_before(db: Database, at: datetime, request_id: UUID, *, scope: Iterable[str]) -> MeetingRow | None:
    """The last meeting before a moment that decided something of a project."""
    said_of_it = "decisions @> jsonb_build_array(jsonb_build_object('request_id', $2::text))"
    where = f"at < $1 AND stage <> 'cancelled' AND {said_of_it} ORDER BY at DESC"
    rows = await view.select(db, where, at, str(request_id), scope=scope, limit=1)
    return rows[0] if rows else None
