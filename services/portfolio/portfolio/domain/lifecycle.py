"""The states of a project, and the one table that says what may happen in which (TY-04).

A project moves from its entry to its completion by the first row of states; `limited`, `postponed` and `stopped` are
laid over the place it had, and `resumed` gives that place back. So a project that was stopped while it was under way
is under way again when it is resumed, with its leader, its rank and its plan.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

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
from contracts.refusal import Refusal
from portfolio.domain import refusals


class State(StrEnum):
    """Where a project stands, as people speak of it."""

    ENTERED = "entered"
    PRIORITISED = "prioritised"
    ASSIGNED = "assigned"
    UNDER_WAY = "under_way"
    LIMITED = "limited"
    POSTPONED = "postponed"
    STOPPED = "stopped"
    COMPLETED = "completed"
    LEFT = "left"


E, P, A, U, L, W, S, C, X = State  # W: waiting, postponed; X: it has left

MAY_HAPPEN: dict[type[Event], frozenset[State]] = {
    EnteredPortfolio: frozenset({X}),
    LeftPortfolio: frozenset({E, P, A, U, L, W, S}),
    ServesChanged: frozenset({E, P, A, U, L, W}),
    FollowUpAgreed: frozenset({E, P, A, U, L, W, S}),
    Prioritised: frozenset({E, P, A, U, L, W}),
    ReleasePlanned: frozenset({P, A, U, L, W}),
    Assigned: frozenset({P, A, U, L}),
    PeopleLent: frozenset({A, U, L, W, S}),
    WorkStarted: frozenset({A, U, L, W, S}),
    StatusReported: frozenset({A, U, L}),
    StatusReportMissed: frozenset({A, U, L}),
    GateDecided: frozenset({E, P, A, U, L}),
    DialogueHeld: frozenset({A, U, L, W, S}),
    ProjectPostponed: frozenset({E, P, A, U, L}),
    ProjectLimited: frozenset({P, A, U, L}),
    ProjectStopped: frozenset({E, P, A, U, L, W}),
    ProjectResumed: frozenset({L, W, S}),
    ProjectCompleted: frozenset({U, L}),
}
"""For each fact, the states in which it may happen (TY-04). A request that never entered has no state and no row."""

REFUSED_IN: dict[State, type[Refusal]] = {
    E: refusals.NotPrioritised,
    P: refusals.NotAssigned,
    A: refusals.NotUnderWay,
    U: refusals.AlreadyInPortfolio,
    L: refusals.AlreadyInPortfolio,
    W: refusals.IsPostponed,
    S: refusals.IsStopped,
    C: refusals.IsCompleted,
    X: refusals.HasLeft,
}
"""What is said when a state does not allow something: what is missing, or what to do first."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a project stands: how far it has come, and what is laid over that."""

    place: State = State.ENTERED
    """Entered, prioritised, assigned, under way, completed; or it has left."""
    resting: State | None = None
    """Postponed or stopped (TY-04)."""
    limited: bool = False

    @property
    def state(self) -> State:
        """As people speak of it: what is laid over its place comes before the place."""
        if self.resting is not None:
            return self.resting
        if self.limited and self.place not in (State.COMPLETED, State.LEFT):
            return State.LIMITED
        return self.place

    def after(self, fact: Event) -> Whereabouts:
        """Where it stands after a fact; most facts move nothing."""
        match fact:
            case EnteredPortfolio():
                return Whereabouts()
            case LeftPortfolio():
                return replace(self, place=State.LEFT, resting=None)
            case Prioritised() if self.place is State.ENTERED:
                return replace(self, place=State.PRIORITISED)
            case Assigned() if self.place is State.PRIORITISED:
                return replace(self, place=State.ASSIGNED)
            case WorkStarted():
                return replace(self, place=State.UNDER_WAY)
            case ProjectPostponed():
                return replace(self, resting=State.POSTPONED)
            case ProjectLimited():
                return replace(self, limited=True)
            case ProjectStopped():
                return replace(self, resting=State.STOPPED)
            case ProjectResumed():
                # What rests goes on as it was, limited or not; what is only limited gets its whole scope back.
                return replace(self, resting=None, limited=self.limited and self.resting is not None)
            case ProjectCompleted():
                return replace(self, place=State.COMPLETED)
            case _:
                return self


JUST_ENTERED = Whereabouts()


def check(state: State, happening: type[Event]) -> None:
    """Refuse what the table does not allow in this state (TY-04)."""
    if state in MAY_HAPPEN[happening]:
        return
    if happening is ProjectResumed and state not in (C, X):
        raise refusals.NothingToResume
    if happening is EnteredPortfolio:
        raise refusals.AlreadyInPortfolio
    raise REFUSED_IN[state]
