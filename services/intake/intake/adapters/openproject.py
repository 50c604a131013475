"""OpenProject: a webhook sends the whole work package, signed with HMAC-SHA1 over the body.

The work package is as it is when the webhook is sent, some minutes after the change (changes are aggregated first), and
made anew when a try is repeated. `lockVersion` grows with each change. A comment is an event of its own that only names
its work package. Nothing tells of a work package that was deleted; each is asked for by its id once in a while.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from chassis.i18n import N_
from chassis.options import Option, flow_field
from chassis.outbox import GiveUp
from chassis.outward import Remote, basic
from chassis.partnership import ServiceDesk
from intake.adapters.attachments import Listed, by_path, hung, path
from intake.adapters.port import Arrived, Changed, Said, Step, System, Way, polled, unseen
from intake.adapters.proofs import signed
from intake.adapters.records import Listing

PRIORITIES = {"low": 4, "normal": 3, "high": 2, "immediate": 1}
LANGUAGES = {"sv": "sv", "da": "da", "no": "nb", "nb": "nb", "en": "en"}
FLOW_FIELD = flow_field(
    "project",
    hint=N_("A work package belongs to the project flow by what stands in it: project, type, category, or customField "
            "and its number."),
    pattern=r"[A-Za-z]+\d*",
    example="customField3",
)  # fmt: skip
UNIT_FIELD = Option(
    name="unit_field",
    label=N_("Field with the requester's unit"),
    hint=N_("The name of the field: customField and its number."),
    pattern=r"[A-Za-z]+\d*",
    example="customField3",
)
REFERENCE_FIELD = Option(
    name="reference_field",
    label=N_("Field for the reference to the request"),
    hint=N_("The name of a field of type text: customField and its number. Without one the reference becomes an "
            "internal comment."),
    pattern=r"customField\d+",
    example="customField7",
)  # fmt: skip
COMMENTS = "work_package_comment:"
TOGETHER = 50

Id = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value)]


class Text(BaseModel):
    """A text in Markdown, and the HTML that OpenProject makes of it."""

    raw: str | None = None
    html: str | None = None


class Status(BaseModel):
    """How far a work package is."""

    name: str
    is_closed: bool = Field(alias="isClosed")


class Author(BaseModel):
    """Who wrote the work package; the address is there for those who may see it."""

    id: Id
    name: str | None = None
    email: str | None = None
    language: str | None = None

    @property
    def as_requester(self) -> dict[str, str] | None:
        """In the words of the generic ticket; None for nobody."""
        said = {"name": self.name or self.email, "email": self.email, "language": LANGUAGES.get(self.language or "")}
        return {key: value for key, value in said.items() if value} if said["name"] else None


class Files(BaseModel):
    """The files of a work package."""

    elements: Listed = None


class Attachments(BaseModel):
    """A list of files, as OpenProject wraps lists."""

    embedded: Annotated[Files, Field(alias="_embedded")] = Files()


class Embedded(BaseModel):
    """What a work package brings along."""

    status: Status
    author: Author | None = None
    attachments: Attachments = Attachments()


class WorkPackage(BaseModel):
    """A work package. What it is linked to has a title; other fields are those that the installation added."""

    model_config = ConfigDict(extra="allow")

    id: Id
    lock_version: Annotated[int, Field(alias="lockVersion", ge=0)]
    subject: str
    description: Text | None = None
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    updated_at: Annotated[AwareDatetime, Field(alias="updatedAt")]
    embedded: Annotated[Embedded, Field(alias="_embedded")]
    links: Annotated[dict[str, Any], Field(alias="_links")]

    def named(self, field: str | None) -> str | None:
        """What stands in a field: the title of what it links to, or its text."""
        link = self.links.get(field or "")
        value = link.get("title") if isinstance(link, dict) else (self.model_extra or {}).get(field or "")
        return value if isinstance(value, str) and value else None


class Payload(BaseModel):
    """A webhook of a work package."""

    action: str
    work_package: WorkPackage


class Link(BaseModel):
    """Where something stands."""

    href: Annotated[str, Field(pattern=r"/work_packages/\d+$")]


class CommentLinks(BaseModel):
    """What a comment belongs to."""

    work_package: Annotated[Link, Field(alias="workPackage")]


class Activity(BaseModel):
    """A comment."""

    id: Id
    links: Annotated[CommentLinks, Field(alias="_links")]


class Commented(BaseModel):
    """A webhook of a comment."""

    activity: Activity


class Event(BaseModel):
    """What any webhook says."""

    action: str


class Found(BaseModel):
    """A work package that a search found."""

    id: Id
    updated_at: Annotated[AwareDatetime, Field(alias="updatedAt")]


def said(arrived: Arrived, desk: ServiceDesk) -> Said:
    """The work package as it is now; of a comment, only to which it belongs.

    The flow is the project's name, or what stands in the field that the desk's option `flow_field` names ("type",
    "category", "customField3"); the requester's unit stands in the one of `unit_field`, if it is said.
    """
    if arrived.read(Event).action.startswith(COMMENTS):
        comment = arrived.read(Commented).activity
        of = comment.links.work_package.href.rpartition("/")[2]
        return Said(ticket={**_named(desk, of), "kind": "commented"}, key=f"comment {comment.id}")
    payload = arrived.read(Payload)
    package = payload.work_package
    status, author, text = package.embedded.status, package.embedded.author, package.description or Text()
    closed = status.is_closed or status.name.casefold() in [name.casefold() for name in desk.closed]
    ticket = {
        **_named(desk, package.id),
        "kind": "closed" if closed else "changed",
        "open": not closed,
        "flow": package.named(FLOW_FIELD.of(desk.api)) or "",
        "title": package.subject,
        "description": text.html or text.raw or "",
        "description_format": "html" if text.html else "text",
        "requester": author.as_requester if author else None,
        "organisation": package.named(UNIT_FIELD.of(desk.api)),
        "opened_at": package.created_at,
        "updated_at": package.updated_at,
        "revision": package.lock_version,
        "priority": PRIORITIES.get((package.named("priority") or "").casefold()),
        "attachments": hung(
            package.embedded.attachments.embedded.elements,
            lambda file: path("/api/v3/attachments/{}/content", file.get("id")),
            name="fileName",
            kind="contentType",
            size="fileSize",
        ),
    }
    if arrived.polled:
        return Said(ticket=ticket, key=f"polled {package.id} {package.lock_version}")
    told = bool(author and author.email)
    key = f"{payload.action} {package.id} {package.lock_version}"
    return Said(ticket=ticket, key=key, lookup="never" if told else "new")


def _named(desk: ServiceDesk, package: str) -> dict[str, object]:
    url = f"{desk.base}/work_packages/{package}" if desk.base else None
    return {"external_id": package, "number": package, "url": url}


async def look_up(way: Way, arrived: Arrived) -> Arrived:
    """The work package of a delivery as it is now, with the address of who wrote it if we may see that."""
    number = arrived.read(Payload).work_package.id
    found = await _record(_remote(way), number)
    return arrived if found is None else found


async def fetch(way: Way, external_id: str) -> Arrived:
    """A work package. One that may not be seen is told in the same way (404) as one that was deleted. While the project
    of the flow can be seen, both mean that it is in the flow no more; of anything else nothing can be said: GiveUp."""
    remote = _remote(way)
    if (found := await _record(remote, external_id)) is not None:
        return found
    answer = await remote.get(f"/api/v3/work_packages/{external_id}", (404,))
    if answer.status != 404 or not await _sees_the_flow(way, remote):
        raise GiveUp(f"it cannot be told whether work package {external_id} is gone or may not be seen")
    return unseen(external_id, answer.date)


async def _sees_the_flow(way: Way, remote: Remote) -> bool:
    """Whether we may see the work packages of the project that is the flow; False where something else tells it."""
    if FLOW_FIELD.of(way.api) != FLOW_FIELD.usual:
        return False
    wanted = {name.casefold() for name in way.desk.flows}
    for name in way.desk.flows:
        filters = json.dumps([{"name_and_identifier": {"operator": "~", "values": [name]}}])
        listed = (await remote.get("/api/v3/projects", filters=filters, pageSize=str(TOGETHER))).json()
        for project in listed["_embedded"]["elements"]:
            if project["name"].casefold() not in wanted:
                continue
            path = f"/api/v3/projects/{project['id']}/work_packages"
            if (await remote.get(path, (403, 404), pageSize="1")).status == 200:
                return True
    return False


async def changed(way: Way, cursor: str) -> Changed:
    """The work packages that changed since, the longest ago first; those of the last moment come again.

    The cursor is that moment, and the page that comes next where one moment has more than a page of them.
    """
    remote, (moment, _, at) = _remote(way), cursor.partition(" ")
    since, page = _moment(datetime.fromisoformat(moment)), int(at or 1)
    found = await remote.get(
        "/api/v3/work_packages",
        filters=json.dumps([{"updatedAt": {"operator": "<>d", "values": [since, ""]}}]),
        sortBy=json.dumps([["updatedAt", "asc"], ["id", "asc"]]), pageSize=str(TOGETHER), offset=str(page),
    )  # fmt: skip
    listed = Listing.of(found.json()["_embedded"]["elements"], Found.model_validate, TOGETHER)
    records = await listed.records(lambda package: _record(remote, package.id))
    last = _moment(listed.found[-1].updated_at) if listed.found else since
    following = f"{since} {page + 1}" if listed.full and last == since else last
    return Changed(records=records, cursor=following, more=listed.full)


def _moment(at: datetime) -> str:
    """A moment as OpenProject writes it, to the millisecond."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def _remote(way: Way) -> Remote:
    return way.remote(basic("apikey", way.api.token))


