"""Answers to tickets as webhooks: POSTs signed by Standard Webhooks, to the address the partnership's file names."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from uuid import UUID

from chassis.clock import Clock
from chassis.outward import Outward
from chassis.partnership import WriteBack
from contracts.values import TicketRef


@dataclass(frozen=True, slots=True)
class WebhookTickets:
    """A ticketing system that takes webhooks."""

    way: WriteBack
    outward: Outward
    clock: Clock

    async def comment(self, ticket: TicketRef, text: str, *, key: str) -> None:
        """POST a comment."""
        await self._post("ticket.comment", ticket, key, text=text)

    async def set_state(self, ticket: TicketRef, state: str, *, key: str) -> None:
        """POST a state."""
        await self._post("ticket.state", ticket, key, state=state)

    async def set_reference(self, ticket: TicketRef, request_id: UUID, url: str, *, key: str) -> None:
        """POST where the request is found."""
        await self._post("ticket.reference", ticket, key, request=str(request_id), url=url)

    async def _post(self, kind: str, ticket: TicketRef, key: str, **said: str) -> None:
        data = {"municipality": self.outward.municipality, "ticket": asdict(ticket), **said}
        body = json.dumps({"type": kind, "data": data}, ensure_ascii=False, separators=(",", ":")).encode()
        headers = signed(self.way.secret, key, body, int(self.clock.now().timestamp()))
        await self.outward.ask("POST", self.way.url, body=body, headers=headers)


def signed(secret: str, key: str, body: bytes, at: int) -> dict[str, str]:
    """The headers of a signed POST. `webhook-id` is the key, so that a repeated one is known; `at` in Unix seconds."""
    moment = str(at)
    shared = base64.b64decode(secret.removeprefix("whsec_"))
    signature = hmac.digest(shared, f"{key}.{moment}.".encode() + body, hashlib.sha256)
    return {
        "Content-Type": "application/json",
        "webhook-id": key,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }
