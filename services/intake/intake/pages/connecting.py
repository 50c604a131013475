"""Connections in the browser: how each municipality's ticketing system does, what is to be done in it, and a test."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.auth import Caller
from chassis.i18n import N_, Term, translate
from chassis.identity import Identity, Role
from chassis.options import Kind
from chassis.outbox import GiveUp, Retry
from chassis.partnership import ServiceDesk
from chassis.web import Deps, Here, go_to, page
from contracts.refusal import NotFound
from intake.adapters.desks import OTHERS
from intake.adapters.port import Step, systems
from intake.adapters.records import understood
from intake.commands.asking import is_polled, way_to
from intake.views import connections
from intake.views.connections import State, Test

router = APIRouter(prefix="/intake/connections", include_in_schema=False)

NOTHING_TO_ASK = "nothing can be asked of it: it has no api, or its kind has no way to be asked"

QUOTED = N_("“{name}”")
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
        desks=[
            (desk, _kind(desk), state := found[desk.municipality, desk.system], asked(desk, state)) for desk in desks
        ],
        kinds=[*((kind, system.name) for kind, system in systems().items()), *OTHERS.items()],
    )


@router.get("/kinds.json")
async def kinds(caller: Caller) -> Response:
    """What can be connected, by the kind of its desks, and what each has to be told besides, in the caller's language;
    for the pages that connect one and change it."""
    caller.must(Role.OPERATOR)
    return Response(msgspec.json.encode(kinds_in(caller.language)), media_type="application/json")


def kinds_in(language: str) -> dict[str, Kind]:
    """What can be connected, in a language."""
    others = {kind: Kind(name=translate(name, language), answered="signed") for kind, name in OTHERS.items()}
    return {
        kind: Kind(
            name=translate(system.name, language), options=[option.said_in(language) for option in system.options]
        )
        for kind, system in systems().items()
    } | others


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
        return False, NOTHING_TO_ASK
    try:
        found = await understood(
            adapter.changed(way_to(desk, desk.api, here.partnership), here.clock.now().isoformat())
        )
    except (GiveUp, Retry) as failed:
        return False, failed.reason
    return True, f"{len(found.records)}"


def asked(desk: ServiceDesk, state: State) -> tuple[str, dict[str, object]]:
    """Whether a system is asked for changes, and how that goes: a key for translation, with its values."""
    if desk.api is None:
        return N_("is not asked: no address of an API is set"), {}
    if not is_polled(desk):
        return N_("is not asked for changes; only what it delivers is heard of"), {}
    if state.refused_at is not None:
        return N_("refuses us; asked again {seconds} s after the last time"), {"seconds": desk.api.poll_seconds}
    if state.next_at is not None:
        return N_("rests after failures in a row: {number}"), {"number": state.attempts}
    return N_("asked every {seconds} s"), {"seconds": desk.api.poll_seconds}


WHY: tuple[tuple[str, str], ...] = (
    (r"the system answered (?P<status>401|403)", N_("It does not take the user or the token (HTTP {status}).")),
    (r"the system answered (?P<status>404|410)", N_("There is nothing at the address of its API (HTTP {status}).")),
    (r"the system answered (?P<status>429)", N_("It is asked too often, and says so (HTTP {status}).")),
    (r"the system answered (?P<status>5\d\d)", N_("It has failed itself (HTTP {status}).")),
    (r"the system answered (?P<status>\d+)", N_("It answered otherwise than expected (HTTP {status}).")),
    (r"the system cannot be reached: (?P<what>.*)", N_("It cannot be reached ({what}).")),
    (r"the mail server cannot be reached: (?P<what>.*)", N_("The mail server cannot be reached ({what}).")),
    (r"the mail server broke off", N_("The mail server broke off.")),
    (r"the system failed again and again.*", N_("It failed again and again, and is left alone for a while.")),
    (r"(?P<host>\S+) is not among the hosts of .*", N_("{host} is not among the hosts that may be called.")),
    (r"the system's answer is not understood: (?P<what>.*)", N_("Its answer is not understood ({what}).")),
    (r"the system gave no token", N_("It gave no token for the user and the secret.")),
    (re.escape(NOTHING_TO_ASK), N_("Nothing can be asked of it: no address of an API is set, or its kind has none.")),
)
"""What adapters say of a failure, and how that is said to people; anything else is shown as the adapter said it."""


def why(reason: str, language: str) -> str | None:
    """Why a system did not answer as it should, in a language; None for what only the adapter's own words tell."""
    for pattern, text in WHY:
        if found := re.fullmatch(pattern, reason, re.DOTALL):
            return translate(text, language, **found.groupdict())
    return None


FIELDS: Mapping[str, str] = {
    "api_url": N_("Address of its API"),
    "api_user": N_("User there"),
    "api_token": N_("Password or token"),
    "desk_url": N_("Where people open it"),
    "flows": N_("What the project flow is called there"),
    "states": N_("What our states are called there"),
    "timezone": N_("Time zone of its times"),
}
"""The fields of a connection that steps speak of, as the page calls them on which they are filled in."""


def steps_of(desk: ServiceDesk, public_url: str, language: str) -> list[Step]:
    """What is to be done in the system, with the address and the flow's name; the secret is not shown."""
    adapter = systems().get(desk.kind)
    if adapter is None:
        return []
    fields = {**FIELDS, **{f"option_{option.name}": option.label for option in adapter.options}}
    values = {
        **{place: translate(QUOTED, language, name=Term(label)) for place, label in fields.items()},
        "url": f"{public_url}/intake/hooks/{_hook(desk)}/{desk.id}",
        "secret": SHOWN_FOR_SECRET,
        "flow": desk.flows[0],
    }
    return [step.told_in(language, values) for step in adapter.steps]


async def _page(request: Request, caller: Identity, here: Deps, desk: ServiceDesk) -> Response:
    mine, key = caller.scope_of(Role.OPERATOR), (desk.municipality, desk.system)
    tests = await connections.tests(here.db, *key, scope=mine)
    names = await here.vault.open_all([test.by_name for test in tests], caller.language)
    state = (await connections.states(here.db, [key], scope=mine))[key]
    return page(
        request,
        "connection.html",
        caller,
        desk=desk,
        asked=asked(desk, state),
        why=lambda reason: why(reason, caller.language),
        town=here.partnership[desk.municipality],
        kind=_kind(desk),
        now=state,
        address=f"{here.settings.public_url}/intake/hooks/{_hook(desk)}/{desk.id}",
        steps=steps_of(desk, here.settings.public_url, caller.language),
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
    return found.name if found else OTHERS.get(desk.kind, desk.kind)


def _hook(desk: ServiceDesk) -> str:
    return "cloudevents" if desk.kind == "bearer" else desk.kind
