"""Keeping roles at work: each is one loop that may fail, and then begins again from what is written down.

A role that has a process to itself could as well end it; where several share one, the others go on. Each role of a
service is active in one process at a time, by an advisory lock; another process with the same role stands by.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Literal

import asyncpg
import structlog

from chassis.checkpoints import CheckpointMoved
from chassis.lasting import lasting
from chassis.logging import mask_text

log = structlog.get_logger(__name__)

State = Literal["starting", "standby", "running", "failed"]


class RoleLost(Exception):
    """The lock that makes this process the only one is gone: it ends, and somebody else may take over."""


class Role:
    """One loop of a process, its state, and what it last failed of."""

    def __init__(self, name: str, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.name = name
        self.state: State = "starting"
        self.failures = 0
        self.last_failure: str | None = None
        self._run = run

    async def keep(self, lock: asyncio.Event) -> None:
        """Run, and run again after a failure, with pauses from 0.2 to 10 seconds. Ends only when cancelled, or with
        CheckpointMoved, after which this process must not go on."""
        self.state = "standby"
        await lock.wait()
        pause = 0.2
        while True:
            began = time.monotonic()
            self.state = "running"
            try:
                await lasting(self.name, self._run)
            except asyncio.CancelledError:
                raise
            except BaseException as failure:  # noqa: BLE001  every fault is met the same way: begin again
                _raise_if_fatal(failure)
                self.state = "failed"
                self.failures += 1
                self.last_failure = _describe(failure)
                log.error("role.failed", role=self.name, failure=self.last_failure, failures=self.failures)
            if time.monotonic() - began > 30:
                pause = 0.2
            await asyncio.sleep(pause)
            pause = min(pause * 2, 10.0)


def _raise_if_fatal(failure: BaseException) -> None:
    if isinstance(failure, KeyboardInterrupt | SystemExit | CheckpointMoved):
        raise failure
    if isinstance(failure, BaseExceptionGroup):
        for one in failure.exceptions:
            _raise_if_fatal(one)


def _describe(failure: BaseException) -> str:
    while isinstance(failure, BaseExceptionGroup) and failure.exceptions:
        failure = failure.exceptions[0]
    return f"{type(failure).__name__}: {mask_text(str(failure))[:300]}"


class Lock:
    """An advisory lock on a connection of its own, which lasts as long as that connection."""

    def __init__(self, url: str, name: str) -> None:
        self._url, self._name = url, name
        self.held = asyncio.Event()

    async def keep(self) -> None:
        """Get the lock, then watch over it until cancelled. Raises RoleLost when it is gone."""
        connection = await asyncpg.connect(self._url, server_settings={"application_name": f"lock {self._name}"})
        try:
            query = "SELECT pg_try_advisory_lock(hashtext('flode role'), hashtext($1))"
            while not await connection.fetchval(query, self._name):
                await asyncio.sleep(0.5)
            self.held.set()
            while True:
                await asyncio.sleep(1)
                try:
                    await asyncio.wait_for(connection.fetchval("SELECT 1"), 10)
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as gone:
                    raise RoleLost(f"{self._name}: {gone!r}") from gone
        finally:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                await asyncio.wait_for(connection.close(), 2)
