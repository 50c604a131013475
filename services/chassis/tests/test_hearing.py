"""Who is late is not yet silent: asked, and asked again, without a server."""

from __future__ import annotations

import asyncio

import pytest

from chassis.flow.hearing import BRIEF_SECONDS, FORGET_SECONDS, SILENT_SECONDS, Heard, Hearing

LITTLE = 0.02
"""The patience of these tests, in seconds."""


class Somebody:
    """Answers when it is let, and counts how often it was asked."""

    def __init__(self) -> None:
        self.let = asyncio.Event()

    async def answers(self) -> str:
        await self.let.wait()
        return "fine"

    async def refuses(self) -> str:
        raise ConnectionRefusedError


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hearing(clock: Clock) -> Hearing:
    return Hearing(clock)


async def in_vain(hearing: Hearing, somebody: Somebody) -> None:
    with pytest.raises(TimeoutError):
        await hearing.ask("intake", somebody.answers(), patience=LITTLE)


async def test_who_answers_in_time_was_never_asked_in_vain(hearing: Hearing) -> None:
    somebody = Somebody()
    somebody.let.set()
    assert await hearing.ask("intake", somebody.answers(), patience=5) == "fine"
    assert hearing.in_vain("intake") == 0


async def test_one_late_answer_is_slow_and_many_in_a_row_are_silence(hearing: Hearing, clock: Clock) -> None:
    somebody = Somebody()
    await in_vain(hearing, somebody)
    assert hearing.slow_or_silent("intake") is Heard.SLOW
    clock.now += SILENT_SECONDS + 2
    await in_vain(hearing, somebody)
    assert hearing.slow_or_silent("intake") is Heard.SILENT
    assert hearing.in_vain("intake") == SILENT_SECONDS + 2
    somebody.let.set()


async def test_an_answer_that_comes_after_nobody_waits_is_noted(hearing: Hearing, clock: Clock) -> None:
    somebody = Somebody()
    await in_vain(hearing, somebody)
    somebody.let.set()
    async with asyncio.timeout(5):
        while hearing.in_vain("intake") or hearing._asking:
            clock.now += 1
            await asyncio.sleep(0)
    assert hearing.slow_or_silent("intake") is Heard.SLOW


async def test_who_was_asked_in_vain_long_ago_is_asked_as_if_for_the_first_time(hearing: Hearing, clock: Clock) -> None:
    somebody = Somebody()
    await in_vain(hearing, somebody)
    clock.now += FORGET_SECONDS
    await in_vain(hearing, somebody)
    assert (hearing.slow_or_silent("intake"), hearing.in_vain("intake")) == (Heard.SLOW, 0)
    somebody.let.set()


async def test_who_did_not_answer_a_moment_ago_is_not_waited_for_as_long_again(hearing: Hearing) -> None:
    somebody = Somebody()
    await in_vain(hearing, somebody)
    began = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        await hearing.ask("intake", somebody.answers(), patience=60)
    assert asyncio.get_running_loop().time() - began < 20 > BRIEF_SECONDS
    somebody.let.set()


async def test_a_refusal_is_raised_at_once_and_counts_as_in_vain(hearing: Hearing, clock: Clock) -> None:
    with pytest.raises(ConnectionRefusedError):
        await hearing.ask("intake", Somebody().refuses(), patience=60)
    clock.now += 3
    assert hearing.in_vain("intake") == 3


async def test_who_asks_at_the_same_time_as_another_waits_as_long(hearing: Hearing) -> None:
    somebody = Somebody()
    both = [asyncio.create_task(hearing.ask("intake", somebody.answers(), patience=30)) for _ in range(2)]
    await asyncio.sleep(BRIEF_SECONDS + 0.1)
    somebody.let.set()
    assert await asyncio.gather(*both) == ["fine", "fine"]
