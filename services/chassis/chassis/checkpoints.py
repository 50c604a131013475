"""Where readers stand, kept in the same transaction as what they did.

A checkpoint moves by compare-and-set and a move that fails raises, so two of one reader can never both believe they
moved. Events are known by (source, sequence): within a partition each source's sequences only grow, so whatever is not
above the highest one applied has been applied before. What comes before its predecessor is passed over (`is_next`): it
comes again, and is counted among the repetitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import msgspec
from aiokafka import TopicPartition

from chassis.db import Connection
from chassis.log import Record
from chassis.proof import Claim


class CheckpointMoved(Exception):
    """Somebody else moved this checkpoint: two of one reader are at work. The process is to end."""


class Gap(Exception):
    """A batch does not begin where the checkpoint stands; reading must begin there again."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A reader's place in one partition, and what it did to get there (P10)."""

    next_offset: int = 0
    last_source: str | None = None
    last_sequence: int | None = None
    sources: Mapping[str, int] = field(default_factory=dict)
    applied: int = 0
    duplicates: int = 0
    parked: int = 0

    def claim(self) -> Claim | None:
        """What must lie before `next_offset` if the topic is still the same."""
        if self.last_source is None or self.last_sequence is None:
            return None
        return Claim(self.next_offset - 1, self.last_source, self.last_sequence)

    def sift(self, records: Iterable[Record]) -> list[Record]:
        """The records to apply, in order: neither repetitions nor before their predecessor. Raises Gap."""
        highest = dict(self.sources)
        fresh: list[Record] = []
        expected = self.next_offset
        for record in records:
            if record.offset > expected:
                raise Gap(f"{record.topic}/{record.partition}: expected {expected}, got {record.offset}")
            if record.offset < expected:
                continue
            expected += 1
            if record.is_next(highest.get(record.source, 0)):
                highest[record.source] = record.sequence
                fresh.append(record)
        return fresh

    def after(self, records: list[Record], *, fresh: int, parked: int) -> Checkpoint:
        """The checkpoint after these records, `fresh` of which were new and `parked` of those set aside."""
        new = [record for record in records if record.offset >= self.next_offset]
        if not new:
            return self
        sources = dict(self.sources)
        for record in new:
            if record.is_next(sources.get(record.source, 0)):
                sources[record.source] = record.sequence
        return Checkpoint(
            next_offset=new[-1].offset + 1,
            last_source=new[-1].source,
            last_sequence=new[-1].sequence,
            sources=sources,
            applied=self.applied + fresh - parked,
            duplicates=self.duplicates + len(new) - fresh,
            parked=self.parked + parked,
        )


async def load(connection: Connection, reader: str) -> dict[TopicPartition, Checkpoint]:
    """All checkpoints of a reader."""
    rows = await connection.fetch("SELECT * FROM checkpoints WHERE reader = $1", reader)
    return {
        TopicPartition(row["topic"], row["partition"]): Checkpoint(
            next_offset=row["next_offset"],
            last_source=row["last_source"],
            last_sequence=row["last_sequence"],
            sources=msgspec.json.decode(row["sources"], type=dict[str, int]),
            applied=row["applied"],
            duplicates=row["duplicates"],
            parked=row["parked"],
        )
        for row in rows
    }


UPDATE = """
WITH moved AS (
    UPDATE checkpoints c SET next_offset = m.next_offset, last_source = m.last_source,
        last_sequence = m.last_sequence, sources = m.sources, applied = c.applied + m.applied,
        duplicates = c.duplicates + m.duplicates, parked = c.parked + m.parked, moved_at = clock_timestamp()
    FROM unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[], $8::jsonb[],
                $9::bigint[], $10::bigint[], $11::bigint[])
        AS m(topic, partition, old_offset, next_offset, last_source, last_sequence, sources,
             applied, duplicates, parked)
    WHERE c.reader = $1 AND c.topic = m.topic AND c.partition = m.partition AND c.next_offset = m.old_offset
    RETURNING 1
)
SELECT count(*) FROM moved
"""


async def rewind(
    connection: Connection,
    reader: str,
    old: Mapping[TopicPartition, Checkpoint],
    partitions: Iterable[TopicPartition],
) -> dict[TopicPartition, Checkpoint]:
    """Put a reader back to the beginning of partitions whose topic was replaced. What it applied of each source it
    remembers, so nothing is applied again."""
    new = {
        partition: replace(old[partition], next_offset=0, last_source=None, last_sequence=None)
        for partition in partitions
    }
    await move(connection, reader, old, new)
    return new


async def move(
    connection: Connection,
    reader: str,
    old: Mapping[TopicPartition, Checkpoint],
    new: Mapping[TopicPartition, Checkpoint],
) -> None:
    """Move a reader's checkpoints, each only from where it is believed to stand. Raises CheckpointMoved."""
    if not new:
        return

    def before(partition: TopicPartition) -> Checkpoint:
        return old.get(partition, Checkpoint())

    missing = [partition for partition in new if partition not in old]
    if missing:
        # A first move has nothing to compare with: make the row first, and let the primary key catch a rival.
        made = await connection.execute(
            "INSERT INTO checkpoints (reader, topic, partition, next_offset) "
            "SELECT $1, topic, partition, 0 FROM unnest($2::text[], $3::int[]) AS m(topic, partition) "
            "ON CONFLICT DO NOTHING",
            reader,
            [partition.topic for partition in missing],
            [partition.partition for partition in missing],
        )
        if made != f"INSERT 0 {len(missing)}":
            raise CheckpointMoved(f"{reader}: another of its kind began as well")
    moved = await connection.fetchval(
        UPDATE,
        reader,
        [partition.topic for partition in new],
        [partition.partition for partition in new],
        [before(partition).next_offset for partition in new],
        [place.next_offset for place in new.values()],
        [place.last_source for place in new.values()],
        [place.last_sequence for place in new.values()],
        [msgspec.json.encode(place.sources).decode() for place in new.values()],
        # Counters are added to, because whoever replays a parked event counts it too.
        [place.applied - before(partition).applied for partition, place in new.items()],
        [place.duplicates - before(partition).duplicates for partition, place in new.items()],
        [place.parked - before(partition).parked for partition, place in new.items()],
    )
    if moved != len(new):
        raise CheckpointMoved(f"{reader}: {len(new) - moved} of {len(new)} checkpoints were moved by somebody else")
