"""Judges a finished run by what is left of it: were the promises kept, whatever broke on the way?

Pure functions over dumps. None of them talks to a server, so each is tested with bugs planted on purpose
(`test_checker.py`): a checker that never finds anything proves nothing. Each returns the faults it found, one
sentence each, and an empty list when the promise was kept. `broken` asks them all.

P1 durable ack · P2 no phantom · P3 idempotent · P4 history · P5 relay · P6 view effect · P7 view = fold · P8 rebuild
· P10 nothing dropped.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, NamedTuple, TypeVar
from uuid import UUID

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

Place = tuple[str, int]
"""An event for ever: the source that emitted it, and its position in that source's store."""


class Fault(NamedTuple):
    """A promise that was broken, and how."""

    promise: str
    what: str


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as its store holds it. `raw` is the envelope, byte for byte; `command` made it."""

    source: str
    position: int
    subject: UUID
    version: int
    command: UUID
    raw: bytes

    @property
    def place(self) -> Place:
        return self.source, self.position


@dataclass(frozen=True, slots=True)
class Sent:
    """A record as its topic holds it.

    `sequence` and `after` are headers: its position in the store of `source`, and that of the event before it in the
    same partition. Readers pass over a record whose predecessor they have not had; it must come again.
    """

    topic: str
    partition: int
    offset: int
    subject: UUID
    source: str
    sequence: int
    after: int
    raw: bytes

    @property
    def place(self) -> Place:
        return self.source, self.sequence


@dataclass(frozen=True, slots=True)
class Operation:
    """A command as its client saw it. `done` names the subject's version afterwards; `unknown` may have happened."""

    command: UUID
    outcome: Literal["done", "refused", "unknown"]
    subject: UUID
    version: int = 0
    facts: int = 1  # how many facts one execution of it decides


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reader (a view, a reaction) did with its topics.

    `applied` is in the order of application. `claimed` are the events its checkpoint says are behind it.
    """

    name: str
    consumed: int
    applied: Sequence[Place]
    duplicates: int
    parked: Sequence[Place]
    claimed: Collection[Place]


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What somebody who kept reading a view saw, once: how far it was and how many rows it had."""

    position: int
    rows: int


@dataclass(frozen=True, slots=True)
class Fold:
    """A view's rows as readers see them, and the fold that makes such rows from events."""

    view: str
    rows: Mapping[UUID, Hashable]
    evolve: Callable[[Any, Sent], Any]


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that is left of a run."""

    store: Sequence[Stored]
    topics: Sequence[Sent]
    operations: Sequence[Operation] = ()
    readings: Sequence[Reading] = ()
    folds: Sequence[Fold] = ()
    glimpses: Mapping[str, Sequence[Glimpse]] = field(default_factory=dict)


def broken(run: Run) -> list[Fault]:
    """Every fault in a run; empty when all promises were kept."""
    return [
        *durable_acknowledgement(run.store, run.operations),
        *no_phantom(run.store, run.operations),
        *idempotent(run.store, run.operations),
        *history(run.store),
        *relay(run.store, run.topics),
        *(fault for reading in run.readings for fault in view_effect(run.store, reading)),
        *(fault for fold in run.folds for fault in view_is_fold(run.topics, fold)),
        *(fault for view, seen in run.glimpses.items() for fault in rebuild(view, seen)),
        *(fault for reading in run.readings for fault in nothing_dropped(run.topics, reading)),
    ]


def durable_acknowledgement(store: Iterable[Stored], operations: Iterable[Operation]) -> list[Fault]:
    """P1: every acknowledged operation is in the log at the end, where its answer said it would be."""
    there = {(event.command, event.subject, event.version) for event in store}
    return [
        Fault("P1", f"{each.command} was acknowledged as version {each.version} of {each.subject} and is not there")
        for each in operations
        if each.outcome == "done" and (each.command, each.subject, each.version) not in there
    ]


def no_phantom(store: Iterable[Stored], operations: Iterable[Operation]) -> list[Fault]:
    """P2: a command that was refused left no event."""
    made = {event.command for event in store}
    refused = (each.command for each in operations if each.outcome == "refused")
    return [Fault("P2", f"{command} was refused and left an event") for command in refused if command in made]


def idempotent(store: Iterable[Stored], operations: Iterable[Operation]) -> list[Fault]:
    """P3: a command had its whole effect once, however often it was tried; when its end is unknown, perhaps never."""
    effects = Counter(event.command for event in store)
    return [
        Fault("P3", f"{each.command} left {effects[each.command]} events where one execution leaves {each.facts}")
        for each in operations
        if effects[each.command] not in ((each.facts,) if each.outcome == "done" else (0, each.facts))
    ]


def history(store: Iterable[Stored]) -> list[Fault]:
    """P4: positions are 1..n per source, versions are 1..n per subject and source, in the order of positions."""
    faults = list[Fault]()
    for source, events in _grouped(store, lambda event: event.source):
        events.sort(key=lambda event: event.position)
        faults += _not_counting("P4", f"positions of {source}", [event.position for event in events])
        for subject, of_one in _grouped(events, lambda event: event.subject):
            faults += _not_counting("P4", f"versions of {subject} at {source}", [event.version for event in of_one])
    return faults


def relay(store: Iterable[Stored], topics: Sequence[Sent]) -> list[Fault]:
    """P5: every event is in a topic, byte for byte, after those before it; so its subject's come in version order.

    It may be there more often, and also too early, as long as it names its predecessor truly and comes again. A
    subject in two partitions would have no order at all.
    """
    stored = {event.place: event for event in store}
    faults, home = list[Fault](), dict[UUID, int]()
    for record in topics:
        event = stored.get(record.place)
        if event is None or (event.subject, event.raw) != (record.subject, record.raw):
            faults.append(Fault("P5", f"{record.topic} holds as {record.place} what no store holds there"))
        if home.setdefault(record.subject, record.partition) != record.partition:
            faults.append(Fault("P5", f"{record.subject} is in two partitions of {record.topic}"))
    before = dict[Place, int]()
    for (source, _), events in _grouped(stored.values(), lambda each: (each.source, home.get(each.subject))):
        for earlier, later in pairwise([0, *sorted(event.position for event in events)]):
            before[source, later] = earlier
    faults += [
        Fault("P5", f"{record.place} names {record.after} as the one before it, and it is {before[record.place]}")
        for record in topics
        if record.place in before and record.after != before[record.place]
    ]
    arrived = {record.place for record in _in_place(topics)}
    return faults + [Fault("P5", f"{place} never arrived in its place") for place in stored if place not in arrived]


def view_effect(store: Iterable[Stored], reading: Reading) -> list[Fault]:
    """P6: an event changed a view at most once, in its subject's order, and the checkpoint tells the same story."""
    subject = {event.place: event.subject for event in store}
    faults = [
        Fault("P6", f"{reading.name} applied {place} {times} times")
        for place, times in Counter(reading.applied).items()
        if times > 1
    ]
    for (source, of), places in _grouped(reading.applied, lambda place: (place[0], subject.get(place))):
        if any(one[1] > other[1] for one, other in pairwise(places)):
            faults.append(Fault("P6", f"{reading.name} applied {of} from {source} out of order"))
    applied, settled = set(reading.applied), set(reading.applied) | set(reading.parked)
    faults += [
        Fault("P6", f"{reading.name} stands behind {place} without having applied it")
        for place in reading.claimed
        if place not in settled
    ]
    ahead = applied - set(reading.claimed)
    return faults + [Fault("P6", f"{reading.name} applied {place} and does not stand behind it") for place in ahead]


