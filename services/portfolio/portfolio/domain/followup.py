"""How the project goes: reports, gates and the dialogue with the orderers (IT-20, IT-22, TY-09)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from contracts.portfolio import CadenceKind, DialogueHeld, GateDecided, StatusReported, StatusReportMissed
from contracts.values import Health, Person, Risk
from portfolio.domain.project import Project, may
from portfolio.domain.refusals import (
    ForecastBelowSpent,
    GateOutOfOrder,
    GatePassed,
    NoSuchGate,
    NotAssigned,
    NotTheLeader,
    NotYetDecided,
)

GateKey = Literal["BP1", "BP2", "BP3", "BP4"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the leader says of the three goals, and of money, risks and what comes next (IT-20)."""

    cadence: CadenceKind
    time: Health
    cost: Health
    result: Health
    progress: int
    """Done of the whole, in percent."""
    spent: Decimal
    forecast: Decimal
    """What the whole will have cost when it is completed, in the budget's currency."""
    risks: tuple[Risk, ...] = ()
    next_steps: str = ""
    summary: str = ""


def report(project: Project | None, said: Report, *, by: UUID) -> StatusReported:
    """The appointed leader, and nobody else, reports how the project goes (IT-20). Reports count from 1."""
    project = led_by(may(project, StatusReported), by)
    if said.forecast < said.spent:
        raise ForecastBelowSpent(field="forecast")
    return StatusReported(
        request_id=project.id,
        number=project.reports + 1,
        cadence=said.cadence,
        time=said.time,
        cost=said.cost,
        result=said.result,
        progress=said.progress,
        spent=said.spent,
        forecast=said.forecast,
        risks=said.risks,
        next_steps=said.next_steps,
        summary=said.summary,
    )


def miss(project: Project | None, cadence: CadenceKind, due: datetime) -> StatusReportMissed | None:
    """A report was due and has not come (IT-20, TY-15). Each due time is missed once."""
    project = may(project, StatusReportMissed)
    if (cadence, due) in project.missed:
        return None
    return StatusReportMissed(request_id=project.id, cadence=cadence, due=due)


def decide_gate(
    project: Project | None,
    gate: GateKey,
    *,
    outcome: Literal["passed", "held"],
    on: date,
    today: date,
    note: str = "",
) -> GateDecided:
    """A gate of the approved directive is passed, or held back; gates are passed in their order (TY-09)."""
    project = may(project, GateDecided)
    keys: list[str] = [planned.key for planned in project.gates]
    if gate not in keys:
        raise NoSuchGate(field="gate", gate=gate)
    if gate in project.passed:
        raise GatePassed(field="gate", gate=gate)
    earlier = next((key for key in keys[: keys.index(gate)] if key not in project.passed), None)
    if outcome == "passed" and earlier is not None:
        raise GateOutOfOrder(field="gate", gate=gate, earlier=earlier)
    if on > today:
        raise NotYetDecided(field="on")
    return GateDecided(request_id=project.id, gate=gate, outcome=outcome, on=on, note=note)


def hold_dialogue(project: Project | None, *, with_whom: Person, note: str, by: UUID) -> DialogueHeld:
    """The leader spoke with an orderer of how the project proceeds (IT-22). `note` is sealed as the orderer's."""
    project = led_by(may(project, DialogueHeld), by)
    return DialogueHeld(request_id=project.id, with_whom=with_whom, note=note)


def led_by(project: Project, person: UUID) -> Project:
    """The project, if this person leads it (IT-20)."""
    if project.leader is None:
        raise NotAssigned
    if project.leader.id != person:
        raise NotTheLeader
    return project
