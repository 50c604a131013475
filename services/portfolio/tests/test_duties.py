"""When a report is due: computed from what happened, whoever asks and whenever."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import pytest

from contracts.portfolio import (
    Assigned,
    FollowUpAgreed,
    ProjectCompleted,
    ProjectFact,
    ProjectLimited,
    ProjectPostponed,
    ProjectResumed,
    ProjectStopped,
    StatusReported,
    StatusReportMissed,
    WorkStarted,
)
from contracts.values import Person
from portfolio.domain.duties import ANSWERS, Duties

History = tuple[ProjectFact, ...]


def days(number: float) -> timedelta:
    return timedelta(days=number)


class World:
    """A history in which things happen at times."""

    def __init__(self, morning: datetime) -> None:
        self.morning, self.duties = morning, Duties()

    def given(self, *facts: ProjectFact, after: float = 0) -> World:
        for fact in facts:
            self.duties = self.duties.after(fact, self.morning + days(after))
        return self

    def missed(self, by: float) -> list[tuple[str, float]]:
        return [(kind, (due - self.morning) / days(1)) for kind, due in self.duties.missed_by(self.morning + days(by))]

    @property
    def next_due(self) -> float | None:
        due = self.duties.next_due
        return None if due is None else (due - self.morning) / days(1)


@pytest.fixture
def world(morning: datetime, an_assigned_project: History) -> World:
    """A project that got its leader on day 0, with cadences of 7 and 14 days."""
    return World(morning).given(*an_assigned_project)


def test_due_times_follow_from_the_start_and_the_cadence_alone(world: World) -> None:
    """TY-15: a short check-in each week, a fixed meeting every other."""
    assert world.next_due == 7
    assert world.missed(by=6.9) == []
    assert world.missed(by=7) == [("short", 7)]
    assert world.missed(by=22) == [("short", 7), ("fixed", 14), ("short", 14), ("short", 21)]


def test_nothing_is_due_before_there_is_a_leader_and_an_agreed_cadence(
    morning: datetime, a_prioritised_project: History, follow_up: FollowUpAgreed, assigned: Assigned
) -> None:
    """TY-15, IT-20: days are counted from the later of the two."""
    for first, then in ((follow_up, assigned), (assigned, follow_up)):
        world = World(morning).given(*a_prioritised_project, first)
        assert (world.next_due, world.missed(by=100)) == (None, [])
        assert world.given(then, after=10).next_due == 17


def test_the_start_of_the_work_moves_no_due_time(world: World, started: WorkStarted) -> None:
    """TY-15: the leader reports while the plan is written, too."""
    assert world.given(started, after=3).next_due == 7


def test_a_report_begins_the_count_anew(world: World, reported: StatusReported) -> None:
    """TY-15, IT-20: one for the fixed meeting answers the short check-in too."""
    assert ANSWERS == {"short": ("short",), "fixed": ("short", "fixed")}
    world.given(reported, after=5)
    assert world.missed(by=19) == [("short", 12), ("fixed", 19), ("short", 19)]


def test_a_short_check_in_does_not_answer_the_fixed_meeting(world: World, reported: StatusReported) -> None:
    """TY-15."""
    world.given(replace(reported, cadence="short"), after=13)
    assert world.missed(by=14) == [("fixed", 14)]


def test_a_missed_report_is_said_once_and_shows_until_one_comes(
    world: World, request_id: UUID, morning: datetime, reported: StatusReported
) -> None:
    """IT-20: overdue without anyone asking."""

    def said(cadence: Literal["short", "fixed"], due: float) -> StatusReportMissed:
        return StatusReportMissed(request_id=request_id, cadence=cadence, due=morning + days(due))

    world.given(said("short", 7), after=7)
    assert world.missed(by=13) == []
    assert world.missed(by=14) == [("fixed", 14), ("short", 14)]
    assert world.duties.overdue == ("short",)
    assert world.next_due == 7  # that is the one that has not come
    assert world.given(reported, after=15).duties.overdue == ()


@pytest.mark.parametrize("turn", ["postponed", "stopped"])
def test_nothing_is_due_while_a_project_rests_and_counting_begins_anew_after(
    world: World, turn: str, request: pytest.FixtureRequest
) -> None:
    """TY-04."""
    rests: ProjectPostponed | ProjectStopped = request.getfixturevalue(turn)
    world.given(rests, after=5)
    assert (world.next_due, world.missed(by=60)) == (None, [])
    world.given(ProjectResumed(request_id=rests.request_id, reason="Nu"), after=60)
    assert world.next_due == 67


def test_a_limited_project_goes_on_reporting_and_so_it_does_when_it_is_whole_again(
    world: World, limited: ProjectLimited
) -> None:
    """TY-04."""
    assert world.given(limited, after=5).next_due == 7
    assert world.given(ProjectResumed(request_id=limited.request_id, reason="Mer pengar"), after=6).next_due == 7


def test_nothing_is_due_of_a_completed_project(world: World, a_completed_project: History) -> None:
    """TY-04, IT-20."""
    completed = a_completed_project[-1]
    assert isinstance(completed, ProjectCompleted)
    assert world.given(completed, after=5).next_due is None


def test_a_new_leader_has_the_whole_cadence_before_the_first_report(
    world: World, assigned: Assigned, torsten: Person
) -> None:
    """IT-20: and the same leader with another group goes on as before."""
    assert world.given(replace(assigned, group=()), after=3).next_due == 7
    assert world.given(replace(assigned, leader=torsten), after=5).next_due == 12


def test_a_newer_directive_changes_the_days_and_not_what_they_are_counted_from(
    world: World, follow_up: FollowUpAgreed
) -> None:
    """TY-15, TY-06."""
    monthly = replace(follow_up.cadence, short_days=30, fixed_days=30)
    assert world.given(replace(follow_up, directive_version=2, cadence=monthly), after=5).next_due == 30
