"""TOPdesk: an action sequence sends what its administrator lays down, here the JSON of our template, with a token.

TOPdesk signs nothing, numbers no delivery and counts no changes, so that a delivery is named by its incident and the
moment of the change. What a caller wrote is no line of the template: on a card it is one text with all that was added
since, so the first entry is asked for. Where nothing can be asked, a template with `request` is used as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_snake

from chassis.i18n import N_
from chassis.options import flow_field
from chassis.outbox import GiveUp
from chassis.outward import Answer, Remote, basic
from chassis.partnership import ServiceDesk
from intake.adapters.attachments import Listed, by_path, hung, path
from intake.adapters.places import Place
from intake.adapters.port import Arrived, Changed, Said, Step, System, Way, polled
from intake.adapters.proofs import bearer
from intake.adapters.records import Listing

FLOW_FIELD = flow_field(
    "category",
    {
        "category": N_("Category"),
        "subcategory": N_("Subcategory"),
        "callType": N_("Call type"),
        "operatorGroup": N_("Operator group"),
        "processingStatus": N_("Status"),
    },
)
CLOSED = ("closed", "afgesloten", "gesloten", "lukket", "afsluttet", "avsluttet", "avslutad", "stängd")
ARCHIVED = "Archived"
AS_ON_A_CARD = re.compile(r"(\d\d)-(\d\d)-(\d{4})[ ,]+(\d\d:\d\d(?::\d\d)?)")
TOGETHER = 50
MOST_ENTRIES = "100"
EMPTY, HIDDEN, GONE = 204, 403, 404


def _left_out(value: object) -> object:
    """A template writes an empty field as an empty text."""
    return None if isinstance(value, str) and not value.strip() else value


def _moment(value: object) -> object:
    """A moment as the API writes it, or as a card shows it: "01-03-2026 09:00"."""
    shown = AS_ON_A_CARD.fullmatch(value.strip()) if isinstance(value, str) else None
    return "{2}-{1}-{0}T{3}".format(*shown.groups()) if shown else _left_out(value)


Text = Annotated[str | None, BeforeValidator(_left_out)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Yes = Annotated[bool | None, BeforeValidator(_left_out)]


class _Sent(BaseModel):
    """Named as TOPdesk names things in JSON; whoever wrote a template is told of them in words with underscores."""

    model_config = ConfigDict(loc_by_alias=False)


class Named(_Sent):
    """Whatever has a name."""

    name: Text = None


class Caller(_Sent):
    """Who asks. `dynamic_name` is put together from a registered caller's names, as the installation lays down."""

    dynamic_name: Text = Field(default=None, validation_alias="dynamicName")
    email: Text = None
    branch: Named | None = None
    department: Named | None = None

    @property
    def as_requester(self) -> dict[str, str] | None:
        """In the words of the generic ticket; None for nobody."""
        email = self.email if self.email and re.fullmatch(r"[^@\s]+@[^@\s]+", self.email) else None
        name = self.dynamic_name or email
        return {"name": name, **({"email": email} if email else {})} if name else None


class Entry(_Sent):
    """One entry of what a caller wrote."""

    memo_text: str | None = Field(default=None, validation_alias="memoText")
    plain_text: str | None = Field(default=None, validation_alias="plainText")
    entry_date: Moment = Field(default=None, validation_alias="entryDate")
    creation_date: Moment = Field(default=None, validation_alias="creationDate")

    @property
    def at(self) -> datetime:
        """When it was written; long ago if nobody tells."""
        moment = self.entry_date or self.creation_date or datetime.min.replace(tzinfo=UTC)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Incident(_Sent):
    """An incident, as the template or the API tells of it; `entries` and `files` are what we add to a record of the
    API."""

    id: UUID
    number: Text = None
    brief_description: Text = Field(default=None, validation_alias="briefDescription")
    request: Text = None
    entries: tuple[Entry, ...] | None = None
    files: Listed = None
    caller: Caller | None = None
    caller_branch: Named | None = Field(default=None, validation_alias="callerBranch")
    category: Named | None = None
    subcategory: Named | None = None
    call_type: Named | None = Field(default=None, validation_alias="callType")
    operator_group: Named | None = Field(default=None, validation_alias="operatorGroup")
    processing_status: Named | None = Field(default=None, validation_alias="processingStatus")
    priority: Named | None = None
    status: Text = None
    completed: Yes = None
    closed: Yes = None
    call_date: Moment = Field(default=None, validation_alias="callDate")
    creation_date: Moment = Field(default=None, validation_alias="creationDate")
    modification_date: Moment = Field(default=None, validation_alias="modificationDate")

    def flow(self, desk: ServiceDesk) -> str | None:
        """What the field says that tells the flow: empty for a card of none, None where the field was not sent."""
        field = to_snake(_flow_field(desk))
        named: Named | None = getattr(self, field)
        return ((named and named.name) or "") if field in self.model_fields_set else None

    def is_over(self, desk: ServiceDesk) -> bool | None:
        """Whether it is closed, completed or archived; None where nothing of that is told."""
        state = ((self.processing_status.name if self.processing_status else None) or "").casefold()
        if self.closed is None and self.completed is None and not state and not self.status:
            return None
        known = (*CLOSED, *(name.casefold() for name in desk.closed))
        return bool(self.closed or self.completed or state in known or (self.status or "").endswith(ARCHIVED))

    @property
    def organisation(self) -> str | None:
        """The branch of who asks, which stands on the incident for callers who are not registered too."""
        named = self.caller_branch or (self.caller.branch if self.caller else None)
        return named.name if named else None


