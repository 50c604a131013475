"""The start of governance: what waits for the one who looks, and the way to everything else."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.auth import Caller
from chassis.identity import Role
from chassis.web import Here, caught_up
from chassis.web.waiting import in_order
from governance.pages.shown import show
from governance.views import directives, meetings, plans
from governance.waiting import directives_for, waiting

router = APIRouter()


@router.get("/")
async def start(request: Request, here: Here, caller: Caller) -> Response:
    """What waits for the caller, the directives that do not wait for them, and the next meeting."""
    await caught_up(request, here, directives.view, meetings.view, plans.view)
    _, resting, more = await directives_for(here, caller)
    upcoming = await meetings.to_come(here.db, here.clock.now(), scope=caller.scope)
    return show(
        request,
        "start.html",
        caller,
        todo=in_order(await waiting(here, caller)),
        more=more,
        mine=resting,
        upcoming=upcoming,
        reads=bool(caller.scope),
        is_pm=caller.has(Role.PM, here.partnership.host),
    )
