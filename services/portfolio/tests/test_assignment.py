"""Who does the project, people on loan, and the start of the work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import reduce
from uuid import UUID

import pytest

from contracts.portfolio import PeopleLent, ProjectFact, WorkStarted
from contracts.values import Loan, Member, Person
from portfolio.domain import refusals
from portfolio.domain.assignment import assign, lend, start
from portfolio.domain.lifecycle import State
from portfolio.domain.project import Project, evolve

History = tuple[ProjectFact, ...]
OTHER = UUID(int=99)


def given(*facts: ProjectFact) -> Project:
    project = reduce(evolve, facts, None)
    assert project is not None
    return project


def test_only_a_prioritised_project_is_dealt_out(an_entered_project: History, berit: Person) -> None:
    """IT-16."""
    with pytest.raises(refusals.NotPrioritised) as refused:
        assign(given(*an_entered_project), leader=berit, group=(), leader_role="Projektledare")
    assert refused.value.rule == "IT-16"


def test_a_group_has_members_of_three_kinds_and_the_leader_is_one_of_it(
    a_prioritised_project: History, berit: Person, torsten: Person, osvald: Person
) -> None:
    """IT-17: IT team, external consultant, participant from the business."""
    others = (
        Member(person=torsten, kind="external_consultant", role="Arkitekt", organisation="Fjordkonsult"),
        Member(person=osvald, kind="business", role="Verksamhetsexpert"),
    )
    fact = assign(given(*a_prioritised_project), leader=berit, group=others, leader_role="Projektledare")
    assert fact.group == (Member(person=berit, kind="it_team", role="Projektledare"), *others)
    assert given(*a_prioritised_project, fact).state is State.ASSIGNED


def test_a_leader_who_stands_in_the_group_is_not_added_again(a_prioritised_project: History, torsten: Person) -> None:
    """IT-17: a consultant may lead."""
    group = (Member(person=torsten, kind="external_consultant", role="Projektledare"),)
    fact = assign(given(*a_prioritised_project), leader=torsten, group=group, leader_role="Projektledare")
    assert fact.group == group


def test_nobody_stands_twice_in_a_group(a_prioritised_project: History, berit: Person, torsten: Person) -> None:
    """IT-17."""
    member = Member(person=torsten, kind="external_consultant", role="Arkitekt")
    group = (member, replace(member, role="Testare"))
    with pytest.raises(refusals.MemberTwice) as refused:
        assign(given(*a_prioritised_project), leader=berit, group=group, leader_role="Projektledare")
    assert refused.value.field == "group.1"


def test_a_project_is_dealt_out_anew_with_a_reason(a_running_project: History, torsten: Person) -> None:
    """IT-16: and goes on where it was."""
    with pytest.raises(refusals.ReasonNeeded):
        assign(given(*a_running_project), leader=torsten, group=(), leader_role="Projektledare")
    fact = assign(
        given(*a_running_project), leader=torsten, group=(), leader_role="Projektledare", reason="Föräldraledig"
    )
    project = given(*a_running_project, fact)
    assert (project.leader, project.state) == (torsten, State.UNDER_WAY)


def test_work_starts_when_the_plan_is_agreed_and_never_before(an_assigned_project: History, request_id: UUID) -> None:
    """TY-23, IT-19: orders are executed according to the plan."""
    fact = start(given(*an_assigned_project), plan_version=1)
    assert fact == WorkStarted(request_id=request_id, plan_version=1)
    assert given(*an_assigned_project).state is State.ASSIGNED
    assert given(*an_assigned_project, fact).state is State.UNDER_WAY


def test_a_newer_plan_is_a_start_by_that_plan_and_an_older_is_no_news(a_running_project: History) -> None:
    """IT-19: a later change is a new version."""
    newer = start(given(*a_running_project), plan_version=2)
    assert newer is not None
    assert newer.plan_version == 2
    assert start(given(*a_running_project), plan_version=1) is None


def test_nothing_starts_that_nobody_leads(a_prioritised_project: History) -> None:
    """IT-16."""
    with pytest.raises(refusals.NotAssigned):
        start(given(*a_prioritised_project), plan_version=1)


def _a_loan(**changes: object) -> Loan:
    loan = Loan(who="En tekniker", starts=date(2026, 4, 1), ends=date(2026, 5, 31), deciding_lead="Chef drift")
    return replace(loan, **changes)  # type: ignore[arg-type]  # a test says what it likes


def test_people_are_lent_from_one_project_to_another(
    an_assigned_project: History, of_another: Callable[[History, UUID], History], request_id: UUID
) -> None:
    """TY-22: for a period, under a deciding lead."""
    other = given(*of_another(an_assigned_project, OTHER))
    fact = lend(given(*an_assigned_project), other, _a_loan())
    assert fact == PeopleLent(request_id=request_id, to_request=OTHER, loan=_a_loan())


def test_a_stopped_project_lends_its_people(
    every_state: dict[str, History], an_assigned_project: History, of_another: Callable[[History, UUID], History]
) -> None:
    """TY-03, TY-22: that is what became of those who worked in the stopped predecessor."""
    fact = lend(given(*every_state["stopped"]), given(*of_another(an_assigned_project, OTHER)), _a_loan())
    assert fact.to_request == OTHER


def test_a_loan_has_a_period_and_goes_elsewhere(
    an_assigned_project: History, of_another: Callable[[History, UUID], History]
) -> None:
    """TY-22."""
    project, other = given(*an_assigned_project), given(*of_another(an_assigned_project, OTHER))
    with pytest.raises(refusals.PeriodEndsBeforeItStarts):
        lend(project, other, _a_loan(ends=date(2026, 3, 31)))
    with pytest.raises(refusals.LentToItself):
        lend(project, project, _a_loan())
