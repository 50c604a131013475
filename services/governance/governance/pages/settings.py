"""What holds in the cooperation, where it comes from, and the forms by which it is settled.

One address per part: `/governance/settings/criteria`, `…/officers/norrhamn`, `…/guidance/cost`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from chassis import agreed
from chassis.auth import Caller
from chassis.identity import Identity, NotYours, Role
from chassis.store import VersionConflict
from chassis.web import Deps, Here, caught_up, form_of, go_to
from chassis.web.answers import is_after
from chassis.web.forms import Form
from chassis.web.problems import Changed
from chassis.web.sentences import who_of
from chassis.web.shown import Reader
from contracts.refusal import NotFound, Refusal
from governance.commands import settings as commands
from governance.domain.agreed import SECTIONS
from governance.pages import settings_told as told
from governance.pages.settings_kinds import KINDS, Kind
from governance.pages.shown import row_button, show
from governance.views import settings

router = APIRouter()
SEE = (Role.PM, Role.OPERATOR, Role.IT_MANAGER, Role.AUDITOR)
PATH = "/governance/settings"
ENOUGH = 50
"""Changes that are shown of a part; the auditor's pages have them all."""


@router.get("/settings")
async def overview(request: Request, here: Here, caller: Caller) -> Response:
    """What holds now, and where it comes from."""
    caller.must(*SEE)
    await _look(request, here)
    rows = await settings.of_each(here.db, scope=here.partnership.ids)
    towns = here.partnership.municipalities.values()
    return show(
        request,
        "settings.html",
        caller,
        live=(settings.view,),
        shared=[
            (kind, told.now(kind.part, here.partnership), await _last(here, caller, kind, here.partnership.host, rows))
            for kind in KINDS.values()
            if kind.of == "all"
        ],
        sections=[
            (section, told.words_of(here.partnership.guidance.get(section, {}), caller.language))
            for section in SECTIONS
        ],
        of_towns=[
            (town, [(kind, await _last(here, caller, kind, town.id, rows)) for kind in _of(here, caller, town.id)])
            for town in towns
        ],
        just_set=is_after(request),
        may_join=_may(here, caller, KINDS["join"], None),
        may_guide=_may(here, caller, KINDS["guidance"], None),
    )


@router.get("/settings/municipalities.json")
async def municipalities(here: Here, caller: Caller) -> Response:
    """Which municipalities there are now, for those who give people roles in them. Nobody's name is in it."""
    caller.must(Role.OPERATOR)
    await agreed.refresh(here.partnership, here.db, here.vault)
    fields = {"id", "name", "language", "country", "currency", "timezone", "email_domains"}
    towns = here.partnership.municipalities.values()
    return JSONResponse([town.model_dump(mode="json", include=fields) for town in towns])


@router.get("/settings/{part}")
async def open_part(request: Request, here: Here, caller: Caller, part: str) -> Response:
    """A part that holds for all."""
    return await _open(request, here, caller, part, None)


@router.get("/settings/{part}/{of}")
async def open_one(request: Request, here: Here, caller: Caller, part: str, of: str) -> Response:
    """A part of one municipality, or the help of one section."""
    return await _open(request, here, caller, part, of)


@router.post("/settings/{part}")
async def settle_part(request: Request, here: Here, caller: Caller, part: str) -> Response:
    """Settle what holds for all."""
    return await _settle(request, here, caller, part, None)


@router.post("/settings/{part}/{of}")
async def settle_one(request: Request, here: Here, caller: Caller, part: str, of: str) -> Response:
    """Settle something of one municipality, or the help of one section."""
    return await _settle(request, here, caller, part, of)


async def _open(request: Request, here: Deps, caller: Identity, part: str, of: str | None) -> Response:
    kind = _kind(here, part, of)
    caller.must(*SEE)
    if kind.of == "town" or part == "join":
        commands.settler(here, caller, kind.settles, of)  # there are people's names on these
    await _look(request, here)
    return await _page(request, here, caller, kind, of, data=kind.form(here, of))


