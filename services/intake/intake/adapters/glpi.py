"""GLPI 11: a webhook of a ticket sends it as the high-level API shows it, signed with HMAC-SHA256 over the body and the
timestamp behind it. The timestamp is that of the moment it was queued and stays the same at every try, so it says
nothing of a replay; the signature is the delivery's name, and the same one is the same delivery.

A ticket names its requester and not their address; while it is new the API is asked for that. GLPI puts a ticket that
it merged into another into the trash and does not say into which: it comes as deleted. A GLPI without webhooks
(10 and before) is polled, and written into, over its older API: `api = "legacy"` among the desk's options.

The category tells the project flow, or what the option `flow_field` names: "category", "entity", "location", or "type",
which is "incident" or "request".
"""

from __future__ import annotations

import hmac
import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator

from chassis.partnership import ServiceDesk
from intake.adapters import glpi_api
from intake.adapters.attachments import Listed, hung, path
from intake.adapters.glpi_options import FLOW_FIELD, OPTIONS
from intake.adapters.glpi_steps import STEPS
from intake.adapters.port import Arrived, Said, System, Way
from intake.adapters.proofs import signed
from intake.adapters.zones import certain, moment

PRIORITIES = {1: 5, 2: 4, 3: 3, 4: 2, 5: 1, 6: 1}
"""GLPI counts from very low to very high, and one more that is called major."""
SOLVED, CLOSED = 5, 6
TYPES = {1: "incident", 2: "request"}
CHALLENGE = b"validate_cra_challenge"
"""What GLPI signs to challenge us."""

Id = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value)]


class Ref(BaseModel):
    """Another thing."""

    id: Id


class Named(BaseModel):
    """Whatever has a name."""

    name: str | None = None


class Status(BaseModel):
    """A state; its name is in whatever language GLPI speaks."""

    id: int
    name: str | None = None


class Member(BaseModel):
    """Somebody who has to do with a ticket: a user, a group or a supplier, as the address of their page says."""

    role: str | int | None = None
    name: str | None = None
    realname: str | None = None
    firstname: str | None = None
    display_name: str | None = None
    href: str | None = None

    @property
    def user(self) -> str | None:
        """The id of the user; None for a group."""
        found = re.search(r"/user\.form\.php\?id=(\d+)", self.href or "")
        return found[1] if found else None

    @property
    def called(self) -> str | None:
        """Their name."""
        full = " ".join(part for part in (self.firstname, self.realname) if part)
        return full or self.display_name or self.name


class Email(BaseModel):
    """One of a user's addresses."""

    email: str | None = None
    is_default: bool = False


class User(BaseModel):
    """What the API says of a user."""

    username: str | None = None
    realname: str | None = None
    firstname: str | None = None
    emails: tuple[Email, ...] = ()

    @property
    def as_requester(self) -> dict[str, str] | None:
        """In the words of the generic ticket; None for nobody."""
        known = [one for one in self.emails if re.fullmatch(r"[^@\s]+@[^@\s]+", one.email or "")]
        email = next((one.email for one in sorted(known, key=lambda one: not one.is_default)), None)
        name = " ".join(part for part in (self.firstname, self.realname) if part) or self.username or email
        return {"name": name[:200], **({"email": email} if email else {})} if name else None


class GlpiTicket(BaseModel):
    """A ticket as the high-level API shows it. `type` is what tells it from a change and a problem."""

    id: Id
    name: str
    content: str | None = None
    type: int
    status: Status
    priority: int | None = None
    is_deleted: bool = False
    category: Named | None = None
    entity: Named | None = None
    location: Named | None = None
    date: datetime | None = None
    date_creation: datetime | None = None
    date_mod: datetime
    team: tuple[Member, ...] = ()

    @property
    def requester(self) -> Member | None:
        """The first of those who ask for it; a person before a group."""
        asking = [member for member in self.team if member.role == "requester"]
        return next(iter(sorted(asking, key=lambda member: member.user is None)), None)

    def flow(self, field: str) -> str | None:
        """What tells the project flow: empty for a ticket of none, None where that was not sent."""
        if field == "type":
            return TYPES.get(self.type, "")
        named = {"category": self.category, "entity": self.entity, "location": self.location}.get(field)
        told = field in self.model_fields_set and field in ("category", "entity", "location")
        return ((named and named.name) or "") if told else None


