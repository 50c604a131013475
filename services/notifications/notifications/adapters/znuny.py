"""Znuny: articles and states by its own web service, with an agent's login in each body.

Our own article sets the invoker off that told us of the ticket; what comes back says nothing new of it. Errors come
with the status 200 and `Error` in the body.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from chassis.outbox import GiveUp, Retry
from chassis.outward import Outward, Remote
from chassis.partnership import Api, ServiceDesk
from contracts.values import TicketRef
from notifications.adapters.port import mark, marked

FOR_GOOD = (
    "AuthFail",
    "AccessDenied",
    "MissingParameter",
    "InvalidParameter",
    "WrongStructure",
    "InvalidConfiguration",
)
"""How the codes of errors end that come again however often it is tried."""


@dataclass(frozen=True, slots=True)
class Znuny:
    """The tickets of one desk."""

    remote: Remote
    login: dict[str, str] = field(repr=False)
    states: dict[str, str]

    async def comment(self, ticket: TicketRef, text: str, *, key: str) -> None:
        """Add an article that the requester sees."""
        await self._article(ticket, text, key=key, visible=True)

    async def set_state(self, ticket: TicketRef, state: str, *, key: str) -> None:
        """Set the state, where the desk has a name for it."""
        if named := self.states.get(state):
            await self._ask("PATCH", f"/Ticket/{ticket.external_id}", Ticket={"State": named})

    async def set_reference(self, ticket: TicketRef, request_id: UUID, url: str, *, key: str) -> None:
        """Note for the Service Desk where the request is found."""
        await self._article(ticket, f"{request_id}\n{url}", key=key, visible=False)

    async def _article(self, ticket: TicketRef, text: str, *, key: str, visible: bool) -> None:
        known = await self._ask("POST", "/Ticket/Get", TicketID=[ticket.external_id], AllArticles=1, Attachments=0)
        articles = [one for found in known.get("Ticket") or [] for one in found.get("Article") or []]
        if any(mark(key) in str(article.get("Body")) for article in articles):
            return
        article = {
            "Subject": "Flöde", "Body": marked(text, key), "ContentType": "text/plain; charset=utf-8",
            "CommunicationChannel": "Internal", "SenderType": "agent", "IsVisibleForCustomer": int(visible),
        }  # fmt: skip
        await self._ask("PATCH", f"/Ticket/{ticket.external_id}", Article=article)

    async def _ask(self, method: str, path: str, **what: object) -> dict[str, Any]:
        answer = (await self.remote.send(method, path, {**self.login, **what})).json()
        if not isinstance(answer, dict):
            raise Retry("the system answered with something else than an object")
        if error := answer.get("Error"):
            code = str(error.get("ErrorCode") if isinstance(error, dict) else error)
            failed = GiveUp if code.rpartition(".")[2] in FOR_GOOD else Retry
            raise failed(f"the system answered {code}")
        return answer


def tickets(desk: ServiceDesk, api: Api, outward: Outward) -> Znuny:
    """The way into the tickets of a desk."""
    return Znuny(Remote(outward, api.url), {"UserLogin": api.user or "", "Password": api.token}, desk.states)
