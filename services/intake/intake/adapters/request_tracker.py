"""Request Tracker 5: a scrip of ours tells of each change, signed as Standard Webhooks asks (`SCRIP` is its text).

The scrip runs once, within the change itself, and nobody tries again: what it could not deliver is found by polling.
Changes are counted over all tickets (`transaction_id`); the API shows the newest of a ticket as its ETag. A merged
ticket answers as the surviving one: it is known by an `effective_id` that is not its own. Tickets that are deleted can
be taken back, and so are closed to us. A search leaves them out; each is asked for by its id once in a while.

The flow is the ticket's queue, or the custom field that the option "flow_field" of the desk's api names, where it has a
value; the scrip is told the same in its first line. TicketSQL reads times in the zone of whoever asks, so the user of
the api is in UTC or in the desk's `timezone`, or east of them.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, TypeAdapter

from chassis.i18n import N_
from chassis.options import flow_field
from chassis.outbox import GiveUp, Retry
from chassis.outward import Remote, basic
from chassis.partnership import ServiceDesk
from intake.adapters import standard_webhooks
from intake.adapters.attachments import Listed, hung, path
from intake.adapters.port import Arrived, Changed, Lookup, Said, Step, System, Way, gone, polled
from intake.adapters.records import Listing
from intake.adapters.request_tracker_scrip import SCRIP
from intake.adapters.ticket import LONGEST_DESCRIPTION
from intake.domain.ticket import folded, is_project_flow

CLOSED = ("resolved", "rejected", "deleted")
FLOW_FIELD = flow_field("", hint=N_("The name of a custom field, where that tells it. Without one it is the queue."))
RIGHTS = "SeeQueue, ShowTicket, ShowTicketComments, SeeCustomField, ReplyToTicket, CommentOnTicket, ModifyTicket"
TEXTS = ("text/plain", "text/html")
TOGETHER = 50
LISTED = 100
"""How many tickets one page of a search shows, at the most."""
MOST_PAGES = 1000
"""After which a search that shows one more page and one more counts as one that never ends."""
NEXT_DOOR = timedelta(hours=1)
"""How much earlier a search begins: by a clock that is turned back, an hour comes twice."""
TICKETS = "/REST/2.0/tickets"
FIELDS = "Subject,Status,Priority,Created,LastUpdated,EffectiveId,Queue,Requestor,CustomFields"

Ticket = dict[str, Any]
Place = tuple[datetime, int]
"""When a ticket changed, and its id: the order of those that changed in one second."""
Id = Annotated[
    str, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value), Field(pattern=r"^\d{1,18}$")
]


class Requestor(BaseModel):
    """Who asks."""

    name: str | None = None
    email: str | None = None
    organization: str | None = None


class Named(BaseModel):
    """What tells of every change: which ticket, and which ticket it is now."""

    ticket_id: Id
    effective_id: Id
    transaction_id: int | None = None
    updated: AwareDatetime | None = None

    @property
    def merged(self) -> bool:
        """Whether it is part of another ticket."""
        return self.ticket_id != self.effective_id


class Whole(Named):
    """A ticket as it is now. `content` is what it was opened with; None where that was too long to be sent along."""

    queue: str
    subject: str
    status: str
    created: AwareDatetime
    flow: str | None = None
    priority: int = 0
    requestor: Requestor | None = None
    content: str | None = None
    content_type: str | None = None
    files: Listed = None
    """What hung on it when it was opened, in a record of the API."""


class Of(BaseModel):
    """The envelope of Standard Webhooks around a ticket that may be merged."""

    data: Named


class OfWhole(BaseModel):
    """The envelope around one that is not."""

    type: Literal["ticket.created", "ticket.changed"]
    data: Whole


def said(arrived: Arrived, desk: ServiceDesk) -> Said:
    """The ticket as it is now."""
    named = arrived.read(Of).data
    ours: dict[str, object] = {
        "external_id": named.ticket_id,
        "number": named.ticket_id,
        "url": f"{desk.base}/Ticket/Display.html?id={named.ticket_id}" if desk.base else None,
        "revision": named.transaction_id,
        "updated_at": named.updated,
    }
    if named.merged:
        into = {"external_id": named.effective_id, "number": named.effective_id}
        key = f"polled {named.ticket_id} into {named.effective_id}" if arrived.polled else None
        return Said(ticket={**ours, "kind": "merged", "into": into}, key=key)
    message = arrived.read(OfWhole)
    ticket = message.data
    closed = ticket.status.casefold() in (*CLOSED, *(name.casefold() for name in desk.closed))
    told = {
        **ours,
        "kind": "closed" if closed else message.type.removeprefix("ticket."),
        "open": not closed,
        "flow": ticket.flow or ticket.queue,
        "title": ticket.subject.strip() or f"#{ticket.ticket_id}",
        "requester": _requester(ticket.requestor),
        "organisation": (ticket.requestor and ticket.requestor.organization) or None,
        "opened_at": ticket.created,
        "priority": _priority(ticket.priority),
    }
    if ticket.content is not None:
        html = (ticket.content_type or "").startswith("text/html")
        told["description"] = ticket.content[:LONGEST_DESCRIPTION]
        told["description_format"] = "html" if html else "text"
    told["attachments"] = hung(ticket.files, _ref, name="Filename", kind="ContentType", size="ContentLength")
    lookup: Lookup = "new" if ticket.content is None and not arrived.polled else "never"
    key = f"polled {ticket.ticket_id} {ticket.transaction_id or ticket.updated}" if arrived.polled else None
    return Said(ticket=told, key=key, lookup=lookup)


def _ref(part: Mapping[str, Any]) -> str | None:
    return path("/REST/2.0/attachment/{}", part.get("id"))


def _requester(who: Requestor | None) -> dict[str, str] | None:
    name = who and (who.name or who.email)
    if who is None or not name:
        return None
    return {"name": name, **({"email": who.email} if who.email else {})}


def _priority(number: int) -> int | None:
    """1 to 5 for 100 to 1. What nobody set a priority of has 0, and that is none."""
    return 5 - round(min(number, 100) / 25) if number > 0 else None


async def look_up(way: Way, arrived: Arrived) -> Arrived:
    """The ticket of a delivery. Raises GiveUp where the user of the API may not see it."""
    ticket = arrived.read(Of).data.ticket_id
    remote = _remote(way)
    found, _ = await _search(remote, f"id = {int(ticket)} AND EffectiveId > 0")
    if not found:
        raise GiveUp(f"ticket {ticket} is not shown to the user of the API")
    return await _record(remote, way, found[0])


async def fetch(way: Way, external_id: str) -> Arrived:
    """A ticket. One with the status "deleted", which no search finds, is still told; one that was wiped out is not
    there (404). What may not be seen is refused (403), and raises GiveUp."""
    remote = _remote(way)
    answer = await remote.get(f"/REST/2.0/ticket/{external_id}", (404,), **{"fields[Queue]": "Name"})
    if answer.status == 404:
        return gone(external_id)
    ticket = answer.json()
    listed = {**ticket, "id": external_id, "EffectiveId": str(ticket["id"]), "Requestor": ()}
    if ticket["Status"] != "deleted" and listed["id"] == listed["EffectiveId"]:
        found, _ = await _search(remote, f"id = {int(external_id)} AND EffectiveId > 0")
        listed = found[0] if found else listed
    return await _record(remote, way, listed)


async def changed(way: Way, cursor: str) -> Changed:
    """The tickets that changed since, the longest ago first, and those that were merged into them. The cursor is a
    moment; behind it an id, where more changed in its second than are asked for at once."""
    remote = _remote(way)
    moment, _, after = cursor.partition(" ")
    since = datetime.fromisoformat(moment), int(after or -1)
    query, page, more = f"LastUpdated >= '{_asked(since[0], way.desk)}'", 0, True
    known: dict[str, tuple[Place, Ticket]] = {}
    odd: dict[bytes, Arrived] = {}
    # The newest first: what changes meanwhile comes in front and moves nothing from a page that is still to be read.
    while more:
        page += 1
        listed, more = await _search(remote, query, page)
        understood = Listing.of(listed, lambda one: (_when(one), one), LISTED)
        known = {one["id"]: (at, one) for at, one in understood.found if at > since} | known
        odd |= {one.body: one for one in understood.odd}
        more = more and all(at > since for at, _ in understood.found)
    waiting = sorted(known.values(), key=lambda one: one[0])
    found, more = waiting[:TOGETHER], len(waiting) > TOGETHER
    newest = Listing(tuple(found), tuple(odd.values()))
    records = await newest.records(lambda one: _record(remote, way, one[1]))
    records += await _merged_into(remote, [str(number) for (_, number), _ in found])
    return Changed(records=records, cursor=_cursor([at for at, _ in found], cursor, full=more), more=more)


def _asked(since: datetime, desk: ServiceDesk) -> str:
    """The earliest that the moment can be by the clock of who asks."""
    clocks = (since.astimezone(zone).replace(tzinfo=None) for zone in (UTC, ZoneInfo(desk.timezone)))
    return (min(clocks) - NEXT_DOOR).isoformat(" ", "seconds")


def _when(listed: Ticket) -> Place:
    return _MOMENT.validate_python(listed["LastUpdated"]).astimezone(UTC), int(listed["id"])


_MOMENT: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


def _cursor(found: list[Place], before: str, *, full: bool) -> str:
    """Where to go on. The last second is asked for again, for it may not have been over; unless all of it was full."""
    if not found:
        return before
    (first, _), (last, number) = found[0], found[-1]
    return f"{last.isoformat()} {number}" if full and first == last else last.isoformat()


async def _search(remote: Remote, query: str, page: int = 1) -> tuple[list[dict[str, Any]], bool]:
    """The tickets that a query finds, the last to change first, and whether there are more. Raises Retry."""
    if page > MOST_PAGES:
        raise Retry(f"the system shows more than {MOST_PAGES} pages of what it finds")
    asked = [
        ("query", query), ("orderby", "LastUpdated"), ("orderby", "id"), ("order", "DESC"), ("order", "DESC"),
        ("page", page), ("per_page", LISTED),
        ("fields", FIELDS), ("fields[Queue]", "Name"), ("fields[Requestor]", "RealName,EmailAddress,Organization"),
    ]  # fmt: skip
    answer = (await remote.send("GET", f"{TICKETS}?{urlencode(asked)}")).json()
    listed: list[dict[str, Any]] = answer["items"]
    # Where RT does not count the pages, a page may lack what the user may not see, and only an empty one is the last.
    return listed, page < answer["pages"] if answer.get("pages") is not None else bool(listed)


async def _merged_into(remote: Remote, survivors: list[str]) -> tuple[Arrived, ...]:
    """The tickets that were merged into these. A merge changes the survivor only, so that alone tells of it."""
    records: tuple[Arrived, ...] = ()
    query, page, more = " OR ".join(f"EffectiveId = {int(one)}" for one in survivors), 0, bool(survivors)
    while more:
        page += 1
        listed, more = await _search(remote, query, page)
        understood = Listing.of(listed, lambda one: _merged(one) if one["id"] != one["EffectiveId"] else None, LISTED)
        records += tuple(one for one in understood.found if one) + understood.odd
    return records


def _merged(listed: dict[str, Any]) -> Arrived:
    return polled({"data": {"ticket_id": listed["id"], "effective_id": listed["EffectiveId"]}})


async def _record(remote: Remote, way: Way, listed: dict[str, Any]) -> Arrived:
    """A ticket that was found, in the shape of what the scrip sends. Of those of other flows it is enough to know
    that they are."""
    if listed["id"] != listed["EffectiveId"]:
        return _merged(listed)
    ticket, revision, opening = listed, None, {}
    if is_project_flow(_flow(way, listed) or _queue(listed), folded(way.desk.flows)):
        answer = await remote.get(f"/REST/2.0/ticket/{listed['id']}", **{"fields[Queue]": "Name"})
        newest = answer.headers.get("ETag", "").strip('"')
        ticket, revision = answer.json(), int(newest) if newest.isdecimal() else None
        opening = await _opening(remote, listed["id"])
    who = next((one for one in listed.get("Requestor") or () if one.get("type") == "user"), None)
    whole = {
        "ticket_id": listed["id"], "effective_id": ticket["id"], "transaction_id": revision,
        "updated": ticket["LastUpdated"], "created": ticket["Created"], "queue": _queue(ticket),
        "flow": _flow(way, ticket), "subject": ticket.get("Subject") or "", "status": ticket["Status"],
        "priority": ticket.get("Priority") or 0, **opening,
        "requestor": who and {
            "name": who.get("RealName") or who["id"], "email": who.get("EmailAddress"),
            "organization": who.get("Organization"),
        },
    }  # fmt: skip
    return polled({"type": "ticket.changed", "data": whole})


def _queue(ticket: dict[str, Any]) -> str:
    """The queue's name; empty where it may not be seen."""
    queue = ticket.get("Queue")
    return str(queue.get("Name") or "") if isinstance(queue, dict) else ""


