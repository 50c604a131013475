"""Reading much of the log fast: librdkafka's big fetches, and for each event no more than must be done.

Another path than live reading, with the same meaning: the same fold, the same recognition of repeated events, the same
parking. It runs in a thread and yields to nobody, so nothing here awaits.
"""

from __future__ import annotations

import gc
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from aiokafka import TopicPartition
from confluent_kafka import Consumer
from confluent_kafka import TopicPartition as Assigned

from chassis.checkpoints import Checkpoint
from chassis.decode import peek_type
from chassis.log import AFTER_HEADER, NOBODY, TYPE_HEADER
from chassis.rebuild.fold import Folded
from contracts.envelope import SEQUENCE_HEADER, SOURCE_HEADER

FETCHING: dict[str, Any] = {
    "enable.auto.commit": False,
    "auto.offset.reset": "error",
    "fetch.queue.backoff.ms": 5,
    "fetch.wait.max.ms": 20,
    "queued.max.messages.kbytes": 8192,
    "queued.min.messages": 20000,
    "check.crcs": False,
}
"""A small queue that is quickly filled again, and no long wait where one partition ends and the next begins."""
AT_ONCE = 500
"""Messages taken at once. Ten times as many take half as long again, each: they do not fit the processor's caches."""
TELL_EVERY = 20_000
SILENCE_SECONDS = 15.0


class LogEndsEarly(Exception):
    """The topic does not reach as far as it should: it was emptied and is not filled again yet."""


class TooManyRows(Exception):
    """More rows than memory is to hold; read the stretch again for a part of its subjects."""


