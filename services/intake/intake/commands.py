"""What may be asked of intake: take a delivery, register a ticket by hand, judge a request, take a judgement back.

Each loads the request, asks the domain and appends what it answers.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from chassis.aggregate import Aggregate, Outcome, handle
from chassis.context import Context, a_service_desk
from chassis.db import Connection
from chassis.i18n import N_, translate
from chassis.telemetry import current_traceparent
from chassis.web import Deps
from contracts.intake import IntakeFact, RequestMerged, RequestRegistered, RequestReopened, RequestWithdrawn
from contracts.refusal import Refusal
from contracts.values import CriterionMet
from intake.adapters import cloudevents, standard_webhooks, ticket
from intake.adapters.delivery import Delivery
from intake.adapters.report import AnotherTenant, Desk, check, report_of
from intake.adapters.ticket import Ticket
from intake.domain import classification, request
from intake.domain.request import Judged, Request
from intake.domain.ticket import Report, command_of, request_of
from intake.views import deliveries
from intake.views.deliveries import Parked, Record, faults_of

log = structlog.get_logger(__name__)

REQUEST: Aggregate[Request, IntakeFact] = Aggregate("request", IntakeFact, request.evolve)

SAID: dict[deliveries.Outcome, str] = {
    "registered": N_("The ticket is registered and waits for the PM."),
    "changed": N_("The change is registered."),
    "withdrawn": N_("The request is withdrawn."),
    "merged": N_("The request is followed in that of the surviving ticket."),
    "reopened": N_("The request waits for the PM again."),
    "unchanged": N_("Nothing has changed for the request."),
    "stale": N_("A newer state of the ticket is known already; this one changes nothing."),
    "not_for_us": N_("The ticket is not of the project flow; nothing was done."),
    "parked": N_("The delivery is kept but cannot be used as it is. Somebody will look at it."),
    "refused": N_("The delivery is refused."),
}
"""What a sender is told, in the municipality's language."""
_NAMES: dict[type, deliveries.Outcome] = {
    RequestRegistered: "registered",
    RequestReopened: "reopened",
    RequestWithdrawn: "withdrawn",
    RequestMerged: "merged",
}


@dataclass(frozen=True, slots=True)
class Settled:
    """What a delivery came to, and what its sender is told."""

    outcome: deliveries.Outcome
    answer: dict[str, Any]
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """A delivery, whose it is, and when it came; `late_since` is when it first came, if it lay parked since then."""

    desk: Desk
    hook: str
    delivery: Delivery
    now: datetime
    correlation: str
    late_since: datetime | None = None


async def take(here: Deps, desk: Desk, hook: str, delivery: Delivery, *, correlation: str) -> Settled:
    """Take a delivery, once: what it is and what came of it are written in one transaction (P1, P3).

    The same delivery again comes to the same as before, with nothing done. What cannot be read is parked with a
    sentence on what to mend; what claims another tenant is refused, and kept all the same.
    """
    arrival = Arrival(desk, hook, delivery, here.clock.now(), correlation)
    read = _read(here, arrival)
    async with here.db.work() as connection:
        await deliveries.holding(connection, *_names(arrival, read))
        had = await deliveries.earlier(connection, desk.municipality, desk.system, delivery.key, delivery.hash)
        if had is not None:
            return Settled(*had, duplicate=True)
        record = await _settle(here, connection, arrival, read)
        await deliveries.keep(connection, record)
    here.store.committed()
    log.info("delivery.taken", municipality=desk.municipality, outcome=record.outcome, request=str(record.request_id))
    return Settled(record.outcome, record.answer)


async def try_again(here: Deps, desk: Desk, parked: Parked, *, by: str, correlation: str) -> Settled:
    """Take a parked delivery once more, because the partnership's settings or our code have changed since."""
    delivery = _unpacked(parked.hook, await here.vault.open(parked.raw))
    arrival = Arrival(desk, parked.hook, delivery, here.clock.now(), correlation, late_since=parked.received_at)
    read = _read(here, arrival)
    async with here.db.work() as connection:
        await deliveries.holding(connection, *_names(arrival, read))
        record = await _settle(here, connection, arrival, read)
        await deliveries.keep(connection, record)
        await deliveries.settled(connection, parked.id, by=by, at=arrival.now)
    here.store.committed()
    return Settled(record.outcome, record.answer)