def _flow(way: Way, ticket: dict[str, Any]) -> str | None:
    """The first value of the custom field that tells the flow, if one does."""
    named = FLOW_FIELD.of(way.api)
    fields = ticket.get("CustomFields") or () if named else ()
    return next((str(value) for field in fields if field.get("name") == named for value in field["values"]), None)


async def _opening(remote: Remote, ticket: str) -> dict[str, Any]:
    """What a ticket was opened with: the first text of its first change, and the files that came with it."""
    wanted = {"ObjectType": "RT::Ticket", "ObjectId": ticket, "Type": "Create"}
    filters = [{"field": name, "value": value} for name, value in wanted.items()]
    created = (await remote.send("POST", "/REST/2.0/transactions", filters)).json()["items"]
    if not created:
        return {}
    listed = (
        f"/REST/2.0/transaction/{created[0]['id']}/attachments?fields=ContentType,Filename,ContentLength&orderby=id"
    )
    parts = (await remote.get(listed)).json()["items"]
    files = [part for part in parts if part.get("Filename")]
    text = next((part for part in parts if part.get("ContentType") in TEXTS and not part.get("Filename")), None)
    if text is None:
        return {"content": "", "content_type": "text/plain", "files": files}
    content = (await _content(remote, f"/REST/2.0/attachment/{text['id']}")).decode("utf-8", "replace")
    return {"content": content, "content_type": text["ContentType"], "files": files}


