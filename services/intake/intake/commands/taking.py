"""What arrives from a ticketing system is taken, once: what it is and what came of it are written together."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from chassis.aggregate import ATTEMPTS
from chassis.causes import causes_of
from chassis.context import Context, a_service_desk
from chassis.db import Connection
from chassis.i18n import N_, translate
from chassis.partnership import ServiceDesk
from chassis.position import Position
from chassis.schedule import Clockwork, Tick
from chassis.store import Beside, Overtaken, VersionConflict
from chassis.telemetry import current_traceparent, span
from chassis.topics import partition_of
from contracts.envelope import Envelope
from contracts.intake import IntakeFact, RequestMerged, RequestRegistered, RequestReopened, RequestWithdrawn
from contracts.refusal import Refusal
from intake.adapters import ticket
from intake.adapters.delivery import Delivery
from intake.adapters.packing import packed, unpacked
from intake.adapters.port import not_looked_up, system_of
from intake.adapters.report import AnotherTenant, Desk, check, owner_of, report_of
from intake.adapters.ticket import Ticket
from intake.commands import REQUEST, Means
from intake.domain import classification, request
from intake.domain.request import Request
from intake.domain.ticket import Known, Report, command_of, is_project_flow, request_of
from intake.views import deliveries
from intake.views.deliveries import LEDGER, Entry, Parked, Record, faults_of

log = structlog.get_logger(__name__)

SAID: dict[deliveries.Outcome, str] = {
    "registered": N_("The ticket is registered and waits for the PM."),
    "changed": N_("The change is registered."),
    "withdrawn": N_("The request is withdrawn."),
    "merged": N_("The request is followed in that of the surviving ticket."),
    "reopened": N_("The request waits for the PM again."),
    "unchanged": N_("Nothing has changed for the request."),
    "stale": N_("A newer state of the ticket is known already; this one changes nothing."),
    "not_for_us": N_("The ticket is not of the project flow; nothing was done."),
    "held": N_("The delivery is kept; its system is asked for what it does not say."),
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


async def take(here: Means, desk: Desk, hook: str, delivery: Delivery, *, correlation: str) -> Settled:
    """Take a delivery, once: what it is and what came of it are written in one transaction (P1, P3).

    The same delivery again comes to the same as before, with nothing done. What cannot be read is parked with a
    sentence on what to mend; what claims another tenant is refused, and kept all the same.
    """
    arrival = Arrival(desk, hook, delivery, here.clock.now(), correlation)
    settled = await _settle(here, arrival, _read(here, arrival))
    if not settled.duplicate:
        told = settled.answer
        log.info("delivery.taken", municipality=desk.municipality, outcome=settled.outcome, request=told.get("id"))
    return settled


async def _settle(here: Means, arrival: Arrival, read: Ticket | Refusal) -> Settled:
    """Decide with nothing held, and be written with many others, if what was decided on is still so then.

    Where others are faster again and again nobody else is let in. So it is with merges, for what they rest on are the
    histories of other tickets too: two of them could make a circle.
    """
    if isinstance(read, Refusal) or read.kind != "merged":
        for _ in range(ATTEMPTS):
            with suppress(Overtaken, VersionConflict):
                return await _try(here, arrival, read)
    async with here.db.work() as connection:
        await here.store.hold(connection)
        settled = await _try(here, arrival, read, within=connection)
    here.store.committed()
    return settled


async def try_again(here: Means, credential: ServiceDesk, parked: Parked, *, by: str, correlation: str) -> None:
    """Take a parked delivery once more, because the partnership's settings or our code have changed since."""
    delivery = unpacked(parked.hook, await here.vault.open(parked.raw), credential)
    if delivery.lookup == "always" and delivery.fault is None and can_be_asked(credential):
        async with here.db.work() as connection:
            await deliveries.held(connection, parked.id, by=by, at=here.clock.now())
        return
    await take_late(here, Desk.of(credential), parked, delivery, by=by, correlation=correlation)


async def take_late(
    here: Means, desk: Desk, kept: Parked, delivery: Delivery, *, by: str | None, correlation: str
) -> Settled:
    """Take what has been kept: a parked delivery that somebody tries again, or one whose system was asked."""
    arrival = Arrival(desk, kept.hook, delivery, here.clock.now(), correlation, late_since=kept.received_at)
    read = _read(here, arrival)
    async with here.db.work() as connection:
        await here.store.hold(connection)
        settled = await _try(here, arrival, read, within=connection)
        if by is not None:
            await deliveries.settled(connection, kept.id, by=by, at=arrival.now)
    here.store.committed()
    return settled


