"""Turns: how many deliveries of one desk are taken at a time, so that a sender that floods us waits by itself.

Whoever is proven takes a turn. A desk has few at once, and what comes meanwhile stands in its own line; when that line
is long, its sender is told to come again. What a ticket costs is not over when it is acknowledged: all services follow
it. So a desk that has a line, and takes more than the others, gives way after each turn; alone it takes all there is.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from contracts.refusal import Refusal

AT_ONCE = 2
"""Deliveries of one desk that are taken at the same time; they are committed together with the others'."""
ALONE = 8
"""As many of a desk that delivers while no other does."""
IN_LINE = 256
"""How many more may wait."""
GIVES_WAY = 4
"""How many times as long as a turn took a desk leaves it to the others that it takes more than its share of."""
SHARE = 1.5
"""How much more than each of the others a desk may take before it gives way; desks that are busy alike never do."""
HALF_LIFE = 1.0
"""The seconds after which a turn counts half."""
HARDLY = 0.1
"""What a desk that delivers no more comes down to."""


class ComeAgain(Refusal):
    """The desk's line is long. What was refused was not read; senders deliver it again with the same key."""

    text = "Too many deliveries of this Service Desk wait at the moment. Send it again in a few seconds."
    status = 429


@dataclass(slots=True)
class Line:
    """The turns of one desk: how many are taken now, who waits for one, and how many it had lately."""

    busy: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)
    lately: float = 0.0
    counted_at: float = 0.0

    def turns_lately(self, now: float) -> float:
        """How many turns it had, each counting half after HALF_LIFE."""
        return float(self.lately * 0.5 ** ((now - self.counted_at) / HALF_LIFE))


@dataclass(slots=True)
class Turns:
    """The lines of all desks, in one process."""

    lines: dict[str, Line] = field(default_factory=dict)
    later: Callable[[float, Callable[[], None]], object] = lambda seconds, do: asyncio.get_running_loop().call_later(
        seconds, do
    )

    @asynccontextmanager
    async def take(self, desk: str) -> AsyncIterator[None]:
        """A turn of this desk, for the length of a block. Raises ComeAgain."""
        line = self.lines.setdefault(desk, Line())
        loop = asyncio.get_running_loop()
        if line.waiting or line.busy >= self._at_once(desk, loop.time()):
            await self._wait(desk, line)
        else:
            line.busy += 1
        began = loop.time()
        line.lately, line.counted_at = line.turns_lately(began) + 1, began
        try:
            yield
        finally:
            now = loop.time()
            if line.waiting and line.turns_lately(now) > self._busiest_beside(desk, now) * SHARE:
                self.later((now - began) * GIVES_WAY, lambda: self._give_back(desk, line))
            else:
                self._give_back(desk, line)

    async def _wait(self, desk: str, line: Line) -> None:
        if len(line.waiting) >= IN_LINE:
            raise ComeAgain
        place = asyncio.get_running_loop().create_future()
        line.waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():  # called up and gone in the same moment
                self._give_back(desk, line)
            elif place in line.waiting:
                line.waiting.remove(place)
            raise

    def _give_back(self, desk: str, line: Line) -> None:
        """End a turn, and call up as many as there is room for."""
        line.busy -= 1
        while line.waiting and line.busy < self._at_once(desk, asyncio.get_running_loop().time()):
            place = line.waiting.popleft()
            if not place.done():
                line.busy += 1
                place.set_result(None)

    def _at_once(self, desk: str, now: float) -> int:
        return AT_ONCE if self._busiest_beside(desk, now) < math.inf else ALONE

    def _busiest_beside(self, desk: str, now: float) -> float:
        """The turns that the busiest of the others had lately; endlessly many when no other delivers."""
        busiest = max((line.turns_lately(now) for other, line in self.lines.items() if other != desk), default=0.0)
        return busiest if busiest > HARDLY else math.inf
