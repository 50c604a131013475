"""What arrived at the hooks, and what came of it? A table of its own (`tables.sql`), not a fold: it is written in the
transaction that appends the facts, and holds what nobody could read as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid5

from chassis.db import Connection, Database
from contracts.refusal import Refusal, Refusals
from intake.domain.ticket import DELIVERIES, NOTHING, Known

Outcome = Literal[
    "registered", "changed", "withdrawn", "merged", "reopened",
    "unchanged", "stale", "not_for_us", "parked", "refused", "set_aside",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """What must be mended at the source: an English key with its values, beside the field it concerns."""

    text: str
    params: dict[str, str] = field(default_factory=dict)
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A delivery as it is kept."""

    municipality: str
    system: str
    hook: str
    key: str
    hash: bytes
    received_at: datetime
    outcome: Outcome
    answer: dict[str, Any]
    raw: str
    """A sealed token of the headers and the body."""
    request_id: UUID | None = None
    kind: str | None = None
    revision: int | None = None
    source_at: datetime | None = None
    faults: tuple[Fault, ...] = ()

    @property
    def id(self) -> UUID:
        """Follows from the key and the body, as the command does."""
        return uuid5(DELIVERIES, f"{self.municipality}/{self.system}/{self.key}/{self.hash.hex()}/row")


def faults_of(refusal: Refusal) -> tuple[Fault, ...]:
    """A refusal as it is kept, to be said later in the reader's language."""
    if isinstance(refusal, Refusals):
        return tuple(fault for one in refusal.refusals for fault in faults_of(one))
    return (Fault(refusal.text, {name: str(value) for name, value in refusal.params.items()}, refusal.field),)


async def earlier(
    connection: Connection,
    municipality: str,
    system: str,
    key: str,
    hash: bytes,  # noqa: A002  as the column
) -> tuple[Outcome, dict[str, Any]] | None:
    """What this very delivery came to when it came before (P3), and what the sender was told."""
    row = await connection.fetchrow(
        "SELECT outcome, answer FROM deliveries WHERE municipality = $1 AND system = $2 AND key = $3 AND hash = $4",
        municipality, system, key, hash,
    )  # fmt: skip
    return None if row is None else (row["outcome"], json.loads(row["answer"]))


KNOWN = """
SELECT max(revision) AS revision, max(source_at) AS at, max(received_at) AS received,
    coalesce(bool_or(kind = 'deleted'), false) AS deleted
FROM deliveries WHERE municipality = $1 AND request_id = $2
  AND outcome NOT IN ('stale', 'parked', 'refused', 'set_aside')
"""


async def known_of(connection: Connection, municipality: str, request_id: UUID) -> Known:
    """How far the source's reports of a ticket have been followed, those included that changed nothing."""
    row = await connection.fetchrow(KNOWN, municipality, request_id)
    return NOTHING if row is None else Known(**row)


KEEP = """
INSERT INTO deliveries (id, municipality, system, hook, key, hash, received_at, request_id, kind, revision, source_at,
                        outcome, faults, answer, raw)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (municipality, system, key, hash) DO UPDATE SET
    request_id = excluded.request_id, kind = excluded.kind, revision = excluded.revision,
    source_at = excluded.source_at, outcome = excluded.outcome, faults = excluded.faults, answer = excluded.answer,
    raw = excluded.raw
"""


async def keep(connection: Connection, record: Record) -> None:
    """Write a delivery down; one that was parked and is tried again is written anew, but for what arrived and when."""
    await connection.execute(
        KEEP, record.id, record.municipality, record.system, record.hook, record.key, record.hash, record.received_at,
        record.request_id, record.kind, record.revision, record.source_at, record.outcome,
        json.dumps([[fault.text, fault.params, fault.field] for fault in record.faults], ensure_ascii=False),
        json.dumps(record.answer, ensure_ascii=False), record.raw,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """An authentic delivery that could not be read, and what is to be mended at its source."""

    id: UUID
    municipality: str
    system: str
    hook: str
    key: str
    received_at: datetime
    faults: tuple[Fault, ...]
    raw: str


_PARKED = (
    "SELECT id, municipality, system, hook, key, received_at, faults, raw FROM deliveries WHERE outcome = 'parked'"
)


async def parked(db: Database, *, scope: Iterable[str], limit: int = 500) -> list[Parked]:
    """What waits to be mended or set aside, the oldest first."""
    async with db.scoped(scope) as connection:
        return _parked(await connection.fetch(f"{_PARKED} ORDER BY received_at, id LIMIT {limit:d}"))


async def parked_one(db: Database, delivery: UUID, *, scope: Iterable[str]) -> Parked | None:
    """One parked delivery, if the reader may see it and it is parked still."""
    async with db.scoped(scope) as connection:
        found = _parked(await connection.fetch(f"{_PARKED} AND id = $1", delivery))
    return found[0] if found else None


def _parked(rows: Sequence[Any]) -> list[Parked]:
    return [
        Parked(**{**row, "faults": tuple(Fault(*fault) for fault in json.loads(row["faults"]))})
        for row in map(dict, rows)
    ]


async def settled(
    connection: Connection, delivery: UUID, *, by: str, at: datetime, note: str = "", aside: bool = False
) -> None:
    """Remember who dealt with a parked delivery; `aside` says that nothing is to come of it."""
    await connection.execute(
        "UPDATE deliveries SET settled_by = $2, settled_at = $3, note = $4, "
        "outcome = CASE WHEN $5 AND outcome = 'parked' THEN 'set_aside' ELSE outcome END WHERE id = $1",
        delivery, by, at, note, aside,
    )  # fmt: skip


async def holding(connection: Connection, *names: str) -> None:
    """Let one transaction at a time follow a ticket: the next one to hold these names waits for this one's end."""
    for name in names:
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", name)
