"""How the other services are: each is asked where services reach each other, as the one who looks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

import aiohttp
import msgspec
from fastapi import Request

from chassis.auth import SESSION_COOKIE
from chassis.flow.condition import Condition
from chassis.flow.gather import condition_of, counts_of
from chassis.flow.pace import Watched
from chassis.web.deps import Deps
from chassis.web.navigation import PLACES

if TYPE_CHECKING:
    from chassis.service import Service

ANSWER_SECONDS = 2.0


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


async def everywhere(request: Request, here: Deps, service: Service) -> dict[str, Condition | None]:
    """How each service of the site is, in the order of the menu; None for one that does not answer in time.

    Nobody learns more by asking here than by asking there: the caller's own session goes along.
    """
    names = list(dict.fromkeys(place.path.split("/")[1] for place in PLACES))
    names = names if service.name in names else [*names, service.name]
    limit = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    async with aiohttp.ClientSession(timeout=limit, cookie_jar=aiohttp.DummyCookieJar()) as session:
        asked = {
            name: own(request, here, service)
            if name == service.name
            else _ask(session, f"{here.settings.address_of(name)}/{name}/api/flow", _as_caller(request))
            for name in names
        }
        told = await asyncio.gather(*asked.values())
    return dict(zip(asked, told, strict=True))


def _as_caller(request: Request) -> dict[str, str]:
    if proof := request.headers.get("authorization"):
        return {"Authorization": proof}
    session = request.cookies.get(SESSION_COOKIE)
    return {"Cookie": f"{SESSION_COOKIE}={session}"} if session else {}


async def _ask(session: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> Condition | None:
    try:
        async with session.get(url, headers=headers, allow_redirects=False) as answer:
            if answer.status != 200:
                return None
            return msgspec.json.decode(await answer.read(), type=Condition)
    except (aiohttp.ClientError, OSError, TimeoutError, msgspec.DecodeError):
        return None
