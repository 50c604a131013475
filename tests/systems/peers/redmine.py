"""Redmine as its own source and an installation of it answer: webhooks of 6.1, silent about what was not changed."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from tests.systems.peer import FILE, FILE_TYPE, Comment, Event, Peer, Sent, Story, as_rails_writes

STATUSES = {1: ("New", False), 2: ("In Progress", False), 5: ("Closed", True)}
TYPES = {"created": "issue.created", "deleted": "issue.deleted"}


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class RedminePeer(Peer):
    kind = "redmine"
    desk = {
        "states": {"project": "In Progress", "completed": "Closed"},
        "api": {"options": {"unit_field": "Förvaltning"}},
    }
    sends = frozenset({"created", "changed", "commented", "closed", "reopened", "moved", "deleted"})
    polled = frozenset({"created", "changed", "closed", "reopened", "moved"})
    looks_up = frozenset({"created"})
    names_delivery = False

    def __init__(self) -> None:
        super().__init__()
        self.now: dict[int, int] = {}
        """The status an issue was given."""
        self.refuses = False
        """Whether the user may do nothing, of which Redmine does not say a word."""

    def external_id(self, story: Story) -> str:
        return str(story.number)

    def shown_number(self, story: Story) -> str:
        return str(story.number)

    def deliver(self, story: Story, event: Event, *, name: str, secret: str, at: datetime) -> Sent:
        kind = TYPES.get(event, "issue.updated")
        when = {"created": story.opened, "deleted": at}.get(event, story.changed)
        data: dict[str, Any] = {"issue": self._issue(story)}
        if kind == "issue.updated":
            data["journal"] = {
                "id": story.revision, "created_on": moment(story.changed), "notes": "".join(story.comments[-1:]),
                "user": {"id": 5, "name": "Aino Holm"},
                "details": [{"property": "attr", "prop_key": "status_id", "old_value": "1", "value": "2"}],
            }  # fmt: skip
        return self._sent({"type": kind, "timestamp": moment(when), "data": data}, secret)

    def odd(self, *, name: str, secret: str, at: datetime) -> Sent:
        news = {"id": 3, "project": {"id": 1, "name": "Projekt"}, "title": "Driftstopp"}
        return self._sent({"type": "news.created", "timestamp": moment(at), "data": {"news": news}}, secret)

    def _sent(self, said: object, secret: str) -> Sent:
        body = as_rails_writes(said)
        return Sent(
            body,
            {
                "content-type": "application/json",
                "accept": "*/*",
                "user-agent": "Redmine",
                "x-redmine-signature-256": "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex(),
            },
        )

    def _issue(self, story: Story) -> dict[str, Any]:
        number = 5 if story.closed else self.now.get(story.number, 1)
        name, closed = STATUSES[number]
        return {
            "id": story.number, "project": {"id": 1, "name": story.flow}, "tracker": {"id": 2, "name": "Feature"},
            "status": {"id": number, "name": name, "is_closed": closed}, "priority": {"id": 2, "name": "Normal"},
            "author": {"id": 6, "name": story.name}, "subject": story.title,
            "description": story.text.replace("\n", "\r\n"), "start_date": None, "done_ratio": 0, "is_private": False,
            "custom_fields": [{"id": 3, "name": "Förvaltning", "value": story.unit}],
            "created_on": moment(story.opened), "updated_on": moment(story.changed), "closed_on": None,
        }  # fmt: skip

    def authorized(self, request: web.Request) -> bool:
        return request.headers.get("X-Redmine-API-Key") == self.token

    def routes(self, app: web.Application) -> None:
        app.router.add_get("/issues.json", self.search)
        app.router.add_get("/issues/{id:[0-9]+}.json", self.issue)
        app.router.add_put("/issues/{id:[0-9]+}.json", self.put)
        app.router.add_get("/users/6.json", self.user)
        app.router.add_get("/attachments/download/44", self.file)
        app.router.add_get("/issue_statuses.json", self.statuses)

    async def search(self, request: web.Request) -> web.Response:
        since = request.query["updated_on"].removeprefix(">=")
        if not since.endswith("Z"):
            return web.json_response({"errors": ["Updated is invalid"]}, status=422)
        assert (request.query["status_id"], request.query["sort"]) == ("*", "updated_on,id")
        found = self.changed_since(datetime.fromisoformat(since) - timedelta(seconds=1))
        limit, offset = int(request.query["limit"]), int(request.query["offset"])
        page = [self._issue(story) for story in found[offset : offset + limit]]
        return web.json_response({"issues": page, "total_count": len(found), "offset": offset, "limit": limit})

    async def issue(self, request: web.Request) -> web.Response:
        story = self.tickets.get(int(request.match_info["id"]))
        if story is None or story.deleted:
            raise KeyError
        issue = self._issue(story)
        include = request.query.get("include", "").split(",")
        if "attachments" in include:
            size = len(story.file or b"")
            file = {"id": 44, "filename": FILE, "filesize": size, "content_type": FILE_TYPE}
            issue["attachments"] = [file] if story.file is not None else []
        if "journals" in include:
            history: list[dict[str, Any]] = [
                {"id": number, "notes": None, "details": []} for number in range(2, story.revision + 1)
            ]
            ours = [
                {"id": 900 + place, "notes": one.text, "private_notes": not one.public, "details": []}
                for place, one in enumerate(self.comments)
                if one.number == story.number
            ]
            issue["journals"] = [*history, *ours]
        return web.json_response({"issue": issue})

    def not_there(self) -> web.Response:
        return web.Response(status=404)

    async def user(self, request: web.Request) -> web.Response:
        story = next(iter(self.tickets.values()))
        first, _, last = story.name.partition(" ")
        return web.json_response({"user": {"id": 6, "firstname": first, "lastname": last, "mail": story.email}})

    async def statuses(self, request: web.Request) -> web.Response:
        known = [{"id": number, "name": name, "is_closed": over} for number, (name, over) in STATUSES.items()]
        return web.json_response({"issue_statuses": known})

    async def put(self, request: web.Request) -> web.Response:
        number, said = int(request.match_info["id"]), (await request.json())["issue"]
        if not self.refuses:
            if notes := said.get("notes"):
                self.comments.append(Comment(number, notes, public=not said["private_notes"]))
                if said["private_notes"]:
                    self.references.append((number, notes))
            if status := said.get("status_id"):
                self.now[number] = status
                self.states.append((number, STATUSES[status][0]))
        return web.Response(status=204)


peer = RedminePeer
