"""Filling topics again that were emptied: nothing comes before what it rests on.

Several services fill one topic at the same time, each from its own store. An event that names a cause waits until that
one is in its topic. It holds up what follows in its own partition and nothing else, for readers meet the events of a
partition in order, and those of two partitions in any.
"""

from __future__ import annotations

import time

import msgspec
import structlog
from aiokafka import TopicPartition

from chassis.decode import peek
from chassis.places import Places
from chassis.position import Position, service_of
from chassis.store import Store, Stored
from chassis.topics import partition_of
from contracts.catalogue import topic_of

log = structlog.get_logger(__name__)

MOST_WAITING = 10_000
"""Events held in memory at the most; the rest waits in the store."""
KNOWN = "SELECT topic, partition, sources FROM checkpoints"


def place_of(event: Stored) -> TopicPartition:
    """The partition an event belongs in."""
    topic = topic_of(event.type)
    return TopicPartition(topic.name, partition_of(event.subject, topic))


class Filling:
    """What of a store has still to go into the topics, and what of it may go now."""

    def __init__(self, store: Store, places: Places) -> None:
        self._store = store
        self._places = places
        self._read_to = places.done_to
        self._waiting: list[tuple[Stored, TopicPartition, list[Position]]] = []
        self._known: list[Position] = []
        self._moved_at = time.monotonic()

    async def begin(self) -> None:
        """Learn how far the service had read the others. Decisions may rest on that, and so this must be there again
        before they can be put into the topics without looking."""
        for row in await self._store.db.worker.fetch(KNOWN):
            for source, highest in msgspec.json.decode(row["sources"], type=dict[str, int]).items():
                self._known.append(Position(service_of(source), highest, row["topic"], row["partition"]))

    @property
    def done_to(self) -> int:
        """Every position up to here is in the topics."""
        return self._waiting[0][0].position - 1 if self._waiting else self._read_to

    async def read(self) -> bool:
        """Take more from the store; whether there is anything left to do."""
        more = await self._store.read(self._read_to, limit=MOST_WAITING - len(self._waiting))
        for event in more:
            causes = [Position.parse(each) for each in (peek(event.message, "cause") or "").split()]
            self._waiting.append((event, place_of(event), causes))
            self._read_to = event.position
        self._known = [each for each in self._known if not self._is_there(each)]
        return bool(self._waiting or self._known)

    def take(self, most: int) -> list[Stored]:
        """The events that may go into the topics now, in order; they wait no longer."""
        ready: list[Stored] = []
        still = []
        missing: dict[TopicPartition, list[Position]] = {}
        """Of each partition in which something waits: what its first is waiting for."""
        for one in self._waiting:
            event, partition, causes = one
            if partition not in missing:
                gone = [each for each in causes if not self._is_there(each)]
                if not gone and len(ready) < most:
                    ready.append(event)
                    continue
                missing[partition] = gone
            still.append(one)
        self._waiting = still
        if ready or not still:
            self._moved_at = time.monotonic()
        elif time.monotonic() - self._moved_at > 10:
            self._moved_at = time.monotonic()
            first, partition, _ = still[0]
            log.warning("relay.waits", position=first.position, causes=[str(each) for each in missing[partition]])
        return ready

    def _is_there(self, cause: Position) -> bool:
        """Whether a topic holds a cause again; in topics that this service does not write to, nothing is awaited."""
        partition = TopicPartition(cause.topic, cause.partition)
        if partition not in self._places.tail:
            return True
        if cause.source == self._store.source:
            return self._places.held.get(partition, 0) >= cause.sequence
        return self._places.seen[partition].get(cause.source, 0) >= cause.sequence
