"""Requests and judgements, for other programs and for the pages."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from chassis.aggregate import Outcome
from chassis.auth import Caller
from chassis.identity import Identity, Role
from chassis.web import Deps, Here, Listed, answer, caught_up, expected_version, next_link, reply, to_be_saved
from chassis.web.schema import CHANGES, PROBLEMS, READS, WRITES, headers, listed, shown
from contracts.envelope import adapter
from contracts.refusal import NotFound
from contracts.values import CriterionMet, Text
from intake.adapters.by_hand import Registration
from intake.adapters.report import Desk, UnknownMunicipality
from intake.commands import files, judging
from intake.domain.access import may_judge, may_register
from intake.domain.classification import NoSuchRequest
from intake.domain.request import Request as Asked
from intake.domain.request import wrong_with_a_reference
from intake.views import inbox, requests
from intake.views.requests import RequestRow, State

router = APIRouter()

READERS = (Role.PM, Role.SERVICE_DESK, Role.IT_MANAGER, Role.DEPUTY, Role.LEADER, Role.AUDITOR)
"""Who reads the requests of a municipality; a requester reads their own."""


class Classification(BaseModel):
    """The PM's judgement, with why and an answer to every size criterion."""

    outcome: Literal["project", "change"]
    reason: Text
    criteria: tuple[CriterionMet, ...] = ()


class Withdrawal(BaseModel):
    """Why a judgement is taken back."""

    reason: Text


@router.post(
    "/intake/api/requests",
    status_code=201,
    tags=["requests"],
    summary="Register a ticket by hand",
    responses={status: PROBLEMS[status] for status in (401, 403, 409, 422)},
    openapi_extra=headers(WRITES),
    operation_id="registerRequest",
)
async def register_request(given: Registration, request: Request, caller: Caller, here: Here) -> Response:
    """Only a person of the municipality's Service Desk does this (IT-02); a technician is told where to go (IT-07)."""
    outcome = await register(given, request, caller, here)
    return reply(outcome, location=f"/intake/api/requests/{outcome.subject}")


async def register(given: Registration, request: Request, caller: Identity, here: Deps) -> Outcome[Asked]:
    """What the API and the form have in common: who may, and what is made of what was typed in."""
    if given.municipality not in here.partnership.ids:
        raise UnknownMunicipality("municipality", municipality=given.municipality)
    may_register(
        here.partnership[given.municipality].name,
        service_desk=caller.has(Role.SERVICE_DESK, given.municipality),
        technician=caller.has(Role.TECHNICIAN),
    )
    for refusal in wrong_with_a_reference(given.ticket.system, given.ticket.number or given.ticket.external_id):
        raise refusal
    context = await here.context(request, caller, given.municipality, role=Role.SERVICE_DESK)
    desk = Desk(given.municipality, given.ticket.system)
    return await judging.register(here, given.as_ticket(str(context.command_id)), desk, context)


@router.get(
    "/intake/api/requests",
    tags=["requests"],
    summary="List requests",
    responses={200: listed(RequestRow), 401: PROBLEMS[401]},
    openapi_extra=headers(READS),
    operation_id="listRequests",
)
async def list_requests(
    request: Request,
    caller: Caller,
    here: Here,
    part: Listed,
    state: State | None = None,
    mine: Annotated[bool, Query()] = False,
) -> Response:
    """Those of the municipalities whose requests you may read, the latest opened first; with `mine`, your own."""
    await caught_up(request, here, requests.view)
    if mine:
        found = await requests.asked_by(here.db, caller.id, scope=here.partnership.ids, **part)
    else:
        found = await requests.newest_first(here.db, scope=caller.scope_of(*READERS), state=state, **part)
    return answer(await here.vault.open_all(found.rows, caller.language), headers=next_link(request, found.mark))


@router.get(
    "/intake/api/inbox",
    tags=["requests"],
    summary="What waits for the PM's judgement",
    responses={200: listed(inbox.InboxRow), 401: PROBLEMS[401]},
    openapi_extra=headers(READS),
    operation_id="listInbox",
)
async def list_inbox(request: Request, caller: Caller, here: Here, part: Listed) -> Response:
    """What waits, the longest waiting first."""
    await caught_up(request, here, inbox.view)
    found = await inbox.oldest_first(here.db, scope=caller.scope_of(*READERS), **part)
    return answer(await here.vault.open_all(found.rows, caller.language), headers=next_link(request, found.mark))


@router.get(
    "/intake/api/requests/{request_id}",
    tags=["requests"],
    summary="What is known of a request",
    responses={200: shown(RequestRow), **{status: PROBLEMS[status] for status in (401, 404)}},
    openapi_extra=headers(READS),
    operation_id="getRequest",
)
async def get_request(request_id: UUID, request: Request, caller: Caller, here: Here) -> Response:
    """Its ticket, its text now and as it was judged, the judgement, and what became of it."""
    row = await readable(request_id, request, caller, here)
    return answer(await here.vault.open_all(row, caller.language), version=row.version)


