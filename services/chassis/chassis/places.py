"""Where a relay had come, proved against the topics before it is believed, and proved again while it works.

A place noted in the database is a hint: the record of ours it names must lie where it says. If one does not, the
topics are not those they were, nothing noted counts, and the topics are read from their beginning to learn what of
ours they do hold.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass, field

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from chassis.log import LogReader, all_partitions
from chassis.store import Store
from contracts.topics import Topic

log = structlog.get_logger(__name__)

PROOF_LASTS = 1.0
"""Seconds after which a proof that the topics are still the same must be renewed before anything is produced."""


class TopicReplaced(Exception):
    """The topics no longer hold what the relay put there: begin again from what they do hold."""


@dataclass(slots=True)
class Places:
    """What the topics hold of one store, partition by partition."""

    done_to: int = 0
    """Every position up to here is in the topics."""
    held: dict[TopicPartition, int] = field(default_factory=dict)
    """The highest sequence of ours in each partition."""
    offsets: dict[TopicPartition, int] = field(default_factory=dict)
    """Where that record lies."""
    filling: bool = False
    """Whether the topics are being filled again, so that an event must wait for its cause."""
    seen: defaultdict[TopicPartition, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    """While filling: the highest sequence of every source in each partition."""
    tail: dict[TopicPartition, int] = field(default_factory=dict)
    """While filling: up to where `seen` has read."""


async def find_places(store: Store, reader: LogReader, emits: tuple[Topic, ...]) -> Places:
    """Learn what the topics hold of this store."""
    partitions = all_partitions(emits)
    places = await _noted(store, reader)
    starts = await reader.beginnings(partitions)
    if places is None:
        places = Places(filling=True)
    else:
        for partition, offset in places.offsets.items():
            starts[partition] = offset + 1
    places.tail = starts
    await read_on(store, reader, places, await reader.ends(partitions))
    log.info("relay.place", done_to=places.done_to, filling=places.filling)
    return places


async def _noted(store: Store, reader: LogReader) -> Places | None:
    """The noted places, if every one of them is true."""
    rows = await store.db.worker.fetch('SELECT topic, partition, "offset", sequence, done_to FROM relay_places')
    places = Places(done_to=max((row["done_to"] for row in rows), default=0))
    for row in rows:
        partition = TopicPartition(row["topic"], row["partition"])
        places.held[partition], places.offsets[partition] = row["sequence"], row["offset"]
    for partition in places.offsets:
        if not await is_there(store, reader, places, partition):
            return None
    return places if rows else None


async def is_there(store: Store, reader: LogReader, places: Places, partition: TopicPartition) -> bool:
    """Whether the topic still has our last known record where it was."""
    record = await reader.one(partition, places.offsets[partition])
    return record is not None and (record.source, record.sequence) == (store.source, places.held[partition])


async def read_on(store: Store, reader: LogReader, places: Places, ends: dict[TopicPartition, int]) -> None:
    """Read the topics from `places.tail` to `ends`, noting what is held of ours and how far the others have come."""
    left = {partition for partition in ends if places.tail.get(partition, 0) < ends[partition]}
    if left:
        reader.start_at({partition: places.tail[partition] for partition in left})
    last_heard = time.monotonic()
    while left:
        received = await reader.batch(timeout_ms=500, most=5000)
        if received:
            last_heard = time.monotonic()
        elif time.monotonic() - last_heard > 10:
            # Some brokers report an end at which no record is; ten quiet seconds are an end as well.
            return
        for partition, records in received.items():
            for record in records:
                known = places.seen[partition]
                known[record.source] = max(record.sequence, known.get(record.source, 0))
                if record.source == store.source and record.sequence > places.held.get(partition, 0):
                    places.held[partition], places.offsets[partition] = record.sequence, record.offset
            places.tail[partition] = records[-1].offset + 1
            if places.tail[partition] >= ends[partition]:
                left.discard(partition)


class Proof:
    """Renews, again and again, the proof that the topics are those we have been producing to."""

    def __init__(self, store: Store, bootstrap: str, places: Places) -> None:
        self._store, self._bootstrap, self._places = store, bootstrap, places
        self._proved_at = time.monotonic()
        self._proved = asyncio.Event()

    async def fresh(self) -> None:
        """Wait until the proof is younger than PROOF_LASTS."""
        while time.monotonic() - self._proved_at > PROOF_LASTS:
            self._proved.clear()
            await self._proved.wait()

    async def keep(self) -> None:
        """Renew it until cancelled. Raises TopicReplaced. A broker that does not answer proves nothing."""
        async with LogReader(self._bootstrap, client_id=f"{self._store.service}-relay-proof") as reader:
            turn = 0
            while True:
                try:
                    await self._renew(reader, turn)
                    self._proved_at = time.monotonic()
                    self._proved.set()
                except (KafkaError, TimeoutError) as silent:
                    log.warning("relay.no-proof", reason=repr(silent))
                turn += 1
                await asyncio.sleep(PROOF_LASTS / 3)

    async def _renew(self, reader: LogReader, turn: int) -> None:
        """One partition of each topic a turn: topics are replaced whole."""
        by_topic: defaultdict[str, list[TopicPartition]] = defaultdict(list)
        for partition in sorted(self._places.offsets):
            by_topic[partition.topic].append(partition)
        for partitions in by_topic.values():
            partition = partitions[turn % len(partitions)]
            claimed = (self._places.held[partition], self._places.offsets[partition])
            record = await asyncio.wait_for(reader.one(partition, claimed[1]), 10)
            if record is None or (record.source, record.sequence) != (self._store.source, claimed[0]):
                raise TopicReplaced(f"{partition.topic}/{partition.partition} lost our event {claimed[0]}")
