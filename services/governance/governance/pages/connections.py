"""Connections to ticketing systems: which there are, and the forms by which they are connected, changed and ended.

A secret is shown once, on the page that answers when it is made. How a connection does is told by intake.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.aggregate import Outcome
from chassis.agreed import refresh
from chassis.auth import Caller
from chassis.i18n import N_
from chassis.identity import Identity, Role
from chassis.options import Kind
from chassis.partnership import ServiceDesk
from chassis.web import Deps, Form, Here, caught_up, form_of, go_to
from chassis.web.answers import is_after
from chassis.web.others import ask_each
from contracts.partnership import (
    ConnectionEnded,
    ConnectionKeySet,
    ConnectionSecretsSet,
    ConnectionSet,
    ConnectionTokenSet,
)
from contracts.refusal import Refusal
from governance.commands import connections as commands
from governance.domain.agreed import Partner
from governance.domain.connection import NoSuchConnection, NoSuchKind
from governance.pages.connection_form import given, read, secret_of, signed_with, takes_answers, usual, values_of
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
    ConnectionKeySet.type: N_("Another secret of its own was given"),
    ConnectionEnded.type: N_("The connection was ended"),
}


@router.get("")
async def all_of_them(request: Request, here: Here, caller: Caller) -> Response:
    """The connections of the caller's municipalities, and the form for another."""
    caller.must(Role.OPERATOR)
    await _look(request, here)
    return await _list(request, here, caller, await _kinds(request, here, caller))


@router.post("")
async def connect(request: Request, here: Here, caller: Caller) -> Response:
    """Connect a system, and show its secret this once."""
    caller.must(Role.OPERATOR)
    form = await form_of(request, here.formats(caller))
    town = form.text("municipality")
    caller.must(Role.OPERATOR, municipality=town)
    kinds = await _kinds(request, here, caller)
    try:
        if kinds and form.text("kind") not in kinds:
            raise NoSuchKind("kind")
        told = read(form.data, kinds.get(form.text("kind")), here.partnership[town], None)
        secret = secret_of(form.text("secret")) if form.text("secret") else commands.a_secret()
        signing = commands.a_secret() if told.unsigned else None
        outcome = await commands.connect(
            here,
            told.system,
            told.connection,
            secret=secret,
            token=told.token,
            particular=signed_with(told, signing) if signing else told.particular,
            reason=form.text("reason"),
            context=await here.context(request, caller, town, role=Role.OPERATOR),
        )
    except Refusal as refusal:
        return await _list(request, here, caller, kinds, refusal=refusal, data=form.data)
    return _secrets(request, here, caller, town, told.system, outcome, secret=secret, signing=signing)


@router.get("/{town_id}/{system}")
async def one(town_id: str, system: str, request: Request, here: Here, caller: Caller) -> Response:
    """One connection, and the forms to change it."""
    caller.must(Role.OPERATOR, municipality=town_id)
    await _look(request, here)
    return await _one(request, here, caller, _desk(here, town_id, system), await _kinds(request, here, caller))


