"""GLPI 11 as its own source describes it: bodies in ASCII with escaped slashes, signed together with the time they were
queued; tickets without the address of who asks; an API behind a token; states as objects."""

from __future__ import annotations

import hmac
import html
import json
import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from tests.systems.peer import FILE, FILE_TYPE, Comment, Event, Peer, Sent, Story

ZONE = ZoneInfo("Europe/Stockholm")
CLIENT = {"client_id": "flode-client", "client_secret": "flode-client-secret"}
GIVEN = "token-that-was-given"


def moment(at: datetime) -> str:
    return at.astimezone(ZONE).isoformat(timespec="seconds")


class GlpiPeer(Peer):
    kind = "glpi"
    desk = {
        "states": {"project": "2", "completed": "5"},
        "timezone": "Europe/Stockholm",
        "api": {"options": CLIENT},
    }
    tries_again = True
    sends = frozenset({"created", "changed", "commented", "closed", "reopened", "moved", "deleted"})
    polled = frozenset({"created", "changed", "closed", "reopened", "moved"})
    looks_up = frozenset({"created"})
    names_delivery = False

    def external_id(self, story: Story) -> str:
        return str(story.number)

    def shown_number(self, story: Story) -> str:
        return str(story.number)

    def deliver(self, story: Story, event: Event, *, name: str, secret: str, at: datetime) -> Sent:
        item = self._ticket(story)
        if event == "commented":
            comment = {"id": 9, "itemtype": "Ticket", "items_id": story.number, "content": "<p>Tack!</p>"}
            return self._sent({"item": comment, "event": "new", "parent_item": item}, secret, at)
        kind = "new" if event == "created" else "delete" if event == "deleted" else "update"
        return self._sent({"item": item, "event": kind}, secret, at)

    def odd(self, *, name: str, secret: str, at: datetime) -> Sent:
        return self._sent({"text": "New ticket"}, secret, at)

    def _sent(self, said: object, secret: str, at: datetime) -> Sent:
        body = json.dumps(said, indent=4).replace("/", "\\/").encode()
        timestamp = str(int(at.timestamp()))
        signature = hmac.digest(secret.encode(), body + timestamp.encode(), "sha256").hex()
        return Sent(
            body, {"x-glpi-signature": signature, "x-glpi-timestamp": timestamp, "x-webhook-name": "Nya ärenden"}
        )

    def _ticket(self, story: Story) -> dict[str, Any]:
        first, _, last = story.name.partition(" ")
        asks = {
            "role": "requester", "name": "sigrid", "realname": last, "firstname": first,
            "display_name": f"{last} {first}", "href": "/front/user.form.php?id=7",
        }  # fmt: skip
        helps = {"role": "assigned", "name": "IT", "display_name": "IT", "href": "/front/group.form.php?id=3"}
        status = {"id": 6, "name": "Stängt"} if story.closed else {"id": 1, "name": "Nytt"}
        return {
            "id": story.number, "name": story.title, "content": story.as_html, "is_deleted": story.deleted,
            "category": {"id": 3, "name": story.flow}, "location": None, "urgency": 3, "impact": 3, "priority": 3,
            "type": 2, "external_id": None, "status": status,
            "entity": {"id": 2, "name": story.unit, "completename": f"Ekvik > {story.unit}"},
            "date_creation": moment(story.opened), "date": moment(story.opened), "date_mod": moment(story.changed),
            "team": [helps, asks],
        }  # fmt: skip

    def authorized(self, request: web.Request) -> bool:
        token = request.headers.get("Authorization")
        return request.path == "/api.php/token" or token == f"Bearer {GIVEN}"

    def routes(self, app: web.Application) -> None:
        app.router.add_post("/api.php/token", self.give_token)
        app.router.add_get("/api.php/Assistance/Ticket", self.search)
        app.router.add_get("/api.php/Assistance/Ticket/{id}", self.ticket)
        app.router.add_patch("/api.php/Assistance/Ticket/{id}", self.patch)
        app.router.add_get("/api.php/Assistance/Ticket/{id}/Timeline/Followup", self.follow_ups)
        app.router.add_post("/api.php/Assistance/Ticket/{id}/Timeline/Followup", self.follow_up)
        app.router.add_get("/api.php/Administration/User/7", self.user)
        app.router.add_get("/api.php/Assistance/Ticket/{id}/Timeline/Document", self.documents)
        app.router.add_get("/api.php/Management/Document/5", self.document)
        app.router.add_get("/api.php/Management/Document/5/Download", self.file)

    async def give_token(self, request: web.Request) -> web.Response:
        said = dict(await request.post())
        wanted = {"grant_type": "password", **CLIENT, "username": "flode", "password": self.token, "scope": "api"}
        if said != wanted:
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response({"token_type": "Bearer", "expires_in": 3600, "access_token": GIVEN})

    async def search(self, request: web.Request) -> web.Response:
        asked = re.fullmatch(r"date_mod=ge='(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)'", request.query["filter"])
        assert asked, request.query["filter"]
        assert request.query["sort"] == "date_mod:asc,id:asc"
        found = self.changed_since(datetime.fromisoformat(asked[1]).replace(tzinfo=ZONE))
        shown = found[: int(request.query["limit"])]
        status = 206 if len(shown) < len(found) else 200
        return web.json_response([self._ticket(story) for story in shown], status=status)

    async def ticket(self, request: web.Request) -> web.Response:
        return web.json_response(self._ticket(self.tickets[int(request.match_info["id"])]))

    async def user(self, request: web.Request) -> web.Response:
        story = next(iter(self.tickets.values()))
        first, _, last = story.name.partition(" ")
        emails = [{"id": 1, "email": "s@old.example", "is_default": False}, {"email": story.email, "is_default": True}]
        return web.json_response(
            {"id": 7, "username": "sigrid", "realname": last, "firstname": first, "emails": emails}
        )

    async def documents(self, request: web.Request) -> web.Response:
        story = self.tickets[int(request.match_info["id"])]
        link = {"id": 1, "itemtype": "Ticket", "items_id": story.number, "documents_id": 5}
        return web.json_response([{"type": "Document", "item": link}] if story.file is not None else [])

    async def document(self, request: web.Request) -> web.Response:
        return web.json_response({"id": 5, "name": "Skiss", "filename": FILE, "mime": FILE_TYPE})

    async def follow_ups(self, request: web.Request) -> web.Response:
        number = int(request.match_info["id"])
        ours = [one for one in self.comments if one.number == number]
        return web.json_response(
            [
                {"type": "Followup", "item": {"id": place, "content": one.text, "is_private": not one.public}}
                for place, one in enumerate(ours)
            ]
        )

    async def follow_up(self, request: web.Request) -> web.Response:
        number, said = int(request.match_info["id"]), await request.json()
        self.comments.append(Comment(number, said["content"], public=not said["is_private"]))
        if said["is_private"]:
            self.references.append((number, said["content"]))
        return web.json_response({"id": 10}, status=201)

    async def patch(self, request: web.Request) -> web.Response:
        number, status = int(request.match_info["id"]), (await request.json())["status"]["id"]
        self.states.append((number, str(status)))
        return web.json_response({**self._ticket(self.tickets[number]), "status": {"id": status, "name": "Tilldelat"}})

    def plain(self, comment: str) -> str:
        return html.unescape(re.sub(r"<br>\n?", "\n", comment))


peer = GlpiPeer
