"""Jira Service Management as Atlassian describes it: on Cloud, with reporters who have hidden their address, and in a
Data Center, which does not name its deliveries."""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar

from aiohttp import web

from tests.systems.peer import FILE, FILE_TYPE, Comment, Event, Peer, Sent, Story

UNIT = "customfield_10002"
WEBHOOK_EVENTS = {"created": "jira:issue_created", "deleted": "jira:issue_deleted", "commented": "comment_created"}
TRANSITIONS = [
    {"id": "11", "name": "Börja", "to": {"id": "3", "name": "In Progress"}},
    {"id": "21", "name": "Lös", "to": {"id": "5", "name": "Done"}},
]


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


class JiraPeer(Peer):
    kind = "jira"
    desk: ClassVar[dict[str, Any]] = {
        "states": {"project": "In progress", "completed": "Done"},
        "api": {"options": {"organisation_field": UNIT}},
    }
    tries_again = True
    says_it_tries_again: ClassVar[dict[str, str]] = {"x-atlassian-webhook-retry": "1"}
    sends = frozenset({"created", "changed", "commented", "closed", "reopened", "moved", "deleted"})
    looks_up = frozenset({"created", "changed", "closed", "reopened", "moved"})
    hides_addresses: ClassVar[bool] = True
    longest_part: ClassVar[int] = 20

    def __init__(self) -> None:
        super().__init__()
        self.status: dict[int, str] = {}
        self.links: dict[str, dict[str, Any]] = {}

    def external_id(self, story: Story) -> str:
        return str(10000 + story.number)

    def shown_number(self, story: Story) -> str:
        return f"{'SD' if story.flow == 'Projekt' else 'SUP'}-{story.number}"

    def deliver(self, story: Story, event: Event, *, name: str, secret: str, at: datetime) -> Sent:
        told: dict[str, Any] = {
            "timestamp": int(at.timestamp() * 1000),
            "webhookEvent": WEBHOOK_EVENTS.get(event, "jira:issue_updated"),
            "issue": self._issue(story),
        }
        if event == "commented":
            few = ("summary", "issuetype", "project", "priority", "status")
            told["issue"]["fields"] = {field: told["issue"]["fields"][field] for field in few}
            told["comment"] = {"id": "77", "body": story.comments[-1], "created": moment(at), "jsdPublic": True}
        else:
            told["issue_event_type_name"] = "issue_created" if event == "created" else "issue_generic"
            told["user"] = {"accountId": "557058:0", "displayName": "Någon Annan"}
        return self._sent(told, name, secret)

    def odd(self, *, name: str, secret: str, at: datetime) -> Sent:
        return self._sent({"webhookEvent": "worklog_created", "worklog": {"id": "1", "issueId": "10081"}}, name, secret)

    def _sent(self, said: object, name: str, secret: str) -> Sent:
        body = json.dumps(said, ensure_ascii=False).encode()
        return Sent(
            body,
            {
                "content-type": "application/json; charset=utf-8",
                "user-agent": "Atlassian HttpClient unknown / JIRA-1001.0.0-SNAPSHOT",
                "x-atlassian-webhook-flow": "Primary",
                **self._identifier(name),
                "x-hub-signature": "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex(),
            },
        )

    def _identifier(self, name: str) -> dict[str, str]:
        return {"x-atlassian-webhook-identifier": name}

    def _issue(self, story: Story) -> dict[str, Any]:
        key = self.shown_number(story)
        status = {"id": "5", "name": "Löst"} if story.closed else {"id": "1", "name": "Öppen"}
        category = "done" if story.closed else "new"
        address = {} if self.hides_addresses else {"emailAddress": story.email}
        return {
            "id": self.external_id(story), "key": key, "self": f"{self.url}/rest/api/2/issue/{self.external_id(story)}",
            "fields": {
                "summary": story.title, "description": story.text, "created": moment(story.opened),
                "updated": moment(story.changed), "reporter": {"displayName": story.name, **address},
                "priority": {"id": "3", "name": "Medium"}, "issuetype": {"id": "10001", "name": "Tjänst"},
                "status": {**status, "statusCategory": {"id": 2, "key": category}},
                "project": {"id": "1", "key": key.partition("-")[0], "name": story.flow}, "labels": [],
                "attachment": self._files(story), "customfield_10010": None,
                UNIT: [{"id": "1", "name": story.unit, "_links": {}}],
            },
        }  # fmt: skip

    def _files(self, story: Story) -> list[dict[str, Any]]:
        file = {
            "id": "12", "filename": FILE, "mimeType": FILE_TYPE, "size": len(story.file or b""),
            "content": f"{self.url}/secure/attachment/12/Skiss.pdf",
        }  # fmt: skip
        return [file] if story.file is not None else []

    async def content(self, request: web.Request) -> web.Response:
        """Whoever does not say otherwise is led to another host."""
        if request.query.get("redirect") != "false":
            raise web.HTTPSeeOther("https://media.example/12")
        return await self.file(request)

    async def about_file(self, request: web.Request) -> web.Response:
        (story,) = (one for one in self.tickets.values() if one.file is not None)
        return web.json_response(self._files(story)[0])

    def authorized(self, request: web.Request) -> bool:
        expected = "Basic " + base64.b64encode(f"flode:{self.token}".encode()).decode()
        return request.headers.get("Authorization") == expected

    def routes(self, app: web.Application) -> None:
        app.router.add_get("/rest/api/2/search/jql", self.search)
        app.router.add_get("/rest/api/2/attachment/content/12", self.content)
        app.router.add_get("/rest/api/2/attachment/12", self.about_file)
        app.router.add_get("/secure/attachment/12/Skiss.pdf", self.file)
        app.router.add_get("/rest/api/2/issue/{id}", self.issue)
        app.router.add_get("/rest/api/2/issue/{id}/transitions", self.transitions)
        app.router.add_post("/rest/api/2/issue/{id}/transitions", self.go)
        app.router.add_post("/rest/api/2/issue/{id}/remotelink", self.link)
        app.router.add_get("/rest/servicedeskapi/request/{id}", self.page)
        app.router.add_get("/rest/servicedeskapi/request/{id}/comment", self.written)
        app.router.add_post("/rest/servicedeskapi/request/{id}/comment", self.write)

    def _number(self, request: web.Request) -> int:
        return int(request.match_info["id"]) - 10000

    def _with_fields(self, story: Story, asked: str) -> dict[str, Any]:
        issue = self._issue(story)
        return {
            **issue,
            "fields": {name: issue["fields"][name] for name in asked.split(",") if name in issue["fields"]},
        }

    def found_by(self, jql: str) -> list[Story]:
        """What a query finds that is made as ours are."""
        found: Iterable[Story] = self.changed_since(datetime.min.replace(tzinfo=UTC))
        for name, sign, value in re.findall(r"(updated|id) (>=|<|in) \(?([\d, ]+)\)?", jql):
            match name, sign:
                case "updated", ">=":
                    found = [one for one in found if one.changed.timestamp() * 1000 >= int(value)]
                case "updated", "<":
                    found = [one for one in found if one.changed.timestamp() * 1000 < int(value)]
                case _:
                    ids = {number.strip() for number in value.split(",")}
                    found = [one for one in found if self.external_id(one) in ids]
        return sorted(found, key=lambda one: one.number) if "ORDER BY id" in jql else list(found)

    async def search(self, request: web.Request) -> web.Response:
        found, fields = self.found_by(request.query["jql"]), request.query["fields"]
        start = int(request.query.get("nextPageToken", "0"))
        # A part may be shorter than what was asked for.
        end = start + min(int(request.query["maxResults"]), self.longest_part)
        answer: dict[str, Any] = {"issues": [self._with_fields(story, fields) for story in found[start:end]]}
        if end < len(found):
            answer["nextPageToken"] = str(end)
        return web.json_response(answer)

    async def issue(self, request: web.Request) -> web.Response:
        number = self._number(request)
        issue = self._with_fields(self.tickets[number], request.query["fields"])
        if number in self.status:
            issue["fields"]["status"] = {"name": self.status[number]}
        return web.json_response(issue)

    async def page(self, request: web.Request) -> web.Response:
        story = self.tickets[self._number(request)]
        reporter = {"displayName": story.name, "emailAddress": story.email, "active": True}
        return web.json_response({"issueId": self.external_id(story), "reporter": reporter})

    async def transitions(self, request: web.Request) -> web.Response:
        return web.json_response({"expand": "transitions", "transitions": TRANSITIONS})

    async def go(self, request: web.Request) -> web.Response:
        chosen = (await request.json())["transition"]["id"]
        (to,) = (one["to"]["name"] for one in TRANSITIONS if one["id"] == chosen)  # type: ignore[index]  # a dict
        number = self._number(request)
        self.status[number] = to
        (wanted,) = (name for name in self.desk["states"].values() if name.casefold() == to.casefold())
        self.states.append((number, wanted))
        return web.Response(status=204)

    async def link(self, request: web.Request) -> web.Response:
        said = await request.json()
        known = said["globalId"] in self.links
        self.links[said["globalId"]] = said["object"]
        self.references.append((self._number(request), said["object"]["title"]))
        return web.json_response({"id": 1}, status=200 if known else 201)

    async def written(self, request: web.Request) -> web.Response:
        ours = [one for one in self.comments if one.number == self._number(request)]
        start, limit = int(request.query["start"]), min(int(request.query["limit"]), 50)
        values = [{"id": str(place), "body": one.text, "public": one.public} for place, one in enumerate(ours)]
        last = start + limit >= len(values)
        return web.json_response({"start": start, "isLastPage": last, "values": values[start : start + limit]})

    async def write(self, request: web.Request) -> web.Response:
        said = await request.json()
        self.comments.append(Comment(self._number(request), said["body"], public=said["public"]))
        return web.json_response({"id": str(len(self.comments))}, status=201)

    def plain(self, comment: str) -> str:
        return re.sub(r"\\([^\w\s])", r"\1", comment)


class JiraDataCenterPeer(JiraPeer):
    """A Data Center: tokens without a user, addresses in the open, and deliveries without a name."""

    desk: ClassVar[dict[str, Any]] = {**JiraPeer.desk, "api": {**JiraPeer.desk["api"], "user": None}}
    looks_up = frozenset()
    hides_addresses = False
    names_delivery = False
    longest_part = 1000

    def _identifier(self, name: str) -> dict[str, str]:
        return {}

    def authorized(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Bearer {self.token}"

    def routes(self, app: web.Application) -> None:
        super().routes(app)
        app.router.add_get("/rest/api/2/search", self.search)


peer = JiraPeer
