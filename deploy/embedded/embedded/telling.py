"""Tells governance what happened to accounts, so that it becomes facts: at least once, in order, each under its own id.

A change waits in the people's file, where it was written with the change itself, until governance has answered that it
is kept. While governance is away nothing is lost; it is told when it is there again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
import structlog
from aiohttp import web

from embedded.people import Happened, People
from embedded.tokens import Signer

log = structlog.get_logger(__name__)

PATH = "/governance/api/settings/accounts"
LOOK_SECONDS = 1.0
LONGEST_PAUSE = 30.0
NO_USE = frozenset({400, 409, 413, 422})
"""Answers that would be the same however often it is told: the change is set aside with the reason, for somebody to
look. Everything else, also 401, may be another answer in a moment."""
AWAY = frozenset({404, 429, 502, 503, 504})
"""What is answered while governance starts, or is not among the services that run."""


class Telling:
    """The loop that empties the outbox of `people`. `url` is where Flöde is found."""

    def __init__(self, people: People, signer: Signer, url: str, *, look: float = LOOK_SECONDS) -> None:
        self._people, self._signer, self._url, self._look = people, signer, url, look

    def add_to(self, app: web.Application) -> None:
        """Keep telling as long as `app` runs."""
        app.cleanup_ctx.append(self._kept)

    async def _kept(self, _: web.Application) -> AsyncIterator[None]:
        keeping = asyncio.create_task(self.run(), name="telling")
        yield
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping

    async def run(self) -> None:
        """Tell what there is, for ever; with growing pauses while it is not heard."""
        await asyncio.to_thread(self._people.try_again)
        pause = self._look
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as client:
            while True:
                heard = await self.once(client)
                pause = self._look if heard else min(pause * 2, LONGEST_PAUSE)
                await asyncio.sleep(pause)

    async def once(self, client: aiohttp.ClientSession) -> bool:
        """Tell all there is, oldest first. False when it was not heard; the rest waits behind it."""
        while waiting := await asyncio.to_thread(self._people.untold):
            for happened in waiting:
                if not await self._tell(client, happened):
                    return False
        return True

    async def _tell(self, client: aiohttp.ClientSession, happened: Happened) -> bool:
        try:
            async with client.post(self._url + PATH, json={"word": self._signer.word(happened)}) as answer:
                status, said = answer.status, await answer.text()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False  # it starts, or the gateway does
        if status in (200, 201):
            await asyncio.to_thread(self._people.told, happened.number)
            return True
        if status in NO_USE:
            log.error("accounts.refused", change=str(happened.id), what=happened.what, status=status)
            await asyncio.to_thread(self._people.was_refused, happened.number, said[:500])
            return True
        if status not in AWAY:
            log.warning("accounts.not-heard", status=status)
        return False
