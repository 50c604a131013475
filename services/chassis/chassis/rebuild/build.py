"""A rebuild, step by step: fill a new table beside the live one, verify it, switch, or go back.

Readers find the live table by a pointer that is moved in one transaction, so they see the old one or the new one, each
whole. Nothing outward happens: a view has no effects. A rebuild that is killed leaves a table nobody reads; the next
one takes it away and begins cleanly.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import msgspec
import structlog
from aiokafka import TopicPartition

from chassis import checkpoints, parking
from chassis.checkpoints import Checkpoint
from chassis.db import Connection, Database
from chassis.log import LogReader, all_partitions
from chassis.rebuild.bulk import LogEndsEarly, Stretch, read_stretch
from chassis.telemetry import TELEMETRY
from chassis.views import View, tables
from chassis.views.follow import apply_to
from chassis.views.tables import Table
from chassis.views.view import subject_of

log = structlog.get_logger(__name__)

TOGETHER = 150_000
"""Events of partitions that are folded together at the most; a row held takes about 1.2 KB."""


class AlreadyRebuilding(Exception):
    """Another process is rebuilding this view."""


class NothingToGoBackTo(Exception):
    """There is no earlier table, or this release cannot keep it up to date."""


class NotEqual(Exception):
    """The rebuilt table differs from the live one at the same place of the log. Nothing was switched."""

    def __init__(self, view: str, differing: int, examples: list[str]) -> None:
        super().__init__(f"{view}: {differing} rows differ from the live view, for instance {', '.join(examples)}")
        self.differing, self.examples = differing, examples


@dataclass(slots=True)
class Progress:
    """How far a rebuild has come: its phase, events read of those to read, and how fast."""

    view: str
    phase: str = "starting"
    done: int = 0
    total: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def rate(self) -> float:
        """Events per second so far."""
        return self.done / max(time.monotonic() - self.began, 1e-6)

    @property
    def eta(self) -> float | None:
        """Seconds to the end of reading, or None while nothing can be said."""
        return (self.total - self.done) / self.rate if self.done else None


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild came to."""

    view: str
    table: str
    events: int
    rows: int
    parked: int
    seconds: float
    compared: bool
    differing: int


Told = Callable[[Progress], None]


def _nobody(_: Progress) -> None:
    return None


async def rebuild(
    db: Database, url: str, view: View[Any], bootstrap: str, *, told: Told = _nobody, accept: bool = False
) -> Rebuilt:
    """Build the view anew from the topics, verify and switch. `url` is the worker's database, for the lock.

    The same version must come out equal to the live view at the same place of the log; otherwise NotEqual, unless
    `accept`. A raised version is not compared. Raises AlreadyRebuilding, LogEndsEarly.
    """
    progress = Progress(view.name)
    async with _alone(url, view.name):
        async with db.work() as connection:
            live = await tables.ensure_live(connection, view)
            await _take_away(connection, view.name, ("filling", "failed"))
            table = await tables.create(connection, view, state="filling", finished=False)
            until = {place: one.next_offset for place, one in (await checkpoints.load(connection, live.name)).items()}
        if live.version != view.version:
            until = await _end_of(bootstrap, view)
        stretches = await _fill(db, view, table, bootstrap, until, progress, told)
        progress.phase = "indexing"
        told(progress)
        async with db.work() as connection:
            await tables.finish(connection, view, table)
            await connection.execute(f"ANALYZE {table.quoted}")
        differing, compared = await _verify_and_switch(db, view, table, bootstrap, progress, told, accept=accept)
        async with db.work() as connection:
            rows: int = await connection.fetchval(f"SELECT count(*) FROM {table.quoted}")  # noqa: S608
        progress.phase = "done"
        told(progress)
    parked = sum(len(stretch.folded[0].parked) for stretch in stretches)
    return Rebuilt(
        view.name, table.name, progress.done, rows, parked, time.monotonic() - progress.began, compared, differing
    )


async def rollback(db: Database, url: str, view: View[Any], bootstrap: str) -> str:
    """Go back to the table that was live before, after bringing it up to date. Returns its name."""
    async with _alone(url, view.name):
        row = await db.worker.fetchrow(
            "SELECT table_name, version, build, state FROM view_tables WHERE view = $1 AND state = 'previous' "
            "ORDER BY build DESC LIMIT 1",
            view.name,
        )
        if row is None:
            raise NothingToGoBackTo(f"{view.name} has no earlier table")
        table = Table(*row)
        if table.version != view.version:
            raise NothingToGoBackTo(
                f"the earlier table is of version {table.version}; install the release that has it, then go back"
            )
        await _verify_and_switch(db, view, table, bootstrap, Progress(view.name), _nobody, accept=True)
    return table.name


