"""What may be asked of notifications: to have a message sent again; and what its senders report."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID, uuid4

from chassis.aggregate import Aggregate, Outcome, handle
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


def settled(store: Store, clock: Clock) -> Callable[[Connection, Effect, str | None], Awaitable[None]]:
    """What a sender reports in the transaction that marks the effect: handed over, or given up for a reason."""

    async def settle(connection: Connection, effect: Effect, hopeless: str | None) -> None:
        context = Context(
            actor=the_system(store.service),
            actor_name=None,
            municipality=effect.municipality,
            command_id=uuid4(),  # the transaction makes it once: the mark and the fact are written together
            now=clock.now(),
            correlation=effect.payload["correlation"],
            causation=UUID(effect.payload["because_of"]),
            traceparent=effect.traceparent,
        )
        if hopeless is None:
            decide = partial(message.sent, attempts=effect.attempts)
            await handle(store, MESSAGE, UUID(effect.key), decide, context, within=connection)
        else:
            give_up = partial(message.given_up, attempts=effect.attempts, reason=hopeless)
            await handle(store, MESSAGE, UUID(effect.key), give_up, context, within=connection)

    return settle
