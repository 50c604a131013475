"""The start of governance: what waits for the one who looks, and the way to everything else."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.auth import Caller
from chassis.identity import Identity, Role
from chassis.web import Here, caught_up
from governance.pages.shown import show
from governance.views import directives, meetings, plans
from governance.views.directives import DirectiveRow

router = APIRouter()


@router.get("/")
async def start(request: Request, here: Here, caller: Caller) -> Response:
    """What waits for the caller: directives to fill in, answer or approve; and the next meeting."""
    await caught_up(request, here, directives.view, meetings.view, plans.view)
    mine = await directives.of_person(here.db, caller.id, scope=here.partnership.ids)
    reads = bool(caller.scope)
    to_judge = await directives.waiting_for_the_pm(here.db, scope=caller.scope_of(Role.PM))
    waiting = {row.request_id: row for row in (*mine, *to_judge.rows) if _waits_for(row, caller)}
    rows = await here.vault.open_all([row.replace(draft=None, said=()) for row in waiting.values()], caller.language)
    upcoming = await meetings.after(here.db, here.clock.now(), scope=caller.scope)
    to_write = await plans.of_leader(here.db, caller.id, scope=here.partnership.ids)
    return show(
        request,
        "start.html",
        caller,
        rows=rows,
        more=to_judge.total - len(to_judge.rows),
        mine=[row for row in mine if row.request_id not in waiting],
        upcoming=upcoming,
        to_write=to_write,
        reads=reads,
        is_pm=caller.has(Role.PM, here.partnership.host),
    )


def _waits_for(row: DirectiveRow, caller: Identity) -> bool:
    """Whether the caller is the one who has to do something with a directive now."""
    match row.with_whom:
        case "requester":
            return caller.id == row.requester.id or (row.help_wanted and caller.has(Role.PM, row.municipality))
        case "pm":
            return caller.has(Role.PM, row.municipality)
        case "signatories":
            standing = row.standing
            return standing is not None and (
                (caller.id == row.orderer_id and standing.orderer_signed_at is None)
                or (caller.id == row.leader_id and standing.leader_signed_at is None)
            )
        case _:
            return False
