"""OpenProject as its own source and a payload of one describe it: HAL bodies, relative addresses, lock versions."""

from __future__ import annotations

import base64
import hmac
import html
import json
from datetime import datetime
from typing import Any

from aiohttp import web

from tests.systems.peer import FILE, FILE_TYPE, Comment, Event, Peer, Sent, Story, as_rails_writes

STATUSES = {1: ("New", False), 7: ("In progress", False), 12: ("Closed", True)}


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def collection(elements: list[dict[str, Any]]) -> web.Response:
    whole = {"_type": "Collection", "total": len(elements), "count": len(elements)}
    return web.json_response({**whole, "_embedded": {"elements": elements}}, content_type="application/hal+json")


def fault(status: int, name: str, message: str) -> web.Response:
    said = {"_type": "Error", "errorIdentifier": f"urn:openproject-org:api:v3:errors:{name}", "message": message}
    return web.json_response(said, status=status, content_type="application/hal+json")


class OpenProjectPeer(Peer):
    kind = "openproject"
    desk = {
        "states": {"project": "In progress", "completed": "closed"},
        "api": {"options": {"reference_field": "customField7", "unit_field": "customField4"}},
    }
    sends = frozenset({"created", "changed", "commented", "closed", "reopened", "moved"})
    polled = frozenset({"created", "changed", "closed", "reopened", "moved"})
    names_delivery = False

    def __init__(self) -> None:
        super().__init__()
        self.overtaken = 0
        """How many changes are answered as if somebody else had been faster."""
        self.sees_the_project = True
        self.deletes: int | None = None
        """The work package that is deleted once a search has found it."""

    def external_id(self, story: Story) -> str:
        return str(story.number)

    def shown_number(self, story: Story) -> str:
        return str(story.number)

    def deliver(self, story: Story, event: Event, *, name: str, secret: str, at: datetime) -> Sent:
        if event == "commented":
            comment = {
                "_type": "Activity::Comment", "id": 9000 + story.revision, "version": story.revision, "internal": False,
                "comment": {"format": "markdown", "raw": "Tack!", "html": "<p>Tack!</p>"}, "createdAt": moment(at),
                "_embedded": {"workPackage": self._package(story)},
                "_links": {"workPackage": {"href": self._path(story), "title": story.title}},
            }  # fmt: skip
            return self._sent({"action": "work_package_comment:comment", "activity": comment}, secret)
        action = "work_package:created" if event == "created" else "work_package:updated"
        return self._sent({"action": action, "work_package": self._package(story)}, secret)

    def odd(self, *, name: str, secret: str, at: datetime) -> Sent:
        return self._sent({"action": "project:created", "project": {"_type": "Project", "id": 3}}, secret)

    def _sent(self, said: object, secret: str) -> Sent:
        body = as_rails_writes(said)
        signature = "sha1=" + hmac.digest(secret.encode(), body, "sha1").hex()
        headers = {"content-type": "application/json", "accept": "application/json", "x-op-signature": signature}
        return Sent(body, headers)

    def _path(self, story: Story) -> str:
        return f"/api/v3/work_packages/{story.number}"

    def _package(self, story: Story, *, embedded: bool = True, email: bool = True) -> dict[str, Any]:
        number = 12 if story.closed else 1
        name, closed = STATUSES[number]
        links = {
            "self": {"href": self._path(story), "title": story.title}, "category": {"href": None}, "ancestors": [],
            "project": {"href": "/api/v3/projects/1", "title": story.flow},
            "type": {"href": "/api/v3/types/1", "title": "Task"},
            "priority": {"href": "/api/v3/priorities/9", "title": "High"},
            "status": {"href": f"/api/v3/statuses/{number}", "title": name},
            "author": {"href": "/api/v3/users/4", "title": story.name},
            "customField4": {"href": "/api/v3/custom_options/2", "title": story.unit},
        }  # fmt: skip
        author = {"_type": "User", "id": 4, "name": story.name, **({"email": story.email} if email else {})}
        brought = {
            "status": {"_type": "Status", "id": number, "name": name, "isClosed": closed},
            "author": author, "project": {"_type": "Project", "id": 1, "name": story.flow}, "customActions": [],
            "attachments": {"_type": "Collection", "_embedded": {"elements": self._files(story)}},
        }  # fmt: skip
        return {
            "_type": "WorkPackage", "id": story.number, "lockVersion": story.revision, "subject": story.title,
            "description": {"format": "markdown", "raw": story.text, "html": story.as_html},
            "createdAt": moment(story.opened), "updatedAt": moment(story.changed),
            **({"_embedded": brought} if embedded else {}), "_links": links,
        }  # fmt: skip

    def _files(self, story: Story) -> list[dict[str, Any]]:
        size = len(story.file or b"")
        file = {"_type": "Attachment", "id": 31, "fileName": FILE, "fileSize": size, "contentType": FILE_TYPE}
        return [file] if story.file is not None else []

    def plain(self, comment: str) -> str:
        return html.unescape(comment).replace("  \n", "\n")

    def authorized(self, request: web.Request) -> bool:
        return (
            request.headers.get("Authorization")
            == "Basic " + base64.b64encode(f"apikey:{self.token}".encode()).decode()
        )

    def routes(self, app: web.Application) -> None:
        app.router.add_get("/api/v3/work_packages", self.search)
        app.router.add_get("/api/v3/work_packages/{id}", self.package)
        app.router.add_patch("/api/v3/work_packages/{id}", self.patch)
        app.router.add_get("/api/v3/work_packages/{id}/activities", self.activities)
        app.router.add_post("/api/v3/work_packages/{id}/activities", self.post)
        app.router.add_get("/api/v3/projects", self.projects)
        app.router.add_get("/api/v3/projects/1/work_packages", self.of_project)
        app.router.add_get("/api/v3/statuses", self.statuses)
        app.router.add_get("/api/v3/users/4", self.user)
        app.router.add_get("/api/v3/attachments/31/content", self.file)

    async def search(self, request: web.Request) -> web.Response:
        (wanted,) = json.loads(request.query["filters"])
        assert wanted["updatedAt"]["operator"] == "<>d"
        since, until = wanted["updatedAt"]["values"]
        assert until == ""
        found = self.changed_since(datetime.fromisoformat(since))
        size, page = int(request.query["pageSize"]), int(request.query["offset"])
        if self.deletes:
            del self.tickets[self.deletes]
        return collection([self._package(one, embedded=False) for one in found[size * (page - 1) : size * page]])

    async def package(self, request: web.Request) -> web.Response:
        story = self.tickets.get(int(request.match_info["id"]))
        if story is None or story.deleted:
            raise KeyError
        return web.json_response(self._package(story, email=False), content_type="application/hal+json")

    def not_there(self) -> web.Response:
        return fault(404, "NotFound", "The requested resource could not be found.")

    async def projects(self, request: web.Request) -> web.Response:
        (wanted,) = json.loads(request.query["filters"])
        assert wanted["name_and_identifier"]["operator"] == "~"
        (name,) = wanted["name_and_identifier"]["values"]
        return collection([{"id": 1, "name": "Projekt"}] if self.sees_the_project and name == "Projekt" else [])

    async def of_project(self, request: web.Request) -> web.Response:
        if not self.sees_the_project:
            return fault(403, "MissingPermission", "You are not authorized to access this resource.")
        return collection([])

    async def user(self, request: web.Request) -> web.Response:
        story = next(iter(self.tickets.values()))
        return web.json_response({"_type": "User", "id": 4, "name": story.name, "email": story.email})

    async def activities(self, request: web.Request) -> web.Response:
        number = int(request.match_info["id"])
        change = {"_type": "Activity", "id": 1, "comment": {"format": "markdown", "raw": "", "html": ""}}
        ours = [
            {"_type": "Activity::Comment", "id": 2 + place, "comment": {"format": "markdown", "raw": one.text}}
            for place, one in enumerate(self.comments)
            if one.number == number
        ]
        return collection([change, *ours])

    async def post(self, request: web.Request) -> web.Response:
        number, said = int(request.match_info["id"]), await request.json()
        self.comments.append(Comment(number, said["comment"]["raw"], public=not said.get("internal")))
        if said.get("internal"):
            self.references.append((number, said["comment"]["raw"]))
        return web.json_response({"_type": "Activity::Comment"}, status=201)

    async def statuses(self, request: web.Request) -> web.Response:
        return collection([
            {"id": number, "name": name, "isClosed": closed, "_links": {"self": {"href": f"/api/v3/statuses/{number}"}}}
            for number, (name, closed) in STATUSES.items()
        ])  # fmt: skip

    async def patch(self, request: web.Request) -> web.Response:
        number, said = int(request.match_info["id"]), await request.json()
        story = self.tickets[number]
        if self.overtaken or said["lockVersion"] != story.revision:
            self.overtaken -= 1
            self.tickets[number] = story.later()
            return fault(409, "UpdateConflict", "Your changes could not be saved, because somebody was faster.")
        if status := said.get("_links", {}).get("status"):
            name = STATUSES[int(status["href"].rpartition("/")[2])][0]
            called = [own for own in self.desk["states"].values() if own.casefold() == name.casefold()]
            self.states.append((number, called[0]))
        if "customField7" in said:
            self.references.append((number, said["customField7"]))
        self.tickets[number] = story.later()
        return web.json_response(self._package(self.tickets[number]), content_type="application/hal+json")


peer = OpenProjectPeer
