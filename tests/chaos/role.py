"""One process of the toy service, and what is wrong with it: python -m tests.chaos.role ROLE [FAULT]

ROLE    relay · views     until ended
        rebuild           the view, once
FAULT   it dies, as by a power cut:
        after-produce     when the brokers hold a batch and the relay has not been told
        before-commit     when rows and checkpoint are written and not committed
        before-switch     when a rebuild has filled its table and nobody reads it yet
        it lives:
        bad-release       its view cannot fold one of the titles
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from aiokafka import AIOKafkaProducer

from chassis import checkpoints
from chassis.db import Database
from chassis.feed import Feed
from chassis.rebuild import rebuild
from chassis.relay import Relay
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

    patch("chassis.relay.AIOKafkaProducer", DyingProducer).start()


def die_before_commit() -> None:
    """The checkpoint is moved in the transaction that holds the rows, and then nobody is there to commit it."""
    move, moved = checkpoints.move, 0

    async def move_and_die(connection: Any, reader: str, old: Any, new: Any) -> None:
        nonlocal moved
        await move(connection, reader, old, new)
        moved += sum(place.applied - old[one].applied if one in old else place.applied for one, place in new.items())
        if moved > LATER:
            die()

    patch("chassis.checkpoints.move", move_and_die).start()


def die_before_switch() -> None:
    """The new table has all its rows, and neither keys nor readers yet."""

    async def die_instead(*_: Any) -> None:
        die()

    patch("chassis.views.tables.finish", die_instead).start()


def release_badly() -> None:
    """The view of a release whose fold has a fault."""
    patch("tests.chaos.toy.TOYS", replace(toy.TOYS, evolve=toy.evolve_badly)).start()


FAULTS = {
    "after-produce": die_after_produce,
    "before-commit": die_before_commit,
    "before-switch": die_before_switch,
    "bad-release": release_badly,
}


async def work(role: str, database: str, database_api: str, kafka: str) -> None:
    """Do the work of a role, once it is ours alone to do, until the process is ended."""
    async with (
        Database(database, database_api, name=f"toy-{role}", workers=4, readers=2) as db,
        Store(db, toy.SERVICE) as store,
    ):
        run: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
            "relay": lambda: Relay(store, kafka, (REQUEST,)).run(),
            "views": lambda: Feed(kafka, "toy-views", [ViewFollower(toy.TOYS, db)]).run(),
        }
        if role == "rebuild":
            await rebuild(db, database, toy.TOYS, kafka)
            return
        lock = Lock(database, f"toy {role}")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(lock.keep())
            tasks.create_task(Role(role, run[role]).keep(lock.held))


if __name__ == "__main__":
    _, chosen, *faults = sys.argv
    for arranged in faults:
        FAULTS[arranged]()
    environ = os.environ
    logging.basicConfig(format="%(asctime)s %(name)s %(message)s", level=logging.WARNING)
    asyncio.run(work(chosen, environ["FLODE_DATABASE"], environ["FLODE_DATABASE_API"], environ["FLODE_KAFKA"]))