async def drop_previous(db: Database, url: str, view: str) -> int:
    """Drop the tables that are not live. Returns how many."""
    async with _alone(url, view), db.work() as connection:
        return await _take_away(connection, view, ("previous", "filling", "failed"))


@asynccontextmanager
async def _alone(url: str, view: str) -> AsyncIterator[None]:
    connection = await asyncpg.connect(url)
    try:
        if not await connection.fetchval("SELECT pg_try_advisory_lock(hashtext('flode rebuild'), hashtext($1))", view):
            raise AlreadyRebuilding(f"{view} is being rebuilt by another process")
        yield
    finally:
        await connection.close()


async def _take_away(connection: Connection, view: str, states: tuple[str, ...]) -> int:
    rows = await connection.fetch(
        "DELETE FROM view_tables WHERE view = $1 AND state = ANY($2::text[]) RETURNING table_name", view, list(states)
    )
    for row in rows:
        await connection.execute(f'DROP TABLE IF EXISTS views."{row["table_name"]}"')
        await connection.execute("DELETE FROM checkpoints WHERE reader = $1", row["table_name"])
        await connection.execute(
            "UPDATE parked SET state = 'superseded' WHERE reader = $1 AND state = 'waiting'", row["table_name"]
        )
    return len(rows)


async def _end_of(bootstrap: str, view: View[Any]) -> dict[TopicPartition, int]:
    async with LogReader(bootstrap, client_id=f"{view.name}-rebuild") as reader:
        return await reader.ends(all_partitions(view.topics))


async def _fill(
    db: Database,
    view: View[Any],
    table: Table,
    bootstrap: str,
    until: Mapping[TopicPartition, int],
    progress: Progress,
    told: Told,
) -> list[Stretch]:
    """Fold and copy. Where rows are keyed by subject, a few partitions at a time, which bounds what memory holds."""
    progress.phase, progress.total = "reading", sum(until.values())
    by_subject = len(view.topics) == 1 and view.key is subject_of
    groups = _groups(until) if by_subject else [dict(until)]
    loop, stretches = asyncio.get_running_loop(), []

    def count(read: int) -> None:
        progress.done += read
        TELEMETRY.measures.rebuild(view.name, progress=progress.done / max(progress.total, 1), rate=progress.rate)
        loop.call_soon_threadsafe(told, progress)

    for group in groups:
        stretch = await asyncio.to_thread(read_stretch, bootstrap, [view], group, told=count)
        async with db.work() as connection:
            await _copy(connection, view, table, stretch)
        stretch.folded[0].rows.clear()
        stretches.append(stretch)
    return stretches


def _groups(until: Mapping[TopicPartition, int]) -> list[dict[TopicPartition, int]]:
    """Partitions to read together: as many as hold TOGETHER events, or one that holds more."""
    groups: list[dict[TopicPartition, int]] = [{}]
    for place, end in until.items():
        if groups[-1] and sum(groups[-1].values()) + end > TOGETHER:
            groups.append({})
        groups[-1][place] = end
    return groups


async def _copy(connection: Connection, view: View[Any], table: Table, stretch: Stretch) -> None:
    folded = stretch.folded[0]
    converters = [(column.name, column.to_copy) for column in view.columns]
    records = [
        tuple(getattr(row, name) if convert is None else convert(getattr(row, name)) for name, convert in converters)
        for row in folded.rows.values()
        if row is not None
    ]
    await connection.copy_records_to_table(
        table.name, schema_name="views", columns=[column.name for column in view.columns], records=records
    )
    places = {partition: _aside(place, folded.aside.get(partition, 0)) for partition, place in stretch.places.items()}
    await parking.park(connection, table.name, folded.parked)
    await checkpoints.move(connection, table.name, {}, places)


def _aside(place: Checkpoint, parked: int) -> Checkpoint:
    """The place, with those that were set aside counted as such."""
    return Checkpoint(
        place.next_offset, place.last_source, place.last_sequence, place.sources,
        place.applied - parked, place.duplicates, parked,
    )  # fmt: skip


