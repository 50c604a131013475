"""A municipality is a tenant: the database itself keeps it apart from the others, whatever a query forgets (P11)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import pytest

from chassis.db import ALL, Database
from chassis.service import find_service
from chassis.store import Store
from chassis.testing import a_database
from chassis.views import tables
from tests.integration.flow import append, counted, registered

if TYPE_CHECKING:
    from embedded.testing import Databases

SERVICES = ("intake", "portfolio", "governance", "notifications")
OF_NO_TENANT = {"log_head", "relay_places", "checkpoints", "view_tables", "tracking", "named_until"}
"""Tables that say how far something came, and nothing of what it was about."""

TABLES = """
SELECT n.nspname || '.' || c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS kept_apart,
    EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'municipality') AS of_a_tenant,
    ARRAY(SELECT p.polname::text FROM pg_policy p WHERE p.polrelid = c.oid ORDER BY 1) AS policies
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('public', 'views') AND c.relkind IN ('r', 'p', 'm', 'v') ORDER BY 1
"""


@pytest.fixture
async def db(databases: Databases) -> AsyncIterator[Database]:
    async with Database(*a_database(databases, "intake")) as database:
        yield database


@pytest.mark.parametrize("name", SERVICES)
async def test_every_table_of_a_service_is_kept_apart_by_row_level_security(databases: Databases, name: str) -> None:
    """Enabled, and forced upon the owner as well. The assertions list those that are not."""
    service = find_service(name)
    async with Database(*a_database(databases, name, service.tables)) as db:
        async with db.work() as connection:
            for view in service.views:
                await tables.ensure_live(connection, view)
        found = await db.worker.fetch(TABLES)
    names = {row["name"].partition(".")[2] for row in found}
    assert {"events", "parked", "effects"} <= names
    assert len(found) >= len(service.views) + len(OF_NO_TENANT) + 3
    assert [row["name"] for row in found if not row["of_a_tenant"]] == sorted(f"public.{one}" for one in OF_NO_TENANT)
    assert [row["name"] for row in found if row["of_a_tenant"] and not row["kept_apart"]] == []
    # What was read is written by the readers' role itself, within its scope, and the worker has nothing to do with it.
    policies = defaultdict(lambda: ["tenant", "worker"], {"public.reads": ["recorded", "tenant"]})
    assert [row["name"] for row in found if row["of_a_tenant"] and row["policies"] != policies[row["name"]]] == []


@pytest.mark.parametrize("role", ["worker", "api"])
async def test_no_role_of_a_service_is_above_row_level_security(db: Database, role: str) -> None:
    pool = db.worker if role == "worker" else db.api
    row = await pool.fetchrow("SELECT rolsuper OR rolbypassrls AS above FROM pg_roles WHERE rolname = current_user")
    assert row is not None
    assert not row["above"]


async def test_a_reader_sees_what_is_in_their_scope_and_nothing_without_one(db: Database) -> None:
    async with Store(db, "intake") as store:
        for municipality in ("tallvik", "elvehavn"):
            await append(store, registered(uuid4()), municipality=municipality)
        seen = "SELECT municipality FROM events ORDER BY 1"
        assert await db.api.fetch(seen) == []
        for scope in ([], ["tallvik"], ["elvehavn", "tallvik"], ["nowhere"], [ALL], [""]):
            async with db.scoped(scope) as connection:
                told = [row["municipality"] for row in await connection.fetch(seen)]
            assert told == sorted({"tallvik", "elvehavn"} & set(scope)), scope
            assert await db.api.fetch(seen) == [], "a scope ends with its transaction"
        assert len(await db.worker.fetch(seen)) == 2, "the worker does the work of all"


async def test_a_reader_cannot_write(db: Database) -> None:
    async with Store(db, "intake") as store:
        await append(store, registered(uuid4()))
    for statement in (
        "INSERT INTO events SELECT * FROM events", "INSERT INTO effects (channel) VALUES ('mail')",
        "UPDATE parked SET reason = ''", "DELETE FROM effects", "UPDATE view_tables SET state = 'live'",
        "UPDATE log_head SET position = 0", "SELECT * FROM tracking",
    ):  # fmt: skip
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.scoped(["tallvik"], read_only=False) as connection:
                await connection.execute(statement)


async def test_a_view_that_is_being_filled_can_be_read_by_nobody(db: Database) -> None:
    """It has no policies until it is finished, and therefore no readers."""
    async with db.work() as connection:
        table = await tables.create(connection, counted(), state="filling", finished=False)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.api.fetch(f"SELECT * FROM {table.quoted}")
    async with db.work() as connection:
        await tables.finish(connection, counted(), table)
    assert await db.api.fetch(f"SELECT * FROM {table.quoted}") == []
