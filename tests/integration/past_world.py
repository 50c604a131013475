"""Intake with a broker and a past: a ticket came at noon, and was changed forty days later."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import httpx

from chassis.feed import Feed
from chassis.relay import Relay
from chassis.settings import Settings
from chassis.testing import NOON, Databases
from chassis.topics import create_topics
from chassis.views.follow import ViewFollower
from chassis.web import create_app
from contracts.topics import REQUEST
from intake.main import service
from tests.integration.flow import IDEMPOTENT, running
from tests.integration.intake_world import ORIGIN, World, a_ticket, a_world

LATER = NOON + timedelta(days=40)


@asynccontextmanager
async def a_world_with_a_past(databases: Databases, kafka: str, tmp_path: Path) -> AsyncIterator[World]:
    """Everything it holds is in its views."""
    await create_topics(kafka)
    async with a_world(databases, tmp_path) as given:
        alone = SimpleNamespace(
            public_url=ORIGIN, kafka=kafka, link_key=bytes(32), issuers=(), address_of=lambda _: "http://127.0.0.1:1"
        )
        settings = cast(Settings, alone)
        here = replace(given.here, settings=settings)
        transport = httpx.ASGITransport(create_app("intake", "intake", service.http, here))
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            relay = Relay(here.store, kafka, (REQUEST,), idempotent=IDEMPOTENT)
            feed = Feed(kafka, "views", [ViewFollower(view, here.db) for view in service.views])
            async with running(relay.run, feed.run):
                world = replace(given, here=here, client=client)
                await world.deliver(a_ticket(revision=1))
                world.clock.advance(LATER - NOON)
                changed = await world.deliver(a_ticket(revision=2, kind="changed", title="Nytt namn"), key="msg-2")
                for view in service.views:
                    shown = f"/intake/api/views/{view.name}"
                    await client.get(shown, params={"after": changed.json()["position"]}, headers=world.pm)
                yield world