def said(arrived: Arrived, desk: ServiceDesk) -> Said:
    """The incident as it is now."""
    incident = arrived.read(Incident)
    updated, over = _in_zone(incident.modification_date, desk), incident.is_over(desk)
    named: dict[str, object] = {
        "external_id": str(incident.id),
        "number": incident.number,
        "url": f"{desk.base}/tas/secure/incident?action=show&unid={incident.id}" if desk.base else None,
        "kind": "closed" if over else "changed",
        "open": None if over is None else not over,
        "flow": incident.flow(desk),
        "title": incident.brief_description,
        "requester": incident.caller.as_requester if incident.caller else None,
        "organisation": incident.organisation,
        "opened_at": _in_zone(incident.call_date or incident.creation_date, desk),
        "updated_at": updated,
        "priority": _priority(incident.priority),
        "attachments": hung(
            incident.files,
            lambda file: path("/tas/api/incidents/id/{}/attachments/{}/download", incident.id, file.get("id")),
            name="fileName",
            size="size",
        ),
    }
    stamp = updated.astimezone(UTC).isoformat() if updated else None
    if arrived.polled:
        # The API leaves nothing out: what is not there is empty.
        whole = {"flow": incident.flow(desk) or "", "title": incident.brief_description or incident.number}
        return Said(ticket=named | whole | _asked_for(incident), key=f"polled {incident.id} {stamp}")
    key = f"{incident.id} {stamp}" if stamp else None
    if not incident.brief_description or incident.flow(desk) is None or over is None:
        return Said(ticket=named, key=key, lookup="always")
    if desk.api is None and incident.request:
        return Said(ticket=named | {"description": incident.request}, key=key)
    return Said(ticket=named, key=key, lookup="new")


def _asked_for(incident: Incident) -> dict[str, object]:
    """What was asked for: the first entry, as text where there is one."""
    first = min(incident.entries or (), key=lambda entry: entry.at, default=None)
    if first is None:
        return {}
    if first.plain_text is not None:
        return {"description": first.plain_text, "description_format": "text"}
    return {"description": first.memo_text, "description_format": "html"} if first.memo_text is not None else {}


def _flow_field(desk: ServiceDesk) -> str:
    field = FLOW_FIELD.of(desk.api)
    return field if field in FLOW_FIELD.choices else FLOW_FIELD.usual


def _priority(named: Named | None) -> int | None:
    """1 to 5 from what an installation calls it: "P3", "Prio 2", "1 - Hög"."""
    found = re.match(r"\D*([1-5])(?!\d)", (named.name or "") if named else "")
    return int(found[1]) if found else None


def _in_zone(moment: datetime | None, desk: ServiceDesk) -> datetime | None:
    """A moment that was told without a zone is of the desk's."""
    return moment.replace(tzinfo=ZoneInfo(desk.timezone)) if moment and moment.tzinfo is None else moment


async def look_up(way: Way, arrived: Arrived) -> Arrived:
    """The incident of a delivery, with what was asked for."""
    return await fetch(way, str(arrived.read(Incident).id))


async def fetch(way: Way, external_id: str) -> Arrived:
    """An incident. Archived ones are still told; whether one that is not was deleted or may not be seen is not said."""
    remote = _remote(way)
    return await _record(remote, (await remote.get(f"/tas/api/incidents/id/{external_id}")).json())


