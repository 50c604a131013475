"""The hooks that ticketing systems deliver to.

At a hook the sender is proven before anything is parsed, and whoever is not gets one answer, whatever was wrong. The
credential says the municipality (decision 14). An answer of 2xx means that the delivery is written down (P1). One that
is larger than what is kept is written down without its end, and its ticket is asked for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from chassis.partnership import ServiceDesk
from chassis.web import Deps, Here
from chassis.web.deps import correlation_of
from chassis.web.schema import PROBLEMS, body, headers
from contracts.refusal import NotFound
from intake.adapters import cloudevents, port, standard_webhooks
from intake.adapters.delivery import Delivery, Unauthentic
from intake.adapters.port import Arrived, System
from intake.adapters.report import Desk
from intake.adapters.ticket import Ticket
from intake.adapters.turns import Turns
from intake.api import reading
from intake.commands import asking, taking
from intake.commands.taking import Settled

router = APIRouter()
log = structlog.get_logger(__name__)

PATH = "/intake/hooks/"

DELIVERED: dict[int | str, dict[str, Any]] = {
    200: {"description": "Followed; `outcome` says what came of it. The same delivery again is answered the same."},
    201: {"description": "A new request."},
    202: {"description": "Authentic, kept, and not usable as it is: `errors` says what to mend."},
    413: {"description": "Larger than a ticket can be; of the systems that have a kind of their own, 64 MB."},
    429: {"description": "Too many of this desk's deliveries wait; send it again after the seconds of Retry-After."},
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
    raw = await reading.whole(request)
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
    deliveries = cloudevents.read(given, await reading.whole(request))
    if not cloudevents.is_batch(given):
        return await _take(request, here, desk, deliveries[0])
    known_by = correlation_of(request)
    async with _turns(request).take(desk.id):
        settled = [
            await taking.take(here, Desk.of(desk), "cloudevents", delivery, correlation=known_by)
            for delivery in deliveries
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
    if system is None or desk is None:
        raise Unauthentic
    arrived = Arrived(
        body=b"",
        headers={name: value for name, value in request.headers.items() if name not in port.OURS},
        query=dict(request.query_params),
    )
    proof = system.proof(arrived, desk.secrets, here.clock.now())
    arrived = await reading.proven(request, arrived, proof, _turns(request), desk.id)
    if (address := system.callback(arrived, desk)) is not None:
        await asking.call_back(here, desk, address)
        return Response(status_code=204)
    delivery = system.read(arrived, desk)
    answer = await _take(request, here, desk, delivery, system)
    if arrived.cut and delivery.fault is not None:
        await asking.poll_soon(here, desk)
    return answer


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
    found = next((desk for desk in here.partnership.service_desks if (desk.id, desk.kind) == (credential, kind)), None)
    if found is None and port.CREDENTIAL.fullmatch(credential):
        # A connection that was ended, or that is written otherwise at the sender's: they are told 401 and no more.
        log.warning("delivery.no-such-connection", credential=credential, kind=kind[:63])
    return found


def _turns(request: Request) -> Turns:
    """The lines of the desks in this process."""
    state = request.app.state
    if not hasattr(state, "turns"):
        state.turns = Turns()
    turns: Turns = state.turns
    return turns


async def _take(
    request: Request, here: Deps, credential: ServiceDesk, delivery: Delivery, system: System | None = None
) -> Response:
    hook = "cloudevents" if credential.kind == "bearer" else credential.kind
    async with _turns(request).take(credential.id):
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
