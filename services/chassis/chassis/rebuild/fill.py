"""Filling a new table from the log, part by part, by one process or several.

A part is a few partitions, or one of many events. Where it has more rows than memory is to hold, it is read again for
one half of its subjects, and then for the other. While one part is copied, the next is read.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from zlib import crc32

from aiokafka import TopicPartition

from chassis.checkpoints import Checkpoint
from chassis.db import Connection, Database
from chassis.parking import Parked
from chassis.rebuild.bulk import BulkReader, TooManyRows
from chassis.rebuild.fold import Folded
from chassis.rebuild.lines import CSV, lines_of
from chassis.rebuild.processes import Helpers
from chassis.views import View
from chassis.views.tables import Table
from chassis.views.view import subject_of

TOGETHER = 150_000
"""Events of partitions that are read together at the most."""
MOST_ROWS = 40_000
"""Rows that one part may have; a row takes 1 to 3 KB."""

Counted = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Part:
    """Partitions to read, each up to where, for one of so many slices of their subjects."""

    until: Mapping[TopicPartition, int]
    most_rows: int | None
    slice: int = 0
    slices: int = 1

    def wanted(self, subject: bytes) -> bool:
        """Whether a subject is of this slice. Not by what the partitions were chosen by, which all here share."""
        return (crc32(subject) >> 16) % self.slices == self.slice

    def halves(self) -> tuple[Part, Part]:
        """The same in two."""
        if len(self.until) > 1:
            places = list(self.until.items())
            middle = len(places) // 2
            return replace(self, until=dict(places[:middle])), replace(self, until=dict(places[middle:]))
        twice = self.slices * 2
        return replace(self, slices=twice), replace(self, slice=self.slice + self.slices, slices=twice)


@dataclass(frozen=True, slots=True)
class Filled:
    """Where the reading of a part ended, and what of it could not be folded."""

    places: Mapping[TopicPartition, Checkpoint]
    parked: list[Parked]


def parts_of(view: View[Any], until: Mapping[TopicPartition, int]) -> list[Part]:
    """How the log is read for a view. Only rows that are keyed by the subject can be made part by part."""
    if len(view.topics) > 1 or view.key is not subject_of:
        return [Part(until, None)]
    groups: list[dict[TopicPartition, int]] = [{}]
    for place, end in until.items():
        if groups[-1] and sum(groups[-1].values()) + end > TOGETHER:
            groups.append({})
        groups[-1][place] = end
    return [Part(group, MOST_ROWS) for group in groups]


async def fill(
    db: Database,
    url: str,
    view: View[Any],
    table: Table,
    bootstrap: str,
    parts: list[Part],
    *,
    processes: int,
    counted: Counted,
) -> list[Filled]:
    """Fold all parts and copy their rows to the table. Raises LogEndsEarly."""
    todo, filled, reading = deque(parts), list[Filled](), asyncio.Lock()

    async def here(part: Part) -> Filled:
        read = 0

        def count(some: int) -> None:
            nonlocal read
            read += some
            counted(some // part.slices)

        async with reading:
            try:
                stretch = await asyncio.to_thread(read_part, reader, view, part, count)
            except TooManyRows:
                counted(-read // part.slices)
                raise
        async with db.work() as connection:
            return await copy(connection, view, table, stretch)

    async def elsewhere(part: Part) -> Filled:
        done = await helpers.run(url, fill_alone, view, table, bootstrap, part)
        counted(sum(part.until.values()) // part.slices)
        return done

    async def work(do: Callable[[Part], Awaitable[Filled]]) -> None:
        while todo:
            part = todo.popleft()
            try:
                filled.append(await do(part))
            except TooManyRows:
                todo.extendleft(part.halves())

    with BulkReader(bootstrap) as reader, Helpers(min(processes, len(parts)) - 1) as helpers:
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(2):  # one reads while the other copies
                    tasks.create_task(work(here))
                for _ in range(helpers.many):
                    tasks.create_task(work(elsewhere))
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None
    return filled


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part, read and folded."""

    folded: Folded
    places: Mapping[TopicPartition, Checkpoint]


def read_part(reader: BulkReader, view: View[Any], part: Part, counted: Counted) -> Stretch:
    """Read and fold a part. Raises TooManyRows, LogEndsEarly."""
    folded, wanted = Folded(view), part.wanted if part.slices > 1 else None
    return Stretch(folded, reader.read([folded], part.until, told=counted, wanted=wanted, most_rows=part.most_rows))


async def fill_alone(connection: Connection, view: View[Any], table: Table, bootstrap: str, part: Part) -> Filled:
    """Fold a part and copy its rows, in a process that has nothing else to do."""
    return await copy(connection, view, table, read_part(_reader_of(bootstrap), view, part, lambda _: None))


@cache
def _reader_of(bootstrap: str) -> BulkReader:
    """The reader of a helping process, kept for its next part."""
    return BulkReader(bootstrap)


async def copy(connection: Connection, view: View[Any], table: Table, stretch: Stretch) -> Filled:
    """Copy the rows of a stretch to a table without indexes, and let go of them."""
    rows = (row for row in stretch.folded.rows.values() if row is not None)

    async def lines() -> AsyncIterator[bytes]:
        for some in lines_of(rows, view.columns):
            yield some

    names = [column.name for column in view.columns]
    await connection.copy_to_table(table.name, schema_name="views", columns=names, source=lines(), **CSV)
    stretch.folded.rows.clear()
    aside = stretch.folded.aside
    places = {
        place: replace(at, applied=at.applied - aside.get(place, 0), parked=aside.get(place, 0))
        for place, at in stretch.places.items()
    }
    return Filled(places, stretch.folded.parked)


def joined(filled: list[Filled]) -> dict[TopicPartition, Checkpoint]:
    """Where a table stands that was filled so. A partition that was read in slices is one place."""
    places: dict[TopicPartition, Checkpoint] = {}
    for one in filled:
        for place, at in one.places.items():
            parked = places[place].parked if place in places else 0
            places[place] = replace(at, applied=at.applied - parked, parked=at.parked + parked)
    return places