def can_be_asked(credential: ServiceDesk) -> bool:
    """Whether this desk's system tells us what a delivery does not say."""
    system = system_of(credential.kind)
    return bool(credential.api and system and (system.look_up or system.fetch))


async def set_aside(here: Means, parked: Parked, *, by: str, reason: str) -> None:
    """Say of a parked delivery that nothing is to come of it, and why."""
    if not reason.strip():
        raise classification.NeedsAReason("reason")
    async with here.db.work() as connection:
        await deliveries.settled(connection, parked.id, by=by, at=here.clock.now(), note=reason.strip(), aside=True)


async def _forget(tick: Tick) -> None:
    days = tick.resources["settings"].keep_deliveries_days
    forgotten = await deliveries.forget(tick.connection, tick.now - timedelta(days=days))
    if forgotten:
        log.info("deliveries.forgotten", many=forgotten, older_than_days=days)


forgetting = Clockwork("intake.forget", every_seconds=3600, tick=_forget)
"""The bytes of deliveries are kept for as long as the settings say, and no longer."""


def _read(here: Means, arrival: Arrival) -> Ticket | Refusal:
    """The ticket a delivery tells of, or what is wrong with it."""
    delivery = arrival.delivery
    try:
        if delivery.fault is not None:
            raise delivery.fault
        if delivery.lookup == "always":
            raise _not_looked_up(arrival, "no api is set for this desk")
        said = _ticket_in(delivery, arrival.hook)
        check(said, arrival.desk, here.partnership)
    except Refusal as fault:
        return fault
    return said


def _ticket_in(delivery: Delivery, hook: str) -> Ticket:
    """The ticket in a delivery. Raises Refusal, which names the rule that sent it, if it has a name there."""
    try:
        return ticket.read(delivery.content, envelope_type=delivery.type, envelope_time=delivery.time)
    except Refusal as fault:
        system = system_of(hook)
        raise system.explained(fault, delivery) if system else fault from None


def _not_looked_up(arrival: Arrival, reason: str) -> Refusal:
    system = system_of(arrival.hook)
    return not_looked_up(arrival.delivery, system.name if system else arrival.hook, reason)


def _waits_for_its_system(here: Means, arrival: Arrival, *, begun: bool) -> bool:
    """Whether the system is to be asked before this delivery is used: of one that only names its ticket always, of
    others for a request that has not begun and is of the project flow, and never twice."""
    delivery, desk = arrival.delivery, arrival.desk
    if delivery.fault is not None or arrival.late_since is not None:
        return False
    said = delivery.content if isinstance(delivery.content, dict) else {}
    ours = is_project_flow(str(said["flow"]), desk.flows) if said.get("flow") is not None else True
    wanted = delivery.lookup == "always" or (delivery.lookup == "new" and ours and not begun)
    credential = here.partnership.desk(desk.municipality, desk.system) if wanted else None
    return credential is not None and can_be_asked(credential)


async def _try(here: Means, arrival: Arrival, read: Ticket | Refusal, *, within: Connection | None = None) -> Settled:
    """Decide on a delivery as things are, and write down what it came to. Raises Overtaken and VersionConflict when
    they are so no more; they cannot change in a transaction that holds the log."""
    record = _record(arrival, read)
    async with nullcontext(within) if within else here.db.worker.acquire() as connection:
        (before,) = await deliveries.before(connection, [record])
        if before.had is not None and arrival.late_since is None:
            return Settled(*before.had, duplicate=True)
        subject = record.request_id or record.id
        history = await here.store.load(subject, within=connection) if before.begun else []
    if _waits_for_its_system(here, arrival, begun=before.begun):
        owner = owner_of(arrival.delivery, arrival.desk, here.vault, here.partnership)
        decided = Decided("held", owner)
    else:
        decided = await _decide(here, arrival, read, history, before.known, within)
    context = _context(arrival.desk, arrival.delivery, arrival)
    if decided.facts and history:
        cause = await causes_of(here.store, history[0].subject, decided.facts[0].topic, within=within)
        context = replace(context, cause=cause)
    entry = Entry(
        record=replace(
            record,
            outcome=decided.outcome,
            faults=faults_of(decided.fault) if decided.fault else (),
            raw=await here.vault.seal(decided.owner, packed(arrival.delivery)),
        ),
        known=before.known,
        facts=len(decided.facts),
        answer=partial(_answer, here, arrival.desk, history, decided),
        again=arrival.late_since is not None,
    )
    with span(f"{REQUEST.name} command", attributes={"flode.municipality": record.municipality}):
        appended = await here.store.append(
            decided.facts,
            context=context,
            expected=len(history),
            within=within,
            beside=Beside(LEDGER, entry),
            subject=subject,
        )
    return Settled(decided.outcome, entry.answer(appended.positions[-1] if appended.positions else None))


