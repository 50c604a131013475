"""A decided command on its way to the log, and the one statement that judges and appends many of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from chassis.context import Context
from chassis.db import Connection
from contracts.envelope import Envelope
from contracts.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What is appended for one command: events of one subject, as their types and the messages to be stored.

    `expected` is the subject's version before it: 0 for a new one, -1 for a new one whose first event is version 0.
    """

    id: UUID
    subject: UUID
    expected: int
    municipality: str
    types: list[str]
    messages: list[bytes]
    fingerprint: bytes | None = None


class Outcome(NamedTuple):
    """What a command came to (see `store/schema.sql`). The position is None where nothing was ever appended."""

    outcome: str
    first_position: int | None
    version: int


APPEND = "SELECT outcome, first_position, version FROM flode_append($1, $2, $3, $4, $5, $6, $7, $8)"


async def append_together(connection: Connection, commands: Sequence[Command]) -> list[Outcome]:
    """Judge and append commands in one statement; an outcome for each, in order.

    No two of them may share a subject or an id.
    """
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
