"""Turns: how many deliveries of one desk are taken at a time, so that a sender that floods us waits by itself.

Whoever is proven takes a turn. A desk has few at once, and what comes meanwhile stands in its own line; when that line
is long, its sender is told to come again. What a ticket costs is not over when it is acknowledged: all services follow
it. So a desk that has a line, and takes more than the others, gives way after each turn; alone it takes all there is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from contracts.refusal import Refusal

AT_ONCE = 4
"""Deliveries of one desk that are taken at the same time; they are committed together with the others'."""
IN_LINE = 256
"""How many more may wait."""
GIVES_WAY = 4
"""How many times as long as a turn took a desk leaves it to the others that it takes more than its share of."""
SHARE = 1.5
"""How much more than each of the others a desk may take before it gives way; desks that are busy alike never do."""
HALF_LIFE = 5.0
"""The seconds after which a turn counts half."""
HARDLY = 0.1
"""What a desk that delivers no more comes down to."""


class ComeAgain(Refusal):
    """The desk's line is long. What was refused was not read; senders deliver it again with the same key."""

    text = "Too many deliveries of this Service Desk wait at the moment. Send it again in a few seconds."
    status = 429


@dataclass(slots=True)
class Turns:
    """The lines of all desks, in one process."""

    lines: dict[str, asyncio.Semaphore] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    taken: dict[str, tuple[float, float]] = field(default_factory=dict)
    """How many turns each desk took lately, and when that was counted."""
    later: Callable[[float, Callable[[], None]], object] = lambda seconds, do: asyncio.get_running_loop().call_later(
        seconds, do
    )

    @asynccontextmanager
    async def take(self, desk: str) -> AsyncIterator[None]:
        """A turn of this desk, for the length of a block. Raises ComeAgain."""
        line = self.lines.setdefault(desk, asyncio.Semaphore(AT_ONCE))
        if line.locked() and self.waiting.get(desk, 0) >= IN_LINE:
            raise ComeAgain
        self.waiting[desk] = self.waiting.get(desk, 0) + 1
        try:
            await line.acquire()
        finally:
            self.waiting[desk] -= 1
        loop = asyncio.get_running_loop()
        began = loop.time()
        self.taken[desk] = (self._lately(desk, began) + 1, began)
        try:
            yield
        finally:
            if self.waiting[desk] and self._takes_more_than_its_share(desk, loop.time()):
                self.later((loop.time() - began) * GIVES_WAY, line.release)
            else:
                line.release()

    def _lately(self, desk: str, now: float) -> float:
        many, at = self.taken.get(desk, (0.0, now))
        return float(many * 0.5 ** ((now - at) / HALF_LIFE))

    def _takes_more_than_its_share(self, desk: str, now: float) -> bool:
        busiest = max((self._lately(other, now) for other in self.taken if other != desk), default=0.0)
        return busiest > HARDLY and self._lately(desk, now) > busiest * SHARE
