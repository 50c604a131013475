"""Reacting to other services' facts: append to our own streams, move our place, in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import structlog
from aiokafka import TopicPartition

from chassis import checkpoints, parking
from chassis.aggregate import Aggregate, Outcome, handle, handle_each
from chassis.checkpoints import Checkpoint
from chassis.clock import Clock
from chassis.context import Context
from chassis.db import Connection
from chassis.decode import decode
from chassis.log import Record
from chassis.outbox import Due, write_effects
from chassis.parking import Parked
from chassis.store import Store
from chassis.telemetry import current_traceparent, messaging_span
from chassis.views.view import names_of
from contracts.envelope import Envelope
from contracts.event import Event
from contracts.topics import Topic

DATABASE_TROUBLE = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
)
"""What is no fault of the event that was being handled."""

MOST_TOGETHER = 50
"""Events reacted to in one transaction at the most."""

S = TypeVar("S")
F = TypeVar("F", bound=Event)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """What a reaction may use: our store, in the open transaction, as the system, because of one event.

    `resources` holds what the service was started with (vault, partnership, settings …), by name.
    """

    name: str
    store: Store
    connection: Connection
    clock: Clock
    event: Envelope[Any]
    record: Record
    resources: Mapping[str, Any]
    effects: list[Due] = field(default_factory=list)
    """What is to be done outside; written when the reaction is over."""

    def context(self, *, municipality: str | None = None, step: str = "") -> Context:
        """The context of a command this reaction gives. Commands to one subject are told apart by `step`."""
        return Context.for_reaction(
            self.name,
            self.event,
            service=self.store.service,
            now=self.clock.now(),
            municipality=municipality,
            cause=str(self.record.position),
            traceparent=current_traceparent() or self.event.traceparent,
            step=step,
        )

    async def handle(
        self,
        aggregate: Aggregate[S, F],
        subject: UUID,
        decide: Callable[[S | None], F | Sequence[F] | None],
        *,
        municipality: str | None = None,
        step: str | None = None,
    ) -> Outcome[S]:
        """Decide and append in the transaction that moves the place. Raises what `decide` raises."""
        context = self.context(municipality=municipality, step=str(subject) if step is None else step)
        return await handle(self.store, aggregate, subject, decide, context, within=self.connection)

    async def handle_each(
        self,
        aggregate: Aggregate[S, F],
        decisions: Mapping[UUID, tuple[Callable[[S | None], F | Sequence[F] | None], str]],
    ) -> set[UUID]:
        """The same for several subjects at once, each with its decision and its municipality; those of which it is the
        first time."""
        commands = {
            subject: (decide, self.context(municipality=municipality, step=str(subject)))
            for subject, (decide, municipality) in decisions.items()
        }
        return await handle_each(self.store, aggregate, commands, within=self.connection)

    def effect(self, *, channel: str, key: str, payload: dict[str, Any], municipality: str | None = None) -> None:
        """Have something done outside, at least once, under this key."""
        traceparent = current_traceparent() or self.event.traceparent
        self.effects.append(Due(channel, key, municipality or self.event.municipality, payload, traceparent))


@dataclass(frozen=True)
class Reaction:
    """What a service does because of others' facts.

    name    for ever: command ids and checkpoints are derived from it
    facts   the union of the facts it reacts to
    react   (event, work); what it raises parks the event's subject for this reaction
    """

    name: str
    topics: tuple[Topic, ...]
    facts: Any
    react: Callable[[Envelope[Any], Work], Awaitable[None]]

    @cached_property
    def types(self) -> frozenset[str]:
        """The travelling names of the facts it reacts to, old versions included."""
        return names_of(self.facts)


class ReactionFollower:
    """Runs a reaction on what comes."""

    def __init__(self, reaction: Reaction, store: Store, clock: Clock, resources: Mapping[str, Any]) -> None:
        self.reaction, self.store, self.clock, self.resources = reaction, store, clock, resources
        self.name = reaction.name
        self.topics = reaction.topics
        self.places: dict[TopicPartition, Checkpoint] = {}

    async def restore(self) -> dict[TopicPartition, Checkpoint]:
        """Where it stands."""
        async with self.store.db.work() as connection:
            self.places = await checkpoints.load(connection, self.name)
        return self.places

    async def rewind(self, partitions: list[TopicPartition]) -> None:
        """Begin again in partitions whose topic was replaced."""
        async with self.store.db.work() as connection:
            begun = await checkpoints.rewind(connection, self.name, self.places, partitions)
        self.places = {**self.places, **begun}

    async def apply(self, batch: Mapping[TopicPartition, list[Record]]) -> None:
        """React to a batch, piece by piece: of each, facts, effects and the place in one transaction."""
        for piece in self._pieces(batch):
            await self._apply(piece)

    def _pieces(self, batch: Mapping[TopicPartition, list[Record]]) -> Iterator[dict[TopicPartition, list[Record]]]:
        """The batch in pieces that last a moment: while one is at work, everybody else who appends here waits."""
        piece: dict[TopicPartition, list[Record]] = {}
        many = 0
        for partition, records in batch.items():
            for record in records:
                piece.setdefault(partition, []).append(record)
                many += record.type in self.reaction.types
                if many == MOST_TOGETHER:
                    yield piece
                    piece, many = {}, 0
        if piece:
            yield piece

    async def _apply(self, batch: Mapping[TopicPartition, list[Record]]) -> None:
        async with self.store.db.work() as connection:
            fresh = {
                partition: self.places.get(partition, Checkpoint()).sift(records)
                for partition, records in batch.items()
            }
            parked = await self._react(connection, [one for records in fresh.values() for one in records])
            await parking.park(connection, self.name, parked)
            aside = [TopicPartition(one.record.topic, one.record.partition) for one in parked]
            moved = {
                partition: self.places.get(partition, Checkpoint()).after(
                    records, fresh=len(fresh[partition]), parked=aside.count(partition)
                )
                for partition, records in batch.items()
            }
            changed = {partition: place for partition, place in moved.items() if place != self.places.get(partition)}
            await checkpoints.move(connection, self.name, self.places, changed)
        self.places = {**self.places, **changed}
        self.store.committed()

    async def _react(self, connection: Connection, records: list[Record]) -> list[Parked]:
        mine = [record for record in records if record.type in self.reaction.types]
        if not mine:
            return []
        stuck = await parking.waiting_subjects(connection, self.name, {record.subject for record in mine})
        if not stuck and await self._run_all(connection, mine):
            return []
        parked: list[Parked] = []
        for record in mine:
            if record.subject in stuck:
                parked.append(Parked(record, parking.BEHIND))
            elif reason := await self.run_one(connection, record):
                parked.append(Parked(record, reason))
                stuck.add(record.subject)
        return parked

    async def _run_all(self, connection: Connection, records: list[Record]) -> bool:
        """React to all under one savepoint. False when one could not be done: nothing is done then, and each is to be
        tried by itself."""
        effects: list[Due] = []
        try:
            async with connection.transaction():
                for record in records:
                    await self._run(connection, record, record.message, effects)
                await write_effects(connection, effects)
        except DATABASE_TROUBLE:
            raise
        except Exception:  # noqa: BLE001  whoever tries it by itself says what is wrong
            return False
        return True

    async def _run(self, connection: Connection, record: Record, message: bytes, effects: list[Due]) -> None:
        event = decode(message, record.sequence)
        with messaging_span(
            "process", record.topic, parent=event.traceparent, group=self.name, partition=record.partition,
            offset=record.offset, message_id=str(event.id),
        ):  # fmt: skip
            work = Work(self.name, self.store, connection, self.clock, event, record, self.resources, effects)
            await self.reaction.react(event, work)

    async def run_one(self, connection: Connection, record: Record, message: bytes | None = None) -> str | None:
        """React to one event under a savepoint; the reason when it could not be done. `message` is read instead of
        the record's own when somebody mended it."""
        effects: list[Due] = []
        try:
            async with connection.transaction():
                await self._run(connection, record, message or record.message, effects)
                await write_effects(connection, effects)
        except DATABASE_TROUBLE:
            raise  # the database or the machine, not the event: the role begins again
        except Exception as failure:
            log.exception("reaction.failed", reaction=self.name, position=str(record.position))
            return parking.reason_of(failure)
        return None
