"""A directive to be read, answered, approved, compared and printed; and the list of all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from chassis.aggregate import Outcome
from chassis.auth import Caller
from chassis.context import Context
from chassis.identity import Identity, Role
from chassis.store import VersionConflict
from chassis.web import Deps, Form, Here, PageNumber, caught_up, form_of, go_to
from chassis.web.problems import Changed
from contracts.refusal import NotFound, Refusal
from contracts.values import Remark
from governance.commands import directives as commands
from governance.commands.agreements import Found, find
from governance.domain import template
from governance.domain.agreement import Agreement
from governance.domain.compare import differences
from governance.domain.filled import FilledPerson
from governance.pages import labels
from governance.pages.filling import opened_row
from governance.pages.shown import show
from governance.views import directives
from governance.views.directives import DirectiveRow, Version

router = APIRouter()
Act = Callable[[Found, Form, Context], Awaitable[Outcome[Agreement]]]


@router.get("/directives")
async def all_directives(
    request: Request,
    here: Here,
    caller: Caller,
    which: Annotated[Literal["open", "settled"], Query()] = "open",
    number: PageNumber = 1,
) -> Response:
    """The directives somebody still has to do something with, or the settled ones."""
    await caught_up(request, here, directives.view)
    found = await directives.page_of(here.db, open_ones=which == "open", scope=caller.scope, number=number)
    return show(
        request, "directives.html", caller, rows=found.rows, found=found, which=which, today=here.clock.now().date()
    )


@router.get("/directives/{request_id}")
async def read_directive(request: Request, here: Here, caller: Caller, request_id: UUID) -> Response:
    """A directive with its whole course, and what the caller can do with it now."""
    await caught_up(request, here, directives.view)
    found = await find(here, request_id, caller)
    return await directive_page(request, here, caller, found, path=f"/governance/directives/{request_id}")


async def directive_page(
    request: Request,
    here: Deps,
    caller: Identity,
    found: Found,
    *,
    path: str,
    by_link: bool = False,
    own_request: str | None = None,
    refusal: Refusal | None = None,
    form: Form | None = None,
) -> HTMLResponse:
    """The page of a directive. Who comes by a link reads it; approving asks for signing in (TY-01)."""
    row = await opened_row(here, found, caller)
    case = found.agreement.directive
    is_pm = caller.has(Role.PM, found.municipality)
    is_orderer = case.document is not None and caller.id == case.document.orderer.id
    signatory = None if by_link else case.signatory(caller.id)
    return show(
        request,
        "directive.html",
        caller,
        refusal=refusal,
        row=row,
        place=path,
        by_link=by_link,
        own_request=own_request,
        written=form.data if form is not None else {},
        today=here.partnership[row.municipality].day(here.clock.now()),
        asked_at=directives.asked_at(row.said),
        can={
            "write": case.with_requester and (is_pm or caller.id == case.requester.id),
            "answer": is_pm and case.stage == "returned",
            "send_back": is_pm and case.stage in ("returned", "accepted"),
            "sign": case.stage == "accepted" and signatory is not None and signatory not in case.signed,
            "reopen": not by_link and case.stage == "approved" and (is_pm or is_orderer),
        },
    )


@router.get("/directives/{request_id}/print")
async def print_directive(
    request: Request, here: Here, caller: Caller, request_id: UUID, version: int | None = None
) -> Response:
    """A version for paper, by default the one that stands."""
    found = await find(here, request_id, caller)
    back = f"/governance/directives/{request_id}"
    return await print_page(request, here, caller, found, back=back, number=version)


async def print_page(
    request: Request, here: Deps, caller: Identity, found: Found, *, back: str, number: int | None = None
) -> HTMLResponse:
    """The directive as a document (TY-01 has its two lines at the end)."""
    row = await opened_row(here, found, caller)
    return show(request, "directive_print.html", caller, row=row, version=_version(row, number), back=back)


@router.get("/directives/{request_id}/compare")
async def compare_versions(
    request: Request, here: Here, caller: Caller, request_id: UUID, before: int, after: int
) -> Response:
    """What differs between two versions, field by field (TY-06)."""
    found = await find(here, request_id, caller)
    back = f"/governance/directives/{request_id}"
    return await compare_page(request, here, caller, found, before=before, after=after, back=back)


async def compare_page(
    request: Request, here: Deps, caller: Identity, found: Found, *, before: int, after: int, back: str
) -> HTMLResponse:
    """Two versions beside each other; `back` is the page of the directive."""
    row = await opened_row(here, found, caller)
    old, new = (_version(row, number) for number in (before, after))
    formats = here.formats(caller)
    differ = [
        replace(
            each,
            before=labels.readable(each.field, each.before, formats),
            after=labels.readable(each.field, each.after, formats),
        )
        for each in differences(template.write(old.directive), template.write(new.directive))
    ]
    return show(request, "directive_compare.html", caller, row=row, old=old, new=new, differences=differ, back=back)


def _version(row: DirectiveRow, number: int | None) -> Version:
    found = row.standing if number is None else next((each for each in row.versions if each.number == number), None)
    if found is None:
        raise NotFound
    return found


@router.post("/directives/{request_id}/accept")
async def accept(request: Request, here: Here, caller: Caller, request_id: UUID) -> Response:
    """The PM accepts the version that stands and names the leader signatory."""

    async def act(found: Found, form: Form, context: Context) -> Outcome[Agreement]:
        told = form.data.get("leader")
        leader = told if isinstance(told, dict) else {}
        return await commands.accept(
            here,
            found,
            FilledPerson(name=str(leader.get("name", "")), email=str(leader.get("email", "")).lower()),
            version=_number(form, "of"),
            note=form.text("note"),
            caller=caller,
            context=context,
            expected=form.version,
        )

    return await _act(request, here, caller, request_id, Role.PM, act)


@router.post("/directives/{request_id}/send-back")
async def send_back(request: Request, here: Here, caller: Caller, request_id: UUID) -> Response:
    """The PM sends the version that stands back, with remarks beside the sections they are about."""

    async def act(found: Found, form: Form, context: Context) -> Outcome[Agreement]:
        told = form.data.get("remarks")
        remarks = told if isinstance(told, dict) else {}
        return await commands.send_back(
            here,
            found,
            [Remark(field=section, text=str(remarks[section])) for section in labels.SECTIONS if section in remarks],
            version=_number(form, "of"),
            caller=caller,
            context=context,
            expected=form.version,
        )

    return await _act(request, here, caller, request_id, Role.PM, act)


@router.post("/directives/{request_id}/sign")
async def sign(request: Request, here: Here, caller: Caller, request_id: UUID) -> Response:
    """A signatory approves for themselves (TY-01)."""

    async def act(found: Found, form: Form, context: Context) -> Outcome[Agreement]:
        return await commands.sign(
            here, found, version=_number(form, "of"), caller=caller, context=context, expected=form.version
        )

    return await _act(request, here, caller, request_id, None, act)


@router.post("/directives/{request_id}/reopen")
async def reopen(request: Request, here: Here, caller: Caller, request_id: UUID) -> Response:
    """The PM or the orderer reopens an approved directive (TY-06)."""

    async def act(found: Found, form: Form, context: Context) -> Outcome[Agreement]:
        return await commands.reopen(
            here, found, form.text("reason"), caller=caller, context=context, expected=form.version
        )

    return await _act(request, here, caller, request_id, None, act)


async def _act(
    request: Request, here: Deps, caller: Identity, request_id: UUID, role: Role | None, act: Act
) -> Response:
    """Do it, and show the page again: with what was done, or with why it was not."""
    found = await find(here, request_id, caller)
    form = await form_of(request, here.formats(caller))
    context = await here.context(request, caller, found.municipality, role=role)
    path = f"/governance/directives/{request_id}"
    try:
        outcome = await act(found, form, context)
    except (Refusal, VersionConflict) as trouble:
        refusal = trouble if isinstance(trouble, Refusal) else Changed()
        return await directive_page(request, here, caller, found, path=path, refusal=refusal, form=form)
    return go_to(path, outcome)


def _number(form: Form, name: str) -> int:
    text = form.text(name)
    return int(text) if text.isdecimal() and len(text) < 10 else 0
