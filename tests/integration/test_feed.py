"""Reading a log that can be emptied and filled again while it is read (P8)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from uuid import uuid4

from aiokafka import AIOKafkaProducer, TopicPartition

from chassis.checkpoints import Checkpoint
from chassis.feed import Feed
from chassis.kafka import connected
from chassis.log import Record, headers
from chassis.topics import create_topics
from contracts.topics import REQUEST, Topic
from embedded.testing import delete_topics
from tests.integration.flow import running, until

PARTITION = TopicPartition(REQUEST.name, 2)


class Listener:
    """A follower that keeps in memory what it was told."""

    name = "listener"
    topics: tuple[Topic, ...] = (REQUEST,)

    def __init__(self) -> None:
        self.places: dict[TopicPartition, Checkpoint] = {}
        self.heard: list[tuple[str, int]] = []

    async def restore(self) -> dict[TopicPartition, Checkpoint]:
        return self.places

    async def rewind(self, partitions: list[TopicPartition]) -> None:
        self.places |= {one: Checkpoint(sources=self.places[one].sources) for one in partitions}

    async def apply(self, batch: Mapping[TopicPartition, list[Record]]) -> None:
        for partition, records in batch.items():
            place = self.places.get(partition, Checkpoint())
            fresh = place.sift(records)
            self.places[partition] = place.after(records, fresh=len(fresh), parked=0)
            self.heard += [(record.source, record.sequence) for record in fresh]

    async def has_heard(self, event: tuple[str, int]) -> bool:
        return event in self.heard


async def write(kafka: str, events: Sequence[tuple[str, int]]) -> None:
    """Events of sources that are not ours to run, as their relays would produce them."""
    subject = uuid4()
    async with connected(AIOKafkaProducer(bootstrap_servers=kafka)) as producer:
        for source, sequence in events:
            await producer.send_and_wait(
                REQUEST.name, b"{}", key=str(subject).encode(), partition=PARTITION.partition,
                headers=headers(source, sequence, "intake.request-registered", sequence - 1),
            )  # fmt: skip


async def test_a_feed_that_met_a_replaced_topic_claims_nothing_of_the_old_one(kafka: str) -> None:
    """P8: its role runs it again, and what the old topic held must not count against the one that is filled now."""
    await create_topics(kafka)
    listener = Listener()
    feed = Feed(kafka, "listener", [listener])
    await write(kafka, [("a", 1), ("b", 1), ("b", 2)])
    async with running(feed.run):
        await until(lambda: listener.has_heard(("b", 2)))
    await asyncio.to_thread(delete_topics, kafka)
    await create_topics(kafka)
    async with running(feed.run):
        await asyncio.sleep(3.5)  # longer than it takes to find that a record claimed is not there
        await write(kafka, [("b", 1), ("b", 2), ("a", 1), ("a", 2)])
        await until(lambda: listener.has_heard(("a", 2)))
        await asyncio.sleep(1)  # the proof looks at the new place, and what it opens for that is not left half open
    assert listener.heard == [("a", 1), ("b", 1), ("b", 2), ("a", 2)]
