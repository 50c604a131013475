"""Asking the other services of the site something, as the one who looks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TypeVar

import aiohttp
import msgspec
from fastapi import Request

from chassis.auth import LANGUAGE_COOKIE, Identity, token_of
from chassis.web.deps import Deps
from chassis.web.navigation import PLACES

ANSWER_SECONDS = 2.0
T = TypeVar("T")


def names() -> list[str]:
    """The services that have a place in the menu, in its order."""
    return list(dict.fromkeys(place.path.split("/")[1] for place in PLACES))


async def ask_each(
    request: Request, here: Deps, caller: Identity, services: Iterable[str], path: str, kind: type[T]
) -> dict[str, T | None]:
    """What each of the services answers at /<service><path>; None for one that does not in ANSWER_SECONDS.

    Nobody learns more by asking here than by asking there: the caller's own token goes along, and their language.
    """
    headers = {"Cookie": f"{LANGUAGE_COOKIE}={caller.language}"}
    if token := token_of(request):
        headers["Authorization"] = f"Bearer {token}"
    limit = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    async with aiohttp.ClientSession(timeout=limit, cookie_jar=aiohttp.DummyCookieJar(), headers=headers) as session:
        asked = {name: _ask(session, f"{here.settings.address_of(name)}/{name}{path}", kind) for name in services}
        told = await asyncio.gather(*asked.values())
    return dict(zip(asked, told, strict=True))


async def _ask(session: aiohttp.ClientSession, url: str, kind: type[T]) -> T | None:
    try:
        async with session.get(url, allow_redirects=False) as answer:
            return msgspec.json.decode(await answer.read(), type=kind) if answer.status == 200 else None
    except (aiohttp.ClientError, OSError, TimeoutError, msgspec.DecodeError):
        return None
