"""Znuny 6.5 and 7: a web service whose invoker of the type Ticket::Generic sends the ticket with all its articles. It
signs nothing; it says who it is by Basic, or by a Bearer token.

The body is made when the daemon sends it, and again at each try. Times have no zone: they are in Znuny's OTRSTimeZone,
which is the desk's `timezone` (UTC unless it is set). A merged ticket says into which it was merged only in the event
that tells of the merge; its history says so for good.

The queue tells the project flow; the desk's option `flow_field` names another field of the ticket where it is not the
queue: "Type", "Service", "DynamicField_Flow". Where there is a dynamic field "FlodeRequest" for tickets, Znuny sets it
from our answer to the id of the request (IT-03); the answer sets nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parseaddr
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from chassis.i18n import N_
from chassis.options import flow_field
from chassis.partnership import ServiceDesk
from chassis.plain import in_plain_words
from intake.adapters import znuny_api
from intake.adapters.attachments import Listed, hung
from intake.adapters.port import Arrived, Said, System, Way
from intake.adapters.proofs import bearer
from intake.adapters.znuny_steps import STEPS
from intake.adapters.zones import certain, moment

CLOSED = ("closed", "removed")
"""The types of the states in which a ticket is over; states have names of their own besides."""
FLOW_FIELD = flow_field(
    "Queue",
    hint=N_("A ticket belongs to the project flow by what stands in it: Queue, Type, Service, or DynamicField_ and the "
            "name of a dynamic field."),
    pattern=r"\w+",
    example="DynamicField_Flow",
)  # fmt: skip
MERGED = "merged"
FIELD = "FlodeRequest"
TELLS_OF_A_REQUEST = ("registered", "changed", "reopened")

Id = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value)]


def _or_none(value: object) -> object:
    """Perl makes {} or "" of what is not there."""
    return value or None


class CustomerUser(BaseModel):
    """Who asks, if Znuny knows them."""

    first: str | None = Field(default=None, alias="UserFirstname")
    last: str | None = Field(default=None, alias="UserLastname")
    email: str | None = Field(default=None, alias="UserEmail")


class Company(BaseModel):
    """Where they work."""

    name: str | None = Field(default=None, alias="CustomerCompanyName")


class Article(BaseModel):
    """One entry of a ticket's conversation."""

    id: Annotated[Id | None, BeforeValidator(_or_none)] = Field(default=None, alias="ArticleID")
    attachments: Listed = Field(default=None, alias="Attachment")
    sender: str | None = Field(default=None, alias="From")
    sender_type: str | None = Field(default=None, alias="SenderType")
    visible: Id = Field(default="1", alias="IsVisibleForCustomer")
    content_type: str | None = Field(default=None, alias="ContentType")
    body: str | None = Field(default=None, alias="Body")


class ZnunyTicket(BaseModel):
    """A ticket with what belongs to it; other fields are kept for `flow_field`."""

    model_config = ConfigDict(extra="allow")

    id: Id = Field(alias="TicketID")
    number: Id = Field(alias="TicketNumber")
    title: str = Field(alias="Title")
    queue: str = Field(alias="Queue")
    state: str = Field(alias="State")
    state_type: str = Field(default="", alias="StateType")
    priority: str = Field(default="", alias="Priority")
    created: datetime = Field(alias="Created")
    changed: datetime = Field(alias="Changed")
    customer_id: Annotated[Id | None, BeforeValidator(_or_none)] = Field(default=None, alias="CustomerID")
    customer_login: Annotated[Id | None, BeforeValidator(_or_none)] = Field(default=None, alias="CustomerUserID")
    customer: Annotated[CustomerUser | None, BeforeValidator(_or_none)] = Field(default=None, alias="CustomerUser")
    company: Annotated[Company | None, BeforeValidator(_or_none)] = Field(default=None, alias="CustomerCompany")
    articles: Annotated[tuple[Article, ...] | None, BeforeValidator(_or_none)] = Field(default=None, alias="Articles")
    article: Annotated[Article | None, BeforeValidator(_or_none)] = Field(default=None, alias="Article")
    """The one that the event is about; only this one brings its files along, and they come whole."""

    @property
    def asked_for(self) -> Article | None:
        """The first article that the requester sees: what was asked for. None where no articles were sent."""
        seen = (one for one in self.articles or () if one.visible != "0" and one.body is not None)
        return next(seen, None)

    @property
    def files(self) -> list[dict[str, Any]] | None:
        """What hangs on what was asked for; None where that is not told. An article's files have names of their own."""
        first = self.asked_for
        if first is None:
            return None
        same = self.article is not None and first.id is not None and self.article.id == first.id
        listed = self.article.attachments if self.article and same else first.attachments
        where = f"{self.id}/{first.id}"
        return hung(
            listed,
            lambda file: f"{where}/{file['Filename']}" if first.id and file.get("Filename") else None,
            name="Filename",
            kind="ContentType",
            size="FilesizeRaw",
        )

    @property
    def requester(self) -> dict[str, str] | None:
        """Who asks, in the words of the generic ticket; of somebody whom Znuny does not know, what their mail said."""
        if self.customer and (self.customer.email or self.customer.last):
            name = " ".join(part for part in (self.customer.first, self.customer.last) if part)
            return _person(name, self.customer.email or "")
        first = self.asked_for
        if first and first.sender and first.sender_type in (None, "customer"):
            return _person(*parseaddr(first.sender))
        return _person("", self.customer_login or "")

    @property
    def urgency(self) -> int | None:
        """From 1, the most urgent, to 5: Znuny counts the other way, at the beginning of the name ("3 normal")."""
        counted = re.match(r"[1-5]\b", self.priority)
        return 6 - int(counted[0]) if counted else None

    def flow(self, field: str) -> str | None:
        """What tells the project flow: empty for a ticket of none, None where that was not sent."""
        if field == "Queue":
            return self.queue
        others = self.model_extra or {}
        # Of what a ticket can have and has not, Znuny names the id alone.
        return str(others.get(field) or "") if field in others or f"{field}ID" in others else None


