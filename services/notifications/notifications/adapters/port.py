"""The way back into a ticket. Each ticketing system has an adapter of this shape, in a file of its own."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from contracts.values import TicketRef


class TicketingSystem(Protocol):
    """What can be written into a ticket. Each call has a key of its own, the same when it is repeated (P9).

    Raises Retry when it did not work now, GiveUp when it never will.
    """

    async def comment(self, ticket: TicketRef, text: str, *, key: str) -> None:
        """Add a comment that the requester can see."""

    async def set_state(self, ticket: TicketRef, state: str, *, key: str) -> None:
        """Tell how far the matter has come: "registered", "project", "change", "prioritised", "assigned", "started",
        "postponed", "limited", "stopped", "resumed", "completed". The system knows what it calls that."""

    async def set_reference(self, ticket: TicketRef, request_id: UUID, url: str, *, key: str) -> None:
        """Tell under which id and address the request is found here (IT-03)."""
