"""What a view showed at another time, and which events made a row so.

A fold over the topic as the live view has read it, of the events decided up to a moment. Time only says where to cut;
the order within each subject is the log's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence, Set
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from aiokafka import TopicPartition

from chassis import checkpoints
from chassis.db import Database
from chassis.decode import decode
from chassis.log import LogReader, Record
from chassis.position import NoPosition, Position
from chassis.rebuild.bulk import SILENCE_SECONDS, BulkReader, LogEndsEarly
from chassis.rebuild.fold import Folded
from chassis.topics import partition_of
from chassis.views import Row, View, tables
from chassis.views.view import subject_of
from contracts.envelope import Envelope
from contracts.topics import Topic

R = TypeVar("R", bound=Row)


async def as_of(
    db: Database,
    view: View[R],
    bootstrap: str,
    moment: datetime,
    *,
    scope: Iterable[str],
    key: UUID | None = None,
) -> list[R]:
    """The rows as they were at a moment (an event decided at that very moment counts), for a reader of `scope`.

    With `key` only that row, which is found in one partition. Raises LogEndsEarly while a topic is being refilled.
    """
    return (await as_of_each(db, view, bootstrap, (moment,), scope=scope, key=key))[0]


async def as_of_each(
    db: Database,
    view: View[R],
    bootstrap: str,
    moments: Sequence[datetime],
    *,
    scope: Iterable[str],
    key: UUID | None = None,
) -> list[list[R]]:
    """The same for several moments, in their order: the topics are read once."""
    seen = frozenset(scope)
    until = await _applied(db, view)
    by_subject = view.key is subject_of
    if key is not None and by_subject and len(view.topics) == 1:
        place = TopicPartition(view.topics[0].name, partition_of(key, view.topics[0]))
        until = {place: until.get(place, 0)}
    rows_then: Any = _at_each(moments, view.evolve)
    folded = Folded(replace(view, evolve=rows_then))
    wanted = str(key).encode().__eq__ if key is not None and by_subject else None

    def read() -> None:
        with BulkReader(bootstrap) as reader:
            reader.read([folded], until, wanted=wanted)

    await asyncio.to_thread(read)
    return [
        [
            row
            for rows in folded.rows.values()
            if (row := rows[number]) is not None
            and (key is None or getattr(row, view.columns[0].name) == key)
            and visible(row, seen)
        ]
        for number in range(len(moments))
    ]


def visible(row: Any, scope: Set[str]) -> bool:
    """Whether a reader of these municipalities may see a row: what row-level security says of a live table."""
    return row.municipality in scope or bool(scope & set(getattr(row, "shared_with", ())))


def _at_each(
    moments: Sequence[datetime], evolve: Callable[[R | None, Envelope[Any]], R | None]
) -> Callable[[tuple[R | None, ...] | None, Envelope[Any]], tuple[R | None, ...]]:
    """A fold of as many rows as there are moments, each of the events that had been decided by then."""
    none: tuple[R | None, ...] = (None,) * len(moments)

    def each(rows: tuple[R | None, ...] | None, event: Envelope[Any]) -> tuple[R | None, ...]:
        return tuple(
            evolve(row, event) if event.time <= moment else row
            for row, moment in zip(rows or none, moments, strict=True)
        )

    return each


async def moment_of(bootstrap: str, position: str) -> datetime:
    """When the event at a position was decided. Raises NoPosition for one that is not there."""
    wanted = Position.parse(position)
    async with aclosing(_all_of(bootstrap, TopicPartition(wanted.topic, wanted.partition))) as records:
        async for record in records:
            if (record.source, record.sequence) == (wanted.source, wanted.sequence):
                return decode(record.message, record.sequence).time
    raise NoPosition(f"{position} is not in the topic")


async def history_of(bootstrap: str, topic: Topic, subject: UUID) -> list[tuple[Position, Envelope[Any]]]:
    """All events of one subject by all services, each once, in the order of the log. Raises LogEndsEarly."""
    found = await records_of(bootstrap, topic, subject)
    return [(record.position, decode(record.message, record.sequence)) for record in found]


async def records_of(bootstrap: str, topic: Topic, subject: UUID) -> list[Record]:
    """The same as the topic holds them, byte for byte. Raises LogEndsEarly."""
    highest: dict[str, int] = {}
    found: list[Record] = []
    async for record in _all_of(bootstrap, TopicPartition(topic.name, partition_of(subject, topic))):
        if record.is_next(highest.get(record.source, 0)):
            highest[record.source] = record.sequence
            if record.subject == subject:
                found.append(record)
    return found


async def _all_of(bootstrap: str, place: TopicPartition) -> AsyncGenerator[Record, None]:
    """Every record of a partition, to where it ended when this began, however slowly they come."""
    async with LogReader(bootstrap, client_id="history") as reader:
        end = (await reader.ends_now([place]))[place]
        reader.start_at({place: 0})
        next_offset, heard = 0, time.monotonic()
        while next_offset < end:
            for record in (await reader.batch(timeout_ms=1000, most=5000)).get(place, []):
                next_offset, heard = record.offset + 1, time.monotonic()
                yield record
            if time.monotonic() - heard > SILENCE_SECONDS:
                raise LogEndsEarly(f"nothing more comes of {place.topic}/{place.partition} after {next_offset}")


async def _applied(db: Database, view: View[Any]) -> dict[TopicPartition, int]:
    async with db.work() as connection:
        live = await tables.live(connection, view.name)
        return {place: one.next_offset for place, one in (await checkpoints.load(connection, live.name)).items()}
