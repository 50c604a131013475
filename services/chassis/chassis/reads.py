"""Who read personal data, of what and when. Written before anything is opened: without a record there are no names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from chassis.db import Database
from chassis.vault.walk import tokens_in

What = Literal["list", "row", "case"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Somebody read names: `reader` is "auditor/<uuid>", `key` that of the row (None: a list), `as_of` the moment that
    was looked at (None: the present), `at` when it was read."""

    municipality: str
    reader: str
    reader_name: str | None
    view: str
    key: UUID | None
    what: str
    as_of: datetime | None
    at: datetime


def holds_names(value: object) -> bool:
    """Whether there is anything sealed in a value, at whatever depth."""
    return next(tokens_in(value), None) is not None


async def record(
    db: Database,
    municipalities: Iterable[str],
    *,
    reader: str,
    reader_name: str | None,
    view: str,
    key: UUID | None,
    what: What,
    as_of: datetime | None,
) -> None:
    """Write down that somebody reads, once for each municipality whose people it concerns. Raises what asyncpg raises;
    then nothing may be opened."""
    concerned = sorted(set(municipalities))
    async with db.scoped(concerned, read_only=False) as connection:
        await connection.executemany(
            "INSERT INTO reads (municipality, reader, reader_name, view, key, what, as_of) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7)",
            [(each, reader, reader_name, view, key, what, as_of) for each in concerned],
        )


async def latest(db: Database, *, scope: Iterable[str], limit: int, offset: int = 0) -> list[Read]:
    """What was read of the people of these municipalities, the latest first."""
    async with db.scoped(scope) as connection:
        found = await connection.fetch(
            "SELECT municipality, reader, reader_name, view, key, what, as_of, at FROM reads "
            "ORDER BY id DESC LIMIT $1 OFFSET $2",
            limit,
            offset,
        )
    return [Read(**dict(row)) for row in found]


async def count(db: Database, *, scope: Iterable[str]) -> int:
    """How often names of these municipalities were read."""
    async with db.scoped(scope) as connection:
        number: int = await connection.fetchval("SELECT count(*) FROM reads")
    return number
