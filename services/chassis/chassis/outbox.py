"""What is to be done outside: written in the transaction that decided it, sent at least once, under a stable key.

A rebuild or a replay writes nothing here, because only reactions do, and they run once for each event.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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


async def write_effect(
    connection: Connection,
    *,
    channel: str,
    key: str,
    municipality: str,
    payload: dict[str, Any],
    traceparent: str | None = None,
) -> None:
    """Write an effect in the open transaction. The same key is due only once, however often it is written."""
    await connection.execute(
        "INSERT INTO effects (channel, key, municipality, payload, traceparent) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT DO NOTHING",
        channel, key, municipality, msgspec.json.encode(payload).decode(), traceparent,
    )  # fmt: skip


TAKE = """
WITH first AS (
    SELECT DISTINCT ON (coalesce(payload #>> $4, key)) id
    FROM effects WHERE channel = $1 AND state = 'due' ORDER BY coalesce(payload #>> $4, key), id)
UPDATE effects SET attempts = attempts + 1, due_at = clock_timestamp() + make_interval(secs => $3)
WHERE id IN (
    SELECT e.id FROM effects e JOIN first USING (id) WHERE e.due_at <= clock_timestamp()
    ORDER BY e.due_at, e.id LIMIT $2 FOR UPDATE OF e SKIP LOCKED)
RETURNING id, channel, key, municipality, payload, attempts, created_at, traceparent
"""


@dataclass(frozen=True)
class Sender:
    """Sends the effects of one channel.

    send      does it; raises Retry or GiveUp, and whatever else it raises is tried again
    settled   told in the same transaction that marks the effect: appends the fact that it was sent or given up
    in_line   the path of the payload's field whose equals keep their order: none is tried before those that came before
              it are sent or given up; without a path, each effect goes for itself
    attempts  how often it is tried before it is given up
    """

    channel: str
    send: Callable[[Effect], Awaitable[None]]
    settled: Callable[[Connection, Effect, str | None], Awaitable[None]] | None = None
    in_line: tuple[str, ...] | None = None
    attempts: int = 12
    first_pause: float = 2.0
    longest_pause: float = 3600.0

    def pause(self, attempt: int) -> float:
        """Seconds before the next attempt: doubling, with a third of chance so that many do not come at once."""
        longest = min(self.longest_pause, self.first_pause * float(2 ** (attempt - 1)))
        return longest * random.uniform(0.67, 1.33)  # noqa: S311


class SenderLoop:
    """Runs a sender until cancelled."""

    def __init__(self, sender: Sender, db: Database, *, poll_seconds: float = 0.5, together: int = 8) -> None:
        self.sender, self.db = sender, db
        self.poll_seconds, self.together = poll_seconds, together

    async def run(self) -> None:
        """Send what is due, look again every `poll_seconds`."""
        while True:
            if not await self.run_once():
                await self._measure()
                await asyncio.sleep(self.poll_seconds)

    async def run_once(self) -> int:
        """Try what is due now; returns how many were tried."""
        async with self.db.work() as connection:
            rows = await connection.fetch(
                TAKE, self.sender.channel, self.together, float(LEASE_SECONDS), self.sender.in_line
            )
        effects = [Effect(**{**row, "payload": msgspec.json.decode(row["payload"])}) for row in map(dict, rows)]
        await asyncio.gather(*(self._try(effect) for effect in effects))
        return len(effects)

    async def _try(self, effect: Effect) -> None:
        with span(f"send {effect.channel}", "client", parent=effect.traceparent):
            try:
                await asyncio.wait_for(self.sender.send(effect), LEASE_SECONDS * 0.8)
            except GiveUp as hopeless:
                await self._settle(effect, hopeless.reason)
            except Retry as later:
                await self._later(effect, later.reason, later.after_seconds)
            except Exception as failure:  # noqa: BLE001  an adapter's surprise is a reason to try again, not to stop
                await self._later(effect, reason_of(failure), None)
            else:
                await self._settle(effect, None)

    async def _later(self, effect: Effect, reason: str, after_seconds: float | None) -> None:
        if effect.attempts >= self.sender.attempts:
            await self._settle(effect, reason)
            return
        seconds = self.sender.pause(effect.attempts) if after_seconds is None else after_seconds
        log.info("effect.later", channel=effect.channel, key=effect.key, attempts=effect.attempts, reason=reason)
        async with self.db.work() as connection:
            await connection.execute(
                "UPDATE effects SET due_at = clock_timestamp() + make_interval(secs => $2), reason = $3 WHERE id = $1",
                effect.id, float(seconds), reason,
            )  # fmt: skip

    async def _settle(self, effect: Effect, hopeless: str | None) -> None:
        state = "sent" if hopeless is None else "given_up"
        async with self.db.work() as connection:
            if self.sender.settled is not None:
                await self.sender.settled(connection, effect, hopeless)
            await connection.execute(
                "UPDATE effects SET state = $2, reason = $3, done_at = clock_timestamp() WHERE id = $1",
                effect.id, state, hopeless,
            )  # fmt: skip
        log.info("effect.settled", state=state, channel=effect.channel, key=effect.key, attempts=effect.attempts)

    async def _measure(self) -> None:
        query = "SELECT count(*) FROM effects WHERE channel = $1 AND state = 'due'"
        TELEMETRY.measures.outbox(self.sender.channel, await self.db.worker.fetchval(query, self.sender.channel))