async def changed(way: Way, cursor: str) -> Changed:
    """The incidents that changed since, the longest ago first, archived ones too. Those of one second may come
    twice. What was asked for is only read of those of the project flow."""
    place, remote = Place.at(cursor), _remote(way)
    found = await remote.get(
        "/tas/api/incidents", query=f"modificationDate=ge={place.moment:%Y-%m-%dT%H:%M:%SZ}", all="true",
        sort="modificationDate:asc,id:asc", pageStart=str(place.offset), pageSize=str(TOGETHER),
    )  # fmt: skip
    flows = {name.casefold() for name in way.desk.flows}

    def read(whole: dict[str, Any]) -> tuple[datetime | None, bool, dict[str, Any]]:
        incident = Incident.model_validate(whole)
        at = _in_zone(incident.modification_date, way.desk)
        return at and at.astimezone(UTC), (incident.flow(way.desk) or "").casefold() in flows, whole

    async def record(one: tuple[datetime | None, bool, dict[str, Any]]) -> Arrived:
        _, ours, whole = one
        return await _record(remote, whole) if ours else polled(whole)

    listed = Listing.of(_list(found), read, TOGETHER)
    moments = [moment for moment, _, _ in listed.found if moment]
    cursor = str(place.after(moments, full=listed.full))
    return Changed(records=await listed.records(record), cursor=cursor, more=listed.full)


def _remote(way: Way) -> Remote:
    return way.remote(basic(way.api.user or "", way.api.token))


async def _record(remote: Remote, incident: Mapping[str, Any]) -> Arrived:
    """An incident with what was asked for."""
    card = f"/tas/api/incidents/id/{UUID(str(incident['id']))}"
    # A card may be deleted after it was listed; what was listed of it can still be read.
    entries = _list(await remote.get(f"{card}/requests", (GONE,), page_size=MOST_ENTRIES))
    files = await remote.get(f"{card}/attachments", (HIDDEN, GONE))
    known = {} if files.status == HIDDEN else {"files": _list(files)}
    return polled({**incident, "entries": entries, **known})


def _list(answer: Answer) -> list[dict[str, Any]]:
    """What a list holds. An empty one is answered with 204 and no body, a part of one with 206."""
    if answer.status in (EMPTY, GONE):
        return []
    found = answer.json()
    if not isinstance(found, list):
        raise GiveUp("the system answered with something that is no list")
    return found


TEMPLATE = """\
{
  "id": "${id}",
  "number": "${number?json_string}",
  "briefDescription": "${briefDescription?json_string}",
  "caller": {"dynamicName": "${caller.dynamicName?json_string}", "email": "${caller.email?json_string}"},
  "callerBranch": {"name": "${callerBranch.name?json_string}"},
  "category": {"name": "${category.name?json_string}"},
  "priority": {"name": "${priority.name?json_string}"},
  "processingStatus": {"name": "${processingStatus.name?json_string}"},
  "status": "${status}",
  "completed": "${completed}",
  "closed": "${closed}",
  "creationDate": "${creationDate}",
  "modificationDate": "${modificationDate}"
}"""
"""What the action sequence is to send. Only the names within ${…} are the installation's own."""

system = System(
    name="TOPdesk",
    proof=bearer,
    said=said,
    look_up=look_up,
    fetch=fetch,
    names=("id",),
    changed=changed,
    open_file=by_path(_remote),
    options=(FLOW_FIELD,),
    steps=(
        Step(
            do=N_(
                "For what we ask and write: an operator of its own, in a permission group with REST API (read), Use "
                "application passwords (write), first and second line incidents (read, write). As this operator: My "
                "settings, Application passwords, Add. {api_url}: what stands before /tas; {api_user}: the operator's "
                "login name; {api_token}: the application password."
            )
        ),
        Step(
            do=N_(
                "The project flow is a category. If it is told by another field, choose that ({option_flow_field}), "
                "and send it as category is sent below."
            ),
            paste="{flow}",
        ),
        Step(
            do=N_(
                "Modules, Action Management, New, Automated action, Incident. Name: Flöde. Select events: those of an "
                "incident that is created, and of one that is changed, in any category: a card that leaves the "
                "project flow must tell so. Active: yes. Configure the sequence, add a step: Send HTTP request, "
                "method POST, URL:"
            ),
            paste="{url}",
        ),
        Step(do=N_("A header of the request, Authorization:"), paste="Bearer {secret}"),
        Step(do=N_("A header of the request, Content-Type:"), paste="application/json; charset=utf-8"),
        Step(
            do=N_(
                "The body of the request. Each ${…} is a variable of the card: choose it from the list of variables, "
                "which names it as your installation does, and keep what stands around it. Whatever your version "
                "cannot put into JSON safely is left out, with its line: what lacks is asked for. {timezone}: of "
                "those that are sent without one."
            ),
            paste=TEMPLATE,
        ),
        Step(do=N_("Log level: all, until the first incident has come through. Save.")),
    ),
)
