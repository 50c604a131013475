"""What is asked of the ticketing systems: for a delivery that does not say all, and for what no delivery told of.

Asking is an effect like any other: due in the transaction that found it necessary, tried again with growing pauses.
What comes of it is taken like a delivery, so that a ticket that was both delivered and polled has one effect (P3).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog

from chassis.clock import Clock
from chassis.db import Database
from chassis.outbox import Effect, GiveUp, Retry, Sender
from chassis.outward import Outward
from chassis.partnership import Api, Partnership, ServiceDesk
from chassis.schedule import Clockwork, Tick
from chassis.store import Store
from chassis.vault import Vault
from contracts.refusal import Refusal
from intake.adapters.delivery import Delivery
from intake.adapters.packing import arrived_in
from intake.adapters.port import Arrived, System, Way, not_looked_up, system_of
from intake.adapters.records import understood
from intake.adapters.report import Desk
from intake.commands import Means
from intake.commands.asking_after import ask_after
from intake.commands.taking import take, take_late
from intake.views import deliveries
from intake.views.deliveries import ASK

log = structlog.get_logger(__name__)

POLL = "poll"
PATIENCE = {"new": 4, "always": 12}
"""How often a system is asked before a delivery is used as it is, or parked because it says nothing by itself."""
FIRST_LOOK_BACK = timedelta(days=1)
"""How old a change may be that the first poll of a desk finds."""
AHEAD = timedelta(days=1)
"""How far a system's clock may be before ours."""
POLL_SECONDS = 30.0
"""How long one poll may go on; the next one begins where it ended."""
ANSWER_SECONDS = 10.0


CALL_BACK_SECONDS = 4.0


class NotCalledBack(Refusal):
    """The address that a system asked us to call could not be, or may not be."""

    text = "The address that is to be called could not be: {reason}."
    status = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What a sender works with."""

    service: str
    store: Store
    db: Database
    vault: Vault
    partnership: Partnership
    clock: Clock


def senders(resources: Mapping[str, Any]) -> tuple[Sender, ...]:
    """Those who ask: for deliveries, and for what changed."""
    names = ("store", "db", "vault", "partnership", "clock")
    hands = Hands(service="intake", **{name: resources[name] for name in names})

    async def ask(effect: Effect) -> None:
        await look_up(hands, effect)

    async def poll_desk(effect: Effect) -> None:
        await poll(hands, effect)

    return (
        Sender(ASK, ask, attempts=PATIENCE["always"] + 1, every=1.0),
        Sender(POLL, poll_desk, attempts=1_000_000, longest_pause=600.0, every=5.0),
    )


def way_to(desk: ServiceDesk, api: Api, partnership: Partnership) -> Way:
    """The way to a desk's system."""
    hosts = partnership[desk.municipality].hosts
    outward = Outward(municipality=desk.municipality, hosts=hosts, private=api.private, seconds=ANSWER_SECONDS)
    return Way(desk=desk, api=api, outward=outward)


async def call_back(here: Means, desk: ServiceDesk, address: str) -> None:
    """Call the address by which a system makes sure that we want its deliveries, if it is the system's own.

    Raises NotCalledBack, and the system tries again.
    """
    hosts = here.partnership[desk.municipality].hosts
    way = Outward(municipality=desk.municipality, hosts=hosts, seconds=CALL_BACK_SECONDS)
    try:
        if not address.startswith("https://"):
            raise GiveUp("it is not an https address")
        await way.ask("GET", address)
    except (Retry, GiveUp) as failed:
        raise NotCalledBack(reason=failed.reason) from None


async def look_up(here: Means, effect: Effect) -> None:
    """Ask the system for what a held delivery does not say, and take it. Raises Retry while there is patience left;
    then it is taken as it is, and parked if it says too little (nothing is lost)."""
    async with here.db.work() as connection:
        kept = await deliveries.held_one(connection, UUID(effect.payload["delivery"]))
    if kept is None:
        return
    desk = here.partnership.desk(kept.municipality, kept.system)
    system = system_of(desk.kind) if desk else None
    if desk is None or system is None:
        raise GiveUp("the desk is no more")
    arrived = arrived_in(await here.vault.open(kept.raw))
    delivery = system.read(arrived, desk)
    try:
        if desk.api is None:
            raise GiveUp("no api is set for this desk")
        way = way_to(desk, desk.api, here.partnership)
        found = system.read(await understood(_looked_up(system, way, arrived, delivery)), desk)
        if found.fault is not None and delivery.lookup == "new":
            raise GiveUp("what the system tells of the ticket is not understood")
        delivery = delivery.completed(found)
    except (Retry, GiveUp) as failed:
        if isinstance(failed, Retry) and effect.attempts < PATIENCE.get(delivery.lookup, 1):
            raise
        log.warning("delivery.not-looked-up", municipality=kept.municipality, reason=failed.reason)
        delivery = _as_it_is(delivery, system, failed.reason)
    correlation = uuid4().hex
    settled = await take_late(here, Desk.of(desk), kept, delivery, by=None, correlation=correlation)
    log.info(
        "delivery.taken", municipality=kept.municipality, outcome=settled.outcome, request=settled.answer.get("id")
    )


