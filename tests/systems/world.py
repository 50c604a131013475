"""Intake with one municipality whose desk is a stand-in, and a neighbour whose desk is of the same kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from chassis.outbox import SenderLoop
from chassis.outward import _BREAKERS
from chassis.partnership import Partnership
from chassis.schedule import ClockworkLoop
from chassis.testing import Databases
from intake.commands import asking
from intake.domain.ticket import request_of
from intake.views.deliveries import ASK
from tests.integration.intake_world import World, a_partnership, a_world
from tests.systems.peer import Event, Peer, Sent, Story


@dataclass
class Connected:
    """A stand-in, connected to intake."""

    peer: Peer
    world: World
    sent: int = 0

    def hook(self, municipality: str = "ekvik") -> str:
        """Where its deliveries go."""
        return f"/intake/hooks/{self.peer.kind}/{municipality}.{self.peer.kind}"

    def make(
        self, story: Story, event: Event, *, name: str = "", secret: str = "", at: timedelta = timedelta(0)
    ) -> Sent:
        """A delivery of an event; each has a name of its own unless it is given one."""
        self.sent += 1
        when = self.world.clock.now() + at
        return self.peer.deliver(
            story, event, name=name or f"d-{self.sent}", secret=secret or self.peer.secret, at=when
        )

    async def send(self, sent: Sent, municipality: str = "ekvik") -> httpx.Response:
        """Send a delivery."""
        return await self.world.client.post(self.hook(municipality), content=sent.body, headers=sent.raw_headers)

    async def happens(self, story: Story, event: Event, **how: Any) -> httpx.Response:
        """An event happens in the system, which tells of it; intake asks what it wants to know."""
        self.peer.tickets[story.number] = story
        answer = await self.send(self.make(story, event, **how))
        assert answer.status_code in (200, 201, 202), answer.text
        await self.asks()
        return answer

    async def asks(self) -> None:
        """Let intake ask for what deliveries do not say, until there is nothing more to ask."""
        loop = self._loop(ASK)
        while await loop.run_once():
            pass

    async def polls(self) -> None:
        """Let intake ask what changed."""
        async with self.world.here.db.work() as connection:
            await connection.execute("UPDATE effects SET done_at = done_at - interval '1 day' WHERE channel = 'poll'")
        here = self.world.here
        resources = {"partnership": here.partnership}
        await ClockworkLoop(asking.polling, here.store, here.clock, resources).run_once()
        await self._loop(asking.POLL).run_once()

    async def passes(self, **time: float) -> None:
        """Time goes by, and the views have read what there is."""
        self.world.clock.advance(timedelta(**time))
        await self.world.see()

    def _loop(self, channel: str) -> SenderLoop:
        here = self.world.here
        resources = {name: getattr(here, name) for name in ("store", "db", "vault", "partnership", "clock")}
        (sender,) = (one for one in asking.senders(resources) if one.channel == channel)
        return SenderLoop(sender, here.db)

    async def waits_no_more(self, channel: str = ASK) -> None:
        """Let what is to be tried again be due now."""
        async with self.world.here.db.work() as connection:
            await connection.execute("UPDATE effects SET due_at = now() WHERE channel = $1", channel)

    def request_id(self, story: Story) -> UUID:
        """The request of a ticket."""
        return request_of("ekvik", self.peer.kind, self.peer.external_id(story))

    async def request(self, story: Story) -> dict[str, Any]:
        """What the PM sees of a ticket's request."""
        answer = await self.world.get(f"/intake/api/requests/{self.request_id(story)}", self.world.pm)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def outcomes(self) -> list[str]:
        """What came of everything that arrived, in order."""
        async with self.world.here.db.work() as connection:
            rows = await connection.fetch("SELECT outcome FROM deliveries ORDER BY received_at, id")
        return [row["outcome"] for row in rows]


@asynccontextmanager
async def connected(peer: Peer, databases: Databases, folder: Path) -> AsyncIterator[Connected]:
    """The stand-in runs, and intake knows its desk and the neighbour's."""
    _BREAKERS.clear()
    async with peer.running():
        given = a_partnership().model_dump()
        for town in given["municipalities"].values():
            town["hosts"] = ["127.0.0.1"]
        neighbour = {**peer.settings("nordvik"), "secret": peer.neighbour_secret, "next_secret": None, "api": None}
        given["service_desks"] = [peer.settings(), neighbour]
        async with a_world(databases, folder, Partnership.parse(given)) as world:
            yield Connected(peer, world)