async def _content(remote: Remote, path: str) -> bytes:
    """What is in one part of a change; the API tells it in Base64."""
    try:
        return base64.b64decode((await remote.get(path)).json().get("Content") or "")
    except ValueError:
        raise GiveUp("the system tells a file otherwise than in Base64") from None


async def open_file(way: Way, ref: str) -> bytes:
    """The file that a reference names."""
    return await _content(_remote(way), ref)


def _remote(way: Way) -> Remote:
    api = way.api
    return way.remote(basic(api.user, api.token) if api.user else {"Authorization": f"token {api.token}"})


system = System(
    name="Request Tracker",
    proof=standard_webhooks.proof,
    said=said,
    key=lambda arrived: arrived.headers.get("webhook-id"),
    secret=standard_webhooks.fault_of_secret,
    trigger=lambda arrived: arrived.text_of("x-rt-scrip"),
    kept=("webhook-id", "webhook-timestamp", "webhook-signature", "x-rt-scrip"),
    look_up=look_up,
    fetch=fetch,
    names=("data.ticket_id",),
    changed=changed,
    open_file=open_file,
    options=(FLOW_FIELD,),
    steps=(
        Step(do=N_("The desk's secret is one of Standard Webhooks: whsec_ and the Base64 of 24 bytes or more.")),
        Step(
            do=N_(
                "Admin, Scrips, Create. Description: Flöde. Condition: On Transaction. Action: User Defined. "
                "Template: Blank. Stage: Normal. Let it apply globally and not to one queue only, or nothing tells of "
                "tickets that leave it; those of other flows are passed over here."
            )
        ),
        Step(do=N_("Custom action preparation code:"), paste="return 1;"),
        Step(
            do=N_(
                "Custom action commit code. Where a custom field tells the flow and not the queue, write its name "
                "between the last quotes of the first line, and name it here as well: {option_flow_field}."
            ),
            paste=SCRIP,
        ),
        Step(
            do=N_("Save, and create a ticket in the queue of the project flow to see that it arrives."), paste="{flow}"
        ),
        Step(
            do=N_(
                "For the way back and for what the scrip could not tell: Admin, Users, Create, a user who may be "
                "granted rights, in the time zone UTC. Its name and password are {api_user} and {api_token}; or leave "
                "the first empty and give one of its tokens (Logged in as, Settings, Auth Tokens). In its queue, "
                "grant it:"
            ),
            paste=RIGHTS,
        ),
        Step(
            do=N_("In the queues that tickets move to, grant it SeeQueue and ShowTicket, so that it sees them leave.")
        ),
    ),
)
