"""People who register and change requests while things break, and remember what they were answered."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid5

from chassis.store import Store, VersionConflict
from tests.chaos import toy
from tests.checker import Operation

PAUSE = 0.1
"""Seconds each client waits between commands."""


class Client:
    """One client with requests of its own, so that it knows what version each has.

    One command in ten is repeated, as after a lost answer; one in twenty is decided on an old version and refused.
    """

    def __init__(self, number: int, requests: int) -> None:
        self.number = number
        self.random = random.Random(number)
        self.versions = {toy.subject(f"client {number}, request {n}"): 0 for n in range(requests)}
        self.operations: list[Operation] = []

    async def work(self, store: Store) -> None:
        """Give commands until cancelled. The one under way then has an unknown end."""
        while True:
            request = self.random.choice(list(self.versions))
            command = uuid5(request, f"command {len(self.operations)}")
            await self.give(store, request, command)
            await asyncio.sleep(self.random.uniform(0, 2 * PAUSE))

    async def give(self, store: Store, request: UUID, command: UUID) -> None:
        version = self.versions[request]
        stale = version > 1 and self.random.random() < 0.05
        expected = version - 1 if stale else version
        title = f"Version {version + 1}"
        fact = toy.registered(request, title) if expected == 0 else toy.changed(request, title)
        place = len(self.operations)
        self.operations.append(Operation(command, "unknown", request))
        try:
            appended = await store.append([fact], context=toy.context(request, command), expected=expected)
            if self.random.random() < 0.1:
                appended = await store.append([fact], context=toy.context(request, command), expected=expected)
        except VersionConflict:
            self.operations[place] = Operation(command, "refused", request)
            return
        self.versions[request] = appended.version
        self.operations[place] = Operation(command, "done", request, appended.version)


@asynccontextmanager
async def clients(store: Store, number: int = 8, requests: int = 6) -> AsyncIterator[list[Client]]:
    """Clients at work for the length of a block. A client that met anything unexpected fails the block."""
    at_work = [Client(n, requests) for n in range(number)]
    tasks = [asyncio.create_task(client.work(store)) for client in at_work]
    try:
        yield at_work
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end
