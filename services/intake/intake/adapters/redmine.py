"""Redmine: from 6.1 on a webhook sends the issue and the change, signed with HMAC-SHA256 over the body; 5.0 and 6.0 are
polled.

A webhook is sent once and never again, so it is polled for as well. A requester's address is told only to who asks for
the user. A revision is the id of the last entry in the issue's history, 0 before the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field

from chassis.i18n import N_
from chassis.options import Option, flow_field
from chassis.outbox import Retry
from chassis.outward import Remote
from chassis.partnership import ServiceDesk
from intake.adapters.attachments import Listed, by_path, hung, path
from intake.adapters.port import Arrived, Changed, Said, Step, System, Way, gone, polled
from intake.adapters.proofs import signed
from intake.adapters.records import Listing

PRIORITIES = {
    ("low", "låg", "lav"): 4,
    ("normal",): 3,
    ("high", "hög", "høj", "høy"): 2,
    ("urgent", "brådskande", "akut", "haster"): 1,
    ("immediate", "omedelbar", "omgående"): 1,
}
"""The priorities that Redmine is set up with, in English, Swedish, Danish and Norwegian."""
FLOW_FIELD = flow_field(
    "project",
    hint=N_("An issue belongs to the project flow by what stands in it: project, tracker, category, or the name of a "
            "custom field."),
)  # fmt: skip
UNIT_FIELD = Option(
    name="unit_field", label=N_("Field with the requester's unit"), hint=N_("The name of a custom field.")
)
REFERENCE_FIELD = Option(
    name="reference_field",
    label=N_("Field for the reference to the request"),
    hint=N_("The name of a custom field. Without one the reference becomes a private note."),
)
DELETED = "issue.deleted"
TOGETHER = 50

Id = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value)]


class Named(BaseModel):
    """Whatever has a name."""

    name: str


class Status(Named):
    """How far an issue is."""

    is_closed: bool


class Author(BaseModel):
    """Who wrote the issue; the address is what we add to a record."""

    id: int
    name: str
    mail: str | None = None

    @property
    def as_requester(self) -> dict[str, str]:
        """In the words of the generic ticket."""
        return {"name": self.name, **({"email": self.mail} if self.mail else {})}


class Custom(BaseModel):
    """A field that the installation added; the value of some is a list."""

    name: str
    value: Any = None


class Entry(BaseModel):
    """An entry of an issue's history."""

    id: Annotated[int, Field(ge=0)]


class Issue(BaseModel):
    """An issue; its history is there in records only."""

    id: Id
    project: Named
    tracker: Named
    status: Status
    priority: Named
    author: Author
    category: Named | None = None
    subject: str
    description: str | None = None
    custom_fields: tuple[Custom, ...] = ()
    created_on: AwareDatetime
    updated_on: AwareDatetime
    journals: tuple[Entry, ...] = ()
    attachments: Listed = None

    def named(self, field: str | None) -> str | None:
        """What stands in a field: the project, the tracker, the category, or one of the installation's by its name."""
        if field in ("project", "tracker", "category"):
            own: Named | None = getattr(self, field)
            return own.name if own else None
        values = [custom.value for custom in self.custom_fields if custom.name == field]
        return next((value for value in values if isinstance(value, str) and value), None)


class Data(BaseModel):
    """The issue, and the entry of its history that a webhook is sent for."""

    issue: Issue
    journal: Entry | None = None


class Payload(BaseModel):
    """What a webhook sends; `type` is "polled" in a record."""

    type: str
    timestamp: str = ""
    data: Data

    @property
    def revision(self) -> int | None:
        """The last entry of the history; None for a change whose entry was not shown to the webhook's owner."""
        if self.type == "polled":
            return max((entry.id for entry in self.data.issue.journals), default=0)
        if self.data.journal is not None:
            return self.data.journal.id
        return 0 if self.type == "issue.created" else None


class Found(BaseModel):
    """An issue that a search found."""

    id: Id
    updated_on: AwareDatetime


def said(arrived: Arrived, desk: ServiceDesk) -> Said:
    """The issue as it was then.

    The flow is the project's name, or what stands in the field that the desk's option `flow_field` names: "tracker",
    "category", or a custom field by its name. The requester's unit stands in the custom field of `unit_field`.
    """
    payload = arrived.read(Payload)
    issue = payload.data.issue
    named = {
        "external_id": issue.id,
        "number": issue.id,
        "url": f"{desk.base}/issues/{issue.id}" if desk.base else None,
    }
    key = f"{payload.type} {issue.id} {payload.revision} {payload.timestamp}"
    if payload.type == DELETED:
        return Said(ticket={**named, "kind": "deleted"}, key=key)
    closed = issue.status.is_closed or issue.status.name.casefold() in [name.casefold() for name in desk.closed]
    ticket = {
        **named,
        "kind": "closed" if closed else "changed",
        "open": not closed,
        "flow": issue.named(FLOW_FIELD.of(desk.api)) or "",
        "title": issue.subject,
        "description": issue.description or "",
        "description_format": "text",
        "requester": issue.author.as_requester,
        "organisation": issue.named(UNIT_FIELD.of(desk.api)),
        "opened_at": issue.created_on,
        "updated_at": issue.updated_on,
        "revision": payload.revision,
        "priority": _priority(issue.priority.name),
        "attachments": hung(issue.attachments, lambda file: path("/attachments/download/{}", file.get("id"))),
    }
    if arrived.polled:
        return Said(ticket=ticket, key=f"polled {issue.id} {issue.updated_on.isoformat()}")
    return Said(ticket=ticket, key=key, lookup="new")


