"""OpenProject: comments, states and the reference over its API v3, with an API token.

Comments are Markdown. A work package is changed at the `lockVersion` it was read with; who was overtaken reads it
again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis.outbox import GiveUp, Retry
from chassis.outward import Outward, Remote, basic
from chassis.partnership import Api, ServiceDesk
from contracts.values import TicketRef
from notifications.adapters.port import as_html, mark, marked

ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class OpenProject:
    """The work packages of one desk. `reference_field` names the custom field for the reference; without one it is an
    internal comment."""

    remote: Remote
    states: dict[str, str]
    reference_field: str | None = None

    async def comment(self, ticket: TicketRef, text: str, *, key: str) -> None:
        """Add a comment that everybody sees who sees the work package."""
        await self._comment(ticket, text, key=key)

    async def set_state(self, ticket: TicketRef, state: str, *, key: str) -> None:
        """Set the status, where the desk has a name for it."""
        if named := self.states.get(state):
            href = await self._status(named)
            await self._change(ticket, {"_links": {"status": {"href": href}}})

    async def set_reference(self, ticket: TicketRef, request_id: UUID, url: str, *, key: str) -> None:
        """Tell in the custom field, or in an internal comment, where the request is found."""
        if self.reference_field:
            # The address ends with the request's id; one that does not is told beside it.
            said = url if str(request_id) in url else f"{request_id} {url}"
            await self._change(ticket, {self.reference_field: said})
        else:
            await self._comment(ticket, f"{request_id}\n{url}", key=key, internal=True)

    async def _comment(self, ticket: TicketRef, text: str, *, key: str, internal: bool = False) -> None:
        path = f"/api/v3/work_packages/{ticket.external_id}/activities"
        there = (await self.remote.get(path)).json()["_embedded"]["elements"]
        if any(mark(key) in str((one.get("comment") or {}).get("raw")) for one in there):
            return
        comment: dict[str, Any] = {"comment": {"raw": marked(as_markdown(text), key)}}
        await self.remote.send("POST", path, comment | ({"internal": True} if internal else {}))

    async def _status(self, named: str) -> str:
        """The address of a status. Raises GiveUp for one that is not there."""
        answer = await self.remote.get("/api/v3/statuses")
        for one in answer.json()["_embedded"]["elements"]:
            if one["name"].casefold() == named.casefold():
                return str(one["_links"]["self"]["href"])
        raise GiveUp(f"OpenProject has no status “{named}”")

    async def _change(self, ticket: TicketRef, changes: dict[str, Any]) -> None:
        """Change the work package as it is now. Raises Retry when others are faster every time."""
        path = f"/api/v3/work_packages/{ticket.external_id}"
        for _ in range(ATTEMPTS):
            version = (await self.remote.get(path)).json()["lockVersion"]
            answer = await self.remote.send("PATCH", path, {"lockVersion": version, **changes}, expected=(409,))
            if answer.status != 409:
                return
        raise Retry("the work package was changed again and again by others")


def as_markdown(text: str) -> str:
    """A plain text as Markdown that shows it: nothing in it is a tag or an entity, and lines stay apart."""
    return as_html(text).replace("<br>\n", "  \n")


def tickets(desk: ServiceDesk, api: Api, outward: Outward) -> OpenProject:
    """The way into the work packages of a desk."""
    remote = Remote(outward, api.url, basic("apikey", api.token))
    return OpenProject(remote, desk.states, api.options.get("reference_field"))
