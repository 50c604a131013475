"""Work that is to last is never lost without a word."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from chassis.lasting import EndedByItself, lasting, unbroken


async def asks_a_library() -> None:
    answer = asyncio.get_running_loop().create_future()
    answer.cancel()
    await answer


async def fails() -> None:
    raise OSError("the broker is gone")


async def test_what_a_library_cancels_within_is_told_as_a_fault() -> None:
    async def both() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(lasting("asking", asks_a_library))
            tasks.create_task(lasting("waiting", asyncio.Event().wait))

    with pytest.raises(ExceptionGroup) as told:
        await both()
    assert told.group_contains(EndedByItself, match="asking was cancelled from within")


async def test_a_cancellation_within_is_told_even_after_a_group_of_tasks_has_failed() -> None:
    async def fails_and_is_then_cancelled_within() -> None:
        with suppress(ExceptionGroup):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(fails())
        await asks_a_library()

    with pytest.raises(EndedByItself, match="cancelled from within"):
        await lasting("asking", fails_and_is_then_cancelled_within)


async def test_work_that_ends_by_itself_is_a_fault() -> None:
    with pytest.raises(EndedByItself, match="nothing ended"):
        await lasting("nothing", lambda: asyncio.sleep(0))


async def test_being_told_to_stop_is_no_fault() -> None:
    work = asyncio.create_task(lasting("waiting", asyncio.Event().wait))
    await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work


async def test_what_the_work_raises_is_raised() -> None:
    with pytest.raises(OSError, match="the broker is gone"):
        await lasting("failing", fails)


async def test_work_that_misses_a_cancellation_is_told_again() -> None:
    missed = 0

    async def misses_the_first() -> None:
        nonlocal missed
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                missed += 1
                if missed > 1:
                    raise

    work = asyncio.create_task(lasting("hard of hearing", misses_the_first))
    await asyncio.sleep(0)
    work.cancel()
    await asyncio.wait({work}, timeout=60)
    assert work.cancelled()
    assert missed == 2


async def test_unbroken_work_is_done_before_the_cancellation_is_raised() -> None:
    done: list[str] = []

    async def closes() -> None:
        await asyncio.sleep(0.05)
        done.append("closed")

    caller = asyncio.create_task(unbroken(closes(), patience=10))
    for _ in range(3):
        await asyncio.sleep(0.01)
        caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert done == ["closed"]


async def test_unbroken_work_that_does_not_end_is_cancelled_when_patience_does() -> None:
    caller = asyncio.create_task(unbroken(asyncio.Event().wait(), patience=0.02))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(caller, 60)


async def test_unbroken_work_hands_on_what_it_returns_and_raises() -> None:
    async def fails() -> None:
        raise ValueError("within")

    assert await unbroken(asyncio.sleep(0, "found"), patience=1) == "found"
    with pytest.raises(ValueError, match="within"):
        await unbroken(fails(), patience=1)
