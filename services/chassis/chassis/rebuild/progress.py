"""How far a rebuild has come, and what it came to."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Progress:
    """How far a rebuild has come: its phase, events read of those to read, and how fast."""

    view: str
    phase: str = "starting"
    done: int = 0
    total: int = 0
    began: float = field(default_factory=time.monotonic)

    def enter(self, phase: str, told: Told) -> None:
        """The next phase begins."""
        self.phase = phase
        told(self)

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self.began

    @property
    def rate(self) -> float:
        """Events per second so far."""
        return self.done / max(self.seconds, 1e-6)

    @property
    def eta(self) -> float | None:
        """Seconds to the end of reading, or None while nothing can be said."""
        return (self.total - self.done) / self.rate if self.done else None


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild came to."""

    view: str
    table: str
    events: int
    rows: int
    parked: int
    seconds: float
    compared: bool
    differing: int
    examples: tuple[str, ...] = ()
    """Keys of some of the rows that differ."""


Told = Callable[[Progress], None]


def nobody(_: Progress) -> None:
    """Hears of progress and does nothing."""
