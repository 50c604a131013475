"""The views' tables: which are live, building one anew, asking whether one equals the log, going back, dropping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.auth import Caller
from chassis.db import Database
from chassis.flow.gather import REBUILDS, rebuild_now
from chassis.flow.names import Names
from chassis.flow.rebuilds import WORKS, Work, begin
from chassis.identity import Identity, Role
from chassis.rebuild.build import AlreadyRebuilding
from chassis.views import View
from chassis.web.answers import go_to
from chassis.web.deps import Here
from chassis.web.flow.common import EVERY_SECONDS, by_of, done_by
from chassis.web.forms import form_of, needed
from chassis.web.pages import page
from contracts.refusal import NotFound, Refusal

if TYPE_CHECKING:
    from chassis.service import Service

TABLES = (
    "SELECT v.view, v.version, v.build, v.state, v.table_name, v.started_at, v.switched_at, "
    "(SELECT coalesce(sum(c.applied), 0) FROM checkpoints c WHERE c.reader = v.table_name)::bigint AS applied, "
    "(SELECT count(*) FROM parked p WHERE p.reader = v.table_name AND p.state = 'waiting') AS parked "
    "FROM view_tables v ORDER BY v.view, v.build DESC"
)


class BeingBuilt(Refusal):
    """Somebody builds the view anew already."""

    text = "This view is being built anew already, here or elsewhere. Wait until that is done."


async def tables_of(db: Database) -> list[dict[str, Any]]:
    """Every table of every view, with its number of rows."""
    found = [dict(row) for row in await db.worker.fetch(TABLES)]
    for row in found:
        async with db.work() as connection:
            row["rows"] = await connection.fetchval(f'SELECT count(*) FROM views."{row["table_name"]}"')  # noqa: S608
    return found


def add(router: APIRouter, service: Service) -> None:
    """The routes of the views' tables."""

    def named(name: str, work: str) -> tuple[View[Any], Work]:
        known = {view.name: view for view in service.followed}
        for each in WORKS:
            if each == work and name in known:
                return known[name], each
        raise NotFound

    def of_view(view: View[Any], caller: Identity) -> dict[str, Any]:
        return {"view": view, "called": Names(service, caller.language).quoted(view.name)}

    @router.get("/flow/views", include_in_schema=False)
    async def all_views(request: Request, here: Here, caller: Caller) -> Response:
        caller.must(Role.OPERATOR)
        called = Names(service, caller.language)
        rebuilds = [rebuild_now(row["view"], row["progress"], called) for row in await here.db.worker.fetch(REBUILDS)]
        return page(
            request,
            "flow_views.html",
            caller,
            views=service.followed,
            tables=await tables_of(here.db),
            rebuilds=rebuilds,
            called=called,
            every=EVERY_SECONDS,
            done=await done_by(here, caller, WORKS),
        )

    @router.get("/flow/views/{name}/{work}", include_in_schema=False)
    async def ask(name: str, work: str, request: Request, caller: Caller) -> Response:
        caller.must(Role.OPERATOR)
        view, what = named(name, work)
        return page(request, "flow_view.html", caller, work=what, **of_view(view, caller))

    @router.post("/flow/views/{name}/{work}", include_in_schema=False)
    async def do(name: str, work: str, request: Request, here: Here, caller: Caller) -> Response:
        caller.must(Role.OPERATOR)
        view, what = named(name, work)
        form = await form_of(request, here.formats(caller))
        try:
            needed(form, "reason")
            by = await by_of(here, caller, form.text("reason"))
            try:
                await begin(here, view, what, by, accept=bool(form.data.get("accept")))
            except AlreadyRebuilding:
                raise BeingBuilt from None
        except Refusal as refusal:
            given = {**of_view(view, caller), "data": form.data}
            return page(request, "flow_view.html", caller, work=what, refusal=refusal, **given)
        return go_to(f"/{service.name}/flow/views")