@router.post("/{town_id}/{system}")
async def change(town_id: str, system: str, request: Request, here: Here, caller: Caller) -> Response:
    """Change it, renew its secret, end the old secret, or end it."""
    caller.must(Role.OPERATOR, municipality=town_id)
    desk = _desk(here, town_id, system)
    form = await form_of(request, here.formats(caller))
    context = await here.context(request, caller, town_id, role=Role.OPERATOR)
    kinds, reason = await _kinds(request, here, caller), form.text("reason")
    try:
        match form.action:
            case "renew":
                secret = secret_of(form.text("secret")) if form.text("secret") else commands.a_secret()
                outcome = await commands.renew_secret(here, system, secret, reason=reason, context=context)
                return _secrets(request, here, caller, town_id, system, outcome, secret=secret)
            case "end-old":
                outcome = await commands.end_old_secret(here, system, reason=reason, context=context)
            case "end":
                outcome = await commands.end(here, system, reason=reason, context=context)
                return go_to(PATH, outcome)
            case _:
                filled = {**form.data, "kind": desk.kind}
                told = read(filled, kinds.get(desk.kind), here.partnership[town_id], desk)
                signing = commands.a_secret() if told.unsigned else None
                particular = signed_with(told, signing) if signing else told.particular
                outcome = await commands.change(
                    here,
                    system,
                    told.connection,
                    token=told.token,
                    particular=particular,
                    reason=reason,
                    context=context,
                )
                if signing:
                    return _secrets(request, here, caller, town_id, system, outcome, signing=signing)
    except Refusal as refusal:
        return await _one(request, here, caller, desk, kinds, refusal=refusal, form=form)
    return go_to(f"{PATH}/{town_id}/{system}", outcome)


async def _look(request: Request, here: Deps) -> None:
    await caught_up(request, here, settings.view)
    await refresh(here.partnership, here.db, here.vault)


def _desk(here: Deps, town: str, system: str) -> ServiceDesk:
    desk = here.partnership.desk(town, system)
    if desk is None:
        raise NoSuchConnection
    return desk


def _secrets(
    request: Request, here: Deps, caller: Identity, town: str, system: str, outcome: Outcome[Partner], *,
    secret: str | None = None, signing: str | None = None,
) -> Response:  # fmt: skip
    """What was made, this once."""
    return show(
        request,
        "connection_secret.html",
        caller,
        town=here.partnership[town],
        system=system,
        secret=None if outcome.duplicate else secret,
        signing=None if outcome.duplicate else signing,
    )


async def _kinds(request: Request, here: Deps, caller: Identity) -> dict[str, Kind]:
    """What can be connected, as intake tells it, which has the adapters; empty while it does not answer."""
    told = await ask_each(request, here, caller, ("intake",), "/connections/kinds.json", dict[str, Kind])
    return told["intake"] or {}


async def _list(
    request: Request,
    here: Deps,
    caller: Identity,
    kinds: dict[str, Kind],
    *,
    refusal: Refusal | None = None,
    data: dict[str, Any] | None = None,
) -> Response:
    mine = caller.scope_of(Role.OPERATOR)
    empty = {"timezone": "Europe/Stockholm", "poll_seconds": 300, "unheard_hours": 24, "flows": "Projekt"}
    wanted = request.query_params.get("kind", "") if data is None else str(data.get("kind"))
    chosen = kinds.get(wanted)
    data = data or {**empty, "kind": wanted, "options": usual(chosen)}
    return show(
        request,
        "connections.html",
        caller,
        refusal=refusal,
        desks=[desk for desk in here.partnership.service_desks if desk.municipality in mine],
        my_towns=[(each.id, each.name) for each in here.partnership.municipalities.values() if each.id in mine],
        kinds={key: each.name for key, each in kinds.items()},
        data=data,
        desk_states=STATES,
        chosen=chosen,
        signed=takes_answers(chosen, None),
        given=set(),
    )


async def _one(
    request: Request,
    here: Deps,
    caller: Identity,
    desk: ServiceDesk,
    kinds: dict[str, Kind],
    *,
    refusal: Refusal | None = None,
    form: Form | None = None,
) -> Response:
    chosen = kinds.get(desk.kind)
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
        data=form.data if form else values_of(desk, chosen),
        town=here.partnership[desk.municipality],
        system=desk.system,
        kind=chosen.name if chosen else desk.kind,
        has_next=desk.next_secret is not None,
        has_token=desk.api is not None,
        just_set=is_after(request),
        chosen=chosen,
        signed=takes_answers(chosen, desk),
        given=given(desk, chosen),
        changes=[(each.at, SAID.get(each.kind, each.kind), each.reason, each.actor_name) for each in changes],
        desk_states=STATES,
    )
