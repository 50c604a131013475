"""Connections to ticketing systems: which there are, and the forms by which they are connected, changed and ended.

A secret is shown once, on the page that answers when it is made. How a connection does is told by intake.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from chassis.agreed import refresh
from chassis.auth import Caller
from chassis.i18n import N_
from chassis.identity import Identity, Role
from chassis.partnership import ServiceDesk
from chassis.web import Deps, Form, Here, caught_up, filled, form_of, go_to
from chassis.web.answers import is_after
from chassis.web.others import ask_each
from contracts.partnership import (
    Connection,
    ConnectionEnded,
    ConnectionSecretsSet,
    ConnectionSet,
    ConnectionTokenSet,
    System,
)
from contracts.refusal import Refusal
from governance.commands import connections as commands
from governance.domain.connection import NoSuchConnection, NoSuchKind
from governance.pages.shown import show
from governance.views import settings

router = APIRouter(prefix="/settings/connections")
PATH = "/governance/settings/connections"
STATES: Mapping[str, str] = {
    "registered": N_("Registered"),
    "project": N_("Is a project"),
    "change": N_("Is a change and no project"),
    "prioritised": N_("In the queue"),
    "assigned": N_("Assigned"),
    "started": N_("Work has begun"),
    "postponed": N_("Postponed"),
    "limited": N_("Goes on with less"),
    "stopped": N_("Stopped"),
    "resumed": N_("Taken up again"),
    "completed": N_("Completed"),
}
"""The states of ours that a ticketing system may have a name for, and what they are called here."""
SAID = {
    ConnectionSet.type: N_("It was set how the system is spoken with"),
    ConnectionSecretsSet.type: N_("The secrets were changed"),
    ConnectionTokenSet.type: N_("Another token was given"),
    ConnectionEnded.type: N_("The connection was ended"),
}


class Filled(BaseModel):
    """The form, as it is filled in; several values of a field stand on a line each."""

    kind: System
    system: System | None = None
    url: str | None = None
    timezone: str = "UTC"
    flows: Annotated[str, Field(min_length=1)]
    closed: str = ""
    states: dict[str, str] = {}
    api_url: str | None = None
    api_user: str | None = None
    private: bool = False
    poll_seconds: Annotated[int, Field(ge=0)] = 300
    unheard_hours: Annotated[int, Field(ge=0)] = 24

    def connection(self) -> Connection:
        """What it says of the connection."""
        told = self.model_dump(exclude={"system"}) | {"flows": _lines(self.flows), "closed": _lines(self.closed)}
        return filled(Connection, told)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for each in text.splitlines() if (line := each.strip()))


@router.get("")
async def all_of_them(request: Request, here: Here, caller: Caller) -> Response:
    """The connections of the caller's municipalities, and the form for another."""
    caller.must(Role.OPERATOR)
    await _look(request, here)
    return await _list(request, here, caller)


@router.post("")
async def connect(request: Request, here: Here, caller: Caller) -> Response:
    """Connect a system, and show its secret this once."""
    caller.must(Role.OPERATOR)
    form = await form_of(request, here.formats(caller))
    town = form.text("municipality")
    caller.must(Role.OPERATOR, municipality=town)
    secret = form.text("secret") or commands.a_secret()
    try:
        given = filled(Filled, form.data)
        if (known := await _kinds(request, here, caller)) and given.kind not in known:
            raise NoSuchKind("kind")
        system = given.system or given.kind
        outcome = await commands.connect(
            here,
            system,
            given.connection(),
            secret=secret,
            token=form.text("token") or None,
            reason=form.text("reason"),
            context=await here.context(request, caller, town, role=Role.OPERATOR),
        )
    except Refusal as refusal:
        return await _list(request, here, caller, refusal=refusal, data=form.data)
    return show(
        request,
        "connection_secret.html",
        caller,
        secret=None if outcome.duplicate else secret,
        town=here.partnership[town],
        system=system,
    )


@router.get("/{town_id}/{system}")
async def one(town_id: str, system: str, request: Request, here: Here, caller: Caller) -> Response:
    """One connection, and the forms to change it."""
    caller.must(Role.OPERATOR, municipality=town_id)
    await _look(request, here)
    return await _one(request, here, caller, _desk(here, town_id, system))


