"""Asking the other services of the site something, as the one who looks."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

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


def session_of(request: Request, caller: Identity, *, seconds: float) -> aiohttp.ClientSession:
    """A client for asking other services as the caller: nobody learns more by asking here than by asking there."""
    headers = {"Cookie": f"{LANGUAGE_COOKIE}={caller.language}"}
    if token := token_of(request):
        headers["Authorization"] = f"Bearer {token}"
    limit = aiohttp.ClientTimeout(total=seconds)
    return aiohttp.ClientSession(timeout=limit, cookie_jar=aiohttp.DummyCookieJar(), headers=headers)


async def ask_each(
    request: Request,
    here: Deps,
    caller: Identity,
    services: Iterable[str],
    path: str,
    kind: type[T],
    *,
    seconds: float = ANSWER_SECONDS,
) -> dict[str, T | None]:
    """What each of the services answers at /<service><path>; None for one that does not in so many seconds."""
    async with session_of(request, caller, seconds=seconds) as session:
        asked = {name: _or_none(ask(session, here, name, path, kind)) for name in services}
        told = await asyncio.gather(*asked.values())
    return dict(zip(asked, told, strict=True))


async def ask(session: aiohttp.ClientSession, here: Deps, service: str, path: str, kind: type[T]) -> T:
    """What a service answers at /<service><path>. Raises Unable for an answer that is not what was asked for, and
    aiohttp's and the system's errors when there is none."""
    url = f"{here.settings.address_of(service)}/{service}{path}"
    async with session.get(url, allow_redirects=False) as answer:
        if answer.status != 200:
            raise Unable(f"{url} answers {answer.status}")
        try:
            return msgspec.json.decode(await answer.read(), type=kind)
        except msgspec.DecodeError as wrong:
            raise Unable(f"{url} answers something else: {wrong}") from wrong


class Unable(Exception):
    """A service answers, but not what it was asked."""


async def _or_none(question: Coroutine[Any, Any, T]) -> T | None:
    try:
        return await question
    except (Unable, aiohttp.ClientError, OSError, TimeoutError):
        return None