async def set_aside(here: Deps, parked: Parked, *, by: str, reason: str) -> None:
    """Say of a parked delivery that nothing is to come of it, and why."""
    if not reason.strip():
        raise classification.NeedsAReason("reason")
    async with here.db.work() as connection:
        await deliveries.settled(connection, parked.id, by=by, at=here.clock.now(), note=reason.strip(), aside=True)


def _read(here: Deps, arrival: Arrival) -> Ticket | Refusal:
    """The ticket a delivery tells of, or what is wrong with it."""
    delivery = arrival.delivery
    try:
        if delivery.fault is not None:
            raise delivery.fault
        said = ticket.read(delivery.content, envelope_type=delivery.type, envelope_time=delivery.time)
        check(said, arrival.desk, here.partnership)
    except Refusal as fault:
        return fault
    return said


def _names(arrival: Arrival, read: Ticket | Refusal) -> list[str]:
    """What to hold: the ticket, and before it all merges of the municipality, two of which could make a circle."""
    desk = arrival.desk
    if isinstance(read, Refusal):
        return [f"delivery {desk.municipality} {desk.system} {arrival.delivery.key}"]
    merges = [f"merges {desk.municipality}"] if read.kind == "merged" else []
    return [*merges, f"ticket {desk.municipality} {desk.system} {read.external_id}"]


async def _settle(here: Deps, connection: Connection, arrival: Arrival, read: Ticket | Refusal) -> Record:
    """Do what a delivery asks for, in the open transaction, and say what it came to."""
    desk, delivery = arrival.desk, arrival.delivery
    record = Record(
        municipality=desk.municipality,
        system=desk.system,
        hook=arrival.hook,
        key=delivery.key,
        hash=delivery.hash,
        received_at=arrival.now,
        outcome="parked",
        answer={},
        raw="",
    )
    owner, fault = _owner(here, desk, delivery), read if isinstance(read, Refusal) else None
    if isinstance(read, Ticket):
        record = replace(
            record,
            request_id=request_of(desk.municipality, desk.system, read.external_id),
            kind=read.kind,
            revision=read.revision,
            source_at=read.updated_at,
        )
        try:
            owner, outcome, came = await _follow(here, connection, arrival, read)
            record = replace(record, outcome=outcome, answer=_answer(here, desk, outcome, came))
        except Refusal as refusal:
            fault = refusal
    if fault is not None:
        outcome = "refused" if isinstance(fault, AnotherTenant) else "parked"
        answer = _answer(here, desk, outcome, None, fault)
        record = replace(record, outcome=outcome, faults=faults_of(fault), answer=answer)
    return replace(record, raw=await here.vault.seal(owner, _packed(delivery)))


async def _follow(
    here: Deps, connection: Connection, arrival: Arrival, said: Ticket
) -> tuple[UUID, deliveries.Outcome, Outcome[Request]]:
    """Let the request follow its ticket; whose words the delivery holds, and what it came to."""
    desk, delivery = arrival.desk, arrival.delivery
    subject = request_of(desk.municipality, desk.system, said.external_id)
    present = await _present(here, subject, connection)
    report = await report_of(said, desk, present, arrival.now, vault=here.vault, partnership=here.partnership)
    report = replace(report, late_since=arrival.late_since)
    if report.into is not None:
        chain = await _chain(here, connection, report.into.request_id)
        report = replace(report, into=replace(report.into, leads_to=chain))
    known = await deliveries.known_of(connection, desk.municipality, subject)
    context = Context(
        actor=a_service_desk(desk.municipality),
        actor_name=None,
        municipality=desk.municipality,
        command_id=command_of(desk.municipality, desk.system, delivery.key, delivery.hash.hex()),
        now=arrival.now,
        correlation=arrival.correlation,
        traceparent=current_traceparent(),
        fingerprint=delivery.hash,
    )
    came = await handle(
        here.store,
        REQUEST,
        subject,
        lambda state: request.follow(subject, state, report, known),
        context,
        within=connection,
    )
    stale = known.deleted or report.is_older_than(known)
    return report.requester.id, _outcome(came, report, present, stale=stale), came


