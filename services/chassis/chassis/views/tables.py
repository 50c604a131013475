"""The tables behind a view: making them, finding the live one, reading and writing rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from chassis.db import Connection
from chassis.views.row import Row, shape_of

if TYPE_CHECKING:
    from chassis.views.view import View


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a view, as `view_tables` knows it. Its name is also the name its checkpoints are kept under."""

    name: str
    version: int
    build: int
    state: str

    @property
    def quoted(self) -> str:
        """The name for SQL."""
        return f'views."{self.name}"'


class NoView(Exception):
    """The view has no live table yet: its service has never run its views."""


async def live(connection: Connection, view: str, *, hold: bool = False) -> Table:
    """The live table. `hold` keeps it live until the transaction ends. Raises NoView."""
    query = "SELECT table_name, version, build, state FROM view_tables WHERE view = $1 AND state = 'live'"
    row = await connection.fetchrow(query + (" FOR SHARE" if hold else ""), view)
    if row is None and hold:
        # Whoever waited here for a switch finds the row it waited for no longer live; the next look sees the new one.
        row = await connection.fetchrow(query + " FOR SHARE", view)
    if row is None:
        raise NoView(f"the view {view} has no table yet; has its service run?")
    return Table(*row)


async def create(connection: Connection, view: View[Any], *, state: str, finished: bool = True) -> Table:
    """Make a new, empty table for a view.

    Without `finished` it has no index and no policy, which is what COPY can fill, and nobody but the worker may read
    it until `finish`.
    """
    build = await connection.fetchval("SELECT coalesce(max(build), 0) + 1 FROM view_tables WHERE view = $1", view.name)
    table = Table(f"{view.name}_v{view.version}_b{build}", view.version, build, state)
    columns = ", ".join(f'"{column.name}" {column.type}' for column in view.columns)
    await connection.execute(f"CREATE TABLE {table.quoted} ({columns})")
    if finished:
        await finish(connection, view, table)
    await connection.execute(
        "INSERT INTO view_tables (view, version, build, table_name, state, row_shape) VALUES ($1, $2, $3, $4, $5, $6)",
        view.name, table.version, table.build, table.name, state, shape_of(view.row),
    )  # fmt: skip
    return table


async def finish(connection: Connection, view: View[Any], table: Table) -> None:
    """The primary key (the tenant is in it), the view's indexes, the tenants' policies; only then may it be read."""
    await connection.execute(f'ALTER TABLE {table.quoted} ADD PRIMARY KEY ("{view.columns[0].name}", municipality)')
    for expression in view.all_indexes:
        await connection.execute(f"CREATE INDEX ON {table.quoted} ({expression})")
    worker: str = await connection.fetchval("SELECT current_user::text")
    api = worker.removesuffix("_worker") + "_api"
    sees = "municipality = ANY ((SELECT flode_scope())::text[])"
    if any(column.name == "shared_with" for column in view.columns):
        sees += " OR shared_with && (SELECT flode_scope())::text[]"
    await connection.execute(
        f"ALTER TABLE {table.quoted} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table.quoted} FORCE ROW LEVEL SECURITY; "
        f"CREATE POLICY worker ON {table.quoted} TO {worker} USING (true) WITH CHECK (true); "
        f"CREATE POLICY tenant ON {table.quoted} FOR SELECT TO {api} USING ({sees}); "
        f"GRANT SELECT ON {table.quoted} TO {api}"
    )


async def ensure_live(connection: Connection, view: View[Any]) -> Table:
    """The live table, made empty when the view never had one. A view of a raised version keeps its old table live
    until a rebuild has made the new one."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext($1))", f"view {view.name}")
    try:
        return await live(connection, view.name)
    except NoView:
        return await create(connection, view, state="live")


async def rows_by_key(connection: Connection, view: View[Any], table: Table, keys: Iterable[UUID]) -> dict[UUID, Any]:
    """The rows of some keys, as the fold knows them."""
    key = view.columns[0].name
    found = await connection.fetch(
        f'SELECT t."{key}", row_to_json(t)::text FROM {table.quoted} t WHERE t."{key}" = ANY($1::uuid[])', list(keys)
    )
    return {row[0]: view.decoder.decode(row[1]) for row in found}


async def write_rows(connection: Connection, view: View[Any], table: Table, rows: dict[UUID, Row | None]) -> None:
    """Put changed rows in the table and take vanished ones out."""
    kept = [row for row in rows.values() if row is not None]
    gone = [key for key, row in rows.items() if row is None]
    key = view.columns[0].name
    if kept:
        names = [column.name for column in view.columns]
        updates = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name not in (key, "municipality"))
        await connection.execute(
            f"INSERT INTO {table.quoted} SELECT * FROM json_populate_recordset(NULL::{table.quoted}, $1::json) "
            f'ON CONFLICT ("{key}", municipality) DO ' + (f"UPDATE SET {updates}" if updates else "NOTHING"),
            msgspec.json.encode(kept).decode(),
        )
    if gone:
        await connection.execute(f'DELETE FROM {table.quoted} WHERE "{key}" = ANY($1::uuid[])', gone)


async def digest(connection: Connection, view: View[Any], table: Table) -> dict[str, str]:
    """A digest of the ordered rows for each municipality: equal rows, equal digest (P7)."""
    key = view.columns[0].name
    names = ", ".join(f't."{column.name}"' for column in view.columns)
    rows = await connection.fetch(
        f"SELECT municipality, md5(string_agg(h, '' ORDER BY k)) AS digest, count(*) AS rows FROM "
        f'(SELECT t.municipality, t."{key}" AS k, md5(ROW({names})::text) AS h FROM {table.quoted} t) hashed '
        "GROUP BY municipality"
    )
    return {row["municipality"]: f"{row['rows']}:{row['digest']}" for row in rows}
