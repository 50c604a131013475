"""Jira Service Management, Cloud and Data Center: a webhook of the administrator's sends the issue, signed with
HMAC-SHA256 over the body.

An issue that is moved changes its key, so it is known by its id. Who has hidden their address sends none; the request's
own page tells it to an agent. What is told of a comment has little of the issue, and none of it is needed. The API is
asked in its version 2, which both have and in which descriptions are wiki markup; `api.user` is set for Cloud alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from chassis.i18n import N_
from chassis.options import Option, flow_field
from chassis.outbox import GiveUp
from chassis.outward import Remote, basic
from chassis.partnership import Api, ServiceDesk
from intake.adapters.attachments import Listed, hung, path, read
from intake.adapters.jira_markup import from_document, from_wiki
from intake.adapters.jira_steps import STEPS
from intake.adapters.port import Arrived, Changed, Said, System, Way, polled
from intake.adapters.proofs import signed
from intake.adapters.records import Listing

PRIORITIES = {
    "highest": 1, "high": 2, "medium": 3, "low": 4, "lowest": 5,
    "blocker": 1, "critical": 2, "major": 3, "minor": 4, "trivial": 5,
}  # fmt: skip
"""Both schemes that Jira comes with. Where they are translated, their ids are still 1 to 5."""
CLOSED = ("closed", "done", "resolved", "canceled", "cancelled", "declined")
"""For what does not say which category its status is of."""
FIELDS = (
    "summary", "description", "created", "updated", "reporter", "priority", "status", "issuetype", "project",
    "attachment",
)  # fmt: skip
FLOW_FIELD = flow_field(
    "project",
    hint=N_("An issue belongs to the project flow by what stands in it: project, issuetype, components, labels, or the "
            "id of a custom field."),
    pattern=r"[a-z]+|customfield_\d+",
    example="customfield_10010",
)  # fmt: skip
ORGANISATION_FIELD = Option(
    name="organisation_field",
    label=N_("Field with the requester's organisation"),
    hint=N_("The id of a custom field."),
    pattern=r"customfield_\d+",
    example="customfield_10002",
)
JQL = Option(
    name="jql",
    label=N_("Which issues are asked for"),
    hint=N_("JQL that narrows which issues are asked for, like “project = SD”. Without it all are that our user sees."),
)
TOGETHER = 50
MOST_IDS = 1000
"""How many issues of one second are told apart; a Data Center tells no more at once."""
LAG = timedelta(minutes=2)
"""How long a change may take until a search finds it: what is younger is asked for once more."""

Kind = Literal[
    "jira:issue_created", "jira:issue_updated", "jira:issue_deleted",
    "comment_created", "comment_updated", "comment_deleted",
]  # fmt: skip
Id = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value)]


class Category(BaseModel):
    """What a status means: "new", "indeterminate" or "done"."""

    key: str | None = None


class Status(BaseModel):
    """Where an issue stands."""

    name: str
    category: Category | None = Field(default=None, alias="statusCategory")


class Priority(BaseModel):
    """How urgent an issue is."""

    id: Id | None = None
    name: str | None = None


class User(BaseModel):
    """A person, who may have hidden their address."""

    name: str | None = Field(default=None, alias="displayName")
    email: str | None = Field(default=None, alias="emailAddress")


class Fields(BaseModel):
    """An issue's fields; which custom ones there are differs from site to site."""

    model_config = ConfigDict(extra="allow")

    summary: str
    created: AwareDatetime
    updated: AwareDatetime
    status: Status
    description: str | dict[str, Any] | None = None
    reporter: User | None = None
    priority: Priority | None = None
    attachment: Listed = None

    @property
    def text(self) -> str | None:
        """The description as text; None where there is none."""
        if isinstance(self.description, dict):
            return from_document(self.description)
        return from_wiki(self.description) if self.description else None


class Issue(BaseModel):
    """An issue as it is now."""

    id: Id
    key: str
    fields: Fields


class Named(BaseModel):
    """An issue, of which no more is needed."""

    id: Id
    key: str | None = None


class Event(BaseModel):
    """What a webhook tells of issues and their comments."""

    model_config = ConfigDict(loc_by_alias=False)

    webhook_event: Kind = Field(alias="webhookEvent")
    issue: Named


class Snapshot(BaseModel):
    """What a webhook tells of an issue that is there."""

    issue: Issue


