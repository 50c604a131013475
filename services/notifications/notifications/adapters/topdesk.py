"""TOPdesk: actions, processing statuses and the external number over its REST API, with an application password.

An action is HTML of a few tags. The external number takes 60 characters, which an id of ours fits into; where the
Service Desk keeps another number there it stays, and the action that nobody but the desk sees tells of the request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

from chassis.outbox import Retry
from chassis.outward import Outward, Remote, basic
from chassis.partnership import Api, ServiceDesk
from contracts.values import TicketRef
from notifications.adapters.port import as_html, mark, marked

TRIES = 3
"""How often a change is tried while somebody else has the card."""
CONFLICT = 409
PARTIAL = 206
EMPTY = 204
TOGETHER = 100


@dataclass(frozen=True, slots=True)
class TopDesk:
    """The incidents of one desk."""

    remote: Remote
    states: dict[str, str]

    async def comment(self, ticket: TicketRef, text: str, *, key: str) -> None:
        """Add an action that the caller sees."""
        await self._once(ticket, {"action": _action(text, key), "actionInvisibleForCaller": False}, key=key)

    async def set_state(self, ticket: TicketRef, state: str, *, key: str) -> None:
        """Set the processing status, where the desk has a name for it."""
        if named := self.states.get(state):
            await self._once(ticket, {"processingStatus": {"name": named}})

    async def set_reference(self, ticket: TicketRef, request_id: UUID, url: str, *, key: str) -> None:
        """Put the request's id where the external number is, if it is free, and tell the Service Desk its address."""
        note = {"action": _action(f"{request_id}\n{url}", key), "actionInvisibleForCaller": True}
        there = (await self.remote.get(_path(ticket))).json().get("externalNumber")
        await self._once(ticket, note if there else {"externalNumber": str(request_id), **note}, key=key)

    async def _once(self, ticket: TicketRef, change: dict[str, object], *, key: str | None = None) -> None:
        """Change an incident, unless an action with the mark of `key` is there already; look again after a conflict."""
        for _ in range(TRIES):
            if key is not None and await self._has(ticket, mark(key)):
                return
            answer = await self.remote.send("PATCH", _path(ticket), change, expected=(CONFLICT,))
            if answer.status != CONFLICT:
                return
        raise Retry(f"the system answered {CONFLICT}, {TRIES} times")

    async def _has(self, ticket: TicketRef, wanted: str) -> bool:
        """Whether one of the incident's actions has this mark."""
        seen: set[object] = set()
        while True:
            page = await self.remote.get(f"{_path(ticket)}/actions", start=str(len(seen)), page_size=str(TOGETHER))
            entries: list[dict[str, Any]] = [] if page.status == EMPTY else page.json()
            if any(wanted in str(entry.get(name)) for entry in entries for name in ("memoText", "plainText")):
                return True
            new = {entry.get("id") for entry in entries} - seen
            seen |= new
            if page.status != PARTIAL or not new:
                return False


def _path(ticket: TicketRef) -> str:
    """Where the incident is: by its id, or by its number where somebody registered it by hand under that."""
    try:
        return f"/tas/api/incidents/id/{UUID(ticket.external_id)}"
    except ValueError:
        return f"/tas/api/incidents/number/{quote(ticket.external_id, safe='')}"


def _action(text: str, key: str) -> str:
    """A line ends with a tag; a line end besides would be another."""
    return as_html(marked(text, key)).replace("<br>\n", "<br>")


def tickets(desk: ServiceDesk, api: Api, outward: Outward) -> TopDesk:
    """The way into the incidents of a desk."""
    return TopDesk(Remote(outward, api.url, basic(api.user or "", api.token)), desk.states)
