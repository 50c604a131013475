"""What pages ask of the past: days as moments, the days there are, and rows and records as they were."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from aiokafka.errors import KafkaError

from chassis.decode import peek
from chassis.i18n import N_
from chassis.log import Record
from chassis.plain import Misfilled
from chassis.position import NoPosition
from chassis.rebuild.asof import as_of_each, moment_of, records_of
from chassis.rebuild.bulk import LogEndsEarly
from chassis.views import View
from chassis.web.deps import Deps
from contracts.refusal import Refusal

T = TypeVar("T")
FIRST = (
    "SELECT envelope FROM events WHERE municipality = ANY ((SELECT flode_scope())::text[]) ORDER BY position LIMIT 1"
)


class PastIsAway(Refusal):
    """The broker is away, or its topics are being filled again."""

    text = "The past is read from the log, which does not answer just now. The present can be seen; try again soon."
    status = 503


@dataclass(frozen=True, slots=True)
class Moment:
    """Until when events count. `day` is set when a whole day was asked for, as it ended where the reader is."""

    until: datetime
    asked: str
    day: date | None = None


def now(here: Deps) -> Moment:
    """The present."""
    return Moment(here.clock.now(), "")


async def moment(here: Deps, text: str | None, zone: str, field: str) -> Moment | None:
    """What somebody asked for: a day (its end, in `zone`), a moment, a position; None for the present.

    Raises Misfilled for what is none of these.
    """
    asked = (text or "").strip()
    if not asked:
        return None
    try:
        if len(asked) == len("2026-03-02"):
            day = date.fromisoformat(asked)
            end = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)) - timedelta(microseconds=1)
            return Moment(end.astimezone(UTC), asked, day)
        then = datetime.fromisoformat(asked)
        return Moment(then if then.tzinfo else then.replace(tzinfo=ZoneInfo(zone)), asked)
    except (ValueError, OverflowError):
        pass
    try:
        return Moment(await _there(moment_of(here.settings.kafka, asked)), asked)
    except NoPosition:
        raise Misfilled(N_("Write a day such as 2026-03-02, or a moment such as 2026-03-02T12:00."), field) from None


async def span(here: Deps, scope: frozenset[str], zone: str) -> tuple[date, date]:
    """The day of the first event of these municipalities in this service, and today; today twice when there is none."""
    today = here.clock.now().astimezone(ZoneInfo(zone)).date()
    if scope not in here.begun:
        async with here.db.scoped(scope) as connection:
            envelope = await connection.fetchval(FIRST)
        if (said := peek(envelope, "time") if envelope else None) is None:
            return today, today
        here.begun[scope] = datetime.fromisoformat(said)
    return min(here.begun[scope].astimezone(ZoneInfo(zone)).date(), today), today


async def rows(here: Deps, view: View[Any], then: Moment, scope: frozenset[str]) -> list[Any]:
    """The rows of a view at a moment. Raises PastIsAway."""
    return (await rows_of_each(here, view, [then], scope))[0]


async def rows_of_each(here: Deps, view: View[Any], then: list[Moment], scope: frozenset[str]) -> list[list[Any]]:
    """The same for several moments, the log being read once."""
    until = [each.until for each in then]
    return await _there(as_of_each(here.db, view, here.settings.kafka, until, scope=scope))


async def records(here: Deps, view: View[Any], key: UUID, then: Moment) -> list[Record]:
    """The events a row was folded from until a moment, as the topics hold them. Raises PastIsAway."""
    found = [
        record for topic in view.topics for record in await _there(records_of(here.settings.kafka, topic, key))
    ]  # fmt: skip
    return [record for record in found if record.type in view.types and _time(record) <= then.until]


def _time(record: Record) -> datetime:
    said = peek(record.message, "time")
    assert said is not None, "an event says when it was decided"
    return datetime.fromisoformat(said)


async def _there(asked: Awaitable[T]) -> T:
    try:
        return await asked
    except (LogEndsEarly, KafkaError) as away:
        raise PastIsAway from away
