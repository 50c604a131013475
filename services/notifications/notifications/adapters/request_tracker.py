"""Request Tracker 5: correspondence, comments and states over its REST2 API.

What is asked of a ticket that was merged is done in the surviving one. A state that RT will not set is answered with
200 and a sentence, in the language of whoever asks; whether it was set, only the ticket says.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.outbox import GiveUp, Retry
from chassis.outward import Outward, Remote, basic
from chassis.partnership import Api, ServiceDesk
from contracts.values import TicketRef
from notifications.adapters.port import mark, marked

TRIES = 3


@dataclass(frozen=True, slots=True)
class RequestTracker:
    """The tickets of one desk."""

    remote: Remote
    states: dict[str, str]

    async def comment(self, ticket: TicketRef, text: str, *, key: str) -> None:
        """Answer the requester, who is sent it by RT and can see it there."""
        await self._message("correspond", ticket, text, key=key)

    async def set_state(self, ticket: TicketRef, state: str, *, key: str) -> None:
        """Set the status where the desk has a name for it; on what the ticket is now, and no earlier.

        Raises GiveUp for a status that RT does not set from where the ticket is.
        """
        named = self.states.get(state)
        if not named:
            return
        path = f"/REST/2.0/ticket/{ticket.external_id}"
        for _ in range(TRIES):
            there = await self.remote.get(path)
            if there.json().get("Status") == named:
                return
            seen = {"If-Match": there.headers["ETag"]} if "ETag" in there.headers else {}
            answer = await self.remote.send("PUT", path, {"Status": named}, headers=seen, expected=(412,))
            if answer.status != 412:
                await self._make_sure(path, named, answer.json())
                return
        raise Retry("the ticket was changed by others again and again")

    async def _make_sure(self, path: str, named: str, said: list[object]) -> None:
        if (await self.remote.get(path)).json().get("Status") != named:
            raise GiveUp(f"the system did not set the state {named}: {' '.join(map(str, said))}")

    async def set_reference(self, ticket: TicketRef, request_id: UUID, url: str, *, key: str) -> None:
        """Note for the Service Desk where the request is found."""
        await self._message("comment", ticket, f"{request_id}\n{url}", key=key)

    async def _message(self, kind: str, ticket: TicketRef, text: str, *, key: str) -> None:
        path = f"/REST/2.0/ticket/{ticket.external_id}"
        ours = [{"field": "Content", "operator": "LIKE", "value": mark(key)}]
        if (await self.remote.send("POST", f"{path}/attachments", ours)).json()["items"]:
            return
        message = {"Subject": "Flöde", "Content": marked(text, key), "ContentType": "text/plain"}
        await self.remote.send("POST", f"{path}/{kind}", message)


def tickets(desk: ServiceDesk, api: Api, outward: Outward) -> RequestTracker:
    """The way into the tickets of a desk: with a user and a password, or without a user with one of RT's tokens."""
    who = basic(api.user, api.token) if api.user else {"Authorization": f"token {api.token}"}
    return RequestTracker(Remote(outward, api.url, who), desk.states)
