"""How a project comes into the portfolio, whom it serves, and how it leaves (IT-08, IT-15)."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from contracts.governance import DirectiveApproved
from contracts.intake import ClassifiedAsProject
from contracts.portfolio import EnteredPortfolio, FollowUpAgreed, LeftPortfolio, ServesChanged
from portfolio.domain.lifecycle import State, check
from portfolio.domain.project import Project, may
from portfolio.domain.refusals import JoinedWithItself, ReasonNeeded, TooFarToJoin


def enter(project: Project | None, judged: ClassifiedAsProject, *, home: str) -> EnteredPortfolio:
    """A request that was judged a project stands in the portfolio, with its origin and its ticket (IT-08).

    A request that had left may come in again; it then begins anew, without rank or leader.
    """
    if project is not None:
        check(project.state, EnteredPortfolio)
    return EnteredPortfolio(
        request_id=judged.request_id,
        title=judged.title,
        origin=judged.origin,
        ticket=judged.ticket,
        requester=judged.requester,
        serves=home_first(home, judged.serves),
    )


def leave(project: Project | None, *, reason: str, into: UUID | None = None) -> LeftPortfolio | None:
    """The request is no project any more (IT-08). One that is not in the portfolio, or is completed, stays as it is."""
    if project is None or project.state in (State.LEFT, State.COMPLETED):
        return None
    return LeftPortfolio(request_id=project.id, reason=reason, into=into)


def agree_follow_up(project: Project | None, approved: DirectiveApproved) -> FollowUpAgreed:
    """What an approved directive says of how the project is followed (TY-09, TY-13, TY-15, TY-20, TY-23)."""
    project = may(project, FollowUpAgreed)
    directive = approved.directive
    return FollowUpAgreed(
        request_id=project.id,
        directive_version=approved.version,
        cadence=directive.cadence,
        gates=directive.gates,
        budget=directive.cost.cap,
        orderer=directive.orderer,
        ends=directive.ends,
        delivery_period=directive.delivery_period,
    )


def change_serves(project: Project | None, serves: Iterable[str], *, reason: str) -> ServesChanged | None:
    """The project serves these municipalities and the one it came from, which is always among them (IT-15)."""
    project = may(project, ServesChanged)
    _must_say_why(reason)
    now = home_first(project.home, serves)
    if now == project.serves:
        return None
    return ServesChanged(request_id=project.id, serves=now, reason=reason)


def join(
    project: Project | None, other: Project | None, *, reason: str, other_home: str
) -> tuple[ServesChanged, LeftPortfolio]:
    """Like requests become one: the first serves what both served, the other leaves into it (IT-15).

    Returns a fact for each of the two histories.
    """
    project, other = may(project, ServesChanged), may(other, LeftPortfolio)
    _must_say_why(reason)
    if project.id == other.id:
        raise JoinedWithItself(field="other")
    if other.leader is not None:
        raise TooFarToJoin(field="other")
    serves = home_first(project.home, (*project.serves, other_home, *other.serves))
    return (
        ServesChanged(request_id=project.id, serves=serves, joined_with=other.id, reason=reason),
        LeftPortfolio(request_id=other.id, reason=reason, into=project.id),
    )


def home_first(home: str, serves: Iterable[str]) -> tuple[str, ...]:
    """The municipalities a project serves, its own first and the others in the order of the alphabet."""
    return (home, *sorted(set(serves) - {home}))


def _must_say_why(reason: str) -> None:
    if not reason.strip():
        raise ReasonNeeded(field="reason")
