"""Directives over JSON: what a page does with a form, a program does with the same tree of fields."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from chassis.auth import Caller
from chassis.identity import Identity, Role
from chassis.web import Here, Listed, answer, caught_up, expected_version, next_link, reply
from chassis.web.schema import CHANGES, PROBLEMS, READS, WRITES, headers, listed, shown
from contracts.values import Remark
from governance.commands import directives as commands
from governance.commands.agreements import find
from governance.domain.filled import FilledPerson
from governance.domain.refusals import NoDirective
from governance.views import directives
from governance.views.directives import DirectiveRow

router = APIRouter(prefix="/directives", tags=["Directives"], responses=PROBLEMS)
Which = Literal["open", "settled", "mine"]


class FormBody(BaseModel):
    """The directive's form: a tree of texts or numbers with the field names of the contract's Directive.

    People are written in plain text (name, email, phone) and sealed here. Time goals are days or months: 2027-05-31,
    2027-05. Amounts are in the currency's main unit.
    """

    form: dict[str, Any]


class QuestionBody(BaseModel):
    """What the requester asks, and of which field if of one."""

    question: str
    field: str | None = None


class AnswerBody(BaseModel):
    """What the PM answers."""

    answer: str


class SendBackBody(BaseModel):
    """The version looked at, and what is to be mended beside which field."""

    version: int
    remarks: list[Remark]


class SomebodyBody(BaseModel):
    """A person, in plain text."""

    name: Annotated[str, Field(max_length=255)] = ""
    email: Annotated[str, Field(max_length=255)] = ""


class AcceptBody(BaseModel):
    """The version looked at, and who signs as leader unless the directive names them."""

    version: int
    leader: SomebodyBody = SomebodyBody()
    note: Annotated[str, Field(max_length=20_000)] = ""


class VersionBody(BaseModel):
    """The version that is approved."""

    version: int


class ReasonBody(BaseModel):
    """Why."""

    reason: Annotated[str, Field(max_length=20_000)]


@router.get(
    "",
    responses={200: listed(DirectiveRow)},
    operation_id="listDirectives",
    summary="List directives",
    openapi_extra=headers(READS),
)
async def list_directives(
    request: Request, here: Here, caller: Caller, part: Listed, which: Annotated[Which, Query()] = "open"
) -> Response:
    """The directives somebody still has to do something with, the settled ones, or the caller's own."""
    await caught_up(request, here, directives.view)
    if which == "mine":
        found = await directives.theirs(here.db, caller.id, scope=here.partnership.ids, **part)
    elif which == "open":
        found = await directives.open_ones(here.db, scope=caller.scope, **part)
    else:
        found = await directives.settled_ones(here.db, scope=caller.scope, **part)
    rows = [row if _may_see_drafts(row, caller) else _without_drafts(row) for row in found.rows]
    opened = await here.vault.open_all(rows, caller.language)
    return answer([_shown(row) for row in opened], headers=next_link(request, found.mark))


@router.get(
    "/{request_id}",
    responses={200: shown(DirectiveRow)},
    operation_id="showDirective",
    summary="Show a directive",
    openapi_extra=headers(READS),
)
async def show_directive(request: Request, here: Here, caller: Caller, request_id: UUID) -> Response:
    """A directive with its whole course. Drafts and questions are the requester's and the PM's alone."""
    await caught_up(request, here, directives.view)
    found = await find(here, request_id, caller)
    row = await directives.view.get(here.db, request_id, scope=[found.municipality])
    if row is None:
        raise NoDirective
    row = row if _may_see_drafts(row, caller) else _without_drafts(row)
    opened = await here.vault.open_all(row, caller.language)
    return answer(_shown(opened), version=row.stream_version)


@router.put(
    "/{request_id}/draft",
    operation_id="saveDirectiveDraft",
    summary="Save the form as it stands",
    openapi_extra=headers(CHANGES),
)
async def save_draft(request: Request, here: Here, caller: Caller, request_id: UUID, body: FormBody) -> Response:
    """Save the form as it stands (IT-10, IT-11)."""
    found = await find(here, request_id, caller)
    context = await here.context(request, caller, found.municipality, role=found.writer(caller))
    expected = expected_version(request)
    return reply(
        await commands.save_draft(here, found, body.form, caller=caller, context=context, expected=expected), 200
    )


@router.post(
    "/{request_id}/questions",
    status_code=201,
    operation_id="askForHelp",
    summary="Ask the PM for help",
    openapi_extra=headers(WRITES),
)
async def ask(request: Request, here: Here, caller: Caller, request_id: UUID, body: QuestionBody) -> Response:
    """The requester asks the PM for help (IT-11)."""
    found = await find(here, request_id, caller)
    context = await here.context(request, caller, found.municipality, role=Role.REQUESTER)
    return reply(
        await commands.ask_for_help(here, found, body.question, field=body.field, caller=caller, context=context)
    )


