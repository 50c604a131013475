"""Where things lie in the charts: whole numbers, so that a page is short and a test can say what is meant.

Templates draw them (charts.html). Each chart has a text or a table that says the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from contracts.values import Criterion, Standing
from portfolio.views.projects import ProjectRow

HEALTHS = ("red", "yellow", "green", "")
"""Worst first; the last stands for projects that nothing was reported of yet."""
TRENDS = ("worse", "same", "better", "")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a stacked bar: what it stands for, how much, and where it lies."""

    key: str
    amount: Any
    x: int
    width: int


def stacked(amounts: Iterable[tuple[str, Any]], whole: Any, length: int) -> list[Part]:
    """The parts of a bar of this length, side by side without gaps; what is nothing is left out."""
    parts: list[Part] = []
    so_far: Any = 0
    for key, amount in amounts:
        begins, so_far = so_far, so_far + amount
        if amount > 0 and whole > 0:
            x, end = (round(Decimal(each) * length / Decimal(whole)) for each in (begins, so_far))
            parts.append(Part(key, amount, x, end - x))
    return parts


@dataclass(frozen=True, slots=True)
class HealthCount:
    """How many projects have a health, by which way it went; the trends in the order of `TRENDS`."""

    key: str
    projects: int
    trends: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Glance:
    """How it stands with all projects that are meant."""

    projects: int
    overdue: int
    healths: tuple[HealthCount, ...]
    parts: tuple[Part, ...]


def glance(rows: Sequence[Mapping[str, Any]], length: int = 600) -> Glance:
    """Counted rows (health, trend, projects, overdue) as a bar and its table."""
    counts = tuple(_counted(health, rows) for health in HEALTHS)
    projects = sum(each.projects for each in counts)
    return Glance(
        projects=projects,
        overdue=sum(row["overdue"] for row in rows),
        healths=counts,
        parts=tuple(stacked(((each.key, each.projects) for each in counts), projects, length)),
    )


def _counted(health: str, rows: Sequence[Mapping[str, Any]]) -> HealthCount:
    of = [row for row in rows if (row["health"] or "") == health]
    trends = tuple(sum(row["projects"] for row in of if (row["trend"] or "") == trend) for trend in TRENDS)
    return HealthCount(health, sum(trends), trends)


def sums(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Amounts per currency, out of rows (currency, projects, budget, spent, forecast) of finer groups."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["currency"]:
            so_far = found.setdefault(row["currency"], {"projects": 0, "budget": 0, "spent": 0, "forecast": 0})
            for name in so_far:
                so_far[name] += row[name] or 0
    return [{"currency": currency, **amounts} for currency, amounts in sorted(found.items())]


def grouped(rows: Sequence[Mapping[str, Any]], order: Iterable[str]) -> list[dict[str, Any]]:
    """Rows of `projects.totals` with the currencies of one municipality or state together, in this order; what is not
    among it, like a municipality that has left, comes last."""
    groups = []
    for of in dict.fromkeys((*order, *(row["of"] for row in rows))):
        theirs = [row for row in rows if row["of"] == of]
        if theirs:
            counted = {name: sum(row[name] for row in theirs) for name in ("projects", "shared", "red", "overdue")}
            unbudgeted = sum(row["projects"] for row in theirs if not row["currency"])
            groups.append({"of": of, **counted, "unbudgeted": unbudgeted, "sums": sums(theirs)})
    return groups


@dataclass(frozen=True, slots=True)
class MoneyBar:
    """Spent and forecast against the budget, in a bar of 100: where the budget ends, and how far the two reach."""

    budget: int
    spent: int
    forecast: int
    spent_share: Decimal
    forecast_share: Decimal
    """Of the budget; 1 is all of it."""


def money_bar(budget: Decimal | None, spent: Decimal | None, forecast: Decimal | None) -> MoneyBar | None:
    """None where there is no budget to measure by."""
    if not budget or budget <= 0:
        return None
    spent, forecast = spent or Decimal(0), forecast or Decimal(0)
    widest = max(budget, spent, forecast)
    return MoneyBar(
        budget=round(100 * budget / widest),
        spent=round(100 * spent / widest),
        forecast=round(100 * forecast / widest),
        spent_share=spent / budget,
        forecast_share=forecast / budget,
    )


def bar_of(row: ProjectRow) -> MoneyBar | None:
    """A project's spent and forecast against its budget."""
    return money_bar(row.budget, row.spent, row.forecast)


@dataclass(frozen=True, slots=True)
class Moved:
    """How one criterion moved a candidate: its mean, and the points of the score that came of it."""

    key: str
    mean: Decimal | None
    points: Decimal
    x: int
    width: int


def moved(criteria: Sequence[Criterion], standing: Standing, length: int = 500) -> list[Moved]:
    """The parts of a score, one for each criterion: its mean by its share of the weights (IT-14). The whole bar is 5.

    The means are as the round gave them, rounded to two decimals, so the parts may miss the score by a hundredth.
    """
    weights = sum((each.weight for each in criteria), Decimal(0))
    means = {each.key: standing.by_criterion.get(each.key) for each in criteria}
    points = {each.key: (means[each.key] or Decimal(0)) * each.weight / weights for each in criteria}
    where = {part.key: part for part in stacked(points.items(), Decimal(5), length)}
    return [
        Moved(key, mean, points[key].quantize(Decimal("0.01")), *((part.x, part.width) if part else (0, 0)))
        for key, mean in means.items()
        for part in [where.get(key)]
    ]
