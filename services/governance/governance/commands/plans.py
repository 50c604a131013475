"""The commands of a plan: the leader writes it, both parties accept it."""

from __future__ import annotations

from chassis.aggregate import Outcome, handle
from chassis.context import Context
from chassis.identity import Identity, Role
from chassis.web import Deps
from contracts.values import Plan
from governance.commands.agreements import AGREEMENT, Found
from governance.commands.people import person_of
from governance.domain.agreement import Agreement, directive_of, plan_of
from governance.domain.plan import Party


async def write(
    here: Deps,
    found: Found,
    plan: Plan,
    *,
    directive_version: int,
    caller: Identity,
    context: Context,
    expected: int | None = None,
) -> Outcome[Agreement]:
    """The appointed leader writes a version from a named version of the directive (IT-18)."""
    return await handle(
        here.store,
        AGREEMENT,
        found.request_id,
        lambda state: plan_of(state).write(plan, directive_version, by=caller.id, directive=directive_of(state)),
        context,
        expected=expected,
    )


async def accept(
    here: Deps,
    found: Found,
    party: Party,
    *,
    version: int,
    caller: Identity,
    context: Context,
    expected: int | None = None,
) -> Outcome[Agreement]:
    """The PM accepts for the IT team, the orderer for the business (IT-19)."""
    person = await person_of(here, caller)
    is_pm = caller.has(Role.PM, found.municipality)
    return await handle(
        here.store,
        AGREEMENT,
        found.request_id,
        lambda state: plan_of(state).accept(
            party, person, is_pm=is_pm, version=version, approved=directive_of(state).approved
        ),
        context,
        expected=expected,
    )
