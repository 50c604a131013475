"""The shared log, as Kafka holds it: records, where a topic ends, and reading from places we remember ourselves."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from chassis.decode import peek_type
from chassis.kafka import connected
from chassis.position import Position, service_of
from contracts.envelope import CONTENT_TYPE, SEQUENCE_HEADER, SOURCE_HEADER
from contracts.topics import Topic

log = structlog.get_logger(__name__)

TYPE_HEADER = "flode-type"
NOBODY = "nobody"
"""The source and the type of a record that lacks the headers every event of ours carries."""
AFTER_HEADER = "flode-after"
"""The sequence of the event before this one, of the same source in the same partition; 0 for the first."""


GLANCE_MS = 2
"""How often is looked whether the broker has said where partitions end: an answer without records wakes nobody."""


@dataclass(frozen=True, slots=True)
class Record:
    """One event as a topic holds it. Known by (source, sequence), wherever and however often it lies."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    source: str
    sequence: int
    key: bytes
    message: bytes
    after: int | None = None
    """The sequence of its predecessor (AFTER_HEADER); None when that is not said."""
    kind: str | None = None
    """The travelling name beside the message (TYPE_HEADER), which is known of what nobody can read as well."""

    def is_next(self, known: int) -> bool:
        """Whether it is what follows for a reader whose highest sequence of this source and partition is `known`.

        If not, it is a repetition, or it came before its predecessor: a record that was on its way while its topic was
        emptied. Such a one is passed over, because the relay sends it again in its place.
        """
        return self.sequence > known and (self.after is None or self.after <= known)

    @property
    def type(self) -> str:
        """The travelling name of the fact inside. Raises ValueError for a message that has none."""
        return self.kind or peek_type(self.message)

    @property
    def subject(self) -> UUID:
        """Whose history this belongs to."""
        return UUID(self.key.decode())

    @property
    def position(self) -> Position:
        """Where it is in the shared log."""
        return Position(service_of(self.source), self.sequence, self.topic, self.partition)


def headers(source: str, sequence: int, kind: str, after: int) -> list[tuple[str, bytes]]:
    """The Kafka headers of an event: what travels beside the bytes."""
    return [
        ("content-type", CONTENT_TYPE.encode()),
        (SOURCE_HEADER, source.encode()),
        (SEQUENCE_HEADER, str(sequence).encode()),
        (TYPE_HEADER, kind.encode()),
        (AFTER_HEADER, str(after).encode()),
    ]


def record_of(received: ConsumerRecord[Any, Any]) -> Record:
    """A received record. What somebody else wrote to our topic is no event of anybody's: a record that no reader is
    interested in, so that it stands in nobody's way, and that the log tells of."""
    found = dict(received.headers)
    try:
        source, sequence = found[SOURCE_HEADER].decode(), int(found[SEQUENCE_HEADER])
        after = int(found[AFTER_HEADER]) if AFTER_HEADER in found else None
        kind = found[TYPE_HEADER].decode() if TYPE_HEADER in found else None
    except (KeyError, ValueError):
        log.error("record.not-ours", topic=received.topic, partition=received.partition, offset=received.offset)
        source, sequence = f"{NOBODY}/{received.topic}/{received.partition}", received.offset + 1
        after, kind = None, NOBODY
    return Record(
        topic=received.topic,
        partition=received.partition,
        offset=received.offset,
        timestamp=received.timestamp,
        source=source,
        sequence=sequence,
        key=received.key or b"",
        message=received.value or b"",
        after=after,
        kind=kind,
    )


def all_partitions(topics: tuple[Topic, ...]) -> list[TopicPartition]:
    """Every partition of these topics, as declared."""
    return [TopicPartition(topic.name, number) for topic in topics for number in range(topic.partitions)]


class LogReader:
    """Reads assigned partitions from offsets it is told. It commits nothing: its users keep their own places.

    An offset that the broker does not have raises `OffsetOutOfRangeError` instead of jumping somewhere.
    """

    def __init__(self, bootstrap: str, *, client_id: str, wait_ms: int = 100, max_bytes: int = 1 << 20) -> None:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            client_id=client_id,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=wait_ms,
            max_partition_fetch_bytes=max_bytes,
            metadata_max_age_ms=30_000,
        )
        self._connected = connected(self._consumer)

    async def __aenter__(self) -> LogReader:
        await self._connected.__aenter__()
        return self

    async def __aexit__(self, *exc: Any) -> None:
        await self._connected.__aexit__(*exc)

    async def ends(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        """The offset after the last record of each partition.

        Some brokers report the beginning of the last batch instead: there may be more, never less.
        """
        found = await self._consumer.end_offsets(partitions)
        return {partition: found[partition] for partition in partitions}

    async def ends_now(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        """The same, truly, on every broker: each is asked for what follows, and says with its answer where it ends.

        Afterwards, partitions are to be started at again.
        """
        self.start_at(await self.ends(partitions))
        while any(self._consumer.highwater(partition) is None for partition in partitions):
            await self._consumer.getmany(timeout_ms=GLANCE_MS)
        return {partition: self._consumer.highwater(partition) for partition in partitions}

    async def beginnings(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        """The first offset of each partition; 0 unless somebody set a retention."""
        found = await self._consumer.beginning_offsets(partitions)
        return {partition: found[partition] for partition in partitions}

    def start_at(self, places: Mapping[TopicPartition, int]) -> None:
        """Read these partitions from these offsets on."""
        self._consumer.assign(list(places))
        for partition, offset in places.items():
            self._consumer.seek(partition, offset)

    async def batch(self, *, timeout_ms: int = 200, most: int = 1000) -> dict[TopicPartition, list[Record]]:
        """What has come, in order within each partition; empty when nothing came in time."""
        received = await self._consumer.getmany(timeout_ms=timeout_ms, max_records=most)
        return {partition: [record_of(one) for one in records] for partition, records in received.items()}

    async def one(self, partition: TopicPartition, offset: int, *, seconds: float = 3.0) -> Record | None:
        """The record at an offset, or None when the broker says that it is not there (any more).

        It is simply asked for: not every broker tells truly where a partition ends. Raises TimeoutError when nothing is
        said in time, because silence proves nothing.
        """
        self.start_at({partition: offset})
        until = time.monotonic() + seconds
        while True:
            try:
                received = await self.batch(timeout_ms=200, most=1)
            except OffsetOutOfRangeError:
                return None
            if found := [record for records in received.values() for record in records]:
                return found[0] if found[0].offset == offset else None
            end = self._consumer.highwater(partition)
            if end is not None and end <= offset:
                return None
            if time.monotonic() > until:
                raise TimeoutError(f"{partition.topic}/{partition.partition} tells nothing of what lies at {offset}")
