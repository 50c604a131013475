"""What is to be done outside: written in the transaction that decided it, sent at least once, under a stable key.

A rebuild or a replay writes nothing here, because only reactions do, and they run once for each event.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec
import structlog

from chassis.db import Connection, Database
from chassis.parking import reason_of
from chassis.telemetry import TELEMETRY, span

log = structlog.get_logger(__name__)

LEASE_SECONDS = 60
"""How long an attempt may take before another sender may try as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Something to be done outside. `key` is the idempotency key the receiver is shown; personal data in `payload` is
    sealed. `attempts` counts this one."""

    id: int
    channel: str
    key: str
    municipality: str
    payload: dict[str, Any]
    attempts: int
    created_at: datetime
    traceparent: str | None = None


class Retry(Exception):
    """It did not work now; try again after so many seconds, or by the usual backoff when none are given."""

    def __init__(self, reason: str, after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.after_seconds = reason, after_seconds


class GiveUp(Exception):
    """It will never work; somebody must look at it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Due(NamedTuple):
    """An effect that is to be written."""

    channel: str
    key: str
    municipality: str
    payload: dict[str, Any]
    traceparent: str | None = None


async def write_effects(connection: Connection, effects: Sequence[Due]) -> None:
    """Write effects in the open transaction, in order. The same key is due only once, however often it is written."""
    if effects:
        await connection.execute(
            "INSERT INTO effects (channel, key, municipality, payload, traceparent) "
            "SELECT channel, key, municipality, payload, traceparent "
            "FROM unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::text[]) WITH ORDINALITY "
            "AS d(channel, key, municipality, payload, traceparent, n) ORDER BY n ON CONFLICT DO NOTHING",
            [due.channel for due in effects],
            [due.key for due in effects],
            [due.municipality for due in effects],
            [msgspec.json.encode(due.payload).decode() for due in effects],
            [due.traceparent for due in effects],
        )


TAKE = """
WITH held AS (
    SELECT coalesce(payload #>> $4, key) AS line, min(id) AS id
    FROM effects WHERE channel = $1 AND state = 'due' AND due_at > statement_timestamp() GROUP BY 1
), next AS (
    SELECT e.id FROM effects e
    WHERE e.channel = $1 AND e.state = 'due' AND e.due_at <= statement_timestamp()
      AND NOT EXISTS (SELECT FROM held h WHERE h.line = coalesce(e.payload #>> $4, e.key) AND h.id < e.id)
    ORDER BY e.id LIMIT $2)
UPDATE effects e SET attempts = attempts + 1, due_at = clock_timestamp() + make_interval(secs => $3)
FROM next WHERE e.id = next.id
RETURNING e.id, channel, key, municipality, payload, attempts, created_at, traceparent,
    coalesce(payload #>> $4, key) AS line
"""
"""The first that are due, but for those that stand in line behind one that waits for its next try or is being tried."""

ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('flode sender'), hashtext($1))"

