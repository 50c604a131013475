"""Intake over HTTP: the hooks that ticketing systems deliver to, and requests and judgements for other programs.

At a hook the sender is proven before anything is parsed, and whoever is not gets one answer, whatever was wrong. The
credential says the municipality (decision 14). An answer of 2xx means that the delivery is written down (P1).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel

from chassis.aggregate import Outcome
from chassis.auth import Caller
from chassis.identity import Identity, Role
from chassis.partnership import ServiceDesk
from chassis.web import Deps, Here, answer, caught_up, expected_version, reply
from chassis.web.deps import correlation_of
from chassis.web.schema import CHANGES, PROBLEMS, READS, WRITES, body, headers, shown
from contracts.envelope import adapter
from contracts.refusal import NotFound
from contracts.values import CriterionMet, Text
from intake.adapters import cloudevents, port, standard_webhooks
from intake.adapters.by_hand import Registration
from intake.adapters.delivery import Delivery, Unauthentic
from intake.adapters.port import Arrived, System
from intake.adapters.report import Desk, UnknownMunicipality
from intake.adapters.ticket import Ticket
from intake.commands import asking, judging, taking
from intake.commands.taking import Settled
from intake.domain.access import may_judge, may_register
from intake.domain.classification import NoSuchRequest
from intake.domain.request import Request as Asked
from intake.views import inbox, requests
from intake.views.requests import RequestRow, State

router = APIRouter()

# --- tickets ---

DELIVERED: dict[int | str, dict[str, Any]] = {
    200: {"description": "Followed; `outcome` says what came of it. The same delivery again is answered the same."},
    201: {"description": "A new request."},
    202: {"description": "Authentic, kept, and not usable as it is: `errors` says what to mend."},
    413: {"description": "Larger than a ticket can be."},
    415: {"description": "A format that is not read here."},
    **{status: PROBLEMS[status] for status in (401, 403)},
}

SIGNED = {
    "webhook-id": "Names the delivery; the same for every try at it.",
    "webhook-timestamp": "When this try was made, in seconds since 1970; within five minutes of our clock.",
    "webhook-signature": "v1, and the base64 of the HMAC-SHA256 of id.timestamp.body; several, divided by a blank.",
}


@router.post(
    "/intake/hooks/standard-webhooks/{credential}",
    tags=["hooks"],
    summary="Deliver a ticket, signed as Standard Webhooks",
    openapi_extra=body(Ticket) | headers(SIGNED, required=True),
    responses=DELIVERED,
    operation_id="deliverStandardWebhook",
)
async def deliver_standard_webhook(credential: str, request: Request, here: Here) -> Response:
    """A snapshot of a ticket, signed over id, timestamp and raw body. Answered after it is written down for good."""
    given = dict(request.headers)
    desk = _desk(here, credential, "standard-webhooks")
    raw = await request.body()
    standard_webhooks.verify(given, raw, desk.secrets if desk else (), here.clock.now())
    assert desk is not None
    return await _take(request, here, desk, standard_webhooks.read(given, raw))


@router.post(
    "/intake/hooks/cloudevents/{credential}",
    tags=["hooks"],
    summary="Deliver tickets as CloudEvents",
    openapi_extra=body(Ticket) | headers({"Authorization": "Bearer and the token of the credential."}, required=True),
    responses=DELIVERED,
    operation_id="deliverCloudEvent",
)
async def deliver_cloudevents(credential: str, request: Request, here: Here) -> Response:
    """One event, structured or binary, or a batch of them, with a bearer token. `data` is a ticket's snapshot."""
    given = dict(request.headers)
    desk = _desk(here, credential, "bearer")
    cloudevents.verify(given, desk.secrets if desk else ())
    assert desk is not None
    deliveries = cloudevents.read(given, await request.body())
    if not cloudevents.is_batch(given):
        return await _take(request, here, desk, deliveries[0])
    known_by = correlation_of(request)
    settled = [
        await taking.take(here, Desk.of(desk), "cloudevents", delivery, correlation=known_by) for delivery in deliveries
    ]
    status = 202 if any(one.outcome in ("parked", "refused") for one in settled) else 200
    return JSONResponse({"results": [one.answer for one in settled]}, status)


@router.options(
    "/intake/hooks/cloudevents/{credential}",
    tags=["hooks"],
    summary="Ask to be allowed to deliver",
    operation_id="askToDeliver",
)
async def ask_to_deliver(request: Request) -> Response:
    """The handshake of the CloudEvents webhook profile. It allows an origin; the token lets each delivery in."""
    return Response(status_code=200, headers=cloudevents.handshake(request.headers))


