"""The end of a rebuild: come level with the live table, compare, and move the pointer that readers follow."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import msgspec
from aiokafka import TopicPartition

from chassis import checkpoints
from chassis.checkpoints import Checkpoint
from chassis.db import Connection, Database
from chassis.log import LogReader
from chassis.rebuild.bulk import LogEndsEarly
from chassis.rebuild.progress import Progress, Told
from chassis.views import View, tables
from chassis.views.follow import apply_to
from chassis.views.tables import Table


class NotEqual(Exception):
    """The rebuilt table differs from the live one at the same place of the log. Nothing was switched."""

    def __init__(self, view: str, differing: int, examples: list[str]) -> None:
        super().__init__(f"{view}: {differing} rows differ from the live view, for instance {', '.join(examples)}")
        self.differing, self.examples = differing, examples


async def verify_and_switch(
    db: Database,
    view: View[Any],
    table: Table,
    bootstrap: str,
    progress: Progress,
    told: Told,
    *,
    accept: bool,
    switch: bool = True,
) -> tuple[int, list[str], bool]:
    """Come level with the live table, compare, switch. Returns how many rows differ, keys of some of them, and whether
    they were compared. Without `switch` that is all, and the new table is taken away."""
    async with LogReader(bootstrap, client_id=f"{view.name}-rebuild") as reader:
        progress.enter("catching up", told)
        async with db.work() as connection:  # most of the way, while the live view goes on
            live = await tables.live(connection, view.name)
            await _catch_up(connection, view, table, reader, await _places(connection, live))
        progress.enter("verifying", told)
        async with db.work() as connection:
            # From here to the commit the live table stands still; readers read on.
            await connection.execute(
                "SELECT 1 FROM view_tables WHERE view = $1 AND state = 'live' FOR UPDATE", view.name
            )
            live = await tables.live(connection, view.name)
            await _catch_up(connection, view, table, reader, await _places(connection, live))
            compared = live.version == table.version
            differing, examples = 0, list[str]()
            failure: NotEqual | None = None
            if compared and await tables.digest(connection, view, live) != await tables.digest(connection, view, table):
                differing, examples = await _differences(connection, view, live, table)
                if switch and not accept:
                    failure = NotEqual(view.name, differing, examples)
            if not switch:
                await connection.execute("UPDATE view_tables SET state = 'failed' WHERE table_name = $1", table.name)
                await take_away(connection, view.name, ("failed",))
            elif failure is None:
                await _switch(connection, view.name, live, table, progress)
            else:
                await connection.execute("UPDATE view_tables SET state = 'failed' WHERE table_name = $1", table.name)
        if failure is not None:
            raise failure
    return differing, examples, compared


async def take_away(connection: Connection, view: str, states: tuple[str, ...]) -> int:
    """Drop the tables of a view that are in these states, with all that was kept for them. Returns how many."""
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


async def _places(connection: Connection, table: Table) -> dict[TopicPartition, int]:
    return {place: one.next_offset for place, one in (await checkpoints.load(connection, table.name)).items()}


async def _switch(connection: Connection, view: str, live: Table, table: Table, progress: Progress) -> None:
    await take_away(connection, view, () if table.state == "previous" else ("previous",))
    await connection.execute("UPDATE view_tables SET state = 'previous' WHERE table_name = $1", live.name)
    await connection.execute(
        "UPDATE view_tables SET state = 'live', switched_at = clock_timestamp(), progress = $2 WHERE table_name = $1",
        table.name,
        msgspec.json.encode({"events": progress.done, "seconds": round(progress.seconds, 3)}).decode(),
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
