"""What the store promises whoever appends: once, in order, at the expected version, for good."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from chassis.db import Connection, Database
from chassis.prepare import prepare
from chassis.store import Appended, ForeignSubject, KeyReused, Store, VersionConflict
from chassis.store.command import Command, append_together
from chassis.store.writer import MOST_TOGETHER
from chassis.testing import a_context, a_database, urls_of
from embedded.postgres import Postgres
from embedded.testing import temporary_folder
from tests.integration.flow import append, classified, registered, until

if TYPE_CHECKING:
    from embedded.testing import Databases


@pytest.fixture
async def db(databases: Databases) -> AsyncIterator[Database]:
    async with Database(*a_database(databases, "intake")) as database:
        yield database


@pytest.fixture
async def store(db: Database) -> AsyncIterator[Store]:
    async with Store(db, "intake") as opened:
        yield opened


async def positions(store: Store) -> list[int]:
    return [event.position async for event in store.read_all()]


async def test_a_history_is_appended_at_the_version_it_was_decided_on(store: Store) -> None:
    """P4: versions are 1..n without gap or duplicate, and the stale one is told where the subject is now."""
    request = uuid4()
    first = await append(store, registered(request), classified(request))
    assert (first.version, first.positions) == (2, (1, 2))
    for stale in (0, 1, 3):
        with pytest.raises(VersionConflict) as refused:
            await append(store, classified(request), expected=stale)
        assert (refused.value.expected, refused.value.present) == (stale, 2)
    assert (await append(store, classified(request), expected=2)).positions == (3,)
    history = await store.load(request)
    assert [(event.version, event.sequence) for event in history] == [(1, 1), (2, 2), (3, 3)]


async def test_of_many_who_decided_on_the_same_version_one_is_first(store: Store) -> None:
    request = uuid4()
    await append(store, registered(request))
    answers = await asyncio.gather(
        *(append(store, classified(request), expected=1) for _ in range(20)), return_exceptions=True
    )
    assert Counter(type(answer) for answer in answers) == {Appended: 1, VersionConflict: 19}
    assert await positions(store) == [1, 2]


def a_command(subject: UUID, expected: int, *facts: Any, **more: Any) -> Command:
    given: dict[str, Any] = {"id": uuid4(), "municipality": "tallvik"} | more
    return Command(
        subject=subject, expected=expected, types=["told"] * len(facts), messages=[fact.encode() for fact in facts],
        **given,
    )  # fmt: skip


async def test_each_command_of_a_batch_is_judged_by_itself(db: Database, store: Store) -> None:
    """Whatever becomes of its neighbours, what is appended is whole, in its place and dense."""
    there, new, newer = uuid4(), uuid4(), uuid4()
    given_before = a_command(there, 0, "one", "two", fingerprint=b"a body")
    batch = [
        a_command(uuid4(), 0, "three"),
        a_command(there, 2, "of another tenant", municipality="elvehavn"),
        a_command(new, 0, "four", "five"),
        a_command(uuid4(), 4, "of a version that never was"),
        a_command(there, 0, "one", "two", id=given_before.id, fingerprint=b"a body"),
        a_command(newer, 0, "six"),
        a_command(there, 2, "another body", id=given_before.id, fingerprint=b"another"),
        a_command(there, 1, "stale"),
    ]
    async with db.worker.acquire() as connection:
        await append_together(connection, [given_before])
        outcomes = await append_together(connection, batch)
    assert [tuple(outcome) for outcome in outcomes] == [
        ("appended", 3, 1), ("foreign", None, 2), ("appended", 4, 2), ("conflict", None, 0), ("duplicate", 1, 2),
        ("appended", 6, 1), ("reused", 1, 2), ("conflict", None, 2),
    ]  # fmt: skip
    assert [event.message for event in await store.read()] == [b"one", b"two", b"three", b"four", b"five", b"six"]
    assert [event.subject for event in await store.read(3)] == [new, new, newer]
    assert await store.head() == 6


async def test_a_command_given_again_has_one_effect_and_the_same_answer(store: Store) -> None:
    """P3, also when it is asked for later, when the subject has moved on."""
    request, context = uuid4(), a_context()
    first = await store.append([registered(request), classified(request)], context=context, expected=0)
    await append(store, classified(request), expected=2)
    again = await store.append([registered(request), classified(request)], context=context, expected=0)
    assert again.duplicate
    assert not first.duplicate
    assert (again.version, again.positions, again.subject) == (first.version, first.positions, request)
    assert [event.data for event in again.envelopes] == [event.data for event in first.envelopes]
    assert [event.id for event in again.envelopes] == [event.id for event in first.envelopes]
    assert len(await store.load(request)) == 3


async def test_fifty_of_the_same_command_at_once_have_one_effect(databases: Databases) -> None:
    """P3, whichever process they come to."""
    urls, request, context = a_database(databases, "intake"), uuid4(), a_context()
    async with (
        Database(*urls) as db, Database(*urls) as other_db,
        Store(db, "intake") as store, Store(other_db, "intake") as other,
    ):  # fmt: skip
        answers = await asyncio.gather(
            *(each.append([registered(request)], context=context, expected=0) for each in (store, other) * 25)
        )
        assert Counter(answer.duplicate for answer in answers) == {False: 1, True: 49}
        assert {(answer.version, answer.positions) for answer in answers} == {(1, (1,))}
        assert await positions(store) == [1]


async def test_a_key_used_for_something_else_is_refused(store: Store) -> None:
    request, key = uuid4(), uuid4()
    await append(store, registered(request))
    first = a_context(command_id=key, fingerprint=b"classify it")
    await store.append([classified(request)], context=first, expected=1)
    with pytest.raises(KeyReused):
        await store.append(
            [classified(request, "annat")], context=a_context(command_id=key, fingerprint=b"other"), expected=2
        )
    with pytest.raises(KeyReused):
        await store.append([registered(uuid4())], context=first, expected=0)
    assert len(await store.find_command(key, b"classify it")) == 1
    with pytest.raises(KeyReused):
        await store.find_command(key, b"other")
    assert await store.find_command(uuid4()) == ()
    assert await positions(store) == [1, 2]


async def test_a_municipality_does_not_append_to_anothers_subject(store: Store) -> None:
    """P11: not even when it knows the subject's id and version."""
    request = uuid4()
    await append(store, registered(request))
    with pytest.raises(ForeignSubject):
        await append(store, classified(request), expected=1, municipality="elvehavn")
    with pytest.raises(ForeignSubject):
        await append(store, registered(request), expected=0, municipality="elvehavn")
    assert len(await store.load(request)) == 1


