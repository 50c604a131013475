"""The map: all services, topics and readers with what waits and a verdict in words; and one service, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.auth import Caller
from chassis.flow.condition import Told
from chassis.flow.hearing import Heard
from chassis.flow.names import ROLES, service_called
from chassis.flow.troubles import troubles
from chassis.identity import Role
from chassis.web.answers import answer
from chassis.web.deps import Here
from chassis.web.flow.common import EVERY_SECONDS
from chassis.web.flow.drawn import drawn
from chassis.web.flow.others import everywhere, own
from chassis.web.pages import page
from chassis.web.schema import PROBLEMS

if TYPE_CHECKING:
    from chassis.service import Service


def add(router: APIRouter, service: Service) -> None:
    """The routes of the map."""

    @router.get(
        "/api/flow",
        summary="How this service is",
        operation_id=f"{service.name}Flow",
        responses=PROBLEMS,
        tags=["flow"],
    )
    async def now(request: Request, here: Here, caller: Caller) -> Response:
        """Its roles, its relay, its readers and deliveries, what is parked, and a verdict on each in a word."""
        caller.must(Role.OPERATOR)
        return answer(await own(request, here, caller, service))

    @router.get("/flow/", include_in_schema=False)
    async def show(request: Request, here: Here, caller: Caller) -> Response:
        caller.must(Role.OPERATOR)
        told = await everywhere(request, here, caller, service)
        return page(
            request,
            "flow.html",
            caller,
            told=told,
            called={name: service_called(name, caller.language) for name in told},
            answering=[each.condition for each in told.values() if each.condition is not None],
            broker=worst_heard(told),
            troubles=troubles(told, caller.language),
            topics=topics_of(told),
            roles=ROLES,
            drawn=drawn(told, caller.language),
            every=EVERY_SECONDS,
        )


def worst_heard(told: Mapping[str, Told]) -> Heard:
    """How the broker answers the service that hears least of it."""
    order = list(Heard)
    return max((each.condition.broker for each in told.values() if each.condition), key=order.index, default=order[0])


def topics_of(told: Mapping[str, Told]) -> list[dict[str, object]]:
    """The topics that services tell of, each once, with who writes and who reads."""
    found: dict[str, dict[str, object]] = {}
    answering = [each.condition for each in told.values() if each.condition is not None]
    for condition in answering:
        for topic in condition.topics:
            found.setdefault(
                topic.name,
                {
                    "name": topic.name,
                    "called": topic.called,
                    "records": topic.records,
                    "rate": topic.rate,
                    "written": [each.service for each in answering if each.relay and topic.name in each.relay.topics],
                    "read": [
                        (each.service, one.called)
                        for each in answering
                        for one in each.readers
                        if topic.name in one.topics
                    ],
                },
            )
    return list(found.values())
