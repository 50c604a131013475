"""P8: a view is rebuilt at any time beside the live one, and nobody reads half of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from chassis.db import Database
from chassis.feed import Feed
from chassis.rebuild import NotEqual, as_of, drop_previous, history_of, rebuild, rollback
from chassis.rebuild.build import AlreadyRebuilding, NothingToGoBackTo, _alone
from chassis.relay import Relay
from chassis.replay import StillParked, mend, parked_events, replay_view
from chassis.store import Store
from chassis.testing import NOON, Databases, a_database
from chassis.topics import create_topics
from chassis.views import tables
from chassis.views.follow import ViewFollower
from contracts.topics import REQUEST
from tests.integration.flow import IDEMPOTENT, Counted, append, classified, counted, registered, running, until


class Place:
    """A service with some history, its relay and its view at work."""

    def __init__(self, db: Database, url: str, store: Store, kafka: str) -> None:
        self.db, self.url, self.store, self.kafka = db, url, store, kafka
        self.view = counted()
        self.requests: list[UUID] = []

    async def happens(self, many: int) -> None:
        fresh = [uuid4() for _ in range(many)]
        await asyncio.gather(*(append(self.store, registered(one), classified(one)) for one in fresh))
        self.requests += fresh

    async def level(self) -> None:
        """The live view has applied everything."""

        async def has() -> bool:
            applied = await self.db.worker.fetchval(
                "SELECT coalesce(sum(applied + parked), 0) FROM checkpoints c JOIN view_tables v "
                "ON v.table_name = c.reader AND v.state = 'live'"
            )
            return bool(applied == await self.store.head())

        await until(has)

    def following(self) -> AbstractAsyncContextManager[object]:
        return running(
            Relay(self.store, self.kafka, (REQUEST,), idempotent=IDEMPOTENT).run,
            Feed(self.kafka, "v", [ViewFollower(self.view, self.db)]).run,
        )


@pytest.fixture
async def place(databases: Databases, kafka: str) -> AsyncIterator[Place]:
    urls = a_database(databases, "intake")
    await create_topics(kafka)
    async with Database(*urls) as db, Store(db, "intake") as store:
        yield Place(db, urls[0], store, kafka)


async def test_a_rebuilt_view_equals_the_live_one_and_takes_its_place(place: Place) -> None:
    async with place.following():
        await place.happens(40)
        await place.level()
        before = await place.view.select(place.db, scope=["tallvik"])
        done = await rebuild(place.db, place.url, place.view, place.kafka)
        assert done.compared
        assert (done.differing, done.rows, done.events) == (0, 40, 80)
        await place.happens(5)
        await place.level()
        after = await place.view.select(place.db, scope=["tallvik"])
    assert {row.request_id for row in after} == set(place.requests)
    assert len(before) == 40
    assert all(row in after for row in before)


async def test_readers_never_see_an_empty_or_half_view_while_it_is_rebuilt_under_load(place: Place) -> None:
    """P8: a continuous reader sees the number of rows only grow, through two rebuilds and a rollback."""
    seen: list[int] = []
    stop = asyncio.Event()

    async def read() -> None:
        while not stop.is_set():
            rows = await place.view.query(place.db, "SELECT count(*) AS n FROM {table}", scope=["tallvik"])
            seen.append(rows[0]["n"])

    async def load() -> None:
        while not stop.is_set():
            await place.happens(3)

    async with place.following():
        await place.happens(50)
        await place.level()
        reader, writer = asyncio.create_task(read()), asyncio.create_task(load())
        for _ in range(2):
            await rebuild(place.db, place.url, place.view, place.kafka)
        await rollback(place.db, place.url, place.view, place.kafka)
        stop.set()
        await asyncio.gather(reader, writer)
        await place.level()
        rows = await place.view.select(place.db, scope=["tallvik"])
    assert len(seen) > 10
    assert seen[0] >= 50
    assert seen == sorted(seen)
    assert {row.request_id: row.events for row in rows} == dict.fromkeys(place.requests, 2)


async def test_a_live_view_that_was_tampered_with_is_found_and_kept(place: Place) -> None:
    """P7: rows equal the fold of the log, and a difference is told, not switched over."""
    async with place.following():
        await place.happens(10)
        await place.level()
        async with place.db.work() as connection:
            live = await tables.live(connection, "counted")
            await connection.execute(f"UPDATE {live.quoted} SET events = 99 WHERE request_id = $1", place.requests[0])
        with pytest.raises(NotEqual) as told:
            await rebuild(place.db, place.url, place.view, place.kafka)
        assert told.value.differing == 1
        assert str(place.requests[0]) in told.value.examples
        assert (await _row(place, place.requests[0])).events == 99, "the live view was kept"
        done = await rebuild(place.db, place.url, place.view, place.kafka, accept=True)
        assert done.differing == 1
        assert (await _row(place, place.requests[0])).events == 2


async def _row(place: Place, key: UUID) -> Counted:
    row = await place.view.get(place.db, key, scope=["tallvik"])
    assert row is not None
    return row


async def test_a_killed_rebuild_leaves_nothing_in_the_way_of_the_next(place: Place) -> None:
    async with place.following():
        await place.happens(10)
        await place.level()
        task = asyncio.create_task(rebuild(place.db, place.url, place.view, place.kafka))
        await until(lambda: _filling(place, 1))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert (await rebuild(place.db, place.url, place.view, place.kafka)).rows == 10
        assert await _filling(place, 0)


async def _filling(place: Place, many: int) -> bool:
    count = await place.db.worker.fetchval("SELECT count(*) FROM view_tables WHERE state = 'filling'")
    return bool(count == many)


async def test_two_rebuilds_of_a_view_do_not_meet(place: Place) -> None:
    async with place.following():
        await place.happens(1)
        await place.level()
        async with _alone(place.url, "counted"):
            with pytest.raises(AlreadyRebuilding):
                await rebuild(place.db, place.url, place.view, place.kafka)


async def test_a_raised_version_gets_a_new_table_and_the_old_release_can_be_gone_back_to(place: Place) -> None:
    async with place.following():
        await place.happens(10)
        await place.level()
    newer = counted(version=2)
    done = await rebuild(place.db, place.url, newer, place.kafka)
    assert not done.compared
    assert len(await newer.select(place.db, scope=["tallvik"])) == 10
    with pytest.raises(NothingToGoBackTo, match="version 1"):
        await rollback(place.db, place.url, newer, place.kafka)
    await rollback(place.db, place.url, place.view, place.kafka)
    assert await drop_previous(place.db, place.url, "counted") == 1


async def test_a_view_can_be_asked_as_of_any_moment_and_a_subject_tells_its_history(place: Place) -> None:
    request, other = uuid4(), uuid4()
    later = NOON + timedelta(days=30)
    async with place.following():
        await append(place.store, registered(request))
        await append(place.store, registered(other), now=later)
        await append(place.store, classified(request), expected=1, now=later)
        await place.level()
    then = await as_of(place.db, place.view, place.kafka, NOON, scope=["tallvik"])
    assert [(row.request_id, row.state) for row in then] == [(request, "new")]
    now = await as_of(place.db, place.view, place.kafka, later, scope=["tallvik"], key=request)
    assert [(row.request_id, row.state) for row in now] == [(request, "project")]
    assert await as_of(place.db, place.view, place.kafka, later, scope=["elvehavn"]) == []
    history = await history_of(place.kafka, REQUEST, request)
    assert [event.type for _, event in history] == ["intake.request-registered.v1", "intake.classified-as-project.v1"]


async def test_parked_events_are_replayed_in_order_once_they_can_be_handled(place: Place) -> None:
    """P10: un-parking replays in order, and a mended event changes this view alone."""
    request = uuid4()
    async with place.following():
        await append(place.store, registered(request), classified(request, "poison"), classified(request, "after"))
        await place.level()
        with pytest.raises(StillParked):
            await replay_view(place.db, place.view, request, by="test")
        poison, behind = await parked_events(place.db)
        await mend(place.db, poison.id, poison.envelope.replace(b'"poison"', b'"mended"'), by="test")
        assert await replay_view(place.db, place.view, request, by="test") == 2
    row = await _row(place, request)
    assert (row.events, row.last) == (3, {"reason": "after"})
    assert not await parked_events(place.db)
    assert behind.reason.startswith("waits behind")