def _priority(name: str) -> int | None:
    return next((priority for names, priority in PRIORITIES.items() if name.casefold() in names), None)


async def look_up(way: Way, arrived: Arrived) -> Arrived:
    """The issue of a delivery as it is now, with the address of who wrote it if we may see that."""
    found = await _record(_remote(way), arrived.read(Payload).data.issue.id, {})
    return arrived if found is None else found


async def fetch(way: Way, external_id: str) -> Arrived:
    """An issue. One that may not be seen is refused (403), so that one that is not found (404) is deleted."""
    remote = _remote(way)
    if (await remote.get(f"/issues/{external_id}.json", (404,))).status == 404:
        return gone(external_id)
    if (found := await _record(remote, external_id, {})) is None:
        raise Retry("the issue was there a moment ago")
    return found


async def changed(way: Way, cursor: str) -> Changed:
    """The issues that changed since, the longest ago first; those of the last second come again.

    The cursor is that second, and how many of its issues are passed over where there are more than one page of them (an
    administrator can change hundreds at once). Each page begins within the one before, because issues that are changed
    meanwhile leave gaps.
    """
    remote, (since, _, skipped) = _remote(way), cursor.partition(" ")
    moment, passed = _moment(datetime.fromisoformat(since)), int(skipped or 0)
    found = await remote.get(
        "/issues.json",
        status_id="*", sort="updated_on,id", updated_on=f">={moment}", limit=str(TOGETHER), offset=str(passed),
    )  # fmt: skip
    listed = Listing.of(found.json()["issues"], Found.model_validate, TOGETHER)
    addresses: dict[int, str | None] = {}
    records = await listed.records(lambda issue: _record(remote, issue.id, addresses))
    last = max([_moment(issue.updated_on) for issue in listed.found[-1:]] + [moment])
    following = f"{moment} {passed + TOGETHER // 2}" if listed.full and last == moment else last
    return Changed(records=records, cursor=following, more=listed.full)


def _moment(at: datetime) -> str:
    """A moment as Redmine wants it asked for: an offset it does not understand."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _remote(way: Way) -> Remote:
    return way.remote({"X-Redmine-API-Key": way.api.token})


async def _record(remote: Remote, number: str, addresses: dict[int, str | None]) -> Arrived | None:
    """An issue in the shape of what a webhook sends, with the author's address; None if it is there no more, or not
    for us. `addresses` are those that were asked for already, by user."""
    found = await remote.get(f"/issues/{number}.json", (403, 404), include="journals,attachments")
    if found.status != 200:
        return None
    issue: Mapping[str, Any] = found.json()["issue"]
    author = issue["author"]
    if author["id"] not in addresses:
        user = await remote.get(f"/users/{author['id']}.json", (403, 404))
        addresses[author["id"]] = user.json()["user"].get("mail") if user.status == 200 else None
    written = {**issue, "author": {**author, "mail": addresses[author["id"]]}}
    return polled({"type": "polled", "data": {"issue": written}})


system = System(
    name="Redmine",
    proof=signed("x-redmine-signature-256", "sha256", prefix="sha256="),
    said=said,
    kept=("x-redmine-signature-256",),
    look_up=look_up,
    fetch=fetch,
    names=("data.issue.id",),
    changed=changed,
    open_file=by_path(_remote),
    options=(FLOW_FIELD, UNIT_FIELD, REFERENCE_FIELD),
    steps=(
        Step(do=N_("Administration, Settings, API: enable the REST web service.")),
        Step(
            do=N_(
                "Administration, Users: a user for Flöde, in the project of the project flow and in those that its "
                "issues are moved from and to, with a role that may view all issues, edit issues, add notes and set "
                "notes as private. An administrator sees the addresses of all requesters; others see those that are "
                "not hidden."
            )
        ),
        Step(
            do=N_(
                "As that user: My account, API access key, Show; the key is {api_token}. This is all for 5.0 and 6.0."
            )
        ),
        Step(
            do=N_(
                "From 6.1 on besides: Administration, Settings, API: enable webhooks. Administration, Roles and "
                "permissions: the role may use webhooks. As that user: My account, Webhooks, New. URL:"
            ),
            paste="{url}",
        ),
        Step(do=N_("Secret:"), paste="{secret}"),
        Step(
            do=N_(
                "Events: issue created, updated and deleted, and no others. Projects: those named before. Active. Save."
            )
        ),
        Step(do=N_("The project of the flow is called:"), paste="{flow}"),
        Step(
            do=N_(
                "If another field than the project tells the flow, name it: {option_flow_field}. Name the custom "
                "fields with the requester's unit and for the reference as well, if there are any: "
                "{option_unit_field} and {option_reference_field}. Without the latter the reference becomes a private "
                "note."
            ),
        ),
    ),
)
