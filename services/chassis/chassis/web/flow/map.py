"""The map: all services, topics and readers with what waits and a verdict in words; and one service, for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.auth import Caller
from chassis.flow.condition import Condition
from chassis.flow.troubles import troubles
from chassis.identity import Role
from chassis.web.answers import answer
from chassis.web.deps import Here
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
        return answer(await own(request, here, service))

    @router.get("/flow/", include_in_schema=False)
    async def show(request: Request, here: Here, caller: Caller) -> Response:
        caller.must(Role.OPERATOR)
        conditions = await everywhere(request, here, caller, service)
        return page(
            request,
            "flow.html",
            caller,
            conditions=conditions,
            answering=[each for each in conditions.values() if each is not None],
            troubles=troubles(conditions),
            topics=topics_of(conditions),
            drawn=drawn(conditions),
        )


def topics_of(conditions: dict[str, Condition | None]) -> list[dict[str, object]]:
    """The topics that services tell of, each once, with who writes and who reads."""
    found: dict[str, dict[str, object]] = {}
    answering = [each for each in conditions.values() if each is not None]
    for condition in answering:
        for topic in condition.topics:
            found.setdefault(
                topic.name,
                {
                    "name": topic.name,
                    "records": topic.records,
                    "rate": topic.rate,
                    "written": [each.service for each in answering if each.relay and topic.name in each.relay.topics],
                    "read": [one.name for each in answering for one in each.readers if topic.name in one.topics],
                },
            )
    return list(found.values())
