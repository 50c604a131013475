"""Keeping a view's live table up to date: a batch, the rows it changes and the checkpoint are one transaction."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from aiokafka import TopicPartition

from chassis import checkpoints, parking
from chassis.checkpoints import Checkpoint
from chassis.db import Connection, Database
from chassis.decode import decode, peek
from chassis.log import Record
from chassis.parking import Parked
from chassis.telemetry import TELEMETRY, links_from, messaging_span
from chassis.views import tables
from chassis.views.read import MOVED
from chassis.views.tables import Table
from chassis.views.view import View
from contracts.envelope import Envelope
from contracts.topics import Topic

Batch = Mapping[TopicPartition, list[Record]]


class ViewFollower:
    """Applies what comes to the live table of one view, whichever that is at the time."""

    def __init__(self, view: View[Any], db: Database) -> None:
        self.view = view
        self.db = db
        self.name = view.name
        self.topics: tuple[Topic, ...] = view.topics
        self.places: dict[TopicPartition, Checkpoint] = {}
        self._table: Table | None = None

    async def restore(self) -> dict[TopicPartition, Checkpoint]:
        """Where the live table stands; makes the first table of a new view."""
        async with self.db.work() as connection:
            self._table = await tables.ensure_live(connection, self.view)
            self.places = await checkpoints.load(connection, self._table.name)
        return self.places

    async def rewind(self, partitions: list[TopicPartition]) -> None:
        """Begin again in partitions whose topic was replaced."""
        assert self._table is not None, "a follower is restored before it is rewound"
        async with self.db.work() as connection:
            begun = await checkpoints.rewind(connection, self._table.name, self.places, partitions)
        self.places = {**self.places, **begun}

    async def apply(self, batch: Batch) -> None:
        """Apply a batch. Raises Gap when the table that is live now stands elsewhere than the batch begins."""
        began = time.perf_counter()
        # Losing the last moments of a view in a crash only means reading them again, so nobody waits for the disk.
        async with self.db.work(durable=False) as connection:
            table = await tables.live(connection, self.view.name, hold=True)
            if table != self._table:
                self._table, self.places = table, await checkpoints.load(connection, table.name)
            links = links_from(peek(one.message, "traceparent") for records in batch.values() for one in records)
            count = sum(len(records) for records in batch.values())
            topic = next(iter(batch)).topic
            with messaging_span("process", topic, links=links, group=self.name, messages=count):
                moved = await apply_to(connection, self.view, table, self.places, batch)
        self.places = {**self.places, **moved}
        MOVED.tell(self.view.name)
        TELEMETRY.measures.processed(topic, self.name, count, time.perf_counter() - began)


async def apply_to(
    connection: Connection,
    view: View[Any],
    table: Table,
    places: Mapping[TopicPartition, Checkpoint],
    batch: Batch,
) -> dict[TopicPartition, Checkpoint]:
    """Apply a batch to a table, in the open transaction; returns the checkpoints as they are after it."""
    fresh = {
        partition: places.get(partition, Checkpoint()).sift(records) for partition, records in batch.items()
    }  # fmt: skip
    parked = await fold_into(connection, view, table, [one for records in fresh.values() for one in records])
    await parking.park(connection, table.name, parked)
    aside: dict[TopicPartition, int] = {}
    for one in parked:
        partition = TopicPartition(one.record.topic, one.record.partition)
        aside[partition] = aside.get(partition, 0) + 1
    moved = {
        partition: places.get(partition, Checkpoint()).after(
            records, fresh=len(fresh[partition]), parked=aside.get(partition, 0)
        )
        for partition, records in batch.items()
    }
    changed = {partition: place for partition, place in moved.items() if place != places.get(partition)}
    await checkpoints.move(connection, table.name, places, changed)
    return changed


async def fold_into(connection: Connection, view: View[Any], table: Table, records: list[Record]) -> list[Parked]:
    """Fold new records into the table's rows. Returns those to be parked, with the reason."""
    events: list[tuple[Record, Envelope[Any] | str]] = []
    for record in records:
        if record.type in view.types:
            try:
                events.append((record, decode(record.message, record.sequence)))
            except Exception as failure:  # noqa: BLE001  whatever an event does, it is parked and never lost
                events.append((record, parking.reason_of(failure)))
    if not events:
        return []
    stuck = await parking.waiting_subjects(connection, table.name, {record.subject for record, _ in events})
    keys = {view.key(event) for _, event in events if not isinstance(event, str)}
    rows: dict[Any, Any] = dict(await tables.rows_by_key(connection, view, table, keys))
    before = dict(rows)
    parked: list[Parked] = []
    for record, event in events:
        if record.subject in stuck:
            parked.append(Parked(record, parking.BEHIND))
            continue
        if isinstance(event, str):
            parked.append(Parked(record, event))
            stuck.add(record.subject)
            continue
        try:
            rows[view.key(event)] = view.evolve(rows.get(view.key(event)), event)
        except Exception as failure:  # noqa: BLE001  a fold that fails parks the subject
            parked.append(Parked(record, parking.reason_of(failure)))
            stuck.add(record.subject)
    changed = {key: row for key, row in rows.items() if row is not before.get(key)}
    await tables.write_rows(connection, view, table, changed)
    return parked
