"""What keeps browsers and bodies within bounds: security headers, a limit on size, forms from our own pages only."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.auth import SESSION_COOKIE
from chassis.web.deps import is_form
from chassis.web.problems import FromElsewhere, TooLarge, answer_to, is_page
from contracts.refusal import Refusal

MOST_BYTES = 1024 * 1024
"""The largest body a service takes, unless its own limit is given."""

SECURITY: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "object-src 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Not "no-referrer": with that, browsers send `Origin: null` with our own forms too.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    # For browsers that do not know frame-ancestors.
    "X-Frame-Options": "DENY",
}


def security(*, secure: bool) -> dict[str, str]:
    """The headers that go with every answer; where people come with TLS, they are to come with it for a year."""
    return {**SECURITY, **({"Strict-Transport-Security": "max-age=31536000"} if secure else {})}


def cache_control(path: str) -> str:
    """Static files may be kept for an hour; whatever shows somebody's affairs is not kept at all."""
    return "public, max-age=3600" if path.split("/")[2:3] == ["static"] else "no-store"


class Guard:
    """Refuses bodies over the limit, and forms that were not sent from a page of ours.

    `streamed` says, by the beginning of a path, how many bytes may pass where a route reads them piece by piece and
    keeps no more than `most` itself.
    """

    def __init__(
        self, app: ASGIApp, *, public_url: str, most: int = MOST_BYTES, streamed: Mapping[str, int] | None = None
    ) -> None:
        self._app, self._most, self._streamed = app, most, dict(streamed or {})
        parts = urlsplit(public_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or refuse it before anything of it is read."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        most = next((more for path, more in self._streamed.items() if request.url.path.startswith(path)), self._most)
        refusal = self._refused(request, most)
        if refusal is not None:
            await _answer(request, refusal)(scope, receive, send)
            return
        seen = 0
        over = False
        begun = False

        async def limited() -> Message:
            nonlocal seen, over
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                over = True
                raise ClientDisconnect
            return message

        async def watched(message: Message) -> None:
            nonlocal begun
            if begun or not over:  # what the application makes of half a body is not what is wrong
                begun = True
                await send(message)

        try:
            await self._app(scope, limited, watched)
        except ClientDisconnect:
            if not over:
                raise
        if over and not begun:
            await _answer(request, _too_large(most))(scope, receive, send)

    def _refused(self, request: Request, most: int) -> Refusal | None:
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > most:
            return _too_large(most)
        if request.method in ("GET", "HEAD", "OPTIONS") or self._ours(request):
            return None
        return FromElsewhere()

    def _ours(self, request: Request) -> bool:
        """Whether a writing request is safe from other sites: no browser is made to send it, or it is our own page.

        A token in the Authorization header, or a body that no plain form can send without a session, is not something
        another site can have a browser send on somebody's behalf. Without a session, programs' paths (hooks, APIs) let
        nobody in who does not prove themselves in the request; they answer for themselves.
        """
        if request.headers.get("authorization"):
            return True
        if SESSION_COOKIE not in request.cookies and not (is_form(request) and is_page(request)):
            return True
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site == "same-origin"
        return request.headers.get("origin") == self._origin


def _too_large(most: int) -> Refusal:
    return TooLarge(most=most // 1024)


def _answer(request: Request, refusal: Refusal) -> ASGIApp:
    answer = answer_to(request, refusal)
    assert answer is not None
    return answer
