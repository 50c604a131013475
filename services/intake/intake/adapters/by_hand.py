"""A ticket that a person at the Service Desk types in: it came by phone, or its system cannot deliver."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from contracts.values import Line, Municipality, Origin
from intake.adapters.ticket import Requester, Ticket, Url
from intake.domain.ticket import PHONE

Number = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class TicketGiven(BaseModel):
    """The reference of the ticket the Service Desk works in (IT-03)."""

    system: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")] = PHONE
    external_id: Number | None = Field(default=None, description="The system's own id, where it is not the number.")
    number: Number | None = None
    url: Url | None = None


class Registration(BaseModel):
    """A ticket as it is typed in."""

    municipality: Municipality
    ticket: TicketGiven = TicketGiven()
    title: Line
    description: Annotated[str, Field(max_length=20_000)] = ""
    requester: Requester
    organisation: Line | None = None
    priority: Annotated[int, Field(ge=1, le=5)] | None = None
    serves: Annotated[tuple[Municipality, ...], Field(max_length=50)] = ()
    origin: Origin = "business"
    opened_at: AwareDatetime | None = None

    def as_ticket(self, otherwise: str) -> Ticket:
        """The ticket. One that has no number is told apart by `otherwise`, the id of the command that registers it."""
        return Ticket(
            kind="created",
            flow="projekt",
            external_id=self.ticket.external_id or self.ticket.number or otherwise,
            number=self.ticket.number,
            url=self.ticket.url,
            title=self.title,
            description=self.description,
            description_format="text",
            requester=self.requester,
            organisation=self.organisation,
            opened_at=self.opened_at,
            priority=self.priority,
            serves=self.serves,
            origin=self.origin,
        )
