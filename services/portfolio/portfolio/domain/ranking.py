"""In what order projects are wanted, when the PM says it alone (IT-12).

A rank is what was said of a project when it was last ranked. Where two projects hold the same rank, because one was
ranked after the other, the later word goes first: so a project put at 3 goes in front of the one that was there.
Ranks stay in the history, version by version (TY-06).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from uuid import UUID

from contracts.portfolio import Prioritised, ReleasePlanned
from contracts.values import Standing
from portfolio.domain.project import Project, may
from portfolio.domain.refusals import PeriodIsOver, PeriodUnreadable, RankTooLow, RankTwice


def rank_alone(project: Project | None, rank: int, *, reason: str = "") -> Prioritised | None:
    """The PM gives the project a rank without a round (IT-12). The rank it has already changes nothing."""
    project = may(project, Prioritised)
    if rank < 1:
        raise RankTooLow(field="rank")
    if project.rank == rank:
        return None
    return Prioritised(request_id=project.id, rank=rank, by="pm", reason=reason)


def must_be_a_ranking(ranks: Mapping[UUID, int]) -> None:
    """Several projects ranked at once: from 1, and no two at the same rank (IT-12)."""
    seen: set[int] = set()
    for request_id, rank in ranks.items():
        if rank < 1:
            raise RankTooLow(field=f"ranks.{request_id}")
        if rank in seen:
            raise RankTwice(field=f"ranks.{request_id}")
        seen.add(rank)


def rank_by_round(project: Project | None, standing: Standing, *, round_id: UUID) -> Prioritised:
    """The rank a round gave, also when it is the rank the project had: the municipalities have confirmed it (IT-13)."""
    project = may(project, Prioritised)
    return Prioritised(request_id=project.id, rank=standing.rank, by="round", round_id=round_id, score=standing.score)


def plan_release(project: Project | None, period: str, *, today: date) -> ReleasePlanned | None:
    """The half-year in which the project is to deliver, "2027H1" (TY-23). One that is over cannot be planned for."""
    project = may(project, ReleasePlanned)
    if not re.fullmatch(r"\d{4}H[12]", period):
        raise PeriodUnreadable(field="period")
    if period < half_year(today):
        raise PeriodIsOver(field="period")
    if project.release == period:
        return None
    return ReleasePlanned(request_id=project.id, period=period)


def half_year(day: date) -> str:
    """The half-year of a day: "2027H1" to the end of June, then "2027H2" (TY-23)."""
    return f"{day.year:04d}H{1 if day.month <= 6 else 2}"