class Comment(BaseModel):
    """What a webhook of a follow-up or a task sends: the ticket it stands in is beside it."""

    parent_item: Ref | None = None


class Payload(BaseModel):
    """What a webhook of tickets sends by itself; `requester` and `documents` are what we add to a record
    of the API."""

    event: Literal["new", "update", "delete"]
    item: GlpiTicket
    requester: User | None = None
    documents: Listed = None

    @property
    def asked_by(self) -> dict[str, str] | None:
        """Who asks, with their address where that is known."""
        if self.requester and (known := self.requester.as_requester):
            return known
        member = self.item.requester
        return {"name": member.called[:200]} if member and member.called else None


def said(arrived: Arrived, desk: ServiceDesk) -> Said:
    """The ticket as it is now."""
    if within := arrived.read(Comment).parent_item:
        return Said(ticket={"external_id": within.id, "kind": "commented"})
    payload = arrived.read(Payload)
    ticket, requester = payload.item, payload.asked_by
    told: dict[str, object] = {
        "external_id": ticket.id,
        "number": ticket.id,
        "url": f"{desk.base}/front/ticket.form.php?id={ticket.id}" if desk.base else None,
        "updated_at": certain(ticket.date_mod, desk.timezone),
    }
    key = f"polled {ticket.id} {ticket.date_mod.isoformat()}" if arrived.polled else None
    if payload.event == "delete" or ticket.is_deleted:
        return Said(ticket={**told, "kind": "deleted"}, key=key)
    closed, opened = _is_closed(ticket, desk), ticket.date or ticket.date_creation
    told |= {
        "kind": "closed" if closed else "changed",
        "open": not closed,
        "flow": ticket.flow(FLOW_FIELD.of(desk.api)),
        "title": ticket.name,
        "description": ticket.content,
        "description_format": "html",
        "requester": requester,
        "organisation": ticket.entity.name if ticket.entity else None,
        "opened_at": moment(opened, desk.timezone) if opened else None,
        "priority": PRIORITIES.get(ticket.priority or 0),
        "attachments": hung(payload.documents, lambda file: path("{}", file.get("id")), kind="mime"),
    }
    somebody = ticket.requester is not None and ticket.requester.user is not None
    asks = somebody and not arrived.polled and "email" not in (requester or {})
    return Said(ticket=told, key=key, lookup="new" if asks else "never")


def _is_closed(ticket: GlpiTicket, desk: ServiceDesk) -> bool:
    called = {str(ticket.status.id), (ticket.status.name or "").casefold()}
    return ticket.status.id in (SOLVED, CLOSED) or bool(called & {name.casefold() for name in desk.closed})


def challenge(arrived: Arrived, desk: ServiceDesk) -> str | None:
    """The answer to GLPI's challenge: its token, signed with the secret that the token was made with.

    A token that was not made with a secret of ours gets none: whoever had any text signed could sign deliveries.
    """
    given = arrived.query.get("crc_token", "").encode()
    for secret in desk.secrets:
        if hmac.compare_digest(hmac.digest(secret.encode(), CHALLENGE, "sha256").hex().encode(), given):
            return hmac.digest(secret.encode(), given, "sha256").hex()
    return None


async def look_up(way: Way, arrived: Arrived) -> Arrived:
    """The ticket of a delivery, and what the API says of its requester."""
    return await glpi_api.one(way, arrived.read(Payload).item.id)


system = System(
    name="GLPI",
    proof=signed("x-glpi-signature", "sha256", after="x-glpi-timestamp"),
    said=said,
    key=lambda arrived: arrived.headers.get("x-glpi-signature"),
    trigger=lambda arrived: arrived.text_of("x-webhook-name"),
    kept=("x-glpi-signature", "x-glpi-timestamp", "x-webhook-name"),
    challenge=challenge,
    look_up=look_up,
    fetch=glpi_api.fetch,
    names=("item.id",),
    changed=glpi_api.changed,
    open_file=glpi_api.open_file,
    options=OPTIONS,
    steps=STEPS,
)