def _record(arrival: Arrival, read: Ticket | Refusal) -> Record:
    """What is to be kept of a delivery whatever comes of it."""
    desk, delivery = arrival.desk, arrival.delivery
    record = Record(
        municipality=desk.municipality,
        system=desk.system,
        hook=arrival.hook,
        key=delivery.key,
        hash=delivery.hash,
        received_at=arrival.now,
    )
    if isinstance(read, Refusal):
        return record
    request_id = request_of(desk.municipality, desk.system, read.external_id)
    return replace(record, request_id=request_id, kind=read.kind, revision=read.revision, source_at=read.updated_at)


def _context(desk: Desk, delivery: Delivery, arrival: Arrival) -> Context:
    return Context(
        actor=a_service_desk(desk.municipality),
        actor_name=None,
        municipality=desk.municipality,
        command_id=command_of(desk.municipality, desk.system, delivery.key, delivery.hash.hex()),
        now=arrival.now,
        correlation=arrival.correlation,
        traceparent=current_traceparent(),
        fingerprint=delivery.hash,
    )


@dataclass(frozen=True, slots=True)
class Decided:
    """What a delivery comes to: the facts it gives, or what is wrong with it, and whose words it holds."""

    outcome: deliveries.Outcome
    owner: UUID
    facts: tuple[IntakeFact, ...] = ()
    fault: Refusal | None = None


async def _decide(
    here: Means,
    arrival: Arrival,
    read: Ticket | Refusal,
    history: Sequence[Envelope[IntakeFact]],
    known: Known,
    within: Connection | None,
) -> Decided:
    """Let the request follow its ticket, if the delivery can be read."""
    try:
        if isinstance(read, Refusal):
            raise read
        desk = arrival.desk
        subject = request_of(desk.municipality, desk.system, read.external_id)
        present = REQUEST.fold(history)
        report = await report_of(read, desk, present, arrival.now, vault=here.vault, partnership=here.partnership)
        report = replace(report, late_since=arrival.late_since)
        if report.into is not None:
            chain = await _chain(here, within, report.into.request_id)
            report = replace(report, into=replace(report.into, leads_to=chain))
        facts = tuple(request.follow(subject, present, report, known))
    except Refusal as fault:
        outcome: deliveries.Outcome = "refused" if isinstance(fault, AnotherTenant) else "parked"
        owner = owner_of(arrival.delivery, arrival.desk, here.vault, here.partnership)
        return Decided(outcome, owner, fault=fault)
    return Decided(_outcome(facts, report, present, known), report.requester.id, facts)


async def _chain(here: Means, within: Connection | None, subject: UUID) -> tuple[UUID, ...]:
    """The requests a surviving ticket was itself merged into, one after the other."""
    chain: list[UUID] = []
    while at := REQUEST.fold(await here.store.load(subject, within=within)):
        if not at.merged_into or at.merged_into in chain:
            break
        subject = at.merged_into
        chain.append(subject)
    return tuple(chain)


def _outcome(facts: Sequence[IntakeFact], report: Report, present: Request | None, known: Known) -> deliveries.Outcome:
    names = [_NAMES.get(type(fact), "changed") for fact in facts]
    if names:
        return next((name for name in names if name != "changed"), "changed")
    if known.deleted or report.is_older_than(known):
        return "stale"
    return "not_for_us" if present is None or report.in_flow is False else "unchanged"


def _answer(
    here: Means, desk: Desk, history: Sequence[Envelope[IntakeFact]], decided: Decided, sequence: int | None
) -> dict[str, Any]:
    """What a sender is told, given the position of the last fact, if there is one."""
    language = here.partnership[desk.municipality].language
    answer: dict[str, Any] = {"outcome": decided.outcome, "detail": translate(SAID[decided.outcome], language)}
    if decided.fault is not None:
        answer["errors"] = [
            {"field": one.field, "detail": translate(one.text, language, **one.params)}
            for one in faults_of(decided.fault)
        ]
        return answer
    events = [*(event.data for event in history), *decided.facts]
    if events:
        subject, topic = events[-1].subject, events[-1].topic
        position = Position(here.service, sequence or history[-1].sequence, topic.name, partition_of(subject, topic))
        answer |= {"id": str(subject), "version": len(events), "position": str(position)}
    return answer
