"""Who is named in which event of a service's log, so that what a person did, or is named in, is found at once.

An event knows a person by their pseudonym alone: in who did it, in what it says, and in the sealed texts. The index
stands beside the log and is filled a little behind it, so that appending costs no more; what it has not come to yet is
looked through.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from chassis.db import Database

AT_ONCE, EVERY_SECONDS = 500, 2.0
"""How many events are gone through in one transaction, and how long is waited when there are no more."""
PSEUDONYM = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
"""The vault's ids of people are of version 8, and no others are."""
NEXT = """
SELECT position, municipality, subject, envelope FROM events
WHERE position > (SELECT position FROM named_until) ORDER BY position LIMIT $1
"""
"""Positions are seen in their order, so none comes later."""
NAMES = """
INSERT INTO named (person, municipality, position, subject)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::uuid[]) ON CONFLICT DO NOTHING
"""
NAMED_IN = """
SELECT position, envelope FROM (
    SELECT e.position, e.envelope FROM events e WHERE e.position = ANY (ARRAY(
        SELECT DISTINCT n.position FROM named n WHERE n.person = ANY ($1::uuid[])
            AND n.municipality = ANY ((SELECT flode_scope())::text[]) ORDER BY n.position DESC LIMIT $2))
    UNION ALL
    SELECT e.position, e.envelope FROM events e WHERE e.position > $3 AND ({})
) found ORDER BY position DESC LIMIT $2
"""
SUBJECTS = """
SELECT subject FROM (
    SELECT n.subject, n.position FROM named n WHERE n.person = ANY ($1::uuid[])
        AND n.municipality = ANY ((SELECT flode_scope())::text[])
    UNION ALL
    SELECT e.subject, e.position FROM events e WHERE e.position > $3 AND ({})
) found GROUP BY subject ORDER BY max(position) DESC LIMIT $2
"""


@dataclass(frozen=True, slots=True)
class Naming:
    """Fills the index of a service, for ever."""

    db: Database
    at_once: int = AT_ONCE

    async def run(self) -> None:
        """Go through the log, and then through what comes to it."""
        while True:
            if await self.run_once() < self.at_once:
                await asyncio.sleep(EVERY_SECONDS)

    async def run_once(self) -> int:
        """Go through some of the log; how many events."""
        async with self.db.work(durable=False) as connection:
            events = await connection.fetch(NEXT, self.at_once)
            if events:
                found = [
                    (person.decode(), event["municipality"], event["position"], event["subject"])
                    for event in events
                    for person in set(PSEUDONYM.findall(event["envelope"]))
                ]
                if found:
                    await connection.execute(NAMES, *map(list, zip(*found, strict=True)))
                await connection.execute("UPDATE named_until SET position = $1", events[-1]["position"])
            return len(events)


async def events_of(
    db: Database, people: Sequence[UUID], *, scope: Iterable[str], limit: int
) -> list[tuple[int, bytes]]:
    """Position and envelope of the events of these municipalities that name one of these people, the latest first."""
    return [(row["position"], row["envelope"]) for row in await _asked(db, NAMED_IN, people, scope, limit)]


async def subjects_of(db: Database, people: Sequence[UUID], *, scope: Iterable[str], limit: int) -> list[UUID]:
    """Of what such events are, the latest first."""
    return [row["subject"] for row in await _asked(db, SUBJECTS, people, scope, limit)]


async def _asked(
    db: Database, sql: str, people: Sequence[UUID], scope: Iterable[str], limit: int
) -> list[asyncpg.Record]:
    if not people:
        return []
    each = " OR ".join(f"position(${number} in e.envelope) > 0" for number in range(4, len(people) + 4))
    texts = [str(one).encode() for one in people]
    async with db.scoped(scope) as connection:
        # Told apart, so that PostgreSQL knows how little of the log is left to be looked through.
        until = await connection.fetchval("SELECT position FROM named_until")
        return await connection.fetch(sql.format(each), list(people), limit, until, *texts)
