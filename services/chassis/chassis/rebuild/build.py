"""A rebuild, step by step: fill a new table beside the live one, verify it, switch, or go back.

Readers find the live table by a pointer that is moved in one transaction, so they see the old one or the new one, each
whole. Nothing outward happens: a view has no effects. A rebuild that is killed leaves a table nobody reads; the next
one takes it away and begins cleanly.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import msgspec
from aiokafka import TopicPartition

from chassis import checkpoints, parking
from chassis.db import Database
from chassis.lasting import lasting
from chassis.log import LogReader, all_partitions
from chassis.rebuild.fill import Filled, fill, joined, parts_of
from chassis.rebuild.progress import Progress, Rebuilt, Told, nobody
from chassis.rebuild.switch import NotEqual, take_away, verify_and_switch
from chassis.telemetry import TELEMETRY
from chassis.views import View, tables
from chassis.views.tables import Table

__all__ = ["AlreadyRebuilding", "NotEqual", "NothingToGoBackTo", "drop_previous", "rebuild", "rollback"]
NOTE_SECONDS = 0.5


class AlreadyRebuilding(Exception):
    """Another process is rebuilding this view."""


class NothingToGoBackTo(Exception):
    """There is no earlier table, or this release cannot keep it up to date."""


async def rebuild(
    db: Database,
    url: str,
    view: View[Any],
    bootstrap: str,
    *,
    told: Told = nobody,
    accept: bool = False,
    processes: int = 1,
    switch: bool = True,
) -> Rebuilt:
    """Build the view anew from the topics, verify and switch. `url` is the worker's database, for the lock.

    The same version must come out equal to the live view at the same place of the log; otherwise NotEqual, unless
    `accept`. A raised version is not compared. With `processes` that many read, by partition, where the log is long
    enough to be read in parts. Without `switch` the new table is only compared with the live one and taken away: so it
    is asked whether a view equals the log. How far it has come stands beside the new table, where every process can
    read it. Raises AlreadyRebuilding, LogEndsEarly.
    """
    progress = Progress(view.name)
    async with _alone(url, view.name), _noting(db, progress):
        async with db.work() as connection:
            live = await tables.ensure_live(connection, view)
            await take_away(connection, view.name, ("filling", "failed"))
            table = await tables.create(connection, view, state="filling", finished=False)
            until = {place: one.next_offset for place, one in (await checkpoints.load(connection, live.name)).items()}
        if live.version != view.version:
            until = await _end_of(bootstrap, view)
        filled = await _fill(db, url, view, table, bootstrap, until, progress, told, processes)
        parked = [one for part in filled for one in part.parked]
        progress.enter("indexing", told)
        async with db.work() as connection:
            await parking.park(connection, table.name, parked)
            await checkpoints.move(connection, table.name, {}, joined(filled))
            await tables.finish(connection, view, table)
            await connection.execute(f"ANALYZE {table.quoted}")
        async with db.work() as connection:
            rows: int = await connection.fetchval(f"SELECT count(*) FROM {table.quoted}")  # noqa: S608
            applied = (await checkpoints.load(connection, table.name)).values()
        differing, examples, compared = await verify_and_switch(
            db, view, table, bootstrap, progress, told, accept=accept, switch=switch
        )
        if switch:
            async with db.work() as connection:
                applied = (await checkpoints.load(connection, table.name)).values()
                rows = await connection.fetchval(f"SELECT count(*) FROM {table.quoted}")  # noqa: S608
        progress.enter("done", told)
    events = sum(place.applied + place.duplicates + place.parked for place in applied)
    return Rebuilt(
        view.name, table.name, events, rows, len(parked), progress.seconds, compared, differing, tuple(examples)
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
        await verify_and_switch(db, view, table, bootstrap, Progress(view.name), nobody, accept=True)
    return table.name


async def drop_previous(db: Database, url: str, view: str) -> int:
    """Drop the tables that are not live. Returns how many."""
    async with _alone(url, view), db.work() as connection:
        return await take_away(connection, view, ("previous", "filling", "failed"))


@asynccontextmanager
async def _alone(url: str, view: str) -> AsyncIterator[None]:
    connection = await asyncpg.connect(url)
    try:
        if not await connection.fetchval("SELECT pg_try_advisory_lock(hashtext('flode rebuild'), hashtext($1))", view):
            raise AlreadyRebuilding(f"{view} is being rebuilt by another process")
        yield
    finally:
        await connection.close()


@asynccontextmanager
async def _noting(db: Database, progress: Progress) -> AsyncIterator[None]:
    """Note now and then, beside the table that is being filled, how far it has come."""

    async def note() -> None:
        while True:
            told = {name: getattr(progress, name) for name in ("phase", "done", "total", "rate", "eta")}
            await db.worker.execute(
                "UPDATE view_tables SET progress = $2 WHERE view = $1 AND state = 'filling'",
                progress.view, msgspec.json.encode(told).decode(),
            )  # fmt: skip
            await asyncio.sleep(NOTE_SECONDS)

    noting = asyncio.create_task(lasting(f"rebuild-{progress.view}-progress", note))
    try:
        yield
    finally:
        noting.cancel()
        await asyncio.gather(noting, return_exceptions=True)


async def _end_of(bootstrap: str, view: View[Any]) -> dict[TopicPartition, int]:
    async with LogReader(bootstrap, client_id=f"{view.name}-rebuild") as reader:
        return await reader.ends_now(all_partitions(view.topics))


async def _fill(
    db: Database,
    url: str,
    view: View[Any],
    table: Table,
    bootstrap: str,
    until: Mapping[TopicPartition, int],
    progress: Progress,
    told: Told,
    processes: int,
) -> list[Filled]:
    progress.total = sum(until.values())
    progress.enter("reading", told)
    loop = asyncio.get_running_loop()

    def counted(read: int) -> None:
        progress.done += read
        TELEMETRY.measures.rebuild(view.name, progress=progress.done / max(progress.total, 1), rate=progress.rate)
        loop.call_soon_threadsafe(told, progress)

    parts = parts_of(view, until)
    return await fill(db, url, view, table, bootstrap, parts, processes=processes, counted=counted)
