"""One service's log: load a subject's history, append to it, read everything in order.

Commands that arrive while a commit is under way are committed together by the next one. A single writer that commits
many is faster than many that commit one, and it needs the lock that makes positions dense only once (see
`store/schema.sql`, where each command of a batch is judged by itself).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from chassis.context import Context
from chassis.db import Connection, Database
from chassis.decode import decode
from chassis.position import source_of
from chassis.telemetry import TELEMETRY
from contracts.envelope import Envelope
from contracts.event import Event

MOST_TOGETHER = 512
"""Commands committed in one transaction at the most; more wait for the next."""


class VersionConflict(Exception):
    """The subject moved on since the decision was taken. `present` is its version now."""

    def __init__(self, subject: UUID, expected: int, present: int) -> None:
        super().__init__(f"{subject} is at version {present}, not {expected}")
        self.subject, self.expected, self.present = subject, expected, present


class KeyReused(Exception):
    """The idempotency key was used before, for another command."""


class ForeignSubject(Exception):
    """The subject belongs to another municipality than the command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """What an append came to. `duplicate` says that the command had had its effect before; nothing was added now."""

    subject: UUID
    version: int
    positions: tuple[int, ...]
    duplicate: bool
    envelopes: tuple[Envelope[Any], ...]


class Stored(NamedTuple):
    """An event as the log holds it."""

    position: int
    subject: UUID
    type: str
    message: bytes


@dataclass(slots=True)
class Command:
    """A decided command on its way to the log."""

    id: UUID
    fingerprint: bytes | None
    subject: UUID
    expected: int
    municipality: str
    envelopes: tuple[Envelope[Any], ...]
    messages: list[bytes]
    done: asyncio.Future[tuple[str, int, int]] = field(default_factory=asyncio.Future)


def enclose(facts: Sequence[Event], *, source: str, context: Context, expected: int) -> tuple[Envelope[Any], ...]:
    """Put facts into envelopes. Ids follow from the command, so that a repeated command repeats them."""
    return tuple(
        Envelope(
            id=uuid5(context.command_id, str(number)),
            source=source,
            subject=fact.subject,
            version=expected + number,
            time=context.now,
            municipality=context.municipality,
            actor=context.actor,
            actor_name=context.actor_name,
            correlation=context.correlation,
            causation=context.causation,
            cause=context.cause,
            traceparent=context.traceparent,
            data=fact,
        )
        for number, fact in enumerate(facts, start=1)
    )


APPEND = "SELECT outcome, first_position, version FROM flode_append($1, $2, $3, $4, $5, $6, $7, $8)"


async def append_together(connection: Connection, commands: Sequence[Command]) -> list[tuple[str, int, int]]:
    """Judge and append commands in one statement; an outcome for each, in order."""
    rows = await connection.fetch(
        APPEND,
        [command.id for command in commands],
        [command.fingerprint for command in commands],
        [command.subject for command in commands],
        [command.expected for command in commands],
        [len(command.messages) for command in commands],
        [command.municipality for command in commands],
        [envelope.data.type for command in commands for envelope in command.envelopes],
        [message for command in commands for message in command.messages],
    )
    return [(row["outcome"], row["first_position"] or 0, row["version"]) for row in rows]


