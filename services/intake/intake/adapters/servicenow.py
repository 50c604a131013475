"""ServiceNow: a business rule of ours sends the record, signed in its script as Standard Webhooks asks.

Times are UTC without saying so. What a field holds and what people see of it differ: "2" and "In Progress", an id and a
name; the script sends both where both matter. `sys_mod_count` counts a record's changes. RESTMessageV2 does not try
again, so that what did not arrive is only found by polling.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, TypeAdapter

from chassis.i18n import N_
from chassis.options import Option, flow_field
from chassis.outbox import GiveUp, Retry
from chassis.outward import Answer, Remote, basic
from chassis.partnership import ServiceDesk
from intake.adapters import standard_webhooks
from intake.adapters.attachments import Listed, by_path, hung, path
from intake.adapters.places import Place
from intake.adapters.port import Arrived, Changed, Said, Step, System, Way, polled
from intake.adapters.records import Listing
from intake.adapters.servicenow_script import SCRIPT

A_NAME = r"[a-z][a-z0-9_]*"
TABLE = Option(
    name="table",
    label=N_("Table with the tickets"),
    hint=N_("Its name in ServiceNow, not what people see."),
    usual="incident",
    pattern=A_NAME,
    example="sc_request",
)
FLOW_FIELD = flow_field("category", pattern=A_NAME, example="assignment_group")
CALLER_FIELD = Option(
    name="caller_field",
    label=N_("Field that tells who asks"),
    hint=N_("Its name in ServiceNow, not what people see."),
    usual="caller_id",
    pattern=A_NAME,
    example="opened_by",
)
CLOSED = frozenset({"6", "7", "8"})
"""Resolved, closed and cancelled, on the incident table; other tables count otherwise and tell by `active` alone."""
TOGETHER = 50
MOST_FILES = 1000
HIDDEN = (401, 403)
FIELDS = (
    "sys_id", "number", "sys_mod_count", "sys_updated_on", "opened_at", "short_description", "description", "priority",
    "state", "active", "company",
)  # fmt: skip


Record = dict[str, Any]


def _left_out(value: object) -> object:
    """An empty field is an empty text."""
    return None if value == "" else value


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Text = Annotated[str | None, BeforeValidator(_left_out)]
Moment = Annotated[datetime, AfterValidator(_utc)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,79}$")]
Priority = Annotated[int | None, BeforeValidator(_left_out)]


class Shown(BaseModel):
    """A field as it is stored, and as people see it."""

    value: Text = None
    display: Text = None


class Caller(BaseModel):
    """Who asks."""

    name: Text = None
    email: Text = None
    department: Text = None

    @property
    def as_requester(self) -> dict[str, str] | None:
        """In the words of the generic ticket; None for nobody."""
        email = self.email if self.email and re.fullmatch(r"[^@\s]+@[^@\s]+", self.email) else None
        name = self.name or email
        return {"name": name, **({"email": email} if email else {})} if name else None


class Task(BaseModel):
    """A record as our script sends it, with the operation that set the rule off. `fields` are those that may tell the
    flow. Of a record that is deleted only its id matters."""

    table: Name
    sys_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    sys_mod_count: Annotated[int, Field(ge=0)]
    sys_updated_on: Moment
    operation: str
    number: Text = None
    short_description: Text = None
    description: str | None = None
    caller: Caller | None = None
    company: Text = None
    opened_at: Annotated[Moment | None, BeforeValidator(_left_out)] = None
    priority: Priority = None
    state: Shown = Shown()
    active: bool = True
    fields: dict[str, Shown] = Field(default_factory=dict)
    files: Listed = None
    """What hangs on it, in a record of the API."""

    def flow(self, desk: ServiceDesk) -> str | None:
        """What the field says that tells the flow: what it holds, if the desk's settings name that, or what people
        see of it; empty for a record of none. None where the field was not sent."""
        told = self.fields.get(FLOW_FIELD.of(desk.api))
        if told is None:
            return None
        names = {name.casefold() for name in desk.flows}
        return told.value if told.value and told.value.casefold() in names else told.display or told.value or ""

    def is_over(self, desk: ServiceDesk) -> bool:
        """Whether it is resolved, closed or cancelled."""
        named = {name.casefold() for name in desk.closed}
        known = self.table == TABLE.usual and self.state.value in CLOSED
        return not self.active or known or any(
            told is not None and told.casefold() in named for told in (self.state.value, self.state.display)
        )  # fmt: skip


def said(arrived: Arrived, desk: ServiceDesk) -> Said:
    """The record as it is now, or that it is no more."""
    task = arrived.read(Task)
    key = f"polled {task.sys_id} {task.sys_mod_count}" if arrived.polled else None
    named: dict[str, object] = {
        "external_id": task.sys_id,
        "number": task.number,
        "url": f"{desk.base}/{task.table}.do?sys_id={task.sys_id}" if desk.base else None,
        "revision": task.sys_mod_count,
        "updated_at": task.sys_updated_on,
    }
    if task.operation == "delete":
        return Said(ticket=named | {"kind": "deleted"}, key=key)
    over = task.is_over(desk)
    told = {
        **named,
        "kind": "closed" if over else "changed",
        "open": not over,
        "flow": task.flow(desk),
        "title": task.short_description or task.number,
        "description": task.description,
        "description_format": "text",
        "requester": task.caller.as_requester if task.caller else None,
        "organisation": (task.caller.department if task.caller else None) or task.company,
        "opened_at": task.opened_at,
        "priority": task.priority if task.priority in range(1, 6) else None,
        "attachments": hung(
            task.files,
            lambda file: path("/api/now/attachment/{}/file", file.get("sys_id")),
            name="file_name",
            size="size_bytes",
        ),
    }
    return Said(ticket=told, key=key)


async def changed(way: Way, cursor: str) -> Changed:
    """The records that changed since, the longest ago first. Those of one second may come twice."""
    place, table = Place.at(cursor), TABLE.of(way.api)
    flow, caller = FLOW_FIELD.of(way.api), CALLER_FIELD.of(way.api)
    remote = _remote(way)
    found = await remote.get(
        f"/api/now/table/{quote(table, safe='')}",
        sysparm_query=f"sys_updated_on>={place.moment:%Y-%m-%d %H:%M:%S}^ORDERBYsys_updated_on^ORDERBYsys_id",
        sysparm_limit=str(TOGETHER), sysparm_offset=str(place.offset), **_wanted(flow, caller),
    )  # fmt: skip

    def read(record: Mapping[str, Any]) -> tuple[datetime, dict[str, Any]]:
        sent = _as_sent(record, table, flow, caller)
        return _MOMENT.validate_python(sent["sys_updated_on"]).astimezone(UTC), sent

    listed = Listing.of(_result(found), read, TOGETHER)
    files = await _files(remote, table, [sent for _, sent in listed.found])

    async def record(one: tuple[datetime, dict[str, Any]]) -> Arrived:
        return polled(one[1] | ({} if files is None else {"files": files.get(str(one[1]["sys_id"]), [])}))

    cursor = str(place.after([moment for moment, _ in listed.found], full=listed.full))
    return Changed(records=await listed.records(record), cursor=cursor, more=listed.full)


_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


async def fetch(way: Way, external_id: str) -> Arrived:
    """A record. One that may not be seen is told in the same way as one that is no more."""
    table = TABLE.of(way.api)
    flow, caller = FLOW_FIELD.of(way.api), CALLER_FIELD.of(way.api)
    path = f"/api/now/table/{quote(table, safe='')}/{external_id}"
    answer = (await _remote(way).get(path, **_wanted(flow, caller))).json()
    if not isinstance(answer, dict) or not isinstance(answer.get("result"), dict):
        raise Retry("the system answered without a result")
    return polled(_as_sent(answer["result"], table, flow, caller))


def _remote(way: Way) -> Remote:
    return way.remote(basic(way.api.user or "", way.api.token))


async def _files(remote: Remote, table: str, records: Sequence[Record]) -> dict[str, list[Record]] | None:
    """The files that hang on records, by the id of each; None where they may not be seen."""
    ids = ",".join(str(record["sys_id"]) for record in records)
    if not ids:
        return {}
    # Those of some fields are files of their own to ServiceNow, under a table that is named otherwise.
    query = f"table_name={table}^table_sys_idIN{ids}^ORDERBYsys_created_on"
    found = await remote.get("/api/now/attachment", HIDDEN, sysparm_query=query, sysparm_limit=str(MOST_FILES))
    if found.status in HIDDEN:
        return None
    files: dict[str, list[Record]] = {}
    for file in _result(found):
        if isinstance(file, dict):
            files.setdefault(str(file.get("table_sys_id")), []).append(file)
    return files


def _wanted(flow: str, caller: str) -> dict[str, str]:
    """What is to be told of a record: what it holds and what people see of it."""
    dotted = (f"{caller}.name", f"{caller}.email", f"{caller}.department")
    return {
        "sysparm_fields": ",".join((*FIELDS, flow, *dotted)),
        "sysparm_display_value": "all",
        "sysparm_exclude_reference_link": "true",
    }


def _result(answer: Answer) -> list[dict[str, Any]]:
    """The records of an answer. One that took too long says so beside a result, and with status 200. Raises Retry."""
    body = answer.json()
    if not isinstance(body, dict):
        raise GiveUp("the system answered with something that is no result")
    if "error" in body or not isinstance(body.get("result"), list):
        error = body.get("error")
        raise Retry(str(error.get("message") if isinstance(error, dict) else "the system answered without a result"))
    return list(body["result"])


def _as_sent(record: Mapping[str, Any], table: str, flow: str, caller: str) -> dict[str, Any]:
    """A record of the Table API, in the shape that our script sends."""

    def value(name: str) -> str:
        return str((record.get(name) or {}).get("value") or "")

    def display(name: str) -> str:
        return str((record.get(name) or {}).get("display_value") or "")

    who = {name: display(f"{caller}.{name}") for name in ("name", "email", "department")}
    stored = {name: value(name) for name in FIELDS if name not in ("company", "state", "active")}
    return {
        **stored, "table": table, "operation": "update", "company": display("company"), "caller": who,
        "active": value("active") or "true", "state": {"value": value("state"), "display": display("state")},
        "fields": {flow: {"value": value(flow), "display": display(flow)}},
    }  # fmt: skip


system = System(
    name="ServiceNow",
    proof=standard_webhooks.proof,
    said=said,
    key=lambda arrived: arrived.headers.get("webhook-id"),
    secret=standard_webhooks.fault_of_secret,
    kept=("webhook-id", "webhook-timestamp", "webhook-signature"),
    fetch=fetch,
    names=("sys_id",),
    changed=changed,
    open_file=by_path(_remote),
    options=(TABLE, FLOW_FIELD, CALLER_FIELD),
    steps=(
        Step(
            do=N_(
                "sys_properties.list, New. Name: flode.secret. Type: string. Private: yes, so that no update set "
                "takes it along. Read roles and Write roles: admin. The desk's secret must be whsec_ and 24 or more "
                "random bytes in base64, for the script signs with what that means. Value:"
            ),
            paste="{secret}",
        ),
        Step(
            do=N_(
                "System Definition, Business Rules, New. Application: Global. Name: Flöde. Table: Incident. Advanced. "
                "When: after; Insert, Update and Delete; no filter conditions, since a record that leaves the project "
                "flow must tell so. Advanced, Script:"
            ),
            paste=SCRIPT,
        ),
        Step(
            do=N_(
                "The project flow is told by the category. If another field tells it, name that: {option_flow_field}; "
                "it must be one of FIELDS in the script. Another table than incident is named both here, as "
                "{option_table}, and as the rule's Table; another field than caller_id as {option_caller_field}."
            ),
            paste="{flow}",
        ),
        Step(
            do=N_(
                "For polling and the way back: a user of its own with Web service access only and the role "
                "sn_incident_write (or itil), Time zone: GMT. {api_url}: that of the instance; {api_user} and "
                "{api_token}: the user's name and password. The rule sends once and does not try again, so let it be "
                "polled."
            )
        ),
        Step(
            do=N_(
                "{states}: as a label (In Progress) or as the number behind it (2). Resolving an incident may ask for "
                "a resolution code, which we have none for."
            )
        ),
    ),
)
