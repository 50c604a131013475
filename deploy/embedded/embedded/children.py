"""A process that is kept running: started, watched, and started again when it ends, each time a little later."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Literal

State = Literal["waiting", "starting", "running", "stopped"]

FIRST_PAUSE, LONGEST_PAUSE, STEADY = 0.2, 10.0, 30.0
"""Seconds before the first restart; at most between two; and after which a process counts as steady again."""


class Child:
    """One kept process.

    start: starts it and comes back when it answers. process: what runs now. ended: told (name, exit code) when it ended
    by itself. changed: told when `state` has.
    """

    def __init__(
        self,
        name: str,
        *,
        start: Callable[[], Awaitable[None]],
        process: Callable[[], subprocess.Popen[bytes] | None],
        ended: Callable[[str, int], Awaitable[None]],
        changed: Callable[[], None],
    ) -> None:
        self.name = name
        self.state: State = "waiting"
        self.restarts = 0
        self.last_exit: int | None = None
        self._start, self._process, self._ended, self._changed = start, process, ended, changed

    @property
    def pid(self) -> int | None:
        """The number of the process that runs now."""
        process = self._process()
        return process.pid if process is not None and process.poll() is None else None

    async def keep(self, *, running: bool = False) -> None:
        """Keep it running until this task is cancelled; it may be `running` already."""
        pauses = _pauses()
        try:
            while True:
                since = time.monotonic()
                if not running:
                    self._is("starting")
                    running = await self._started()
                if running:
                    self._is("running")
                    await self._end_of_it()
                running = False
                self.restarts += 1
                self._is("waiting")
                if time.monotonic() - since > STEADY:
                    pauses = _pauses()
                await asyncio.sleep(next(pauses))
        finally:
            self.state = "stopped"

    def _is(self, state: State) -> None:
        self.state = state
        self._changed()

    async def _started(self) -> bool:
        try:
            await self._start()
        except Exception as failure:  # noqa: BLE001 - whatever kept it from starting, it is tried again
            await self._ended(f"{self.name} ({failure})", -1)
            return False
        return True

    async def _end_of_it(self) -> None:
        while (process := self._process()) is not None and process.poll() is None:
            await asyncio.sleep(0.1)
        self.last_exit = process.returncode if process is not None else None
        await self._ended(self.name, self.last_exit or 0)


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 2, LONGEST_PAUSE)


async def through(steps: Iterator[float]) -> None:
    """Take the steps of a start, waiting between them as they say without holding anybody up."""
    for pause in steps:
        await asyncio.sleep(pause)
