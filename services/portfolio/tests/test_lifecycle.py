"""What may happen to a project in which state: the table of moves (TY-04)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import reduce
from uuid import UUID

import pytest

from contracts.governance import CabDecided
from contracts.portfolio import (
    EnteredPortfolio,
    LeftPortfolio,
    ProjectFact,
    ProjectLimited,
    ProjectPostponed,
    ProjectResumed,
    ProjectStopped,
    WorkStarted,
)
from contracts.refusal import Refusal
from contracts.values import Person
from portfolio.domain import refusals
from portfolio.domain.lifecycle import MAY_HAPPEN, REFUSED_IN, State, check
from portfolio.domain.project import Project, evolve
from portfolio.domain.turns import as_the_cab_decided, complete, limit, postpone, resume, stop

History = tuple[ProjectFact, ...]


def given(*facts: ProjectFact) -> Project:
    project = reduce(evolve, facts, None)
    assert project is not None
    return project


def test_every_state_is_reached_by_a_history(every_state: dict[str, History]) -> None:
    """TY-04: the state people speak of is what the history says."""
    assert {name: given(*history).state for name, history in every_state.items()} == {
        state.value: state for state in State
    }


def test_every_fact_of_a_project_stands_in_the_table_of_moves() -> None:
    """TY-04."""
    assert set(MAY_HAPPEN) == set(ProjectFact.__args__)


@pytest.mark.parametrize("state", State)
def test_what_the_table_does_not_allow_is_refused_with_what_to_do(state: State) -> None:
    """TY-04: for each state, every fact either may happen or is refused in words of the field."""
    for happening, states in MAY_HAPPEN.items():
        if state in states:
            check(state, happening)
            continue
        with pytest.raises(Refusal) as refused:
            check(state, happening)
        assert refused.value.rule
        assert isinstance(refused.value, (*REFUSED_IN.values(), refusals.NothingToResume, refusals.AlreadyInPortfolio))


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        ("postponed", refusals.IsPostponed),
        ("stopped", refusals.IsStopped),
        ("completed", refusals.IsCompleted),
        ("left", refusals.HasLeft),
    ],
)
def test_nothing_is_postponed_that_rests_or_is_over(
    every_state: dict[str, History], state: str, refusal: type[Refusal], today: date
) -> None:
    """TY-04."""
    with pytest.raises(refusal):
        postpone(given(*every_state[state]), reason="Semester", today=today)


def test_a_project_is_postponed_and_those_promised_are_named(
    a_running_project: History, sigrid: Person, osvald: Person, torsten: Person, today: date
) -> None:
    """TY-04: the requester, the orderer of the directive and whom the PM adds, each once."""
    fact = postpone(given(*a_running_project), reason="Semester", today=today, promised_to=(torsten, sigrid))
    assert fact.promised_to == (sigrid, osvald, torsten)


def test_a_project_is_postponed_until_a_day_to_come(a_running_project: History, today: date) -> None:
    """TY-04."""
    with pytest.raises(refusals.PostponedIntoThePast) as refused:
        postpone(given(*a_running_project), reason="Semester", until=today, today=today)
    assert refused.value.field == "until"


@pytest.mark.parametrize("turn", [stop, resume])
def test_a_turn_without_a_reason_is_refused_beside_its_field(
    every_state: dict[str, History], turn: Callable[..., ProjectFact]
) -> None:
    """TY-04: those who were promised something are told why."""
    with pytest.raises(refusals.ReasonNeeded) as refused:
        turn(given(*every_state["limited"]), reason="  ")
    assert refused.value.field == "reason"


def test_a_limit_says_what_remains(a_running_project: History) -> None:
    """TY-04."""
    with pytest.raises(refusals.ReasonNeeded) as refused:
        limit(given(*a_running_project), scope="", reason="Pengarna räcker inte")
    assert refused.value.field == "scope"


def test_a_resumed_project_stands_where_it_stood(a_running_project: History, stopped: ProjectStopped) -> None:
    """TY-04: leader, rank and plan are kept through a stop."""
    resumed = resume(given(*a_running_project, stopped), reason="Ny budget")
    project = given(*a_running_project, stopped, resumed)
    assert (project.state, project.rank, project.plan_version) == (State.UNDER_WAY, 2, 1)


def test_a_limited_project_that_was_postponed_is_still_limited_when_it_goes_on(
    a_running_project: History, limited: ProjectLimited, postponed: ProjectPostponed, request_id: UUID
) -> None:
    """TY-04: what rests goes on as it was; only what is merely limited gets its whole scope back."""
    resumed = ProjectResumed(request_id=request_id, reason="Leverantören är klar")
    assert given(*a_running_project, limited, postponed, resumed).state is State.LIMITED
    assert given(*a_running_project, limited, postponed, resumed, resumed).state is State.UNDER_WAY


def test_only_what_rests_or_is_limited_is_resumed(a_running_project: History) -> None:
    """TY-04."""
    with pytest.raises(refusals.NothingToResume):
        resume(given(*a_running_project), reason="Nu kör vi")


def test_a_project_is_completed_with_what_it_cost(a_running_project: History) -> None:
    """TY-04."""
    fact = complete(given(*a_running_project), summary="I drift", spent=Decimal(590_000))
    project = given(*a_running_project, fact)
    assert (project.state, project.spent) == (State.COMPLETED, Decimal(590_000))


def test_a_project_whose_work_never_started_is_not_completed(
    an_assigned_project: History, limited: ProjectLimited
) -> None:
    """TY-23: execution only after the plan."""
    for history in (an_assigned_project, (*an_assigned_project, limited)):
        with pytest.raises(refusals.NotUnderWay):
            complete(given(*history), summary="Klart", spent=Decimal(0))


def _decided(request_id: UUID, outcome: str) -> CabDecided:
    return CabDecided(
        request_id=request_id,
        meeting_id=UUID(int=7),
        meeting_number=4,
        decision_id=UUID(int=8),
        outcome=outcome,  # type: ignore[arg-type]  # each of the outcomes, by its name
        text="Budgeten är slut",
    )


@pytest.mark.parametrize(
    ("outcome", "state", "kind"),
    [
        ("stop", "under_way", ProjectStopped),
        ("postpone", "assigned", ProjectPostponed),
        ("limit", "under_way", ProjectLimited),
        ("resume", "stopped", ProjectResumed),
    ],
)
def test_a_decision_of_the_cab_is_a_turn_with_its_reason(
    every_state: dict[str, History],
    outcome: str,
    state: str,
    kind: type[ProjectFact],
    request_id: UUID,
    today: date,
    sigrid: Person,
    osvald: Person,
) -> None:
    """TY-04, IT-21: the CAB's words reach those who were promised something."""
    fact = as_the_cab_decided(given(*every_state[state]), _decided(request_id, outcome), today=today)
    assert isinstance(fact, kind)
    assert fact.reason == "CAB 4: Budgeten är slut"
    assert fact.promised_to == (sigrid, osvald)


@pytest.mark.parametrize("outcome", ["approved", "rejected", "deferred", "noted"])
def test_other_outcomes_of_the_cab_change_nothing_here(
    a_running_project: History, outcome: str, request_id: UUID, today: date
) -> None:
    """IT-21."""
    assert as_the_cab_decided(given(*a_running_project), _decided(request_id, outcome), today=today) is None


def test_a_request_that_left_begins_anew_when_it_comes_back(
    a_prioritised_project: History, entered: EnteredPortfolio, request_id: UUID
) -> None:
    """IT-08: without the rank it had."""
    project = given(*a_prioritised_project, LeftPortfolio(request_id=request_id, reason="Misstag"), entered)
    assert (project.state, project.rank) == (State.ENTERED, None)


def test_a_start_while_the_project_rests_takes_effect_when_it_goes_on(
    an_assigned_project: History, postponed: ProjectPostponed, started: WorkStarted, request_id: UUID, morning: datetime
) -> None:
    """TY-23."""
    history = (*an_assigned_project, postponed, started)
    assert given(*history).state is State.POSTPONED
    assert given(*history, ProjectResumed(request_id=request_id, reason="Nu")).state is State.UNDER_WAY
