"""What intake says: a ticket was registered, changed, withdrawn, merged, reopened; the PM judged it."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from contracts.event import Event, fact
from contracts.personal import Personal
from contracts.topics import REQUEST
from contracts.values import (
    Attachment,
    AwareDatetime,
    CriterionMet,
    Line,
    Municipality,
    Origin,
    Person,
    Text,
    TicketRef,
)

SOURCE = "/flode/intake"


@fact("intake.request-registered", topic=REQUEST)
class RequestRegistered(Event):
    """A municipality's Service Desk handed over a ticket of the project flow; the request exists from here on (IT-02).

    The ticket's reference stays with the request for ever (IT-03). What the requester wrote is sealed as theirs:
    `description` as text, and `description_html` besides where it was written with markup, sanitised.
    """

    request_id: UUID
    ticket: TicketRef
    title: Line
    description: Personal | None = None
    description_html: Personal | None = None
    attachments: tuple[Attachment, ...] = ()
    requester: Person
    organisation: str | None = None
    origin: Origin = "business"
    serves: tuple[Municipality, ...] = ()
    opened_at: AwareDatetime
    revision: int | None = None
    priority: int | None = None


@fact("intake.request-changed", topic=REQUEST)
class RequestChanged(Event):
    """The ticket was edited at the source. Nothing is re-judged by itself; the PM sees the difference.

    Everything is as the ticket says it now. `ticket` is there when people call it something else since: its number or
    address changed, and the id that IT-03 keeps for ever did not.
    """

    request_id: UUID
    title: Line
    description: Personal | None = None
    description_html: Personal | None = None
    attachments: tuple[Attachment, ...] = ()
    ticket: TicketRef | None = None
    revision: int | None = None
    priority: int | None = None
    changed_at: AwareDatetime


@fact("intake.request-withdrawn", topic=REQUEST)
class RequestWithdrawn(Event):
    """The ticket left the project flow at its source: taken back, closed or deleted there. Its history stays."""

    request_id: UUID
    reason: Literal["left_flow", "closed", "deleted", "withdrawn"]
    note: Text = ""


@fact("intake.request-merged", topic=REQUEST)
class RequestMerged(Event):
    """The Service Desk joined this ticket with another; what concerns it is followed in the surviving request."""

    request_id: UUID
    into: UUID
    into_ticket: TicketRef


@fact("intake.request-reopened", topic=REQUEST)
class RequestReopened(Event):
    """A ticket that had been withdrawn or sent back came back into the project flow."""

    request_id: UUID
    note: Text = ""


@fact("intake.classified-as-project", topic=REQUEST)
class ClassifiedAsProject(Event):
    """The PM judged the request so large that it is a project (IT-05, IT-06); it enters the portfolio (IT-08).

    `requester`, `title` and `origin` are carried along so that those who act on this fact need no other.
    """

    request_id: UUID
    reason: Text
    criteria: tuple[CriterionMet, ...]
    title: Line
    requester: Person
    ticket: TicketRef
    origin: Origin = "business"
    serves: tuple[Municipality, ...] = ()


@fact("intake.classified-as-change", topic=REQUEST)
class ClassifiedAsChange(Event):
    """The PM judged the request a change within daily operation; it goes back to the Service Desk (IT-06).

    The flow of a change ends here.
    """

    request_id: UUID
    reason: Text
    criteria: tuple[CriterionMet, ...]
    requester: Person
    ticket: TicketRef


@fact("intake.classification-withdrawn", topic=REQUEST)
class ClassificationWithdrawn(Event):
    """The PM took a judgement back, with a reason; the request waits in the inbox again."""

    request_id: UUID
    was: Literal["project", "change"]
    reason: Text


IntakeFact = (
    RequestRegistered
    | RequestChanged
    | RequestWithdrawn
    | RequestMerged
    | RequestReopened
    | ClassifiedAsProject
    | ClassifiedAsChange
    | ClassificationWithdrawn
)
