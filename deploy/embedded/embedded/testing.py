"""Servers for tests: a real PostgreSQL and a real broker, started when first asked for, ended with the session.

Registered as a pytest plugin, so any test of the workspace can name these fixtures:

    postgres   the server (`Postgres`), one for the session
    databases  makes databases: `databases.fresh()` is empty, `databases.like(name, prepare)` a copy of a prepared one
    database   the URL of an empty database of this test, as superuser; dropped afterwards
    kafka      host:port of a broker without topics, this test's alone

With FLODE_TEST_KAFKA=host:port[,…] the fixture `kafka` is that broker, with its topics named flode.* deleted first: do
not let two sessions share one.
"""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from embedded.broker import Broker
from embedded.postgres import Postgres

if importlib.util.find_spec("sniffio") is None:
    # httpx looks for it with each request to an application in this process, in every folder of the path; this is how
    # Python is told that a module is not there.
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # typeshed knows only modules that are there


class Databases:
    """Databases of one test session, on one server."""

    def __init__(self, server: Postgres) -> None:
        self.server = server
        self._templates: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self._made: list[str] = []

    def fresh(self, template: str = "template0") -> str:
        """The URL of a new database, as superuser."""
        name = f"test_{next(self._numbers)}"
        # Copying files takes half as long as writing all they hold to the log, which nobody here reads.
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        self._made.append(name)
        return self.server.dsn(name)

    def like(self, name: str, prepare: Callable[[str], Awaitable[object]]) -> str:
        """The URL of a new copy of the database that `prepare(url)` filled, once in the session, under this name."""
        if name not in self._templates:
            template = f"template_{name}"
            self._run(f'CREATE DATABASE "{template}" TEMPLATE template0')
            url = self.server.dsn(template)

            async def run() -> None:
                await prepare(url)

            _in_a_loop_of_its_own(run)
            self._templates[name] = template
        return self.fresh(self._templates[name])

    def drop_all(self) -> None:
        """Drop what was made since the last time, whoever is still connected."""
        while self._made:
            self._run(f'DROP DATABASE "{self._made.pop()}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        async def run() -> None:
            connection = await asyncpg.connect(self.server.dsn())
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        _in_a_loop_of_its_own(run)


def _in_a_loop_of_its_own(run: Callable[[], Awaitable[None]]) -> None:
    """Fixtures are plain functions, but may be asked for while a test's loop already runs in this thread."""
    import threading

    failed: list[BaseException] = []

    async def main() -> None:
        await run()

    def work() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001 - handed to the thread that asked
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


MEMORY = Path("/dev/shm")  # noqa: S108  a folder of our own is made in it, which nobody else enters
"""Where Linux keeps files in memory."""


def temporary_folder(purpose: str, *, within: Path | None = None) -> Path:
    """A folder outside pytest's own, which only its owner can enter; a server may run under another account."""
    folder = Path(tempfile.mkdtemp(prefix=f"flode-{purpose}-", dir=within))
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server for the session."""
    # A database of its own for each test is some 300 files, which memory makes six times as fast as a disk.
    roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 2 << 30
    folder = temporary_folder("postgres", within=MEMORY if roomy else None)
    server = Postgres(folder / "data", durable=False)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture
def databases(postgres: Postgres) -> Iterator[Databases]:
    """Makes databases for a test and drops them after it."""
    made = databases_on(postgres)
    yield made
    made.drop_all()


def databases_on(postgres: Postgres) -> Databases:
    """The databases of the session; there are no others on its server, whose templates they share."""
    return _DATABASES.setdefault(id(postgres), Databases(postgres))


_DATABASES: dict[int, Databases] = {}


@pytest.fixture
def database(databases: Databases) -> str:
    """The URL of an empty database, as superuser."""
    return databases.fresh()


@pytest.fixture
def kafka() -> Iterator[str]:
    """host:port of a broker that has no topics of ours."""
    external = os.environ.get("FLODE_TEST_KAFKA")
    if external:
        delete_topics(external)
        yield external
        return
    folder = temporary_folder("broker")
    broker = Broker(folder)
    broker.start()
    yield broker.bootstrap
    broker.stop()
    shutil.rmtree(folder)


def delete_topics(bootstrap: str, *, prefix: str = "flode.", timeout: float = 30.0) -> None:
    """Delete the topics whose name begins with `prefix` and wait until the broker no longer knows them."""
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": bootstrap})
    deadline = time.monotonic() + timeout
    while ours := [name for name in admin.list_topics(timeout=10).topics if name.startswith(prefix)]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{bootstrap} still has {ours}")
        for deletion in admin.delete_topics(ours).values():
            deletion.exception()
        time.sleep(0.2)
