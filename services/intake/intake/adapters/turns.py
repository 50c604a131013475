"""Turns: how many deliveries of one desk are taken at a time, so that a sender that floods us waits by itself.

Whoever is proven takes a turn. A desk has few at once, and what comes meanwhile stands in its own line; when that line
is long, its sender is told to come again, and the others never notice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from contracts.refusal import Refusal

AT_ONCE = 4
"""Deliveries of one desk that are taken at the same time; they are committed together with the others'."""
IN_LINE = 256
"""How many more may wait."""


class ComeAgain(Refusal):
    """The desk's line is long. What was refused was not read; senders deliver it again with the same key."""

    text = "Too many deliveries of this Service Desk wait at the moment. Send it again in a few seconds."
    status = 429


@dataclass(slots=True)
class Turns:
    """The lines of all desks, in one process."""

    lines: dict[str, asyncio.Semaphore] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)

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
        try:
            yield
        finally:
            line.release()
