"""P8: a view is rebuilt at any time beside the live one, and nobody reads half of it."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psutil
import pytest
from aiokafka import AIOKafkaProducer

from chassis.db import Database
from chassis.feed import Feed
from chassis.kafka import connected
from chassis.log import LogReader
from chassis.rebuild import NotEqual, as_of, asof, drop_previous, fill, history_of, processes, rebuild, rollback
from chassis.rebuild.asof import moment_of
from chassis.rebuild.build import AlreadyRebuilding, NothingToGoBackTo, _alone
from chassis.rebuild.bulk import LogEndsEarly
from chassis.rebuild.fold import Folded
from chassis.rebuild.progress import Progress
from chassis.relay import Relay
from chassis.replay import StillParked, mend, parked_events, replay_view
from chassis.store import Store
from chassis.testing import NOON, Databases, a_database
from chassis.topics import create_topics
from chassis.views import tables
from chassis.views.follow import ViewFollower
from contracts.envelope import SEQUENCE_HEADER
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


async def test_what_a_stranger_wrote_to_our_topic_is_in_nobodys_way(place: Place) -> None:
    async with place.following(), connected(AIOKafkaProducer(bootstrap_servers=place.kafka)) as producer:
        await place.happens(10)
        for partition in range(REQUEST.partitions):
            await producer.send_and_wait(REQUEST.name, b"hello", partition=partition)
            await producer.send_and_wait(
                REQUEST.name, key=b"x", partition=partition, headers=[(SEQUENCE_HEADER, b"one")]
            )
        await place.happens(10)
        await until(lambda: _shows(place, 20))
        done = await rebuild(place.db, place.url, place.view, place.kafka)
        assert (done.compared, done.differing, done.rows) == (True, 0, 20)
        await place.happens(1)
        await until(lambda: _shows(place, 21))


async def _shows(place: Place, many: int) -> bool:
    return len(await place.view.select(place.db, scope=["tallvik"])) == many


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


async def test_a_log_with_more_rows_than_memory_holds_is_read_in_slices_of_its_subjects(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same rows and counts come of it, what is parked included."""
    monkeypatch.setattr(fill, "MOST_ROWS", 3)
    halves = Counter[int]()
    halving = fill.Part.halves

    def halved(part: fill.Part) -> tuple[fill.Part, fill.Part]:
        halves[part.slices] += 1
        return halving(part)

    monkeypatch.setattr(fill.Part, "halves", halved)
    async with place.following():
        await place.happens(120)
        poison = uuid4()
        await append(place.store, registered(poison), classified(poison, "poison"), classified(poison, "after"))
        await place.level()
        done = await rebuild(place.db, place.url, place.view, place.kafka)
    assert (done.compared, done.differing, done.rows, done.events, done.parked) == (True, 0, 121, 243, 2)
    assert halves[1] > 11, "first by partition"
    assert halves[2] > 1, "then by subject"
    counts = await place.db.worker.fetch(
        "SELECT v.state, sum(applied) AS applied, sum(duplicates) AS repeated, sum(c.parked) AS parked "
        "FROM checkpoints c JOIN view_tables v ON v.table_name = c.reader GROUP BY v.state"
    )
    assert {row["state"]: tuple(row)[1:] for row in counts} == {"live": (241, 0, 2), "previous": (241, 0, 2)}


async def test_two_processes_make_the_same_view_as_one(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fill, "TOGETHER", 1)
    elsewhere, run = Counter[str](), processes.Helpers.run

    async def counted_run(helpers: processes.Helpers, *given: Any) -> Any:
        elsewhere["parts"] += 1
        return await run(helpers, *given)

    monkeypatch.setattr(processes.Helpers, "run", counted_run)
    async with place.following():
        await place.happens(60)
        await place.level()
        done = await rebuild(place.db, place.url, place.view, place.kafka, processes=2)
        assert (done.compared, done.differing, done.rows, done.events) == (True, 0, 60, 120)
        assert elsewhere["parts"] > 0
        await place.happens(1)
        await place.level()


