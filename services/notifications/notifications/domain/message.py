"""A message, from the fact that made it due to the day it was handed over or given up.

Pure: decisions return facts or nothing, `evolve` folds facts into state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, assert_never
from uuid import UUID, uuid5

from contracts.notifications import MessageDue, MessageDueAgain, MessageFact, MessageGivenUp, MessageSent
from contracts.refusal import NotFound, Refusal
from contracts.values import Person, TicketRef

MESSAGES = UUID("0b2f1a0c-3f7e-5d1c-8a52-7d7b9a8b6a44")
"""The namespace of message ids. It never changes: an old fact that is read again must find the message it made."""


class NoSuchMessage(NotFound):
    """No such message was ever due."""

    text = "There is no such message."


class NotGivenUp(Refusal):
    """What was sent, or is still being tried, is not sent once more by hand."""

    text = "Only a message that was given up can be sent again."


@dataclass(frozen=True, slots=True)
class Message:
    """What must be remembered of a message in order to decide."""

    id: UUID
    state: Literal["due", "sent", "given_up"] = "due"


def message_id(because_of: UUID, to: Person | TicketRef, template: str) -> UUID:
    """The id of what one fact tells one receiver: the same fact never makes it due twice (P9)."""
    receiver = str(to.id) if isinstance(to, Person) else f"{to.system}/{to.external_id}"
    return uuid5(MESSAGES, f"{because_of}/{receiver}/{template}")


def due(message: Message | None, fact: MessageDue) -> MessageDue | None:
    """A message falls due once, however often the fact behind it is read."""
    return fact if message is None else None


def sent(message: Message | None, *, attempts: int) -> MessageSent | None:
    """It was handed over. Heard twice, when two senders tried at once, it is said once."""
    known = _known(message)
    return MessageSent(message_id=known.id, attempts=attempts) if known.state == "due" else None


def given_up(message: Message | None, *, attempts: int, reason: str) -> MessageGivenUp | None:
    """It could not be handed over, for this reason; the last one met."""
    known = _known(message)
    return MessageGivenUp(message_id=known.id, attempts=attempts, reason=reason) if known.state == "due" else None


def again(message: Message | None, *, reason: str = "") -> MessageDueAgain:
    """Somebody asks for a message that was given up to be sent after all. Raises NoSuchMessage and NotGivenUp."""
    known = _known(message)
    if known.state != "given_up":
        raise NotGivenUp
    return MessageDueAgain(message_id=known.id, reason=reason)


def evolve(message: Message | None, fact: MessageFact) -> Message:
    """Fold one fact."""
    if isinstance(fact, MessageDue):
        return Message(id=fact.message_id)
    assert message is not None, f"{fact.type} before the message was due"
    match fact:
        case MessageSent():
            return replace(message, state="sent")
        case MessageGivenUp():
            return replace(message, state="given_up")
        case MessageDueAgain():
            return replace(message, state="due")
        case _:
            assert_never(fact)


def _known(message: Message | None) -> Message:
    if message is None:
        raise NoSuchMessage
    return message
