"""Xurrent, once 4me: a webhook with a webhook policy sends {"jwt": …}, signed by the account's private key.

The desk's `secret` is the policy's public key in PEM, and `next_secret` that of the policy that comes after it.

What is sent names a request and says little of it, so the API is always asked: for the request, for the note it was
made with, and for the person it is made for. Its times are told to the minute. A request that was grouped is followed
in its group.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter

from chassis.i18n import N_
from chassis.options import Option, flow_field
from chassis.outbox import GiveUp
from chassis.outward import Answer, Remote
from chassis.partnership import ServiceDesk
from contracts.refusal import Refusal
from intake.adapters.attachments import Listed, hung, path
from intake.adapters.port import Arrived, Changed, Said, Step, System, Way, polled
from intake.adapters.proofs import whole
from intake.adapters.records import Listing
from intake.adapters.xurrent_token import claim, claims_of, fault_of_secret, verify

ACCOUNT = Option(
    name="account",
    label=N_("The account's id"),
    hint=N_("As it stands at the beginning of the account's own address."),
    pattern=r"[A-Za-z0-9-]+",
    example="ekvik-it",
)
FLOW_FIELD = flow_field(
    "service_instance",
    {
        "service_instance": N_("Service instance"),
        "team": N_("Team"),
        "template": N_("Template"),
        "category": N_("Category"),
    },
)
COMPLETION_REASON = Option(
    name="completion_reason",
    label=N_("Completion reason"),
    hint=N_("Why a request is completed there, as Xurrent's API calls it, when we set that it is."),
    usual="solved",
    pattern=r"[a-z_]+",
    example="workaround",
)
VERIFY = "webhook.verify"
IMPACTS = {"top": 1, "high": 2, "medium": 3, "low": 4}
CLOSED = ("completed", "declined")
OURS = "[flode:"
"""What the notes have that we wrote ourselves."""
TOGETHER = 50
LAG = timedelta(minutes=2)
"""How long a minute may still grow after it is over."""
_CALLBACK = re.compile(r"https://([a-z0-9-]+(?:\.[a-z0-9-]+)+)/[!-\[\]-~]*", re.IGNORECASE)

Id = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value)]


class CalledElsewhere(Refusal):
    """The address that proves whose the hook is must be the account's own, or we would call whatever we are told."""

    text = "The address that is to be called must be an https address of the account itself, {account}."
    status = 422


class Event(BaseModel):
    """What happened to a request."""

    event: Annotated[str, Field(pattern=r"^request\.")]
    object_id: Id


class Claims(BaseModel):
    """What a token says."""

    data: Event


class Named(BaseModel):
    """Whatever is named in a request: a service instance, a team, a template, an organisation, another request."""

    id: Id | None = None
    name: str | None = None
    subject: str | None = None


class Person(BaseModel):
    """Who it is for."""

    name: str
    email: str | None = Field(default=None, alias="primary_email")
    organization: Named | None = None


class Note(BaseModel):
    """What somebody wrote into a request."""

    id: Id | None = None
    text: str | None = None
    created_at: datetime
    attachments: Listed = None


class XurrentRequest(BaseModel):
    """A request as the API tells it. Times without a zone are in the desk's."""

    id: Id
    subject: str
    status: str
    created_at: datetime
    updated_at: datetime
    category: str | None = None
    impact: str | None = None
    service_instance: Named | None = None
    team: Named | None = None
    template: Named | None = None
    organization: Named | None = None
    grouped_into: Named | None = None
    trashed: bool | None = None


class Record(BaseModel):
    """What we asked for: a request, its first notes, and who it is for."""

    request: XurrentRequest
    notes: tuple[Note, ...] = ()
    requester: Person | None = None

    def asked_for(self, zone: ZoneInfo) -> Note | None:
        """The note that the request was made with; what is written later is talk, or ours."""
        until = _in_zone(self.request.created_at, zone) + timedelta(minutes=1)
        written = (note for note in self.notes if _in_zone(note.created_at, zone) <= until)
        return next((note for note in written if note.text and OURS not in note.text), None)


