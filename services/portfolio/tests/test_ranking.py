"""In what order projects are wanted, when the PM says it alone; and in which half-year they deliver."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import reduce
from uuid import UUID

import pytest

from contracts.portfolio import Prioritised, ProjectFact, ReleasePlanned
from contracts.values import Standing
from portfolio.domain import refusals
from portfolio.domain.lifecycle import State
from portfolio.domain.project import Project, evolve
from portfolio.domain.ranking import half_year, must_be_a_ranking, plan_release, rank_alone, rank_by_round

History = tuple[ProjectFact, ...]


def given(*facts: ProjectFact) -> Project:
    project = reduce(evolve, facts, None)
    assert project is not None
    return project


def test_the_pm_ranks_a_project_alone(an_entered_project: History, request_id: UUID) -> None:
    """IT-12: a prioritisation process is not always needed."""
    fact = rank_alone(given(*an_entered_project), 1, reason="Lagkrav")
    assert fact == Prioritised(request_id=request_id, rank=1, by="pm", reason="Lagkrav")
    assert given(*an_entered_project, fact).state is State.PRIORITISED


def test_a_running_project_is_ranked_anew_and_keeps_its_place(a_running_project: History) -> None:
    """TY-06: departments may re-prioritise; the ranks before stay in the history."""
    fact = rank_alone(given(*a_running_project), 5)
    assert fact is not None
    project = given(*a_running_project, fact)
    assert (project.rank, project.state) == (5, State.UNDER_WAY)


def test_the_same_rank_again_is_no_news(a_prioritised_project: History) -> None:
    """TY-06: a version of the ranking is a change of it."""
    assert rank_alone(given(*a_prioritised_project), 2) is None


def test_ranks_count_from_one(an_entered_project: History) -> None:
    """IT-12."""
    with pytest.raises(refusals.RankTooLow):
        rank_alone(given(*an_entered_project), 0)


def test_one_ranking_gives_each_rank_once() -> None:
    """IT-12."""
    must_be_a_ranking({UUID(int=1): 1, UUID(int=2): 3})
    with pytest.raises(refusals.RankTwice) as refused:
        must_be_a_ranking({UUID(int=1): 1, UUID(int=2): 1})
    assert refused.value.field == f"ranks.{UUID(int=2)}"
    with pytest.raises(refusals.RankTooLow):
        must_be_a_ranking({UUID(int=1): 0})


def test_a_stopped_project_is_not_ranked(every_state: dict[str, History]) -> None:
    """TY-04."""
    with pytest.raises(refusals.IsStopped):
        rank_alone(given(*every_state["stopped"]), 1)


def test_a_round_gives_its_rank_and_confirms_the_one_there_was(
    a_prioritised_project: History, request_id: UUID
) -> None:
    """IT-13: that the municipalities gave it is a fact even when the number stays."""
    standing = Standing(request_id=request_id, rank=2, score=Decimal("4.25"), by_criterion={})
    fact = rank_by_round(given(*a_prioritised_project), standing, round_id=UUID(int=5))
    assert (fact.rank, fact.by, fact.round_id, fact.score) == (2, "round", UUID(int=5), Decimal("4.25"))


@pytest.mark.parametrize(
    ("day", "period"), [(date(2026, 1, 1), "2026H1"), (date(2026, 6, 30), "2026H1"), (date(2026, 7, 1), "2026H2")]
)
def test_a_day_is_in_a_half_year(day: date, period: str) -> None:
    """TY-23."""
    assert half_year(day) == period


def test_a_release_is_planned_for_a_half_year_that_is_not_over(
    a_prioritised_project: History, request_id: UUID, today: date
) -> None:
    """TY-23: this half-year still can be delivered in."""
    project = given(*a_prioritised_project)
    assert plan_release(project, "2026H1", today=today) == ReleasePlanned(request_id=request_id, period="2026H1")
    with pytest.raises(refusals.PeriodIsOver):
        plan_release(project, "2025H2", today=today)
    for unreadable in ("2026", "2026H3", "2026h1", "2026H1 "):
        with pytest.raises(refusals.PeriodUnreadable):
            plan_release(project, unreadable, today=today)


def test_the_same_period_again_is_no_news(a_prioritised_project: History, request_id: UUID, today: date) -> None:
    """TY-23."""
    planned = ReleasePlanned(request_id=request_id, period="2026H2")
    assert plan_release(given(*a_prioritised_project, planned), "2026H2", today=today) is None


def test_a_project_nobody_has_ranked_has_no_release(an_entered_project: History, today: date) -> None:
    """TY-05: preparation, then prioritisation, then planning."""
    with pytest.raises(refusals.NotPrioritised):
        plan_release(given(*an_entered_project), "2026H2", today=today)