def said(arrived: Arrived, desk: ServiceDesk) -> Said:
    """The issue as it is now, or that it is no more."""
    event = arrived.read(Event)
    if event.webhook_event.startswith("comment_") or event.webhook_event == "jira:issue_deleted":
        kind = "deleted" if event.webhook_event == "jira:issue_deleted" else "commented"
        return Said(ticket={**_named(desk, event.issue.id, event.issue.key), "kind": kind})
    issue = arrived.read(Snapshot).issue
    fields, reporter = issue.fields, issue.fields.reporter or User()
    closed = _closed(fields.status, desk)
    name = reporter.name or reporter.email
    told = {
        **_named(desk, issue.id, issue.key),
        "kind": "closed" if closed else "changed",
        "open": not closed,
        "flow": _flow(fields, desk),
        "title": fields.summary,
        "description": fields.text,
        "description_format": "text",
        "requester": {"name": name, "email": reporter.email or None} if name else None,
        "organisation": next(_names(_field(fields, ORGANISATION_FIELD.of(desk.api))), None),
        "opened_at": fields.created,
        "updated_at": fields.updated,
        "priority": _priority(fields.priority),
        "attachments": hung(fields.attachment, _ref, kind="mimeType", size="size"),
    }
    if arrived.polled:
        return Said(ticket=told, key=f"polled {issue.id} {fields.updated.isoformat()}")
    return Said(ticket=told, lookup="never" if reporter.email else "new")


def _named(desk: ServiceDesk, number: str, key: str | None) -> dict[str, object]:
    url = f"{desk.base}/browse/{key}" if desk.base and key else None
    return {"external_id": number, "number": key, "url": url}


def _ref(file: Mapping[str, Any]) -> str | None:
    return path("/rest/api/2/attachment/{}", file.get("id"))


def _closed(status: Status, desk: ServiceDesk) -> bool:
    name = status.name.casefold()
    if name in (each.casefold() for each in desk.closed):
        return True
    category = status.category.key if status.category else None
    return category == "done" if category else name in CLOSED


def _priority(priority: Priority | None) -> int | None:
    if priority is None:
        return None
    by_id = int(priority.id) if priority.id in ("1", "2", "3", "4", "5") else None
    return PRIORITIES.get((priority.name or "").casefold(), by_id)


def _flow(fields: Fields, desk: ServiceDesk) -> str | None:
    """What the issue's flow is called: of several names the one that the desk knows; empty where it is told that there
    is none, None where it is not told at all."""
    name = FLOW_FIELD.of(desk.api)
    if name not in (fields.model_extra or {}):
        return None
    names = list(_names(_field(fields, name)))
    known = {each.casefold() for each in desk.flows}
    return next((each for each in names if each.strip().casefold() in known), names[0] if names else "")


def _field(fields: Fields, name: str | None) -> object:
    return (fields.model_extra or {}).get(name) if name else None


def _names(value: object) -> Iterator[str]:
    """What a field's value is called: texts, choices, projects, types of requests, and lists of them."""
    if isinstance(value, str) and value.strip():
        yield value
    elif isinstance(value, list):
        for each in value:
            if not isinstance(each, list):
                yield from _names(each)
    elif isinstance(value, dict):
        kind = value.get("requestType")
        for one in (value, kind if isinstance(kind, dict) else {}):
            yield from (one[at] for at in ("name", "value", "key") if isinstance(one.get(at), str) and one[at])


async def look_up(way: Way, arrived: Arrived) -> Arrived:
    """The issue of a delivery, with its reporter's address if an agent may see it."""
    return await fetch(way, arrived.read(Event).issue.id)


async def fetch(way: Way, external_id: str) -> Arrived:
    """An issue. One that may not be seen is told in the same way as one that is no more."""
    remote = _remote(way)
    issue = (await remote.get(f"/rest/api/2/issue/{external_id}", fields=_fields(way.desk))).json()
    return await _record(remote, issue)


async def changed(way: Way, cursor: str) -> Changed:
    """The issues that changed since, the longest ago first. Those of one second may come twice.

    A second in which more changed than are asked for at once, as an import does it, is gone through by their ids.
    """
    remote = _remote(way)
    moment, _, after = cursor.partition(" ")
    since = datetime.fromisoformat(moment).replace(microsecond=0)
    if after:
        return await _of_one_second(way, remote, since, int(after))
    issues, asked_at = await _search(way, remote, f"updated >= {_jql(since)}", "ORDER BY updated ASC")
    listed = Listing.of(issues, lambda issue: (_updated(issue), issue), TOGETHER)
    records = await listed.records(lambda one: _record(remote, one[1]))
    last = listed.found[-1][0] if listed.found else since
    if not listed.full:
        return Changed(records=records, cursor=_complete_until(last, asked_at).isoformat())
    return Changed(records=records, cursor=f"{last.isoformat()} 0" if last == since else last.isoformat(), more=True)


