"""Because of others' facts: whoever is concerned is told. What is due is written down with the place in the log that it
came from, so that a replay or a rebuild tells nobody anything (P9).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from chassis.partnership import Officer, Partnership
from chassis.react import Reaction, Work
from chassis.settings import Settings
from chassis.vault import Vault
from contracts.envelope import Envelope
from contracts.governance import AgreementFact, MeetingFact
from contracts.intake import IntakeFact
from contracts.notifications import MessageDue
from contracts.portfolio import ProjectFact, RoundFact
from contracts.topics import MEETING, REQUEST, ROUND
from contracts.values import Person, TicketRef
from notifications.commands import MESSAGE
from notifications.domain import message
from notifications.domain.known import Known, KnownRequest
from notifications.domain.letters import LETTERS
from notifications.domain.telling import Seat, Told, to_be_told, told_of
from notifications.views.known import remember

LINK_LASTS = timedelta(days=90)
"""How long a requester's link opens, counted from the fact it is sent because of."""


async def tell(event: Envelope[Any], work: Work) -> None:
    """Write down, once, each message that a fact makes due."""
    known = await remember(work.connection, event)
    values = told_of(event.data, known)
    due: dict[UUID, tuple[MessageDue, Told, _Receiver]] = {}
    for told in to_be_told(event, known):
        for receiver in await _receivers(told.to, event, work):
            fact = _due(told, receiver, event)
            due.setdefault(fact.message_id, (fact, told, receiver))
    decisions = {
        subject: (partial(message.due, fact=fact), receiver.municipality)
        for subject, (fact, _, receiver) in due.items()
    }
    new = await work.handle_each(MESSAGE, decisions)
    for subject, (fact, told, receiver) in due.items():
        if subject in new:
            payload = _payload(told, receiver, values, event) | {"to_requester": _is_requester(receiver, known)}
            work.effect(channel=fact.channel, key=str(subject), municipality=receiver.municipality, payload=payload)


@dataclass(frozen=True, slots=True)
class _Receiver:
    """Somebody, or a ticket; whose tenant the message is, and the language it is in."""

    to: Person | TicketRef
    municipality: str
    language: str


async def _receivers(to: Person | Seat | TicketRef, event: Envelope[Any], work: Work) -> list[_Receiver]:
    partnership: Partnership = work.resources["partnership"]
    home = partnership[event.municipality]
    if isinstance(to, Person):
        return [_Receiver(to, home.id, to.language or home.language)]
    if isinstance(to, TicketRef):
        return [_Receiver(to, home.id, home.language)] if _can_answer(to, event, work) else []
    vault: Vault = work.resources["vault"]
    return [
        # What the PM is told is about the request; what a manager is told is for their own municipality.
        _Receiver(
            await _person(officer, where, partnership, vault),
            home.id if to.office == "pm" else where,
            officer.language or partnership[where].language,
        )
        for where, officer in officers(partnership, to)
    ]


def officers(partnership: Partnership, seat: Seat) -> list[tuple[str, Officer]]:
    """Who holds an office, with the municipality they hold it for. The PM's serves all (IT-05)."""
    return [
        (town.id, officer)
        for town in partnership.municipalities.values()
        for officer in town.contacts
        if officer.office == seat.office and seat.municipality in (None, town.id)
    ]


async def _person(officer: Officer, where: str, partnership: Partnership, vault: Vault) -> Person:
    who = vault.person_id(partnership.home_of(officer.email, where), officer.email)
    return Person(
        id=who,
        name=await vault.seal(who, officer.name),
        email=await vault.seal(who, officer.email),
        language=officer.language,
    )


def _can_answer(ticket: TicketRef, event: Envelope[Any], work: Work) -> bool:
    """Whether there is a way back into this ticket: by the desk's settings, or the folder of embedded mode."""
    settings: Settings = work.resources["settings"]
    partnership: Partnership = work.resources["partnership"]
    desk = partnership.desk(event.municipality, ticket.system)
    return bool(desk and (desk.write_back or desk.api)) or settings.mail.startswith("spool:")


def _is_requester(receiver: _Receiver, known: Known | None) -> bool:
    """Whether the receiver is the one who asked for what the message is about: then a link of theirs may go along."""
    to = receiver.to
    return isinstance(to, Person) and isinstance(known, KnownRequest) and to.id == known.requester.id


def _due(told: Told, receiver: _Receiver, event: Envelope[Any]) -> MessageDue:
    is_mail = isinstance(receiver.to, Person)
    return MessageDue(
        message_id=message.message_id(event.id, receiver.to, told.template),
        about=event.subject,
        because_of=event.id,
        channel="mail" if is_mail else "ticket",
        template=told.template,
        to=receiver.to if isinstance(receiver.to, Person) else None,
        ticket=receiver.to if isinstance(receiver.to, TicketRef) else None,
    )


def _payload(told: Told, receiver: _Receiver, values: dict[str, str | None], event: Envelope[Any]) -> dict[str, Any]:
    return {
        "template": told.template,
        "about": event.subject,
        "because_of": event.id,
        "correlation": event.correlation,
        "to": receiver.to,
        "state": told.state,
        "language": receiver.language,
        "values": {name: value for name, value in values.items() if name in LETTERS[told.template].names},
        "happened_at": event.time.isoformat(),
        "link_until": _link_until(event.time),
    }


def _link_until(time: datetime) -> str:
    return (time + LINK_LASTS).isoformat()


telling = Reaction(
    name="notifications.tell",
    topics=(REQUEST, ROUND, MEETING),
    facts=IntakeFact | AgreementFact | ProjectFact | RoundFact | MeetingFact,
    react=tell,
)