@router.post("/{town_id}/{system}")
async def change(town_id: str, system: str, request: Request, here: Here, caller: Caller) -> Response:
    """Change it, renew its secret, end the old secret, or end it."""
    caller.must(Role.OPERATOR, municipality=town_id)
    desk = _desk(here, town_id, system)
    form = await form_of(request, here.formats(caller))
    context = await here.context(request, caller, town_id, role=Role.OPERATOR)
    reason, secret = form.text("reason"), form.text("secret") or commands.a_secret()
    try:
        match form.action:
            case "renew":
                outcome = await commands.renew_secret(here, system, secret, reason=reason, context=context)
                return show(
                    request,
                    "connection_secret.html",
                    caller,
                    secret=None if outcome.duplicate else secret,
                    town=here.partnership[town_id],
                    system=system,
                )
            case "end-old":
                outcome = await commands.end_old_secret(here, system, reason=reason, context=context)
            case "end":
                outcome = await commands.end(here, system, reason=reason, context=context)
                return go_to(PATH, outcome)
            case _:
                connection = filled(Filled, {**form.data, "kind": desk.kind}).connection()
                outcome = await commands.change(
                    here, system, connection, token=form.text("token") or None, reason=reason, context=context
                )
    except Refusal as refusal:
        return await _one(request, here, caller, desk, refusal=refusal, form=form)
    return go_to(f"{PATH}/{town_id}/{system}", outcome)


async def _look(request: Request, here: Deps) -> None:
    await caught_up(request, here, settings.view)
    await refresh(here.partnership, here.db, here.vault)


def _desk(here: Deps, town: str, system: str) -> ServiceDesk:
    desk = here.partnership.desk(town, system)
    if desk is None:
        raise NoSuchConnection
    return desk


async def _kinds(request: Request, here: Deps, caller: Identity) -> dict[str, str]:
    """What can be connected, as intake calls it, which has the adapters; empty while it does not answer."""
    told = await ask_each(request, here, caller, ("intake",), "/connections/kinds.json", dict[str, str])
    return told["intake"] or {}


async def _list(
    request: Request,
    here: Deps,
    caller: Identity,
    *,
    refusal: Refusal | None = None,
    data: dict[str, Any] | None = None,
) -> Response:
    mine = caller.scope_of(Role.OPERATOR)
    empty = {"timezone": "Europe/Stockholm", "poll_seconds": 300, "unheard_hours": 24, "flows": "Projekt"}
    return show(
        request,
        "connections.html",
        caller,
        refusal=refusal,
        desks=[desk for desk in here.partnership.service_desks if desk.municipality in mine],
        my_towns=[(each.id, each.name) for each in here.partnership.municipalities.values() if each.id in mine],
        kinds=await _kinds(request, here, caller),
        data=data or {**empty, "kind": request.query_params.get("kind", "")},
        desk_states=STATES,
    )


async def _one(
    request: Request,
    here: Deps,
    caller: Identity,
    desk: ServiceDesk,
    *,
    refusal: Refusal | None = None,
    form: Form | None = None,
) -> Response:
    api = desk.api
    now = {
        "kind": desk.kind,
        "url": desk.url,
        "timezone": desk.timezone,
        "flows": "\n".join(desk.flows),
        "closed": "\n".join(desk.closed),
        "states": desk.states,
        "api_url": api.url if api else None,
        "api_user": api.user if api else None,
        "private": api.private if api else False,
        "poll_seconds": api.poll_seconds if api else 300,
        "unheard_hours": api.unheard_hours if api else 24,
    }
    rows = await settings.of_each(here.db, scope=[desk.municipality])
    row = rows.get(desk.municipality)
    mine = f"municipality/connections/{desk.system}/"
    changes = [one for one in row.changes if any(path.startswith(mine) for path in one.settled)] if row else []
    changes = await here.vault.open_all(changes, caller.language)
    return show(
        request,
        "connection.html",
        caller,
        refusal=refusal,
        data=form.data if form else now,
        town=here.partnership[desk.municipality],
        system=desk.system,
        kind=desk.kind,
        has_next=desk.next_secret is not None,
        has_token=api is not None,
        just_set=is_after(request),
        changes=[(each.at, SAID.get(each.kind, each.kind), each.reason, each.actor_name) for each in changes],
        desk_states=STATES,
    )
