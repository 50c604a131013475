"""Every page there is, and an address of each that somebody of an installation can read.

The services' own routes say which pages there are, so that a new one is found as soon as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import httpx
from starlette.routing import BaseRoute

from chassis.auth import SESSION_COOKIE
from chassis.flow.rebuilds import WORKS
from chassis.service import find_services
from chassis.web import bare_app
from chassis.web.about import about_router
from governance.domain.agreed import SECTIONS
from governance.pages.settings_kinds import KINDS
from portfolio.commands.actions import ACTIONS

NOBODY = "nobody"
OF_THE_ISSUER = ("/", "/account", "/sign-in", "/setup/{secret}", "/people", "/people/{id}")
"""The pages in front of the services."""
NO_PAGES = re.compile(
    r"/(api|hooks)/|\.(json|pdf|csv|xlsx|ics)$|/(health|metrics|live|static|language)\b|/flow/trace$|/intake/mine$"
)
"""What programs read, files that are saved, and what answers with another page."""
ASKED: Mapping[str, str] = dict.fromkeys(
    ("/governance/directives/{request_id}/compare", "/governance/directive/{token}/compare"), "?before=1&after=2"
)
"""What the address of a page has to say besides."""
OTHER_LOOKS: Mapping[str, Sequence[str]] = {
    "/portfolio/": ("?as=board", "?as=timeline"),
    "/portfolio/audit/{view}": ("?as_of={day}", "?as_of={day}&and={later}"),
    "/governance/directives": ("?which=settled",),
    "/notifications/": ("?state=sent",),
}
"""Pages that look otherwise by what their address asks for."""
BY_LINK = re.compile(r"\{(token|secret)\}|^/sign-in$")
"""What is for whoever has no account, or not yet."""
PROBLEMS = {"/portfolio/projects/00000000-0000-0000-0000-000000000000": 404, "/intake/nowhere": 404}
"""Addresses of nothing, and how they are answered."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a page is read, and by whom (a part of the cast, or `NOBODY`); `route` is its name in a list of pages, the
    same for those that are the same in all services, and `status` how it is answered."""

    route: str
    path: str
    who: str
    status: int = 200


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an installation: its address, the sessions of its people by the part they play, and for each
    placeholder of a route what may stand there; and two days of its past."""

    url: str
    sessions: Mapping[str, str]
    values: Mapping[str, Sequence[str]]
    day: str
    later: str


def page_routes() -> list[str]:
    """The path of every page, with its placeholders."""
    paths = set(OF_THE_ISSUER)
    for service in find_services():
        app = bare_app(service.name, (*service.http, about_router(service.name)))
        paths |= {path for path in _gets(app.routes) if not NO_PAGES.search(path)}
    return sorted(path for each in paths for path in _one_by_one(each))


def kind_of(route: str) -> str:
    """What the pages of all services have in common is one kind."""
    return re.sub(r"^/\w+/(audit|flow|design|accessibility|home)\b", r"/…/\1", route)


def _gets(routes: Sequence[BaseRoute], prefix: str = "") -> Iterator[str]:
    for route in routes:
        if "GET" in (getattr(route, "methods", None) or ()):
            yield prefix + getattr(route, "path")  # noqa: B009  only routes of paths have methods
        elif within := getattr(route, "original_router", None):
            yield from _gets(within.routes, prefix + getattr(route, "include_context").prefix)  # noqa: B009


def _one_by_one(route: str) -> list[str]:
    """Where a placeholder says which of several pages it is, each of them."""
    if route == "/portfolio/projects/{request_id}/{decision}":
        return [route.replace("{decision}", name) for name in ACTIONS]
    if route == "/governance/settings/{part}":
        return [route.replace("{part}", kind.part) for kind in KINDS.values() if kind.of == "all"]
    if route == "/governance/settings/{part}/{of}":
        return [
            route.replace("{part}", kind.part).replace("{of}", "{municipality}" if kind.of == "town" else SECTIONS[0])
            for kind in KINDS.values()
            if kind.of != "all"
        ]
    if route.endswith("/{work}"):
        return [route.replace("{work}", work) for work in WORKS]
    return [route]


def addresses(known: Known) -> tuple[list[Address], list[str]]:
    """An address of each page that somebody can read; and the kinds of pages that nobody could."""
    with httpx.Client(base_url=known.url, timeout=30) as http:
        found = [(route, _found(http, known, route)) for route in page_routes()]
        others = [
            Address(f"{address.route}{look}", address.path + look.format(day=known.day, later=known.later), address.who)
            for route, address in found
            if address
            for look in OTHER_LOOKS.get(route, ())
        ]
        reached = {kind_of(route) for route, address in found if address}
        return (
            [*(address for _, address in found if address), *others],
            sorted({kind_of(route) for route, _ in found} - reached),
        )


def _found(http: httpx.Client, known: Known, route: str) -> Address | None:
    """The first of the people who reads the page with the first of the values by which it is there."""
    names = re.findall(r"\{(\w+)\}", route)
    service = route.split("/")[1]
    values = [known.values.get(f"{service}.{name}", known.values.get(name, ())) for name in names]
    for chosen in product(*values):
        path = re.sub(r"\{(\w+)\}", "{}", route).format(*chosen) + ASKED.get(route, "")
        for who, session in known.sessions.items() if not BY_LINK.search(route) else [(NOBODY, "")]:
            cookies = {"Cookie": f"{SESSION_COOKIE}={session}"} if session else {}
            answer = http.get(path, headers={"Accept": "text/html", **cookies})
            if answer.status_code == 200 and answer.headers["content-type"].startswith("text/html"):
                return Address(kind_of(route), path, who)
    return None
