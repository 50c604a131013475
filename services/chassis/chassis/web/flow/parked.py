"""Parked events: look, mend, have handled again. Each in two steps, with a reason, and noted with who did it."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from chassis.auth import Caller
from chassis.flow import operate
from chassis.flow.names import Names
from chassis.i18n import N_, translate
from chassis.identity import Identity, Role
from chassis.parking import reason_of
from chassis.plain import Misfilled, in_plain_words
from chassis.position import service_of
from chassis.replay import ParkedEvent, StillParked, parked_events
from chassis.replay import mend as mend_event
from chassis.web.answers import go_to
from chassis.web.deps import Deps, Here
from chassis.web.flow.common import EVERY_SECONDS, by_of, done_by, pretty
from chassis.web.forms import form_of, needed
from chassis.web.pages import page
from contracts.envelope import Envelope
from contracts.refusal import NotFound, Refusal, Refusals

if TYPE_CHECKING:
    from chassis.service import Service

MOST_SHOWN = 200


class StillFails(Refusal):
    """It was handled again, and failed again."""

    text = "It still cannot be handled, and waits as before: {failure}"


class NotLiveAnyMore(Refusal):
    """The table that the event was parked for is not shown any more."""

    text = "The table it was to be applied to is not live any more. There is nothing left to do."


def mended(one: ParkedEvent, text: str, language: str) -> bytes:
    """The parked message with other data. Raises Refusals when it does not hold to the contract of its kind."""
    try:
        message = {**json.loads(one.message), "data": json.loads(text)}
    except ValueError:
        raise Misfilled(N_("This is not JSON."), "data") from None
    try:
        event: Envelope[Any] = Envelope.from_bytes(json.dumps(message).encode())
    except ValidationError as wrong:
        found = [(each.field or "", each) for each in in_plain_words(wrong.errors(), any_case=True).refusals]
        raise Refusals(
            tuple(
                Misfilled(
                    N_("{where}: {said}"), "data", where=where, said=translate(each.text, language, **each.params)
                )
                for where, each in found
            )
        ) from None
    except (ValueError, KeyError, TypeError) as wrong:
        raise Misfilled(N_("This cannot be handled: {failure}"), "data", failure=reason_of(wrong)) from None
    if event.subject != one.subject:
        raise Misfilled(N_("This is about another subject than the parked event."), "data")
    return event.to_bytes()


def data_of(one: ParkedEvent) -> str:
    """What the event says, as it is edited; empty when it cannot be read."""
    try:
        return json.dumps(json.loads(one.message)["data"], indent=2, ensure_ascii=False)
    except (ValueError, KeyError, TypeError):
        return ""


async def found(here: Deps, caller: Identity, number: int) -> ParkedEvent:
    """A parked event that the caller may deal with. Raises NotFound."""
    caller.must(Role.OPERATOR)
    for one in await parked_events(here.db, number=number, scope=caller.scope_of(Role.OPERATOR)):
        return one
    raise NotFound


async def behind(here: Deps, one: ParkedEvent) -> list[ParkedEvent]:
    """All that waits of this one's subject at its reader, in order."""
    return [each for each in await parked_events(here.db, reader=one.reader) if each.subject == one.subject]


async def shown(
    service: Service, request: Request, here: Deps, caller: Identity, one: ParkedEvent, template: str, **values: Any
) -> Response:
    """A page about one parked event."""
    given = {"refusal": None, "after": None, "data": {"data": data_of(one)}, **values}
    return page(
        request,
        template,
        caller,
        one=one,
        called=Names(service, caller.language),
        source=service_of(one.source),
        message=pretty(one.message),
        done=await done_by(here, caller, ("mend", "replay"), parked=one.id),
        **given,
    )


def add(router: APIRouter, service: Service) -> None:
    """The routes of parked events."""

    @router.get("/flow/parked", include_in_schema=False)
    async def all_parked(request: Request, here: Here, caller: Caller, handled: int | None = None) -> Response:
        caller.must(Role.OPERATOR)
        parked = await parked_events(here.db, scope=caller.scope_of(Role.OPERATOR))
        causes = Counter((one.reader, one.type, one.reason) for one in parked)
        done = await done_by(here, caller, ("mend", "replay"))
        return page(
            request, "flow_parked.html", caller, parked=parked[:MOST_SHOWN], many=len(parked),
            causes=causes.most_common(50), done=done, handled=handled, called=Names(service, caller.language),
            every=EVERY_SECONDS,
        )  # fmt: skip

    @router.get("/flow/parked/{number}", include_in_schema=False)
    async def look(number: int, request: Request, here: Here, caller: Caller) -> Response:
        return await shown(service, request, here, caller, await found(here, caller, number), "flow_parked_one.html")

    @router.get("/flow/parked/{number}/mend", include_in_schema=False)
    async def mend_form(number: int, request: Request, here: Here, caller: Caller) -> Response:
        return await shown(service, request, here, caller, await found(here, caller, number), "flow_mend.html")

    @router.post("/flow/parked/{number}/mend", include_in_schema=False)
    async def mend(number: int, request: Request, here: Here, caller: Caller) -> Response:
        one = await found(here, caller, number)
        form = await form_of(request, here.formats(caller))
        try:
            needed(form, "data", "reason")
            message = mended(one, form.text("data"), caller.language)
            if form.action != "confirm":
                return await shown(
                    service, request, here, caller, one, "flow_mend.html", data=form.data, after=pretty(message)
                )  # fmt: skip
            await mend_event(here.db, one.id, message, by=await by_of(here, caller, form.text("reason")))
        except Refusal as refusal:
            return await shown(service, request, here, caller, one, "flow_mend.html", data=form.data, refusal=refusal)
        return go_to(f"/{service.name}/flow/parked/{one.id}/replay")

    @router.get("/flow/parked/{number}/replay", include_in_schema=False)
    async def replay_form(number: int, request: Request, here: Here, caller: Caller) -> Response:
        one = await found(here, caller, number)
        waiting = await behind(here, one)
        return await shown(service, request, here, caller, one, "flow_replay.html", waiting=waiting, data={})

    @router.post("/flow/parked/{number}/replay", include_in_schema=False)
    async def replay(number: int, request: Request, here: Here, caller: Caller) -> Response:
        one = await found(here, caller, number)
        form = await form_of(request, here.formats(caller))
        try:
            needed(form, "reason")
            by = await by_of(here, caller, form.text("reason"))
            try:
                handled = await operate.replay(service, here, one, by=by)
            except StillParked as still:
                raise StillFails(failure=str(still)) from None
            except operate.NotLive:
                raise NotLiveAnyMore from None
        except Refusal as refusal:
            waiting = await behind(here, one)
            return await shown(
                service, request, here, caller, one, "flow_replay.html", data=form.data, refusal=refusal,
                waiting=waiting,
            )  # fmt: skip
        return go_to(f"/{service.name}/flow/parked?handled={handled}")
