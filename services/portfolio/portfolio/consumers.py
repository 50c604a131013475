"""What portfolio does because of others' facts, and because time passes.

A fact of intake or governance that our table of moves does not allow any more (a plan agreed on for a project that has
left meanwhile) has no effect here: both sides of that story are in the log.
"""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from chassis.logging import get_logger
from chassis.partnership import Partnership
from chassis.react import Reaction, Work
from chassis.schedule import Clockwork, Tick
from contracts.envelope import Envelope
from contracts.governance import CabDecided, DirectiveApproved, PlanAgreed
from contracts.intake import ClassificationWithdrawn, ClassifiedAsProject, RequestMerged, RequestWithdrawn
from contracts.portfolio import ProjectFact
from contracts.refusal import Refusal
from contracts.topics import REQUEST
from portfolio.commands import PROJECT, today
from portfolio.domain import assignment, entry, followup, turns
from portfolio.domain.duties import Duties
from portfolio.domain.project import Project
from portfolio.views import duties

log = get_logger(__name__)

Followed = (
    ClassifiedAsProject
    | ClassificationWithdrawn
    | RequestWithdrawn
    | RequestMerged
    | DirectiveApproved
    | PlanAgreed
    | CabDecided
)


async def follow(event: Envelope[Followed], work: Work) -> None:
    """Let the project follow what intake and governance say of its request."""
    try:
        await work.handle(PROJECT, event.subject, lambda project: because_of(event, project, work))
    except Refusal as refusal:
        log.info("reaction.no_effect", cause=str(event.id), type=event.type, rule=refusal.rule)


def because_of(event: Envelope[Followed], project: Project | None, work: Work) -> ProjectFact | None:
    """The fact of our own that answers another's, or None (IT-08, TY-04, TY-09, TY-15, TY-23)."""
    day = today(work.resources["partnership"], event.municipality, work.clock.now())
    match event.data:
        case ClassifiedAsProject() as judged:
            return entry.enter(project, judged, home=event.municipality)
        case ClassificationWithdrawn() as withdrawn:
            return entry.leave(project, reason=withdrawn.reason)
        case RequestWithdrawn() as withdrawn:
            return entry.leave(project, reason=withdrawn.note or withdrawn.reason)
        case RequestMerged() as merged:
            return entry.leave(project, reason="merged", into=merged.into)
        case DirectiveApproved() as approved:
            return entry.agree_follow_up(project, approved)
        case PlanAgreed() as agreed:
            return assignment.start(project, plan_version=agreed.version)
        case CabDecided() as decided:
            return turns.as_the_cab_decided(project, decided, today=day)


on_requests = Reaction("portfolio.follows-requests", topics=(REQUEST,), facts=Followed, react=follow)


async def look_for_missed_reports(tick: Tick) -> None:
    """Say of each report that was due and has not come that it was missed, once (IT-20, TY-15).

    The view says where to look; whether something was missed is judged on the project's own history, in which a report
    stands from the moment it was given.
    """
    partnership: Partnership = tick.resources["partnership"]
    for row in await duties.to_look_at(tick.db, tick.now, scope=partnership.ids):
        history = await tick.store.load(row.request_id, within=tick.connection)
        for cadence, due in owed(history).missed_by(tick.now):
            await tick.handle(
                PROJECT,
                row.request_id,
                partial(followup.miss, cadence=cadence, due=due),
                municipality=row.municipality,
                occasion=_occasion(row.request_id, cadence, due),
            )


def owed(history: list[Envelope[Any]]) -> Duties:
    """What is owed after a history."""
    now = Duties()
    for event in history:
        now = now.after(event.data, event.time)
    return now


def _occasion(request_id: UUID, cadence: str, due: Any) -> str:
    return f"{cadence} report of {request_id} due {due.isoformat()}"


missed_reports = Clockwork("portfolio.missed-reports", every_seconds=30, tick=look_for_missed_reports)
