"""Tickets that have not been heard of are asked after, a few at each poll: most systems' lists of what changed do not
show what was deleted, and a webhook that told of it may have been lost.

Only what the system itself has told us of is asked for, by its id. What it says is gone is taken like a delivery that
tells so; what it refuses to show, or cannot answer, changes nothing.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog

from chassis.outbox import GiveUp, Retry
from chassis.partnership import ServiceDesk
from intake.adapters.beginnings import is_plain
from intake.adapters.port import Arrived, System, Way
from intake.adapters.records import understood
from intake.adapters.report import Desk
from intake.commands import Means
from intake.commands.taking import take
from intake.views import requests

log = structlog.get_logger(__name__)

AT_ONCE = 20
"""How many tickets are asked after at one poll."""
SUSPICIOUS = 5
"""When so many were asked after and not one is there, it is another installation that answers, or an empty one."""
FIRST = UUID(int=0)


async def ask_after(here: Means, desk: ServiceDesk, system: System, way: Way, until: float) -> None:
    """Ask after those of a desk's open requests that were not heard of for as long as its settings say, in rounds: each
    once in that time, and no longer than `until` by the loop's clock."""
    if not (way.api.unheard_hours and system.fetch):
        return
    now, patience = here.clock.now(), timedelta(hours=way.api.unheard_hours)
    last, reached = await _round(here, desk)
    begun = last or now
    if reached is None:
        if last is not None and now - last < patience:
            return
        begun, reached = now, FIRST
    quiet = await requests.unheard(
        here.db, desk.municipality, desk.system, desk.kind, since=begun - patience, after=reached, limit=AT_ONCE
    )
    found: list[Arrived] = []
    over = len(quiet) < AT_ONCE
    for request_id, external_id in quiet:
        if asyncio.get_running_loop().time() >= until:
            over = False
            break
        reached = request_id
        try:
            found += [await understood(system.fetch(way, external_id))] if is_plain(external_id) else []
        except GiveUp as refused:
            log.info("ticket.not-told", municipality=desk.municipality, ticket=external_id, reason=refused.reason)
        except Retry as failed:
            log.warning("desk.does-not-answer", municipality=desk.municipality, reason=failed.reason)
            over = False
            break
    if len(found) >= SUSPICIOUS and all(record.gone for record in found):
        log.warning("desk.knows-none-of-its-tickets", municipality=desk.municipality, system=desk.system)
        found = []
    for record in found:
        await take(here, Desk.of(desk), desk.kind, system.read(record, desk), correlation=uuid4().hex)
    await _note(here, desk, begun, None if over else reached)


async def _round(here: Means, desk: ServiceDesk) -> tuple[datetime | None, UUID | None]:
    """When the last round began, and how far it has come; None when it is over."""
    async with here.db.work() as connection:
        row = await connection.fetchrow(
            "SELECT round_at, asked_to FROM polled WHERE municipality = $1 AND system = $2",
            desk.municipality, desk.system,
        )  # fmt: skip
    return (row["round_at"], row["asked_to"]) if row else (None, None)


async def _note(here: Means, desk: ServiceDesk, begun: datetime, reached: UUID | None) -> None:
    async with here.db.work() as connection:
        await connection.execute(
            "UPDATE polled SET round_at = $3, asked_to = $4 WHERE municipality = $1 AND system = $2",
            desk.municipality, desk.system, begun, reached,
        )  # fmt: skip
