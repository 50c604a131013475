"""What is the PM to judge? One row per request; those that wait are the inbox (IT-05).

A fold over the log and nothing else, so it can be dropped and replayed; to change `InboxRow`, raise `version`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import assert_never
from uuid import UUID

from chassis.db import Database
from chassis.views import Page, Row, Stretch, View
from contracts.envelope import Envelope
from contracts.intake import (
    ClassificationWithdrawn,
    ClassifiedAsChange,
    ClassifiedAsProject,
    IntakeFact,
    RequestChanged,
    RequestMerged,
    RequestRegistered,
    RequestReopened,
    RequestWithdrawn,
)
from contracts.topics import REQUEST


class InboxRow(Row, frozen=True, kw_only=True):
    """A request as the PM sees it in the list."""

    request_id: UUID
    municipality: str
    waits: bool
    """Whether it waits to be judged. Others are kept, because a judgement can be taken back."""
    title: str
    system: str
    number: str
    """What the Service Desk calls the ticket (IT-03)."""
    requester_name: str
    organisation: str | None
    serves: tuple[str, ...]
    priority: int | None
    opened_at: datetime
    registered_at: datetime
    changed_at: datetime


def evolve(row: InboxRow | None, event: Envelope[IntakeFact]) -> InboxRow:
    """Fold one fact."""
    fact = event.data
    if isinstance(fact, RequestRegistered):
        return InboxRow(
            request_id=fact.request_id,
            municipality=event.municipality,
            waits=True,
            title=fact.title,
            system=fact.ticket.system,
            number=fact.ticket.number or fact.ticket.external_id,
            requester_name=fact.requester.name,
            organisation=fact.organisation,
            serves=fact.serves,
            priority=fact.priority,
            opened_at=fact.opened_at,
            registered_at=event.time,
            changed_at=event.time,
        )
    assert row is not None, f"{fact.type} before the request was registered"
    match fact:
        case RequestChanged():
            row = row.replace(title=fact.title, priority=fact.priority, changed_at=event.time)
            return row.replace(number=fact.ticket.number or fact.ticket.external_id) if fact.ticket else row
        case RequestReopened() | ClassificationWithdrawn():
            return row.replace(waits=True, changed_at=event.time)
        case RequestWithdrawn() | RequestMerged() | ClassifiedAsProject() | ClassifiedAsChange():
            return row.replace(waits=False, changed_at=event.time)
        case _:
            assert_never(fact)


view = View(
    "inbox",
    version=2,
    row=InboxRow,
    facts=IntakeFact,
    topics=(REQUEST,),
    evolve=evolve,
    indexes=("waits, opened_at, request_id",),
)


OLDEST_FIRST = "opened_at, request_id"


async def oldest_first(db: Database, *, scope: Iterable[str], limit: int, mark: str | None = None) -> Stretch[InboxRow]:
    """What waits in these municipalities, the longest waiting first; some of it, from a mark on. Raises NoMark."""
    return await view.stretch(db, "waits", order=OLDEST_FIRST, scope=scope, limit=limit, mark=mark)


async def page_of(db: Database, *, scope: Iterable[str], number: int) -> Page[InboxRow]:
    """The same, page by page."""
    return await view.page(db, "waits", order=OLDEST_FIRST, scope=scope, number=number)
