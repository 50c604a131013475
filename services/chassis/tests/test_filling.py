"""Topics that are filled again: an event waits for what it rests on, and holds up its own partition only (P5)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from aiokafka import TopicPartition

from chassis.filling import Filling
from chassis.log import Record, all_partitions
from chassis.places import Places, note
from chassis.position import Position
from chassis.store import Store, Stored
from chassis.topics import partition_of
from contracts.topics import REQUEST

INTAKE, GOVERNANCE = "/flode/intake", "/flode/governance"


def a_subject(partition: int) -> UUID:
    """Some request whose events lie in this partition."""
    return next(subject for _ in range(1000) if partition_of(subject := uuid4(), REQUEST) == partition)


def event(position: int, partition: int, *causes: Position) -> Stored:
    named = f',"cause":"{" ".join(map(str, causes))}"' if causes else ""
    kind = "governance.directive-submitted.v1"
    return Stored(position, a_subject(partition), kind, f'{{"type":"{kind}"{named},"data":{{}}}}'.encode())


def of_intake(sequence: int, partition: int) -> Position:
    return Position("intake", sequence, REQUEST.name, partition)


class World:
    """A store of governance's, what the topics hold of it, and what it had read of the others."""

    def __init__(self, *events: Stored, knew: dict[int, dict[str, int]] | None = None) -> None:
        self.events = events
        self.source = GOVERNANCE
        self.db = SimpleNamespace(worker=self)
        self.knew = knew or {}
        self.places = Places(filling=True, tail=dict.fromkeys(all_partitions((REQUEST,)), 0))
        self.filling = Filling(cast(Store, self), self.places)

    async def read(self, after: int, *, limit: int) -> list[Stored]:
        return [each for each in self.events if each.position > after][:limit]

    async def fetch(self, _: str) -> list[dict[str, Any]]:
        rows = self.knew.items()
        return [{"topic": REQUEST.name, "partition": one, "sources": str(read).replace("'", '"')} for one, read in rows]

    def taken(self, most: int = 100) -> list[int]:
        """The positions that may go now; they go."""
        ready = self.filling.take(most)
        for each in ready:
            self.places.held[TopicPartition(REQUEST.name, partition_of(each.subject, REQUEST))] = each.position
        return [each.position for each in ready]

    def comes(self, sequence: int, partition: int) -> None:
        """Intake's relay puts an event of its own into the topic."""
        place = TopicPartition(REQUEST.name, partition)
        record = Record(
            topic=REQUEST.name, partition=partition, offset=self.places.tail[place], timestamp=0, source=INTAKE,
            sequence=sequence, key=str(a_subject(partition)).encode(), message=b"{}", after=0,
        )  # fmt: skip
        note(cast(Store, self), self.places, {place: [record]})


async def test_what_waits_for_its_cause_holds_up_its_own_partition_and_no_other() -> None:
    world = World(event(1, 2, of_intake(7, 2)), event(2, 2), event(3, 5))
    assert await world.filling.read()
    assert (world.taken(), world.filling.done_to) == ([3], 0)
    world.comes(7, 2)
    assert (world.taken(), world.filling.done_to) == ([1, 2], 3)
    assert not await world.filling.read()


async def test_another_event_of_the_same_source_is_not_the_cause_that_is_waited_for() -> None:
    world = World(event(1, 2, of_intake(7, 2)))
    await world.filling.read()
    world.comes(6, 2)
    assert world.taken() == []


async def test_a_cause_of_ones_own_in_another_partition_is_waited_for_too() -> None:
    own = Position("governance", 1, REQUEST.name, 2)
    world = World(event(1, 2, of_intake(7, 2)), event(2, 5, own))
    await world.filling.read()
    assert world.taken() == []
    world.comes(7, 2)
    assert world.taken() == [1]
    assert world.taken() == [2]


async def test_in_a_topic_that_this_service_does_not_write_to_nothing_is_waited_for() -> None:
    world = World(event(1, 2, Position("notifications", 7, "flode.message", 0)))
    await world.filling.read()
    assert world.taken() == [1]


async def test_no_more_go_at_a_time_than_are_asked_for_and_their_order_stays() -> None:
    world = World(*(event(position, 2 + position % 2) for position in range(1, 6)))
    await world.filling.read()
    assert [world.taken(2), world.taken(2), world.taken(2)] == [[1, 2], [3, 4], [5]]


@pytest.mark.parametrize("after", [7, 8])
async def test_it_is_not_done_before_all_that_was_known_of_the_others_is_there_again(after: int) -> None:
    """A decision of the next minute may rest on any of it."""
    world = World(knew={2: {INTAKE: 7}})
    await world.filling.begin()
    assert await world.filling.read()
    world.comes(6, 2)
    assert await world.filling.read()
    world.comes(after, 2)
    assert not await world.filling.read()
