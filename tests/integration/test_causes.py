"""A topic that several relays fill again holds nothing before its cause, whoever decided: a reaction or a person."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from aiokafka import TopicPartition

from chassis.aggregate import Aggregate, handle
from chassis.db import Database
from chassis.feed import Feed
from chassis.log import LogReader, all_partitions
from chassis.position import Position
from chassis.relay import Relay
from chassis.store import Store
from chassis.testing import Databases, a_context, a_database
from chassis.topics import create_topics, partition_of
from chassis.views import View
from chassis.views.follow import ViewFollower
from contracts.governance import CabDecided
from contracts.topics import REQUEST
from tests.integration.flow import IDEMPOTENT, Counted, append, classified, counted, registered, running, until

CAB: Aggregate[int, CabDecided] = Aggregate("decisions", CabDecided, lambda state, _: (state or 0) + 1)


@pytest.fixture
async def intake(databases: Databases) -> AsyncIterator[Store]:
    async with Database(*a_database(databases, "intake")) as db, Store(db, "intake") as store:
        yield store


@pytest.fixture
async def governance(databases: Databases) -> AsyncIterator[Store]:
    async with Database(*a_database(databases, "governance")) as db, Store(db, "governance") as store:
        yield store


@pytest.fixture
async def topics(kafka: str) -> str:
    await create_topics(kafka)
    return kafka


def decided(request: UUID) -> CabDecided:
    return CabDecided(
        request_id=request, meeting_id=uuid4(), meeting_number=1, decision_id=uuid4(), outcome="noted", text="Bra"
    )


async def decide(store: Store, request: UUID) -> str | None:
    """What a person's decision names as its causes."""
    outcome = await handle(store, CAB, request, lambda _: decided(request), a_context(command_id=uuid4()))
    return (await store.load(request))[outcome.version - 1].cause


async def read_by(view: View[Counted], store: Store, topics: str, request: UUID, events: int) -> None:
    async def seen() -> bool:
        row = await view.get(store.db, request, scope=["tallvik"])
        return row is not None and row.events == events

    follower = ViewFollower(view, store.db)
    await follower.restore()
    async with running(Feed(topics, "views", [follower]).run):
        await until(seen)


async def order_in(topics: str, request: UUID) -> list[tuple[str, int]]:
    place = TopicPartition(REQUEST.name, partition_of(request, REQUEST))
    async with LogReader(topics, client_id="test") as reader:
        reader.start_at(dict.fromkeys(all_partitions((REQUEST,)), 0))
        found: list[tuple[str, int]] = []
        for _ in range(5):
            records = (await reader.batch()).get(place, [])
            found += [(record.source.rpartition("/")[2], record.sequence) for record in records]
        return found


async def test_a_persons_decision_names_what_its_service_had_read(
    intake: Store, governance: Store, topics: str
) -> None:
    request, view = uuid4(), counted()
    assert [await decide(governance, request) for _ in range(2)] == [None, None], "nothing had been read"
    async with running(Relay(intake, topics, (REQUEST,), idempotent=IDEMPOTENT).run):
        await append(intake, registered(request))
        await append(intake, classified(request), expected=1)
        await read_by(view, governance, topics, request, 2)
    cause = await decide(governance, request)
    assert cause == str(Position("intake", 2, REQUEST.name, partition_of(request, REQUEST)))


async def test_a_topic_is_filled_again_with_causes_first_whichever_relay_begins(
    intake: Store, governance: Store, topics: str
) -> None:
    """P5"""
    request = uuid4()
    await append(intake, registered(request))
    await append(intake, classified(request), expected=1)
    place = partition_of(request, REQUEST)
    known = " ".join(str(Position("intake", number, REQUEST.name, place)) for number in (1, 2))
    await append(governance, decided(request), cause=known)
    await append(governance, decided(request), expected=1)
    async with running(Relay(governance, topics, (REQUEST,), idempotent=IDEMPOTENT).run):
        await asyncio.sleep(1)
        assert await order_in(topics, request) == [], "its causes are not there"
        async with running(Relay(intake, topics, (REQUEST,), idempotent=IDEMPOTENT).run):

            async def filled() -> bool:
                return len(await order_in(topics, request)) == 4

            await until(filled)
    assert await order_in(topics, request) == [("intake", 1), ("intake", 2), ("governance", 1), ("governance", 2)]


async def test_a_filling_that_was_broken_off_goes_on_waiting_for_causes(
    intake: Store, governance: Store, topics: str
) -> None:
    """P5: what the relay had noted by then is true, and says nothing of what was still to come."""
    request = uuid4()
    await append(intake, registered(request))
    await append(governance, decided(request))

    async def in_topic(*expected: tuple[str, int]) -> bool:
        return await order_in(topics, request) == list(expected)

    async with running(Relay(governance, topics, (REQUEST,), idempotent=IDEMPOTENT).run):
        await until(lambda: in_topic(("governance", 1)))
    await governance.db.worker.execute("UPDATE relay_places SET reached = 2")  # as after a crash while it filled
    cause = str(Position("intake", 1, REQUEST.name, partition_of(request, REQUEST)))
    await append(governance, decided(request), expected=1, cause=cause)
    async with running(Relay(governance, topics, (REQUEST,), idempotent=IDEMPOTENT).run):
        await asyncio.sleep(1)
        assert await in_topic(("governance", 1)), "its cause is not there"
        async with running(Relay(intake, topics, (REQUEST,), idempotent=IDEMPOTENT).run):
            await until(lambda: in_topic(("governance", 1), ("intake", 1), ("governance", 2)))
