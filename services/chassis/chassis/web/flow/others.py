"""How all services of the site are."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

import aiohttp
from fastapi import Request

from chassis.flow.condition import Condition, Told
from chassis.flow.gather import condition_of, counts_of
from chassis.flow.hearing import SILENT_SECONDS, Heard, Hearing
from chassis.flow.names import Names
from chassis.flow.pace import Watched
from chassis.identity import Identity
from chassis.web.deps import Deps
from chassis.web.others import Unable, ask, names, session_of

if TYPE_CHECKING:
    from chassis.service import Service

ANSWER_SECONDS = 1.5
"""How long a page waits for what other services tell of themselves; what comes later is remembered for the next."""


async def own(request: Request, here: Deps, caller: Identity, service: Service) -> Condition:
    """How this service is."""
    watched = _watched(request, here)
    watched.look()
    roles = getattr(request.app.state, "roles", ())
    called = Names(service, caller.language)
    return await condition_of(service, here.db, here.settings.kafka, watched, called, roles=roles)


async def everywhere(request: Request, here: Deps, caller: Identity, service: Service) -> dict[str, Told]:
    """How each service of the site is, in the order of the menu, or what is to be said of it when it does not tell."""
    hearing = _watched(request, here).hearing

    async def told(name: str) -> Told:
        if name == service.name:
            return Told(heard=Heard.ANSWERS, condition=await own(request, here, caller, service))
        return await _told(hearing, name, request, here, caller)

    each = list(dict.fromkeys([*names(), service.name]))
    return dict(zip(each, await asyncio.gather(*map(told, each)), strict=True))


def _watched(request: Request, here: Deps) -> Watched:
    state = request.app.state
    if not hasattr(state, "flow"):

        async def count() -> Mapping[str, int]:
            return await counts_of(here.db)

        state.flow = Watched(count)
    watched: Watched = state.flow
    return watched


async def _told(hearing: Hearing, name: str, request: Request, here: Deps, caller: Identity) -> Told:
    async def question() -> Condition | None:
        async with session_of(request, caller, seconds=SILENT_SECONDS) as session:
            try:
                return await ask(session, here, name, "/api/flow", Condition)
            except Unable:
                return None

    try:
        condition = await hearing.ask(name, question(), patience=ANSWER_SECONDS)
    except TimeoutError:
        return Told(heard=hearing.slow_or_silent(name), seconds=hearing.in_vain(name))
    except (aiohttp.ClientError, OSError):
        return Told(heard=Heard.GONE, seconds=hearing.in_vain(name))
    return Told(heard=Heard.ANSWERS if condition else Heard.UNABLE, condition=condition)
