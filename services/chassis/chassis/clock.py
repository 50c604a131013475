"""Time, handed in. Only the edge of a process looks at a clock; everything inside is told what time it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

GLANCE_SECONDS = 0.02
"""How often somebody who waits for a clock that others move looks at it."""


class Clock(Protocol):
    """Tells the time, in UTC."""

    def now(self) -> datetime:
        """The present moment."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Come back when so much time has passed on this clock."""
        ...


class SystemClock:
    """The machine's clock. It may jump; no order depends on it (P13)."""

    def now(self) -> datetime:
        """What the machine says."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Time passes by itself."""
        await asyncio.sleep(seconds)


class SetClock:
    """A clock that stands still until it is moved: for tests."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        """Where the hands stand."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move the hands, forwards or backwards, and tell the new time."""
        self._now += by
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Until the hands have been moved so far."""
        until = self._now + timedelta(seconds=seconds)
        while self._now < until:
            await asyncio.sleep(GLANCE_SECONDS)


class ToldClock:
    """The machine's clock, which callers may set back in order to play a year in a minute.

    Only a process started with FLODE_DEMO=on has one. It shows the moment it was told last. Told the present, or
    nothing for a minute, it shows the machine's time again. `elapsed` counts real seconds.
    """

    PATIENCE_SECONDS = 60.0
    PRESENT = timedelta(seconds=60)
    """What was so long ago, or less, is the present: word takes a while, and clocks differ."""

    def __init__(self, machine: Clock | None = None, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._machine, self._elapsed = machine or SystemClock(), elapsed
        self._told: datetime | None = None
        self._heard = elapsed()
        self._waits_for_word = True

    def tell(self, moment: datetime) -> None:
        """It is this moment. The hands do not go back while a story is being told, so that time runs forwards in it."""
        self._waits_for_word = False
        self._heard = self._elapsed()
        past = moment < self._machine.now() - self.PRESENT
        self._told = max(moment, self._told or moment) if past else None

    def now(self) -> datetime:
        """The moment told last, or what the machine says."""
        if self._elapsed() - self._heard > self.PATIENCE_SECONDS:
            self._told, self._waits_for_word = None, False
        return self._told or self._machine.now()

    async def sleep(self, seconds: float) -> None:
        """Until so much has passed on this clock. A process that has just started, perhaps in the middle of a story,
        waits to be told first: what it did because of the machine's time would be years after all that follows."""
        until = self.now()
        while self._waits_for_word:
            await asyncio.sleep(GLANCE_SECONDS)
            until = self.now()
        until += timedelta(seconds=seconds)
        while self.now() < until:
            await asyncio.sleep(GLANCE_SECONDS)