class Store:
    """The log of one service. Open it before appending; `async with` does."""

    def __init__(self, db: Database, service: str) -> None:
        self.db = db
        self.service = service
        self.source = source_of(service)
        self._waiting: deque[Command] = deque()
        self._wake = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[], None]] = []

    async def __aenter__(self) -> Store:
        self._writer = asyncio.create_task(self._write(), name="store-writer")
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Be told, in this process, each time something was committed. The relay listens."""
        self._listeners.append(listener)

    def committed(self) -> None:
        """Say that a transaction which appended has been committed."""
        for listener in self._listeners:
            listener()

    async def load(self, subject: UUID, *, within: Connection | None = None) -> list[Envelope[Any]]:
        """A subject's history at this service, first version first; empty when there is none."""
        query = "SELECT position, envelope FROM events WHERE subject = $1 ORDER BY version"
        rows = await (within or self.db.worker).fetch(query, subject)
        return [decode(row["envelope"], row["position"]) for row in rows]

    async def read(self, after: int = 0, *, limit: int = 1000) -> list[Stored]:
        """The log in commit order, from the position after `after`, as stored."""
        query = "SELECT position, subject, type, envelope FROM events WHERE position > $1 ORDER BY position LIMIT $2"
        return [Stored(*row) for row in await self.db.worker.fetch(query, after, limit)]

    async def read_all(self, after: int = 0, *, chunk: int = 5000) -> AsyncIterator[Stored]:
        """The whole log to its present end, in commit order."""
        while rows := await self.read(after, limit=chunk):
            for row in rows:
                yield row
            after = rows[-1].position

    async def head(self) -> int:
        """The last position given; 0 when the log is empty."""
        position: int = await self.db.worker.fetchval("SELECT position FROM log_head")
        return position

    async def append(
        self, facts: Sequence[Event], *, context: Context, expected: int, within: Connection | None = None
    ) -> Appended:
        """Append facts of one subject after version `expected` (0 for a new subject), once per command id.

        Without `within` it returns after COMMIT. With an open transaction of the worker role it returns when the
        events are written in it, and whoever commits calls `committed`.

        Raises VersionConflict, KeyReused, ForeignSubject; nothing was appended then.
        """
        if not facts:
            raise ValueError("a command that gives no facts is not appended")
        if len({fact.subject for fact in facts}) > 1:
            raise ValueError("the facts of a command have one subject")
        envelopes = enclose(facts, source=self.source, context=context, expected=expected)
        command = Command(
            id=context.command_id,
            fingerprint=context.fingerprint,
            subject=facts[0].subject,
            expected=expected,
            municipality=context.municipality,
            envelopes=envelopes,
            messages=[envelope.to_bytes() for envelope in envelopes],
        )
        if within is not None:
            outcome = (await append_together(within, [command]))[0]
        else:
            self._waiting.append(command)
            self._wake.set()
            outcome = await command.done
        return await self._appended(command, outcome, within)

    async def _appended(self, command: Command, outcome: tuple[str, int, int], within: Connection | None) -> Appended:
        match outcome:
            case ("appended", first, version):
                return Appended(
                    subject=command.subject,
                    version=version,
                    positions=tuple(range(first, first + len(command.messages))),
                    duplicate=False,
                    envelopes=command.envelopes,
                )
            case ("duplicate", first, version):
                earlier = await self._of_command(command.id, within)
                return Appended(
                    subject=command.subject,
                    version=version,
                    positions=tuple(range(first, first + len(earlier))),
                    duplicate=True,
                    envelopes=earlier,
                )
            case ("conflict", _, present):
                raise VersionConflict(command.subject, command.expected, present)
            case ("foreign", _, _):
                raise ForeignSubject(command.subject)
            case _:
                raise KeyReused(command.id)

    async def find_command(
        self, command_id: UUID, fingerprint: bytes | None = None, *, within: Connection | None = None
    ) -> tuple[Envelope[Any], ...]:
        """The events a command gave, or nothing when it has not been given (or gave none).

        Raises KeyReused when the id was used for a command with another fingerprint.
        """
        query = "SELECT fingerprint FROM events WHERE command_id = $1"
        row = await (within or self.db.worker).fetchrow(query, command_id)
        if row is None:
            return ()
        if fingerprint is not None and row["fingerprint"] not in (None, fingerprint):
            raise KeyReused(command_id)
        return await self._of_command(command_id, within)

    async def _of_command(self, command_id: UUID, within: Connection | None) -> tuple[Envelope[Any], ...]:
        query = (
            "SELECT e.position, e.envelope FROM events c JOIN events e "
            "ON e.position BETWEEN c.position AND c.position + c.command_events - 1 "
            "WHERE c.command_id = $1 ORDER BY e.position"
        )
        rows = await (within or self.db.worker).fetch(query, command_id)
        return tuple(decode(row["envelope"], row["position"]) for row in rows)

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._write_once(self._take())

    def _take(self) -> list[Command]:
        """The commands to commit next: no two of the same subject or id, which wait for the next transaction."""
        taken: list[Command] = []
        put_back: list[Command] = []
        subjects: set[UUID] = set()
        ids: set[UUID] = set()
        while self._waiting and len(taken) < MOST_TOGETHER:
            command = self._waiting.popleft()
            if command.done.cancelled():
                continue
            if command.subject in subjects or command.id in ids:
                put_back.append(command)
            else:
                subjects.add(command.subject)
                ids.add(command.id)
                taken.append(command)
        self._waiting.extendleft(reversed(put_back))
        return taken

    async def _write_once(self, commands: list[Command]) -> None:
        if not commands:
            return
        began = time.perf_counter()
        try:
            async with self.db.worker.acquire() as connection:
                outcomes = await append_together(connection, commands)
        except asyncio.CancelledError:
            for command in commands:
                command.done.cancel()
            raise
        except Exception as failure:  # noqa: BLE001  each caller is told; whether it was committed is not known
            for command in commands:
                if not command.done.done():
                    command.done.set_exception(failure)
            return
        TELEMETRY.measures.appended(self.service, commands=len(commands), seconds=time.perf_counter() - began)
        self.committed()
        for command, outcome in zip(commands, outcomes, strict=True):
            if not command.done.done():
                command.done.set_result(outcome)
