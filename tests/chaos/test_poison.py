"""An event that cannot be handled arrives while people work: its subject waits, and nobody else does (P10)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner

from chassis.cli import main
from chassis.db import Database
from chassis.service import Service
from tests.chaos import dumps, toy
from tests.chaos.load import clients
from tests.chaos.world import World

pytestmark = pytest.mark.kafka


class Operations:
    """Somebody with the commands of operations, of which the toy is the only service."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = SimpleNamespace(database=world.worker, database_api=world.api)
        service = Service(name=toy.SERVICE, package="chassis", views=(toy.TOYS,))

        @asynccontextmanager
        async def opened(*_: Any) -> AsyncIterator[Any]:
            async with Database(world.worker, world.api, readers=1, workers=1) as db:
                yield SimpleNamespace(db=db)

        for name, stands_in in {
            "find_services": lambda: (service,), "find_service": lambda _: service, "settings_of": lambda _: settings,
            "opened": opened,
        }.items():  # fmt: skip
            monkeypatch.setattr(import_module("chassis.cli.parked"), name, stands_in)

    async def parked(self, *words: str) -> str:
        """What `flode parked …` prints."""
        told = await asyncio.to_thread(CliRunner().invoke, main, ["parked", *words])
        assert told.exit_code == 0, told.output
        return told.output

    async def waiting(self) -> dict[UUID, list[tuple[str, str]]]:
        """Number and reason of what waits, by subject."""
        rows = [line.split() for line in (await self.parked()).splitlines()[1:]]
        found: dict[UUID, list[tuple[str, str]]] = {}
        for _, number, _, subject, _, _, *reason in rows:
            found.setdefault(UUID(subject), []).append((number, " ".join(reason)))
        return found


async def test_poison_parks_its_subjects_while_all_others_flow_and_is_brought_back(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P10: one event that nobody can read, and one that a bad release cannot fold."""
    operations, poisoned, torn = Operations(world, monkeypatch), toy.subject("poisoned"), toy.subject("torn")
    await world.gives(torn, toy.registered(torn, "Torn"), toy.changed(torn, "Behind"))
    whole = tmp_path / "whole.json"
    whole.write_bytes(await dumps.tear(world.url, torn))
    world.start("relay")
    world.start("views", "bad-release")
    async with clients(world.store) as at_work:
        await world.applied(100)
        await world.gives(poisoned, toy.registered(poisoned, "First"), toy.changed(poisoned, toy.POISON))
        await world.gives(poisoned, toy.changed(poisoned, "Behind"), after=2)
        await world.applied(await world.store.head() + 100)

        waiting = await operations.waiting()
        assert waiting.keys() == {poisoned, torn}
        (_, unfolded), (_, behind) = waiting[poisoned]
        assert "cannot fold that title" in unfolded
        assert len(waiting[torn]) == 2
        assert "waits behind" in behind

        world.kill("views")
        world.start("views", name="mended views")
        number = waiting[poisoned][0][0]
        assert "2 events were handled" in await operations.parked("replay", toy.SERVICE, number)
        number = waiting[torn][0][0]
        await operations.parked("mend", toy.SERVICE, number, str(whole))
        assert "2 events were handled" in await operations.parked("replay", toy.SERVICE, number)
        assert "Nothing is parked" in await operations.parked()
        await world.gives(poisoned, toy.changed(poisoned, "Goes on"), after=3)
        await world.gives(torn, toy.changed(torn, "Goes on"), after=2)
        await world.applied(await world.store.head() + 50)
    await world.settled()
    titles = {row.request_id: row.title for row in await toy.TOYS.select(world.db, scope=toy.MUNICIPALITIES)}
    assert (titles[poisoned], titles[torn]) == ("Goes on", "Goes on")
    assert await world.faults(at_work) == []
