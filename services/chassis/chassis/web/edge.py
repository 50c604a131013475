"""The edge of the process: every request gets a correlation, a trace, a measure and one log line, and an answer."""

from __future__ import annotations

import re
import time
from uuid import uuid4

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from chassis.logging import get_logger
from chassis.telemetry import TELEMETRY, span
from chassis.web.guard import cache_control, security
from chassis.web.problems import Broken, answer_to, is_page, language_of, problem

CORRELATION_HEADER = "Flode-Correlation"
_CORRELATION = re.compile(r"[A-Za-z0-9._:-]{1,64}")
log = get_logger(__name__)


class Edge:
    """The outermost layer of a service's HTTP application."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._headers = security(secure=secure)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, whatever happens inside."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope)
        correlation = given.get(CORRELATION_HEADER, "")
        if not _CORRELATION.fullmatch(correlation):
            correlation = uuid4().hex
        scope.setdefault("state", {})["correlation"] = correlation
        began, status = time.perf_counter(), 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[CORRELATION_HEADER] = correlation
                headers.setdefault("Cache-Control", cache_control(scope["path"]))
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        method = scope["method"]
        with (
            bound_contextvars(correlation=correlation),
            span(
                method, "server", parent=given.get("traceparent"), attributes={"http.request.method": method}
            ) as trace,
        ):
            try:
                await self._app(scope, receive, answer)
            except Exception as error:
                # The message may quote what somebody wrote; the log tells the type and the place.
                log.exception("http.failed", method=method, route=route_of(scope))
                if status:
                    raise  # the answer has begun, so cutting the connection is the only honest sign
                await _sorry(Request(scope), error, correlation)(scope, receive, answer)
            route = route_of(scope)
            trace.update_name(f"{method} {route}" if route else method)
            trace.set_attribute("http.response.status_code", status)
            if route:
                trace.set_attribute("http.route", route)
            seconds = time.perf_counter() - began
            if "lasts" not in scope["state"]:  # how long somebody watches is not how long they waited
                TELEMETRY.measures.http(method, route, status, seconds)
            log.info("http", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


def _sorry(request: Request, error: Exception, correlation: str) -> ASGIApp:
    from chassis.web.pages import problem_page

    broken = Broken(correlation=correlation)
    known = answer_to(request, error)
    if known is not None:
        return known
    return problem_page(request, broken) if is_page(request) else problem(broken, language_of(request))


def route_of(scope: Scope) -> str | None:
    """The template of the matched route, as in "/intake/api/requests/{request_id}"; None when none matched."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else None
