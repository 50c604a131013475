"""One service's log: load a subject's history, append to it, read everything in order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from chassis.context import Context
from chassis.db import Connection, Database
from chassis.decode import decode
from chassis.position import source_of
from chassis.store.command import LOCK, Beside, Command, Outcome, append_together, enclose
from chassis.store.writer import Writer
from contracts.envelope import Envelope
from contracts.event import Event


class VersionConflict(Exception):
    """The subject moved on since the decision was taken. `present` is its version now."""

    def __init__(self, subject: UUID, expected: int, present: int) -> None:
        super().__init__(f"{subject} is at version {present}, not {expected}")
        self.subject, self.expected, self.present = subject, expected, present


class KeyReused(Exception):
    """The idempotency key was used before, for another command."""


class ForeignSubject(Exception):
    """The subject belongs to another municipality than the command."""


class Overtaken(Exception):
    """The row that a command brought may no longer be written: something it rests on has changed."""


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


class Store:
    """The log of one service. Open it before appending; `async with` does."""

    def __init__(self, db: Database, service: str) -> None:
        self.db = db
        self.service = service
        self.source = source_of(service)
        self.writer = Writer(db, service, self.committed)
        self._listeners: list[Callable[[], None]] = []

    async def __aenter__(self) -> Store:
        self.writer.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.writer.stop()

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

    async def load_each(self, subjects: Sequence[UUID], *, within: Connection) -> dict[UUID, list[Envelope[Any]]]:
        """The histories of several subjects, asked for at once."""
        query = "SELECT subject, position, envelope FROM events WHERE subject = ANY ($1) ORDER BY subject, version"
        histories: dict[UUID, list[Envelope[Any]]] = {subject: [] for subject in subjects}
        for row in await within.fetch(query, list(histories)):
            histories[row["subject"]].append(decode(row["envelope"], row["position"]))
        return histories

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

    async def hold(self, within: Connection) -> None:
        """Let nobody else append until the open transaction ends: what is read in it from now on stays so."""
        await within.execute(LOCK)

    async def append(
        self,
        facts: Sequence[Event],
        *,
        context: Context,
        expected: int,
        within: Connection | None = None,
        beside: Beside[Any] | None = None,
        subject: UUID | None = None,
    ) -> Appended:
        """Append facts of one subject after version `expected` (0 for a new subject), once per command id.

        Without `within` it returns after COMMIT. With an open transaction of the worker role it returns when the
        events are written in it, and whoever commits calls `committed`. With a row `beside` there may be no facts;
        `subject` says then whose version is expected.

        Raises VersionConflict, KeyReused, ForeignSubject, Overtaken; nothing was appended then.
        """
        if expected < 0 or not (facts or (beside and subject)):
            raise ValueError("a command that gives no facts, or expects less than nothing, is not appended")
        if len({fact.subject for fact in facts} | ({subject} - {None})) > 1:
            raise ValueError("the facts of a command have one subject")
        command, envelopes = self._command(facts, context, expected, subject or facts[0].subject, beside)
        outcome = await self.writer.put(command) if within is None else (await append_together(within, [command]))[0]
        duplicate = outcome.outcome == "duplicate"
        if duplicate:
            envelopes = await self._of_command(command.id, within)
        first = _position_or_raise(command, outcome)
        return Appended(
            subject=command.subject,
            version=outcome.version,
            positions=tuple(range(first, first + len(envelopes))),
            duplicate=duplicate,
            envelopes=envelopes,
        )

    async def append_each(
        self, decided: Sequence[tuple[Sequence[Event], Context, int]], *, within: Connection
    ) -> list[Outcome]:
        """Append the facts of several commands, each about a subject of its own, in the open transaction and at once.

        Each has facts, a context and the version expected. Raises what `append` raises, for the first it befalls.
        """
        if len({facts[0].subject for facts, _, _ in decided}) < len(decided):
            raise ValueError("commands that are appended at once are about subjects of their own")
        commands = [
            self._command(facts, context, expected, facts[0].subject)[0] for facts, context, expected in decided
        ]
        outcomes = await append_together(within, commands) if commands else []
        for command, outcome in zip(commands, outcomes, strict=True):
            _position_or_raise(command, outcome)
        return outcomes

    def _command(
        self, facts: Sequence[Event], context: Context, expected: int, subject: UUID, beside: Beside[Any] | None = None
    ) -> tuple[Command, tuple[Envelope[Any], ...]]:
        envelopes = enclose(facts, source=self.source, context=context, expected=expected)
        command = Command(
            id=context.command_id,
            fingerprint=context.fingerprint,
            subject=subject,
            expected=expected,
            municipality=context.municipality,
            types=[fact.type for fact in facts],
            messages=[envelope.to_bytes() for envelope in envelopes],
            beside=beside,
        )
        return command, envelopes

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


def _position_or_raise(command: Command, outcome: Outcome) -> int:
    """The position of the command's first event, or what the outcome means to the caller."""
    if outcome.outcome in ("appended", "duplicate"):
        assert outcome.first_position is not None, "what is in the log has a position"
        return outcome.first_position
    if outcome.outcome == "conflict":
        raise VersionConflict(command.subject, command.expected, outcome.version)
    if outcome.outcome == "overtaken":
        raise Overtaken(command.subject)
    if outcome.outcome == "foreign":
        raise ForeignSubject(command.subject)
    raise KeyReused(command.id)
