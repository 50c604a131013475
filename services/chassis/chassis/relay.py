"""The relay: everything a store has committed reaches its topic, in order, at least once.

It reads the store by position and produces. Where it had come it learns from the topics themselves (see `places`), so
a crash costs duplicates and never a gap, and an emptied broker is simply filled again. While it fills, an event that
answers another service's waits until that one is in the topic, so that even then no reader meets an effect before its
cause.

One relay per store is active, by an advisory lock. A relay that lost its lock without noticing can only repeat what
its successor has already put in order, and readers know repetitions by (source, sequence).
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from contextlib import suppress
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer, TopicPartition

from chassis.decode import peek
from chassis.lasting import lasting
from chassis.log import LogReader, headers
from chassis.places import Places, find_places, read_on
from chassis.position import Position
from chassis.proof import Proof, TopicReplaced
from chassis.store import Store, Stored
from chassis.telemetry import TELEMETRY, links_from, messaging_span
from chassis.topics import key_of, partition_of
from contracts.catalogue import topic_of
from contracts.topics import Topic

log = structlog.get_logger(__name__)

MOST_IN_FLIGHT = 1000
POLL_SECONDS = 0.1
"""How long a commit of another process may go unnoticed; commits of this process wake the relay at once."""
NOTE_SECONDS = 0.5
"""How often the place is noted; what was produced since is read from the topics after a crash."""


def place_of(event: Stored) -> TopicPartition:
    """The partition an event belongs in."""
    topic = topic_of(event.type)
    return TopicPartition(topic.name, partition_of(event.subject, topic))


class Relay:
    """The relay of one store to the topics its service emits to."""

    def __init__(self, store: Store, bootstrap: str, emits: tuple[Topic, ...], *, idempotent: bool = True) -> None:
        self.store = store
        self.bootstrap = bootstrap
        self.emits = emits
        self.idempotent = idempotent
        self.backlog = 0
        self._noted_at = 0.0
        self._wake = asyncio.Event()
        store.on_commit(self._wake.set)

    async def run(self) -> None:
        """Relay until cancelled. Any other end is a fault, after which it is to be run again from the beginning."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self.bootstrap,
            client_id=f"{self.store.service}-relay",
            acks="all",
            linger_ms=0,
            max_batch_size=256 * 1024,
            # Without it (a broker that cannot), one request at a time in each partition keeps the order.
            enable_idempotence=self.idempotent,
        )
        try:
            await producer.start()
            async with LogReader(self.bootstrap, client_id=f"{self.store.service}-relay-places") as reader:
                places = await find_places(self.store, reader, self.emits)
                proof = Proof(self.bootstrap, f"{self.store.service}-relay", lambda: places.claims(self.store.source))
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(lasting("relay-proof", proof.keep))
                    tasks.create_task(lasting("relay", lambda: self._relay(producer, reader, places, proof)))
        finally:
            await producer.stop()

    async def _relay(self, producer: AIOKafkaProducer, reader: LogReader, places: Places, proof: Proof) -> None:
        fill_to = await self.store.head()
        while True:
            batch = await self.store.read(places.done_to, limit=MOST_IN_FLIGHT)
            if batch:
                if places.filling:
                    places.filling = places.done_to < fill_to
                    batch = await self._whose_causes_are_there(batch, reader, places)
                await proof.fresh()
                await self._produce(producer, batch, places)
            await self._note(places)
            self.backlog = max(0, await self.store.head() - places.done_to) if batch else 0
            TELEMETRY.measures.backlog(self.store.service, self.backlog)
            if not batch:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
                self._wake.clear()

    async def _whose_causes_are_there(self, batch: list[Stored], reader: LogReader, places: Places) -> list[Stored]:
        """The beginning of the batch whose causes the topics hold; waits for the cause of the first if it must."""
        for number, event in enumerate(batch):
            causes = [Position.parse(each) for each in (peek(event.message, "cause") or "").split()]
            waited = 0
            while missing := [each for each in causes if not self._is_there(each, places)]:
                if number:
                    return batch[:number]
                if waited % 100 == 0:
                    log.info("relay.waits", position=event.position, causes=[str(each) for each in missing])
                waited += 1
                partitions = {TopicPartition(each.topic, each.partition) for each in missing}
                await read_on(self.store, reader, places, await reader.ends(list(partitions)))
                await asyncio.sleep(0.1)
        return batch

    def _is_there(self, cause: Position, places: Places) -> bool:
        """Whether a topic holds a cause again; of our own, and in topics we do not write to, nothing is awaited."""
        partition = TopicPartition(cause.topic, cause.partition)
        ours = cause.source == self.store.source or partition not in places.tail
        return ours or places.seen[partition].get(cause.source, 0) >= cause.sequence

    async def _produce(self, producer: AIOKafkaProducer, batch: list[Stored], places: Places) -> None:
        due: defaultdict[str, list[tuple[TopicPartition, Stored]]] = defaultdict(list)
        for event in batch:
            partition = place_of(event)
            if event.position > places.held.get(partition, 0):
                due[partition.topic].append((partition, event))
        for topic, events in due.items():
            began = time.perf_counter()
            links = links_from(peek(event.message, "traceparent") for _, event in events)
            with messaging_span("send", topic, links=links, messages=len(events)):
                await self._send(producer, events, places)
            TELEMETRY.measures.sent(topic, len(events), time.perf_counter() - began)
        places.done_to = batch[-1].position

    async def _send(
        self, producer: AIOKafkaProducer, events: list[tuple[TopicPartition, Stored]], places: Places
    ) -> None:
        promised: list[tuple[TopicPartition, int, Any]] = []
        before = dict(places.held)
        for partition, event in events:
            acknowledgement = await producer.send(
                partition.topic,
                value=event.message,
                key=key_of(event.subject),
                partition=partition.partition,
                headers=headers(self.store.source, event.position, event.type, before.get(partition, 0)),
            )
            before[partition] = event.position
            promised.append((partition, event.position, acknowledgement))
        for partition, position, acknowledgement in promised:
            placed = await acknowledgement
            if placed.offset <= places.offsets.get(partition, -1):
                raise TopicReplaced(f"{partition.topic}/{partition.partition} began anew")
            places.held[partition], places.offsets[partition] = position, placed.offset

    async def _note(self, places: Places) -> None:
        if time.monotonic() - self._noted_at < NOTE_SECONDS or not places.offsets:
            return
        self._noted_at = time.monotonic()
        await self.store.db.worker.execute(
            'INSERT INTO relay_places (topic, partition, "offset", sequence, done_to, reached) '
            "SELECT topic, partition, place, sequence, $5, $5 "
            "FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) AS n(topic, partition, place, sequence) "
            'ON CONFLICT (topic, partition) DO UPDATE SET "offset" = excluded."offset", '
            "sequence = excluded.sequence, done_to = excluded.done_to, "
            "reached = greatest(relay_places.reached, relay_places.done_to, excluded.reached)",
            [partition.topic for partition in places.offsets],
            [partition.partition for partition in places.offsets],
            list(places.offsets.values()),
            [places.held[partition] for partition in places.offsets],
            places.done_to,
        )
