"""When a report is due (TY-15, IT-20). Pure: computed from what has happened, never from who asks.

The directive gives two cadences: a short check-in and a fixed meeting, each every so many days. Days are counted from
the last report of that cadence, or from the day the counting began: when the project had both a leader and cadences,
when it got another leader, when it was resumed. A report for the fixed meeting answers the short check-in as well.
While a project is postponed or stopped, and when it is completed or has left, nothing is due.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from contracts.event import Event
from contracts.portfolio import (
    Assigned,
    CadenceKind,
    EnteredPortfolio,
    FollowUpAgreed,
    ProjectResumed,
    StatusReported,
    StatusReportMissed,
)
from portfolio.domain.lifecycle import JUST_ENTERED, MAY_HAPPEN, Whereabouts

ANSWERS: dict[CadenceKind, tuple[CadenceKind, ...]] = {"short": ("short",), "fixed": ("short", "fixed")}
"""Which cadences a report of a kind answers."""


@dataclass(frozen=True, slots=True)
class Count:
    """One cadence, being counted."""

    cadence: CadenceKind
    days: int
    since: datetime
    missed: datetime | None = None
    """The last due time that passed without a report, as far as it has been said."""

    @property
    def due(self) -> datetime:
        """When the next report was or is due: the first that has not been answered."""
        return self.since + timedelta(days=self.days)

    @property
    def unsaid(self) -> datetime:
        """The first due time of which it has not been said that it was missed."""
        return self.due if self.missed is None else self.missed + timedelta(days=self.days)

    def passed_by(self, now: datetime) -> Iterator[datetime]:
        """Every due time that has passed and of which nothing has been said, the first one first (TY-15)."""
        due = self.unsaid
        while due <= now:
            yield due
            due += timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Duties:
    """What the leader of a project owes, and since when."""

    where: Whereabouts = JUST_ENTERED
    leader: UUID | None = None
    counts: tuple[Count, ...] = ()

    @property
    def owed(self) -> tuple[Count, ...]:
        """The cadences that run now; none when nobody leads the project, or it rests or is over (TY-04)."""
        if not self.counts or self.leader is None or self.where.state not in MAY_HAPPEN[StatusReported]:
            return ()
        return self.counts

    @property
    def next_due(self) -> datetime | None:
        """When the next report is due, or was (IT-20)."""
        return min((count.due for count in self.owed), default=None)

    @property
    def next_unsaid(self) -> datetime | None:
        """When somebody must look whether a report has come."""
        return min((count.unsaid for count in self.owed), default=None)

    @property
    def overdue(self) -> tuple[CadenceKind, ...]:
        """The cadences of which a report is known to be missing (IT-20)."""
        return tuple(count.cadence for count in self.owed if count.missed is not None)

    def missed_by(self, now: datetime) -> tuple[tuple[CadenceKind, datetime], ...]:
        """Each report that should have come by now and of which nothing has been said, in the order of time."""
        missed = [(count.cadence, due) for count in self.owed for due in count.passed_by(now)]
        return tuple(sorted(missed, key=lambda each: (each[1], each[0])))

    def after(self, fact: Event, at: datetime) -> Duties:
        """What is owed after a fact of the project, which happened at this time; this very value if nothing moved."""
        where = self.where.after(fact)
        moved = self if where is self.where else Duties(where, self.leader, self.counts)
        match fact:
            case EnteredPortfolio():
                return Duties()
            case FollowUpAgreed():
                days: dict[CadenceKind, int] = {"short": fact.cadence.short_days, "fixed": fact.cadence.fixed_days}
                before = {count.cadence: count for count in self.counts}
                return replace(
                    moved,
                    counts=tuple(
                        replace(before[kind], days=each) if kind in before else Count(kind, each, at)
                        for kind, each in days.items()
                    ),
                )
            case Assigned() if fact.leader.id != self.leader:
                return replace(moved._anew(at), leader=fact.leader.id)
            case ProjectResumed() if self.where.resting is not None:
                return moved._anew(at)
            case StatusReported():
                return moved._anew(at, ANSWERS[fact.cadence])
            case StatusReportMissed():
                return replace(
                    moved,
                    counts=tuple(
                        replace(count, missed=fact.due) if count.cadence == fact.cadence else count
                        for count in self.counts
                    ),
                )
            case _:
                return moved

    def _anew(self, at: datetime, cadences: tuple[CadenceKind, ...] = ("short", "fixed")) -> Duties:
        counts = tuple(
            Count(count.cadence, count.days, since=at) if count.cadence in cadences else count for count in self.counts
        )
        return Duties(self.where, self.leader, counts)
