"""Work that lasts until it is cancelled, and whose every other end is a fault.

A client library may let a cancellation of its own inner work escape (aiokafka does, when a broker dies while it is
asked something). To asyncio the task that met it has then been cancelled, nobody is told, and whatever waits for that
task waits for ever. So a cancellation that nobody asked this task for is raised as what it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


class EndedByItself(Exception):
    """Work that was to last ended, or was cancelled by something within."""


async def lasting(what: str, work: Callable[[], Awaitable[object]]) -> None:
    """Do `work` until this task is cancelled. Raises what the work raises, and EndedByItself for any other end."""
    try:
        await work()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise EndedByItself(f"{what} was cancelled from within") from None
    raise EndedByItself(f"{what} ended")
