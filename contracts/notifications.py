"""What notifications says: who was told what, and which tickets were answered."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from contracts.event import Event, fact
from contracts.topics import MESSAGE
from contracts.values import Person, Text, TicketRef

SOURCE = "/flode/notifications"


@fact("notifications.message-due", topic=MESSAGE)
class MessageDue(Event):
    """Somebody, or a ticket, is to be told of a fact. The message's id is derived from that fact, the receiver and the
    template, so that the same thing is never due twice."""

    message_id: UUID
    about: UUID
    because_of: UUID
    channel: Literal["mail", "ticket"]
    template: str
    to: Person | None = None
    ticket: TicketRef | None = None


@fact("notifications.message-sent", topic=MESSAGE)
class MessageSent(Event):
    """The message was handed over: the mail server, or the ticketing system, took it."""

    message_id: UUID
    attempts: int


@fact("notifications.message-given-up", topic=MESSAGE)
class MessageGivenUp(Event):
    """The message could not be handed over however often it was tried; somebody must look at it."""

    message_id: UUID
    attempts: int
    reason: Text


@fact("notifications.message-due-again", topic=MESSAGE)
class MessageDueAgain(Event):
    """Somebody looked at a message that had been given up, and asked for it to be sent after all."""

    message_id: UUID
    reason: Text = ""


MessageFact = MessageDue | MessageSent | MessageGivenUp | MessageDueAgain
