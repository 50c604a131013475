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
from chassis.filling import Filling, place_of
from chassis.kafka import connected
from chassis.lasting import lasting
from chassis.log import LogReader, headers
from chassis.places import Places, find_places, note
from chassis.proof import Proof, TopicReplaced
from chassis.store import Store, Stored
from chassis.telemetry import TELEMETRY, links_from, messaging_span
from chassis.topics import key_of
from contracts.topics import Topic

log = structlog.get_logger(__name__)

MOST_IN_FLIGHT = 1000
POLL_SECONDS = 0.1
"""How long a commit of another process may go unnoticed; commits of this process wake the relay at once."""
NOTE_SECONDS = 0.5
"""How often the place is noted; what was produced since is read from the topics after a crash."""


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
        name = f"{self.store.service}-relay"
        async with connected(producer), LogReader(self.bootstrap, client_id=f"{name}-places") as reader:
            places = await find_places(self.store, reader, self.emits)
            proof = Proof(self.bootstrap, name, lambda: places.claims(self.store.source))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(lasting("relay-proof", proof.keep))
                tasks.create_task(lasting("relay", lambda: self._relay(producer, places, proof)))

    async def _relay(self, producer: AIOKafkaProducer, places: Places, proof: Proof) -> None:
        if places.filling:
            await self._fill(producer, places, proof)
        while True:
            batch = await self.store.read(places.done_to, limit=MOST_IN_FLIGHT)
            if batch:
                await proof.fresh()
                await self._produce(producer, batch, places)
                places.done_to = batch[-1].position
            await self._note(places)
            await self._measure(places if batch else None)
            if not batch:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
                self._wake.clear()

    async def _fill(self, producer: AIOKafkaProducer, places: Places, proof: Proof) -> None:
        """Fill topics that were emptied, until all that others' events rested on is there again."""
        filling = Filling(self.store, places)
        await filling.begin()
        async with LogReader(self.bootstrap, client_id=f"{self.store.service}-relay-fill", wait_ms=20) as reader:
            reader.start_at(places.tail)
            while await filling.read():
                if ready := filling.take(MOST_IN_FLIGHT):
                    await proof.fresh()
                    await self._produce(producer, ready, places)
                    places.done_to = filling.done_to
                    await self._note(places)
                    await self._measure(places)
                else:
                    note(self.store, places, await reader.batch(timeout_ms=200, most=5000))
        places.done_to, places.filling = filling.done_to, False
        places.seen.clear()
        log.info("relay.filled", done_to=places.done_to)

    async def _measure(self, places: Places | None) -> None:
        self.backlog = max(0, await self.store.head() - places.done_to) if places else 0
        TELEMETRY.measures.backlog(self.store.service, self.backlog)

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
