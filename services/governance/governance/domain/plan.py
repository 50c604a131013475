"""The project plan: written by the leader from an approved directive, accepted by both parties (IT-18, IT-19)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from contracts.governance import PlanAccepted, PlanAgreed, PlanCommissioned, PlanWritten
from contracts.values import Directive, Person, Plan
from governance.domain import refusals
from governance.domain.directive import DirectiveCase

Party = Literal["it_team", "business"]
PlanFact = PlanCommissioned | PlanWritten | PlanAccepted | PlanAgreed


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCase:
    """What governance must remember of a plan in order to decide."""

    request_id: UUID
    leader: Person
    version: int = 0
    directive_version: int = 0
    """The version of the directive that the plan's last version derives from."""
    accepted: frozenset[Party] = frozenset()
    agreed: int | None = None
    """The version that is the agreement, or None before there is one."""

    def write(self, plan: Plan, directive_version: int, *, by: UUID, directive: DirectiveCase) -> PlanWritten:
        """The leader, and nobody else, writes a new version from a named, approved version of the directive (IT-18).

        Earlier acceptances do not count for it: a change is a new version with new acceptances (IT-19).
        """
        if by != self.leader.id:
            raise refusals.NotTheLeader
        if directive.stage == "closed":
            raise refusals.NoDirectiveBehindIt
        if directive_version not in directive.approved:
            raise refusals.NotAnApprovedDirective(field="directive_version", version=directive_version)
        return PlanWritten(
            request_id=self.request_id, version=self.version + 1, directive_version=directive_version, plan=plan
        )

    def accept(
        self, party: Party, person: Person, *, is_pm: bool, version: int, approved: Mapping[int, Directive]
    ) -> tuple[PlanAccepted | PlanAgreed, ...]:
        """One of the parties accepts; with the second acceptance the plan is the agreement between them (IT-19).

        The PM accepts for the IT team, the orderer of the directive that the plan derives from for the business.
        """
        if self.version == 0 or self.agreed == self.version:
            raise refusals.NothingToAccept
        if version != self.version:
            raise refusals.AnotherVersion(asked=version, current=self.version)
        may = is_pm if party == "it_team" else person.id == approved[self.directive_version].orderer.id
        if not may:
            raise refusals.NotThatParty
        if party in self.accepted:
            raise refusals.AlreadyAccepted
        accepted = PlanAccepted(request_id=self.request_id, version=version, party=party, person=person)
        if not self.accepted:
            return (accepted,)
        agreed = PlanAgreed(request_id=self.request_id, version=version, directive_version=self.directive_version)
        return accepted, agreed


def commission(plan: PlanCase | None, leader: Person, *, directive: DirectiveCase) -> PlanCommissioned | None:
    """The appointed leader is to write the plan (IT-18); None when they know already, or nothing is to be planned."""
    if directive.stage == "closed" or (plan is not None and plan.leader.id == leader.id):
        return None
    return PlanCommissioned(request_id=directive.request_id, leader=leader, directive_version=directive.binding)


def evolve(plan: PlanCase | None, fact: PlanFact) -> PlanCase:
    """The plan after one more fact."""
    if isinstance(fact, PlanCommissioned):
        return (
            PlanCase(request_id=fact.request_id, leader=fact.leader)
            if plan is None
            else replace(plan, leader=fact.leader)
        )
    assert plan is not None, f"{fact.type} before a plan was commissioned"
    match fact:
        case PlanWritten(version=version, directive_version=directive_version):
            return replace(plan, version=version, directive_version=directive_version, accepted=frozenset())
        case PlanAccepted(party=party):
            return replace(plan, accepted=plan.accepted | {party})
        case PlanAgreed(version=version):
            return replace(plan, agreed=version)
