"""How fast facts get into the log, durably, against PostgreSQL's plain inserts and the library's own recorder."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from eventsourcing.persistence import ApplicationRecorder, StoredEvent
from eventsourcing.postgres import PostgresFactory
from eventsourcing.utils import Environment

from chassis.context import Context
from chassis.db import Database
from chassis.store import Store, VersionConflict
from chassis.testing import NOON, a_context, a_person_id, sealed
from contracts.intake import RequestRegistered
from contracts.values import Person, TicketRef
from embedded.postgres import Postgres, binaries
from tests.benchmarks.report import Chapter, Line, middle, rate
from tests.benchmarks.servers import a_database_on, a_server

ROUNDS, SECONDS = 3, 3
REQUESTER = Person(id=a_person_id("Anna Sund"), name=sealed("Anna Sund"))
PLAIN = "INSERT INTO plain (message) VALUES (decode(repeat('ab', 800), 'hex'));"

Job = tuple[RequestRegistered, Context, int]


def a_job() -> Job:
    """A decided command: a fact of a new request."""
    request = uuid4()
    fact = RequestRegistered(
        request_id=request, ticket=TicketRef(system="zammad", external_id="81"), title="Ny e-tjänst för bygglov",
        requester=REQUESTER, opened_at=NOON,
    )  # fmt: skip
    return fact, a_context(), 0


def make_plain(server: Postgres) -> None:
    """The table that pgbench inserts into."""
    table = "CREATE TABLE IF NOT EXISTS plain (id bigserial PRIMARY KEY, message bytea NOT NULL)"
    subprocess.run([binaries() / "psql", "-q", server.dsn(), "-c", table], check=True, capture_output=True)


def pgbench(server: Postgres, clients: int, *, seconds: int = SECONDS) -> float:
    """Transactions per second of single-row inserts, each durable before the next of its client."""
    script = server.folder.parent / "plain.sql"
    script.write_text(PLAIN)
    script.chmod(0o644)
    ran = subprocess.run(
        [binaries() / "pgbench", "--no-vacuum", "--protocol=prepared", f"--file={script}", f"--client={clients}",
         f"--jobs={min(2, clients)}", f"--time={seconds}", server.dsn()],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return next(float(line.split()[2]) for line in ran.stdout.splitlines() if line.startswith("tps"))


async def ours(store: Store, clients: int, jobs: Iterable[Job], *, seconds: float = SECONDS) -> float:
    """Events per second appended by `clients` who each wait for the acknowledgement before the next."""
    remaining, appended = iter(jobs), 0
    began = time.perf_counter()

    async def client() -> None:
        nonlocal appended
        while time.perf_counter() - began < seconds and (job := next(remaining, None)) is not None:
            fact, context, expected = job
            try:
                answer = await store.append([fact], context=context, expected=expected)
                appended += not answer.duplicate
            except VersionConflict:
                continue

    await asyncio.gather(*(client() for _ in range(clients)))
    return appended / (time.perf_counter() - began)


def with_disputes(jobs: list[Job]) -> list[Job]:
    """The same, with every tenth command stale and every tenth one that was given before."""
    disputed: list[Job] = []
    for number, (fact, context, expected) in enumerate(jobs):
        disputed.append((fact, context, expected))
        if number % 10 == 5:
            disputed.append((fact, a_context(), expected))
        if number % 10 == 7:
            disputed.append((fact, context, expected))
    return disputed


def the_librarys(server: Postgres, threads: int, *, functions: bool = False) -> float:
    """Events per second through the library's own recorder, from threads as it is meant to be used."""
    environment = {
        "POSTGRES_DBNAME": "postgres", "POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": str(server.port),
        "POSTGRES_USER": "postgres", "POSTGRES_PASSWORD": server.password, "POSTGRES_POOL_SIZE": str(threads),
        "POSTGRES_ENABLE_DB_FUNCTIONS": "y" if functions else "n",
    }  # fmt: skip
    with PostgresFactory(Environment(env=environment)) as factory:
        recorder: ApplicationRecorder = factory.application_recorder()
        until = time.perf_counter() + SECONDS

        def insert(_: int) -> int:
            done = 0
            while time.perf_counter() < until:
                recorder.insert_events([StoredEvent(uuid4(), 1, "told", b"\xab" * 800)])
                done += 1
            return done

        began = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            done = sum(pool.map(insert, range(threads)))
        return done / (time.perf_counter() - began)


async def run() -> Chapter:
    """All of it, in rounds."""
    chapter = Chapter(
        "Append",
        "Single facts of new requests, about 900 bytes as stored; every acknowledgement after COMMIT, fsync and "
        "synchronous_commit on. pgbench (of the same PostgreSQL's wheel) inserts single rows of 800 bytes into a table "
        "with a primary key. Facts and contexts are made beforehand, as pgbench's are; envelopes are not.",
    )
    rates: dict[str, list[float]] = {}

    def took(what: str, value: float) -> None:
        rates.setdefault(what, []).append(value)

    with a_server() as server:
        urls = await a_database_on(server)
        await asyncio.to_thread(make_plain, server)
        async with Database(*urls) as db, Store(db, "intake") as store:
            await ours(store, 32, (a_job() for _ in range(2000)))  # warm
            for _ in range(ROUNDS):
                for clients in (1, 8, 32):
                    took(f"pgbench {clients}", await asyncio.to_thread(pgbench, server, clients))
                for clients in (1, 8, 32, 256):
                    jobs = [a_job() for _ in range(SECONDS * 10_000)]
                    took(f"ours {clients}", await ours(store, clients, jobs))
                jobs = with_disputes([a_job() for _ in range(SECONDS * 10_000)])
                took("disputed 32", await ours(store, 32, jobs))
                took("library", await asyncio.to_thread(the_librarys, server, 8))
    plain = {clients: middle(rates[f"pgbench {clients}"]) for clients in (1, 8, 32)}
    library = middle(rates["library"])
    for clients, found in plain.items():
        chapter.add(Line(f"pgbench, {clients} clients", rate(found)))
    for clients in (1, 8, 32, 256):
        found = middle(rates[f"ours {clients}"])
        chapter.add(
            Line(
                f"the store, {clients} waiting commands", rate(found), found / plain[min(clients, 32)],
                f"pgbench, {min(clients, 32)} clients", 1.5 if clients == 32 else None,
            )
        )  # fmt: skip
    disputed = middle(rates["disputed 32"])
    chapter.add(
        Line(
            "the same, every 12th command stale and every 12th given before", rate(disputed), disputed / plain[32],
            "pgbench, 32 clients", note="counts only what was appended",
        ),
        Line("eventsourcing's recorder, 8 threads", rate(library), library / plain[32], "pgbench, 32 clients"),
        Line(
            "the store, 32 waiting commands", rate(middle(rates["ours 32"])), middle(rates["ours 32"]) / library,
            "eventsourcing's recorder", 20,
        ),
    )  # fmt: skip
    chapter.remarks.append(
        "A store has one writer, and what it does follows one after the other: clients make envelopes, PostgreSQL "
        "judges and inserts, the disk flushes, clients are answered. Each commit holds all who wait, so the more wait, "
        "the less the flush costs each. pgbench needs two processors for its 32 connections; when others want them as "
        "well, the one writer's hand-overs wait longer than its work takes, and the ratio falls."
    )
    return chapter