NOTE = """
UPDATE effects e SET state = t.state, due_at = clock_timestamp() + make_interval(secs => t.pause),
    reason = CASE WHEN t.tried THEN t.reason ELSE e.reason END,
    attempts = CASE WHEN t.tried THEN e.attempts ELSE e.attempts - 1 END,
    done_at = CASE WHEN t.state <> 'due' THEN clock_timestamp() END
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::float8[], $5::boolean[]) AS t(id, state, reason, pause, tried)
WHERE e.id = t.id
"""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of an effect: sent, given up for a reason, or still due after a pause in seconds; not even tried when
    one before it in its line was not done."""

    effect: Effect
    state: Literal["sent", "given_up", "due"]
    reason: str | None = None
    pause: float = 0.0
    tried: bool = True


@dataclass(frozen=True)
class Sender:
    """Sends the effects of one channel.

    send      does it; raises Retry or GiveUp, and whatever else it raises is tried again
    settled   told in the same transaction that marks effects: appends the facts that they were sent, or given up for a
              reason
    in_line   the path of the payload's field whose equals keep their order: none is tried before those that came before
              it are sent or given up; without a path, each effect goes for itself
    attempts  how often it is tried before it is given up
    together  how many are taken at once; a mail server gets as many connections as there are lines among them
    every     seconds between two looks at what is due, while nothing is
    """

    channel: str
    send: Callable[[Effect], Awaitable[None]]
    settled: Callable[[Connection, Sequence[tuple[Effect, str | None]]], Awaitable[None]] | None = None
    in_line: tuple[str, ...] | None = None
    attempts: int = 12
    together: int = 32
    every: float = 0.5
    first_pause: float = 2.0
    longest_pause: float = 3600.0

    def pause(self, attempt: int) -> float:
        """Seconds before the next attempt: doubling, with a third of chance so that many do not come at once."""
        longest = min(self.longest_pause, self.first_pause * float(2 ** (attempt - 1)))
        return longest * random.uniform(0.67, 1.33)  # noqa: S311


class SenderLoop:
    """Runs a sender until cancelled."""

    def __init__(self, sender: Sender, db: Database) -> None:
        self.sender, self.db = sender, db

    async def run(self) -> None:
        """Send what is due, look again from time to time."""
        while True:
            if not await self.run_once():
                await self._measure()
                await asyncio.sleep(self.sender.every)

    async def run_once(self) -> int:
        """Try what is due now, lines beside one another; returns how many were tried."""
        sending = {asyncio.create_task(self._line(line)) for line in await self._take()}
        tried = 0
        try:
            while sending:
                done, sending = await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
                results = [one for line in done for one in line.result()]
                await self._note(results)
                tried += sum(one.tried for one in results)
        finally:
            for line in sending:
                line.cancel()
            await asyncio.gather(*sending, return_exceptions=True)
        return tried

    async def _take(self) -> list[list[Effect]]:
        """What is to be tried now, line by line, each in order."""
        sender = self.sender
        async with self.db.work() as connection:
            await connection.execute(ONE_AT_A_TIME, sender.channel)
            rows = await connection.fetch(TAKE, sender.channel, sender.together, float(LEASE_SECONDS), sender.in_line)
        lines: dict[str, list[Effect]] = {}
        for row in sorted(map(dict, rows), key=lambda row: row["id"]):
            line, payload = row.pop("line"), msgspec.json.decode(row.pop("payload"))
            lines.setdefault(line, []).append(Effect(**row, payload=payload))
        return list(lines.values())

    async def _line(self, line: list[Effect]) -> list[Tried]:
        """Try those of a line one after the other, for as long as each is done and the lease allows."""
        until = time.monotonic() + LEASE_SECONDS * 0.15
        tried: list[Tried] = []
        for effect in line:
            tried.append(await self._try(effect))
            if tried[-1].state == "due" or time.monotonic() > until:
                break
        return tried + [Tried(effect, "due", tried=False) for effect in line[len(tried) :]]

    async def _try(self, effect: Effect) -> Tried:
        with span(f"send {effect.channel}", "client", parent=effect.traceparent):
            try:
                await asyncio.wait_for(self.sender.send(effect), LEASE_SECONDS * 0.75)
            except GiveUp as hopeless:
                return Tried(effect, "given_up", hopeless.reason)
            except Retry as later:
                return self._later(effect, later.reason, later.after_seconds)
            except Exception as failure:  # noqa: BLE001  an adapter's surprise is a reason to try again, not to stop
                return self._later(effect, reason_of(failure), None)
            return Tried(effect, "sent")

    def _later(self, effect: Effect, reason: str, after_seconds: float | None) -> Tried:
        if effect.attempts >= self.sender.attempts:
            return Tried(effect, "given_up", reason)
        seconds = self.sender.pause(effect.attempts) if after_seconds is None else after_seconds
        return Tried(effect, "due", reason, float(seconds))

    async def _note(self, tried: Sequence[Tried]) -> None:
        """Note what came of effects, and have the facts of it appended, in one transaction."""
        async with self.db.work() as connection:
            done = [(one.effect, one.reason) for one in tried if one.state != "due"]
            if self.sender.settled is not None and done:
                await self.sender.settled(connection, done)
            rows = [(one.effect.id, one.state, one.reason, one.pause, one.tried) for one in tried]
            await connection.execute(NOTE, *map(list, zip(*rows, strict=True)))
        for one in tried:
            if one.tried:
                log.info(
                    "effect.tried", state=one.state, channel=one.effect.channel, key=one.effect.key,
                    attempts=one.effect.attempts, reason=one.reason,
                )  # fmt: skip

    async def _measure(self) -> None:
        query = "SELECT count(*) FROM effects WHERE channel = $1 AND state = 'due'"
        TELEMETRY.measures.outbox(self.sender.channel, await self.db.worker.fetchval(query, self.sender.channel))
