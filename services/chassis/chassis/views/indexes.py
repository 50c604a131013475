"""The indexes a live table has not: those that its view has come to declare since the table was made.

An index changes no row, so none of them asks for a rebuild. They are made at the start of the process that keeps the
views, beside readers and writers (CREATE INDEX CONCURRENTLY).
"""

from __future__ import annotations

from typing import Any

from chassis.db import Connection, Database
from chassis.views import tables
from chassis.views.tables import Table
from chassis.views.view import View

OF_A_TABLE = (
    "SELECT indexrelid::regclass::text AS name, substring(pg_get_indexdef(indexrelid) FROM ' USING .*') AS told, "
    "indisvalid AS whole FROM pg_index WHERE indrelid = $1::regclass"
)


async def complete(db: Database, view: View[Any]) -> list[str]:
    """Make the indexes that the view declares and its live table lacks; which they were. Another process that is at it
    already is left to it, and so is a rebuild of a raised version: its table gets all of them anyway."""
    async with db.worker.acquire() as connection:
        if not await connection.fetchval(
            "SELECT pg_try_advisory_lock(hashtext('flode indexes'), hashtext($1))", view.name
        ):
            return []
        try:
            table = await tables.live(connection, view.name)
            lacking = await missing(connection, view, table) if table.version == view.version else []
            for expression in lacking:
                await connection.execute(f"CREATE INDEX CONCURRENTLY ON {table.quoted} ({expression})")
            if lacking:
                await connection.execute(f"ANALYZE {table.quoted}")  # an index of an expression has statistics too
            return lacking
        finally:
            await connection.execute("SELECT pg_advisory_unlock(hashtext('flode indexes'), hashtext($1))", view.name)


async def missing(connection: Connection, view: View[Any], table: Table) -> list[str]:
    """The declared indexes that the table lacks. How PostgreSQL writes each is read off an empty table of the same
    columns, since it writes expressions in its own way. What a broken-off start left half made is taken away."""
    have = await connection.fetch(OF_A_TABLE, table.quoted)
    for each in have:
        if not each["whole"]:
            await connection.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {each['name']}")
    known = {each["told"] for each in have if each["whole"]}
    lacking = []
    async with connection.transaction():
        await connection.execute(f"CREATE TEMPORARY TABLE meant (LIKE {table.quoted}) ON COMMIT DROP")
        for expression in view.all_indexes:
            await connection.execute(f"CREATE INDEX meant_now ON meant ({expression})")
            (told,) = await connection.fetch(OF_A_TABLE, "meant")
            if told["told"] not in known:
                lacking.append(expression)
            await connection.execute("DROP INDEX meant_now")
    return lacking
