"""Who is told what because of which fact: one table, and what it comes to for a fact that happened.

The table is the whole policy. A receiver who stands in several lines of it for one fact is told once, by the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from contracts import governance as g
from contracts import intake as i
from contracts import portfolio as p
from contracts.envelope import Envelope
from contracts.event import Event
from contracts.values import Person, TicketRef
from notifications.domain.known import Known, KnownMeeting, KnownRequest, KnownRound


class Receiver(StrEnum):
    """Who may be told, by their part in the matter."""

    REQUESTER = "requester"
    ORDERER = "orderer"
    LEADER = "leader"
    PM = "pm"
    MANAGERS = "managers"
    """The IT managers: of the request's municipality, or of those in the round or the meeting."""
    PROMISED = "promised"
    """Whom the fact itself names as promised something (TY-04)."""
    NAMED = "named"
    """The one person the fact is about (IT-22)."""
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class Telling:
    """A line of the table: a receiver, what they are told, and for a ticket the state it is put in."""

    to: Receiver
    template: str
    state: str | None = None
    only: Callable[[Any], bool] = lambda _: True


def _red(fact: p.StatusReported) -> bool:
    return "red" in (fact.time, fact.cost, fact.result)


def _told(template: str, *receivers: Receiver, state: str | None = None) -> tuple[Telling, ...]:
    return tuple(Telling(to, template, state if to is Receiver.TICKET else None) for to in receivers)


REQUESTER, ORDERER, LEADER, PM, MANAGERS, PROMISED, NAMED, TICKET = Receiver
EVERYBODY = (PROMISED, REQUESTER, ORDERER, LEADER, TICKET)
"""Whom a change of a project's course concerns; those who were promised something come first (TY-04)."""

TABLE: Mapping[type[Event], tuple[Telling, ...]] = {
    # the ticket, and the PM's judgement (IT-02, IT-05, IT-06)
    i.RequestRegistered: (
        *_told("request-received", REQUESTER, TICKET, state="registered"),
        *_told("request-to-judge", PM),
    ),
    i.RequestWithdrawn: _told("request-withdrawn", PM, LEADER),
    i.RequestMerged: _told("request-merged", REQUESTER, PM),
    i.ClassifiedAsProject: _told("request-is-project", TICKET, state="project"),
    i.ClassifiedAsChange: _told("request-is-change", REQUESTER, TICKET, state="change"),
    i.ClassificationWithdrawn: _told("judgement-withdrawn", REQUESTER, TICKET, state="registered"),
    # the directive (IT-09…IT-11, TY-01)
    g.DirectiveSent: (*_told("directive-sent", REQUESTER), *_told("directive-awaited", TICKET)),
    g.DirectiveReminded: _told("directive-reminder", REQUESTER),
    g.DirectiveHelpRequested: _told("directive-help-wanted", PM),
    g.DirectiveHelpGiven: _told("directive-help-given", REQUESTER),
    g.DirectiveSubmitted: _told("directive-returned", PM),
    g.DirectiveSentBack: _told("directive-sent-back", REQUESTER),
    g.DirectiveAccepted: _told("directive-to-sign", ORDERER, LEADER),
    g.DirectiveApproved: _told("directive-approved", REQUESTER, LEADER, PM, TICKET),
    g.DirectiveReopened: _told("directive-reopened", REQUESTER),
    # the portfolio (IT-13, IT-16)
    p.Prioritised: _told("project-prioritised", REQUESTER, TICKET, state="prioritised"),
    p.LeftPortfolio: _told("project-left", LEADER),
    p.Assigned: (
        *_told("project-is-yours", LEADER),
        *_told("project-assigned", REQUESTER, TICKET, state="assigned"),
    ),
    g.PlanCommissioned: _told("plan-wanted", LEADER),
    g.PlanWritten: _told("plan-to-accept", PM, ORDERER),
    g.PlanAgreed: _told("plan-agreed", LEADER, REQUESTER, PM),
    p.WorkStarted: _told("work-started", REQUESTER, TICKET, state="started"),
    # how it goes (IT-20, IT-22, TY-09, TY-15)
    p.StatusReported: (
        *_told("status-reported", PM, ORDERER),
        Telling(MANAGERS, "status-red", only=_red),
    ),
    p.StatusReportMissed: _told("report-missed", LEADER, PM),
    p.GateDecided: _told("gate-decided", ORDERER, LEADER),
    p.DialogueHeld: _told("dialogue-held", NAMED),
    p.ProjectPostponed: _told("project-postponed", *EVERYBODY, state="postponed"),
    p.ProjectLimited: _told("project-limited", *EVERYBODY, state="limited"),
    p.ProjectStopped: _told("project-stopped", *EVERYBODY, state="stopped"),
    p.ProjectResumed: _told("project-resumed", *EVERYBODY, state="resumed"),
    p.ProjectCompleted: _told("project-completed", REQUESTER, ORDERER, PM, TICKET, state="completed"),
    # the managers' round and the CAB (IT-13, IT-21)
    p.RoundOpened: _told("round-opened", MANAGERS),
    p.RoundClosed: _told("round-closed", MANAGERS),
    p.RoundCancelled: _told("round-cancelled", MANAGERS),
    g.MeetingCalled: _told("meeting-called", MANAGERS),
    g.MeetingMoved: _told("meeting-moved", MANAGERS),
    g.MeetingCancelled: _told("meeting-cancelled", MANAGERS),
    g.AgendaSet: _told("agenda-set", MANAGERS),
    g.MinutesWritten: _told("minutes-to-approve", MANAGERS),
    g.MinutesApproved: _told("minutes-approved", MANAGERS),
    g.CabDecided: _told("cab-decided", LEADER, ORDERER, TICKET),
}


