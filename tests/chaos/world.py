"""A world to break: three brokers, a database, the toy's processes, clients at work; and the judgement afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

from cluster import Cluster

from chassis.db import Database
from chassis.prepare import prepare
from chassis.store import Store
from chassis.topics import create_topics
from contracts.topics import REQUEST
from embedded.processes import spawn
from embedded.testing import delete_topics
from tests.chaos import dumps, toy
from tests.chaos.load import Client
from tests.checker import Fault, Glimpse, Operation, Run, broken

ROOT = Path(__file__).resolve().parents[2]
DRAINED_IN = 60.0
"""Seconds in which what a healed fault left behind is worked off (P15)."""


class World:
    """Everything of one test. `async with` makes it ready and clears it away."""

    def __init__(self, cluster: Cluster, database: str, folder: Path) -> None:
        self.cluster, self.url, self.folder = cluster, database, folder
        self.worker, self.api = (_as_role(database, f"{toy.SERVICE}_{role}") for role in ("worker", "api"))
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.same_topics = True

    async def __aenter__(self) -> World:
        await prepare(self.url, toy.SERVICE, self.worker, self.api)
        await self.make_topics()
        self.db = await Database(self.worker, self.api, name="toy-clients").open()
        self.store = await Store(self.db, toy.SERVICE).__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        for log in sorted(self.folder.glob("*.log")):  # shown by pytest when the test has failed
            print(f"--- {log.name}\n{log.read_text()[-3000:]}")
        for name in list(self.processes):
            self.kill(name)
        await self.store.__aexit__(*exc)
        await self.db.close()

    async def make_topics(self) -> None:
        await create_topics(self.cluster.bootstrap, replication=3, topics=(REQUEST,))

    def delete_topics(self) -> None:
        """Take everything from the brokers."""
        delete_topics(self.cluster.bootstrap)
        self.same_topics = False

    def start(self, role: str, *death: str, name: str | None = None) -> None:
        """Start a process of the toy. Several of one role are told apart by `name`."""
        self.processes[name or role] = spawn(
            [sys.executable, "-m", "tests.chaos.role", role, *death],
            log=self.log(name or role),
            env=os.environ
            | {"FLODE_DATABASE": self.worker, "FLODE_DATABASE_API": self.api, "FLODE_KAFKA": self.cluster.bootstrap},
            dies_by=signal.SIGKILL,
            cwd=ROOT,
        )

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def kill(self, name: str) -> None:
        """As a power cut would. One that had already ended by itself is a failure of the test."""
        process = self.processes.pop(name)
        ended = process.poll()
        process.kill()
        process.wait()
        assert ended is None, f"{name} ended by itself ({ended}):\n{self.log(name).read_text()[-3000:]}"

    async def died(self, name: str, within: float = 30.0) -> None:
        """Wait until a process has died as arranged."""
        process = self.processes.pop(name)

        async def gone() -> bool:
            return process.poll() is not None

        await until(gone, f"{name} to die as arranged", within)
        assert process.returncode == -signal.SIGKILL, self.log(name).read_text()[-3000:]

    async def ended(self, name: str, within: float = 60.0) -> None:
        """Wait until a process has done what it was to do."""
        process = self.processes.pop(name)

        async def gone() -> bool:
            return process.poll() is not None

        await until(gone, f"{name} to end", within)
        assert process.returncode == 0, self.log(name).read_text()[-3000:]

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[list[Glimpse]]:
        """Somebody keeps reading the view for the length of a block, and remembers what was seen."""
        seen = list[Glimpse]()
        totals = "SELECT count(*) AS rows, coalesce(sum(cardinality(applied)), 0)::bigint AS position FROM {table}"

        async def keep_reading() -> None:
            while True:
                (found,) = await toy.TOYS.query(self.db, totals, scope=toy.MUNICIPALITIES)
                seen.append(Glimpse(position=found["position"], rows=found["rows"]))
                await asyncio.sleep(0.005)

        reading = asyncio.create_task(keep_reading())
        try:
            yield seen
        finally:
            reading.cancel()
            (end,) = await asyncio.gather(reading, return_exceptions=True)
        if isinstance(end, Exception):
            raise end

    async def gives(self, request: UUID, *facts: toy.ToyFact, after: int = 0) -> None:
        """Somebody decides this of a request, whose version was `after`."""
        await self.store.append(list(facts), context=toy.context(request, uuid4()), expected=after)

    async def applied(self, events: int) -> None:
        """Wait until the view has so many events."""

        async def enough() -> bool:
            return await dumps.settled(self.url) >= events

        await until(enough, f"{events} events to be applied", DRAINED_IN)

    async def settled(self) -> None:
        """Wait until everything stored is in the view."""
        await self.applied(await self.store.head())

    async def faults(self, at_work: Iterable[Client], glimpses: Iterable[Glimpse] = ()) -> list[Fault]:
        """The promises that were broken, by what is left when all has settled."""
        topics = await asyncio.to_thread(dumps.topic, self.cluster.bootstrap)
        operations: list[Operation] = [each for client in at_work for each in client.operations]
        assert sum(each.outcome == "done" for each in operations) > 100, "too little happened to judge by"
        return broken(
            Run(
                store=await dumps.store(self.url),
                topics=topics,
                operations=operations,
                readings=[await dumps.reading(self.url, topics, same_topics=self.same_topics)],
                folds=[await dumps.fold(self.url, self.db)],
                glimpses={toy.TOYS.name: list(glimpses)},
            )
        )


async def until(condition: Callable[[], Awaitable[bool]], what: str, within: float) -> None:
    """Wait for a condition; after `within` seconds fail, saying what was waited for."""
    deadline = time.monotonic() + within
    while not await condition():
        assert time.monotonic() < deadline, f"waited {within:.0f} s for {what}"
        await asyncio.sleep(0.1)


def _as_role(url: str, role: str) -> str:
    there = urlsplit(url)
    return urlunsplit(there._replace(netloc=f"{role}:toy@{there.hostname}:{there.port}"))
