"""Zammad: a webhook of a trigger sends the ticket and one of its articles, signed with HMAC-SHA1 over the body.

The body is made anew at each of five tries, so one delivery may say more at its last try than at its first. The article
is the one that set the trigger off: only the ticket's first one is what was asked for. A merged ticket does not say
into which; the API does.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator

from chassis.i18n import N_
from chassis.outward import Remote
from chassis.partnership import ServiceDesk
from intake.adapters.attachments import Listed, by_path, hung, path
from intake.adapters.paging import page
from intake.adapters.port import Arrived, Changed, Said, Step, System, Way, gone, polled
from intake.adapters.proofs import signed
from intake.adapters.records import Listing

PRIORITIES = {"1 low": 4, "2 normal": 3, "3 high": 2}
CLOSED = ("closed", "removed")
MERGED = "merged"

Id = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value)]


class Ref(BaseModel):
    """Another ticket."""

    id: Id
    number: Id


class Found(BaseModel):
    """A ticket that a search found."""

    id: Id
    updated_at: AwareDatetime


class Named(BaseModel):
    """Whatever has a name."""

    name: str | None = None


class Customer(BaseModel):
    """Who asks."""

    firstname: str | None = None
    lastname: str | None = None
    email: str | None = None

    @property
    def as_requester(self) -> dict[str, str] | None:
        """In the words of the generic ticket; None for nobody."""
        name = " ".join(part for part in (self.firstname, self.lastname) if part) or self.email
        return {"name": name, **({"email": self.email} if self.email else {})} if name else None


class Article(BaseModel):
    """One entry of a ticket's conversation; {} where the trigger had none."""

    id: Id | None = None
    internal: bool = False
    content_type: str | None = None
    body: str | None = None
    attachments: Listed = None

    def files(self, ticket: str) -> list[dict[str, Any]] | None:
        """What hangs on it."""
        listed = None if self.attachments is None else [{**one, "kind": _kind(one)} for one in self.attachments]
        return hung(
            listed,
            lambda one: path("/api/v1/ticket_attachment/{}/{}/{}", ticket, self.id, one.get("id")),
            kind="kind",
            size="size",
        )


def _kind(file: dict[str, Any]) -> object:
    """A file's media type, as it was when it came."""
    told = file.get("preferences")
    return (told.get("Content-Type") or told.get("Mime-Type")) if isinstance(told, dict) else None


class ZammadTicket(BaseModel):
    """A ticket with its associations."""

    id: Id
    number: Id
    title: str
    state: str
    group: Named
    created_at: AwareDatetime
    updated_at: AwareDatetime
    customer: Customer | None = None
    organization: Named | None = None
    priority: Named | None = None
    article_ids: tuple[Id, ...] = ()


class Payload(BaseModel):
    """What a webhook sends by itself; `into` is what we add to a record of a merged ticket."""

    ticket: ZammadTicket
    article: Article = Article()
    into: Ref | None = None

    @property
    def asked_for(self) -> Article | None:
        """The ticket's first article, if this is it and not one that only the Service Desk sees."""
        first = not self.ticket.article_ids or self.ticket.article_ids[0] == self.article.id
        return self.article if self.article.body is not None and first and not self.article.internal else None


def said(arrived: Arrived, desk: ServiceDesk) -> Said:
    """The ticket as it is now."""
    payload = arrived.read(Payload)
    ticket, article, state = payload.ticket, payload.asked_for, payload.ticket.state.casefold()
    key = f"polled {ticket.id} {ticket.updated_at.isoformat()}" if arrived.polled else None
    named: dict[str, object] = {"external_id": ticket.id, "number": ticket.number, "url": _url(desk, ticket.id)}
    if state == MERGED:
        into = payload.into and {"external_id": payload.into.id, "number": payload.into.number}
        told = {**named, "kind": "merged", "into": into, "updated_at": ticket.updated_at}
        return Said(ticket=told, key=key, lookup="never" if into or arrived.polled else "always")
    closed = state in (*CLOSED, *(name.casefold() for name in desk.closed))
    told = {
        **named,
        "kind": "closed" if closed else "changed",
        "open": not closed,
        "flow": (ticket.group.name or "") if "name" in ticket.group.model_fields_set else None,
        "title": ticket.title,
        "requester": ticket.customer.as_requester if ticket.customer else None,
        "organisation": ticket.organization.name if ticket.organization else None,
        "opened_at": ticket.created_at,
        "updated_at": ticket.updated_at,
        "priority": PRIORITIES.get((ticket.priority.name or "").casefold()) if ticket.priority else None,
    }
    if article is not None:
        html = (article.content_type or "").startswith("text/html")
        told |= {"description": article.body, "description_format": "html" if html else "text"}
        told["attachments"] = article.files(ticket.id)
    return Said(ticket=told, key=key, lookup="new" if article is None else "never")


