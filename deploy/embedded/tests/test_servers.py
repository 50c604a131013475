"""The embedded servers: they start, keep what they promised to keep, and come back after a sudden end."""

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from embedded.postgres import Postgres
from embedded.testing import Databases, temporary_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = temporary_folder("servers")
    yield folder
    shutil.rmtree(folder)


def ask(url: str, question: str) -> object:
    async def run() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    return asyncio.run(run())


def test_a_server_keeps_its_data_over_a_restart(folder: Path) -> None:
    server = Postgres(folder / "data")
    server.start()
    ask(server.dsn(), "CREATE TABLE kept AS SELECT 7 AS n")
    server.stop()
    again = Postgres(folder / "data")
    again.start()
    assert ask(again.dsn(), "SELECT n FROM kept") == 7
    assert ask(again.dsn(), "SHOW fsync") == "on"
    assert ask(again.dsn(), "SHOW synchronous_commit") == "on"
    again.stop()


def test_a_server_whose_supervisor_vanished_is_replaced_by_the_next(folder: Path) -> None:
    forgotten = Postgres(folder / "data", durable=False)
    forgotten.start()
    ask(forgotten.dsn(), "CREATE TABLE kept AS SELECT 7 AS n")
    successor = Postgres(folder / "data", durable=False)
    successor.start()
    assert ask(successor.dsn(), "SELECT n FROM kept") == 7
    successor.stop()
    forgotten.stop()


def test_a_killed_server_comes_back_with_what_was_committed(folder: Path) -> None:
    server = Postgres(folder / "data", durable=False)
    server.start()
    ask(server.dsn(), "CREATE TABLE kept AS SELECT 7 AS n")
    assert server.process is not None
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    server.start()
    assert ask(server.dsn(), "SELECT n FROM kept") == 7
    server.stop()


def test_a_pid_file_that_names_a_stranger_does_not_keep_the_server_from_starting(folder: Path) -> None:
    server = Postgres(folder / "data", durable=False)
    server.start()
    pid_file = server.cluster / "postmaster.pid"
    text = pid_file.read_text()
    server.stop()
    pid_file.write_text(text.replace(text.splitlines()[0], str(os.getpid()), 1))
    server.start()
    assert ask(server.dsn(), "SELECT 1") == 1
    server.stop()


def test_nobody_enters_without_the_password(postgres: Postgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(postgres.dsn(password="guessed"), "SELECT 1")


def test_every_test_has_a_database_of_its_own(databases: Databases) -> None:
    one, other = databases.fresh(), databases.fresh()
    ask(one, "CREATE TABLE mine AS SELECT 1")
    assert ask(other, "SELECT to_regclass('mine')") is None


def test_a_prepared_database_is_prepared_once_and_copied(databases: Databases) -> None:
    prepared = []

    async def prepare(url: str) -> None:
        prepared.append(url)
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        await connection.close()

    copies = [databases.like("kept", prepare) for _ in range(2)]
    assert [ask(copy, "SELECT n FROM kept") for copy in copies] == [7, 7]
    assert len(prepared) == 1


def test_a_test_gets_a_broker_without_topics(kafka: str) -> None:
    admin = AdminClient({"bootstrap.servers": kafka})
    assert not [name for name in admin.list_topics(timeout=60).topics if name.startswith("flode.")]
    for created in admin.create_topics([NewTopic("flode.tested", 3, 1)]).values():
        created.result()
    assert len(admin.list_topics("flode.tested", timeout=60).topics["flode.tested"].partitions) == 3
