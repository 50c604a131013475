"""How all services of the site are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fastapi import Request

from chassis.flow.condition import Condition
from chassis.flow.gather import condition_of, counts_of
from chassis.flow.pace import Watched
from chassis.identity import Identity
from chassis.web.deps import Deps
from chassis.web.others import ask_each, names

if TYPE_CHECKING:
    from chassis.service import Service


async def own(request: Request, here: Deps, service: Service) -> Condition:
    """How this service is."""
    state = request.app.state
    if not hasattr(state, "flow"):

        async def count() -> Mapping[str, int]:
            return await counts_of(here.db)

        state.flow = Watched(count)
    state.flow.look()
    roles = getattr(state, "roles", ())
    return await condition_of(service, here.db, here.settings.kafka, state.flow.pace, roles=roles)


async def everywhere(request: Request, here: Deps, caller: Identity, service: Service) -> dict[str, Condition | None]:
    """How each service of the site is, in the order of the menu; None for one that does not answer in time."""
    beside = [name for name in names() if name != service.name]
    told = await ask_each(request, here, caller, beside, "/api/flow", Condition)
    mine = await own(request, here, service)
    return {name: mine if name == service.name else told[name] for name in dict.fromkeys([*names(), service.name])}
