"""The service's database: one pool for those who work, one for those who ask, and transactions that know their tenant.

Neither role bypasses row-level security. What a transaction may see is the list of municipalities in `flode.scope`,
which lives and dies with the transaction, so a pooled connection never carries a tenant to the next one (P11).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Literal, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

ALL = "*"
"""The scope of a service's own work, which is done for every municipality. Never given to a reader."""


class Database:
    """Two pools on one database. Open it before use; `async with Database(...)` does."""

    def __init__(
        self, worker_url: str, api_url: str, *, name: str = "flode", workers: int = 10, readers: int = 10
    ) -> None:
        self._urls = {"worker": (worker_url, workers), "api": (api_url, readers)}
        self._name = name
        self._pools: dict[str, Pool] = {}

    async def open(self) -> Database:
        """Connect. Raises what asyncpg raises when the server cannot be reached or the roles are not there."""
        for role, (url, size) in self._urls.items():
            self._pools[role] = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=size,
                server_settings={
                    "application_name": f"{self._name}-{role}",
                    "timezone": "UTC",
                    "idle_in_transaction_session_timeout": "60s",
                    **({"statement_timeout": "30s"} if role == "api" else {"synchronous_commit": "on"}),
                },
            )
        return self

    async def close(self) -> None:
        """Give back every connection; those still in use are waited for, briefly, and then cut."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            try:
                await asyncio.wait_for(pool.close(), timeout=5)
            except TimeoutError:
                pool.terminate()

    async def __aenter__(self) -> Database:
        return await self.open()

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    @property
    def worker(self) -> Pool:
        """The pool of the worker role, for work that manages its own transactions."""
        return self._pools["worker"]

    @property
    def api(self) -> Pool:
        """The pool of the api role."""
        return self._pools["api"]

    @asynccontextmanager
    async def scoped(
        self, scope: Iterable[str], *, read_only: bool = True, snapshot: bool = False
    ) -> AsyncIterator[Connection]:
        """A transaction of the api role that sees the municipalities of `scope` and no other; an empty scope sees none.

        `snapshot` makes all its statements see one moment (repeatable read).
        """
        isolation: Literal["repeatable_read", "read_committed"] = "repeatable_read" if snapshot else "read_committed"
        async with self.api.acquire() as connection, connection.transaction(isolation=isolation, readonly=read_only):
            await set_scope(connection, scope)
            yield connection

    @asynccontextmanager
    async def work(self, scope: Iterable[str] = (ALL,), *, durable: bool = True) -> AsyncIterator[Connection]:
        """A transaction of the worker role, by default for every municipality. One that is not `durable` does not wait
        for the disk: a crash may lose it, though never a part of it."""
        async with self.worker.acquire() as connection, connection.transaction():
            await set_scope(connection, scope, durable=durable)
            yield connection


async def set_scope(connection: Connection, scope: Iterable[str], *, durable: bool = True) -> None:
    """Say which municipalities the open transaction may see; it is forgotten with the transaction."""
    names = sorted(set(scope))
    if any("," in name for name in names):
        raise ValueError("a municipality's id has no comma")
    besides = "" if durable else ", set_config('synchronous_commit', 'off', true)"
    await connection.execute(f"SELECT set_config('flode.scope', $1, true){besides}", ",".join(names))


def containing(text: str) -> str:
    """The pattern by which LIKE finds what contains this text, in which nothing is a wildcard."""
    literally = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{literally}%"
