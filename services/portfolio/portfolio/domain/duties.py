"""When a report is due (TY-15, IT-20). Pure: computed from what has happened, never from who asks.

The directive gives two cadences: a short check-in and a fixed meeting, each every so many days. Days are counted from
the last report of that cadence, or from the day the counting began: when the project had both a leader and cadences,
when it got another leader, when it was resumed. A report for the fixed meeting answers the short check-in as well.
While a project is postponed or stopped, and when it is completed or has left, nothing is due.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from contracts.portfolio import CadenceKind

ANSWERS: dict[CadenceKind, tuple[CadenceKind, ...]] = {"short": ("short",), "fixed": ("short", "fixed")}
"""Which cadences a report of a kind answers."""


def next_due(since: datetime, days: int) -> datetime:
    """When the next report is due, counted from the last one or from the beginning."""
    return since + timedelta(days=days)


def due_times(since: datetime, days: int, until: datetime) -> Iterator[datetime]:
    """Every due time that has passed by `until`, the first one first: each is a report that did not come (TY-15)."""
    due = next_due(since, days)
    while due <= until:
        yield due
        due = next_due(due, days)
