"""Reading a view as somebody: their municipalities, one moment, and not before their own writes are in it."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from chassis.db import Database
from chassis.position import Position
from chassis.views import tables

if TYPE_CHECKING:
    from chassis.views.view import View


class NotYet(Exception):
    """The view has not come so far in the time given; ask again a little later."""

    def __init__(self, view: str, position: str) -> None:
        super().__init__(f"{view} has not applied {position} yet")
        self.view, self.position = view, position


class Moved:
    """Wakes those who wait for a view, when its follower runs in this process."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Future[None]]] = defaultdict(set)

    def tell(self, view: str) -> None:
        """The view has moved."""
        for waiting in self._waiting.pop(view, set()):
            if not waiting.done():
                waiting.set_result(None)

    async def wait(self, *views: str, seconds: float) -> None:
        """Until one of the views moves, or the seconds are over."""
        moved = asyncio.get_running_loop().create_future()
        for view in views:
            self._waiting[view].add(moved)
        try:
            await asyncio.wait_for(moved, seconds)
        except TimeoutError:
            return
        finally:
            for view in views:
                self._waiting[view].discard(moved)


MOVED = Moved()


async def select(
    view: View[Any], db: Database, where: str, arguments: tuple[Any, ...], *, scope: Iterable[str], limit: int | None
) -> list[Any]:
    """Rows of the live table under the reader's scope; the pointer and the rows are read in one transaction."""
    async with db.scoped(scope) as connection:
        table = await tables.live(connection, view.name)
        bound = "" if limit is None else f" LIMIT {limit:d}"
        found = await connection.fetch(
            f"SELECT row_to_json(t)::text FROM {table.quoted} t WHERE {where}{bound}", *arguments
        )
    return [view.decoder.decode(row[0]) for row in found]


async def every(view: View[Any], db: Database) -> list[Any]:
    """All rows, in the order of their keys, for the service's own work; none of a view that has no table yet."""
    async with db.work() as connection:
        try:
            table = await tables.live(connection, view.name)
        except tables.NoView:
            return []
        key = view.columns[0].name
        found = await connection.fetch(f'SELECT row_to_json(t)::text FROM {table.quoted} t ORDER BY t."{key}"')
    return [view.decoder.decode(row[0]) for row in found]


async def query(
    view: View[Any], db: Database, sql: str, arguments: tuple[Any, ...], *, scope: Iterable[str]
) -> list[dict[str, Any]]:
    """Any SELECT over the live table."""
    async with db.scoped(scope) as connection:
        table = await tables.live(connection, view.name)
        return [dict(row) for row in await connection.fetch(sql.replace("{table}", table.quoted), *arguments)]


APPLIED = (
    "SELECT (c.sources ->> $4)::bigint FROM view_tables v JOIN checkpoints c ON c.reader = v.table_name "
    "WHERE v.view = $1 AND v.state = 'live' AND c.topic = $2 AND c.partition = $3"
)


STANDING = (
    "SELECT v.view, v.table_name || ':' || coalesce(sum(c.applied), 0) FROM view_tables v "
    "LEFT JOIN checkpoints c ON c.reader = v.table_name "
    "WHERE v.state = 'live' AND v.view = ANY($1) GROUP BY v.view, v.table_name"
)


async def marks(db: Database, views: Iterable[str], *, key: bytes) -> dict[str, str]:
    """A mark for each view that differs whenever the view has moved, was mended or was built anew.

    It can only be compared: made with a secret, it does not tell how much happens in other municipalities.
    """
    found = await db.api.fetch(STANDING, sorted(views))
    return {view: hashlib.blake2b(place.encode(), key=key, digest_size=6).hexdigest() for view, place in found}


async def wait_for(view: View[Any], db: Database, position: str, *, timeout: float) -> None:
    """Look, and look again each time the view moves (or every so often, if it moves in another process)."""
    wanted = Position.parse(position)
    if wanted.topic not in {topic.name for topic in view.topics}:
        return  # nothing of that topic ever reaches this view
    deadline = time.monotonic() + timeout
    pause = 0.005
    while True:
        applied = await db.api.fetchval(APPLIED, view.name, wanted.topic, wanted.partition, wanted.source)
        if (applied or 0) >= wanted.sequence:
            return
        if time.monotonic() > deadline:
            raise NotYet(view.name, position)
        await MOVED.wait(view.name, seconds=pause)
        pause = min(pause * 1.5, 0.1)
