"""Work that lasts until it is cancelled, and whose every other end is a fault.

A client library may let a cancellation of its own inner work escape (aiokafka does, when a broker dies while it is
asked something). To asyncio the task that met it has then been cancelled, nobody is told, and whatever waits for that
task waits for ever. So a cancellation that nobody asked us for is raised as what it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


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


async def unbroken(work: Coroutine[Any, Any, T], *, patience: float) -> T:
    """Do `work` to its end, though whoever waits for it is cancelled meanwhile; the cancellation is raised afterwards.

    `patience` is the seconds for which a cancelled caller goes on waiting, before the work is cancelled as well.
    """
    loop = asyncio.get_running_loop()
    doing = asyncio.create_task(work)
    patient_until: float | None = None
    while not doing.done():
        left = None if patient_until is None else patient_until - loop.time()
        if left is not None and left <= 0:
            doing.cancel()
            left = 1.0
        try:
            await asyncio.wait({doing}, timeout=left)
        except asyncio.CancelledError:
            if patient_until is None:
                patient_until = loop.time() + patience
    if patient_until is None:
        return doing.result()
    await asyncio.gather(doing, return_exceptions=True)
    raise asyncio.CancelledError
