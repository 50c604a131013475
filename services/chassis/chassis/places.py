"""Where a relay had come, proved against the topics before it is believed.

A place noted in the database is a hint: the record of ours it names must lie where it says. If one does not, the
topics are not those they were, nothing noted counts, and the topics are read from their beginning to learn what of
ours they do hold.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from aiokafka import TopicPartition

from chassis.log import LogReader, Record, all_partitions
from chassis.proof import Claim, untrue
from chassis.store import Store
from contracts.topics import Topic

log = structlog.get_logger(__name__)


NOTED = 'SELECT topic, partition, "offset", sequence, done_to, reached FROM relay_places'
FORGET = "UPDATE relay_places SET done_to = 0, reached = greatest(reached, done_to)"
"""What was produced into a topic that is gone is not done."""


class StoreIsOlder(Exception):
    """The topics hold events that the store does not: it was restored from an older time. Its next events would take
    their positions and be taken for them, so nothing is relayed until somebody has decided what is true."""


@dataclass(slots=True)
class Places:
    """What the topics hold of one store, partition by partition."""

    done_to: int = 0
    """Every position up to here is in the topics."""
    held: dict[TopicPartition, int] = field(default_factory=dict)
    """The highest sequence of ours in each partition before which nothing is missing."""
    offsets: dict[TopicPartition, int] = field(default_factory=dict)
    """Where that record lies."""
    filling: bool = False
    """Whether the topics are being filled again, so that an event must wait for its cause."""
    seen: defaultdict[TopicPartition, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    """While filling: the same of every source."""
    tail: dict[TopicPartition, int] = field(default_factory=dict)
    """While filling: up to where `seen` has read."""

    def claims(self, source: str) -> dict[TopicPartition, Claim]:
        """What must be found in the topics if they are still the same."""
        return {partition: Claim(offset, source, self.held[partition]) for partition, offset in self.offsets.items()}


async def find_places(store: Store, reader: LogReader, emits: tuple[Topic, ...]) -> Places:
    """Learn what the topics hold of this store. Raises StoreIsOlder."""
    partitions = all_partitions(emits)
    places = await _noted(store, reader)
    starts = await reader.beginnings(partitions)
    if places is None:
        places = Places(filling=True)
        await store.db.worker.execute(FORGET)
    else:
        for partition, offset in places.offsets.items():
            starts[partition] = offset + 1
    places.tail = starts
    await read_on(store, reader, places, await reader.ends(partitions))
    head, held = await store.head(), max(places.held.values(), default=0)
    if held > head:
        raise StoreIsOlder(f"the topics hold event {held} of {store.service}, whose store ends at {head}")
    log.info("relay.place", done_to=places.done_to, filling=places.filling)
    return places


async def _noted(store: Store, reader: LogReader) -> Places | None:
    """The noted places, if every one of them is true and no filling was broken off, which is begun again."""
    rows = await store.db.worker.fetch(
        'SELECT topic, partition, "offset", sequence, done_to, reached FROM relay_places'
    )
    if any(row["done_to"] < row["reached"] for row in rows):
        return None
    # The least, because a note from before the topics were replaced may have become true again, and others not yet.
    places = Places(done_to=min((row["done_to"] for row in rows), default=0))
    for row in rows:
        partition = TopicPartition(row["topic"], row["partition"])
        places.held[partition], places.offsets[partition] = row["sequence"], row["offset"]
    if not rows or await untrue(reader, places.claims(store.source)):
        return None
    return places


async def read_on(store: Store, reader: LogReader, places: Places, ends: dict[TopicPartition, int]) -> None:
    """Read the topics from `places.tail` to `ends`, noting what is held of ours and how far the others have come."""
    reader.start_at({partition: places.tail.get(partition, 0) for partition in ends})
    last_heard = time.monotonic()
    while True:
        received = await reader.batch(timeout_ms=200, most=5000)
        if not received:
            # Only silence is the end: some brokers report an end that more records follow, or that none reaches.
            reached = all(places.tail.get(partition, 0) >= end for partition, end in ends.items())
            if reached or time.monotonic() - last_heard > 10:
                return
            continue
        last_heard = time.monotonic()
        note(store, places, received)


def note(store: Store, places: Places, received: Mapping[TopicPartition, list[Record]]) -> None:
    """Note what of ours is held and how far the others have come, by what was read from `places.tail` on."""
    for partition, records in received.items():
        known = places.seen[partition]
        for record in records:
            if record.is_next(known.get(record.source, 0)):
                known[record.source] = record.sequence
            if record.source == store.source and record.is_next(places.held.get(partition, 0)):
                places.held[partition], places.offsets[partition] = record.sequence, record.offset
        places.tail[partition] = records[-1].offset + 1
