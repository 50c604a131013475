"""Xurrent: notes, statuses, and our id as the request's source, over its REST API with a token."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.outward import Outward, Remote
from chassis.partnership import Api, ServiceDesk
from contracts.values import TicketRef
from notifications.adapters.port import mark, marked

SOURCE = "Flöde"
TOGETHER = 100
MOST_PAGES = 10
"""How many pages of notes are looked through, the newest first; what we wrote before we are asked again is new."""


@dataclass(frozen=True, slots=True)
class Xurrent:
    """The requests of one desk."""

    remote: Remote
    states: dict[str, str]
    completion_reason: str = "solved"

    async def comment(self, ticket: TicketRef, text: str, *, key: str) -> None:
        """Add a note that the requester sees."""
        await self._note(ticket, text, key=key, internal=False)

    async def set_state(self, ticket: TicketRef, state: str, *, key: str) -> None:
        """Set the status, where the desk has a name for it. To be completed a request needs a reason, and where the
        account wants a note with it, one that says who did it."""
        named = self.states.get(state)
        if named is None:
            return
        change = {"status": named}
        if named == "completed":
            change["completion_reason"] = self.completion_reason
        path = f"/v1/requests/{ticket.external_id}"
        if (await self.remote.send("PATCH", path, change, expected=(422,))).status == 422:
            await self.remote.send("PATCH", path, {**change, "note": marked(SOURCE, key)})

    async def set_reference(self, ticket: TicketRef, request_id: UUID, url: str, *, key: str) -> None:
        """Set our id as the request's source, unless it has one, and note for the Service Desk where it is found."""
        path = f"/v1/requests/{ticket.external_id}"
        if not (await self.remote.get(path)).json().get("sourceID"):
            await self.remote.send("PATCH", path, {"source": SOURCE, "sourceID": str(request_id)})
        await self._note(ticket, f"{request_id}\n{url}", key=key, internal=True)

    async def _note(self, ticket: TicketRef, text: str, *, key: str, internal: bool) -> None:
        path = f"/v1/requests/{ticket.external_id}/notes"
        for page in range(1, MOST_PAGES + 1):
            notes = (await self.remote.get(path, per_page=str(TOGETHER), page=str(page))).json()
            if any(mark(key) in str(note.get("text")) for note in notes):
                return
            if len(notes) < TOGETHER:
                break
        await self.remote.send("POST", path, {"text": marked(text, key), "internal": internal})


def tickets(desk: ServiceDesk, api: Api, outward: Outward) -> Xurrent:
    """The way into the requests of a desk."""
    account = api.options.get("account")
    headers = {"X-Xurrent-Account": account, "X-4me-Account": account} if account else {}
    remote = Remote(outward, api.url, {"Authorization": f"Bearer {api.token}", **headers})
    return Xurrent(remote, desk.states, api.options.get("completion_reason", "solved"))
