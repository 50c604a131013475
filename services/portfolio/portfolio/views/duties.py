"""Which report is due next, and by whom? One row per project; it drives the clockwork that says what was missed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from chassis.db import Database
from chassis.views import Row, View
from contracts.envelope import Envelope
from contracts.portfolio import ProjectFact
from contracts.topics import REQUEST
from portfolio.domain.duties import Duties


class DutyRow(Row, frozen=True):
    """What the leader of a project owes."""

    request_id: UUID
    municipality: str
    changed_at: datetime
    duties: Duties
    look_at: datetime | None = None
    """When somebody must look whether a report has come; None when none is owed."""


def evolve(row: DutyRow | None, event: Envelope[ProjectFact]) -> DutyRow:
    """The row after an event."""
    duties = (row.duties if row else Duties()).after(event.data, event.time)
    return DutyRow(
        request_id=event.subject,
        municipality=event.municipality,
        changed_at=event.time,
        duties=duties,
        look_at=duties.next_unsaid,
    )


view = View("duties", version=1, row=DutyRow, facts=ProjectFact, topics=(REQUEST,), evolve=evolve, indexes=("look_at",))


async def to_look_at(db: Database, now: datetime, *, scope: Iterable[str], limit: int = 200) -> list[DutyRow]:
    """The projects of which a report may have been missed by now (IT-20), the longest waiting first."""
    return await view.select(db, "look_at <= $1 ORDER BY look_at, request_id", now, scope=scope, limit=limit)
