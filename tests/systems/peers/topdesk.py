"""TOPdesk as its manual and its API's users describe it: the body is the administrator's template, lists come in parts
with 206 and empty ones as 204, and an incident's request is one text with all that was added since.
"""

from __future__ import annotations

import html
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aiohttp import web

from chassis.outward import basic
from tests.systems.peer import FILE, Comment, Event, Peer, Sent, Story

ALLOWED = ("i", "em", "b", "strong", "u", "br", "h5", "h6")


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


class TopDeskPeer(Peer):
    kind = "topdesk"
    desk = {"states": {"project": "Projekt pågår", "completed": "Avslutad"}}
    sends = frozenset({"created", "changed", "commented", "closed", "reopened", "moved"})
    looks_up = frozenset({"created"})
    names_delivery = False

    def __init__(self) -> None:
        super().__init__()
        self.externals: dict[int, str] = {}
        self.conflicts = 0
        """How many of the next changes somebody else's hand on the card prevents."""

    def external_id(self, story: Story) -> str:
        return str(UUID(int=story.number))

    def shown_number(self, story: Story) -> str:
        return f"I 2603 {story.number:03}"

    def deliver(self, story: Story, event: Event, *, name: str, secret: str, at: datetime) -> Sent:
        card = {name: value for name, value in self.incident(story).items() if name not in ("request", "requests")}
        # A template writes whatever it is given between quotation marks.
        card |= {name: str(card[name]).lower() for name in ("completed", "closed")}
        card |= {"caller": {"dynamicName": story.name, "email": story.email}}
        return self._sent(card, secret)

    def odd(self, *, name: str, secret: str, at: datetime) -> Sent:
        return self._sent({"text": "Nytt ärende", "card": {"naam": "I 2603 081"}}, secret)

    def _sent(self, said: object, secret: str) -> Sent:
        body = json.dumps(said, ensure_ascii=False).replace("</", "<\\/").encode()
        return Sent(
            body, {"content-type": "application/json; charset=utf-8", "authorization": f"Bearer {secret}"}
        )  # fmt: skip

    def incident(self, story: Story) -> dict[str, Any]:
        """A card, as the API shows it."""
        number = self.external_id(story)
        return {
            "id": number, "number": self.shown_number(story), "status": "secondLine",
            "request": f"01-03-2026 09:00 {story.name}: \n{story.text}", "requests": f"{self.path(story)}/requests",
            "action": f"{self.path(story)}/actions", "briefDescription": story.title[:80],
            "externalNumber": self.externals.get(story.number, ""),
            "caller": {"id": str(UUID(int=7)), "dynamicName": story.name, "email": story.email,
                       "branch": {"id": str(UUID(int=8)), "name": story.unit, "timeZone": "Europe/Stockholm"}},
            "callerBranch": {"id": str(UUID(int=8)), "name": story.unit},
            "category": {"id": str(UUID(int=9)), "name": story.flow}, "subcategory": None,
            "priority": {"id": str(UUID(int=3)), "name": "P3"},
            "processingStatus": {"id": str(UUID(int=4)), "name": "Avslutad" if story.closed else "Registrerad"},
            "completed": story.closed, "closed": story.closed, "callDate": moment(story.opened),
            "creationDate": moment(story.opened), "modificationDate": moment(story.changed), "onHold": False,
        }  # fmt: skip

    def path(self, story: Story) -> str:
        return f"/tas/api/incidents/id/{self.external_id(story)}"

    def authorized(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == basic("flode", self.token)["Authorization"]

    def routes(self, app: web.Application) -> None:
        app.router.add_get("/tas/api/incidents", self.incidents)
        app.router.add_get("/tas/api/incidents/id/{id}", self.one)
        app.router.add_patch("/tas/api/incidents/id/{id}", self.patch)
        app.router.add_get("/tas/api/incidents/id/{id}/requests", self.requests)
        app.router.add_get("/tas/api/incidents/id/{id}/actions", self.actions)
        app.router.add_get("/tas/api/incidents/id/{id}/attachments", self.files)
        app.router.add_get(f"/tas/api/incidents/id/{{id}}/attachments/{UUID(int=50)}/download", self.file)

    def a_list(self, request: web.Request, found: list[dict[str, Any]], start: str, size: str) -> web.Response:
        first, most = int(request.query.get(start, "0")), int(request.query.get(size, "10"))
        part = found[first : first + most]
        if not part:
            return web.Response(status=204)
        return web.json_response(part, status=206 if len(found) > first + most else 200)

    async def incidents(self, request: web.Request) -> web.Response:
        since = datetime.fromisoformat(request.query["query"].removeprefix("modificationDate=ge="))
        found = [self.incident(story) for story in self.changed_since(since)]
        assert request.query["sort"] == "modificationDate:asc,id:asc"
        return self.a_list(request, found, "pageStart", "pageSize")

    def _story(self, request: web.Request) -> Story:
        story = self.tickets.get(UUID(request.match_info["id"]).int)
        if story is None:
            said = json.dumps({"errors": [{"errorMessage": "The requested incident does not exist"}]})
            raise web.HTTPNotFound(text=said, content_type="application/json")
        return story

    async def one(self, request: web.Request) -> web.Response:
        return web.json_response(self.incident(self._story(request)))

    async def requests(self, request: web.Request) -> web.Response:
        story = self._story(request)
        entries = [
            {"id": str(UUID(int=20 + place)), "memoText": html.escape(text), "plainText": text, "flag": 0,
             "invisibleForCaller": False, "entryDate": at, "creationDate": at, "person": {"name": story.name}}
            for place, (text, at) in enumerate(
                [*((text, moment(story.changed)) for text in story.comments), (story.text, moment(story.opened))]
            )
        ]  # fmt: skip
        if story.html:
            entries[-1] |= {"memoText": story.html, "plainText": None}
        return self.a_list(request, entries, "start", "page_size")

    async def files(self, request: web.Request) -> web.Response:
        story = self._story(request)
        size, name = len(story.file or b""), f"{self.path(story)}/attachments/{UUID(int=50)}/download"
        file = {"id": str(UUID(int=50)), "fileName": FILE, "downloadUrl": name, "size": size, "description": ""}
        return self.a_list(request, [file] if story.file is not None else [], "start", "page_size")

    async def actions(self, request: web.Request) -> web.Response:
        number = self._story(request).number
        entries = [
            {"id": str(UUID(int=100 + place)), "memoText": one.text, "plainText": self.plain(one.text),
             "invisibleForCaller": not one.public, "operator": {"name": "Flöde"}}
            for place, one in enumerate(self.comments) if one.number == number
        ]  # fmt: skip
        return self.a_list(request, entries[::-1], "start", "page_size")

    async def patch(self, request: web.Request) -> web.Response:
        story, said = self._story(request), await request.json()
        if self.conflicts:
            self.conflicts -= 1
            return web.json_response([{"message": "The incident is being edited by someone else."}], status=409)
        if named := said.get("processingStatus"):
            self.states.append((story.number, named["name"]))
        if (external := said.get("externalNumber")) is not None:
            if len(external) > 60:
                return web.json_response([{"message": "externalNumber: at most 60 characters"}], status=400)
            self.externals[story.number] = external
            self.references.append((story.number, external))
        if action := said.get("action"):
            public = not said["actionInvisibleForCaller"]
            self.comments.append(Comment(story.number, action, public=public))
            if not public:
                self.references.append((story.number, action))
        return web.json_response(self.incident(story))

    def plain(self, comment: str) -> str:
        """Tags that are not allowed are taken out, and what is written between < and > with them."""
        return html.unescape(comment.replace("<br>", "\n"))


peer = TopDeskPeer
