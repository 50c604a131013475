"""How does each connection to a ticketing system do? Asked of what was delivered, polled, asked for and tested; not a
fold, because it is about the road and not about what happened in the municipality.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from chassis.db import Database

STATE = """
SELECT c.municipality, c.system,
    (SELECT max(d.received_at) FROM deliveries d WHERE d.municipality = c.municipality AND d.system = c.system),
    (SELECT max(p.polled_at) FROM polled p WHERE p.municipality = c.municipality AND p.system = c.system),
    (SELECT count(*) FROM deliveries d
        WHERE d.municipality = c.municipality AND d.system = c.system AND d.outcome = 'held'),
    (SELECT count(*) FROM deliveries d
        WHERE d.municipality = c.municipality AND d.system = c.system AND d.outcome = 'parked'),
    e.state, e.attempts, e.reason, e.due_at, e.done_at
FROM unnest($1::text[], $2::text[]) AS c(municipality, system)
LEFT JOIN effects e ON e.channel = 'poll' AND e.municipality = c.municipality AND e.key = c.system
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A connection as it is now."""

    heard_at: datetime | None
    """When it delivered last, or something was found in it."""
    polled_at: datetime | None
    held: int
    """Deliveries that wait until the system was asked for what they do not say."""
    parked: int
    """Deliveries that could not be used."""
    failing: str | None
    """Why asking it for changes does not work now; None while it works, or is not done."""
    attempts: int
    next_at: datetime | None
    """When it is asked again, while it rests after a failure; None when it does not rest."""
    refused_at: datetime | None
    """When it was asked in a way that asking again does not help, such as with a wrong password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A test of a connection, and what came back."""

    at: datetime
    by_whom: str
    by_name: str | None
    answers: bool
    reason: str


async def states(db: Database, desks: list[tuple[str, str]], *, scope: Iterable[str]) -> dict[tuple[str, str], State]:
    """How these connections do, by municipality and system."""
    async with db.scoped(scope) as connection:
        rows = await connection.fetch(STATE, [town for town, _ in desks], [system for _, system in desks])
    return {
        (town, system): State(
            heard_at=heard, polled_at=polled, held=held, parked=parked, attempts=attempts or 0,
            failing=(reason or "") if state == "given_up" or (state == "due" and attempts and reason) else None,
            next_at=due_at if state == "due" and attempts and reason else None,
            refused_at=done_at if state == "given_up" else None,
        )
        for town, system, heard, polled, held, parked, state, attempts, reason, due_at, done_at in rows
    }  # fmt: skip


async def tests(db: Database, municipality: str, system: str, *, scope: Iterable[str]) -> list[Test]:
    """The last tests of a connection, the newest first."""
    async with db.scoped(scope) as connection:
        rows = await connection.fetch(
            "SELECT at, by_whom, by_name, answers, reason FROM tested WHERE municipality = $1 AND system = $2 "
            "ORDER BY at DESC, id DESC LIMIT 20", municipality, system,
        )  # fmt: skip
    return [Test(**dict(row)) for row in rows]


async def note_test(db: Database, municipality: str, system: str, test: Test) -> None:
    """Write down that a connection was tested."""
    async with db.work() as connection:
        await connection.execute(
            "INSERT INTO tested (municipality, system, at, by_whom, by_name, answers, reason) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7)",
            municipality, system, test.at, test.by_whom, test.by_name, test.answers, test.reason,
        )  # fmt: skip
