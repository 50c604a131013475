"""Clients that are told to end at the worst moment leave no connection behind."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.conn import AIOKafkaConnection

from chassis.kafka import connected
from chassis.log import LogReader, all_partitions
from chassis.topics import create_topics
from contracts.topics import REQUEST


@pytest.fixture
def open_connections() -> Iterator[set[int]]:
    """Those of the library's connections that are open at the end of a test, by what they are to the interpreter."""
    gc.collect()
    before = {id(one) for one in gc.get_objects() if isinstance(one, AIOKafkaConnection)}
    still: set[int] = set()
    yield still
    still |= {
        id(one)
        for one in gc.get_objects()
        if isinstance(one, AIOKafkaConnection) and one.connected() and id(one) not in before
    }
    assert not still


async def test_a_reader_broken_off_at_any_moment_closes_what_it_opened(kafka: str, open_connections: set[int]) -> None:
    await create_topics(kafka, topics=(REQUEST,))
    partitions = all_partitions((REQUEST,))

    async def read() -> None:
        async with LogReader(kafka, client_id="hasty") as reader:
            reader.start_at(dict.fromkeys(partitions, 0))
            while True:
                await reader.batch(timeout_ms=5)

    for moment in range(60):
        reading = asyncio.create_task(read())
        await asyncio.sleep(moment / 4000)
        reading.cancel()
        await asyncio.wait({reading})


async def test_a_producer_broken_off_at_any_moment_closes_what_it_opened(
    kafka: str, open_connections: set[int]
) -> None:
    await create_topics(kafka, topics=(REQUEST,))

    async def write() -> None:
        async with connected(AIOKafkaProducer(bootstrap_servers=kafka, acks="all")) as producer:
            while True:
                await producer.send_and_wait(REQUEST.name, b"{}", partition=0)

    for moment in range(60):
        writing = asyncio.create_task(write())
        await asyncio.sleep(moment / 4000)
        writing.cancel()
        await asyncio.wait({writing})
