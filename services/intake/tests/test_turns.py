"""A sender that floods us waits by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from intake.adapters.turns import ALONE, AT_ONCE, IN_LINE, ComeAgain, Turns


async def test_a_desk_with_a_long_line_is_told_to_come_again_and_others_are_let_in_at_once() -> None:
    turns, busy = Turns(), asyncio.Event()

    async def deliver(desk: str) -> None:
        async with turns.take(desk):
            await busy.wait()

    flood = [asyncio.create_task(deliver("ekvik.zammad")) for _ in range(ALONE + IN_LINE)]
    await asyncio.sleep(0)
    with pytest.raises(ComeAgain):
        await deliver("ekvik.zammad")
    other = asyncio.create_task(deliver("nordvik.znuny"))
    await asyncio.sleep(0)
    busy.set()
    await asyncio.gather(*flood, other)
    await deliver("ekvik.zammad")


@pytest.mark.parametrize(("others", "at_once"), [((), ALONE), (("nordvik.znuny",), AT_ONCE)])
async def test_no_more_than_a_few_of_one_desk_are_taken_at_once_and_fewer_beside_others(
    others: tuple[str, ...], at_once: int
) -> None:
    turns, most, now = Turns(), 0, 0

    async def deliver() -> None:
        nonlocal most, now
        async with turns.take("ekvik.zammad"):
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1

    for other in others:
        async with turns.take(other):
            pass
    await asyncio.gather(*(deliver() for _ in range(20)))
    assert most == at_once


def resting() -> tuple[Callable[[str], Awaitable[None]], list[Callable[[], None]]]:
    """How a desk delivers, and the rests that have begun, each to be ended by calling it."""
    rests: list[Callable[[], None]] = []
    turns = Turns(later=lambda seconds, do: rests.append(do))

    async def deliver(desk: str) -> None:
        async with turns.take(desk):
            await asyncio.sleep(0)

    return deliver, rests


async def test_a_desk_that_takes_more_than_its_share_gives_way_and_alone_it_does_not() -> None:
    deliver, rests = resting()

    await asyncio.gather(*(deliver("ekvik.zammad") for _ in range(ALONE * 3)))
    assert rests == []
    await deliver("nordvik.znuny")
    waiting = [asyncio.ensure_future(deliver("ekvik.zammad")) for _ in range(AT_ONCE * 2)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert sum(task.done() for task in waiting) == len(rests) == AT_ONCE
    await deliver("nordvik.znuny")
    for over in rests:
        over()
    await asyncio.gather(*waiting)
    assert len(rests) == AT_ONCE


async def test_desks_that_are_busy_alike_do_not_give_way_to_each_other() -> None:
    deliver, rests = resting()

    await asyncio.gather(*(deliver(desk) for _ in range(AT_ONCE * 5) for desk in ("ekvik.zammad", "nordvik.znuny")))
    assert rests == []


async def test_whoever_leaves_the_line_leaves_their_place() -> None:
    turns, busy = Turns(), asyncio.Event()

    async def deliver() -> None:
        async with turns.take("ekvik.zammad"):
            await busy.wait()

    tasks = [asyncio.create_task(deliver()) for _ in range(ALONE + IN_LINE)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    busy.set()
    await deliver()
    assert (turns.lines["ekvik.zammad"].busy, len(turns.lines["ekvik.zammad"].waiting)) == (0, 0)
