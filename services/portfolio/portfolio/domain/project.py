"""A project in the portfolio: what must be remembered of it in order to decide.

Pure: decisions return facts, `evolve` folds facts into state, and neither knows of a database, a clock or a request
over HTTP. The decisions stand beside this file, by what they are about: `entry`, `ranking`, `assignment`, `followup`,
`turns`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from contracts.event import Event
from contracts.portfolio import (
    Assigned,
    DialogueHeld,
    EnteredPortfolio,
    FollowUpAgreed,
    GateDecided,
    LeftPortfolio,
    PeopleLent,
    Prioritised,
    ProjectCompleted,
    ProjectFact,
    ProjectLimited,
    ProjectPostponed,
    ProjectResumed,
    ProjectStopped,
    ReleasePlanned,
    ServesChanged,
    StatusReported,
    StatusReportMissed,
    WorkStarted,
)
from contracts.values import Cadence, Gate, Member, Person
from portfolio.domain.lifecycle import JUST_ENTERED, State, Whereabouts, check
from portfolio.domain.refusals import NotInPortfolio


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What the portfolio must remember of a project in order to decide."""

    id: UUID
    title: str
    requester: Person
    serves: tuple[str, ...]
    """The municipalities it serves; the one it came from is first."""
    where: Whereabouts = JUST_ENTERED
    rank: int | None = None
    leader: Person | None = None
    group: tuple[Member, ...] = ()
    orderer: Person | None = None
    cadence: Cadence | None = None
    gates: tuple[Gate, ...] = ()
    passed: frozenset[str] = frozenset()
    ends: date | None = None
    release: str | None = None
    directive_version: int | None = None
    plan_version: int | None = None
    reports: int = 0
    missed: frozenset[tuple[str, datetime]] = frozenset()
    spent: Decimal = Decimal(0)

    @property
    def state(self) -> State:
        """Where it stands, as people speak of it."""
        return self.where.state

    @property
    def home(self) -> str:
        """The municipality whose request it is."""
        return self.serves[0]


def may(project: Project | None, happening: type[Event]) -> Project:
    """The project, if the table of moves allows this of it now. Raises a refusal otherwise (TY-04)."""
    if project is None:
        raise NotInPortfolio
    check(project.state, happening)
    return project


def evolve(project: Project | None, fact: ProjectFact) -> Project:
    """The project after a fact."""
    if isinstance(fact, EnteredPortfolio):
        return Project(id=fact.request_id, title=fact.title, requester=fact.requester, serves=fact.serves)
    assert project is not None, f"{fact.type} before the project entered the portfolio"
    return _with(replace(project, where=project.where.after(fact)), fact)


def _with(project: Project, fact: ProjectFact) -> Project:
    match fact:
        case ServesChanged():
            return replace(project, serves=fact.serves)
        case FollowUpAgreed():
            return replace(
                project,
                cadence=fact.cadence,
                gates=fact.gates,
                orderer=fact.orderer,
                ends=fact.ends,
                directive_version=fact.directive_version,
            )
        case Prioritised():
            return replace(project, rank=fact.rank)
        case ReleasePlanned():
            return replace(project, release=fact.period)
        case Assigned():
            return replace(project, leader=fact.leader, group=fact.group)
        case WorkStarted():
            return replace(project, plan_version=fact.plan_version)
        case StatusReported():
            return replace(project, reports=fact.number, spent=fact.spent)
        case StatusReportMissed():
            return replace(project, missed=project.missed | {(fact.cadence, fact.due)})
        case GateDecided():
            return replace(project, passed=project.passed | {fact.gate}) if fact.outcome == "passed" else project
        case ProjectCompleted():
            return replace(project, spent=fact.spent)
        case (
            EnteredPortfolio()
            | LeftPortfolio()
            | PeopleLent()
            | DialogueHeld()
            | ProjectPostponed()
            | ProjectLimited()
            | ProjectStopped()
            | ProjectResumed()
        ):
            return project  # where it stands is all that decisions must know of them
