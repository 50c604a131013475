"""Zammad: articles and states over its REST API, with a token.

Our own article sets the trigger off that told us of the ticket; what comes back says nothing new of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.outward import Outward, Remote
from chassis.partnership import Api, ServiceDesk
from contracts.values import TicketRef
from notifications.adapters.port import mark, marked


@dataclass(frozen=True, slots=True)
class Zammad:
    """The tickets of one desk."""

    remote: Remote
    states: dict[str, str]

    async def comment(self, ticket: TicketRef, text: str, *, key: str) -> None:
        """Add an article that the requester sees."""
        await self._article(ticket, text, key=key, internal=False)

    async def set_state(self, ticket: TicketRef, state: str, *, key: str) -> None:
        """Set the state, where the desk has a name for it."""
        if named := self.states.get(state):
            await self.remote.send("PUT", f"/api/v1/tickets/{ticket.external_id}", {"state": named})

    async def set_reference(self, ticket: TicketRef, request_id: UUID, url: str, *, key: str) -> None:
        """Note for the Service Desk where the request is found."""
        await self._article(ticket, f"{request_id}\n{url}", key=key, internal=True)

    async def _article(self, ticket: TicketRef, text: str, *, key: str, internal: bool) -> None:
        there = await self.remote.get(f"/api/v1/ticket_articles/by_ticket/{ticket.external_id}")
        if any(mark(key) in str(article.get("body")) for article in there.json()):
            return
        article = {
            "ticket_id": int(ticket.external_id), "subject": "Flöde", "body": marked(text, key),
            "content_type": "text/plain", "type": "note", "internal": internal,
        }  # fmt: skip
        await self.remote.send("POST", "/api/v1/ticket_articles", article)


def tickets(desk: ServiceDesk, api: Api, outward: Outward) -> Zammad:
    """The way into the tickets of a desk."""
    return Zammad(Remote(outward, api.url, {"Authorization": f"Token token={api.token}"}), desk.states)