async def _of_one_second(way: Way, remote: Remote, since: datetime, after: int) -> Changed:
    over = since + timedelta(seconds=1)
    within = f"updated >= {_jql(since)} AND updated < {_jql(over)}"
    found, asked_at = await _search(way, remote, within, "ORDER BY id ASC", fields="id", most=MOST_IDS)
    listed = Listing.of(found, lambda issue: int(issue["id"]), MOST_IDS)
    ids = sorted(number for number in listed.found if number > after)
    together = ids[:TOGETHER]
    wanted = f"id in ({', '.join(map(str, together))})"
    issues = (await _search(way, remote, wanted, "ORDER BY id ASC"))[0] if together else []
    records = listed.odd + await Listing.of(issues, dict, TOGETHER + 1).records(lambda one: _record(remote, one))
    if len(ids) > TOGETHER:
        return Changed(records=records, cursor=f"{since.isoformat()} {together[-1]}", more=True)
    complete = _complete_until(over, asked_at)
    return Changed(records=records, cursor=complete.isoformat(), more=complete == over)


async def _search(
    way: Way, remote: Remote, jql: str, order: str, *, fields: str = "", most: int = TOGETHER
) -> tuple[list[Any], datetime | None]:
    """The issues, and when the system says it was asked. Fewer than `most` are all: Cloud may tell them in parts."""
    narrowed = JQL.of(way.api)
    query = f"{jql} AND ({narrowed})" if narrowed else jql
    path = "/rest/api/2/search/jql" if way.api.user else "/rest/api/2/search"
    asked = {"jql": f"{query} {order}".strip(), "fields": fields or _fields(way.desk), "maxResults": str(most)}
    answer = await remote.get(path, **asked)
    issues, part = _ISSUES.validate_python(answer.json().get("issues", [])), answer
    while (token := part.json().get("nextPageToken")) and len(issues) < most:
        part = await remote.get(path, **{**asked, "nextPageToken": token, "maxResults": str(most - len(issues))})
        issues += _ISSUES.validate_python(part.json().get("issues", []))
    return issues, answer.date


_ISSUES: TypeAdapter[list[Any]] = TypeAdapter(list[Any])
_MOMENT: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


def _complete_until(seen: datetime, asked_at: datetime | None) -> datetime:
    """Until when every change has been found, if it has been asked for until `seen`."""
    return min(seen, (asked_at or seen) - LAG)


def _jql(moment: datetime) -> str:
    """A moment as JQL takes it whatever the user's time zone is: milliseconds since 1970."""
    return str(int(moment.timestamp() * 1000))


def _updated(issue: dict[str, Any]) -> datetime:
    return _MOMENT.validate_python(issue["fields"]["updated"]).astimezone(UTC).replace(microsecond=0)


def _fields(desk: ServiceDesk) -> str:
    own = (FLOW_FIELD.of(desk.api), ORGANISATION_FIELD.of(desk.api))
    return ",".join(dict.fromkeys((*FIELDS, *(name for name in own if name))))


def _remote(way: Way) -> Remote:
    return way.remote(who(way.api))


def who(api: Api) -> dict[str, str]:
    """Who asks: on Cloud a user's address with a token, in a Data Center a personal access token alone."""
    return basic(api.user, api.token) if api.user else {"Authorization": f"Bearer {api.token}"}


async def _record(remote: Remote, issue: dict[str, Any]) -> Arrived:
    """An issue, in the shape of what a webhook sends."""
    reporter = issue["fields"].get("reporter")
    if reporter and not reporter.get("emailAddress"):
        # Whoever is no customer's request, or is not ours to see, is none here.
        page = await remote.get(f"/rest/servicedeskapi/request/{issue['id']}", (400, 401, 403, 404))
        seen = page.json().get("reporter") if page.status == 200 else None
        if seen and seen.get("emailAddress"):
            issue["fields"]["reporter"] = {**reporter, "emailAddress": seen["emailAddress"]}
    return polled({"webhookEvent": "jira:issue_updated", "issue": issue})


async def open_file(way: Way, ref: str) -> bytes:
    """The file that a reference names. Cloud would lead elsewhere, unless it is told not to; a Data Center tells where
    it has the file, which is fetched if that is its own address. Raises GiveUp."""
    remote = _remote(way)
    if way.api.user:
        return await read(remote, f"{ref.replace('/attachment/', '/attachment/content/')}?redirect=false")
    where = str((await remote.get(ref)).json().get("content") or "")
    if urlsplit(where)[:2] != urlsplit(way.api.url)[:2]:
        raise GiveUp("the file is at another address than the system's own")
    return (await way.outward.ask("GET", where, headers=who(way.api))).body


system = System(
    name="Jira Service Management",
    proof=signed("x-hub-signature", "sha256", prefix="sha256="),
    said=said,
    key=lambda arrived: arrived.headers.get("x-atlassian-webhook-identifier"),
    kept=(
        "x-atlassian-webhook-identifier",
        "x-atlassian-webhook-retry",
        "x-atlassian-webhook-flow",
        "x-hub-signature",
    ),
    look_up=look_up,
    fetch=fetch,
    names=("issue.id",),
    changed=changed,
    open_file=open_file,
    options=(FLOW_FIELD, ORGANISATION_FIELD, JQL),
    steps=STEPS,
)