def _owner(here: Deps, desk: Desk, delivery: Delivery) -> UUID:
    """Whose words a delivery that cannot be read holds: the requester's, if that much can be made out, so that they
    are erased with the rest; the Service Desk's otherwise."""
    match delivery.content:
        case {"requester": {"email": str(email)}} if "@" in email:
            return here.person_id(email, desk.municipality)
        case _:
            return here.vault.person_id(desk.municipality, f"service desk {desk.system}")


async def _present(here: Deps, subject: UUID, connection: Connection) -> Request | None:
    return REQUEST.fold(await here.store.load(subject, within=connection))


async def _chain(here: Deps, connection: Connection, subject: UUID) -> tuple[UUID, ...]:
    """The requests a surviving ticket was itself merged into, one after the other."""
    chain: list[UUID] = []
    while (at := await _present(here, subject, connection)) and at.merged_into and at.merged_into not in chain:
        subject = at.merged_into
        chain.append(subject)
    return tuple(chain)


def _outcome(came: Outcome[Request], report: Report, present: Request | None, *, stale: bool) -> deliveries.Outcome:
    names = [_NAMES.get(type(fact), "changed") for fact in came.facts]
    if names:
        return next((name for name in names if name != "changed"), "changed")
    if stale:
        return "stale"
    return "not_for_us" if present is None or report.in_flow is False else "unchanged"


def _answer(
    here: Deps, desk: Desk, outcome: deliveries.Outcome, came: Outcome[Request] | None, fault: Refusal | None = None
) -> dict[str, Any]:
    language = here.partnership[desk.municipality].language
    answer: dict[str, Any] = {"outcome": outcome, "detail": translate(SAID[outcome], language)}
    if came is not None and came.version:
        answer |= {"id": str(came.subject), "version": came.version, "position": came.position}
    if fault is not None:
        answer["errors"] = [
            {"field": one.field, "detail": translate(one.text, language, **one.params)} for one in faults_of(fault)
        ]
    return answer


def _packed(delivery: Delivery) -> str:
    """Headers and body as text, to be sealed; the body as base64, so that not a byte of it changes."""
    return json.dumps({"headers": dict(delivery.headers), "body": base64.b64encode(delivery.body).decode()})


def _unpacked(hook: str, raw: str) -> Delivery:
    packed = json.loads(raw)
    headers, body = packed["headers"], base64.b64decode(packed["body"])
    if hook == "standard-webhooks":
        return standard_webhooks.read(headers, body)
    return cloudevents.read(headers, body)[0]


async def register(here: Deps, said: Ticket, desk: Desk, context: Context) -> Outcome[Request]:
    """Register a ticket that a person at the Service Desk typed in (IT-02), with its reference (IT-03)."""
    check(said, desk, here.partnership)
    subject = request_of(desk.municipality, desk.system, said.external_id)
    report = await report_of(said, desk, None, context.now, vault=here.vault, partnership=here.partnership)
    return await handle(here.store, REQUEST, subject, lambda state: request.register(subject, state, report), context)


async def classify(
    here: Deps,
    subject: UUID,
    outcome: Judged,
    *,
    reason: str,
    criteria: Sequence[CriterionMet],
    context: Context,
    expected: int | None = None,
) -> Outcome[Request]:
    """Judge a request a project or a change, by the size criteria of the partnership (IT-05, IT-06)."""
    asked = [criterion.key for criterion in here.partnership.size_criteria]
    return await handle(
        here.store,
        REQUEST,
        subject,
        lambda state: classification.classify(state, outcome, reason=reason, criteria=criteria, asked=asked),
        context,
        expected=expected,
    )


async def withdraw_classification(
    here: Deps, subject: UUID, *, reason: str, context: Context, expected: int | None = None
) -> Outcome[Request]:
    """Take a judgement back, with a reason (IT-05)."""
    return await handle(
        here.store,
        REQUEST,
        subject,
        lambda state: classification.withdraw_classification(state, reason=reason),
        context,
        expected=expected,
    )
