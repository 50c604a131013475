"""Make a service's database ready: the database, its two roles, the chassis's tables and the service's own.

Run by the deployment with an administrator's URL, any number of times; it only adds what is missing. Nothing else in
Flöde connects as an administrator.
"""

from __future__ import annotations

from importlib.resources import files
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg


class CannotPrepare(Exception):
    """The URLs do not fit together; the message says which and how."""


async def prepare(admin_url: str, service: str, worker_url: str, api_url: str, own_tables: str | None = None) -> None:
    """Create what `service` needs in the server of `admin_url`, in the database that the worker's URL names.

    `own_tables` is the SQL of the service's own tables; in it "{service}" stands for the service's name.
    """
    worker, api = urlsplit(worker_url), urlsplit(api_url)
    database = worker.path.lstrip("/")
    if api.path != worker.path:
        raise CannotPrepare(f"the worker's URL names the database {worker.path}, the api's {api.path}")
    for url, role in ((worker, f"{service}_worker"), (api, f"{service}_api")):
        if url.username != role:
            raise CannotPrepare(f"the role must be called {role}, the URL says {url.username}")
    roles = {str(url.username): unquote(url.password or "") for url in (worker, api)}
    await create_database(admin_url, database, roles)
    async with connected(in_database(admin_url, database)) as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('flode prepare'))")
        schema = files("chassis").joinpath("store", "schema.sql").read_text(encoding="utf-8")
        await connection.execute(schema.replace("{service}", service))
        if own_tables is not None:
            await connection.execute(own_tables.replace("{service}", service))


async def create_database(admin_url: str, database: str, roles: dict[str, str]) -> None:
    """Create a database and its login roles with their passwords; what exists is kept, passwords are set anew."""
    async with connected(admin_url) as connection:
        await connection.execute("SELECT pg_advisory_lock(hashtext('flode prepare'))")
        for role, password in roles.items():
            await _create_role(connection, role, password)
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            await connection.execute(f"CREATE DATABASE {quoted(database)}")
        await connection.execute(f"REVOKE ALL ON DATABASE {quoted(database)} FROM PUBLIC")
        for role in roles:
            await connection.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {quoted(database)} TO {quoted(role)}")


async def _create_role(connection: asyncpg.Connection[asyncpg.Record], role: str, password: str) -> None:
    if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
        await connection.execute(f"CREATE ROLE {quoted(role)} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE")
    literal = await connection.fetchval("SELECT quote_literal($1::text)", password)
    await connection.execute(f"ALTER ROLE {quoted(role)} PASSWORD {literal}")


def quoted(name: str) -> str:
    """An identifier, quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def in_database(url: str, database: str) -> str:
    """The same server and role, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


class connected:  # noqa: N801  used as a function is
    """A connection for the length of a block."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __aenter__(self) -> asyncpg.Connection[asyncpg.Record]:
        self._connection = await asyncpg.connect(self._url)
        return self._connection

    async def __aexit__(self, *exc: object) -> None:
        await self._connection.close()
