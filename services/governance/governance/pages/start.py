"""The start of governance: what waits for the one who looks, and the way to everything else."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.auth import Caller
from chassis.identity import Role
from chassis.web import Here, caught_up
from governance.pages.shown import show
from governance.views import directives, meetings, plans
from governance.waiting import directives_for

router = APIRouter()


@router.get("/")
async def start(request: Request, here: Here, caller: Caller) -> Response:
    """What waits for the caller: directives to fill in, answer or approve; and the next meeting."""
    await caught_up(request, here, directives.view, meetings.view, plans.view)
    reads = bool(caller.scope)
    waiting, resting, more = await directives_for(here, caller)
    rows = await here.vault.open_all([row.replace(draft=None, said=()) for row in waiting], caller.language)
    upcoming = await meetings.after(here.db, here.clock.now(), scope=caller.scope)
    to_write = await plans.of_leader(here.db, caller.id, scope=here.partnership.ids)
    return show(
        request,
        "start.html",
        caller,
        rows=rows,
        more=more,
        mine=resting,
        upcoming=upcoming,
        to_write=to_write,
        reads=reads,
        is_pm=caller.has(Role.PM, here.partnership.host),
    )
