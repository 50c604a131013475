"""What may be asked of notifications: to have a message sent again; and what its senders report."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from uuid import UUID, uuid4

from chassis.aggregate import Aggregate, Outcome, handle, handle_each
from chassis.clock import Clock
from chassis.context import Context, the_system
from chassis.db import Connection
from chassis.outbox import Effect
from chassis.store import Store
from chassis.web import Deps
from contracts.notifications import MessageFact
from notifications.domain import message
from notifications.domain.message import Message

MESSAGE: Aggregate[Message, MessageFact] = Aggregate("message", MessageFact, message.evolve)

AGAIN = """
UPDATE effects SET state = 'due', attempts = 0, due_at = clock_timestamp(), reason = NULL, done_at = NULL,
    payload = payload || '{"asked_for": true}'
WHERE key = $1
"""
"""Who asks for it wants it sent however old it is."""


async def send_again(
    here: Deps, subject: UUID, context: Context, *, reason: str = "", expected: int | None = None
) -> Outcome[Message]:
    """Have a message that was given up sent after all, under the key it always had (P9).

    Raises NoSuchMessage, NotGivenUp, VersionConflict, and ForeignSubject for another municipality's.
    """
    async with here.db.work() as connection:
        decide = partial(message.again, reason=reason)
        outcome = await handle(here.store, MESSAGE, subject, decide, context, expected=expected, within=connection)
        if not outcome.duplicate:
            await connection.execute(AGAIN, str(subject))
    here.store.committed()
    return outcome


def settled(store: Store, clock: Clock) -> Callable[[Connection, Sequence[tuple[Effect, str | None]]], Awaitable[None]]:
    """What a sender reports in the transaction that marks effects: handed over, or given up for a reason."""

    async def settle(connection: Connection, done: Sequence[tuple[Effect, str | None]]) -> None:
        reports = {UUID(effect.key): (_report(effect, hopeless), _context(effect)) for effect, hopeless in done}
        await handle_each(store, MESSAGE, reports, within=connection)

    def _context(effect: Effect) -> Context:
        return Context(
            actor=the_system(store.service),
            actor_name=None,
            municipality=effect.municipality,
            command_id=uuid4(),  # the transaction makes it once: the mark and the fact are written together
            now=clock.now(),
            correlation=effect.payload["correlation"],
            causation=UUID(effect.payload["because_of"]),
            traceparent=effect.traceparent,
        )

    return settle


def _report(effect: Effect, hopeless: str | None) -> Callable[[Message | None], MessageFact | None]:
    if hopeless is None:
        return partial(message.sent, attempts=effect.attempts)
    return partial(message.given_up, attempts=effect.attempts, reason=hopeless)