class Event(BaseModel):
    """What happened, and which ticket survives, where one was merged."""

    name: str = Field(default="", alias="Event")
    ticket: Id = Field(alias="TicketID")
    article: Annotated[Id | None, BeforeValidator(_or_none)] = Field(default=None, alias="ArticleID")
    into: Annotated[Id | None, BeforeValidator(_or_none)] = Field(default=None, alias="MainTicketID")
    into_number: Annotated[Id | None, BeforeValidator(_or_none)] = Field(default=None, alias="MainTicketNumber")


class Payload(BaseModel):
    """What the invoker sends by itself. A deleted ticket is {}. `MainTicketNumber` is what we add to a record."""

    ticket: Annotated[ZnunyTicket | None, BeforeValidator(_or_none)] = Field(alias="Ticket")
    event: Event = Field(alias="Event")


def said(arrived: Arrived, desk: ServiceDesk) -> Said:
    """The ticket as it is now."""
    payload = arrived.read(Payload)
    ticket, event = payload.ticket, payload.event
    if event.name == "TicketDelete":
        return Said(ticket={"external_id": event.ticket, "kind": "deleted"}, key=f"TicketDelete {event.ticket}")
    if ticket is None:
        raise in_plain_words([{"type": "missing", "loc": ("Ticket",)}], any_case=True)
    changed = ticket.changed.isoformat(sep=" ")
    key = f"polled {ticket.id} {changed}" if arrived.polled else _key(event, changed)
    told: dict[str, object] = {
        "external_id": ticket.id,
        "number": ticket.number,
        "url": _url(desk, ticket.id),
        "updated_at": certain(ticket.changed, desk.timezone),
    }
    if MERGED in (ticket.state_type, ticket.state):
        into = {"external_id": event.into, "number": event.into_number} if event.into not in (None, ticket.id) else None
        told |= {"kind": "merged", "into": into}
        return Said(ticket=told, key=key, lookup="never" if into or arrived.polled else "always")
    closed = _is_closed(ticket, desk)
    asked_for = ticket.asked_for
    told |= {
        "kind": "closed" if closed else "changed",
        "open": not closed,
        "flow": ticket.flow(FLOW_FIELD.of(desk.api)),
        "title": ticket.title,
        "requester": ticket.requester,
        "organisation": (ticket.company and ticket.company.name) or ticket.customer_id,
        "opened_at": moment(ticket.created, desk.timezone),
        "priority": ticket.urgency,
    }
    if asked_for is not None:
        html = (asked_for.content_type or "").startswith("text/html")
        told |= {"description": asked_for.body, "description_format": "html" if html else "text"}
        told["attachments"] = ticket.files
    return Said(ticket=told, key=key, lookup="new" if asked_for is None else "never")


def _key(event: Event, changed: str) -> str:
    # Znuny names no delivery. What a newer try says under the same words is told apart by what it says.
    return f"{event.name or 'Event'} {event.ticket} {event.article or '-'} {changed}"


def _is_closed(ticket: ZnunyTicket, desk: ServiceDesk) -> bool:
    called = {ticket.state.casefold(), ticket.state_type.casefold()}
    return bool(called & {*CLOSED, *(name.casefold() for name in desk.closed)})


def _person(name: str, email: str) -> dict[str, str] | None:
    known = {"email": email} if re.fullmatch(r"[^@\s]+@[^@\s]+", email) else {}
    return {"name": (name or email)[:200], **known} if name or email else None


def _url(desk: ServiceDesk, ticket: str) -> str | None:
    base = desk.base.partition("/nph-genericinterface.pl")[0]
    return f"{base}/index.pl?Action=AgentTicketZoom;TicketID={ticket}" if base else None


def reply(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer, with the one thing that Znuny is to do: note the request's id. It passes over a field that is not
    there. Of a ticket that is no more it is not asked: that would fail, and be tried ten times."""
    if answer.get("outcome") not in TELLS_OF_A_REQUEST or "id" not in answer:
        return answer
    return {**answer, f"OTRS_TicketDynamicFieldSet_{FIELD}": answer["id"]}


async def look_up(way: Way, arrived: Arrived) -> Arrived:
    """The ticket of a delivery, with its articles and, if it was merged, the ticket it was merged into."""
    return await znuny_api.one(way, arrived.read(Payload).event.ticket)


system = System(
    name="Znuny",
    proof=bearer,
    said=said,
    reply=reply,
    look_up=look_up,
    fetch=znuny_api.one,
    names=("Event.TicketID", "Ticket.TicketID"),
    changed=znuny_api.changed,
    open_file=znuny_api.open_file,
    options=(FLOW_FIELD,),
    steps=STEPS,
)
