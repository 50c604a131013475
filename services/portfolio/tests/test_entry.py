"""How a project comes into the portfolio, whom it serves, and how it leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from uuid import UUID

import pytest

from contracts.intake import ClassifiedAsProject
from contracts.portfolio import FollowUpAgreed, LeftPortfolio, ProjectFact, ServesChanged
from contracts.values import Origin
from portfolio.domain import refusals
from portfolio.domain.entry import change_serves, enter, join, leave
from portfolio.domain.project import Project, evolve

History = tuple[ProjectFact, ...]
OTHER = UUID(int=99)


def given(*facts: ProjectFact) -> Project | None:
    return reduce(evolve, facts, None)


@pytest.mark.parametrize("origin", ["it_team", "business"])
def test_a_project_enters_the_portfolio_with_its_origin(judged_a_project: ClassifiedAsProject, origin: Origin) -> None:
    """IT-08: the list of projects the IT team or the businesses wish to carry out."""
    judged = replace(judged_a_project, origin=origin)
    fact = enter(None, judged, home="ekvik")
    assert (fact.origin, fact.title, fact.ticket) == (origin, judged.title, judged.ticket)


def test_the_municipality_it_came_from_is_always_served_and_stands_first(judged_a_project: ClassifiedAsProject) -> None:
    """IT-15."""
    assert enter(None, judged_a_project, home="ekvik").serves == ("ekvik", "sundholm")
    assert enter(None, replace(judged_a_project, serves=()), home="vallby").serves == ("vallby",)


def test_a_project_enters_once(an_entered_project: History, judged_a_project: ClassifiedAsProject) -> None:
    """IT-08."""
    with pytest.raises(refusals.AlreadyInPortfolio):
        enter(given(*an_entered_project), judged_a_project, home="ekvik")


def test_a_request_that_is_no_project_any_more_leaves(an_entered_project: History, request_id: UUID) -> None:
    """IT-08."""
    fact = leave(given(*an_entered_project), reason="Ärendet drogs tillbaka")
    assert fact == LeftPortfolio(request_id=request_id, reason="Ärendet drogs tillbaka")


def test_what_never_entered_or_is_over_does_not_leave(a_completed_project: History, request_id: UUID) -> None:
    """IT-08: a completed project stays in the portfolio's history whatever becomes of its ticket."""
    left = LeftPortfolio(request_id=request_id, reason="Drogs tillbaka")
    assert leave(None, reason="Drogs tillbaka") is None
    assert leave(given(*a_completed_project), reason="Drogs tillbaka") is None
    assert leave(given(*a_completed_project[:1], left), reason="Drogs tillbaka") is None


def test_whom_a_project_serves_can_change(an_entered_project: History) -> None:
    """IT-15."""
    fact = change_serves(given(*an_entered_project), ["vallby", "sundholm"], reason="Vallby har samma system")
    assert fact is not None
    assert fact.serves == ("ekvik", "sundholm", "vallby")


def test_serving_whom_it_served_already_is_no_news(an_entered_project: History) -> None:
    """IT-15."""
    assert change_serves(given(*an_entered_project), ["sundholm"], reason="Samma igen") is None


def test_like_requests_become_one_that_serves_all(
    an_entered_project: History, of_another: Callable[[History, UUID], History], request_id: UUID
) -> None:
    """IT-15: the other leaves into the one that remains, and its municipalities are served there."""
    other = given(*of_another(an_entered_project, OTHER))
    assert other is not None
    other = replace(other, serves=("vallby",))
    served, left = join(given(*an_entered_project), other, reason="Samma önskan", other_home="vallby")
    assert served == ServesChanged(
        request_id=request_id, serves=("ekvik", "sundholm", "vallby"), joined_with=OTHER, reason="Samma önskan"
    )
    assert left == LeftPortfolio(request_id=OTHER, reason="Samma önskan", into=request_id)


def test_a_project_is_not_joined_with_itself_nor_with_one_that_has_a_leader(
    an_entered_project: History, an_assigned_project: History, of_another: Callable[[History, UUID], History]
) -> None:
    """IT-15."""
    project = given(*an_entered_project)
    with pytest.raises(refusals.JoinedWithItself):
        join(project, project, reason="Samma", other_home="ekvik")
    with pytest.raises(refusals.TooFarToJoin):
        join(project, given(*of_another(an_assigned_project, OTHER)), reason="Samma", other_home="ekvik")


def test_an_agreed_directive_says_how_the_project_is_followed(
    an_entered_project: History, follow_up: FollowUpAgreed
) -> None:
    """TY-15, TY-09, TY-20: cadences, gates and end are those of the approved directive."""
    project = given(*an_entered_project, follow_up)
    assert project is not None
    assert (project.cadence, project.ends) == (follow_up.cadence, follow_up.ends)
    assert [gate.key for gate in project.gates] == ["BP1", "BP2", "BP3"]


def test_nothing_is_decided_of_what_is_not_in_the_portfolio() -> None:
    """IT-08."""
    with pytest.raises(refusals.NotInPortfolio):
        change_serves(None, ["vallby"], reason="Vi också")
