"""How far has this request come, who has the ball, and since when? One row per request, for the one who asked (IT-02).

Folded from what intake, governance and portfolio say of the request, from the ticket to the end; to change `CourseRow`,
raise `version`. What it comes to in steps is told by `portfolio.pages.course`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from chassis.db import Database
from chassis.views import Row, View
from contracts.envelope import Envelope
from contracts.governance import (
    DirectiveAccepted,
    DirectiveApproved,
    DirectiveClosed,
    DirectiveReopened,
    DirectiveSent,
    DirectiveSentBack,
    DirectiveSubmitted,
    PlanAgreed,
    PlanCommissioned,
    PlanWritten,
)
from contracts.intake import (
    ClassificationWithdrawn,
    ClassifiedAsChange,
    ClassifiedAsProject,
    IntakeFact,
    RequestChanged,
    RequestMerged,
    RequestRegistered,
    RequestReopened,
    RequestWithdrawn,
)
from contracts.portfolio import (
    Assigned,
    EnteredPortfolio,
    LeftPortfolio,
    Prioritised,
    ProjectCompleted,
    ProjectLimited,
    ProjectPostponed,
    ProjectResumed,
    ProjectStopped,
    WorkStarted,
)
from contracts.topics import REQUEST
from contracts.values import Person, TicketRef

DirectiveAt = Literal["sent", "sent_back", "reopened", "returned", "accepted", "approved", "closed"]
Ended = Literal["withdrawn", "merged", "joined", "completed"]
AgreementSteps = (
    DirectiveSent
    | DirectiveSubmitted
    | DirectiveSentBack
    | DirectiveAccepted
    | DirectiveApproved
    | DirectiveReopened
    | DirectiveClosed
    | PlanCommissioned
    | PlanWritten
    | PlanAgreed
)
ProjectSteps = (
    EnteredPortfolio
    | LeftPortfolio
    | Prioritised
    | Assigned
    | WorkStarted
    | ProjectPostponed
    | ProjectLimited
    | ProjectStopped
    | ProjectResumed
    | ProjectCompleted
)
Fact = IntakeFact | AgreementSteps | ProjectSteps


class CourseRow(Row, frozen=True, kw_only=True):
    """A request on its way. Moments are those of the facts; what has not happened is None."""

    request_id: UUID
    municipality: str
    changed_at: datetime
    title: str
    ticket_number: str
    requester: Person
    began_at: datetime
    """When the request was first heard of; the ticket's registration, where that is known."""
    judged: Literal["project", "change"] | None = None
    judged_at: datetime | None = None
    waits_since: datetime
    """Since when it waits for the PM's judgement, when it does."""
    directive: DirectiveAt | None = None
    directive_since: datetime | None = None
    """Since when the directive is with the one who has it now."""
    directive_due: date | None = None
    approved_at: datetime | None = None
    entered_at: datetime | None = None
    rank: int | None = None
    ranked_at: datetime | None = None
    leader: Person | None = None
    assigned_at: datetime | None = None
    plan: Literal["commissioned", "written", "agreed"] | None = None
    plan_since: datetime | None = None
    planned_at: datetime | None = None
    started_at: datetime | None = None
    resting: Literal["postponed", "stopped"] | None = None
    rests_since: datetime | None = None
    until: date | None = None
    scope: str = ""
    """What is left of the project when it is limited; empty when it is not."""
    ended: Ended | None = None
    ended_at: datetime | None = None
    reason: str = ""
    """Why it was judged so, rests or has ended, in the words of the one who decided; empty where none were given."""
    into_number: str = ""
    """The number of the ticket it was merged into."""


def evolve(row: CourseRow | None, event: Envelope[Fact]) -> CourseRow | None:
    """The row after an event; None while nothing has said what the request is called and whose it is."""
    fact = event.data
    if row is None:
        if not isinstance(fact, RequestRegistered | ClassifiedAsProject | EnteredPortfolio):
            return None
        row = CourseRow(
            request_id=event.subject,
            municipality=event.municipality,
            changed_at=event.time,
            title=fact.title,
            ticket_number=_number(fact.ticket),
            requester=fact.requester,
            began_at=event.time,
            waits_since=event.time,
        )
    # Facts of three services meet here: of those that knew nothing of each other, either may come first.
    changed_at = max(row.changed_at, event.time)
    return row.replace(changed_at=changed_at, **_changes(row, event))


def _changes(row: CourseRow, event: Envelope[Fact]) -> dict[str, Any]:
    fact, at = event.data, event.time
    match fact:
        case RequestRegistered(title=title, ticket=ticket, requester=requester):
            return {"title": title, "ticket_number": _number(ticket), "requester": requester}
        case RequestChanged(title=title, ticket=ticket):
            return {"title": title} | ({"ticket_number": _number(ticket)} if ticket else {})
        case RequestWithdrawn(note=note):
            return {"ended": "withdrawn", "ended_at": at, "reason": note}
        case RequestMerged(into_ticket=into):
            return {"ended": "merged", "ended_at": at, "reason": "", "into_number": _number(into)}
        case RequestReopened() | ClassificationWithdrawn():
            return {**_AFRESH, "judged": None, "judged_at": None, "waits_since": at, "ended": None, "ended_at": None}
        case ClassifiedAsProject(title=title, requester=requester):
            return {"judged": "project", "judged_at": at, "title": title, "requester": requester, "reason": ""}
        case ClassifiedAsChange(reason=reason):
            return {"judged": "change", "judged_at": at, "reason": reason}
        case PlanCommissioned() | PlanWritten() | PlanAgreed():
            return _planned(row, fact, at)
        case _ if isinstance(fact, ProjectSteps):
            return _of_project(row, fact, event)
        case _:
            return _of_directive(row, fact, at)


