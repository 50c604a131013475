"""Notifications in the browser: what was given up and can be sent again, and all that was told of a request."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.auth import Caller
from chassis.i18n import N_, translate
from chassis.identity import Identity
from chassis.views import Page
from chassis.web import Deps, Here, PageNumber, caught_up, form_of, go_to, page
from contracts.refusal import Refusal
from notifications.api import READERS, SENDERS, readable, send_again
from notifications.domain.letters import LETTERS
from notifications.views import messages
from notifications.views.messages import MessageRow, State

router = APIRouter(include_in_schema=False)

STATES: dict[State, str] = {
    "given_up": N_("Given up"),
    "due": N_("On its way"),
    "sent": N_("Sent"),
}
"""What each state is called; a key for translation."""


@router.get("/notifications/")
async def overview(
    request: Request, caller: Caller, here: Here, state: State = "given_up", number: PageNumber = 1
) -> Response:
    """The latest messages in a state; at first those that somebody must look at."""
    caller.must(*READERS)
    await caught_up(request, here, messages.view)
    found = await messages.page_of(here.db, state, scope=caller.scope_of(*READERS), number=number)
    return await _listed(request, caller, here, found, state=state, about=None)


@router.get("/notifications/about/{about}")
async def told_of(request: Request, about: UUID, caller: Caller, here: Here, number: PageNumber = 1) -> Response:
    """All that was told of a request, a round or a meeting."""
    caller.must(*READERS)
    await caught_up(request, here, messages.view)
    found = await messages.page_about(here.db, about, scope=caller.scope_of(*READERS), number=number)
    return await _listed(request, caller, here, found, state=None, about=about)


@router.get("/notifications/messages/{message_id}")
async def one(request: Request, message_id: UUID, caller: Caller, here: Here) -> Response:
    """One message, and the form that has it sent again."""
    return await _one(request, message_id, caller, here)


@router.post("/notifications/messages/{message_id}/again")
async def again(request: Request, message_id: UUID, caller: Caller, here: Here) -> Response:
    """Have a message that was given up sent again, then show it."""
    form = await form_of(request, here.formats(caller))
    try:
        outcome = await send_again(message_id, form.text("reason"), request, caller, here, expected=form.version)
    except Refusal as refusal:
        return await _one(request, message_id, caller, here, refusal)
    return go_to(f"/notifications/messages/{message_id}", outcome)


async def _one(
    request: Request, message_id: UUID, caller: Identity, here: Deps, refusal: Refusal | None = None
) -> Response:
    row = await readable(message_id, request, caller, here)
    trying = await messages.being_tried(here.db, [message_id], scope=[row.municipality])
    return page(
        request,
        "message.html",
        caller,
        refusal=refusal,
        row=await here.vault.open_all(row, caller.language),
        trying=trying.get(message_id),
        states=STATES,
        what=what_of(row.template, caller.language),
        may_send=any(caller.has(role, row.municipality) for role in SENDERS),
    )


async def _listed(
    request: Request, caller: Identity, here: Deps, found: Page[MessageRow], *, state: State | None, about: UUID | None
) -> Response:
    rows = found.rows
    due = [row.message_id for row in rows if row.state == "due"]
    return page(
        request,
        "messages.html",
        caller,
        rows=await here.vault.open_all(rows, caller.language),
        found=found,
        trying=await messages.being_tried(here.db, due, scope=caller.scope_of(*READERS)),
        states=STATES,
        state=state,
        about=about,
        what={row.template: what_of(row.template, caller.language) for row in rows},
    )


def what_of(template: str, language: str) -> str:
    """What a message tells, in a few words: its subject without what it is about."""
    letter = LETTERS.get(template)
    if letter is None:
        return template
    subject = translate(letter.subject, language, title="", at="", number="", gate="BP")
    return " ".join(subject.split()).strip(" :")
