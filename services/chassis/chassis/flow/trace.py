"""One request's way: its events in the order of the log, what each answers, and how long after it. Pure."""

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
    the seconds between the two. `elsewhere` says that it answers an event of another subject."""

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
    """The events of one subject as steps, numbered from 1 in the order of the log."""
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
        )
    return list(known.values())


def cascades(steps: Sequence[Step]) -> list[Cascade]:
    """The steps by the decision they came of, in the order of the log."""
    roots: dict[int, int] = {}
    found: dict[int, list[Step]] = {}
    for step in steps:
        root = roots[step.number] = step.number if step.cause is None else roots[step.cause]
        found.setdefault(root, []).append(step)
    return [Cascade(tuple(members)) for members in found.values()]
