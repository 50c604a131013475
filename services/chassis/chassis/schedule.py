"""What happens because time passes: a tick every so often, in a transaction of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID, uuid5

import structlog

from chassis.aggregate import Aggregate, Outcome, handle
from chassis.clock import Clock
from chassis.context import REACTIONS, Context, the_system
from chassis.db import Connection, Database
from chassis.outbox import Due, write_effects
from chassis.store import Store
from contracts.event import Event

S = TypeVar("S")
F = TypeVar("F", bound=Event)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tick:
    """What a tick may use."""

    name: str
    store: Store
    db: Database
    connection: Connection
    now: datetime
    resources: Mapping[str, Any]

    def context(self, municipality: str, occasion: str) -> Context:
        """The context of a command the passing of time gives. `occasion` names it for ever ("weekly 2026-03-02 of
        …"), so that however often the clock ticks it is given once."""
        command_id = uuid5(REACTIONS, f"{self.name}/{occasion}")
        return Context(
            actor=the_system(self.store.service),
            actor_name=None,
            municipality=municipality,
            command_id=command_id,
            now=self.now,
            correlation=str(command_id),
        )

    async def handle(
        self,
        aggregate: Aggregate[S, F],
        subject: UUID,
        decide: Callable[[S | None], F | Sequence[F] | None],
        *,
        municipality: str,
        occasion: str,
    ) -> Outcome[S]:
        """Decide and append in the tick's transaction, once for each occasion."""
        context = self.context(municipality, occasion)
        return await handle(self.store, aggregate, subject, decide, context, within=self.connection)

    async def effect(self, *, channel: str, key: str, payload: dict[str, Any], municipality: str) -> None:
        """Have something done outside, at least once, under this key."""
        await write_effects(self.connection, [Due(channel, key, municipality, payload)])


@dataclass(frozen=True)
class Clockwork:
    """A named tick. `name` is for ever: command ids are derived from it."""

    name: str
    every_seconds: float
    tick: Callable[[Tick], Awaitable[None]]


class ClockworkLoop:
    """Ticks until cancelled."""

    def __init__(self, clockwork: Clockwork, store: Store, clock: Clock, resources: Mapping[str, Any]) -> None:
        self.clockwork, self.store, self.clock, self.resources = clockwork, store, clock, resources

    async def run(self) -> None:
        """Tick at once and then every `every_seconds`."""
        await self.clock.sleep(0)  # a clock that is told the time does not know it at once
        while True:
            await self.run_once()
            await self.clock.sleep(self.clockwork.every_seconds)

    async def run_once(self) -> None:
        """One tick: all it does is done, or nothing."""
        async with self.store.db.work() as connection:
            tick = Tick(self.clockwork.name, self.store, self.store.db, connection, self.clock.now(), self.resources)
            await self.clockwork.tick(tick)
        self.store.committed()