async def _catch_up(
    connection: Connection, view: View[Any], table: Table, reader: LogReader, until: Mapping[TopicPartition, int]
) -> None:
    """Apply what came since, up to `until`, as the live reader does."""
    places = await checkpoints.load(connection, table.name)
    behind = {
        partition: places.get(partition, Checkpoint()).next_offset
        for partition, end in until.items()
        if places.get(partition, Checkpoint()).next_offset < end
    }
    if not behind:
        return
    reader.start_at(behind)
    heard = time.monotonic()
    while behind:
        received = await reader.batch(timeout_ms=200, most=2000)
        batch = {
            partition: mine
            for partition, records in received.items()
            if (mine := [record for record in records if record.offset < until[partition]])
        }
        if batch:
            heard = time.monotonic()
            places |= await apply_to(connection, view, table, places, batch)
        elif time.monotonic() - heard > 15:
            raise LogEndsEarly(f"{view.name}: nothing more comes of {sorted(behind)}")
        behind = {one: at for one, at in behind.items() if one not in places or places[one].next_offset < until[one]}


async def _verify_and_switch(
    db: Database,
    view: View[Any],
    table: Table,
    bootstrap: str,
    progress: Progress,
    told: Told,
    *,
    accept: bool,
) -> tuple[int, bool]:
    """Come level with the live table, compare, switch. Returns how many rows differ and whether they were compared."""
    async with LogReader(bootstrap, client_id=f"{view.name}-rebuild") as reader:
        progress.phase = "catching up"
        told(progress)
        async with db.work() as connection:  # most of the way, while the live view goes on
            live = await tables.live(connection, view.name)
            await _catch_up(connection, view, table, reader, await _places(connection, live))
        progress.phase = "verifying"
        told(progress)
        async with db.work() as connection:
            # From here to the commit the live table stands still; readers read on.
            await connection.execute(
                "SELECT 1 FROM view_tables WHERE view = $1 AND state = 'live' FOR UPDATE", view.name
            )
            live = await tables.live(connection, view.name)
            await _catch_up(connection, view, table, reader, await _places(connection, live))
            compared = live.version == table.version
            differing = 0
            failure: NotEqual | None = None
            if compared and await tables.digest(connection, view, live) != await tables.digest(connection, view, table):
                differing, examples = await _differences(connection, view, live, table)
                if not accept:
                    failure = NotEqual(view.name, differing, examples)
            if failure is None:
                await _switch(connection, view.name, live, table, progress)
            else:
                await connection.execute("UPDATE view_tables SET state = 'failed' WHERE table_name = $1", table.name)
        if failure is not None:
            raise failure
    return differing, compared


async def _places(connection: Connection, table: Table) -> dict[TopicPartition, int]:
    return {place: one.next_offset for place, one in (await checkpoints.load(connection, table.name)).items()}


async def _switch(connection: Connection, view: str, live: Table, table: Table, progress: Progress) -> None:
    await _take_away(connection, view, () if table.state == "previous" else ("previous",))
    await connection.execute("UPDATE view_tables SET state = 'previous' WHERE table_name = $1", live.name)
    await connection.execute(
        "UPDATE view_tables SET state = 'live', switched_at = clock_timestamp(), progress = $2 WHERE table_name = $1",
        table.name,
        msgspec.json.encode({"events": progress.done, "seconds": round(time.monotonic() - progress.began, 3)}).decode(),
    )
    await connection.execute(
        "UPDATE parked SET state = 'superseded' WHERE reader = $1 AND state = 'waiting'", live.name
    )


async def _differences(connection: Connection, view: View[Any], live: Table, table: Table) -> tuple[int, list[str]]:
    """How many rows the two do not share, and some of their keys."""
    key = view.columns[0].name
    names = ", ".join(f'"{column.name}"' for column in view.columns)
    rows = await connection.fetch(
        f'WITH a AS (SELECT "{key}", ROW({names})::text AS said FROM {live.quoted}), '  # noqa: S608
        f'b AS (SELECT "{key}", ROW({names})::text AS said FROM {table.quoted}) '
        f'SELECT coalesce(a."{key}", b."{key}")::text AS key, count(*) OVER () AS many '
        f'FROM a FULL JOIN b ON a."{key}" = b."{key}" WHERE a.said IS DISTINCT FROM b.said LIMIT 5'
    )
    return (rows[0]["many"] if rows else 0), [row["key"] for row in rows]