@router.post(
    "/{request_id}/answers",
    status_code=201,
    operation_id="giveHelp",
    summary="Answer or comment",
    openapi_extra=headers(WRITES),
)
async def give_help(request: Request, here: Here, caller: Caller, request_id: UUID, body: AnswerBody) -> Response:
    """The PM answers, or comments (IT-11)."""
    found = await find(here, request_id, caller)
    context = await here.context(request, caller, found.municipality, role=Role.PM)
    return reply(await commands.give_help(here, found, body.answer, caller=caller, context=context))


@router.post(
    "/{request_id}/return",
    status_code=201,
    operation_id="returnDirective",
    summary="Return the directive",
    openapi_extra=headers(CHANGES),
)
async def hand_in(request: Request, here: Here, caller: Caller, request_id: UUID, body: FormBody) -> Response:
    """The requester returns the directive (IT-10); warnings that stopped nothing are in the answer (TY-13, TY-21)."""
    found = await find(here, request_id, caller)
    context = await here.context(request, caller, found.municipality, role=Role.REQUESTER)
    expected = expected_version(request)
    outcome = await commands.hand_in(here, found, body.form, caller=caller, context=context, expected=expected)
    warnings = msgspec.to_builtins(getattr(outcome.facts[0], "warnings", ()))
    return reply(outcome, directive_version=outcome.state.directive.version, warnings=warnings)


@router.post(
    "/{request_id}/send-back",
    status_code=201,
    operation_id="sendDirectiveBack",
    summary="Send a version back with remarks",
    openapi_extra=headers(CHANGES),
)
async def send_back(request: Request, here: Here, caller: Caller, request_id: UUID, body: SendBackBody) -> Response:
    """The PM sends a version back with remarks (IT-10)."""
    found = await find(here, request_id, caller)
    context = await here.context(request, caller, found.municipality, role=Role.PM)
    outcome = await commands.send_back(
        here,
        found,
        body.remarks,
        version=body.version,
        caller=caller,
        context=context,
        expected=expected_version(request),
    )
    return reply(outcome)


@router.post(
    "/{request_id}/accept",
    status_code=201,
    operation_id="acceptDirective",
    summary="Accept a version",
    openapi_extra=headers(CHANGES),
)
async def accept(request: Request, here: Here, caller: Caller, request_id: UUID, body: AcceptBody) -> Response:
    """The PM accepts a version and names who signs as leader (TY-01)."""
    found = await find(here, request_id, caller)
    context = await here.context(request, caller, found.municipality, role=Role.PM)
    outcome = await commands.accept(
        here,
        found,
        FilledPerson(name=body.leader.name.strip(), email=body.leader.email.strip().lower()),
        version=body.version,
        note=body.note,
        caller=caller,
        context=context,
        expected=expected_version(request),
    )
    return reply(outcome)


@router.post(
    "/{request_id}/sign",
    status_code=201,
    operation_id="signDirective",
    summary="Approve a version as a signatory",
    openapi_extra=headers(CHANGES),
)
async def sign(request: Request, here: Here, caller: Caller, request_id: UUID, body: VersionBody) -> Response:
    """The orderer or the leader approves a version for themselves (TY-01)."""
    found = await find(here, request_id, caller)
    context = await here.context(request, caller, found.municipality)
    expected = expected_version(request)
    return reply(
        await commands.sign(here, found, version=body.version, caller=caller, context=context, expected=expected)
    )


@router.post(
    "/{request_id}/reopen",
    status_code=201,
    operation_id="reopenDirective",
    summary="Reopen an approved directive",
    openapi_extra=headers(CHANGES),
)
async def reopen(request: Request, here: Here, caller: Caller, request_id: UUID, body: ReasonBody) -> Response:
    """The PM or the orderer reopens an approved directive, with a reason (TY-06)."""
    found = await find(here, request_id, caller)
    context = await here.context(request, caller, found.municipality)
    expected = expected_version(request)
    return reply(await commands.reopen(here, found, body.reason, caller=caller, context=context, expected=expected))


def _may_see_drafts(row: DirectiveRow, caller: Identity) -> bool:
    return caller.id == row.requester.id or caller.has(Role.PM, row.municipality)


def _without_drafts(row: DirectiveRow) -> DirectiveRow:
    return row.replace(draft=None, said=())


def _shown(row: DirectiveRow) -> dict[str, Any]:
    """A row with the draft as the tree it is; an erased draft is no tree any more."""
    shown: dict[str, Any] = msgspec.to_builtins(row, enc_hook=str)
    if row.draft is not None:
        try:
            shown["draft"] = json.loads(row.draft)
        except ValueError:
            shown["draft"] = None
    return shown
