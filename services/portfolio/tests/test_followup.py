"""How the project goes: reports, due times, gates and the dialogue with the orderers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import reduce
from typing import Literal
from uuid import UUID

import pytest

from contracts.portfolio import DialogueHeld, GateDecided, ProjectFact, StatusReported, StatusReportMissed
from contracts.values import Person, Risk
from portfolio.domain import refusals
from portfolio.domain.followup import Report, decide_gate, hold_dialogue, miss, report
from portfolio.domain.project import Project, evolve

History = tuple[ProjectFact, ...]
REPORT = Report(
    cadence="fixed",
    time="green",
    cost="yellow",
    result="green",
    progress=20,
    spent=Decimal(100_000),
    forecast=Decimal(620_000),
    risks=(Risk(text="Leverantören dröjer", likelihood=3, impact=4, action="Avstämning varje vecka"),),
    next_steps="Upphandlingen annonseras",
)


def given(*facts: ProjectFact) -> Project:
    project = reduce(evolve, facts, None)
    assert project is not None
    return project


def test_the_leader_reports_and_reports_are_counted(
    a_running_project: History, berit: Person, reported: StatusReported
) -> None:
    """IT-20: the leader tells the PM how the project goes."""
    first = report(given(*a_running_project), REPORT, by=berit.id)
    assert (first.number, first.risks) == (1, REPORT.risks)
    assert report(given(*a_running_project, reported), REPORT, by=berit.id).number == 2


def test_nobody_else_reports(a_running_project: History, torsten: Person) -> None:
    """IT-20."""
    with pytest.raises(refusals.NotTheLeader) as refused:
        report(given(*a_running_project), REPORT, by=torsten.id)
    assert (refused.value.rule, refused.value.status) == ("IT-20", 403)


def test_a_forecast_is_not_lower_than_what_is_spent(a_running_project: History, berit: Person) -> None:
    """IT-20."""
    with pytest.raises(refusals.ForecastBelowSpent) as refused:
        report(given(*a_running_project), replace(REPORT, forecast=Decimal(99_999)), by=berit.id)
    assert refused.value.field == "forecast"


@pytest.mark.parametrize(("state", "refusal"), [("postponed", refusals.IsPostponed), ("stopped", refusals.IsStopped)])
def test_a_resting_project_is_not_reported_on(
    every_state: dict[str, History], state: str, refusal: type[Exception], berit: Person, morning: datetime
) -> None:
    """TY-04, IT-20: nor is a report of it missed."""
    with pytest.raises(refusal):
        report(given(*every_state[state]), REPORT, by=berit.id)
    with pytest.raises(refusal):
        miss(given(*every_state[state]), "short", morning)


def test_a_missed_report_is_said_once_for_each_due_time(
    a_running_project: History, morning: datetime, request_id: UUID
) -> None:
    """IT-20, TY-15: overdue reports are known without anyone asking."""
    fact = miss(given(*a_running_project), "short", morning)
    assert fact == StatusReportMissed(request_id=request_id, cadence="short", due=morning)
    assert miss(given(*a_running_project, fact), "short", morning) is None
    assert miss(given(*a_running_project, fact), "fixed", morning) is not None
    assert miss(given(*a_running_project, fact), "short", morning + timedelta(days=7)) is not None


def _decide(
    project: Project, gate: Literal["BP1", "BP2", "BP3", "BP4"], outcome: Literal["passed", "held"], today: date
) -> GateDecided:
    return decide_gate(project, gate, outcome=outcome, on=today, today=today)


def test_a_gate_of_the_directive_is_passed_once_and_in_order(an_assigned_project: History, today: date) -> None:
    """TY-09: BP1, then BP2, also on the same day."""
    project = given(*an_assigned_project)
    with pytest.raises(refusals.GateOutOfOrder) as refused:
        _decide(project, "BP2", "passed", today)
    assert str(refused.value) == "Gate BP1 comes before gate BP2 and has not been passed."
    first = _decide(project, "BP1", "passed", today)
    second = _decide(given(*an_assigned_project, first), "BP2", "passed", today)
    assert given(*an_assigned_project, first, second).passed == {"BP1", "BP2"}
    with pytest.raises(refusals.GatePassed):
        _decide(given(*an_assigned_project, first), "BP1", "passed", today)


def test_a_gate_that_was_held_may_be_passed_later(an_assigned_project: History, today: date) -> None:
    """TY-09."""
    held = _decide(given(*an_assigned_project), "BP1", "held", today)
    assert given(*an_assigned_project, held).passed == set()
    passed = _decide(given(*an_assigned_project, held), "BP1", "passed", today)
    assert given(*an_assigned_project, held, passed).passed == {"BP1"}


def test_there_are_no_gates_but_the_directives(
    an_assigned_project: History, a_prioritised_project: History, today: date
) -> None:
    """TY-09: neither a gate it does not name, nor any before it is approved."""
    with pytest.raises(refusals.NoSuchGate):
        _decide(given(*an_assigned_project), "BP4", "passed", today)
    with pytest.raises(refusals.NoSuchGate):
        _decide(given(*a_prioritised_project), "BP1", "passed", today)


def test_a_gate_is_not_decided_on_a_day_to_come(an_assigned_project: History, today: date) -> None:
    """TY-09."""
    with pytest.raises(refusals.NotYetDecided):
        decide_gate(given(*an_assigned_project), "BP1", outcome="passed", on=today + timedelta(days=1), today=today)


def test_the_leader_keeps_a_log_of_the_dialogue_with_the_orderers(
    a_running_project: History, berit: Person, osvald: Person, request_id: UUID
) -> None:
    """IT-22."""
    note = osvald.name  # sealed as the orderer's, as any note is
    fact = hold_dialogue(given(*a_running_project), with_whom=osvald, note=note, by=berit.id)
    assert fact == DialogueHeld(request_id=request_id, with_whom=osvald, note=note)


def test_nobody_else_writes_in_that_log(
    a_running_project: History, a_prioritised_project: History, osvald: Person
) -> None:
    """IT-22."""
    with pytest.raises(refusals.NotTheLeader):
        hold_dialogue(given(*a_running_project), with_whom=osvald, note=osvald.name, by=osvald.id)
    with pytest.raises(refusals.NotAssigned):
        hold_dialogue(given(*a_prioritised_project), with_whom=osvald, note=osvald.name, by=osvald.id)
