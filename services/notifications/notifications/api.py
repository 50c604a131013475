"""Notifications over HTTP: what was told, what is still tried, what was given up; and having it sent again."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel

from chassis.aggregate import Outcome
from chassis.auth import Caller
from chassis.identity import Identity, Role
from chassis.web import Deps, Here, Listed, answer, caught_up, expected_version, next_link, reply
from chassis.web.schema import PROBLEMS, listed, shown
from contracts.values import Text
from notifications import commands
from notifications.domain.message import Message, NoSuchMessage
from notifications.views import messages
from notifications.views.messages import MessageRow, State

router = APIRouter()

READERS = (Role.PM, Role.AUDITOR, Role.OPERATOR)
"""Who sees what was told in a municipality."""
SENDERS = (Role.PM, Role.OPERATOR)
"""Who may have a message sent again."""


class Again(BaseModel):
    """Why a message that was given up is sent again: what was mended meanwhile."""

    reason: Text = ""


@router.get(
    "/notifications/api/messages",
    tags=["messages"],
    summary="List messages",
    responses={200: listed(MessageRow), 401: PROBLEMS[401]},
    operation_id="listMessages",
)
async def list_messages(
    request: Request, caller: Caller, here: Here, part: Listed, about: UUID | None = None, state: State = "given_up"
) -> Response:
    """With `about`, all that was told of a request, a round or a meeting, the oldest first; otherwise the latest in a
    state. Of the municipalities in which you look after the flow."""
    await caught_up(request, here, messages.view)
    scope = caller.scope_of(*READERS)
    if about is not None:
        found = await messages.of_subject(here.db, about, scope=scope, **part)
    else:
        found = await messages.in_state(here.db, state, scope=scope, **part)
    return answer(await here.vault.open_all(found.rows, caller.language), headers=next_link(request, found.mark))


@router.get(
    "/notifications/api/messages/{message_id}",
    tags=["messages"],
    summary="One message",
    responses={200: shown(MessageRow), **{status: PROBLEMS[status] for status in (401, 404)}},
    operation_id="getMessage",
)
async def get_message(message_id: UUID, request: Request, caller: Caller, here: Here) -> Response:
    """Who was told, what, because of which fact, and what became of it. What it said is not kept."""
    row = await readable(message_id, request, caller, here)
    return answer(await here.vault.open_all(row, caller.language), version=row.version)


async def readable(message_id: UUID, request: Request, caller: Identity, here: Deps) -> MessageRow:
    """A message that the caller may see, still sealed. Raises NoSuchMessage for all others alike."""
    await caught_up(request, here, messages.view)
    row = await messages.view.get(here.db, message_id, scope=caller.scope_of(*READERS))
    if row is None:
        raise NoSuchMessage
    return row


@router.post(
    "/notifications/api/messages/{message_id}/again",
    status_code=201,
    tags=["messages"],
    summary="Have a message sent again",
    responses={status: PROBLEMS[status] for status in (401, 403, 404, 409, 412, 422)},
    operation_id="sendMessageAgain",
)
async def send_message_again(message_id: UUID, given: Again, request: Request, caller: Caller, here: Here) -> Response:
    """Only for a message that was given up, by the PM or an operator. It keeps its key."""
    expected = expected_version(request)
    return reply(await send_again(message_id, given.reason, request, caller, here, expected=expected))


async def send_again(
    message_id: UUID, reason: str, request: Request, caller: Identity, here: Deps, *, expected: int | None
) -> Outcome[Message]:
    """What the API and the form have in common: who may, and the command."""
    row = await readable(message_id, request, caller, here)
    role = caller.must(*SENDERS, municipality=row.municipality)
    context = await here.context(request, caller, row.municipality, role=role)
    return await commands.send_again(here, message_id, context, reason=reason, expected=expected)
