"""The writer of a store: commands that arrive while a commit is under way are committed together by the next one.

One that commits many is faster than many that commit one each, for they would wait for one another anyway: the lock
that makes positions dense is held until the disk has the commit.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from chassis.db import Database
from chassis.store.command import Command, Outcome, append_together
from chassis.telemetry import TELEMETRY

MOST_TOGETHER = 512
"""Commands committed in one transaction at the most; more wait for the next."""


class WriterEnded(Exception):
    """Nothing can be appended any more in this process."""


Waiting: TypeAlias = "tuple[Command, asyncio.Future[Outcome]]"


class Writer:
    """Commits what is put, in the order it was put. It keeps a connection of its own while it has work to do."""

    def __init__(self, db: Database, service: str, committed: Callable[[], None]) -> None:
        self._db = db
        self._service = service
        self._committed = committed
        self._waiting: deque[Waiting] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._connection: PoolConnectionProxy[asyncpg.Record] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="store-writer")

    async def stop(self) -> None:
        """End. What was not committed by now is cancelled, and its callers do not know whether it was."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for _, done in self._waiting:
            done.cancel()
        if self._connection is not None:
            await self._db.worker.release(self._connection)
            self._connection = None

    async def put(self, command: Command) -> Outcome:
        """Have a command judged and committed. Raises what the database raised; it may have been committed then."""
        assert self._task is not None, "a store is opened before anything is appended"
        if self._task.done():
            raise WriterEnded("the store's writer has ended; the process is to end")
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, done))
        self._wake.set()
        return await done

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._write(self._take())

    def _take(self) -> list[Waiting]:
        """Those to commit next: no two of the same subject or id, which wait for the next transaction."""
        taken: list[Waiting] = []
        put_back: list[Waiting] = []
        seen: set[UUID] = set()
        while self._waiting and len(taken) < MOST_TOGETHER:
            command, done = one = self._waiting.popleft()
            if done.done():
                continue  # its caller left
            if command.subject in seen or command.id in seen:
                put_back.append(one)
            else:
                seen.add(command.subject)
                seen.add(command.id)
                taken.append(one)
        self._waiting.extendleft(reversed(put_back))
        return taken

    async def _write(self, batch: list[Waiting]) -> None:
        if not batch:
            return
        began = time.perf_counter()
        try:
            connection = await self._own_connection()
            commands = [command for command, _ in batch]
            if any(command.beside for command in commands):
                async with connection.transaction():
                    outcomes = await append_together(connection, commands)
            else:
                outcomes = await append_together(connection, commands)  # one statement is a transaction of its own
        except asyncio.CancelledError:
            for _, done in batch:
                done.cancel()
            raise
        except Exception as failure:  # noqa: BLE001  each caller is told; whether it was committed is not known
            self._cut()
            for _, done in batch:
                if not done.done():
                    done.set_exception(failure)
            return
        TELEMETRY.measures.appended(self._service, commands=len(batch), seconds=time.perf_counter() - began)
        self._committed()
        for (_, done), outcome in zip(batch, outcomes, strict=True):
            if not done.done():
                done.set_result(outcome)

    async def _own_connection(self) -> PoolConnectionProxy[asyncpg.Record]:
        """A connection that is kept from one commit to the next: giving it back to the pool costs a round trip."""
        if self._connection is None or _is_gone(self._connection):
            self._connection = await self._db.worker.acquire()
        return self._connection

    def _cut(self) -> None:
        """Be rid of a connection on which something failed, whatever its state; the next commit gets another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(asyncpg.InterfaceError):  # it is gone already
                connection.terminate()


def _is_gone(connection: PoolConnectionProxy[asyncpg.Record]) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:  # the pool took it back when it was lost
        return True