async def _record(remote: Remote, number: str) -> Arrived | None:
    """A work package in the shape of what a webhook sends; None if it is there no more, or not for us."""
    found = await remote.get(f"/api/v3/work_packages/{number}", (403, 404))
    if found.status != 200:
        return None
    package = found.json()
    author = (package.get("_embedded") or {}).get("author")
    if author and not author.get("email"):
        known = await remote.get(f"/api/v3/users/{author['id']}", (403, 404))
        author["email"] = known.json().get("email") if known.status == 200 else None
    return polled({"action": "polled", "work_package": package})


system = System(
    name="OpenProject",
    proof=signed("x-op-signature", "sha1", prefix="sha1="),
    said=said,
    kept=("x-op-signature",),
    look_up=look_up,
    fetch=fetch,
    names=("work_package.id",),
    changed=changed,
    open_file=by_path(_remote),
    options=(FLOW_FIELD, UNIT_FIELD, REFERENCE_FIELD),
    steps=(
        Step(do=N_("Administration, API and webhooks, Webhooks, New. Name: Flöde. Payload URL:"), paste="{url}"),
        Step(do=N_("Signature secret:"), paste="{secret}"),
        Step(do=N_("Enabled events: Work packages created and updated; comments may be left out. No other resource.")),
        Step(
            do=N_(
                "Enabled for projects: the project of the project flow and those that its work packages are moved from "
                "and to, or all projects. Tick Active. Save. The project of the flow is called:"
            ),
            paste="{flow}",
        ),
        Step(
            do=N_("If another field than the project tells the flow, name it: {option_flow_field}."),
        ),
        Step(
            do=N_(
                "For the way back: a user with a role in these projects that may view and edit work packages and "
                "write comments, and may see the e-mail addresses of users. As that user: Account settings, Access "
                "tokens, API; the token is {api_token}."
            )
        ),
        Step(
            do=N_(
                "{option_reference_field}: a custom field of type text, long enough for an address, enabled for the "
                "type and the project; without it the reference becomes an internal comment, for which OpenProject 16 "
                "Enterprise and the permission to write internal comments are needed."
            ),
        ),
    ),
)