async def test_positions_stay_dense_after_conflicts_failures_and_rollbacks(db: Database, store: Store) -> None:
    """P13: no gap ever has to be waited for, and no clock is asked which came first."""
    taken = uuid4()
    await append(store, registered(taken))
    for _ in range(10):
        async with db.worker.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await store.append([registered(uuid4())], context=a_context(), expected=0, within=connection)
            await transaction.rollback()
        with pytest.raises(asyncpg.NotNullViolationError):
            await store.writer.put(a_command(uuid4(), 0, "x", municipality=None))
        await asyncio.gather(
            *(append(store, registered(taken)) for _ in range(5)),
            *(append(store, registered(uuid4())) for _ in range(5)),
            return_exceptions=True,
        )
    assert await positions(store) == list(range(1, 52))
    assert await store.head() == 51


async def test_more_commands_than_fit_in_one_commit_are_committed_by_the_next(store: Store) -> None:
    many = MOST_TOGETHER + 50
    hot, told = uuid4(), [registered(uuid4()) for _ in range(many)]
    answers = await asyncio.gather(
        *(store.append([fact], context=a_context(), expected=0) for fact in told),
        *(append(store, classified(hot), expected=number) for number in range(30)),
    )
    assert sorted(answer.positions[0] for answer in answers) == list(range(1, many + 31))
    assert [event.version for event in await store.load(hot)] == list(range(1, 31)), "its commands kept their order"


async def test_a_command_whose_caller_left_before_it_was_written_is_not_written(store: Store) -> None:
    leaving = asyncio.create_task(append(store, registered(uuid4())))
    await asyncio.sleep(0)
    leaving.cancel()
    staying = await append(store, registered(uuid4()))
    assert staying.positions == (1,)
    assert await positions(store) == [1]


