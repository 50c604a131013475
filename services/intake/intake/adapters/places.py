"""Where a poll goes on, for systems whose lists are read by a moment and an offset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

OVERLAP = 10
"""How many are read again on the next page: one that changed meanwhile leaves its place, and others move up."""


@dataclass(frozen=True, slots=True)
class Place:
    """A moment in whole seconds (UTC), and how many of those that changed then or later were read already.

    The offset is only needed where more tickets changed in one second than fit on a page; otherwise a page begins with
    the last second of the one before, so that a ticket of that second may come twice and none is passed over.
    """

    moment: datetime
    offset: int = 0

    @classmethod
    def at(cls, cursor: str) -> Self:
        """The place that a cursor names; at first it is a moment alone."""
        moment, _, offset = cursor.partition(" ")
        return cls(_whole(datetime.fromisoformat(moment)), int(offset or 0))

    def after(self, moments: Sequence[datetime], *, full: bool) -> Place:
        """The place behind a page of tickets that changed at these moments, in order; `full` if there may be more."""
        if not moments:
            return Place(self.moment)
        last = _whole(moments[-1])
        if full and last == self.moment:
            return Place(last, self.offset + max(len(moments) - OVERLAP, 1))
        return Place(last)

    def __str__(self) -> str:
        return self.moment.isoformat() + (f" {self.offset}" if self.offset else "")


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
