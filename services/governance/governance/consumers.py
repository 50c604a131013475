"""What governance does because of others' facts, and because time passes.

One reaction for all, so that a request's facts are met in the order they happened: a plan is never commissioned
before its directive was sent.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from chassis.i18n import N_
from chassis.partnership import Partnership
from chassis.react import Reaction, Work
from chassis.schedule import Clockwork, Tick
from contracts.envelope import Envelope
from contracts.governance import DirectiveClosed, DirectiveReminded, DirectiveSent, PlanCommissioned
from contracts.intake import ClassificationWithdrawn, ClassifiedAsProject, RequestMerged, RequestWithdrawn
from contracts.portfolio import Assigned, LeftPortfolio
from contracts.topics import REQUEST
from governance.commands.agreements import AGREEMENT
from governance.domain.agreement import Agreement, directive_of
from governance.domain.directive import send
from governance.domain.plan import commission
from governance.views import directives

LEFT = N_("The ticket left the project flow.")
MERGED = N_("The ticket was merged with another.")
Fact = ClassifiedAsProject | ClassificationWithdrawn | RequestWithdrawn | RequestMerged | LeftPortfolio | Assigned


async def follow(event: Envelope[Fact], work: Work) -> None:
    """A project gets a directive (IT-09), what is none any more needs none, a leader is to write a plan (IT-18)."""
    fact = event.data
    match fact:
        case ClassifiedAsProject():
            await _send(fact, event, work)
        case ClassificationWithdrawn(was="project", reason=reason):
            await _close(event, work, reason)
        case RequestWithdrawn(note=note):
            await _close(event, work, note or LEFT)
        case RequestMerged():
            await _close(event, work, MERGED)
        case LeftPortfolio(reason=reason) if event.causation is None:
            await _close(event, work, reason)  # the PM joined it with a like request, which has a directive (IT-15)
        case Assigned():
            await _commission(fact, work)
        case ClassificationWithdrawn() | LeftPortfolio():
            pass  # a change never had one; and of what left because of a fact of intake's, that fact has told us


async def _send(fact: ClassifiedAsProject, event: Envelope[Any], work: Work) -> None:
    municipality = _partnership(work.resources)[event.municipality]
    language = fact.requester.language or municipality.language
    day = _today(work.clock.now(), municipality.timezone)

    def decide(state: Agreement | None) -> DirectiveSent | None:
        case = None if state is None else state.directive
        return send(
            case,
            request_id=fact.request_id,
            requester=fact.requester,
            title=fact.title,
            language=language,
            today=day,
        )

    await work.handle(AGREEMENT, fact.request_id, decide)


async def _close(event: Envelope[Any], work: Work, reason: str) -> None:
    def decide(state: Agreement | None) -> DirectiveClosed | None:
        # A request that never was a project has no directive to close.
        return None if state is None else state.directive.close(reason)

    await work.handle(AGREEMENT, event.subject, decide)


async def _commission(fact: Assigned, work: Work) -> None:
    def decide(state: Agreement | None) -> PlanCommissioned | None:
        directive = directive_of(state)
        plan = None if state is None else state.plan
        return commission(plan, fact.leader, directive=directive)

    await work.handle(AGREEMENT, fact.request_id, decide)


async def remind(tick: Tick) -> None:
    """Remind requesters of directives that are due and not returned (IT-10). Ticking more often reminds no more."""
    for municipality in _partnership(tick.resources).municipalities.values():
        day = _today(tick.now, municipality.timezone)
        for row in await directives.overdue(tick.db, day, scope=[municipality.id]):

            def decide(state: Agreement | None, day: date = day) -> DirectiveReminded | None:
                return directive_of(state).remind(day)

            await tick.handle(
                AGREEMENT,
                row.request_id,
                decide,
                municipality=municipality.id,
                occasion=f"{row.request_id} due {row.due}, reminder {row.reminders + 1}",
            )


def _partnership(resources: Any) -> Partnership:
    partnership: Partnership = resources["partnership"]
    return partnership


def _today(now: Any, timezone: str) -> date:
    day: date = now.astimezone(ZoneInfo(timezone)).date()
    return day


FOLLOW = Reaction("governance.on-request", (REQUEST,), Fact, follow)
REMIND = Clockwork("governance.remind", 600.0, remind)
