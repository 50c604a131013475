"""A batch is reacted to piece by piece, because while a piece is at work nobody else can append."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from aiokafka import TopicPartition

from chassis import react
from chassis.clock import SystemClock
from chassis.db import Database
from chassis.log import Record
from chassis.react import Reaction, ReactionFollower, Work
from chassis.store import Store
from chassis.testing import Databases, a_database, an_envelope
from contracts.envelope import Envelope
from contracts.intake import RequestRegistered
from contracts.topics import REQUEST
from tests.integration.flow import registered

PARTITION = TopicPartition(REQUEST.name, 4)


def records(many: int) -> list[Record]:
    requests = [uuid4() for _ in range(many)]
    events = [an_envelope(registered(one), sequence=number) for number, one in enumerate(requests, start=1)]
    return [
        Record(
            topic=PARTITION.topic, partition=PARTITION.partition, offset=event.sequence - 1, timestamp=0,
            source=event.source, sequence=event.sequence, key=str(event.subject).encode(), message=event.to_bytes(),
        )
        for event in events
    ]  # fmt: skip


async def test_what_was_reacted_to_before_the_database_fell_is_done(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P5, P10: the place is where the finished pieces end, and it goes on from there."""
    monkeypatch.setattr(react, "MOST_TOGETHER", 10)
    done: list[int] = []

    async def fall_at_the_26th(event: Envelope[Any], _: Work) -> None:
        if event.sequence == 26 and 26 not in done:
            done.append(26)
            raise asyncpg.PostgresConnectionError("the server is gone")

    reaction = Reaction("test.falls", (REQUEST,), RequestRegistered, fall_at_the_26th)
    async with Database(*a_database(databases, "intake")) as db, Store(db, "intake") as store:
        follower = ReactionFollower(reaction, store, SystemClock(), {})
        await follower.restore()
        batch = records(40)
        with pytest.raises(asyncpg.PostgresConnectionError):
            await follower.apply({PARTITION: batch})
        again = ReactionFollower(reaction, store, SystemClock(), {})
        assert (await again.restore())[PARTITION].applied == 20
        await again.apply({PARTITION: batch[20:]})
        assert (again.places[PARTITION].next_offset, again.places[PARTITION].applied) == (40, 40)
