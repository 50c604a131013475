"""One process of the toy service, and the moment at which it is to die: python -m tests.chaos.role ROLE [DEATH]

ROLE    relay · views
DEATH   after-produce     when the brokers hold a batch and the relay has not been told
        before-commit     when rows and checkpoint are written and not committed
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from aiokafka import AIOKafkaProducer

from chassis import checkpoints, relay
from chassis.db import Database
from chassis.feed import Feed
from chassis.roles import Lock, Role
from chassis.store import Store
from chassis.views.follow import ViewFollower
from contracts.topics import REQUEST
from tests.chaos import toy

LATER = 200
"""Events that are let through before an arranged death, so that there is something to lose."""


def die() -> None:
    """As by a power cut: no handler runs, nothing is flushed."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_after_produce() -> None:
    """The producer sends, waits until the brokers hold everything, and dies before its caller hears of it."""

    class DyingProducer(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka ships no types
        sent = 0

        async def send(self, *record: Any, **fields: Any) -> Any:
            acknowledgement = await super().send(*record, **fields)
            self.sent += 1
            if self.sent > LATER:
                await self.flush()
                die()
            return acknowledgement

    relay.AIOKafkaProducer = DyingProducer


def die_before_commit() -> None:
    """The checkpoint is moved in the transaction that holds the rows, and then nobody is there to commit it."""
    move, moved = checkpoints.move, 0

    async def move_and_die(connection: Any, reader: str, old: Any, new: Any) -> None:
        nonlocal moved
        await move(connection, reader, old, new)
        moved += sum(place.applied - old[one].applied if one in old else place.applied for one, place in new.items())
        if moved > LATER:
            die()

    checkpoints.move = move_and_die


DEATHS = {"after-produce": die_after_produce, "before-commit": die_before_commit}


async def work(role: str, database: str, database_api: str, kafka: str) -> None:
    """Do the work of a role, once it is ours alone to do, until the process is ended."""
    async with (
        Database(database, database_api, name=f"toy-{role}", workers=4, readers=2) as db,
        Store(db, toy.SERVICE) as store,
    ):
        run: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
            "relay": lambda: relay.Relay(store, kafka, (REQUEST,)).run(),
            "views": lambda: Feed(kafka, "toy-views", [ViewFollower(toy.TOYS, db)]).run(),
        }
        lock = Lock(database, f"toy {role}")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(lock.keep())
            tasks.create_task(Role(role, run[role]).keep(lock.held))


if __name__ == "__main__":
    _, chosen, *death = sys.argv
    for arranged in death:
        DEATHS[arranged]()
    environ = os.environ
    logging.basicConfig(format="%(asctime)s %(name)s %(message)s", level=logging.WARNING)
    asyncio.run(work(chosen, environ["FLODE_DATABASE"], environ["FLODE_DATABASE_API"], environ["FLODE_KAFKA"]))