class BulkReader:
    """Reads stretches of the log one after the other. Close it after use; `with` does."""

    def __init__(self, bootstrap: str) -> None:
        # A group is required by the library; nothing is ever committed to it.
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "flode-rebuild", **FETCHING})
        self._reading = threading.Lock()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close it; a thread that still reads, because nobody waits for it any more, is stopped first."""
        self._closed = True
        with self._reading:
            self._consumer.close()

    def read(
        self,
        views: Sequence[Folded],
        until: Mapping[TopicPartition, int],
        *,
        told: Callable[[int], None] = lambda _: None,
        wanted: Callable[[bytes], bool] | None = None,
        most_rows: int | None = None,
    ) -> dict[TopicPartition, Checkpoint]:
        """Read partitions from their beginning to `until` and fold for each view. Returns where the reading ended.

        `told` hears how many records were read since it was last called. Only subjects that are `wanted` are folded
        (it is given the key of the message). Raises LogEndsEarly, and TooManyRows when a view would have more than
        `most_rows`.
        """
        left = {(partition.topic, partition.partition): end for partition, end in until.items() if end > 0}
        if not left:
            return {}
        reading = Reading(views, left, wanted)
        heard, untold, remaining = time.monotonic(), 0, sum(left.values())
        with self._reading, _seldom_looking_for_cycles():
            self._consumer.assign([Assigned(topic, number, 0) for topic, number in left])
            while left and not self._closed:
                # No more than what is left, because it waits for all it is asked for.
                messages = self._consumer.consume(min(AT_ONCE, max(remaining, 1)), timeout=0.2)
                if messages:
                    reading.take(messages)
                    heard, untold, remaining = time.monotonic(), untold + len(messages), remaining - len(messages)
                    if untold >= TELL_EVERY:
                        told(untold)
                        untold = 0
                    if most_rows is not None and any(len(view.rows) > most_rows for view in views):
                        raise TooManyRows
                elif time.monotonic() - heard > SILENCE_SECONDS:
                    raise LogEndsEarly(f"nothing more comes of {sorted(left)}; is the topic still being filled?")
        told(untold)
        return reading.places()


@contextmanager
def _seldom_looking_for_cycles() -> Iterator[None]:
    """Decoding makes many objects and no cycles. Looking for some all the time took half of the reading's time."""
    usual = gc.get_threshold()
    gc.set_threshold(200_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


@dataclass(slots=True)
class _Lane:
    """One partition: its last offset to read, the highest sequence of each source, what was repeated."""

    ends_at: int
    known: dict[bytes, bytes] = field(default_factory=dict)
    repeated: int = 0
    last: Any = None


class Reading:
    """The inner loop, with its names at hand. What it does for every event is all that a rebuild costs."""

    def __init__(
        self, views: Sequence[Folded], left: dict[tuple[str, int], int], wanted: Callable[[bytes], bool] | None
    ) -> None:
        self.views, self.left, self.wanted = views, left, wanted
        self.lanes: defaultdict[str, dict[int, _Lane]] = defaultdict(dict)
        for (topic, number), end in left.items():
            self.lanes[topic][number] = _Lane(end - 1)

    def take(self, messages: list[Any]) -> None:
        """Fold some messages, in the order in which they came."""
        lanes, wanted, views = self.lanes, self.wanted, self.views
        for message in messages:
            try:  # where the relay puts them
                _, (_, source), (_, sequence), (_, kind), (named, after) = message.headers()
                if named != AFTER_HEADER:
                    raise ValueError
            except (TypeError, ValueError):
                source, sequence, kind, after = _travelling(message)
            lane = lanes[message.topic()][message.partition()]
            offset = message.offset()
            if offset >= lane.ends_at:
                if offset > lane.ends_at:
                    continue
                del self.left[message.topic(), message.partition()]
            lane.last = message
            # As `Record.is_next` has it; nearly always what comes is the next, and that is seen without counting.
            before = lane.known.get(source, b"0")
            if after != before and not (int(sequence) > int(before) and (not after or int(after) <= int(before))):
                lane.repeated += 1
                continue
            lane.known[source] = sequence
            for view in views:
                read = view.readers.get(kind)
                if read is None:
                    continue
                subject = message.key()
                if wanted is not None and not wanted(subject):
                    continue
                if not view.stuck or subject not in view.stuck:
                    try:
                        event = read(message.value())
                        key = subject if view.key_of is None else view.key_of(event)
                        view.rows[key] = view.evolve(view.rows.get(key), event)
                        continue
                    except Exception:  # noqa: BLE001, S110  it is folded carefully
                        pass
                view.carefully(message, source, int(sequence), kind)

    def places(self) -> dict[TopicPartition, Checkpoint]:
        """Where the reading ended, as a live reader would say it."""
        places: dict[TopicPartition, Checkpoint] = {}
        for topic, lanes in self.lanes.items():
            for number, lane in lanes.items():
                source, sequence, _, _ = _travelling(lane.last)
                places[TopicPartition(topic, number)] = Checkpoint(
                    next_offset=lane.ends_at + 1,
                    last_source=source.decode(),
                    last_sequence=int(sequence),
                    sources={name.decode(): int(highest) for name, highest in lane.known.items()},
                    applied=lane.ends_at + 1 - lane.repeated,
                    duplicates=lane.repeated,
                )
        return places


def _travelling(message: Any) -> tuple[bytes, bytes, bytes, bytes]:
    """Source, sequence, type and predecessor of a message, wherever its headers have them; of what somebody else wrote
    to our topic, those that `record_of` gives it. Raises LogEndsEarly."""
    if error := message.error():
        raise LogEndsEarly(str(error))
    found = dict(message.headers() or ())
    try:
        source, sequence = found[SOURCE_HEADER], found[SEQUENCE_HEADER]
        int(sequence)
    except (KeyError, ValueError):
        place = f"{NOBODY}/{message.topic()}/{message.partition()}"
        return place.encode(), str(message.offset() + 1).encode(), NOBODY.encode(), b""
    return source, sequence, found.get(TYPE_HEADER) or peek_type(message.value()).encode(), found.get(AFTER_HEADER, b"")