def _as_it_is(delivery: Delivery, system: System, reason: str) -> Delivery:
    """The delivery without what could not be looked up."""
    if delivery.lookup != "always" or delivery.fault is not None:
        return replace(delivery, lookup="never")
    return delivery.completed(delivery).with_fault(not_looked_up(delivery, system.name, reason))


async def _looked_up(system: System, way: Way, arrived: Arrived, delivery: Delivery) -> Arrived:
    """The ticket of a delivery, as a record. Raises Retry and GiveUp."""
    if system.look_up is not None and not arrived.cut:
        return await system.look_up(way, arrived)
    named = delivery.content.get("external_id") if isinstance(delivery.content, dict) else None
    if system.fetch is None or named is None:
        raise GiveUp("it has no way to ask for a ticket")
    found = await system.fetch(way, str(named))
    if found.gone:
        raise GiveUp(f"it shows no ticket {named}")
    return found


async def poll(here: Means, effect: Effect) -> None:
    """Take what changed in a desk's system since it was asked last, and ask after some of what was not heard of. Raises
    Retry."""
    desk = here.partnership.desk(effect.municipality, effect.payload["system"])
    system = system_of(desk.kind) if desk else None
    if desk is None or desk.api is None or system is None or system.changed is None:
        raise GiveUp("the desk is polled no more")
    way, spoken_for = way_to(desk, desk.api, here.partnership), Desk.of(desk)
    until = asyncio.get_running_loop().time() + POLL_SECONDS
    more = True
    while more and asyncio.get_running_loop().time() < until:
        cursor = await _cursor(here, desk)
        found = await understood(system.changed(way, cursor))
        for arrived in found.records:
            await take(here, spoken_for, desk.kind, system.read(arrived, desk), correlation=uuid4().hex)
        if _is_ahead(found.cursor, here.clock.now()):
            log.warning("desk.dates-tickets-ahead", municipality=desk.municipality, system=desk.system)
            break
        await _note(here, desk, found.cursor)
        more = found.more and found.cursor != cursor
    await ask_after(here, desk, system, way, until)


def _is_ahead(cursor: str, now: datetime) -> bool:
    """Whether a poll would go on at a moment that is still to come: behind a ticket with such a date, everything that
    changes until then would be missed. So it goes on where it was, and finds that ticket again and again."""
    try:
        return datetime.fromisoformat(cursor.partition(" ")[0]) > now + AHEAD
    except (ValueError, TypeError):
        return False


async def _cursor(here: Means, desk: ServiceDesk) -> str:
    async with here.db.work() as connection:
        known: str | None = await connection.fetchval(
            "SELECT cursor FROM polled WHERE municipality = $1 AND system = $2", desk.municipality, desk.system
        )
    return known or (here.clock.now() - FIRST_LOOK_BACK).isoformat()


async def _note(here: Means, desk: ServiceDesk, cursor: str) -> None:
    async with here.db.work() as connection:
        await connection.execute(
            "INSERT INTO polled (municipality, system, cursor, polled_at) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (municipality, system) DO UPDATE SET cursor = excluded.cursor, polled_at = excluded.polled_at",
            desk.municipality, desk.system, cursor, here.clock.now(),
        )  # fmt: skip


DUE = """
INSERT INTO effects (channel, key, municipality, payload)
VALUES ($1, $2, $3, jsonb_build_object('system', $2::text))
ON CONFLICT (channel, municipality, key) DO UPDATE
    SET state = 'due', attempts = 0, due_at = clock_timestamp(), reason = NULL, done_at = NULL
    WHERE effects.state <> 'due' AND effects.done_at <= clock_timestamp() - make_interval(secs => $4)
"""


async def poll_soon(here: Means, desk: ServiceDesk) -> None:
    """Have a desk that is polled be polled now."""
    if is_polled(desk):
        async with here.db.work() as connection:
            await connection.execute(DUE, POLL, desk.system, desk.municipality, 0.0)


def is_polled(desk: ServiceDesk) -> bool:
    """Whether its system is asked, again and again, for what no delivery told of."""
    system = system_of(desk.kind)
    return bool(desk.api and desk.api.poll_seconds and system and system.changed)


async def due(tick: Tick) -> None:
    """Have every desk polled that has not been for as long as its settings say."""
    partnership: Partnership = tick.resources["partnership"]
    for desk in partnership.service_desks:
        if desk.api and is_polled(desk):
            seconds = float(desk.api.poll_seconds)
            await tick.connection.execute(DUE, POLL, desk.system, desk.municipality, seconds)


polling = Clockwork("intake.poll", every_seconds=5, tick=due)
