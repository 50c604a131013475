"""What arrived at the hooks, and what came of it? A table of its own (`tables.sql`), not a fold: it is written in the
transaction that appends the facts, and holds what nobody could read as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid5

from chassis.db import Connection, Database
from chassis.outbox import Due, write_effects
from chassis.store import Ledger
from chassis.store import Outcome as Came
from contracts.refusal import Refusal, Refusals
from intake.domain.ticket import DELIVERIES, Known

Outcome = Literal[
    "registered", "changed", "withdrawn", "merged", "reopened",
    "unchanged", "stale", "not_for_us", "held", "parked", "refused", "set_aside",
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
    outcome: Outcome = "parked"
    answer: dict[str, Any] = field(default_factory=dict)
    raw: str = ""
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


@dataclass(frozen=True, slots=True)
class Before:
    """What there was before a delivery: what the very same came to and was answered (P3), how far the source's reports
    of its ticket had been followed, and whether its request had begun."""

    had: tuple[Outcome, dict[str, Any]] | None
    known: Known
    begun: bool


async def before(connection: Connection, records: Sequence[Record]) -> list[Before]:
    """What there was before each of these."""
    rows = await connection.fetch(
        "SELECT outcome, answer, revision, at, received, deleted, begun FROM deliveries_before($1, $2, $3, $4, $5)",
        [record.municipality for record in records],
        [record.system for record in records],
        [record.key for record in records],
        [record.hash for record in records],
        [record.request_id for record in records],
    )
    return [
        Before(
            had=None if outcome is None else (outcome, json.loads(answer)),
            known=Known(revision=revision, at=at, received=received, deleted=deleted),
            begun=begun,
        )
        for outcome, answer, revision, at, received, deleted, begun in rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A delivery that is decided on and is to be written down."""

    record: Record
    known: Known
    """What the decision rests on, besides the request's version."""
    facts: int
    answer: Callable[[int | None], dict[str, Any]]
    """What the sender is told, given the position of the last fact, if there is one."""
    again: bool = False
    """It lay parked, and is written anew but for what arrived and when."""


async def _holds(connection: Connection, entries: Sequence[Entry]) -> list[bool]:
    found = await before(connection, [entry.record for entry in entries])
    return [
        now.known == entry.known and (now.had is None or entry.again)
        for now, entry in zip(found, entries, strict=True)
    ]  # fmt: skip


async def _write(connection: Connection, entries: Sequence[tuple[Entry, Came]]) -> None:
    for anew in (False, True):
        records = [
            replace(entry.record, answer=entry.answer(_last(entry, came)))
            for entry, came in entries
            if entry.again == anew
        ]
        if records:
            await _keep(connection, records, _ANEW if anew else "")
        await write_effects(connection, [_asking(record) for record in records if record.outcome == "held"])


ASK = "ask"
"""The channel of what is asked of ticketing systems because of a delivery."""


def _asking(record: Record) -> Due:
    return Due(ASK, str(record.id), record.municipality, {"delivery": str(record.id)})


def _last(entry: Entry, came: Came) -> int | None:
    return came.first_position + entry.facts - 1 if entry.facts and came.first_position else None


LEDGER = Ledger(_holds, _write)
"""A delivery is written in the transaction that appends its facts, once: the unique key says so, whoever writes."""

KEEP = """
INSERT INTO deliveries (id, municipality, system, hook, key, hash, received_at, request_id, kind, revision, source_at,
                        outcome, faults, answer, raw)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::timestamptz[],
                     $8::uuid[], $9::text[], $10::bigint[], $11::timestamptz[], $12::text[], $13::json[], $14::json[],
                     $15::text[])
"""
_ANEW = """
ON CONFLICT (municipality, system, key, hash) DO UPDATE SET
    request_id = excluded.request_id, kind = excluded.kind, revision = excluded.revision,
    source_at = excluded.source_at, outcome = excluded.outcome, faults = excluded.faults, answer = excluded.answer,
    raw = excluded.raw
"""


async def _keep(connection: Connection, records: Sequence[Record], anew: str) -> None:
    rows = [
        (
            record.id, record.municipality, record.system, record.hook, record.key, record.hash, record.received_at,
            record.request_id, record.kind, record.revision, record.source_at, record.outcome,
            json.dumps([[fault.text, fault.params, fault.field] for fault in record.faults], ensure_ascii=False),
            json.dumps(record.answer, ensure_ascii=False), record.raw,
        )
        for record in records
    ]  # fmt: skip
    await connection.execute(KEEP + anew, *map(list, zip(*rows, strict=True)))


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


async def forget(connection: Connection, before: datetime) -> int:
    """Forget the bytes of deliveries that came before, but for those that somebody or some system has still to do
    with; what came of them, and under which key, stays. Returns how many were forgotten."""
    done: str = await connection.execute(
        "UPDATE deliveries SET raw = '' WHERE received_at < $1 AND raw <> '' AND outcome NOT IN ('parked', 'held')",
        before,
    )
    return int(done.rpartition(" ")[2])


_KEPT = "SELECT id, municipality, system, hook, key, received_at, faults, raw FROM deliveries"
_PARKED = f"{_KEPT} WHERE outcome = 'parked'"


async def parked(db: Database, *, scope: Iterable[str], limit: int = 500, skip: int = 0) -> list[Parked]:
    """What waits to be mended or set aside, the oldest first."""
    async with db.scoped(scope) as connection:
        return _parked(await connection.fetch(f"{_PARKED} ORDER BY received_at, id LIMIT {limit:d} OFFSET {skip:d}"))


async def how_many_parked(db: Database, *, scope: Iterable[str]) -> int:
    """How many wait to be mended or set aside."""
    async with db.scoped(scope) as connection:
        many: int = await connection.fetchval("SELECT count(*) FROM deliveries WHERE outcome = 'parked'")
    return many


async def held_one(connection: Connection, delivery: UUID) -> Parked | None:
    """A delivery that waits for what its system is asked; None when it does no more."""
    row = await connection.fetchrow(f"{_KEPT} WHERE outcome = 'held' AND id = $1", delivery)
    return _parked([row])[0] if row else None


async def held(connection: Connection, delivery: UUID, *, by: str, at: datetime) -> None:
    """Have the system asked once more because of a parked delivery."""
    await connection.execute(
        "UPDATE deliveries SET outcome = 'held', settled_by = $2, settled_at = $3 WHERE id = $1", delivery, by, at
    )
    await connection.execute(
        "UPDATE effects SET state = 'due', attempts = 0, due_at = clock_timestamp(), reason = NULL, done_at = NULL "
        "WHERE channel = $1 AND key = $2",
        ASK, str(delivery),
    )  # fmt: skip


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
