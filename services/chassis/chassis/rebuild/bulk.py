"""Reading much of the log fast: librdkafka's big fetches, lean decoding, a fold in memory.

Another path than live reading, with the same meaning: the same fold, the same recognition of repeated events, the same
parking. It runs in a thread and yields to nobody, so nothing here awaits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from aiokafka import TopicPartition
from confluent_kafka import Consumer
from confluent_kafka import TopicPartition as Assigned

from chassis.checkpoints import Checkpoint
from chassis.decode import decode
from chassis.log import AFTER_HEADER, TYPE_HEADER, Record
from chassis.parking import BEHIND, Parked, reason_of
from chassis.views import View
from contracts.envelope import SEQUENCE_HEADER, SOURCE_HEADER, Envelope

AT_ONCE = 5000
SILENCE_SECONDS = 15.0


class LogEndsEarly(Exception):
    """The topic does not reach as far as it should: it was emptied and is not filled again yet."""


@dataclass(slots=True)
class Folded:
    """What a view has after a stretch of the log."""

    rows: dict[UUID, Any] = field(default_factory=dict)
    parked: list[Parked] = field(default_factory=list)
    stuck: set[UUID] = field(default_factory=set)
    aside: dict[TopicPartition, int] = field(default_factory=dict)


@dataclass(slots=True)
class Stretch:
    """A stretch of some partitions, read once and folded for several views."""

    views: Sequence[View[Any]]
    folded: list[Folded] = field(default_factory=list)
    places: dict[TopicPartition, Checkpoint] = field(default_factory=dict)
    read: int = 0


def read_stretch(
    bootstrap: str,
    views: Sequence[View[Any]],
    until: Mapping[TopicPartition, int],
    *,
    told: Callable[[int], None] = lambda _: None,
    keep: Callable[[Envelope[Any]], bool] | None = None,
    only: UUID | None = None,
) -> Stretch:
    """Read partitions from their beginning to `until` and fold for each view.

    `told` hears how many records were read since it was last called. `keep` passes over events it refuses, `only`
    those of other subjects. Raises LogEndsEarly.
    """
    stretch = Stretch(views, [Folded() for _ in views])
    left = {(partition.topic, partition.partition): end for partition, end in until.items() if end > 0}
    if not left:
        return stretch
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "flode-rebuild",  # required by the library; nothing is ever committed to it
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "fetch.queue.backoff.ms": 5,
            "queued.max.messages.kbytes": 8192,
            "queued.min.messages": 20000,
            "check.crcs": False,
        }
    )
    try:
        consumer.assign([Assigned(topic, number, 0) for topic, number in left])
        fold = _Fold(stretch, left, keep, None if only is None else str(only).encode())
        heard = time.monotonic()
        while left:
            messages = consumer.consume(AT_ONCE, timeout=0.2)
            if messages:
                heard = time.monotonic()
                fold.take(messages)
                told(len(messages))
            elif time.monotonic() - heard > SILENCE_SECONDS:
                raise LogEndsEarly(f"nothing more comes of {sorted(left)}; is the topic still being filled?")
        fold.close()
    finally:
        consumer.close()
    return stretch


class _Fold:
    """The inner loop, with its names at hand."""

    def __init__(
        self,
        stretch: Stretch,
        left: dict[tuple[str, int], int],
        keep: Callable[[Envelope[Any]], bool] | None,
        only: bytes | None,
    ) -> None:
        self.stretch, self.left, self.keep, self.only = stretch, left, keep, only
        self.highest: dict[tuple[str, int], dict[bytes, bytes]] = {place: {} for place in left}
        self.last: dict[tuple[str, int], tuple[int, bytes, bytes]] = {}
        self.counts: dict[tuple[str, int], list[int]] = {place: [0, 0] for place in left}
        self.wanted = frozenset().union(*({name.encode() for name in view.types} for view in stretch.views))
        self.plans = [
            (view, folded, frozenset(name.encode() for name in view.types))
            for view, folded in zip(stretch.views, stretch.folded, strict=True)
        ]

    def take(self, messages: list[Any]) -> None:
        highest, counts, left, last = self.highest, self.counts, self.left, self.last
        for message in messages:
            if error := message.error():
                raise LogEndsEarly(str(error))
            place = (message.topic(), message.partition())
            end = left.get(place)
            offset = message.offset()
            if end is None or offset >= end:
                continue
            source, sequence, kind, after = _travelling(message)
            known = highest[place]
            # As `Record.is_next` has it; nearly always what comes is the next, and that is seen without counting.
            is_next = after == (before := known.get(source, b"0"))
            if is_next or (int(sequence) > int(before) and (not after or int(after) <= int(before))):
                known[source] = sequence
                counts[place][0] += 1
                if kind in self.wanted and (self.only is None or message.key() == self.only):
                    self._fold(message, place, source, int(sequence), kind)
            else:
                counts[place][1] += 1
            last[place] = (offset, source, sequence)
            if offset + 1 == end:
                del left[place]
        self.stretch.read += len(messages)

    def _fold(self, message: Any, place: tuple[str, int], source: bytes, sequence: int, kind: bytes) -> None:
        failure: str | None = None
        event: Any = None
        try:
            event = decode(message.value(), sequence)
            if self.keep is not None and not self.keep(event):
                return
        except Exception as unreadable:  # noqa: BLE001  whatever an event does, it is parked and never lost
            failure = reason_of(unreadable)
        for view, folded, wanted in self.plans:
            if kind not in wanted:
                continue
            if failure is None and not (folded.stuck and UUID(message.key().decode()) in folded.stuck):
                try:
                    key = view.key(event)
                    folded.rows[key] = view.evolve(folded.rows.get(key), event)
                except Exception as unfoldable:  # noqa: BLE001  a fold that fails parks the subject
                    self._park(folded, message, place, source, sequence, reason_of(unfoldable))
            else:
                self._park(folded, message, place, source, sequence, failure or BEHIND)

    def _park(
        self, folded: Folded, message: Any, place: tuple[str, int], source: bytes, sequence: int, reason: str
    ) -> None:
        record = Record(
            topic=place[0], partition=place[1], offset=message.offset(), timestamp=message.timestamp()[1],
            source=source.decode(), sequence=sequence, key=message.key(), message=message.value(),
        )  # fmt: skip
        folded.stuck.add(record.subject)
        folded.parked.append(Parked(record, reason))
        partition = TopicPartition(*place)
        folded.aside[partition] = folded.aside.get(partition, 0) + 1

    def close(self) -> None:
        """Say where the reading ended, as a live reader would."""
        for place, (offset, source, sequence) in self.last.items():
            fresh, repeated = self.counts[place]
            self.stretch.places[TopicPartition(*place)] = Checkpoint(
                next_offset=offset + 1,
                last_source=source.decode(),
                last_sequence=int(sequence),
                sources={name.decode(): int(highest) for name, highest in self.highest[place].items()},
                applied=fresh,
                duplicates=repeated,
            )


def _travelling(message: Any) -> tuple[bytes, bytes, bytes, bytes]:
    """Source, sequence, type and predecessor of a message. They are where the relay puts them, or are looked for."""
    headers = message.headers()
    if len(headers) == 5 and headers[1][0] == SOURCE_HEADER and headers[4][0] == AFTER_HEADER:
        return headers[1][1], headers[2][1], headers[3][1], headers[4][1]
    found = dict(headers)
    return found[SOURCE_HEADER], found[SEQUENCE_HEADER], found[TYPE_HEADER], found.get(AFTER_HEADER, b"")
