"""A service's HTTP application: its routes, and around them everything that is the same for all services."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import resources
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from chassis import i18n
from chassis.auth import LANGUAGE_COOKIE, Caller
from chassis.clock import ToldClock
from chassis.i18n import LANGUAGES
from chassis.limits import Limits
from chassis.telemetry import TELEMETRY
from chassis.web.about import about_router
from chassis.web.compressed import Compressed
from chassis.web.deps import Deps
from chassis.web.edge import Edge
from chassis.web.guard import Guard
from chassis.web.live import Live
from chassis.web.pages import templates_of
from chassis.web.press import Press
from chassis.web.problems import add_handlers
from chassis.web.schema import shared
from chassis.web.told import Told
from contracts.refusal import NotFound

YEAR_SECONDS = 365 * 24 * 3600


def create_app(
    name: str,
    package: str,
    routers: Iterable[APIRouter],
    here: Deps,
    *,
    health: Callable[[], dict[str, Any]] = lambda: {"status": "ready"},
    streamed: Mapping[str, int] | None = None,
    live: Live | None = None,
) -> FastAPI:
    """The application of the service `name`, whose templates and catalogues are in `package`.

    `health` says how the service is; anything but {"status": "ready", …} is answered with 503.
    `live` knows where its views stand, for pages that update themselves; without it there are none.
    `streamed` says under which paths bodies are read piece by piece, and how many bytes they may have.
    """
    i18n.use(package)
    app = bare_app(name, routers)
    app.state.here = here
    app.state.limits = Limits()
    app.state.templates = templates_of(package)
    app.state.live = watched = live or Live(_nowhere)

    @app.get(f"/{name}/health", include_in_schema=False)
    async def healthy() -> JSONResponse:
        said = health()
        return JSONResponse(said, 200 if said.get("status") == "ready" else 503)

    @app.get(f"/{name}/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(TELEMETRY.prometheus(), media_type="text/plain; version=1.0.0; charset=utf-8")

    @app.get(f"/{name}/language/{{language}}", include_in_schema=False)
    async def choose(language: str, back: Annotated[str, Query(alias="next")] = "/") -> Response:
        if language not in LANGUAGES:
            raise NotFound
        answer = RedirectResponse(local(back), status_code=303)
        secure = here.settings.public_url.startswith("https:")
        answer.set_cookie(LANGUAGE_COOKIE, language, YEAR_SECONDS, secure=secure, httponly=True, samesite="lax")
        return answer

    @app.get(f"/{name}/live", include_in_schema=False)
    async def moves(
        request: Request, caller: Caller, views: str = "", seen: Annotated[str | None, Query(alias="from")] = None
    ) -> Response:
        stream = watched.answer(caller.id, views.split(","), request.headers.get("last-event-id") or seen)
        request.state.lasts = True
        return stream

    app.include_router(about_router(name), include_in_schema=False)
    with resources.as_file(resources.files("chassis.web") / "static") as static:
        app.mount(f"/{name}/static", StaticFiles(directory=static), name="static")
    add_handlers(app)
    if isinstance(here.clock, ToldClock):
        app.add_middleware(Told, clock=here.clock)
    if here.pressure is not None:
        app.add_middleware(Press, pressure=here.pressure)
    app.add_middleware(Guard, public_url=here.settings.public_url, streamed=streamed)
    app.add_middleware(Compressed)
    app.add_middleware(Edge, secure=here.settings.public_url.startswith("https:"))
    return app


async def _nowhere() -> Mapping[str, str]:
    return {}


def bare_app(name: str, routers: Iterable[APIRouter]) -> FastAPI:
    """The routes alone, for the OpenAPI document; it can be made without anything being opened."""
    app = Documented(
        title=f"Flöde {name}",
        version="1",
        openapi_url=f"/{name}/openapi.json",
        # FastAPI's own pages load scripts from elsewhere, which neither our policy nor an offline machine allows.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Its own spans and measures; ours are those of `Edge`, and looking for what it might say costs each request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    for router in routers:
        app.include_router(router)
    return app


class Documented(FastAPI):
    """An application whose OpenAPI document says each thing once."""

    def openapi(self) -> dict[str, Any]:
        """The document, made when first asked for."""
        if not self.openapi_schema:
            self.openapi_schema = shared(super().openapi())
        return self.openapi_schema


def local(path: str) -> str:
    """A path of this site, or its start page when it is anything else."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if plain else "/"
