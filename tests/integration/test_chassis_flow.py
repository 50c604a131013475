"""From a commit to a row: the store, the relay, the topic, the view, on real servers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from chassis.aggregate import position_of
from chassis.db import Database
from chassis.feed import Feed
from chassis.kafka import connected
from chassis.relay import Relay
from chassis.store import Appended, Store, Stored
from chassis.testing import Databases, a_database
from chassis.topics import create_topics
from chassis.views import View
from chassis.views.follow import ViewFollower
from contracts.intake import RequestRegistered
from contracts.topics import REQUEST
from tests.integration.flow import (
    IDEMPOTENT,
    Counted,
    append,
    classified,
    counted,
    everything_in,
    registered,
    running,
    until,
)


@pytest.fixture
async def db(databases: Databases) -> AsyncIterator[Database]:
    async with Database(*a_database(databases, "intake")) as database:
        yield database


@pytest.fixture
async def store(db: Database) -> AsyncIterator[Store]:
    async with Store(db, "intake") as opened:
        yield opened


@pytest.fixture
async def topics(kafka: str) -> str:
    await create_topics(kafka)
    return kafka


async def test_what_is_committed_becomes_a_row_that_the_writer_can_wait_for(
    db: Database, store: Store, topics: str
) -> None:
    view, request = counted(), uuid4()
    feed = Feed(topics, "views", [ViewFollower(view, db)])
    relay = Relay(store, topics, (REQUEST,), idempotent=IDEMPOTENT)
    async with running(relay.run, feed.run):
        await append(store, registered(request, "Åmål"))
        done = await append(store, classified(request), expected=1)
        await view_ready(view, db, done)
        row = await view.get(db, request, scope=["tallvik"])
        assert row is not None
        assert (row.title, row.events, row.state, row.last) == ("Åmål", 2, "project", {"reason": "stort"})
        assert await view.get(db, request, scope=["elvehavn"]) is None, "another municipality sees nothing (P11)"
        assert await view.get(db, request, scope=[]) is None


async def view_ready(view: View[Counted], db: Database, done: Appended) -> None:
    async def made() -> bool:
        return bool(await db.worker.fetchval("SELECT 1 FROM view_tables WHERE state = 'live'"))

    await until(made)
    await view.wait_for(db, position_of(done.envelopes[-1], done.positions[-1]), timeout=60)


async def test_the_topic_holds_the_stored_bytes_in_order(store: Store, topics: str) -> None:
    """P5: store ⊆ topic, and the first appearance of a subject's events is in version order."""
    relay = Relay(store, topics, (REQUEST,), idempotent=IDEMPOTENT)
    requests = [uuid4() for _ in range(30)]
    async with running(relay.run):
        for request in requests:
            await append(store, registered(request))
        for request in requests:
            await append(store, classified(request), expected=1)
        await until(lambda: _held(topics, 60))
    stored = {event.position: event.message for event in await store.read()}
    found = await everything_in(topics)
    assert {record.sequence: record.message for record in found} == stored
    per_partition: dict[TopicPartition, list[int]] = {}
    for record in found:
        per_partition.setdefault(TopicPartition(record.topic, record.partition), []).append(record.sequence)
    assert all(sequences == sorted(sequences) for sequences in per_partition.values())


async def _held(kafka: str, at_least: int) -> bool:
    return len(await everything_in(kafka)) >= at_least


async def test_a_relay_that_begins_again_leaves_no_gap_and_repeats_little(store: Store, topics: str) -> None:
    """P5: it is killed between producing and noting, and finds its place from the topic."""
    async with running(Relay(store, topics, (REQUEST,), idempotent=IDEMPOTENT).run):
        for _ in range(20):
            await append(store, registered(uuid4()))
        await until(lambda: _held(topics, 20))
    await store.db.worker.execute("UPDATE relay_places SET done_to = 0")  # as if nothing had been noted since
    async with running(Relay(store, topics, (REQUEST,), idempotent=IDEMPOTENT).run):
        await append(store, registered(uuid4()))
        await until(lambda: _held(topics, 21))
    assert sorted(record.sequence for record in await everything_in(topics)) == list(range(1, 22))


