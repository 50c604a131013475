"""Work that lasts until it is cancelled, and whose every other end is a fault.

A client library may let a cancellation of its own inner work escape (aiokafka does, when a broker dies while it is
asked something). To asyncio the task that met it has then been cancelled, nobody is told, and whatever waits for that
task waits for ever. So a cancellation that nobody asked us for is raised as what it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class EndedByItself(Exception):
    """Work that was to last ended, or was cancelled by something within."""


async def lasting(what: str, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """Do `work` until cancelled. Raises what the work raises, and EndedByItself for any other end.

    The work has a task of its own: whoever asks a task whether it was told to stop (`cancelling`) is misled once a
    TaskGroup in that task has failed, in the Pythons before 3.13.
    """
    doing = asyncio.create_task(work(), name=what)
    try:
        await asyncio.wait({doing})
    except asyncio.CancelledError:
        # Once is not always enough: `wait_for` forgets a cancellation that comes in the moment its work is done, in the
        # Pythons before 3.12, and a loop that was told to stop would then go on for ever.
        while not doing.done():
            doing.cancel()
            await asyncio.wait({doing}, timeout=1)
        raise
    if doing.cancelled():
        raise EndedByItself(f"{what} was cancelled from within")
    doing.result()
    raise EndedByItself(f"{what} ended")
