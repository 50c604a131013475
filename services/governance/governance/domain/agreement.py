"""What governance knows of one request: its directive, its plan, what the CAB decided. One stream, one fold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from contracts.governance import (
    AgreementFact,
    CabDecided,
    DecisionRecorded,
    PlanAccepted,
    PlanAgreed,
    PlanCommissioned,
    PlanWritten,
)
from governance.domain import directive, plan
from governance.domain.directive import DirectiveCase
from governance.domain.plan import PlanCase
from governance.domain.refusals import NoDirective, NoPlan


@dataclass(frozen=True, slots=True)
class Agreement:
    """The directive every project gets, the plan it may have, and the decisions that reached it."""

    directive: DirectiveCase
    plan: PlanCase | None = None
    decided: frozenset[UUID] = frozenset()

    def hear_of_decision(self, decision: DecisionRecorded, *, meeting_number: int) -> CabDecided | None:
        """What the CAB decided reaches the project's own history (IT-21); None when it has already."""
        if decision.decision_id in self.decided:
            return None
        return CabDecided(
            request_id=decision.request_id,
            meeting_id=decision.meeting_id,
            meeting_number=meeting_number,
            decision_id=decision.decision_id,
            outcome=decision.outcome,
            text=decision.text,
        )


def directive_of(agreement: Agreement | None) -> DirectiveCase:
    """The directive, or a refusal when none was sent (IT-09)."""
    if agreement is None:
        raise NoDirective
    return agreement.directive


def plan_of(agreement: Agreement | None) -> PlanCase:
    """The plan, or a refusal when none was commissioned (IT-18)."""
    if agreement is None or agreement.plan is None:
        raise NoPlan
    return agreement.plan


def evolve(agreement: Agreement | None, fact: AgreementFact) -> Agreement:
    """The agreement after one more fact."""
    match fact:
        case PlanCommissioned() | PlanWritten() | PlanAccepted() | PlanAgreed():
            assert agreement is not None, f"{fact.type} before a directive was sent"
            return replace(agreement, plan=plan.evolve(agreement.plan, fact))
        case CabDecided():
            assert agreement is not None, f"{fact.type} before a directive was sent"
            return replace(agreement, decided=agreement.decided | {fact.decision_id})
        case _ if agreement is None:
            return Agreement(directive.evolve(None, fact))
        case _:
            return replace(agreement, directive=directive.evolve(agreement.directive, fact))
