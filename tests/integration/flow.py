"""A small service of a test's own: its store, relay, view and reaction, run for as long as a test needs them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from chassis.log import LogReader, Record, all_partitions
from chassis.testing import NOON, a_context, a_person_id, sealed
from chassis.views import Row, View
from contracts.envelope import Envelope
from contracts.intake import ClassifiedAsProject, RequestRegistered, RequestWithdrawn
from contracts.topics import REQUEST
from contracts.values import Person, TicketRef

IDEMPOTENT = bool(os.environ.get("FLODE_TEST_KAFKA"))
"""Whether the broker keeps idempotent producers apart: Apache Kafka does, the embedded one does not."""


class Counted(Row, frozen=True):
    """What the test's view keeps of a request."""

    request_id: UUID
    municipality: str
    title: str
    events: int
    state: str
    changed_at: datetime
    tags: tuple[str, ...] = ()
    last: dict[str, str] | None = None


def evolve(row: Counted | None, event: Envelope[Any]) -> Counted | None:
    fact = event.data
    match fact:
        case RequestRegistered():
            return Counted(
                request_id=event.subject,
                municipality=event.municipality,
                title=fact.title,
                events=1,
                state="new",
                changed_at=event.time,
                tags=fact.serves,
            )
        case ClassifiedAsProject():
            if fact.reason == "poison":
                raise ValueError("this fold cannot swallow it")
            assert row is not None
            return row.replace(events=row.events + 1, state="project", last={"reason": fact.reason})
        case RequestWithdrawn():
            return None
        case _:
            raise AssertionError(fact)


def counted(version: int = 1) -> View[Counted]:
    return View(
        "counted",
        version=version,
        row=Counted,
        facts=RequestRegistered | ClassifiedAsProject | RequestWithdrawn,
        topics=(REQUEST,),
        evolve=evolve,
        indexes=("state",),
    )


ANNA = Person(id=a_person_id("Anna Sund"), name=sealed("Anna Sund"))


def registered(request: UUID, title: str = "Nytt bokningssystem") -> RequestRegistered:
    ticket = TicketRef(system="generic", external_id=str(request))
    return RequestRegistered(request_id=request, ticket=ticket, title=title, requester=ANNA, opened_at=NOON)


def classified(request: UUID, reason: str = "stort") -> ClassifiedAsProject:
    ticket = TicketRef(system="generic", external_id=str(request))
    return ClassifiedAsProject(
        request_id=request, reason=reason, criteria=(), title="Nytt bokningssystem", requester=ANNA, ticket=ticket
    )


async def append(store: Any, *facts: Any, expected: int = 0, **context: Any) -> Any:
    return await store.append(facts, context=a_context(command_id=uuid4(), **context), expected=expected)


@asynccontextmanager
async def running(*runs: Callable[[], Awaitable[None]]) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Run these beside the test; a fault in one fails the test."""
    tasks = [asyncio.ensure_future(run()) for run in runs]
    try:
        yield tasks
    finally:
        faults = [fault for task in tasks if task.done() and not task.cancelled() and (fault := task.exception())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if faults:
            raise faults[0]


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = 60.0) -> None:
    """Wait until something is so, or fail."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


async def everything_in(kafka: str) -> list[Record]:
    """What the topic of requests holds, to where it ends now."""
    partitions = all_partitions((REQUEST,))
    async with LogReader(kafka, client_id="test") as reader:
        ends = await reader.ends(partitions)
        reader.start_at(dict.fromkeys(partitions, 0))
        found: list[Record] = []
        while len(found) < sum(ends.values()):
            for records in (await reader.batch()).values():
                found += records
        return found