_AFRESH: dict[str, Any] = {
    "directive": None, "directive_since": None, "directive_due": None, "approved_at": None, "entered_at": None,
    "rank": None, "ranked_at": None, "leader": None, "assigned_at": None, "plan": None, "plan_since": None,
    "planned_at": None, "started_at": None, "resting": None, "rests_since": None, "until": None, "scope": "",
    "reason": "",
}  # fmt: skip
"""Nothing of a project has happened (yet, or any more)."""


def _of_directive(row: CourseRow, fact: Any, at: datetime) -> dict[str, Any]:
    match fact:
        case DirectiveSent(due=due):
            return {"directive": "sent", "directive_since": at, "directive_due": due}
        case DirectiveSubmitted(directive=directive):
            return {"directive": "returned", "directive_since": at, "title": directive.title}
        case DirectiveSentBack(due=due):
            return {"directive": "sent_back", "directive_since": at, "directive_due": due or row.directive_due}
        case DirectiveAccepted():
            return {"directive": "accepted", "directive_since": at}
        case DirectiveApproved():
            return {"directive": "approved", "directive_since": at, "approved_at": at}
        case DirectiveReopened(due=due):
            return {"directive": "reopened", "directive_since": at, "directive_due": due or row.directive_due}
        case DirectiveClosed():
            return {"directive": "closed", "directive_since": at} if row.directive else {}
        case _:
            return {}


def _planned(row: CourseRow, fact: PlanCommissioned | PlanWritten | PlanAgreed, at: datetime) -> dict[str, Any]:
    match fact:
        case PlanCommissioned():
            return {"plan": "commissioned", "plan_since": at}
        case PlanWritten():
            return {"plan": "written", "plan_since": at}
        case PlanAgreed():
            return {"plan": "agreed", "plan_since": at, "planned_at": row.planned_at or at}


def _of_project(row: CourseRow, fact: ProjectSteps, event: Envelope[Fact]) -> dict[str, Any]:
    at = event.time
    match fact:
        case EnteredPortfolio(title=title, requester=requester):
            judged = {"judged": "project", "judged_at": row.judged_at or at}
            return {"entered_at": at, "title": title, "requester": requester, "ended": None, "ended_at": None, **judged}
        case LeftPortfolio(reason=reason) if event.causation is None:
            # The PM joined it with a like one (IT-15); of everything else a fact of intake's has told.
            return {"ended": "joined", "ended_at": at, "reason": reason}
        case LeftPortfolio():
            return {"entered_at": None}
        case Prioritised(rank=rank):
            return {"rank": rank, "ranked_at": row.ranked_at or at}
        case Assigned(leader=leader):
            return {"leader": leader, "assigned_at": row.assigned_at or at}
        case WorkStarted():
            return {"started_at": row.started_at or at, "planned_at": row.planned_at or at}
        case ProjectPostponed(reason=reason, until=until):
            return {"resting": "postponed", "rests_since": at, "reason": reason, "until": until}
        case ProjectStopped(reason=reason):
            return {"resting": "stopped", "rests_since": at, "reason": reason, "until": None}
        case ProjectLimited(scope=scope, reason=reason):
            return {"scope": scope, "reason": reason}
        case ProjectResumed():
            return {"resting": None, "rests_since": None, "until": None, "reason": "", **_whole_again(row)}
        case ProjectCompleted(summary=summary):
            return {"ended": "completed", "ended_at": at, "reason": summary, "resting": None}


def _whole_again(row: CourseRow) -> dict[str, Any]:
    """What rested goes on as it was, limited or not; what was only limited gets its whole scope back (TY-04)."""
    return {} if row.resting else {"scope": ""}


def _number(ticket: TicketRef) -> str:
    return ticket.number or ticket.external_id


view = View(
    "courses",
    version=1,
    row=CourseRow,
    facts=Fact,
    topics=(REQUEST,),
    evolve=evolve,
    indexes=("(requester ->> 'id')",),
)


async def asked_for_by(db: Database, person: UUID, *, everywhere: Iterable[str]) -> list[CourseRow]:
    """What a person asked for, in whichever municipality: what goes on first, and of that the latest moved."""
    where = "requester ->> 'id' = $1 ORDER BY ended IS NOT NULL, changed_at DESC, request_id"
    return await view.select(db, where, str(person), scope=everywhere)


async def asked_by(db: Database, request_id: UUID, person: UUID, *, scope: Iterable[str]) -> CourseRow | None:
    """A request, if it is this person's own."""
    row = await view.get(db, request_id, scope=scope)
    return row if row is not None and row.requester.id == person else None
