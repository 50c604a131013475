"""Reading much of the log fast: librdkafka's big fetches, lean decoding, a fold in memory.

Another path than live reading, with the same meaning: the same fold, the same recognition of repeated events, the same
parking. It runs in a thread and yields to nobody, so nothing here awaits.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID

from aiokafka import TopicPartition
from confluent_kafka import Consumer
from confluent_kafka import TopicPartition as Assigned

from chassis.checkpoints import Checkpoint
from chassis.decode import reader
from chassis.log import AFTER_HEADER, TYPE_HEADER, Record
from chassis.parking import BEHIND, Parked, reason_of
from chassis.views import View
from chassis.views.view import subject_of
from contracts.envelope import SEQUENCE_HEADER, SOURCE_HEADER, Envelope

AT_ONCE = 5000
SILENCE_SECONDS = 15.0


class LogEndsEarly(Exception):
    """The topic does not reach as far as it should: it was emptied and is not filled again yet."""


@dataclass(slots=True)
class Folded:
    """What a view has after a stretch of the log. Its rows are by their key, or by the log's where that is the same."""

    rows: dict[UUID | bytes, Any] = field(default_factory=dict)
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
        with _seldom_looking_for_cycles():
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


@contextmanager
def _seldom_looking_for_cycles() -> Iterator[None]:
    """Decoding makes many objects and no cycles. Looking for some all the time took half of the reading's time."""
    usual = gc.get_threshold()
    gc.set_threshold(200_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


_Read: TypeAlias = "Callable[[bytes, int], Envelope[Any]]"
_Plan: TypeAlias = "tuple[Folded, Callable[[Envelope[Any]], UUID] | None, Callable[[Any, Envelope[Any]], Any]]"


@dataclass(slots=True)
class _Lane:
    """One partition: where it is read to, the highest sequence of each source, what was new, what was not."""

    end: int
    known: dict[bytes, bytes] = field(default_factory=dict)
    fresh: int = 0
    repeated: int = 0
    last: Any = None


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
        self.lanes = {place: _Lane(end) for place, end in left.items()}
        self.plans: dict[bytes, tuple[_Read, list[_Plan]]] = {}
        for view, folded in zip(stretch.views, stretch.folded, strict=True):
            # Where the row's key is the subject, it is the message's key as well, which is at hand and quickly hashed.
            key = None if view.key is subject_of else view.key
            for name in view.types:
                _, plans = self.plans.setdefault(name.encode(), (reader(name), []))
                plans.append((folded, key, view.evolve))

    def take(self, messages: list[Any]) -> None:
        lanes, plans, only = self.lanes, self.plans, self.only
        for message in messages:
            if error := message.error():
                raise LogEndsEarly(str(error))
            place = (message.topic(), message.partition())
            lane = lanes[place]
            offset = message.offset()
            if offset >= lane.end:
                continue
            source, sequence, kind, after = _travelling(message)
            known = lane.known
            # As `Record.is_next` has it; nearly always what comes is the next, and that is seen without counting.
            is_next = after == (before := known.get(source, b"0"))
            if is_next or (int(sequence) > int(before) and (not after or int(after) <= int(before))):
                known[source] = sequence
                lane.fresh += 1
                if kind in plans and (only is None or message.key() == only):
                    self._fold(message, place, source, int(sequence), kind)
            else:
                lane.repeated += 1
            lane.last = message
            if offset + 1 == lane.end:
                del self.left[place]
        self.stretch.read += len(messages)

    def _fold(self, message: Any, place: tuple[str, int], source: bytes, sequence: int, kind: bytes) -> None:
        read, plans = self.plans[kind]
        subject: bytes = message.key()
        failure: str | None = None
        event: Any = None
        try:
            event = read(message.value(), sequence)
            if self.keep is not None and not self.keep(event):
                return
        except Exception as unreadable:  # noqa: BLE001  whatever an event does, it is parked and never lost
            failure = reason_of(unreadable)
        for folded, key_of, evolve in plans:
            if failure is None and not (folded.stuck and UUID(subject.decode()) in folded.stuck):
                try:
                    key = subject if key_of is None else key_of(event)
                    folded.rows[key] = evolve(folded.rows.get(key), event)
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
        for place, lane in self.lanes.items():
            if lane.last is None:
                continue
            source, sequence, _, _ = _travelling(lane.last)
            self.stretch.places[TopicPartition(*place)] = Checkpoint(
                next_offset=lane.last.offset() + 1,
                last_source=source.decode(),
                last_sequence=int(sequence),
                sources={name.decode(): int(highest) for name, highest in lane.known.items()},
                applied=lane.fresh,
                duplicates=lane.repeated,
            )


def _travelling(message: Any) -> tuple[bytes, bytes, bytes, bytes]:
    """Source, sequence, type and predecessor of a message. They are where the relay puts them, or are looked for."""
    headers = message.headers()
    if len(headers) == 5 and headers[1][0] == SOURCE_HEADER and headers[4][0] == AFTER_HEADER:
        return headers[1][1], headers[2][1], headers[3][1], headers[4][1]
    found = dict(headers)
    return found[SOURCE_HEADER], found[SEQUENCE_HEADER], found[TYPE_HEADER], found.get(AFTER_HEADER, b"")
