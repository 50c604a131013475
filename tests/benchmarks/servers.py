"""What is measured on: a durable PostgreSQL, a broker, and a topic that was filled with a story."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import UUID

from cluster import Cluster
from confluent_kafka import Producer

from chassis.db import Database
from chassis.log import headers
from chassis.prepare import prepare
from chassis.testing import urls_of
from chassis.topics import create_topics, key_of, partition_of
from contracts.topics import REQUEST
from embedded.broker import Broker
from embedded.postgres import Postgres
from embedded.testing import temporary_folder
from tests.benchmarks import story


@contextmanager
def a_server(keep: Path | None = None) -> Iterator[Postgres]:
    """PostgreSQL as an installation runs it: fsync and synchronous_commit on. In a folder of its own, which goes when
    it ends, or in one that is kept."""
    folder = keep or temporary_folder("bench")
    if keep is not None:
        keep.mkdir(mode=0o755, parents=True, exist_ok=True)
    server = Postgres(folder / "data")
    server.start()
    try:
        yield server
    finally:
        server.stop()
        if keep is None:
            shutil.rmtree(folder)


@contextmanager
def apache_kafka(brokers: int = 3) -> Iterator[dict[str, str]]:
    """What a process is told that is to use Apache Kafka, whose brokers share this machine."""
    folder = temporary_folder("bench-kafka")
    try:
        with Cluster(folder, brokers) as cluster:
            yield cluster.environment()
    finally:
        shutil.rmtree(folder)


@contextmanager
def a_lasting_broker() -> Iterator[str]:
    """host:port of one empty broker of Apache Kafka, for a log that is larger than memory ought to hold."""
    with apache_kafka(brokers=1) as told:
        yield told["FLODE_KAFKA"]


@contextmanager
def a_broker() -> Iterator[str]:
    """host:port of an empty embedded broker."""
    folder = temporary_folder("bench-broker")
    broker = Broker(folder)
    broker.start()
    try:
        yield broker.bootstrap
    finally:
        broker.stop()
        shutil.rmtree(folder)


async def a_database_on(server: Postgres, service: str = "intake") -> tuple[str, str]:
    """A prepared database of a service: the worker's and the api's URL."""
    urls = urls_of(server.dsn(f"flode_{service}"), service)
    await prepare(server.dsn(), service, *urls)
    return urls


@asynccontextmanager
async def a_prepared(server: Postgres, service: str) -> AsyncIterator[tuple[Database, str]]:
    """The opened database of a service, and the worker's URL."""
    urls = await a_database_on(server, service)
    async with Database(*urls) as db:
        yield db, urls[0]


async def fill(bootstrap: str, subjects: int) -> int:
    """Put the story of that many projects into the request topic, as a relay would. Returns the number of events."""
    await create_topics(bootstrap, topics=(REQUEST,))
    producer = Producer(
        {"bootstrap.servers": bootstrap, "linger.ms": 20, "batch.num.messages": 5000, "batch.size": 2_000_000,
         "queue.buffering.max.messages": 200_000, "queue.buffering.max.kbytes": 262_144, "partitioner": "consistent"}
    )  # fmt: skip
    partitions: dict[UUID, int] = {}
    last: dict[int, int] = {}
    failures: list[object] = []
    produced = 0

    def delivered(error: object, _: object) -> None:
        if error is not None:
            failures.append(error)

    for subject, sequence, kind, message in story.lives(subjects):
        if subject not in partitions:
            partitions[subject] = partition_of(subject, REQUEST)
        partition = partitions[subject]
        travelling: list[tuple[str, str | bytes | None]] = [
            *headers("/flode/portfolio", sequence, kind, last.get(partition, 0))
        ]
        last[partition] = sequence
        while True:
            try:
                producer.produce(
                    REQUEST.name, value=message, key=key_of(subject), partition=partition, headers=travelling,
                    on_delivery=delivered,
                )  # fmt: skip
                break
            except BufferError:
                producer.poll(0.05)
        produced += 1
        if produced % 1000 == 0:
            producer.poll(0)
    producer.flush()
    if failures:
        raise RuntimeError(f"{len(failures)} events were not produced, first {failures[0]}")
    return produced
