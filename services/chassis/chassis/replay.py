"""Handling parked events again, in order, once the cause is gone or the event is mended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.clock import Clock
from chassis.db import Connection, Database
from chassis.decode import decode
from chassis.flow.audit import By, note
from chassis.i18n import N_
from chassis.log import Record
from chassis.parking import reason_of
from chassis.react import Reaction, ReactionFollower
from chassis.store import Store
from chassis.views import View, tables

MENDED = N_("It was mended, and is to be handled again.")
HANDLED = N_("{done} of its subject's events were handled.")
STOPPED = N_("{done} of its subject's events were handled; then one could not be: {failure}")


class StillParked(Exception):
    """The event could still not be handled; it stays parked with the new reason, and so do those behind it."""


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """A parked event, as somebody looks at it."""

    id: int
    reader: str
    municipality: str
    subject: UUID
    topic: str
    partition: int
    offset: int
    source: str
    sequence: int
    type: str
    envelope: bytes
    mended: bytes | None
    reason: str
    state: str
    parked_at: datetime
    changed_by: str | None
    changed_at: datetime | None

    @property
    def message(self) -> bytes:
        """What is handled: the mended message, if there is one."""
        return self.mended or self.envelope

    @property
    def record(self) -> Record:
        """The record it came as."""
        return Record(
            topic=self.topic, partition=self.partition, offset=self.offset, timestamp=0, source=self.source,
            sequence=self.sequence, key=str(self.subject).encode(), message=self.message,
        )  # fmt: skip


async def parked_events(
    db: Database,
    *,
    reader: str | None = None,
    state: str = "waiting",
    scope: Iterable[str] | None = None,
    number: int | None = None,
) -> list[ParkedEvent]:
    """What is parked, first parked first: of a reader, of some municipalities, or the one under a number. What cannot
    even be read belongs to no municipality, and is in every scope."""
    rows = await db.worker.fetch(
        "SELECT * FROM parked WHERE state = $1 AND ($2::text IS NULL OR reader = $2) "
        "AND ($3::text[] IS NULL OR municipality = '' OR municipality = ANY($3)) AND ($4::bigint IS NULL OR id = $4) "
        "ORDER BY reader, id",
        state, reader, None if scope is None else list(scope), number,
    )  # fmt: skip
    return [ParkedEvent(**dict(row)) for row in rows]


async def mend(db: Database, parked_id: int, message: bytes, *, by: By | str) -> None:
    """Put another message in the place of a parked one, for this reader alone; the log stays what it is.

    Raises ValueError when the message cannot be read, or is about another subject.
    """
    who = by if isinstance(by, By) else By(by)
    async with db.work() as connection:
        row = await connection.fetchrow(
            "SELECT reader, municipality, subject, coalesce(mended, envelope) AS message FROM parked "
            "WHERE id = $1 AND state = 'waiting' FOR UPDATE",
            parked_id,
        )
        if row is None:
            raise ValueError(f"nothing is parked under {parked_id}")
        event = decode(message)
        if event.subject != row["subject"]:
            raise ValueError(f"the mended event is about {event.subject}, the parked one about {row['subject']}")
        await connection.execute(
            "UPDATE parked SET mended = $2, changed_by = $3, changed_at = clock_timestamp() WHERE id = $1",
            parked_id, message, who.whom,
        )  # fmt: skip
        await note(
            connection, "mend", row["reader"], who, MENDED,
            parked=parked_id, municipality=row["municipality"], before=row["message"], after=message,
        )  # fmt: skip


async def replay_view(db: Database, view: View[Any], subject: UUID, *, by: By | str) -> int:
    """Fold a subject's parked events into the live table, in order. Returns how many. Raises StillParked."""
    who = by if isinstance(by, By) else By(by)
    async with db.work() as connection:
        table = await tables.live(connection, view.name)
        # The live reader may be folding the same row: it holds its checkpoints while it does, and so do we.
        await connection.execute("SELECT 1 FROM checkpoints WHERE reader = $1 FOR UPDATE", table.name)
        waiting = await _waiting(connection, table.name, subject)
        failure: str | None = None
        done = 0
        for parked in waiting:
            try:
                event = decode(parked.message, parked.sequence)
                key = view.key(event)
                row = (await tables.rows_by_key(connection, view, table, [key])).get(key)
                await tables.write_rows(connection, view, table, {key: view.evolve(row, event)})
            except Exception as again:  # noqa: BLE001  it stays parked, with what is wrong now
                failure = reason_of(again)
                await connection.execute("UPDATE parked SET reason = $2 WHERE id = $1", parked.id, failure)
                break
            await _replayed(connection, parked, who.whom)
            done += 1
        await _noted(connection, waiting, who, done, failure)
    if failure is not None:
        raise StillParked(failure)
    return done


async def replay_reaction(
    store: Store, reaction: Reaction, clock: Clock, resources: dict[str, Any], subject: UUID, *, by: By | str
) -> int:
    """React to a subject's parked events, in order. Returns how many. Raises StillParked."""
    follower = ReactionFollower(reaction, store, clock, resources)
    who = by if isinstance(by, By) else By(by)
    done, failure = 0, None
    async with store.db.work() as connection:
        await connection.execute("SELECT 1 FROM checkpoints WHERE reader = $1 FOR UPDATE", reaction.name)
        waiting = await _waiting(connection, reaction.name, subject)
        for parked in waiting:
            failure = await follower.run_one(connection, parked.record, parked.mended)
            if failure is not None:
                await connection.execute("UPDATE parked SET reason = $2 WHERE id = $1", parked.id, failure)
                break
            await _replayed(connection, parked, who.whom)
            done += 1
        await _noted(connection, waiting, who, done, failure)
    store.committed()
    if failure is not None:
        raise StillParked(failure)
    return done


async def _noted(connection: Connection, waiting: list[ParkedEvent], by: By, done: int, failure: str | None) -> None:
    if waiting:
        first = waiting[0]
        await note(
            connection, "replay", first.reader, by, STOPPED if failure else HANDLED,
            parked=first.id, municipality=first.municipality, done=done, failure=failure,
        )  # fmt: skip


async def _waiting(connection: Connection, reader: str, subject: UUID) -> list[ParkedEvent]:
    rows = await connection.fetch(
        "SELECT * FROM parked WHERE reader = $1 AND subject = $2 AND state = 'waiting' ORDER BY id FOR UPDATE",
        reader, subject,
    )  # fmt: skip
    return [ParkedEvent(**dict(row)) for row in rows]


async def _replayed(connection: Connection, parked: ParkedEvent, by: str) -> None:
    await connection.execute(
        "UPDATE parked SET state = 'replayed', changed_by = $2, changed_at = clock_timestamp() WHERE id = $1",
        parked.id, by,
    )  # fmt: skip
    await connection.execute(
        "UPDATE checkpoints SET applied = applied + 1, parked = parked - 1 "
        "WHERE reader = $1 AND topic = $2 AND partition = $3",
        parked.reader, parked.topic, parked.partition,
    )  # fmt: skip
