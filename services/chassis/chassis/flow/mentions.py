"""Events of other subjects that speak of a request: rounds that ranked it, meetings that decided, messages about it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from aiokafka import TopicPartition

from chassis.decode import decode
from chassis.log import LogReader, Record, all_partitions
from chassis.position import Position
from contracts.envelope import Envelope
from contracts.topics import MEETING, MESSAGE, ROUND, Topic

LONGEST_SECONDS = 4.0
"""How long is looked: whoever asks waits for it."""
WHOLE = frozenset({MESSAGE.name})
"""Topics whose subjects belong to one request alone, so that all of a subject's events do when the first does."""


@dataclass(frozen=True, slots=True)
class Mentions:
    """What was found; `whole` is False when time ran out before everything had been read."""

    events: list[tuple[Position, Envelope[Any]]]
    whole: bool


async def mentions_of(bootstrap: str, request: UUID, topics: Sequence[Topic] = (ROUND, MEETING, MESSAGE)) -> Mentions:
    """The events of these topics that hold the request's id in what they say. Raises KafkaError."""
    wanted, until = str(request).encode(), time.monotonic() + LONGEST_SECONDS
    found: list[tuple[Position, Envelope[Any]]] = []
    subjects: set[UUID] = set()
    highest: dict[tuple[TopicPartition, str], int] = {}

    def speaks_of_it(record: Record) -> bool:
        if wanted in record.message:
            subjects.update({record.subject} if record.topic in WHOLE else ())
            return True
        return bool(subjects) and record.topic in WHOLE and record.subject in subjects

    async with LogReader(bootstrap, client_id="mentions", wait_ms=50) as reader:
        ends = await reader.ends_now(all_partitions(tuple(topics)))
        left = {place: end for place, end in ends.items() if end}
        if left:
            reader.start_at(dict.fromkeys(left, 0))
        while left and time.monotonic() < until:
            for place, records in (await reader.batch(timeout_ms=300, most=5000)).items():
                for record in records:
                    known = (place, record.source)
                    if not record.is_next(highest.get(known, 0)):
                        continue
                    highest[known] = record.sequence
                    if speaks_of_it(record):
                        found.append((record.position, decode(record.message, record.sequence)))
                if records and records[-1].offset + 1 >= left.get(place, 0):
                    left.pop(place, None)
    return Mentions(found, whole=not left)
