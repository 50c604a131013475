"""What breaks, breaks while people work; when it is healed, every promise has been kept (P1–P8, P10)."""

from __future__ import annotations

import asyncio

import pytest

from tests.chaos.load import clients
from tests.chaos.world import World

pytestmark = pytest.mark.kafka


async def test_nothing_is_lost_when_nothing_breaks(world: World) -> None:
    world.start("relay")
    world.start("views")
    async with clients(world.store) as at_work:
        await asyncio.sleep(5)
    await world.settled()
    assert await world.faults(at_work) == []


async def test_a_broker_is_killed_while_events_flow(world: World) -> None:
    world.start("relay")
    world.start("views")
    async with clients(world.store) as at_work:
        await world.applied(100)
        world.cluster.kill(1)
        await asyncio.sleep(8)
        await asyncio.to_thread(world.cluster.heal)
        await world.applied(300)
    await world.settled()
    assert await world.faults(at_work) == []


async def test_the_active_relay_is_killed_after_it_produced_and_before_it_knows(world: World) -> None:
    world.start("relay", "after-produce")
    world.start("views")
    async with clients(world.store) as at_work:
        await world.died("relay")
        world.start("relay", name="second relay")
        await world.applied(400)
    await world.settled()
    assert await world.faults(at_work) == []


async def test_a_view_process_is_killed_in_the_middle_of_a_batch(world: World) -> None:
    world.start("relay")
    world.start("views", "before-commit")
    async with clients(world.store) as at_work:
        await world.died("views")
        world.start("views", name="second views")
        await world.applied(400)
    await world.settled()
    assert await world.faults(at_work) == []


async def test_the_topics_are_deleted_and_refilled_while_people_go_on(world: World) -> None:
    world.start("relay")
    world.start("views")
    async with clients(world.store) as at_work:
        await world.applied(200)
        await asyncio.to_thread(world.delete_topics)
        await asyncio.sleep(3)
        await world.make_topics()
        await world.applied(await world.store.head() + 200)
    await world.settled()
    assert await world.faults(at_work) == []


async def test_the_topics_are_replaced_before_anybody_notices(world: World) -> None:
    world.start("relay")
    world.start("views")
    async with clients(world.store) as at_work:
        await world.applied(200)
        await asyncio.to_thread(world.delete_topics)
        await world.make_topics()
        await world.applied(await world.store.head() + 200)
    await world.settled()
    assert await world.faults(at_work) == []


async def test_a_view_is_rebuilt_under_load_while_somebody_keeps_reading_it(world: World) -> None:
    """P8. The first rebuild is killed when its table is full; the others begin cleanly and switch."""
    world.start("relay")
    world.start("views")
    async with clients(world.store) as at_work:
        await world.applied(300)
        async with world.watched() as seen:
            world.start("rebuild", "before-switch", name="killed rebuild")
            await world.died("killed rebuild")
            for number in (1, 2, 3):
                world.start("rebuild", name=f"rebuild {number}")
                await world.ended(f"rebuild {number}")
            await world.applied(await world.store.head())
    await world.settled()
    assert len(seen) > 100
    assert await world.faults(at_work, seen) == []
    built = await world.db.worker.fetch("SELECT state FROM view_tables ORDER BY build")
    assert [row["state"] for row in built] == ["previous", "live"]