@dataclass(frozen=True, slots=True)
class Seat:
    """A receiver known by their office, whose name and address the partnership's settings hold."""

    office: Literal["pm", "it_manager"]
    municipality: str | None = None
    """Whose office; None for the PM, who serves all."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one receiver is to be told of one fact."""

    template: str
    to: Person | Seat | TicketRef
    state: str | None = None


def to_be_told(event: Envelope[Any], known: Known | None) -> list[Told]:
    """Everybody a fact concerns, each once. `known` is what is known of its subject, this fact included."""
    found: dict[UUID | Seat | str, Told] = {}
    for telling in TABLE.get(type(event.data), ()):
        if telling.only(event.data):
            for to in _people(telling.to, event, known):
                key = to.id if isinstance(to, Person) else to if isinstance(to, Seat) else "ticket"
                found.setdefault(key, Told(telling.template, to, telling.state))
    return list(found.values())


def _people(receiver: Receiver, event: Envelope[Any], known: Known | None) -> Iterator[Person | Seat | TicketRef]:
    match receiver:
        case Receiver.PM:
            yield Seat("pm")
        case Receiver.MANAGERS:
            several = known.municipalities if isinstance(known, KnownRound | KnownMeeting) else (event.municipality,)
            yield from (Seat("it_manager", municipality) for municipality in several)
        case Receiver.PROMISED:
            yield from event.data.promised_to
        case Receiver.NAMED:
            yield event.data.with_whom
        case _ if isinstance(known, KnownRequest):
            somebody = getattr(known, receiver.value)
            if somebody is not None:
                yield somebody
        case _:
            return


def told_of(fact: Event, known: Known | None) -> dict[str, str | None]:
    """The values a letter may name: the plain ones of the fact, and what its subject is called. Dates and moments are
    in ISO 8601; personal data is sealed."""
    values = {field.name: getattr(fact, field.name) for field in fields(fact)}  # type: ignore[arg-type]  # facts are dataclasses
    if isinstance(fact, g.DirectiveSentBack):
        values["remarks"] = "\n".join(f"{remark.field}: {remark.text}" for remark in fact.remarks)
    if isinstance(fact, p.Assigned):
        values["leader"] = fact.leader.name
    if isinstance(fact, i.RequestMerged):
        values["into_number"] = fact.into_ticket.number or fact.into_ticket.external_id
    if isinstance(known, KnownRequest):
        values |= {"title": known.title, "ticket": known.ticket.number or known.ticket.external_id}
    elif known is not None:
        values |= {field.name: getattr(known, field.name) for field in fields(known)}
    return {name: _plain(value) for name, value in values.items() if isinstance(value, _PLAIN)}


_PLAIN = (str, int, Decimal, date, datetime, type(None))


def _plain(value: object) -> str | None:
    return value.isoformat() if isinstance(value, date) else None if value is None else str(value)
