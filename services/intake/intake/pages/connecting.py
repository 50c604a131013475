"""Connections in the browser: how each municipality's ticketing system does, what is to be done in it, and a test."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.auth import Caller
from chassis.identity import Identity, Role
from chassis.outbox import GiveUp, Retry
from chassis.partnership import ServiceDesk
from chassis.web import Deps, Here, go_to, page
from contracts.refusal import NotFound
from intake.adapters.port import Step, systems
from intake.adapters.records import understood
from intake.commands.asking import way_to
from intake.views import connections
from intake.views.connections import Test

router = APIRouter(prefix="/intake/connections", include_in_schema=False)

SHOWN_FOR_SECRET = "…"  # noqa: S105  what stands in the steps where the secret is to be pasted


@router.get("")
async def all_of_them(request: Request, caller: Caller, here: Here) -> Response:
    """How the systems of the caller's municipalities do, and which kinds there are."""
    caller.must(Role.OPERATOR)
    mine = caller.scope_of(Role.OPERATOR)
    desks = [desk for desk in here.partnership.service_desks if desk.municipality in mine]
    found = await connections.states(here.db, [(desk.municipality, desk.system) for desk in desks], scope=mine)
    return page(
        request,
        "connections.html",
        caller,
        desks=[(desk, _kind(desk), found[desk.municipality, desk.system]) for desk in desks],
        kinds=[(kind, system.name) for kind, system in systems().items()],
    )


@router.get("/{town}/{system}")
async def one(town: str, system: str, request: Request, caller: Caller, here: Here) -> Response:
    """One system: how it does, what is to be done in it, and what tests of it said."""
    return await _page(request, caller, here, _desk(here, caller, town, system))


@router.post("/{town}/{system}")
async def test(town: str, system: str, caller: Caller, here: Here) -> Response:
    """Ask the system now, and write down what came back."""
    desk = _desk(here, caller, town, system)
    answers, reason = await ask_now(here, desk)
    done = Test(
        at=here.clock.now(),
        by_whom=caller.actor(town, Role.OPERATOR),
        by_name=await here.vault.seal(caller.id, caller.name) if caller.name else None,
        answers=answers,
        reason=reason,
    )
    await connections.note_test(here.db, town, system, done)
    return go_to(f"/intake/connections/{town}/{system}#tests")


async def ask_now(here: Deps, desk: ServiceDesk) -> tuple[bool, str]:
    """Whether the system's API answers us as it should, and in words why not."""
    adapter = systems().get(desk.kind)
    if desk.api is None or adapter is None or adapter.changed is None:
        return False, "nothing can be asked of it: it has no api, or its kind has no way to be asked"
    try:
        found = await understood(
            adapter.changed(way_to(desk, desk.api, here.partnership), here.clock.now().isoformat())
        )
    except (GiveUp, Retry) as failed:
        return False, failed.reason
    return True, f"{len(found.records)}"


def steps_of(desk: ServiceDesk, public_url: str) -> list[Step]:
    """What is to be done in the system, with the address and the flow's name; the secret is not shown."""
    adapter = systems().get(desk.kind)
    values = {
        "{url}": f"{public_url}/intake/hooks/{_hook(desk)}/{desk.id}",
        "{secret}": SHOWN_FOR_SECRET,
        "{flow}": desk.flows[0],
    }

    def filled(text: str) -> str:
        for place, value in values.items():
            text = text.replace(place, value)
        return text

    return [Step(do=filled(step.do), paste=filled(step.paste)) for step in (adapter.steps if adapter else ())]


async def _page(request: Request, caller: Identity, here: Deps, desk: ServiceDesk) -> Response:
    mine, key = caller.scope_of(Role.OPERATOR), (desk.municipality, desk.system)
    tests = await connections.tests(here.db, *key, scope=mine)
    names = await here.vault.open_all([test.by_name for test in tests], caller.language)
    return page(
        request,
        "connection.html",
        caller,
        desk=desk,
        town=here.partnership[desk.municipality],
        kind=_kind(desk),
        now=(await connections.states(here.db, [key], scope=mine))[key],
        address=f"{here.settings.public_url}/intake/hooks/{_hook(desk)}/{desk.id}",
        steps=steps_of(desk, here.settings.public_url),
        tests=list(zip(tests, names, strict=True)),
        can_be_asked=desk.api is not None and (found := systems().get(desk.kind)) is not None and bool(found.changed),
    )


def _desk(here: Deps, caller: Identity, town: str, system: str) -> ServiceDesk:
    caller.must(Role.OPERATOR, municipality=town)
    desk = here.partnership.desk(town, system)
    if desk is None:
        raise NotFound
    return desk


def _kind(desk: ServiceDesk) -> str:
    found = systems().get(desk.kind)
    return found.name if found else desk.kind


def _hook(desk: ServiceDesk) -> str:
    return "cloudevents" if desk.kind == "bearer" else desk.kind