async def test_what_goes_wrong_in_another_process_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A topic that ends early stops the rebuild, whichever process meets that, and the live view stays."""
    monkeypatch.setattr(fill, "TOGETHER", 1)

    async def broken(*_: Any) -> Any:
        raise BrokenProcessPool("killed")

    monkeypatch.setattr(processes.Helpers, "run", broken)
    async with place.following():
        await place.happens(20)
        await place.level()
        with pytest.raises(BrokenProcessPool):
            await rebuild(place.db, place.url, place.view, place.kafka, processes=2)
        assert len(await place.view.select(place.db, scope=["tallvik"])) == 20
        assert (await rebuild(place.db, place.url, place.view, place.kafka)).rows == 20


async def test_processes_that_help_end_with_the_one_they_help() -> None:
    """However it ends: here it is killed, and can tell them nothing."""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.helped", stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    helper = int(await asyncio.wait_for(parent.stdout.readline(), 60))
    assert psutil.pid_exists(helper)
    parent.kill()
    await parent.wait()
    await until(lambda: _is_gone(helper))


async def _is_gone(process: int) -> bool:
    return not psutil.pid_exists(process) or psutil.Process(process).status() == psutil.STATUS_ZOMBIE


async def test_texts_of_any_kind_come_through_a_rebuild(place: Place) -> None:
    """What rows hold is copied as it is: quotes, backslashes, line ends, what looks like nothing."""
    texts = ["null", "", '"', "\\", "\\n", "a\nb", "\r\t\x08\x0c\x01", "{a,b}", "a,b", "\\.", "å\u00a0€𝄞", "'", "\x7f"]
    rows: dict[UUID | bytes, Counted] = {
        uuid4(): Counted(
            request_id=uuid4(), municipality="tallvik", title=text, events=number, state=text, changed_at=NOON,
            tags=(text, *texts[:number]), last={"reason": text, text: "key"} if number % 2 else None,
        )
        for number, text in enumerate(texts)
    }  # fmt: skip
    folded = Folded(place.view)
    folded.rows.update(rows)
    async with place.db.work() as connection:
        table = await tables.create(connection, place.view, state="live", finished=False)
        await fill.copy(connection, place.view, table, fill.Stretch(folded, {}))
        await tables.finish(connection, place.view, table)
    kept = await place.view.select(place.db, "true ORDER BY events", scope=["tallvik"])
    assert kept == list(rows.values())


async def _row(place: Place, key: UUID) -> Counted:
    row = await place.view.get(place.db, key, scope=["tallvik"])
    assert row is not None
    return row


async def test_a_killed_rebuild_leaves_nothing_in_the_way_of_the_next(place: Place) -> None:
    async with place.following():
        await place.happens(10)
        await place.level()

        def killed(progress: Progress) -> None:
            if progress.phase == "indexing":
                task.cancel()

        task = asyncio.create_task(rebuild(place.db, place.url, place.view, place.kafka, told=killed))
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        assert await _filling(place, 1)
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


async def test_a_history_is_whole_however_slowly_the_broker_answers(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing for a while is not the end: it is read to where the topic ended when the reading began."""
    request = uuid4()
    async with place.following():
        await append(place.store, registered(request), *(classified(request, str(number)) for number in range(9)))
        await place.level()
    batch, asked = LogReader.batch, 0

    async def slowly(reader: LogReader, *, timeout_ms: int = 200, most: int = 1000) -> Any:
        nonlocal asked
        asked += 1
        if asked % 3:
            await asyncio.sleep(0.05)
            return {}
        return await batch(reader, timeout_ms=timeout_ms, most=1)

    monkeypatch.setattr(LogReader, "batch", slowly)
    history = await history_of(place.kafka, REQUEST, request)
    assert [event.version for _, event in history] == list(range(1, 11))
    assert asked > 10
    assert await moment_of(place.kafka, str(history[-1][0])) == NOON


async def test_a_history_that_ends_early_is_not_told_as_if_it_were_whole(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = uuid4()
    async with place.following():
        await append(place.store, registered(request))
        await place.level()

    async def never(*_: Any, **__: Any) -> Any:
        await asyncio.sleep(0.05)
        return {}

    monkeypatch.setattr(LogReader, "batch", never)
    monkeypatch.setattr(asof, "SILENCE_SECONDS", 0.1)
    with pytest.raises(LogEndsEarly):
        await history_of(place.kafka, REQUEST, request)


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