def callback(arrived: Arrived, desk: ServiceDesk) -> str | None:
    """The address that proves that the hook is ours. Raises CalledElsewhere unless it is the account's own."""
    if claim(arrived, "data", "event") != VERIFY:
        return None
    account = urlsplit(desk.url or claim(arrived, "iss") or "").hostname or ""
    address = claim(arrived, "data", "payload", "callback") or ""
    found = _CALLBACK.fullmatch(address)
    if not found or found[1].casefold() != account:
        raise CalledElsewhere(account=account)
    return address


def said(arrived: Arrived, desk: ServiceDesk) -> Said:
    """Which request a delivery names, or how a request is that was asked for."""
    if not arrived.polled:
        event = claims_of(arrived).read(Claims).data
        ticket = {"external_id": event.object_id, "number": event.object_id, "kind": "changed"}
        return Said(ticket=ticket, key=claim(arrived, "jti"), lookup="always")
    record = arrived.read(Record)
    request, zone = record.request, ZoneInfo(desk.timezone)
    updated = _in_zone(request.updated_at, zone)
    key = f"polled {request.id} {updated.isoformat()}"
    told: dict[str, object] = {**_named(desk, request.id), "updated_at": updated}
    group = request.grouped_into and request.grouped_into.id
    if group:
        return Said(ticket={**told, "kind": "merged", "into": _named(desk, group)}, key=key)
    status = request.status.casefold()
    closed = status in (*CLOSED, *(name.casefold() for name in desk.closed)) or bool(request.trashed)
    person = record.requester
    unit = (person and person.organization) or request.organization
    told |= {
        "kind": "closed" if closed else "changed",
        "open": not closed,
        "flow": _flow(request, desk),
        "title": request.subject,
        "requester": {"name": person.name, "email": person.email or None} if person else None,
        "organisation": unit.name if unit else None,
        "opened_at": _in_zone(request.created_at, zone),
        "priority": IMPACTS.get((request.impact or "").casefold()),
    }
    if (note := record.asked_for(zone)) is not None:
        told |= {"description": note.text, "description_format": "text"}
        told["attachments"] = hung(note.attachments or (), lambda file: _ref(request, file), name="name", size="size")
    return Said(ticket=told, key=key)


def _ref(request: XurrentRequest, file: Mapping[str, Any]) -> str | None:
    return path("/v1/requests/{}/notes/public#{}", request.id, file.get("id"))


def _named(desk: ServiceDesk, number: str) -> dict[str, object]:
    url = f"{desk.url.rstrip('/')}/requests/{number}" if desk.url else None
    return {"external_id": number, "number": number, "url": url}


def _flow(request: XurrentRequest, desk: ServiceDesk) -> str:
    """What the request's flow is called; empty where it has none. The API leaves nothing out."""
    by = FLOW_FIELD.of(desk.api)
    if by == "category":
        return request.category or ""
    named = {"team": request.team, "template": request.template}.get(by, request.service_instance)
    return (named and (named.name or named.subject)) or ""


def _in_zone(moment: datetime, zone: ZoneInfo) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


async def look_up(way: Way, arrived: Arrived) -> Arrived:
    """The request that a delivery names."""
    named = arrived.read(Record).request.id if arrived.polled else claims_of(arrived).read(Claims).data.object_id
    return await fetch(way, named)


async def fetch(way: Way, external_id: str) -> Arrived:
    """A request. One that may not be seen is told in the same way as one that is no more."""
    return await _record(_remote(way), external_id)


async def changed(way: Way, cursor: str) -> Changed:
    """The requests that changed since, the longest ago first. Those of one minute may come twice.

    A minute in which more changed than are asked for at once is gone through by their ids.
    """
    remote, zone = _remote(way), ZoneInfo(way.desk.timezone)
    moment, _, after = cursor.partition(" ")
    since = datetime.fromisoformat(moment).replace(second=0, microsecond=0)
    within = {"updated_at": f">={_iso(since)}", "sort": "updated_at"}
    if after:
        end = since + timedelta(seconds=59)
        within = {"updated_at": f">={_iso(since)}<={_iso(end)}", "id": f">{after}", "sort": "id"}
    answer = await remote.get("/v1/requests", per_page=str(TOGETHER), **within)
    listed = Listing.of(answer.json(), lambda item: _found(item, zone), TOGETHER)
    records, found, full = await listed.records(lambda one: _record(remote, one[1])), listed.found, listed.full
    if after and full:
        return Changed(records=records, cursor=f"{since.isoformat()} {found[-1][1]}", more=True)
    seen = since + timedelta(minutes=1) if after else since
    if found and not after:
        seen = found[-1][0].replace(second=0, microsecond=0)
    if full:
        return Changed(
            records=records, cursor=f"{seen.isoformat()} 0" if seen == since else seen.isoformat(), more=True
        )
    complete = min(seen, ((answer.date or seen) - LAG).replace(second=0, microsecond=0))
    return Changed(records=records, cursor=complete.isoformat(), more=bool(after) and complete == seen)