async def test_a_poison_event_parks_its_subject_and_all_others_flow(db: Database, store: Store, topics: str) -> None:
    """P10: what cannot be handled waits with its reason, and what follows of its subject waits behind it."""
    view, sick, well = counted(), uuid4(), uuid4()
    follower = ViewFollower(view, db)
    async with running(Relay(store, topics, (REQUEST,), idempotent=IDEMPOTENT).run, Feed(topics, "v", [follower]).run):
        await append(store, registered(sick), classified(sick, "poison"), classified(sick, "after"))
        await append(store, registered(well))
        done = await append(store, classified(well), expected=1)
        await view_ready(view, db, done)
        await until(lambda: _parked(db, 2))
    rows = {row.request_id: row.events for row in await view.select(db, scope=["tallvik"])}
    assert rows == {sick: 1, well: 2}
    parked = await db.worker.fetch("SELECT reason, type FROM parked ORDER BY sequence")
    assert "cannot swallow" in parked[0]["reason"]
    assert "waits behind" in parked[1]["reason"]
    places = follower.places.values()
    assert sum(place.applied for place in places) == 3
    assert sum(place.parked for place in places) == 2


async def test_an_event_that_nobody_can_read_parks_its_subject_and_all_others_flow(
    db: Database, store: Store, topics: str
) -> None:
    """P10: whatever the place at which its bytes were cut short in the store; it is sent as it is, and waits."""
    view, sick, well = counted(), {uuid4(): end for end in CUT}, uuid4()
    for request in sick:
        await append(store, registered(request), classified(request), traceparent=TRACEPARENT)
    store.read = cutting(store.read, sick)  # type: ignore[method-assign]  # as if the store held no more of them
    follower = ViewFollower(view, db)
    async with running(Relay(store, topics, (REQUEST,), idempotent=IDEMPOTENT).run, Feed(topics, "v", [follower]).run):
        await append(store, registered(well))
        done = await append(store, classified(well), expected=1)
        await view_ready(view, db, done)
        await until(lambda: _parked(db, 2 * len(sick)))
    assert {row.request_id: row.events for row in await view.select(db, scope=["tallvik"])} == {well: 2}
    assert {event.message for event in await store.read()} == {each.message for each in await everything_in(topics)}


async def test_what_somebody_else_writes_to_a_topic_stands_in_nobodys_way(
    db: Database, store: Store, topics: str
) -> None:
    """P10: it is counted as it was consumed; neither a view nor a relay that finds its place stops at it."""
    view, request = counted(), uuid4()
    follower = ViewFollower(view, db)
    async with running(Relay(store, topics, (REQUEST,), idempotent=IDEMPOTENT).run, Feed(topics, "v", [follower]).run):
        await view_ready(view, db, await append(store, registered(request)))
    async with connected(AIOKafkaProducer(bootstrap_servers=topics)) as producer:
        for partition in range(REQUEST.partitions):
            await producer.send_and_wait(REQUEST.name, b"hello?", partition=partition)
    await db.worker.execute("DELETE FROM relay_places")  # so that the relay reads all of the topic
    async with running(Relay(store, topics, (REQUEST,), idempotent=IDEMPOTENT).run, Feed(topics, "v", [follower]).run):
        await view_ready(view, db, await append(store, classified(request), expected=1))
        await until(lambda: _consumed(follower, 2 + REQUEST.partitions))
    assert {row.request_id: row.events for row in await view.select(db, scope=["tallvik"])} == {request: 2}


async def _consumed(follower: ViewFollower, many: int) -> bool:
    return sum(place.applied + place.duplicates + place.parked for place in follower.places.values()) == many


CUT = (b'{"specv', b'"traceparent":"00-4b', b'"municipality":"tal', b'"data":{"request_id"')
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def cutting(read: Callable[..., Awaitable[list[Stored]]], where: Mapping[UUID, bytes]) -> Any:
    """Reads a store in which the first event of some subjects ends after these bytes."""

    def short(event: Stored) -> Stored:
        end = where.get(event.subject)
        if end is None or event.type != RequestRegistered.type:
            return event
        assert end in event.message
        return event._replace(message=event.message.partition(end)[0] + end)

    async def reading(*place: Any, **limit: Any) -> list[Stored]:
        return [short(event) for event in await read(*place, **limit)]

    return reading


async def _parked(db: Database, many: int) -> bool:
    count: int = await db.worker.fetchval("SELECT count(*) FROM parked")
    return count == many


async def test_a_view_that_begins_again_goes_on_where_its_rows_are(db: Database, store: Store, topics: str) -> None:
    """P6: rows and place are one transaction, so nothing is applied twice."""
    view, request = counted(), uuid4()
    async with running(Relay(store, topics, (REQUEST,), idempotent=IDEMPOTENT).run):
        async with running(Feed(topics, "v", [ViewFollower(view, db)]).run):
            await view_ready(view, db, await append(store, registered(request)))
        async with running(Feed(topics, "v", [ViewFollower(view, db)]).run):
            await view_ready(view, db, await append(store, classified(request), expected=1))
    row = await view.get(db, request, scope=["tallvik"])
    assert row is not None
    assert row.events == 2
