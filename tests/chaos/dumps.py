"""What is left of a run, read with clients of its own: the store as superuser, the topics with librdkafka.

Nothing here goes by the code under test but the view's own query, because that is what readers see.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from chassis.db import Database
from chassis.log import AFTER_HEADER
from contracts.envelope import SEQUENCE_HEADER, SOURCE_HEADER, Envelope
from contracts.topics import REQUEST
from tests.chaos import toy
from tests.checker import Fold, Reading, Sent, Stored

PATIENCE = 20.0  # seconds without a record before a topic's end is given up on


async def store(url: str) -> list[Stored]:
    """The log, in the order of positions; every event of a command carries its id."""
    rows = await _fetch(url, "SELECT position, subject, version, command_id, envelope FROM events ORDER BY position")
    found = list[Stored]()
    command = UUID(int=0)
    for position, subject, version, command_id, envelope in rows:
        command = command_id or command
        found.append(Stored(toy.SOURCE, position, subject, version, command, envelope))
    return found


def topic(bootstrap: str) -> list[Sent]:
    """Every record of the request topic."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "flode-checker", "enable.auto.commit": False})
    try:
        partitions = [TopicPartition(REQUEST.name, number) for number in range(REQUEST.partitions)]
        ends = {each.partition: consumer.get_watermark_offsets(each, timeout=20) for each in partitions}
        consumer.assign([TopicPartition(REQUEST.name, number, first) for number, (first, _) in ends.items()])
        total = sum(end - first for first, end in ends.values())
        found = list[Sent]()
        while len(found) < total:
            # No more is asked for than is left, because the library waits for as many as it was asked for.
            messages = consumer.consume(min(1000, total - len(found)), timeout=PATIENCE)
            if not messages:
                raise TimeoutError(f"{total - len(found)} of {total} records do not come")
            found += [_sent(message) for message in messages]
        return found
    finally:
        consumer.close()


def _sent(message: Message) -> Sent:
    if message.error():
        raise KafkaException(message.error())
    headers = dict[str, Any](message.headers() or [])
    key, value, partition, offset = message.key(), message.value(), message.partition(), message.offset()
    assert isinstance(key, bytes)
    assert isinstance(value, bytes)
    assert partition is not None
    assert offset is not None
    return Sent(
        topic=REQUEST.name,
        partition=partition,
        offset=offset,
        subject=UUID(key.decode()),
        source=headers[SOURCE_HEADER].decode(),
        sequence=int(headers[SEQUENCE_HEADER]),
        after=int(headers[AFTER_HEADER]),
        raw=value,
    )


async def reading(url: str, topics: Sequence[Sent], *, same_topics: bool) -> Reading:
    """What the view of the toy did, by its rows, its checkpoints and what it parked.

    What it consumed is told by the offsets where it stands, unless topics were replaced: then by its own counters.
    """
    ((table,),) = await _fetch(url, "SELECT table_name FROM view_tables WHERE state = 'live'")
    checkpoints = await _fetch(url, "SELECT * FROM checkpoints WHERE reader = $1", table)
    highest = {row["partition"]: json.loads(row["sources"]).get(toy.SOURCE, 0) for row in checkpoints}
    rows = await _fetch(url, f'SELECT applied FROM views."{table}"')
    parked = await _fetch(url, "SELECT source, sequence FROM parked WHERE reader = $1 AND state = 'waiting'", table)
    counted = ("next_offset",) if same_topics else ("applied", "duplicates", "parked")
    return Reading(
        name=toy.TOYS.name,
        consumed=sum(row[column] for row in checkpoints for column in counted),
        applied=[(toy.SOURCE, int(sequence)) for (applied,) in rows for sequence in applied],
        duplicates=sum(row["duplicates"] for row in checkpoints),
        parked=[(source, sequence) for source, sequence in parked],
        claimed={each.place for each in topics if each.sequence <= highest.get(each.partition, 0)},
    )


async def fold(url: str, db: Database) -> Fold:
    """The rows as a reader of all municipalities sees them, and the fold that makes such rows: of what the log says, or
    of what somebody put in the place of an event that could not be read."""
    rows = await toy.TOYS.select(db, scope=toy.MUNICIPALITIES)
    found = await _fetch(url, "SELECT source, sequence, mended FROM parked WHERE mended IS NOT NULL")
    mended = {(source, sequence): message for source, sequence, message in found}

    def evolve(row: toy.Toy | None, record: Sent) -> toy.Toy:
        return toy.evolve(row, Envelope.from_bytes(mended.get(record.place, record.raw), record.sequence))

    return Fold(toy.TOYS.name, {row.request_id: row for row in rows}, evolve)


async def settled(url: str) -> int:
    """How many stored events the live view has applied or parked."""
    live = await _fetch(url, "SELECT table_name FROM view_tables WHERE state = 'live'")
    if not live:
        return 0  # its process has not yet made the first
    (row,) = await _fetch(
        url,
        f'SELECT (SELECT coalesce(sum(cardinality(applied)), 0) FROM views."{live[0][0]}") '
        "+ (SELECT count(*) FROM parked WHERE reader = $1 AND state = 'waiting')",
        live[0][0],
    )
    return int(row[0])


async def tear(url: str, request: UUID) -> bytes:
    """Cut the first event of a request short where it is stored; what it was."""
    query = "SELECT envelope FROM events WHERE subject = $1 AND version = 1"
    ((whole,),) = await _fetch(url, query, request)
    torn = whole[: whole.index(b'"data":{') + 20]
    await _fetch(url, "UPDATE events SET envelope = $2 WHERE subject = $1 AND version = 1", request, torn)
    return bytes(whole)


async def _fetch(url: str, query: str, *arguments: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(query, *arguments)
    finally:
        await connection.close()
