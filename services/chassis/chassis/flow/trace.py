"""One request's way: its events and those that speak of it, what each answers, and how long after it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.position import Position
from contracts.envelope import Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An event on the way. `depth` counts the causes before it; `cause` is the number of the step it answers; `delay`
    the seconds between the two. `elsewhere` says that it answers an event that is not on the way; `attempts` how often
    a message was tried until it was handed over or given up."""

    number: int
    position: str
    service: str
    type: str
    time: datetime
    actor: str
    correlation: str
    depth: int
    cause: int | None
    delay: float | None
    elsewhere: bool
    topic: str
    attempts: int | None = None


@dataclass(frozen=True, slots=True)
class Cascade:
    """What came of one decision: the event and all that answer it, directly or by others."""

    steps: tuple[Step, ...]

    @property
    def began(self) -> datetime:
        """When the first was decided."""
        return self.steps[0].time

    @property
    def seconds(self) -> float:
        """From the first to the last."""
        return max((step.time - self.began).total_seconds() for step in self.steps)


def steps_of(history: Sequence[tuple[Position, Envelope[Any]]]) -> list[Step]:
    """Events as steps, numbered from 1 in the order they are given."""
    known: dict[UUID, Step] = {}
    for number, (position, event) in enumerate(history, 1):
        cause = known.get(event.causation) if event.causation else None
        known[event.id] = Step(
            number=number,
            position=str(position),
            service=position.service,
            type=event.data.type,
            time=event.time,
            actor=event.actor.partition("/")[0],
            correlation=event.correlation,
            depth=cause.depth + 1 if cause else 0,
            cause=cause.number if cause else None,
            delay=(event.time - cause.time).total_seconds() if cause else None,
            elsewhere=event.causation is not None and cause is None,
            topic=position.topic,
            attempts=getattr(event.data, "attempts", None),
        )
    return list(known.values())


def in_order(events: Sequence[tuple[Position, Envelope[Any]]]) -> list[tuple[Position, Envelope[Any]]]:
    """Events of several topics in the order they were decided, each after the one it answers: the clocks of two
    services may differ, what answers comes later all the same."""
    by_id = {event.id: event for _, event in events}

    def since(event: Envelope[Any]) -> tuple[datetime, int]:
        cause = by_id.get(event.causation) if event.causation else None
        if cause is None:
            return event.time, 0
        earlier, depth = since(cause)
        return (event.time, 0) if event.time > earlier else (earlier, depth + 1)

    return sorted(events, key=lambda each: since(each[1]))


def cascades(steps: Sequence[Step]) -> list[Cascade]:
    """The steps by the decision they came of, in the order of the log."""
    roots: dict[int, int] = {}
    found: dict[int, list[Step]] = {}
    for step in steps:
        root = roots[step.number] = step.number if step.cause is None else roots[step.cause]
        found.setdefault(root, []).append(step)
    return [Cascade(tuple(members)) for members in found.values()]
