"""Pages of what changed, from systems that are asked for everything since a moment, the longest ago first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from intake.adapters.records import Listing

T = TypeVar("T")

TOGETHER = 50
"""How many tickets are asked for at once."""
MOST = 800
"""How many at the most, where so many were changed at one moment that fewer would not lead on."""


async def page(
    ask: Callable[[int], Awaitable[Listing[T]]], changed_at: Callable[[T], datetime], since: datetime
) -> Listing[T]:
    """What changed since; it is full if there is more. `ask` is told how many, and raises what it raises.

    Somebody who changes a hundred tickets at once gives them all one time; from a page that ends where it began no
    next one can be asked for, so it is made larger.
    """
    limit = TOGETHER
    while True:
        listed = await ask(limit)
        if not listed.full or changed_at(listed.found[-1]) > since or limit >= MOST:
            return listed
        limit *= 2