async def test_what_fails_is_told_to_its_callers_and_the_next_is_written(db: Database, store: Store) -> None:
    """A database that went away costs those who wrote at the time, and nobody after them."""
    await append(store, registered(uuid4()))
    async with db.work() as connection:
        # Holds the lock, so that the writer is in the middle of a commit when its connection is cut.
        await store.append([registered(uuid4())], context=a_context(), expected=0, within=connection)
        unlucky = [asyncio.create_task(append(store, registered(uuid4()))) for _ in range(3)]
        await until(lambda: _cut_who_waits(connection))
    answers = await asyncio.gather(*unlucky, return_exceptions=True)
    assert all(isinstance(answer, asyncpg.PostgresError | asyncpg.InterfaceError | OSError) for answer in answers)
    assert (await append(store, registered(uuid4()))).positions == (3,)


async def test_a_connection_lost_between_two_commits_is_made_anew(db: Database, store: Store) -> None:
    await append(store, registered(uuid4()))
    whom = "datname = current_database() AND application_name = 'flode-worker'"
    async with db.work() as connection:
        cut = await connection.fetch(CUT.format(whom=whom))
    assert cut
    await asyncio.sleep(0.1)  # until the news has come
    assert (await append(store, registered(uuid4()))).positions == (2,)


CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND {whom}"


async def _cut_who_waits(connection: Connection) -> bool:
    return bool(await connection.fetch(CUT.format(whom="wait_event_type = 'Lock' AND datname = current_database()")))


@pytest.mark.parametrize("facts", [[], [registered(uuid4()), registered(uuid4())]], ids=["none", "two subjects"])
async def test_a_command_is_about_one_subject_and_says_something(store: Store, facts: list[Any]) -> None:
    with pytest.raises(ValueError, match="command"):
        await store.append(facts, context=a_context(), expected=0)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET envelope = 'x'", "DELETE FROM events", "TRUNCATE events", "DROP TABLE events",
        "ALTER TABLE events DISABLE ROW LEVEL SECURITY", "DELETE FROM log_head", "DROP FUNCTION flode_append",
    ],
)  # fmt: skip
async def test_nothing_in_the_log_is_changed_or_taken_away(db: Database, store: Store, statement: str) -> None:
    """Not even by the worker, who writes it."""
    await append(store, registered(uuid4()))
    for pool in (db.worker, db.api):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement)


APPENDING = """
import asyncio, sys
from uuid import uuid4
from chassis.db import Connection, Database
from chassis.store import Store
from tests.integration.flow import append, registered

async def main():
    async with Database(*sys.argv[1:]) as db, Store(db, "intake") as store:
        async def client():
            while True:
                request = uuid4()
                await append(store, registered(request))
                print(request, flush=True)
        await asyncio.gather(*(client() for _ in range(8)))

asyncio.run(main())
"""


async def test_what_was_acknowledged_is_there_after_everything_was_killed() -> None:
    """P1: the one who appends and the database itself, in the middle of it. Fails with synchronous_commit off."""
    folder = temporary_folder("postgres")
    server = Postgres(folder / "data")
    try:
        await asyncio.to_thread(server.start)
        urls = urls_of(server.dsn("flode_intake"), "intake")
        await prepare(server.dsn(), "intake", *urls)
        acknowledged = await asyncio.to_thread(_append_until_killed, server, urls)
        await asyncio.to_thread(server.start)
        async with Database(*urls) as db, Store(db, "intake") as store:
            log = [event async for event in store.read_all()]
            assert {str(event.subject) for event in log} >= acknowledged
            assert [event.position for event in log] == list(range(1, await store.head() + 1))
            assert (await append(store, registered(uuid4()))).positions == (len(log) + 1,)
    finally:
        server.stop()
        shutil.rmtree(folder)


def _append_until_killed(server: Postgres, urls: tuple[str, str]) -> set[str]:
    """What a process was told to be in the log before it and PostgreSQL were killed."""
    appending = subprocess.Popen([sys.executable, "-c", APPENDING, *urls], stdout=subprocess.PIPE, text=True)
    assert appending.stdout
    assert server.process
    told = [appending.stdout.readline() for _ in range(200)]
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    appending.kill()
    told += appending.stdout.readlines()
    appending.wait()
    appending.stdout.close()
    whole = {line.strip() for line in told if line.endswith("\n")}
    assert len(whole) >= 200
    return whole
