"""Everything an installation keeps of what it was told: databases, topics, logs. To look for what must not be there.

The vault's database is read too; the mail folder and the issuer's file of accounts are not: mail is on its way to its
receiver, and an account is a name by its nature.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import asyncpg

from chassis.log import LogReader, Record, all_partitions
from contracts.topics import TOPICS
from embedded.postgres import Postgres
from tests.e2e.installation import Installation

DATABASES = ("flode_intake", "flode_portfolio", "flode_governance", "flode_notifications", "flode_vault")


@dataclass(frozen=True, slots=True)
class Kept:
    """A piece of what is kept, and where: "flode_intake.public.events", "flode.request", "logs/intake.log"."""

    where: str
    content: bytes


def everything(here: Installation) -> Iterator[Kept]:
    """All of it."""
    yield from asyncio.run(_tables(here))
    for record in topics(here):
        yield Kept(record.topic, record.message)
    for log in sorted(here.home.logs.iterdir()):
        yield Kept(f"logs/{log.name}", log.read_bytes())


def found(pieces: Iterable[Kept], plain: Iterable[str]) -> set[tuple[str, str]]:
    """Which of these texts stand where: as UTF-8, as JSON writes what is not ASCII, or within what is in base64."""
    looked_for = {text: _forms(text) for text in plain}
    return {
        (text, piece.where)
        for piece in pieces
        for text, forms in looked_for.items()
        if any(form in piece.content for form in forms)
    }


def _forms(text: str) -> tuple[bytes, ...]:
    raw = text.encode()
    # Three bytes are four characters: a text within another begins at one of three places, and its ends are blurred.
    shifted = tuple(base64.b64encode(bytes(shift) + raw)[4:-4] for shift in range(3))
    return raw, text.encode("unicode_escape"), *(form for form in shifted if len(form) > 8)


async def _tables(here: Installation) -> list[Kept]:
    port = here.processes()["postgres"]["port"]
    server = Postgres(here.home.postgres, port=port)
    pieces: list[Kept] = []
    for database in DATABASES:
        connection = await asyncpg.connect(server.dsn(database))
        try:
            tables = await connection.fetch(
                "SELECT table_schema, table_name FROM information_schema.tables "
                "WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
            )
            for schema, table in tables:
                # A row as text holds every column; bytes are decoded, or they would stand there as hexadecimals.
                rows = await connection.fetch(f'SELECT * FROM "{schema}"."{table}"')
                content = b"\n".join(_bytes(value) for row in rows for value in row)
                pieces.append(Kept(f"{database}.{schema}.{table}", content))
        finally:
            await connection.close()
    return pieces


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def topics(here: Installation) -> list[Record]:
    """Every record of every topic, in the order of each partition."""
    return asyncio.run(_records(f"127.0.0.1:{here.processes()['broker']['port']}"))


async def _records(bootstrap: str) -> list[Record]:
    found: list[Record] = []
    async with LogReader(bootstrap, client_id="kept") as reader:
        reader.start_at(dict.fromkeys(all_partitions(TOPICS), 0))
        quiet = 0
        while quiet < 3:
            batch = await reader.batch(timeout_ms=300, most=5000)
            quiet = 0 if batch else quiet + 1
            found += [record for records in batch.values() for record in records]
    return found
