"""How fast things move, from counts that were taken at different times. Kept by each process for those who look."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

import structlog

from chassis.flow.hearing import Hearing

log = structlog.get_logger(__name__)

WINDOW_SECONDS = 60.0
EVERY_SECONDS = 5.0
FORGET_SECONDS = 600.0
"""So long after somebody last looked, nothing is counted any more."""


class Pace:
    """Counts that only grow, sample by sample. `clock` gives seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._samples: deque[tuple[float, dict[str, int]]] = deque()
        self._changed: dict[str, tuple[int, float]] = {}

    def note(self, counts: Mapping[str, int]) -> None:
        """A sample of some counts, now."""
        now = self._clock()
        for name, count in counts.items():
            if name not in self._changed or self._changed[name][0] != count:
                self._changed[name] = count, now
        self._samples.append((now, dict(counts)))
        # One from before the window is kept, so that a rate spans the whole of it.
        while len(self._samples) > 2 and self._samples[1][0] <= now - WINDOW_SECONDS:
            self._samples.popleft()

    def rate(self, name: str) -> float | None:
        """Per second over the last minute, or since counting began; None before two samples, a second apart."""
        known = [(at, counts[name]) for at, counts in self._samples if name in counts]
        if len(known) < 2 or known[-1][0] - known[0][0] < 1:
            return None
        return max(0.0, (known[-1][1] - known[0][1]) / (known[-1][0] - known[0][0]))

    def still_for(self, name: str) -> float:
        """Seconds since the count was seen to change; 0 for one that nobody has counted yet."""
        return self._clock() - self._changed[name][1] if name in self._changed else 0.0


class Watched:
    """What a process remembers for those who look: a pace, which goes on being taken for a while after somebody looked
    and costs nothing otherwise, and who was asked in vain."""

    def __init__(self, count: Callable[[], Awaitable[Mapping[str, int]]]) -> None:
        self.pace = Pace()
        self.hearing = Hearing()
        self._count = count
        self._looked_at = 0.0
        self._counting: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Somebody looks: count from now on for a while."""
        self._looked_at = time.monotonic()
        if self._counting is None or self._counting.done():
            self._counting = asyncio.create_task(self._go_on(), name="flow-pace")

    async def _go_on(self) -> None:
        while time.monotonic() - self._looked_at < FORGET_SECONDS:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                self.pace.note(await self._count())
            except Exception as failure:  # noqa: BLE001  a count that fails is taken again; nobody's work rests on it
                log.warning("flow.not-counted", failure=type(failure).__name__)
