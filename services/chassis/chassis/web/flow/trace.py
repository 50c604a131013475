"""One request's way across the services: its events, and those of rounds, meetings and messages that speak of it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from aiokafka.errors import KafkaError
from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.auth import Caller
from chassis.flow.mentions import Mentions, mentions_of
from chassis.flow.names import Names
from chassis.flow.trace import cascades, in_order, steps_of
from chassis.i18n import N_
from chassis.identity import NAMES, Role
from chassis.plain import Misfilled
from chassis.rebuild import history_of
from chassis.rebuild.bulk import LogEndsEarly
from chassis.web.answers import go_to
from chassis.web.deps import Here
from chassis.web.pages import page
from chassis.web.problems import Away
from contracts.refusal import NotFound
from contracts.topics import REQUEST

if TYPE_CHECKING:
    from chassis.service import Service

ROLE_NAMES = {role.value.replace("_", "-"): name for role, name in NAMES.items()}
"""What a role is called, by how facts name it."""


def add(router: APIRouter, service: Service) -> None:
    """The routes of one request's way."""

    @router.get("/flow/trace", include_in_schema=False)
    async def which(caller: Caller, request_id: str = "") -> Response:
        caller.must(Role.OPERATOR)
        try:
            return go_to(f"/{service.name}/flow/trace/{UUID(request_id.strip())}")
        except ValueError:
            raise Misfilled(N_("Write the id of a request, as it stands in its address."), None) from None

    @router.get("/flow/trace/{request_id}", include_in_schema=False)
    async def way(request_id: UUID, request: Request, here: Here, caller: Caller) -> Response:
        caller.must(Role.OPERATOR)
        try:
            history = await history_of(here.settings.kafka, REQUEST, request_id)
            others = await mentions_of(here.settings.kafka, request_id) if history else Mentions([], whole=True)
        except (LogEndsEarly, KafkaError) as away:
            raise Away from away
        scope = caller.scope_of(Role.OPERATOR)
        if not history or history[0][1].municipality not in scope:
            raise NotFound
        steps = steps_of(in_order([*history, *(each for each in others.events if each[1].municipality in scope)]))
        longer = [each for each in cascades(steps) if len(each.steps) > 1]
        return page(
            request, "flow_trace.html", caller,
            request_id=request_id, steps=steps, role_names=ROLE_NAMES, cascades=longer, whole=others.whole,
            called=Names(service, caller.language),
        )  # fmt: skip
