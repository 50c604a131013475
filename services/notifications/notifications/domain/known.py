"""Who is who in a request, and what a round or a meeting is called: what must be known in order to tell people of it.

A fold over the facts of one subject, like any state; the reaction that tells people keeps it beside its place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from contracts.event import Event
from contracts.governance import (
    DirectiveAccepted,
    DirectiveApproved,
    DirectiveSent,
    DirectiveSubmitted,
    MeetingCalled,
    MeetingMoved,
    PlanCommissioned,
)
from contracts.intake import ClassifiedAsChange, ClassifiedAsProject, RequestChanged, RequestRegistered
from contracts.portfolio import Assigned, EnteredPortfolio, RoundOpened
from contracts.values import Person, TicketRef


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRequest:
    """A request: its title, its ticket, and the people who are told of it as far as they are known."""

    title: str
    ticket: TicketRef
    requester: Person
    orderer: Person | None = None
    leader: Person | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRound:
    """A prioritisation round."""

    title: str
    deadline: datetime
    municipalities: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownMeeting:
    """A CAB meeting."""

    number: int
    at: datetime
    place: str
    municipalities: tuple[str, ...]


Known = KnownRequest | KnownRound | KnownMeeting


def learn(known: Known | None, fact: Event) -> Known | None:
    """What is known after a fact. None while nothing is: the subject began before anything could be known of it."""
    match fact:
        case RequestRegistered() | ClassifiedAsProject() | EnteredPortfolio():
            if isinstance(known, KnownRequest):
                return replace(known, title=fact.title, ticket=fact.ticket, requester=fact.requester)
            return KnownRequest(title=fact.title, ticket=fact.ticket, requester=fact.requester)
        case RoundOpened():
            seats = tuple(voter.municipality for voter in fact.voters)
            return KnownRound(title=fact.title, deadline=fact.deadline, municipalities=seats)
        case MeetingCalled():
            return KnownMeeting(number=fact.number, at=fact.at, place=fact.place, municipalities=fact.invited)
        case MeetingMoved() if isinstance(known, KnownMeeting):
            return replace(known, at=fact.at, place=fact.place)
    return _of_request(known, fact) if isinstance(known, KnownRequest) else known


def _of_request(known: KnownRequest, fact: Event) -> KnownRequest:
    match fact:
        case RequestChanged():
            return replace(known, title=fact.title)
        case ClassifiedAsChange():
            return replace(known, ticket=fact.ticket, requester=fact.requester)
        case DirectiveSent():
            return replace(known, requester=fact.requester)
        case DirectiveSubmitted() | DirectiveApproved():
            return replace(known, orderer=fact.directive.orderer, leader=fact.directive.leader or known.leader)
        case DirectiveAccepted() | PlanCommissioned() | Assigned():
            return replace(known, leader=fact.leader)
        case _:
            return known
