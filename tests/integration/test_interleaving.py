"""No reader can pass over an event that commits late. *The* test of a store that gives positions.

A takes its place and stays open, B wants to commit, a reader notes how far it came, A commits. Whoever gives places
without making B wait loses A for that reader, silently and for good. The library's PostgreSQL recorder does when its
database functions are enabled, so the test is known to be able to fail.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.persistence import ApplicationRecorder, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresFactory
from eventsourcing.utils import Environment

from chassis.db import Database
from chassis.store import Store
from chassis.store.recorder import Recorder
from chassis.testing import a_context, a_database
from tests.integration.flow import registered

if TYPE_CHECKING:
    from embedded.testing import Databases


def an_event() -> StoredEvent:
    return StoredEvent(uuid4(), 1, "told", b"state")


class Follower:
    """Reads on from where it was, as everything that follows a log does."""

    def __init__(self, recorder: ApplicationRecorder) -> None:
        self.recorder = recorder
        self.place = 0
        self.saw: list[UUID] = []

    def read_on(self) -> None:
        for notification in self.recorder.select_notifications(self.place, 1000, inclusive_of_start=False):
            self.saw.append(UUID(str(notification.originator_id)))
            self.place = notification.id


def what_a_follower_misses(
    recorder: ApplicationRecorder, url: str, insert: Callable[[psycopg.Connection[Any], StoredEvent], None]
) -> set[str]:
    """Play the scene; `insert` records an event on an open connection. Returns which of A and B are never seen."""
    a, b = an_event(), an_event()
    follower = Follower(recorder)
    with psycopg.connect(url) as connection, psycopg.connect(url, autocommit=True) as looking:
        insert(connection, a)
        with ThreadPoolExecutor(1) as elsewhere:
            committing = elsewhere.submit(recorder.insert_events, [b])
            _until_done_or_waiting(committing, looking)
            follower.read_on()
            connection.commit()
            committing.result(10)
    follower.read_on()
    return {name for name, event in (("A", a), ("B", b)) if event.originator_id not in follower.saw}


def _until_done_or_waiting(committing: Future[Any], looking: psycopg.Connection[Any]) -> None:
    waiting = (
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' "
        "AND wait_event_type = 'Lock'"
    )
    deadline = time.monotonic() + 60
    while not committing.done() and looking.execute(waiting).fetchone() is None:
        assert time.monotonic() < deadline, "B neither commits nor waits"


@contextmanager
def the_librarys(url: str, **settings: str) -> Iterator[PostgresApplicationRecorder]:
    parts = urlsplit(url)
    environment = {
        "POSTGRES_DBNAME": parts.path.lstrip("/"),
        "POSTGRES_HOST": str(parts.hostname),
        "POSTGRES_PORT": str(parts.port),
        "POSTGRES_USER": str(parts.username),
        "POSTGRES_PASSWORD": unquote(str(parts.password)),
        **settings,
    }
    with PostgresFactory(Environment(env=environment)) as factory:
        recorder = factory.application_recorder()
        assert isinstance(recorder, PostgresApplicationRecorder)
        yield recorder


def test_the_librarys_recorder_with_database_functions_loses_an_event(database: str) -> None:
    """Which is why the store is ours. When this fails, the library was mended, and the decision can be looked at."""
    with the_librarys(database, POSTGRES_ENABLE_DB_FUNCTIONS="y") as recorder:

        def insert(connection: psycopg.Connection[Any], event: StoredEvent) -> None:
            statement = recorder.sql_invoke_pg_function_insert_events
            given = recorder.construct_pg_stored_event(
                event.originator_id, event.originator_version, event.topic, event.state
            )
            connection.execute(statement, ([given],))

        assert what_a_follower_misses(recorder, database, insert) == {"A"}


def test_our_store_loses_nothing_because_the_later_one_waits(databases: Databases) -> None:
    urls = a_database(databases, "intake")
    recorder = Recorder(Database(*urls), "intake", municipality="tallvik")

    def insert(connection: psycopg.Connection[Any], event: StoredEvent) -> None:
        connection.execute(
            "SELECT flode_append(ARRAY[gen_random_uuid()], ARRAY[NULL::bytea], ARRAY[%s::uuid], ARRAY[0], ARRAY[1], "
            "ARRAY['tallvik'], ARRAY[%s], ARRAY[%s::bytea])",
            (event.originator_id, event.topic, event.state),
        )

    try:
        assert what_a_follower_misses(recorder, urls[0], insert) == set()
        assert recorder.max_notification_id() == 2
    finally:
        recorder.close()


async def test_under_load_a_reader_sees_every_event_once_and_in_order(databases: Databases) -> None:
    """Two processes' worth of writers, some slow, some that change their mind; positions come out dense."""
    urls, chance, acknowledged = a_database(databases, "intake"), Random(7), set[int]()

    async def write(store: Store, db: Database, many: int) -> None:
        for _ in range(many):
            how = chance.random()
            if how < 0.8:
                appended = await store.append([registered(uuid4())] * 2, context=a_context(), expected=0)
                acknowledged.update(appended.positions)
            else:
                acknowledged.update(await slowly(store, db, changes_its_mind=how > 0.95))

    async def slowly(store: Store, db: Database, *, changes_its_mind: bool) -> tuple[int, ...]:
        async with db.worker.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            appended = await store.append([registered(uuid4())], context=a_context(), expected=0, within=connection)
            await asyncio.sleep(chance.random() / 100)
            if changes_its_mind:
                await transaction.rollback()
                return ()
            await transaction.commit()
            return appended.positions

    async def follow(store: Store) -> list[int]:
        saw: list[int] = []
        while not (writing.done() and len(saw) >= len(acknowledged)):
            saw += [event.position for event in await store.read(saw[-1] if saw else 0, limit=50)]
            await asyncio.sleep(0)
        return saw

    async with (
        Database(*urls) as db, Database(*urls) as other_db,
        Store(db, "intake") as store, Store(other_db, "intake") as other,
    ):  # fmt: skip
        writing = asyncio.gather(*(write(each, its, 20) for each, its in ((store, db), (other, other_db)) * 8))
        saw, _ = await asyncio.wait_for(asyncio.gather(follow(store), writing), 60)
    assert saw == list(range(1, len(acknowledged) + 1))
    assert acknowledged == set(saw)


@pytest.mark.parametrize("together", [1, 3])
async def test_one_who_waits_longer_than_another_is_not_overtaken_in_the_log(
    databases: Databases, together: int
) -> None:
    """Positions follow commits: what was acknowledged before another began has the lower position."""
    async with Database(*a_database(databases, "intake")) as db, Store(db, "intake") as store:
        last = 0
        for _ in range(10):
            appended = await asyncio.gather(
                *(store.append([registered(uuid4())], context=a_context(), expected=0) for _ in range(together))
            )
            positions = [one.positions[0] for one in appended]
            assert min(positions) == last + 1
            last = max(positions)
