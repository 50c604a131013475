"""The one door: /<service>/… goes to that service's process, byte for byte, and everything else stays here.

A browser's session is exchanged here: services get the token of whoever it is, and never the session's id.
A program's token is exchanged too, so that it says what its owner may do now, and nothing when they are gone.
A service that is starting again is answered for with 503 and Retry-After; a write is never sent twice.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from html import escape
from http import HTTPStatus
from typing import Any

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from chassis import i18n
from chassis.auth import LANGUAGE_COOKIE, SESSION_COOKIE
from chassis.i18n import N_
from embedded.sessions import COOKIES, EXCHANGE, RENEW

LIMIT = 64 * 1024 * 1024
"""The largest request body that is let through, in bytes, piece by piece; a service may allow less."""

STARTING = N_("This part of Flöde is starting")
NOTHING_LOST = N_("Nothing is lost. The page is loaded again in a few seconds by itself.")
AGAIN_SECONDS = 3
INSIDE = re.compile(r"/[a-z]+/metrics/?")
"""What is measured of a process is asked of the process itself, and is nothing for those who come from outside."""

_OURS = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding"}
    | {"upgrade", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-prefix"}
)
"""Headers that concern one connection only, or that only a gateway may set."""


class Gateway:
    """Passes requests on to `services`, a base URL for each name."""

    def __init__(self, services: Mapping[str, str]) -> None:
        self.services = dict(services)
        self._clients: dict[bool, aiohttp.ClientSession] = {}

    def add_to(self, app: web.Application) -> None:
        """Answer for the services' paths in `app`."""
        app.cleanup_ctx.append(self._connected)
        for service in self.services:
            app.router.add_route("*", f"/{service}", self._pass_on)
            app.router.add_route("*", f"/{service}/{{rest:.*}}", self._pass_on)

    async def _connected(self, _: web.Application) -> AsyncIterator[None]:
        # Idle connections are given up before the services do (5 s), or a request might meet a closing door. The client
        # repeats a PUT or DELETE that met one, though its body is spent: those get a connection of their own.
        async with _client(keepalive_timeout=2) as kept, _client(force_close=True) as fresh:
            self._clients = {True: kept, False: fresh}
            yield

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        if INSIDE.fullmatch(request.path):
            return problem(HTTPStatus.NOT_FOUND, "There is nothing at this address.")
        service = request.path.split("/")[1]
        body = _Body(request)
        if (request.content_length or 0) > LIMIT:
            return _too_large()
        try:
            async with self._clients[request.method in ("GET", "HEAD", "POST")].request(
                request.method,
                URL(self.services[service] + request.raw_path, encoded=True),
                headers=_onward(request),
                data=body.pieces() if request.body_exists else None,
                allow_redirects=False,
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            ) as answer:
                return await _pass_back(request, answer)
        except aiohttp.ClientConnectorError:
            if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
                return _starting(request)
            return problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"The service {service} is starting. Nothing was done; try again in a moment.",
                {"Retry-After": "1"},
            )
        except (aiohttp.ClientError, TimeoutError):
            if body.too_large:
                return _too_large()
            # It may have been done: only a repetition with the same Idempotency-Key is safe.
            return problem(HTTPStatus.BAD_GATEWAY, f"The service {service} did not finish its answer.")


def _client(**connections: Any) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, **connections),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=3, sock_read=120),
    )


class _Body:
    """A request's body, counted on its way."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self.too_large = False

    async def pieces(self) -> AsyncIterator[bytes]:
        seen = 0
        async for piece in self._request.content.iter_any():
            seen += len(piece)
            if seen > LIMIT:
                self.too_large = True
                raise ValueError("the body is over the limit")  # ends the request to the service half-way
            yield piece


def _too_large() -> web.Response:
    return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A request may have {LIMIT // 1024 // 1024} MB.")


def _onward(request: web.Request) -> CIMultiDict[str]:
    headers = _end_to_end(request.headers)
    _exchange(request, headers)
    _renew(request, headers)
    headers["X-Forwarded-For"] = request.remote or ""
    headers["X-Forwarded-Host"] = request.host
    headers["X-Forwarded-Proto"] = request.scheme
    return headers


def _exchange(request: web.Request, headers: CIMultiDict[str]) -> None:
    """Put the token of the session in the session's place. It goes as a cookie, because then the service knows that a
    browser sent it by itself, and looks where a form came from."""
    others = [
        pair.strip()
        for line in headers.popall("Cookie", [])
        for pair in line.split(";")
        if pair.strip() and pair.partition("=")[0].strip() not in COOKIES
    ]
    exchange = request.app.get(EXCHANGE)
    token = exchange(request) if exchange is not None else None
    if token is not None:
        others.append(f"{SESSION_COOKIE}={token}")
    if others:
        headers["Cookie"] = "; ".join(others)


def _renew(request: web.Request, headers: CIMultiDict[str]) -> None:
    """Put a token that says who its owner is now in the place of a program's token."""
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    renew = request.app.get(RENEW)
    if scheme.lower() != "bearer" or renew is None:
        return
    renewed = renew(token.strip())
    if renewed is None:
        del headers["Authorization"]  # whoever has none is told to sign in
    else:
        headers["Authorization"] = f"Bearer {renewed}"


def _end_to_end(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    """The headers that travel the whole way, repeated ones too; those that Connection names are for this hop alone."""
    named = {name.strip().lower() for value in headers.getall("Connection", []) for name in value.split(",")}
    drop = _OURS | named
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in drop)


async def _pass_back(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=_end_to_end(answer.headers))
    await response.prepare(request)
    # What goes on for ever may be silent for long: that its reader has left would be seen at the next word only.
    lasts = answer.content_type == "text/event-stream"
    watching = asyncio.create_task(_let_go(request, answer)) if lasts else None
    try:
        async for chunk in answer.content.iter_any():
            await response.write(chunk)
        await response.write_eof()
    except (aiohttp.ClientError, TimeoutError, asyncio.CancelledError, ConnectionResetError):
        # The status has been sent, so the only honest sign that the rest is missing is a connection cut short.
        if request.transport is not None:
            request.transport.abort()
        raise
    finally:
        if watching is not None:
            watching.cancel()
    return response


async def _let_go(request: web.Request, answer: aiohttp.ClientResponse) -> None:
    """Close the connection to the service within a second of the reader's leaving."""
    while request.transport is not None and not request.transport.is_closing():
        await asyncio.sleep(1)
    answer.close()


def _starting(request: web.Request) -> web.Response:
    """For somebody who reads: that this part is starting. The page asks again by itself."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    language = chosen if chosen in i18n.LANGUAGES else i18n.best_language(request.headers.get("Accept-Language"))
    title = escape(i18n.translate(STARTING, language))
    said = escape(i18n.translate(NOTHING_LOST, language))
    text = (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="/start/static/flode.css"></head><body><main><h1>{title}</h1><p>{said}</p>'
        "</main></body></html>"
    )
    headers = {"Retry-After": "1", "Refresh": str(AGAIN_SECONDS), "Content-Language": language}
    return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text=text, content_type="text/html", headers=headers)


def problem(status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """An error in plain words, as RFC 9457 has it."""
    body = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail}
    return web.Response(
        status=status, body=json.dumps(body).encode(), headers=headers, content_type="application/problem+json"
    )
