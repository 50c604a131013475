"""Whoever is named in an event is found by their pseudonym, whether the index has come so far or not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from chassis.db import Database
from chassis.named import Naming, events_of, subjects_of
from chassis.store import Store
from chassis.testing import Databases, a_database, sealed
from contracts.intake import RequestRegistered
from contracts.values import Person
from tests.integration.flow import append, registered

SAGA = UUID("0b9a54d0-5c54-88c6-8e36-9d1c1f7d2b6e")
"""A pseudonym as the vault makes them."""


@pytest.fixture
async def db(databases: Databases) -> AsyncIterator[Database]:
    async with Database(*a_database(databases, "intake")) as opened:
        yield opened


def asked(request: UUID) -> RequestRegistered:
    """A request of hers."""
    return replace(registered(request), requester=Person(id=SAGA, name=sealed("Saga Holm")))


async def found(db: Database, *people: UUID, scope: tuple[str, ...] = ("tallvik", "elvehavn")) -> list[int]:
    """Where these people are named."""
    return [position for position, _ in await events_of(db, people, scope=scope, limit=50)]


async def test_who_is_named_is_found_before_the_index_has_come_there_and_after(db: Database) -> None:
    ids = [uuid4() for _ in range(5)]
    async with Store(db, "intake") as store:
        for number, one in enumerate(ids):
            await append(store, asked(one), municipality=("tallvik", "elvehavn")[number % 2])
        assert await found(db, SAGA) == [5, 4, 3, 2, 1]
        naming = Naming(db, at_once=2)
        assert [await naming.run_once() for _ in range(4)] == [2, 2, 1, 0]
        assert await found(db, SAGA) == [5, 4, 3, 2, 1]
        await append(store, asked(uuid4()), municipality="tallvik")
        assert await found(db, SAGA) == [6, 5, 4, 3, 2, 1], "what is new is looked through"
    assert await found(db, uuid4()) == []
    assert await found(db) == []


async def test_nobody_is_found_in_the_events_of_another_municipality(db: Database) -> None:
    ids = [uuid4() for _ in range(4)]
    async with Store(db, "intake") as store:
        for number, one in enumerate(ids):
            await append(store, asked(one), municipality=("tallvik", "elvehavn")[number % 2])
    for _ in range(2):
        assert await found(db, SAGA, scope=("tallvik",)) == [3, 1]
        assert await subjects_of(db, [SAGA], scope=["elvehavn"], limit=9) == [ids[3], ids[1]]
        assert await found(db, SAGA, scope=()) == []
        await Naming(db).run_once()


async def test_the_index_is_made_of_each_event_once(db: Database) -> None:
    async with Store(db, "intake") as store:
        await append(store, asked(uuid4()))
    await Naming(db).run_once()
    await db.worker.execute("UPDATE named_until SET position = 0")
    assert await Naming(db).run_once() == 1
    assert await db.worker.fetchval("SELECT count(*) FROM named WHERE person = $1", SAGA) == 1
