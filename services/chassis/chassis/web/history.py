"""Every view, as of any moment, and why a row looks as it does: the same for all services, from what they declare."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from aiokafka.errors import KafkaError
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from chassis.auth import Caller
from chassis.clock import SystemClock
from chassis.i18n import N_
from chassis.plain import Misfilled
from chassis.position import NoPosition, Position
from chassis.rebuild import as_of, history_of
from chassis.rebuild.asof import moment_of
from chassis.rebuild.bulk import LogEndsEarly
from chassis.views import NotYet, View, onward
from chassis.web.answers import answer, caught_up
from chassis.web.deps import Deps, Here
from chassis.web.opening import READERS, opened
from chassis.web.paging import Listed, next_link
from chassis.web.schema import PROBLEMS, READS, headers
from contracts.envelope import Envelope
from contracts.refusal import NotFound
from contracts.topics import Topic

AsOf = Annotated[
    str | None,
    Query(alias="as_of", description="A moment (2026-03-02T12:00+01:00) or a position; the present when not said."),
]


def history_router(service: str, views: tuple[View[Any], ...]) -> APIRouter:
    """Routes under /<service>/api/views for the views of a service."""
    router = APIRouter(prefix=f"/{service}/api/views", tags=["views"], responses=PROBLEMS)
    known = {view.name: view for view in views}

    def named(name: str) -> View[Any]:
        if name not in known:
            raise NotFound
        return known[name]

    @router.get(
        "/{view}", summary="A view, as of any moment", operation_id=f"{service}ViewAsOf", openapi_extra=headers(READS)
    )
    async def rows(
        view: str, request: Request, here: Here, caller: Caller, part: Listed, moment: AsOf = None
    ) -> Response:
        """The rows the caller may see, in the order of their keys, as they were then: events decided up to that moment,
        folded anew."""
        caller.must(*READERS)
        asked = named(view)
        await caught_up(request, here, asked)
        scope = caller.scope_of(*READERS)
        until = await _moment(here, moment) if moment else None
        if until is None:
            found = await asked.stretch(here.db, order=asked.columns[0].name, scope=scope, **part)
        else:
            found = onward.of_rows(asked, await _then(here, asked, until, scope), **part)
        shown = [_shown(asked, each) for each in found.rows]
        homes = {each.municipality for each in found.rows}
        told = await opened(here, caller, shown, homes, view=asked.name, moment=until)
        return answer(told, headers=next_link(request, found.mark))

    @router.get(
        "/{view}/{key}",
        summary="A row as of any moment, and the events that made it so",
        operation_id=f"{service}RowAsOf",
        openapi_extra=headers(READS),
    )
    async def row(view: str, key: UUID, request: Request, here: Here, caller: Caller, moment: AsOf = None) -> Response:
        """The row, and in order the events it was folded from: position, time, name of the fact, who, and the data."""
        caller.must(*READERS)
        asked = named(view)
        await caught_up(request, here, asked)
        scope = caller.scope_of(*READERS)
        until = await _moment(here, moment) if moment else SystemClock().now()
        found = await _then(here, asked, until, scope, key)
        if not found:
            raise NotFound
        because = [
            {
                "position": str(position),
                "time": event.time,
                "type": event.data.type,
                "actor": event.actor,
                "actor_name": event.actor_name,
                "data": _shown(asked, event.data),
            }
            for topic in asked.topics
            for position, event in await _history(here, asked, topic, key)
            if event.data.type in asked.types and event.time <= until
        ]
        said = {"as_of": until, "row": _shown(asked, found[0]), "because": because}
        homes = {found[0].municipality}
        looked_at = until if moment else None
        return answer(await opened(here, caller, said, homes, view=asked.name, key=key, moment=looked_at))

    return router


async def _then(
    here: Deps, view: View[Any], moment: datetime, scope: frozenset[str], key: UUID | None = None
) -> list[Any]:
    try:
        return await as_of(here.db, view, here.settings.kafka, moment, scope=scope, key=key)
    except (LogEndsEarly, KafkaError) as away:
        # The past is read from the topics; while a broker is away or being filled again it can be asked for later.
        raise NotYet(view.name, moment.isoformat()) from away


async def _history(here: Deps, view: View[Any], topic: Topic, key: UUID) -> list[tuple[Position, Envelope[Any]]]:
    try:
        return await history_of(here.settings.kafka, topic, key)
    except (LogEndsEarly, KafkaError) as away:
        raise NotYet(view.name, topic.name) from away


def _shown(view: View[Any], value: Any) -> dict[str, Any]:
    """A row or a fact as it is shown: what is private in this view is not."""
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return {name: None if name in view.private else held for name, held in plain.items()}


async def _moment(here: Deps, text: str) -> datetime:
    """A moment from what was asked: ISO 8601 (UTC unless it says), or the moment of a position."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            return await moment_of(here.settings.kafka, text)
        except NoPosition:
            raise Misfilled(N_("Write a moment such as 2026-03-02T12:00, or a position."), "as_of") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