async def _settle(request: Request, here: Deps, caller: Identity, part: str, of: str | None) -> Response:
    kind = _kind(here, part, of)
    role = commands.settler(here, caller, kind.settles, of)
    form = await form_of(request, here.formats(caller))
    if (pressed := row_button(form.action or "")) and pressed[1] == kind.rows:
        return await _page(request, here, caller, kind, of, data=_rows(form, pressed), form=form)
    try:
        context = await here.context(request, caller, kind.municipality(here, of, form), role=role)
        outcome = await kind.settle(here, of, form, context)
    except (Refusal, VersionConflict) as trouble:
        refusal = trouble if isinstance(trouble, Refusal) else Changed()
        return await _page(request, here, caller, kind, of, data=form.data, form=form, refusal=refusal)
    return go_to(PATH if part == "join" else f"{PATH}/{part}" + (f"/{of}" if of else ""), outcome)


async def _page(
    request: Request,
    here: Deps,
    caller: Identity,
    kind: Kind,
    of: str | None,
    *,
    data: dict[str, Any],
    form: Form | None = None,
    refusal: Refusal | None = None,
) -> HTMLResponse:
    rows = await settings.of_each(here.db, scope=here.partnership.ids)
    municipality = of if kind.of == "town" and of else here.partnership.host
    row = rows.get(municipality)
    changes = [] if row is None else [one for one in row.changes if kind.tells(one.kind, one.settled, of)]
    town = here.partnership[municipality]
    return show(
        request,
        "settings_part.html",
        caller,
        refusal=refusal,
        data=data,
        kind=kind,
        of=of,
        town=town,
        here_is=f"{PATH}/{kind.part}" + (f"/{of}" if of else ""),
        version=form.version if form else (row.stream_version if row else 0),
        may_settle=_may(here, caller, kind, of),
        unsaved=form is not None and refusal is None,
        just_set=is_after(request),
        shares=told.shares(data.get("criteria")),
        deputies=[(each, each in town.deputies_at(here.clock.now())) for each in town.deputies],
        ending=[(one_id, name) for one_id, name in told.still(row, town.day(here.clock.now()), caller.language)]
        if of
        else [],
        changes=await _told(here, caller, changes[:ENOUGH]),
        holds=told.now(kind.part, here.partnership),
    )


async def _told(here: Deps, caller: Identity, changes: list[settings.Change]) -> list[dict[str, Any]]:
    reader = Reader(caller.language, here.formats(caller), here.partnership)
    opened = await here.vault.open_all(changes, caller.language)
    found = []
    for one in opened:
        who, role = who_of(one.actor, one.actor_name, reader)
        what = told.settled(one.settled, caller.language)
        found.append({"at": one.at, "who": who, "role": role, "reason": one.reason, "what": what})
    return found


async def _last(
    here: Deps, caller: Identity, kind: Kind, municipality: str, rows: Mapping[str, settings.SettingsRow]
) -> dict[str, Any] | None:
    row = rows.get(municipality)
    changes = [] if row is None else [one for one in row.changes if kind.tells(one.kind, one.settled, None)]
    found = await _told(here, caller, changes[:1])
    return found[0] if found else None


def _rows(form: Form, pressed: tuple[str, str, int]) -> dict[str, Any]:
    what, table, at = pressed
    rows = list(form.data.get(table, []))
    if what == "add":
        rows.append({})
    elif what == "remove" and at < len(rows):
        del rows[at]
    return {**form.data, table: rows}


def _kind(here: Deps, part: str, of: str | None) -> Kind:
    kind = KINDS.get(part)
    fits = (
        kind is not None
        and {
            "all": of is None,
            "section": of in SECTIONS,
            "town": of in here.partnership.ids,
        }[kind.of]
    )
    if kind is None or not fits:
        raise NotFound
    return kind


def _may(here: Deps, caller: Identity, kind: Kind, of: str | None) -> bool:
    try:
        commands.settler(here, caller, kind.settles, of)
    except NotYours:
        return False
    return True


def _of(here: Deps, caller: Identity, town: str) -> list[Kind]:
    return [kind for kind in KINDS.values() if kind.of == "town" and _may(here, caller, kind, town)]


async def _look(request: Request, here: Deps) -> None:
    await caught_up(request, here, settings.view)
    await agreed.refresh(here.partnership, here.db, here.vault)
