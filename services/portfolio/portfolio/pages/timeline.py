"""Projects over time: where each begins and ends, its gates, the half-year of its delivery, and today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

from portfolio.domain.ranking import half_year
from portfolio.views.projects import ProjectRow

WIDTH = 640
LONGEST = 12
"""Half-years that are shown at most; what lies outside stands at the edge."""
Outcome = Literal["passed", "ahead", "late"]


@dataclass(frozen=True, slots=True)
class Tick:
    """The beginning of a half-year ("2027H1", TY-23)."""

    x: int
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """Half-years side by side, from the first day of one to the first day after another."""

    first: date
    after: date
    today: date

    def x(self, day: date) -> int:
        """Where a day lies; one that is outside lies at the edge."""
        share = (day - self.first).days / (self.after - self.first).days
        return round(min(max(share, 0), 1) * WIDTH)

    @property
    def now(self) -> int:
        """Where today lies."""
        return self.x(self.today)

    @property
    def ticks(self) -> list[Tick]:
        """The half-years, first one first."""
        found, day = [], self.first
        while day < self.after:
            found.append(Tick(self.x(day), half_year(day)))
            day = next_half(day)
        return found


@dataclass(frozen=True, slots=True)
class Mark:
    """A gate. `late` is one whose day is over though it was not passed."""

    key: str
    on: date
    decision: str
    x: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Line:
    """A project on the timeline. `ends` is None where no directive says when; its bar then reaches to today."""

    row: ProjectRow
    starts: date
    ends: date | None
    x: int
    width: int
    release: str | None
    release_x: int
    release_width: int
    gates: tuple[Mark, ...]


def axis_of(rows: Sequence[ProjectRow], today: date, zone: str) -> Axis:
    """The half-years these projects lie in, today's among them; at most `LONGEST`, two thirds of them ahead."""
    days = [today, *(day for row in rows for day in _days(row, zone))]
    here = _number(today)
    first = max(_number(min(days)), here - LONGEST // 3)
    last = min(max(_number(max(days)), here + 1), first + LONGEST - 1)
    return Axis(first_day(first), first_day(last + 1), today)


def line_of(row: ProjectRow, axis: Axis, zone: str) -> Line:
    """Where a project lies on the axis."""
    starts = row.entered_at.astimezone(ZoneInfo(zone)).date()
    ends = row.ends
    x = axis.x(starts)
    release = row.release or row.delivery_period
    band = half_of(release)
    release_x = axis.x(band[0]) if band else 0
    return Line(
        row=row,
        starts=starts,
        ends=ends,
        x=x,
        width=max(axis.x(max(ends or axis.today, starts)) - x, 2),
        release=release,
        release_x=release_x,
        release_width=axis.x(band[1]) - release_x if band else 0,
        gates=tuple(
            Mark(gate.key, gate.on, gate.decision, axis.x(gate.on), outcome_of(gate.key, gate.on, row, axis.today))
            for gate in row.gates
        ),
    )


def outcome_of(gate: str, on: date, row: ProjectRow, today: date) -> Outcome:
    """What became of a gate (TY-09)."""
    return "passed" if gate in row.passed else "late" if on < today else "ahead"


def half_of(period: str | None) -> tuple[date, date] | None:
    """The first day of a half-year like "2027H1", and the first after it; None for what is none."""
    if period is None or len(period) != 6 or period[4] != "H" or not period[:4].isdecimal() or period[5] not in "12":
        return None
    number = int(period[:4]) * 2 + int(period[5]) - 1
    return (first_day(number), first_day(number + 1)) if 2 <= number < 2 * 9999 else None


def next_half(day: date) -> date:
    """The first day of the half-year after a day's."""
    return first_day(_number(day) + 1)


def first_day(number: int) -> date:
    """The first day of a half-year, which are numbered from the year 0 on."""
    return date(number // 2, 1 + 6 * (number % 2), 1)


def _number(day: date) -> int:
    return day.year * 2 + (day.month > 6)


def _days(row: ProjectRow, zone: str) -> list[date]:
    band = half_of(row.release or row.delivery_period)
    days = [row.entered_at.astimezone(ZoneInfo(zone)).date(), row.ends, *(gate.on for gate in row.gates)]
    return [day for day in (*days, band and band[0]) if day is not None]