def view_is_fold(topics: Iterable[Sent], fold: Fold) -> list[Fault]:
    """P7: the rows readers see are the rows that a fold of the log in memory makes.

    The log is the topics as a reader takes them: the order of events of several sources is decided there.
    """
    wanted: dict[UUID, Any] = {}
    for record in _in_place(topics):
        try:
            wanted[record.subject] = fold.evolve(wanted.get(record.subject), record)
        except Exception as failure:  # noqa: BLE001  whatever a fold raises, it was not to (P4)
            return [Fault("P4", f"{fold.view} cannot fold {record.place}: {failure!r}")]
    wanted = {key: row for key, row in wanted.items() if row is not None}
    return [
        Fault("P7", f"{fold.view} shows {fold.rows.get(key)!r} for {key} where the log says {wanted.get(key)!r}")
        for key in wanted.keys() | fold.rows.keys()
        if fold.rows.get(key) != wanted.get(key)
    ]


def rebuild(view: str, seen: Sequence[Glimpse]) -> list[Fault]:
    """P8: whoever keeps reading sees positions and rows that never go back, and never an empty view.

    For views that remove no rows, and readers that began when there was one.
    """
    faults = [Fault("P8", f"{view} was empty at position {each.position}") for each in seen if each.rows == 0]
    for one, other in pairwise(seen):
        if other.position < one.position:
            faults.append(Fault("P8", f"{view} went back from position {one.position} to {other.position}"))
        if other.rows < one.rows:
            faults.append(Fault("P8", f"{view} went from {one.rows} rows to {other.rows}"))
    return faults


def nothing_dropped(topics: Iterable[Sent], reading: Reading) -> list[Fault]:
    """P10: what was consumed was applied, a duplicate, or parked, and nothing overtook a parked event of its subject.

    Everything in the topics was consumed: the run is judged when its readers have come to the end.
    """
    accounted = len(reading.applied) + reading.duplicates + len(reading.parked)
    faults = []
    if reading.consumed != accounted:
        faults.append(Fault("P10", f"{reading.name} consumed {reading.consumed} and accounts for {accounted}"))
    subject = {record.place: record.subject for record in topics}
    settled = set(reading.applied) | set(reading.parked)
    faults += [Fault("P10", f"{reading.name} dropped {place}") for place in subject if place not in settled]
    waits = dict[tuple[str, UUID | None], int]()
    for place in reading.parked:
        key = (place[0], subject.get(place))
        waits[key] = min(place[1], waits.get(key, place[1]))
    faults += [
        Fault("P10", f"{reading.name} applied {place} although an earlier event of its subject is parked")
        for place in reading.applied
        if place[1] > waits.get((place[0], subject.get(place)), place[1])
    ]
    return faults


def _not_counting(promise: str, what: str, numbers: Sequence[int]) -> Iterator[Fault]:
    """At most one fault: the first place where `numbers` is not 1, 2, 3 …"""
    for wanted, found in enumerate(numbers, start=1):
        if wanted != found:
            yield Fault(promise, f"{what}: {found} stands where {wanted} should")
            return


def _in_place(topics: Iterable[Sent]) -> list[Sent]:
    """The records a reader takes, in its order: each event once, the first time its predecessor has been there."""
    known, taken = dict[tuple[str, int, str], int](), list[Sent]()
    for record in sorted(topics, key=lambda each: (each.topic, each.partition, each.offset)):
        place = (record.topic, record.partition, record.source)
        if record.after == known.get(place, 0) < record.sequence:
            known[place] = record.sequence
            taken.append(record)
    return taken


def _grouped(things: Iterable[T], key: Callable[[T], K]) -> list[tuple[K, list[T]]]:
    groups = defaultdict[K, list[T]](list)
    for thing in things:
        groups[key(thing)].append(thing)
    return list(groups.items())
