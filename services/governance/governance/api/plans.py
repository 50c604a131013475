"""Plans over JSON."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel

from chassis.auth import Caller
from chassis.identity import Role
from chassis.web import Here, Listed, answer, caught_up, expected_version, next_link, reply
from chassis.web.schema import CHANGES, PROBLEMS, READS, headers, listed, shown
from governance.commands import plans as commands
from governance.commands.agreements import find
from governance.domain import plan_form
from governance.domain.plan import Party
from governance.domain.refusals import NoPlan
from governance.views import plans
from governance.views.plans import PlanRow

router = APIRouter(prefix="/plans", tags=["Plans"], responses=PROBLEMS)


class PlanBody(BaseModel):
    """A plan with the field names of the contract's Plan, and the version of the directive it derives from (IT-18)."""

    directive_version: int
    plan: dict[str, Any]


class AcceptanceBody(BaseModel):
    """Which version is accepted, and for which party (IT-19)."""

    version: int
    party: Party


@router.get(
    "",
    responses={200: listed(PlanRow)},
    operation_id="listPlans",
    summary="List plans",
    openapi_extra=headers(READS),
)
async def list_plans(request: Request, here: Here, caller: Caller, part: Listed) -> Response:
    """The plans somebody was asked for, those not yet agreed first."""
    await caught_up(request, here, plans.view)
    found = await plans.commissioned_ones(here.db, scope=caller.scope, **part)
    return answer(await here.vault.open_all(found.rows, caller.language), headers=next_link(request, found.mark))


@router.get(
    "/{request_id}",
    responses={200: shown(PlanRow)},
    operation_id="showPlan",
    summary="Show a plan",
    openapi_extra=headers(READS),
)
async def show_plan(request: Request, here: Here, caller: Caller, request_id: UUID) -> Response:
    """A plan with all its versions and who accepted them."""
    await caught_up(request, here, plans.view)
    found = await find(here, request_id, caller)
    row = await plans.view.get(here.db, request_id, scope=[found.municipality])
    if row is None or row.leader is None:
        raise NoPlan
    return answer(await here.vault.open_all(row, caller.language), version=row.stream_version)


@router.post(
    "/{request_id}/versions",
    status_code=201,
    operation_id="writePlan",
    summary="Write a version of the plan",
    openapi_extra=headers(CHANGES),
)
async def write_plan(request: Request, here: Here, caller: Caller, request_id: UUID, body: PlanBody) -> Response:
    """The leader writes a version from a named, approved version of the directive (IT-18)."""
    found = await find(here, request_id, caller)
    context = await here.context(request, caller, found.municipality, role=Role.LEADER)
    outcome = await commands.write(
        here,
        found,
        plan_form.read(body.plan),
        directive_version=body.directive_version,
        caller=caller,
        context=context,
        expected=expected_version(request),
    )
    plan = outcome.state.plan
    return reply(outcome, plan_version=0 if plan is None else plan.version)


@router.post(
    "/{request_id}/acceptances",
    status_code=201,
    operation_id="acceptPlan",
    summary="Accept a version of the plan",
    openapi_extra=headers(CHANGES),
)
async def accept_plan(request: Request, here: Here, caller: Caller, request_id: UUID, body: AcceptanceBody) -> Response:
    """One of the two parties accepts a version (IT-19)."""
    found = await find(here, request_id, caller)
    context = await here.context(request, caller, found.municipality)
    outcome = await commands.accept(
        here,
        found,
        body.party,
        version=body.version,
        caller=caller,
        context=context,
        expected=expected_version(request),
    )
    return reply(outcome)
