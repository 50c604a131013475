"""Answers travel compressed to those who can read them so.

A page of a list is a fifth of its size then. What compression can tell is how much of an answer repeats: if somebody
could have a signed-in person ask for a page with words of their choice, again and again, and watch how long the answers
are, they could guess at a secret beside those words (BREACH). Our pages hold no such secret: there is no token in our
forms (the origin proves them, see `Guard`), the keys in them are new each time, and the session is only in the cookie,
which is not sent with what another site loads. A page that is reached by a link alone, without signing in, does hold
one, the link itself; so answers to those who are not signed in stay as they are, but for static files.
"""

from __future__ import annotations

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.auth import SESSION_COOKIE

LEAST_BYTES, LEVEL = 1000, 4
"""Shorter answers are not worth it; a higher level takes twice as long for a tenth less."""


class Compressed:
    """Compresses answers with gzip, except to those who are not signed in. Streams of events are never compressed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._pressed = GZipMiddleware(app, minimum_size=LEAST_BYTES, compresslevel=LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, compressed or as it is."""
        if scope["type"] == "http" and _may_be(HTTPConnection(scope)):
            await self._pressed(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _may_be(asked: HTTPConnection) -> bool:
    static = asked.url.path.split("/")[2:3] == ["static"]
    return static or "authorization" in asked.headers or SESSION_COOKIE in asked.cookies
