"""Time, handed in. Only the edge of a process looks at a clock; everything inside is told what time it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time, in UTC."""

    def now(self) -> datetime:
        """The present moment."""
        ...


class SystemClock:
    """The machine's clock. It may jump; no order depends on it (P13)."""

    def now(self) -> datetime:
        """What the machine says."""
        return datetime.now(UTC)


class SetClock:
    """A clock that stands still until it is moved: for tests, and for playing a year in a minute."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        """Where the hands stand."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move the hands, forwards or backwards, and tell the new time."""
        self._now += by
        return self._now
