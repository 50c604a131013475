"""Redmine: notes, statuses and the reference over its REST API, with a user's API key.

Redmine answers 204 to a change it did not make: what the user may not do, or the workflow does not allow, is passed
over without a word. So each change is looked for afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis.outbox import GiveUp
from chassis.outward import Outward, Remote
from chassis.partnership import Api, ServiceDesk
from contracts.values import TicketRef
from notifications.adapters.port import mark, marked


@dataclass(frozen=True, slots=True)
class Redmine:
    """The issues of one desk. `reference_field` is the name of the custom field for the reference; without one it is a
    private note."""

    remote: Remote
    states: dict[str, str]
    reference_field: str | None = None

    async def comment(self, ticket: TicketRef, text: str, *, key: str) -> None:
        """Add a note that everybody sees who sees the issue."""
        await self._note(ticket, text, key=key, private=False)

    async def set_state(self, ticket: TicketRef, state: str, *, key: str) -> None:
        """Set the status, where the desk has a name for it. Raises GiveUp where the workflow does not allow it."""
        if named := self.states.get(state):
            status = await self._status(named)
            await self._put(ticket, {"status_id": status})
            if (await self._issue(ticket))["status"]["id"] != status:
                raise GiveUp(f"Redmine's workflow does not let our user set the status “{named}”")

    async def set_reference(self, ticket: TicketRef, request_id: UUID, url: str, *, key: str) -> None:
        """Tell in the custom field, or in a private note, where the request is found."""
        if self.reference_field is None:
            await self._note(ticket, f"{request_id}\n{url}", key=key, private=True)
            return
        # The address ends with the request's id; one that does not is told beside it.
        said = url if str(request_id) in url else f"{request_id} {url}"
        there = (await self._issue(ticket)).get("custom_fields", [])
        ours = [one["id"] for one in there if one["name"] == self.reference_field]
        if not ours:
            raise GiveUp(f"the issue has no custom field “{self.reference_field}”, or our user does not see it")
        await self._put(ticket, {"custom_fields": [{"id": ours[0], "value": said}]})

    async def _note(self, ticket: TicketRef, text: str, *, key: str, private: bool) -> None:
        if await self._is_written(ticket, key):
            return
        await self._put(ticket, {"notes": marked(text, key), "private_notes": private})
        if not await self._is_written(ticket, key):
            raise GiveUp("Redmine does not let our user add notes to the issue")

    async def _is_written(self, ticket: TicketRef, key: str) -> bool:
        issue = await self._issue(ticket, include="journals")
        return any(mark(key) in str(entry.get("notes")) for entry in issue["journals"])

    async def _status(self, named: str) -> int:
        """The id of a status. Raises GiveUp for one that is not there."""
        answer = await self.remote.get("/issue_statuses.json")
        for one in answer.json()["issue_statuses"]:
            if one["name"].casefold() == named.casefold():
                return int(one["id"])
        raise GiveUp(f"Redmine has no status “{named}”")

    async def _issue(self, ticket: TicketRef, **query: str) -> dict[str, Any]:
        answer = await self.remote.get(f"/issues/{ticket.external_id}.json", **query)
        issue: dict[str, Any] = answer.json()["issue"]
        return issue

    async def _put(self, ticket: TicketRef, changes: dict[str, Any]) -> None:
        await self.remote.send("PUT", f"/issues/{ticket.external_id}.json", {"issue": changes})


def tickets(desk: ServiceDesk, api: Api, outward: Outward) -> Redmine:
    """The way into the issues of a desk."""
    remote = Remote(outward, api.url, {"X-Redmine-API-Key": api.token})
    return Redmine(remote, desk.states, api.options.get("reference_field"))