class Found(BaseModel):
    """A request that a search found."""

    id: Id
    updated_at: datetime


def _found(item: object, zone: ZoneInfo) -> tuple[datetime, str]:
    found = Found.model_validate(item)
    return _in_zone(found.updated_at, zone), found.id


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _remote(way: Way) -> Remote:
    account = ACCOUNT.of(way.api)
    headers = {"X-Xurrent-Account": account, "X-4me-Account": account} if account else {}
    return way.remote({"Authorization": f"Bearer {way.api.token}", **headers})


async def _record(remote: Remote, number: str) -> Arrived:
    request = (await remote.get(f"/v1/requests/{number}")).json()
    notes = (await _notes(remote, f"/v1/requests/{number}/notes/public")).json()
    person, requester = request.get("requested_for") or request.get("requested_by"), None
    if person:
        # A person that we may not see is still the name that the request has.
        seen = await remote.get(f"/v1/people/{person['id']}", (403, 404))
        requester = seen.json() if seen.status == 200 else person
    return polled({"request": request, "notes": notes, "requester": requester})


async def open_file(way: Way, ref: str) -> bytes:
    """The file that a reference names. The notes tell where it is for a while, which may be another host: that has to
    be among the municipality's hosts, and is not told who asks. Raises GiveUp."""
    notes, _, number = ref.partition("#")
    listed = TypeAdapter(list[Note]).validate_python((await _notes(_remote(way), notes)).json())
    files = [file for note in listed for file in note.attachments or () if str(file.get("id")) == number]
    if not files or not isinstance(files[0].get("uri"), str):
        raise GiveUp("the file is not where it was")
    return (await way.outward.ask("GET", files[0]["uri"])).body


async def _notes(remote: Remote, path: str) -> Answer:
    return await remote.get(path, sort="id", per_page="5")


system = System(
    name="Xurrent",
    proof=whole(verify),
    said=said,
    key=lambda arrived: claim(arrived, "jti"),
    secret=fault_of_secret,
    trigger=lambda arrived: claim(arrived, "data", "name"),
    kept=("x-xurrent-delivery", "x-4me-delivery"),
    callback=callback,
    look_up=look_up,
    fetch=fetch,
    changed=changed,
    open_file=open_file,
    options=(ACCOUNT, FLOW_FIELD, COMPLETION_REASON),
    steps=(
        Step(
            do=N_(
                "Settings, Webhook Policies, New. Algorithm: RS256. Save, and download the public key: it is shown "
                "this once. It is the desk's secret, its lines joined by \\n. Use the policy for these webhooks alone."
            )
        ),
        Step(
            do=N_(
                "{desk_url}: the account's own address (https://….xurrent.com), whose host must be among the "
                "municipality's hosts as well; {option_account}: the account's id; {api_url}: "
                "https://api.xurrent.com."
            )
        ),
        Step(do=N_("Settings, Webhooks, New, with that webhook policy. Event: request.create. URI:"), paste="{url}"),
        Step(do=N_("Xurrent makes sure of the address at once; the webhook then shows that it is verified.")),
        Step(do=N_("The same again for the event request.update. Let no automation rule call them.")),
        Step(
            do=N_(
                "The flow is the request's service instance; or what you choose instead: {option_flow_field}. {flows}:"
            ),
            paste="{flow}",
        ),
        Step(
            do=N_(
                "For looking up and the way back: a person of its own with the Service Desk Analyst role, and a "
                "personal access token of theirs that may read people and read, update and annotate requests, as "
                "{api_token}."
            )
        ),
    ),
)
