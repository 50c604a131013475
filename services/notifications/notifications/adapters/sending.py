"""How an effect is done: opened, written in the reader's language, handed over. Personal data is opened here and
nowhere else, and nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from chassis.clock import Clock
from chassis.links import DIRECTIVE, DIRECTIVE_PATH, OWN_REQUEST, OWN_REQUEST_PATH, Link, Links
from chassis.outbox import Effect, GiveUp
from chassis.outward import Outward
from chassis.partnership import Partnership
from chassis.vault import Vault
from contracts.values import TicketRef
from notifications.adapters.letter import Written, as_comment, leading, write
from notifications.adapters.mail import Mailer, compose
from notifications.adapters.port import TicketingSystem, adapter_of
from notifications.adapters.spool import TicketSpool
from notifications.adapters.webhook import WebhookTickets
from notifications.domain.letters import TO_OWN_REQUEST, Page

Send = Callable[[Effect], Awaitable[None]]
Systems = Callable[[str, TicketRef], TicketingSystem]
"""The ticketing system of a municipality that a ticket is in. Raises GiveUp when there is no way back into it."""


def in_time(send: Send, clock: Clock, within: timedelta) -> Send:
    """Sends what tells of a fact no older than `within`, and what somebody asked for; gives up the rest.

    Whoever lost their database reads the topics from the beginning, and finds everything due that ever was (P9).
    """

    async def send_in_time(effect: Effect) -> None:
        said = effect.payload.get("happened_at")  # effects of the first release do not say it
        happened = datetime.fromisoformat(said) if said else effect.created_at
        if clock.now() - happened > within and not effect.payload.get("asked_for"):
            raise GiveUp(f"it happened more than {within.days} days ago, which is too long to be told of it unasked")
        await send(effect)

    return send_in_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """Sends effects of the channel "mail"."""

    vault: Vault
    partnership: Partnership
    links: Links
    public_url: str
    mailer: Mailer

    async def send(self, effect: Effect) -> None:
        """Write and hand over one mail. Raises Retry and GiveUp."""
        sealed, language = effect.payload, effect.payload["language"]
        opened = await self.vault.open_all({"to": sealed["to"], "values": sealed["values"]}, language)
        if not opened["to"]["email"]:
            raise GiveUp("there is no address that mail can be sent to")
        written = write(sealed["template"], opened["values"], self.partnership[effect.municipality].formats(language))
        if written.to is None and sealed.get("to_requester"):  # effects of the first release do not say it
            written = leading(written, TO_OWN_REQUEST)
        message = compose(
            written,
            key=effect.key,
            sender=self.partnership.mail_from,
            name=opened["to"]["name"],
            address=opened["to"]["email"],
            link=self._link(written.to, effect) if written.to else None,
            at=effect.created_at,
            partnership=self.partnership.name,
        )
        await self.mailer.deliver(message)

    def _link(self, page: Page, effect: Effect) -> str:
        if page.path is not None:
            return self.public_url + page.path.format(about=effect.payload["about"])
        link = Link(
            purpose=OWN_REQUEST if page.opens == "request" else DIRECTIVE,
            municipality=effect.municipality,
            request_id=UUID(effect.payload["about"]),
            person=UUID(effect.payload["to"]["id"]),
            until=datetime.fromisoformat(effect.payload["link_until"]),
        )
        path = OWN_REQUEST_PATH if page.opens == "request" else DIRECTIVE_PATH
        return self.public_url + path.format(link=self.links.make(link))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """Sends effects of the channel "ticket". Nothing in a ticket names a person: it could not be erased there."""

    partnership: Partnership
    public_url: str
    systems: Systems

    async def send(self, effect: Effect) -> None:
        """Write a comment into one ticket, its new state, and once where it is found here. Raises Retry and GiveUp.

        Each has a key of its own, so that what was done before a failure is not done twice by a system that knows it.
        """
        payload = effect.payload
        ticket = msgspec.convert(payload["to"], TicketRef)
        system = self.systems(effect.municipality, ticket)
        await system.comment(ticket, as_comment(self._written(effect)), key=f"{effect.key}-comment")
        if payload["state"] is not None:
            await system.set_state(ticket, payload["state"], key=f"{effect.key}-state")
        if payload["state"] == "registered":
            url = f"{self.public_url}/intake/requests/{payload['about']}"
            await system.set_reference(ticket, UUID(payload["about"]), url, key=f"{effect.key}-reference")

    def _written(self, effect: Effect) -> Written:
        values: dict[str, Any] = effect.payload["values"]
        formats = self.partnership[effect.municipality].formats(effect.payload["language"])
        return write(effect.payload["template"], values, formats)


def systems_of(partnership: Partnership, mail: str, clock: Clock) -> Systems:
    """The ways back: each desk's own, by webhook or by its system's API, or else a folder where mail has one too."""

    def find(municipality: str, ticket: TicketRef) -> TicketingSystem:
        desk, hosts = partnership.desk(municipality, ticket.system), partnership[municipality].hosts
        if desk is not None and desk.write_back is not None:
            way = Outward(municipality=municipality, hosts=hosts, private=desk.write_back.private)
            return WebhookTickets(desk.write_back, way, clock)
        if desk is not None and desk.api is not None and (adapter := adapter_of(desk.kind)):
            return adapter(desk, desk.api, Outward(municipality=municipality, hosts=hosts, private=desk.api.private))
        if mail.startswith("spool:"):
            return TicketSpool(Path(mail.removeprefix("spool:")) / "tickets", municipality)
        raise GiveUp(f"there is no way back into {ticket.system}")

    return find
