"""ServiceNow: comments, work notes, states and the correlation id over the Table API, with a user's password.

Comments and work notes are journals: writing one adds an entry, and what they show is every entry. An instance that
sleeps answers 200 with a page, which is no answer and is asked again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

from chassis.outbox import GiveUp, Retry
from chassis.outward import Outward, Remote, basic
from chassis.partnership import Api, ServiceDesk
from contracts.values import TicketRef
from notifications.adapters.port import mark, marked

TABLE = "incident"
TRIES = 3
CONFLICTS = (409, 412)
AGAIN = f"the system answered with a conflict, {TRIES} times"


@dataclass(frozen=True, slots=True)
class ServiceNow:
    """The records of one desk."""

    remote: Remote
    table: str
    states: dict[str, str]

    async def comment(self, ticket: TicketRef, text: str, *, key: str) -> None:
        """Add a comment that the caller sees."""
        await self._journal(ticket, "comments", marked(text, key), {}, key=key)

    async def set_state(self, ticket: TicketRef, state: str, *, key: str) -> None:
        """Set the state, by its label or by the number behind it, where the desk has a name for it."""
        if named := self.states.get(state):
            by_label = "" if named.lstrip("-").isdecimal() else "&sysparm_input_display_value=true"
            for _ in range(TRIES):
                if await self._change(ticket, {"state": named}, by_label):
                    return
            raise Retry(AGAIN)

    async def set_reference(self, ticket: TicketRef, request_id: UUID, url: str, *, key: str) -> None:
        """Put the request's id where the correlation id is, if it is free, and tell the Service Desk its address."""
        free = (await self._shown(ticket, "correlation_id")) in ("", str(request_id))
        ours = {"correlation_id": str(request_id), "correlation_display": "Flöde"} if free else {}
        await self._journal(ticket, "work_notes", marked(f"{request_id}\n{url}", key), ours, key=key)

    async def _journal(self, ticket: TicketRef, journal: str, entry: str, besides: dict[str, str], *, key: str) -> None:
        """Add an entry to a journal, unless one has the mark of `key`; look again after a conflict."""
        for _ in range(TRIES):
            if mark(key) in await self._shown(ticket, journal):
                return
            if await self._change(ticket, {journal: entry, **besides}):
                return
        raise Retry(AGAIN)

    async def _shown(self, ticket: TicketRef, field: str) -> str:
        """What people see of a field; of a journal, all its entries."""
        found = await self.remote.get(self._path(ticket), sysparm_display_value="true", sysparm_fields=field)
        return str(_result(found.json()).get(field) or "")

    async def _change(self, ticket: TicketRef, change: dict[str, str], how: str = "") -> bool:
        """Change a record; whether it was, and not held up by somebody else's change."""
        path = f"{self._path(ticket)}?sysparm_fields=sys_id{how}"
        answer = await self.remote.send("PATCH", path, change, expected=CONFLICTS)
        if answer.status in CONFLICTS:
            return False
        _result(answer.json())
        return True

    def _path(self, ticket: TicketRef) -> str:
        if not re.fullmatch("[0-9a-f]{32}", ticket.external_id):
            raise GiveUp(f"{ticket.external_id} is not the sys_id of a record")
        return f"/api/now/table/{quote(self.table, safe='')}/{ticket.external_id}"


def _result(body: Any) -> dict[str, Any]:
    """The record of an answer. Raises Retry for an error, which may come with status 200."""
    if not isinstance(body, dict) or "error" in body or not isinstance(body.get("result"), dict):
        raise Retry("the system answered without a result")
    found: dict[str, Any] = body["result"]
    return found


def tickets(desk: ServiceDesk, api: Api, outward: Outward) -> ServiceNow:
    """The way into the records of a desk."""
    remote = Remote(outward, api.url, basic(api.user or "", api.token))
    return ServiceNow(remote, api.options.get("table", TABLE), desk.states)
