"""A clock that callers tell the time serves a demo, and is a machine's clock again when nobody does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest

from chassis.clock import SetClock, ToldClock
from chassis.schedule import Clockwork, ClockworkLoop
from chassis.testing import NOON

SPRING = NOON - timedelta(days=200)


@pytest.fixture
def seconds() -> list[float]:
    """The real seconds that have passed; a test puts them there."""
    return [0.0]


@pytest.fixture
def clock(seconds: list[float]) -> ToldClock:
    return ToldClock(SetClock(NOON), elapsed=lambda: seconds[0])


def test_it_shows_the_moment_it_was_told_last(clock: ToldClock) -> None:
    assert clock.now() == NOON
    clock.tell(SPRING)
    assert clock.now() == SPRING
    clock.tell(SPRING + timedelta(days=1))
    assert clock.now() == SPRING + timedelta(days=1)


def test_its_hands_do_not_go_back_while_a_story_is_told(clock: ToldClock) -> None:
    clock.tell(SPRING)
    clock.tell(SPRING - timedelta(hours=1))
    assert clock.now() == SPRING


def test_told_the_present_it_goes_with_the_machine_again(clock: ToldClock) -> None:
    clock.tell(SPRING)
    clock.tell(NOON - timedelta(seconds=1))  # it was the present when it was said
    assert clock.now() == NOON
    clock.tell(SPRING)
    assert clock.now() == SPRING, "another story may begin"


def test_a_story_that_nobody_goes_on_telling_is_over(clock: ToldClock, seconds: list[float]) -> None:
    clock.tell(SPRING)
    seconds[0] += 59
    assert clock.now() == SPRING
    seconds[0] += 2
    assert clock.now() == NOON


async def comes(waiting: asyncio.Task[None]) -> bool:
    """Whether somebody who waits comes back soon."""
    done, _ = await asyncio.wait({waiting}, timeout=0.1)
    return bool(done)


@pytest.mark.parametrize("make", [lambda: SetClock(SPRING), lambda: ToldClock(SetClock(NOON))])
async def test_who_sleeps_by_a_clock_wakes_when_its_hands_are_moved(make: Callable[[], Any]) -> None:
    clock = make()
    move = clock.tell if isinstance(clock, ToldClock) else lambda to: clock.advance(to - clock.now())
    move(SPRING)
    sleeping = asyncio.ensure_future(clock.sleep(600))
    assert not await comes(sleeping)
    move(SPRING + timedelta(minutes=9))
    assert not await comes(sleeping)
    move(SPRING + timedelta(minutes=10))
    assert await comes(sleeping)


async def test_a_clockwork_that_starts_in_a_story_does_nothing_by_the_machines_time(
    clock: ToldClock, seconds: list[float]
) -> None:
    ticked = []
    loop = ClockworkLoop(Clockwork("toy.tick", 3600, lambda tick: asyncio.sleep(0)), cast(Any, None), clock, {})

    async def run_once() -> None:
        ticked.append(clock.now())

    cast(Any, loop).run_once = run_once
    running = asyncio.ensure_future(loop.run())
    assert not await comes(running)
    assert ticked == []
    clock.tell(SPRING)
    assert not await comes(running)
    clock.tell(SPRING + timedelta(hours=2))
    assert not await comes(running)
    running.cancel()
    assert ticked == [SPRING, SPRING + timedelta(hours=2)]


async def test_a_process_nobody_tells_the_time_begins_after_a_minute(clock: ToldClock, seconds: list[float]) -> None:
    beginning = asyncio.ensure_future(clock.sleep(0))
    assert not await comes(beginning)
    seconds[0] += 61
    assert await comes(beginning)
    assert clock.now() == NOON