def _url(desk: ServiceDesk, ticket: str) -> str | None:
    return f"{desk.base}/#ticket/zoom/{ticket}" if desk.base else None


async def look_up(way: Way, arrived: Arrived) -> Arrived:
    """The ticket of a delivery, with its first article and, if it was merged, the ticket it was merged into."""
    return await _record(_remote(way), arrived.read(Payload).ticket.id)


async def fetch(way: Way, external_id: str) -> Arrived:
    """A ticket. One that may not be seen is refused (403), so that one that is not found (404) is deleted."""
    remote = _remote(way)
    if (await remote.get(f"/api/v1/tickets/{external_id}", (404,))).status == 404:
        return gone(external_id)
    return await _record(remote, external_id)


async def changed(way: Way, cursor: str) -> Changed:
    """The tickets that changed since, the longest ago first. Those of one second may come twice."""
    remote = _remote(way)

    async def ask(limit: int) -> Listing[Found]:
        found = await remote.get(
            "/api/v1/tickets/search", query=f'updated_at:["{cursor}" TO *]', sort_by="updated_at", order_by="asc",
            limit=str(limit), expand="true",
        )  # fmt: skip
        return Listing.of(found.json(), Found.model_validate, limit)

    listed = await page(ask, lambda ticket: ticket.updated_at, datetime.fromisoformat(cursor))
    records = await listed.records(lambda ticket: _record(remote, ticket.id))
    last = listed.found[-1].updated_at.isoformat() if listed.found else cursor
    return Changed(records=records, cursor=last, more=listed.full)


def _remote(way: Way) -> Remote:
    return way.remote({"Authorization": f"Token token={way.api.token}"})


async def _record(remote: Remote, number: str) -> Arrived:
    """A ticket, in the shape of what a webhook sends."""
    ticket = (await remote.get(f"/api/v1/tickets/{number}", expand="true")).json()
    customer = (await remote.get(f"/api/v1/users/{ticket['customer_id']}")).json()
    articles = (await remote.get(f"/api/v1/ticket_articles/by_ticket/{number}")).json()
    into = await _survivor(remote, number) if str(ticket.get("state")).casefold() == MERGED else None
    named = {name: {"name": ticket[name]} for name in ("group", "organization", "priority") if name in ticket}
    whole = {**ticket, **named, "customer": customer, "article_ids": [article["id"] for article in articles[:1]]}
    return polled({"ticket": whole, "article": articles[0] if articles else {}, "into": into})


async def _survivor(remote: Remote, number: str) -> dict[str, Any] | None:
    """The ticket that a merged one is linked to as to its parent."""
    query = {"link_object": "Ticket", "link_object_value": number}
    links = (await remote.get("/api/v1/links", **query)).json().get("links", [])
    parents = [link["link_object_value"] for link in links if link.get("link_type") == "parent"]
    if len(parents) != 1:
        return None
    into = (await remote.get(f"/api/v1/tickets/{parents[0]}")).json()
    return {"id": into["id"], "number": into["number"]}


system = System(
    name="Zammad",
    proof=signed("x-hub-signature", "sha1", prefix="sha1="),
    said=said,
    key=lambda arrived: arrived.headers.get("x-zammad-delivery"),
    trigger=lambda arrived: arrived.text_of("x-zammad-trigger"),
    kept=("x-zammad-delivery", "x-zammad-trigger", "x-hub-signature"),
    look_up=look_up,
    fetch=fetch,
    names=("ticket.id",),
    changed=changed,
    open_file=by_path(_remote),
    steps=(
        Step(do=N_("Admin, Webhook, New. Name: Flöde. Endpoint:"), paste="{url}"),
        Step(do=N_("HMAC SHA1 signature token:"), paste="{secret}"),
        Step(do=N_("Leave the custom payload off and SSL verification on. Submit.")),
        Step(
            do=N_(
                "Admin, Trigger, New. Name: Flöde. Activated by: Action. Conditions: Action is created, or is updated; "
                "Group is the one of the project flow. Execute changes: Webhook is Flöde."
            ),
            paste="{flow}",
        ),
        Step(do=N_("For the way back: Profile, Token Access, a token with ticket.agent. It is {api_token}.")),
    ),
)
