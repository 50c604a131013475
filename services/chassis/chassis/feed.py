"""One reading of the log for all that follow it in a process: views, reactions.

Each follower keeps its own place. The feed begins where the hindmost stands, and those ahead pass over what they have
had. A place is only believed when the record before it is still there; a topic that was emptied and filled again is
read from its beginning, and followers know what they have applied by (source, sequence).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog
from aiokafka import TopicPartition

from chassis.checkpoints import Checkpoint
from chassis.lasting import lasting
from chassis.log import LogReader, Record, all_partitions
from chassis.proof import Claim, Proof, untrue
from chassis.telemetry import TELEMETRY
from contracts.topics import Topic

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 2000
RESTS = 5.0
"""How many times as long as a batch took the feed rests after it. What comes meanwhile is applied together, so the
busier a machine is, the less each event costs it; a lone event waits for nothing."""
RESTS_AT_MOST = 0.1
"""Seconds."""


class Follower(Protocol):
    """Something that applies the log in order and remembers how far it came."""

    name: str
    topics: tuple[Topic, ...]
    places: dict[TopicPartition, Checkpoint]

    async def restore(self) -> dict[TopicPartition, Checkpoint]:
        """Where it stands, read anew."""

    async def rewind(self, partitions: list[TopicPartition]) -> None:
        """Begin again in these partitions, whose topic was replaced, remembering what was applied of each source."""

    async def apply(self, batch: Mapping[TopicPartition, list[Record]]) -> None:
        """Apply records and move the place, in one transaction."""


class Feed:
    """Reads the topics of its followers and hands every batch to each of them."""

    def __init__(self, bootstrap: str, name: str, followers: Sequence[Follower]) -> None:
        self.bootstrap = bootstrap
        self.name = name
        self.followers = followers
        self.last_fetch = 0.0
        self._claims: dict[TopicPartition, Claim] = {}

    async def run(self) -> None:
        """Follow until cancelled. Any other end is a fault, after which it is to be run again from the beginning."""
        topics = tuple({topic.name: topic for one in self.followers for topic in one.topics}.values())
        for follower in self.followers:
            await follower.restore()
        async with LogReader(self.bootstrap, client_id=self.name) as reader:
            start = await self._start(reader, topics)
            proof = Proof(self.bootstrap, self.name, lambda: self._claims)
            reader.start_at(start)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(lasting(f"{self.name}-proof", proof.keep))
                tasks.create_task(lasting(self.name, lambda: self._follow(reader, proof)))
                tasks.create_task(lasting(f"{self.name}-lag", lambda: self._measure(topics)))

    async def _start(self, reader: LogReader, topics: tuple[Topic, ...]) -> dict[TopicPartition, int]:
        """The hindmost proved place of each partition. What an earlier run claimed counts no more."""
        self._claims = {}
        true: set[tuple[TopicPartition, Claim]] = set()
        gone: set[str] = set()
        earliest: dict[TopicPartition, int] = {}
        for follower in self.followers:
            claims = {partition: claim for partition, place in follower.places.items() if (claim := place.claim())}
            asked = {p: c for p, c in claims.items() if (p, c) not in true and p.topic not in gone}
            gone |= {partition.topic for partition in await untrue(reader, asked)}
            true |= {(partition, claim) for partition, claim in asked.items() if partition.topic not in gone}
            replaced = [partition for partition in claims if partition.topic in gone]
            if replaced:
                log.warning("feed.topic-replaced", follower=follower.name, partitions=len(replaced))
                await follower.rewind(replaced)
            self._claims |= {partition: claim for partition, claim in claims.items() if partition not in replaced}
            for partition in all_partitions(follower.topics):
                offset = follower.places.get(partition, Checkpoint()).next_offset
                earliest[partition] = min(earliest.get(partition, offset), offset)
        first = await reader.beginnings(all_partitions(topics))
        return {partition: max(first[partition], offset) for partition, offset in earliest.items()}

    async def _follow(self, reader: LogReader, proof: Proof) -> None:
        while True:
            batch = await reader.batch(timeout_ms=500, most=MOST_AT_ONCE)
            began = self.last_fetch = time.monotonic()
            if not batch:
                continue
            await proof.fresh()
            async with asyncio.TaskGroup() as applying:  # each in a transaction of its own, so none waits for another
                for follower in self.followers:
                    names = {topic.name for topic in follower.topics}
                    mine = {partition: records for partition, records in batch.items() if partition.topic in names}
                    if mine:
                        applying.create_task(follower.apply(mine))
            for partition, records in batch.items():
                self._claims[partition] = Claim(records[-1].offset, records[-1].source, records[-1].sequence)
            if sum(map(len, batch.values())) < MOST_AT_ONCE // 2:
                await asyncio.sleep(min((time.monotonic() - began) * RESTS, RESTS_AT_MOST))

    async def _measure(self, topics: tuple[Topic, ...]) -> None:
        async with LogReader(self.bootstrap, client_id=f"{self.name}-lag") as reader:
            behind_since: dict[str, float] = {}
            while True:
                ends = await reader.ends(all_partitions(topics))
                for follower in self.followers:
                    lag = sum(
                        max(0, ends[partition] - follower.places.get(partition, Checkpoint()).next_offset)
                        for partition in all_partitions(follower.topics)
                    )
                    since = behind_since.setdefault(follower.name, time.monotonic()) if lag else time.monotonic()
                    if not lag:
                        behind_since.pop(follower.name, None)
                    TELEMETRY.measures.parked(follower.name, sum(place.parked for place in follower.places.values()))
                    TELEMETRY.measures.lag(follower.name, events=lag, seconds=time.monotonic() - since)
                await asyncio.sleep(2)
