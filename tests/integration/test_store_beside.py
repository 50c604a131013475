"""A command may bring a row of the service's own, written in its transaction or not at all, whatever others come to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import pytest

from chassis.db import Connection, Database
from chassis.store import Beside, Ledger, Outcome, Overtaken, Store, VersionConflict
from chassis.store.command import Command
from chassis.testing import a_context, a_database
from tests.integration.flow import append, registered

if TYPE_CHECKING:
    from embedded.testing import Databases

TABLES = """
CREATE TABLE letters (key text PRIMARY KEY, first bigint, written xid8 NOT NULL DEFAULT pg_current_xact_id());
GRANT SELECT, INSERT ON letters TO {service}_worker;
"""


async def _holds(connection: Connection, keys: Sequence[str]) -> list[bool]:
    there = {row["key"] for row in await connection.fetch("SELECT key FROM letters WHERE key = ANY ($1)", list(keys))}
    return [key not in there for key in keys]


async def _write(connection: Connection, rows: Sequence[tuple[str, Outcome]]) -> None:
    await connection.executemany(
        "INSERT INTO letters (key, first) VALUES ($1, $2)", [(key, came.first_position) for key, came in rows]
    )


LETTERS = Ledger(_holds, _write)


@pytest.fixture
async def db(databases: Databases) -> AsyncIterator[Database]:
    async with Database(*a_database(databases, "intake", TABLES)) as database:
        yield database


@pytest.fixture
async def store(db: Database) -> AsyncIterator[Store]:
    async with Store(db, "intake") as opened:
        yield opened


def a_command(subject: UUID, expected: int, *facts: str, letter: str | None = None, **more: Any) -> Command:
    given: dict[str, Any] = {"id": uuid5(NAMESPACE_URL, letter) if letter else uuid4(), "municipality": "tallvik"}
    return Command(
        **given | more, subject=subject, expected=expected,
        types=["told"] * len(facts), messages=[fact.encode() for fact in facts],
        beside=None if letter is None else Beside(LETTERS, letter),
    )  # fmt: skip


async def letters(db: Database) -> dict[str, int | None]:
    return {row["key"]: row["first"] for row in await db.worker.fetch("SELECT key, first FROM letters")}


async def test_what_becomes_of_one_row_leaves_the_others_of_the_batch_as_they_are(db: Database, store: Store) -> None:
    """P1, P3: a repeated row, a version that moved on and a plain command lie beside rows that are written."""
    there = uuid4()
    await store.writer.put(a_command(there, 0, "one", letter="a"))
    batch = [
        a_command(uuid4(), 0, "two", "three", letter="b"),
        a_command(uuid4(), 0, "never", letter="a"),
        a_command(there, 5, "never", letter="c"),
        a_command(uuid4(), 0, "four"),
        a_command(there, 1, letter="d"),
        a_command(uuid4(), 0, "five", letter="e"),
    ]
    outcomes = await asyncio.gather(*(store.writer.put(command) for command in batch[:4]))
    outcomes += await asyncio.gather(*(store.writer.put(command) for command in batch[4:]))
    said = ["appended", "overtaken", "conflict", "appended", "appended", "appended"]
    assert [outcome.outcome for outcome in outcomes] == said
    assert [event.message for event in await store.read()] == [b"one", b"two", b"three", b"four", b"five"]
    found = await letters(db)
    assert found.keys() == {"a", "b", "d", "e"}
    assert (found["a"], found["b"], found["e"]) == (1, 2, 5)
    assert await store.head() == 5


async def test_rows_and_facts_of_many_commands_are_one_transaction(db: Database, store: Store) -> None:
    await asyncio.gather(
        *(store.writer.put(a_command(uuid4(), 0, str(n), letter=f"{n:02d}")) for n in range(40))
    )  # fmt: skip
    rows = await db.worker.fetch(
        "SELECT l.written::text AS row, e.xmin::text AS fact FROM letters l JOIN events e ON e.position = l.first"
    )
    assert len(rows) == 40
    assert all(row["row"] == row["fact"] for row in rows)
    assert len({row["row"] for row in rows}) <= 3


async def test_of_many_stores_that_write_the_same_row_one_does(db: Database) -> None:
    """The database decides, not a lock of one process."""
    async with Store(db, "intake") as one, Store(db, "intake") as other:
        outcomes = await asyncio.gather(
            *((one, other)[n % 2].writer.put(a_command(uuid4(), 0, "told", letter="a")) for n in range(50))
        )
        said = [outcome.outcome for outcome in outcomes]
        assert (said.count("appended"), said.count("overtaken")) == (1, 49)
        assert await one.head() == 1


async def test_a_row_that_cannot_be_written_takes_its_facts_with_it(db: Database, store: Store) -> None:
    async def fails(_: Connection, __: Sequence[tuple[str, Outcome]]) -> None:
        raise ValueError("no room")

    broken = Beside(Ledger(_holds, fails), "a")
    with pytest.raises(ValueError, match="no room"):
        await store.append([registered(uuid4())], context=a_context(), expected=0, beside=broken)
    assert await store.head() == 0
    assert (await append(store, registered(uuid4()))).positions == (1,)


async def test_a_row_without_facts_rests_on_the_version_all_the_same(db: Database, store: Store) -> None:
    request = uuid4()
    await append(store, registered(request))
    for expected, key in ((0, "stale"), (1, "true")):
        putting = store.append([], context=a_context(), expected=expected, beside=Beside(LETTERS, key), subject=request)
        if expected == 0:
            with pytest.raises(VersionConflict):
                await putting
        else:
            assert (await putting).positions == ()
    with pytest.raises(Overtaken):
        await store.append([], context=a_context(), expected=1, beside=Beside(LETTERS, "true"), subject=request)
    assert (await letters(db)).keys() == {"true"}
    assert await store.head() == 1
