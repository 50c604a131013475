"""What waits for somebody: what each service has for them to do now, and the home page that puts it together.

A service says of itself alone (`Service.waiting`); nobody reads another's tables. The home page asks all of them as the
one who looks, and says which did not answer, so that a list that is not whole is not taken for a whole one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.auth import Caller
from chassis.i18n import N_
from chassis.identity import NAMES, Identity, Role
from chassis.web.deps import Deps, Here
from chassis.web.navigation import PLACES, places_for
from chassis.web.others import ask_each, names
from chassis.web.pages import page

if TYPE_CHECKING:
    from chassis.service import Service

MOST = 20
"""How much one service says at most, the most urgent of it; its own pages show the rest."""

DESCRIBED: Mapping[str, str] = {
    "/intake/": N_("what the Service Desks have handed over, and whether each is a project"),
    "/portfolio/": N_("the projects, their order, who does them and how they fare"),
    "/governance/": N_("what a project shall give, who has approved it, and the CAB"),
    "/notifications/": N_("who has been told what"),
}
"""What there is at a place, a key for translation."""


class Waits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something for somebody to do.

    what  what is to be done, in the reader's language; it is the text of the link
    path  where it is done
    note  what else is to be known of it
    due   until when, or when it takes place
    late  whether its day has passed, or it is a fault that holds others up
    """

    what: str
    path: str
    note: str = ""
    due: datetime | None = None
    late: bool = False


Waiting: TypeAlias = Callable[[Deps, Identity], Awaitable[Sequence[Waits]]]
"""What waits in a service for somebody, in any order."""


def waiting_router(service: Service) -> APIRouter:
    """What waits here, for programs and for the home page; and the home page itself, which any service can show."""
    router = APIRouter(prefix=f"/{service.name}", include_in_schema=False)

    @router.get("/api/waiting")
    async def waits(here: Here, caller: Caller) -> Response:
        """What this service has for the caller to do, as JSON."""
        return Response(msgspec.json.encode(await _own(service, here, caller)), media_type="application/json")

    @router.get("/home")
    async def home(request: Request, here: Here, caller: Caller) -> Response:
        """What waits for the reader everywhere, and the ways on from here."""
        told = await everywhere(request, here, caller, service)
        return page(
            request, "home.html", caller,
            todo=in_order(each for one in told.values() for each in one or ()),
            silent=[_called(name) for name, waits in told.items() if waits is None],
            ways=[(place, DESCRIBED.get(place.path, "")) for place in places_for(caller)],
            accounts=caller.has(Role.OPERATOR) and here.keeps_accounts,
            held=[(NAMES[role], _where(here, caller, role)) for role in Role if caller.has(role)],
        )  # fmt: skip

    return router


def in_order(all_that_waits: Iterable[Waits]) -> list[Waits]:
    """What is late first, then what is due first; what has no day comes last, as it was told."""
    return sorted(all_that_waits, key=lambda each: (not each.late, each.due is None, each.due or 0))


async def everywhere(
    request: Request, here: Deps, caller: Identity, service: Service
) -> dict[str, Sequence[Waits] | None]:
    """What each service has for the caller, in the order of the menu; None for one that does not answer in time."""
    beside = [name for name in names() if name != service.name]
    told = await ask_each(request, here, caller, beside, "/api/waiting", tuple[Waits, ...])
    return {name: await _own(service, here, caller) if name == service.name else told[name] for name in names()}


async def _own(service: Service, here: Deps, caller: Identity) -> Sequence[Waits]:
    return in_order(await service.waiting(here, caller))[:MOST] if service.waiting else ()


def _called(name: str) -> str:
    """What people call a service: its place in the menu, a key for translation."""
    return next((place.label for place in PLACES if place.path == f"/{name}/"), name)


def _where(here: Deps, caller: Identity, role: Role) -> list[str]:
    """The names of the municipalities in which somebody has a role; none for all of them."""
    where = caller.scope_of(role)
    return [] if where >= here.partnership.ids else sorted(here.partnership[each].name for each in where)
