"""GLPI: follow-ups and states, over the high-level API of GLPI 11, or over the older one where the desk's options say
`api = "legacy"`. States are told by GLPI's numbers (1 is new, 6 is closed).

What we write is told of by the webhook of updates; it says nothing new of the ticket.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from uuid import UUID

from chassis.oauth import bearer
from chassis.outbox import GiveUp, Retry
from chassis.outward import Outward, Remote
from chassis.partnership import Api, ServiceDesk
from contracts.values import TicketRef
from notifications.adapters.port import as_html, mark, marked


class Door(Protocol):
    """One of GLPI's APIs, opened."""

    async def follow_ups(self, ticket: str) -> str:
        """All follow-ups of a ticket, as they were answered."""

    async def follow_up(self, ticket: str, content: str, *, private: bool) -> None:
        """Add a follow-up, in HTML."""

    async def set_status(self, ticket: str, status: int) -> None:
        """Set the state."""


@dataclass(frozen=True, slots=True)
class Glpi:
    """The tickets of one desk."""

    opened: Callable[[], AbstractAsyncContextManager[Door]]
    states: dict[str, str]

    async def comment(self, ticket: TicketRef, text: str, *, key: str) -> None:
        """Add a follow-up that the requester sees."""
        await self._follow_up(ticket, text, key=key, private=False)

    async def set_state(self, ticket: TicketRef, state: str, *, key: str) -> None:
        """Set the state, where the desk has a number for it."""
        if not (named := self.states.get(state)):
            return
        if not named.isdecimal():
            raise GiveUp(f"{named} is not the number of a state")
        async with self.opened() as door:
            await door.set_status(ticket.external_id, int(named))

    async def set_reference(self, ticket: TicketRef, request_id: UUID, url: str, *, key: str) -> None:
        """Note for the Service Desk where the request is found."""
        await self._follow_up(ticket, f"{request_id}\n{url}", key=key, private=True)

    async def _follow_up(self, ticket: TicketRef, text: str, *, key: str, private: bool) -> None:
        async with self.opened() as door:
            if mark(key) not in await door.follow_ups(ticket.external_id):
                await door.follow_up(ticket.external_id, as_html(marked(text, key)), private=private)


@dataclass(frozen=True, slots=True)
class HighLevel:
    """The API of GLPI 11."""

    remote: Remote

    async def follow_ups(self, ticket: str) -> str:
        """All follow-ups of a ticket, as they were answered."""
        return (await self.remote.get(f"/api.php/Assistance/Ticket/{ticket}/Timeline/Followup")).body.decode()

    async def follow_up(self, ticket: str, content: str, *, private: bool) -> None:
        """Add a follow-up."""
        path = f"/api.php/Assistance/Ticket/{ticket}/Timeline/Followup"
        await self.remote.send("POST", path, {"content": content, "is_private": private})

    async def set_status(self, ticket: str, status: int) -> None:
        """Set the state: as the schema has it, or as a bare number, which is what some versions of GLPI 11 take. One
        passes over what the other takes; the answer is the ticket."""
        path = f"/api.php/Assistance/Ticket/{ticket}"
        for said in ({"id": status}, status):
            answer = (await self.remote.send("PATCH", path, {"status": said})).json()
            now = answer.get("status") if isinstance(answer, dict) else None
            if isinstance(now, dict) and now.get("id") == status:
                return
        raise GiveUp(f"the system did not take the state {status}")


@dataclass(frozen=True, slots=True)
class Legacy:
    """The API of GLPI 10 and before, in a session."""

    remote: Remote

    async def follow_ups(self, ticket: str) -> str:
        """The newest follow-ups of a ticket, as they were answered."""
        query = {"range": "0-999", "order": "DESC"}
        return (await self.remote.get(f"/apirest.php/Ticket/{ticket}/ITILFollowup", **query)).body.decode()

    async def follow_up(self, ticket: str, content: str, *, private: bool) -> None:
        """Add a follow-up."""
        said = {"itemtype": "Ticket", "items_id": int(ticket), "content": content, "is_private": int(private)}
        await self.remote.send("POST", "/apirest.php/ITILFollowup", {"input": said})

    async def set_status(self, ticket: str, status: int) -> None:
        """Set the state."""
        await self.remote.send("PUT", f"/apirest.php/Ticket/{ticket}", {"input": {"status": status}})


@asynccontextmanager
async def high_level(api: Api, outward: Outward) -> AsyncIterator[Door]:
    """The API of GLPI 11, with a token for the user's password."""
    form = {
        "grant_type": "password", "client_id": api.options.get("client_id", ""),
        "client_secret": api.options.get("client_secret", ""), "username": api.user or "",
        "password": api.token, "scope": "api",
    }  # fmt: skip
    yield HighLevel(Remote(outward, api.url, await bearer(outward, f"{api.url.rstrip('/')}/api.php/token", form)))


@asynccontextmanager
async def legacy(api: Api, outward: Outward) -> AsyncIterator[Door]:
    """The older API, for the length of a session."""
    app = {"App-Token": api.options["app_token"]} if "app_token" in api.options else {}
    first = Remote(outward, api.url, {**app, "Authorization": f"user_token {api.token}"})
    begun = (await first.get("/apirest.php/initSession")).json()
    if not isinstance(begun, dict) or "session_token" not in begun:
        raise GiveUp("the system began no session")
    remote = Remote(outward, api.url, {**app, "Session-Token": begun["session_token"]})
    try:
        yield Legacy(remote)
    finally:
        with suppress(GiveUp, Retry):
            await remote.get("/apirest.php/killSession")


def tickets(desk: ServiceDesk, api: Api, outward: Outward) -> Glpi:
    """The way into the tickets of a desk."""
    way = legacy if api.options.get("api") == "legacy" else high_level
    return Glpi(partial(way, api, outward), desk.states)
