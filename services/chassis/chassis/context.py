"""Who acts, when, and why: what every command is handed besides what it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from contracts.envelope import Envelope

REACTIONS = UUID("6f1d3a52-5d0e-5b0b-9c57-2f6c2f7f5a10")
"""The namespace of command ids that reactions derive. It never changes: a replayed reaction must find its own id."""


def a_person(role: str, person: UUID) -> str:
    """The actor string of a person in a role: "pm/<uuid>"."""
    return f"{role}/{person}"


def a_service_desk(municipality: str) -> str:
    """The actor string of a municipality's Service Desk: "service-desk/<municipality>"."""
    return f"service-desk/{municipality}"


def the_system(service: str) -> str:
    """The actor string of a service acting by itself: "system/portfolio"."""
    return f"system/{service}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Handed to every command. Decisions take time and identity from here and nowhere else."""

    actor: str
    """Who acts: "pm/<uuid>", "service-desk/<municipality>", "system/portfolio". Never a name."""
    actor_name: str | None
    """The actor's name as a sealed token, or None."""
    municipality: str
    """The tenant of the subject acted on."""
    command_id: UUID
    """Makes the command idempotent: the same id has one effect (P3)."""
    now: datetime
    """When, in UTC."""
    correlation: str
    """Shared by everything that came of one thing somebody did."""
    causation: UUID | None = None
    """The event this command reacts to, or None when a person or a ticketing system acts."""
    cause: str | None = None
    """The position of that event, `intake:42@flode.request/7`; `handle` fills in what a person's decision rests on."""
    traceparent: str | None = None
    """The W3C trace context, so that the trace goes on where the event is read."""
    fingerprint: bytes | None = None
    """Hash of the request's body, so that a key reused for another body is refused."""

    def __post_init__(self) -> None:
        if self.now.utcoffset() is None:
            raise ValueError("a context's time must say its offset from UTC")
        if not self.municipality:
            raise ValueError("a context must name the municipality of its subject")

    @classmethod
    def for_reaction(
        cls,
        name: str,
        event: Envelope[Any],
        *,
        service: str,
        now: datetime,
        municipality: str | None = None,
        cause: str | None = None,
        traceparent: str | None = None,
        step: str = "",
    ) -> Context:
        """The context in which the reaction `name` answers an event.

        The command id follows from the two, so that a reaction which is run again does nothing twice. A reaction that
        gives several commands to one subject tells them apart by `step`. The municipality is the event's unless the
        command is about another's subject.
        """
        return cls(
            actor=the_system(service),
            actor_name=None,
            municipality=municipality or event.municipality,
            command_id=uuid5(REACTIONS, f"{name}/{event.id}/{step}"),
            now=now,
            correlation=event.correlation,
            causation=event.id,
            cause=cause,
            traceparent=traceparent or event.traceparent,
        )
