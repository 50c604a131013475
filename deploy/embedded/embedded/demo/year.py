"""A year of lives side by side. Each sleeps until a moment of its own; when all sleep, it is the next one's moment."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

HERE = ZoneInfo("Europe/Stockholm")
WEEKS = 53
MORNING, AFTERNOON = 9, 14
"""The hours at which things happen: the fewer moments there are, the sooner the year is over."""


class YearIsOver(Exception):
    """What would happen next lies beyond the end of the year."""


CLOSED = ((12, 24), (12, 25), (12, 26), (12, 31), (1, 1), (1, 6))
"""Days, as (month, day), on which nobody works."""


def workday(day: date, *, back: bool = False) -> date:
    """The day, or the first working day after it; before it when `back`."""
    while day.weekday() >= 5 or (day.month, day.day) in CLOSED:
        day += timedelta(days=-1 if back else 1)
    return day


class Year:
    """The year that ends at a moment, and who lives in it.

    `tell` is told of each moment before anybody wakes to it, `show` of each week's number.
    """

    def __init__(
        self,
        ends: datetime,
        tell: Callable[[datetime], Awaitable[None]],
        show: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.ends, self._tell, self._show = ends.astimezone(HERE), tell, show
        # The last week that counts is one of which people have worked four days.
        last = self.ends.date() - timedelta(days=0 if self.ends.weekday() >= 4 else 7)
        self.begins = last - timedelta(days=last.weekday(), weeks=WEEKS - 1)
        self.now = datetime.combine(self.begins, time(), HERE)
        self._sleeping: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = count()
        self._awake = 0
        self._all_sleep = asyncio.Event()

    def week(self, number: int, weekday: int = 0, hour: int = MORNING) -> datetime:
        """A moment of a week, counted from 1; Monday is 0."""
        return self.moment(self.begins + timedelta(weeks=number - 1, days=weekday), hour)

    def moment(self, day: date, hour: int = MORNING) -> datetime:
        """A moment of a day. The minutes follow from the day, so that what happens then happens together."""
        return datetime.combine(day, time(hour, (day.toordinal() * 7 + hour * 11) % 60), HERE)

    @property
    def today(self) -> date:
        """The day it is."""
        return self.now.date()

    async def until(self, moment: datetime) -> None:
        """Sleep until a moment; at once when it is past. Raises YearIsOver when it never comes."""
        if moment <= self.now:
            return
        if moment > self.ends:
            raise YearIsOver
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleeping, (moment, next(self._order), woken))
        self._rest()
        await woken

    async def days(self, number: int, hour: int = MORNING) -> None:
        """Sleep for so many days, until an hour of a working day."""
        await self.until(self.moment(workday(self.today + timedelta(days=number)), hour))

    async def live(self, lives: Iterable[Coroutine[Any, Any, None]]) -> None:
        """Let them all live until the year is over. Raises what ends one of them, and ends the others."""
        async with asyncio.TaskGroup() as group:
            for life in lives:
                self._awake += 1
                group.create_task(self._lived(life))
            while True:
                await self._all_sleep.wait()
                if not self._sleeping:
                    return
                self._all_sleep.clear()
                await self._wake_the_next()

    async def _lived(self, life: Coroutine[Any, Any, None]) -> None:
        with suppress(YearIsOver):  # it stands where it stands
            await life
        self._rest()

    async def _wake_the_next(self) -> None:
        self.now = self._sleeping[0][0]
        await self._tell(self.now)
        self._show(min((self.today - self.begins).days // 7 + 1, WEEKS))
        while self._sleeping and self._sleeping[0][0] == self.now:
            _, _, woken = heapq.heappop(self._sleeping)
            self._awake += 1
            woken.set_result(None)

    def _rest(self) -> None:
        self._awake -= 1
        if self._awake == 0:
            self._all_sleep.set()
