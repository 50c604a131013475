"""Answers to tickets as webhooks: POSTs signed by Standard Webhooks, to the address the partnership's file names.

The address is the municipality's choice, so it is guarded: only hosts that are listed, no redirects, and no way into
our own machine; into a private network only where the file says that the system stands in one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import socket
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import aiohttp

from chassis.clock import Clock
from chassis.outbox import GiveUp, Retry
from chassis.partnership import WriteBack
from contracts.values import TicketRef

SECONDS = 20.0
"""How long a ticketing system may take to answer."""
FINAL = frozenset({400, 401, 403, 404, 405, 410, 413, 415, 422})
"""The answers that will not change by asking again."""

OURSELVES = frozenset({"localhost", "127.0.0.1", "::1"})
"""This machine by a name that can mean nothing else; who lists it among the hosts means it."""
LONGEST_WAIT = 3600.0


class NotThere(OSError):
    """The name leads to an address that may not be connected to."""


@dataclass(frozen=True, slots=True)
class WebhookTickets:
    """A ticketing system that takes webhooks."""

    way: WriteBack
    hosts: tuple[str, ...]
    municipality: str
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
        if self._host not in self.hosts:
            raise GiveUp("the ticketing system's host is not among write_back_hosts")
        data = {"municipality": self.municipality, "ticket": asdict(ticket), **said}
        body = json.dumps({"type": kind, "data": data}, ensure_ascii=False, separators=(",", ":")).encode()
        headers = signed(self.way.secret, key, body, int(self.clock.now().timestamp()))
        connector = aiohttp.TCPConnector(socket_factory=self._connect_outward)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=SECONDS)) as session,
                session.post(self.way.url, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                _judge(answer.status, answer.headers.get("Retry-After"))
        except (aiohttp.ClientError, OSError, TimeoutError) as failure:
            raise Retry(f"the ticketing system cannot be reached: {type(failure).__name__}") from None

    @property
    def _host(self) -> str:
        return urlsplit(self.way.url).hostname or ""

    def _connect_outward(self, found: Any) -> socket.socket:
        family, kind, protocol, _, address = found
        if self._host not in OURSELVES:
            refuse_inward(address[0], private=self.way.private)
        return socket.socket(family, kind, protocol)


def refuse_inward(address: str, *, private: bool) -> None:
    """Raises NotThere for an address of this machine or its neighbourhood; private networks only where it is said."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        raise NotThere("the ticketing system's name leads to this machine")
    if not (ip.is_global or private):
        raise NotThere("the ticketing system's name leads into a private network")


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


def _judge(status: int, retry_after: str | None) -> None:
    if 200 <= status < 300:
        return
    if status in FINAL or 300 <= status < 400:
        raise GiveUp(f"the ticketing system answered {status}")
    seconds = min(float(retry_after), LONGEST_WAIT) if retry_after and retry_after.isdecimal() else None
    raise Retry(f"the ticketing system answered {status}", seconds)
