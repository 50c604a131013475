"""Finding what governance knows of a request, for somebody who may see it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.aggregate import Aggregate
from chassis.identity import Identity, Role
from chassis.web import Deps
from contracts.governance import AgreementFact
from governance.domain import agreement
from governance.domain.agreement import Agreement
from governance.domain.refusals import NoDirective, NotYourDirective

AGREEMENT: Aggregate[Agreement, AgreementFact] = Aggregate("agreement", AgreementFact, agreement.evolve)


@dataclass(frozen=True, slots=True)
class Found:
    """A request's directive and plan as they are now, and whose they are."""

    request_id: UUID
    municipality: str
    agreement: Agreement
    version: int

    def writer(self, caller: Identity) -> Role:
        """As whom somebody writes in the directive: the requester, or the PM who helps (IT-10, IT-11)."""
        if caller.id == self.agreement.directive.requester.id:
            return Role.REQUESTER
        if caller.has(Role.PM, self.municipality):
            return Role.PM
        raise NotYourDirective

    def concerns(self, caller: Identity) -> bool:
        """Whether somebody asked for it, signs it or leads it, whatever their roles."""
        directive, plan = self.agreement.directive, self.agreement.plan
        parties = {directive.requester.id}
        if directive.document is not None:
            parties.add(directive.document.orderer.id)
        if directive.leader is not None:
            parties.add(directive.leader.id)
        if plan is not None:
            parties.add(plan.leader.id)
        return caller.id in parties


async def find(here: Deps, request_id: UUID, caller: Identity) -> Found:
    """What is known of a request. For somebody it is no concern of, there is nothing by that id."""
    history = await here.store.load(request_id)
    state = AGREEMENT.fold(history)
    if state is None:
        raise NoDirective
    found = Found(request_id, history[0].municipality, state, len(history))
    if found.municipality not in caller.scope and not found.concerns(caller):
        raise NoDirective
    return found
