"""The plan: the leader writes it, both parties accept it, everybody concerned reads it (IT-18, IT-19)."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from chassis.auth import Caller
from chassis.identity import Identity, Role
from chassis.store import VersionConflict
from chassis.web import Deps, Here, PageNumber, caught_up, form_of, go_to
from chassis.web.problems import Changed
from contracts.refusal import Refusal
from governance.commands import plans as commands
from governance.commands.agreements import Found, find
from governance.domain import plan_form
from governance.domain.plan import Party
from governance.domain.refusals import NoPlan, NotTheLeader
from governance.domain.tree import Draft
from governance.pages.shown import Values, row_button, show, with_row, without_row
from governance.views import plans
from governance.views.plans import PlanRow

router = APIRouter()


@router.get("/plans")
async def all_plans(request: Request, here: Here, caller: Caller, number: PageNumber = 1) -> Response:
    """All plans somebody was asked for."""
    await caught_up(request, here, plans.view)
    found = await plans.page_of(here.db, scope=caller.scope, number=number)
    rows = await here.vault.open_all(found.rows, caller.language)
    return show(request, "plans.html", caller, rows=rows, found=found)


@router.get("/plans/{request_id}")
async def read_plan(request: Request, here: Here, caller: Caller, request_id: UUID) -> Response:
    """A plan with its versions, and what the caller can do with it now."""
    await caught_up(request, here, plans.view)
    return await _page(request, here, caller, await find(here, request_id, caller))


async def _page(
    request: Request, here: Deps, caller: Identity, found: Found, refusal: Refusal | None = None
) -> HTMLResponse:
    row = await _row(here, found, caller)
    case = found.agreement.plan
    open_for = set() if case is None or case.version == 0 or case.agreed == case.version else {"it_team", "business"}
    open_for -= case.accepted if case is not None else set()
    return show(
        request,
        "plan.html",
        caller,
        refusal=refusal,
        row=row,
        can={
            "write": caller.id == row.leader_id and row.state != "closed",
            "it_team": "it_team" in open_for and caller.has(Role.PM, found.municipality),
            "business": "business" in open_for and caller.id == row.orderer_id,
        },
    )


@router.post("/plans/{request_id}/accept")
async def accept(request: Request, here: Here, caller: Caller, request_id: UUID) -> Response:
    """One of the two parties accepts the version that stands (IT-19)."""
    found = await find(here, request_id, caller)
    form = await form_of(request, here.formats(caller))
    party: Party = "it_team" if form.text("party") == "it_team" else "business"
    context = await here.context(request, caller, found.municipality)
    number = form.text("of")
    try:
        outcome = await commands.accept(
            here,
            found,
            party,
            version=int(number) if number.isdecimal() else 0,
            caller=caller,
            context=context,
            expected=form.version,
        )
    except (Refusal, VersionConflict) as trouble:
        return await _page(request, here, caller, found, trouble if isinstance(trouble, Refusal) else Changed())
    return go_to(f"/governance/plans/{request_id}", outcome)


@router.get("/plans/{request_id}/form")
async def open_form(request: Request, here: Here, caller: Caller, request_id: UUID) -> Response:
    """The plan's form, for the appointed leader alone (IT-18)."""
    await caught_up(request, here, plans.view)
    found = await find(here, request_id, caller)
    row = await _row(here, found, caller)
    tree = plan_form.write(row.standing.plan) if row.standing else plan_form.blank()
    return await _form(request, here, caller, found, tree)


async def _form(
    request: Request,
    here: Deps,
    caller: Identity,
    found: Found,
    tree: Draft,
    *,
    version: int | None = None,
    directive_version: int | None = None,
    refusal: Refusal | None = None,
    changed: bool = False,
) -> HTMLResponse:
    row = await _row(here, found, caller)
    if caller.id != row.leader_id:
        raise NotTheLeader
    return show(
        request,
        "plan_form.html",
        caller,
        refusal=refusal,
        row=row,
        value=Values(tree),
        version=row.stream_version if version is None else version,
        directive_version=directive_version or max(row.approved, default=None),
        versions=[(number, number) for number in row.approved],
        changed=changed,
    )


@router.post("/plans/{request_id}/form")
async def write_plan(request: Request, here: Here, caller: Caller, request_id: UUID) -> Response:
    """Put a version to the parties, or change the rows of the form."""
    found = await find(here, request_id, caller)
    given = await form_of(request, here.formats(caller))
    tree = plan_form.keep(given.data)
    number = given.text("directive_version")
    named = int(number) if number.isdecimal() and len(number) < 6 else 0
    match row_button(given.action or ""):
        case ("add", table, _) if table in plan_form.TABLES:
            tree = with_row(tree, table)
        case ("remove", table, at) if table in plan_form.TABLES:
            tree = without_row(tree, table, at)
        case _:
            context = await here.context(request, caller, found.municipality, role=Role.LEADER)
            try:
                outcome = await commands.write(
                    here,
                    found,
                    plan_form.read(tree),
                    directive_version=named,
                    caller=caller,
                    context=context,
                    expected=given.version,
                )
            except (Refusal, VersionConflict) as trouble:
                refusal = trouble if isinstance(trouble, Refusal) else Changed()
                return await _form(
                    request, here, caller, found, tree, directive_version=named, refusal=refusal, changed=True
                )
            return go_to(f"/governance/plans/{request_id}", outcome)
    return await _form(request, here, caller, found, tree, version=given.version, directive_version=named, changed=True)


async def _row(here: Deps, found: Found, caller: Identity) -> PlanRow:
    row = await plans.view.get(here.db, found.request_id, scope=[found.municipality])
    if row is None or row.leader is None:
        raise NoPlan
    return await here.vault.open_all(row, caller.language)
