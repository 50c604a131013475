"""What each fact of notifications says to an auditor, as a sentence."""

from __future__ import annotations

from typing import Any

from chassis.i18n import N_
from chassis.web.sentences import Sentences
from contracts.notifications import MessageDue, MessageDueAgain, MessageGivenUp, MessageSent

DUE_BY_MAIL = N_("{to} is to be told by mail.")
DUE_IN_TICKET = N_("Ticket {ticket} is to be answered.")


def _due(fact: Any) -> str:
    return DUE_BY_MAIL if fact.channel == "mail" else DUE_IN_TICKET


SENTENCES: Sentences = {
    MessageDue.type: _due,
    MessageSent.type: N_("The message was handed over; times tried: {attempts}."),
    MessageGivenUp.type: N_("The message was given up: {reason}"),
    MessageDueAgain.type: N_("Somebody asked for the message to be sent again."),
}
