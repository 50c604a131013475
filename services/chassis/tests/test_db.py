"""A transaction sees the municipalities it was opened for; the next one on the same connection sees none of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from chassis.db import Database, set_scope
from chassis.prepare import create_database

TABLE = """
CREATE TABLE garden (municipality text NOT NULL, plant text NOT NULL);
ALTER TABLE garden ENABLE ROW LEVEL SECURITY;
ALTER TABLE garden FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON garden TO garden_api
    USING (municipality = ANY (string_to_array(current_setting('flode.scope', true), ',')));
CREATE POLICY worker ON garden TO garden_worker USING (true);
GRANT SELECT, INSERT ON garden TO garden_api, garden_worker;
INSERT INTO garden VALUES ('almby', 'Beet'), ('birkelund', 'Kale');
"""
PLANTS = "SELECT plant FROM garden ORDER BY plant"


@pytest.fixture
async def db(database: str) -> AsyncIterator[Database]:
    admin = urlsplit(database)
    await create_database(database, admin.path.lstrip("/"), {"garden_worker": "s3cret", "garden_api": "s3cret"})
    connection = await asyncpg.connect(database)
    await connection.execute(TABLE)
    await connection.close()
    worker, api = [
        urlunsplit(admin._replace(netloc=f"garden_{role}:s3cret@{admin.hostname}:{admin.port}"))
        for role in ("worker", "api")
    ]
    # One connection each, so that every transaction meets what the one before it left behind.
    async with Database(worker, api, name="garden", workers=1, readers=1) as opened:
        yield opened


async def plants(db: Database, *scope: str) -> list[str]:
    async with db.scoped(scope) as connection:
        return [row[0] for row in await connection.fetch(PLANTS)]


async def test_a_reader_sees_the_municipalities_of_the_scope_and_no_other(db: Database) -> None:
    """P11."""
    assert await plants(db, "almby") == ["Beet"]
    assert await plants(db, "almby", "birkelund") == ["Beet", "Kale"]
    assert await plants(db) == []


async def test_a_scope_is_forgotten_with_its_transaction(db: Database) -> None:
    """P11."""
    assert await plants(db, "almby") == ["Beet"]
    assert await db.api.fetch(PLANTS) == []
    with pytest.raises(RuntimeError, match="half-way"):
        async with db.scoped(["birkelund"]):
            raise RuntimeError("half-way")
    assert await plants(db) == []


async def test_a_scope_cannot_smuggle_in_another_municipality(db: Database) -> None:
    with pytest.raises(ValueError, match="comma"):
        await plants(db, "almby,birkelund")


async def test_reading_writes_nothing(db: Database) -> None:
    async with db.scoped(["almby"]) as connection:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute("INSERT INTO garden VALUES ('almby', 'Leek')")


async def test_a_snapshot_sees_one_moment(db: Database) -> None:
    async with db.scoped(["almby"], snapshot=True) as connection:
        before = await connection.fetch(PLANTS)
        async with db.work() as worker:
            await worker.execute("INSERT INTO garden VALUES ('almby', 'Leek')")
        assert await connection.fetch(PLANTS) == before
    assert await plants(db, "almby") == ["Beet", "Leek"]


async def test_the_workers_own_work_is_for_every_municipality(db: Database) -> None:
    async with db.work() as connection:
        assert [row[0] for row in await connection.fetch(PLANTS)] == ["Beet", "Kale"]
        assert await connection.fetchval("SELECT current_setting('flode.scope')") == "*"
        await set_scope(connection, ["birkelund", "almby"])
        assert await connection.fetchval("SELECT current_setting('flode.scope')") == "almby,birkelund"
        assert await connection.fetchval("SHOW synchronous_commit") == "on"