@router.post(
    "/intake/hooks/{kind}/{credential}",
    tags=["hooks"],
    summary="Deliver a ticket, as its system does by itself",
    responses=DELIVERED,
    operation_id="deliverAsTheSystemDoes",
)
async def deliver(kind: str, credential: str, request: Request, here: Here) -> Response:
    """What a ticketing system sends, proven as that system proves it. `kind` names the system, and with it the shape
    of what is sent; how each is connected is told by `flode connect`."""
    system, desk = port.system_of(kind), _desk(here, credential, kind)
    arrived = Arrived(
        body=await request.body(),
        headers={name: value for name, value in request.headers.items() if name != port.POLLED},
        query=dict(request.query_params),
    )
    if system is None:
        raise Unauthentic
    system.verify(arrived, desk.secrets if desk else (), here.clock.now())
    assert desk is not None
    if (address := system.callback(arrived, desk)) is not None:
        await asking.call_back(here, desk, address)
        return Response(status_code=204)
    return await _take(request, here, desk, system.read(arrived, desk), system)


@router.get(
    "/intake/hooks/{kind}/{credential}",
    tags=["hooks"],
    summary="Make sure of the receiver",
    operation_id="challengeTheReceiver",
    responses={404: PROBLEMS[404]},
)
async def challenge(kind: str, credential: str, request: Request, here: Here) -> Response:
    """The handshake of the systems that have one."""
    system, desk = port.system_of(kind), _desk(here, credential, kind)
    arrived = Arrived(body=b"", headers=dict(request.headers), query=dict(request.query_params))
    answer = system.challenge(arrived, desk) if system and desk else None
    if answer is None:
        raise NotFound
    return PlainTextResponse(answer) if isinstance(answer, str) else JSONResponse(answer)


def _desk(here: Deps, credential: str, kind: str) -> ServiceDesk | None:
    return next((desk for desk in here.partnership.service_desks if (desk.id, desk.kind) == (credential, kind)), None)


async def _take(
    request: Request, here: Deps, credential: ServiceDesk, delivery: Delivery, system: System | None = None
) -> Response:
    hook = "cloudevents" if credential.kind == "bearer" else credential.kind
    settled = await taking.take(here, Desk.of(credential), hook, delivery, correlation=correlation_of(request))
    if system is not None:
        settled = replace(settled, answer=dict(system.reply(settled.answer)))
    return answered(settled)


def answered(settled: Settled) -> JSONResponse:
    """The answer to one delivery: the same for every copy of it (P3)."""
    status = {"registered": 201, "held": 202, "parked": 202, "refused": 403}.get(settled.outcome, 200)
    told = {"Flode-Duplicate": "true"} if settled.duplicate else {}
    if settled.answer.get("position"):
        told |= {"Flode-Position": settled.answer["position"], "ETag": f'"{settled.answer["version"]}"'}
    if status == 201:
        told["Location"] = f"/intake/api/requests/{settled.answer['id']}"
    kind = "application/problem+json" if status == 403 else "application/json"
    said = settled.answer
    if status == 403:
        why = said["errors"][0]["detail"]
        said = {"type": "about:blank", "title": said["detail"], "status": 403, "detail": why}
    return JSONResponse(said, status, told, kind)


# --- requests and judgements ---

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
    context = await here.context(request, caller, given.municipality, role=Role.SERVICE_DESK)
    desk = Desk(given.municipality, given.ticket.system)
    return await judging.register(here, given.as_ticket(str(context.command_id)), desk, context)


@router.get(
    "/intake/api/requests",
    tags=["requests"],
    summary="List requests",
    responses={200: shown(list[RequestRow]), 401: PROBLEMS[401]},
    openapi_extra=headers(READS),
    operation_id="listRequests",
)
async def list_requests(
    request: Request, caller: Caller, here: Here, state: State | None = None, mine: Annotated[bool, Query()] = False
) -> Response:
    """Those of the municipalities whose requests you may read, the latest opened first; with `mine`, your own."""
    await caught_up(request, here, requests.view)
    if mine:
        rows = await requests.of_requester(here.db, caller.id, scope=here.partnership.ids)
    else:
        rows = await requests.newest_first(here.db, scope=caller.scope_of(*READERS), state=state)
    return answer(await here.vault.open_all(rows, caller.language))


@router.get(
    "/intake/api/inbox",
    tags=["requests"],
    summary="What waits for the PM's judgement",
    responses={200: shown(list[inbox.InboxRow]), 401: PROBLEMS[401]},
    openapi_extra=headers(READS),
    operation_id="listInbox",
)
async def list_inbox(request: Request, caller: Caller, here: Here) -> Response:
    """What waits, the longest waiting first."""
    await caught_up(request, here, inbox.view)
    rows = await inbox.oldest_first(here.db, scope=caller.scope_of(*READERS))
    return answer(await here.vault.open_all(rows, caller.language))


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