async def readable(request_id: UUID, request: Request, caller: Identity, here: Deps) -> RequestRow:
    """A request that the caller may read, its texts still sealed. Raises NoSuchRequest for all others alike."""
    await caught_up(request, here, requests.view)
    row = await requests.view.get(here.db, request_id, scope=here.partnership.ids)
    if row is None or not (row.municipality in caller.scope_of(*READERS) or row.requester == caller.id):
        raise NoSuchRequest
    return row


@router.get(
    "/intake/api/requests/{request_id}/attachments/{key}",
    tags=["requests"],
    summary="A file that hangs on the ticket",
    response_class=Response,
    responses={
        200: {"description": "The file, to be saved.", "content": {"application/octet-stream": {}}},
        502: {"description": "The ticketing system did not give it."},
        **{status: PROBLEMS[status] for status in (401, 404)},
    },
    operation_id="getAttachment",
)
async def get_attachment(request_id: UUID, key: UUID, request: Request, caller: Caller, here: Here) -> Response:
    """The file as it is at its source now; it is fetched from there, and not kept here. Whoever may read the request
    may read it."""
    row = await readable(request_id, request, caller, here)
    found = next((one for one in row.attachments if one.key == key), None)
    if found is None:
        raise NotFound
    file = await here.vault.open_all(found, caller.language)
    content = await files.open_file(here, row.municipality, row.ticket.system, file.reference)
    return to_be_saved(content, file.name, file.media_type)


@router.get(
    "/intake/api/requests/{request_id}/history",
    tags=["requests"],
    summary="What happened to a request at intake, in order",
    responses={status: PROBLEMS[status] for status in (401, 404)},
    openapi_extra=headers(READS),
    operation_id="getRequestHistory",
)
async def get_history(request_id: UUID, request: Request, caller: Caller, here: Here) -> Response:
    """Every fact of intake's about the request: what, when, who."""
    await readable(request_id, request, caller, here)
    history = [
        {
            "version": event.version,
            "type": event.type,
            "time": event.time,
            "actor": event.actor,
            "actor_name": event.actor_name,
            "data": adapter(type(event.data)).dump_python(event.data, mode="json"),
        }
        for event in await here.store.load(request_id)
    ]
    return answer(await here.vault.open_all(history, caller.language), version=len(history))


@router.post(
    "/intake/api/requests/{request_id}/classification",
    tags=["judgement"],
    summary="Judge a request: a project, or a change",
    status_code=201,
    responses={status: PROBLEMS[status] for status in (401, 403, 404, 409, 412, 422)},
    openapi_extra=headers(CHANGES),
    operation_id="classifyRequest",
)
async def classify_request(
    request_id: UUID, given: Classification, request: Request, caller: Caller, here: Here
) -> Response:
    """Only the PM does this (IT-05), once, with why and an answer to every size criterion (IT-06)."""
    return reply(await classify(request_id, given, request, caller, here, expected=expected_version(request)))


async def classify(
    request_id: UUID, given: Classification, request: Request, caller: Identity, here: Deps, *, expected: int | None
) -> Outcome[Asked]:
    """What the API and the form have in common: who may, and the command."""
    municipality = await judged_by(request_id, caller, here)
    return await judging.classify(
        here,
        request_id,
        given.outcome,
        reason=given.reason,
        criteria=given.criteria,
        context=await here.context(request, caller, municipality, role=Role.PM),
        expected=expected,
    )


@router.post(
    "/intake/api/requests/{request_id}/classification/withdrawal",
    tags=["judgement"],
    summary="Take a judgement back",
    status_code=201,
    responses={status: PROBLEMS[status] for status in (401, 403, 404, 409, 412, 422)},
    openapi_extra=headers(CHANGES),
    operation_id="withdrawClassification",
)
async def withdraw_request_classification(
    request_id: UUID, given: Withdrawal, request: Request, caller: Caller, here: Here
) -> Response:
    """The judgement "project" can be taken back, with a reason (IT-05); a change is final (IT-06)."""
    return reply(await withdraw(request_id, given, request, caller, here, expected=expected_version(request)))


async def withdraw(
    request_id: UUID, given: Withdrawal, request: Request, caller: Identity, here: Deps, *, expected: int | None
) -> Outcome[Asked]:
    """What the API and the form have in common: who may, and the command."""
    municipality = await judged_by(request_id, caller, here)
    context = await here.context(request, caller, municipality, role=Role.PM)
    return await judging.withdraw_classification(
        here, request_id, reason=given.reason, context=context, expected=expected
    )


async def judged_by(request_id: UUID, caller: Identity, here: Deps) -> str:
    """The municipality of a request that the caller may judge (IT-05, IT-07). Raises NoSuchRequest, Forbidden."""
    history = await here.store.load(request_id)
    if not history:
        raise NoSuchRequest
    municipality = history[0].municipality
    name = here.partnership[municipality].name
    may_judge(name, pm=caller.has(Role.PM, municipality), technician=caller.has(Role.TECHNICIAN))
    return municipality
