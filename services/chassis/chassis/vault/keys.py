"""Where the wrapped keys of people are kept: a database of its own, reached by functions alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias
from urllib.parse import unquote, urlsplit
from uuid import UUID, uuid4

import structlog

from chassis.db import Pool
from chassis.prepare import CannotPrepare, connected, create_database, in_database

CLIENT = "vault_client"
DESTROYED = "vault_destroyed"
"""The channel on which the database names a person whose key was destroyed."""
LISTENING_SECONDS = 5.0
"""How often a listening connection is asked whether it still is one; one that was cut is replaced as soon."""

log = structlog.get_logger(__name__)

Forget: TypeAlias = Callable[[UUID | None], None]
"""Told of a person whose key was destroyed, and None when there may have been some of whom nobody heard."""


class Wrapped(NamedTuple):
    """A wrapped key, and the id of the key that wraps it."""

    by: bytes
    key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposal:
    """A decision to erase a person: proposed by one, to be confirmed by another."""

    id: UUID
    person: UUID
    municipality: str
    reason: str
    proposed_by: str
    proposed_at: datetime


class KeyStore(Protocol):
    """What a vault asks of the place where keys are kept."""

    async def keys_of(self, people: Iterable[UUID]) -> dict[UUID, list[Wrapped | None]]:
        """Each person's keys, None for a destroyed one; people without any are left out."""
        ...

    async def new_key(self, person: UUID, offered: Wrapped) -> None:
        """Give a person a key unless they have a living one."""
        ...

    async def pseudonym_secret(self, offered: Wrapped) -> Wrapped:
        """The secret of pseudonyms; the offered one when there was none."""
        ...

    async def wrapped_otherwise(self, than: bytes, most: int) -> list[tuple[UUID, Wrapped]]:
        """Some of the keys that another key than this one wraps."""
        ...

    async def rewrap(self, person: UUID | None, was: Wrapped, becomes: Wrapped) -> None:
        """Exchange the wrapping of a person's key, or of the secret of pseudonyms, unless it has changed."""
        ...

    async def propose(self, disposal: Disposal) -> None:
        """Record a proposal."""
        ...

    async def destroy(self, disposal: UUID, by: str, at: datetime) -> Literal["done", "unknown", "same"]:
        """Confirm a proposal and destroy the key."""
        ...

    def tell(self, forget: Forget) -> None:
        """From now on tell of every key that is destroyed, in whatever process."""
        ...

    async def close(self) -> None:
        """Let go of what is held."""
        ...


class PostgresKeys:
    """Keys in the database flode_vault."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._forgetting: list[Forget] = []
        self._listening: asyncio.Task[None] | None = None

    async def keys_of(self, people: Iterable[UUID]) -> dict[UUID, list[Wrapped | None]]:
        """See `KeyStore`."""
        found: dict[UUID, list[Wrapped | None]] = {}
        for row in await self._pool.fetch("SELECT * FROM vault.keys_of($1)", list(people)):
            alive = row["wrapped"] is not None
            found.setdefault(row["person"], []).append(Wrapped(row["wrapped_by"], row["wrapped"]) if alive else None)
        return found

    async def new_key(self, person: UUID, offered: Wrapped) -> None:
        """See `KeyStore`."""
        await self._call("SELECT vault.new_key($1, $2, $3)", person, *offered)

    async def pseudonym_secret(self, offered: Wrapped) -> Wrapped:
        """See `KeyStore`."""
        row = await self._pool.fetchrow("SELECT * FROM vault.pseudonym_secret($1, $2)", *offered)
        assert row is not None
        return Wrapped(row["wrapped_by"], row["wrapped"])

    async def wrapped_otherwise(self, than: bytes, most: int) -> list[tuple[UUID, Wrapped]]:
        """See `KeyStore`."""
        rows = await self._pool.fetch("SELECT * FROM vault.wrapped_otherwise($1, $2)", than, most)
        return [(row["person"], Wrapped(row["wrapped_by"], row["wrapped"])) for row in rows]

    async def rewrap(self, person: UUID | None, was: Wrapped, becomes: Wrapped) -> None:
        """See `KeyStore`."""
        if person is None:
            await self._call("SELECT vault.rewrap_pseudonyms($1, $2, $3)", was.key, *becomes)
        else:
            await self._call("SELECT vault.rewrap($1, $2, $3, $4)", person, was.key, *becomes)

    async def propose(self, disposal: Disposal) -> None:
        """See `KeyStore`."""
        await self._call(
            "SELECT vault.propose($1, $2, $3, $4, $5, $6)",
            disposal.id,
            disposal.person,
            disposal.municipality,
            disposal.reason,
            disposal.proposed_by,
            disposal.proposed_at,
        )

    async def destroy(self, disposal: UUID, by: str, at: datetime) -> Literal["done", "unknown", "same"]:
        """See `KeyStore`."""
        outcome: Literal["done", "unknown", "same"] = await self._call(
            "SELECT vault.destroy($1, $2, $3)", disposal, by, at
        )
        return outcome

    def tell(self, forget: Forget) -> None:
        """See `KeyStore`. One connection of the pool listens, and another when that one was cut."""
        self._forgetting.append(forget)
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen(), name="vault listens")

    async def _listen(self) -> None:
        while True:
            try:
                async with self._pool.acquire() as connection:
                    await connection.add_listener(DESTROYED, self._heard)
                    try:
                        self._forget(None)
                        while True:
                            await asyncio.sleep(LISTENING_SECONDS)
                            await connection.execute("SELECT 1", timeout=LISTENING_SECONDS)
                    finally:
                        await connection.remove_listener(DESTROYED, self._heard)
            except Exception as cut:  # noqa: BLE001  a connection is cut in many ways, and each means the same
                # Until it listens again what is remembered is forgotten by its age alone.
                log.warning("vault.deaf", error=type(cut).__name__)
                await asyncio.sleep(1)

    def _heard(self, _connection: object, _process: int, _channel: str, person: object) -> None:
        self._forget(UUID(str(person)))

    def _forget(self, person: UUID | None) -> None:
        for forget in self._forgetting:
            forget(person)

    async def close(self) -> None:
        """See `KeyStore`."""
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening
        await self._pool.close()

    async def _call(self, query: str, *values: object) -> Any:
        return await self._pool.fetchval(query, *values)


async def prepare_vault(admin_url: str, client_url: str) -> None:
    """Create the vault's database, its role and its tables; what exists is kept. Raises CannotPrepare."""
    client = urlsplit(client_url)
    if client.username != CLIENT:
        raise CannotPrepare(f"the vault's role must be called {CLIENT}, the URL says {client.username}")
    database = client.path.lstrip("/")
    await create_database(admin_url, database, {CLIENT: unquote(client.password or "")})
    sql = files("chassis.vault").joinpath("vault.sql").read_text("utf-8")
    async with connected(in_database(admin_url, database)) as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('flode prepare vault'))")
        await connection.execute(sql)


def new_disposal(person: UUID, *, municipality: str, reason: str, proposed_by: str, at: datetime) -> Disposal:
    """A proposal with an id of its own."""
    return Disposal(
        id=uuid4(), person=person, municipality=municipality, reason=reason, proposed_by=proposed_by, proposed_at=at
    )
