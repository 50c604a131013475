"""Processes that help with a rebuild. They end with the one they help, however it ends."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import wait
from typing import Any, Self, TypeVar

import asyncpg

from chassis.db import ALL, Connection, set_scope

T = TypeVar("T")


class Helpers:
    """Some processes (or none), each of which does one piece of work at a time with a connection to the database."""

    def __init__(self, many: int) -> None:
        self.many = max(many, 0)
        fresh = multiprocessing.get_context("spawn")  # a fork would share our threads' locks
        self._pool = ProcessPoolExecutor(max(many, 1), mp_context=fresh, initializer=_end_with_parent)

    def __enter__(self) -> Self:
        for _ in range(self.many):
            self._pool.submit(os.getpid)  # a process takes a moment to begin, so let it
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    async def run(self, url: str, work: Callable[..., Awaitable[T]], *given: Any) -> T:
        """What `work(connection, *given)` returns, done in a transaction by one of the processes. Raises what it
        raises, and BrokenProcessPool when the process was killed."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, _do, url, work, given)


def _do(url: str, work: Callable[..., Awaitable[T]], given: tuple[Any, ...]) -> T:
    async def connected() -> T:
        connection: Connection = await asyncpg.connect(url, server_settings={"timezone": "UTC"})
        try:
            async with connection.transaction():
                await set_scope(connection, (ALL,))
                return await work(connection, *given)
        finally:
            await connection.close()

    return asyncio.run(connected())


def _end_with_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, and when it ends we do
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
