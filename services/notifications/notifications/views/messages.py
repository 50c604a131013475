"""Who was told what of a request, and what could not be told? One row per message.

A fold over the log and nothing else, so it can be dropped and replayed; to change `MessageRow`, raise `version`. How
often a message that is still due was tried stands in the outbox alone, because a try is no fact.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never
from uuid import UUID

from chassis.db import Database
from chassis.views import Page, Row, Stretch, View
from contracts.envelope import Envelope
from contracts.notifications import MessageDue, MessageDueAgain, MessageFact, MessageGivenUp, MessageSent
from contracts.topics import MESSAGE

State = Literal["due", "sent", "given_up"]


class MessageRow(Row, frozen=True, kw_only=True):
    """A message as those see it who look after the flow. Names are sealed."""

    message_id: UUID
    municipality: str
    about: UUID
    """The request, round or meeting it tells of."""
    because_of: UUID
    channel: str
    template: str
    to_name: str | None
    """None for a message that goes into a ticket."""
    ticket: str | None
    state: State
    attempts: int
    """How often it was tried in all; 0 while it is due."""
    reason: str | None
    version: int
    due_at: datetime
    changed_at: datetime


def evolve(row: MessageRow | None, event: Envelope[MessageFact]) -> MessageRow:
    """Fold one fact."""
    fact = event.data
    if isinstance(fact, MessageDue):
        return MessageRow(
            message_id=fact.message_id,
            municipality=event.municipality,
            about=fact.about,
            because_of=fact.because_of,
            channel=fact.channel,
            template=fact.template,
            to_name=fact.to.name if fact.to else None,
            ticket=(fact.ticket.number or fact.ticket.external_id) if fact.ticket else None,
            state="due",
            attempts=0,
            reason=None,
            version=event.version,
            due_at=event.time,
            changed_at=event.time,
        )
    assert row is not None, f"{fact.type} before the message was due"
    row = row.replace(version=event.version, changed_at=event.time)
    match fact:
        case MessageSent():
            return row.replace(state="sent", attempts=row.attempts + fact.attempts, reason=None)
        case MessageGivenUp():
            return row.replace(state="given_up", attempts=row.attempts + fact.attempts, reason=fact.reason)
        case MessageDueAgain():
            return row.replace(state="due")
        case _:
            assert_never(fact)


view = View(
    "messages",
    version=1,
    row=MessageRow,
    facts=MessageFact,
    topics=(MESSAGE,),
    evolve=evolve,
    indexes=("about, due_at, message_id", "state, changed_at DESC, message_id", "municipality, state"),
)


@dataclass(frozen=True, slots=True)
class Trying:
    """A message that was tried and did not go: how often, why the last time, and when it is tried next."""

    attempts: int
    reason: str | None
    next_at: datetime


LATEST_FIRST, OLDEST_FIRST = "changed_at DESC, message_id", "due_at, message_id"


async def of_subject(
    db: Database, about: UUID, *, scope: Iterable[str], limit: int, mark: str | None = None
) -> Stretch[MessageRow]:
    """What was told of a request, a round or a meeting, the oldest first; some of it, from a mark on. Raises NoMark."""
    return await view.stretch(db, "about = $1", about, order=OLDEST_FIRST, scope=scope, limit=limit, mark=mark)


async def in_state(
    db: Database, state: State, *, scope: Iterable[str], limit: int, mark: str | None = None
) -> Stretch[MessageRow]:
    """The messages in a state, the latest change first; some of them, from a mark on. Raises NoMark."""
    return await view.stretch(db, "state = $1", state, order=LATEST_FIRST, scope=scope, limit=limit, mark=mark)


async def page_of(db: Database, state: State, *, scope: Iterable[str], number: int) -> Page[MessageRow]:
    """The same, page by page, however many there are."""
    return await view.page(db, "state = $1", state, order=LATEST_FIRST, scope=scope, number=number)


async def page_about(db: Database, about: UUID, *, scope: Iterable[str], number: int) -> Page[MessageRow]:
    """What was told of a request, a round or a meeting, page by page, the oldest first."""
    return await view.page(db, "about = $1", about, order=OLDEST_FIRST, scope=scope, number=number)


async def being_tried(db: Database, messages: Iterable[UUID], *, scope: Iterable[str]) -> dict[UUID, Trying]:
    """Of these messages, those that were tried and are still due."""
    query = "SELECT key, attempts, reason, due_at FROM effects WHERE state = 'due' AND attempts > 0 AND key = ANY($1)"
    async with db.scoped(scope) as connection:
        rows = await connection.fetch(query, [str(message) for message in messages])
    return {UUID(row["key"]): Trying(row["attempts"], row["reason"], row["due_at"]) for row in rows}
