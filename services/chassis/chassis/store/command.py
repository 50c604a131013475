"""A decided command on its way to the log, and the one statement that judges and appends many of them.

A command may bring a row of the service's own, which is written in the same transaction or not at all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID, uuid5

from chassis.context import Context
from chassis.db import ALL, Connection, set_scope
from contracts.envelope import Envelope
from contracts.event import Event

R = TypeVar("R")


class Outcome(NamedTuple):
    """What a command came to (see `store/schema.sql`). The position is None where nothing was ever appended.

    "overtaken" is added here: the row it brings may no longer be written.
    """

    outcome: str
    first_position: int | None
    version: int


@dataclass(frozen=True, slots=True)
class Ledger(Generic[R]):
    """A table of the service's own whose rows are written with commands. Both are asked while nobody else appends.

    holds  which rows may still be written: those whose decision rests on what is still so
    write  writes rows, each with what its command came to
    """

    holds: Callable[[Connection, Sequence[R]], Awaitable[Sequence[bool]]]
    write: Callable[[Connection, Sequence[tuple[R, Outcome]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Beside(Generic[R]):
    """A row that is written with a command, or not at all.

    Commands that bring rows of one key have one id or subject, so that they are never judged together.
    """

    ledger: Ledger[R]
    row: R


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What is appended for one command: events of one subject, as their types and the messages to be stored.

    There may be none, if a row is written beside them. `expected` is the subject's version before it: 0 for a new one,
    -1 for a new one whose first event is version 0.
    """

    id: UUID
    subject: UUID
    expected: int
    municipality: str
    types: list[str]
    messages: list[bytes]
    fingerprint: bytes | None = None
    beside: Beside[Any] | None = None


LOCK = "SELECT position FROM log_head WHERE one FOR UPDATE"
"""Nobody else appends until the open transaction ends, and what is asked from here on sees all that was committed."""

APPEND = "SELECT outcome, first_position, version FROM flode_append($1, $2, $3, $4, $5, $6, $7, $8)"


async def append_together(connection: Connection, commands: Sequence[Command]) -> list[Outcome]:
    """Judge and append commands, with the rows they bring; an outcome for each, in order.

    No two of them may share a subject or an id. It takes an open transaction if one of them brings a row.
    """
    if all(command.beside is None for command in commands):
        return await _append(connection, commands)
    await set_scope(connection, (ALL,))
    await connection.execute(LOCK)
    overtaken: set[int] = set()
    for ledger, numbers in _by_ledger(commands, range(len(commands))).items():
        held = await ledger.holds(connection, [_row(commands[number]) for number in numbers])
        overtaken |= {number for number, holds in zip(numbers, held, strict=True) if not holds}
    judged = [number for number in range(len(commands)) if number not in overtaken]
    outcomes = dict.fromkeys(overtaken, Outcome("overtaken", None, 0))
    if judged:
        appended = await _append(connection, [commands[number] for number in judged])
        outcomes |= zip(judged, appended, strict=True)
    done = [number for number in judged if outcomes[number].outcome in ("appended", "duplicate")]
    for ledger, numbers in _by_ledger(commands, done).items():
        await ledger.write(connection, [(_row(commands[number]), outcomes[number]) for number in numbers])
    return [outcomes[number] for number in range(len(commands))]


def _by_ledger(commands: Sequence[Command], numbers: Iterable[int]) -> dict[Ledger[Any], list[int]]:
    found: dict[Ledger[Any], list[int]] = {}
    for number in numbers:
        beside = commands[number].beside
        if beside is not None:
            found.setdefault(beside.ledger, []).append(number)
    return found


def _row(command: Command) -> Any:
    assert command.beside is not None
    return command.beside.row


async def _append(connection: Connection, commands: Sequence[Command]) -> list[Outcome]:
    rows = await connection.fetch(
        APPEND,
        [command.id for command in commands],
        [command.fingerprint for command in commands],
        [command.subject for command in commands],
        [command.expected for command in commands],
        [len(command.messages) for command in commands],
        [command.municipality for command in commands],
        [kind for command in commands for kind in command.types],
        [message for command in commands for message in command.messages],
    )
    return [Outcome(*row) for row in rows]


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
