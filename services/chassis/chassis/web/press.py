"""Writes are refused while too much waits for the broker; whatever is only read is answered as ever (P17)."""

from __future__ import annotations

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.pressure import Pressure, TooMuchWaits
from chassis.web.problems import answer_to

READING = ("GET", "HEAD", "OPTIONS")
RETRY_SECONDS = 60
"""When to come again. A ticketing system then delivers once more, with the same key, and nothing is lost or doubled."""


class Press:
    """Asks before each write whether it may be taken in."""

    def __init__(self, app: ASGIApp, *, pressure: Pressure) -> None:
        self._app, self._pressure = app, pressure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or say when to come again, before anything of it is read."""
        if scope["type"] == "http" and scope["method"] not in READING:
            try:
                await self._pressure.check()
            except TooMuchWaits as refusal:
                answer = answer_to(Request(scope), refusal)
                assert answer is not None
                answer.headers["Retry-After"] = str(RETRY_SECONDS)
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)
