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
from portfolio.domain.lifecycle import State, check
from portfolio.domain.refusals import NotInPortfolio


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What the portfolio must remember of a project in order to decide."""

    id: UUID
    title: str
    requester: Person
    serves: tuple[str, ...]
    """The municipalities it serves; the one it came from is first."""
    place: State = State.ENTERED
    """How far it has come: entered, prioritised, assigned, under way, completed; or it has left."""
    resting: State | None = None
    """Postponed or stopped, laid over its place (TY-04)."""
    limited: bool = False
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
        """Where it stands, as people speak of it: what is laid over its place comes before the place."""
        if self.resting is not None:
            return self.resting
        if self.limited and self.place not in (State.COMPLETED, State.LEFT):
            return State.LIMITED
        return self.place

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
    match fact:
        case LeftPortfolio():
            return replace(project, place=State.LEFT, resting=None)
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
            return replace(project, rank=fact.rank, place=_further(project.place, State.ENTERED, State.PRIORITISED))
        case ReleasePlanned():
            return replace(project, release=fact.period)
        case Assigned():
            place = _further(project.place, State.PRIORITISED, State.ASSIGNED)
            return replace(project, leader=fact.leader, group=fact.group, place=place)
        case PeopleLent() | DialogueHeld():
            return project
        case _:
            return _carried_out(project, fact)


def _carried_out(
    project: Project,
    fact: WorkStarted
    | StatusReported
    | StatusReportMissed
    | GateDecided
    | ProjectPostponed
    | ProjectLimited
    | ProjectStopped
    | ProjectResumed
    | ProjectCompleted,
) -> Project:
    match fact:
        case WorkStarted():
            return replace(project, place=State.UNDER_WAY, plan_version=fact.plan_version)
        case StatusReported():
            return replace(project, reports=fact.number, spent=fact.spent)
        case StatusReportMissed():
            return replace(project, missed=project.missed | {(fact.cadence, fact.due)})
        case GateDecided():
            return replace(project, passed=project.passed | {fact.gate}) if fact.outcome == "passed" else project
        case ProjectPostponed():
            return replace(project, resting=State.POSTPONED)
        case ProjectLimited():
            return replace(project, limited=True)
        case ProjectStopped():
            return replace(project, resting=State.STOPPED)
        case ProjectResumed():
            # What rests goes on as it was, limited or not; what is only limited gets its whole scope back.
            return replace(project, resting=None, limited=project.limited and project.resting is not None)
        case ProjectCompleted():
            return replace(project, place=State.COMPLETED, spent=fact.spent)


def _further(place: State, before: State, after: State) -> State:
    """A step forwards from `before`; whoever has come further stays there, as when a running project is ranked anew."""
    return after if place is before else place
